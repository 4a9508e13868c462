// The operational model of instruction fetch over one litmus test, and its exhaustive exploration.
//
// A core has a fetch queue that runs ahead along predicted paths, dispatches in order, and keeps loads, stores and cache maintenance in
// flight until they take effect, out of order as far as Arm allows. A location of code has versions; the point of
// unification holds at least version `Unified`; an instruction cache may return any version of its set. Fills and evictions are not
// events: the set holds whatever they could have brought. Predictions are guessed both ways and pruned when they turn out wrong.
// The model is that of the coherence reference (simulator, sections 1 to 3), which was checked against Arm's axiomatic model; like
// herd it takes IC as one event for all cores.
//
// What commutes with everything else is done at once: dispatch, and fetches of what nobody modifies. What remains are the choices:
// which version a fetch returns, and which operation in flight takes effect next.
using System;
using System.Collections.Generic;
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Litmus;
using MiniJit.Coherence.Machine;
using MiniJit.IR;

namespace MiniJit.Coherence.Exploration;

/// <summary>What exploration found.</summary>
/// <param name="Outcomes">The distinct final states, as values of the test's places.</param>
/// <param name="States">States visited.</param>
/// <param name="Problem">Why the exploration is not complete, or empty.</param>
internal readonly record struct ExplorationResult(List<ulong[]> Outcomes, int States, string Problem);

internal sealed partial class FetchModel
{
    private const int SettleLimit = 10_000;                    // dispatches in a row: an endless loop that touches nothing

    private readonly LitmusTest _test;
    private readonly int _stateLimit;
    private readonly List<ulong> _values = [];
    private readonly Dictionary<ulong, ushort> _valueHandles = [];
    private readonly List<A64Instruction> _instructions = [];  // by word handle
    private readonly List<uint> _words = [];
    private readonly Dictionary<uint, ushort> _wordHandles = [];
    private readonly ushort[] _code;                           // word handle by position
    private readonly int[] _lineOf;                            // by position; −1 if nobody modifies it
    private readonly List<int> _lines = [];                    // position by line
    private readonly bool[] _isEnd;                            // by position
    private readonly int[] _registerSlot = new int[32];
    private readonly List<short> _targets = [];                // where indirect branches may go
    private readonly List<short> _returns = [];                // where returns may go
    private readonly int _registerCount, _elr;
    private readonly Stack<FetchState> _free = [];
    private readonly StateSet _seen = new();
    private readonly List<int> _work = [];
    private readonly HashSet<string> _outcomeKeys = [];
    private readonly List<ulong[]> _outcomes = [];
    private readonly ushort[] _packed;
    private readonly ushort _zero;
    private string _problem = "";

    /// <param name="test">The test.</param>
    /// <param name="stateLimit">States after which to give up.</param>
    public FetchModel(LitmusTest test, int stateLimit)
    {
        _test = test;
        _stateLimit = stateLimit;
        _zero = Intern(0);
        int count = test.Words.Count;
        _code = new ushort[count];
        _lineOf = new int[count];
        _isEnd = new bool[count];
        Array.Fill(_lineOf, -1);
        for (int i = 0; i < count; i++)
        {
            _code[i] = InternWord(test.Words[i]);
        }

        foreach (List<LitmusRegion> regions in (ReadOnlySpan<List<LitmusRegion>>)[test.Threads, test.Handlers])
        {
            foreach (LitmusRegion region in regions)
            {
                _isEnd[region.First + region.Count] = region.Count > 0 || regions == test.Threads;
            }
        }

        _registerCount = NumberRegisters();
        _elr = _registerCount++;
        FindTargets();
        _packed = new ushort[NewState().PackedBound];
    }

    /// <summary>Visits every state.</summary>
    public ExplorationResult Explore()
    {
        FetchState initial = InitialState();
        Settle(initial, 0, initial.Cores.Length - 1);
        FetchState state = NewState();
        while (_work.Count > 0 && _problem.Length == 0)
        {
            int place = _work[^1];
            _work.RemoveAt(_work.Count - 1);
            state.Unpack(_seen.At(place));
            Expand(state);
            if (_seen.Count > _stateLimit)
            {
                _problem = $"more than {_stateLimit} states";
            }
        }

        return new(_outcomes, _seen.Count, _problem);
    }

    // ---- set-up

    private int NumberRegisters()
    {
        uint used = 1u << 30;
        foreach (A64Instruction instruction in _instructions)
        {
            used |= (1u << instruction.Rd) | (1u << instruction.Rn) | (1u << instruction.Rm);
        }

        foreach (LitmusRegister register in _test.Registers)
        {
            used |= (1u << register.Register) | RegistersOf(register.Value);
        }

        foreach (LitmusVariable variable in _test.Variables)
        {
            used |= RegistersOf(variable.Value);
        }

        foreach (LitmusPlace place in _test.Places)
        {
            used |= place.Thread >= 0 ? 1u << place.Register : 0;
        }

        int count = 0;
        for (int i = 0; i < 31; i++)
        {
            _registerSlot[i] = ((used >> i) & 1) != 0 ? count++ : -1;
        }

        _registerSlot[31] = -1;
        return count;
    }

    private static uint RegistersOf(ulong value) =>
        value <= uint.MaxValue && Decode.TryInstruction((uint)value, out A64Instruction stored) ? (1u << stored.Rd) | (1u << stored.Rn) | (1u << stored.Rm) : 0;

    // Addresses of code that the test can get hold of: they may be modified, and branched to.
    private void FindTargets()
    {
        void Add(ulong address)
        {
            int position = _test.PositionOf(address);
            if (position < 0)
            {
                return;
            }

            if (!_targets.Contains((short)position))
            {
                _targets.Add((short)position);
            }

            if (_lineOf[position] < 0 && !_isEnd[position])
            {
                _lineOf[position] = _lines.Count;
                _lines.Add(position);
            }
        }

        foreach (LitmusRegister register in _test.Registers)
        {
            Add(register.Value);
        }

        foreach (LitmusVariable variable in _test.Variables)
        {
            Add(variable.Value);
        }

        for (int i = 0; i < _code.Length; i++)
        {
            A64Instruction instruction = _instructions[_code[i]];
            if (instruction.Form == A64Form.Adr)
            {
                Add(LitmusTest.AddressOf(i) + (ulong)instruction.Imm);
            }
            else if (instruction.Form is A64Form.Bl or A64Form.Blr)
            {
                _returns.Add((short)(i + 1));
            }
        }

        if (_returns.Count == 0)
        {
            _returns.AddRange(_targets);
        }
    }

    private FetchState NewState() => new(_test.Threads.Count, _registerCount, _test.Variables.Count, _lines.Count);

    private FetchState InitialState()
    {
        FetchState state = NewState();
        for (int i = 0; i < state.Cores.Length; i++)
        {
            Array.Fill(state.Cores[i].Registers, _zero);
            state.Cores[i].Fetch = (short)_test.Threads[i].First;
        }

        foreach (LitmusRegister register in _test.Registers)
        {
            state.Cores[register.Thread].Registers[_registerSlot[register.Register]] = Intern(register.Value);
        }

        for (int i = 0; i < state.Memory.Length; i++)
        {
            state.Memory[i] = Intern(_test.Variables[i].Value);
        }

        for (int i = 0; i < state.Lines.Length; i++)
        {
            state.Lines[i].Add(_code[_lines[i]]);
        }

        Array.Fill(state.Caches, (ushort)1);
        return state;
    }

    private ushort Intern(ulong value)
    {
        if (!_valueHandles.TryGetValue(value, out ushort handle))
        {
            handle = (ushort)_values.Count;
            if (handle >= CoreFetchState.Pending)
            {
                _problem = "too many different values";
                return _zero;
            }

            _values.Add(value);
            _valueHandles.Add(value, handle);
        }

        return handle;
    }

    private ushort InternWord(uint word)
    {
        if (!_wordHandles.TryGetValue(word, out ushort handle))
        {
            handle = (ushort)_words.Count;
            _words.Add(word);
            _instructions.Add(Decode.TryInstruction(word, out A64Instruction instruction) ? instruction : new(A64Form.Udf, 0));
            _wordHandles.Add(word, handle);
            if (_seen.Count > 0 && !HasRegisters(_instructions[handle]))
            {
                _problem = $"an instruction is computed that uses other registers than the test (0x{word:x8})";
            }
        }

        return handle;
    }

    private bool HasRegisters(in A64Instruction instruction) =>
        IsNumbered(instruction.Rd) && IsNumbered(instruction.Rn) && IsNumbered(instruction.Rm);

    private bool IsNumbered(int register) => register == 31 || _registerSlot[register] >= 0;

    // ---- the choices

    private void Expand(FetchState state)
    {
        bool moved = false;
        for (int core = 0; core < state.Cores.Length; core++)
        {
            moved |= ExpandFetch(state, core);
            moved |= ExpandWindow(state, core);
        }

        if (!moved && IsFinal(state))
        {
            AddOutcome(state);
        }
    }

    /// <summary>A fetch of what may have been modified: once per version that the cache may return.</summary>
    private bool ExpandFetch(FetchState state, int core)
    {
        CoreFetchState thread = state.Cores[core];
        if (thread.Fetch < 0 || thread.QueueCount == CoreFetchState.QueueCapacity || _lineOf[thread.Fetch] is not (>= 0 and int line))
        {
            return false;
        }

        ref readonly LineVersions versions = ref state.Lines[line];
        uint visible = _test.InstructionCoherent ? 1u << versions.Newest : state.Cache(core, line);
        for (; visible != 0; visible &= visible - 1)
        {
            ushort word = versions[System.Numerics.BitOperations.TrailingZeroCount(visible)];
            FetchState next = Copy(state);
            FetchWord(next, core, core, word);
        }

        return true;
    }

    private bool ExpandWindow(FetchState state, int core)
    {
        CoreFetchState thread = state.Cores[core];
        bool moved = false;
        for (int i = 0; i < thread.WindowCount; i++)
        {
            if (thread.Window[i].Kind < FlightKind.BarrierFull && !IsBlocked(thread, i))
            {
                moved = true;
                FetchState next = Copy(state);
                if (Perform(next, core, i))
                {
                    Settle(next, core, core);
                }
                else
                {
                    _free.Push(next);
                }
            }
        }

        return moved;
    }

    private static bool IsBlocked(CoreFetchState thread, int index)
    {
        FlightOperation later = thread.Window[index];
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

    /// <summary>Lets an operation take effect. False: it showed that the path was predicted wrongly.</summary>
    private bool Perform(FetchState state, int core, int index)
    {
        CoreFetchState thread = state.Cores[core];
        FlightOperation operation = thread.Window[index];
        thread.RemoveOperation(index);
        ulong address = _values[operation.Address];
        int position = operation.Kind == FlightKind.InvalidateAll ? -1 : _test.PositionOf(address);
        int line = position < 0 ? -1 : _lineOf[position];
        switch (operation.Kind)
        {
            case FlightKind.Load or FlightKind.LoadAcquire:
                return Complete(thread, operation.Id, LoadValue(state, address, position, line, operation.Size));

            case FlightKind.Store or FlightKind.StoreRelease:
                StoreValue(state, address, line, operation);
                return true;

            case FlightKind.CleanData when line >= 0:
                state.Lines[line].Unified = state.Lines[line].Newest;
                return true;

            case FlightKind.InvalidateInstruction when line >= 0:
                Invalidate(state, line);
                return true;

            case FlightKind.InvalidateAll:
                for (int i = 0; i < state.Lines.Length; i++)
                {
                    Invalidate(state, i);
                }

                return true;

            default:
                return true;                                   // maintenance of what nobody modifies
        }
    }

    private ushort LoadValue(FetchState state, ulong address, int position, int line, int size)
    {
        if (position >= 0)
        {
            return Intern(_words[line >= 0 ? state.Lines[line][state.Lines[line].Newest] : _code[position]]);
        }

        int variable = VariableAt(address);
        ulong value = variable < 0 ? 0 : _values[state.Memory[variable]];
        return Intern(size == 4 ? (uint)value : value);
    }

    private void StoreValue(FetchState state, ulong address, int line, in FlightOperation operation)
    {
        ulong value = _values[operation.Data];
        if (line < 0)
        {
            int variable = VariableAt(address);
            if (variable >= 0)
            {
                state.Memory[variable] = Intern(operation.Size == 4 ? (uint)value : value);
            }

            return;
        }

        ref LineVersions versions = ref state.Lines[line];
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
            state.Cache(i, line) |= (ushort)(1 << versions.Newest);
        }
    }

    private static void Invalidate(FetchState state, int line)
    {
        ref readonly LineVersions versions = ref state.Lines[line];
        for (int i = 0; i < state.Cores.Length; i++)
        {
            state.Cache(i, line) = (ushort)((1 << versions.Count) - (1 << versions.Unified));
        }
    }

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

    /// <summary>A load's value arrives: registers that wait for it have it, predictions that wait for it are judged.</summary>
    private bool Complete(CoreFetchState thread, byte id, ushort value)
    {
        ushort waiting = (ushort)(CoreFetchState.Pending | id);
        thread.Registers.AsSpan().Replace(waiting, value);
        for (int i = thread.WindowCount - 1; i >= 0; i--)
        {
            FlightOperation check = i < thread.WindowCount ? thread.Window[i] : default;
            if (check.Kind >= FlightKind.CheckArrived && check.Data == waiting)
            {
                thread.RemoveOperation(i);
                bool holds = check.Kind switch
                {
                    FlightKind.CheckArrived => true,
                    FlightKind.CheckEqual => value == check.Address,
                    FlightKind.CheckZero => _values[value] == 0,
                    _ => _values[value] != 0,
                };
                if (!holds)
                {
                    return false;
                }
            }
        }

        return true;
    }

    // ---- ends

    private static bool IsFinal(FetchState state)
    {
        foreach (CoreFetchState core in state.Cores)
        {
            if (core.Fetch != CoreFetchState.Ended || core.QueueCount != 0 || core.WindowCount != 0)
            {
                return false;
            }
        }

        return true;
    }

    private void AddOutcome(FetchState state)
    {
        ulong[] values = new ulong[_test.Places.Count];
        for (int i = 0; i < values.Length; i++)
        {
            LitmusPlace place = _test.Places[i];
            ushort handle = place.Thread >= 0
                ? state.Cores[place.Thread].Registers[_registerSlot[place.Register]]
                : state.Memory[VariableAt(place.Address)];
            values[i] = _values[handle];
        }

        if (_outcomeKeys.Add(string.Join(' ', values)))
        {
            _outcomes.Add(values);
        }
    }

    private FetchState Copy(FetchState state)
    {
        FetchState copy = _free.Count > 0 ? _free.Pop() : NewState();
        copy.CopyFrom(state);
        return copy;
    }
}
