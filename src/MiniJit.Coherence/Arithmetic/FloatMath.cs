// Floating-point operations as the machine executes them: by the host's own arithmetic where its result is certainly Arm's, by
// ExactFloat elsewhere. Three cases, cheapest first:
//
//   1. TryHost: FPCR is zero, Inexact is up already and the result is ordinary (finite, no NaN, not near the subnormal numbers), so
//      that no flag can change. This is nearly every operation of nearly every program, and costs two tests.
//   2. TryHostExactly: FPCR is zero but Inexact is still down. The residual of the operation, itself an exact floating-point number
//      (Dekker, Knuth; a fused multiply-add gives it for products), tells whether the result was rounded.
//   3. Exact: everything else.
//
// An operation is a struct with these as static methods, so that the loops over scalars and lanes exist once.
using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Numerics;

namespace MiniJit.Coherence.Arithmetic;

/// <summary>An operation on one number.</summary>
internal interface IFloatUnary
{
    static virtual bool TryHost<T>(T x, in FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = default;
        return false;
    }

    static abstract ulong Exact(FloatFormat format, ulong x, ref FloatEnvironment environment);
}

/// <summary>An operation on two numbers.</summary>
internal interface IFloatBinary
{
    static virtual bool TryHost<T>(T x, T y, in FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = default;
        return false;
    }

    /// <summary>The same on all lanes.</summary>
    static virtual bool TryHost<T>(Vector128<T> x, Vector128<T> y, in FloatEnvironment environment, out Vector128<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = default;
        return false;
    }

    static virtual bool TryHostExactly<T>(T x, T y, ref FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = default;
        return false;
    }

    static abstract ulong Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment);
}

/// <summary>addend ± x · y</summary>
internal interface IFloatTernary
{
    static abstract bool NegatesAddend { get; }

    static abstract bool NegatesProduct { get; }
}

internal static class FloatMath
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<TOperation, T>(T x, ref FloatEnvironment environment)
        where TOperation : IFloatUnary
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        typeof(T) != typeof(Half) && TOperation.TryHost(x, environment, out T result)
            ? result
            : FromBits<T>(TOperation.Exact(FloatFormat.Of<T>(), Bits(x), ref environment));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<TOperation, T>(T x, T y, ref FloatEnvironment environment)
        where TOperation : IFloatBinary
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        typeof(T) != typeof(Half) && TOperation.TryHost(x, y, environment, out T result)
            ? result
            : Slowly<TOperation, T>(x, y, ref environment);

    /// <summary>On each lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<TOperation, T>(Vector128<T> x, Vector128<T> y, int lanes, ref FloatEnvironment environment)
        where TOperation : IFloatBinary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) != typeof(Half) && lanes == Vector128<T>.Count && TOperation.TryHost(x, y, environment, out Vector128<T> result))
        {
            return result;
        }

        return LaneByLane<TOperation, T>(x, y, lanes, ref environment);
    }

    /// <summary>FPMulAdd, the operands negated first as the operation says.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T MultiplyAdd<TOperation, T>(T addend, T x, T y, ref FloatEnvironment environment)
        where TOperation : IFloatTernary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        addend = TOperation.NegatesAddend ? Negate(addend) : addend;
        x = TOperation.NegatesProduct ? Negate(x) : x;
        if (typeof(T) != typeof(Half) && environment.IsHostable)
        {
            T result = T.FusedMultiplyAdd(x, y, addend);
            if (IsOrdinary(result))
            {
                return result;
            }
        }

        return MultiplyAddSlowly(addend, x, y, ref environment);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> MultiplyAdd<TOperation, T>(
        Vector128<T> addend, Vector128<T> x, Vector128<T> y, int lanes, ref FloatEnvironment environment)
        where TOperation : IFloatTernary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) != typeof(Half) && lanes == Vector128<T>.Count && environment.IsHostable)
        {
            Vector128<T> result = Fused(TOperation.NegatesAddend ? -addend : addend, TOperation.NegatesProduct ? -x : x, y);
            if (IsOrdinary(result))
            {
                return result;
            }
        }

        return MultiplyAddLaneByLane<TOperation, T>(addend, x, y, lanes, ref environment);
    }

    /// <summary>The sign inverted. The host negates halves as numbers, which quiets NaNs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Negate<T>(T x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        typeof(T) == typeof(Half) ? FromBits<T>(ExactFloat.Negate(FloatFormat.Half, Bits(x))) : -x;

    /// <summary>Neither NaN nor infinity.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsFinite<T>(T x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => T.IsFinite(x);

    /// <summary>A finite number above the smallest normal one: it did not underflow, whatever it was before it was rounded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsOrdinary<T>(T x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(double))
        {
            return (Bits(x) & 0x7fff_ffff_ffff_ffff) - 0x0010_0000_0000_0001 < 0x7ff0_0000_0000_0000 - 0x0010_0000_0000_0001;
        }

        return ((uint)Bits(x) & 0x7fff_ffff) - 0x0080_0001 < 0x7f80_0000 - 0x0080_0001;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsOrdinary<T>(Vector128<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(double))
        {
            Vector128<ulong> bits = (x.AsUInt64() & Vector128.Create(0x7fff_ffff_ffff_ffffUL)) - Vector128.Create(0x0010_0000_0000_0001UL);
            return Vector128.LessThanAll(bits, Vector128.Create(0x7ff0_0000_0000_0000UL - 0x0010_0000_0000_0001));
        }

        Vector128<uint> words = (x.AsUInt32() & Vector128.Create(0x7fff_ffffU)) - Vector128.Create(0x0080_0001U);
        return Vector128.LessThanAll(words, Vector128.Create(0x7f80_0000U - 0x0080_0001));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsFinite<T>(Vector128<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        typeof(T) == typeof(double)
            ? Vector128.LessThanAll(x.AsUInt64() & Vector128.Create(0x7fff_ffff_ffff_ffffUL), Vector128.Create(0x7ff0_0000_0000_0000UL))
            : Vector128.LessThanAll(x.AsUInt32() & Vector128.Create(0x7fff_ffffU), Vector128.Create(0x7f80_0000U));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Bits<T>(T x)
        where T : unmanaged =>
        typeof(T) == typeof(double) ? Unsafe.BitCast<T, ulong>(x)
            : typeof(T) == typeof(float) ? Unsafe.BitCast<T, uint>(x)
            : Unsafe.BitCast<T, ushort>(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T FromBits<T>(ulong bits)
        where T : unmanaged =>
        typeof(T) == typeof(double) ? Unsafe.BitCast<ulong, T>(bits)
            : typeof(T) == typeof(float) ? Unsafe.BitCast<uint, T>((uint)bits)
            : Unsafe.BitCast<ushort, T>((ushort)bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<T> Fused<T>(Vector128<T> addend, Vector128<T> x, Vector128<T> y)
        where T : unmanaged =>
        typeof(T) == typeof(double)
            ? Vector128.FusedMultiplyAdd(x.AsDouble(), y.AsDouble(), addend.AsDouble()).As<double, T>()
            : Vector128.FusedMultiplyAdd(x.AsSingle(), y.AsSingle(), addend.AsSingle()).As<float, T>();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T Slowly<TOperation, T>(T x, T y, ref FloatEnvironment environment)
        where TOperation : IFloatBinary
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        typeof(T) != typeof(Half) && environment.IsDefault && TOperation.TryHostExactly(x, y, ref environment, out T result)
            ? result
            : FromBits<T>(TOperation.Exact(FloatFormat.Of<T>(), Bits(x), Bits(y), ref environment));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector128<T> LaneByLane<TOperation, T>(Vector128<T> x, Vector128<T> y, int lanes, ref FloatEnvironment environment)
        where TOperation : IFloatBinary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Vector128<T> result = default;
        for (int i = 0; i < lanes; i++)
        {
            result = result.WithElement(i, Apply<TOperation, T>(x.GetElement(i), y.GetElement(i), ref environment));
        }

        return result;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T MultiplyAddSlowly<T>(T addend, T x, T y, ref FloatEnvironment environment)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) != typeof(Half) && environment.IsDefault)
        {
            // If the product is exact, the rest is a sum.
            T product = x * y;
            if (Multiplication.IsExact(x, y, product))
            {
                return Apply<Addition, T>(addend, product, ref environment);
            }
        }

        return FromBits<T>(ExactFloat.MultiplyAdd(FloatFormat.Of<T>(), Bits(addend), Bits(x), Bits(y), ref environment));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector128<T> MultiplyAddLaneByLane<TOperation, T>(
        Vector128<T> addend, Vector128<T> x, Vector128<T> y, int lanes, ref FloatEnvironment environment)
        where TOperation : IFloatTernary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Vector128<T> result = default;
        for (int i = 0; i < lanes; i++)
        {
            T lane = MultiplyAdd<TOperation, T>(addend.GetElement(i), x.GetElement(i), y.GetElement(i), ref environment);
            result = result.WithElement(i, lane);
        }

        return result;
    }
}
