using System;
using System.Collections.Generic;
using System.IO;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.Experiments;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Replay;
using MiniJit.Filetests.Tools;
using MiniJit.IR;

namespace MiniJit.Filetests.Lab;

/// <summary><c>minijit lab replay</c>: a recorded run once more.</summary>
internal static class ReplayTool
{
    /// <summary>Replays.</summary>
    /// <param name="context">Where to.</param>
    /// <param name="path">The recording.</param>
    /// <param name="steps">Whether to print every event.</param>
    /// <param name="page">The file for the page; empty for none.</param>
    /// <returns>Success if the run fails as it did when it was recorded.</returns>
    public static int Run(ToolContext context, string path, bool steps, string page)
    {
        if (TryRead(context, path) is not { } recording || !TryFind(context, recording, out ILabExperiment? experiment))
        {
            return ExitCode.Failure;
        }

        LabHistory history = new();
        LabFailure failure = experiment!.Run(new ReplayedChoices(recording.Choices, experiment.Cores), history);
        if (steps)
        {
            for (int i = 0; i < history.Count; i++)
            {
                LabEvent happened = history[i];
                context.Output.Write(FormattableString.Invariant($"{happened.Time,8}  {(happened.Core < 0 ? "system " : $"core {happened.Core,-2}")}  {EventText.Of(happened)}\n"));
            }

            context.Output.Write("\n");
        }

        if (!failure.IsLike(recording.Failure))
        {
            string now = failure.IsNone ? "nothing fails" : $"{failure.Subject} fails: {failure.Symptom}";
            return context.Fail($"{path}: {now}, but {recording.Failure.Subject} failed with {recording.Failure.Symptom} when this was recorded");
        }

        Explanation story = Explainer.Explain(history, experiment.Machine);
        StoryFrame frame = new(failure.Subject, failure.Symptom, experiment.Plan, experiment.Machine, $"minijit lab replay {path}");
        context.Output.Write(ExplanationText.Of(history, story, frame));
        return ExperimentReport.TryWrite(context, page, () => TimelinePage.Of(history, story, frame)) ? ExitCode.Success : ExitCode.Failure;
    }

    private static Recording? TryRead(ToolContext context, string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            context.Fail(e.Message);
            return null;
        }

        DiagnosticBag diagnostics = new();
        Recording? recording = RecordingReader.Read(new SourceText(path, text), diagnostics);
        if (recording is not null)
        {
            RecordingReader.CheckFiles(recording, static file => File.Exists(file) ? File.ReadAllBytes(file) : null, diagnostics);
        }

        return context.Report(diagnostics.Items) ? recording : null;
    }

    private static bool TryFind(ToolContext context, Recording recording, out ILabExperiment? experiment)
    {
        experiment = RepeatedExperiment.Find(recording);
        if (experiment is not null)
        {
            return true;
        }

        if (recording.Experiment != SuiteExperiment.Kind)
        {
            context.Fail($"there is no experiment {recording.Experiment} {recording.Find("name")}");
            return false;
        }

        if (!SuiteExperiment.TryRead(recording, out SuiteOptions options, out string problem))
        {
            context.Fail(problem);
            return false;
        }

        List<string> paths = [];
        foreach (RecordedFile file in recording.Files)
        {
            paths.Add(file.Path);
        }

        if (!SuiteTool.TryLoad(context, paths, out SuiteImage image))
        {
            return false;
        }

        experiment = new SuiteExperiment(image, options);
        return true;
    }
}
