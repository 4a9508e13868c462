// Lowering rules: float arithmetic by lane, and conversions between vectors of floats and of integers.
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    // fmul x, (splat y)                                 => fmul d, x, y[0]
    // fmul x, y                                         => fmul d, x, y
    private VReg MultiplyFloats(Inst inst, IrType type)
    {
        Value x = Arg(inst, 0), y = Arg(inst, 1);
        if (TryElement(ref x, ref y, out int lane))
        {
            return Lanes(A64Form.FmulElem, type, Put(x), Put(y), lane);
        }

        return Lanes(A64Form.FmulVec, type, Put(x), Put(y));
    }

    // fma (fneg x), y, z                                => fmls d = z, x, y
    // fma x, (splat y), z                               => fmla d = z, x, y[0]
    // fma x, y, z                                       => fmla d = z, x, y
    private VReg MultiplyAddLanes(Inst inst, IrType type)
    {
        Value x = Arg(inst, 0), y = Arg(inst, 1);
        VReg addend = Put(Arg(inst, 2));
        bool negative = TryStripNegation(ref x) ^ TryStripNegation(ref y);
        if (!TryElement(ref x, ref y, out int lane))
        {
            return Lanes(negative ? A64Form.FmlsVec : A64Form.FmlaVec, type, addend, Put(x), Put(y));
        }

        VReg sum = Lanes(negative ? A64Form.FmlsElem : A64Form.FmlaElem, type, addend, Put(x), Put(y));
        Current.Imm = lane;
        return sum;
    }

    /// <summary>Whether one factor repeats a lane of a vector, or a scalar; if so, that becomes <paramref name="y"/>.</summary>
    private bool TryElement(ref Value x, ref Value y, out int lane)
    {
        lane = 0;
        Inst splat = DefBy(y, Opcode.Splat);
        if (splat.IsNone)
        {
            splat = DefBy(x, Opcode.Splat);
            if (splat.IsNone)
            {
                return false;
            }

            x = y;
        }

        y = Arg(splat, 0);
        Inst extraction = DefBy(y, Opcode.Extractlane);
        if (!extraction.IsNone)
        {
            (y, lane) = (Arg(extraction, 0), Dfg[extraction].Imm8);
        }

        return true;
    }

    // fcopysign x, y                                    => ushr t, y, bits − 1; sli d = x, t, bits − 1
    private VReg CopySigns(Inst inst, IrType type)
    {
        VReg sign = Lanes(A64Form.UshrVec, type, Put(Arg(inst, 1)), type.LaneBits - 1);
        return Lanes(A64Form.SliVec, type, Put(Arg(inst, 0)), sign, type.LaneBits - 1);
    }

    // fcvt_from_sint x                                  => scvtf x
    // fcvt_to_sint_sat x                                => fcvtzs x           (it saturates, and makes 0 of NaN)
    private VReg ConvertLanes(Inst inst, IrType from, IrType to, A64Form form) =>
        from.LaneBits == to.LaneBits && from.LaneBits >= 32 ? Lanes(form, from, Put(Arg(inst, 0))) : Unsupported(inst);
}
