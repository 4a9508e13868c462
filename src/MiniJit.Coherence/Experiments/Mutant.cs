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

    /// <summary>Why it is no mistake anywhere, or no mistake where it breaks nothing.</summary>
    public string Excuse { get; init; } = "";

    public string Name => Experiment.Name;

    /// <summary>What follows from the rules of the architecture.</summary>
    public MutantVerdict On(MachineType type)
    {
        string excuse = Excuse;
        foreach (Guarantee broken in Breaks)
        {
            GuaranteeRule rule = GuaranteeRule.Of(broken);
            for (int core = 0; core < Experiment.Cores; core++)
            {
                if (rule.IsNeeded(type.RealOf(core)))
                {
                    return new(false, rule.Witness);
                }
            }

            excuse = rule.Excuse;
        }

        if (Judge(Cleans, type, isData: true, ref excuse) || Judge(Invalidates, type, isData: false, ref excuse))
        {
            return new(false, GuaranteeRule.Of(Cleans is not null ? Guarantee.LinesCleaned : Guarantee.LinesInvalidated).Witness);
        }

        return new(true, excuse);
    }

    private bool Judge(LineLoop? loop, MachineType type, bool isData, ref string excuse)
    {
        if (loop is null)
        {
            return false;
        }

        if (loop.MissesLine(Experiment, type, isData))
        {
            return true;
        }

        GuaranteeRule rule = GuaranteeRule.Of(isData ? Guarantee.LinesCleaned : Guarantee.LinesInvalidated);
        excuse = rule.IsNeeded(type.RealOf(0)) ? "its steps touch every line of this machine" : rule.Excuse;
        return false;
    }
}
