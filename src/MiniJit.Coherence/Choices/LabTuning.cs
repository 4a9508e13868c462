// How eager a seeded run is to deviate, kind by kind.
using System;

namespace MiniJit.Coherence.Choices;

/// <summary>
/// Probabilities that a choice is not 0; which of the others it is then is equally likely. <see cref="Uniform"/> makes 0 as likely as the others.
/// </summary>
internal sealed record LabTuning
{
    public const double Uniform = -1;

    public double Turn { get; init; } = 0.3;

    public double Preemption { get; init; } = 0.3;

    public double Migration { get; init; } = 0.1;

    public double Version { get; init; } = 0.5;

    public double FetchAhead { get; init; } = 0.3;

    public double Delay { get; init; } = 0.3;

    public double Completion { get; init; } = 0.5;

    public double Frame { get; init; } = 0.5;

    public double Zeroing { get; init; } = 0.5;

    public double Eviction { get; init; } = Uniform;

    public double Workload { get; init; } = Uniform;

    /// <summary>Stale wherever it is allowed.</summary>
    public static LabTuning Adversarial { get; } = new();

    /// <summary>What hardware does: short queues, short delays, and caches that decide by their size.</summary>
    public static LabTuning Realistic { get; } = new()
    {
        Turn = 0.1,
        Preemption = 0.1,
        Migration = 0.02,
        FetchAhead = 0.02,
        Delay = 0.02,
        Completion = 0.2,
    };

    public double this[ChoiceKind kind] => kind switch
    {
        ChoiceKind.Turn => Turn,
        ChoiceKind.Preemption => Preemption,
        ChoiceKind.Migration => Migration,
        ChoiceKind.Version => Version,
        ChoiceKind.FetchAhead => FetchAhead,
        ChoiceKind.Delay => Delay,
        ChoiceKind.Completion => Completion,
        ChoiceKind.Frame => Frame,
        ChoiceKind.Zeroing => Zeroing,
        ChoiceKind.Eviction => Eviction,
        ChoiceKind.Workload => Workload,
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
