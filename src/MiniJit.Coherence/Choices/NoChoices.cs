namespace MiniJit.Coherence.Choices;

/// <summary>Never deviates: the machine tells the truth.</summary>
internal sealed class NoChoices : ChoiceSource
{
    /// <inheritdoc/>
    public override int Choose(ChoiceKind kind, int core, int count) => 0;
}
