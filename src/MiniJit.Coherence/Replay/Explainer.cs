// Finds out from a history why a core executed stale instructions: which fetch, which store it should have seen, and what was missing
// between the two. The history is the only witness; the rules are the architecture's (Arm ARM B2.3.6 and K13.5):
//
//   store ─same line─► DC CVAU ─DSB ISH─► IC IVAU ─DSB ISH─► code becomes reachable ─► context synchronisation on the core ─► fetch
//
// Where data caches are visible to fetch (IDC), the second stage is the store itself; where instruction caches follow (DIC), only the last two count.
using System;
using System.Collections.Generic;
using System.Globalization;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Fetch;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Memory;
using MiniJit.Runtime.Publication;

namespace MiniJit.Coherence.Replay;

internal sealed class Explainer
{
    /// <summary>How far from a line maintenance of other lines counts as a loop that should have met it.</summary>
    private const ulong Neighbourhood = 512;

    private static readonly string s_makeReachable = new PublicationStep(PublicationStepKind.MakeReachable).Info.Text;

    private readonly LabHistory _history;
    private readonly MachineType _machine;

    // The stale fetch, and the core that made it.
    private readonly int _fetch;
    private readonly int _core;
    private readonly ulong _line;
    private readonly int _outcome;

    // What it should have seen.
    private readonly int _needed;
    private readonly int _store;

    // The chain as far as there is one; -1 where there is nothing.
    private int _ahead = -1, _clean = -1, _cleanBarrier = -1, _invalidate = -1, _invalidateBarrier = -1, _reach = -1, _call = -1;

    private Explainer(LabHistory history, MachineType machine, int outcome, int fetch)
    {
        _history = history;
        _machine = machine;
        _outcome = outcome;
        _fetch = fetch;
        LabEvent stale = history[fetch];
        _core = stale.Core;
        _line = stale.Line;
        _needed = NeededVersion();
        _store = StoreOf(_needed);
    }

    private LabEvent Stale => _history[_fetch];

    /// <summary>Explains the first failure of a run; or its last stale fetch, if it has no outcomes.</summary>
    public static Explanation Explain(LabHistory history, MachineType machine)
    {
        int outcome = history.FindFirst(0, history.Count, happened => happened.Kind == LabEventKind.Outcome && happened.Detail != 0);
        int fetch = FindStale(history, outcome);
        return fetch >= 0
            ? new Explainer(history, machine, outcome, fetch).Explain()
            : new Explanation
            {
                Outcome = outcome,
                Sentence = outcome < 0
                    ? "No core executed stale instructions, and nothing failed."
                    : "No core executed stale instructions before this happened, so it is not a matter of coherence.",
            };
    }

    // ---- what is explained

    // A core that was stopped at an address was stopped by what it executed there. Otherwise the first stale fetch of the call that went
    // wrong has led to all others.
    private static int FindStale(LabHistory history, int outcome)
    {
        int last = (outcome < 0 ? history.Count : outcome) - 1;
        if (outcome < 0)
        {
            return history.FindLast(last, happened => Matters(history, happened));
        }

        LabEvent end = history[outcome];
        int call = history.FindLast(last, happened => happened.Kind == LabEventKind.Call && happened.Core == end.Core);
        bool OnCore(LabEvent happened) => happened.Core == end.Core && Matters(history, happened);
        bool AtAddress(LabEvent happened) => OnCore(happened) && Holds(history, happened, end.Address);
        int found = end.Address == 0 ? -1 : history.FindLast(last, AtAddress);
        found = found >= 0 ? found : history.FindFirst(call, outcome, OnCore);
        found = found >= 0 ? found : history.FindLast(last, OnCore);
        return found >= 0 ? found : history.FindLast(last, happened => Matters(history, happened));
    }

    private static bool Matters(LabHistory history, LabEvent happened)
    {
        if (!happened.IsStale)
        {
            return false;
        }

        ReadOnlySpan<byte> old = history.Bytes(happened.Line, happened.Version), newest = history.Bytes(happened.Line, happened.Newest);
        return old.IsEmpty || newest.IsEmpty || !old.SequenceEqual(newest);
    }

    private static bool Holds(LabHistory history, LabEvent fetch, ulong address)
    {
        int length = history.Bytes(fetch.Line, fetch.Version).Length;
        ulong size = length == 0 ? 64 : (ulong)length;
        return (fetch.Address & ~(size - 1)) == (address & ~(size - 1));
    }

    // Lines hold several functions, and versions come from whatever is stored there. What the core should have seen is the last
    // change of the word that it executed.
    private int NeededVersion()
    {
        LabEvent stale = Stale;
        ReadOnlySpan<byte> old = _history.Bytes(_line, stale.Version), newest = _history.Bytes(_line, stale.Newest);
        int offset = OffsetOfFirst(old, newest);
        if (offset < 0)
        {
            return stale.Newest;
        }

        int needed = stale.Newest;
        ReadOnlySpan<byte> word = newest.Slice(offset, sizeof(uint));
        while (needed - 1 > stale.Version)
        {
            ReadOnlySpan<byte> before = _history.Bytes(_line, needed - 1);
            if (before.Length < offset + sizeof(uint) || !before.Slice(offset, sizeof(uint)).SequenceEqual(word))
            {
                break;
            }

            needed--;
        }

        return needed;
    }

    // Offset in the line of the first instruction that was executed and is not the newest, as far as the history tells.
    private int OffsetOfFirst(ReadOnlySpan<byte> old, ReadOnlySpan<byte> newest)
    {
        int length = Math.Min(old.Length, newest.Length);
        if (length == 0)
        {
            return -1;
        }

        LabEvent stale = Stale;
        ulong at = _outcome >= 0 && _history[_outcome].Address != 0 && Holds(_history, stale, _history[_outcome].Address) ? _history[_outcome].Address : stale.Address;
        int start = (int)(at & (ulong)(length - 1)) & ~3;
        for (int pass = 0; pass < 2; pass++, start = 0)
        {
            for (int i = start; i + 4 <= length; i += 4)
            {
                if (!old.Slice(i, 4).SequenceEqual(newest.Slice(i, 4)))
                {
                    return i;
                }
            }
        }

        return -1;
    }

    private int StoreOf(int version) => _history.FindLast(
        _fetch, happened => happened.Kind == LabEventKind.Store && happened.Line == _line && happened.Version == version);

    // ---- the chain

    private Explanation Explain()
    {
        LabEvent stale = Stale;
        int from = Math.Max(_store, 0);
        if (stale.Detail == (int)FetchOrigin.Queue)
        {
            _ahead = _history.FindLast(
                _fetch,
                happened => happened.Kind == LabEventKind.FetchAhead && happened.Core == _core
                    && (stale.Version < 0 ? SamePage(happened.Address, stale.Address) : happened.Line == _line));
        }

        _reach = _history.FindFirst(from, _fetch, happened => happened.Kind == LabEventKind.Step && happened.Note.StartsWith(s_makeReachable, StringComparison.Ordinal));
        _call = _history.FindLast(_fetch, happened => happened.Kind == LabEventKind.Call && happened.Core == _core);
        MissingEvent onTheWay = Maintenance(from);
        MissingEvent missing = onTheWay;
        List<MissingEvent> also = [];
        if (stale.Detail == (int)FetchOrigin.Queue)
        {
            missing = stale.Version >= 0 && IsExecutable(_ahead, stale.Address) ? MissingEvent.ContextSynchronization : MissingEvent.ExecutablePage;
            if (onTheWay != MissingEvent.Unknown)
            {
                also.Add(onTheWay);
            }
        }

        MissingEventInfo info = MissingEventInfo.Of(missing);
        List<ChainLink> chain = Links(missing);
        PublicationStepKind step = info.Step == PublicationStepKind.SynchronizeCores && _store >= 0 && _history[_store].Core == _core
            ? PublicationStepKind.ContextSync
            : info.Step;
        List<ComparedInstruction> code = Compare(out ulong first);
        int oldStore = StoreOf(stale.Version);
        string oldName = _store < 0 ? "" : _history.NameBetween(oldStore, _store, first), newName = _history.NameAt(_fetch, first);
        return new()
        {
            Sentence = Sentence(info, first, oldName, newName),
            Fetch = _fetch,
            FetchedAhead = _ahead,
            Store = _store,
            OldStore = oldStore,
            Outcome = _outcome,
            Missing = missing,
            AlsoMissing = also,
            Step = step,
            StepStory = missing == MissingEvent.Unknown ? "" : StepStory(step, info, chain),
            Chain = chain,
            Code = code,
            OldName = oldName,
            NewName = newName,
            OtherStaleFetches = CountOthers(),
        };
    }

    // Follows the store through cleaning and invalidation; what stops it is what is missing. Unknown if nothing does.
    private MissingEvent Maintenance(int from)
    {
        CacheTraits traits = _machine.RealOf(_core);
        int cleanDone = _history.FindFirst(from, _fetch, happened => happened.Kind == LabEventKind.CleanDone && happened.Version >= _needed && IsCleanOf(happened));
        _clean = _history.FindFirst(from, _fetch, happened => happened.Kind == LabEventKind.Clean && IsCleanOf(happened));
        _cleanBarrier = BarrierAfter(_clean);

        // Of several invalidations the last has the best chance, and what stops it stops all.
        _invalidate = _history.FindLast(_fetch, happened => happened.Kind == LabEventKind.Invalidate && IsInvalidationOf(happened));
        int earlier = -1;
        if (_invalidate >= 0 && _invalidate < from)
        {
            earlier = _invalidate;
            _invalidate = -1;
        }

        _invalidateBarrier = BarrierAfter(_invalidate);
        int visible = cleanDone;
        if (traits.DataCoherent)
        {
            visible = _history.FindFirst(
                from, _fetch, happened => happened.Kind == LabEventKind.StoreDone && happened.Line == _line && happened.Version >= _needed);
            if (visible < 0 && !HasStoreDone())
            {
                visible = _store;
            }

            if (visible < 0)
            {
                return MissingEvent.StorePerformed;
            }
        }
        else if (visible < 0)
        {
            return MissingClean(from);
        }

        if (traits.InstructionCoherent)
        {
            return MissingEvent.Unknown;
        }

        int applied = _history.FindFirst(visible, _fetch, IsAppliedHere);
        return applied >= 0 ? MissingEvent.Unknown : MissingInvalidation(from, visible, earlier, traits.DataCoherent);
    }

    private bool HasStoreDone() => _history.FindFirst(0, _fetch, happened => happened.Kind == LabEventKind.StoreDone) >= 0;

    private MissingEvent MissingClean(int from)
    {
        if (_clean >= 0)
        {
            return MissingEvent.CleanCompletion;
        }

        int publication = PublicationStart(from);
        return _history.FindFirst(from, _fetch, happened => happened.Kind == LabEventKind.Clean && IsNear(happened)) >= 0 ? MissingEvent.CleanOfLine
            : _history.FindFirst(publication, from, happened => happened.Kind == LabEventKind.Clean && IsCleanOf(happened)) >= 0 ? MissingEvent.CleanAfterStore
            : MissingEvent.Clean;
    }

    private MissingEvent MissingInvalidation(int from, int visible, int earlier, bool dataCoherent)
    {
        if (_invalidate < 0)
        {
            return ClaimsCoherence() && _history.FindFirst(from, _fetch, happened => happened.Kind == LabEventKind.Invalidate) < 0 ? MissingEvent.CoherentFetch
                : _history.FindFirst(from, _fetch, happened => happened.Kind == LabEventKind.Invalidate && IsNear(happened)) >= 0 ? MissingEvent.InvalidationOfLine
                : earlier >= PublicationStart(from) ? MissingEvent.InvalidationAfterStore
                : MissingEvent.Invalidation;
        }

        if (!dataCoherent && _invalidate < _clean)
        {
            return MissingEvent.InvalidationAfterClean;
        }

        bool appliedEarly = _history.FindFirst(_invalidate, visible, IsAppliedHere) >= 0;
        if (appliedEarly || _invalidate < visible)
        {
            return dataCoherent ? MissingEvent.StoreCompletion : MissingEvent.CleanCompletion;
        }

        // A barrier would have completed a broadcast.
        return _invalidateBarrier >= 0 && _invalidateBarrier < _fetch ? MissingEvent.InvalidationOnCore : MissingEvent.InvalidationCompletion;
    }

    // Everything since code became reachable before the store belongs to the same publication.
    private int PublicationStart(int from) => 1 + _history.FindLast(
        from, happened => happened.Kind == LabEventKind.Outcome || (happened.Kind == LabEventKind.Step && happened.Note.StartsWith(s_makeReachable, StringComparison.Ordinal)));

    private bool ClaimsCoherence() => _machine.ClaimedBy(_core).InstructionCoherent && !_machine.RealOf(_core).InstructionCoherent;

    private int BarrierAfter(int index) => index < 0
        ? -1
        : _history.FindFirst(index, _fetch, happened => EventText.Completes(happened) && happened.Core == _history[index].Core);

    private bool IsCleanOf(LabEvent happened) => SameLine(happened.Line, _machine.RealOf(Math.Max(happened.Core, 0)).DataLine);

    private bool IsInvalidationOf(LabEvent happened) => SameLine(happened.Line, _machine.RealOf(_core).InstructionLine);

    private bool IsAppliedHere(LabEvent happened) => happened.Kind == LabEventKind.InvalidateDone && happened.Core == _core && IsInvalidationOf(happened);

    private bool SameLine(ulong line, int size) => ((line ^ _line) & ~(ulong)(size - 1)) == 0;

    private bool IsNear(LabEvent happened) => happened.Line + Neighbourhood - _line <= 2 * Neighbourhood;

    private static bool SamePage(ulong x, ulong y) => ((x ^ y) & ~(ulong)(PhysicalMemory.PageSize - 1)) == 0;

    private bool IsExecutable(int before, ulong address)
    {
        int last = before < 0 ? -1 : _history.FindLast(before, happened => happened.Kind == LabEventKind.Page && SamePage(happened.Address, address));
        return last < 0 || (_history[last].Detail & (int)PagePermissions.Execute) != 0;
    }

    private int CountOthers()
    {
        int count = 0;
        for (int i = 0; i < _history.Count; i++)
        {
            count += i != _fetch && _history[i].IsStale ? 1 : 0;
        }

        return count;
    }

    // ---- what is said

    // The stages that there are, in order, and the one that is missing between two of them.
    private List<ChainLink> Links(MissingEvent missing)
    {
        List<(int Index, int Stage)> nodes = [];
        void Add(int index, int stage)
        {
            if (index >= 0 && (nodes.Count == 0 || index > nodes[^1].Index) && (index < _fetch || stage == 8))
            {
                nodes.Add((index, stage));
            }
        }

        Add(_store, 0);
        Add(_clean, 1);
        Add(_cleanBarrier, 2);
        Add(_invalidate, 3);
        Add(_invalidateBarrier, 4);
        Add(_reach, 5);
        Add(_call, 6);
        Add(_fetch, 8);
        int gap = missing switch
        {
            MissingEvent.StorePerformed or MissingEvent.Clean or MissingEvent.CleanOfLine or MissingEvent.CleanAfterStore or MissingEvent.StoreCompletion => 0,
            MissingEvent.CleanCompletion => 1,
            MissingEvent.InvalidationCompletion => 3,
            // Anywhere between the end of maintenance and the fetch, and after what it should have discarded was fetched.
            MissingEvent.ContextSynchronization or MissingEvent.ExecutablePage => _ahead < 0 || _ahead < _reach || _reach < 0 ? 4 : _ahead < _call ? 5 : 6,
            MissingEvent.Unknown => 8,
            _ => 2,
        };
        List<ChainLink> links = [];
        for (int i = 1; i < nodes.Count; i++)
        {
            bool isGap = nodes[i - 1].Stage <= gap && nodes[i].Stage > gap;
            links.Add(new(nodes[i - 1].Index, nodes[i].Index, isGap ? MissingEventInfo.Of(missing).Event : LabelTo(nodes[i].Stage, nodes[i - 1].Stage), isGap));
        }

        if (_ahead >= 0)
        {
            links.Add(new(_ahead, _fetch, "kept", false));
        }

        return links;
    }

    private static string LabelTo(int stage, int from) => stage switch
    {
        1 => "same line",
        2 or 4 => "completes before",
        6 => "is seen by",
        8 => from == 6 ? "leads to" : "is seen by",
        _ => "program order",
    };

    private string Sentence(MissingEventInfo info, ulong first, string oldName, string newName)
    {
        LabEvent stale = Stale;
        string what = oldName.Length != 0 && oldName != newName ? $"what was left of {oldName}"
            : !_history.Bytes(_line, stale.Version).IsEmpty && !_history.Bytes(_line, stale.Version).ContainsAnyExcept((byte)0) ? "the zeros of a fresh page"
            : "old instructions";
        string where = newName.Length == 0 ? "" : $" ({newName})";
        string since = string.Format(CultureInfo.InvariantCulture, info.Since, _core, first & ~((ulong)Math.Max(_machine.RealOf(_core).InstructionLine, 4) - 1));
        return stale.Version < 0
            ? string.Create(CultureInfo.InvariantCulture, $"Core {_core} took an instruction abort at 0x{first:x}{where}, although the page was executable by then, because {since}.")
            : string.Create(
            CultureInfo.InvariantCulture,
            $"Core {_core} executed {what} at 0x{first:x}{where}, version {stale.Version} of the line instead of version {stale.Newest}, because {since}.");
    }

    private string StepStory(PublicationStepKind kind, MissingEventInfo info, List<ChainLink> chain)
    {
        string name = new PublicationStep(kind).Info.Text;
        ChainLink gap = chain.Find(link => link.IsMissing);
        bool hasSteps = _history.FindFirst(Math.Max(_store, 0), _fetch, happened => happened.Kind == LabEventKind.Step) >= 0;
        int done = _history.FindFirst(gap.From, _fetch, happened => happened.Kind == LabEventKind.Step && happened.Note.StartsWith(name, StringComparison.Ordinal));
        return done >= 0 ? string.Create(CultureInfo.InvariantCulture, $"The plan has the step \"{name}\" (at {_history[done].Time}), but it did not supply this: {info.Event}.")
            : hasSteps ? $"The step \"{name}\" would have supplied it; the plan does not take it here."
            : $"In a publication plan, the step \"{name}\" supplies it.";
    }

    private List<ComparedInstruction> Compare(out ulong first)
    {
        LabEvent stale = Stale;
        ReadOnlySpan<byte> old = _history.Bytes(_line, stale.Version), newest = _history.Bytes(_line, stale.Newest);
        int offset = OffsetOfFirst(old, newest);
        int length = Math.Min(old.Length, newest.Length);
        ulong start = length == 0 ? stale.Address : stale.Address & ~(ulong)(length - 1);
        ulong stopped = _outcome < 0 ? 0 : _history[_outcome].Address;
        first = offset >= 0 ? start + (ulong)offset : stopped != 0 && Holds(_history, stale, stopped) ? stopped : stale.Address;
        return CodeComparison.Of(start, old, newest, offset);
    }
}
