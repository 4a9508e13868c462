// What `minijit test` writes to a terminal or a pipe: failures in the order of the input as soon as all files before them are done,
// then skips by reason, the slowest tests, the failures once more with the commands that run just them, and the totals as the last line.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using MiniJit.Filetests.Running;
using MiniJit.Filetests.Subtests;

namespace MiniJit.Filetests.Reports;

/// <summary>Writes a run as text.</summary>
internal sealed class TextReport(TextWriter output, bool verbose)
{
    private const int MaxSlowest = 5;
    private const long SlowMicroseconds = 250_000;

    /// <summary>Everything about one file.</summary>
    public void WriteFile(FileResults file)
    {
        foreach (TestResult result in file.Results)
        {
            output.Write(result.Output);
            if (result.Outcome.Kind == OutcomeKind.Failed)
            {
                output.Write($"FAIL {FailureText.Place(file.Path, result)}: {result.Name}\n");
                foreach (ReadOnlySpan<char> line in result.Outcome.Message.AsSpan().EnumerateLines())
                {
                    output.Write("    ");
                    output.Write(line);
                    output.Write('\n');
                }
            }
            else if (verbose)
            {
                string reason = result.Outcome.Kind == OutcomeKind.Skipped ? $" ({result.Outcome.Message})" : "";
                output.Write(string.Create(CultureInfo.InvariantCulture, $"{(reason.Length == 0 ? "ok  " : "skip")} {result.Microseconds / 1e6:F3} {file.Path}: {result.Name}{reason}\n"));
            }
        }
    }

    /// <summary>The end of the report.</summary>
    public void WriteSummary(ResultBook book, TimeSpan elapsed)
    {
        WriteSkips(book);
        WriteSlowest(book);
        if (book.Failed > 0)
        {
            output.Write("\nfailures:\n");
            foreach (FileResults file in book.Files)
            {
                foreach (TestResult result in file.Results)
                {
                    if (result.Outcome.Kind == OutcomeKind.Failed)
                    {
                        output.Write($"  {FailureText.Place(file.Path, result)}: {result.Name}: {FailureText.FirstLine(result.Outcome.Message)}\n");
                        output.Write($"      {FailureText.RerunCommand(file, result)}\n");
                    }
                }
            }
        }

        int files = book.Files.Length;
        output.Write(string.Create(CultureInfo.InvariantCulture, $"{book.FilesDone} of {files} files in {elapsed.TotalSeconds:F2} s\n"));
        output.Write(string.Create(CultureInfo.InvariantCulture, $"{book.Passed} passed, {book.Failed} failed, {book.Skipped} skipped\n"));
    }

    private void WriteSkips(ResultBook book)
    {
        SortedDictionary<string, int> reasons = new(StringComparer.Ordinal);
        foreach (FileResults file in book.Files)
        {
            foreach (TestResult result in file.Results)
            {
                if (result.Outcome.Kind == OutcomeKind.Skipped)
                {
                    reasons[result.Outcome.Message] = reasons.GetValueOrDefault(result.Outcome.Message) + 1;
                }
            }
        }

        foreach ((string reason, int count) in reasons)
        {
            output.Write(string.Create(CultureInfo.InvariantCulture, $"skipped {count}: {reason}\n"));
        }
    }

    private void WriteSlowest(ResultBook book)
    {
        List<(string Path, TestResult Result)> slow = [];
        foreach (FileResults file in book.Files)
        {
            foreach (TestResult result in file.Results)
            {
                if (result.Microseconds >= SlowMicroseconds)
                {
                    slow.Add((file.Path, result));
                }
            }
        }

        slow.Sort((a, b) => b.Result.Microseconds.CompareTo(a.Result.Microseconds));
        for (int i = 0; i < Math.Min(slow.Count, MaxSlowest); i++)
        {
            output.Write(string.Create(CultureInfo.InvariantCulture, $"slow: {slow[i].Result.Microseconds / 1e6:F3} s {slow[i].Path}: {slow[i].Result.Name}\n"));
        }
    }
}
