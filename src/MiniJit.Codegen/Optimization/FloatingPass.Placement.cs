// Putting floating instructions back. First backwards over the topological order: whoever is needed tells its operands where, so
// that each instruction knows the nearest common dominator of all its users (as late as possible); from there it moves up out of
// loops as far as its operands allow. What nobody needs is not put back, and unused loads that cannot trap go away the same way.
// Then, block by block in preorder, instructions are inserted right before the first one that needs them, or at the block's end if
// only later blocks do. Constants and the like are made anew in each block that uses them.
using System.Diagnostics;
using MiniJit.IR;
using MiniJit.IR.Analysis;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.Optimization;

internal sealed partial class FloatingPass
{
    // Loops are left one at a time; the bound keeps a long chain of loops from being climbed again and again.
    private const int MaxLoopsLeft = 32;

    private Column<Inst> _placedFirst;                         // per preorder number: floating instructions that belong there, operands first
    private Column<Inst> _work;

    private void Place()
    {
        System.ReadOnlySpan<Block> preorder = _dominators.Preorder;
        _placedFirst.Fill(preorder.Length, default);
        for (int i = _graph.Order.Count - 1; i >= 0; i--)
        {
            Schedule(_graph.Order[i]);
        }

        for (int number = 0; number < preorder.Length; number++)
        {
            if (!_dead[preorder[number].Index])
            {
                Emit(preorder[number], number);
            }
        }
    }

    // ---- where

    private void Schedule(Inst inst)
    {
        ref ExpressionNode node = ref _graph.Nodes[inst.Index];
        if (!node.Floats)
        {
            if (_function.Layout.BlockOf(inst).IsNone)
            {
                return;
            }

            if (node.Removable && node.Late == 0)
            {
                _function.Layout.Remove(inst);
                return;
            }

            NeedAll(inst, node.Early);
            return;
        }

        if (node.Late == 0 || IsRematerialised(inst))
        {
            return;
        }

        int place = LeaveLoops(node.Late - 1, node.Early);
        node.Late = place + 1;
        node.NextPlaced = _placedFirst[place];
        _placedFirst[place] = inst;
        NeedAll(inst, place);
    }

    private void NeedAll(Inst inst, int number)
    {
        foreach (Value operand in _dfg.Args(inst))
        {
            Need(operand, number);
        }

        Opcode opcode = _dfg[inst].Opcode;
        if ((opcode.Effects() & OpcodeEffects.Terminator) == 0)
        {
            return;
        }

        foreach (BlockCall call in _dfg.Destinations(inst))
        {
            foreach (BlockArg arg in _dfg.BlockArgs(call))
            {
                if (arg.IsValue)
                {
                    Need(arg.Value, number);
                }
            }
        }

        if (opcode is Opcode.TryCall or Opcode.TryCallIndirect)
        {
            ExceptionTable table = _dfg[inst].ExceptionTable;
            for (int i = 0; i < _function.ExceptionItemCount(table); i++)
            {
                ExceptionItem item = _function.ExceptionItemAt(table, i);
                if (item.Kind == ExceptionItemKind.Context)
                {
                    Need(item.Context, number);
                }
            }
        }
    }

    private void Need(Value value, int number)
    {
        Inst def = _dfg.DefInst(value);
        if (!def.IsNone)
        {
            ref ExpressionNode node = ref _graph.Nodes[def.Index];
            node.Late = node.Late == 0 || !node.Floats ? number + 1 : CommonDominator(node.Late - 1, number) + 1;
        }
    }

    private int CommonDominator(int a, int b)
    {
        System.ReadOnlySpan<Block> preorder = _dominators.Preorder;
        Block block = preorder[a], other = preorder[b];
        while (!_dominators.Dominates(block, other))
        {
            block = _dominators.ImmediateDominator(block);
        }

        return _dominators.PreorderIndex(block);
    }

    // The block outside of loops around `late` in which the instruction is executed least often. `early` dominates `late`, so blocks in
    // between have numbers in between.
    private int LeaveLoops(int late, int early)
    {
        Block best = _dominators.Preorder[late];
        Loop loop = _loops.InnermostLoop(best);
        int depth = _loops.LoopDepth(best);
        for (int i = 0; i < MaxLoopsLeft && !loop.IsNone; i++)
        {
            Block outside = _dominators.ImmediateDominator(_loops.Header(loop));
            if (outside.IsNone || _dominators.PreorderIndex(outside) < early)
            {
                break;
            }

            if (_loops.LoopDepth(outside) < depth)
            {
                best = outside;
                depth = _loops.LoopDepth(outside);
            }

            loop = _loops.InnermostLoop(outside);
        }

        return _dominators.PreorderIndex(best);
    }

    // ---- in which order

    private void Emit(Block block, int number)
    {
        Layout layout = _function.Layout;
        Inst last = layout.LastInst(block);
        for (Inst inst = layout.FirstInst(block); !inst.IsNone; inst = layout.Next(inst))
        {
            if (inst == last)
            {
                EmitRest(number, before: last);
            }

            EmitOperands(inst, number);
        }
    }

    private void EmitRest(int number, Inst before)
    {
        for (Inst inst = _placedFirst[number]; !inst.IsNone; inst = _graph.Nodes[inst.Index].NextPlaced)
        {
            if (!_graph.Nodes[inst.Index].Placed)
            {
                EmitTree(inst, number, before);
            }
        }
    }

    private void EmitOperands(Inst inst, int number)
    {
        int count = _dfg.Args(inst).Length;
        for (int i = 0; i < count; i++)
        {
            Value value = Available(_dfg.Args(inst)[i], number, inst);
            _dfg.Args(inst)[i] = value;
        }

        Opcode opcode = _dfg[inst].Opcode;
        if ((opcode.Effects() & OpcodeEffects.Terminator) == 0)
        {
            return;
        }

        int calls = _dfg.Destinations(inst).Length;
        for (int i = 0; i < calls; i++)
        {
            BlockCall call = _dfg.Destinations(inst)[i];
            int args = _dfg.BlockArgs(call).Length;
            for (int arg = 0; arg < args; arg++)
            {
                BlockArg passed = _dfg.BlockArgs(call)[arg];
                if (passed.IsValue)
                {
                    Value value = Available(passed.Value, number, inst);
                    _dfg.BlockArgs(call)[arg] = BlockArg.Of(value);
                }
            }
        }

        if (opcode is Opcode.TryCall or Opcode.TryCallIndirect)
        {
            ExceptionTable table = _dfg[inst].ExceptionTable;
            for (int i = 0; i < _function.ExceptionItemCount(table); i++)
            {
                ExceptionItem item = _function.ExceptionItemAt(table, i);
                if (item.Kind == ExceptionItemKind.Context)
                {
                    _function.SetExceptionContext(table, i, Available(item.Context, number, inst));
                }
            }
        }
    }

    // The value, computed at the latest before `before`; another one if it is made anew in each block.
    private Value Available(Value value, int number, Inst before)
    {
        Inst def = _dfg.DefInst(value);
        if (def.IsNone || !_graph.Nodes[def.Index].Floats)
        {
            return value;
        }

        if (IsRematerialised(def))
        {
            return Rematerialise(def, number, before);
        }

        if (!_graph.Nodes[def.Index].Placed)
        {
            EmitTree(def, number, before);
        }

        return value;
    }

    // Iterative, because expressions can be as deep as functions are long.
    private void EmitTree(Inst root, int number, Inst before)
    {
        _work.Clear();
        _work.Add(root);
        while (_work.Count > 0)
        {
            Inst inst = _work.Last;
            ref ExpressionNode node = ref _graph.Nodes[inst.Index];
            if (node.Placed)
            {
                _work.RemoveLast();
                continue;
            }

            Debug.Assert(node.Late == number + 1);
            if (PushUnplacedOperands(inst))
            {
                continue;
            }

            _work.RemoveLast();
            node.Placed = true;
            EmitConstants(inst, number, before);
            _function.Layout.InsertBefore(inst, before);
        }
    }

    private bool PushUnplacedOperands(Inst inst)
    {
        bool pushed = false;
        System.ReadOnlySpan<Value> operands = _dfg.Args(inst);
        for (int i = operands.Length - 1; i >= 0; i--)
        {
            Inst def = _dfg.DefInst(operands[i]);
            if (!def.IsNone && _graph.Nodes[def.Index] is { Floats: true, Placed: false } && !IsRematerialised(def))
            {
                _work.Add(def);
                pushed = true;
            }
        }

        return pushed;
    }

    private void EmitConstants(Inst inst, int number, Inst before)
    {
        int count = _dfg.Args(inst).Length;
        for (int i = 0; i < count; i++)
        {
            Inst def = _dfg.DefInst(_dfg.Args(inst)[i]);
            if (!def.IsNone && _graph.Nodes[def.Index].Floats && IsRematerialised(def))
            {
                Value value = Rematerialise(def, number, before);
                _dfg.Args(inst)[i] = value;
            }
        }
    }

    private bool IsRematerialised(Inst inst) => (_dfg[inst].Opcode.Effects() & OpcodeEffects.Rematerialised) != 0;

    // The node's fields say in which block the newest copy is: Late its number + 1, NextPlaced the copy. The first is the original.
    private Value Rematerialise(Inst inst, int number, Inst before)
    {
        ref ExpressionNode node = ref _graph.Nodes[inst.Index];
        if (node.Placed && node.Late == number + 1)
        {
            return _dfg.FirstResult(node.NextPlaced);
        }

        Inst copy = node.Placed ? Copy(inst) : inst;
        node = ref _graph.Nodes[inst.Index];
        node.Placed = true;
        node.Late = number + 1;
        node.NextPlaced = copy;
        _function.Layout.InsertBefore(copy, before);
        return _dfg.FirstResult(copy);
    }

    private Inst Copy(Inst inst)
    {
        Inst copy = _dfg.MakeInst(_dfg[inst]);
        _dfg.AppendResult(copy, _dfg.TypeOf(_dfg.FirstResult(inst)));
        _graph.Nodes.Add(default);
        if (_function.TryGetSourceLoc(inst, out uint location))
        {
            _function.SetSourceLoc(copy, location);
        }

        return copy;
    }
}
