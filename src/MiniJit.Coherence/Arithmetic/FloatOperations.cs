// The operations of FloatMath. Where the host's arithmetic serves, the condition says why its result is Arm's.
using System;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MiniJit.Coherence.Arithmetic;

// A sum that is subnormal or zero is exact, so a finite one can raise nothing but Inexact.
internal readonly struct Addition : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(T x, T y, in FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = x + y;
        return environment.IsHostable && FloatMath.IsFinite(result);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(Vector128<T> x, Vector128<T> y, in FloatEnvironment environment, out Vector128<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = x + y;
        return environment.IsHostable && FloatMath.IsFinite(result);
    }

    // The residual of Knuth's TwoSum is exact unless an intermediate result overflows; then it is no number.
    public static bool TryHostExactly<T>(T x, T y, ref FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = x + y;
        T addend = result - x;
        T residual = (x - (result - addend)) + (y - addend);
        if (!T.IsFinite(residual))
        {
            return false;
        }

        environment.Raise(residual == T.Zero ? FloatFlags.None : FloatFlags.Inexact);
        return true;
    }

    public static ulong Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        ExactFloat.Add(format, x, y, ref environment);
}

internal readonly struct Subtraction : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(T x, T y, in FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = x - y;
        return environment.IsHostable && FloatMath.IsFinite(result);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(Vector128<T> x, Vector128<T> y, in FloatEnvironment environment, out Vector128<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = x - y;
        return environment.IsHostable && FloatMath.IsFinite(result);
    }

    public static bool TryHostExactly<T>(T x, T y, ref FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Addition.TryHostExactly(x, -y, ref environment, out result);

    public static ulong Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        ExactFloat.Subtract(format, x, y, ref environment);
}

internal readonly struct Multiplication : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(T x, T y, in FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = x * y;
        return environment.IsHostable && FloatMath.IsOrdinary(result);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(Vector128<T> x, Vector128<T> y, in FloatEnvironment environment, out Vector128<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = x * y;
        return environment.IsHostable && FloatMath.IsOrdinary(result);
    }

    public static bool TryHostExactly<T>(T x, T y, ref FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = x * y;
        return IsExact(x, y, result);
    }

    public static ulong Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        ExactFloat.Multiply(format, x, y, ref environment);

    /// <summary>Whether the product is certainly x · y itself.</summary>
    public static bool IsExact<T>(T x, T y, T product)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (product == T.Zero)
        {
            return x == T.Zero || y == T.Zero;
        }

        // The residual is a number if its last bit is: the product's exponent is twice the precision above the smallest.
        T magnitude = T.Abs(product);
        return magnitude >= SmallestWithResidual<T>() && T.IsFinite(magnitude) && T.FusedMultiplyAdd(x, y, -product) == T.Zero;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T SmallestWithResidual<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FloatFormat format = FloatFormat.Of<T>();
        return FloatMath.FromBits<T>(format.PowerOfTwo(2 + format.FractionBits - format.Bias));
    }
}

/// <summary>fnmul: the sign of the result is inverted, a NaN's too.</summary>
internal readonly struct NegatedMultiplication : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(T x, T y, in FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = -(x * y);
        return environment.IsHostable && FloatMath.IsOrdinary(result);
    }

    public static ulong Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        ExactFloat.Negate(format, ExactFloat.Multiply(format, x, y, ref environment));
}

/// <summary>fmulx</summary>
internal readonly struct ExtendedMultiplication : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(T x, T y, in FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Multiplication.TryHost(x, y, environment, out result);

    public static ulong Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        ExactFloat.MultiplyExtended(format, x, y, ref environment);
}

internal readonly struct Division : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(T x, T y, in FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = x / y;
        return environment.IsHostable && FloatMath.IsOrdinary(result);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(Vector128<T> x, Vector128<T> y, in FloatEnvironment environment, out Vector128<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = x / y;
        return environment.IsHostable && FloatMath.IsOrdinary(result);
    }

    // A quotient q is exact if q · y is, and is x.
    public static bool TryHostExactly<T>(T x, T y, ref FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = x / y;
        return y != T.Zero && FloatMath.IsOrdinary(result) && Multiplication.IsExact(result, y, x);
    }

    public static ulong Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        ExactFloat.Divide(format, x, y, ref environment);
}

/// <summary>fabd</summary>
internal readonly struct AbsoluteDifference : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(T x, T y, in FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = T.Abs(x - y);
        return environment.IsHostable && FloatMath.IsFinite(result);
    }

    public static ulong Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        ExactFloat.Abs(format, ExactFloat.Subtract(format, x, y, ref environment));
}

// Of numbers that differ in value the host knows the greater; what compares equal or not at all is left to the pseudocode.
internal readonly struct Maximum : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(T x, T y, in FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = x > y ? x : y;
        return environment.IsDefault && (x > y || x < y);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(Vector128<T> x, Vector128<T> y, in FloatEnvironment environment, out Vector128<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Vector128<T> greater = Vector128.GreaterThan(x, y);
        result = Vector128.ConditionalSelect(greater, x, y);
        return environment.IsDefault && (greater | Vector128.LessThan(x, y)).AsByte() == Vector128<byte>.AllBitsSet;
    }

    public static ulong Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        ExactFloat.Max(format, x, y, ref environment);
}

internal readonly struct Minimum : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(T x, T y, in FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = x < y ? x : y;
        return environment.IsDefault && (x > y || x < y);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(Vector128<T> x, Vector128<T> y, in FloatEnvironment environment, out Vector128<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Vector128<T> less = Vector128.LessThan(x, y);
        result = Vector128.ConditionalSelect(less, x, y);
        return environment.IsDefault && (less | Vector128.GreaterThan(x, y)).AsByte() == Vector128<byte>.AllBitsSet;
    }

    public static ulong Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        ExactFloat.Min(format, x, y, ref environment);
}

internal readonly struct MaximumNumber : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(T x, T y, in FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Maximum.TryHost(x, y, environment, out result);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(Vector128<T> x, Vector128<T> y, in FloatEnvironment environment, out Vector128<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Maximum.TryHost(x, y, environment, out result);

    public static ulong Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        ExactFloat.MaxNumber(format, x, y, ref environment);
}

internal readonly struct MinimumNumber : IFloatBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(T x, T y, in FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Minimum.TryHost(x, y, environment, out result);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(Vector128<T> x, Vector128<T> y, in FloatEnvironment environment, out Vector128<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Minimum.TryHost(x, y, environment, out result);

    public static ulong Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        ExactFloat.MinNumber(format, x, y, ref environment);
}

/// <summary>frecps</summary>
internal readonly struct ReciprocalStep : IFloatBinary
{
    public static ulong Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        ExactFloat.ReciprocalStep(format, x, y, ref environment);
}

/// <summary>frsqrts</summary>
internal readonly struct ReciprocalRootStep : IFloatBinary
{
    public static ulong Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
        ExactFloat.ReciprocalRootStep(format, x, y, ref environment);
}

/// <summary>fmadd, fmla: addend + x · y.</summary>
internal readonly struct PlusProduct : IFloatTernary
{
    public static bool NegatesAddend => false;

    public static bool NegatesProduct => false;
}

/// <summary>fmsub, fmls: addend − x · y.</summary>
internal readonly struct MinusProduct : IFloatTernary
{
    public static bool NegatesAddend => false;

    public static bool NegatesProduct => true;
}

/// <summary>fnmadd: −addend − x · y.</summary>
internal readonly struct NegatedSum : IFloatTernary
{
    public static bool NegatesAddend => true;

    public static bool NegatesProduct => true;
}

/// <summary>fnmsub: x · y − addend.</summary>
internal readonly struct ProductMinus : IFloatTernary
{
    public static bool NegatesAddend => true;

    public static bool NegatesProduct => false;
}

/// <summary>fabs</summary>
internal readonly struct Magnitude : IFloatUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(T x, in FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = T.Abs(x);
        return true;
    }

    public static ulong Exact(FloatFormat format, ulong x, ref FloatEnvironment environment) => ExactFloat.Abs(format, x);
}

/// <summary>fneg</summary>
internal readonly struct Negation : IFloatUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(T x, in FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = -x;
        return true;
    }

    public static ulong Exact(FloatFormat format, ulong x, ref FloatEnvironment environment) => ExactFloat.Negate(format, x);
}

internal readonly struct SquareRoot : IFloatUnary
{
    // Also where Inexact is down: x is the square of the root, or was not.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(T x, in FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = T.Sqrt(x);
        return FloatMath.IsOrdinary(result)
            && (environment.IsHostable || (environment.IsDefault && Multiplication.IsExact(result, result, x)));
    }

    public static ulong Exact(FloatFormat format, ulong x, ref FloatEnvironment environment) =>
        ExactFloat.SquareRoot(format, x, ref environment);
}

/// <summary>frecpe</summary>
internal readonly struct ReciprocalEstimate : IFloatUnary
{
    public static ulong Exact(FloatFormat format, ulong x, ref FloatEnvironment environment) =>
        ExactFloat.ReciprocalEstimate(format, x, ref environment);
}

/// <summary>frsqrte</summary>
internal readonly struct ReciprocalRootEstimate : IFloatUnary
{
    public static ulong Exact(FloatFormat format, ulong x, ref FloatEnvironment environment) =>
        ExactFloat.ReciprocalRootEstimate(format, x, ref environment);
}

/// <summary>frecpx</summary>
internal readonly struct ReciprocalExponent : IFloatUnary
{
    public static ulong Exact(FloatFormat format, ulong x, ref FloatEnvironment environment) =>
        ExactFloat.ReciprocalExponent(format, x, ref environment);
}

/// <summary>A direction of rounding that the instruction names.</summary>
internal interface IFloatRounding
{
    static abstract FloatRounding Direction(in FloatEnvironment environment);

    static virtual bool SignalsInexact => false;
}

internal readonly struct ToNearestEven : IFloatRounding
{
    public static FloatRounding Direction(in FloatEnvironment environment) => FloatRounding.NearestEven;
}

internal readonly struct ToNearestAway : IFloatRounding
{
    public static FloatRounding Direction(in FloatEnvironment environment) => FloatRounding.NearestAway;
}

internal readonly struct Upward : IFloatRounding
{
    public static FloatRounding Direction(in FloatEnvironment environment) => FloatRounding.Up;
}

internal readonly struct Downward : IFloatRounding
{
    public static FloatRounding Direction(in FloatEnvironment environment) => FloatRounding.Down;
}

internal readonly struct TowardZero : IFloatRounding
{
    public static FloatRounding Direction(in FloatEnvironment environment) => FloatRounding.Zero;
}

/// <summary>frinti: as FPCR says.</summary>
internal readonly struct ByControl : IFloatRounding
{
    public static FloatRounding Direction(in FloatEnvironment environment) => environment.Rounding;
}

/// <summary>frintx: as FPCR says, and an inexact result is signalled.</summary>
internal readonly struct ByControlExactly : IFloatRounding
{
    public static FloatRounding Direction(in FloatEnvironment environment) => environment.Rounding;

    public static bool SignalsInexact => true;
}

/// <summary>frint*</summary>
internal readonly struct RoundToIntegral<TRounding> : IFloatUnary
    where TRounding : IFloatRounding
{
    // The host keeps the sign of a zero, as Arm does.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHost<T>(T x, in FloatEnvironment environment, out T result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        result = FloatConversions.Round(x, TRounding.Direction(environment));
        return environment.IsDefault && FloatMath.IsFinite(result) && (!TRounding.SignalsInexact || environment.IsHostable || result == x);
    }

    public static ulong Exact(FloatFormat format, ulong x, ref FloatEnvironment environment) =>
        ExactFloat.RoundToIntegral(format, x, TRounding.Direction(environment), TRounding.SignalsInexact, ref environment);
}
