// How the transfers of MicroOpcode are laid out, for the translator that chooses one and for the slow way that has to know what it was.
using System;
using MiniJit.Backend.Arm64;

namespace MiniJit.Coherence.Machine;

/// <summary>How a transfer gets its address.</summary>
internal enum TransferMode : byte
{
    /// <summary>Base plus immediate.</summary>
    Offset,

    /// <summary>Base; then base plus immediate is written back.</summary>
    Post,

    /// <summary>Base plus immediate, which is written back.</summary>
    Pre,

    /// <summary>Base plus shifted register.</summary>
    Register,

    /// <summary>Base plus extended and shifted register.</summary>
    Extended,
}

/// <summary>What a transfer's opcode says.</summary>
internal readonly record struct HotTransfer(MemoryAccess Access, bool IsPair, TransferMode Mode)
{
    private const int Modes = 5, PairModes = 3;

    public bool WritesBack => Mode is TransferMode.Post or TransferMode.Pre;

    private static ReadOnlySpan<MemoryAccess> Singles =>
    [
        MemoryAccess.StrB, MemoryAccess.LdrB, MemoryAccess.LdrSBX, MemoryAccess.LdrSBW, MemoryAccess.StrH, MemoryAccess.LdrH, MemoryAccess.LdrSHX,
        MemoryAccess.LdrSHW, MemoryAccess.StrW, MemoryAccess.LdrW, MemoryAccess.LdrSW, MemoryAccess.StrX, MemoryAccess.LdrX, MemoryAccess.StrFS,
        MemoryAccess.LdrFS, MemoryAccess.StrFD, MemoryAccess.LdrFD, MemoryAccess.StrFQ, MemoryAccess.LdrFQ,
    ];

    private static ReadOnlySpan<MemoryAccess> Pairs =>
    [
        MemoryAccess.StrX, MemoryAccess.LdrX, MemoryAccess.StrW, MemoryAccess.LdrW, MemoryAccess.StrFD, MemoryAccess.LdrFD, MemoryAccess.StrFQ,
        MemoryAccess.LdrFQ,
    ];

    public static HotTransfer Of(MicroOpcode opcode)
    {
        switch (opcode)
        {
            case MicroOpcode.LiteralW:
                return new(MemoryAccess.LdrW, false, TransferMode.Offset);
            case MicroOpcode.LiteralX:
                return new(MemoryAccess.LdrX, false, TransferMode.Offset);
            case >= MicroOpcode.StpX:
                int pair = opcode - MicroOpcode.StpX;
                return new(Pairs[pair / PairModes], true, (TransferMode)(pair % PairModes));
            default:
                int single = opcode - MicroOpcode.StrB;
                return new(Singles[single / Modes], false, (TransferMode)(single % Modes));
        }
    }

    /// <summary>The opcode of a transfer, if the loop has one.</summary>
    public static bool TryFind(MemoryAccess access, bool isPair, TransferMode mode, out MicroOpcode opcode)
    {
        int row = (isPair ? Pairs : Singles).IndexOf(access);
        opcode = isPair ? MicroOpcode.StpX.Plus((row * PairModes) + (int)mode) : MicroOpcode.StrB.Plus((row * Modes) + (int)mode);
        return row >= 0;
    }
}
