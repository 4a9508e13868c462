// What a failing run of an experiment becomes: shrunk, explained as text and as a page, and recorded for `minijit lab replay`.
using System;
using System.Globalization;
using System.IO;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.Experiments;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Replay;

namespace MiniJit.Filetests.Tools;

/// <summary>What the command line asks for; <c>default</c> is nothing.</summary>
/// <param name="Explains">Whether to print the explanation.</param>
/// <param name="Page">The file for the page.</param>
/// <param name="Record">The file for the recording.</param>
internal readonly record struct ReportRequest(bool Explains, string? Page, string? Record)
{
    public bool IsEmpty => !Explains && string.IsNullOrEmpty(Page) && string.IsNullOrEmpty(Record);
}

internal static class ExperimentReport
{
    /// <summary>Reports on a seed that fails.</summary>
    /// <param name="context">Where to.</param>
    /// <param name="experiment">The experiment.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="command">The command that shows this again.</param>
    /// <param name="record">Makes the recording.</param>
    /// <returns>Whether all files could be written.</returns>
    public static bool Write(
        ToolContext context, RepeatedExperiment experiment, int seed, in ReportRequest request, string command, Func<ShrunkRun, Recording> record)
    {
        if (request.IsEmpty)
        {
            return true;
        }

        ShrunkRun run = experiment.Shrink(seed);
        return Write(context, experiment, (ulong)seed, run, request, command, () => record(run));
    }

    /// <summary>Reports on a run that was shrunk.</summary>
    /// <param name="context">Where to.</param>
    /// <param name="experiment">The experiment.</param>
    /// <param name="seed">Where the run came from.</param>
    /// <param name="run">The run.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="command">The command that shows this again, if there is no recording.</param>
    /// <param name="record">Makes the recording.</param>
    /// <returns>Whether all files could be written.</returns>
    public static bool Write(
        ToolContext context, ILabExperiment experiment, ulong seed, ShrunkRun run, in ReportRequest request, string command, Func<Recording> record)
    {
        LabHistory history = new();
        _ = experiment.Run(new ReplayedChoices(run.Choices, experiment.Cores), history);
        Explanation story = Explainer.Explain(history, experiment.Machine);
        command = string.IsNullOrEmpty(request.Record) ? command : $"minijit lab replay {request.Record}";
        StoryFrame frame = new(run.Failure.Subject, run.Failure.Detail, experiment.Plan, experiment.Machine, command);
        if (request.Explains)
        {
            context.Output.Write(string.Create(
                CultureInfo.InvariantCulture, $"\nSeed {seed}, shrunk in {run.Runs} runs. Deviations from a coherent machine that are left: {run.Choices.Count}{(run.IsMinimal ? "" : " (not all were tried)")}\n\n"));
            context.Output.Write(ExplanationText.Of(history, story, frame));
        }

        return TryWrite(context, request.Page, () => TimelinePage.Of(history, story, frame)) & TryWrite(context, request.Record, () => record().ToString());
    }

    /// <summary>Writes a file if there is one to write.</summary>
    public static bool TryWrite(ToolContext context, string? path, Func<string> content)
    {
        if (string.IsNullOrEmpty(path))
        {
            return true;
        }

        try
        {
            File.WriteAllText(path, content());
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            context.Fail(e.Message);
            return false;
        }
    }
}
