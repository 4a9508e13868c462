// Atomic read-modify-write for operators without an instruction of their own: compare-exchange until nobody interfered.
using System;
using System.Diagnostics;
using MiniJit.Codegen.Emission;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using MiniJit.IR;
using static MiniJit.Backend.X64.Registers;

namespace MiniJit.Backend.X64;

internal sealed partial class X64Emitter
{
    //        mov rax, [m] (movzx below 32 bits, so that the upper bits are zero)
    // again: mov r11, rax; op r11, value; lock cmpxchg [m], r11; jne again
    private void AtomicRmwLoop(in MachineInst inst, ReadOnlySpan<Allocation> operands)
    {
        Debug.Assert(operands[0].Register == Rax && operands[1].Register != Rax);
        PReg value = operands[1].Register;
        Rm memory = Address(inst, operands[2..]);
        int size = inst.Size, wordSize = Math.Max(size, 4);
        Label again = _buffer.NewLabel();
        NoteTrap(inst.Trap);
        Put(size switch { 1 => X64Form.MovzxByte, 2 => X64Form.MovzxWord, _ => X64Form.MovRm }, wordSize, Rax, memory);
        _buffer.BindHere(again);
        AtomicLoopOp op = (AtomicLoopOp)inst.Aux;
        switch (op)
        {
            case AtomicLoopOp.And or AtomicLoopOp.Nand or AtomicLoopOp.Or or AtomicLoopOp.Xor:
                Put(X64Form.MovRm, wordSize, R11, Rax);
                Put(op switch { AtomicLoopOp.Or => X64Form.OrRm, AtomicLoopOp.Xor => X64Form.XorRm, _ => X64Form.AndRm }, wordSize, R11, value);
                if (op == AtomicLoopOp.Nand)
                {
                    Put(X64Form.Not, wordSize, default, R11);
                }

                break;
            default:
                // The new value is the old one unless the operand wins the comparison at the access's own width.
                Put(X64Form.MovRm, wordSize, R11, Rax);
                Put(X64Form.CmpRm, size, Rax, value);
                Condition operandWins = op switch
                {
                    AtomicLoopOp.Umin => Condition.Above,
                    AtomicLoopOp.Umax => Condition.Below,
                    AtomicLoopOp.Smin => Condition.Greater,
                    _ => Condition.Less,
                };
                ConditionalMove(operandWins, wordSize, R11, value);
                break;
        }

        NoteTrap(inst.Trap);
        Put(X64Form.LockCmpxchg, size, R11, memory);
        BranchEncoder.EmitShortBranch(_buffer, Condition.NotEqual, again);
    }

    //        mov rax, [m]; mov rdx, [m + 8]
    // again: rcx:rbx = rdx:rax op value; lock cmpxchg16b [m]; jne again
    private void AtomicPairLoop(in MachineInst inst, ReadOnlySpan<Allocation> operands)
    {
        PReg low = operands[2].Register, high = operands[3].Register;
        Rm memory = Address(inst, operands[4..]);
        Label again = _buffer.NewLabel();
        NoteTrap(inst.Trap);
        Put(X64Form.MovRm, 8, Rax, memory);
        NoteTrap(inst.Trap);
        Put(X64Form.MovRm, 8, Rdx, memory.Plus(8));
        _buffer.BindHere(again);
        CombinePair((AtomicRmwOp)inst.Aux, low, high);
        NoteTrap(inst.Trap);
        Put(X64Form.LockCmpxchg16b, 16, default, memory);
        BranchEncoder.EmitShortBranch(_buffer, Condition.NotEqual, again);
    }

    /// <summary>rcx:rbx = rdx:rax op high:low.</summary>
    private void CombinePair(AtomicRmwOp op, PReg low, PReg high)
    {
        if (op == AtomicRmwOp.Xchg)
        {
            Put(X64Form.MovRm, 8, Rbx, low);
            Put(X64Form.MovRm, 8, Rcx, high);
            return;
        }

        Put(X64Form.MovRm, 8, Rbx, Rax);
        Put(X64Form.MovRm, 8, Rcx, Rdx);
        switch (op)
        {
            case AtomicRmwOp.Add or AtomicRmwOp.Sub:
                Put(op == AtomicRmwOp.Add ? X64Form.AddRm : X64Form.SubRm, 8, Rbx, low);
                Put(op == AtomicRmwOp.Add ? X64Form.AdcRm : X64Form.SbbRm, 8, Rcx, high);
                break;
            case AtomicRmwOp.And or AtomicRmwOp.Nand or AtomicRmwOp.Or or AtomicRmwOp.Xor:
                X64Form form = op switch { AtomicRmwOp.Or => X64Form.OrRm, AtomicRmwOp.Xor => X64Form.XorRm, _ => X64Form.AndRm };
                Put(form, 8, Rbx, low);
                Put(form, 8, Rcx, high);
                if (op == AtomicRmwOp.Nand)
                {
                    Put(X64Form.Not, 8, default, Rbx);
                    Put(X64Form.Not, 8, default, Rcx);
                }

                break;
            default:
                // The borrow out of old − operand orders them; the operand replaces the old value where it wins.
                Put(X64Form.CmpRm, 8, Rax, low);
                Put(X64Form.MovRm, 8, R11, Rdx);
                Put(X64Form.SbbRm, 8, R11, high);
                Condition operandWins = op switch
                {
                    AtomicRmwOp.Umin => Condition.AboveEqual,
                    AtomicRmwOp.Umax => Condition.Below,
                    AtomicRmwOp.Smin => Condition.GreaterEqual,
                    _ => Condition.Less,
                };
                ConditionalMove(operandWins, 8, Rbx, low);
                ConditionalMove(operandWins, 8, Rcx, high);
                break;
        }
    }

    private void ConditionalMove(Condition condition, int size, PReg to, PReg from) => Encode.Instruction(
        _buffer, InstructionTable.Row(X64Form.Cmovcc), size, Rm.Register(from), new EncodedFields { Reg = to.Encoding, Condition = (byte)condition });

    private void NoteTrap(byte trap)
    {
        if (trap != 0)
        {
            _buffer.AddTrap(trap);
        }
    }
}
