// Variables to SSA form while the function is built: M. Braun et al., "Simple and Efficient Construction of Static Single Assignment
// Form", CC 2013. A block whose predecessors are all known is sealed. A use looks for the last definition, up through blocks with one
// predecessor; where several meet (or more may come) it makes a parameter, which is a value at once and gets its operands later:
// from a work list, so that no depth of control flow recurses. A parameter whose operands are all one value becomes an alias of it. Only at
// the end are the others attached to their blocks, with arguments at the branches, and the aliases replaced by what they name.
using System;
using System.Diagnostics;
using System.Runtime.InteropServices;
using MiniJit.IR.Collections;

namespace MiniJit.IR.Building;

public sealed partial class FunctionBuilder
{
    private struct Phi
    {
        public Value Value;
        public Block Block;
        public Variable Variable;
        public int NextIncomplete;                             // + 1
        public int FirstOperand;                               // one for every edge to the block, in their order; -1 while they are not known
    }

    private readonly DefinitionTable _definitions = new();
    private Column<IrType> _variables;
    private Column<Phi> _phis;
    private Column<Value> _phiOperands;
    private Column<int> _unfilled;

    /// <summary>A new variable.</summary>
    public Variable DeclareVariable(IrType type)
    {
        _variables.Add(type);
        return Variable.FromIndex(_variables.Count - 1);
    }

    /// <summary>Assigns to a variable in the current block.</summary>
    /// <exception cref="ArgumentException">The value's type is not the variable's.</exception>
    public void Define(Variable variable, Value value)
    {
        IrType type = TypeOf(value);
        if (type != _variables[variable.Index])
        {
            throw new ArgumentException($"{variable} has type {_variables[variable.Index]}, {value} has type {type}", nameof(value));
        }

        _definitions.Set(NeedOpenBlock(), variable, value);
    }

    /// <summary>The variable's value here. A variable that was not assigned on some path is zero there.</summary>
    public Value Use(Variable variable)
    {
        Value value = ReadAtEnd(variable, NeedOpenBlock());
        FillPhis();
        return _dfg.Resolve(value);
    }

    /// <summary>Says that all branches to the block exist.</summary>
    public void Seal(Block block)
    {
        ref BlockState state = ref _blocks[block.Index];
        state.IsSealed = true;
        int next = state.FirstIncomplete;
        state.FirstIncomplete = 0;
        while (next != 0)
        {
            _unfilled.Add(next - 1);
            next = _phis[next - 1].NextIncomplete;
        }

        FillPhis();
    }

    /// <summary>Seals all blocks that exist.</summary>
    public void SealAll()
    {
        for (int i = 0; i < _blocks.Count; i++)
        {
            if (!_blocks[i].IsSealed)
            {
                Seal(Block.FromIndex(i));
            }
        }
    }

    private void ClearVariables()
    {
        _definitions.Clear();
        _variables.Clear();
        _phis.Clear();
        _phiOperands.Clear();
    }

    private Value ReadAtEnd(Variable variable, Block block)
    {
        Value value;
        Block at = block;
        int steps = 0;
        while (!_definitions.TryGet(at, variable, out value))
        {
            BlockState state = _blocks[at.Index];
            if (!state.IsSealed || state.EdgeCount > 1)
            {
                value = MakePhi(variable, at);
                break;
            }

            // No predecessor: the entry, or unreachable code. More steps than blocks: a cycle that nothing enters.
            if (state.EdgeCount == 0 || steps++ > _blocks.Count)
            {
                value = Zero(_variables[variable.Index], at);
                _definitions.Set(at, variable, value);
                break;
            }

            at = _edges[state.FirstEdge - 1].Source;
        }

        for (Block passed = block; passed != at; passed = _edges[_blocks[passed.Index].FirstEdge - 1].Source)
        {
            _definitions.Set(passed, variable, value);
        }

        return _dfg.Resolve(value);
    }

    private Value MakePhi(Variable variable, Block block)
    {
        Value value = Value.FromIndex(_dfg.ValueCount);
        _dfg.ValueTable.Add(new(ValueDefKind.Param, _variables[variable.Index], 0, block.Raw));
        Phi phi = new() { Value = value, Block = block, Variable = variable, FirstOperand = -1 };
        ref BlockState state = ref _blocks[block.Index];
        if (state.IsSealed)
        {
            _unfilled.Add(_phis.Count);
        }
        else
        {
            phi.NextIncomplete = state.FirstIncomplete;
            state.FirstIncomplete = _phis.Count + 1;
        }

        _phis.Add(phi);
        _definitions.Set(block, variable, value);
        return value;
    }

    private void FillPhis()
    {
        while (_unfilled.Count > 0)
        {
            int index = _unfilled.RemoveLast();
            Phi phi = _phis[index];
            int first = _phiOperands.Count;
            for (int edge = _blocks[phi.Block.Index].FirstEdge; edge != 0; edge = _edges[edge - 1].Next)
            {
                _phiOperands.Add(ReadAtEnd(phi.Variable, _edges[edge - 1].Source));
            }

            _phis[index].FirstOperand = first;
            TrySimplify(_phis[index]);
        }
    }

    // A parameter that can only be one value, or itself, is that value.
    private bool TrySimplify(in Phi phi)
    {
        Value only = default;
        foreach (Value operand in Operands(phi))
        {
            Value value = _dfg.Resolve(operand);
            if (value != phi.Value && value != only)
            {
                if (!only.IsNone)
                {
                    return false;
                }

                only = value;
            }
        }

        _dfg.SetAlias(phi.Value, only.IsNone ? Zero(_variables[phi.Variable.Index], phi.Block) : only);
        return true;
    }

    private ReadOnlySpan<Value> Operands(in Phi phi) => _phiOperands.Slice(phi.FirstOperand, _blocks[phi.Block.Index].EdgeCount);

    private void AttachVariableParams()
    {
        // A parameter may have become trivial when one of its operands did.
        bool changed = _phis.Count > 0;
        while (changed)
        {
            changed = false;
            foreach (ref Phi phi in _phis.Span)
            {
                changed |= _dfg.DefKind(phi.Value) == ValueDefKind.Param && TrySimplify(phi);
            }
        }

        foreach (ref Phi phi in _phis.Span)
        {
            if (_dfg.DefKind(phi.Value) == ValueDefKind.Param)
            {
                Attach(phi);
            }
        }

        if (_phis.Count > 0)
        {
            ForgetAliases();
        }
    }

    private void Attach(in Phi phi)
    {
        _dfg.AttachParam(phi.Block, phi.Value, _variables[phi.Variable.Index]);
        ReadOnlySpan<Value> operands = Operands(phi);
        int next = 0;
        for (int edge = _blocks[phi.Block.Index].FirstEdge; edge != 0; edge = _edges[edge - 1].Next)
        {
            Edge data = _edges[edge - 1];
            uint list = _dfg.Pool.Append(_dfg.Destinations(data.Branch)[data.Destination].Raw, operands[next++].Raw);
            ReadOnlySpan<BlockCall> calls = _dfg.Destinations(data.Branch);                     // the pool may have moved
            MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(calls), calls.Length)[data.Destination] = new BlockCall(list);
        }
    }

    private void ForgetAliases()
    {
        for (Block block = _layout.EntryBlock; !block.IsNone; block = _layout.Next(block))
        {
            for (Inst inst = _layout.FirstInst(block); !inst.IsNone; inst = _layout.Next(inst))
            {
                ResolveOperands(inst);
            }
        }

        foreach (ref Phi phi in _phis.Span)
        {
            if (_dfg.DefKind(phi.Value) == ValueDefKind.Alias)
            {
                _dfg.ValueTable[phi.Value.Index] = default;
            }
        }
    }

    private void ResolveOperands(Inst inst)
    {
        foreach (ref Value arg in _dfg.Args(inst))
        {
            arg = _dfg.Resolve(arg);
        }

        foreach (BlockCall call in _dfg.Destinations(inst))
        {
            foreach (ref BlockArg arg in _dfg.BlockArgs(call))
            {
                arg = arg.IsValue ? BlockArg.Of(_dfg.Resolve(arg.Value)) : arg;
            }
        }

        if (_dfg[inst].Opcode is Opcode.TryCall or Opcode.TryCallIndirect)
        {
            ExceptionTable table = _dfg[inst].ExceptionTable;
            for (int i = 0; i < _function.ExceptionItemCount(table); i++)
            {
                ExceptionItem item = _function.ExceptionItemAt(table, i);
                if (item.Kind == ExceptionItemKind.Context)
                {
                    _function.SetExceptionContext(table, i, _dfg.Resolve(item.Context));
                }
            }
        }
    }

    // A zero at the start of a block: what an unassigned variable holds.
    private Value Zero(IrType type, Block block)
    {
        Inst first = _layout.FirstInst(block);
        if (type == IrType.I128)
        {
            Value low = Zero(IrType.I64, block);
            return Insert(InstructionData.Unary(Opcode.Uextend, type, low), block, first);
        }

        if (type.IsInt)
        {
            return Insert(InstructionData.UnaryImm(Opcode.Iconst, type, 0), block, first);
        }

        if (type == IrType.F16 || type == IrType.F32 || type == IrType.F64)
        {
            Opcode opcode = type == IrType.F16 ? Opcode.F16const : type == IrType.F32 ? Opcode.F32const : Opcode.F64const;
            return Insert(InstructionData.UnaryImm(opcode, default, 0), block, first);
        }

        Debug.Assert(type.Bytes is > 0 and <= 256 * 16);
        Constant zeros = _function.AddConstant(new byte[type.Bytes]);
        return type == IrType.F128
            ? Insert(InstructionData.UnaryEntity(Opcode.F128const, default, zeros.Raw), block, first)
            : Insert(InstructionData.UnaryEntity(Opcode.Vconst, type, zeros.Raw), block, first);
    }

    private Value Insert(in InstructionData data, Block block, Inst before)
    {
        Inst inst = _dfg.MakeInst(data);
        _dfg.MakeResults(inst);
        if (before.IsNone)
        {
            _layout.Append(inst, block);
        }
        else
        {
            _layout.InsertBefore(inst, before);
        }

        return _dfg.FirstResult(inst);
    }
}
