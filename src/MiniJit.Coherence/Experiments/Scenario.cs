using MiniJit.Coherence.Caches;

namespace MiniJit.Coherence.Experiments;

/// <summary>A defect of a real program, as an experiment: without its fix some run goes wrong, with it none does.</summary>
internal sealed record Scenario
{
    /// <summary>What the command line calls it.</summary>
    public required string Name { get; init; }

    /// <summary>Which number it has among the bugs of the coherence reference.</summary>
    public required string Number { get; init; }

    /// <summary>Project and report.</summary>
    public required string Source { get; init; }

    /// <summary>What was wrong, in a sentence.</summary>
    public required string Sentence { get; init; }

    /// <summary>What the fix is, in a few words.</summary>
    public required string Fix { get; init; }

    /// <summary>A machine on which it shows.</summary>
    public required MachineType Machine { get; init; }

    public required Experiment Without { get; init; }

    public required Experiment With { get; init; }

    /// <summary>Where the fix lies in what the machine says of itself: the machine with it.</summary>
    public MachineType? MachineWith { get; init; }

    /// <summary>The same defect where it does not show, or hardly; null if there is nothing to compare with.</summary>
    public Experiment? Aside { get; init; }

    /// <summary>What is different there.</summary>
    public string AsideText { get; init; } = "";

    /// <summary>The machine of the comparison; null: the same one.</summary>
    public MachineType? AsideMachine { get; init; }
}
