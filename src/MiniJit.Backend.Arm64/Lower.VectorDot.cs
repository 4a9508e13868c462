// Lowering rules: dot products of bytes, in the shape that WebAssembly's relaxed SIMD gives them: products of widened bytes, widened again and
// summed up by pairs twice, so that each lane of 32 bits has the sum of four products.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    /// <summary>Four products of bytes of <paramref name="X"/> and <paramref name="Y"/> in each lane of 32 bits.</summary>
    private readonly record struct DotProduct(Value X, Value Y, bool IsXSigned, bool IsYSigned);

    // iadd (dot x, y), z           [FEAT_DotProd]       => sdot d = z, x, y   (udot of unsigned bytes)
    // iadd (dot x, y), z           [FEAT_I8MM]          => usdot d = z, x, y  (x unsigned, y signed)
    private bool TryAddDot(Value x, Value y, out VReg sum)
    {
        sum = default;
        if (!IsDotProduct(x, out DotProduct dot))
        {
            if (!IsDotProduct(y, out dot))
            {
                return false;
            }

            y = x;
        }

        bool isMixed = dot.IsXSigned != dot.IsYSigned;
        if (!(isMixed ? isa.HasI8mm : isa.HasDotprod))
        {
            return false;
        }

        A64Form form = isMixed ? A64Form.UsdotVec : dot.IsXSigned ? A64Form.SdotVec : A64Form.UdotVec;
        (Value first, Value second) = isMixed && dot.IsXSigned ? (dot.Y, dot.X) : (dot.X, dot.Y);
        sum = Lanes(form, IrType.I32X4, Put(y), Put(first), Put(second));
        return true;
    }

    private bool IsDotProduct(Value value, out DotProduct dot)
    {
        dot = default;
        Inst sums = DefBy(value, Opcode.IaddPairwise);
        if (sums.IsNone || TypeOf(value) != IrType.I32X4
            || !IsPairSum(Arg(sums, 0), out Value low, out bool signed) || !IsPairSum(Arg(sums, 1), out Value high, out bool isHighSigned)
            || !IsByteProduct(low, isHigh: false, out dot) || !IsByteProduct(high, isHigh: true, out DotProduct other))
        {
            return false;
        }

        // Products of which a factor is signed fit 16 signed bits, others 16 unsigned ones.
        return dot == other && signed == isHighSigned && signed == (dot.IsXSigned || dot.IsYSigned);
    }

    // iadd_pairwise (swiden_low x), (swiden_high x)
    private bool IsPairSum(Value value, out Value source, out bool signed)
    {
        Inst sum = DefBy(value, Opcode.IaddPairwise);
        if (!sum.IsNone && IsWidened(Arg(sum, 0), out Widened low) && IsWidened(Arg(sum, 1), out Widened high)
            && low.Source == high.Source && low.Signed == high.Signed && !low.High && high.High)
        {
            (source, signed) = (low.Source, low.Signed);
            return true;
        }

        (source, signed) = (default, false);
        return false;
    }

    // imul (swiden_low x), (uwiden_low y)
    private bool IsByteProduct(Value value, bool isHigh, out DotProduct dot)
    {
        Inst product = DefBy(value, Opcode.Imul);
        if (!product.IsNone && IsWidened(Arg(product, 0), out Widened x) && IsWidened(Arg(product, 1), out Widened y)
            && x.From == IrType.I8X16 && x.High == isHigh && y.High == isHigh)
        {
            dot = new(x.Source, y.Source, x.Signed, y.Signed);
            return true;
        }

        dot = default;
        return false;
    }
}
