// `minijit stress`. The run itself happens in a child process, whose death is a result: with steps left out it is what must be expected.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using MiniJit.Codegen;
using MiniJit.Filetests.Running;
using MiniJit.Filetests.Tools;
using MiniJit.Runtime.Invocation;

namespace MiniJit.Filetests.Stress;

internal static class StressTool
{
    /// <summary>The option that says to the child that it is the child.</summary>
    public const string Contained = "--contained";

    private const int SignalBase = 128;

    /// <summary>Starts this program again with the same arguments and reports how it ended.</summary>
    public static int RunContained(ToolContext context, IReadOnlyList<string> arguments)
    {
        ProcessStartInfo start = new(WorkerProcess.Command.Program) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])[.. WorkerProcess.Command.Arguments, .. arguments, Contained])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";   // a crash here is a result
        using Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Copy(context.Output, line.Data);
        process.ErrorDataReceived += (_, line) => Copy(context.Error, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.WaitForExit();
        if (process.ExitCode > SignalBase)
        {
            context.Output.Write($"The process that ran it was killed by signal {process.ExitCode - SignalBase}.\n");
        }

        return process.ExitCode is ExitCode.Success or ExitCode.Usage ? process.ExitCode : ExitCode.Failure;

        static void Copy(TextWriter writer, string? line)
        {
            if (line is not null)
            {
                lock (writer)
                {
                    writer.Write($"{line}\n");
                }
            }
        }
    }

    /// <summary>Runs here.</summary>
    public static int Run(ToolContext context, StressOptions options)
    {
        if (!CompileTools.TryGetTarget(new ToolOptions(), forHost: true, out Target? target, out string error))
        {
            return context.Usage(error);
        }

        if (!target!.RunsOnHost(out string reason))
        {
            return context.Fail(reason);
        }

        StressReport report = StressRun.Run(target, options);
        Write(context.Output, options, report);
        return report.IsGood ? ExitCode.Success : ExitCode.Failure;
    }

    private static void Write(TextWriter output, StressOptions options, StressReport report)
    {
        output.Write($"protocol             {options.Variant.Name}: {options.Variant.Description}\n");
        output.Write($"threads              {options.Executors} call, {options.Publishers} publish; seed {options.Seed}\n");
        Number("calls", report.Calls);
        Number("wrong results, traps", report.Wrong);
        Number("functions published", report.Published);
        Number("functions freed", report.Freed);
        foreach ((string plan, int count) in report.Publications)
        {
            output.Write(string.Create(CultureInfo.InvariantCulture, $"publications         {count:N0} of {plan}\n"));
        }

        output.Write(string.Create(
            CultureInfo.InvariantCulture,
            $"bytes used           {report.Before.Used:N0} before, up to {report.Peak.Used:N0}, {report.After.Used:N0} after; {report.After.Committed:N0} committed\n"));
        output.Write(string.Create(
            CultureInfo.InvariantCulture,
            $"time                 {report.Duration.TotalSeconds:0.0} s, {report.Calls / report.Duration.TotalSeconds / 1e6:0.00} million calls/s, {report.Published / report.Duration.TotalSeconds:N0} functions/s\n"));
        foreach (string failure in report.Failures)
        {
            output.Write($"FAILED: {failure}\n");
        }

        if (report.Before.Used != report.After.Used)
        {
            output.Write("FAILED: memory was not given back\n");
        }

        output.Write(report.IsGood ? "good\n" : "bad\n");

        void Number(string name, long value) => output.Write(string.Create(CultureInfo.InvariantCulture, $"{name,-20} {value:N0}\n"));
    }
}
