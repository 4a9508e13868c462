// The driver half of LowerContext: see the head of LowerContext.cs.
using System;
using System.Diagnostics;
using MiniJit.Codegen.Machine;
using MiniJit.IR;
using MiniJit.IR.Analysis;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.Lowering;

internal abstract partial class LowerContext
{
    private readonly BlockOrder _order = new();
    private Column<int> _targets;

    /// <summary>Lowers <paramref name="function"/> into <see cref="Code"/>. False: <see cref="Error"/> says what is not supported.</summary>
    public bool Run(Function function, ReadOnlySpan<Block> reversePostorder, LoopForest loops)
    {
        Function = function;
        Dfg = function.Dfg;
        Code.Clear();
        Symbols.Clear();
        Constants.Clear();
        JumpTables.Clear();
        _aliases.Clear();
        Error = null;
        LayOutStackSlots();
        BeginCalls();
        BeginFunction();
        _order.Compute(function, reversePostorder, loops);
        CountUses(reversePostorder);
        AssignRegisters(reversePostorder);
        LowerBlocks(loops);
        if (Error is null)
        {
            Finish();
        }

        return Error is null;
    }

    /// <summary>Slots in order of declaration, each aligned to at least eight bytes (calling-convention reference, frame layout).</summary>
    private void LayOutStackSlots()
    {
        StackSlotOffsets.Clear();
        long offset = 0;
        foreach (StackSlotData slot in Function.StackSlots)
        {
            long align = Math.Max(8, 1L << slot.AlignShift);
            offset = (offset + align - 1) & -align;
            StackSlotOffsets.Add((int)offset);
            offset += slot.Size;
            if (offset > MaxFrameSize)
            {
                Fail("the stack slots of this function exceed 1 GiB");
                offset = 0;
            }
        }

        StackSlotSize = (int)((offset + 15) & -16);
    }

    private const int MaxFrameSize = 1 << 30;

    private void CountUses(ReadOnlySpan<Block> reversePostorder)
    {
        _useCounts.Fill(Dfg.ValueCount, UseCount.None);
        _colors.Fill(Dfg.InstCount, 0);
        _worklist.Clear();
        uint color = 0;
        foreach (Block block in reversePostorder)
        {
            color++;                                           // nothing is folded across a block boundary
            for (Inst inst = Function.Layout.FirstInst(block); !inst.IsNone; inst = Function.Layout.Next(inst))
            {
                _colors[inst.Index] = color;
                color += ChangesColor(inst) ? 1u : 0;
                foreach (Value arg in Dfg.Args(inst))
                {
                    CountUse(Dfg.Resolve(arg));
                }

                foreach (BlockCall call in Dfg.Destinations(inst))
                {
                    foreach (BlockArg arg in Dfg.BlockArgs(call))
                    {
                        if (arg.IsValue)
                        {
                            CountUse(Dfg.Resolve(arg.Value));
                        }
                    }
                }

                if (IsTryCall(inst))
                {
                    CountContexts(inst);
                }
            }
        }

        // What is used once by something that is used many times may be duplicated along with it.
        while (_worklist.Count > 0)
        {
            Inst inst = Dfg.DefInst(_worklist.RemoveLast());
            if (inst.IsNone || HasEffect(inst))
            {
                continue;
            }

            foreach (Value arg in Dfg.Args(inst))
            {
                Value value = Dfg.Resolve(arg);
                if (_useCounts[value.Index] == UseCount.Once)
                {
                    _useCounts[value.Index] = UseCount.OnceByMany;
                    _worklist.Add(value);
                }
            }
        }
    }

    private void CountUse(Value value)
    {
        ref UseCount count = ref _useCounts[value.Index];
        if (count == UseCount.Once)
        {
            _worklist.Add(value);
        }

        count = count == UseCount.None ? UseCount.Once : UseCount.Many;
    }

    private void AssignRegisters(ReadOnlySpan<Block> reversePostorder)
    {
        _valueRegs.Fill(Dfg.ValueCount, default);
        _isNeeded.Fill(Dfg.ValueCount, false);
        _isSunk.Fill(Dfg.InstCount, false);
        foreach (Block block in reversePostorder)
        {
            foreach (Value param in Dfg.Params(block))
            {
                _valueRegs[param.Index] = NewRegs(TypeOf(param));
            }

            for (Inst inst = Function.Layout.FirstInst(block); !inst.IsNone; inst = Function.Layout.Next(inst))
            {
                foreach (Value result in Dfg.Results(inst))
                {
                    _valueRegs[result.Index] = NewRegs(TypeOf(result));
                }
            }
        }
    }

    private void LowerBlocks(LoopForest loops)
    {
        int count = _order.Blocks.Count;
        Code.Blocks.Resize(count);
        for (int index = count - 1; index >= 0 && Error is null; index--)
        {
            LoweredBlock block = _order.Blocks[index];
            ref VCodeBlock machineBlock = ref Code.Blocks[index];
            machineBlock = default;
            machineBlock.EndInst = Code.Insts.Count;           // counted from the end until Finish reverses
            machineBlock.IsCold = index >= _order.FirstCold;
            machineBlock.LoopDepth = (byte)Math.Min(loops.LoopDepth(block.Source), byte.MaxValue);
            if (block.IsEdge)
            {
                LowerEdge(index, block);
            }
            else
            {
                LowerBlock(index, block.Source);
            }

            Code.Blocks[index].FirstInst = Code.Insts.Count;
        }
    }

    private void LowerEdge(int index, LoweredBlock edge)
    {
        Inst branch = Function.Layout.LastInst(edge.Source);
        BlockCall call = Dfg.Destinations(branch)[edge.Edge];
        _currentLoc = LocOf(branch);
        int target = _order.PositionOf(Dfg.BlockOf(call));
        EmitJump(target);
        FlushGroup();
        AddSuccessor(index, target);
        if (IsTryCall(branch))
        {
            LowerTryEdge(index, branch, edge.Edge);
        }
        else
        {
            PutBranchArgs(index, call, []);
        }

        FlushGroup();
    }

    private void LowerBlock(int index, Block block)
    {
        Inst terminator = Function.Layout.LastInst(block);
        LowerBlockEnd(index, terminator);
        for (Inst inst = Function.Layout.Prev(terminator); !inst.IsNone && Error is null; inst = Function.Layout.Prev(inst))
        {
            if (_isSunk[inst.Index] || !(HasEffect(inst) || IsAnyResultNeeded(inst)))
            {
                continue;
            }

            _currentColor = _colors[inst.Index];
            _currentLoc = LocOf(inst);
            Lower(inst);
            FlushGroup();
        }

        if (index == 0)
        {
            _currentLoc = 0;
            EmitEntry(block);
            FlushGroup();
        }
    }

    private void LowerBlockEnd(int index, Inst terminator)
    {
        _currentColor = _colors[terminator.Index];
        _currentLoc = LocOf(terminator);
        ReadOnlySpan<BlockCall> destinations = Dfg.Destinations(terminator);
        _targets.Clear();
        if (IsTryCall(terminator))
        {
            for (int i = 0; i < destinations.Length; i++)
            {
                _targets.Add(_order.TryEdge(Function.Layout.BlockOf(terminator), i, destinations.Length));
                AddSuccessor(index, _targets.Last);
            }

            LowerTryCall(terminator, _targets.Span);
            FlushGroup();
            return;
        }

        int edgeBlock = index + 1;
        for (int i = 0; i < destinations.Length; i++)
        {
            Block target = Dfg.BlockOf(destinations[i]);
            bool isSplit = destinations.Length > 1 && _order.PredecessorEdges(target) > 1;
            int position = isSplit ? edgeBlock++ : _order.PositionOf(target);
            _targets.Add(position);
            AddSuccessor(index, position);
        }

        LowerTerminator(terminator, _targets.Span);
        FlushGroup();
        if (destinations.Length == 1 && _order.PredecessorEdges(Dfg.BlockOf(destinations[0])) > 1)
        {
            PutBranchArgs(index, destinations[0], []);
            FlushGroup();
            return;
        }

        foreach (BlockCall call in destinations)
        {
            // The only predecessor: its arguments are the target's parameters under another name.
            if (_order.PredecessorEdges(Dfg.BlockOf(call)) == 1)
            {
                AliasParams(call, []);
            }
        }

        FlushGroup();
    }

    /// <param name="call">The edge.</param>
    /// <param name="arrived">Of an edge out of a try_call, what <c>retN</c> or <c>exnN</c> stand for.</param>
    private void AliasParams(BlockCall call, ReadOnlySpan<ValueRegs> arrived)
    {
        Block target = Dfg.BlockOf(call);
        for (int i = 0; i < Dfg.Params(target).Length; i++)
        {
            Value param = Dfg.Params(target)[i];
            BlockArg arg = Dfg.BlockArgs(call)[i];
            if (_isNeeded[param.Index])
            {
                Alias(_valueRegs[param.Index], arg.IsValue ? PutRegs(Dfg.Resolve(arg.Value)) : arrived[arg.Index]);
            }
        }
    }

    private void PutBranchArgs(int index, BlockCall call, ReadOnlySpan<ValueRegs> arrived)
    {
        Block target = Dfg.BlockOf(call);
        int first = Code.BranchArgs.Count;
        for (int i = 0; i < Dfg.Params(target).Length; i++)
        {
            BlockArg arg = Dfg.BlockArgs(call)[i];
            ValueRegs registers = arg.IsValue ? PutRegs(Dfg.Resolve(arg.Value)) : arrived[arg.Index];
            Code.BranchArgs.Add(registers.Low);
            if (registers.IsPair)
            {
                Code.BranchArgs.Add(registers.High);
            }
        }

        Code.Blocks[index].FirstBranchArg = first;
        Code.Blocks[index].BranchArgCount = Code.BranchArgs.Count - first;
    }

    private void AddSuccessor(int block, int successor)
    {
        ref VCodeBlock machineBlock = ref Code.Blocks[block];
        if (machineBlock.SuccessorCount == 0)
        {
            machineBlock.FirstSuccessor = Code.Successors.Count;
        }

        machineBlock.SuccessorCount++;
        Code.Successors.Add(successor);
    }

    /// <summary>Appends the current group in reverse; the final reversal restores it.</summary>
    private void FlushGroup()
    {
        for (int i = _group.Count - 1; i >= 0; i--)
        {
            Code.Insts.Add(_group[i]);
            Code.SourceLocs.Add(_currentLoc);
        }

        _group.Clear();
    }

    private void Finish()
    {
        int total = Code.Insts.Count;
        Code.Insts.Span.Reverse();
        Code.SourceLocs.Span.Reverse();
        for (int index = 0; index < Code.Blocks.Count; index++)
        {
            ref VCodeBlock block = ref Code.Blocks[index];
            (block.FirstInst, block.EndInst) = (total - block.FirstInst, total - block.EndInst);
            AddParams(index);
        }

        AddPredecessors();
        foreach (ref Operand operand in Code.Operands.Span)
        {
            operand = operand with { Reg = ResolveAlias(operand.Reg) };
        }

        foreach (ref VReg arg in Code.BranchArgs.Span)
        {
            arg = ResolveAlias(arg);
        }
    }

    private void AddParams(int index)
    {
        LoweredBlock block = _order.Blocks[index];
        ref VCodeBlock machineBlock = ref Code.Blocks[index];
        machineBlock.FirstParam = Code.BlockParams.Count;
        if (!block.IsEdge && index != 0 && _order.PredecessorEdges(block.Source) > 1)
        {
            foreach (Value param in Dfg.Params(block.Source))
            {
                ValueRegs registers = _valueRegs[param.Index];
                Code.BlockParams.Add(registers.Low);
                if (registers.IsPair)
                {
                    Code.BlockParams.Add(registers.High);
                }
            }
        }

        machineBlock.ParamCount = Code.BlockParams.Count - machineBlock.FirstParam;
    }

    private void AddPredecessors()
    {
        int count = Code.Blocks.Count;
        for (int index = 0; index < count; index++)
        {
            foreach (int successor in Code.SuccessorsOf(index))
            {
                Code.Blocks[successor].PredecessorCount++;
            }
        }

        int next = 0;
        for (int index = 0; index < count; index++)
        {
            ref VCodeBlock block = ref Code.Blocks[index];
            block.FirstPredecessor = next;
            next += block.PredecessorCount;
            block.PredecessorCount = 0;
        }

        Code.Predecessors.Resize(next);
        for (int index = 0; index < count; index++)
        {
            foreach (int successor in Code.SuccessorsOf(index))
            {
                ref VCodeBlock block = ref Code.Blocks[successor];
                Code.Predecessors[block.FirstPredecessor + block.PredecessorCount++] = index;
            }
        }
    }

    private VReg ResolveAlias(VReg register)
    {
        VReg actual = _aliases[register.Index];
        while (!actual.IsNone)
        {
            register = actual;
            actual = _aliases[register.Index];
        }

        return register;
    }

    private bool IsAnyResultNeeded(Inst inst)
    {
        foreach (Value result in Dfg.Results(inst))
        {
            if (_isNeeded[result.Index])
            {
                return true;
            }
        }

        return false;
    }

    private uint LocOf(Inst inst) => Function.TryGetSourceLoc(inst, out uint location) ? location + 1 : 0;

    /// <summary>Whether the instruction must be emitted even if nobody uses its results.</summary>
    private bool HasEffect(Inst inst)
    {
        ref InstructionData data = ref Dfg[inst];
        OpcodeTraits traits = data.Opcode.Info().Traits;
        const OpcodeTraits Effects = OpcodeTraits.Terminator | OpcodeTraits.Call | OpcodeTraits.WritesMemory | OpcodeTraits.CanTrap
            | OpcodeTraits.OtherSideEffect;
        return (traits & Effects) != 0 || ((traits & OpcodeTraits.ReadsMemory) != 0 && !Dfg.MemFlagsOf(inst).IsNotrap);
    }

    /// <summary>Whether a load may not be moved across the instruction. Loads that cannot trap commute with each other.</summary>
    private bool ChangesColor(Inst inst) => HasEffect(inst);
}
