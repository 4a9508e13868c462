// What the code memories of all hosts share: addresses are pointers of this process.
using System;
using System.Runtime.InteropServices;
using System.Threading;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Platform;

namespace MiniJit.Runtime.Memory;

internal abstract unsafe class HostCodeMemory(IHostCalls calls) : ICodeMemory
{
    protected IHostCalls Calls { get; } = calls;

    /// <summary>What the code half looks like to this process.</summary>
    public abstract CodeViews Views { get; }

    public int PageSize { get; } = Environment.SystemPageSize;

    /// <summary>The host's memory, with dual views unless the system refuses them.</summary>
    public static HostCodeMemory Create(CodeViews? forced = null, IHostCalls? calls = null) => HostPlatform.OperatingSystem switch
    {
        OperatingSystemKind.Linux =>
            new LinuxCodeMemory(forced ?? (LinuxCodeMemory.SupportsDualViews ? CodeViews.Dual : CodeViews.Flip), calls ?? HostCalls.Host),
        OperatingSystemKind.Windows => new WindowsCodeMemory(calls ?? HostCalls.Host),
        _ => new MacCodeMemory(calls ?? HostCalls.Host),
    };

    /// <summary>Reserves, and tells the signal handlers that what executes there is compiled code.</summary>
    public bool TryReserve(long codeSize, long dataSize, ulong hint, out ArenaMapping arena, out SystemError error)
    {
        if (!TryMap(codeSize, dataSize, hint, out arena, out error))
        {
            return false;
        }

        if (FaultHandling.CodeRanges.TryAdd(arena.Code, arena.CodeSize))
        {
            return true;
        }

        Unmap(arena);
        error = new("more arenas than the signal handler has room for: dispose of heaps that are not needed", 0);
        return false;
    }

    public void Release(in ArenaMapping arena)
    {
        FaultHandling.CodeRanges.Remove(arena.Code);
        Unmap(arena);
    }

    public abstract bool TryCommit(in ArenaMapping arena, ulong address, long size, out SystemError error);

    public abstract bool TryProtect(in ArenaMapping arena, ulong address, long size, PageAccess access, out SystemError error);

    protected abstract bool TryMap(long codeSize, long dataSize, ulong hint, out ArenaMapping arena, out SystemError error);

    protected abstract void Unmap(in ArenaMapping arena);

    public virtual void Store(in ArenaMapping arena, ulong address, ReadOnlySpan<byte> bytes) =>
        bytes.CopyTo(new Span<byte>((void*)arena.WritableAddress(address), bytes.Length));

    public void StoreRelease(in ArenaMapping arena, ulong address, ulong value) => Volatile.Write(ref *(ulong*)address, value);

    public void Load(in ArenaMapping arena, ulong address, Span<byte> bytes) =>
        new ReadOnlySpan<byte>((void*)address, bytes.Length).CopyTo(bytes);

    public virtual void Fill(in ArenaMapping arena, ulong address, long length, ReadOnlySpan<byte> pattern)
    {
        Span<byte> target = new((void*)arena.WritableAddress(address), checked((int)length));
        if (pattern.Length == 1)
        {
            target.Fill(pattern[0]);
        }
        else
        {
            MemoryMarshal.Cast<byte, uint>(target).Fill(MemoryMarshal.Read<uint>(pattern));
        }
    }
}
