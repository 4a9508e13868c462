// What kind of machine lies, as software could find out from CTR_EL0 — or could not, where a machine says more than it keeps.
using System;
using System.Numerics;

namespace MiniJit.Coherence.Caches;

/// <summary>The caches of one core.</summary>
/// <param name="DataCoherent">CTR_EL0.IDC: instruction fetch sees what the data caches hold.</param>
/// <param name="InstructionCoherent">CTR_EL0.DIC: instruction caches follow the data side.</param>
/// <param name="DataLine">Bytes of a data line, a power of two from 16 to 128.</param>
/// <param name="InstructionLine">Bytes of an instruction line, likewise.</param>
internal readonly record struct CacheTraits(bool DataCoherent, bool InstructionCoherent, int DataLine = 64, int InstructionLine = 64)
{
    /// <summary>CTR_EL0 (Arm ARM D19.2.34): lines as logarithms of words, granules of 64 bytes.</summary>
    public ulong Register => 0x8440_C000
        | ((ulong)BitOperations.Log2((uint)InstructionLine / 4) << 0)
        | ((ulong)BitOperations.Log2((uint)DataLine / 4) << 16)
        | (DataCoherent ? 1ul << 28 : 0)
        | (InstructionCoherent ? 1ul << 29 : 0);
}

/// <summary>A machine by its name on the command line.</summary>
/// <param name="Name">For example <c>none</c>, <c>idc</c>, <c>idc-dic</c>, <c>mixed-lines</c>.</param>
/// <param name="Real">How the caches of the cores behave, core after core, from the start again if there are more cores.</param>
/// <param name="Claimed">What the cores' CTR_EL0 says; empty if the truth.</param>
/// <param name="QueueDepth">Instructions that a core may have fetched ahead, 1 to 128.</param>
internal sealed record MachineType(string Name, CacheTraits[] Real, CacheTraits[] Claimed, int QueueDepth = 32)
{
    private static readonly MachineType[] s_all =
    [
        new("none", [new(false, false)], []),
        new("idc", [new(true, false)], []),
        new("idc-dic", [new(true, true)], []),
        new("small-lines", [new(false, false, 16, 16)], []),
        new("large-lines", [new(false, false, 128, 128)], []),

        // Exynos 8890: the large cores' lines are twice as long (bugs.md 11).
        new("mixed-lines", [new(false, false, 64, 128), new(false, false, 64, 64)], []),

        // Neoverse N1 erratum 1542419: claims that instruction caches follow, and they do not (bugs.md 13).
        new("dic-erratum", [new(true, false)], [new(true, true)]),
    ];

    public static ReadOnlySpan<MachineType> All => s_all;

    public CacheTraits RealOf(int core) => Real[core % Real.Length];

    public CacheTraits ClaimedBy(int core) => Claimed.Length == 0 ? RealOf(core) : Claimed[core % Claimed.Length];

    public static MachineType? Find(string name) => Array.Find(s_all, type => type.Name == name);
}
