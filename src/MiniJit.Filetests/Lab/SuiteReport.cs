// What a failing seed of a suite becomes: run again up to its first failure, with as many deviations taken back as a budget allows, explained as text
// and as a page, and recorded. The budget is a number of instructions, not a time, so the report is the same everywhere.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Replay;
using MiniJit.Filetests.Tools;

namespace MiniJit.Filetests.Lab;

internal static class SuiteReport
{
    /// <summary>Instructions that shrinking may execute, and the runs that it is at least and at most.</summary>
    private const long ShrinkingBudget = 400_000_000;
    private const int FewestRuns = 20, MostRuns = 2000;

    /// <summary>What a run costs beside its instructions, in instructions.</summary>
    private const long RunOverhead = 100_000;

    private static string Version => typeof(SuiteReport).Assembly.GetName().Version?.ToString(3) ?? "";

    /// <summary>Reports on a seed that fails.</summary>
    /// <param name="context">Where to.</param>
    /// <param name="image">What was run.</param>
    /// <param name="options">How.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="command">The command that makes the run again.</param>
    /// <returns>Whether all files could be written.</returns>
    public static bool Write(ToolContext context, SuiteImage image, SuiteOptions options, ulong seed, in ReportRequest request, string command)
    {
        if (request.IsEmpty)
        {
            return true;
        }

        // Only what happened up to the failure counts, and long commands before it have nothing to do with it.
        SuiteResult failing = SuiteRun.Run(image, options with { StopsAtFailure = true }, options.ChoicesOf(seed));
        SuiteExperiment experiment = new(image, options with { FileRuns = failing.FileRuns });
        ShrunkRun run = ChoiceShrinker.Record(experiment, options.ChoicesOf(seed));
        int runs = (int)Math.Clamp(ShrinkingBudget / (failing.Instructions + RunOverhead), FewestRuns, MostRuns);
        run = ChoiceShrinker.Shrink(experiment, run, runs);
        LabHistory history = new();
        run = run with { Failure = experiment.Run(new ReplayedChoices(run.Choices, options.Cores), history) };
        Explanation story = Explainer.Explain(history, experiment.Machine);
        StoryFrame frame = new(run.Failure.Subject, run.Failure.Symptom, experiment.Plan, experiment.Machine, command);
        if (request.Explains)
        {
            context.Output.Write(string.Create(
                CultureInfo.InvariantCulture, $"\nSeed {seed}, shrunk in {run.Runs} runs. Deviations from a coherent machine that are left: {run.Choices.Count}\n\n"));
            context.Output.Write(ExplanationText.Of(history, story, frame));
        }

        return ExperimentReport.TryWrite(context, request.Page, () => TimelinePage.Of(history, story, frame))
            & ExperimentReport.TryWrite(context, request.Record, () => Record(experiment, run).ToString());
    }

    private static Recording Record(SuiteExperiment experiment, in ShrunkRun run)
    {
        List<RecordedFile> files = [];
        foreach (string path in experiment.Paths)
        {
            files.Add(Recording.FileOf(path));
        }

        return new()
        {
            Product = Version,
            Experiment = SuiteExperiment.Kind,
            Settings = experiment.Settings,
            Files = files,
            Failure = run.Failure,
            Choices = run.Choices,
        };
    }
}
