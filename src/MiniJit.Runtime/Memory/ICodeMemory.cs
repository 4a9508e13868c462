// The narrow interface between the code heap and whatever holds the bytes: the host's address space or a simulated
// machine. Addresses are numbers, never host pointers, and all content goes in through Store and Fill, so that an
// implementation can account for every byte written (a simulated core performs them as stores).
using System;
using MiniJit.Runtime.Platform;

namespace MiniJit.Runtime.Memory;

/// <summary>How code memory can be written without ever being writable and executable at one address.</summary>
internal enum CodeViews : byte
{
    /// <summary>Two mappings of the same memory: one to write through, one to execute from.</summary>
    Dual,

    /// <summary>One mapping that is writable first and executable afterwards; a page never goes back while it holds live code.</summary>
    Flip,

    /// <summary>One mapping whose pages each thread may either write or execute, as it has asked for itself (macOS, MAP_JIT).</summary>
    PerThread,
}

internal enum PageAccess : byte
{
    None,
    Read,
    ReadWrite,
    ReadExecute,
}

/// <summary>
/// A reserved range of address space: a code half and, directly behind it, a data half. Everything in it reaches
/// everything else with PC-relative instructions.
/// </summary>
/// <param name="Code">Address at which the code half executes.</param>
/// <param name="CodeSize">Its size in bytes.</param>
/// <param name="Data">Address of the data half.</param>
/// <param name="DataSize">Its size in bytes.</param>
/// <param name="Writable">Address of the writable view of the code half; the same as <paramref name="Code"/> for <see cref="CodeViews.Flip"/>.</param>
internal readonly record struct ArenaMapping(ulong Code, long CodeSize, ulong Data, long DataSize, ulong Writable)
{
    public ulong End => Data + (ulong)DataSize;

    public bool HoldsCode(ulong address) => address - Code < (ulong)CodeSize;

    /// <summary>Where a byte of the arena is written.</summary>
    public ulong WritableAddress(ulong address) => HoldsCode(address) ? address - Code + Writable : address;
}

internal interface ICodeMemory
{
    CodeViews Views { get; }

    int PageSize { get; }

    /// <summary>Reserves address space, inaccessible until committed, near <paramref name="hint"/> if that is free (0: anywhere).</summary>
    bool TryReserve(long codeSize, long dataSize, ulong hint, out ArenaMapping arena, out SystemError error);

    /// <summary>
    /// Backs whole pages of the arena with zeroed memory. Data becomes readable and writable; code becomes writable, and
    /// with dual views executable at its other address.
    /// </summary>
    bool TryCommit(in ArenaMapping arena, ulong address, long size, out SystemError error);

    /// <summary>Changes what may be done with whole pages, at the address where they execute or are read.</summary>
    bool TryProtect(in ArenaMapping arena, ulong address, long size, PageAccess access, out SystemError error);

    /// <summary>Writes bytes, through the writable view if the address is code.</summary>
    void Store(in ArenaMapping arena, ulong address, ReadOnlySpan<byte> bytes);

    /// <summary>Writes 8 aligned bytes of data memory at once, after everything that this thread has written before.</summary>
    void StoreRelease(in ArenaMapping arena, ulong address, ulong value);

    /// <summary>Repeats a pattern over a range whose length is a multiple of the pattern's.</summary>
    void Fill(in ArenaMapping arena, ulong address, long length, ReadOnlySpan<byte> pattern);

    /// <summary>Reads bytes back.</summary>
    void Load(in ArenaMapping arena, ulong address, Span<byte> bytes);

    /// <summary>Gives an arena back; no code of it may be running.</summary>
    void Release(in ArenaMapping arena);
}
