// Floating point as the pseudocode of the Arm Architecture Reference Manual defines it (J1.1.3, functions FPUnpack, FPRound,
// FPProcessNaNs, FPAdd …): every rounding mode, flushing, NaN propagation and cumulative flag, for half, single and double.
//
// Numbers are computed exactly, but for a sticky lowest bit far below the last place, and rounded once. This is what defines the
// machine's results; FloatMath asks it only where the host's own arithmetic could differ.
using System;
using System.Diagnostics;
using System.Numerics;

namespace MiniJit.Coherence.Arithmetic;

internal static partial class ExactFloat
{
    private enum Kind : byte
    {
        Zero,
        Finite,
        Infinity,
        NaN,
    }

    /// <summary>A finite number: ±Magnitude · 2^Exponent.</summary>
    private readonly record struct Number(Kind Kind, bool Negative, int Exponent, UInt128 Magnitude)
    {
        public bool IsZero => Kind == Kind.Zero;

        public bool IsInfinite => Kind == Kind.Infinity;

        public Number Negated => this with { Negative = !Negative };
    }

    /// <summary>The sign bit is dropped, whatever the number.</summary>
    public static ulong Abs(FloatFormat format, ulong x) => x & ~format.SignBit;

    public static ulong Negate(FloatFormat format, ulong x) => x ^ format.SignBit;

    // FPUnpack: a denormal operand becomes a zero of its sign where FPCR wants it.
    private static Number Unpack(FloatFormat format, ulong bits, ref FloatEnvironment environment) =>
        Unpack(format, bits, environment.Flushes(format), alternative: false, ref environment);

    private static Number Unpack(FloatFormat format, ulong bits, bool flush, bool alternative, ref FloatEnvironment environment)
    {
        bool negative = (bits & format.SignBit) != 0;
        int field = (int)(bits >> format.FractionBits) & format.MaxExponent;
        ulong fraction = bits & format.FractionMask;
        if (field == 0)
        {
            if (fraction != 0 && flush)
            {
                // Only single and double have a flag for it.
                environment.Raise(format.IsHalf ? FloatFlags.None : FloatFlags.InputDenormal);
                fraction = 0;
            }

            return fraction == 0
                ? new(Kind.Zero, negative, 0, 0)
                : new(Kind.Finite, negative, 1 - format.Bias - format.FractionBits, fraction);
        }

        return field == format.MaxExponent && !alternative
            ? new(fraction == 0 ? Kind.Infinity : Kind.NaN, negative, 0, 0)
            : new(Kind.Finite, negative, field - format.Bias - format.FractionBits, fraction | (1UL << format.FractionBits));
    }

    private static ulong Sign(FloatFormat format, bool negative) => negative ? format.SignBit : 0;

    private static ulong Infinity(FloatFormat format, bool negative) => Sign(format, negative) | format.Infinity;

    /// <summary>The NaN of an operation that has no result.</summary>
    private static ulong Invalid(FloatFormat format, ref FloatEnvironment environment)
    {
        environment.Raise(FloatFlags.InvalidOperation);
        return format.DefaultNaN;
    }

    // FPProcessNaN
    private static ulong ProcessNaN(FloatFormat format, ulong nan, ref FloatEnvironment environment)
    {
        if ((nan & format.QuietBit) == 0)
        {
            environment.Raise(FloatFlags.InvalidOperation);
        }

        return environment.DefaultNaN ? format.DefaultNaN : nan | format.QuietBit;
    }

    // FPProcessNaNs: the first signalling one, or the first.
    private static bool TryNaN(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment, out ulong nan)
    {
        nan = format.IsSignalingNaN(x) ? x : format.IsSignalingNaN(y) ? y : format.IsNaN(x) ? x : y;
        if (!format.IsNaN(nan))
        {
            return false;
        }

        nan = ProcessNaN(format, nan, ref environment);
        return true;
    }

    // FPProcessNaNs3
    private static bool TryNaN(FloatFormat format, ulong x, ulong y, ulong z, ref FloatEnvironment environment, out ulong nan)
    {
        ulong first = format.IsSignalingNaN(x) ? x
            : format.IsSignalingNaN(y) ? y
            : format.IsSignalingNaN(z) ? z
            : format.IsNaN(x) ? x : y;
        return TryNaN(format, first, z, ref environment, out nan);
    }

    /// <summary>The sign of a sum that is exactly zero.</summary>
    private static ulong ZeroSum(FloatFormat format, in FloatEnvironment environment) =>
        Sign(format, environment.Rounding == FloatRounding.Down);

    private static int BitLength(UInt128 value) => 128 - (int)UInt128.LeadingZeroCount(value);

    private static UInt128 ShiftRightSticky(UInt128 value, int count)
    {
        if (count >= 128)
        {
            return value == 0 ? UInt128.Zero : UInt128.One;
        }

        UInt128 shifted = value >> count;
        return (shifted << count) == value ? shifted : shifted | 1;
    }

    // FPRound
    private static ulong Round(FloatFormat format, Number exact, FloatRounding rounding, ref FloatEnvironment environment) =>
        Round(format, exact, rounding, environment.Flushes(format), alternative: false, ref environment);

    private static ulong Round(
        FloatFormat format, Number exact, FloatRounding rounding, bool flush, bool alternative, ref FloatEnvironment environment)
    {
        Debug.Assert(exact.Magnitude != 0);
        ulong sign = Sign(format, exact.Negative);
        int top = exact.Exponent + BitLength(exact.Magnitude) - 1;
        bool tiny = top < 1 - format.Bias;
        if (tiny && flush)
        {
            environment.Raise(FloatFlags.Underflow);
            return sign;
        }

        // Exponent of the result's last bit: that of a normal number, or the smallest there is. Two bits stay below it.
        int last = Math.Max(top, 1 - format.Bias) - format.FractionBits;
        int shift = last - exact.Exponent - 2;
        ulong quarters = (ulong)(shift >= 0 ? ShiftRightSticky(exact.Magnitude, shift) : exact.Magnitude << -shift);
        (ulong significand, bool inexact) = RoundQuarters(quarters, exact.Negative, rounding);

        // The hidden bit adds one to the exponent field: so does a carry out of the fraction, and a subnormal has neither.
        ulong magnitude = ((ulong)(last + format.FractionBits + format.Bias - 1) << format.FractionBits) + significand;
        if (alternative && magnitude >= format.SignBit)
        {
            environment.Raise(FloatFlags.InvalidOperation);
            return sign | (format.SignBit - 1);
        }

        if (!alternative && magnitude >= format.Infinity)
        {
            environment.Raise(FloatFlags.Overflow | FloatFlags.Inexact);
            return sign | (OverflowsToInfinity(rounding, exact.Negative) ? format.Infinity : format.Largest);
        }

        if (inexact)
        {
            environment.Raise(tiny ? FloatFlags.Underflow | FloatFlags.Inexact : FloatFlags.Inexact);
        }

        return sign | magnitude;
    }

    private static bool OverflowsToInfinity(FloatRounding rounding, bool negative) => rounding switch
    {
        FloatRounding.NearestEven or FloatRounding.NearestAway => true,
        FloatRounding.Up => !negative,
        FloatRounding.Down => negative,
        _ => false,
    };

    /// <summary>Drops the last two bits, the lower of which is sticky.</summary>
    private static (ulong Whole, bool Inexact) RoundQuarters(ulong quarters, bool negative, FloatRounding rounding)
    {
        ulong whole = quarters >> 2;
        int fraction = (int)quarters & 3;
        bool up = rounding switch
        {
            FloatRounding.NearestEven => fraction == 3 || (fraction == 2 && (whole & 1) != 0),
            FloatRounding.NearestAway => fraction >= 2,
            FloatRounding.Up => fraction != 0 && !negative,
            FloatRounding.Down => fraction != 0 && negative,
            FloatRounding.Odd => fraction != 0 && (whole & 1) == 0,
            _ => false,
        };
        return (up ? whole + 1 : whole, fraction != 0);
    }
}
