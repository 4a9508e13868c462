// Float semantics of one lane, on bits. f32 and f64 use the host's arithmetic, which .NET specifies as IEEE 754 with a
// single rounding; f16 and f128, and the conversions that the host rounds twice, use SoftFloat.
// NaN rule (one of those the reference allows): the first NaN operand, made quiet; a NaN that no operand brought in is
// the positive canonical one. Machines differ in the sign of the latter, so a compiler must not fold it.
using System;
using System.Numerics;

namespace MiniJit.IR.Interpretation;

internal static class FloatSemantics
{
    /// <summary>Arithmetic, rounding and sign operations with one result of the operands' format.</summary>
    /// <returns>False if the opcode is none of those.</returns>
    public static bool TryEvaluate(Opcode opcode, IrType type, UInt128 x, UInt128 y, UInt128 z, out UInt128 result)
    {
        FloatFormat format = FloatFormat.Of(type);
        switch (opcode)
        {
            case Opcode.Fneg: result = x ^ format.SignBit; return true;
            case Opcode.Fabs: result = x & ~format.SignBit; return true;
            case Opcode.Fcopysign: result = (x & ~format.SignBit) | (y & format.SignBit); return true;
        }

        if (ArithmeticOperandCount(opcode) is not (> 0 and int count))
        {
            result = 0;
            return false;
        }

        y = count > 1 ? y : 0;
        z = count > 2 ? z : 0;
        if (format.IsNaN(x) || format.IsNaN(y) || format.IsNaN(z))
        {
            result = SoftFloat.FirstNaN(format, x, y, z);
            return true;
        }

        result = format.Bits switch
        {
            32 => BitConverter.SingleToUInt32Bits(Host(opcode, Single(x), Single(y), Single(z))),
            64 => BitConverter.DoubleToUInt64Bits(Host(opcode, Double(x), Double(y), Double(z))),
            _ => Soft(opcode, format, x, y, z),
        };
        result = format.IsNaN(result) ? format.CanonicalNaN : result;
        return true;
    }

    /// <summary>The one relation that holds between two numbers, as a bit of <see cref="FloatCC"/>.</summary>
    public static FloatCC Relation(IrType type, UInt128 x, UInt128 y) => type.LaneBits switch
    {
        32 => Relation(Single(x), Single(y)),
        64 => Relation(Double(x), Double(y)),
        _ => SoftFloat.Compare(FloatFormat.Of(type), x, y),
    };

    public static FloatCC Relation(double x, double y) =>
        x < y ? FloatCC.LessThan : x > y ? FloatCC.GreaterThan : x == y ? FloatCC.Equal : FloatCC.Unordered;

    public static bool Compare(FloatCC cc, IrType type, UInt128 x, UInt128 y) => (cc & Relation(type, x, y)) != 0;

    /// <summary>fpromote, fdemote: another format.</summary>
    public static UInt128 Convert(IrType from, IrType to, UInt128 x) => (from.LaneBits, to.LaneBits) switch
    {
        (32, 64) when !float.IsNaN(Single(x)) => BitConverter.DoubleToUInt64Bits(Single(x)),
        (64, 32) when !double.IsNaN(Double(x)) => BitConverter.SingleToUInt32Bits((float)Double(x)),
        _ => SoftFloat.Convert(FloatFormat.Of(from), FloatFormat.Of(to), x),
    };

    /// <summary>fcvt_from_uint, fcvt_from_sint.</summary>
    public static UInt128 FromInteger(bool signed, int fromBits, IrType to, UInt128 x)
    {
        bool negative = signed && IntSemantics.IsNegative(x, fromBits);
        UInt128 magnitude = negative ? IntSemantics.Negate(x, fromBits) : x;
        if (magnitude < 1UL << 53 && to.LaneBits is 32 or 64)
        {
            double exact = negative ? -(double)(long)(ulong)magnitude : (long)(ulong)magnitude;
            return to.LaneBits == 64 ? BitConverter.DoubleToUInt64Bits(exact) : BitConverter.SingleToUInt32Bits((float)exact);
        }

        return SoftFloat.FromInteger(FloatFormat.Of(to), negative, magnitude);
    }

    /// <summary>fcvt_to_uint, fcvt_to_sint and their saturating forms: the integer, or the trap of the first two.</summary>
    public static TrapCode ToInteger(bool signed, bool saturating, IrType from, int toBits, UInt128 x, out UInt128 result)
    {
        result = 0;
        FloatFormat format = FloatFormat.Of(from);
        if (format.IsNaN(x))
        {
            return saturating ? default : TrapCode.BadConversionToInteger;
        }

        // The reference goes through a signed 128-bit saturating cast, and its tests pin what that gives for i128: the upper half of
        // the unsigned range is out of reach, and too large is not a trap.
        bool castSaturates = toBits == 128 && (signed || (x & format.SignBit) == 0);
        bool fits = SoftFloat.TryTruncate(format, x, out bool negative, out UInt128 magnitude);
        UInt128 largest = IntSemantics.Mask<UInt128>(signed || toBits == 128 ? toBits - 1 : toBits);
        UInt128 lowest = signed ? UInt128.One << (toBits - 1) : 0;
        if (fits && magnitude <= (negative ? lowest : largest))
        {
            result = negative ? IntSemantics.Negate(magnitude, toBits) : magnitude;
            return default;
        }

        result = negative ? lowest : largest;
        return saturating || castSaturates ? default : TrapCode.IntegerOverflow;
    }

    /// <summary>x86_cvtt2dq: NaN and what does not fit become the smallest integer.</summary>
    public static UInt128 ToIntegerOrSmallest(IrType from, int toBits, UInt128 x) =>
        ToInteger(signed: true, saturating: false, from, toBits, x, out UInt128 result).IsNone ? result : UInt128.One << (toBits - 1);

    private static FloatCC Relation(float x, float y) => Relation((double)x, (double)y);

    private static int ArithmeticOperandCount(Opcode opcode) => opcode switch
    {
        Opcode.Fadd or Opcode.Fsub or Opcode.Fmul or Opcode.Fdiv or Opcode.Fmin or Opcode.Fmax => 2,
        Opcode.Sqrt or Opcode.Ceil or Opcode.Floor or Opcode.Trunc or Opcode.Nearest => 1,
        Opcode.Fma => 3,
        _ => 0,
    };

    // Operands are numbers, not NaNs. Min and Max order the zeros as IEEE 754 minimum and maximum do.
    private static T Host<T>(Opcode opcode, T x, T y, T z)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => opcode switch
    {
        Opcode.Fadd => x + y,
        Opcode.Fsub => x - y,
        Opcode.Fmul => x * y,
        Opcode.Fdiv => x / y,
        Opcode.Fmin => T.Min(x, y),
        Opcode.Fmax => T.Max(x, y),
        Opcode.Sqrt => T.Sqrt(x),
        Opcode.Fma => T.FusedMultiplyAdd(x, y, z),
        Opcode.Ceil => T.Ceiling(x),
        Opcode.Floor => T.Floor(x),
        Opcode.Trunc => T.Truncate(x),
        _ => T.Round(x, MidpointRounding.ToEven),
    };

    private static UInt128 Soft(Opcode opcode, FloatFormat format, UInt128 x, UInt128 y, UInt128 z) => opcode switch
    {
        Opcode.Fadd => SoftFloat.Add(format, x, y),
        Opcode.Fsub => SoftFloat.Subtract(format, x, y),
        Opcode.Fmul => SoftFloat.Multiply(format, x, y),
        Opcode.Fdiv => SoftFloat.Divide(format, x, y),
        Opcode.Fmin => Smaller(format, x, y),
        Opcode.Fmax => Smaller(format, x ^ format.SignBit, y ^ format.SignBit) ^ format.SignBit,
        Opcode.Sqrt => SoftFloat.SquareRoot(format, x),
        Opcode.Fma => SoftFloat.FusedMultiplyAdd(format, x, y, z),
        Opcode.Ceil => SoftFloat.RoundToIntegral(format, RoundingMode.Up, x),
        Opcode.Floor => SoftFloat.RoundToIntegral(format, RoundingMode.Down, x),
        Opcode.Trunc => SoftFloat.RoundToIntegral(format, RoundingMode.TowardZero, x),
        _ => SoftFloat.RoundToIntegral(format, RoundingMode.NearestEven, x),
    };

    // Equal numbers are identical or are zeros, of which the negative one is the smaller.
    private static UInt128 Smaller(FloatFormat format, UInt128 x, UInt128 y) => SoftFloat.Compare(format, x, y) switch
    {
        FloatCC.LessThan => x,
        FloatCC.Equal => x | y,
        _ => y,
    };

    private static float Single(UInt128 bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    private static double Double(UInt128 bits) => BitConverter.UInt64BitsToDouble((ulong)bits);
}
