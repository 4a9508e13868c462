// FPCompare and its relatives, FPRoundInt, FPToFixed, FixedToFP, FPConvert.
using System;
using MiniJit.Coherence.Machine;

namespace MiniJit.Coherence.Arithmetic;

internal static partial class ExactFloat
{
    /// <summary>FPCompare: the flags of fcmp, or of fcmpe, to which every NaN is an error.</summary>
    public static ConditionFlags Compare(FloatFormat format, ulong x, ulong y, bool signal, ref FloatEnvironment environment)
    {
        long a = Ordered(format, Flush(format, x, ref environment)), b = Ordered(format, Flush(format, y, ref environment));
        if (IsUnordered(format, x, y, signal, ref environment))
        {
            return ConditionFlags.Carry | ConditionFlags.Overflow;
        }

        return a == b ? ConditionFlags.Zero | ConditionFlags.Carry : a < b ? ConditionFlags.Negative : ConditionFlags.Carry;
    }

    /// <summary>FPCompareEQ</summary>
    public static bool IsEqual(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        Compare(format, x, y, signal: false, ref environment) == (ConditionFlags.Zero | ConditionFlags.Carry);

    /// <summary>FPCompareGE</summary>
    public static bool IsGreaterOrEqual(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        (Compare(format, x, y, signal: true, ref environment) & (ConditionFlags.Carry | ConditionFlags.Overflow)) == ConditionFlags.Carry;

    /// <summary>FPCompareGT</summary>
    public static bool IsGreater(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        Compare(format, x, y, signal: true, ref environment) == ConditionFlags.Carry;

    /// <summary>FPRoundInt: to a whole number in the same format; <paramref name="exact"/> raises Inexact if that changes it.</summary>
    public static ulong RoundToIntegral(FloatFormat format, ulong x, FloatRounding rounding, bool exact, ref FloatEnvironment environment)
    {
        if (format.IsNaN(x))
        {
            return ProcessNaN(format, x, ref environment);
        }

        Number a = Unpack(format, x, ref environment);
        if (a.IsInfinite || a.Kind == Kind.Finite && a.Exponent >= 0)
        {
            return x;
        }

        if (a.IsZero)
        {
            return Sign(format, a.Negative);
        }

        (ulong whole, bool inexact) = RoundQuarters((ulong)ShiftRightSticky(a.Magnitude << 2, -a.Exponent), a.Negative, rounding);
        if (inexact && exact)
        {
            environment.Raise(FloatFlags.Inexact);
        }

        return whole == 0
            ? Sign(format, a.Negative)
            : Round(format, new(Kind.Finite, a.Negative, 0, whole), FloatRounding.Zero, ref environment);
    }

    /// <summary>
    /// FPToFixed: to an integer of <paramref name="bits"/> bits that counts 2^-<paramref name="fractionBits"/>, saturated; zero for a NaN.
    /// The result has no bits above these.
    /// </summary>
    public static ulong ToFixed(
        FloatFormat format, ulong x, int bits, int fractionBits, bool unsigned, FloatRounding rounding, ref FloatEnvironment environment)
    {
        ulong mask = ulong.MaxValue >> (64 - bits);
        Number a = Unpack(format, x, ref environment);
        switch (a.Kind)
        {
            case Kind.Zero:
                return 0;
            case Kind.NaN:
                environment.Raise(FloatFlags.InvalidOperation);
                return 0;
        }

        int exponent = a.Exponent + fractionBits;
        bool overflow = a.IsInfinite || exponent + BitLength(a.Magnitude) > 65;
        bool inexact = false;
        UInt128 whole = 0;
        if (!overflow && exponent >= 0)
        {
            whole = a.Magnitude << exponent;
        }
        else if (!overflow)
        {
            (ulong rounded, inexact) = RoundQuarters((ulong)ShiftRightSticky(a.Magnitude << 2, -exponent), a.Negative, rounding);
            whole = rounded;
        }

        UInt128 limit = unsigned ? (a.Negative ? 0 : mask) : (mask >> 1) + (a.Negative ? 1UL : 0);
        if (overflow || whole > limit)
        {
            environment.Raise(FloatFlags.InvalidOperation);
            return (ulong)(a.Negative ? -limit : limit) & mask;
        }

        environment.Raise(inexact ? FloatFlags.Inexact : FloatFlags.None);
        return (ulong)(a.Negative ? -whole : whole) & mask;
    }

    /// <summary>FixedToFP: from an integer (sign-extended to 64 bits if signed) that counts 2^-<paramref name="fractionBits"/>.</summary>
    public static ulong FromFixed(FloatFormat format, ulong x, int fractionBits, bool unsigned, ref FloatEnvironment environment)
    {
        bool negative = !unsigned && (long)x < 0;
        return x == 0
            ? 0
            : Round(format, new(Kind.Finite, negative, -fractionBits, negative ? 0 - x : x), environment.Rounding, ref environment);
    }

    /// <summary>FPConvert: between formats, with FPCR's rounding.</summary>
    public static ulong Convert(FloatFormat from, FloatFormat to, ulong x, ref FloatEnvironment environment) =>
        Convert(from, to, x, environment.Rounding, ref environment);

    /// <summary>FPConvert, with a rounding of the instruction's own (fcvtxn rounds to odd).</summary>
    public static ulong Convert(FloatFormat from, FloatFormat to, ulong x, FloatRounding rounding, ref FloatEnvironment environment)
    {
        // FPUnpackCV and FPRoundCV: the alternative half format exists here only, and halves are never flushed.
        bool alternative = to.IsHalf && environment.AlternativeHalf;
        Number a = Unpack(
            from, x, !from.IsHalf && environment.Flushes(from), from.IsHalf && environment.AlternativeHalf, ref environment);
        ulong sign = Sign(to, a.Negative);
        switch (a.Kind)
        {
            case Kind.NaN:
                environment.Raise(alternative || from.IsSignalingNaN(x) ? FloatFlags.InvalidOperation : FloatFlags.None);
                return alternative ? sign : environment.DefaultNaN ? to.DefaultNaN : sign | ConvertNaN(from, to, x);
            case Kind.Infinity when alternative:
                environment.Raise(FloatFlags.InvalidOperation);
                return sign | (to.SignBit - 1);
            case Kind.Infinity:
                return sign | to.Infinity;
            case Kind.Zero:
                return sign;
            default:
                return Round(to, a, rounding, !to.IsHalf && environment.Flushes(to), alternative, ref environment);
        }
    }

    // The payload keeps its highest bits.
    private static ulong ConvertNaN(FloatFormat from, FloatFormat to, ulong x)
    {
        ulong fraction = x & from.FractionMask;
        int shift = to.FractionBits - from.FractionBits;
        return to.DefaultNaN | (shift >= 0 ? fraction << shift : fraction >> -shift);
    }

    private static bool IsUnordered(FloatFormat format, ulong x, ulong y, bool signal, ref FloatEnvironment environment)
    {
        if (!format.IsNaN(x) && !format.IsNaN(y))
        {
            return false;
        }

        if (signal || format.IsSignalingNaN(x) || format.IsSignalingNaN(y))
        {
            environment.Raise(FloatFlags.InvalidOperation);
        }

        return true;
    }
}
