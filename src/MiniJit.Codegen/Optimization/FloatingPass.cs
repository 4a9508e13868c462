// The middle end proper, after C. Click, "Global Code Motion / Global Value Numbering" (1995), with the merging restricted to
// dominating instructions, so that nothing is computed on a path that did not compute it. One walk over the dominator tree takes pure
// instructions out of the layout, simplifies and merges them, and decides what it can about the effectful rest: the skeleton.
// Placement (the other file) puts back what is needed.
//
// Children of a block are visited in reverse postorder, so when a block is visited, all its predecessors were, except around back
// edges. Hence edges of branches that were decided are known to be dead in time, and a block that loses its last edge is never looked
// at. Dominance can only grow by that: the tree that was computed before stays valid for what is left.
using System;
using System.Diagnostics;
using MiniJit.IR;
using MiniJit.IR.Analysis;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.Optimization;

/// <summary>Value numbering, simplification, branch folding, memory optimization, code motion, dead code.</summary>
internal sealed partial class FloatingPass
{
    private struct Scope
    {
        public Block Block;
        public int Mark;
    }

    private readonly ControlFlowGraph _cfg;
    private readonly DominatorTree _dominators;
    private readonly LoopForest _loops;
    private readonly ExpressionGraph _graph = new();
    private readonly Rules _rules;
    private readonly MemoryKnowledge _memory;
    private Column<Scope> _scopes;
    private Column<int> _liveEdges;                            // per block: edges into it, without back edges, that are not known to be dead
    private Column<bool> _dead;
    private Column<bool> _removeParams;
    private Column<Value> _paramValues;
    private Column<Value> _removedParams;
    private Function _function = null!;
    private DataFlowGraph _dfg = null!;
    private bool _aliasAnalysis;
    private bool _edgesChanged;

    public FloatingPass(ControlFlowGraph cfg, DominatorTree dominators, LoopForest loops)
    {
        _cfg = cfg;
        _dominators = dominators;
        _loops = loops;
        _rules = new(_graph);
        _memory = new(_graph.Scoped);
    }

    /// <summary>How often each rule was applied.</summary>
    public ReadOnlySpan<int> RuleHits => _rules.Hits;

    /// <summary>Optimizes a function without unreachable blocks. The analyses describe it.</summary>
    /// <returns>Whether blocks or edges went away, so that the analyses are out of date.</returns>
    public bool Run(Function function, bool aliasAnalysis)
    {
        _function = function;
        _dfg = function.Dfg;
        _edgesChanged = false;
        _graph.Begin(function, _dominators);
        _rules.Begin(function);
        _aliasAnalysis = aliasAnalysis && HasLoads();
        if (_aliasAnalysis)
        {
            _memory.Begin(function, _cfg);
        }

        CountEdges();
        _scopes.Clear();
        ReadOnlySpan<Block> preorder = _dominators.Preorder;
        for (int number = 0; number < preorder.Length; number++)
        {
            Block block = preorder[number];
            EnterScope(block);
            if (number != 0 && _liveEdges[block.Index] == 0)
            {
                Kill(block);
                continue;
            }

            _graph.CurrentBlock = number;
            VisitBlock(block);
        }

        _graph.Scoped.Leave(0);
        RemoveDeadBlocks();
        Place();
        return _edgesChanged;
    }

    private bool HasLoads()
    {
        for (int i = 0; i < _dfg.InstCount; i++)
        {
            if ((_dfg[Inst.FromIndex(i)].Opcode.Effects() & (OpcodeEffects.Load | OpcodeEffects.Store)) != 0)
            {
                return true;
            }
        }

        return false;
    }

    // ---- blocks

    private void CountEdges()
    {
        _liveEdges.Fill(_dfg.BlockCount, 0);
        _dead.Fill(_dfg.BlockCount, false);
        foreach (Block block in _dominators.Preorder)
        {
            foreach (BlockPredecessor edge in _cfg.Predecessors(block))
            {
                _liveEdges[block.Index] += _dominators.Dominates(block, edge.Block) ? 0 : 1;
            }
        }
    }

    private void EnterScope(Block block)
    {
        Block parent = _dominators.ImmediateDominator(block);
        while (_scopes.Count > 0 && _scopes.Last.Block != parent)
        {
            _graph.Scoped.Leave(_scopes.RemoveLast().Mark);
        }

        _scopes.Add(new Scope { Block = block, Mark = _graph.Scoped.Mark });
    }

    private void Kill(Block block)
    {
        _dead[block.Index] = true;
        Inst branch = _function.Layout.LastInst(block);
        foreach (BlockCall call in _dfg.Destinations(branch))
        {
            RemoveEdge(block, _dfg.BlockOf(call));
        }
    }

    private void RemoveEdge(Block from, Block to)
    {
        _liveEdges[to.Index] -= _dominators.Dominates(to, from) ? 0 : 1;
        _edgesChanged = true;
    }

    private void RemoveDeadBlocks()
    {
        if (!_edgesChanged)
        {
            return;
        }

        foreach (Block block in _dominators.Preorder)
        {
            if (_dead[block.Index])
            {
                _function.Layout.Remove(block);
            }
        }
    }

    private void VisitBlock(Block block)
    {
        LearnFromBranch(block);
        MergeParams(block);
        if (_aliasAnalysis)
        {
            _memory.EnterBlock(block);
        }

        Layout layout = _function.Layout;
        for (Inst inst = layout.FirstInst(block), next; !inst.IsNone; inst = next)
        {
            next = layout.Next(inst);
            _graph.CurrentInst = inst;
            if (!Visit(block, inst))
            {
                break;
            }
        }
    }

    // In a block that is entered only through one side of a conditional branch, the condition is known to be zero or not.
    private void LearnFromBranch(Block block)
    {
        Inst branch = default;
        int edges = 0;
        foreach (BlockPredecessor edge in _cfg.Predecessors(block))
        {
            if (!_dead[edge.Block.Index])
            {
                edges++;
                branch = edge.Branch;
            }
        }

        if (edges != 1 || _dfg[branch].Opcode != Opcode.Brif)
        {
            return;
        }

        ReadOnlySpan<BlockCall> destinations = _dfg.Destinations(branch);
        bool then = _dfg.BlockOf(destinations[0]) == block, otherwise = _dfg.BlockOf(destinations[1]) == block;
        if (then != otherwise)
        {
            LearnCondition(_dfg[branch].Arg0, nonZero: then);
        }
    }

    private void LearnCondition(Value condition, bool nonZero) => _graph.Scoped.Add(ConditionKey(condition), nonZero ? 1u : 0u);

    private bool KnowsCondition(Value condition, out bool nonZero)
    {
        bool known = _graph.Scoped.TryGet(ConditionKey(condition), out uint payload);
        nonZero = payload != 0;
        if (!known && _rules.TryConstantCondition(condition, out nonZero))
        {
            known = true;
        }

        return known;
    }

    private static InstructionData ConditionKey(Value condition) => new(Opcode.Brif, default, 0, condition.Raw, 0, 0);

    // Parameters that every live edge passes the same value for. Loops were looked at before the walk (BlockParameters). If it is only for
    // dead edges that the value dominates the block, the tree does not know yet; then it is left to the next run.
    private void MergeParams(Block block)
    {
        int count = _dfg.Params(block).Length;
        if (count == 0 || _graph.CurrentBlock == 0)
        {
            return;
        }

        _paramValues.Fill(count, default);
        _removeParams.Fill(count, true);
        Inst last = default;
        foreach (BlockPredecessor edge in _cfg.Predecessors(block))
        {
            if (_dead[edge.Block.Index] || edge.Branch == last || _function.Layout.BlockOf(edge.Branch).IsNone)
            {
                continue;
            }

            if (_dominators.PreorderIndex(edge.Block) >= _graph.CurrentBlock)
            {
                return;                                        // a back edge: not visited yet
            }

            last = edge.Branch;
            MeetArguments(block, edge.Branch);
        }

        int next = 0;
        Span<bool> remove = _removeParams.Span;
        ReadOnlySpan<Value> parameters = _dfg.Params(block);
        Span<Value> values = _paramValues.Span;
        _removedParams.Clear();
        for (int i = 0; i < count; i++)
        {
            remove[i] = remove[i] && _graph.IsAvailable(values[i], block);
            if (remove[i])
            {
                _removedParams.Add(parameters[i]);
                values[next++] = values[i];
            }
        }

        if (next == 0)
        {
            return;
        }

        BlockParameters.Remove(_function, _cfg, block, remove);
        for (int i = 0; i < next; i++)
        {
            _dfg.SetAlias(_removedParams[i], values[i]);
        }
    }

    private void MeetArguments(Block block, Inst branch)
    {
        foreach (BlockCall call in _dfg.Destinations(branch))
        {
            if (_dfg.BlockOf(call) != block)
            {
                continue;
            }

            ReadOnlySpan<BlockArg> args = _dfg.BlockArgs(call);
            for (int i = 0; i < args.Length; i++)
            {
                ref Value value = ref _paramValues[i];
                bool agrees = args[i].IsValue && (value.IsNone || value == args[i].Value);
                _removeParams[i] &= agrees;
                value = agrees ? args[i].Value : value;
            }
        }
    }

    // ---- instructions

    private bool Visit(Block block, Inst inst)
    {
        Operands.Resolve(_function, inst);
        Opcode opcode = _dfg[inst].Opcode;
        OpcodeEffects effects = opcode.Effects();
        if ((effects & OpcodeEffects.Pure) != 0)
        {
            VisitPure(inst, effects);
            return true;
        }

        if ((effects & OpcodeEffects.Load) != 0)
        {
            VisitLoad(inst);
            return true;
        }

        if ((effects & OpcodeEffects.Store) != 0)
        {
            VisitStore(inst);
            return true;
        }

        if ((effects & OpcodeEffects.Idempotent) != 0)
        {
            return VisitIdempotent(block, inst, effects);
        }

        switch (opcode)
        {
            case Opcode.Nop:
                _function.Layout.Remove(inst);
                return true;
            case Opcode.Brif:
                VisitBrif(block, inst);
                break;
            case Opcode.BrTable:
                VisitBrTable(block, inst);
                break;
        }

        Keep(inst, effects);
        return true;
    }

    private void Keep(Inst inst, OpcodeEffects effects, bool removable = false)
    {
        if (_aliasAnalysis)
        {
            _memory.VisitOther(inst, effects);
        }

        _graph.AddToSkeleton(inst, removable);
    }

    private void VisitPure(Inst inst, OpcodeEffects effects)
    {
        _function.Layout.Remove(inst);
        InstructionData data = _dfg[inst];
        if ((effects & OpcodeEffects.SingleResult) == 0)
        {
            if (_rules.TrySimplifyPair(data, out Value first, out Value second))
            {
                ReplacePair(inst, first, second);
                return;
            }
        }
        else
        {
            Value simplified = _rules.Simplify(ref data);
            _dfg[inst] = data;
            if (!simplified.IsNone)
            {
                Replace(inst, simplified);
                return;
            }
        }

        Merge(inst, data);
    }

    // Becomes the equal instruction that is known, or the one that later ones become.
    private void Merge(Inst inst, in InstructionData data)
    {
        Value known = _graph.Find(data);
        if (known.IsNone)
        {
            _graph.Adopt(inst);
            return;
        }

        ReplaceAll(inst, _dfg.DefInst(known));
    }

    private void VisitLoad(Inst inst)
    {
        FoldAddress(inst, operand: 0);
        InstructionData data = _dfg[inst];
        MemFlags flags = _dfg.MemFlagsOf(inst);
        if (flags.IsReadonly && flags.IsNotrap)
        {
            if (flags.CanMove)
            {
                _function.Layout.Remove(inst);
                Merge(inst, data);
                return;
            }

            if (BecomesEarlier(inst, data))
            {
                return;
            }
        }
        else if (_aliasAnalysis)
        {
            Value known = _memory.VisitLoad(inst);
            if (!known.IsNone)
            {
                _function.Layout.Remove(inst);
                Replace(inst, known);
                return;
            }
        }

        _graph.AddToSkeleton(inst, removable: flags.IsNotrap);
    }

    private void VisitStore(Inst inst)
    {
        FoldAddress(inst, operand: 1);
        if (_aliasAnalysis)
        {
            if (_memory.VisitStore(inst, out Inst overwritten))
            {
                _function.Layout.Remove(inst);
                return;
            }

            if (!overwritten.IsNone)
            {
                _function.Layout.Remove(overwritten);          // stays in the order, but placement skips what is in no block
            }
        }

        _graph.AddToSkeleton(inst, removable: false);
    }

    // load (iadd p, k)+offset            [offset+k fits 32 bits]   => load p+(offset+k)
    // load (stack_addr ss+k)+offset      [offset+k fits 32 bits]   => load (stack_addr ss)+(offset+k)
    private void FoldAddress(Inst inst, int operand)
    {
        ref InstructionData data = ref _dfg[inst];
        long offset = data.Offset;
        Value address = operand == 0 ? data.Arg0 : data.Arg1;
        if (_rules.TryFoldAddress(ref address, ref offset))
        {
            data = ref _dfg[inst];
            data.C = (uint)offset;
            if (operand == 0)
            {
                data.A = address.Raw;
            }
            else
            {
                data.B = address.Raw;
            }
        }
    }

    private bool VisitIdempotent(Block block, Inst inst, OpcodeEffects effects)
    {
        InstructionData data = _dfg[inst];
        if (data.Opcode is Opcode.Trapz or Opcode.Trapnz)
        {
            return VisitConditionalTrap(block, inst, effects);
        }

        if ((effects & OpcodeEffects.SingleResult) != 0)
        {
            Value simplified = _rules.Simplify(ref data);
            _dfg[inst] = data;
            if (!simplified.IsNone)
            {
                _function.Layout.Remove(inst);
                Replace(inst, simplified);
                return true;
            }

            if (_rules.NeverTraps(data))
            {
                _function.Layout.Remove(inst);
                Merge(inst, data);
                return true;
            }
        }

        if (!BecomesEarlier(inst, data))
        {
            Keep(inst, effects);
        }

        return true;
    }

    // Of identical instructions whose effect need not happen twice, the dominating one stays.
    private bool BecomesEarlier(Inst inst, in InstructionData data)
    {
        Inst earlier = _graph.FindInSkeleton(data);
        if (earlier.IsNone)
        {
            _graph.Remember(inst);
            return false;
        }

        _function.Layout.Remove(inst);
        ReplaceAll(inst, earlier);
        return true;
    }

    private bool VisitConditionalTrap(Block block, Inst inst, OpcodeEffects effects)
    {
        SimplifyCondition(inst, Opcode.Trapz, Opcode.Trapnz);
        InstructionData data = _dfg[inst];
        bool trapsOnZero = data.Opcode == Opcode.Trapz;
        if (KnowsCondition(data.Arg0, out bool nonZero))
        {
            if (nonZero == trapsOnZero)
            {
                _function.Layout.Remove(inst);                 // never traps
                return true;
            }

            TrapAlways(block, inst, data.TrapCode);
            return false;
        }

        Keep(inst, effects);
        LearnCondition(data.Arg0, nonZero: trapsOnZero);
        return true;
    }

    // What follows in the block is cut off. Values defined there are used in blocks that only this one leads to, which become
    // unreachable with it.
    private void TrapAlways(Block block, Inst inst, TrapCode code)
    {
        Layout layout = _function.Layout;
        foreach (BlockCall call in _dfg.Destinations(layout.LastInst(block)))
        {
            RemoveEdge(block, _dfg.BlockOf(call));
        }

        while (layout.LastInst(block) != inst)
        {
            layout.Remove(layout.LastInst(block));
        }

        _dfg[inst] = InstructionData.Trap(Opcode.Trap, default, code);
        _edgesChanged = true;
        Keep(inst, Opcode.Trap.Effects());
    }

    // brif (icmp ne x, 0), a, b          => brif x, a, b
    // brif (icmp eq x, 0), a, b          => brif x, b, a
    // trapz (icmp eq x, 0)               => trapnz x            and so on
    private void SimplifyCondition(Inst inst, Opcode plain, Opcode inverse)
    {
        while (_rules.TryStripCondition(_dfg[inst].Arg0, out Value stripped, out bool inverted))
        {
            ref InstructionData data = ref _dfg[inst];
            data.A = stripped.Raw;
            data.Type = _dfg.TypeOf(stripped);
            if (!inverted)
            {
                continue;
            }

            if (data.Opcode == Opcode.Brif)
            {
                (data.B, data.C) = (data.C, data.B);
            }
            else
            {
                data.Opcode = data.Opcode == plain ? inverse : plain;
            }
        }
    }

    private void VisitBrif(Block block, Inst inst)
    {
        SimplifyCondition(inst, default, default);
        InstructionData data = _dfg[inst];
        ReadOnlySpan<BlockCall> destinations = _dfg.Destinations(inst);
        BlockCall then = destinations[0], otherwise = destinations[1];

        // brif k, a, b                   => jump a or jump b
        // brif c, a, a                   => jump a
        bool known = KnowsCondition(data.Arg0, out bool nonZero);
        if (known || SameCalls(then, otherwise))
        {
            BlockCall taken = known && !nonZero ? otherwise : then;
            RemoveEdge(block, _dfg.BlockOf(taken == then ? otherwise : then));
            _dfg[inst] = InstructionData.Jump(taken);
        }
    }

    private void VisitBrTable(Block block, Inst inst)
    {
        InstructionData data = _dfg[inst];
        ReadOnlySpan<BlockCall> targets = _function.JumpTableTargets(data.JumpTable);

        // br_table k, d, [a, b, …]       => jump
        // br_table x, d, []              => jump d
        int index = 0;
        if (targets.Length > 1)
        {
            if (!_rules.TryConstantIndex(data.Arg0, out uint k))
            {
                return;
            }

            index = k < (uint)(targets.Length - 1) ? (int)k + 1 : 0;
        }

        for (int i = 0; i < targets.Length; i++)
        {
            if (i != index)
            {
                RemoveEdge(block, _dfg.BlockOf(targets[i]));
            }
        }

        _edgesChanged = true;
        _dfg[inst] = InstructionData.Jump(targets[index]);
    }

    private bool SameCalls(BlockCall a, BlockCall b) => _dfg.Pool.Get(a.Raw).SequenceEqual(_dfg.Pool.Get(b.Raw));

    // ---- results

    private void Replace(Inst inst, Value by)
    {
        Value result = _dfg.FirstResult(inst);
        Debug.Assert(_dfg.TypeOf(result) == _dfg.TypeOf(by));
        _dfg.ClearResults(inst);
        _dfg.SetAlias(result, by);
    }

    private void ReplacePair(Inst inst, Value first, Value second)
    {
        ReadOnlySpan<Value> results = _dfg.Results(inst);
        Value oldFirst = results[0], oldSecond = results[1];
        _dfg.ClearResults(inst);
        _dfg.SetAlias(oldFirst, first);
        _dfg.SetAlias(oldSecond, second);
    }

    private void ReplaceAll(Inst inst, Inst by)
    {
        if (_dfg.Results(inst).Length == 2)
        {
            ReadOnlySpan<Value> values = _dfg.Results(by);
            ReplacePair(inst, values[0], values[1]);
        }
        else if (_dfg.Results(inst).Length == 1)
        {
            Replace(inst, _dfg.FirstResult(by));
        }
    }
}
