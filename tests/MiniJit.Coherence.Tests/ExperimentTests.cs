using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.Experiments;
using MiniJit.Coherence.Protocols;
using MiniJit.Coherence.Replay;
using MiniJit.IR;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;
using Xunit;

namespace MiniJit.Coherence.Tests;

public sealed class ExperimentTests
{
    /// <summary>Enough for each defect to show, and few enough for every build.</summary>
    private const int Seeds = 25, MutantSeeds = 75;

    public static TheoryData<string> ScenarioNames => [.. Scenarios.All.ToArray().Select(scenario => scenario.Name)];

    [Fact]
    public void Without_deviations_no_mistake_of_maintenance_shows()
    {
        foreach (Mutant mutant in Mutants.All)
        {
            foreach (MachineType machine in MutantMatrix.Machines)
            {
                ExperimentOutcome outcome = ExperimentRun.Run(mutant.Experiment, machine, new NoChoices());
                Assert.False(outcome.IsFailure && mutant.On(machine).IsSafe, $"{mutant.Name} on {machine.Name}: {outcome}");
            }
        }
    }

    [Fact]
    public void Every_mutant_dies_or_survives_as_the_rules_of_the_architecture_say()
    {
        MutantMatrix matrix = MutantMatrix.Run(MutantSeeds);
        List<string> wrong = [];
        for (int mutant = 0; mutant < Mutants.All.Length; mutant++)
        {
            for (int machine = 0; machine < MutantMatrix.Machines.Length; machine++)
            {
                if (!matrix[mutant, machine].IsAsExpected)
                {
                    wrong.Add($"{Mutants.All[mutant].Name} on {MutantMatrix.Machines[machine].Name}: {matrix[mutant, machine].Outcome}");
                }
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_verdict_has_a_reason()
    {
        foreach (Mutant mutant in Mutants.All)
        {
            foreach (MachineType machine in MutantMatrix.Machines)
            {
                Assert.True(mutant.On(machine).Reason.Length > 0, $"{mutant.Name} on {machine.Name}");
            }
        }
    }

    [Fact]
    public void Rules_need_a_guarantee_where_the_litmus_test_allows_what_it_forbids()
    {
        CacheTraits[] types = [new(false, false), new(true, false), new(true, true)];
        foreach (GuaranteeRule rule in GuaranteeRule.All)
        {
            string[] verdicts = rule.Witness.Split(' ')[1].Split('/');
            for (int i = 0; i < types.Length; i++)
            {
                Assert.True(rule.IsNeeded(types[i]) == (verdicts[i] == "A"), rule.Witness);
            }
        }
    }

    [Fact]
    public void Rules_agree_with_exhaustive_exploration_about_every_edited_plan()
    {
        int judged = 0;
        foreach (Mutant mutant in Mutants.All)
        {
            Experiment experiment = mutant.Experiment;
            if (experiment.Routines.Length > 0 || experiment.EditPort is not null || experiment.System != Publication.SystemPolicy.Bare)
            {
                continue;
            }

            foreach (ProtocolMachine caches in (ReadOnlySpan<ProtocolMachine>)[new("none", false, false), new("idc", true, false), new("both", true, true)])
            {
                PublicationCapabilities capabilities = new(CodeViews.Dual, PublicationMeans.MembarrierSyncCore, caches.DataCoherent, caches.InstructionCoherent);
                Assert.True(PublicationPlan.TryChoose(
                    OperatingSystemKind.Linux, Architecture.Arm64, capabilities, PublicationScenario.ReusedMemory, out PublicationPlan plan, out _));
                plan = experiment.EditPlan?.Invoke(plan) ?? plan;
                EnginePlan asked = new() { Name = mutant.Name, System = SystemContribution.Linux, Steps = [.. plan.Steps] };
                PlanCell cell = new(asked, caches, ProtocolScenario.OtherThread);
                bool isSafe = true;
                foreach (int lines in (ReadOnlySpan<int>)[1, 2])
                {
                    isSafe &= PlanTable.Answer(PlanTable.Question(cell, isWriterCalling: true, lines)).IsSafe;
                    isSafe &= experiment.Cores == 1 || PlanTable.Answer(PlanTable.Question(cell, isWriterCalling: false, lines)).IsSafe;
                }

                MachineType machine = new(caches.Name, [new(caches.DataCoherent, caches.InstructionCoherent)], []);
                Assert.True(isSafe == mutant.On(machine).IsSafe, $"{mutant.Name} on {machine.Name}: exploration says {(isSafe ? "safe" : "unsafe")}");
                judged++;
            }
        }

        Assert.InRange(judged, 3 * 20, int.MaxValue);
    }

    [Fact]
    public void Tables_are_in_the_order_of_their_enums()
    {
        Assert.Equal(Enum.GetValues<Guarantee>(), GuaranteeRule.All.ToArray().Select(rule => rule.Guarantee));
        Assert.Equal(Enum.GetValues<OutcomeKind>().Length, ExperimentOutcome.Kinds);
        Assert.Equal("hang", ExperimentOutcome.NameOf(OutcomeKind.Hang));
        Assert.Equal(Mutants.All.Length, Mutants.All.ToArray().Select(mutant => mutant.Name).Distinct().Count());
    }

    [Fact]
    public void A_seed_gives_the_same_run_each_time()
    {
        Mutant mutant = Mutants.All.ToArray().First(mutant => mutant.Name == "no-core-sync");
        MachineType machine = MachineType.Find("idc-dic")!;
        for (int seed = 1; seed <= 10; seed++)
        {
            ExperimentOutcome[] outcomes = new ExperimentOutcome[2];
            List<RecordedChoice>[] choices = new List<RecordedChoice>[2];
            for (int i = 0; i < 2; i++)
            {
                RecordingChoices recording = new(Experiments.Seeds.Of(seed, mutant.Experiment), mutant.Experiment.Cores);
                outcomes[i] = ExperimentRun.Run(mutant.Experiment, machine, recording);
                choices[i] = recording.Deviations;
            }

            Assert.Equal(outcomes[0], outcomes[1]);
            Assert.Equal(choices[0], choices[1]);
            Assert.Equal(outcomes[0], ExperimentRun.Run(mutant.Experiment, machine, new ReplayedChoices(choices[0], mutant.Experiment.Cores)));
        }
    }

    [Theory]
    [MemberData(nameof(ScenarioNames))]
    public void A_scenario_fails_without_its_fix_and_passes_with_it(string name)
    {
        ScenarioResult result = ScenarioResult.Of(Scenarios.Find(name)!, Seeds);
        Assert.InRange(result.Without.Failures, 1, Seeds);
        Assert.True(result.With.Failures == 0, result.With.First.ToString());
    }

    [Theory]
    [InlineData("fence-i", true)]
    [InlineData("stubs", true)]
    [InlineData("erlang", false)]
    public void Where_it_does_not_matter_a_defect_shows_less_or_not_at_all(string name, bool isGone)
    {
        ScenarioResult result = ScenarioResult.Of(Scenarios.Find(name)!, 100);
        Assert.InRange(result.Aside.Failures, isGone ? 0 : 1, isGone ? 0 : result.Without.Failures / 2);
    }

    [Fact]
    public void The_minimum_set_of_bugs_is_there()
    {
        HashSet<string> numbers = [.. Scenarios.All.ToArray().Select(scenario => scenario.Number)];
        Assert.Superset((HashSet<string>)["1", "3", "4", "6", "7", "9", "11", "13", "15", "16", "19", "21", "22", "24", "25"], numbers);
    }

    [Fact]
    public void Pages_from_the_heap_are_stale_from_the_second_generation_on_and_never_before()
    {
        Scenario scenario = Scenarios.Find("heap-reuse")!;
        for (int seed = 1; seed <= Seeds; seed++)
        {
            ExperimentOutcome outcome = ExperimentRun.Run(scenario.Without, scenario.Machine, Experiments.Seeds.Of(seed, scenario.Without));
            Assert.True(!outcome.IsFailure || outcome.Generation >= 2, outcome.ToString());
        }
    }

    [Fact]
    public void A_patched_instruction_that_is_not_invalidated_gives_the_old_result()
    {
        Scenario scenario = Scenarios.Find("patch-in-place")!;
        ExperimentRate rate = ExperimentRate.Of(scenario.Without, scenario.Machine, Seeds);
        Assert.Equal(rate.Failures, rate.Symptoms![(int)OutcomeKind.OldResult]);
    }

    [Fact]
    public void The_loop_of_our_routines_misses_no_line_of_any_machine()
    {
        Experiment experiment = Mutants.All[0].Experiment;
        foreach (MachineType machine in MutantMatrix.Machines)
        {
            Assert.False(new LineLoop().MissesLine(experiment, machine, isData: true), machine.Name);
            Assert.False(new LineLoop().MissesLine(experiment, machine, isData: false), machine.Name);
        }
    }

    [Fact]
    public void Edited_routines_keep_their_entries_and_their_branches()
    {
        Assert.Equal(Arm64CacheRoutines.Words.ToArray(), RoutineEditor.Edit(static _ => { }, Arm64CacheRoutines.Clean, Arm64CacheRoutines.Invalidate));

        // One instruction more: the routine moves, and a branch stands where it was.
        uint[] words = RoutineEditor.Edit(static lines => lines.Insert(0, new("NOP")), Arm64CacheRoutines.Clean);
        int behind = Arm64CacheRoutines.Words.Length;
        Assert.Equal(0x1400_0000u | (uint)(behind - Arm64CacheRoutines.Clean), words[Arm64CacheRoutines.Clean]);
        Assert.Equal(GuestCode.Assemble("NOP"), words[behind..(behind + 1)]);
        Assert.Equal(
            Arm64CacheRoutines.Words[Arm64CacheRoutines.Clean..Arm64CacheRoutines.Invalidate].ToArray(), words[(behind + 1)..]);
    }

    [Fact]
    public void Test_functions_of_two_versions_differ_in_every_line_of_16_bytes()
    {
        uint[] odd = new uint[TestFunction.Length], even = new uint[TestFunction.Length];
        TestFunction.Write(odd, 1);
        TestFunction.Write(even, 2);
        for (int start = -TestFunction.Offset / 4; start < TestFunction.Length; start += 4)
        {
            int first = Math.Max(start, 0), end = Math.Min(start + 4, TestFunction.Length);

            // The first lines hold nothing but the branch over the endings and the endings.
            Assert.True(end <= 5 || !odd.AsSpan(first, end - first).SequenceEqual(even.AsSpan(first, end - first)), $"word {first}");
        }
    }

    [Fact]
    public void Killed_mutants_are_explained_by_what_they_break()
    {
        List<string> wrong = [];
        int explained = 0;
        foreach (Mutant mutant in Mutants.All)
        {
            foreach (string name in (ReadOnlySpan<string>)["none", "idc", "idc-dic", "mixed-lines"])
            {
                MachineType machine = MutantMatrix.FindMachine(name)!;
                MutantCell cell = MutantMatrix.Try(mutant, machine, mutant.On(machine).IsSafe ? 1 : MutantSeeds);
                if (cell.Survived)
                {
                    continue;
                }

                RepeatedExperiment repeated = new(mutant.Experiment, machine);
                MissingEvent missing = Explainer.Explain(repeated.Remember(repeated.Shrink(cell.Seed).Choices), machine).Missing;
                explained++;
                if (!Explanations(mutant).Contains(missing))
                {
                    wrong.Add($"{mutant.Name} on {name}: {missing}");
                }
            }
        }

        Assert.Empty(wrong);
        Assert.InRange(explained, 100, int.MaxValue);
    }

    [Fact]
    public void A_recorded_failure_is_found_again_and_fails_in_the_same_way()
    {
        Scenario scenario = Scenarios.Find("patch-in-place")!;
        Mutant mutant = Mutants.Find("no-core-sync")!;
        MachineType machine = MutantMatrix.FindMachine("long-data")!;
        ShrunkRun[] runs = [RepeatedExperiment.Of(scenario).Shrink(1), new RepeatedExperiment(mutant.Experiment, machine).Shrink(1)];
        Recording[] recordings = [RepeatedExperiment.Record("1.0.0", scenario, runs[0]), RepeatedExperiment.Record("1.0.0", mutant, machine, runs[1])];
        foreach (Recording recording in recordings)
        {
            DiagnosticBag diagnostics = new();
            Recording read = RecordingReader.Read(new SourceText("recording", recording.ToString()), diagnostics)!;
            RepeatedExperiment experiment = RepeatedExperiment.Find(read)!;
            Assert.Equal(recording.Failure, experiment.Run(new ReplayedChoices(read.Choices, experiment.Cores), null));
        }

        Assert.Null(RepeatedExperiment.Find(recordings[1] with { Settings = [new("name", "no-core-sync"), new("machine", "nowhere")] }));
    }

    /// <summary>What may turn out to be missing where a guarantee is broken: stages that follow each other are often missing together.</summary>
    private static HashSet<MissingEvent> Explanations(Mutant mutant)
    {
        HashSet<MissingEvent> all = [];
        foreach (Guarantee broken in mutant.Breaks)
        {
            all.UnionWith(broken switch
            {
                Guarantee.LinesCleaned => [MissingEvent.Clean],
                Guarantee.CleansFirst => [MissingEvent.CleanCompletion, MissingEvent.InvalidationAfterClean],
                Guarantee.StoresFirst => [MissingEvent.StoreCompletion, MissingEvent.CleanCompletion],
                Guarantee.LinesInvalidated => [MissingEvent.Invalidation],
                Guarantee.InvalidationsDone => [MissingEvent.InvalidationCompletion, MissingEvent.InvalidationOnCore, MissingEvent.ContextSynchronization],
                Guarantee.ReachableLast => [MissingEvent.InvalidationCompletion, MissingEvent.ContextSynchronization],
                _ => (MissingEvent[])[MissingEvent.ContextSynchronization],
            });
        }

        if (mutant.Cleans is not null)
        {
            all.UnionWith([MissingEvent.Clean, MissingEvent.CleanOfLine]);
        }

        if (mutant.Invalidates is not null)
        {
            all.UnionWith([MissingEvent.Invalidation, MissingEvent.InvalidationOfLine]);
        }

        return all;
    }
}
