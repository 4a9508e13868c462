// Code memory inside of the machine, as the system's policy has it: two views of the same frames, one to write through and one to execute from;
// or one view whose pages turn from writable to executable; or, as on macOS, pages that a thread may write to when it says so. Every byte that
// gets there is a store of a simulated core.
//
// Address space is given out again when it has come back, the lowest first, as systems do: new code then stands where other code stood.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using MiniJit.Coherence.Fetch;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Memory;
using MiniJit.IR;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;

namespace MiniJit.Coherence.Publication;

/// <summary>Gives parts of a machine's address space to a code heap.</summary>
internal sealed class MachineCodeMemory(MachineSystem system) : ICodeMemory
{
    private const ulong First = 0x40_0000_0000;

    private readonly SortedDictionary<ulong, ulong> _free = [];
    private ulong _next = First;

    public CodeViews Views => system.Policy.Views;

    public int PageSize => PhysicalMemory.PageSize;

    private AddressSpace Space => system.Machine.Space;

    public bool TryReserve(long codeSize, long dataSize, ulong hint, out ArenaMapping arena, out SystemError error)
    {
        // The second view lies behind both halves; a hint is met by chance alone.
        ulong code = (ulong)codeSize, start = Take((2 * code) + (ulong)dataSize);
        ulong writable = Views == CodeViews.Flip ? start : start + code + (ulong)dataSize;
        arena = new(start, codeSize, start + code, dataSize, writable);
        error = default;
        return true;
    }

    public bool TryCommit(in ArenaMapping arena, ulong address, long size, out SystemError error)
    {
        error = default;
        EnterKernel();
        if (!arena.HoldsCode(address))
        {
            Space.Map(address, (ulong)size, PagePermissions.Read | PagePermissions.Write);
        }
        else if (Views == CodeViews.Flip)
        {
            Space.Map(address, (ulong)size, PagePermissions.Read | PagePermissions.Write);
        }
        else
        {
            // macOS has one view with a switch per thread. Here no page is ever writable and executable, so the switch leads to another view.
            Space.Map(address, (ulong)size, PagePermissions.Read | PagePermissions.Execute);
            Space.MapAlias(arena.WritableAddress(address), address, (ulong)size, PagePermissions.Read | PagePermissions.Write);
        }

        system.LeaveKernel();
        return true;
    }

    public bool TryProtect(in ArenaMapping arena, ulong address, long size, PageAccess access, out SystemError error)
    {
        PagePermissions permissions = access switch
        {
            PageAccess.None => PagePermissions.None,
            PageAccess.Read => PagePermissions.Read,
            PageAccess.ReadWrite => PagePermissions.Read | PagePermissions.Write,
            _ => PagePermissions.Read | PagePermissions.Execute,
        };
        EnterKernel();
        if (system.IsWatched)
        {
            system.Note(LabEventKind.Page, system.Current, address, $"{size / PageSize} pages become {permissions}");
        }

        bool done = Space.TryProtect(address, (ulong)size, permissions);
        system.LeaveKernel();
        error = done ? default : new("mprotect in the machine", 12);
        return done;
    }

    public void Store(in ArenaMapping arena, ulong address, ReadOnlySpan<byte> bytes)
    {
        bool isSwitched = Views == CodeViews.PerThread && arena.HoldsCode(address);
        if (isSwitched)
        {
            system.SynchronizeHere();                            // pthread_jit_write_protect_np: a system register and an ISB
        }

        ulong target = arena.WritableAddress(address);
        while (!bytes.IsEmpty)
        {
            int length = Math.Min(bytes.Length, PageSize - (int)(target % (ulong)PageSize));
            if (arena.HoldsCode(address) && !Space.IsBacked(target) && Space.TryGetFrame(target, out int frame))
            {
                system.Machine.Model.FrameForCode(frame);
            }

            if (!system.Current.TryStore(target, bytes[..length]))
            {
                throw new CompilerBugException("machine", $"code memory at 0x{target:x} cannot be written");
            }

            bytes = bytes[length..];
            target += (ulong)length;
        }

        if (isSwitched)
        {
            system.SynchronizeHere();
        }
    }

    public void StoreRelease(in ArenaMapping arena, ulong address, ulong value)
    {
        system.Machine.Model.Barrier(system.Current, BarrierKind.Release, 0);
        Store(arena, address, MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in value)));
    }

    public void Fill(in ArenaMapping arena, ulong address, long length, ReadOnlySpan<byte> pattern)
    {
        // AArch64's filler is UDF #0, all zeros, and so are pages that nobody has touched: touching them would only make lines dirty.
        bool isZero = !pattern.ContainsAnyExcept((byte)0);
        Span<byte> block = stackalloc byte[PhysicalMemory.PageSize / pattern.Length * pattern.Length];
        for (int i = 0; i < block.Length; i += pattern.Length)
        {
            pattern.CopyTo(block[i..]);
        }

        for (long done = 0; done < length;)
        {
            ulong place = address + (ulong)done;
            long step = Math.Min(length - done, isZero ? PageSize - (long)(place % (ulong)PageSize) : block.Length);
            if (!isZero || Space.IsBacked(arena.WritableAddress(place)))
            {
                Store(arena, place, block[..(int)step]);
            }

            done += step;
        }
    }

    public void Load(in ArenaMapping arena, ulong address, Span<byte> bytes)
    {
        if (!system.Current.TryLoad(address, bytes))
        {
            throw new CompilerBugException("machine", $"memory at 0x{address:x} cannot be read");
        }
    }

    public void Release(in ArenaMapping arena)
    {
        EnterKernel();
        Space.Unmap(arena.Code, (ulong)(arena.CodeSize + arena.DataSize));
        if (arena.Writable != arena.Code)
        {
            Space.Unmap(arena.Writable, (ulong)arena.CodeSize);
        }

        system.LeaveKernel();
        GiveBack(arena.Code, (ulong)((2 * arena.CodeSize) + arena.DataSize));
    }

    private void EnterKernel()
    {
        system.Sharing?.Interleave();
        system.EnterKernel();
    }

    private ulong Take(ulong size)
    {
        foreach ((ulong start, ulong length) in _free)
        {
            if (length == size)
            {
                _free.Remove(start);
                return start;
            }
        }

        ulong fresh = _next;
        _next += size;
        return fresh;
    }

    private void GiveBack(ulong start, ulong size) => _free.Add(start, size);
}
