// What can be missing between a store and the fetch that should have seen it, by the architecture's rules (Arm ARM B2.3.6, K13.5). Every
// way in which code is published wrongly is one of these.
using System;
using MiniJit.Runtime.Publication;

namespace MiniJit.Coherence.Replay;

internal enum MissingEvent : byte
{
    /// <summary>The history does not show why the fetch was allowed.</summary>
    Unknown,

    StorePerformed,
    Clean,
    CleanOfLine,
    CleanAfterStore,
    CleanCompletion,
    StoreCompletion,
    Invalidation,
    InvalidationOfLine,
    InvalidationAfterStore,
    InvalidationAfterClean,
    InvalidationOnCore,
    InvalidationCompletion,
    CoherentFetch,
    ContextSynchronization,
    ExecutablePage,
}

/// <summary>One row of the table.</summary>
/// <param name="Missing">What is missing.</param>
/// <param name="Event">Its name on a timeline.</param>
/// <param name="Since">The end of the sentence "core 2 executed stale instructions, since …"; {0} is the core, {1} the line's virtual address.</param>
/// <param name="Why">The rule.</param>
/// <param name="Step">The step of a plan that supplies it on the publishing thread's core.</param>
internal sealed record MissingEventInfo(MissingEvent Missing, string Event, string Since, string Why, PublicationStepKind Step)
{
    private static readonly MissingEventInfo[] s_rows =          // enum order is asserted by a test
    [
        new(MissingEvent.Unknown, "unknown", "for a reason that the history does not show",
            "the events recorded would not let a machine of this type return the old version", default),
        new(MissingEvent.StorePerformed, "DSB ISH after the store", "the store had not been performed yet",
            "a store waits in the store buffer of its core until something orders it, and instruction fetch never looks there",
            PublicationStepKind.DataBarrier),
        new(MissingEvent.Clean, "DC CVAU", "the line was not cleaned to the point of unification",
            "instruction fetch refills from the point of unification, where bytes that are still dirty in a data cache do not show (IDC = 0)",
            PublicationStepKind.CleanDataLines),
        new(MissingEvent.CleanOfLine, "DC CVAU of this line", "cleaning left out the line at 0x{1:x}: the range or the stride of the DC CVAU loop missed it",
            "DC CVAU cleans the one data line that holds its address, and lines may be shorter than the stride assumes",
            PublicationStepKind.CleanDataLines),
        new(MissingEvent.CleanAfterStore, "DC CVAU after the store", "the line was cleaned before the store and not after it",
            "a clean moves what the data cache holds then", PublicationStepKind.CleanDataLines),
        new(MissingEvent.CleanCompletion, "DSB ISH after DC CVAU", "the line was cleaned, but nothing waited for the clean to complete",
            "DC CVAU and IC IVAU are ordered by DSB only: without it the invalidated cache may refill with the old line first",
            PublicationStepKind.DataBarrier),
        new(MissingEvent.StoreCompletion, "DSB ISH before IC IVAU", "the line was invalidated before the store had completed",
            "stores and IC IVAU are ordered by DSB only, also where fetch sees what the data caches hold (IDC = 1)",
            PublicationStepKind.DataBarrier),
        new(MissingEvent.Invalidation, "IC IVAU", "the line was never invalidated in the instruction cache of core {0} after the store",
            "an instruction cache may keep a line for ever (DIC = 0)", PublicationStepKind.InvalidateInstructionLines),
        new(MissingEvent.InvalidationOfLine, "IC IVAU of this line",
            "invalidation left out the line at 0x{1:x}: the range or the stride of the IC IVAU loop missed it on core {0}",
            "IC IVAU invalidates the one line that holds its address in each instruction cache, and a core's lines may be shorter than the stride assumes",
            PublicationStepKind.InvalidateInstructionLines),
        new(MissingEvent.InvalidationAfterStore, "IC IVAU after the store", "the line was invalidated before the store and not after it",
            "an instruction cache may refill at any time, so it may have refilled with the old line", PublicationStepKind.InvalidateInstructionLines),
        new(MissingEvent.InvalidationAfterClean, "IC IVAU after DC CVAU", "the line was invalidated before it was cleaned to the point of unification",
            "between the two an instruction cache may refill from the point of unification, which has the old line until the clean completes",
            PublicationStepKind.InvalidateInstructionLines),
        new(MissingEvent.InvalidationOnCore, "IC IVAU, broadcast", "the line was invalidated in other instruction caches, but not in that of core {0}",
            "IC IALLU concerns the core that executes it; IC IVAU and IC IALLUIS concern all cores of the inner shareable domain",
            PublicationStepKind.InvalidateInstructionLines),
        new(MissingEvent.InvalidationCompletion, "DSB ISH after IC IVAU",
            "the invalidation had not completed on core {0} when the code became reachable",
            "IC IVAU is broadcast and takes effect on each core at some time before a DSB ISH of the core that executed it ends",
            PublicationStepKind.DataBarrier),
        new(MissingEvent.CoherentFetch, "coherent instruction cache",
            "the machine says that its instruction caches follow the data side (CTR_EL0.DIC = 1), and that of core {0} does not",
            "whoever believes CTR_EL0.DIC leaves IC IVAU out; on such a machine the kernel has to hide the bit (Neoverse N1 erratum 1542419)",
            PublicationStepKind.InvalidateInstructionLines),
        new(MissingEvent.ContextSynchronization, "context synchronisation",
            "it had fetched them ahead of time, and no context synchronisation event on core {0} made it fetch again",
            "no cache maintenance, no barrier and no dependency reaches instructions that a core has fetched; only an event on that core makes it fetch again (ISB, exception entry or return)",
            PublicationStepKind.SynchronizeCores),
        new(MissingEvent.ExecutablePage, "context synchronisation",
            "it had fetched ahead of time, when the page was not executable yet, and no context synchronisation event on core {0} made it fetch again",
            "a change of permissions, like any other, is not seen by what a core has fetched; only an event on that core makes it fetch again (ISB, exception entry or return)",
            PublicationStepKind.SynchronizeCores),
    ];

    public static ReadOnlySpan<MissingEventInfo> Table => s_rows;

    public static MissingEventInfo Of(MissingEvent missing) => s_rows[(int)missing];
}
