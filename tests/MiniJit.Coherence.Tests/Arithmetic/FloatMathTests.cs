// The shortcuts of FloatMath against the pseudocode of ExactFloat, and the pseudocode against results written down by hand.
using System;
using System.Numerics;
using System.Runtime.Intrinsics;
using MiniJit.Coherence.Arithmetic;
using MiniJit.Coherence.Tests.Fidelity;
using MiniJit.IR;
using Xunit;

namespace MiniJit.Coherence.Tests.Arithmetic;

public sealed class FloatMathTests
{
    private const int Rounds = 20_000;

    private static readonly FloatFormat s_single = FloatFormat.Single, s_half = FloatFormat.Half;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Shortcuts_give_the_bits_and_flags_of_the_pseudocode(bool inexactIsUp)
    {
        SplitMix64 random = new(7);
        for (int i = 0; i < Rounds; i++)
        {
            Vector128<ulong> x = EdgeValues.Vector(random), y = EdgeValues.Vector(random), z = EdgeValues.Vector(random);
            Check<double>(x, y, z, inexactIsUp);
            Check<float>(x, y, z, inexactIsUp);
        }
    }

    [Fact]
    public void Sums_products_and_quotients_of_small_whole_numbers_are_exact_and_found_so_without_the_pseudocode()
    {
        for (int i = 1; i < 50; i++)
        {
            for (int j = 1; j < 50; j++)
            {
                FloatEnvironment environment = default;
                Assert.True(Addition.TryHostExactly((double)i, j, ref environment, out double sum));
                Assert.True(Multiplication.TryHostExactly((double)i, j, ref environment, out double product));
                Assert.True(Division.TryHostExactly(product, j, ref environment, out double quotient));
                Assert.Equal((i + j, i * j, i), (sum, product, quotient));
                Assert.Equal(FloatFlags.None, environment.Status);
            }
        }
    }

    [Fact]
    public void A_denormal_operand_is_noted_even_beside_a_NaN()
    {
        FloatEnvironment environment = new() { Control = 1 << 24 };
        Assert.Equal(s_single.DefaultNaN | 5, ExactFloat.Add(s_single, s_single.DefaultNaN | 5, 1, ref environment));
        Assert.Equal(FloatFlags.InputDenormal, environment.Status);
    }

    [Fact]
    public void The_first_signalling_NaN_wins_made_quiet_and_the_addend_is_first()
    {
        FloatEnvironment environment = default;
        Assert.Equal(0xffc0_0007ul, ExactFloat.Add(s_single, 0x7fc0_0001, 0xff80_0007, ref environment));
        Assert.Equal(FloatFlags.InvalidOperation, environment.Status);
        Assert.Equal(0x7fc0_0003ul, ExactFloat.MultiplyAdd(s_single, 0x7f80_0003, 0x7f80_0002, 0x7f80_0001, ref environment));
    }

    [Fact]
    public void Zero_times_infinity_beats_a_quiet_addend()
    {
        FloatEnvironment environment = default;
        Assert.Equal(s_single.DefaultNaN, ExactFloat.MultiplyAdd(s_single, 0x7fc0_0001, 0, s_single.Infinity, ref environment));
        Assert.Equal(FloatFlags.InvalidOperation, environment.Status);
    }

    [Fact]
    public void Negating_a_half_does_not_quiet_it()
    {
        FloatEnvironment environment = default;
        Half signalling = BitConverter.UInt16BitsToHalf(0x7d37);
        Half result = FloatMath.MultiplyAdd<MinusProduct, Half>(Half.Zero, signalling, Half.One, ref environment);
        Assert.Equal(0xff37, BitConverter.HalfToUInt16Bits(result));
        Assert.Equal(FloatFlags.InvalidOperation, environment.Status);
    }

    [Theory]
    [InlineData(0u, 16f)]
    [InlineData(1u, 16f)]
    [InlineData(2u, 15f)]
    [InlineData(3u, 15f)]
    public void Rounding_to_a_whole_number_follows_the_control_register(uint mode, float expected)
    {
        FloatEnvironment environment = new() { Control = mode << 22 };
        ulong x = BitConverter.SingleToUInt32Bits(15.5f);
        ulong rounded = ExactFloat.RoundToIntegral(s_single, x, environment.Rounding, exact: true, ref environment);
        Assert.Equal(expected, BitConverter.UInt32BitsToSingle((uint)rounded));
        Assert.Equal(FloatFlags.Inexact, environment.Status);
    }

    [Fact]
    public void The_alternative_half_has_no_infinity()
    {
        FloatEnvironment environment = new() { Control = 1 << 26 };
        Assert.Equal(0x7ffful, ExactFloat.Convert(s_single, s_half, s_single.Infinity, ref environment));
        Assert.Equal(FloatFlags.InvalidOperation, environment.Status);
        Assert.Equal(131008.0f, BitConverter.UInt32BitsToSingle((uint)ExactFloat.Convert(s_half, s_single, 0x7fff, ref environment)));
    }

    private static void Check<T>(Vector128<ulong> x, Vector128<ulong> y, Vector128<ulong> z, bool inexactIsUp)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Binary<Addition, T>(x, y, inexactIsUp);
        Binary<Subtraction, T>(x, y, inexactIsUp);
        Binary<Multiplication, T>(x, y, inexactIsUp);
        Binary<NegatedMultiplication, T>(x, y, inexactIsUp);
        Binary<ExtendedMultiplication, T>(x, y, inexactIsUp);
        Binary<Division, T>(x, y, inexactIsUp);
        Binary<AbsoluteDifference, T>(x, y, inexactIsUp);
        Binary<Maximum, T>(x, y, inexactIsUp);
        Binary<Minimum, T>(x, y, inexactIsUp);
        Binary<MaximumNumber, T>(x, y, inexactIsUp);
        Binary<MinimumNumber, T>(x, y, inexactIsUp);
        Unary<SquareRoot, T>(x, inexactIsUp);
        Unary<Magnitude, T>(x, inexactIsUp);
        Unary<Negation, T>(x, inexactIsUp);
        Unary<RoundToIntegral<ToNearestEven>, T>(x, inexactIsUp);
        Unary<RoundToIntegral<ToNearestAway>, T>(x, inexactIsUp);
        Unary<RoundToIntegral<Upward>, T>(x, inexactIsUp);
        Unary<RoundToIntegral<Downward>, T>(x, inexactIsUp);
        Unary<RoundToIntegral<TowardZero>, T>(x, inexactIsUp);
        Unary<RoundToIntegral<ByControlExactly>, T>(x, inexactIsUp);
        Fused<PlusProduct, T>(x, y, z, inexactIsUp);
        Fused<MinusProduct, T>(x, y, z, inexactIsUp);
        ToInteger<ToNearestEven, T>(x, inexactIsUp);
        ToInteger<ToNearestAway, T>(x, inexactIsUp);
        ToInteger<TowardZero, T>(x, inexactIsUp);
        FromInteger<T>(x[0], inexactIsUp);
    }

    private static FloatEnvironment Environment(bool inexactIsUp) => new() { Status = inexactIsUp ? FloatFlags.Inexact : FloatFlags.None };

    private static void Unary<TOperation, T>(Vector128<ulong> x, bool inexactIsUp)
        where TOperation : IFloatUnary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FloatEnvironment ours = Environment(inexactIsUp), exact = ours;
        T n = x.As<ulong, T>()[0];
        ulong result = FloatMath.Bits(FloatMath.Apply<TOperation, T>(n, ref ours));
        Same<TOperation, T>(TOperation.Exact(FloatFormat.Of<T>(), FloatMath.Bits(n), ref exact), result, exact, ours);
    }

    private static void Binary<TOperation, T>(Vector128<ulong> x, Vector128<ulong> y, bool inexactIsUp)
        where TOperation : IFloatBinary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FloatEnvironment ours = Environment(inexactIsUp), exact = ours;
        Vector128<T> n = x.As<ulong, T>(), m = y.As<ulong, T>();
        ulong result = FloatMath.Bits(FloatMath.Apply<TOperation, T>(n[0], m[0], ref ours));
        Same<TOperation, T>(TOperation.Exact(FloatFormat.Of<T>(), FloatMath.Bits(n[0]), FloatMath.Bits(m[0]), ref exact), result, exact, ours);

        ours = exact = Environment(inexactIsUp);
        Vector128<T> results = FloatMath.Apply<TOperation, T>(n, m, Vector128<T>.Count, ref ours);
        for (int i = 0; i < Vector128<T>.Count; i++)
        {
            ulong lane = TOperation.Exact(FloatFormat.Of<T>(), FloatMath.Bits(n[i]), FloatMath.Bits(m[i]), ref exact);
            Assert.Equal(lane, FloatMath.Bits(results[i]));
        }

        Assert.Equal(exact.Status, ours.Status);
    }

    private static void Fused<TOperation, T>(Vector128<ulong> x, Vector128<ulong> y, Vector128<ulong> z, bool inexactIsUp)
        where TOperation : IFloatTernary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FloatEnvironment ours = Environment(inexactIsUp), exact = ours;
        FloatFormat format = FloatFormat.Of<T>();
        T n = x.As<ulong, T>()[0], m = y.As<ulong, T>()[0], a = z.As<ulong, T>()[0];
        ulong result = FloatMath.Bits(FloatMath.MultiplyAdd<TOperation, T>(a, n, m, ref ours));
        ulong first = TOperation.NegatesProduct ? ExactFloat.Negate(format, FloatMath.Bits(n)) : FloatMath.Bits(n);
        Same<TOperation, T>(ExactFloat.MultiplyAdd(format, FloatMath.Bits(a), first, FloatMath.Bits(m), ref exact), result, exact, ours);
    }

    private static void ToInteger<TRounding, T>(Vector128<ulong> x, bool inexactIsUp)
        where TRounding : IFloatRounding
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T n = x.As<ulong, T>()[0];
        foreach ((bool wide, bool unsigned) in (ReadOnlySpan<(bool, bool)>)[(false, false), (false, true), (true, false), (true, true)])
        {
            FloatEnvironment ours = Environment(inexactIsUp), exact = ours;
            ulong result = FloatConversions.ToInteger<TRounding, T>(n, wide, unsigned, ref ours);
            ulong expected = ExactFloat.ToFixed(
                FloatFormat.Of<T>(), FloatMath.Bits(n), wide ? 64 : 32, 0, unsigned, TRounding.Direction(exact), ref exact);
            Same<TRounding, T>(expected, result, exact, ours);
        }
    }

    private static void FromInteger<T>(ulong x, bool inexactIsUp)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (bool unsigned in (ReadOnlySpan<bool>)[false, true])
        {
            FloatEnvironment ours = Environment(inexactIsUp), exact = ours;
            ulong result = FloatMath.Bits(FloatConversions.FromInteger<T>(x, unsigned, ref ours));
            Same<bool, T>(ExactFloat.FromFixed(FloatFormat.Of<T>(), x, 0, unsigned, ref exact), result, exact, ours);
        }
    }

    private static void Same<TOperation, T>(ulong expected, ulong actual, FloatEnvironment exact, FloatEnvironment ours)
    {
        if (expected != actual || exact.Status != ours.Status)
        {
            Assert.Fail($"{typeof(TOperation).Name} of {typeof(T).Name}: {actual:x} {ours.Status}, expected {expected:x} {exact.Status}");
        }
    }
}
