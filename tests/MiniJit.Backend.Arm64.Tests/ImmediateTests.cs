using System;
using System.Collections.Generic;
using System.Numerics;
using Xunit;

namespace MiniJit.Backend.Arm64.Tests;

public class ImmediateTests
{
    [Fact]
    public void Logical_immediates_are_exactly_the_rotated_runs()
    {
        // By definition: every element size, run length and rotation.
        Dictionary<ulong, uint> all = [];
        for (int length = 2; length <= 64; length *= 2)
        {
            for (int ones = 1; ones < length; ones++)
            {
                for (int rotation = 0; rotation < length; rotation++)
                {
                    ulong value = 0;
                    for (int bit = 0; bit < 64; bit++)
                    {
                        value |= (bit + rotation) % length < ones ? 1ul << bit : 0;
                    }

                    uint imms = ((uint)(-2 * length) & 0x3f) | (uint)(ones - 1);
                    all.Add(value, ((uint)length >> 6 << 12) | ((uint)rotation << 6) | imms);
                }
            }
        }

        Assert.Equal(5334, all.Count);
        foreach ((ulong value, uint fields) in all)
        {
            Assert.True(BitmaskImm.TryEncode(value, 8, out uint encoded));
            Assert.Equal(fields, encoded);
            Assert.True(BitmaskImm.TryDecode(fields >> 12, (fields >> 6) & 63, fields & 63, 8, out ulong decoded, out uint ignored));
            Assert.Equal((value, 0u), (decoded, ignored));
            Assert.Equal((uint)value == value >> 32, BitmaskImm.TryDecode(fields >> 12, (fields >> 6) & 63, fields & 63, 4, out decoded, out _));
            if ((uint)value == value >> 32)
            {
                Assert.Equal((uint)value, decoded);
                Assert.True(BitmaskImm.TryEncode((uint)value, 4, out encoded));
                Assert.Equal(fields, encoded);
            }
        }

        Random random = new(1);
        for (int i = 0; i < 200_000; i++)
        {
            ulong near = (ulong)random.NextInt64() << (i & 63);
            near = (i & 1) == 0 ? near | (ulong.MaxValue >> random.Next(64)) : BitOperations.RotateLeft(ulong.MaxValue >> random.Next(64), i) ^ (1ul << random.Next(64));
            Assert.Equal(all.ContainsKey(near), BitmaskImm.TryCreate(near, 8, out _));
        }

        Assert.False(BitmaskImm.TryCreate(0, 8, out _));
        Assert.False(BitmaskImm.TryCreate(ulong.MaxValue, 8, out _));
        Assert.False(BitmaskImm.TryCreate(uint.MaxValue, 4, out _));
        Assert.False(BitmaskImm.TryCreate(0x1_0000_0000, 4, out _));
    }

    [Fact]
    public void Twelve_bits_may_stand_in_the_lower_or_the_upper_place()
    {
        for (long value = -1; value <= 0xfff; value++)
        {
            bool fits = value >= 0;
            Assert.Equal(fits, Imm12.TryCreate(value, out Imm12 low));
            Assert.Equal(fits ? value : 0, low.Value);
            Assert.Equal(fits, Imm12.TryCreate(value << 12, out Imm12 high) && high.Value == value << 12);
        }

        Assert.False(Imm12.TryCreate(0x1001, out _));
        Assert.False(Imm12.TryCreate(0x100_0000, out _));
        Assert.False(Imm12.TryCreate(0x1_000_001, out _));
    }

    [Fact]
    public void A_move_holds_one_aligned_chunk()
    {
        foreach (int chunk in new[] { 0, 1, 2, 3 })
        {
            foreach (ulong bits in new ulong[] { 1, 0x8000, 0xffff })
            {
                Assert.True(MoveWide.TryCreate(bits << (16 * chunk), out MoveWide imm));
                Assert.Equal((bits, chunk), (imm.Bits, imm.Hw));
            }
        }

        Assert.True(MoveWide.TryCreate(0, out _));
        Assert.False(MoveWide.TryCreate(0x1_8000, out _));
        Assert.False(MoveWide.TryCreate(0x8000_0000_0000_0001, out _));
    }

    [Fact]
    public void Eight_bits_of_a_float_expand_to_what_they_are_made_of()
    {
        for (uint imm8 = 0; imm8 < 256; imm8++)
        {
            double value = BitConverter.UInt64BitsToDouble(FloatImm8.Expand(imm8, 8));
            int exponent = (int)(((imm8 >> 4) & 7) ^ 4) - 3;
            Assert.Equal((imm8 >> 7 == 0 ? 1 : -1) * (16 + (imm8 & 15)) / 16.0 * Math.Pow(2, exponent), value);
            Assert.Equal((float)value, BitConverter.UInt32BitsToSingle((uint)FloatImm8.Expand(imm8, 4)));
            Assert.Equal((Half)value, BitConverter.UInt16BitsToHalf((ushort)FloatImm8.Expand(imm8, 2)));
            foreach (int size in new[] { 2, 4, 8 })
            {
                ulong bits = FloatImm8.Expand(imm8, size);
                Assert.True(FloatImm8.TryCreate(bits, size, out FloatImm8 imm));
                Assert.Equal(imm8, imm.Bits);
                Assert.False(FloatImm8.TryCreate(bits ^ 1, size, out _));
                Assert.False(FloatImm8.TryCreate(bits ^ (1ul << ((8 * size) - 2)), size, out _));
            }
        }

        Assert.False(FloatImm8.TryCreate(0, 8, out _));
    }

    [Fact]
    public void Vector_immediates_go_both_ways()
    {
        for (uint imm8 = 0; imm8 < 256; imm8++)
        {
            for (int op = 0; op < 2; op++)
            {
                for (int cmode = 0; cmode < 16; cmode++)
                {
                    ulong pattern = VectorImm.Expand(op, cmode, imm8);
                    Assert.Equal(imm8, VectorImm.Compress(op, cmode, pattern));
                    bool found = (cmode, cmode & 1, op) switch
                    {
                        (15, _, _) => VectorImm.TryFloat(pattern, op == 0 ? 4 : 8, out VectorImm imm) && imm.Value == pattern,
                        (14, _, _) or (12 or 13, _, 0) or (_, 0, 0) => VectorImm.TryMove(pattern, out VectorImm imm) && imm.Value == pattern,
                        (12 or 13, _, _) or (_, 0, _) => VectorImm.TryMoveNot(~pattern, out VectorImm imm) && imm.Value == pattern,
                        _ => VectorImm.TryLogical(pattern, op, out VectorImm imm) && imm.Value == pattern && imm.Op == op,
                    };
                    Assert.True(found);
                }
            }
        }

        Assert.False(VectorImm.TryMove(0x12_3400_0012_3400, out _));
        Assert.False(VectorImm.TryLogical(0xff_00ff_00ff_00fe, 0, out _));
    }

    [Fact]
    public void Offsets_end_where_their_fields_end()
    {
        foreach (int bytes in new[] { 1, 2, 4, 8, 16 })
        {
            Assert.True(ScaledOffset.TryCreate(0, bytes, out _));
            Assert.True(ScaledOffset.TryCreate(4095L * bytes, bytes, out ScaledOffset last) && last.Value == 4095 * bytes);
            Assert.False(ScaledOffset.TryCreate(4096L * bytes, bytes, out _));
            Assert.False(ScaledOffset.TryCreate(-bytes, bytes, out _));
            Assert.True(bytes == 1 || !ScaledOffset.TryCreate(bytes + 1, bytes, out _));
            Assert.True(PairOffset.TryCreate(-64L * bytes, bytes, out _) && PairOffset.TryCreate(63L * bytes, bytes, out _));
            Assert.False(PairOffset.TryCreate(-65L * bytes, bytes, out _) || PairOffset.TryCreate(64L * bytes, bytes, out _));
            Assert.True(bytes == 1 || !PairOffset.TryCreate(bytes + 1, bytes, out _));
        }

        Assert.True(UnscaledOffset.TryCreate(-256, out _) && UnscaledOffset.TryCreate(255, out _));
        Assert.False(UnscaledOffset.TryCreate(-257, out _) || UnscaledOffset.TryCreate(256, out _));
    }
}
