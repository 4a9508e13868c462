using System;
using MiniJit.Coherence.Caches;

namespace MiniJit.Coherence.Experiments;

/// <summary>What the architecture says about a mutant on a machine.</summary>
/// <param name="IsSafe">Whether no run may go wrong; otherwise some run must.</param>
/// <param name="Reason">The rule.</param>
internal readonly record struct MutantVerdict(bool IsSafe, string Reason);

/// <summary>The runtime's publication with one mistake in it.</summary>
internal sealed record Mutant
{
    /// <summary>The publication with its mistake.</summary>
    public required Experiment Experiment { get; init; }

    /// <summary>What it breaks, wherever that is needed.</summary>
    public Guarantee[] Breaks { get; init; } = [];

    /// <summary>Its loop over data lines, if that is the mistake.</summary>
    public LineLoop? Cleans { get; init; }

    /// <summary>Its loop over instruction lines, if that is the mistake.</summary>
    public LineLoop? Invalidates { get; init; }

    /// <summary>Why it is no mistake anywhere, or what else it takes to be none where nothing that it breaks is needed.</summary>
    public string Excuse { get; init; } = "";

    public string Name => Experiment.Name;

    /// <summary>What follows from the rules of the architecture.</summary>
    public MutantVerdict On(MachineType type)
    {
        string excuse = "";
        foreach (Guarantee broken in Breaks)
        {
            GuaranteeRule rule = GuaranteeRule.Of(broken);
            if (rule.IsNeededOn(type, Experiment.Cores))
            {
                return new(false, rule.Witness);
            }

            excuse = rule.Excuse;
        }

        foreach ((LineLoop? loop, Guarantee broken) in (ReadOnlySpan<(LineLoop?, Guarantee)>)[(Cleans, Guarantee.LinesCleaned), (Invalidates, Guarantee.LinesInvalidated)])
        {
            GuaranteeRule rule = GuaranteeRule.Of(broken);
            if (loop is not null && loop.MissesLine(Experiment, type, isData: broken == Guarantee.LinesCleaned))
            {
                return new(false, rule.Witness);
            }

            excuse = loop is null ? excuse : rule.IsNeededOn(type, Experiment.Cores) ? "its steps touch every line of this machine" : rule.Excuse;
        }

        return new(true, excuse.Length == 0 || Excuse.Length == 0 ? excuse + Excuse : $"{excuse}; {Excuse}");
    }
}
