// How an operating system behaves around code pages, as data: what its kernel does unasked, what its calls do, and what they answer. The
// publication ports of the runtime run over it unchanged, so a plan is tested against systems that are not at hand, and against answers that a
// kernel gives once in a blue moon.
using System;
using System.Collections.Generic;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;

namespace MiniJit.Coherence.Publication;

/// <summary>What Linux answers to membarrier(2).</summary>
internal enum MembarrierAnswer : byte
{
    /// <summary>EPERM until the process has registered, then it works.</summary>
    Works,

    /// <summary>EPERM to everything: a filter.</summary>
    Refused,

    /// <summary>EINVAL to SYNC_CORE, as before 4.16; GLOBAL works.</summary>
    Old,

    /// <summary>EINVAL to everything but QUERY: old, and with nohz_full.</summary>
    OldAndTickless,

    /// <summary>ENOSYS.</summary>
    Missing,

    /// <summary>Success, and nobody is interrupted.</summary>
    Lies,
}

/// <summary>One operating system.</summary>
/// <param name="Name">On the command line.</param>
/// <param name="Kind">Whose calls and whose plan.</param>
internal sealed record SystemPolicy(string Name, OperatingSystemKind Kind)
{
    private static readonly SystemPolicy[] s_all =
    [
        new("linux", OperatingSystemKind.Linux) { CleansNewCodePages = true },
        new("windows", OperatingSystemKind.Windows),
        new("macos", OperatingSystemKind.MacOS) { Views = CodeViews.PerThread },

        // Linux' calls without what its kernel does unasked: the architecture alone.
        new("bare", OperatingSystemKind.Linux),

        // What membarrier has been seen to answer.
        new("linux-seccomp", OperatingSystemKind.Linux) { CleansNewCodePages = true, Membarrier = MembarrierAnswer.Refused },
        new("linux-4.15", OperatingSystemKind.Linux) { CleansNewCodePages = true, Membarrier = MembarrierAnswer.Old },
        new("linux-4.15-tickless", OperatingSystemKind.Linux) { CleansNewCodePages = true, Membarrier = MembarrierAnswer.OldAndTickless },
        new("linux-4.2", OperatingSystemKind.Linux) { CleansNewCodePages = true, Membarrier = MembarrierAnswer.Missing },
        new("linux-lies", OperatingSystemKind.Linux) { CleansNewCodePages = true, Membarrier = MembarrierAnswer.Lies },
    ];

    /// <summary>Linux' calls on the bare architecture.</summary>
    public static SystemPolicy Bare => s_all[3];

    public static ReadOnlySpan<SystemPolicy> All => s_all;

    /// <summary>How code memory is written.</summary>
    public CodeViews Views { get; init; } = CodeViews.Dual;

    /// <summary>
    /// Linux: a frame that becomes executable for the first time since the kernel handed it out is cleaned and invalidated (arch/arm64,
    /// __sync_icache_dcache). Writing to it afterwards does not make it unclean; going back to the kernel does.
    /// </summary>
    public bool CleansNewCodePages { get; init; }

    public MembarrierAnswer Membarrier { get; init; }

    /// <summary>Whether entering the kernel by SVC synchronises the context; not so with FEAT_ExS and SCTLR_EL1.EIS = 0, which no known system sets.</summary>
    public bool EntrySynchronizes { get; init; } = true;

    /// <summary>Parts of the system's own flush (FlushInstructionCache, sys_icache_invalidate) that it leaves out: experiments with the fix, one step at a time.</summary>
    public IReadOnlyCollection<PublicationStepKind> FlushOmits { get; init; } = [];

    public static SystemPolicy? Find(string name) => Array.Find(s_all, policy => policy.Name == name);

    /// <summary>Whether the system's flush performs a step.</summary>
    public bool FlushPerforms(PublicationStepKind kind)
    {
        foreach (PublicationStepKind omitted in FlushOmits)
        {
            if (omitted == kind)
            {
                return false;
            }
        }

        return true;
    }
}
