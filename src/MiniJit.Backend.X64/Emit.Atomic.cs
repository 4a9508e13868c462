// Atomic read-modify-write for operators without an instruction of their own: compare-exchange until nobody interfered.
using System;
using System.Diagnostics;
using MiniJit.Codegen.Emission;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
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
                Encode.Instruction(
                    _buffer, InstructionTable.Row(X64Form.Cmovcc), wordSize, Rm.Register(value),
                    new EncodedFields { Reg = R11.Encoding, Condition = (byte)operandWins });
                break;
        }

        NoteTrap(inst.Trap);
        Put(X64Form.LockCmpxchg, size, R11, memory);
        BranchEncoder.EmitShortBranch(_buffer, Condition.NotEqual, again);
    }

    private void NoteTrap(byte trap)
    {
        if (trap != 0)
        {
            _buffer.AddTrap(trap);
        }
    }
}
