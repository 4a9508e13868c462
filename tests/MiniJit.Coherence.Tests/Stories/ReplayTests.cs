using System;
using System.Collections.Generic;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Replay;
using MiniJit.IR;
using Xunit;

namespace MiniJit.Coherence.Tests.Stories;

public sealed class ReplayTests
{
    private const int MaxRuns = 2000;

    [Theory]
    [InlineData("none", "dsb ic dsb sync", nameof(MissingEvent.Clean))]
    [InlineData("none", "clean dsb dsb sync", nameof(MissingEvent.Invalidation))]
    [InlineData("none", "clean ic dsb sync", nameof(MissingEvent.CleanCompletion))]
    [InlineData("none", "ic dsb clean dsb sync", nameof(MissingEvent.InvalidationAfterClean))]
    [InlineData("none", "clean dsb ic sync", nameof(MissingEvent.InvalidationCompletion))]
    [InlineData("none", "clean dsb ic dsb", nameof(MissingEvent.ContextSynchronization))]
    [InlineData("none", "clean dsb store ic dsb sync", nameof(MissingEvent.CleanAfterStore))]
    [InlineData("none", "clean dsb ic dsb store clean dsb sync", nameof(MissingEvent.InvalidationAfterStore))]
    [InlineData("idc", "dsb sync", nameof(MissingEvent.Invalidation))]
    [InlineData("idc", "ic dsb sync", nameof(MissingEvent.StoreCompletion))]
    [InlineData("idc-dic", "dsb", nameof(MissingEvent.ContextSynchronization))]
    [InlineData("dic-erratum", "dsb sync", nameof(MissingEvent.CoherentFetch))]
    public void What_was_left_out_is_what_the_explanation_of_a_shrunk_failure_names(string machine, string steps, string expected)
    {
        PublicationExperiment experiment = new(machine, steps);
        HashSet<MissingEvent> found = [];
        for (ulong seed = 1; seed <= 25; seed++)
        {
            ShrunkRun recorded = ChoiceShrinker.Record(experiment, new SeededChoices(seed, experiment.Cores, LabTuning.Adversarial));
            if (recorded.Failure.IsNone)
            {
                continue;
            }

            ShrunkRun shrunk = ChoiceShrinker.Shrink(experiment, recorded, MaxRuns);
            Assert.True(shrunk.IsMinimal);
            Assert.InRange(shrunk.Choices.Count, 1, 6);
            LabHistory history = new();
            LabFailure failure = experiment.Run(new ReplayedChoices(shrunk.Choices, experiment.Cores), history);
            Assert.True(failure.IsLike(recorded.Failure));

            // A fetch ahead of time may be older than the page's permission; what is missing is the same.
            MissingEvent missing = Explainer.Explain(history, experiment.Machine).Missing;
            found.Add(missing == MissingEvent.ExecutablePage ? MissingEvent.ContextSynchronization : missing);
        }

        Assert.Equal([Enum.Parse<MissingEvent>(expected)], found);
    }

    [Theory]
    [InlineData("none", "clean dsb ic dsb sync")]
    [InlineData("idc", "dsb ic dsb sync")]
    [InlineData("idc-dic", "dsb sync")]
    public void A_complete_publication_leaves_nothing_to_explain(string machine, string steps)
    {
        PublicationExperiment experiment = new(machine, steps);
        for (ulong seed = 1; seed <= 200; seed++)
        {
            Assert.True(ChoiceShrinker.Record(experiment, new SeededChoices(seed, experiment.Cores, LabTuning.Adversarial)).Failure.IsNone);
        }
    }

    [Fact]
    public void No_single_choice_of_a_shrunk_run_can_be_taken_back()
    {
        (PublicationExperiment experiment, ShrunkRun shrunk) = FirstFailure("none", "clean ic dsb");
        for (int i = 0; i < shrunk.Choices.Count; i++)
        {
            List<RecordedChoice> fewer = [.. shrunk.Choices];
            fewer.RemoveAt(i);
            Assert.False(experiment.Run(new ReplayedChoices(fewer, experiment.Cores), null).IsLike(shrunk.Failure));
        }
    }

    [Fact]
    public void Shrinking_twice_gives_the_same_and_stays_within_its_runs()
    {
        (PublicationExperiment experiment, ShrunkRun first) = FirstFailure("none", "clean ic");
        (PublicationExperiment _, ShrunkRun second) = FirstFailure("none", "clean ic");
        Assert.Equal(first.Choices, second.Choices);
        Assert.Equal(first.Runs, second.Runs);
        ShrunkRun recorded = ChoiceShrinker.Record(experiment, new ReplayedChoices(first.Choices, experiment.Cores));
        int before = experiment.Runs;
        ShrunkRun bounded = ChoiceShrinker.Shrink(experiment, recorded, 2);
        Assert.Equal(2, experiment.Runs - before);
        Assert.False(bounded.IsMinimal);
        Assert.Equal(recorded.Choices, bounded.Choices);
    }

    [Fact]
    public void A_recording_is_read_as_it_was_written()
    {
        Recording recording = Sample();
        DiagnosticBag diagnostics = new();
        Recording? read = RecordingReader.Read(new("a.lab", recording.ToString()), diagnostics);
        Assert.True(diagnostics.IsEmpty, diagnostics.ToString());
        Assert.Equal(recording.ToString(), read!.ToString());
        Assert.Equal("none", read.Find("machine"));
        Assert.Null(read.Find("plan"));
        Assert.Equal(recording.Choices, read.Choices);
        Assert.True(read.Failure.IsLike(recording.Failure));
    }

    [Theory]
    [InlineData("", "1:1: error L101")]
    [InlineData("test run\n", "1:1: error L101")]
    [InlineData("minijit-lab 0\nwhatever\n", "1:13: error L102")]
    [InlineData("minijit-lab 1\nexperiment suite\nfails %f\nsymptom x\nchose 1\nend 0\n", "5:1: error L103")]
    [InlineData("minijit-lab 1\nfile 12 a.clif\n", "2:6: error L104")]
    [InlineData("minijit-lab 1\nset\n", "2:4: error L104")]
    [InlineData("minijit-lab 1\nchoice Weather core 1 at 2 takes 1\n", "2:8: error L105")]
    [InlineData("minijit-lab 1\nchoice 3 core 1 at 2 takes 1\n", "2:8: error L105")]
    [InlineData("minijit-lab 1\nchoice Version core -2 at 2 takes 1\n", "2:21: error L104")]
    [InlineData("minijit-lab 1\nchoice Version core 1 at 2 takes 0\n", "2:34: error L104")]
    [InlineData("minijit-lab 1\nchoice Version core 1 at 2 takes 1 more\n", "2:36: error L104")]
    [InlineData("minijit-lab 1\r\nchoice Version core 1 on 2 takes 1\r\n", "2:23: error L104")]
    [InlineData("minijit-lab 1\nexperiment suite\nfails %f\nsymptom x\n", "5:1: error L106")]
    [InlineData("minijit-lab 1\nexperiment suite\nfails %f\nsymptom x\nend 1\n", "6:1: error L107")]
    [InlineData("minijit-lab 1\nexperiment suite\nexperiment suite\n", "3:1: error L111: 'experiment' is there twice")]
    [InlineData("minijit-lab 1\nset cores 1\nset cores 2\n", "3:5: error L111")]
    [InlineData("minijit-lab 1\nchoice Version core 1 at 2 takes 1\nchoice Version core 1 at 2 takes 2\n", "3:8: error L111")]
    public void What_is_wrong_with_a_recording_is_said_with_its_place(string text, string expected)
    {
        DiagnosticBag diagnostics = new();
        Assert.Null(RecordingReader.Read(new("a.lab", text), diagnostics));
        Assert.Contains($"a.lab:{expected}", diagnostics.Items[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_changed_are_pointed_at()
    {
        DiagnosticBag diagnostics = new();
        Recording recording = RecordingReader.Read(new("a.lab", Sample().ToString()), diagnostics)!;
        RecordingReader.CheckFiles(recording, path => path == "filetests/a b.clif" ? "content"u8.ToArray() : null, diagnostics);
        Assert.Equal("a.lab:7:71: error L108: 'gone.clif' cannot be read", Assert.Single(diagnostics.Items).ToString());
        RecordingReader.CheckFiles(recording, _ => "other"u8.ToArray(), diagnostics);
        Assert.StartsWith("a.lab:6:71: error L109", diagnostics.Items[1].ToString(), StringComparison.Ordinal);
    }

    private static Recording Sample() => new()
    {
        Product = "0.1.0",
        Experiment = "suite",
        Settings = [new("machine", "none"), new("cores", "8")],
        Files = [new("filetests/a b.clif", Recording.HashOf("content"u8)), new("gone.clif", Recording.HashOf("x"u8))],
        Failure = new("filetests/a b.clif:3: run: %f(1) == 2", "illegal instruction", "UDF\nat %f+0x4"),
        Choices = [new(ChoiceKind.Version, 3, 17, 1), new(ChoiceKind.Turn, -1, 0, 2)],
    };

    private static (PublicationExperiment Experiment, ShrunkRun Shrunk) FirstFailure(string machine, string steps)
    {
        PublicationExperiment experiment = new(machine, steps);
        for (ulong seed = 1; ; seed++)
        {
            ShrunkRun recorded = ChoiceShrinker.Record(experiment, new SeededChoices(seed, experiment.Cores, LabTuning.Adversarial));
            if (!recorded.Failure.IsNone)
            {
                return (experiment, ChoiceShrinker.Shrink(experiment, recorded, MaxRuns));
            }
        }
    }
}
