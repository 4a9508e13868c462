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

namespace MiniJit.Coherence.Exploration;

/// <summary>What exploration found.</summary>
/// <param name="Outcomes">The distinct final states, as values of the test's places.</param>
/// <param name="States">States visited.</param>
/// <param name="Bytes">Memory that holds them.</param>
/// <param name="Problem">Why the exploration is not complete, or empty.</param>
internal readonly record struct ExplorationResult(List<ulong[]> Outcomes, int States, long Bytes, string Problem);

internal sealed partial class FetchModel
{
    private const int SettleLimit = 10_000;                    // dispatches in a row: an endless loop that touches nothing

    private readonly LitmusTest _test;
    private readonly int _stateLimit;
    private ulong[] _values = new ulong[64];                   // by value handle
    private int[] _positions = new int[64];                    // by value handle: of the instruction at that address, or −1
    private readonly Dictionary<ulong, ushort> _valueHandles = [];
    private readonly ushort[] _addresses;                      // value handles of the addresses of positions, and of the one behind the last
    private A64Instruction[] _instructions = new A64Instruction[64];    // by word handle
    private readonly List<uint> _words = [];
    private readonly Dictionary<uint, ushort> _wordHandles = [];
    private readonly ushort[] _code;                           // word handle by position
    private readonly int[] _lineOf;                            // by position; −1 if nobody modifies it
    private readonly List<int> _lines = [];                    // position by line
    private readonly bool[] _isEnd;                            // by position
    private readonly int[] _registerSlot = new int[LitmusPlace.Fault + 1];
    private readonly List<short> _targets = [];                // where indirect branches may go
    private readonly List<short>[] _returns;                   // where returns may go, by core
    private readonly bool[] _isInterrupted;                    // by core: whether another one may interrupt it
    private readonly int _registerCount, _elr;
    private readonly Stack<FetchState> _free = [];
    private readonly RowSet _seen;
    private readonly StateSet _coreParts = new(), _sharedParts = new();
    private readonly FetchState _base;                         // the state that is expanded
    private readonly int[] _baseRow, _row;                     // places of its parts, and of its successor's
    private readonly int[] _successors;                        // rows of successors on their way into the set
    private int _successorCount;                               // numbers in it
    private readonly StateSet _outcomeKeys = new();
    private readonly List<ulong[]> _outcomes = [];
    private readonly ushort[] _packed;
    private readonly ushort _zero;
    private readonly bool _isSetUp;
    private readonly int _guessed;                             // how many of the test's guesses were known at the start
    private string _problem = "";
    private int _current = -1;                                 // index of the state that is expanded; −1 before the first

    /// <param name="test">The test.</param>
    /// <param name="stateLimit">States after which to give up.</param>
    public FetchModel(LitmusTest test, int stateLimit)
    {
        _test = test;
        _stateLimit = stateLimit;
        _zero = Intern(0);
        int count = test.Words.Count;
        _addresses = new ushort[count + 1];
        for (int i = 0; i <= count; i++)
        {
            _addresses[i] = Intern(LitmusTest.AddressOf(i));
        }

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
        _targets.AddRange(test.Guesses);
        _guessed = test.Guesses.Count;
        _returns = new List<short>[test.Threads.Count];
        for (int i = 0; i < _returns.Length; i++)
        {
            _returns[i] = new ReturnSearch(test, _code, _lineOf, _isEnd, _instructions, _targets).From(test.Threads[i].First);
            _returns[i].AddRange(test.Guesses);
        }

        _isInterrupted = new bool[test.Threads.Count];
        for (int i = 0; i < _isInterrupted.Length; i++)
        {
            _isInterrupted[i] = test.Threads.FindIndex(thread => thread.First != test.Threads[i].First && Interrupts(thread)) >= 0;
        }

        _base = NewState();
        _seen = new(_returns.Length + 1);
        _baseRow = new int[_returns.Length + 1];
        _row = new int[_returns.Length + 1];
        _successors = new int[_row.Length * 64];
        _packed = new ushort[Math.Max(_base.Shared.PackedBound, _base.Cores[0].PackedBound)];
        _isSetUp = true;
    }

    /// <summary>Visits every state.</summary>
    public ExplorationResult Explore()
    {
        Visit(null, false);
        return _test.Guesses.Count != _guessed ? new FetchModel(_test, _stateLimit).Explore() : new(_outcomes, _seen.Count, _seen.Bytes + _coreParts.Bytes + _sharedParts.Bytes, _problem);
    }

    /// <summary>Visits states, those that are reached by fewer choices first.</summary>
    /// <param name="goal">Where to stop: at a final state for which this holds, or does not; null to visit all.</param>
    /// <param name="expected">Whether it shall hold.</param>
    /// <returns>The index of the state where it stopped, or −1.</returns>
    private int Visit(LitmusCondition? goal, bool expected)
    {
        FetchState initial = InitialState();
        Settle(initial, 0, initial.Cores.Length - 1);
        AddSuccessors();
        for (_current = 0; _current < _seen.Count && _problem.Length == 0; _current++)
        {
            Load(_current);
            bool moved = Expand(_base);
            AddSuccessors();
            if (!moved && IsFinal(_base) && AddOutcome(_base) is ulong[] outcome && goal?.Holds(outcome) == expected)
            {
                return _current;
            }

            if (_seen.Count > _stateLimit)
            {
                _problem = $"more than {_stateLimit} states";
            }
        }

        return -1;
    }

    private void AddSuccessors()
    {
        int added = _seen.Add(_successors.AsSpan(0, _successorCount));
        _successorCount = 0;
        for (int i = 0; i < added && _parents is not null; i++)
        {
            _parents.Add(_current);
        }
    }

    /// <summary>Makes a state the one that is expanded. Those that were found one after the other have most parts in common.</summary>
    private void Load(int index)
    {
        ReadOnlySpan<int> row = _seen[index];
        for (int core = 0; core < _base.Cores.Length; core++)
        {
            if (row[core] != _baseRow[core])
            {
                _base.Cores[core].Unpack(_coreParts.At(row[core]));
            }
        }

        if (row[^1] != _baseRow[^1])
        {
            _base.Shared.Unpack(_sharedParts.At(row[^1]));
        }

        row.CopyTo(_baseRow);
    }

    /// <summary>The row of a successor of the state that is expanded.</summary>
    private ReadOnlySpan<int> RowOf(FetchState state)
    {
        for (int core = 0; core < state.Cores.Length; core++)
        {
            if (ReferenceEquals(state.Cores[core], _base.Cores[core]))
            {
                _row[core] = _baseRow[core];
            }
            else
            {
                _coreParts.Add(_packed.AsSpan(0, state.Cores[core].Pack(_packed)), out _row[core]);
            }
        }

        if (state.Shared == _base.Shared)
        {
            _row[^1] = _baseRow[^1];
        }
        else
        {
            _sharedParts.Add(_packed.AsSpan(0, state.Shared.Pack(_packed)), out _row[^1]);
        }

        return _row;
    }

    // ---- set-up

    private int NumberRegisters()
    {
        uint used = 1u << 30;
        foreach (A64Instruction instruction in _instructions.AsSpan(0, _words.Count))
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
            used |= place.Thread >= 0 && place.Register != LitmusPlace.Fault ? 1u << place.Register : 0;
        }

        int count = 0;
        for (int i = 0; i < 31; i++)
        {
            _registerSlot[i] = ((used >> i) & 1) != 0 ? count++ : -1;
        }

        _registerSlot[31] = -1;
        _registerSlot[LitmusPlace.Fault] = _test.Places.Exists(static place => place.Register == LitmusPlace.Fault) ? count++ : -1;
        return count;
    }

    private static uint RegistersOf(ulong value) =>
        value <= uint.MaxValue && Decode.TryInstruction((uint)value, out A64Instruction stored) ? (1u << stored.Rd) | (1u << stored.Rn) | (1u << stored.Rm) : 0;

    private bool Interrupts(LitmusRegion region)
    {
        foreach (ushort word in _code.AsSpan(region.First, region.Count))
        {
            if (_instructions[word].Form == A64Form.Svc && SystemCall.TryFind(_instructions[word].Imm, out SystemCallKind call) && call != SystemCallKind.InvalidateHere)
            {
                return true;
            }
        }

        return false;
    }

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

            if (!_targets.Contains((short)position) && (_test.Entries.Count == 0 || _test.Entries.Contains(position)))
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

        SharedState shared = state.ToChange();
        for (int i = 0; i < shared.Memory.Length; i++)
        {
            shared.Memory[i] = Intern(_test.Variables[i].Value);
        }

        for (int i = 0; i < shared.Lines.Length; i++)
        {
            shared.Lines[i].Add(_code[_lines[i]]);
        }

        Array.Fill(shared.Caches, (ushort)1);
        Array.Fill(_baseRow, -1);
        return state;
    }

    private ushort Intern(ulong value)
    {
        if (!_valueHandles.TryGetValue(value, out ushort handle))
        {
            handle = (ushort)_valueHandles.Count;
            if (handle >= CoreFetchState.Pending)
            {
                _problem = "too many different values";
                return _zero;
            }

            if (handle == _values.Length)
            {
                Array.Resize(ref _values, handle * 2);
                Array.Resize(ref _positions, handle * 2);
            }

            (_values[handle], _positions[handle]) = (value, _test.PositionOf(value));
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
            if (handle == _instructions.Length)
            {
                Array.Resize(ref _instructions, handle * 2);
            }

            _instructions[handle] = Decode.TryInstruction(word, out A64Instruction instruction) ? instruction : new(A64Form.Udf, 0);
            _wordHandles.Add(word, handle);
            if (_isSetUp && !HasRegisters(_instructions[handle]))
            {
                _problem = $"an instruction is computed that uses other registers than the test (0x{word:x8})";
            }
        }

        return handle;
    }

    private bool HasRegisters(in A64Instruction instruction) =>
        IsNumbered(instruction.Rd) && IsNumbered(instruction.Rn) && IsNumbered(instruction.Rm);

    private bool IsNumbered(int register) => register == 31 || _registerSlot[register] >= 0;

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

    /// <summary>The values of the places in a final state, or null if another one had the same.</summary>
    private ulong[]? AddOutcome(FetchState state)
    {
        Span<ushort> handles = stackalloc ushort[_test.Places.Count];
        for (int i = 0; i < handles.Length; i++)
        {
            LitmusPlace place = _test.Places[i];
            handles[i] = place.Thread >= 0 ? state.Cores[place.Thread].Registers[_registerSlot[place.Register]] : state.Shared.Memory[VariableAt(place.Address)];
        }

        if (!_outcomeKeys.Add(handles, out _))
        {
            return null;
        }

        ulong[] values = new ulong[handles.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = _values[handles[i]];
        }

        _outcomes.Add(values);
        return values;
    }

    /// <summary>A copy to go on with, in which some cores may move; <see cref="Backtrack"/> forgets in the trace what became of it.</summary>
    private FetchState Fork(FetchState state, int first, int last)
    {
        _trace?.Mark();
        FetchState copy = _free.Count > 0 ? _free.Pop() : NewState();
        copy.CopyFrom(state, first, last);
        return copy;
    }

    private void Backtrack() => _trace?.Backtrack();
}
