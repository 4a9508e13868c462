// FPAdd, FPMul, FPMulX, FPDiv, FPSqrt, FPMulAdd and the step functions, FPMax and its relatives. Operands are unpacked before NaNs are
// looked for: a denormal operand that is flushed is noted even if another one is a NaN.
using System;

namespace MiniJit.Coherence.Arithmetic;

internal static partial class ExactFloat
{
    // Summands are aligned with their highest bit here. No carry is lost, and since significands and their products have at most 106
    // bits, a bit is shifted out only when the exponents are so far apart that it lies far below the result's last place.
    private const int SumTop = 126;

    public static ulong Add(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment)
    {
        Number a = Unpack(format, x, ref environment), b = Unpack(format, y, ref environment);
        return TryNaN(format, x, y, ref environment, out ulong nan) ? nan : Sum(format, a, b, ref environment);
    }

    public static ulong Subtract(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment)
    {
        Number a = Unpack(format, x, ref environment), b = Unpack(format, y, ref environment);
        return TryNaN(format, x, y, ref environment, out ulong nan) ? nan : Sum(format, a, b.Negated, ref environment);
    }

    public static ulong Multiply(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        Multiply(format, x, y, zeroTimesInfinity: 0, ref environment);

    /// <summary>FPMulX: as a product, but 2 for zero times infinity.</summary>
    public static ulong MultiplyExtended(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        Multiply(format, x, y, zeroTimesInfinity: format.PowerOfTwo(1), ref environment);

    public static ulong Divide(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment)
    {
        Number a = Unpack(format, x, ref environment), b = Unpack(format, y, ref environment);
        if (TryNaN(format, x, y, ref environment, out ulong nan))
        {
            return nan;
        }

        bool negative = a.Negative != b.Negative;
        if ((a.IsInfinite && b.IsInfinite) || (a.IsZero && b.IsZero))
        {
            return Invalid(format, ref environment);
        }

        if (a.IsInfinite || b.IsZero)
        {
            environment.Raise(a.IsInfinite ? FloatFlags.None : FloatFlags.DivideByZero);
            return Infinity(format, negative);
        }

        if (a.IsZero || b.IsInfinite)
        {
            return Sign(format, negative);
        }

        // A dividend of 128 bits over a divisor of 64 gives 64 or 65 bits.
        int shiftA = 128 - BitLength(a.Magnitude), shiftB = 64 - BitLength(b.Magnitude);
        (UInt128 quotient, UInt128 remainder) = UInt128.DivRem(a.Magnitude << shiftA, b.Magnitude << shiftB);
        quotient = (quotient << 1) | (remainder != 0 ? UInt128.One : UInt128.Zero);
        int exponent = a.Exponent - shiftA - (b.Exponent - shiftB) - 1;
        return Round(format, new(Kind.Finite, negative, exponent, quotient), environment.Rounding, ref environment);
    }

    public static ulong SquareRoot(FloatFormat format, ulong x, ref FloatEnvironment environment)
    {
        if (format.IsNaN(x))
        {
            return ProcessNaN(format, x, ref environment);
        }

        Number a = Unpack(format, x, ref environment);
        if (a.IsZero)
        {
            return Sign(format, a.Negative);
        }

        if (a.Negative)
        {
            return Invalid(format, ref environment);
        }

        if (a.IsInfinite)
        {
            return x;
        }

        // Digit by digit in base 2 on a radicand of 127 or 128 bits with an even exponent, so the root has 64.
        int shift = 128 - BitLength(a.Magnitude);
        shift -= (a.Exponent - shift) & 1;
        UInt128 rest = a.Magnitude << shift, root = 0;
        for (UInt128 bit = UInt128.One << 126; bit != 0; bit >>= 2)
        {
            UInt128 trial = root + bit;
            root >>= 1;
            if (rest >= trial)
            {
                rest -= trial;
                root += bit;
            }
        }

        root = (root << 1) | (rest != 0 ? UInt128.One : UInt128.Zero);
        Number exact = new(Kind.Finite, false, ((a.Exponent - shift) / 2) - 1, root);
        return Round(format, exact, environment.Rounding, ref environment);
    }

    /// <summary>FPMulAdd: addend + x · y, rounded once. To subtract, negate an operand first, as the pseudocode does.</summary>
    public static ulong MultiplyAdd(FloatFormat format, ulong addend, ulong x, ulong y, ref FloatEnvironment environment)
    {
        Number c = Unpack(format, addend, ref environment);
        Number a = Unpack(format, x, ref environment), b = Unpack(format, y, ref environment);
        bool undefined = (a.IsInfinite && b.IsZero) || (a.IsZero && b.IsInfinite);
        if (TryNaN(format, addend, x, y, ref environment, out ulong nan))
        {
            // An undefined product beats a quiet addend.
            return undefined && format.IsQuietNaN(addend) ? Invalid(format, ref environment) : nan;
        }

        return undefined ? Invalid(format, ref environment) : Sum(format, c, Product(a, b), ref environment);
    }

    /// <summary>FPRecipStepFused: 2 − x · y, for Newton's iteration.</summary>
    public static ulong ReciprocalStep(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        Step(format, x, y, constant: 2, halvings: 0, ref environment);

    /// <summary>FPRSqrtStepFused: (3 − x · y) / 2.</summary>
    public static ulong ReciprocalRootStep(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        Step(format, x, y, constant: 3, halvings: 1, ref environment);

    public static ulong Max(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        Extreme(format, x, y, greatest: true, ref environment);

    public static ulong Min(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        Extreme(format, x, y, greatest: false, ref environment);

    /// <summary>FPMaxNum: a quiet NaN gives way to a number.</summary>
    public static ulong MaxNumber(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment)
    {
        ReplaceQuietNaN(format, ref x, ref y, Infinity(format, negative: true));
        return Max(format, x, y, ref environment);
    }

    /// <summary>FPMinNum</summary>
    public static ulong MinNumber(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment)
    {
        ReplaceQuietNaN(format, ref x, ref y, format.Infinity);
        return Min(format, x, y, ref environment);
    }

    private static void ReplaceQuietNaN(FloatFormat format, ref ulong x, ref ulong y, ulong neutral)
    {
        bool first = format.IsQuietNaN(x), second = format.IsQuietNaN(y);
        if (first && !second)
        {
            x = neutral;
        }
        else if (second && !first)
        {
            y = neutral;
        }
    }

    // One of the operands, flushed; of two zeros, the sum of their signs that suits.
    private static ulong Extreme(FloatFormat format, ulong x, ulong y, bool greatest, ref FloatEnvironment environment)
    {
        x = Flush(format, x, ref environment);
        y = Flush(format, y, ref environment);
        if (TryNaN(format, x, y, ref environment, out ulong nan))
        {
            return nan;
        }

        if (((x | y) & ~format.SignBit) == 0)
        {
            return greatest ? x & y : x | y;
        }

        return (Ordered(format, x) > Ordered(format, y)) == greatest ? x : y;
    }

    private static ulong Flush(FloatFormat format, ulong x, ref FloatEnvironment environment) =>
        Unpack(format, x, ref environment).IsZero ? x & format.SignBit : x;

    // Sign and magnitude to two's complement: -0 and +0 coincide.
    private static long Ordered(FloatFormat format, ulong bits) =>
        (bits & format.SignBit) != 0 ? -(long)(bits & ~format.SignBit) : (long)bits;

    private static ulong Multiply(FloatFormat format, ulong x, ulong y, ulong zeroTimesInfinity, ref FloatEnvironment environment)
    {
        Number a = Unpack(format, x, ref environment), b = Unpack(format, y, ref environment);
        if (TryNaN(format, x, y, ref environment, out ulong nan))
        {
            return nan;
        }

        if ((a.IsInfinite && b.IsZero) || (a.IsZero && b.IsInfinite))
        {
            return zeroTimesInfinity != 0
                ? Sign(format, a.Negative != b.Negative) | zeroTimesInfinity
                : Invalid(format, ref environment);
        }

        Number product = Product(a, b);
        return product.Kind switch
        {
            Kind.Zero => Sign(format, product.Negative),
            Kind.Infinity => Infinity(format, product.Negative),
            _ => Round(format, product, environment.Rounding, ref environment),
        };
    }

    // Of anything but zero and infinity.
    private static Number Product(Number a, Number b)
    {
        bool negative = a.Negative != b.Negative;
        return a.IsInfinite || b.IsInfinite ? new(Kind.Infinity, negative, 0, 0)
            : a.IsZero || b.IsZero ? new(Kind.Zero, negative, 0, 0)
            : new(Kind.Finite, negative, a.Exponent + b.Exponent, a.Magnitude * b.Magnitude);
    }

    private static ulong Sum(FloatFormat format, Number a, Number b, ref FloatEnvironment environment)
    {
        if (a.IsInfinite || b.IsInfinite)
        {
            return a.IsInfinite && b.IsInfinite && a.Negative != b.Negative
                ? Invalid(format, ref environment)
                : Infinity(format, a.IsInfinite ? a.Negative : b.Negative);
        }

        if (a.IsZero && b.IsZero && a.Negative == b.Negative)
        {
            return Sign(format, a.Negative);
        }

        Number sum = Sum(a, b);
        return sum.IsZero ? ZeroSum(format, environment) : Round(format, sum, environment.Rounding, ref environment);
    }

    private static Number Sum(Number a, Number b)
    {
        if (a.IsZero || b.IsZero)
        {
            return a.IsZero ? b : a;
        }

        int shiftA = SumTop - BitLength(a.Magnitude), shiftB = SumTop - BitLength(b.Magnitude);
        int exponent = Math.Max(a.Exponent - shiftA, b.Exponent - shiftB);
        UInt128 alignedA = ShiftRightSticky(a.Magnitude << shiftA, exponent - (a.Exponent - shiftA));
        UInt128 alignedB = ShiftRightSticky(b.Magnitude << shiftB, exponent - (b.Exponent - shiftB));
        if (a.Negative == b.Negative)
        {
            return new(Kind.Finite, a.Negative, exponent, alignedA + alignedB);
        }

        return alignedA == alignedB ? new(Kind.Zero, false, 0, 0)
            : alignedA > alignedB ? new(Kind.Finite, a.Negative, exponent, alignedA - alignedB)
            : new(Kind.Finite, b.Negative, exponent, alignedB - alignedA);
    }

    private static ulong Step(FloatFormat format, ulong x, ulong y, uint constant, int halvings, ref FloatEnvironment environment)
    {
        x = Negate(format, x);
        Number a = Unpack(format, x, ref environment), b = Unpack(format, y, ref environment), c = new(Kind.Finite, false, 0, constant);
        if (TryNaN(format, x, y, ref environment, out ulong nan))
        {
            return nan;
        }

        if ((a.IsInfinite && b.IsZero) || (a.IsZero && b.IsInfinite))
        {
            return Round(format, c with { Exponent = -halvings }, environment.Rounding, ref environment);
        }

        Number product = Product(a, b);
        if (product.IsInfinite)
        {
            return Infinity(format, product.Negative);
        }

        Number sum = Sum(c, product);
        return sum.IsZero
            ? ZeroSum(format, environment)
            : Round(format, sum with { Exponent = sum.Exponent - halvings }, environment.Rounding, ref environment);
    }
}
