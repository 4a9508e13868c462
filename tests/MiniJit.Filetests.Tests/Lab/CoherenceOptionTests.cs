using System;
using MiniJit.Coherence.Caches;
using MiniJit.Filetests.Files;
using MiniJit.Filetests.Lab;
using MiniJit.IR;
using Xunit;

namespace MiniJit.Filetests.Tests.Lab;

/// <summary>The line of <c>test coherence</c>.</summary>
public sealed class CoherenceOptionTests
{
    [Fact]
    public void Options_say_on_what_and_what_comes_of_it()
    {
        string[] words = ["coherence", "plan=no-clean", "machine=idc", "system=windows", "cores=3", "workers=5", "mode=realistic", "views=two", "memory=kept", "files=7", "runs=2", "seed=9", "expect=access-fault"];
        Assert.True(CoherenceOptions.TryParse(words, out CoherenceOptions options, out _, out string error), error);
        SuiteOptions suite = options.Suite;
        Assert.Equal(("no-clean", "idc", "windows", 3, 5, 7), (suite.Plan.Name, suite.Machine.Name, suite.System.Name, suite.Cores, suite.Workers, suite.FileRuns));
        Assert.Equal((LabMode.Realistic, true, 2, 9ul, "access-fault"), (suite.Mode, suite.KeepsMemory, options.Runs, options.Seed, options.Expect.Name));
    }

    [Theory]
    [InlineData("test coherence plan=none", "column 16: 'none' is no plan: full, no-clean")]
    [InlineData("test coherence  machine=none   cores=65", "column 32: '65' is no cores: a number from 1 to 64")]
    [InlineData("test coherence expect=safe expect=fails", "column 28: 'expect' is given twice")]
    [InlineData("test coherence speed=high", "column 16: 'speed' is no option of test coherence: plan, machine")]
    [InlineData("test coherence mode", "column 16: '' is no mode: adversarial or realistic")]
    public void What_is_wrong_with_a_line_is_said_with_its_place(string line, string expected)
    {
        ParsedFile file = new Parser().Read(new SourceText("test.clif", $"{line}\ntarget aarch64\nfunction %f() {{\nblock0:\n    return\n}}\n; run: %f() == []\n"));
        TestPlan plan = TestPlan.Create(file);
        Assert.Equal(1, plan.Problem.Line);
        Assert.StartsWith(expected, plan.Problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 1088, 0, 0.0035)]
    [InlineData(20, 20, 0.8389, 1)]
    [InlineData(5, 10, 0.2366, 0.7634)]
    public void Intervals_are_those_of_Wilson(long count, long of, double low, double high)
    {
        Proportion proportion = new(count, of);
        Assert.Equal(low, proportion.Low, 4);
        Assert.Equal(high, proportion.High, 4);
    }

    [Fact]
    public void An_experiment_that_was_recorded_can_be_read_again()
    {
        SuiteOptions options = Pr4997.OptionsOf(Pr4997.Plans[2], Pr4997.Settings[3]);
        SuiteExperiment experiment = new(SuiteImage.Of([]), options);
        Coherence.Replay.Recording recording = new()
        {
            Product = "", Experiment = SuiteExperiment.Kind, Settings = experiment.Settings, Failure = new("file:1", "hang"),
        };
        DiagnosticBag diagnostics = new();
        Assert.True(SuiteExperiment.TryRead(recording, out SuiteOptions read, diagnostics), diagnostics.ToString());
        Assert.Equal(options with { Tuning = null, StopsAtFailure = false }, read);
    }

    [Fact]
    public void Settings_of_a_recording_that_are_wrong_are_reported_where_they_stand()
    {
        string text = "minijit-lab 1\nexperiment suite\nset cores 65\nset plan full\nset speed 1\nfails f:1\nsymptom hang\nend 0\n";
        DiagnosticBag diagnostics = new();
        Coherence.Replay.Recording? recording = Coherence.Replay.RecordingReader.Read(new SourceText("run.lab", text), diagnostics);
        Assert.NotNull(recording);
        Assert.False(SuiteExperiment.TryRead(recording, out _, diagnostics));
        Assert.Collection(
            diagnostics.Items,
            static first => Assert.Equal("run.lab:3:5: error L110: 'cores 65' is no setting of a suite", first.Format().Split('\n')[0]),
            static second => Assert.Equal("run.lab:5:5: error L110: 'speed 1' is no setting of a suite", second.Format().Split('\n')[0]));
    }
}
