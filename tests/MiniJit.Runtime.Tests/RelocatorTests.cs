using System;
using System.Buffers.Binary;
using MiniJit.Codegen;
using MiniJit.Runtime.Linking;
using Xunit;

namespace MiniJit.Runtime.Tests;

public sealed class RelocatorTests
{
    [Fact]
    public void The_table_is_in_enum_order_and_complete()
    {
        RelocationKind[] kinds = Enum.GetValues<RelocationKind>();
        Assert.Equal(kinds.Length, Relocator.Table.Length);
        foreach (RelocationKind kind in kinds)
        {
            Assert.Equal(kind, Relocator.InfoOf(kind).Kind);
        }
    }

    [Fact]
    public void Absolute_addresses_take_the_addend()
    {
        byte[] bytes = new byte[8];
        Assert.Equal(RelocationOutcome.Done, Relocator.Apply(RelocationKind.Abs8, bytes, 0x1000, 0x1122334455667788, 8));
        Assert.Equal(0x1122334455667790u, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
    }

    [Theory]
    [InlineData(RelocationKind.X64PcRel4)]
    [InlineData(RelocationKind.X64CallPcRel4)]
    [InlineData(RelocationKind.X64GotPcRel4)]
    public void Relative_distances_reach_exactly_two_gigabytes(RelocationKind kind)
    {
        byte[] bytes = new byte[4];
        const ulong Place = 0x7000_0000_0000;
        Assert.Equal(RelocationOutcome.Done, Relocator.Apply(kind, bytes, Place, Place + 0x8000_0003, -4));
        Assert.Equal(int.MaxValue, BinaryPrimitives.ReadInt32LittleEndian(bytes));
        Assert.Equal(RelocationOutcome.OutOfReach, Relocator.Apply(kind, bytes, Place, Place + 0x8000_0004, -4));
        Assert.Equal(RelocationOutcome.Done, Relocator.Apply(kind, bytes, Place, Place - 0x8000_0000 + 4, -4));
        Assert.Equal(int.MinValue, BinaryPrimitives.ReadInt32LittleEndian(bytes));
        Assert.Equal(RelocationOutcome.OutOfReach, Relocator.Apply(kind, bytes, Place, Place - 0x8000_0000 + 3, -4));
    }

    // Expected words from an assembler: bl .+8, b .-4, adrp x3 (two pages up), adrp x3 (one page down),
    // add x3, x3, #0x123, ldr x3, [x3, #0x128].
    [Theory]
    [InlineData(RelocationKind.Arm64Call, 0x9400_0000u, 0x1000, 0x1008, 0x9400_0002u)]
    [InlineData(RelocationKind.Arm64Call, 0x1400_0000u, 0x1000, 0x0FFC, 0x17FF_FFFFu)]
    [InlineData(RelocationKind.Arm64AdrPage21, 0x9000_0003u, 0x1FFC, 0x3000, 0xD000_0003u)]
    [InlineData(RelocationKind.Arm64AdrPage21, 0x9000_0003u, 0x2000, 0x1FFF, 0xF0FF_FFE3u)]
    [InlineData(RelocationKind.Arm64AdrGotPage21, 0x9000_0003u, 0x1000, 0x5010, 0x9000_0023u)]
    [InlineData(RelocationKind.Arm64AddLo12, 0x9100_0063u, 0x1000, 0x5123, 0x9104_8C63u)]
    [InlineData(RelocationKind.Arm64LdrGotLo12, 0xF940_0063u, 0x1000, 0x5128, 0xF940_9463u)]
    public void Arm64_fields_are_filled_in(RelocationKind kind, uint before, ulong place, ulong symbol, uint after)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, before);
        Assert.Equal(RelocationOutcome.Done, Relocator.Apply(kind, bytes, place, symbol, 0));
        Assert.Equal(after, BinaryPrimitives.ReadUInt32LittleEndian(bytes));
        Assert.Equal(RelocationOutcome.Done, Relocator.Apply(kind, bytes, place, symbol, 0));
        Assert.Equal(after, BinaryPrimitives.ReadUInt32LittleEndian(bytes));
    }

    [Fact]
    public void Arm64_ranges_are_checked()
    {
        const ulong Place = 0x1_0000_0000;
        byte[] bytes = new byte[4];
        Assert.Equal(RelocationOutcome.Done, Relocator.Apply(RelocationKind.Arm64Call, bytes, Place, Place + (1 << 27) - 4, 0));
        Assert.Equal(RelocationOutcome.OutOfReach, Relocator.Apply(RelocationKind.Arm64Call, bytes, Place, Place + (1 << 27), 0));
        Assert.Equal(RelocationOutcome.Done, Relocator.Apply(RelocationKind.Arm64Call, bytes, Place, Place - (1 << 27), 0));
        Assert.Equal(RelocationOutcome.OutOfReach, Relocator.Apply(RelocationKind.Arm64Call, bytes, Place, Place + 2, 0));
        Assert.Equal(RelocationOutcome.OutOfReach, Relocator.Apply(RelocationKind.Arm64AdrPage21, bytes, Place, Place + (1UL << 32), 0));
        Assert.Equal(RelocationOutcome.OutOfReach, Relocator.Apply(RelocationKind.Arm64LdrGotLo12, bytes, Place, Place + 4, 0));
    }
}
