// Linux: the code half of an arena is a memory file (memfd_create) mapped twice, writable where nobody executes and
// executable where nobody writes. A kernel or policy that refuses such files (vm.memfd_noexec, SELinux execmem rules)
// gets one anonymous mapping whose pages turn from RW to RX. No mapping is ever both.
// The reservation is sparse: it costs address space and nothing else until pages are touched.
using System;
using MiniJit.Runtime.Platform;
using static MiniJit.Runtime.Platform.LinuxCalls;

namespace MiniJit.Runtime.Memory;

internal sealed class LinuxCodeMemory(CodeViews views) : HostCodeMemory
{
    private static readonly Lazy<bool> s_supportsDualViews = new(ProbeDualViews);

    public static bool SupportsDualViews => s_supportsDualViews.Value;

    public override CodeViews Views => views;

    protected override bool TryMap(long codeSize, long dataSize, ulong hint, out ArenaMapping arena, out SystemError error)
    {
        arena = default;
        nuint total = (nuint)(codeSize + dataSize);
        nint address = Mmap((nint)hint, total, ProtNone, MapPrivate | MapAnonymous | MapNoReserve, -1, 0);
        if (address == -1)
        {
            error = SystemError.Last("mmap(PROT_NONE)");
            return false;
        }

        nint writable = address;
        if (views == CodeViews.Dual && !TryMapTwice(address, codeSize, out writable, out error))
        {
            _ = Munmap(address, total);
            return false;
        }

        arena = new((ulong)address, codeSize, (ulong)(address + (nint)codeSize), dataSize, (ulong)writable);
        error = default;
        return true;
    }

    public override bool TryCommit(in ArenaMapping arena, ulong address, long size, out SystemError error)
    {
        // With dual views the writable side needs no call: its pages appear when they are first touched.
        int protection = arena.HoldsCode(address) && views == CodeViews.Dual ? ProtRead | ProtExec : ProtRead | ProtWrite;
        return Protect(address, size, protection, out error);
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
        _ = Munmap((nint)arena.Code, (nuint)(arena.CodeSize + arena.DataSize));
        if (views == CodeViews.Dual)
        {
            _ = Munmap((nint)arena.Writable, (nuint)arena.CodeSize);
        }
    }

    private static bool Protect(ulong address, long size, int protection, out SystemError error)
    {
        error = Mprotect((nint)address, (nuint)size, protection) == 0 ? default : SystemError.Last("mprotect");
        return error.IsNone;
    }

    private static bool TryMapTwice(nint executable, long size, out nint writable, out SystemError error)
    {
        writable = 0;

        // Since 6.3 a memory file says whether it may be executed; older kernels reject the flag.
        int file = MemfdCreate("minijit-code", MemfdCloexec | MemfdExec);
        if (file < 0)
        {
            file = MemfdCreate("minijit-code", MemfdCloexec);
        }

        if (file < 0)
        {
            error = SystemError.Last("memfd_create");
            return false;
        }

        try
        {
            if (Ftruncate(file, (nint)size) != 0)
            {
                error = SystemError.Last("ftruncate");
                return false;
            }

            // The executable view starts inaccessible; asking for PROT_EXEC here once makes a refusal show now, not later.
            if (Mmap(executable, (nuint)size, ProtRead | ProtExec, MapShared | MapFixed | MapNoReserve, file, 0) == -1)
            {
                error = SystemError.Last("mmap(PROT_READ|PROT_EXEC, memfd)");
                return false;
            }

            if (!Protect((ulong)executable, size, ProtNone, out error))
            {
                return false;
            }

            writable = Mmap(0, (nuint)size, ProtRead | ProtWrite, MapShared | MapNoReserve, file, 0);
            if (writable == -1)
            {
                error = SystemError.Last("mmap(PROT_READ|PROT_WRITE, memfd)");
                return false;
            }

            error = default;
            return true;
        }
        finally
        {
            _ = Close(file);                                     // the mappings keep the memory alive
        }
    }

    private static bool ProbeDualViews()
    {
        LinuxCodeMemory probe = new(CodeViews.Dual);
        if (!probe.TryMap(Environment.SystemPageSize, Environment.SystemPageSize, 0, out ArenaMapping arena, out _))
        {
            return false;
        }

        bool works = probe.TryCommit(arena, arena.Code, Environment.SystemPageSize, out _);
        probe.Unmap(arena);
        return works;
    }
}
