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

    public void Add(IAddressRange entry)
    {
        for (long page = FirstPage(entry); page <= LastPage(entry); page++)
        {
            IAddressRange[] old = _pages[page] ?? [];
            int place = old.Length;
            while (place > 0 && old[place - 1].Start > entry.Start)
            {
                place--;
            }

            var entries = new IAddressRange[old.Length + 1];
            old.AsSpan(0, place).CopyTo(entries);
            entries[place] = entry;
            old.AsSpan(place).CopyTo(entries.AsSpan(place + 1));
            Volatile.Write(ref _pages[page], entries);
        }
    }

    public void Remove(IAddressRange entry)
    {
        for (long page = FirstPage(entry); page <= LastPage(entry); page++)
        {
            IAddressRange[] old = _pages[page] ?? [];
            int place = Array.IndexOf(old, entry);
            if (place < 0)
            {
                continue;
            }

            var entries = new IAddressRange[old.Length - 1];
            old.AsSpan(0, place).CopyTo(entries);
            old.AsSpan(place + 1).CopyTo(entries.AsSpan(place));
            Volatile.Write(ref _pages[page], entries.Length == 0 ? null : entries);
        }
    }

    private long FirstPage(IAddressRange entry) => (long)((entry.Start - origin) >> PageShift);

    private long LastPage(IAddressRange entry) => (long)((entry.Start - origin + (ulong)Math.Max(entry.Length, 1) - 1) >> PageShift);
}
