using System.Collections.Generic;

namespace MiniJit.Coherence.Choices;

/// <summary>Keeps what another source chose, as far as it deviates.</summary>
internal sealed class RecordingChoices(ChoiceSource inner, int cores) : ChoiceSource
{
    private readonly ChoicePositions _positions = new(cores);

    /// <summary>In the order in which they were made.</summary>
    public List<RecordedChoice> Deviations { get; } = [];

    /// <inheritdoc/>
    public override int Choose(ChoiceKind kind, int core, int count)
    {
        if (count <= 1)
        {
            return 0;
        }

        int value = inner.Choose(kind, core, count), position = _positions.Next(kind, core);
        if (value != 0)
        {
            Deviations.Add(new(kind, core, position, value));
        }

        return value;
    }
}
