// Which ranges of an address range are free. Segregated fits with boundary tags kept beside the memory, not in it (the
// memory may be another machine's, or executable): free ranges hang in one list per power of two of their size, a bit
// set says which lists have any, and two hash tables find a freed range's neighbours. Take and give back are O(1) except
// for the bounded search of one list; two free ranges never touch.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Numerics;
using MiniJit.IR.Collections;

namespace MiniJit.Runtime.Memory;

/// <summary>Not thread-safe; its owner holds a lock.</summary>
internal sealed class RangeAllocator
{
    /// <summary>Every size and every start is a multiple of this.</summary>
    public const int Granule = 16;

    private const int None = -1;
    private const int SearchLimit = 16;

    private readonly Dictionary<ulong, int> _byStart = [], _byEnd = [];
    private readonly int[] _heads = new int[64];
    private Column<Range> _ranges;
    private int _unusedRanges = None;
    private ulong _nonEmpty;

    public RangeAllocator(ulong start, long size)
    {
        Debug.Assert(start % Granule == 0 && size % Granule == 0 && size > 0);
        Array.Fill(_heads, None);
        FreeBytes = size;
        Link(start, size);
    }

    /// <summary>Sum of all free ranges.</summary>
    public long FreeBytes { get; private set; }

    /// <summary>Number of free ranges.</summary>
    public int RangeCount => _byStart.Count;

    /// <summary>Rounds a size up to what is really taken for it.</summary>
    public static long RoundUp(long size) => (Math.Max(size, 1) + Granule - 1) & -Granule;

    /// <summary>Takes <paramref name="size"/> bytes (rounded up) at a multiple of <paramref name="alignment"/>.</summary>
    public bool TryTake(long size, int alignment, out ulong address)
    {
        Debug.Assert(BitOperations.IsPow2(alignment));
        size = RoundUp(size);
        int found = Find(size, alignment);
        if (found == None)
        {
            address = 0;
            return false;
        }

        Range range = _ranges[found];
        address = AlignUp(range.Start, alignment);
        Unlink(found);
        LinkIfAny(range.Start, (long)(address - range.Start));
        LinkIfAny(address + (ulong)size, (long)(range.End - address) - size);
        FreeBytes -= size;
        return true;
    }

    /// <summary>Gives back what was taken, or a granule-aligned part of it.</summary>
    public void GiveBack(ulong address, long size)
    {
        size = RoundUp(size);
        Debug.Assert(address % Granule == 0);
        FreeBytes += size;
        ulong start = address, end = address + (ulong)size;
        if (_byEnd.TryGetValue(start, out int before))
        {
            start = _ranges[before].Start;
            Unlink(before);
        }

        if (_byStart.TryGetValue(end, out int after))
        {
            end = _ranges[after].End;
            Unlink(after);
        }

        Link(start, (long)(end - start));
    }

    /// <summary>The free ranges in address order, for tests and reports.</summary>
    public (ulong Start, long Size)[] Snapshot()
    {
        var result = new (ulong Start, long Size)[_byStart.Count];
        int count = 0;
        foreach ((ulong start, int index) in _byStart)
        {
            result[count++] = (start, _ranges[index].Size);
        }

        Array.Sort(result);
        return result;
    }

    private int Find(long size, int alignment)
    {
        // A range of this many bytes holds an aligned block wherever it starts.
        long certain = size + Math.Max(alignment, Granule) - Granule;
        int own = ClassOf(size), safe = ClassOf(certain) + 1;
        int found = Search(own, size, alignment, SearchLimit);
        for (int list = own + 1; found == None && list < safe; list++)
        {
            found = Search(list, size, alignment, SearchLimit);
        }

        if (found != None)
        {
            return found;
        }

        ulong larger = safe < 64 ? _nonEmpty >> safe << safe : 0;
        if (larger != 0)
        {
            return _heads[BitOperations.TrailingZeroCount(larger)];
        }

        for (int list = own; found == None && list < safe; list++)
        {
            found = Search(list, size, alignment, int.MaxValue);
        }

        return found;
    }

    private int Search(int list, long size, int alignment, int limit)
    {
        for (int index = _heads[list]; index != None && limit > 0; index = _ranges[index].Next, limit--)
        {
            ulong start = AlignUp(_ranges[index].Start, alignment);
            if (start + (ulong)size <= _ranges[index].End)
            {
                return index;
            }
        }

        return None;
    }

    private static int ClassOf(long size) => BitOperations.Log2((ulong)size);

    private static ulong AlignUp(ulong value, int alignment) => (value + (ulong)alignment - 1) & ~((ulong)alignment - 1);

    private void LinkIfAny(ulong start, long size)
    {
        if (size > 0)
        {
            Link(start, size);
        }
    }

    private void Link(ulong start, long size)
    {
        int index = _unusedRanges;
        if (index == None)
        {
            index = _ranges.Count;
            _ranges.Add(default);
        }
        else
        {
            _unusedRanges = _ranges[index].Next;
        }

        int list = ClassOf(size);
        int head = _heads[list];
        _ranges[index] = new() { Start = start, Size = size, Previous = None, Next = head };
        if (head != None)
        {
            _ranges[head].Previous = index;
        }

        _heads[list] = index;
        _nonEmpty |= 1UL << list;
        _byStart.Add(start, index);
        _byEnd.Add(start + (ulong)size, index);
    }

    private void Unlink(int index)
    {
        Range range = _ranges[index];
        int list = ClassOf(range.Size);
        if (range.Next != None)
        {
            _ranges[range.Next].Previous = range.Previous;
        }

        if (range.Previous != None)
        {
            _ranges[range.Previous].Next = range.Next;
        }
        else if ((_heads[list] = range.Next) == None)
        {
            _nonEmpty &= ~(1UL << list);
        }

        _byStart.Remove(range.Start);
        _byEnd.Remove(range.End);
        _ranges[index].Next = _unusedRanges;
        _unusedRanges = index;
    }

    private struct Range
    {
        public ulong Start;
        public long Size;
        public int Previous, Next;

        public readonly ulong End => Start + (ulong)Size;
    }
}
