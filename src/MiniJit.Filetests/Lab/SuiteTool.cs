// `lab suite`: many runs of a suite, each from a seed of its own. Runs have nothing to do with each other, so as many threads as there are
// share them, and what is printed is in the order of the seeds.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Runtime.ExceptionServices;
using System.Threading;
using MiniJit.Filetests.Running;
using MiniJit.Filetests.Tools;

namespace MiniJit.Filetests.Lab;

internal static class SuiteTool
{
    /// <summary>More host threads than processors are of no use.</summary>
    public const int MostThreads = 1024;

    private const int ShownFailures = 10;

    /// <summary>Runs suites.</summary>
    /// <param name="context">Where to.</param>
    /// <param name="paths">Files, directories, globs.</param>
    /// <param name="options">How.</param>
    /// <param name="seed">The first seed.</param>
    /// <param name="runs">How many seeds.</param>
    /// <param name="threads">Host threads.</param>
    /// <param name="request">What is to be said about the first failure.</param>
    public static int Run(ToolContext context, IReadOnlyList<string> paths, SuiteOptions options, ulong seed, int runs, int threads, in ReportRequest request)
    {
        if (!TryLoad(context, paths, out SuiteImage image))
        {
            return ExitCode.Failure;
        }

        TextWriter output = context.Output;
        string command = string.Join(' ', Quoted(paths));
        output.Write(string.Create(CultureInfo.InvariantCulture, $"{image.Files.Count} files, {image.Commands} commands; {options.Describe(seed)}\n"));
        WriteOmissions(output, image);
        output.Flush();
        TimeSpan before = Environment.CpuUsage.TotalTime;
        SuiteTotals totals = new();
        RunAll(image, options, seed, runs, threads, (number, result) =>
        {
            foreach (SuiteFailure failure in result.Failures)
            {
                if (totals.FailedCommands++ < ShownFailures)
                {
                    output.Write(string.Create(CultureInfo.InvariantCulture, $"seed {seed + (ulong)number}: {failure}\n"));
                }

                totals.Symptoms[(int)failure.Symptom]++;
            }

            totals.Add(result, seed + (ulong)number);
            output.Flush();
        });
        double seconds = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
        output.Write(totals.FailedCommands > ShownFailures ? $"and {totals.FailedCommands - ShownFailures} more\n" : "");
        output.Write(string.Create(CultureInfo.InvariantCulture,
            $"{runs} runs, {totals.FailedRuns} failed; {totals.FileRuns} file runs, {totals.FailedFileRuns} failed; {totals.Commands} commands, {totals.FailedCommands} failed\n"));
        foreach (LabSymptom symptom in Enum.GetValues<LabSymptom>())
        {
            if (totals.Symptoms[(int)symptom] > 0)
            {
                output.Write(string.Create(CultureInfo.InvariantCulture, $"  {SuiteFailure.NameOf(symptom)}: {totals.Symptoms[(int)symptom]}\n"));
            }
        }

        output.Write(string.Create(CultureInfo.InvariantCulture,
            $"{totals.Instructions / 1e6:f1} million instructions, {(seconds > 0 ? totals.Instructions / seconds / 1e6 : 0):f1} million per second and host core\n"));
        output.Flush();
        if (totals.FirstFailure is { } first)
        {
            string again = $"minijit lab suite {command} {options.Describe(first)} --runs 1";
            if (!request.Explains)
            {
                output.Write($"again, with the reason: {again} --explain\n");
            }

            SuiteReport.Write(context, image, options, first, request, again);
        }

        else if (!request.IsEmpty)
        {
            output.Write("nothing failed, so there is nothing to explain, draw or record\n");
        }

        output.Flush();
        return totals.FailedRuns == 0 && !image.HasWrongFiles ? ExitCode.Success : ExitCode.Failure;
    }

    /// <summary>Says which files are not run, apart from those that are wrong, which have been reported.</summary>
    public static void WriteOmissions(TextWriter output, SuiteImage image)
    {
        int wrong = 0;
        foreach (SuiteOmission omission in image.Omissions)
        {
            wrong += omission.IsWrong ? 1 : 0;
            output.Write(omission.IsWrong ? "" : $"left out because {omission.Reason}: {omission.Path}\n");
        }

        output.Write(image.Skipped == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"files left out because they have no run commands for aarch64: {image.Skipped}\n"));
        output.Write(wrong == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"files left out because they are wrong: {wrong}\n"));
    }

    /// <summary>Finds files and prepares them.</summary>
    public static bool TryLoad(ToolContext context, IReadOnlyList<string> paths, out SuiteImage image)
    {
        List<string> missing = [];
        List<string> files = FileDiscovery.Find(new RunOptions { Paths = paths }, missing);
        image = SuiteImage.Of([]);
        if (missing.Count > 0)
        {
            context.Fail($"no such file or directory: {missing[0]}");
            return false;
        }

        return TryPrepare(context, files, out image);
    }

    /// <summary>
    /// Compiles files, and runs them once on a machine that tells the truth: how long commands take there decides when they hang. Files that are
    /// wrong are reported; false if nothing is left.
    /// </summary>
    public static bool TryPrepare(ToolContext context, IReadOnlyList<string> files, out SuiteImage image)
    {
        image = SuiteImage.Load(files);
        foreach (SuiteOmission omission in image.Omissions)
        {
            if (omission.IsWrong)
            {
                bool isDiagnostic = omission.Reason.StartsWith(omission.Path, StringComparison.Ordinal);
                context.Error.Write(isDiagnostic ? $"{omission.Reason}\n" : $"minijit: {omission.Path}: {omission.Reason}\n");
            }
        }

        if (image.Files.Count == 0)
        {
            WriteOmissions(context.Error, image);
            context.Fail("there is nothing to run");
            return false;
        }

        SuiteResult truth = SuiteRun.Calibrate(image);
        foreach (SuiteFailure failure in truth.Failures)
        {
            context.Fail($"fails without any lies: {failure}");
        }

        return truth.IsGood;
    }

    private static List<string> Quoted(IReadOnlyList<string> paths)
    {
        List<string> words = [];
        foreach (string path in paths)
        {
            words.Add(path.AsSpan().ContainsAny(" *?[") ? $"'{path}'" : path);
        }

        return words;
    }

    /// <summary>Makes runs with ascending seeds on several threads and reports each, in order, on the thread that ends it.</summary>
    public static void RunAll(SuiteImage image, SuiteOptions options, ulong seed, int runs, int threads, Action<int, SuiteResult> report)
    {
        Dictionary<int, SuiteResult> waiting = [];             // ended before an earlier run did
        long next = 0;
        int reported = 0;
        Exception? problem = null;
        Lock gate = new();
        List<Thread> others = [];
        for (int i = 1; i < Math.Min(threads, runs); i++)
        {
            Thread thread = new(Work) { Name = $"lab {i}" };
            others.Add(thread);
            thread.Start();
        }

        Work();
        others.ForEach(static thread => thread.Join());
        if (problem is not null)
        {
            ExceptionDispatchInfo.Throw(problem);
        }

        void Work()
        {
            try
            {
                for (long run; (run = Interlocked.Increment(ref next) - 1) < runs && Volatile.Read(ref problem) is null;)
                {
                    SuiteResult result = SuiteRun.Run(image, options, options.ChoicesOf(seed + (ulong)run));
                    lock (gate)
                    {
                        waiting.Add((int)run, result);
                        while (waiting.Remove(reported, out SuiteResult? done))
                        {
                            report(reported++, done);
                        }
                    }
                }
            }
            catch (Exception e) when (e is not OutOfMemoryException)      // thrown again on the thread that asked
            {
                Volatile.Write(ref problem, e);
            }
        }
    }
}

/// <summary>Sums over runs.</summary>
internal sealed class SuiteTotals
{
    public int Runs { get; private set; }

    public int FailedRuns { get; private set; }

    public long FileRuns { get; private set; }

    public long FailedFileRuns { get; private set; }

    public long Commands { get; private set; }

    public long Instructions { get; private set; }

    public long FailedCommands { get; set; }

    /// <summary>Failed commands by <see cref="LabSymptom"/>.</summary>
    public long[] Symptoms { get; } = new long[Enum.GetValues<LabSymptom>().Length];

    /// <summary>The first seed that failed.</summary>
    public ulong? FirstFailure { get; private set; }

    public void Add(SuiteResult result, ulong seed)
    {
        Runs++;
        FailedRuns += result.IsGood ? 0 : 1;
        FileRuns += result.FileRuns;
        FailedFileRuns += result.FailedFileRuns;
        Commands += result.Commands;
        Instructions += result.Instructions;
        FirstFailure ??= result.IsGood ? null : seed;
    }
}
