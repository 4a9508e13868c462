using System.Diagnostics;
using System.Threading;

namespace MiniJit.Runtime.Memory;

/// <summary>The life of a piece of code memory; it only moves forward.</summary>
internal enum BlockState
{
    /// <summary>Owned by whoever fills it; no thread can reach it.</summary>
    Reserved,

    /// <summary>Published; threads may be inside.</summary>
    Published,

    /// <summary>No longer reachable for new calls; threads that were inside may still be.</summary>
    Retired,

    /// <summary>Trap-filled and given back.</summary>
    Freed,
}

/// <summary>A piece of code memory: one function, or the veneers of a module.</summary>
internal sealed class CodeBlock(CodeArena arena, ulong address, int size, bool isReused, CodeExtent? extent)
{
    private int _state;

    public CodeArena Arena { get; } = arena;

    /// <summary>Where it executes.</summary>
    public ulong Address { get; } = address;

    /// <summary>Bytes, a multiple of the allocation granule.</summary>
    public int Size { get; } = size;

    /// <summary>Whether other code may have been executed at these addresses before: publication then has more to do.</summary>
    public bool IsReused { get; } = isReused;

    /// <summary>The pages it shares with the other blocks of its batch, where pages change protection as a whole.</summary>
    public CodeExtent? Extent { get; } = extent;

    public BlockState State => (BlockState)Volatile.Read(ref _state);

    /// <summary>From Reserved to Published. The publisher is the only one who knows a reserved block.</summary>
    public void Publish()
    {
        Debug.Assert(State == BlockState.Reserved);
        Volatile.Write(ref _state, (int)BlockState.Published);
    }

    /// <summary>Moves to a later state if it is in the expected one.</summary>
    public bool TryAdvance(BlockState from, BlockState to) => Interlocked.CompareExchange(ref _state, (int)to, (int)from) == (int)from;
}

/// <summary>Whole pages that hold the blocks of one batch and are given back when the last of them is freed.</summary>
internal sealed class CodeExtent(ulong address, long size, int liveBlocks)
{
    public ulong Address { get; } = address;

    public long Size { get; } = size;

    /// <summary>Under the heap's lock.</summary>
    public int LiveBlocks { get; set; } = liveBlocks;
}

/// <summary>A piece of data memory in reach of the code of its arena.</summary>
internal sealed class DataBlock(CodeArena arena, ulong address, long size, bool ownsPages)
{
    public CodeArena Arena { get; } = arena;

    public ulong Address { get; } = address;

    public long Size { get; } = size;

    /// <summary>Whether it consists of whole pages, so that it can be made read-only.</summary>
    public bool OwnsPages { get; } = ownsPages;

    /// <summary>Under the heap's lock.</summary>
    public bool IsFreed { get; set; }
}
