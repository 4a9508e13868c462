using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using MiniJit.Coherence.Linux;

namespace MiniJit.Filetests.Tools;

/// <summary>The command that runs a program on the simulated machine.</summary>
internal static class MachineTools
{
    /// <summary>Runs a static AArch64 Linux executable; its output is forwarded, its exit code is the result.</summary>
    /// <param name="path">The executable.</param>
    /// <param name="arguments">What it gets behind its name.</param>
    /// <param name="stats">Whether instructions and their rate are reported on standard error.</param>
    /// <param name="budget">How many instructions it may execute; 0: as many as it likes.</param>
    /// <param name="error">For messages.</param>
    public static int Run(string path, IReadOnlyList<string> arguments, bool stats, long budget, TextWriter error)
    {
        byte[] file;
        try
        {
            file = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error.Write($"minijit: {e.Message}\n");
            return ExitCode.Failure;
        }

        using Stream input = Console.OpenStandardInput(), output = Console.OpenStandardOutput(), errors = Console.OpenStandardError();
        using LinuxProcess process = new(input, output, errors);
        if (!process.TryLoad(file, [path, .. arguments], out string problem))
        {
            error.Write($"minijit: {path}: {problem}\n");
            return ExitCode.Failure;
        }

        // Processor time: what the machine needs, however many others want the processor.
        TimeSpan before = Environment.CpuUsage.TotalTime;
        ProcessEnd end = process.Run(budget == 0 ? long.MaxValue : budget);
        double seconds = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
        if (end.Problem.Length != 0)
        {
            error.Write($"minijit: {path}: {end.Problem}\n");
        }

        foreach (string call in process.MissingCalls)
        {
            error.Write($"minijit: {path}: system call {call} is not implemented\n");
        }

        if (stats)
        {
            long count = process.Machine.Cores[0].Retired;
            error.Write(string.Create(
                CultureInfo.InvariantCulture, $"{count} instructions in {seconds * 1000:f0} ms of processor time: {count / seconds / 1e6:f1} million per second\n"));
        }

        return end.ExitCode;
    }
}
