// Lowering rules: atomics on 128-bit integers, all as loops of ldaxp and stlxp, which make any pair of registers one access. The address
// must be 16-byte aligned, or the processor faults.
using MiniJit.Codegen.Lowering;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    /// <summary>Lowers an atomic access of 16 bytes. False if the byte order is foreign.</summary>
    private bool LowerAtomic128(Inst inst)
    {
        if (Dfg.MemFlagsOf(inst).IsBig)
        {
            return false;
        }

        switch (Dfg[inst].Opcode)
        {
            // atomic_load p                             => the value or'ed with 0: only the store tells that the pair was read at once
            case Opcode.AtomicLoad:
                VReg zero = LoadInt(0);
                SetResult(inst, 0, AtomicPairLoop(inst, AtomicRmwOp.Or, new(zero, zero), Put(Arg(inst, 0))));
                return true;

            // atomic_store x, p                         => exchange
            case Opcode.AtomicStore:
                AtomicPairLoop(inst, AtomicRmwOp.Xchg, PutRegs(Arg(inst, 0)), Put(Arg(inst, 1)));
                return true;

            // atomic_rmw op p, x                        => ldaxp; op; stlxp; cbnz
            case Opcode.AtomicRmw:
                SetResult(inst, 0, AtomicPairLoop(inst, Dfg[inst].RmwOp, PutRegs(Arg(inst, 1)), Put(Arg(inst, 0))));
                return true;

            // atomic_cas p, e, x                        => ldaxp; x or what was there; stlxp; cbnz
            default:
                SetResult(inst, 0, AtomicPairCas(inst, PutRegs(Arg(inst, 1)), PutRegs(Arg(inst, 2)), Put(Arg(inst, 0))));
                return true;
        }
    }

    private ValueRegs AtomicPairLoop(Inst inst, AtomicRmwOp op, ValueRegs operand, VReg address)
    {
        ValueRegs old = BeginAtomicPair(inst, A64Form.AtomicPairLoop);
        Current.Aux = (byte)op;
        UseLate(operand);
        Use(Operand.UseLate(address));
        return old;
    }

    private ValueRegs AtomicPairCas(Inst inst, ValueRegs expected, ValueRegs replacement, VReg address)
    {
        ValueRegs old = BeginAtomicPair(inst, A64Form.AtomicPairCas);
        UseLate(expected);
        UseLate(replacement);
        Use(Operand.UseLate(address));
        return old;
    }

    private ValueRegs BeginAtomicPair(Inst inst, A64Form form)
    {
        ValueRegs old = new(NewInt(), NewInt());
        Begin((ushort)form, 16);
        Current.Trap = TrapOf(inst);
        Use(Operand.DefEarly(old.Low));
        Use(Operand.DefEarly(old.High));
        Use(Operand.DefEarly(NewInt()));                       // whether the store succeeded
        return old;
    }

    private void UseLate(ValueRegs pair)
    {
        Use(Operand.UseLate(pair.Low));
        Use(Operand.UseLate(pair.High));
    }
}
