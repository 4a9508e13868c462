// Which events of a run a picture of its failure shows, and where. Time goes down, one row per event, so that a long history reads
// like a text; what has nothing to do with the failure is left out, and every place where something was says how much.
using System;
using System.Collections.Generic;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.Replay;

/// <summary>One row of a timeline.</summary>
/// <param name="Index">Index of its event; -1 if it has none.</param>
/// <param name="Missing">The event that is missing here; empty on other rows.</param>
/// <param name="Skipped">Events left out between the row before and this one.</param>
/// <param name="Core">Whose row it is.</param>
internal readonly record struct TimelineRow(int Index, string Missing, int Skipped, int Core);

internal sealed class Timeline
{
    /// <summary>Rows that a reader may be expected to look at.</summary>
    private const int MaxRows = 48;

    private readonly LabHistory _history;
    private readonly Explanation _story;

    private Timeline(LabHistory history, Explanation story)
    {
        _history = history;
        _story = story;
    }

    public List<TimelineRow> Rows { get; } = [];

    /// <summary>The cores that have lanes, ascending.</summary>
    public List<int> Cores { get; } = [];

    public static Timeline Of(LabHistory history, Explanation story)
    {
        Timeline timeline = new(history, story);
        timeline.Build();
        return timeline;
    }

    /// <summary>The row of an event, or -1.</summary>
    public int RowOf(int index) => Rows.FindIndex(row => row.Index == index);

    /// <summary>The row of the missing event, or -1.</summary>
    public int MissingRow => Rows.FindIndex(row => row.Missing.Length != 0);

    private void Build()
    {
        List<int> pillars = Pillars();
        List<int> chosen = Choose(pillars);
        int previous = chosen.Count == 0 ? 0 : chosen[0] - 1;
        ChainLink gap = Gap();
        foreach (int index in chosen)
        {
            // What is missing stands where it should have come first, but a context synchronisation on another core right before it is needed.
            bool isLate = _story.Missing is MissingEvent.ContextSynchronization or MissingEvent.ExecutablePage;
            if (gap.IsMissing && ((isLate && index == gap.To) || (!isLate && previous == gap.From)))
            {
                Rows.Add(new(-1, gap.Label, 0, isLate ? _history[_story.Fetch].Core : _history[gap.From].Core));
                gap = default;
            }

            Rows.Add(new(index, "", index - previous - 1, _history[index].Core));
            previous = index;
        }

        foreach (TimelineRow row in Rows)
        {
            if (!Cores.Contains(row.Core))
            {
                Cores.Add(row.Core);
            }
        }

        Cores.Sort();
    }

    private ChainLink Gap()
    {
        foreach (ChainLink link in _story.Chain)
        {
            if (link.IsMissing)
            {
                return link;
            }
        }

        return default;
    }

    // What the explanation speaks of: shown in any case.
    private List<int> Pillars()
    {
        List<int> pillars = [];
        void Add(int index)
        {
            if (index >= 0 && !pillars.Contains(index))
            {
                pillars.Add(index);
            }
        }

        Add(_story.OldStore);
        Add(_story.Store);
        Add(_story.FetchedAhead);
        Add(_story.Fetch);
        Add(_story.Outcome);
        foreach (ChainLink link in _story.Chain)
        {
            Add(link.From);
            Add(link.To);
        }

        pillars.Sort();
        return pillars;
    }

    private List<int> Choose(List<int> pillars)
    {
        List<int> chosen = [];
        if (_story.Fetch < 0)
        {
            int from = Math.Max(0, _history.Count - MaxRows);
            for (int i = from; i < _history.Count; i++)
            {
                chosen.Add(i);
            }

            return chosen;
        }

        // What happens again on a core, with nothing of interest there in between, is shown once.
        Dictionary<int, LabEvent> latest = [];
        for (int i = pillars[0]; i <= pillars[^1]; i++)
        {
            LabEvent happened = _history[i];
            bool isPillar = pillars.Contains(i);
            if (!isPillar && (!Concerns(happened, i) || (latest.TryGetValue(happened.Core, out LabEvent before) && IsRepetition(before, happened))))
            {
                continue;
            }

            chosen.Add(i);
            latest[happened.Core] = happened;
        }

        if (chosen.Count > MaxRows)
        {
            int[] distances = [.. chosen];
            for (int i = 0; i < distances.Length; i++)
            {
                distances[i] = DistanceTo(pillars, chosen[i]);
            }

            int[] sorted = [.. distances];
            Array.Sort(sorted);
            int limit = sorted[MaxRows], at = 0;
            chosen.RemoveAll(_ => distances[at++] >= limit && distances[at - 1] > 0);
        }

        return chosen;
    }

    private static bool IsRepetition(in LabEvent before, in LabEvent happened) => happened.Kind switch
    {
        // A barrier with nothing before it that it could order.
        LabEventKind.Barrier => before.Kind is LabEventKind.Barrier or LabEventKind.Fetch or LabEventKind.Synchronize or LabEventKind.Thread,
        LabEventKind.Synchronize => before.Kind == LabEventKind.Synchronize,
        _ => before.Kind == happened.Kind && before.Version == happened.Version && before.Line == happened.Line && before.Detail == happened.Detail
            && before.Note == happened.Note,
    };

    private static int DistanceTo(List<int> pillars, int index)
    {
        int nearest = int.MaxValue;
        foreach (int pillar in pillars)
        {
            nearest = Math.Min(nearest, Math.Abs(pillar - index));
        }

        return nearest;
    }

    private bool Concerns(in LabEvent happened, int index)
    {
        LabEvent fetch = _history[_story.Fetch];
        int writer = _story.Store < 0 ? fetch.Core : _history[_story.Store].Core;
        bool afterStore = index >= _story.Store, isInvolved = happened.Core == writer || happened.Core == fetch.Core;
        const ulong PageMask = ~(ulong)(PhysicalMemory.PageSize - 1);
        return happened.Kind switch
        {
            LabEventKind.Store or LabEventKind.StoreDone or LabEventKind.Clean or LabEventKind.CleanDone or LabEventKind.Invalidate
                or LabEventKind.Fetch or LabEventKind.FetchAhead => happened.Line == fetch.Line,
            LabEventKind.InvalidateDone => happened.Line == fetch.Line && happened.Core == fetch.Core,
            LabEventKind.Barrier => afterStore && happened.Core == writer && index < _story.Fetch,
            LabEventKind.Synchronize => afterStore && isInvolved && index < _story.Fetch,
            LabEventKind.Step => afterStore && happened.Core == writer,
            LabEventKind.Page => (happened.Address & PageMask) == (fetch.Address & PageMask) || (happened.Line & PageMask) == (fetch.Line & PageMask),
            LabEventKind.Thread => isInvolved,
            LabEventKind.Call => happened.Core == fetch.Core && afterStore,
            _ => false,
        };
    }
}
