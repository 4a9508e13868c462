// What is reserved in one call lives in blocks: one of code, with all functions of a publication side by side, and at most two of data.
// A block of code becomes reachable as a whole, and is given back as a whole or piece by piece.
using System.Diagnostics;
using System.Threading;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Publication;

namespace MiniJit.Runtime.Memory;

/// <summary>The life of a block of code memory; it only moves forward.</summary>
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

/// <summary>A range of code memory that holds the functions of one publication, and the veneers they need.</summary>
internal sealed class CodeBlock(CodeArena arena, ulong address, int size, bool isReused, JitBatch? batch = null)
{
    private int _state;

    public CodeArena Arena { get; } = arena;

    /// <summary>Where it executes.</summary>
    public ulong Address { get; } = address;

    /// <summary>Bytes, a multiple of the allocation granule, and of the page where pages change protection as a whole.</summary>
    public int Size { get; } = size;

    /// <summary>Whether other code may have been executed at these addresses before: publication then has more to do.</summary>
    public bool IsReused { get; } = isReused;

    /// <summary>The functions, for reports; null if nobody asks.</summary>
    public JitBatch? Batch { get; } = batch;

    public CodeRange Range => new(Arena.Mapping, Address, Size);

    /// <summary>Bytes and functions that were not freed yet. Under the heap's lock.</summary>
    public int LiveBytes { get; set; } = size;

    public int LiveFunctions { get; set; } = batch?.Count ?? 0;

    /// <summary>Written under the heap's lock.</summary>
    public BlockState State
    {
        get => (BlockState)Volatile.Read(ref _state);
        set
        {
            Debug.Assert(value > State);
            Volatile.Write(ref _state, (int)value);
        }
    }
}

/// <summary>A part of a block that is given back on its own: one function with the padding behind it, or everything.</summary>
internal readonly record struct CodePiece(CodeBlock Block, int Offset, int Size)
{
    public CodePiece(CodeBlock block)
        : this(block, 0, block.Size)
    {
    }

    public bool IsWhole => Size == Block.Size;

    public ulong Start => Block.Address + (ulong)Offset;

    public ulong End => Start + (ulong)Size;
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
