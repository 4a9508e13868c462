// Exact expectations (filetest reference, section 9): the comments of a function, except those that begin with `;;`, are the lines of the
// output. Blessing replaces them in place.
using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using MiniJit.Filetests.Subtests;
using MiniJit.IR;

namespace MiniJit.Filetests.Checking;

/// <summary>Compares with, and rewrites, exact expectations.</summary>
internal static class PreciseOutput
{
    /// <summary>Compares a text with what the comments of a function expect, or notes it for blessing.</summary>
    public static Outcome Check(SubtestContext context, ParsedFunction function, string text)
    {
        string[] actual = text.TrimEnd('\n').Split('\n');
        if (context.Bless)
        {
            context.Blessings.Add(new(function.Span, actual));
            return Outcome.Passed;
        }

        List<string> expected = [];
        foreach (SourceComment comment in function.Comments)
        {
            ReadOnlySpan<char> line = comment.Text;
            if (!line.StartsWith(";;"))
            {
                expected.Add(line[(line.StartsWith("; ") ? 2 : 1)..].ToString());
            }
        }

        string diff = UnifiedDiff.Format(expected.ToArray(), actual);
        return diff.Length == 0
            ? Outcome.Passed
            : Outcome.Failed($"{function.Function.Name}: output differs; --bless accepts it\n{diff}", function.Span.Line);
    }

    /// <summary>Rewrites a file's text with the new expectations of some of its functions.</summary>
    public static string Apply(string text, IReadOnlyList<Blessing> blessings)
    {
        List<Blessing> ordered = [.. blessings];
        ordered.Sort((a, b) => a.Function.Start.CompareTo(b.Function.Start));
        StringBuilder output = new();
        int from = 0;
        for (int i = 0; i < ordered.Count; i++)
        {
            if (i + 1 < ordered.Count && ordered[i + 1].Function.Start == ordered[i].Function.Start)
            {
                continue;                                      // of several targets the last one counts
            }

            SourceSpan function = ordered[i].Function;
            int end = EndOfLine(text, function.Start + function.Length);
            output.Append(text, from, end - from).Append('\n');
            foreach (string line in ordered[i].Lines)
            {
                output.Append(line.Length == 0 ? ";" : "; ").Append(line).Append('\n');
            }

            from = SkipOldExpectations(text, end);
            output.Append(from < text.Length ? "\n" : "");
        }

        return output.Append(text, from, text.Length - from).ToString();
    }

    /// <summary>Writes the new expectations of a file, if there are any.</summary>
    public static void Write(SourceText source, IReadOnlyList<Blessing> blessings)
    {
        if (blessings.Count > 0)
        {
            string text = Apply(source.Text, blessings);
            if (text != source.Text)
            {
                File.WriteAllText(source.Path, text);
            }
        }
    }

    private static int EndOfLine(string text, int position)
    {
        int newline = text.IndexOf('\n', position);
        return newline < 0 ? text.Length : newline + 1;
    }

    // Blank lines and comments, up to code or a comment that stays.
    private static int SkipOldExpectations(string text, int position)
    {
        while (position < text.Length)
        {
            int end = EndOfLine(text, position);
            ReadOnlySpan<char> line = text.AsSpan(position, end - position).Trim();
            if (!line.IsEmpty && (line[0] != ';' || line.StartsWith(";;")))
            {
                break;
            }

            position = end;
        }

        return position;
    }
}

/// <summary>What the comments behind a function shall say.</summary>
/// <param name="Function">From its keyword to its closing brace.</param>
/// <param name="Lines">The new expectation.</param>
internal readonly record struct Blessing(SourceSpan Function, string[] Lines);
