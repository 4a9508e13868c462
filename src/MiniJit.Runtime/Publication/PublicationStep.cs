// The steps of a publication, once. Plans are lists of them, executors perform them, reports print them.
//
// Two separate problems stand between written bytes and executed instructions. First, instruction fetch may look at
// memory through a cache that does not see the stores (clean, invalidate, barriers). Second, a core may have fetched
// instructions ahead of time, and only an event on that core makes it forget them (context synchronisation). An acquire
// load of the entry pointer orders data, not fetches: it replaces neither.
using System;

namespace MiniJit.Runtime.Publication;

internal enum PublicationStepKind : byte
{
    CleanDataLines,
    DataBarrier,
    InvalidateInstructionLines,
    ContextSync,
    FlushInstructionCache,
    ProtectExecute,
    SynchronizeCores,
    MakeReachable,
}

/// <summary>With what a step is performed where an architecture or system offers several ways.</summary>
internal enum PublicationMeans : byte
{
    /// <summary>There is only one way.</summary>
    Default,

    /// <summary>Linux: membarrier(PRIVATE_EXPEDITED_SYNC_CORE).</summary>
    MembarrierSyncCore,

    /// <summary>Linux: membarrier(GLOBAL), which waits until every core has been through the kernel.</summary>
    MembarrierGlobal,

    /// <summary>Windows: FlushProcessWriteBuffers, an interrupt on every core of the process.</summary>
    ProcessWriteBuffers,

    /// <summary>Windows: FlushInstructionCache.</summary>
    WindowsFlush,

    /// <summary>macOS: sys_icache_invalidate.</summary>
    DarwinInvalidate,
}

/// <summary>One row of the step table.</summary>
/// <param name="Kind">The step.</param>
/// <param name="Text">Its name in reports.</param>
/// <param name="PerRange">Performed for every range of the batch; otherwise once for all of them.</param>
/// <param name="Why">What goes wrong without it, on a machine that needs it.</param>
internal sealed record PublicationStepInfo(PublicationStepKind Kind, string Text, bool PerRange, string Why);

/// <summary>A step of a plan.</summary>
internal readonly record struct PublicationStep(PublicationStepKind Kind, PublicationMeans Means = PublicationMeans.Default)
{
    private static readonly PublicationStepInfo[] s_rows =       // enum order is asserted by a test
    [
        new(PublicationStepKind.CleanDataLines, "clean data lines", true,
            "instruction fetch refills from the point of unification, where bytes that are still dirty in a data cache do not show"),
        new(PublicationStepKind.DataBarrier, "data barrier", false,
            "stores, cleans and invalidations before it are otherwise unordered with those after it"),
        new(PublicationStepKind.InvalidateInstructionLines, "invalidate instruction lines", true,
            "an instruction cache of any core may hold the line as it was"),
        new(PublicationStepKind.ContextSync, "synchronise own context", false,
            "this core may have fetched the old instructions ahead of time"),
        new(PublicationStepKind.FlushInstructionCache, "flush instruction cache", true,
            "the system's call for cleaning and invalidating where it does not hand the instructions to programs"),
        new(PublicationStepKind.ProtectExecute, "make executable", true,
            "the pages are writable until now, and no page is both"),
        new(PublicationStepKind.SynchronizeCores, "synchronise all cores", false,
            "another core may have fetched the old instructions ahead of time, and only an event on that core makes it forget them"),
        new(PublicationStepKind.MakeReachable, "make reachable", false,
            "a release store of the entries, after which any thread may call"),
    ];

    public static ReadOnlySpan<PublicationStepInfo> Table => s_rows;

    public PublicationStepInfo Info => s_rows[(int)Kind];

    public override string ToString() => Means switch
    {
        PublicationMeans.MembarrierSyncCore => $"{Info.Text} (membarrier PRIVATE_EXPEDITED_SYNC_CORE)",
        PublicationMeans.MembarrierGlobal => $"{Info.Text} (membarrier GLOBAL)",
        PublicationMeans.ProcessWriteBuffers => $"{Info.Text} (FlushProcessWriteBuffers)",
        PublicationMeans.WindowsFlush => $"{Info.Text} (FlushInstructionCache)",
        PublicationMeans.DarwinInvalidate => $"{Info.Text} (sys_icache_invalidate)",
        _ => Info.Text,
    };
}
