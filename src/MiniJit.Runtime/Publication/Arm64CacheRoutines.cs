// The cache instructions of AArch64 as routines in the procedure-call standard: C# cannot say them, the runtime knows no backend, and
// a plan performs them one step at a time. One routine per step, of which none makes a stack frame or touches memory.
//
// A thread may migrate between two routines, for example after the cleaning and before the barrier that waits for it. That is harmless: the
// kernel executes dsb ish itself when it switches threads (arch/arm64, __switch_to: "complete any pending TLB or cache maintenance on this CPU in
// case the thread migrates"), for the sake of user code of any kind that is preempted there.
//
// How the routines come to life. They are what makes code executable safely, and they are code. Four things replace them for themselves:
//   1. they are written to a fresh anonymous page that was never executable, so no core can have fetched anything from its address;
//   2. the kernel cleans and invalidates a page when it is made executable for the first time since the kernel handed it out (arch/arm64,
//      __sync_icache_dcache), which is exactly once, here; nothing is ever written to the page again;
//   3. the thread that made the page executable returns from a system call, and an exception return synchronises its context;
//   4. before any other thread learns the address, that thread runs the whole maintenance over the routines' own bytes with the routines themselves and
//      synchronises all cores.
using System;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Threading;
using MiniJit.Runtime.Platform;

namespace MiniJit.Runtime.Publication;

internal sealed unsafe class Arm64CacheRoutines
{
    /// <summary>Positions of the routines, in instructions.</summary>
    public const int ReadCacheType = 0, Clean = 2, Invalidate = 10, Barrier = 18, Sync = 20;

    private static readonly uint[] s_words =
    [
        // u64 ReadCacheType()
        0xD53B_0020,                                  // mrs x0, ctr_el0
        0xD65F_03C0,                                  // ret

        // void Clean(start, end, line): every line that holds a byte of [start, end)
        0xCB02_03E3,                                  // neg x3, x2
        0x8A03_0000,                                  // and x0, x0, x3          down to the start of a line
        0xEB01_001F,                                  // cmp x0, x1
        0x5400_0082,                                  // b.hs +4
        0xD50B_7B20,                                  // dc cvau, x0
        0x8B02_0000,                                  // add x0, x0, x2
        0x17FF_FFFC,                                  // b -4
        0xD65F_03C0,                                  // ret

        // void Invalidate(start, end, line)
        0xCB02_03E3,                                  // neg x3, x2
        0x8A03_0000,                                  // and x0, x0, x3
        0xEB01_001F,                                  // cmp x0, x1
        0x5400_0082,                                  // b.hs +4
        0xD50B_7520,                                  // ic ivau, x0
        0x8B02_0000,                                  // add x0, x0, x2
        0x17FF_FFFC,                                  // b -4
        0xD65F_03C0,                                  // ret

        // void Barrier()
        0xD503_3B9F,                                  // dsb ish
        0xD65F_03C0,                                  // ret

        // void Sync()
        0xD503_3FDF,                                  // isb
        0xD65F_03C0,                                  // ret
    ];

    private static readonly Lock s_lock = new();
    private static Arm64CacheRoutines? s_instance;

    private readonly nint _base;

    private Arm64CacheRoutines(nint address) => _base = address;

    /// <summary>The instructions, position-independent.</summary>
    public static ReadOnlySpan<uint> Words => s_words;

    private static int Size => s_words.Length * sizeof(uint);

    /// <summary>The routines of this process; an AArch64 Linux process.</summary>
    public static bool TryGet(IHostCalls calls, [NotNullWhen(true)] out Arm64CacheRoutines? routines, out int error)
    {
        error = 0;
        routines = Volatile.Read(ref s_instance);
        if (routines is not null)
        {
            return true;
        }

        lock (s_lock)
        {
            routines = s_instance ?? Place(calls, out error);
            Volatile.Write(ref s_instance, routines);
            return routines is not null;
        }
    }

    public HostResult Invoke(HostCall call, ReadOnlySpan<nint> a)
    {
        switch (call)
        {
            case HostCall.ReadCacheType:
                return new(((delegate* unmanaged<nint>)At(ReadCacheType))(), 0);
            case HostCall.CleanDataLines:
                ((delegate* unmanaged<nint, nint, nint, void>)At(Clean))(a[0], a[1], a[2]);
                return default;
            case HostCall.InvalidateInstructionLines:
                ((delegate* unmanaged<nint, nint, nint, void>)At(Invalidate))(a[0], a[1], a[2]);
                return default;
            case HostCall.DataBarrier:
                ((delegate* unmanaged<void>)At(Barrier))();
                return default;
            default:
                ((delegate* unmanaged<void>)At(Sync))();
                return default;
        }
    }

    private static Arm64CacheRoutines? Place(IHostCalls calls, out int error)
    {
        HostResult page = calls.Invoke(
            HostCall.Mmap, 0, Size, LinuxCalls.ProtRead | LinuxCalls.ProtWrite, LinuxCalls.MapPrivate | LinuxCalls.MapAnonymous, -1, 0);
        error = page.Error;
        if (!page.Succeeded)
        {
            return null;
        }

        MemoryMarshal.AsBytes<uint>(s_words).CopyTo(new Span<byte>((void*)page.Value, Size));
        error = calls.Invoke(HostCall.Mprotect, page.Value, Size, LinuxCalls.ProtRead | LinuxCalls.ProtExec).Error;
        if (error != 0)
        {
            calls.Invoke(HostCall.Munmap, page.Value, Size);
            return null;
        }

        Arm64CacheRoutines routines = new(page.Value);
        nint end = page.Value + Size;
        routines.Invoke(HostCall.CleanDataLines, [page.Value, end, Arm64CacheType.SmallestLine]);
        routines.Invoke(HostCall.DataBarrier, []);
        routines.Invoke(HostCall.InvalidateInstructionLines, [page.Value, end, Arm64CacheType.SmallestLine]);
        routines.Invoke(HostCall.DataBarrier, []);
        routines.Invoke(HostCall.ContextSync, []);
        error = new LinuxCoreSync(calls).Synchronize(PublicationMeans.MembarrierSyncCore, out _).Code;
        if (error != 0)
        {
            calls.Invoke(HostCall.Munmap, page.Value, Size);     // the next attempt has to start with a fresh page
            return null;
        }

        return routines;
    }

    private nint At(int instruction) => _base + (instruction * sizeof(uint));
}
