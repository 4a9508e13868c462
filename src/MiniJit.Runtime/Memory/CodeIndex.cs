// From an address to the function that holds it, without a lock: the code half of an arena is cut into pages of 16 KiB,
// and each page has a sorted array of the functions that overlap it. Publishing replaces the array of the pages it
// touches (a volatile store of an immutable array), so a reader sees the state before or after and nothing between,
// and publishing one function costs one short copy, however many there are.
using System;
using System.Threading;

namespace MiniJit.Runtime.Memory;

/// <summary>Something that occupies addresses.</summary>
internal interface IAddressRange
{
    ulong Start { get; }

    int Length { get; }
}

/// <summary>Writers hold the heap's lock; readers hold nothing.</summary>
internal sealed class CodeIndex(ulong origin, long size)
{
    private const int PageShift = 14;

    private readonly IAddressRange[]?[] _pages = new IAddressRange[]?[(size >> PageShift) + 1];

    /// <summary>The entry whose range contains the address.</summary>
    public IAddressRange? Find(ulong address)
    {
        ulong page = (address - origin) >> PageShift;
        IAddressRange[]? entries = page < (ulong)_pages.Length ? Volatile.Read(ref _pages[page]) : null;
        if (entries is null)
        {
            return null;
        }

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

        return low > 0 && address - entries[low - 1].Start < (ulong)entries[low - 1].Length ? entries[low - 1] : null;
    }

    /// <summary>Enters ranges that do not overlap, in address order.</summary>
    public void AddAll(ReadOnlySpan<IAddressRange> sorted) => Update(sorted, add: true);

    /// <summary>Takes out ranges that were entered, in address order.</summary>
    public void RemoveAll(ReadOnlySpan<IAddressRange> sorted) => Update(sorted, add: false);

    // Every touched page gets its new array once, however many of the ranges it holds.
    private void Update(ReadOnlySpan<IAddressRange> sorted, bool add)
    {
        long page = 0;
        while (!sorted.IsEmpty)
        {
            page = Math.Max(page, FirstPage(sorted[0]));
            int count = CountUpTo(sorted, page);

            IAddressRange[] old = _pages[page] ?? [];
            IAddressRange[] entries = add ? Merge(old, sorted[..count]) : Without(old, sorted[..count]);
            Volatile.Write(ref _pages[page], entries.Length == 0 ? null : entries);

            // Those that end in this page are done; one that goes on comes first in the next page.
            bool goesOn = LastPage(sorted[count - 1]) > page;
            sorted = sorted[(goesOn ? count - 1 : count)..];
            page++;
        }
    }

    /// <summary>How many ranges begin in a page or before it; the first one does.</summary>
    private int CountUpTo(ReadOnlySpan<IAddressRange> sorted, long page)
    {
        int low = 1, high = sorted.Length;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (FirstPage(sorted[middle]) <= page)
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

    private static IAddressRange[] Merge(ReadOnlySpan<IAddressRange> old, ReadOnlySpan<IAddressRange> added)
    {
        var merged = new IAddressRange[old.Length + added.Length];
        if (old.Length == 0 || old[^1].Start < added[0].Start)
        {
            old.CopyTo(merged);
            added.CopyTo(merged.AsSpan(old.Length));
            return merged;
        }

        int taken = 0;
        for (int i = 0; i < merged.Length; i++)
        {
            bool fromOld = taken < old.Length && (i - taken == added.Length || old[taken].Start < added[i - taken].Start);
            merged[i] = fromOld ? old[taken++] : added[i - taken];
        }

        return merged;
    }

    private static IAddressRange[] Without(ReadOnlySpan<IAddressRange> old, ReadOnlySpan<IAddressRange> removed)
    {
        var left = new IAddressRange[old.Length - removed.Length];
        int count = 0, gone = 0;
        foreach (IAddressRange entry in old)
        {
            if (gone < removed.Length && entry == removed[gone])
            {
                gone++;
            }
            else
            {
                left[count++] = entry;
            }
        }

        return left;
    }

    private long FirstPage(IAddressRange entry) => (long)((entry.Start - origin) >> PageShift);

    private long LastPage(IAddressRange entry) => (long)((entry.Start - origin + (ulong)Math.Max(entry.Length, 1) - 1) >> PageShift);
}
