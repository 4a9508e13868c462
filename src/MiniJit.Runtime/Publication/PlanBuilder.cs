// How plans come about: one method per kind of machine, each step beside the reason for it or for leaving it out.
using System.Collections.Generic;
using System.Runtime.InteropServices;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;

namespace MiniJit.Runtime.Publication;

/// <summary>Why an architecture whose instruction fetch is coherent needs so little.</summary>
/// <param name="Architecture">Its name.</param>
/// <param name="Fetch">Why there is no cache maintenance.</param>
/// <param name="Order">Why there is no barrier.</param>
/// <param name="NewCode">Why new code needs nothing of the cores that will execute it.</param>
internal sealed record CoherentFetch(string Architecture, string Fetch, string Order, string NewCode)
{
    // Intel SDM volume 3, 8.1.3 (handling self- and cross-modifying code) and 11.6 (self-modifying code).
    public static CoherentFetch X64 { get; } = new(
        "x86-64",
        "x86-64 instruction fetch snoops the data caches, so it sees a store as soon as any load does",
        "x86-64 keeps stores in order",
        "no core executed anything at these addresses, and x86-64 fetches an indirect branch's target after the load that gave it");

    // z/Architecture Principles of Operation, chapter 5: "Instruction Fetching" and "CPU Serialization".
    public static CoherentFetch S390x { get; } = new(
        "s390x",
        "on z/Architecture a store is seen by every instruction fetch that follows it in the order of storage accesses, for this and for other CPUs",
        "z/Architecture performs stores in order",
        "no core executed anything at these addresses, and z/Architecture fetches an instruction again unless it was fetched ahead of time from here");
}

/// <summary>Collects the steps of one plan.</summary>
internal readonly struct PlanBuilder(OperatingSystemKind system, PublicationCapabilities capabilities, PublicationScenario scenario)
{
    private readonly List<PublicationStep> _steps = [];
    private readonly List<OmittedStep> _omitted = [];

    public PublicationPlan Finish(string name) => new(name, CollectionsMarshal.AsSpan(_steps), CollectionsMarshal.AsSpan(_omitted));

    /// <summary>Architectures whose instruction fetch sees what is stored.</summary>
    public string Coherent(CoherentFetch fetch)
    {
        Omit(PublicationStepKind.CleanDataLines, fetch.Fetch);
        Omit(PublicationStepKind.InvalidateInstructionLines, fetch.Fetch);
        Omit(PublicationStepKind.DataBarrier, fetch.Order);
        if (system == OperatingSystemKind.Windows)
        {
            // Free on a real x86-64 processor. On an Arm machine this process is translated, and the translator keeps what it has until it is told.
            Add(PublicationStepKind.FlushInstructionCache, PublicationMeans.WindowsFlush);
        }

        Protect();
        if (scenario == PublicationScenario.NewCode)
        {
            Omit(PublicationStepKind.ContextSync, fetch.NewCode);
            Omit(PublicationStepKind.SynchronizeCores, fetch.NewCode);
        }
        else
        {
            // Cross-modified code needs a serialising event on the core that executes it. Our own core is no exception:
            // it notices self-modification by linear address, and with two views we write through another one.
            Omit(PublicationStepKind.ContextSync, "the synchronisation of all cores includes this one");
            if (capabilities.CoreSync == PublicationMeans.Default)
            {
                return WithCause("this system offers no way to make other cores serialise, so memory that held code cannot hold other code");
            }

            Add(PublicationStepKind.SynchronizeCores, capabilities.CoreSync);
        }

        Reach();
        return "";
    }

    // Arm ARM B2.3.6 and K13.5 (instruction and data cache maintenance, ordering of instruction fetches).
    public string Arm64()
    {
        switch (system)
        {
            case OperatingSystemKind.Linux:
                Lines();
                Add(PublicationStepKind.ContextSync);
                break;
            case OperatingSystemKind.Windows:
                Add(PublicationStepKind.FlushInstructionCache, PublicationMeans.WindowsFlush);
                Omit(PublicationStepKind.CleanDataLines, "FlushInstructionCache cleans, invalidates and waits");
                break;
            default:
                Add(PublicationStepKind.FlushInstructionCache, PublicationMeans.DarwinInvalidate);
                Omit(PublicationStepKind.CleanDataLines, "Apple's cores fetch what their data caches hold (IDC = 1)");
                break;
        }

        Protect();
        if (capabilities.CoreSync == PublicationMeans.Default)
        {
            return WithCause("this system offers no way to synchronise the context of every core of the process");
        }

        Add(PublicationStepKind.SynchronizeCores, capabilities.CoreSync);
        Reach();
        return "";
    }

    // The Linux ABI forbids user-level fence.i (Documentation/arch/riscv/cmodx.rst): the thread may migrate between the fence and the jump.
    public string RiscV()
    {
        Protect();
        Add(PublicationStepKind.FlushInstructionCache, PublicationMeans.RiscVFlush);
        const string Flush = "riscv_flush_icache orders this hart's stores and runs fence.i, which is all of it";
        Omit(PublicationStepKind.CleanDataLines, Flush);
        Omit(PublicationStepKind.InvalidateInstructionLines, Flush);
        Omit(PublicationStepKind.ContextSync, "fence.i discards what was fetched ahead of time");
        Omit(PublicationStepKind.SynchronizeCores, "with flags = 0 every hart that runs the process executes fence.i now, and the others before they run it");
        Reach();
        return "";
    }

    private void Lines()
    {
        if (capabilities.DataCoherent)
        {
            Omit(PublicationStepKind.CleanDataLines, "CTR_EL0.IDC: instruction fetch sees what the data caches hold");
        }
        else
        {
            Add(PublicationStepKind.CleanDataLines);
        }

        // Also without cleaning: stores and IC IVAU are ordered by nothing else.
        Add(PublicationStepKind.DataBarrier);
        if (capabilities.InstructionCoherent)
        {
            Omit(PublicationStepKind.InvalidateInstructionLines, "CTR_EL0.DIC: instruction caches follow the data side");
            return;
        }

        Add(PublicationStepKind.InvalidateInstructionLines);
        Add(PublicationStepKind.DataBarrier);
    }

    // After cache maintenance: cleaning needs write permission on some cores.
    private void Protect()
    {
        switch (capabilities.Views)
        {
            case CodeViews.Flip:
                Add(PublicationStepKind.ProtectExecute);
                break;
            case CodeViews.Dual:
                Omit(PublicationStepKind.ProtectExecute, "the view that executes was never writable");
                break;
            default:
                Omit(PublicationStepKind.ProtectExecute, "the thread that wrote took its permission to write away again when it had written");
                break;
        }
    }

    private void Reach()
    {
        Add(PublicationStepKind.MakeReachable);
        if (scenario == PublicationScenario.ReplacedFunction)
        {
            Add(PublicationStepKind.AwaitThreads);
            Add(PublicationStepKind.FillWithTraps);
        }
    }

    private string WithCause(string refusal) => capabilities.Because is null ? refusal : $"{refusal} ({capabilities.Because})";

    private void Add(PublicationStepKind kind, PublicationMeans means = PublicationMeans.Default) => _steps.Add(new(kind, means));

    private void Omit(PublicationStepKind kind, string reason) => _omitted.Add(new(kind, reason));
}
