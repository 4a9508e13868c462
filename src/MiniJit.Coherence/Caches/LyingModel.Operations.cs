// Stores, maintenance and barriers: what is executed, and when it takes effect.
using System;
using System.Numerics;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.Fetch;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Machine;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.Caches;

internal sealed unsafe partial class LyingModel
{
    /// <summary>The writer of what the system wrote.</summary>
    private const int Kernel = -1;

    /// <summary>Operations in flight, more than which no core has.</summary>
    private const int WindowCapacity = 64;

    // CRm of barriers: which accesses.
    private const int AccessMask = 3, LoadsOnly = 1, StoresOnly = 2;

    // CRm of barriers: for whom.
    private const int DomainMask = 12, NonShareable = 4;

    /// <inheritdoc/>
    public void Store(Core core, PhysicalAddress physical, ReadOnlySpan<byte> bytes)
    {
        _active = core.Number;
        CodeFrame frame = Track(physical.Frame);
        int offset = physical.Offset;
        while (!bytes.IsEmpty)
        {
            int index = offset / _lineBytes, length = Math.Min(bytes.Length, ((index + 1) * _lineBytes) - offset);
            StoreLine(core.Number, frame, index, offset, bytes[..length]);
            bytes = bytes[length..];
            offset += length;
        }
    }

    /// <inheritdoc/>
    public void Maintain(Core core, CacheOperation operation, ulong address, PhysicalAddress physical)
    {
        CodeFrame frame = Track(physical.Frame);
        int number = _active = core.Number;
        bool invalidates = operation >= CacheOperation.InvalidateInstructions, isLocal = operation == CacheOperation.InvalidateHere;
        int length = invalidates ? _lineBytes : _traits[number].DataLine;
        _time++;
        History?.Add(new(
            _time, number, invalidates ? LabEventKind.Invalidate : LabEventKind.Clean, address, physical.Value & ~(ulong)(_lineBytes - 1), -1,
            frame.Lines[physical.Offset / _lineBytes]?.Newest ?? 0, number, (int)operation, ""));
        if (IsUntouched(frame, physical.Offset))
        {
            return;
        }

        PendingOperation pending = new()
        {
            Kind = invalidates ? PendingKind.Invalidate : PendingKind.Clean,
            Physical = physical.Value & ~(ulong)(length - 1),
            Length = length,
            Address = address,
        };
        if (!invalidates)
        {
            CloseVersions(frame, pending);
            bool delays = _choices.Choose(ChoiceKind.Delay, number, 2) != 0;
            long id = _windows[number].Add(pending);
            if (!delays)
            {
                Complete(number, _windows[number].IndexOf(id));
            }
        }
        else
        {
            pending.Physical = physical.Value;
            for (int target = isLocal ? number : 0; target < (isLocal ? number + 1 : _traits.Length); target++)
            {
                if (_choices.Choose(ChoiceKind.Delay, target, 2) != 0)
                {
                    pending.Cores |= 1ul << target;
                }
                else
                {
                    Invalidate(target, pending, number);
                }
            }

            TrimAround(pending);
            if (pending.Cores != 0)
            {
                _windows[number].Add(pending);
            }
        }

        BoundWindow(number);
    }

    /// <inheritdoc/>
    public void Barrier(Core core, BarrierKind kind, int option)
    {
        int number = _active = core.Number;
        OperationWindow window = _windows[number];
        window.Barriers++;
        if (kind != BarrierKind.Release)
        {
            Happened(number, LabEventKind.Barrier, 0, null, -1, number, LabEvent.BarrierDetail(kind, option));
        }

        int accesses = option & AccessMask;
        if (window.Count == 0 || (accesses == LoadsOnly && kind != BarrierKind.Release))
        {
            return;
        }

        if (kind == BarrierKind.Release || (kind == BarrierKind.Synchronization && accesses == StoresOnly))
        {
            Drain(number, PendingKind.Store);
        }
        else if (kind == BarrierKind.Synchronization)
        {
            if ((option & DomainMask) == NonShareable)
            {
                DrainHere(number);
                return;
            }

            DrainAll(number, inOrder: false);
        }
        else
        {
            window.FullBarriers += accesses == StoresOnly ? 0 : 1;
            window.StoreBarriers++;
            core.ReportsAccesses = window.FirstBeforeAccess(isStore: true) >= 0;
        }
    }

    /// <inheritdoc/>
    public void Access(Core core, bool isStore)
    {
        OperationWindow window = _windows[core.Number];
        for (int i = window.FirstBeforeAccess(isStore); i >= 0; i = window.FirstBeforeAccess(isStore))
        {
            Complete(core.Number, i);
        }

        if (window.FirstBeforeAccess(isStore: true) < 0)
        {
            core.ReportsAccesses = false;
        }
    }

    /// <inheritdoc/>
    public void Load(Core core, PhysicalAddress physical, int length)
    {
        // Who sees a store knows that it is performed; its writer alone sees it before.
        CodeFrame frame = Track(physical.Frame);
        for (int index = physical.Offset / _lineBytes; index <= (physical.Offset + length - 1) / _lineBytes; index++)
        {
            if (frame.Lines[index] is { } line && line.Performed != line.Newest && line.NewestVersion.Writer != core.Number)
            {
                PerformStores(line);
            }
        }
    }

    private void StoreLine(int core, CodeFrame frame, int index, int offset, ReadOnlySpan<byte> bytes)
    {
        Span<byte> target = new(frame.Bytes + offset, bytes.Length);
        if (bytes.SequenceEqual(target))
        {
            return;
        }

        CodeLine line = LineOf(frame, index);
        LineVersion newest = line.NewestVersion;
        if (line.Performed != line.Newest && newest.Writer != core)
        {
            PerformStores(line);
        }

        int barriers = core < 0 ? 0 : _windows[core].Barriers;
        bool extends = newest.IsOpen && newest.Writer == core && newest.Barriers == barriers;
        if (!extends)
        {
            BoundVersions(line);
            newest = line.Append(core, barriers);
        }

        bytes.CopyTo(target);
        newest.Unit?.Reset((offset % _lineBytes) / sizeof(uint), ((offset + bytes.Length - 1) / sizeof(uint)) - (offset / sizeof(uint)) + 1);
        Remember(line);
        Happened(core, LabEventKind.Store, line.Address, line, line.Newest, core, bytes.Length);
        if (extends)
        {
            if (line.Performed >= newest.Number)
            {
                Happened(core, LabEventKind.StoreDone, line.Address, line, newest.Number, core, 0);
            }

            newest.PerformedAt = _time;
            return;
        }

        if (core < 0)
        {
            Perform(line, newest);
            return;
        }

        bool delays = _choices.Choose(ChoiceKind.Delay, core, 2) != 0;
        if (!delays && _windows[core].Count == 0)
        {
            Perform(line, newest);
            return;
        }

        PendingOperation pending = new() { Kind = PendingKind.Store, Physical = line.Physical, Length = _lineBytes, Line = line, Version = newest.Number };
        long id = _windows[core].Add(pending);
        NotePending(frame, 1);
        if (History is not null)
        {
            // Whoever goes on with the version before is to be heard of.
            ForgetKept(line);
            line.Seen = null;
        }

        if (!delays)
        {
            Complete(core, _windows[core].IndexOf(id));
        }

        BoundWindow(core);
    }

    /// <summary>Lets an operation take effect, and before it what must come before.</summary>
    private void Complete(int core, int index)
    {
        OperationWindow window = _windows[core];
        long id = window[index].Id;
        for (int before = window.FirstBefore(index); before >= 0; before = window.FirstBefore(index))
        {
            Complete(core, before);
            index = window.IndexOf(id);
        }

        PendingOperation operation = window[index];
        window.RemoveAt(index);
        switch (operation.Kind)
        {
            case PendingKind.Store:
                CodeLine line = operation.Line!;
                NotePending(_frames[(int)(line.Physical >> PhysicalMemory.PageBits)]!, -1);
                Perform(line, line[operation.Version]);
                break;

            case PendingKind.Clean:
                Clean(core, operation);
                break;

            default:
                for (ulong cores = operation.Cores; cores != 0; cores &= cores - 1)
                {
                    Invalidate(BitOperations.TrailingZeroCount(cores), operation, core);
                }

                TrimAround(operation);
                break;
        }
    }

    /// <summary>A store becomes visible to others.</summary>
    private void Perform(CodeLine line, LineVersion version)
    {
        int before = line.Performed, writer = version.Writer;
        line.Performed = version.Number;
        Happened(writer, LabEventKind.StoreDone, line.Address, line, version.Number, writer, 0);
        version.PerformedAt = _time;
        ForgetKept(line);
        if (_traits[Math.Max(writer, 0)].DataCoherent)
        {
            line.Unified = version.Number;
        }

        if (_hasCoherentCores)
        {
            for (int core = 0; core < _traits.Length; core++)
            {
                if (_traits[core].InstructionCoherent && IsExecutable(line))
                {
                    FetchAhead(core, line, before, 1, writer);
                }
            }

            Trim(line);
        }

        _caches?.Dirtied(line, writer < 0 ? _active : writer);
    }

    /// <summary>Whether maintenance has nothing to do: lines that nobody stored to, as most of a page are that the system cleans, have one version.</summary>
    private bool IsUntouched(CodeFrame frame, int offset)
    {
        int lines = _longestLine / _lineBytes, first = offset / _longestLine * lines;
        return !frame.Lines.AsSpan(first, lines).ContainsAnyExcept((CodeLine?)null);
    }

    /// <summary>A store behind a clean of its line comes after it.</summary>
    private void CloseVersions(CodeFrame frame, in PendingOperation clean)
    {
        int first = (int)(clean.Physical % PhysicalMemory.PageSize) / _lineBytes;
        for (int index = first; index < first + (clean.Length / _lineBytes); index++)
        {
            if (frame.Lines[index] is { } line)
            {
                line.NewestVersion.IsOpen = false;
            }
        }
    }

    private void Clean(int core, in PendingOperation operation)
    {
        CodeFrame frame = _frames[(int)(operation.Physical >> PhysicalMemory.PageBits)]!;
        int first = (int)(operation.Physical % PhysicalMemory.PageSize) / _lineBytes;
        for (int index = first; index < first + (operation.Length / _lineBytes); index++)
        {
            if (frame.Lines[index] is { } line)
            {
                line.Unified = line.Performed;
                Happened(core, LabEventKind.CleanDone, operation.Address, line, line.Unified, core, 0);
            }
        }
    }

    /// <summary>IC arrives at a core: it throws away its own line around the address, whatever the issuer thinks how long lines are.</summary>
    private void Invalidate(int core, in PendingOperation operation, int issuer)
    {
        CacheTraits traits = _traits[core];
        if (traits.InstructionCoherent)
        {
            return;
        }

        CodeFrame frame = _frames[(int)(operation.Physical >> PhysicalMemory.PageBits)]!;
        int first = (int)(operation.Physical % PhysicalMemory.PageSize) / traits.InstructionLine * traits.InstructionLine / _lineBytes;
        for (int index = first; index < first + (traits.InstructionLine / _lineBytes); index++)
        {
            if (frame.Lines[index] is { } line)
            {
                InvalidateLine(core, line, operation.Address, issuer);
            }
        }
    }

    /// <summary>Frees what an invalidation has put out of everybody's reach.</summary>
    private void TrimAround(in PendingOperation operation)
    {
        CodeFrame frame = _frames[(int)(operation.Physical >> PhysicalMemory.PageBits)]!;
        int first = (int)(operation.Physical % PhysicalMemory.PageSize) / _longestLine * _longestLine / _lineBytes;
        for (int index = first; index < first + (_longestLine / _lineBytes); index++)
        {
            if (frame.Lines[index] is { } line)
            {
                Trim(line);
            }
        }
    }

    private void InvalidateLine(int core, CodeLine line, ulong address, int issuer)
    {
        line.NewestVersion.IsOpen = false;
        int low = line.Low(core);
        _caches?.Drop(core, line);
        if (low < line.Unified)
        {
            if (IsExecutable(line))
            {
                FetchAhead(core, line, line.Unified - 1, line.Unified - low, issuer);
            }

            line.SetLow(core, line.Unified);
        }

        if (line.Newest > 0)
        {
            Happened(core, LabEventKind.InvalidateDone, address, line, line.Unified, issuer, 0);
        }
    }

    /// <summary>Nobody fetches from pages that are not executable; what was fetched while they were is <see cref="FrameUnexecutable"/>'s business.</summary>
    private bool IsExecutable(CodeLine line) => !_isDiscovering && _memory[(int)(line.Physical >> PhysicalMemory.PageBits)].ExecutableMappings > 0;

    /// <summary>Versions are about to go out of a core's reach: one of them may be in its queue already.</summary>
    private void FetchAhead(int core, CodeLine line, int newest, int count, int cause)
    {
        int which = _choices.Choose(ChoiceKind.FetchAhead, core, count + 1);
        if (which == 0)
        {
            return;
        }

        LineVersion version = line[newest + 1 - which];
        Happened(core, LabEventKind.FetchAhead, line.Address, line, version.Number, cause, 0);
        _queues[core].Add(line, version, _time, _machine!.Cores[core].RetiredNow + _options.Type.QueueDepth);
    }

    private void PerformStores(CodeLine line)
    {
        int writer = line.NewestVersion.Writer;
        OperationWindow window = _windows[writer];
        for (int i = 0; i < window.Count; i++)
        {
            if (window[i].Line == line)
            {
                // What comes before it goes, too, so the positions are others afterwards.
                Complete(writer, i);
                i = -1;
            }
        }
    }

    private void Drain(int core, PendingKind kind)
    {
        OperationWindow window = _windows[core];
        for (int i = window.First(kind); i >= 0; i = window.First(kind))
        {
            Complete(core, i);
        }
    }

    /// <summary>DSB NSH: what is in flight arrives at this core. Other cores have not dropped their lines for all that.</summary>
    private void DrainHere(int core)
    {
        Drain(core, PendingKind.Store);
        Drain(core, PendingKind.Clean);
        OperationWindow window = _windows[core];
        for (int i = window.Count - 1; i >= 0; i--)
        {
            PendingOperation operation = window[i];
            ulong others = operation.Cores & ~(1ul << core);
            if (others == operation.Cores)
            {
                continue;
            }

            Invalidate(core, operation, core);
            if (others == 0)
            {
                window.RemoveAt(i);
            }
            else
            {
                window.SetCores(i, others);
            }
        }
    }

    private void DrainAll(int core, bool inOrder)
    {
        OperationWindow window = _windows[core];
        while (window.Count > 0)
        {
            Complete(core, inOrder ? 0 : _choices.Choose(ChoiceKind.Completion, core, window.Count));
        }

        if (_machine!.Cores[core].ReportsAccesses)
        {
            _machine.Cores[core].ReportsAccesses = false;
        }
    }

    private void BoundWindow(int core)
    {
        while (_windows[core].Count > WindowCapacity)
        {
            Complete(core, 0);
        }
    }

    /// <summary>Forgets the oldest of too many versions, as if every cache had evicted it.</summary>
    private void BoundVersions(CodeLine line)
    {
        if (line.Count < MaxVersions)
        {
            return;
        }

        if (line.Performed != line.Newest)
        {
            PerformStores(line);
        }

        int oldest = line.Newest - (MaxVersions / 2);
        line.Unified = Math.Max(line.Unified, oldest);
        for (int core = 0; core < _traits.Length; core++)
        {
            if (line.Low(core) < oldest)
            {
                line.SetLow(core, oldest);
                _caches?.Drop(core, line);
            }
        }

        Trim(line);
    }

    private void NotePending(CodeFrame frame, int change)
    {
        frame.PendingStores += change;
        ref Frame watched = ref _memory[frame.Number];
        if (frame.PendingStores == 0)
        {
            watched.Watch &= ~FrameWatch.Load;
        }
        else if ((watched.Watch & FrameWatch.Load) == 0)
        {
            watched.Watch |= FrameWatch.Load;
            _machine!.ForgetAccesses();
        }
    }
}
