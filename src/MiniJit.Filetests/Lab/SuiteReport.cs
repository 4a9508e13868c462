// A failing run of a suite made small: first the files, of which most have nothing to do with the failure, then the choices. Other files mean that
// choices meet other questions, so with fewer files the same failure is looked for from some seeds anew; with the files that are left, choices
// are taken back one by one. All bounds are numbers of runs and instructions, so the same seed gives the same report.
using System;
using System.Collections.Generic;
using MiniJit.Coherence.Replay;
using MiniJit.Filetests.Tools;

namespace MiniJit.Filetests.Lab;

internal sealed class SuiteReport
{
    /// <summary>Seeds that are tried with fewer files, with the failing one alone, in all, and with the files that are left.</summary>
    private const int Seeds = 8, SeedsAlone = 64, MostSeeds = 600, OtherSeeds = 40;

    /// <summary>Instructions that shrinking may take, and bounds of the runs that follow from it.</summary>
    private const long Instructions = 3_000_000_000, LeastRuns = 40, MostRuns = 4000;

    private readonly SuiteOptions _options;
    private readonly ulong _seed;
    private SuiteImage _image;
    private ShrunkRun _run;
    private int _tried;

    private SuiteReport(SuiteImage image, SuiteOptions options, ulong seed)
    {
        _image = image;
        _options = options;
        _seed = seed;
    }

    /// <summary>Reports on a seed that fails.</summary>
    /// <returns>Whether all files could be written.</returns>
    public static bool Write(ToolContext context, SuiteImage image, SuiteOptions options, ulong seed, in ReportRequest request, string command)
    {
        if (request.IsEmpty)
        {
            return true;
        }

        (SuiteExperiment experiment, ShrunkRun run) = Shrink(image, options, seed);
        return ExperimentReport.Write(context, experiment, seed, run, request, command, () => Record(experiment, run));
    }

    /// <summary>The smallest run that fails as the seed does.</summary>
    public static (SuiteExperiment Experiment, ShrunkRun Run) Shrink(SuiteImage image, SuiteOptions options, ulong seed)
    {
        SuiteReport report = new(image, options, seed);
        report._run = ChoiceShrinker.Record(new SuiteExperiment(image, options), options.ChoicesOf(seed));
        if (options.FileRuns == 0)
        {
            report.LeaveOutFiles();
        }

        SuiteExperiment experiment = new(report._image, options);
        long cost = Math.Max(1, SuiteRun.Run(report._image, options with { StopsAtFailure = true }, options.ChoicesOf(seed)).Instructions);
        long left = Math.Clamp(Instructions / cost, LeastRuns, MostRuns);
        ShrunkRun run = ChoiceShrinker.Shrink(experiment, report._run, (int)left);

        // That no single choice can be taken back does not make it the shortest way to this failure: other seeds may know one.
        left -= run.Runs;
        for (int i = 1; i <= OtherSeeds && run.Choices.Count > 1 && left > LeastRuns; i++, left--)
        {
            ShrunkRun other = ChoiceShrinker.Record(experiment, options.ChoicesOf(seed + (ulong)i));
            if (other.Failure.IsLike(run.Failure))
            {
                other = ChoiceShrinker.Shrink(experiment, other, (int)left);
                left -= other.Runs;
                run = other.IsMinimal && other.Choices.Count < run.Choices.Count ? other with { Runs = run.Runs + other.Runs } : run with { Runs = run.Runs + other.Runs };
            }
        }

        // It fails with the same symptom, but what exactly comes out may be something else.
        return (experiment, run with { Failure = experiment.Run(new Coherence.Choices.ReplayedChoices(run.Choices, options.Cores), null) });
    }

    /// <summary>A failing run as a file.</summary>
    public static Recording Record(SuiteExperiment experiment, in ShrunkRun run)
    {
        List<RecordedFile> files = [];
        foreach (string path in experiment.Paths)
        {
            files.Add(Recording.FileOf(path));
        }

        return new()
        {
            Product = ReplayTool.Product,
            Experiment = SuiteExperiment.Kind,
            Settings = experiment.Settings,
            Files = files,
            Failure = run.Failure,
            Choices = run.Choices,
        };
    }

    private void LeaveOutFiles()
    {
        // Subjects begin with the path of their file.
        List<SuiteFile> files = [.. _image.Files];
        int failing = files.FindIndex(file => _run.Failure.Subject.StartsWith(file.Path + ":", StringComparison.Ordinal));
        if (failing < 0 || TryFiles([files[failing]], SeedsAlone))
        {
            return;
        }

        for (int size = Math.Max(1, files.Count / 2); size > 0; size /= 2)
        {
            for (int start = 0; start < files.Count && _tried < MostSeeds;)
            {
                List<SuiteFile> fewer = [];
                for (int i = 0; i < files.Count; i++)
                {
                    if (i < start || i >= start + size || i == failing)
                    {
                        fewer.Add(files[i]);
                    }
                }

                if (fewer.Count < files.Count && TryFiles(fewer, Seeds))
                {
                    SuiteFile kept = files[failing];
                    files = fewer;
                    failing = files.IndexOf(kept);
                }
                else
                {
                    start += size;
                }
            }
        }
    }

    private bool TryFiles(List<SuiteFile> files, int seeds)
    {
        SuiteImage image = SuiteImage.Of(files);
        SuiteExperiment experiment = new(image, _options);
        for (int i = 0; i < seeds && _tried < MostSeeds; i++)
        {
            _tried++;
            ShrunkRun run = ChoiceShrinker.Record(experiment, _options.ChoicesOf(_seed + (ulong)i));
            if (run.Failure.IsLike(_run.Failure))
            {
                _image = image;
                _run = run;
                return true;
            }
        }

        return false;
    }
}
