// minijit litmus: herd's tests of instruction fetch, explored exhaustively, several files at a time.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Threading;
using MiniJit.Coherence.Litmus;
using MiniJit.IR;

namespace MiniJit.Filetests.Tools;

/// <summary>What the litmus command does besides the verdicts.</summary>
internal sealed record LitmusOptions
{
    /// <summary>A table of verdicts to compare with, or empty.</summary>
    public string Expected { get; init; } = "";

    /// <summary>States after which a test is given up.</summary>
    public int StateLimit { get; init; } = LitmusTools.DefaultStateLimit;

    /// <summary>Whether a shortest execution is printed.</summary>
    public bool Witness { get; init; }

    /// <summary>Whether states, their memory and their rate are reported; tests then run one after the other.</summary>
    public bool Stats { get; init; }
}

/// <summary>The litmus command.</summary>
internal static class LitmusTools
{
    /// <summary>States after which a test is given up, unless told otherwise.</summary>
    public const int DefaultStateLimit = LitmusVerdict.DefaultStateLimit;

    /// <summary>Runs the tests and prints states and verdict of each, or with a table only what disagrees.</summary>
    /// <param name="context">Input and output.</param>
    /// <param name="paths">Files and directories.</param>
    /// <param name="options">The command line.</param>
    public static int Run(ToolContext context, IReadOnlyList<string> paths, LitmusOptions options)
    {
        List<string> files = [];
        foreach (string path in paths)
        {
            if (Directory.Exists(path))
            {
                try
                {
                    files.AddRange(Directory.GetFiles(path, "*.litmus", SearchOption.AllDirectories));
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    return context.Fail(e.Message);
                }
            }
            else
            {
                files.Add(path);
            }
        }

        files.Sort(StringComparer.Ordinal);
        if (files.Count == 0)
        {
            return context.Fail("there is no .litmus file");
        }

        Dictionary<string, LitmusExpectation> table = [];
        if (options.Expected.Length != 0 && !LitmusExpectation.TryRead(options.Expected, table, out string problem))
        {
            return context.Fail(problem);
        }

        TimeSpan before = Environment.CpuUsage.TotalTime;
        LitmusVerdict[] verdicts = Explore(files, options);
        TimeSpan used = Environment.CpuUsage.TotalTime - before;
        int exit = options.Expected.Length == 0 ? Print(context, verdicts) : Compare(context, files, verdicts, table);
        if (options.Stats)
        {
            PrintStats(context, verdicts, used.TotalSeconds);
        }

        return exit;
    }

    private static LitmusVerdict[] Explore(List<string> files, LitmusOptions options)
    {
        LitmusVerdict[] verdicts = new LitmusVerdict[files.Count];
        int next = -1;
        Thread[] threads = new Thread[options.Stats ? 1 : Math.Min(Environment.ProcessorCount, files.Count)];
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new(Work, 16 << 20);                  // paths are followed by recursion
            threads[i].Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        return verdicts;

        void Work()
        {
            for (int i = Interlocked.Increment(ref next); i < files.Count; i = Interlocked.Increment(ref next))
            {
                verdicts[i] = Explore(files[i], options);
            }
        }
    }

    private static LitmusVerdict Explore(string path, LitmusOptions options)
    {
        try
        {
            return LitmusVerdict.Of(new SourceText(path, File.ReadAllText(path)), options.StateLimit, options.Witness);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return LitmusVerdict.Failed(path, e.Message);
        }
    }

    private static int Print(ToolContext context, LitmusVerdict[] verdicts)
    {
        int exit = ExitCode.Success;
        foreach (LitmusVerdict verdict in verdicts)
        {
            if (verdict.Problem.Length != 0)
            {
                context.Error.Write($"{verdict.Name}: {verdict.Problem}\n");
                exit = ExitCode.Failure;
            }
            else
            {
                context.Output.Write($"{verdict.Text}\n");
                PrintWitness(context, verdict);
            }
        }

        return exit;
    }

    private static void PrintWitness(ToolContext context, LitmusVerdict verdict)
    {
        if (verdict.Witness.Count != 0)
        {
            context.Output.Write("Witness\n");
            for (int i = 0; i < verdict.Witness.Count; i++)
            {
                context.Output.Write(string.Create(CultureInfo.InvariantCulture, $"{i + 1,4}. {verdict.Witness[i]}\n"));
            }

            context.Output.Write("\n");
        }
    }

    private static void PrintStats(ToolContext context, LitmusVerdict[] verdicts, double seconds)
    {
        long states = 0, bytes = 0;
        foreach (LitmusVerdict verdict in verdicts)
        {
            states += verdict.States;
            bytes = Math.Max(bytes, verdict.Bytes);
        }

        context.Error.Write(string.Create(CultureInfo.InvariantCulture,
            $"{states} states in {seconds:f2} s of processor time: {(seconds > 0 ? states / seconds / 1000 : 0):f0} thousand per second; at most {bytes / 1e6:f1} MB of states\n"));
    }

    private static int Compare(ToolContext context, List<string> files, LitmusVerdict[] verdicts, Dictionary<string, LitmusExpectation> table)
    {
        int agree = 0, differ = 0, unknown = 0, failed = 0;
        long states = 0;
        for (int i = 0; i < verdicts.Length; i++)
        {
            LitmusVerdict verdict = verdicts[i];
            states += verdict.States;
            if (verdict.Problem.Length != 0)
            {
                failed++;
                context.Output.Write($"{files[i]}: {verdict.Problem}\n");
            }
            else if (!LitmusExpectation.TryFind(table, files[i], out LitmusExpectation expectation))
            {
                unknown++;
                context.Output.Write($"{files[i]}: {verdict.Verdict}, {verdict.Observation}; the table does not know it\n");
            }
            else if (expectation.Verdict != verdict.Verdict || (expectation.Observation.Length != 0 && expectation.Observation != verdict.Observation.ToString()))
            {
                differ++;
                context.Output.Write($"{files[i]}: {verdict.Verdict}, {verdict.Observation}; expected {expectation.Verdict} {expectation.Observation}\n");
            }
            else
            {
                agree++;
            }
        }

        context.Output.Write($"{agree} agree, {differ} differ, {failed} could not be explored, {unknown} not in the table; {states} states\n");
        return differ + failed == 0 ? ExitCode.Success : ExitCode.Failure;
    }
}

/// <summary>A row of a table of verdicts: a tab-separated file with a header; columns file or name and cache, verdict, observation.</summary>
internal readonly record struct LitmusExpectation(string Verdict, string Observation)
{
    /// <summary>Reads a table; keys are file names, relative to wherever the table lies.</summary>
    public static bool TryRead(string path, Dictionary<string, LitmusExpectation> table, out string problem)
    {
        problem = "";
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = e.Message;
            return false;
        }

        string[] header = lines.Length == 0 ? [] : lines[0].Split('\t');
        int file = Array.IndexOf(header, "file"), name = Array.IndexOf(header, "name"), cache = Array.IndexOf(header, "cache");
        int observation = Array.IndexOf(header, "observation");
        int verdict = Math.Max(Array.IndexOf(header, "verdict"), Array.IndexOf(header, "herd7"));
        if (verdict < 0 || (file < 0 && name < 0))
        {
            problem = $"{path}: expected a header with the columns file (or name and cache) and verdict";
            return false;
        }

        foreach (string line in lines.AsSpan(1))
        {
            string[] cells = line.Split('\t');
            if (cells.Length > Math.Max(verdict, Math.Max(file, Math.Max(name, cache))))
            {
                string key = file >= 0 ? cells[file] : cache >= 0 ? $"{cells[name]}.{cells[cache]}.litmus" : $"{cells[name]}.litmus";
                table[key] = new(cells[verdict], observation < 0 || observation >= cells.Length ? "" : cells[observation]);
            }
        }

        return true;
    }

    /// <summary>The row of a file: by as many of its last directories as the table has.</summary>
    public static bool TryFind(Dictionary<string, LitmusExpectation> table, string path, out LitmusExpectation expectation)
    {
        string normalized = path.Replace('\\', '/');
        for (int start = 0; start >= 0; start = normalized.IndexOf('/', start))
        {
            start += start < normalized.Length && normalized[start] == '/' ? 1 : 0;
            if (table.TryGetValue(normalized[start..], out expectation))
            {
                return true;
            }
        }

        expectation = default;
        return false;
    }
}
