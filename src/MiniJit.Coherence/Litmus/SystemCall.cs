// Calls of an operating system that have no instruction of their own. In a test they are written as SVC with a name, and take immediates that no test
// of a fault handler uses; what they do is part of the model of fetching.
using System;

namespace MiniJit.Coherence.Litmus;

internal enum SystemCallKind : byte
{
    /// <summary>An interrupt on every core of the process, which synchronises its context: membarrier, FlushProcessWriteBuffers and the like.</summary>
    SynchronizeCores,

    /// <summary>RISC-V: fence.i on this hart.</summary>
    InvalidateHere,

    /// <summary>RISC-V: fence.i on every hart.</summary>
    InvalidateEverywhere,
}

internal static class SystemCall
{
    private const long First = 0xF000;

    private static readonly string[] s_names = ["sync_cores", "fence_i", "fence_i_all"];    // in the order of the kinds

    /// <summary>The immediate of a call by its name.</summary>
    public static bool TryFind(string name, out long immediate)
    {
        int index = Array.FindIndex(s_names, known => known.Equals(name, StringComparison.OrdinalIgnoreCase));
        immediate = First + index;
        return index >= 0;
    }

    /// <summary>The call of an immediate.</summary>
    public static bool TryFind(long immediate, out SystemCallKind kind)
    {
        kind = (SystemCallKind)(immediate - First);
        return (ulong)(immediate - First) < (ulong)s_names.Length;
    }
}
