// Checks the invariants of VCode (see its head): what lowering promises to allocators and emission. Debugging aid and test
// oracle; off the compile path, so it may allocate.
using System;
using System.Collections.Generic;
using MiniJit.Codegen.Machine;

namespace MiniJit.Codegen.RegisterAllocation;

internal sealed class VCodeValidator
{
    private readonly VCode _code;
    private readonly int[] _defs;                              // per value: number of defs
    private readonly RegClass[] _classes;
    private string? _violation;

    private VCodeValidator(VCode code)
    {
        _code = code;
        _defs = new int[code.VRegCount];
        _classes = new RegClass[code.VRegCount];
    }

    /// <summary>The first broken invariant as text, or null.</summary>
    public static string? Validate(VCode code)
    {
        VCodeValidator validator = new(code);
        validator.CheckBlocks();
        if (validator._violation == null)
        {
            validator.CheckInstructions();
        }

        if (validator._violation == null)
        {
            validator.CheckDominance();
        }

        return validator._violation;
    }

    private void Report(int block, int inst, string text) => _violation ??= inst < 0 ? $"block {block}: {text}" : $"block {block}, instruction {inst}: {text}";

    private void CheckBlocks()
    {
        if (_code.Blocks.Count == 0)
        {
            Report(0, -1, "there is no entry block");
            return;
        }

        if (_code.Blocks[0].PredecessorCount != 0 || _code.Blocks[0].ParamCount != 0)
        {
            Report(0, -1, "the entry block has predecessors or parameters");
        }

        int nextInst = 0;
        for (int b = 0; b < _code.Blocks.Count; b++)
        {
            VCodeBlock block = _code.Blocks[b];
            if (block.FirstInst != nextInst || block.EndInst <= block.FirstInst || block.EndInst > _code.Insts.Count)
            {
                Report(b, -1, $"instructions {block.FirstInst}..{block.EndInst} do not follow those of the block before");
                return;
            }

            nextInst = block.EndInst;
            CheckEdges(b, block);
        }

        if (nextInst != _code.Insts.Count)
        {
            Report(_code.Blocks.Count - 1, -1, "there are instructions after the last block");
        }
    }

    private void CheckEdges(int b, VCodeBlock block)
    {
        foreach (int successor in _code.SuccessorsOf(b))
        {
            if (_code.PredecessorsOf(successor).IndexOf(b) < 0)
            {
                Report(b, -1, $"is not among the predecessors of its successor {successor}");
            }

            if (block.SuccessorCount > 1 && _code.Blocks[successor].PredecessorCount != 1)
            {
                Report(b, -1, $"the edge to block {successor} is critical");
            }

            if (block.SuccessorCount == 1 && _code.Blocks[successor].ParamCount != block.BranchArgCount)
            {
                Report(b, -1, $"passes {block.BranchArgCount} arguments to the {_code.Blocks[successor].ParamCount} parameters of block {successor}");
            }

            MachineInst terminator = _code.Insts[block.EndInst - 1];
            if (block.SuccessorCount == 1 && _code.Blocks[successor].PredecessorCount > 1 && (terminator.OperandCount > 0 || terminator.Clobbers != 0))
            {
                Report(b, block.EndInst - 1, "a jump into a block with several predecessors has operands or clobbers; moves of the edge go before it");
            }
        }

        foreach (int predecessor in _code.PredecessorsOf(b))
        {
            if (_code.SuccessorsOf(predecessor).IndexOf(b) < 0)
            {
                Report(b, -1, $"is not among the successors of its predecessor {predecessor}");
            }

            if (block.ParamCount > 0 && _code.Blocks[predecessor].SuccessorCount != 1)
            {
                Report(b, -1, $"has parameters, and its predecessor {predecessor} has several successors");
            }
        }

        if (block.BranchArgCount > 0 && block.SuccessorCount != 1)
        {
            Report(b, -1, "passes arguments and has not exactly one successor");
        }

        for (int i = block.FirstInst; i < block.EndInst; i++)
        {
            if (((_code.Insts[i].Flags & MachineInstFlags.Terminator) != 0) != (i == block.EndInst - 1))
            {
                Report(b, i, "exactly the last instruction of a block is a terminator");
            }
        }
    }

    private void CheckInstructions()
    {
        for (int b = 0; b < _code.Blocks.Count; b++)
        {
            foreach (VReg param in _code.ParamsOf(b))
            {
                Define(b, -1, param);
            }

            for (int i = _code.Blocks[b].FirstInst; i < _code.Blocks[b].EndInst; i++)
            {
                CheckOperands(b, i);
            }
        }

        for (int b = 0; b < _code.Blocks.Count; b++)
        {
            foreach (VReg arg in _code.BranchArgsOf(b))
            {
                Mention(b, -1, arg);
            }

            for (int k = 0; k < _code.Blocks[b].BranchArgCount; k++)
            {
                if (_code.BranchArgsOf(b)[k].Class != _code.ParamsOf(_code.SuccessorsOf(b)[0])[k].Class)
                {
                    Report(b, -1, $"argument {k} and its parameter differ in class");
                }
            }

            for (int i = _code.Blocks[b].FirstInst; i < _code.Blocks[b].EndInst; i++)
            {
                foreach (Operand operand in _code.OperandsOf(_code.Insts[i]))
                {
                    Mention(b, i, operand.Reg);
                }
            }
        }
    }

    private void CheckOperands(int b, int i)
    {
        MachineInst inst = _code.Insts[i];
        ReadOnlySpan<Operand> operands = _code.OperandsOf(inst);
        ulong clobbers = _code.ClobbersOf(inst).Bits, early = 0, late = 0, reused = 0;
        bool isArrival = (inst.Flags & MachineInstFlags.Arrival) != 0;
        if (isArrival && (i != _code.Blocks[b].FirstInst || _code.Blocks[b].PredecessorCount != 1 || clobbers != 0))
        {
            Report(b, i, "an arrival is not the first instruction of a block with one predecessor, or clobbers something");
        }

        for (int o = 0; o < operands.Length; o++)
        {
            Operand operand = operands[o];
            if (isArrival && (operand.Kind != OperandKind.Def || operand.Pos != OperandPos.Early || operand.Constraint.Kind != ConstraintKind.Fixed))
            {
                Report(b, i, $"operand {o} of an arrival is not an early def in a fixed register");
            }

            if (operand.Kind == OperandKind.Def)
            {
                Define(b, i, operand.Reg);
                if ((inst.Flags & MachineInstFlags.Terminator) != 0)
                {
                    Report(b, i, "a terminator defines something");
                }
            }

            if (operand.Constraint.Kind == ConstraintKind.Reuse)
            {
                int input = operand.Constraint.ReusedInput;
                if (operand.Kind != OperandKind.Def || operand.Pos != OperandPos.Late || input >= operands.Length
                    || operands[input].Kind != OperandKind.Use || operands[input].Pos != OperandPos.Early
                    || operands[input].Reg.Class != operand.Reg.Class || ((reused >> input) & 1) != 0)
                {
                    Report(b, i, $"operand {o} reuses an operand that cannot be reused");
                    return;
                }

                reused |= 1ul << input;
            }
            else if (operand.Constraint.Kind == ConstraintKind.Fixed)
            {
                CheckFixed(b, i, operand, clobbers, ref early, ref late);
            }
        }
    }

    private void CheckFixed(int b, int i, Operand operand, ulong clobbers, ref ulong early, ref ulong late)
    {
        PReg register = operand.Constraint.Register;
        ulong bit = 1ul << register.Number;
        bool isDef = operand.Kind == OperandKind.Def;
        bool takesEarly = !isDef || operand.Pos == OperandPos.Early, takesLate = isDef || operand.Pos == OperandPos.Late;
        if (register.Class != operand.Reg.Class)
        {
            Report(b, i, $"{operand} is of the wrong class");
        }

        if ((takesEarly && (early & bit) != 0) || (takesLate && ((late | clobbers) & bit) != 0))
        {
            Report(b, i, $"{register} is taken more than once at one position, or is also clobbered");
        }

        early |= takesEarly ? bit : 0;
        late |= takesLate ? bit : 0;
    }

    private void Define(int b, int i, VReg vreg)
    {
        if (vreg.IsNone || vreg.Index >= _code.VRegCount)
        {
            Report(b, i, $"{vreg} is not below the register count {_code.VRegCount}");
            return;
        }

        _classes[vreg.Index] = vreg.Class;
        if (++_defs[vreg.Index] > 1)
        {
            Report(b, i, $"{vreg} is defined twice");
        }
    }

    private void Mention(int b, int i, VReg vreg)
    {
        if (vreg.IsNone || vreg.Index >= _code.VRegCount || _defs[vreg.Index] == 0)
        {
            Report(b, i, $"{vreg} is used and never defined");
        }
        else if (_classes[vreg.Index] != vreg.Class)
        {
            Report(b, i, $"{vreg} is defined with the other class");
        }
    }

    /// <summary>A def that does not dominate a use leaves the value live into the entry block.</summary>
    private void CheckDominance()
    {
        HashSet<int>[] liveIn = new HashSet<int>[_code.Blocks.Count];
        Stack<(int Block, int VReg)> pending = new();
        for (int b = 0; b < liveIn.Length; b++)
        {
            liveIn[b] = [];
            CollectExposedUses(b, pending);
        }

        int[] defBlock = DefBlocks();
        while (pending.Count > 0)
        {
            (int block, int vreg) = pending.Pop();
            if (!liveIn[block].Add(vreg))
            {
                continue;
            }

            if (block == 0 || defBlock[vreg] == block)
            {
                Report(block, -1, $"value {vreg} is used where its def does not dominate");
                return;
            }

            foreach (int predecessor in _code.PredecessorsOf(block))
            {
                if (defBlock[vreg] != predecessor)
                {
                    pending.Push((predecessor, vreg));
                }
            }
        }
    }

    /// <summary>Adds the values that a block uses and does not define before.</summary>
    private void CollectExposedUses(int block, Stack<(int Block, int VReg)> uses)
    {
        HashSet<int> defined = [];
        foreach (VReg param in _code.ParamsOf(block))
        {
            defined.Add(param.Index);
        }

        for (int i = _code.Blocks[block].FirstInst; i < _code.Blocks[block].EndInst; i++)
        {
            foreach (Operand operand in _code.OperandsOf(_code.Insts[i]))
            {
                if (operand.Kind == OperandKind.Use && !defined.Contains(operand.Reg.Index))
                {
                    uses.Push((block, operand.Reg.Index));
                }
            }

            foreach (Operand operand in _code.OperandsOf(_code.Insts[i]))
            {
                if (operand.Kind == OperandKind.Def)
                {
                    defined.Add(operand.Reg.Index);
                }
            }
        }

        foreach (VReg arg in _code.BranchArgsOf(block))
        {
            if (!defined.Contains(arg.Index))
            {
                uses.Push((block, arg.Index));
            }
        }
    }

    private int[] DefBlocks()
    {
        int[] result = new int[_code.VRegCount];
        for (int b = 0; b < _code.Blocks.Count; b++)
        {
            foreach (VReg param in _code.ParamsOf(b))
            {
                result[param.Index] = b;
            }

            for (int i = _code.Blocks[b].FirstInst; i < _code.Blocks[b].EndInst; i++)
            {
                foreach (Operand operand in _code.OperandsOf(_code.Insts[i]))
                {
                    if (operand.Kind == OperandKind.Def)
                    {
                        result[operand.Reg.Index] = b;
                    }
                }
            }
        }

        return result;
    }
}
