// The interpreter's address space. The two top bits of an address, of 32 or 64 bits, are a region number: 0 the stack, whose
// addresses are small numbers from 0 on; 1 functions, which can be called but not read; 3 data objects. Only what is alive
// can be accessed: the stack up to the end of the innermost frame, and each data object.
using System;
using System.Collections.Generic;

namespace MiniJit.IR.Interpretation;

internal sealed class InterpreterMemory
{
    public const int FunctionRegion = 1, DataRegion = 3;
    public const int FrameAlignment = 16;

    /// <summary>Bytes of stack memory before a call traps. Offsets must fit an i32 address beside the region number.</summary>
    public const int MaxStackBytes = 256 << 20;

    private const int RegionShift = 62, NarrowRegionShift = 30;
    private const ulong OffsetMask = (1UL << RegionShift) - 1, NarrowOffsetMask = (1UL << NarrowRegionShift) - 1;
    private const int DataGap = 4096;                              // so that running off one object does not reach the next

    private readonly List<(ulong Start, byte[] Bytes)> _data = [];
    private byte[] _stack = [];
    private ulong _nextData = DataGap;

    /// <summary>The stack's live bytes.</summary>
    public int StackTop { get; private set; }

    /// <summary>The stack; live up to <see cref="StackTop"/>.</summary>
    public byte[] Stack => _stack;

    /// <summary>Adds a data object and tells its offset in the data region.</summary>
    public ulong AddData(byte[] bytes)
    {
        ulong start = _nextData;
        _data.Add((start, bytes));
        _nextData = (start + (ulong)bytes.Length + (2 * DataGap) - 1) & ~(DataGap - 1UL);
        return start;
    }

    /// <summary>Makes an address of the given width.</summary>
    public static ulong MakeAddress(int region, ulong offset, bool narrow) =>
        narrow ? (offset & NarrowOffsetMask) | ((ulong)region << NarrowRegionShift) : (offset & OffsetMask) | ((ulong)region << RegionShift);

    /// <summary>The region and offset of an address.</summary>
    public static (int Region, ulong Offset) Split(ulong address, bool narrow) => narrow
        ? ((int)(uint)address >>> NarrowRegionShift, address & NarrowOffsetMask)
        : ((int)(address >> RegionShift), address & OffsetMask);

    /// <summary>The bytes at an address; false if some are not accessible.</summary>
    public bool TryAccess(ulong address, bool narrow, ulong size, out Span<byte> bytes)
    {
        (int region, ulong offset) = Split(address, narrow);
        if (region == 0 && offset <= (ulong)StackTop && size <= (ulong)StackTop - offset)
        {
            bytes = _stack.AsSpan((int)offset, (int)size);
            return true;
        }

        if (region == DataRegion)
        {
            foreach ((ulong start, byte[] data) in _data)
            {
                if (offset >= start && offset - start <= (ulong)data.Length && size <= (ulong)data.Length - (offset - start))
                {
                    bytes = data.AsSpan((int)(offset - start), (int)size);
                    return true;
                }
            }
        }

        bytes = default;
        return false;
    }

    /// <summary>Makes room for a frame's slots, filled with zeros.</summary>
    /// <returns>False if the stack is used up.</returns>
    public bool TryPush(long size, out int start)
    {
        start = (StackTop + FrameAlignment - 1) & -FrameAlignment;
        if (size > MaxStackBytes - start)
        {
            return false;
        }

        int top = start + (int)size;
        if (top > _stack.Length)
        {
            Array.Resize(ref _stack, (int)Math.Min(MaxStackBytes, Math.Max((long)top, _stack.Length * 2L)));
        }

        _stack.AsSpan(start, (int)size).Clear();
        StackTop = top;
        return true;
    }

    /// <summary>Gives the memory of the innermost frames back.</summary>
    public void PopTo(int top) => StackTop = top;
}
