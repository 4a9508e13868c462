using System;
using MiniJit.IR.Interpretation;
using Xunit;

namespace MiniJit.IR.Tests.Interpretation;

/// <summary>The integer implementation of IEEE 754 against the host's f32 and f64, on which both are defined.</summary>
public sealed class SoftFloatTests
{
    private static readonly FloatFormat s_f16 = FloatFormat.Of(IrType.F16), s_f32 = FloatFormat.Of(IrType.F32);
    private static readonly FloatFormat s_f64 = FloatFormat.Of(IrType.F64), s_f128 = FloatFormat.Of(IrType.F128);

    [Fact]
    public void Double_arithmetic_agrees_with_the_host()
    {
        Random random = new(1);
        for (int i = 0; i < 60_000; i++)
        {
            double x = NextDouble(random, i), y = NextDouble(random, i), z = NextDouble(random, i);
            Check("add", x + y, SoftFloat.Add(s_f64, Bits(x), Bits(y)), x, y, z);
            Check("sub", x - y, SoftFloat.Subtract(s_f64, Bits(x), Bits(y)), x, y, z);
            Check("mul", x * y, SoftFloat.Multiply(s_f64, Bits(x), Bits(y)), x, y, z);
            Check("div", x / y, SoftFloat.Divide(s_f64, Bits(x), Bits(y)), x, y, z);
            Check("sqrt", Math.Sqrt(x), SoftFloat.SquareRoot(s_f64, Bits(x)), x, y, z);
            Check("fma", Math.FusedMultiplyAdd(x, y, z), SoftFloat.FusedMultiplyAdd(s_f64, Bits(x), Bits(y), Bits(z)), x, y, z);
            Check("nearest", Math.Round(x, MidpointRounding.ToEven), SoftFloat.RoundToIntegral(s_f64, RoundingMode.NearestEven, Bits(x)), x, y, z);
            Check("ceil", Math.Ceiling(x), SoftFloat.RoundToIntegral(s_f64, RoundingMode.Up, Bits(x)), x, y, z);
            Check("floor", Math.Floor(x), SoftFloat.RoundToIntegral(s_f64, RoundingMode.Down, Bits(x)), x, y, z);
            Check("trunc", Math.Truncate(x), SoftFloat.RoundToIntegral(s_f64, RoundingMode.TowardZero, Bits(x)), x, y, z);
            Assert.Equal(FloatSemantics.Relation(x, y), SoftFloat.Compare(s_f64, Bits(x), Bits(y)));
        }
    }

    [Fact]
    public void Single_conversions_agree_with_the_host()
    {
        Random random = new(2);
        for (int i = 0; i < 60_000; i++)
        {
            double x = NextDouble(random, i);
            float narrow = (float)x;
            UInt128 demoted = SoftFloat.Convert(s_f64, s_f32, Bits(x));
            Assert.True(float.IsNaN(narrow) ? s_f32.IsNaN(demoted) : demoted == BitConverter.SingleToUInt32Bits(narrow), $"demote {x:R}");
            Assert.True(float.IsNaN(narrow) || SoftFloat.Convert(s_f32, s_f64, demoted) == Bits(narrow), $"promote {narrow:R}");
            long integer = random.NextInt64() >> random.Next(64);
            Assert.Equal(Bits(integer), SoftFloat.FromInteger(s_f64, integer < 0, (UInt128)Int128.Abs(integer)));
        }
    }

    [Fact]
    public void Half_agrees_with_single_arithmetic_rounded_once()
    {
        // Products and quotients of halves are exact, or round innocuously, in single precision.
        Random random = new(3);
        for (int i = 0; i < 30_000; i++)
        {
            Half x = BitConverter.UInt16BitsToHalf((ushort)random.Next(65536)), y = BitConverter.UInt16BitsToHalf((ushort)random.Next(65536));
            UInt128 a = BitConverter.HalfToUInt16Bits(x), b = BitConverter.HalfToUInt16Bits(y);
            CheckHalf((Half)((float)x + (float)y), SoftFloat.Add(s_f16, a, b));
            CheckHalf((Half)((float)x * (float)y), SoftFloat.Multiply(s_f16, a, b));
            CheckHalf((Half)((float)x / (float)y), SoftFloat.Divide(s_f16, a, b));
            CheckHalf((Half)MathF.Sqrt((float)x), SoftFloat.SquareRoot(s_f16, a));
        }
    }

    [Fact]
    public void Quadruple_precision_computes_known_values()
    {
        UInt128 one = Quad("0x1.0"), three = Quad("0x1.8p1"), two = Quad("0x1.0p1");
        Assert.Equal(Quad("0x1.5555555555555555555555555555p-2"), SoftFloat.Divide(s_f128, one, three));
        Assert.Equal(Quad("0x1.6a09e667f3bcc908b2fb1366ea95p0"), SoftFloat.SquareRoot(s_f128, two));
        Assert.Equal(Quad("0x1.0000000000000000000000000001p0"), SoftFloat.Add(s_f128, one, Quad("0x1.0p-112")));
        Assert.Equal(one, SoftFloat.Add(s_f128, one, Quad("0x1.0p-113")));                    // tie to even
        Assert.Equal(Quad("0x1.0p-224"), SoftFloat.FusedMultiplyAdd(s_f128, Quad("0x1.0000000000000000000000000001p0"), Quad("0x1.0000000000000000000000000001p0"), Quad("-0x1.0000000000000000000000000002p0")));
        Assert.Equal(s_f128.Infinity, SoftFloat.Multiply(s_f128, Quad("0x1.0p16383"), two));
        Assert.Equal(Quad("0x0.0000000000000000000000000001p-16382"), SoftFloat.Multiply(s_f128, Quad("0x1.0p-16382"), Quad("0x1.0p-112")));
        Assert.Equal((UInt128)0, SoftFloat.Multiply(s_f128, Quad("0x1.0p-16382"), Quad("0x1.0p-113")));
    }

    [Fact]
    public void Half_fma_rounds_once()
    {
        // The square is just above 1 + 2^-9: with half a unit more it lies just above a tie, which an intermediate rounding would lose.
        UInt128 x = Parse("0x1.004p0", 16), product = SoftFloat.FusedMultiplyAdd(s_f16, x, x, 0);
        Assert.Equal(Parse("0x1.008p0", 16), product);
        Assert.Equal(Parse("0x1.00cp0", 16), SoftFloat.FusedMultiplyAdd(s_f16, x, x, Parse("0x1.0p-11", 16)));
    }

    [Fact]
    public void The_first_nan_operand_wins_and_becomes_quiet()
    {
        UInt128 signalling = 0x7f800001, quiet = 0xffc00002;
        Assert.Equal((UInt128)0x7fc00001, SoftFloat.Add(s_f32, signalling, quiet));
        Assert.Equal((UInt128)0xffc00002, SoftFloat.Subtract(s_f32, 0, quiet));
        Assert.Equal((UInt128)0x7fc00000, SoftFloat.Divide(s_f32, 0, 0));
        Assert.Equal((UInt128)0x7ff8000020000000, SoftFloat.Convert(s_f32, s_f64, signalling));
    }

    private static void Check(string operation, double expected, UInt128 actual, double x, double y, double z) =>
        Assert.True(double.IsNaN(expected) ? s_f64.IsNaN(actual) : Bits(expected) == actual, $"{operation} {x:R} {y:R} {z:R}: expected {expected:R}, got {(ulong)actual:x}");

    private static void CheckHalf(Half expected, UInt128 actual) =>
        Assert.True(Half.IsNaN(expected) ? s_f16.IsNaN(actual) : BitConverter.HalfToUInt16Bits(expected) == actual);

    // Any bits; numbers of like magnitude, so that sums cancel; few significant bits, so that ties happen; special values.
    private static double NextDouble(Random random, int i) => (i & 3) switch
    {
        0 => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)),
        1 => (random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-60, 60)),
        2 => random.Next(-64, 64) * Math.Pow(2, random.Next(-4, 4) + (random.Next(2) * 52)),
        _ => random.Next(8) switch
        {
            0 => 0.0,
            1 => -0.0,
            2 => double.PositiveInfinity,
            3 => double.Epsilon * random.Next(1, 9),
            4 => double.MaxValue,
            5 => double.NaN,
            6 => -1.0,
            _ => BitConverter.Int64BitsToDouble(random.NextInt64(1, 1L << 54)),
        },
    };

    private static UInt128 Bits(double value) => BitConverter.DoubleToUInt64Bits(value);

    private static UInt128 Quad(string text) => Parse(text, 128);

    private static UInt128 Parse(string text, int width)
    {
        Assert.Equal(NumberError.None, NumberText.ParseFloat(text, width, out UInt128 bits));
        return bits;
    }
}
