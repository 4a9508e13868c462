// How CLIF writes numbers (language reference, section 1.4): which spellings each kind of immediate accepts, and the one
// canonical spelling that is printed. Lexing decides only where a number token ends; everything else is here.
using System;
using System.Globalization;

namespace MiniJit.IR;

/// <summary>Why a number was not accepted.</summary>
internal enum NumberError : byte
{
    None, Malformed, TooLarge, TooSmall, TooManyDigits, NegativeNotAllowed, SignRequired,
    FloatNeedsHex, FloatInexact, FloatUnderflow, PayloadOutOfRange,
}

/// <summary>Reads and writes numbers.</summary>
internal static class NumberText
{
    private const int DecimalLimit = 10_000;                   // from here on integers print in hexadecimal
    private const int MaxHexDigits64 = 16, MaxFloatDigits = 32;

    /// <summary>What was wrong, as the end of a sentence about the number.</summary>
    public static string Text(this NumberError error) => error switch
    {
        NumberError.TooLarge => "is too large",
        NumberError.TooSmall => "is too small",
        NumberError.TooManyDigits => "has too many digits",
        NumberError.NegativeNotAllowed => "must not be negative",
        NumberError.SignRequired => "must begin with + or -",
        NumberError.FloatNeedsHex => "is not a float: write 0.0, a hexadecimal float with a period, Inf or NaN",
        NumberError.FloatInexact => "is not exactly representable in this type",
        NumberError.FloatUnderflow => "is too small for this type",
        NumberError.PayloadOutOfRange => "has a NaN payload that does not fit",
        _ => "is malformed",
    };

    // ---- integers

    /// <summary>imm64: −2^63 … 2^64−1, the upper half wraps; underscores anywhere, at most 16 hexadecimal digits.</summary>
    public static NumberError ParseImm64(ReadOnlySpan<char> text, out long value)
    {
        bool negative = TakeSign(ref text);
        NumberError error = ParseMagnitude64(text, out ulong magnitude);
        value = negative ? unchecked(-(long)magnitude) : (long)magnitude;
        return error != NumberError.None ? error
            : negative && magnitude > 1ul << 63 ? NumberError.TooSmall
            : NumberError.None;
    }

    /// <summary>uimm64: as imm64 but without a minus sign.</summary>
    public static NumberError ParseUimm64(ReadOnlySpan<char> text, out ulong value)
    {
        value = 0;
        return TakeSign(ref text) ? NumberError.NegativeNotAllowed : ParseMagnitude64(text, out value);
    }

    /// <summary>uimm32: as imm64, 0 … 2^32−1.</summary>
    public static NumberError ParseUimm32(ReadOnlySpan<char> text, out uint value)
    {
        NumberError error = ParseImm64(text, out long wide);
        value = (uint)wide;
        return error != NumberError.None ? error
            : text[0] == '-' && wide != 0 ? NumberError.NegativeNotAllowed
            : (ulong)wide > uint.MaxValue ? NumberError.TooLarge
            : NumberError.None;
    }

    /// <summary>offset32: a signed imm64 that fits 32 bits and begins with its sign.</summary>
    public static NumberError ParseOffset32(ReadOnlySpan<char> text, out int value)
    {
        NumberError error = ParseOffset64(text, out long wide);
        value = (int)wide;
        return error != NumberError.None ? error
            : wide > int.MaxValue ? NumberError.TooLarge
            : wide < int.MinValue ? NumberError.TooSmall
            : NumberError.None;
    }

    /// <summary>offset64: an imm64 that begins with its sign.</summary>
    public static NumberError ParseOffset64(ReadOnlySpan<char> text, out long value)
    {
        value = 0;
        return text.IsEmpty || text[0] is not ('+' or '-') ? NumberError.SignRequired : ParseImm64(text, out value);
    }

    /// <summary>uimm8, a lane number: decimal or <c>0x</c> digits without underscores, 0 … 255.</summary>
    public static NumberError ParseUimm8(ReadOnlySpan<char> text, out byte value)
    {
        value = 0;
        if (TakeSign(ref text))
        {
            return NumberError.NegativeNotAllowed;
        }

        bool hex = TakeHexPrefix(ref text);
        if (text.IsEmpty || text.Contains('_'))
        {
            return NumberError.Malformed;
        }

        NumberError error = ParseDigits(text, hex, byte.MaxValue, out UInt128 magnitude);
        value = (byte)magnitude;
        return error;
    }

    /// <summary>A plain decimal u32, as region ids and the second half of <c>uN:M</c> are.</summary>
    public static bool TryParseDecimal32(ReadOnlySpan<char> text, out uint value)
    {
        TakePlus(ref text);
        return uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>
    /// imm8, imm16, imm32, imm64, imm128: −2^(N−1) … 2^N−1. The result is sign-extended if the text is negative and zero-extended otherwise;
    /// its low N bits are the value.
    /// </summary>
    public static NumberError ParseInt(ReadOnlySpan<char> text, int bits, out UInt128 value)
    {
        NumberError error;
        if (bits == 64)
        {
            error = ParseImm64(text, out long wide);
            value = !text.IsEmpty && text[0] == '-' ? (UInt128)wide : (ulong)wide;
            return error;
        }

        bool negative = TakeSign(ref text);
        UInt128 max = UInt128.MaxValue >> (128 - bits);
        bool hex = TakeHexPrefix(ref text);
        value = 0;
        if (!hex && text.Contains('_'))
        {
            return NumberError.Malformed;
        }

        error = ParseDigits(text, hex, max, out UInt128 magnitude);
        value = negative ? unchecked(UInt128.Zero - magnitude) : magnitude;
        return error != NumberError.None ? error
            : negative && magnitude > (max >> 1) + 1 ? NumberError.TooSmall
            : NumberError.None;
    }

    /// <summary>Bytes written as <c>0x</c> and an even number of digits, most significant first; stored least significant first.</summary>
    /// <param name="text">The number token.</param>
    /// <param name="bytes">At least 16 bytes.</param>
    /// <param name="count">How many were written.</param>
    public static NumberError ParseHexBytes(ReadOnlySpan<char> text, Span<byte> bytes, out int count)
    {
        const int MaxBytes = 16;
        count = 0;
        if (!TakeHexPrefix(ref text))
        {
            return NumberError.Malformed;
        }

        int digits = 0;
        for (int i = text.Length - 1; i >= 0; i--)
        {
            if (text[i] == '_')
            {
                continue;
            }

            if (!char.IsAsciiHexDigit(text[i]))
            {
                return NumberError.Malformed;
            }

            if (digits == MaxBytes * 2)
            {
                return NumberError.TooManyDigits;
            }

            int nibble = HexValue(text[i]);
            bytes[digits >> 1] = (byte)((digits & 1) == 0 ? nibble : bytes[digits >> 1] | (nibble << 4));
            digits++;
        }

        count = digits / 2;
        return digits == 0 || (digits & 1) != 0 ? NumberError.Malformed : NumberError.None;
    }

    // Returns whether the sign was a minus.
    private static bool TakeSign(ref ReadOnlySpan<char> text)
    {
        bool negative = !text.IsEmpty && text[0] == '-';
        if (negative || (!text.IsEmpty && text[0] == '+'))
        {
            text = text[1..];
        }

        return negative;
    }

    private static void TakePlus(ref ReadOnlySpan<char> text)
    {
        if (!text.IsEmpty && text[0] == '+')
        {
            text = text[1..];
        }
    }

    private static bool TakeHexPrefix(ref ReadOnlySpan<char> text)
    {
        bool hex = text.StartsWith("0x");
        if (hex)
        {
            text = text[2..];
        }

        return hex;
    }

    private static int HexValue(char c) => c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;

    private static NumberError ParseMagnitude64(ReadOnlySpan<char> text, out ulong value)
    {
        value = 0;
        bool hex = TakeHexPrefix(ref text);
        int digits = 0;
        foreach (char c in text)
        {
            if (c == '_')
            {
                continue;
            }

            digits++;
            if (hex)
            {
                if (!char.IsAsciiHexDigit(c))
                {
                    return NumberError.Malformed;
                }

                if (digits > MaxHexDigits64)
                {
                    return NumberError.TooManyDigits;
                }

                value = (value << 4) | (uint)HexValue(c);
                continue;
            }

            uint digit = (uint)(c - '0');
            if (digit > 9)
            {
                return NumberError.Malformed;
            }

            if (value > ulong.MaxValue / 10 || (value * 10) > ulong.MaxValue - digit)
            {
                return NumberError.TooLarge;
            }

            value = (value * 10) + digit;
        }

        return digits == 0 ? NumberError.Malformed : NumberError.None;
    }

    private static NumberError ParseDigits(ReadOnlySpan<char> text, bool hex, UInt128 max, out UInt128 value)
    {
        value = 0;
        uint radix = hex ? 16u : 10u;
        UInt128 limit = max / radix;
        int digits = 0;
        foreach (char c in text)
        {
            if (c == '_')
            {
                continue;
            }

            if (hex ? !char.IsAsciiHexDigit(c) : !char.IsAsciiDigit(c))
            {
                return NumberError.Malformed;
            }

            digits++;
            uint digit = (uint)HexValue(c);
            if (value > limit || (value * radix) > max - digit)
            {
                return NumberError.TooLarge;
            }

            value = (value * radix) + digit;
        }

        return digits == 0 ? NumberError.Malformed : NumberError.None;
    }

    // ---- floats

    /// <summary>A float immediate of 16, 32, 64 or 128 bits; <paramref name="bits"/> receives its IEEE 754 encoding.</summary>
    public static NumberError ParseFloat(ReadOnlySpan<char> text, int width, out UInt128 bits)
    {
        FloatLayout layout = FloatLayout.Of(width);
        UInt128 sign = TakeSign(ref text) ? UInt128.One << (width - 1) : 0;
        NumberError error = ParseFloatMagnitude(text, layout, out bits);
        bits |= sign;
        return error;
    }

    private static NumberError ParseFloatMagnitude(ReadOnlySpan<char> text, FloatLayout layout, out UInt128 bits)
    {
        bits = 0;
        switch (text)
        {
            case "0.0":
                return NumberError.None;
            case "Inf":
                bits = layout.Infinity;
                return NumberError.None;
            case "NaN":
                bits = layout.Infinity | layout.QuietBit;
                return NumberError.None;
        }

        bool quiet = text.StartsWith("NaN:0x");
        if (quiet || text.StartsWith("sNaN:0x"))
        {
            text = text[(text.IndexOf('x') + 1)..];
            NumberError error = ParseFloatDigits(text, out UInt128 payload, out _);
            if (text.Contains('.'))
            {
                error = NumberError.Malformed;
            }
            else if (error == NumberError.None && (payload >= layout.QuietBit || (payload == 0 && !quiet)))
            {
                error = NumberError.PayloadOutOfRange;
            }

            bits = layout.Infinity | (quiet ? layout.QuietBit : 0) | payload;
            return error;
        }

        return TakeHexPrefix(ref text) ? ParseHexFloat(text, layout, out bits) : NumberError.FloatNeedsHex;
    }

    private static NumberError ParseHexFloat(ReadOnlySpan<char> text, FloatLayout layout, out UInt128 bits)
    {
        bits = 0;
        int exponent = 0;
        int p = text.IndexOf('p');
        if (p >= 0)
        {
            if (!short.TryParse(text[(p + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out short written))
            {
                return NumberError.Malformed;
            }

            exponent = written;
            text = text[..p];
        }

        NumberError error = ParseFloatDigits(text, out UInt128 significand, out int fractionDigits);
        if (error != NumberError.None || significand == 0)
        {
            return error;
        }

        // value = significand * 2^exponent, whose leading bit has the weight 2^top
        exponent -= fractionDigits * 4;
        int length = 128 - (int)UInt128.LeadingZeroCount(significand);
        int top = exponent + length - 1;
        if (top > layout.MaxExponent)
        {
            return NumberError.TooLarge;
        }

        // The unit in the last place is fixed for subnormals and follows the leading bit for normal numbers.
        int unit = Math.Max(top, layout.MinExponent) - layout.FractionBits;
        if (exponent < unit)
        {
            int lost = unit - exponent;
            if (lost >= 128 || lost >= length)
            {
                return NumberError.FloatUnderflow;
            }

            if ((significand & ((UInt128.One << lost) - 1)) != 0)
            {
                return NumberError.FloatInexact;
            }

            significand >>= lost;
        }
        else
        {
            significand <<= exponent - unit;
        }

        bits = top < layout.MinExponent
            ? significand
            : ((UInt128)(top - layout.MinExponent + 1) << layout.FractionBits) | (significand & layout.FractionMask);
        return NumberError.None;
    }

    private static NumberError ParseFloatDigits(ReadOnlySpan<char> text, out UInt128 value, out int fractionDigits)
    {
        value = 0;
        fractionDigits = 0;
        int digits = 0, period = -1;
        foreach (char c in text)
        {
            if (c == '.' && period < 0)
            {
                period = digits;
                continue;
            }

            if (!char.IsAsciiHexDigit(c))
            {
                return NumberError.Malformed;
            }

            if (++digits > MaxFloatDigits)
            {
                return NumberError.TooManyDigits;
            }

            value = (value << 4) | (uint)HexValue(c);
        }

        fractionDigits = period < 0 ? 0 : digits - period;
        return digits == 0 ? NumberError.Malformed : NumberError.None;
    }

    // ---- canonical spelling

    /// <summary>imm64: decimal below 10000, which includes negative numbers; otherwise grouped hexadecimal.</summary>
    public static void AppendImm64(TextBuffer output, long value)
    {
        if (value < DecimalLimit)
        {
            output.Append(value);
        }
        else
        {
            AppendGroupedHex(output, (ulong)value);
        }
    }

    /// <summary>uimm32, uimm64: decimal below 10000, otherwise grouped hexadecimal.</summary>
    public static void AppendUimm64(TextBuffer output, ulong value)
    {
        if (value < DecimalLimit)
        {
            output.Append(value);
        }
        else
        {
            AppendGroupedHex(output, value);
        }
    }

    /// <summary>An offset: nothing for 0, else a sign and the magnitude.</summary>
    public static void AppendOffset(TextBuffer output, long value)
    {
        if (value != 0)
        {
            output.Append(value < 0 ? '-' : '+');
            AppendUimm64(output, value < 0 ? unchecked(0ul - (ulong)value) : (ulong)value);
        }
    }

    /// <summary>A float of 16, 32, 64 or 128 bits.</summary>
    public static void AppendFloat(TextBuffer output, int width, UInt128 bits)
    {
        FloatLayout layout = FloatLayout.Of(width);
        bool negative = (bits >> (width - 1)) != 0;
        UInt128 fraction = bits & layout.FractionMask;
        UInt128 biased = (bits & layout.Infinity) >> layout.FractionBits;
        if (biased << layout.FractionBits == layout.Infinity)
        {
            output.Append(negative ? '-' : '+');               // always signed, so that it cannot be taken for a word
            AppendNonFinite(output, layout, fraction);
            return;
        }

        if (negative)
        {
            output.Append('-');
        }

        if (biased == 0 && fraction == 0)
        {
            output.Append("0.0");
            return;
        }

        int digits = (layout.FractionBits + 3) / 4;
        UInt128 aligned = fraction << ((digits * 4) - layout.FractionBits);
        output.Append(biased == 0 ? "0x0." : "0x1.");
        AppendHex(output, aligned, digits);
        output.Append('p').Append(biased == 0 ? layout.MinExponent : (int)biased - 1 + layout.MinExponent);
    }

    /// <summary>Bytes as <c>0x</c>, most significant (last) first.</summary>
    public static void AppendHexBytes(TextBuffer output, ReadOnlySpan<byte> bytes)
    {
        output.Append("0x");
        for (int i = bytes.Length - 1; i >= 0; i--)
        {
            AppendHex(output, bytes[i], 2);
        }
    }

    private static void AppendNonFinite(TextBuffer output, FloatLayout layout, UInt128 fraction)
    {
        if (fraction == 0)
        {
            output.Append("Inf");
            return;
        }

        bool quiet = (fraction & layout.QuietBit) != 0;
        UInt128 payload = fraction & (layout.QuietBit - 1);
        output.Append(quiet ? "NaN" : "sNaN");
        if (payload != 0)
        {
            output.Append(":0x");
            AppendHex(output, payload, Math.Max(1, (131 - (int)UInt128.LeadingZeroCount(payload)) / 4));
        }
    }

    private static void AppendGroupedHex(TextBuffer output, ulong value)
    {
        output.Append("0x");
        int groups = Math.Max(1, (79 - (int)ulong.LeadingZeroCount(value)) / 16);
        for (int group = groups - 1; group >= 0; group--)
        {
            AppendHex(output, (ushort)(value >> (group * 16)), 4);
            if (group > 0)
            {
                output.Append('_');
            }
        }
    }

    private static void AppendHex(TextBuffer output, UInt128 value, int digits)
    {
        for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4)
        {
            output.Append("0123456789abcdef"[(int)(uint)(value >> shift) & 15]);
        }
    }

    /// <summary>An IEEE 754 interchange format.</summary>
    private readonly record struct FloatLayout(int ExponentBits, int FractionBits)
    {
        public int MaxExponent => (1 << (ExponentBits - 1)) - 1;

        public int MinExponent => 1 - MaxExponent;

        public UInt128 FractionMask => (UInt128.One << FractionBits) - 1;

        public UInt128 QuietBit => UInt128.One << (FractionBits - 1);

        public UInt128 Infinity => ((UInt128.One << ExponentBits) - 1) << FractionBits;

        public static FloatLayout Of(int width) => width switch
        {
            16 => new(5, 10),
            32 => new(8, 23),
            64 => new(11, 52),
            128 => new(15, 112),
            _ => throw new ArgumentOutOfRangeException(nameof(width)),
        };
    }
}
