// macOS' side of the door.
using System;
using System.Runtime.InteropServices;

namespace MiniJit.Runtime.Platform;

internal sealed unsafe class MacHostCalls : IHostCalls
{
    private const int NotImplemented = 78;                       // ENOSYS

    public HostResult Invoke(HostCall call, params ReadOnlySpan<nint> a)
    {
        switch (call)
        {
            case HostCall.Mmap:
                return Answer(MacCalls.Mmap(a[0], (nuint)a[1], (int)a[2], (int)a[3], (int)a[4], a[5]));
            case HostCall.Munmap:
                return Answer(MacCalls.Munmap(a[0], (nuint)a[1]));
            case HostCall.Mprotect:
                return Answer(MacCalls.Mprotect(a[0], (nuint)a[1], (int)a[2]));
            case HostCall.JitWriteProtect:
                // On Intel every thread may always write: there is nothing to switch.
                if (RuntimeInformation.ProcessArchitecture == Architecture.Arm64)
                {
                    MacCalls.JitWriteProtect((int)a[0]);
                }

                return default;
            case HostCall.SysIcacheInvalidate:
                MacCalls.SysIcacheInvalidate(a[0], (nuint)a[1]);
                return default;
            case HostCall.StopEachThread:
                return StopEachThread();
            default:
                return new(0, NotImplemented);
        }
    }

    /// <summary>Asks for the registers of every thread of the task. The kernel answers once the thread is in the kernel, and it comes out with a fresh context.</summary>
    private static HostResult StopEachThread()
    {
        uint self = MacCalls.TaskSelf();
        uint* threads;
        uint count;
        int error = MacCalls.TaskThreads(self, &threads, &count);
        if (error != 0)
        {
            return new(0, error);
        }

        nuint* registers = stackalloc nuint[128];
        for (uint i = 0; i < count; i++)
        {
            nuint stackPointer, room = 128;
            int answer = MacCalls.ThreadGetRegisterPointerValues(threads[i], &stackPointer, &room, registers);

            // A thread that has ended meanwhile (KERN_TERMINATED and kin) executes nothing any more.
            const int InvalidArgument = 4, Terminated = 37, InsufficientBuffer = 52;
            if (answer is not (0 or InvalidArgument or Terminated or InsufficientBuffer))
            {
                error = answer;
            }

            _ = MacCalls.MachPortDeallocate(self, threads[i]);
        }

        _ = MacCalls.VmDeallocate(self, (nuint)threads, count * sizeof(uint));
        return new((nint)count, error);
    }

    private static HostResult Answer(nint result) => result == -1 ? new(-1, Math.Max(1, Marshal.GetLastPInvokeError())) : new(result, 0);
}
