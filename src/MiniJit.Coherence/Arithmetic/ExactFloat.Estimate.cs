// FPRecipEstimate, FPRSqrtEstimate, FPRecpX and their unsigned integer relatives: eight bits from a table that the manual gives as
// integer arithmetic (RecipEstimate, RecipSqrtEstimate).
using System;

namespace MiniJit.Coherence.Arithmetic;

internal static partial class ExactFloat
{
    public static ulong ReciprocalEstimate(FloatFormat format, ulong x, ref FloatEnvironment environment)
    {
        if (format.IsNaN(x))
        {
            return ProcessNaN(format, x, ref environment);
        }

        Number a = Unpack(format, x, ref environment);
        if (a.IsInfinite)
        {
            return Sign(format, a.Negative);
        }

        if (a.IsZero)
        {
            environment.Raise(FloatFlags.DivideByZero);
            return Infinity(format, a.Negative);
        }

        ulong magnitude = Abs(format, x);
        if (magnitude < (1UL << (format.FractionBits - 2)))
        {
            environment.Raise(FloatFlags.Overflow | FloatFlags.Inexact);
            bool infinite = OverflowsToInfinity(environment.Rounding, a.Negative);
            return Sign(format, a.Negative) | (infinite ? format.Infinity : format.Largest);
        }

        if (environment.Flushes(format) && magnitude >= format.PowerOfTwo(format.Bias - 1))
        {
            environment.Raise(FloatFlags.Underflow);
            return Sign(format, a.Negative);
        }

        // The result's exponent may be one or two below what a normal number has; then its fraction is that of a subnormal one.
        (int exponent, uint scaled) = Normalize(format, magnitude);
        int field = (2 * format.Bias) - 1 - exponent;
        ulong fraction = (ulong)(ReciprocalTable(scaled) & 0xFF) << (format.FractionBits - 8);
        if (field <= 0)
        {
            fraction = (fraction | (1UL << format.FractionBits)) >> (1 - field);
            field = 0;
        }

        return Sign(format, a.Negative) | ((ulong)field << format.FractionBits) | fraction;
    }

    public static ulong ReciprocalRootEstimate(FloatFormat format, ulong x, ref FloatEnvironment environment)
    {
        if (format.IsNaN(x))
        {
            return ProcessNaN(format, x, ref environment);
        }

        Number a = Unpack(format, x, ref environment);
        if (a.IsZero)
        {
            environment.Raise(FloatFlags.DivideByZero);
            return Infinity(format, a.Negative);
        }

        if (a.Negative)
        {
            return Invalid(format, ref environment);
        }

        if (a.IsInfinite)
        {
            return 0;
        }

        (int exponent, uint scaled) = Normalize(format, x);
        scaled = (exponent & 1) == 0 ? scaled : scaled >> 1;
        int field = ((3 * format.Bias) - 1 - exponent) >> 1;
        return ((ulong)field << format.FractionBits) | ((ulong)(ReciprocalRootTable(scaled) & 0xFF) << (format.FractionBits - 8));
    }

    /// <summary>FPRecpX: the power of two whose exponent is the complement, for scaling.</summary>
    public static ulong ReciprocalExponent(FloatFormat format, ulong x, ref FloatEnvironment environment)
    {
        if (format.IsNaN(x))
        {
            return ProcessNaN(format, x, ref environment);
        }

        ulong sign = x & format.SignBit;
        ulong exponent = Flush(format, x, ref environment) & format.Infinity;
        return sign | (exponent == 0 ? format.PowerOfTwo(format.Bias) : exponent ^ format.Infinity);
    }

    /// <summary>UnsignedRecipEstimate: operand and result are fractions of 32 bits.</summary>
    public static uint ReciprocalEstimate(uint x) => (int)x >= 0 ? uint.MaxValue : ReciprocalTable(x >> 23) << 23;

    /// <summary>UnsignedRSqrtEstimate</summary>
    public static uint ReciprocalRootEstimate(uint x) => x >> 30 == 0 ? uint.MaxValue : ReciprocalRootTable(x >> 23) << 23;

    // Exponent field, below 1 if subnormal, and the first nine bits of the significand.
    private static (int Exponent, uint Scaled) Normalize(FloatFormat format, ulong magnitude)
    {
        int exponent = (int)(magnitude >> format.FractionBits);
        ulong significand = magnitude & format.FractionMask;
        if (exponent == 0)
        {
            int shift = format.FractionBits - (63 - System.Numerics.BitOperations.LeadingZeroCount(significand));
            exponent = 1 - shift;
            significand <<= shift;
        }

        return (exponent, (uint)((significand | (1UL << format.FractionBits)) >> (format.FractionBits - 8)));
    }

    // RecipEstimate, 256 ≤ a < 512
    private static uint ReciprocalTable(uint a) => (((1u << 19) / ((2 * a) + 1)) + 1) >> 1;

    // RecipSqrtEstimate, 128 ≤ a < 512
    private static uint ReciprocalRootTable(uint a)
    {
        a = a < 256 ? (2 * a) + 1 : ((a | 1) * 2);
        uint b = 512;
        while (a * (b + 1) * (b + 1) < 1u << 28)
        {
            b++;
        }

        return (b + 1) >> 1;
    }
}
