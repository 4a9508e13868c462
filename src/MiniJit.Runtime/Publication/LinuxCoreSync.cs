// How Linux makes every core of the process forget what it has fetched ahead of time. Three ways, best first:
//
//   membarrier(PRIVATE_EXPEDITED_SYNC_CORE)   interrupts every core that runs a thread of this process, and the return from the interrupt
//                                             synchronises it. Microseconds. The process registers first; exec forgets the registration.
//   membarrier(GLOBAL)                        waits until every core has been through the kernel, by a timer interrupt at the latest. Documented for memory
//                                             ordering; that coming out of the kernel synchronises is the architecture's doing. Milliseconds.
//   visiting every processor                  the last resort, for sandboxes without membarrier. The publishing thread has itself moved to one processor after
//                                             the other; whatever ran there was interrupted, and comes out of the kernel before it goes on. It waits its
//                                             turn on every processor, so a real-time thread that never sleeps can hold it up.
//
// What a way answers decides what is tried next, and the table below is that decision. Whatever it does not list is an error and nobody's
// code becomes reachable: an answer that nobody thought of is no reason to believe that the cores were synchronised.
using System;
using MiniJit.Runtime.Platform;

namespace MiniJit.Runtime.Publication;

internal sealed class LinuxCoreSync(IHostCalls calls)
{
    private const int NotPermitted = 1, OutOfMemory = 12, Invalid = 22, NotImplemented = 38;

    /// <summary>What to do about an answer.</summary>
    public enum Response : byte
    {
        /// <summary>Report it: the cores are not synchronised.</summary>
        Fail,

        /// <summary>Register, then ask once more; the second time it is <see cref="NextWay"/>.</summary>
        Register,

        /// <summary>Ask once more; the second time it is <see cref="NextWay"/>.</summary>
        Again,

        /// <summary>Try the next way.</summary>
        NextWay,

        /// <summary>There is no membarrier at all: visit the processors.</summary>
        LastResort,
    }

    private static readonly (int Command, int Error, Response Then)[] s_responses =
    [
        (Membarrier.SyncCore, NotPermitted, Response.Register),             // not registered, or a filter
        (Membarrier.SyncCore, Invalid, Response.NextWay),                   // before 4.16, or an architecture without it
        (Membarrier.SyncCore, OutOfMemory, Response.Again),
        (Membarrier.SyncCore, NotImplemented, Response.LastResort),         // before 4.3, without CONFIG_MEMBARRIER, or a sandbox
        (Membarrier.RegisterSyncCore, NotPermitted, Response.NextWay),      // a filter
        (Membarrier.RegisterSyncCore, Invalid, Response.NextWay),
        (Membarrier.RegisterSyncCore, OutOfMemory, Response.Again),
        (Membarrier.RegisterSyncCore, NotImplemented, Response.LastResort),
        (Membarrier.Global, NotPermitted, Response.LastResort),             // a filter
        (Membarrier.Global, Invalid, Response.LastResort),                  // nohz_full
        (Membarrier.Global, NotImplemented, Response.LastResort),
    ];

    /// <summary>What is done about an answer of the kernel; 0 is success.</summary>
    public static Response ResponseTo(int command, int error)
    {
        foreach ((int Command, int Error, Response Then) row in s_responses)
        {
            if (row.Command == command && row.Error == error)
            {
                return row.Then;
            }
        }

        return Response.Fail;
    }

    /// <summary>Finds the best way that works here, by going it once.</summary>
    /// <param name="because">What the kernel answered to the ways that are better, or to all.</param>
    public PublicationMeans Probe(out string because)
    {
        SystemError error = Synchronize(PublicationMeans.MembarrierSyncCore, out PublicationMeans way, out string history);
        because = error.IsNone ? history.Length == 0 ? "the first choice works" : history : error.ToString();
        return error.IsNone ? way : PublicationMeans.Default;
    }

    /// <summary>Synchronises every core, by a way that is at best <paramref name="best"/>.</summary>
    public SystemError Synchronize(PublicationMeans best, out PublicationMeans used) => Synchronize(best, out used, out _);

    private SystemError Synchronize(PublicationMeans best, out PublicationMeans used, out string history)
    {
        history = "";
        used = best;
        SystemError error;
        while (used != PublicationMeans.VisitProcessors)
        {
            Response then = Ask(used == PublicationMeans.MembarrierGlobal ? Membarrier.Global : Membarrier.SyncCore, out error);
            if (error.IsNone || then == Response.Fail)
            {
                return After(history, error);
            }

            history += history.Length == 0 ? error.ToString() : $"; {error}";
            used = then == Response.NextWay && used == PublicationMeans.MembarrierSyncCore ? PublicationMeans.MembarrierGlobal : PublicationMeans.VisitProcessors;
        }

        error = ProcessorVisit.Run(calls);
        return After(history, error);
    }

    /// <summary>One way, with the one repetition that its answer may ask for.</summary>
    private Response Ask(int command, out SystemError error)
    {
        error = Call(command);
        Response then = ResponseTo(command, error.Code);
        if (then == Response.Register)
        {
            error = Call(Membarrier.RegisterSyncCore);
            then = ResponseTo(Membarrier.RegisterSyncCore, error.Code);
            if (then == Response.Again)
            {
                error = Call(Membarrier.RegisterSyncCore);
                then = ResponseTo(Membarrier.RegisterSyncCore, error.Code);
            }

            if (!error.IsNone)
            {
                return OnlyOnce(then);
            }

            then = Response.Again;
        }

        if (then == Response.Again)
        {
            error = Call(command);
            then = OnlyOnce(ResponseTo(command, error.Code));
        }

        return then;
    }

    private static Response OnlyOnce(Response then) => then is Response.Register or Response.Again ? Response.NextWay : then;

    // All three arguments, always: flags that happen to be in a register have made this call fail with EINVAL elsewhere.
    private SystemError Call(int command) => calls.Try(HostCall.Membarrier, command, 0, 0);

    private static SystemError After(string history, SystemError error) =>
        error.IsNone || history.Length == 0 ? error : new($"{error.Call} (after {history})", error.Code);
}
