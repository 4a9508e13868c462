// What integer instructions compute in one lane, exactly: operands are extended to 128 bits as their kind says, the result is limited to
// the lane as the instruction says (wrapped or saturated). An instruction is then an operation, a kind, and a limit, as in the manual's
// names: uqrshl is an unsigned, saturating, rounding shift.
using System;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using MiniJit.Coherence.Arithmetic;

namespace MiniJit.Coherence.Vectors;

/// <summary>How lanes are read.</summary>
internal interface ILaneKind
{
    static abstract Int128 Read(in Vector128<byte> vector, int index, int lane);
}

internal readonly struct Signed : ILaneKind
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Int128 Read(in Vector128<byte> vector, int index, int lane) => Lanes.ReadSigned(vector, index, lane);
}

internal readonly struct Unsigned : ILaneKind
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Int128 Read(in Vector128<byte> vector, int index, int lane) => Lanes.ReadUnsigned(vector, index, lane);
}

/// <summary>How a result is brought into its lane.</summary>
internal interface ILaneLimit
{
    static abstract ulong Limit(Int128 value, int bits, ref FloatFlags status);
}

internal readonly struct Wrapped : ILaneLimit
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Limit(Int128 value, int bits, ref FloatFlags status) => (ulong)value;
}

internal readonly struct SignedSaturated : ILaneLimit
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Limit(Int128 value, int bits, ref FloatFlags status)
    {
        Int128 max = (Int128.One << (bits - 1)) - 1, clamped = Int128.Clamp(value, ~max, max);
        status |= clamped == value ? FloatFlags.None : FloatFlags.Saturation;
        return (ulong)clamped;
    }
}

internal readonly struct UnsignedSaturated : ILaneLimit
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Limit(Int128 value, int bits, ref FloatFlags status)
    {
        Int128 clamped = Int128.Clamp(value, 0, (Int128.One << bits) - 1);
        status |= clamped == value ? FloatFlags.None : FloatFlags.Saturation;
        return (ulong)clamped;
    }
}

/// <summary>One lane: <c>d</c> is what the destination held, <c>n</c> the first source, <c>m</c> the second source or an immediate.</summary>
internal interface ILaneOperation
{
    /// <param name="d">The destination's lane before.</param>
    /// <param name="n">The first source.</param>
    /// <param name="m">The second source, the shift amount, or zero.</param>
    /// <param name="bits">The element's size that the instruction names.</param>
    /// <param name="status">Where an intermediate saturation is noted.</param>
    static abstract Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status);
}

internal readonly struct Copy : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => n;
}

internal readonly struct Sum : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => n + m;
}

internal readonly struct Difference : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => n - m;
}

internal readonly struct HalvedSum : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => (n + m) >> 1;
}

internal readonly struct RoundedHalvedSum : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => (n + m + 1) >> 1;
}

internal readonly struct HalvedDifference : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => (n - m) >> 1;
}

internal readonly struct Distance : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => Int128.Abs(n - m);
}

internal readonly struct PlusDistance : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => d + Int128.Abs(n - m);
}

internal readonly struct Product : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => n * m;
}

internal readonly struct AddedProduct : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => d + (n * m);
}

internal readonly struct SubtractedProduct : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => d - (n * m);
}

/// <summary>Fixed-point products: twice the product, whole or its upper half.</summary>
internal readonly struct DoubledProduct : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => 2 * n * m;
}

internal readonly struct AddedDoubledProduct : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) =>
        d + (long)SignedSaturated.Limit(2 * n * m, 2 * bits, ref status);
}

internal readonly struct SubtractedDoubledProduct : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) =>
        d - (long)SignedSaturated.Limit(2 * n * m, 2 * bits, ref status);
}

internal readonly struct DoubledProductUpper : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => (2 * n * m) >> bits;
}

internal readonly struct RoundedDoubledProductUpper : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) =>
        ((2 * n * m) + (Int128.One << (bits - 1))) >> bits;
}

/// <summary>Product of polynomials over {0, 1}.</summary>
internal readonly struct PolynomialProduct : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status)
    {
        UInt128 product = 0;
        for (ulong rest = (ulong)m; rest != 0; rest &= rest - 1)
        {
            product ^= (UInt128)n << BitOperations.TrailingZeroCount(rest);
        }

        return (Int128)product;
    }
}

internal readonly struct UpperSum : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => (n + m) >> bits;
}

internal readonly struct RoundedUpperSum : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => (n + m + (Int128.One << (bits - 1))) >> bits;
}

internal readonly struct UpperDifference : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => (n - m) >> bits;
}

internal readonly struct RoundedUpperDifference : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => (n - m + (Int128.One << (bits - 1))) >> bits;
}

/// <summary>suqadd: the destination's signed lane plus an unsigned one.</summary>
internal readonly struct SignedPlusUnsigned : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => (d << (128 - bits) >> (128 - bits)) + n;
}

/// <summary>usqadd: the destination's unsigned lane plus a signed one.</summary>
internal readonly struct UnsignedPlusSigned : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => (d & ((Int128.One << bits) - 1)) + n;
}

internal readonly struct Absolute : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => Int128.Abs(n);
}

internal readonly struct Opposite : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => -n;
}

internal readonly struct LeadingZeros : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) =>
        BitOperations.LeadingZeroCount((ulong)n) - (64 - bits);
}

/// <summary>cls: bits below the highest that equal it.</summary>
internal readonly struct LeadingSigns : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) =>
        BitOperations.LeadingZeroCount((ulong)(n ^ (n >> 1)) & (ulong.MaxValue >> (64 - bits))) - (64 - bits) - 1;
}

internal readonly struct Ones : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => BitOperations.PopCount((ulong)n);
}

internal readonly struct UnsignedReciprocalEstimate : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => ExactFloat.ReciprocalEstimate((uint)n);
}

internal readonly struct UnsignedReciprocalRootEstimate : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => ExactFloat.ReciprocalRootEstimate((uint)n);
}

internal readonly struct ShiftLeft : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => n << (int)m;
}

internal readonly struct ShiftLeftByLane : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => n << bits;
}

/// <summary>sli: the bits below the shifted ones stay.</summary>
internal readonly struct ShiftLeftInsert : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) =>
        (n << (int)m) | (d & ((Int128.One << (int)m) - 1));
}

internal readonly struct ShiftRight : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => n >> (int)m;
}

internal readonly struct RoundedShiftRight : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) => (n + (Int128.One << ((int)m - 1))) >> (int)m;
}

internal readonly struct AddedRoundedShiftRight : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status) =>
        d + RoundedShiftRight.Apply(d, n, m, bits, ref status);
}

/// <summary>sri: the bits above the shifted ones stay.</summary>
internal readonly struct ShiftRightInsert : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status)
    {
        Int128 kept = ((Int128.One << bits) - 1) >> (int)m;
        return (n >> (int)m) | (d & ~kept);
    }
}

/// <summary>By the low byte of a register's lane, to the left if it is positive, otherwise to the right.</summary>
internal readonly struct ShiftByRegister : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status)
    {
        int amount = (sbyte)(long)m;
        return amount >= 0 ? Left(n, amount, bits) : n >> Math.Min(-amount, 127);
    }

    // What is shifted out altogether still saturates, and has no bits in the lane.
    public static Int128 Left(Int128 n, int amount, int bits) =>
        amount < bits ? n << amount : n == 0 ? 0 : n > 0 ? Int128.One << 126 : -(Int128.One << 126);
}

internal readonly struct RoundedShiftByRegister : ILaneOperation
{
    public static Int128 Apply(Int128 d, Int128 n, Int128 m, int bits, ref FloatFlags status)
    {
        int amount = (sbyte)(long)m;
        if (amount >= 0)
        {
            return ShiftByRegister.Left(n, amount, bits);
        }

        int right = Math.Min(-amount, 127);
        return (n + (Int128.One << (right - 1))) >> right;
    }
}
