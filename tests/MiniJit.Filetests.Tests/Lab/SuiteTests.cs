using System;
using System.Collections.Generic;
using System.IO;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Publication;
using MiniJit.Filetests.Lab;
using MiniJit.Filetests.Stress;
using MiniJit.Filetests.Tools;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;
using Xunit;

namespace MiniJit.Filetests.Tests.Lab;

/// <summary><c>minijit lab suite</c>.</summary>
public sealed class SuiteTests
{
    private const string Files = """
        test run
        target aarch64
        function %triple(i64) -> i64 {
        block0(v0: i64):
            v1 = iconst.i64 3
            v2 = imul v0, v1
            return v2
        }
        ; run: %triple(5) == 15
        ; run: %triple(-1) == -3
        function %divide(i64, i64) -> i64 {
        block0(v0: i64, v1: i64):
            v2 = udiv v0, v1
            return v2
        }
        ; run: %divide(12, 4) == 3
        ; trap: %divide(1, 0) == int_divz
        """;

    private static readonly SuiteImage s_image = Load();

    [Fact]
    public void The_whole_protocol_never_fails_whatever_machine_and_system()
    {
        foreach (MachineType machine in MachineType.All)
        {
            foreach (SystemPolicy system in SystemPolicy.All)
            {
                // macOS runs on machines whose data caches instruction fetch sees. Nothing can be done about kernels and processors that lie.
                bool isExcused = (system.Kind == OperatingSystemKind.MacOS && !machine.RealOf(0).DataCoherent)
                    || system.Membarrier == MembarrierAnswer.Lies || machine.Claimed.Length > 0;
                foreach (CodeViews views in new[] { CodeViews.Flip, CodeViews.Dual })
                {
                    foreach (bool keeps in new[] { false, true })
                    {
                        SuiteOptions options = new() { Cores = 4, Machine = machine, System = system, Views = views, KeepsMemory = keeps, FileRuns = 25 };
                        SuiteResult result = SuiteRun.Run(s_image, options, options.ChoicesOf(1));
                        Assert.True(isExcused || result.IsGood, $"{options.Describe(1)}: {(result.IsGood ? "" : result.Failures[0].ToString())}");
                        Assert.Equal((25, 25 * 4L), (result.FileRuns, result.Commands));
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData("no-clean")]
    [InlineData("no-invalidate")]
    [InlineData("no-barriers")]
    [InlineData("no-core-sync")]
    [InlineData("nothing")]
    public void Each_step_is_missed_on_a_machine_that_needs_it(string plan)
    {
        SuiteOptions options = Windows(plan) with { FileRuns = 600 };
        Assert.False(SuiteRun.Run(s_image, options, options.ChoicesOf(1)).IsGood);
    }

    [Fact]
    public void Without_choices_nothing_goes_wrong_even_without_a_protocol() =>
        Assert.True(SuiteRun.Run(s_image, Windows("nothing") with { FileRuns = 50 }, new NoChoices()).IsGood);

    [Fact]
    public void A_seed_is_a_run_on_any_number_of_host_threads()
    {
        Assert.Equal(Report(1), Report(3));

        static List<string> Report(int threads)
        {
            List<string> lines = [];
            SuiteTool.RunAll(s_image, Windows("nothing") with { FileRuns = 20 }, 7, 12, threads, (run, result) =>
            {
                lines.Add($"{run} {result.Commands} {result.Instructions}");
                foreach (SuiteFailure failure in result.Failures)
                {
                    lines.Add(failure.ToString());
                }
            });
            return lines;
        }
    }

    [Fact]
    public void What_was_recorded_is_the_same_run_again_and_listening_changes_nothing()
    {
        SuiteOptions options = Windows("no-core-sync") with { FileRuns = 300, StopsAtFailure = true };
        RecordingChoices recording = new(options.ChoicesOf(3), options.Cores);
        SuiteResult first = SuiteRun.Run(s_image, options, recording);
        Assert.False(first.IsGood);
        LabHistory history = new();
        SuiteResult second = SuiteRun.Run(s_image, options, new ReplayedChoices(recording.Deviations, options.Cores), history);
        Assert.Equal(first.Failures[0].ToString(), second.Failures[0].ToString());
        Assert.Equal(first.Instructions, second.Instructions);
        for (int i = 0; i < history.Count; i++)
        {
            Assert.Equal(i + 1, history[i].Time);
        }
    }

    [Fact]
    public void Threads_that_share_a_core_keep_their_registers()
    {
        SuiteOptions options = new() { Cores = 2, Workers = 7, FileRuns = 100 };
        for (ulong seed = 1; seed <= 5; seed++)
        {
            SuiteResult result = SuiteRun.Run(s_image, options, options.ChoicesOf(seed));
            Assert.True(result.IsGood, result.IsGood ? "" : result.Failures[0].ToString());
        }
    }

    [Fact]
    public void A_failure_is_shrunk_explained_recorded_and_replayed()
    {
        string directory = Directory.CreateTempSubdirectory("minijit-replay").FullName;
        try
        {
            string file = Path.Combine(directory, "test.clif"), record = Path.Combine(directory, "run.txt"), page = Path.Combine(directory, "run.html");
            File.WriteAllText(file, Files);
            using StringWriter output = new(), error = new();
            ToolContext context = new(output, error);
            SuiteOptions options = Windows("no-clean") with { FileRuns = 10 };
            Assert.Equal(1, SuiteTool.Run(context, [file], options, 1, 2, 2, new(Explains: true, page, record)));
            Assert.Contains("missing    DC CVAU", output.ToString(), StringComparison.Ordinal);
            Assert.Contains("<svg", File.ReadAllText(page), StringComparison.Ordinal);

            output.GetStringBuilder().Clear();
            Assert.True(ReplayTool.Run(context, record, steps: true, "") == 0, error.ToString());
            Assert.Contains("missing    DC CVAU", output.ToString(), StringComparison.Ordinal);

            File.WriteAllText(file, Files + "\n");
            Assert.Equal(1, ReplayTool.Run(context, record, steps: false, ""));
            Assert.Contains("has changed since", error.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void Files_that_cannot_be_run_are_named_and_the_others_run()
    {
        string directory = Directory.CreateTempSubdirectory("minijit-omissions").FullName;
        try
        {
            string Write(string name, string text)
            {
                string path = Path.Combine(directory, name);
                File.WriteAllText(path, text);
                return path;
            }

            Write("good.clif", Files);
            Write("none.clif", "test cat\nfunction %f() {\nblock0:\n    return\n}\n");
            string outside = Write("outside.clif", "test run\ntarget aarch64\nfunction %f() -> i64 {\n    fn0 = %g() -> i64\nblock0:\n    v0 = call fn0()\n    return v0\n}\n; run: %f() == 1\n");
            using StringWriter output = new(), error = new();
            Assert.Equal(ExitCode.Success, SuiteTool.Run(new(output, error), [directory], Windows("full"), 1, 1, 1, default));
            Assert.Equal("", error.ToString());
            Assert.Contains($"left out because it needs %g, which is not in the file: {outside}\n", output.ToString(), StringComparison.Ordinal);
            Assert.Contains("files left out because they have no run commands for aarch64: 1\n", output.ToString(), StringComparison.Ordinal);

            string garbage = Write("garbage.clif", "garbage");
            output.GetStringBuilder().Clear();
            Assert.Equal(ExitCode.Failure, SuiteTool.Run(new(output, error), [directory], Windows("full"), 1, 1, 1, default));
            Assert.StartsWith($"{garbage}:1:1: error", error.ToString(), StringComparison.Ordinal);
            Assert.Contains("files left out because they are wrong: 1\n1 runs, 0 failed", output.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static SuiteOptions Windows(string plan) => new() { Cores = 4, System = SystemPolicy.Find("windows")!, Plan = StressVariant.Find(plan)! };

    private static SuiteImage Load()
    {
        string file = Path.Combine(Path.GetTempPath(), $"minijit-suite-{Environment.ProcessId}.clif");
        File.WriteAllText(file, Files);
        try
        {
            SuiteImage image = SuiteImage.Load([file]);
            Assert.Empty(image.Omissions);
            SuiteResult truth = SuiteRun.Calibrate(image);
            Assert.Equal(4, image.Commands);
            Assert.True(truth.IsGood, truth.IsGood ? "" : truth.Failures[0].ToString());
            return image;
        }
        finally
        {
            File.Delete(file);
        }
    }
}
