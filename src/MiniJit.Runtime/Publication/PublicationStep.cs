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
    AwaitThreads,
    FillWithTraps,
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

    /// <summary>Linux: the publishing thread runs on every processor in turn, and so takes each of them through the kernel.</summary>
    VisitProcessors,

    /// <summary>Windows: FlushProcessWriteBuffers, an interrupt on every core of the process.</summary>
    ProcessWriteBuffers,

    /// <summary>Windows: FlushInstructionCache.</summary>
    WindowsFlush,

    /// <summary>macOS: sys_icache_invalidate.</summary>
    DarwinInvalidate,

    /// <summary>macOS: reading the registers of every thread, for which the kernel has to stop it.</summary>
    DarwinThreadStates,

    /// <summary>Linux on RISC-V: the system call that runs fence.i on every hart of the process.</summary>
    RiscVFlush,
}

/// <summary>One row of the step table.</summary>
/// <param name="Kind">The step.</param>
/// <param name="Text">Its name in reports.</param>
/// <param name="Scope">How often it is performed, and by whom.</param>
/// <param name="Why">What goes wrong without it, on a machine that needs it.</param>
internal sealed record PublicationStepInfo(PublicationStepKind Kind, string Text, StepScope Scope, string Why);

internal enum StepScope : byte
{
    /// <summary>Once for all ranges of the batch.</summary>
    Batch,

    /// <summary>For every range of the batch.</summary>
    Range,

    /// <summary>Later, by the heap, for the code that was replaced.</summary>
    Deferred,
}

/// <summary>A step of a plan.</summary>
internal readonly record struct PublicationStep(PublicationStepKind Kind, PublicationMeans Means = PublicationMeans.Default)
{
    private static readonly PublicationStepInfo[] s_rows =       // enum order is asserted by a test
    [
        new(PublicationStepKind.CleanDataLines, "clean data lines", StepScope.Range,
            "instruction fetch refills from the point of unification, where bytes that are still dirty in a data cache do not show"),
        new(PublicationStepKind.DataBarrier, "data barrier", StepScope.Batch,
            "stores, cleans and invalidations before it are otherwise unordered with those after it"),
        new(PublicationStepKind.InvalidateInstructionLines, "invalidate instruction lines", StepScope.Range,
            "an instruction cache of any core may hold the line as it was"),
        new(PublicationStepKind.ContextSync, "synchronise own context", StepScope.Batch,
            "this core may have fetched the old instructions ahead of time"),
        new(PublicationStepKind.FlushInstructionCache, "flush instruction cache", StepScope.Range,
            "the system's call for cleaning and invalidating where it does not hand the instructions to programs; emulators drop their translations"),
        new(PublicationStepKind.ProtectExecute, "make executable", StepScope.Range,
            "the pages are writable until now, and no page is both"),
        new(PublicationStepKind.SynchronizeCores, "synchronise all cores", StepScope.Batch,
            "another core may have fetched the old instructions ahead of time, and only an event on that core makes it forget them"),
        new(PublicationStepKind.MakeReachable, "make reachable", StepScope.Batch,
            "a release store of the entries, after which any thread may call"),
        new(PublicationStepKind.AwaitThreads, "wait for threads in old code", StepScope.Deferred,
            "a thread that entered before the entry was swapped is still inside of the old code"),
        new(PublicationStepKind.FillWithTraps, "fill old code with traps", StepScope.Deferred,
            "whoever still jumped there would run what happens to lie there; a trap says so at once"),
    ];

    private static readonly string[] s_means =                   // enum order is asserted by a test
    [
        "",
        "membarrier PRIVATE_EXPEDITED_SYNC_CORE",
        "membarrier GLOBAL",
        "sched_setaffinity to each processor",
        "FlushProcessWriteBuffers",
        "FlushInstructionCache",
        "sys_icache_invalidate",
        "thread_get_register_pointer_values of each thread",
        "riscv_flush_icache on all harts",
    ];

    public static ReadOnlySpan<PublicationStepInfo> Table => s_rows;

    public static ReadOnlySpan<string> MeansTable => s_means;

    public PublicationStepInfo Info => s_rows[(int)Kind];

    public override string ToString() => Means == PublicationMeans.Default ? Info.Text : $"{Info.Text} ({s_means[(int)Means]})";
}
