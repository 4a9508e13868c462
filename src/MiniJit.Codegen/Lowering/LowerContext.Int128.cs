// Rules for 128-bit integers, in two registers with the low half first, that move their halves or are sums of products of halves.
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

    // umulhi x, y                                       => hi·hi + upper half of (lo·hi + hi·lo + upper half of lo·lo)
    // smulhi x, y                                       => umulhi x, y − (x < 0 ? y : 0) − (y < 0 ? x : 0)
    protected ValueRegs MulHigh128(Inst inst)
    {
        ValueRegs x = PutRegs(Arg(inst, 0)), y = PutRegs(Arg(inst, 1));
        ValueRegs first = AddWord128(MulWide64(x.Low, y.High), MulWide64(x.Low, y.Low).High);
        ValueRegs second = AddWord128(MulWide64(x.High, y.Low), first.Low);
        ValueRegs result = AddWord128(AddWord128(MulWide64(x.High, y.High), first.High), second.High);
        return Dfg[inst].Opcode == Opcode.Umulhi ? result : Subtract128(Subtract128(result, IfNegative128(x, y)), IfNegative128(y, x));
    }

    /// <summary>x &lt; 0 ? y : 0.</summary>
    private ValueRegs IfNegative128(ValueRegs x, ValueRegs y)
    {
        VReg sign = SignMask64(x.High);
        return new(And64(y.Low, sign), And64(y.High, sign));
    }

    /// <summary>The product of two words.</summary>
    protected abstract ValueRegs MulWide64(VReg x, VReg y);

    /// <summary>Adds a word.</summary>
    protected abstract ValueRegs AddWord128(ValueRegs x, VReg y);

    protected abstract ValueRegs Subtract128(ValueRegs x, ValueRegs y);

    protected abstract VReg And64(VReg x, VReg y);

    /// <summary>All bits are the word's sign.</summary>
    protected abstract VReg SignMask64(VReg x);

    /// <summary>A vector of the two halves of an integer.</summary>
    protected abstract VReg Int128ToVector(ValueRegs x);

    /// <summary>The two halves of a vector as an integer.</summary>
    protected abstract ValueRegs VectorToInt128(VReg x);
}
