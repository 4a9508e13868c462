using System;
using System.Globalization;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Running;

namespace MiniJit.Filetests.Reports;

/// <summary>How reports speak of a failed test.</summary>
internal static class FailureText
{
    /// <summary><c>dir/file.clif:12</c>, without the line if there is none.</summary>
    public static string Place(string path, TestResult result) =>
        result.Outcome.Line == 0 ? path : string.Create(CultureInfo.InvariantCulture, $"{path}:{result.Outcome.Line}");

    /// <summary>A command line that runs just this test.</summary>
    public static string RerunCommand(FileResults file, TestResult result)
    {
        string command = $"minijit test {Quote(file.Path)}{(file.Engines == EngineChoice.Default ? "" : $" --engine {EngineTable.Choices[(int)file.Engines - 1]}")}";
        if (result.Case < 0 || result.Case == int.MaxValue)
        {
            return command;
        }

        command += $" --test {result.Subtest}";
        return result.Target.Length == 0 ? command : $"{command} --target {Quote(result.Target)}";
    }

    /// <summary>A word for a POSIX shell.</summary>
    public static string Quote(string word)
    {
        foreach (char c in word)
        {
            if (!char.IsAsciiLetterOrDigit(c) && !"/._-+:@%,=".Contains(c, StringComparison.Ordinal))
            {
                return "'" + word.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
            }
        }

        return word.Length == 0 ? "''" : word;
    }

    /// <summary>The first line.</summary>
    public static string FirstLine(string message)
    {
        int end = message.IndexOf('\n', StringComparison.Ordinal);
        return end < 0 ? message : message[..end];
    }
}
