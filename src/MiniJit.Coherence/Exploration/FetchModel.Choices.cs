// The choices of the model: which version a fetch returns, which operation in flight takes effect next, when an interrupt is taken.
using System;
using MiniJit.Coherence.Litmus;

namespace MiniJit.Coherence.Exploration;

internal sealed partial class FetchModel
{
    /// <summary>Follows every choice; false if there is none.</summary>
    private bool Expand(FetchState state)
    {
        for (int core = 0; core < state.Cores.Length; core++)
        {
            if (FindNeedless(state, core) is >= 0 and int needless)
            {
                PerformNext(state, core, needless);
                return true;
            }
        }

        bool moved = false;
        for (int core = 0; core < state.Cores.Length; core++)
        {
            moved |= ExpandFetch(state, core);
            moved |= ExpandWindow(state, core);
            moved |= ExpandInterrupt(state, core);
            moved |= ExpandHeld(state, core);
        }

        return moved;
    }

    /// <summary>
    /// An operation that may take effect and has none: maintenance of a line that is as it would leave it. Doing it now is the only choice that needs to
    /// be followed: later it could only take versions from caches that they otherwise keep, and whatever waits for it waits no longer.
    /// </summary>
    private int FindNeedless(FetchState state, int core)
    {
        CoreFetchState thread = state.Cores[core];
        for (int i = 0; i < thread.WindowCount; i++)
        {
            FlightKind kind = thread.Window[i].Kind;
            if (kind is FlightKind.CleanData or FlightKind.InvalidateInstruction && IsNeedless(state.Shared, kind, thread.Window[i].Address) && !IsBlocked(state, core, i))
            {
                return i;
            }
        }

        return -1;
    }

    private bool IsNeedless(SharedState shared, FlightKind kind, ushort address)
    {
        int position = _positions[address], line = position < 0 ? -1 : _lineOf[position];
        if (line < 0 || (kind == FlightKind.InvalidateInstruction && _test.InstructionCoherent))
        {
            return true;
        }

        ref readonly LineVersions versions = ref shared.Lines[line];
        if (kind == FlightKind.CleanData)
        {
            return versions.Unified == versions.Newest;
        }

        for (int core = 0; core < shared.Interrupts.Length; core++)
        {
            if (shared.Cache(core, line) != Refilled(versions))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A fetch of what may have been modified: once per version that the cache may return.</summary>
    private bool ExpandFetch(FetchState state, int core)
    {
        CoreFetchState thread = state.Cores[core];
        if (thread.Fetch < 0 || thread.QueueCount == CoreFetchState.QueueCapacity || _lineOf[thread.Fetch] is not (>= 0 and int line))
        {
            return false;
        }

        ref readonly LineVersions versions = ref state.Shared.Lines[line];
        uint visible = _test.InstructionCoherent ? 1u << versions.Newest : state.Shared.Cache(core, line);
        for (; visible != 0; visible &= visible - 1)
        {
            int version = System.Numerics.BitOperations.TrailingZeroCount(visible);
            bool isAhead = thread.QueueCount > 0 || !IsResolved(thread);
            FetchState next = Fork(state, core, core);
            _trace?.Add(TraceStep.Fetch(core, thread.Fetch, _words[versions[version]], version, versions.Newest, isAhead));
            FetchWord(next, core, core, versions[version]);
            Backtrack();
        }

        return true;
    }

    private bool ExpandWindow(FetchState state, int core)
    {
        CoreFetchState thread = state.Cores[core];
        bool moved = false;
        for (int i = 0; i < thread.WindowCount; i++)
        {
            if (thread.Window[i].Kind < FlightKind.BarrierFull && !IsBlocked(state, core, i))
            {
                moved = true;
                if (thread.Window[i].Kind > FlightKind.LoadAcquire || !IsMispredicted(state, core, thread.Window[i]))
                {
                    PerformNext(state, core, i);
                }
            }
        }

        return moved;
    }

    /// <summary>Whether a load, done now, would show that a branch was predicted wrongly.</summary>
    private bool IsMispredicted(FetchState state, int core, in FlightOperation load)
    {
        CoreFetchState thread = state.Cores[core];
        ushort waiting = (ushort)(CoreFetchState.Pending | load.Id);
        foreach (ref readonly FlightOperation check in thread.Window.AsSpan(0, thread.WindowCount))
        {
            if (check.Kind >= FlightKind.CheckArrived && check.Data == waiting && LoadValue(state, load) is ushort value && !Holds(check, value))
            {
                if (check.Kind == FlightKind.CheckEqual && !_targets.Contains((short)_positions[value]))
                {
                    CheckGuessed(_returns[core], _positions[value]);
                }

                return true;
            }
        }

        return false;
    }

    private bool Holds(in FlightOperation check, ushort value) => check.Kind switch
    {
        FlightKind.CheckArrived => true,
        FlightKind.CheckEqual => value == check.Address,
        FlightKind.CheckZero => _values[value] == 0,
        _ => _values[value] != 0,
    };

    private void PerformNext(FetchState state, int core, int index)
    {
        FetchState next = Fork(state, core, core);
        Perform(next, core, index);
        Settle(next, core, core);
        Backtrack();
    }

    /// <summary>A memory operation is dispatched that an interrupt could have come before.</summary>
    private bool ExpandHeld(FetchState state, int core)
    {
        if (state.Cores[core].QueueCount == 0 || !IsHeld(state.Cores[core], core))
        {
            return false;
        }

        FetchState next = Fork(state, core, core);
        DispatchResult result = Dispatch(next, next.Cores[core], core);
        if (result == DispatchResult.Done)
        {
            next.Cores[core].DropHead();
            Settle(next, core, core);
        }
        else
        {
            _free.Push(next);
        }

        Backtrack();
        return result == DispatchResult.Done;
    }

    /// <summary>An interrupt: what was fetched ahead is forgotten. The handler begins with a full barrier, so it waits for what is in flight.</summary>
    private bool ExpandInterrupt(FetchState state, int core)
    {
        CoreFetchState thread = state.Cores[core];
        ushort interrupts = state.Shared.Interrupts[core];
        if (interrupts == 0)
        {
            return false;
        }

        foreach (ref readonly FlightOperation operation in thread.Window.AsSpan(0, thread.WindowCount))
        {
            if (operation.Kind is not (FlightKind.InvalidateInstruction or FlightKind.InvalidateAll or FlightKind.AwaitCores))
            {
                return false;
            }
        }

        FetchState next = Fork(state, core, core);
        CoreFetchState interrupted = next.Cores[core];
        _trace?.Add(TraceStep.Interrupt(core, System.Numerics.BitOperations.TrailingZeroCount((byte)interrupts)));
        if (interrupts > byte.MaxValue)
        {
            InvalidateAllLines(next.ToChange(), core);
        }

        if (thread.QueueCount > 0)
        {
            interrupted.Fetch = thread.Queue[0].Position;
        }

        interrupted.QueueCount = 0;
        next.ToChange().Interrupts[core] = 0;
        Settle(next, core, core);
        Backtrack();
        return true;
    }

    private static bool IsBlocked(FetchState state, int core, int index)
    {
        CoreFetchState thread = state.Cores[core];
        FlightOperation later = thread.Window[index];
        if (later.Kind == FlightKind.AwaitCores)
        {
            return IsAwaited(state, core);
        }

        bool full = false, load = false, store = false;
        for (int i = index - 1; i >= 0; i--)
        {
            FlightOperation earlier = thread.Window[i];
            switch (earlier.Kind)
            {
                case FlightKind.BarrierFull: full = true; continue;
                case FlightKind.BarrierLoad: load = true; continue;
                case FlightKind.BarrierStore: store = true; continue;
            }

            if (IsOrdered(earlier, later, full, load, store))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a core has yet to take this core's interrupt.</summary>
    private static bool IsAwaited(FetchState state, int core)
    {
        foreach (ushort interrupts in state.Shared.Interrupts)
        {
            if ((interrupts >> core & 1) != 0)
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsOrdered(in FlightOperation earlier, in FlightOperation later, bool full, bool load, bool store)
    {
        bool loads = earlier.Kind <= FlightKind.LoadAcquire, stores = earlier.Kind is FlightKind.Store or FlightKind.StoreRelease;
        bool laterLoads = later.Kind <= FlightKind.LoadAcquire, laterStores = later.Kind is FlightKind.Store or FlightKind.StoreRelease;
        bool accesses = loads || stores, laterAccesses = laterLoads || laterStores;
        bool cleans = earlier.Kind == FlightKind.CleanData, laterCleans = later.Kind == FlightKind.CleanData;
        if (earlier.Kind >= FlightKind.CheckArrived)
        {
            return !laterLoads;                                // what depends on a prediction has no effect, but loads are harmless
        }

        if ((accesses || cleans) && (laterAccesses || laterCleans) && (full || earlier.Address == later.Address))
        {
            return true;
        }

        return accesses && laterAccesses
            && (earlier.Kind == FlightKind.LoadAcquire || later.Kind == FlightKind.StoreRelease
                || (earlier.Kind == FlightKind.StoreRelease && later.Kind == FlightKind.LoadAcquire)
                || (loads && load) || (stores && laterStores && store));
    }

    /// <summary>Lets an operation take effect; a load only if it confirms what was predicted.</summary>
    private void Perform(FetchState state, int core, int index)
    {
        CoreFetchState thread = state.Cores[core];
        FlightOperation operation = thread.Window[index];
        thread.RemoveOperation(index);
        if (operation.Kind == FlightKind.AwaitCores)
        {
            thread.Fetch = (short)operation.Address;
            _trace?.Add(TraceStep.Resume(core, thread.Fetch));
            return;
        }

        ulong address = _values[operation.Address];
        int position = operation.Kind == FlightKind.InvalidateAll ? -1 : _positions[operation.Address];
        int line = position < 0 ? -1 : _lineOf[position];
        switch (operation.Kind)
        {
            case FlightKind.Load or FlightKind.LoadAcquire:
                ushort loaded = LoadValue(state, operation);
                _trace?.Add(TraceStep.Load(core, position, address, _values[loaded]));
                Complete(thread, operation.Id, loaded);
                break;

            case FlightKind.Store or FlightKind.StoreRelease:
                StoreValue(state, address, line, operation);
                _trace?.Add(TraceStep.Store(core, position, address, _values[operation.Data], NewestAt(state, position)));
                break;

            case FlightKind.CleanData when line >= 0:
                ref LineVersions cleaned = ref state.ToChange().Lines[line];
                cleaned.Unified = cleaned.Newest;
                _trace?.Add(TraceStep.Clean(core, position, cleaned.Newest));
                break;

            case FlightKind.InvalidateInstruction when line >= 0:
                Invalidate(state.ToChange(), line);
                _trace?.Add(TraceStep.Invalidate(core, position, state.Shared.Lines[line].Unified));
                break;

            case FlightKind.InvalidateAll:
                for (int i = 0; i < state.Shared.Lines.Length; i++)
                {
                    Invalidate(state.ToChange(), i);
                }

                _trace?.Add(TraceStep.Invalidate(core, -1, 0));
                break;
        }
    }

    private int NewestAt(FetchState state, int position) => position >= 0 && _lineOf[position] is >= 0 and int line ? state.Shared.Lines[line].Newest : 0;

    private ushort LoadValue(FetchState state, in FlightOperation load)
    {
        int position = _positions[load.Address], line = position < 0 ? -1 : _lineOf[position];
        if (position >= 0)
        {
            return Intern(_words[line >= 0 ? state.Shared.Lines[line][state.Shared.Lines[line].Newest] : _code[position]]);
        }

        int variable = VariableAt(_values[load.Address]);
        ushort handle = variable < 0 ? _zero : state.Shared.Memory[variable];
        return Truncated(handle, Truncate(_values[handle], load.Size));
    }

    private void StoreValue(FetchState state, ulong address, int line, in FlightOperation operation)
    {
        ulong value = _values[operation.Data];
        if (line < 0)
        {
            int variable = VariableAt(address);
            if (variable >= 0)
            {
                state.ToChange().Memory[variable] = Truncated(operation.Data, Truncate(value, operation.Size));
            }

            return;
        }

        SharedState shared = state.ToChange();
        ref LineVersions versions = ref shared.Lines[line];
        if (versions.Count == LineVersions.Capacity)
        {
            _problem = $"more than {LineVersions.Capacity} versions of one instruction";
            return;
        }

        versions.Add(InternWord((uint)value));
        if (_test.DataCoherent)
        {
            versions.Unified = versions.Newest;
        }

        for (int i = 0; i < state.Cores.Length; i++)
        {
            shared.Cache(i, line) |= (ushort)(1 << versions.Newest);
        }
    }

    private static void Invalidate(SharedState shared, int line)
    {
        for (int core = 0; core < shared.Interrupts.Length; core++)
        {
            shared.Cache(core, line) = Refilled(shared.Lines[line]);
        }
    }

    private static void InvalidateAllLines(SharedState shared, int core)
    {
        for (int line = 0; line < shared.Lines.Length; line++)
        {
            shared.Cache(core, line) = Refilled(shared.Lines[line]);
        }
    }

    // What a cache that forgot a line can get: all that the point of unification may hold.
    private static ushort Refilled(in LineVersions versions) => (ushort)((1 << versions.Count) - (1 << versions.Unified));

    private int VariableAt(ulong address)
    {
        ulong offset = address - LitmusTest.DataBase;
        if (offset % LitmusTest.DataStep != 0 || offset / LitmusTest.DataStep >= (ulong)_test.Variables.Count)
        {
            _problem = $"an access to 0x{address:x}, where there is no variable";
            return -1;
        }

        return (int)(offset / LitmusTest.DataStep);
    }

    /// <summary>A load's value arrives: registers that wait for it have it, predictions that wait for it are confirmed.</summary>
    private static void Complete(CoreFetchState thread, byte id, ushort value)
    {
        ushort waiting = (ushort)(CoreFetchState.Pending | id);
        thread.Registers.AsSpan().Replace(waiting, value);
        for (int i = thread.WindowCount - 1; i >= 0; i--)
        {
            if (i < thread.WindowCount && thread.Window[i].Kind >= FlightKind.CheckArrived && thread.Window[i].Data == waiting)
            {
                thread.RemoveOperation(i);
            }
        }
    }
}
