// What happened in a run of the lab, as far as it has to do with instructions and their visibility. Explanations, timelines and replays
// are made of this list alone.
using MiniJit.Coherence.Fetch;

namespace MiniJit.Coherence.History;

internal enum LabEventKind : byte
{
    /// <summary>A store to memory from which instructions may be fetched; makes or extends a version. Detail is its length in bytes.</summary>
    Store,

    /// <summary>A store was performed: others may see it.</summary>
    StoreDone,

    /// <summary>DC CVAU was executed; Detail is the <see cref="CacheOperation"/>. <see cref="CleanDone"/> is its effect: Version is at the point of unification.</summary>
    Clean,
    CleanDone,

    /// <summary>
    /// IC IVAU was executed; <see cref="InvalidateDone"/> is its effect on the cache of Core, executed by Cause: Version is the oldest one that it
    /// can still return.
    /// </summary>
    Invalidate,
    InvalidateDone,

    /// <summary>DSB or DMB; Detail is <see cref="LabEvent.BarrierDetail"/>.</summary>
    Barrier,

    /// <summary>A context synchronisation event on Core, made by Cause; Detail is the <see cref="ContextEvent"/>.</summary>
    Synchronize,

    /// <summary>
    /// A fetch from a line that changed since this core fetched it last, or that has several versions: which one it got. Detail is the <see cref="FetchOrigin"/>.
    /// </summary>
    Fetch,

    /// <summary>Instructions were fetched ahead; the core may still execute them.</summary>
    FetchAhead,

    /// <summary>A page changed its permissions, its frame or its life: Note says how, Detail is its <see cref="Memory.PagePermissions"/> from now on.</summary>
    Page,

    /// <summary>A step of a publication plan begins; Note is its name.</summary>
    Step,

    /// <summary>A thread got or left a core.</summary>
    Thread,

    /// <summary>A call of published code begins at Address; Note is the name of what is called.</summary>
    Call,

    /// <summary>How it ended: Note says how, Detail is 0 if as it should. Address is where the core was, if it was stopped.</summary>
    Outcome,
}

/// <summary>Where fetched instructions came from.</summary>
internal enum FetchOrigin : byte
{
    /// <summary>The instruction cache, or what it was filled from just now.</summary>
    Cache,

    /// <summary>What the core had fetched ahead of time.</summary>
    Queue,
}

/// <summary>One event.</summary>
/// <param name="Time">Ascending number; the time axis.</param>
/// <param name="Core">Whose; the core concerned where another one caused it.</param>
/// <param name="Kind">What.</param>
/// <param name="Address">Virtual address as the core knows it; 0 if none.</param>
/// <param name="Line">Physical address of the line; 0 if none.</param>
/// <param name="Version">Version of the line that the event made, saw or left; -1 if none.</param>
/// <param name="Newest">Newest version of the line then.</param>
/// <param name="Cause">Core that caused it, if another one; otherwise <paramref name="Core"/>.</param>
/// <param name="Detail">By kind, see there.</param>
/// <param name="Note">Text for people; may be empty.</param>
internal readonly record struct LabEvent(
    long Time, int Core, LabEventKind Kind, ulong Address, ulong Line, int Version, int Newest, int Cause, int Detail, string Note)
{
    /// <summary>Whether a core got something else than the newest instructions.</summary>
    public bool IsStale => Kind == LabEventKind.Fetch && Version != Newest;

    /// <summary>The Detail of a barrier: DMB or DSB, and its CRm.</summary>
    public static int BarrierDetail(BarrierKind kind, int option) => ((int)kind << 4) | option;
}

/// <summary>Who listens; nobody, unless a run is told to explain itself.</summary>
internal interface ILabHistory
{
    void Add(in LabEvent happened);

    /// <summary>The bytes of a version, kept for the report: called before the first event that names it.</summary>
    void Remember(ulong line, int version, System.ReadOnlySpan<byte> bytes);

    /// <summary>From now on, these addresses are a function's or a routine's; an empty name takes them back.</summary>
    void Name(ulong address, long size, string name)
    {
    }
}
