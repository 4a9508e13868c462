// What a core fetched ahead of time, kept only where it makes a difference: where the instructions have changed since.
//
// Instructions are fetched in program order. So once the core executes something that it can have fetched only after a moment, nothing
// that it fetched before that moment is still in its queue: entries carry the time of their fetch, and older ones are dropped.
using System.Collections.Generic;

namespace MiniJit.Coherence.Caches;

/// <param name="capacity">Lines that are remembered at most.</param>
internal sealed class FetchQueue(int capacity)
{
    private readonly List<Entry> _entries = [];

    public int Count => _entries.Count;

    /// <summary>The core had fetched a version of a line.</summary>
    public void Add(CodeLine line, LineVersion version, long time, long until)
    {
        version.Holders++;
        Add(new(line, version, 0, time, until));
    }

    /// <summary>The core had tried to fetch from a page that could not be executed.</summary>
    public void AddFault(ulong page, long time, long until) => Add(new(null, null, page, time, until));

    /// <summary>What the core had fetched ahead there, if it gets there in time.</summary>
    /// <param name="line">The line that it fetches.</param>
    /// <param name="page">The page.</param>
    /// <param name="retired">Instructions that the core has executed.</param>
    /// <param name="version">The version; null if the fetch had failed.</param>
    public bool TryFind(CodeLine line, ulong page, long retired, out LineVersion? version)
    {
        for (int i = 0; i < _entries.Count; i++)
        {
            Entry entry = _entries[i];
            if (retired > entry.Until)
            {
                RemoveAt(i--);
                continue;
            }

            if (entry.Line == line || (entry.Line is null && entry.Page == page))
            {
                version = entry.Version;
                return true;
            }
        }

        version = null;
        return false;
    }

    /// <summary>The core fetched something that did not exist before a time.</summary>
    public void DropBefore(long time)
    {
        for (int i = _entries.Count - 1; i >= 0; i--)
        {
            if (_entries[i].Time < time)
            {
                RemoveAt(i);
            }
        }
    }

    /// <summary>A context synchronisation event.</summary>
    public void Clear() => DropBefore(long.MaxValue);

    private void Add(in Entry entry)
    {
        if (_entries.Count == capacity)
        {
            RemoveAt(0);
        }

        _entries.Add(entry);
    }

    private void RemoveAt(int index)
    {
        if (_entries[index].Version is { } version)
        {
            version.Holders--;
        }

        _entries.RemoveAt(index);
    }

    /// <param name="Line">The line; null for a page.</param>
    /// <param name="Version">What was fetched.</param>
    /// <param name="Page">The page.</param>
    /// <param name="Time">When, at the latest.</param>
    /// <param name="Until">Until how many instructions the core has executed.</param>
    private readonly record struct Entry(CodeLine? Line, LineVersion? Version, ulong Page, long Time, long Until);
}
