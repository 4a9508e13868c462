using System;
using System.Collections.Generic;

namespace MiniJit.Coherence.Choices;

/// <summary>Gives recorded choices back, and does not deviate otherwise.</summary>
internal sealed class ReplayedChoices : ChoiceSource
{
    private readonly ChoicePositions _positions;
    private readonly Dictionary<(ChoiceKind Kind, int Core, int Position), int> _values = [];

    public ReplayedChoices(IEnumerable<RecordedChoice> deviations, int cores)
    {
        _positions = new(cores);
        foreach (RecordedChoice choice in deviations)
        {
            _values[(choice.Kind, choice.Core, choice.Position)] = choice.Value;
        }
    }

    /// <inheritdoc/>
    public override int Choose(ChoiceKind kind, int core, int count)
    {
        if (count <= 1)
        {
            return 0;
        }

        // Where a run that was changed has fewer possibilities, the farthest one is the most like what was recorded.
        return _values.TryGetValue((kind, core, _positions.Next(kind, core)), out int value) ? Math.Min(value, count - 1) : 0;
    }
}
