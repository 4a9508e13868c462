// Builds VCode for tests: blocks in any order of mention, edges by label, operands as they come.
using System;
using System.Collections.Generic;
using System.Text;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;

namespace MiniJit.Codegen.Tests.RegisterAllocation;

internal sealed class CodeBuilder
{
    private sealed class BlockText
    {
        public List<VReg> Params = [];
        public List<(Operand[] Operands, RegSet Clobbers, MachineInstFlags Flags)> Insts = [];
        public List<int> Successors = [];
        public List<VReg> Args = [];
        public int LoopDepth;
        public bool IsCold;
    }

    private readonly List<BlockText> _blocks = [];
    private int _vregs;

    public int FloatSpillWords = 1;

    public VReg Int() => new(_vregs++, RegClass.Int);

    public VReg Float() => new(_vregs++, RegClass.Float);

    public VReg New(RegClass regClass) => new(_vregs++, regClass);

    public VReg[] Ints(int count)
    {
        VReg[] result = new VReg[count];
        for (int i = 0; i < count; i++)
        {
            result[i] = Int();
        }

        return result;
    }

    /// <summary>Starts a block; the first one is the entry.</summary>
    public int Block(int loopDepth = 0, bool isCold = false, params VReg[] parameters)
    {
        _blocks.Add(new BlockText { LoopDepth = loopDepth, IsCold = isCold, Params = [.. parameters] });
        return _blocks.Count - 1;
    }

    public CodeBuilder Op(params Operand[] operands) => Op(_blocks.Count - 1, RegSet.Empty, MachineInstFlags.None, operands);

    public CodeBuilder Call(RegSet clobbers, params Operand[] operands) => Op(_blocks.Count - 1, clobbers, MachineInstFlags.Call, operands);

    public CodeBuilder Op(int block, RegSet clobbers, MachineInstFlags flags, params Operand[] operands)
    {
        _blocks[block].Insts.Add((operands, clobbers, flags));
        return this;
    }

    public CodeBuilder Move(VReg from, VReg to) =>
        Op(_blocks.Count - 1, RegSet.Empty, MachineInstFlags.Move, Operand.Use(from), Operand.Def(to));

    public CodeBuilder Jump(int target, params VReg[] args)
    {
        BlockText block = _blocks[^1];
        block.Args.AddRange(args);
        return Branch([target]);
    }

    public CodeBuilder Return(params Operand[] operands) => Branch([], operands);

    public CodeBuilder Branch(int[] targets, params Operand[] operands) => Terminate(_blocks.Count - 1, targets, [], operands);

    public CodeBuilder Terminate(int block, int[] targets, VReg[] args, params Operand[] operands)
    {
        _blocks[block].Successors.AddRange(targets);
        _blocks[block].Args.AddRange(args);
        return Op(block, RegSet.Empty, MachineInstFlags.Terminator, operands);
    }

    /// <summary>A call that ends its block; its successors begin with arrivals.</summary>
    public CodeBuilder TryCall(int block, int[] targets, RegSet clobbers, params Operand[] operands)
    {
        _blocks[block].Successors.AddRange(targets);
        return Op(block, clobbers, MachineInstFlags.Call | MachineInstFlags.Terminator, operands);
    }

    public VCode Build()
    {
        VCode code = new();
        code.Clear();
        code.VRegCount = _vregs;
        code.FloatSpillWords = FloatSpillWords;
        for (int b = 0; b < _blocks.Count; b++)
        {
            BlockText text = _blocks[b];
            VCodeBlock block = new()
            {
                FirstInst = code.Insts.Count,
                FirstSuccessor = code.Successors.Count,
                SuccessorCount = text.Successors.Count,
                FirstPredecessor = code.Predecessors.Count,
                FirstParam = code.BlockParams.Count,
                ParamCount = text.Params.Count,
                FirstBranchArg = code.BranchArgs.Count,
                BranchArgCount = text.Args.Count,
                LoopDepth = (byte)text.LoopDepth,
                IsCold = text.IsCold,
            };
            foreach (int successor in text.Successors)
            {
                code.Successors.Add(successor);
            }

            for (int p = 0; p < _blocks.Count; p++)
            {
                if (_blocks[p].Successors.Contains(b))
                {
                    code.Predecessors.Add(p);
                    block.PredecessorCount++;
                }
            }

            code.BlockParams.AddRange(text.Params.ToArray());
            code.BranchArgs.AddRange(text.Args.ToArray());
            foreach ((Operand[] operands, RegSet clobbers, MachineInstFlags flags) in text.Insts)
            {
                MachineInst inst = new() { FirstOperand = code.Operands.Count, OperandCount = (byte)operands.Length, Flags = flags };
                if (!clobbers.IsEmpty)
                {
                    inst.Clobbers = (ushort)code.ClobberSets.Count;
                    code.ClobberSets.Add(clobbers);
                }

                code.Operands.AddRange(operands);
                code.Insts.Add(inst);
                code.SourceLocs.Add(0);
            }

            block.EndInst = code.Insts.Count;
            code.Blocks.Add(block);
        }

        return code;
    }

    /// <summary>Code and, if given, its allocation, for the message of a failing test.</summary>
    public static string Print(VCode code, AllocationResult? result)
    {
        StringBuilder text = new();
        int move = 0;
        for (int b = 0; b < code.Blocks.Count; b++)
        {
            text.Append($"block{b}({string.Join(", ", code.ParamsOf(b).ToArray())}) depth {code.Blocks[b].LoopDepth}:\n");
            for (int i = code.Blocks[b].FirstInst; i < code.Blocks[b].EndInst; i++)
            {
                AppendMoves(text, result, ref move, ProgPoint.Before(i));
                MachineInst inst = code.Insts[i];
                text.Append($"  {i}:");
                for (int o = 0; o < inst.OperandCount; o++)
                {
                    text.Append($" [{code.Operands[inst.FirstOperand + o]}");
                    text.Append(result != null && inst.FirstOperand + o < result.Allocations.Count ? $" = {result.Allocations[inst.FirstOperand + o]}]" : "]");
                }

                if (inst.Clobbers != 0)
                {
                    text.Append($" clobbers {code.ClobbersOf(inst).Bits:x}");
                }

                if (i == code.Blocks[b].EndInst - 1)
                {
                    text.Append($" -> {string.Join(", ", code.SuccessorsOf(b).ToArray())} ({string.Join(", ", code.BranchArgsOf(b).ToArray())})");
                }

                text.Append('\n');
                AppendMoves(text, result, ref move, ProgPoint.After(i));
            }
        }

        return text.ToString();
    }

    private static void AppendMoves(StringBuilder text, AllocationResult? result, ref int move, ProgPoint point)
    {
        for (; result != null && move < result.Moves.Count && result.Moves[move].Point <= point; move++)
        {
            text.Append($"       {result.Moves[move].From} -> {result.Moves[move].To}\n");
        }
    }
}
