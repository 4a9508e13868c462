// Atomic read-modify-write and compare-and-swap without FEAT_LSE: an exclusive pair, again until nobody interfered. Between the load and the store
// stands no other access to memory, so that the pair makes progress on every implementation (Arm ARM B2.9.5).
using System;
using System.Numerics;
using MiniJit.Codegen.Emission;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using MiniJit.IR;
using static MiniJit.Backend.Arm64.Registers;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64Emitter
{
    private static PReg Status => AddressScratch;

    private void EmitAtomic(A64Form form, in MachineInst inst, ReadOnlySpan<Allocation> operands)
    {
        if (form == A64Form.AtomicRmwLoop)
        {
            AtomicRmwLoop(inst, operands[0].Register, operands[1].Register, operands[2].Register);
        }
        else
        {
            AtomicCasLoop(inst, operands[0].Register, operands[1].Register, operands[2].Register, operands[3].Register);
        }
    }

    // again: ldaxr old, [address]; op x16, old, value; stlxr w17, x16, [address]; cbnz w17, again
    private void AtomicRmwLoop(in MachineInst inst, PReg old, PReg value, PReg address)
    {
        Label again = _buffer.NewLabel();
        _buffer.BindHere(again);
        PutExclusive(A64Form.Ldaxr, inst, old, address);
        PReg replacement = Combine((AtomicRmwOp)inst.Aux, inst.Size, old, value);
        PutExclusive(A64Form.Stlxr, inst, replacement, address);
        _branches.EmitBranch(_buffer, BranchEncoder.OfRegister(Status, 4, nonZero: true), again);
    }

    // again: ldaxr old, [address]; cmp old, expected; b.ne done; stlxr w17, replacement, [address]; cbnz w17, again; done:
    private void AtomicCasLoop(in MachineInst inst, PReg old, PReg expected, PReg replacement, PReg address)
    {
        Label again = _buffer.NewLabel(), done = _buffer.NewLabel();
        _buffer.BindHere(again);
        PutExclusive(A64Form.Ldaxr, inst, old, address);
        Compare(old, expected, inst.Size, signed: false);
        _branches.EmitBranch(_buffer, BranchEncoder.OfFlags(Condition.Ne), done);
        PutExclusive(A64Form.Stlxr, inst, replacement, address);
        _branches.EmitBranch(_buffer, BranchEncoder.OfRegister(Status, 4, nonZero: true), again);
        _buffer.BindHere(done);
    }

    /// <summary>The register with old op value: value itself or x16.</summary>
    private PReg Combine(AtomicRmwOp op, int bytes, PReg old, PReg value)
    {
        int size = Math.Max(bytes, 4);
        switch (op)
        {
            case AtomicRmwOp.Xchg:
                return value;
            case AtomicRmwOp.Nand:
                Put(A64Form.And, size, IntScratch, old, value);
                Put(A64Form.Orn, size, IntScratch, Zr, IntScratch);
                return IntScratch;
            case AtomicRmwOp.Add or AtomicRmwOp.Sub or AtomicRmwOp.And or AtomicRmwOp.Or or AtomicRmwOp.Xor:
                A64Form form = op switch
                {
                    AtomicRmwOp.Add => A64Form.AddShifted,
                    AtomicRmwOp.Sub => A64Form.SubShifted,
                    AtomicRmwOp.And => A64Form.And,
                    AtomicRmwOp.Or => A64Form.Orr,
                    _ => A64Form.Eor,
                };
                Put(form, size, IntScratch, old, value);
                return IntScratch;
        }

        bool signed = op is AtomicRmwOp.Smin or AtomicRmwOp.Smax;
        PReg compared = old;
        if (signed && bytes < 4)
        {
            PutImm(A64Form.Sbfm, 4, IntScratch, old, 0, (bytes * 8) - 1);
            compared = IntScratch;
        }

        Compare(compared, value, bytes, signed);
        Condition keepsOld = op switch
        {
            AtomicRmwOp.Umin => Condition.Ls,
            AtomicRmwOp.Umax => Condition.Hs,
            AtomicRmwOp.Smin => Condition.Le,
            _ => Condition.Ge,
        };
        Put(new A64Instruction(A64Form.Csel, size)
        {
            Rd = (byte)IntScratch.Encoding,
            Rn = (byte)old.Encoding,
            Rm = (byte)value.Encoding,
            Cond = (byte)keepsOld,
        });
        return IntScratch;
    }

    /// <summary>cmp of a number that is extended to 32 bits with one that is not.</summary>
    private void Compare(PReg extended, PReg other, int bytes, bool signed)
    {
        Extend extend = (bytes, signed) switch
        {
            (1, false) => Extend.Uxtb,
            (1, true) => Extend.Sxtb,
            (2, false) => Extend.Uxth,
            _ => Extend.Sxth,
        };
        Put(new A64Instruction(bytes < 4 ? A64Form.SubsExtended : A64Form.SubsShifted, Math.Max(bytes, 4))
        {
            Rd = (byte)Zr.Encoding,
            Rn = (byte)extended.Encoding,
            Rm = (byte)other.Encoding,
            Aux = bytes < 4 ? (byte)extend : (byte)0,
        });
    }

    private void PutExclusive(A64Form form, in MachineInst inst, PReg value, PReg address)
    {
        AddTrap(inst.Trap);
        Put(new A64Instruction(form, 0)
        {
            Rd = (byte)value.Encoding,
            Rn = (byte)address.Encoding,
            Rm = (byte)Status.Encoding,
            Lane = (byte)BitOperations.Log2((uint)inst.Size),
        });
    }
}
