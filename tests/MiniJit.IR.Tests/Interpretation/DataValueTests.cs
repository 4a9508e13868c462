using System;
using MiniJit.IR.Interpretation;
using Xunit;

namespace MiniJit.IR.Tests.Interpretation;

public sealed class DataValueTests
{
    [Fact]
    public void Bits_above_the_width_are_dropped()
    {
        Assert.Equal((UInt128)0x80, new DataValue(IrType.I8, 0xf80).Bits);
        Assert.Equal(DataValue.I8(-128), new DataValue(IrType.I8, UInt128.MaxValue << 7));
        Assert.Equal(UInt128.MaxValue, DataValue.I128(-1).Bits);
    }

    [Fact]
    public void Equality_is_on_type_and_bits()
    {
        Assert.NotEqual(DataValue.I8(1), DataValue.I16(1));
        Assert.NotEqual(DataValue.F32(0f), DataValue.F32(-0f));
        Assert.Equal(DataValue.F64(double.NaN), DataValue.F64(double.NaN));
        Assert.NotEqual(DataValue.F32Bits(0x7fc00000), DataValue.F32Bits(0x7fc00001));
    }

    [Fact]
    public void Signed_reading_extends_from_the_width()
    {
        Assert.Equal(-1, DataValue.I8(255).AsInt64);
        Assert.Equal((Int128)(-2), new DataValue(IrType.I64, 0xffff_ffff_ffff_fffe).AsSigned);
        Assert.Equal(long.MinValue, DataValue.I64(long.MinValue).AsInt64);
    }

    [Theory]
    [InlineData("i8", "ff", "-1")]
    [InlineData("i16", "8000", "-32768")]
    [InlineData("i64", "8000000000000000", "-9223372036854775808")]
    [InlineData("i128", "80000000000000000000000000000000", "-170141183460469231731687303715884105728")]
    [InlineData("f32", "00000000", "0.0")]
    [InlineData("f32", "80000000", "-0.0")]
    [InlineData("f32", "3f800000", "0x1.000000p0")]
    [InlineData("f32", "00000001", "0x0.000002p-126")]
    [InlineData("f32", "7f7fffff", "0x1.fffffep127")]
    [InlineData("f32", "7f800000", "+Inf")]
    [InlineData("f32", "ff800000", "-Inf")]
    [InlineData("f32", "7fc00000", "+NaN")]
    [InlineData("f32", "ffc00001", "-NaN:0x1")]
    [InlineData("f32", "7f800001", "+sNaN:0x1")]
    [InlineData("f64", "c000000000000000", "-0x1.0000000000000p1")]
    [InlineData("f64", "0000000000000001", "0x0.0000000000001p-1022")]
    [InlineData("f16", "3c00", "0x1.000p0")]
    [InlineData("f16", "0001", "0x0.004p-14")]
    [InlineData("f128", "3fff0000000000000000000000000000", "0x1.0000000000000000000000000000p0")]
    [InlineData("i8x2", "0201", "0x0201")]
    [InlineData("i32x4", "00000000000000000000000000000007", "0x00000000000000000000000000000007")]
    public void Values_print_as_run_directives_write_them(string type, string bits, string text)
    {
        Assert.True(IrType.TryParse(type, out IrType parsed));
        DataValue value = new(parsed, UInt128.Parse(bits, System.Globalization.NumberStyles.HexNumber, null));
        Assert.Equal(text, value.ToString());
    }

    [Fact]
    public void Several_values_print_in_brackets()
    {
        Assert.Equal("[1, -2]", DataValue.Format([DataValue.I8(1), DataValue.I64(-2)]));
        Assert.Equal("7", DataValue.Format([DataValue.I8(7)]));
        Assert.Equal("[]", DataValue.Format([]));
    }

    [Fact]
    public void Lane_zero_is_the_least_significant_and_the_first_byte()
    {
        DataValue vector = DataValue.FromLanes(IrType.I32X4, [DataValue.I32(1), DataValue.I32(2), DataValue.I32(3), DataValue.I32(-4)]);
        Assert.Equal(DataValue.I32(1), vector.Lane(0));
        Assert.Equal(DataValue.I32(-4), vector.Lane(3));
        Assert.Equal(1UL | (2UL << 32), vector.LowBits);
        Assert.Equal(DataValue.I32(9), vector.WithLane(2, DataValue.I32(9)).Lane(2));

        byte[] bytes = new byte[16];
        vector.CopyTo(bytes);
        Assert.Equal(1, bytes[0]);
        Assert.Equal(0xfc, bytes[12]);
        Assert.Equal(vector, DataValue.FromBytes(IrType.I32X4, bytes));
        Assert.Equal(DataValue.I64(0x0201), DataValue.FromBytes(IrType.I64, [1, 2]));
    }
}
