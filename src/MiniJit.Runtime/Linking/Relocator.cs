// The arithmetic of relocations (System V psABI x86-64 4.4, ELF for the Arm 64-bit Architecture 5.7), on bytes that are
// not reachable by anybody yet. Applying one twice gives the same bytes as applying it once.
using System;
using System.Buffers.Binary;
using MiniJit.Codegen;

namespace MiniJit.Runtime.Linking;

/// <summary>What the linker has to know about a kind of relocation besides its arithmetic.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Size">Bytes of the place.</param>
/// <param name="ThroughSlot">S is the address of an 8-byte table slot that holds the target's address.</param>
/// <param name="Reach">Largest distance, for kinds that may be routed through a veneer; 0 for the others.</param>
internal readonly record struct RelocationInfo(RelocationKind Kind, int Size, bool ThroughSlot, long Reach);

internal enum RelocationOutcome : byte
{
    Done,
    OutOfReach,
    Unsupported,
}

internal static class Relocator
{
    private static readonly RelocationInfo[] s_rows =            // enum order is asserted by a test
    [
        //  kind                               size slot   veneer reach
        new(RelocationKind.Abs8,               8,   false, 0),
        new(RelocationKind.X64PcRel4,          4,   false, 0),
        new(RelocationKind.X64CallPcRel4,      4,   false, int.MaxValue),
        new(RelocationKind.X64GotPcRel4,       4,   true,  0),
        new(RelocationKind.X64ElfTlsGd,        4,   true,  0),
        new(RelocationKind.Arm64Call,          4,   false, (1L << 27) - 4),
        new(RelocationKind.Arm64AdrPage21,     4,   false, 0),
        new(RelocationKind.Arm64AddLo12,       4,   false, 0),
        new(RelocationKind.Arm64AdrGotPage21,  4,   true,  0),
        new(RelocationKind.Arm64LdrGotLo12,    4,   true,  0),
    ];

    public static ReadOnlySpan<RelocationInfo> Table => s_rows;

    public static RelocationInfo InfoOf(RelocationKind kind) => s_rows[(int)kind];

    /// <summary>Fills in one place.</summary>
    /// <param name="kind">The arithmetic.</param>
    /// <param name="bytes">The bytes from the place on.</param>
    /// <param name="place">P, the address at which they will execute or be read.</param>
    /// <param name="symbol">S, or the slot's address for kinds that go through one.</param>
    /// <param name="addend">A.</param>
    public static RelocationOutcome Apply(RelocationKind kind, Span<byte> bytes, ulong place, ulong symbol, long addend)
    {
        ulong target = symbol + (ulong)addend;
        long distance = (long)(target - place);
        switch (kind)
        {
            case RelocationKind.Abs8:
                BinaryPrimitives.WriteUInt64LittleEndian(bytes, target);
                return RelocationOutcome.Done;

            case RelocationKind.X64PcRel4:
            case RelocationKind.X64CallPcRel4:
            case RelocationKind.X64GotPcRel4:
                BinaryPrimitives.WriteInt32LittleEndian(bytes, (int)distance);
                return distance == (int)distance ? RelocationOutcome.Done : RelocationOutcome.OutOfReach;

            // BL, B                       x00101 imm26
            case RelocationKind.Arm64Call:
                Patch(bytes, 0x03FF_FFFF, (uint)(distance >> 2));
                return Fits(distance >> 2, 26) && (distance & 3) == 0 ? RelocationOutcome.Done : RelocationOutcome.OutOfReach;

            // ADRP                        1 immlo(2) 10000 immhi(19) Rd
            case RelocationKind.Arm64AdrPage21:
            case RelocationKind.Arm64AdrGotPage21:
                long pages = (long)(target >> 12) - (long)(place >> 12);
                Patch(bytes, 0x60FF_FFE0, ((uint)pages & 3) << 29 | ((uint)(pages >> 2) & 0x7FFFF) << 5);
                return Fits(pages, 21) ? RelocationOutcome.Done : RelocationOutcome.OutOfReach;

            // ADD (immediate)             sf 0 0 100010 sh imm12 Rn Rd
            case RelocationKind.Arm64AddLo12:
                Patch(bytes, 0x003F_FC00, ((uint)target & 0xFFF) << 10);
                return RelocationOutcome.Done;

            // LDR (64-bit, unsigned)      11 111001 01 imm12 Rn Rt
            case RelocationKind.Arm64LdrGotLo12:
                Patch(bytes, 0x003F_FC00, ((uint)target & 0xFFF) >> 3 << 10);
                return (target & 7) == 0 ? RelocationOutcome.Done : RelocationOutcome.OutOfReach;

            default:
                return RelocationOutcome.Unsupported;
        }
    }

    private static bool Fits(long value, int bits) => value << (64 - bits) >> (64 - bits) == value;

    private static void Patch(Span<byte> bytes, uint mask, uint value)
    {
        uint instruction = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (instruction & ~mask) | (value & mask));
    }
}
