// A small program of several cores on the lying machine: one thread writes and publishes code, the others wait for it and call it. What is
// tried out — a plan with a step missing, a routine with a wrong stride, a kernel that answers EINVAL — is data here or an edit of it; the
// script says in which order things happen. The run (ExperimentRun) does the rest, the same for all.
using System;
using System.Runtime.InteropServices;
using MiniJit.Coherence.Publication;
using MiniJit.Runtime.Publication;

namespace MiniJit.Coherence.Experiments;

/// <summary>What the threads that call do between learning of new code and calling it.</summary>
internal enum ReaderKind : byte
{
    /// <summary>There are none: the other cores are idle.</summary>
    None,

    /// <summary>An acquire load, and the call.</summary>
    Plain,

    /// <summary>Also a system call on every round of the loop that waits.</summary>
    SystemCall,

    /// <summary>Also an ISB between the load and the call.</summary>
    ContextSync,

    /// <summary>They do not wait for anything new but call all the time, and trap if they get what no version returns.</summary>
    Incessant,
}

internal sealed record Experiment
{
    /// <summary>What the command line calls it.</summary>
    public required string Name { get; init; }

    /// <summary>One sentence.</summary>
    public required string Sentence { get; init; }

    /// <summary>The first one writes.</summary>
    public int Cores { get; init; } = 3;

    public ReaderKind Readers { get; init; } = ReaderKind.Plain;

    /// <summary>The operating system; Linux' calls without what its kernel does unasked if not given.</summary>
    public SystemPolicy System { get; init; } = SystemPolicy.Bare;

    /// <summary>Whose plan is carried out. The machine is the same: RISC-V's caches can be as stale as these.</summary>
    public Architecture Architecture { get; init; } = Architecture.Arm64;

    /// <summary>Functions that are published together, side by side.</summary>
    public int Functions { get; init; } = 2;

    /// <summary>The cache routines; empty for the runtime's.</summary>
    public uint[] Routines { get; init; } = [];

    /// <summary>What becomes of the plan that the runtime chose; null: nothing.</summary>
    public Func<PublicationPlan, PublicationPlan>? EditPlan { get; init; }

    /// <summary>From which publication on, counted from 1.</summary>
    public int EditsFrom { get; init; } = 1;

    /// <summary>What performs the steps instead of the runtime's port; null: that.</summary>
    public Func<IPublicationPort, ExperimentRun, IPublicationPort>? EditPort { get; init; }

    /// <summary>What happens.</summary>
    public Action<ExperimentRun> Script { get; init; } = Scripts.Life;
}
