// Windows: the code half is a pagefile-backed section with two views, committed page by page. The section itself must
// allow both kinds of access, but no view has both. A view cannot be placed into reserved space, so the place is found
// by reserving code and data together, giving the reservation back and mapping at once where it was; another thread may
// take the hole in between, and then the next place is tried.
using System;
using MiniJit.Runtime.Platform;
using static MiniJit.Runtime.Platform.WindowsCalls;

namespace MiniJit.Runtime.Memory;

internal sealed class WindowsCodeMemory(IHostCalls calls) : HostCodeMemory(calls)
{
    private const int PlacementAttempts = 16;

    public override CodeViews Views => CodeViews.Dual;

    protected override bool TryMap(long codeSize, long dataSize, ulong hint, out ArenaMapping arena, out SystemError error)
    {
        arena = default;
        error = Calls.Try(
            HostCall.CreateFileMapping,
            out nint section,
            -1, 0, (nint)(PageExecuteReadWrite | SectionReserve), (nint)(codeSize >> 32), (nint)(uint)codeSize, 0);
        if (!error.IsNone)
        {
            return false;
        }

        try
        {
            error = Calls.Try(HostCall.MapViewOfFileEx, out nint writable, section, (nint)(MapRead | MapWrite), 0, 0, (nint)codeSize, 0);
            if (!error.IsNone)
            {
                return false;
            }

            if (!TryPlace(section, codeSize, dataSize, (nint)hint, out nint code, out error))
            {
                Calls.Invoke(HostCall.UnmapViewOfFile, writable);
                return false;
            }

            arena = new((ulong)code, codeSize, (ulong)(code + (nint)codeSize), dataSize, (ulong)writable);
            return true;
        }
        finally
        {
            Calls.Invoke(HostCall.CloseHandle, section);         // the views keep the memory alive
        }
    }

    public override bool TryCommit(in ArenaMapping arena, ulong address, long size, out SystemError error)
    {
        if (!arena.HoldsCode(address))
        {
            return Commit(address, size, PageReadWrite, out error);
        }

        return Commit(arena.WritableAddress(address), size, PageReadWrite, out error)
            && Commit(address, size, PageExecuteRead, out error);
    }

    public override bool TryProtect(in ArenaMapping arena, ulong address, long size, PageAccess access, out SystemError error)
    {
        uint protection = access switch
        {
            PageAccess.Read => PageReadOnly,
            PageAccess.ReadWrite => PageReadWrite,
            PageAccess.ReadExecute => PageExecuteRead,
            _ => PageNoAccess,
        };
        error = Calls.Try(HostCall.VirtualProtect, (nint)address, (nint)size, (nint)protection);
        return error.IsNone;
    }

    protected override void Unmap(in ArenaMapping arena)
    {
        Calls.Invoke(HostCall.UnmapViewOfFile, (nint)arena.Code);
        Calls.Invoke(HostCall.UnmapViewOfFile, (nint)arena.Writable);
        Calls.Invoke(HostCall.VirtualFree, (nint)arena.Data, 0, (nint)MemoryRelease);
    }

    private bool TryPlace(nint section, long codeSize, long dataSize, nint hint, out nint code, out SystemError error)
    {
        error = default;
        for (int attempt = 0; attempt < PlacementAttempts; attempt++)
        {
            nint total = (nint)(codeSize + dataSize), place = 0;
            if (hint != 0 && attempt == 0)
            {
                place = Calls.Invoke(HostCall.VirtualAlloc, hint, total, (nint)MemoryReserve, (nint)PageNoAccess).Value;
            }

            error = place != 0 ? default : Calls.Try(HostCall.VirtualAlloc, out place, 0, total, (nint)MemoryReserve, (nint)PageNoAccess);
            if (!error.IsNone)
            {
                break;
            }

            Calls.Invoke(HostCall.VirtualFree, place, 0, (nint)MemoryRelease);
            error = Calls.Try(HostCall.MapViewOfFileEx, out code, section, (nint)(MapRead | MapExecute), 0, 0, (nint)codeSize, place);
            if (!error.IsNone)
            {
                continue;
            }

            error = Calls.Try(HostCall.VirtualAlloc, code + (nint)codeSize, (nint)dataSize, (nint)MemoryReserve, (nint)PageNoAccess);
            if (error.IsNone)
            {
                return true;
            }

            Calls.Invoke(HostCall.UnmapViewOfFile, code);
        }

        code = 0;
        return false;
    }

    private bool Commit(ulong address, long size, uint protection, out SystemError error)
    {
        error = Calls.Try(HostCall.VirtualAlloc, (nint)address, (nint)size, (nint)MemoryCommit, (nint)protection);
        return error.IsNone;
    }
}
