// Lowering rules: atomics on 128-bit integers, all through cmpxchg16b, which compares rdx:rax with memory and stores rcx:rbx. The
// address must be 16-byte aligned, or the processor faults.
using MiniJit.Codegen.Lowering;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.X64;

internal sealed partial class X64LowerContext
{
    /// <summary>Lowers an atomic access of 16 bytes. False if the target lacks the instruction or the byte order is foreign.</summary>
    private bool LowerAtomic128(Inst inst)
    {
        if (!isa.UseCmpxchg16b || Dfg.MemFlagsOf(inst).IsBig)
        {
            return false;
        }

        switch (Dfg[inst].Opcode)
        {
            // atomic_load p                             => lock cmpxchg16b [p] with 0 for 0: the value is left as it was
            case Opcode.AtomicLoad:
                SetResult(inst, 0, CompareExchange128(new(LoadInt(0), LoadInt(0)), new(LoadInt(0), LoadInt(0)), Address(inst, Arg(inst, 0), 0)));
                return true;

            // atomic_store x, p                         => exchange until nobody interfered
            case Opcode.AtomicStore:
                AtomicPairLoop(AtomicRmwOp.Xchg, PutRegs(Arg(inst, 0)), Address(inst, Arg(inst, 1), 0));
                return true;

            // atomic_rmw op p, x                        => the same with op
            case Opcode.AtomicRmw:
                SetResult(inst, 0, AtomicPairLoop(Dfg[inst].RmwOp, PutRegs(Arg(inst, 1)), Address(inst, Arg(inst, 0), 0)));
                return true;

            // atomic_cas p, e, x                        => lock cmpxchg16b [p]
            case Opcode.AtomicCas:
                SetResult(inst, 0, CompareExchange128(PutRegs(Arg(inst, 1)), PutRegs(Arg(inst, 2)), Address(inst, Arg(inst, 0), 0)));
                return true;

            default:
                return false;
        }
    }

    private ValueRegs CompareExchange128(ValueRegs expected, ValueRegs replacement, in Mem memory)
    {
        ValueRegs old = new(NewInt(), NewInt());
        Emit(X64Form.LockCmpxchg16b, 16, [old.Low, old.High, expected.Low, expected.High, replacement.Low, replacement.High], memory);
        return old;
    }

    private ValueRegs AtomicPairLoop(AtomicRmwOp op, ValueRegs operand, in Mem memory)
    {
        ValueRegs old = new(NewInt(), NewInt());
        Begin((ushort)X64Form.AtomicPairLoop, 16);
        Use(Operand.DefFixed(old.Low, Registers.Rax));
        Use(Operand.DefFixed(old.High, Registers.Rdx));
        Use(Operand.UseLate(operand.Low));
        Use(Operand.UseLate(operand.High));
        Current.Aux = (byte)op;
        Current.Clobbers = ClobberSet(RegSet.Empty.With(Registers.Rbx).With(Registers.Rcx));
        AddAddress(memory, late: true);
        return old;
    }
}
