// A run as it happened, kept in memory: events in order, the bytes of every version that one of them names, and what lay where, when. Made for runs
// that were shrunk already; a run that is not needs no history.
using System;
using System.Collections.Generic;
using System.Globalization;

namespace MiniJit.Coherence.History;

internal sealed class LabHistory : ILabHistory
{
    private readonly List<LabEvent> _events = [];
    private readonly Dictionary<(ulong Line, int Version), byte[]> _bytes = [];
    private readonly List<NamedRange> _names = [];

    public int Count => _events.Count;

    public LabEvent this[int index] => _events[index];

    public void Add(in LabEvent happened) => _events.Add(happened);

    public void Remember(ulong line, int version, ReadOnlySpan<byte> bytes) => _bytes[(line, version)] = bytes.ToArray();

    public void Name(ulong address, long size, string name) => _names.Add(new(_events.Count, address, (ulong)size, name));

    /// <summary>The bytes of a version; none if nobody remembered them.</summary>
    public ReadOnlySpan<byte> Bytes(ulong line, int version) => _bytes.GetValueOrDefault((line, version));

    /// <summary>The function that lay at an address when an event happened, and the offset in it; empty if there was none.</summary>
    public string NameAt(int index, ulong address)
    {
        for (int i = _names.Count - 1; i >= 0; i--)
        {
            NamedRange range = _names[i];
            if (range.From <= index && address - range.Address < range.Size)
            {
                return range.At(address);
            }
        }

        return "";
    }

    /// <summary>The last function that lay at an address between two events, and the offset in it; empty if there was none.</summary>
    public string NameBetween(int after, int before, ulong address)
    {
        for (int i = _names.Count - 1; i >= 0; i--)
        {
            NamedRange range = _names[i];
            if (range.From > after && range.From <= before && range.Name.Length != 0 && address - range.Address < range.Size)
            {
                return range.At(address);
            }
        }

        return NameAt(after, address);
    }

    /// <summary>The last event from <paramref name="from"/> backwards for which a condition holds, or -1.</summary>
    public int FindLast(int from, Predicate<LabEvent> condition)
    {
        for (int i = from; i >= 0; i--)
        {
            if (condition(_events[i]))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The first event in [<paramref name="from"/>, <paramref name="to"/>) for which a condition holds, or -1.</summary>
    public int FindFirst(int from, int to, Predicate<LabEvent> condition)
    {
        for (int i = Math.Max(from, 0); i < to; i++)
        {
            if (condition(_events[i]))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>What lay somewhere from an event on.</summary>
    private readonly record struct NamedRange(int From, ulong Address, ulong Size, string Name)
    {
        public string At(ulong address) => address == Address || Name.Length == 0
            ? Name
            : string.Create(CultureInfo.InvariantCulture, $"{Name}+0x{address - Address:x}");
    }
}
