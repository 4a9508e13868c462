// Lowering rules: float arithmetic by lane, and conversions between vectors of floats and of integers.
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    // fma (fneg x), y, z                                => fmls d = z, x, y
    // fma x, y, z                                       => fmla d = z, x, y
    private VReg MultiplyAddLanes(Inst inst, IrType type)
    {
        Value x = Arg(inst, 0), y = Arg(inst, 1);
        bool negative = TryStripNegation(ref x) ^ TryStripNegation(ref y);
        return Lanes(negative ? A64Form.FmlsVec : A64Form.FmlaVec, type, Put(Arg(inst, 2)), Put(x), Put(y));
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
