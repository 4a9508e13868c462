// Code memory inside of the machine: two views of the same frames, one to write through and one to execute from, as Linux gives them to
// the code heap with a memory file. Every byte that gets there is a store of a simulated core.
using System;
using System.Runtime.InteropServices;
using MiniJit.Coherence.Fetch;
using MiniJit.Coherence.Memory;
using MiniJit.IR;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;

namespace MiniJit.Coherence.Publication;

/// <summary>Gives parts of a machine's address space to a code heap.</summary>
internal sealed class MachineCodeMemory(MachineSystem system) : ICodeMemory
{
    /// <summary>CRm of DMB ISH.</summary>
    private const int InnerShareable = 0b1011;

    private const ulong First = 0x40_0000_0000;
    private ulong _next = First;

    public CodeViews Views => CodeViews.Dual;

    public int PageSize => PhysicalMemory.PageSize;

    private AddressSpace Space => system.Machine.Space;

    public bool TryReserve(long codeSize, long dataSize, ulong hint, out ArenaMapping arena, out SystemError error)
    {
        // The second view lies behind both halves; a hint is met by chance alone, since reservations follow each other.
        ulong size = (ulong)((2 * codeSize) + dataSize);
        arena = new(_next, codeSize, _next + (ulong)codeSize, dataSize, _next + (ulong)(codeSize + dataSize));
        _next += size;
        error = default;
        return true;
    }

    public bool TryCommit(in ArenaMapping arena, ulong address, long size, out SystemError error)
    {
        error = default;
        if (!arena.HoldsCode(address))
        {
            Space.Map(address, (ulong)size, PagePermissions.Read | PagePermissions.Write);
            return true;
        }

        Space.Map(address, (ulong)size, PagePermissions.Read | PagePermissions.Execute);
        Space.MapAlias(arena.WritableAddress(address), address, (ulong)size, PagePermissions.Read | PagePermissions.Write);
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
        bool done = Space.TryProtect(address, (ulong)size, permissions);
        error = done ? default : new("mprotect in the machine", 12);
        return done;
    }

    public void Store(in ArenaMapping arena, ulong address, ReadOnlySpan<byte> bytes)
    {
        ulong target = arena.WritableAddress(address);
        while (!bytes.IsEmpty)
        {
            int length = Math.Min(bytes.Length, PageSize - (int)(target % (ulong)PageSize));
            if (!system.Current.TryStore(target, bytes[..length]))
            {
                throw new CompilerBugException("machine", $"code memory at 0x{target:x} cannot be written");
            }

            bytes = bytes[length..];
            target += (ulong)length;
        }
    }

    public void StoreRelease(in ArenaMapping arena, ulong address, ulong value)
    {
        system.Machine.Model.Barrier(system.Current, BarrierKind.Memory, InnerShareable);
        Store(arena, address, MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in value)));
    }

    public void Fill(in ArenaMapping arena, ulong address, long length, ReadOnlySpan<byte> pattern)
    {
        Span<byte> block = stackalloc byte[Math.Min(PageSize, 4096) / pattern.Length * pattern.Length];
        for (int i = 0; i < block.Length; i += pattern.Length)
        {
            pattern.CopyTo(block[i..]);
        }

        for (long done = 0; done < length; done += block.Length)
        {
            Store(arena, address + (ulong)done, block[..(int)Math.Min(block.Length, length - done)]);
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
        Space.Unmap(arena.Code, (ulong)(arena.CodeSize + arena.DataSize));
        Space.Unmap(arena.Writable, (ulong)arena.CodeSize);
    }
}
