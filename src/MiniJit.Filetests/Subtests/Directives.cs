using System;
using System.Collections.Generic;
using MiniJit.Filetests.Checking;
using MiniJit.IR;

namespace MiniJit.Filetests.Subtests;

/// <summary>What subtests look for in comments.</summary>
internal static class Directives
{
    /// <summary>The rest of a comment that begins with a word (<c>error:</c>); false if it does not.</summary>
    public static bool TryTake(SourceComment comment, string word, out ReadOnlySpan<char> rest)
    {
        ReadOnlySpan<char> text = comment.Text.TrimStart(';').TrimStart();
        bool found = text.StartsWith(word);
        rest = found ? text[word.Length..].Trim() : default;
        return found;
    }

    /// <summary>Matches a text against the filecheck directives of the preamble and of a function.</summary>
    public static Outcome FileCheck(ParsedFile file, ParsedFunction function, string text)
    {
        FileCheck check = new();
        Outcome outcome = Add(check, file.PreambleComments);
        outcome = outcome.IsPassed ? Add(check, function.Comments) : outcome;
        if (!outcome.IsPassed || check.IsEmpty)
        {
            return outcome;
        }

        string report = check.Check(text);
        return report.Length == 0 ? Outcome.Passed : Outcome.Failed($"{function.Function.Name}: {report}", function.Span.Line);
    }

    private static Outcome Add(FileCheck check, IReadOnlyList<SourceComment> comments)
    {
        foreach (SourceComment comment in comments)
        {
            if (!check.TryAdd(comment.Text, out string error))
            {
                return Outcome.Failed(error, comment.Span.Line);
            }
        }

        return Outcome.Passed;
    }
}
