// Immediates that an instruction can hold. A value of such a type was made by its TryCreate, so encoding it cannot fail.
using System;
using System.Diagnostics;
using System.Numerics;

namespace MiniJit.Backend.Arm64;

/// <summary>ADD/SUB (immediate): 12 bits, or 12 bits shifted left by 12.</summary>
internal readonly struct Imm12
{
    public readonly ushort Bits;
    public readonly byte Shift12;

    private Imm12(long bits, int shift12) => (Bits, Shift12) = ((ushort)bits, (byte)shift12);

    public long Value => (long)Bits << (12 * Shift12);

    public static bool TryCreate(long value, out Imm12 imm)
    {
        bool low = (value & ~0xfffL) == 0, high = (value & ~0xfff000L) == 0;
        imm = low ? new(value, 0) : high ? new(value >> 12, 1) : default;
        return low | high;
    }
}

/// <summary>
/// Logical immediates: a run of ones, rotated, in an element of 2 to 64 bits that is repeated over the register.
/// All zeros and all ones are none.
/// </summary>
internal readonly struct BitmaskImm
{
    private BitmaskImm(ulong value) => Value = value;

    /// <summary>The pattern; for 32 bits the upper half is zero.</summary>
    public ulong Value { get; }

    /// <summary>Whether <paramref name="value"/> is a logical immediate of a 4- or 8-byte operation; bits above it are ignored.</summary>
    public static bool TryCreate(ulong value, int size, out BitmaskImm imm)
    {
        ulong kept = size == 8 ? value : (uint)value;
        imm = new(kept);
        return TryEncode(kept, size, out _);
    }

    /// <summary>
    /// N:immr:imms. Rotating the pattern right by the position of a one above a zero brings the start of a run to bit 0. The run
    /// and the zeros above it are then one element, if the pattern is an element repeated at all: which is so if its length is a
    /// power of two and rotating by it changes nothing.
    /// </summary>
    public static bool TryEncode(ulong value, int size, out uint fields)
    {
        Debug.Assert(size is 4 or 8);
        ulong pattern = size == 8 ? value : (uint)value * 0x1_0000_0001ul;
        fields = 0;
        if (pattern + 1 <= 1)
        {
            return false;
        }

        int start = BitOperations.TrailingZeroCount(pattern & ~BitOperations.RotateLeft(pattern, 1));
        ulong aligned = BitOperations.RotateRight(pattern, start);
        int ones = BitOperations.TrailingZeroCount(~aligned);
        int length = Math.Min(64, ones + BitOperations.TrailingZeroCount(aligned >> ones));
        if (!BitOperations.IsPow2(length) || BitOperations.RotateRight(aligned, length) != aligned)
        {
            return false;
        }

        uint n = (uint)length >> 6, immr = (uint)(-start & (length - 1)), imms = (uint)((-2 * length) | (ones - 1)) & 0x3f;
        fields = (n << 12) | (immr << 6) | imms;
        return true;
    }

    /// <summary>
    /// The pattern of N:immr:imms, or false for a reserved combination. Of <paramref name="immr"/> the bits above the element's
    /// length do not count; they are <paramref name="ignored"/>.
    /// </summary>
    public static bool TryDecode(uint n, uint immr, uint imms, int size, out ulong value, out uint ignored)
    {
        uint marker = (n << 6) | (~imms & 0x3f);                   // its highest bit is the length of the element
        int length = marker == 0 ? 1 : 1 << BitOperations.Log2(marker);
        int ones = (int)(imms & (uint)(length - 1)) + 1;
        if (length == 1 || ones == length || (size == 4 && n != 0))
        {
            value = ignored = 0;
            return false;
        }

        ulong run = (1ul << ones) - 1, element = ulong.MaxValue >> (64 - length);
        int rotation = (int)immr & (length - 1);
        run = rotation == 0 ? run : ((run >> rotation) | (run << (length - rotation))) & element;
        value = run * (ulong.MaxValue / element);                  // repeats the element
        value = size == 8 ? value : (uint)value;
        ignored = immr & (uint)-length;
        return true;
    }
}

/// <summary>MOVZ/MOVN: 16 bits at a multiple of 16.</summary>
internal readonly struct MoveWide
{
    public readonly ushort Bits;
    public readonly byte Hw;

    private MoveWide(ulong bits, int hw) => (Bits, Hw) = ((ushort)bits, (byte)hw);

    /// <summary>Whether all bits of <paramref name="value"/> outside one aligned 16-bit chunk are zero (MOVZ; for MOVN pass the complement).</summary>
    public static bool TryCreate(ulong value, out MoveWide imm)
    {
        int hw = value == 0 ? 0 : BitOperations.TrailingZeroCount(value) >> 4;
        imm = new(value >> (16 * hw), hw);
        return value >> (16 * hw) <= ushort.MaxValue;
    }
}

/// <summary>FMOV (immediate): sign, three bits of exponent and four of fraction.</summary>
internal readonly struct FloatImm8
{
    private FloatImm8(uint bits) => Bits = (byte)bits;

    public byte Bits { get; }

    /// <summary>Whether the float of 2, 4 or 8 bytes with these bits can be written in eight bits.</summary>
    public static bool TryCreate(ulong bits, int size, out FloatImm8 imm)
    {
        int fraction = FractionWidth(size), width = 8 * size;
        uint sign = (uint)(bits >> (width - 1)) & 1, b = (uint)(bits >> (width - 3)) & 1;
        imm = new((sign << 7) | (b << 6) | ((uint)(bits >> (fraction - 4)) & 0x3f));
        return Expand(imm.Bits, size) == bits;
    }

    /// <summary>The bits of the float: exponent NOT(b):b…b:cd.</summary>
    public static ulong Expand(uint imm8, int size)
    {
        int fraction = FractionWidth(size), exponent = (8 * size) - 1 - fraction;
        ulong b = (imm8 >> 6) & 1;
        ulong high = b == 0 ? 1ul << (exponent - 1) : (1ul << (exponent - 1)) - 4;
        return ((ulong)(imm8 >> 7) << ((8 * size) - 1)) | ((high | ((imm8 >> 4) & 3)) << fraction) | ((ulong)(imm8 & 15) << (fraction - 4));
    }

    private static int FractionWidth(int size) => size switch
    {
        2 => 10,
        4 => 23,
        _ => 52,
    };
}

/// <summary>Unsigned offset of a load or store: 12 bits, a multiple of the access's width.</summary>
internal readonly struct ScaledOffset
{
    private ScaledOffset(int value) => Value = value;

    public int Value { get; }

    public static bool TryCreate(long offset, int bytes, out ScaledOffset imm)
    {
        imm = new((int)offset);
        return (ulong)offset <= 4095ul * (uint)bytes && (offset & (bytes - 1)) == 0;
    }
}

/// <summary>Signed 9-bit offset of a load or store, in bytes: unscaled, post- and pre-indexed.</summary>
internal readonly struct UnscaledOffset
{
    private UnscaledOffset(int value) => Value = value;

    public int Value { get; }

    public static bool TryCreate(long offset, out UnscaledOffset imm)
    {
        imm = new((int)offset);
        return offset is >= -256 and <= 255;
    }
}

/// <summary>Offset of a pair: signed 7 bits, a multiple of the width of one register's access.</summary>
internal readonly struct PairOffset
{
    private PairOffset(int value) => Value = value;

    public int Value { get; }

    public static bool TryCreate(long offset, int bytes, out PairOffset imm)
    {
        imm = new((int)offset);
        return offset >= -64L * bytes && offset <= 63L * bytes && (offset & (bytes - 1)) == 0;
    }
}

/// <summary>
/// Immediate of a vector move: eight bits, placed, filled or expanded by <c>cmode</c> and <c>op</c>, in every 64-bit half
/// (AdvSIMDExpandImm of the manual). <see cref="Value"/> is the result, before MVNI and BIC complement it.
/// </summary>
internal readonly struct VectorImm
{
    private VectorImm(int op, int cmode, ulong value) => (Op, Cmode, Value) = ((byte)op, (byte)cmode, value);

    /// <summary>1 where a row with <c>op</c> = 1 is meant: MVNI and BIC, 64-bit MOVI, double FMOV.</summary>
    public readonly byte Op;
    public readonly byte Cmode;

    public ulong Value { get; }

    /// <summary>MOVI of any element size that fills each 64-bit half with <paramref name="pattern"/>.</summary>
    public static bool TryMove(ulong pattern, out VectorImm imm) =>
        TryCreate(pattern, op: 0, firstCmode: 14, lastCmode: 14, step: 1, out imm) || TryShifted(pattern, op: 0, out imm)
        || TryCreate(pattern, op: 1, firstCmode: 14, lastCmode: 14, step: 1, out imm);

    /// <summary>MVNI: <paramref name="pattern"/> is what the register shall hold.</summary>
    public static bool TryMoveNot(ulong pattern, out VectorImm imm) => TryShifted(~pattern, op: 1, out imm);

    /// <summary>ORR, or BIC for the complement of an AND mask.</summary>
    public static bool TryLogical(ulong pattern, int op, out VectorImm imm) => TryCreate(pattern, op, firstCmode: 1, lastCmode: 11, step: 2, out imm);

    /// <summary>FMOV with lanes of 4 or 8 bytes.</summary>
    public static bool TryFloat(ulong pattern, int laneBytes, out VectorImm imm) =>
        TryCreate(pattern, op: laneBytes == 8 ? 1 : 0, firstCmode: 15, lastCmode: 15, step: 1, out imm);

    /// <summary>The pattern in 64 bits.</summary>
    public static ulong Expand(int op, int cmode, uint imm8) => (cmode >> 1) switch
    {
        < 4 => Repeat(imm8 << (8 * (cmode >> 1)), 32),
        4 or 5 => Repeat(imm8 << (8 * ((cmode >> 1) & 1)), 16),
        6 => Repeat((cmode & 1) == 0 ? (imm8 << 8) | 0xff : (imm8 << 16) | 0xffff, 32),
        _ when cmode == 14 => op == 0 ? Repeat(imm8, 8) : SpreadBits(imm8),
        _ => op == 0 ? Repeat(FloatImm8.Expand(imm8, 4), 32) : FloatImm8.Expand(imm8, 8),
    };

    /// <summary>The eight bits of a pattern that <see cref="Expand"/> made; for any other pattern, bits that do not expand to it.</summary>
    public static uint Compress(int op, int cmode, ulong pattern)
    {
        switch (cmode >> 1)
        {
            case < 4:
                return (byte)(pattern >> (8 * (cmode >> 1)));
            case 4 or 5:
                return (byte)(pattern >> (8 * ((cmode >> 1) & 1)));
            case 6:
                return (byte)(pattern >> ((cmode & 1) == 0 ? 8 : 16));
        }

        if (cmode == 14)
        {
            return op == 0 ? (byte)pattern : GatherBits(pattern);
        }

        ulong bits = op == 0 ? (uint)pattern : pattern;
        FloatImm8.TryCreate(bits, op == 0 ? 4 : 8, out FloatImm8 imm);
        return imm.Bits;
    }

    private static bool TryShifted(ulong pattern, int op, out VectorImm imm) =>
        TryCreate(pattern, op, firstCmode: 0, lastCmode: 10, step: 2, out imm) || TryCreate(pattern, op, firstCmode: 12, lastCmode: 13, step: 1, out imm);

    private static bool TryCreate(ulong pattern, int op, int firstCmode, int lastCmode, int step, out VectorImm imm)
    {
        for (int cmode = firstCmode; cmode <= lastCmode; cmode += step)
        {
            if (Expand(op, cmode, Compress(op, cmode, pattern)) == pattern)
            {
                imm = new(op, cmode, pattern);
                return true;
            }
        }

        imm = default;
        return false;
    }

    private static ulong Repeat(ulong element, int width) => element * (ulong.MaxValue / (ulong.MaxValue >> (64 - width)));

    /// <summary>Bit i becomes byte i.</summary>
    private static ulong SpreadBits(uint imm8)
    {
        ulong result = 0;
        for (int i = 0; i < 8; i++)
        {
            result |= ((imm8 >> i) & 1) * (0xfful << (8 * i));
        }

        return result;
    }

    private static uint GatherBits(ulong pattern)
    {
        uint imm8 = 0;
        for (int i = 0; i < 8; i++)
        {
            imm8 |= (uint)((pattern >> (8 * i)) & 1) << i;
        }

        return imm8;
    }
}
