using System.Threading.Tasks;
using MiniJit.Coherence.Caches;

namespace MiniJit.Coherence.Experiments;

/// <summary>Runs of one experiment with one seed each.</summary>
/// <param name="Runs">How many.</param>
/// <param name="Failures">How many went wrong.</param>
/// <param name="FirstSeed">The first of those; 0 if there is none.</param>
/// <param name="First">How it went wrong.</param>
/// <param name="Symptoms">How often each kind of outcome came about; null if there were no runs.</param>
internal readonly record struct ExperimentRate(int Runs, int Failures, int FirstSeed, ExperimentOutcome First, int[]? Symptoms)
{
    /// <summary>Runs an experiment with the seeds from 1 on.</summary>
    public static ExperimentRate Of(Experiment experiment, MachineType machine, int runs)
    {
        ExperimentOutcome[] outcomes = new ExperimentOutcome[runs];
        Parallel.For(0, runs, run => outcomes[run] = ExperimentRun.Run(experiment, machine, Seeds.Of(run + 1, experiment)));
        int[] symptoms = new int[ExperimentOutcome.Kinds];
        ExperimentRate rate = new(runs, 0, 0, default, symptoms);
        for (int run = 0; run < runs; run++)
        {
            symptoms[(int)outcomes[run].Kind]++;
            if (outcomes[run].IsFailure)
            {
                rate = rate with
                {
                    Failures = rate.Failures + 1,
                    FirstSeed = rate.FirstSeed == 0 ? run + 1 : rate.FirstSeed,
                    First = rate.FirstSeed == 0 ? outcomes[run] : rate.First,
                };
            }
        }

        return rate;
    }
}

/// <summary>A scenario, tried.</summary>
/// <param name="Without">Without the fix.</param>
/// <param name="With">With it.</param>
/// <param name="Aside">The comparison; of no runs if there is none.</param>
internal readonly record struct ScenarioResult(ExperimentRate Without, ExperimentRate With, ExperimentRate Aside)
{
    /// <summary>Whether the defect showed, and the fix helped.</summary>
    public bool IsAsExpected => Without.Failures > 0 && With.Failures == 0;

    public static ScenarioResult Of(Scenario scenario, int runs) => new(
        ExperimentRate.Of(scenario.Without, scenario.Machine, runs),
        ExperimentRate.Of(scenario.With, scenario.MachineWith ?? scenario.Machine, runs),
        scenario.Aside is null ? default : ExperimentRate.Of(scenario.Aside, scenario.AsideMachine ?? scenario.Machine, runs));
}
