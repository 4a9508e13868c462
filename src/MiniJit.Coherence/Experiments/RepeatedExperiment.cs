// Experiments for those who run them again and again: to shrink a failing run, to explain it, to replay it from a file.
using System.Collections.Generic;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Replay;

namespace MiniJit.Coherence.Experiments;

/// <summary>An experiment on a machine.</summary>
/// <param name="experiment">The experiment.</param>
/// <param name="machine">The machine.</param>
internal sealed class RepeatedExperiment(Experiment experiment, MachineType machine) : ILabExperiment
{
    /// <summary>Kinds of experiments in recordings, and the names of their settings.</summary>
    private const string ScenarioKind = "scenario", MutantKind = "mutant", NameSetting = "name", MachineSetting = "machine";

    /// <summary>Runs that shrinking may take: a run is a fraction of a millisecond.</summary>
    private const int MaxRuns = 4000;

    public int Cores => experiment.Cores;

    public MachineType Machine => machine;

    public string Plan => experiment.Sentence;

    /// <summary>A scenario without its fix.</summary>
    public static RepeatedExperiment Of(Scenario scenario) => new(scenario.Without with { Sentence = scenario.Sentence }, scenario.Machine);

    public LabFailure Run(ChoiceSource choices, ILabHistory? history)
    {
        ExperimentOutcome outcome = ExperimentRun.Run(experiment, machine, choices, history);
        return outcome.IsFailure ? new(experiment.Name, outcome.Name, outcome.ToString()) : default;
    }

    /// <summary>Runs a seed and takes back what it does not need to fail; it must fail.</summary>
    public ShrunkRun Shrink(int seed)
    {
        // It fails with the same symptom, but what exactly comes out may be something else.
        ShrunkRun run = ChoiceShrinker.Shrink(this, ChoiceShrinker.Record(this, Seeds.Of(seed, experiment)), MaxRuns);
        return run with { Failure = Run(new ReplayedChoices(run.Choices, Cores), null) };
    }

    /// <summary>Runs choices with a history.</summary>
    public LabHistory Remember(IEnumerable<RecordedChoice> choices)
    {
        LabHistory history = new();
        _ = Run(new ReplayedChoices(choices, Cores), history);
        return history;
    }

    /// <summary>A failing run of a scenario without its fix, as a file.</summary>
    public static Recording Record(string product, Scenario scenario, in ShrunkRun run) => new()
    {
        Product = product,
        Experiment = ScenarioKind,
        Settings = [new(NameSetting, scenario.Name)],
        Failure = run.Failure,
        Choices = run.Choices,
    };

    /// <summary>A failing run of a mutant, as a file.</summary>
    public static Recording Record(string product, Mutant mutant, MachineType machine, in ShrunkRun run) => new()
    {
        Product = product,
        Experiment = MutantKind,
        Settings = [new(NameSetting, mutant.Name), new(MachineSetting, machine.Name)],
        Failure = run.Failure,
        Choices = run.Choices,
    };

    /// <summary>What a recording is of, if it is of a scenario or of a mutant that there is; otherwise null.</summary>
    public static RepeatedExperiment? Find(Recording recording)
    {
        string name = recording.Find(NameSetting) ?? "", machine = recording.Find(MachineSetting) ?? "";
        switch (recording.Experiment)
        {
            case ScenarioKind when Scenarios.Find(name) is { } scenario:
                return Of(scenario);
            case MutantKind when Mutants.Find(name) is { } mutant && MutantMatrix.FindMachine(machine) is { } type:
                return new(mutant.Experiment, type);
            default:
                return null;
        }
    }
}
