// Lowering rules: conversions between floats, between floats and integers, and of bit patterns.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    // fpromote.f64 x                                     => fcvt d, s
    private VReg LowerFloatToFloat(Inst inst)
    {
        IrType from = TypeOf(Arg(inst, 0)), to = Dfg[inst].Type;
        if (from == IrType.F128 || to == IrType.F128)
        {
            return Unsupported(inst);
        }

        A64Form form = to.Bytes switch
        {
            2 => A64Form.FcvtToHalf,
            4 => A64Form.FcvtToSingle,
            _ => A64Form.FcvtToDouble,
        };
        return FloatUnary(form, from.Bytes, Put(Arg(inst, 0)));
    }

    // fcvt_from_sint x                                   => scvtf d, x               (i8, i16: extended to 32 bits first)
    private VReg LowerIntToFloat(Inst inst, bool signed)
    {
        IrType to = Dfg[inst].Type;
        Value x = Arg(inst, 0);
        if (!IsWord(TypeOf(x)) || !IsScalarFloat(to))
        {
            return Unsupported(inst);
        }

        return Convert(signed ? A64Form.Scvtf : A64Form.Ucvtf, to.Bytes, WideSize(TypeOf(x)), PutExtended(x, signed), NewFloat());
    }

    private VReg LowerFloatToInt(Inst inst, bool signed, bool saturating)
    {
        IrType from = TypeOf(Arg(inst, 0)), to = Dfg[inst].Type;
        if (!IsWord(to) || !IsScalarFloat(from))
        {
            return Unsupported(inst);
        }

        VReg source = Put(Arg(inst, 0));
        if (saturating)
        {
            return to.Bytes >= 4 ? ToInt(from, to.Bytes, source, signed) : SaturateNarrow(from, to, source, signed);
        }

        return to == IrType.I64 ? ToInt64OrTrap(from, source, signed) : ToNarrowOrTrap(from, to, source, signed);
    }

    /// <summary>An instruction between float and general registers: <paramref name="size"/> is the float's, <paramref name="intSize"/> the integer's.</summary>
    private VReg Convert(A64Form form, int size, int intSize, VReg source, VReg result)
    {
        Emit(form, size, result, [source]).Scale = (byte)(intSize == 8 ? 3 : 2);
        return result;
    }

    // fcvtzs: rounds towards zero and saturates; NaN gives 0. That is fcvt_to_sint_sat.
    private VReg ToInt(IrType from, int intSize, VReg source, bool signed) =>
        Convert(signed ? A64Form.Fcvtzs : A64Form.Fcvtzu, from.Bytes, intSize, source, NewInt());

    /// <summary>
    /// i8 and i16: converted with as many fraction bits as fill 32 bits, the number saturates where the narrow one would. Shifting the fraction out rounds
    /// down, so a signed number loses it before.
    /// </summary>
    private VReg SaturateNarrow(IrType from, IrType to, VReg source, bool signed)
    {
        source = signed ? FloatUnary(A64Form.Frintz, from.Bytes, source) : source;
        VReg scaled = Convert(signed ? A64Form.FcvtzsFixed : A64Form.FcvtzuFixed, from.Bytes, 4, source, NewInt());
        Current.Imm = 32 - to.Bits;
        return ShiftRight(4, scaled, 32 - to.Bits, signed);
    }

    /// <summary>Results of up to 32 bits: right if a wider conversion gives what the narrow number extends to; where that saturates, it does not.</summary>
    private VReg ToNarrowOrTrap(IrType from, IrType to, VReg source, bool signed)
    {
        Emit(A64Form.Fcmp, from.Bytes, Zero, [source, source]);
        TrapIf(Condition.Vs, TrapCode.BadConversionToInteger);
        int size = to == IrType.I32 ? 8 : 4;
        VReg wide = ToInt(from, size, source, signed: true);
        Compare(size, wide, new ExtendedReg(wide, ExtendOf(to.Bits, signed), 0));
        TrapIf(Condition.Ne, TrapCode.IntegerOverflow);
        return wide;
    }

    /// <summary>
    /// The comparison with the lower bound finds NaN, too. Above the upper bound the result is the largest integer, which is no float and so never right:
    /// adding 1 to it overflows.
    /// </summary>
    private VReg ToInt64OrTrap(IrType from, VReg source, bool signed)
    {
        double bound = signed ? -9223372036854775808.0 : -1;
        ulong bits = from == IrType.F32 ? BitConverter.SingleToUInt32Bits((float)bound) : BitConverter.DoubleToUInt64Bits(bound);
        Emit(A64Form.Fcmp, from.Bytes, Zero, [source, LoadFloat(bits, from.Bytes)]);
        TrapIf(Condition.Vs, TrapCode.BadConversionToInteger);
        TrapIf(signed ? Condition.Mi : Condition.Ls, TrapCode.IntegerOverflow);
        VReg result = ToInt(from, 8, source, signed);
        Emit(A64Form.AddsImm, 8, Zero, [result]).Imm = 1;
        TrapIf(signed ? Condition.Vs : Condition.Hs, TrapCode.IntegerOverflow);
        return result;
    }

    // bitcast x                                          => fmov d, x
    private VReg LowerBitcast(Inst inst)
    {
        Value x = Arg(inst, 0);
        IrType from = TypeOf(x), to = TypeOf(Dfg.FirstResult(inst));
        VReg source = Put(x);

        // An f16 moves as the low half of 32 bits: moves of 16 need FEAT_FP16.
        int size = WideSize(from);
        return (from.IsInt, to.IsInt) switch
        {
            (true, false) => Convert(A64Form.FmovFromInt, size, size, source, NewFloat()),
            (false, true) => Convert(A64Form.FmovToInt, size, size, source, NewInt()),
            _ => source,
        };
    }
}
