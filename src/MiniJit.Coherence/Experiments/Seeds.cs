using MiniJit.Coherence.Choices;

namespace MiniJit.Coherence.Experiments;

/// <summary>Where experiments get their choices from.</summary>
internal static class Seeds
{
    /// <summary>The choices of a seed: stale wherever it is allowed.</summary>
    public static ChoiceSource Of(int seed, Experiment experiment) => new SeededChoices((ulong)seed, experiment.Cores, LabTuning.Adversarial);
}
