// What happens in an execution of the model, one small step after the other, and the collector of those steps.
using System;
using System.Collections.Generic;

namespace MiniJit.Coherence.Exploration;

internal enum TraceKind : byte
{
    /// <summary>An instruction that may be modified was fetched.</summary>
    Fetch,

    /// <summary>An instruction was dispatched.</summary>
    Execute,

    /// <summary>Memory operations took effect.</summary>
    Load,
    Store,
    Clean,
    Invalidate,

    /// <summary>A core took an interrupt, and a system call returned.</summary>
    Interrupt,
    Resume,
}

/// <summary>One step.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Core">Where.</param>
/// <param name="Position">Of the instruction fetched, executed, stored to or maintained; −1 if it is data.</param>
/// <param name="Address">Of data.</param>
/// <param name="Value">Loaded, stored, or the instruction.</param>
/// <param name="Version">Fetched, made by a store, or the oldest that is left by maintenance; the sending core of an interrupt.</param>
/// <param name="Newest">Newest version then.</param>
/// <param name="IsAhead">Fetched while older instructions were waiting; executed on a path that was predicted and may not exist.</param>
internal readonly record struct TraceStep(TraceKind Kind, int Core, int Position, ulong Address, ulong Value, int Version, int Newest, bool IsAhead)
{
    public static TraceStep Fetch(int core, int position, uint word, int version, int newest, bool isAhead) =>
        new(TraceKind.Fetch, core, position, 0, word, version, newest, isAhead);

    public static TraceStep Execute(int core, int position, uint word, bool isPredicted) =>
        new(TraceKind.Execute, core, position, 0, word, 0, 0, isPredicted);

    public static TraceStep Load(int core, int position, ulong address, ulong value) => new(TraceKind.Load, core, position, address, value, 0, 0, false);

    public static TraceStep Store(int core, int position, ulong address, ulong value, int version) =>
        new(TraceKind.Store, core, position, address, value, version, version, false);

    public static TraceStep Clean(int core, int position, int newest) => new(TraceKind.Clean, core, position, 0, 0, newest, newest, false);

    public static TraceStep Invalidate(int core, int position, int oldest) => new(TraceKind.Invalidate, core, position, 0, 0, oldest, 0, false);

    public static TraceStep Interrupt(int core, int from) => new(TraceKind.Interrupt, core, -1, 0, 0, from, 0, false);

    public static TraceStep Resume(int core, int position) => new(TraceKind.Resume, core, position, 0, 0, 0, 0, false);
}

/// <summary>Follows the model through all branches of one step, and keeps the way to one state.</summary>
internal sealed class Trace
{
    private readonly List<TraceStep> _steps = [];
    private readonly Stack<int> _marks = [];
    private int[] _goal = [];

    /// <summary>The whole way so far.</summary>
    public List<TraceStep> Found { get; } = [];

    /// <summary>Whether the state that is looked for was reached.</summary>
    public bool HasArrived { get; private set; }

    /// <summary>Looks for the way to another state.</summary>
    public void Seek(ReadOnlySpan<int> goal)
    {
        _goal = goal.ToArray();
        _steps.Clear();
        HasArrived = false;
    }

    public void Add(in TraceStep step) => _steps.Add(step);

    public void Mark() => _marks.Push(_steps.Count);

    public void Backtrack()
    {
        int count = _marks.Pop();
        _steps.RemoveRange(count, _steps.Count - count);
    }

    /// <summary>A branch has come to rest.</summary>
    public void Arrive(ReadOnlySpan<int> state)
    {
        if (!HasArrived && state.SequenceEqual(_goal))
        {
            HasArrived = true;
            Found.AddRange(_steps);
        }
    }
}
