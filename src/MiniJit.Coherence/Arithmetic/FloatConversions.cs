// Conversions between floating point and integers, by the host's instructions where the result is in range; see FloatMath for the cases.
using System;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace MiniJit.Coherence.Arithmetic;

internal static class FloatConversions
{
    /// <summary>To a whole number, the sign of a zero kept. <paramref name="rounding"/> should be a constant where this is inlined.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Round<T>(T x, FloatRounding rounding)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => rounding switch
        {
            FloatRounding.NearestEven => T.Round(x, MidpointRounding.ToEven),
            FloatRounding.Up => T.Ceiling(x),
            FloatRounding.Down => T.Floor(x),
            FloatRounding.Zero => T.Truncate(x),
            _ => T.Round(x, MidpointRounding.AwayFromZero),
        };

    /// <summary>To an integer of 32 or 64 bits (<paramref name="wide"/>), zero-extended to 64.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ToInteger<TRounding, T>(T x, bool wide, bool unsigned, ref FloatEnvironment environment)
        where TRounding : IFloatRounding
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) != typeof(Half) && environment.IsDefault)
        {
            T whole = Round(x, TRounding.Direction(environment));
            if (IsInRange(whole, wide, unsigned) && (environment.IsHostable || whole == x))
            {
                long integer = ToInt64(whole);
                return wide ? (ulong)integer : (uint)integer;
            }
        }

        return ExactFloat.ToFixed(
            FloatFormat.Of<T>(), FloatMath.Bits(x), wide ? 64 : 32, 0, unsigned, TRounding.Direction(environment), ref environment);
    }

    /// <summary>From an integer; one of 32 bits comes extended to 64 as its sign wants.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T FromInteger<T>(ulong x, bool unsigned, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) != typeof(Half) && environment.IsDefault && (!unsigned || (long)x >= 0))
        {
            T result = FromInt64<T>((long)x);
            if (environment.IsHostable || (T.Abs(result) < FloatMath.FromBits<T>(FloatFormat.Of<T>().PowerOfTwo(63)) && ToInt64(result) == (long)x))
            {
                return result;
            }
        }

        return FloatMath.FromBits<T>(ExactFloat.FromFixed(FloatFormat.Of<T>(), x, 0, unsigned, ref environment));
    }

    /// <summary>Between formats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TTo Convert<TFrom, TTo>(TFrom x, ref FloatEnvironment environment)
        where TFrom : unmanaged
        where TTo : unmanaged
    {
        // Widening is exact; only NaNs are anything but their value.
        if (typeof(TFrom) == typeof(float) && typeof(TTo) == typeof(double))
        {
            float single = Unsafe.BitCast<TFrom, float>(x);
            if (environment.IsDefault && !float.IsNaN(single))
            {
                return Unsafe.BitCast<double, TTo>(single);
            }
        }
        else if (typeof(TFrom) == typeof(double) && typeof(TTo) == typeof(float))
        {
            float result = (float)Unsafe.BitCast<TFrom, double>(x);
            if (environment.IsDefault && FloatMath.IsOrdinary(result) && (environment.IsHostable || result == Unsafe.BitCast<TFrom, double>(x)))
            {
                return Unsafe.BitCast<float, TTo>(result);
            }
        }

        return FloatMath.FromBits<TTo>(ExactFloat.Convert(FloatFormat.Of<TFrom>(), FloatFormat.Of<TTo>(), FloatMath.Bits(x), ref environment));
    }

    // The limits are powers of two, so the same for float and double; unsigned numbers above the signed ones are rare enough.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsInRange<T>(T whole, bool wide, bool unsigned)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FloatFormat format = FloatFormat.Of<T>();
        T limit = FloatMath.FromBits<T>(format.PowerOfTwo(wide ? 63 : unsigned ? 32 : 31));
        return whole < limit && (unsigned ? whole >= T.Zero : whole >= -limit);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long ToInt64<T>(T x)
        where T : unmanaged => typeof(T) == typeof(double) ? double.ConvertToIntegerNative<long>(Unsafe.BitCast<T, double>(x))
            : float.ConvertToIntegerNative<long>(Unsafe.BitCast<T, float>(x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T FromInt64<T>(long x)
        where T : unmanaged => typeof(T) == typeof(double) ? Unsafe.BitCast<double, T>(x) : Unsafe.BitCast<float, T>(x);
}
