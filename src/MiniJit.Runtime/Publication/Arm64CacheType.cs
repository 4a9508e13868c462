// CTR_EL0, the register that says how large cache lines are and which maintenance is needed. Systems with unlike cores have more than
// one answer: the smallest lines and the weakest promises count, since code is executed on all of them. Taking one core's answer for
// all has skipped every other line on the cores with smaller ones.
using System;

namespace MiniJit.Runtime.Publication;

/// <summary>What CTR_EL0 says, for one core or for several.</summary>
/// <param name="DataLine">Smallest data cache line in bytes.</param>
/// <param name="InstructionLine">Smallest instruction cache line in bytes.</param>
/// <param name="DataCoherent">IDC: data need not be cleaned to the point of unification.</param>
/// <param name="InstructionCoherent">DIC: instruction caches need not be invalidated to the point of unification.</param>
internal readonly record struct Arm64CacheType(int DataLine, int InstructionLine, bool DataCoherent, bool InstructionCoherent)
{
    /// <summary>No cache has smaller lines (CCSIDR_EL1.LineSize = 0), so a loop in these steps misses none.</summary>
    public const int SmallestLine = 16;

    /// <summary>What is true of every core there is: the start of a search, or its result where nothing could be read.</summary>
    public static Arm64CacheType Unknown { get; } = new(SmallestLine, SmallestLine, false, false);

    // CTR_EL0      DIC[29] IDC[28]  DminLine[19:16]  IminLine[3:0]; line sizes are logarithms of words
    public static Arm64CacheType Of(ulong register) =>
        new(4 << (int)(register >> 16 & 15), 4 << (int)(register & 15), (register >> 28 & 1) != 0, (register >> 29 & 1) != 0);

    /// <summary>What is true of both.</summary>
    public Arm64CacheType And(Arm64CacheType other) => new(
        Math.Min(DataLine, other.DataLine),
        Math.Min(InstructionLine, other.InstructionLine),
        DataCoherent && other.DataCoherent,
        InstructionCoherent && other.InstructionCoherent);
}
