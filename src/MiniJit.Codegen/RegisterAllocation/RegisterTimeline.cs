// The ranges that one physical register is given to, sorted by start: who must go if somebody else is to have it.
// A sorted array: lookups are binary searches in one cache-friendly block, and an insertion moves 8 bytes per later range.
using System;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.RegisterAllocation;

internal struct RegisterTimeline
{
    private Column<ulong> _items;                              // from << 32 | range

    public readonly int Count => _items.Count;

    public readonly int FromAt(int index) => (int)(_items[index] >> 32);

    public readonly int RangeAt(int index) => (int)(uint)_items[index];

    public void Clear() => _items.Clear();

    /// <summary>Adds out of order; <see cref="Sort"/> must follow.</summary>
    public void Append(int from, int range) => _items.Add(((ulong)(uint)from << 32) | (uint)range);

    public readonly void Sort()
    {
        if (_items.Count > 1)
        {
            _items.Span.Sort();
        }
    }

    /// <summary>Index of the first range that starts at or after <paramref name="position"/>.</summary>
    public readonly int FirstFrom(int position)
    {
        if (_items.Count == 0)
        {
            return 0;
        }

        ReadOnlySpan<ulong> items = _items.Span;
        ulong key = (ulong)(uint)position << 32;
        int low = 0, high = items.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (items[middle] < key)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    public void Insert(int from, int range)
    {
        int index = FirstFrom(from);
        _items.Add(0);
        Span<ulong> items = _items.Span;
        items[index..^1].CopyTo(items[(index + 1)..]);
        items[index] = ((ulong)(uint)from << 32) | (uint)range;
    }

    public void Remove(int from)
    {
        int index = FirstFrom(from);
        Span<ulong> items = _items.Span;
        items[(index + 1)..].CopyTo(items[index..]);
        _items.RemoveLast();
    }
}
