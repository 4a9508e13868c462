// Atomics on 16 bytes: loops of ldaxp and stlxp. Only the store tells that both words were read at once, so there always is one; compare and
// swap stores back what it read where that is not what it expected. The new value is made in x16 and x17.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using MiniJit.IR;
using static MiniJit.Backend.Arm64.Registers;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64Emitter
{
    private readonly record struct RegisterPair(PReg Low, PReg High);

    private static RegisterPair NewPair => new(IntScratch, AddressScratch);

    // again: ldaxp old, [p]; new = old op operand; stlxp s, new, [p]; cbnz s, again
    private void EmitAtomicPair(A64Form form, in MachineInst inst, ReadOnlySpan<Allocation> operands)
    {
        PReg status = operands[2].Register, address = operands[^1].Register;
        RegisterPair old = PairAt(operands, 0), operand = PairAt(operands, 3), stored = NewPair;
        int again = _buffer.Offset;
        AddTrap(inst.Trap);
        Put(new A64Instruction(A64Form.Ldaxp, 0) { Lane = 3, Rd = Number(old.Low), Ra = Number(old.High), Rn = Number(address) });
        if (form == A64Form.AtomicPairCas)
        {
            // cmp old, expected; new = eq ? replacement : old
            Put(A64Form.SubsShifted, 8, Zr, old.Low, operand.Low);
            Put(new A64Instruction(A64Form.CcmpReg, 8) { Rn = Number(old.High), Rm = Number(operand.High), Cond = (byte)Condition.Eq });
            SelectPair(PairAt(operands, 5), old, Condition.Eq);
        }
        else
        {
            stored = CombinePair((AtomicRmwOp)inst.Aux, old, operand);
        }

        Put(new A64Instruction(A64Form.Stlxp, 0)
        {
            Lane = 3, Rm = Number(status), Rd = Number(stored.Low), Ra = Number(stored.High), Rn = Number(address),
        });
        Put(new A64Instruction(A64Form.Cbnz, 4) { Rd = Number(status), Imm = again - _buffer.Offset });
    }

    private static byte Number(PReg register) => (byte)register.Encoding;

    private static RegisterPair PairAt(ReadOnlySpan<Allocation> operands, int index) => new(operands[index].Register, operands[index + 1].Register);

    /// <summary>Computes what is stored, and says where it is.</summary>
    private RegisterPair CombinePair(AtomicRmwOp op, RegisterPair old, RegisterPair operand)
    {
        switch (op)
        {
            case AtomicRmwOp.Xchg:
                return operand;
            case AtomicRmwOp.Add:
                return PutPair(A64Form.AddsShifted, A64Form.Adc, old, operand);
            case AtomicRmwOp.Sub:
                return PutPair(A64Form.SubsShifted, A64Form.Sbc, old, operand);
            case AtomicRmwOp.And:
                return PutPair(A64Form.And, A64Form.And, old, operand);
            case AtomicRmwOp.Or:
                return PutPair(A64Form.Orr, A64Form.Orr, old, operand);
            case AtomicRmwOp.Xor:
                return PutPair(A64Form.Eor, A64Form.Eor, old, operand);
            case AtomicRmwOp.Nand:
                RegisterPair both = PutPair(A64Form.And, A64Form.And, old, operand);
                return PutPair(A64Form.Orn, A64Form.Orn, new(Zr, Zr), both);
        }

        // cmp old, operand; the borrow out of the whole difference orders them
        Put(A64Form.SubsShifted, 8, Zr, old.Low, operand.Low);
        Put(A64Form.Sbcs, 8, Zr, old.High, operand.High);
        return SelectPair(old, operand, op switch
        {
            AtomicRmwOp.Smin => Condition.Lt,
            AtomicRmwOp.Smax => Condition.Ge,
            AtomicRmwOp.Umin => Condition.Lo,
            _ => Condition.Hs,
        });
    }

    private RegisterPair PutPair(A64Form low, A64Form high, RegisterPair x, RegisterPair y)
    {
        Put(low, 8, NewPair.Low, x.Low, y.Low);
        Put(high, 8, NewPair.High, x.High, y.High);
        return NewPair;
    }

    private RegisterPair SelectPair(RegisterPair ifTrue, RegisterPair ifFalse, Condition condition)
    {
        SelectWord(NewPair.Low, ifTrue.Low, ifFalse.Low, condition);
        SelectWord(NewPair.High, ifTrue.High, ifFalse.High, condition);
        return NewPair;
    }

    private void SelectWord(PReg to, PReg ifTrue, PReg ifFalse, Condition condition) => Put(new A64Instruction(A64Form.Csel, 8)
    {
        Rd = Number(to), Rn = Number(ifTrue), Rm = Number(ifFalse), Cond = (byte)condition,
    });
}
