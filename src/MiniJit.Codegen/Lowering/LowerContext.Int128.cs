// Rules for 128-bit integers, in two registers with the low half first, that move their halves and compute nothing.
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Codegen.Lowering;

internal abstract partial class LowerContext
{
    /// <summary>Between i128 and what fills a vector register.</summary>
    protected bool Bitcast128(Inst inst)
    {
        IrType from = TypeOf(Arg(inst, 0)), to = TypeOf(Dfg.FirstResult(inst));
        if (IsInt128(from) && IsInt128(to))
        {
            SetResult(inst, 0, PutRegs(Arg(inst, 0)));
            return true;
        }

        if (Dfg.MemFlagsOf(inst).IsBig && from.LaneCount != to.LaneCount)
        {
            return false;
        }

        if (IsPacked(to))
        {
            SetResult(inst, 0, Int128ToVector(PutRegs(Arg(inst, 0))));
        }
        else if (IsPacked(from))
        {
            SetResult(inst, 0, VectorToInt128(Put(Arg(inst, 0))));
        }

        return IsPacked(from) || IsPacked(to);
    }

    protected void Split128(Inst inst)
    {
        ValueRegs halves = PutRegs(Arg(inst, 0));
        SetResult(inst, 0, halves.Low);
        SetResult(inst, 1, halves.High);
    }

    /// <summary>A vector of the two halves of an integer.</summary>
    protected abstract VReg Int128ToVector(ValueRegs x);

    /// <summary>The two halves of a vector as an integer.</summary>
    protected abstract ValueRegs VectorToInt128(VReg x);
}
