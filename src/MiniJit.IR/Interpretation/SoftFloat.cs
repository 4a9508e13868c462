// IEEE 754 arithmetic in integers, for any format up to binary128: the semantics of f16 and f128, and of those
// conversions of f32 and f64 for which the host has no correctly rounded instruction. Every operation computes a result
// that is exact but for a sticky lowest bit and rounds it once (Round), to nearest, ties to even.
// NaN rule: the first NaN operand, made quiet; a NaN that no operand brought in is the positive canonical one.
using System;
using System.Diagnostics;

namespace MiniJit.IR.Interpretation;

/// <summary>How <see cref="SoftFloat.RoundToIntegral"/> rounds.</summary>
internal enum RoundingMode : byte
{
    NearestEven,
    TowardZero,
    Up,
    Down,
}

internal static class SoftFloat
{
    // Both summands are aligned with their highest bit here: no carry is lost, and what is shifted out below is at least
    // 28 bits under the last bit that can matter, since significands and their products have at most 226 bits.
    private const int SumTop = 254;
    private const int QuotientBits = 118;

    private readonly record struct Unpacked(bool Negative, int Exponent, UInt256 Magnitude)
    {
        public bool IsZero => Magnitude.IsZero;
    }

    public static UInt128 Add(FloatFormat format, UInt128 x, UInt128 y)
    {
        if (format.IsNaN(x) || format.IsNaN(y))
        {
            return FirstNaN(format, x, y, 0);
        }

        if (IsInfinite(format, x) || IsInfinite(format, y))
        {
            return !IsInfinite(format, y) || x == y ? x : IsInfinite(format, x) ? format.CanonicalNaN : y;
        }

        return Round(format, Sum(Unpack(format, x), Unpack(format, y)));
    }

    public static UInt128 Subtract(FloatFormat format, UInt128 x, UInt128 y) =>
        format.IsNaN(y) ? FirstNaN(format, x, y, 0) : Add(format, x, y ^ format.SignBit);

    public static UInt128 Multiply(FloatFormat format, UInt128 x, UInt128 y) =>
        TryProduct(format, x, y, out Unpacked product, out UInt128 special) ? Round(format, product) : special;

    public static UInt128 FusedMultiplyAdd(FloatFormat format, UInt128 x, UInt128 y, UInt128 z)
    {
        if (format.IsNaN(x) || format.IsNaN(y) || format.IsNaN(z))
        {
            return FirstNaN(format, x, y, z);
        }

        if (!TryProduct(format, x, y, out Unpacked product, out UInt128 special))
        {
            return format.IsNaN(special) ? special : Add(format, special, z);
        }

        return IsInfinite(format, z) ? z : Round(format, Sum(product, Unpack(format, z)));
    }

    public static UInt128 Divide(FloatFormat format, UInt128 x, UInt128 y)
    {
        if (format.IsNaN(x) || format.IsNaN(y))
        {
            return FirstNaN(format, x, y, 0);
        }

        UInt128 sign = (x ^ y) & format.SignBit;
        Unpacked a = Unpack(format, x), b = Unpack(format, y);
        bool xInfinite = IsInfinite(format, x), yInfinite = IsInfinite(format, y);
        if (xInfinite || b.IsZero)
        {
            return (xInfinite && yInfinite) || (a.IsZero && b.IsZero) ? format.CanonicalNaN : sign | format.Infinity;
        }

        if (yInfinite || a.IsZero)
        {
            return sign;
        }

        // Long division of two significands with the same highest bit: the quotient lies between 1/2 and 2.
        int shiftA = 120 - a.Magnitude.BitLength, shiftB = 120 - b.Magnitude.BitLength;
        UInt128 remainder = a.Magnitude.Low << shiftA, divisor = b.Magnitude.Low << shiftB, quotient = 0;
        for (int i = 0; i < QuotientBits; i++)
        {
            quotient <<= 1;
            if (remainder >= divisor)
            {
                remainder -= divisor;
                quotient |= 1;
            }

            remainder <<= 1;
        }

        quotient = (quotient << 1) | (remainder != 0 ? UInt128.One : UInt128.Zero);
        int exponent = a.Exponent - shiftA - (b.Exponent - shiftB) - QuotientBits;
        return Round(format, new(sign != 0, exponent, quotient));
    }

    public static UInt128 SquareRoot(FloatFormat format, UInt128 x)
    {
        if (format.IsNaN(x))
        {
            return FirstNaN(format, x, 0, 0);
        }

        Unpacked a = Unpack(format, x);
        if (a.IsZero || x == format.Infinity)
        {
            return x;
        }

        if (a.Negative)
        {
            return format.CanonicalNaN;
        }

        // Digit by digit in base 2 on a radicand of 239 or 240 bits with an even exponent, so the root has 120.
        int shift = 240 - a.Magnitude.BitLength;
        shift -= (a.Exponent - shift) & 1;
        UInt256 rest = a.Magnitude << shift, root = UInt256.Zero;
        for (UInt256 bit = new UInt256(0, 1) << 238; !bit.IsZero; bit >>= 2)
        {
            UInt256 trial = root + bit;
            root >>= 1;
            if (!(rest < trial))
            {
                rest -= trial;
                root += bit;
            }
        }

        root = (root << 1) | (rest.IsZero ? UInt128.Zero : UInt128.One);
        return Round(format, new(false, ((a.Exponent - shift) / 2) - 1, root));
    }

    public static UInt128 RoundToIntegral(FloatFormat format, RoundingMode mode, UInt128 x)
    {
        if (format.IsNaN(x))
        {
            return FirstNaN(format, x, 0, 0);
        }

        Unpacked a = Unpack(format, x);
        if (IsInfinite(format, x) || a.IsZero || a.Exponent >= 0)
        {
            return x;
        }

        // Two bits below the point: the half and a sticky one.
        UInt128 quarters = UInt256.ShiftRightSticky(a.Magnitude << 2, -a.Exponent).Low;
        UInt128 whole = quarters >> 2;
        int fraction = (int)quarters & 3;
        bool up = mode switch
        {
            RoundingMode.NearestEven => fraction == 3 || (fraction == 2 && (whole & 1) != 0),
            RoundingMode.Up => fraction != 0 && !a.Negative,
            RoundingMode.Down => fraction != 0 && a.Negative,
            _ => false,
        };
        return Round(format, new(a.Negative, 0, whole + (up ? UInt128.One : UInt128.Zero)));
    }

    /// <summary>Less, equal, greater or unordered, as the bits of <see cref="FloatCC"/>.</summary>
    public static FloatCC Compare(FloatFormat format, UInt128 x, UInt128 y)
    {
        if (format.IsNaN(x) || format.IsNaN(y))
        {
            return FloatCC.Unordered;
        }

        Int128 a = Ordered(format, x), b = Ordered(format, y);
        return a == b ? FloatCC.Equal : a < b ? FloatCC.LessThan : FloatCC.GreaterThan;
    }

    /// <summary>Rounds to another format, or widens exactly.</summary>
    public static UInt128 Convert(FloatFormat from, FloatFormat to, UInt128 x)
    {
        bool negative = (x & from.SignBit) != 0;
        if (from.IsNaN(x))
        {
            // The payload stays left-aligned, as in the hardware of both targets.
            UInt128 fraction = (x | from.QuietBit) & from.FractionMask;
            int shift = to.FractionBits - from.FractionBits;
            return (negative ? to.SignBit : 0) | to.Infinity | (shift >= 0 ? fraction << shift : fraction >> -shift);
        }

        return IsInfinite(from, x) ? (negative ? to.SignBit : 0) | to.Infinity : Round(to, Unpack(from, x));
    }

    /// <summary>The nearest number of the format.</summary>
    public static UInt128 FromInteger(FloatFormat format, bool negative, UInt128 magnitude) =>
        magnitude == 0 ? 0 : Round(format, new(negative, 0, magnitude));

    /// <summary>Drops the fraction of a number that is no NaN.</summary>
    /// <returns>False if the magnitude does not fit 128 bits.</returns>
    public static bool TryTruncate(FloatFormat format, UInt128 x, out bool negative, out UInt128 magnitude)
    {
        Unpacked a = Unpack(format, x);
        negative = a.Negative;
        magnitude = 0;
        if (IsInfinite(format, x) || a.Exponent + a.Magnitude.BitLength > 128)
        {
            return false;
        }

        magnitude = a.Exponent >= 0 ? a.Magnitude.Low << a.Exponent : a.Exponent > -128 ? a.Magnitude.Low >> -a.Exponent : 0;
        return true;
    }

    /// <summary>The first NaN among the operands, made quiet. At least one must be a NaN.</summary>
    public static UInt128 FirstNaN(FloatFormat format, UInt128 x, UInt128 y, UInt128 z) =>
        (format.IsNaN(x) ? x : format.IsNaN(y) ? y : z) | format.QuietBit;

    private static bool IsInfinite(FloatFormat format, UInt128 bits) => (bits & ~format.SignBit) == format.Infinity;

    // Sign-magnitude to two's complement: -0 and +0 coincide.
    private static Int128 Ordered(FloatFormat format, UInt128 bits) =>
        (bits & format.SignBit) != 0 ? -(Int128)(bits & ~format.SignBit) : (Int128)bits;

    private static Unpacked Unpack(FloatFormat format, UInt128 bits)
    {
        int field = (int)(bits >> format.FractionBits) & format.MaxExponent;
        UInt128 fraction = bits & format.FractionMask;
        return new(
            (bits & format.SignBit) != 0,
            Math.Max(field, 1) - format.Bias - format.FractionBits,
            field == 0 ? fraction : fraction | (UInt128.One << format.FractionBits));
    }

    private static bool TryProduct(FloatFormat format, UInt128 x, UInt128 y, out Unpacked product, out UInt128 special)
    {
        product = default;
        special = 0;
        if (format.IsNaN(x) || format.IsNaN(y))
        {
            special = FirstNaN(format, x, y, 0);
            return false;
        }

        Unpacked a = Unpack(format, x), b = Unpack(format, y);
        if (IsInfinite(format, x) || IsInfinite(format, y))
        {
            special = a.IsZero || b.IsZero ? format.CanonicalNaN : ((x ^ y) & format.SignBit) | format.Infinity;
            return false;
        }

        product = new(a.Negative != b.Negative, a.Exponent + b.Exponent, UInt256.Multiply(a.Magnitude.Low, b.Magnitude.Low));
        return true;
    }

    private static Unpacked Sum(Unpacked a, Unpacked b)
    {
        if (a.IsZero || b.IsZero)
        {
            return !a.IsZero ? a : !b.IsZero ? b : new(a.Negative && b.Negative, 0, UInt256.Zero);
        }

        (int aExponent, UInt256 aTop) = AlignToTop(a);
        (int bExponent, UInt256 bTop) = AlignToTop(b);
        int exponent = Math.Max(aExponent, bExponent);
        aTop = UInt256.ShiftRightSticky(aTop, exponent - aExponent);
        bTop = UInt256.ShiftRightSticky(bTop, exponent - bExponent);
        if (a.Negative == b.Negative)
        {
            return new(a.Negative, exponent, aTop + bTop);
        }

        return aTop == bTop ? new(false, 0, UInt256.Zero)
            : bTop < aTop ? new(a.Negative, exponent, aTop - bTop)
            : new(b.Negative, exponent, bTop - aTop);
    }

    private static (int Exponent, UInt256 Magnitude) AlignToTop(Unpacked a)
    {
        int shift = SumTop - a.Magnitude.BitLength;
        Debug.Assert(shift >= 0);
        return (a.Exponent - shift, a.Magnitude << shift);
    }

    private static UInt128 Round(FloatFormat format, Unpacked exact)
    {
        UInt128 sign = exact.Negative ? format.SignBit : 0;
        if (exact.IsZero)
        {
            return sign;
        }

        // Exponent of the result's last bit: that of a normal number, or the smallest there is.
        int top = exact.Exponent + exact.Magnitude.BitLength - 1;
        int last = Math.Max(top, 1 - format.Bias) - format.FractionBits;
        if (top > format.Bias)
        {
            return sign | format.Infinity;
        }

        int shift = last - exact.Exponent - 2;
        UInt128 quarters = (shift >= 0 ? UInt256.ShiftRightSticky(exact.Magnitude, shift) : exact.Magnitude << -shift).Low;
        UInt128 significand = quarters >> 2;
        int fraction = (int)quarters & 3;
        if (fraction == 3 || (fraction == 2 && (significand & 1) != 0))
        {
            significand++;
        }

        // The hidden bit adds one to the exponent field: so does a carry out of the fraction, and a subnormal has neither.
        // A carry out of the largest number gives exactly infinity.
        int field = last + format.FractionBits + format.Bias - 1;
        return sign | (((UInt128)field << format.FractionBits) + significand);
    }
}
