using System;
using System.Globalization;
using Xunit;

namespace MiniJit.IR.Tests.Text;

public sealed class NumberTextTests
{
    [Theory]
    [InlineData("0", 0L)]
    [InlineData("+16", 16L)]
    [InlineData("-8", -8L)]
    [InlineData("1_000", 1000L)]
    [InlineData("0xffff_ffff_ffff_ffff", -1L)]
    [InlineData("18446744073709551615", -1L)]
    [InlineData("-9223372036854775808", long.MinValue)]
    [InlineData("-0x8000_0000_0000_0000", long.MinValue)]
    [InlineData("0x_1_", 1L)]
    public void Imm64_accepts_every_spelling(string text, long expected)
    {
        Assert.Equal(NumberError.None, NumberText.ParseImm64(text, out long value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("", "Malformed")]
    [InlineData("0x", "Malformed")]
    [InlineData("0x_", "Malformed")]
    [InlineData("1-2", "Malformed")]
    [InlineData("0xg", "Malformed")]
    [InlineData("18446744073709551616", "TooLarge")]
    [InlineData("0x00000000000000001", "TooManyDigits")]
    [InlineData("-9223372036854775809", "TooSmall")]
    public void Imm64_rejects_what_is_no_imm64(string text, string error) =>
        Assert.Equal(error, NumberText.ParseImm64(text, out _).ToString());

    [Theory]
    [InlineData("255", 8, 255)]
    [InlineData("0xff", 8, 255)]
    [InlineData("-1", 8, 255)]
    [InlineData("-128", 8, 128)]
    [InlineData("0x0000000000000000000001", 16, 1)]
    [InlineData("-0x10", 32, 0xfffffff0u)]
    public void Sized_integers_have_the_bits_of_their_type(string text, int bits, uint expected)
    {
        Assert.Equal(NumberError.None, NumberText.ParseInt(text, bits, out UInt128 value));
        Assert.Equal(expected, (uint)value & (uint)(UInt128.MaxValue >> (128 - bits)));
    }

    [Theory]
    [InlineData("256", 8, "TooLarge")]
    [InlineData("-129", 8, "TooSmall")]
    [InlineData("1_0", 16, "Malformed")]
    [InlineData("0x100000000", 32, "TooLarge")]
    [InlineData("340282366920938463463374607431768211456", 128, "TooLarge")]
    [InlineData("-170141183460469231731687303715884105729", 128, "TooSmall")]
    public void Sized_integers_out_of_range_are_rejected(string text, int bits, string error) =>
        Assert.Equal(error, NumberText.ParseInt(text, bits, out _).ToString());

    [Theory]
    [InlineData("340282366920938463463374607431768211455", "ffffffffffffffffffffffffffffffff")]
    [InlineData("-170141183460469231731687303715884105728", "80000000000000000000000000000000")]
    [InlineData("0x1_0000_0000_0000_0000", "10000000000000000")]
    public void Imm128_covers_its_range(string text, string hex)
    {
        Assert.Equal(NumberError.None, NumberText.ParseInt(text, 128, out UInt128 value));
        Assert.Equal(hex, value.ToString("x", CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(9999, "9999")]
    [InlineData(10000, "0x2710")]
    [InlineData(0xffff, "0xffff")]
    [InlineData(0x10000, "0x0001_0000")]
    [InlineData(long.MaxValue, "0x7fff_ffff_ffff_ffff")]
    [InlineData(long.MinValue, "-9223372036854775808")]
    public void Imm64_prints_decimal_when_small_and_grouped_hexadecimal_when_large(long value, string expected)
    {
        TextBuffer output = new();
        NumberText.AppendImm64(output, value);
        Assert.Equal(expected, output.ToString());
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(16, "+16")]
    [InlineData(-8, "-8")]
    [InlineData(65536, "+0x0001_0000")]
    [InlineData(-65536, "-0x0001_0000")]
    public void Offsets_print_a_sign_and_a_magnitude(long value, string expected)
    {
        TextBuffer output = new();
        NumberText.AppendOffset(output, value);
        Assert.Equal(expected, output.ToString());
    }

    [Theory]
    [InlineData(32, "0.0", "0", "0.0")]
    [InlineData(32, "-0.0", "80000000", "-0.0")]
    [InlineData(32, "0x1.0", "3f800000", "0x1.000000p0")]
    [InlineData(32, "0x1.8p1", "40400000", "0x1.800000p1")]
    [InlineData(32, "0x.8p0", "3f000000", "0x1.000000p-1")]
    [InlineData(32, "0x30.p-4", "40400000", "0x1.800000p1")]
    [InlineData(32, "0x1.fffffep127", "7f7fffff", "0x1.fffffep127")]
    [InlineData(32, "0x0.000002p-126", "1", "0x0.000002p-126")]
    [InlineData(32, "0x1.0p-149", "1", "0x0.000002p-126")]
    [InlineData(32, "Inf", "7f800000", "+Inf")]
    [InlineData(32, "-Inf", "ff800000", "-Inf")]
    [InlineData(32, "NaN", "7fc00000", "+NaN")]
    [InlineData(32, "-NaN:0x1", "ffc00001", "-NaN:0x1")]
    [InlineData(32, "NaN:0x0", "7fc00000", "+NaN")]
    [InlineData(32, "+sNaN:0x3fffff", "7fbfffff", "+sNaN:0x3fffff")]
    [InlineData(16, "0x1.ffcp15", "7bff", "0x1.ffcp15")]
    [InlineData(16, "0x0.004p-14", "1", "0x0.004p-14")]
    [InlineData(64, "0x1.921fb54442d18p1", "400921fb54442d18", "0x1.921fb54442d18p1")]
    [InlineData(64, "0x0.0000000000001p-1022", "1", "0x0.0000000000001p-1022")]
    [InlineData(64, "0x0.0p9999", "0", "0.0")]
    [InlineData(128, "0x1.0", "3fff0000000000000000000000000000", "0x1.0000000000000000000000000000p0")]
    [InlineData(128, "0x1.0p-16494", "1", "0x0.0000000000000000000000000001p-16382")]
    [InlineData(128, "-0x1.ffffffffffffffffffffffffffffp16383", "fffeffffffffffffffffffffffffffff", "-0x1.ffffffffffffffffffffffffffffp16383")]
    public void Floats_read_exactly_and_print_canonically(int width, string text, string hex, string printed)
    {
        Assert.Equal(NumberError.None, NumberText.ParseFloat(text, width, out UInt128 bits));
        Assert.Equal(hex, bits.ToString("x", CultureInfo.InvariantCulture));
        TextBuffer output = new();
        NumberText.AppendFloat(output, width, bits);
        Assert.Equal(printed, output.ToString());
    }

    [Theory]
    [InlineData(32, "1.0", "FloatNeedsHex")]
    [InlineData(32, "0x1.0p128", "TooLarge")]
    [InlineData(32, "0x1.0000001p0", "FloatInexact")]
    [InlineData(32, "0x1.8p-149", "FloatInexact")]
    [InlineData(32, "0x1.0p-150", "FloatUnderflow")]
    [InlineData(32, "0x1.0p", "Malformed")]
    [InlineData(32, "0x1.0p99999", "Malformed")]
    [InlineData(32, "0x1.0.0", "Malformed")]
    [InlineData(32, "0x.", "Malformed")]
    [InlineData(32, "0x1_0.0", "Malformed")]
    [InlineData(32, "NaN:0x400000", "PayloadOutOfRange")]
    [InlineData(32, "NaN:0x1.0", "Malformed")]
    [InlineData(32, "-sNaN:0x0", "PayloadOutOfRange")]
    [InlineData(128, "0x0.000000000000000000000000000000001", "TooManyDigits")]
    public void Floats_that_cannot_be_exact_are_rejected(int width, string text, string error) =>
        Assert.Equal(error, NumberText.ParseFloat(text, width, out _).ToString());

    [Fact]
    public void Every_f16_survives_printing_and_reading()
    {
        TextBuffer output = new();
        for (int bits = 0; bits <= ushort.MaxValue; bits++)
        {
            output.Clear();
            NumberText.AppendFloat(output, 16, (UInt128)bits);
            Assert.Equal(NumberError.None, NumberText.ParseFloat(output.Span, 16, out UInt128 read));
            Assert.Equal(bits, (int)read);
        }
    }

    [Fact]
    public void Hexadecimal_constants_are_stored_little_endian()
    {
        byte[] bytes = new byte[16];
        Assert.Equal(NumberError.None, NumberText.ParseHexBytes("0x01_0203", bytes, out int count));
        Assert.Equal([3, 2, 1], bytes[..count]);
        Assert.Equal(NumberError.Malformed, NumberText.ParseHexBytes("0x123", bytes, out _));
        Assert.Equal(NumberError.TooManyDigits, NumberText.ParseHexBytes("0x0000000000000000000000000000000000", bytes, out _));
    }
}
