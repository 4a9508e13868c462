// When may memory of retired code be used again? When every thread that was inside of compiled code at the time of
// retirement has left it. A thread notes the epoch at which it enters (its outermost entry) and clears the note when it
// leaves: two plain stores. The rare side pays: it advances the epoch and then makes every core's stores visible with
// one process-wide barrier, so a thread whose note is still missing afterwards had not yet looked up any entry.
using System.Threading;

namespace MiniJit.Runtime.Invocation;

/// <summary>Knows which threads are inside of compiled code.</summary>
internal interface IQuiescence
{
    /// <summary>Starts a new epoch and returns it: threads that enter from now on do not matter for what was retired before.</summary>
    long Advance();

    /// <summary>Whether every thread that entered before the epoch has left.</summary>
    bool HaveLeft(long epoch);
}

internal sealed class HostQuiescence : IQuiescence
{
    private static long s_epoch = 1;

    public static HostQuiescence Instance { get; } = new();

    public static long CurrentEpoch => Volatile.Read(ref s_epoch);

    public long Advance()
    {
        long epoch = Interlocked.Increment(ref s_epoch);
        Interlocked.MemoryBarrierProcessWide();
        return epoch;
    }

    public bool HaveLeft(long epoch) => ThreadRecord.OldestEntry() >= epoch;
}
