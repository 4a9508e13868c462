using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Threading;
using MiniJit.Filetests.Tools;
using MiniJit.IR;

namespace MiniJit.Filetests.Fuzzing;

/// <summary><c>minijit fuzz</c>.</summary>
internal static class FuzzTool
{
    /// <summary>A seed that nobody chose.</summary>
    public static ulong FreshSeed() => new SplitMix64((ulong)Stopwatch.GetTimestamp() ^ ((ulong)Environment.ProcessId << 32)).Next() >> 32;

    /// <summary>Carries the run out and reports.</summary>
    public static int Run(ToolContext context, FuzzOptions options)
    {
        IReadOnlyList<FuzzConfiguration> configurations = options.Configurations(out string error);
        if (error.Length != 0)
        {
            return context.Usage(error);
        }

        long start = Stopwatch.GetTimestamp();
        context.Output.Write($"seed {options.Seed}\n");
        context.Output.Flush();
        FuzzRun run = new(options, () => new FuzzWorkerProcess(options));
        FuzzFailure? failure = run.Run();
        FuzzStatistics done = run.Statistics;
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        context.Output.Write(string.Create(CultureInfo.InvariantCulture,
            $"{done.Programs} programs, {done.Functions} functions in {seconds:0.0} s; {done.Returns} calls returned, {done.Traps} trapped, {done.Unfinished} were too long\n"));
        foreach (FuzzConfiguration configuration in configurations)
        {
            context.Output.Write($"  {configuration.Name}{(failure is null ? " agrees with the interpreter" : "")}\n");
        }

        return failure is null ? ExitCode.Success : Report(context, options, configurations, failure);
    }

    private static int Report(ToolContext context, FuzzOptions options, IReadOnlyList<FuzzConfiguration> configurations, FuzzFailure failure)
    {
        string replay = $"minijit fuzz --seed {failure.Seed} --count 1{options.CommandLine()}";
        string header = "";
        foreach (FuzzConfiguration configuration in configurations)
        {
            header = configuration.Name == failure.Remaining.Configuration || header.Length == 0 ? configuration.Header : header;
        }

        context.Output.Write($"FAIL seed {failure.Seed}: {failure.Problem.Text}\n  again: {replay}\n");
        try
        {
            context.Output.Write($"  reduced: {FuzzRun.WriteTestFile(failure, options.Output, header, replay)}: {failure.Remaining.Text}\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            context.Fail(e.Message);
        }

        return ExitCode.Failure;
    }
}
