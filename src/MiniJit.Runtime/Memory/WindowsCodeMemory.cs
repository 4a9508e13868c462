// Windows: the code half is a pagefile-backed section with two views, committed page by page. The section itself must
// allow both kinds of access, but no view has both. A view cannot be placed into reserved space, so the place is found
// by reserving code and data together, giving the reservation back and mapping at once where it was; another thread may
// take the hole in between, and then the next place is tried.
using System;
using MiniJit.Runtime.Platform;
using static MiniJit.Runtime.Platform.WindowsCalls;

namespace MiniJit.Runtime.Memory;

internal sealed class WindowsCodeMemory : HostCodeMemory
{
    private const int PlacementAttempts = 16;

    public override CodeViews Views => CodeViews.Dual;

    protected override bool TryMap(long codeSize, long dataSize, ulong hint, out ArenaMapping arena, out SystemError error)
    {
        arena = default;
        nint section = CreateFileMapping(
            -1, 0, PageExecuteReadWrite | SectionReserve, (uint)(codeSize >> 32), (uint)codeSize, 0);
        if (section == 0)
        {
            error = SystemError.Last("CreateFileMapping(SEC_RESERVE)");
            return false;
        }

        try
        {
            nint writable = MapViewOfFileEx(section, MapRead | MapWrite, 0, 0, (nuint)codeSize, 0);
            if (writable == 0)
            {
                error = SystemError.Last("MapViewOfFileEx(FILE_MAP_WRITE)");
                return false;
            }

            if (!TryPlace(section, codeSize, dataSize, (nint)hint, out nint code, out error))
            {
                _ = UnmapViewOfFile(writable);
                return false;
            }

            arena = new((ulong)code, codeSize, (ulong)(code + (nint)codeSize), dataSize, (ulong)writable);
            return true;
        }
        finally
        {
            _ = CloseHandle(section);                            // the views keep the memory alive
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
        error = VirtualProtect((nint)address, (nuint)size, protection, out _) ? default : SystemError.Last("VirtualProtect");
        return error.IsNone;
    }

    protected override void Unmap(in ArenaMapping arena)
    {
        _ = UnmapViewOfFile((nint)arena.Code);
        _ = UnmapViewOfFile((nint)arena.Writable);
        _ = VirtualFree((nint)arena.Data, 0, MemoryRelease);
    }

    private static bool TryPlace(nint section, long codeSize, long dataSize, nint hint, out nint code, out SystemError error)
    {
        error = default;
        for (int attempt = 0; attempt < PlacementAttempts; attempt++)
        {
            nuint total = (nuint)(codeSize + dataSize);
            nint place = hint != 0 && attempt == 0 ? VirtualAlloc(hint, total, MemoryReserve, PageNoAccess) : 0;
            place = place != 0 ? place : VirtualAlloc(0, total, MemoryReserve, PageNoAccess);
            if (place == 0)
            {
                error = SystemError.Last("VirtualAlloc(MEM_RESERVE)");
                break;
            }

            _ = VirtualFree(place, 0, MemoryRelease);
            code = MapViewOfFileEx(section, MapRead | MapExecute, 0, 0, (nuint)codeSize, place);
            if (code == 0)
            {
                error = SystemError.Last("MapViewOfFileEx(FILE_MAP_EXECUTE)");
                continue;
            }

            if (VirtualAlloc(code + (nint)codeSize, (nuint)dataSize, MemoryReserve, PageNoAccess) != 0)
            {
                error = default;
                return true;
            }

            error = SystemError.Last("VirtualAlloc(MEM_RESERVE, behind the code)");
            _ = UnmapViewOfFile(code);
        }

        code = 0;
        return false;
    }

    private static bool Commit(ulong address, long size, uint protection, out SystemError error)
    {
        error = VirtualAlloc((nint)address, (nuint)size, MemoryCommit, protection) != 0 ? default : SystemError.Last("VirtualAlloc(MEM_COMMIT)");
        return error.IsNone;
    }
}
