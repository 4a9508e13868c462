// Shortest executions. States are visited breadth first and remember from which one they were reached; the way back is walked, and then forwards once more
// with a trace that also records what the model does between its choices.
using System.Collections.Generic;
using MiniJit.Coherence.Litmus;

namespace MiniJit.Coherence.Exploration;

/// <summary>An execution that ends as asked for.</summary>
/// <param name="Steps">What happens; empty if there is no such execution.</param>
/// <param name="States">States visited.</param>
/// <param name="Problem">Why the search is not complete, or empty.</param>
internal readonly record struct Witness(List<TraceStep> Steps, int States, string Problem)
{
    public bool Exists => Steps.Count != 0;
}

internal sealed partial class FetchModel
{
    private List<int>? _parents;                               // index of the state before, by index; only for witnesses
    private Trace? _trace;                                     // only while a witness is written down

    /// <summary>Looks for an execution with as few choices as possible; visits no more states than that needs.</summary>
    /// <param name="condition">About the final state.</param>
    /// <param name="expected">Whether it shall hold or fail.</param>
    public Witness Find(LitmusCondition condition, bool expected = true)
    {
        _parents = [];
        int end = Visit(condition, expected);
        return _test.Guesses.Count != _guessed ? new FetchModel(_test, _stateLimit).Find(condition, expected) : new(end < 0 ? [] : Replay(end), _seen.Count, _problem);
    }

    private List<TraceStep> Replay(int end)
    {
        List<int> way = [];
        for (int index = end; index >= 0; index = _parents![index])
        {
            way.Add(index);
        }

        _trace = new();
        for (int i = way.Count - 1; i >= 0; i--)
        {
            _trace.Seek(_seen[way[i]]);
            if (i == way.Count - 1)
            {
                Settle(InitialState(), 0, _base.Cores.Length - 1);
            }
            else
            {
                Load(way[i + 1]);
                Expand(_base);
            }
        }

        return _trace.Found;
    }
}
