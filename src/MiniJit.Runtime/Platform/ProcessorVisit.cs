// Runs on every processor that this process may use, one after the other, and then where it ran before. Two things need that: reading a
// register of every core, and the last resort of core synchronisation (see LinuxCoreSync).
//
// First the thread asks for all processors; the kernel grants those of its cpuset, which every thread of the process shares (unless an administrator
// has put threads of one process into different cpusets, which needs the threaded mode of cgroups and is not supported here). A processor that goes offline
// meanwhile executes nothing, and one that comes online has come out of the kernel; either way, an error on the way is an error of the visit.
using System;

namespace MiniJit.Runtime.Platform;

internal static unsafe class ProcessorVisit
{
    /// <summary>Visits.</summary>
    /// <param name="calls">The system.</param>
    /// <param name="visited">Called on each processor; null if being there is all.</param>
    public static SystemError Run(IHostCalls calls, Func<SystemError>? visited = null)
    {
        const int Size = LinuxHostCalls.ProcessorSetSize;
        byte* before = stackalloc byte[Size], all = stackalloc byte[Size];
        new Span<byte>(before, Size).Clear();
        SystemError error = calls.Try(HostCall.GetAffinity, 0, Size, (nint)before);
        if (!error.IsNone)
        {
            return error;
        }

        new Span<byte>(all, Size).Fill(0xFF);
        error = calls.Try(HostCall.SetAffinity, 0, Size, (nint)all);
        if (error.IsNone)
        {
            new Span<byte>(all, Size).Clear();
            error = calls.Try(HostCall.GetAffinity, 0, Size, (nint)all);
        }

        for (int processor = 0; error.IsNone && processor < Size * 8; processor++)
        {
            if ((all[processor >> 3] >> (processor & 7) & 1) != 0)
            {
                error = calls.Try(HostCall.RunOnProcessor, processor);
                if (error.IsNone && visited is not null)
                {
                    error = visited();
                }
            }
        }

        SystemError back = calls.Try(HostCall.SetAffinity, 0, Size, (nint)before);
        return error.IsNone ? back : error;
    }
}
