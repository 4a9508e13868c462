// From an address to the block that holds it, without a lock: the code half of an arena is cut into pages of 16 KiB, and each page has
// a sorted array of the ranges of live code in it, cut at the page's ends. A change replaces the arrays of the pages it touches (a volatile
// store of an immutable array), so a reader sees the state before or after and nothing between. Publishing costs one short copy per
// page, however many functions there are.
//
// The index is also the record of what is left of a block whose functions were freed one by one.
using System;
using System.Collections.Generic;
using System.Threading;

namespace MiniJit.Runtime.Memory;

/// <summary>Writers hold the heap's lock; readers hold nothing.</summary>
internal sealed class CodeIndex(ulong origin, long size)
{
    private const int PageShift = 14;

    private readonly Entry[]?[] _pages = new Entry[]?[(size >> PageShift) + 1];

    /// <summary>The block of the live code at an address.</summary>
    public CodeBlock? Find(ulong address)
    {
        ulong page = (address - origin) >> PageShift;
        Entry[]? entries = page < (ulong)_pages.Length ? Volatile.Read(ref _pages[page]) : null;
        if (entries is null)
        {
            return null;
        }

        int place = CountUpTo(entries, address) - 1;
        return place >= 0 && address < entries[place].End ? entries[place].Block : null;
    }

    /// <summary>Enters a block at addresses that hold nothing.</summary>
    public void Add(CodeBlock block)
    {
        ulong end = block.Address + (ulong)block.Size;
        for (ulong start = block.Address; start < end;)
        {
            ref Entry[]? page = ref PageOf(start, out ulong pageEnd);
            Entry entry = new(start, Math.Min(end, pageEnd), block);
            Volatile.Write(ref page, page is null ? [entry] : With(page, entry));
            start = entry.End;
        }
    }

    /// <summary>Takes out what is left of a block in a range, and tells which ranges that was.</summary>
    public void Remove(in CodePiece piece, List<(ulong Start, ulong End)> removed)
    {
        for (ulong start = piece.Start; start < piece.End;)
        {
            ref Entry[]? page = ref PageOf(start, out ulong pageEnd);
            if (page is not null)
            {
                Entry[] left = Without(page, piece, removed);
                Volatile.Write(ref page, left.Length == 0 ? null : left);
            }

            start = pageEnd;
        }
    }

    private ref Entry[]? PageOf(ulong address, out ulong end)
    {
        ulong page = (address - origin) >> PageShift;
        end = origin + ((page + 1) << PageShift);
        return ref _pages[page];
    }

    /// <summary>How many entries begin at an address or before it.</summary>
    private static int CountUpTo(Entry[] entries, ulong address)
    {
        int low = 0, high = entries.Length;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (entries[middle].Start <= address)
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

    private static Entry[] With(Entry[] old, in Entry entry)
    {
        var entries = new Entry[old.Length + 1];
        int place = CountUpTo(old, entry.Start);
        old.AsSpan(0, place).CopyTo(entries);
        entries[place] = entry;
        old.AsSpan(place).CopyTo(entries.AsSpan(place + 1));
        return entries;
    }

    private static Entry[] Without(Entry[] old, in CodePiece piece, List<(ulong Start, ulong End)> removed)
    {
        var left = new Entry[old.Length + 1];                    // a piece out of the middle leaves two
        int count = 0;
        foreach (ref readonly Entry entry in old.AsSpan())
        {
            ulong start = Math.Max(entry.Start, piece.Start), end = Math.Min(entry.End, piece.End);
            if (entry.Block != piece.Block || start >= end)
            {
                left[count++] = entry;
                continue;
            }

            removed.Add((start, end));
            if (entry.Start < start)
            {
                left[count++] = new(entry.Start, start, entry.Block);
            }

            if (end < entry.End)
            {
                left[count++] = new(end, entry.End, entry.Block);
            }
        }

        Array.Resize(ref left, count);
        return left;
    }

    private readonly record struct Entry(ulong Start, ulong End, CodeBlock Block);
}
