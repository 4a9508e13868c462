// The ranges that the signal handler compares PCs with. A range is one 64-bit word (first page, number of pages), so
// that a handler on another thread reads either the whole of it or none of it; a free slot is a range of no pages.
using System;
using System.Threading;

namespace MiniJit.Runtime.Invocation;

/// <summary>Writers hold a lock, the handler none. The words live in native memory that is never freed.</summary>
internal sealed unsafe class CodeRangeTable(ulong* slots, int capacity, nint* end)
{
    /// <summary>Low bits of a word that count pages: up to 2 GiB.</summary>
    public const int LengthBits = 19;

    private const int PageShift = 12;

    private readonly Lock _lock = new();

    /// <summary>Enters a range; false if the table is full.</summary>
    public bool TryAdd(ulong address, long size)
    {
        ulong first = address >> PageShift;
        ulong pages = ((address + (ulong)size + (1 << PageShift) - 1) >> PageShift) - first;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(pages, 1UL << LengthBits);
        lock (_lock)
        {
            int used = (int)(((ulong*)*end) - slots), slot = 0;
            while (slot < used && slots[slot] != 0)
            {
                slot++;
            }

            if (slot == capacity)
            {
                return false;
            }

            Volatile.Write(ref slots[slot], first << LengthBits | pages);
            if (slot == used)
            {
                Volatile.Write(ref *end, (nint)(slots + slot + 1));
            }
        }

        return true;
    }

    public void Remove(ulong address)
    {
        lock (_lock)
        {
            for (ulong* slot = slots; slot < (ulong*)*end; slot++)
            {
                if (*slot >> LengthBits == address >> PageShift)
                {
                    Volatile.Write(ref *slot, 0);
                    return;
                }
            }
        }
    }

    public bool Contains(ulong address)
    {
        for (ulong* slot = slots; slot < (ulong*)Volatile.Read(ref *end); slot++)
        {
            ulong word = Volatile.Read(ref *slot);
            if ((address >> PageShift) - (word >> LengthBits) < (word & ((1UL << LengthBits) - 1)))
            {
                return true;
            }
        }

        return false;
    }
}
