// minijit lab replay: a recorded failure, run again. What it prints is the run itself; whether it fails as recorded is the exit code.
using System;
using System.Globalization;
using System.IO;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.Experiments;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Replay;
using MiniJit.Filetests.Tools;
using MiniJit.IR;

namespace MiniJit.Filetests.Lab;

internal static class ReplayTool
{
    /// <summary>The version that recordings name.</summary>
    public static string Product { get; } = typeof(ReplayTool).Assembly.GetName().Version?.ToString(3) ?? "";

    /// <summary>Replays a file.</summary>
    /// <param name="context">Where to.</param>
    /// <param name="path">The recording.</param>
    /// <param name="steps">Whether to print every event.</param>
    /// <param name="page">The file for the page; may be empty.</param>
    public static int Run(ToolContext context, string path, bool steps, string page)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return context.Fail(e.Message);
        }

        DiagnosticBag diagnostics = new();
        SourceText source = new(path, text);
        Recording? recording = RecordingReader.Read(source, diagnostics);
        if (recording is not null)
        {
            RecordingReader.CheckFiles(recording, ContentOf, diagnostics);
        }

        if (!context.Report(diagnostics.Items) || recording is null)
        {
            return ExitCode.Failure;
        }

        if (Find(context, path, recording) is not { } experiment)
        {
            return ExitCode.Failure;
        }

        LabHistory history = new();
        LabFailure failure = experiment.Run(new ReplayedChoices(recording.Choices, experiment.Cores), history);
        if (steps)
        {
            PrintSteps(context, history);
        }

        Explanation story = Explainer.Explain(history, experiment.Machine);
        StoryFrame frame = new(
            failure.IsNone ? recording.Failure.Subject : failure.Subject, failure.IsNone ? "none" : failure.Detail, experiment.Plan, experiment.Machine, $"minijit lab replay {path}");
        context.Output.Write(ExplanationText.Of(history, story, frame));
        bool isWritten = ExperimentReport.TryWrite(context, page, () => TimelinePage.Of(history, story, frame));
        bool isReproduced = failure.IsLike(recording.Failure);
        context.Output.Write(isReproduced ? $"\nIt fails as recorded: {recording.Failure.Symptom}.\n" : "");
        context.Output.Flush();
        if (!isReproduced)
        {
            string version = recording.Product.Length == 0 || recording.Product == Product ? "" : $"; it was recorded by version {recording.Product}, and this is {Product}";
            context.Fail($"{path}: recorded was '{recording.Failure.Symptom}' of {recording.Failure.Subject}, but the run {Describe(failure)}{version}");
        }

        return isReproduced && isWritten ? ExitCode.Success : ExitCode.Failure;
    }

    private static string Describe(in LabFailure failure) => failure.IsNone ? "does not fail" : $"has '{failure.Symptom}' of {failure.Subject}";

    // Null if there is no such experiment, which has been reported.
    private static ILabExperiment? Find(ToolContext context, string path, Recording recording)
    {
        if (recording.Experiment != SuiteExperiment.Kind)
        {
            RepeatedExperiment? repeated = RepeatedExperiment.Find(recording);
            if (repeated is null)
            {
                context.Fail($"{path}: there is no {recording.Experiment} '{recording.Find("name")}'");
            }

            return repeated;
        }

        DiagnosticBag diagnostics = new();
        if (!SuiteExperiment.TryRead(recording, out SuiteOptions options, diagnostics))
        {
            context.Report(diagnostics.Items);
            return null;
        }

        string[] paths = new string[recording.Files.Count];
        for (int i = 0; i < paths.Length; i++)
        {
            paths[i] = recording.Files[i].Path;
        }

        return SuiteTool.TryPrepare(context, paths, out SuiteImage image) && !image.HasWrongFiles ? new SuiteExperiment(image, options) : null;
    }

    private static byte[]? ContentOf(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void PrintSteps(ToolContext context, LabHistory history)
    {
        for (int i = 0; i < history.Count; i++)
        {
            LabEvent happened = history[i];
            context.Output.Write(string.Create(
                CultureInfo.InvariantCulture, $"{happened.Time,10}  {EventText.Core(happened.Core),-7}  {EventText.Of(happened)}{(happened.IsStale ? "   <-- stale" : "")}\n"));
        }

        context.Output.Write("\n");
    }
}
