// The integer operations that compilers emit all the time, on whole registers: what LaneOperations does lane by lane, by the host's
// vector instructions.
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MiniJit.Coherence.Vectors;

/// <summary>d, n and m as in <see cref="ILaneOperation"/>.</summary>
internal interface IVectorOperation
{
    static abstract Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T>;
}

internal readonly struct Add : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => n + m;
}

internal readonly struct Subtract : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => n - m;
}

internal readonly struct Multiply : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => n * m;
}

internal readonly struct MultiplyAdd : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => d + (n * m);
}

internal readonly struct MultiplySubtract : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => d - (n * m);
}

internal readonly struct And : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => n & m;
}

internal readonly struct AndNot : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => n & ~m;
}

internal readonly struct Or : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => n | m;
}

internal readonly struct OrNot : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => n | ~m;
}

internal readonly struct ExclusiveOr : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => n ^ m;
}

internal readonly struct Not : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => ~n;
}

/// <summary>bsl: the destination selects n or m.</summary>
internal readonly struct Select : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => m ^ ((m ^ n) & d);
}

/// <summary>bit: n where m has ones.</summary>
internal readonly struct InsertIfTrue : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => d ^ ((d ^ n) & m);
}

/// <summary>bif: n where m has zeros.</summary>
internal readonly struct InsertIfFalse : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => d ^ ((d ^ n) & ~m);
}

internal readonly struct IsGreater : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => Vector128.GreaterThan(n, m);
}

internal readonly struct IsGreaterOrEqual : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => Vector128.GreaterThanOrEqual(n, m);
}

internal readonly struct IsLess : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => Vector128.LessThan(n, m);
}

internal readonly struct IsLessOrEqual : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => Vector128.LessThanOrEqual(n, m);
}

internal readonly struct IsEqual : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => Vector128.Equals(n, m);
}

/// <summary>cmtst: a bit in common.</summary>
internal readonly struct Intersects : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => ~Vector128.Equals(n & m, Vector128<T>.Zero);
}

internal readonly struct Greatest : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => Vector128.Max(n, m);
}

internal readonly struct Least : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => Vector128.Min(n, m);
}

/// <summary>abs: wraps for the least number.</summary>
internal readonly struct WrappedAbsolute : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T>
    {
        Vector128<T> sign = Vector128.LessThan(n, Vector128<T>.Zero);
        return (n ^ sign) - sign;
    }
}

internal readonly struct Negate : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, Vector128<T> m)
        where T : unmanaged, IBinaryInteger<T> => -n;
}
