// What ELF files say per instruction set: the machine's number and the numbers of its relocations (System V psABI x86-64 4.4.1; ELF for the
// Arm 64-bit Architecture 5.7). One row each.
using System;
using MiniJit.Codegen;
using MiniJit.Codegen.Settings;

namespace MiniJit.Runtime.Objects;

/// <summary>An instruction set as ELF sees it.</summary>
/// <param name="Architecture">Which.</param>
/// <param name="Number">e_machine.</param>
internal sealed record ElfMachine(TargetArchitecture Architecture, ushort Number)
{
    private static readonly ElfMachine s_x64 = new(TargetArchitecture.X64, 62);
    private static readonly ElfMachine s_arm64 = new(TargetArchitecture.Arm64, 183);

    private static readonly (RelocationKind Kind, uint X64, uint Arm64)[] s_relocations =    // enum order is asserted by a test
    [
        (RelocationKind.Abs8,               1, 257),           // R_X86_64_64            R_AARCH64_ABS64
        (RelocationKind.X64PcRel4,          2, 0),             // R_X86_64_PC32
        (RelocationKind.X64CallPcRel4,      4, 0),             // R_X86_64_PLT32
        (RelocationKind.X64GotPcRel4,       9, 0),             // R_X86_64_GOTPCREL
        (RelocationKind.X64ElfTlsGd,       19, 0),             // R_X86_64_TLSGD
        (RelocationKind.Arm64Call,          0, 283),           //                        R_AARCH64_CALL26
        (RelocationKind.Arm64AdrPage21,     0, 275),           //                        R_AARCH64_ADR_PREL_PG_HI21
        (RelocationKind.Arm64AddLo12,       0, 277),           //                        R_AARCH64_ADD_ABS_LO12_NC
        (RelocationKind.Arm64AdrGotPage21,  0, 311),           //                        R_AARCH64_ADR_GOT_PAGE
        (RelocationKind.Arm64LdrGotLo12,    0, 312),           //                        R_AARCH64_LD64_GOT_LO12_NC
    ];

    private const uint Arm64Jump26 = 282;                      // R_AARCH64_JUMP26: what CALL26 is to BL, to B

    /// <summary>All relocations with their numbers; 0 where the instruction set has none.</summary>
    public static ReadOnlySpan<(RelocationKind Kind, uint X64, uint Arm64)> Relocations => s_relocations;

    /// <summary>The row of an architecture.</summary>
    public static ElfMachine Of(TargetArchitecture architecture) => architecture switch
    {
        TargetArchitecture.X64 => s_x64,
        TargetArchitecture.Arm64 => s_arm64,
        _ => throw new ArgumentOutOfRangeException(nameof(architecture), architecture, "There are no files for this architecture."),
    };

    /// <summary>The number of a relocation; 0 if the architecture has none of the kind.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="place">The bytes that it patches.</param>
    public uint RelocationType(RelocationKind kind, ReadOnlySpan<byte> place)
    {
        (_, uint x64, uint arm64) = s_relocations[(int)kind];
        bool links = kind != RelocationKind.Arm64Call || (place[3] & 0x80) != 0;    // BL 100101, B 000101
        return Architecture == TargetArchitecture.X64 ? x64 : links ? arm64 : Arm64Jump26;
    }
}
