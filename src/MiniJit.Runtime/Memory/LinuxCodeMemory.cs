// Linux: the code half of an arena is a memory file (memfd_create) mapped twice, writable where nobody executes and
// executable where nobody writes. A kernel or policy that refuses such files (vm.memfd_noexec, SELinux execmem rules)
// gets one anonymous mapping whose pages turn from RW to RX; so does a machine that only pretends to be one and does not
// notice writes through another address (HostPublication.ViewsAgree). No mapping is ever both.
// The reservation is sparse: it costs address space and nothing else until pages are touched.
using System;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;
using static MiniJit.Runtime.Platform.LinuxCalls;

namespace MiniJit.Runtime.Memory;

internal sealed class LinuxCodeMemory(CodeViews views, IHostCalls calls) : HostCodeMemory(calls)
{
    private static readonly Lazy<bool> s_supportsDualViews = new(ProbeDualViews);

    public static bool SupportsDualViews => s_supportsDualViews.Value;

    public override CodeViews Views => views;

    protected override bool TryMap(long codeSize, long dataSize, ulong hint, out ArenaMapping arena, out SystemError error)
    {
        arena = default;
        nuint total = (nuint)(codeSize + dataSize);
        error = Calls.Try(HostCall.Mmap, out nint address, (nint)hint, (nint)total, ProtNone, MapPrivate | MapAnonymous | MapNoReserve, -1, 0);
        if (!error.IsNone)
        {
            return false;
        }

        nint writable = address;
        if (views == CodeViews.Dual && !TryMapTwice(address, codeSize, out writable, out error))
        {
            Calls.Invoke(HostCall.Munmap, address, (nint)total);
            return false;
        }

        arena = new((ulong)address, codeSize, (ulong)(address + (nint)codeSize), dataSize, (ulong)writable);
        return true;
    }

    public override bool TryCommit(in ArenaMapping arena, ulong address, long size, out SystemError error)
    {
        return arena.HoldsCode(address) && views == CodeViews.Dual
            ? TryPopulate(arena.WritableAddress(address), size, out error) && Protect(address, size, ProtRead | ProtExec, out error)
            : Protect(address, size, ProtRead | ProtWrite, out error);
    }

    /// <summary>
    /// Pages of a memory file appear when they are touched, and where there is none left, touching raises SIGBUS. So they are asked for, which
    /// is answered. Kernels before 5.14 do not know the request.
    /// </summary>
    private bool TryPopulate(ulong writable, long size, out SystemError error)
    {
        const int Unknown = 22;                                  // EINVAL
        error = Calls.Try(HostCall.Madvise, (nint)writable, (nint)size, AdvicePopulateWrite);
        error = error.Code == Unknown ? default : error;
        return error.IsNone;
    }

    public override bool TryProtect(in ArenaMapping arena, ulong address, long size, PageAccess access, out SystemError error) =>
        Protect(
            address,
            size,
            access switch
            {
                PageAccess.Read => ProtRead,
                PageAccess.ReadWrite => ProtRead | ProtWrite,
                PageAccess.ReadExecute => ProtRead | ProtExec,
                _ => ProtNone,
            },
            out error);

    protected override void Unmap(in ArenaMapping arena)
    {
        Calls.Invoke(HostCall.Munmap, (nint)arena.Code, (nint)(arena.CodeSize + arena.DataSize));
        if (views == CodeViews.Dual)
        {
            Calls.Invoke(HostCall.Munmap, (nint)arena.Writable, (nint)arena.CodeSize);
        }
    }

    private bool Protect(ulong address, long size, int protection, out SystemError error)
    {
        error = Calls.Try(HostCall.Mprotect, (nint)address, (nint)size, protection);
        return error.IsNone;
    }

    private bool TryMapTwice(nint executable, long size, out nint writable, out SystemError error)
    {
        writable = 0;

        error = CreateFile(out nint file);
        if (!error.IsNone)
        {
            return false;
        }

        try
        {
            error = Calls.Try(HostCall.Ftruncate, file, (nint)size);
            if (!error.IsNone)
            {
                return false;
            }

            // The executable view starts inaccessible; asking for PROT_EXEC here once makes a refusal show now, not later.
            error = Calls.Try(HostCall.Mmap, executable, (nint)size, ProtRead | ProtExec, MapShared | MapFixed | MapNoReserve, file, 0);
            if (!error.IsNone || !Protect((ulong)executable, size, ProtNone, out error))
            {
                return false;
            }

            error = Calls.Try(HostCall.Mmap, out writable, 0, (nint)size, ProtRead | ProtWrite, MapShared | MapNoReserve, file, 0);
            return error.IsNone;
        }
        finally
        {
            Calls.Invoke(HostCall.Close, file);                  // the mappings keep the memory alive
        }
    }

    private unsafe SystemError CreateFile(out nint file)
    {
        fixed (byte* name = "minijit-code\0"u8)
        {
            // Since 6.3 a memory file says whether it may be executed; older kernels reject the flag.
            SystemError error = Calls.Try(HostCall.MemfdCreate, out file, (nint)name, (nint)(MemfdCloexec | MemfdExec));
            return error.IsNone ? error : Calls.Try(HostCall.MemfdCreate, out file, (nint)name, (nint)MemfdCloexec);
        }
    }

    private static bool ProbeDualViews()
    {
        LinuxCodeMemory probe = new(CodeViews.Dual, HostCalls.Host);
        if (!probe.TryMap(Environment.SystemPageSize, Environment.SystemPageSize, 0, out ArenaMapping arena, out _))
        {
            return false;
        }

        bool works = probe.TryCommit(arena, arena.Code, Environment.SystemPageSize, out _) && HostPublication.ViewsAgree(probe, arena);
        probe.Unmap(arena);
        return works;
    }
}
