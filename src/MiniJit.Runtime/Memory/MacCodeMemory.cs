// macOS: the code half is mapped with MAP_JIT. Its pages are writable or executable per thread: a thread that wants to write says so
// (pthread_jit_write_protect_np(0)), writes, and takes it back; meanwhile the other threads go on executing. Such pages must never be
// given to mprotect. MAP_JIT and MAP_FIXED exclude each other, so one MAP_JIT mapping covers both halves first and ordinary memory is put over its second half.
using System;
using System.Runtime.InteropServices;
using MiniJit.Runtime.Platform;
using static MiniJit.Runtime.Platform.MacCalls;

namespace MiniJit.Runtime.Memory;

internal sealed class MacCodeMemory(IHostCalls calls) : HostCodeMemory(calls)
{
    private const int Read = LinuxCalls.ProtRead, Write = LinuxCalls.ProtWrite, Execute = LinuxCalls.ProtExec;    // BSD's values, everywhere
    private const nint MayWrite = 0, MayExecute = 1;

    public override CodeViews Views => CodeViews.PerThread;

    protected override bool TryMap(long codeSize, long dataSize, ulong hint, out ArenaMapping arena, out SystemError error)
    {
        arena = default;
        nint total = (nint)(codeSize + dataSize);
        error = Calls.Try(HostCall.Mmap, out nint code, (nint)hint, total, Read | Write | Execute, MapPrivate | MapAnonymous | MapJit, -1, 0);
        if (!error.IsNone)
        {
            return false;
        }

        nint data = code + (nint)codeSize;
        error = Calls.Try(HostCall.Mmap, data, (nint)dataSize, Read | Write, MapPrivate | MapAnonymous | MapFixed, -1, 0);
        if (!error.IsNone)
        {
            Calls.Invoke(HostCall.Munmap, code, total);
            return false;
        }

        arena = new((ulong)code, codeSize, (ulong)data, dataSize, (ulong)code);
        return true;
    }

    /// <summary>Nothing to do: pages appear when they are first touched.</summary>
    public override bool TryCommit(in ArenaMapping arena, ulong address, long size, out SystemError error)
    {
        error = default;
        return true;
    }

    public override bool TryProtect(in ArenaMapping arena, ulong address, long size, PageAccess access, out SystemError error)
    {
        int protection = access switch
        {
            PageAccess.None => 0,
            PageAccess.Read => Read,
            _ => Read | Write,
        };
        error = arena.HoldsCode(address) ? default : Calls.Try(HostCall.Mprotect, (nint)address, (nint)size, protection);
        return error.IsNone;
    }

    public override void Store(in ArenaMapping arena, ulong address, ReadOnlySpan<byte> bytes)
    {
        Calls.Invoke(HostCall.JitWriteProtect, MayWrite);
        base.Store(arena, address, bytes);
        Calls.Invoke(HostCall.JitWriteProtect, MayExecute);
    }

    public override void Fill(in ArenaMapping arena, ulong address, long length, ReadOnlySpan<byte> pattern)
    {
        Calls.Invoke(HostCall.JitWriteProtect, MayWrite);
        base.Fill(arena, address, length, pattern);
        Calls.Invoke(HostCall.JitWriteProtect, MayExecute);
    }

    protected override void Unmap(in ArenaMapping arena) => Calls.Invoke(HostCall.Munmap, (nint)arena.Code, (nint)(arena.CodeSize + arena.DataSize));
}
