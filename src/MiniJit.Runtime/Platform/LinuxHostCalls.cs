// Linux' side of the door. On AArch64 the cache instructions are in it: C# cannot say them, so they are routines of our own (see
// Arm64CacheRoutines), put into memory when the first of them is asked for.
using System;
using System.Runtime.InteropServices;
using MiniJit.Runtime.Publication;

namespace MiniJit.Runtime.Platform;

internal sealed unsafe class LinuxHostCalls : IHostCalls
{
    /// <summary>Bytes of a processor set; the kernel takes any size.</summary>
    public const int ProcessorSetSize = 1024;

    private const int NotImplemented = 38;                       // ENOSYS

    private static readonly nint s_membarrier = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 324,
        Architecture.S390x => 356,
        _ => 283,                                                // the generic table
    };

    public HostResult Invoke(HostCall call, params ReadOnlySpan<nint> a)
    {
        Marshal.SetLastPInvokeError(0);
        switch (call)
        {
            case HostCall.Mmap:
                return Answer(LinuxCalls.Mmap(a[0], (nuint)a[1], (int)a[2], (int)a[3], (int)a[4], a[5]));
            case HostCall.Munmap:
                return Answer(LinuxCalls.Munmap(a[0], (nuint)a[1]));
            case HostCall.Mprotect:
                return Answer(LinuxCalls.Mprotect(a[0], (nuint)a[1], (int)a[2]));
            case HostCall.Madvise:
                return Answer(LinuxCalls.Madvise(a[0], (nuint)a[1], (int)a[2]));
            case HostCall.MemfdCreate:
                return Answer(LinuxCalls.MemfdCreate((byte*)a[0], (uint)a[1]));
            case HostCall.Ftruncate:
                return Answer(LinuxCalls.Ftruncate((int)a[0], a[1]));
            case HostCall.Close:
                return Answer(LinuxCalls.Close((int)a[0]));
            case HostCall.Membarrier:
                return Answer(LinuxCalls.Syscall(s_membarrier, a[0], a[1], a[2]));
            case HostCall.GetAffinity:
                return Answer(LinuxCalls.SchedGetAffinity((int)a[0], (nuint)a[1], (byte*)a[2]));
            case HostCall.SetAffinity:
                return Answer(LinuxCalls.SchedSetAffinity((int)a[0], (nuint)a[1], (byte*)a[2]));
            case HostCall.RunOnProcessor:
                byte* only = stackalloc byte[ProcessorSetSize];
                new Span<byte>(only, ProcessorSetSize).Clear();
                only[a[0] >> 3] = (byte)(1 << (int)(a[0] & 7));
                return Answer(LinuxCalls.SchedSetAffinity(0, ProcessorSetSize, only));
            case HostCall.RiscVFlushIcache when RuntimeInformation.ProcessArchitecture == Architecture.RiscV64:
                return Answer(LinuxCalls.Syscall(259, a[0], a[1], a[2]));
            case >= HostCall.ReadCacheType and <= HostCall.ContextSync when RuntimeInformation.ProcessArchitecture == Architecture.Arm64:
                return Arm64CacheRoutines.TryGet(this, out Arm64CacheRoutines? routines, out int error) ? routines.Invoke(call, a) : new(0, error);
            default:
                return new(0, NotImplemented);
        }
    }

    private static HostResult Answer(nint result) => result == -1 ? new(-1, Math.Max(1, Marshal.GetLastPInvokeError())) : new(result, 0);
}
