using System;
using System.IO;
using MiniJit.Coherence.Replay;
using MiniJit.Filetests.Lab;
using MiniJit.Filetests.Stress;
using MiniJit.Filetests.Tools;
using Xunit;

namespace MiniJit.Filetests.Tests.Lab;

/// <summary>From a failing suite to its recording and back.</summary>
public sealed class ReplayToolTests : IDisposable
{
    private const string Source = """
        test run
        target aarch64
        function %first(i64) -> i64 {
        block0(v0: i64):
            v1 = iconst.i64 1
            v2 = iadd v0, v1
            return v2
        }
        ; run: %first(5) == 6
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("minijit-").FullName;

    public ReplayToolTests()
    {
        for (int i = 0; i < 6; i++)
        {
            File.WriteAllText(PathOf($"{i}.clif"), Source.Replace("i64 1", $"i64 {i + 1}", StringComparison.Ordinal).Replace("== 6", $"== {i + 6}", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_recorded_failure_of_a_suite_is_small_and_fails_again()
    {
        string record = PathOf("a.lab"), page = PathOf("a.html");
        (int exit, string output, string errors) = Suite(new(true, page, record));
        Assert.Equal("", errors);
        Assert.Equal(ExitCode.Failure, exit);
        Assert.Contains($"Replay it with: minijit lab replay {record}", output, StringComparison.Ordinal);
        Assert.Contains("missing here: IC IVAU", output, StringComparison.Ordinal);
        Assert.StartsWith("<!DOCTYPE html>", File.ReadAllText(page), StringComparison.Ordinal);
        ReadRecording(record, out Recording recording);
        Assert.InRange(recording.Choices.Count, 1, 6);
        Assert.InRange(recording.Files.Count, 1, 5);

        (exit, output, errors) = Capture(context => ReplayTool.Run(context, record, steps: true, PathOf("b.html")));
        Assert.Equal((ExitCode.Success, ""), (exit, errors));
        Assert.Contains("   <-- stale\n", output, StringComparison.Ordinal);
        Assert.EndsWith($"It fails as recorded: {recording.Failure.Symptom}.\n", output, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(page), File.ReadAllText(PathOf("b.html")));
    }

    [Fact]
    public void A_recording_whose_choices_are_gone_does_not_fail_as_recorded()
    {
        string record = PathOf("a.lab");
        Suite(new(false, null, record));
        ReadRecording(record, out Recording recording);
        File.WriteAllText(record, (recording with { Choices = [], Product = "0.0.1" }).ToString());
        (int exit, _, string errors) = Capture(context => ReplayTool.Run(context, record, false, ""));
        Assert.Equal(ExitCode.Failure, exit);
        Assert.Contains("does not fail; it was recorded by version 0.0.1", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_recording_of_files_that_changed_is_not_replayed()
    {
        string record = PathOf("a.lab");
        Suite(new(false, null, record));
        ReadRecording(record, out Recording recording);
        File.AppendAllText(recording.Files[0].Path, "; more\n");
        (int exit, string output, string errors) = Capture(context => ReplayTool.Run(context, record, false, ""));
        Assert.Equal((ExitCode.Failure, ""), (exit, output));
        Assert.Contains("error L109", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_recorded_scenario_fails_again()
    {
        string record = PathOf("s.lab");
        Assert.Equal(ExitCode.Success, Capture(context => ScenarioTools.Run(context, "patch-in-place", 5, new(false, null, record))).Exit);
        (int exit, string output, string errors) = Capture(context => ReplayTool.Run(context, record, false, ""));
        Assert.Equal((ExitCode.Success, ""), (exit, errors));
        Assert.Contains("It fails as recorded", output, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string PathOf(string name) => Path.Combine(_directory, name).Replace('\\', '/');

    private (int Exit, string Output, string Errors) Suite(ReportRequest request)
    {
        SuiteOptions options = new() { Cores = 4, Plan = StressVariant.Find("no-invalidate")!, KeepsMemory = true };
        return Capture(context => SuiteTool.Run(context, [_directory], options, 1, 20, 1, request));
    }

    private static void ReadRecording(string path, out Recording recording)
    {
        IR.DiagnosticBag diagnostics = new();
        recording = RecordingReader.Read(new(path, File.ReadAllText(path)), diagnostics)!;
        Assert.True(diagnostics.IsEmpty, diagnostics.ToString());
    }

    private static (int Exit, string Output, string Errors) Capture(Func<ToolContext, int> run)
    {
        using StringWriter output = new() { NewLine = "\n" }, errors = new() { NewLine = "\n" };
        int exit = run(new ToolContext(output, errors));
        return (exit, output.ToString(), errors.ToString());
    }
}
