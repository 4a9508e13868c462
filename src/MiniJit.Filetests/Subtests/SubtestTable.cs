using System;
using System.Collections.Generic;
using MiniJit.Filetests.Lab;
using MiniJit.IR;

namespace MiniJit.Filetests.Subtests;

/// <summary>All subtests by name.</summary>
internal static class SubtestTable
{
    /// <summary>The one whose options have values.</summary>
    private const string Coherence = "coherence";

    /// <summary>One row: name, options it takes, what is made of them.</summary>
    private readonly record struct Row(string Name, string[] Options, System.Func<HashSet<string>, ISubtest> Create);

    private static readonly Row[] s_rows =
    [
        new("cat", [], _ => new CatSubtest()),
        new("verifier", [], _ => new VerifierSubtest()),
        new("print-cfg", [], _ => new PrintCfgSubtest()),
        new("domtree", [], _ => new DomtreeSubtest()),
        new("safepoint", [], _ => new SafepointSubtest()),
        new("interpret", [], _ => new InterpretSubtest()),
        new("run", [], _ => new RunSubtest()),
        new("compile", ["precise-output", "expect-fail"], options => new CompileSubtest(options.Contains("precise-output"), options.Contains("expect-fail"))),
        new("optimize", ["precise-output"], options => new OptimizeSubtest(options.Contains("precise-output"))),
        new("alias-analysis", [], _ => new AliasAnalysisSubtest()),
        new("inline", ["precise-output", "optimize"], _ => new MissingSubtest("inline")),
        new("unwind", [], _ => new MissingSubtest("unwind")),
    ];

    /// <summary>The names, for help and completion.</summary>
    public static IEnumerable<string> Names
    {
        get
        {
            foreach (Row row in s_rows)
            {
                yield return row.Name;
            }

            yield return Coherence;
        }
    }

    /// <summary>Makes the subtest of a <c>test</c> line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="subtest">The subtest, or null.</param>
    /// <param name="error">What is wrong with the line.</param>
    public static bool TryCreate(HeaderLine line, out ISubtest? subtest, out string error)
    {
        IReadOnlyList<string> words = line.Words;
        subtest = null;
        error = "expected a test command";
        if (words.Count == 0)
        {
            return false;
        }

        if (words[0] == Coherence)
        {
            if (CoherenceOptions.TryParse(words, out CoherenceOptions options, out int wrong, out error))
            {
                subtest = new CoherenceSubtest(options);
                return true;
            }

            error = $"column {ColumnOf(line, wrong)}: {error}";
            return false;
        }

        foreach (Row row in s_rows)
        {
            if (row.Name == words[0])
            {
                return TryCreate(row, words, out subtest, out error);
            }
        }

        error = $"unknown test command '{words[0]}'";
        return false;
    }

    /// <summary>The column of a word of the line, whose first word is the keyword itself.</summary>
    private static int ColumnOf(HeaderLine line, int word)
    {
        ReadOnlySpan<char> text = line.Span.Source is { } source ? source.Line(line.Span.Line) : default;
        int place = 0;
        for (int i = -1; ; i++)
        {
            while (place < text.Length && char.IsWhiteSpace(text[place]))
            {
                place++;
            }

            if (i == word || place == text.Length)
            {
                return place + 1;
            }

            while (place < text.Length && !char.IsWhiteSpace(text[place]))
            {
                place++;
            }
        }
    }

    private static bool TryCreate(Row row, IReadOnlyList<string> words, out ISubtest? subtest, out string error)
    {
        subtest = null;
        error = "";
        HashSet<string> options = [];
        for (int i = 1; i < words.Count; i++)
        {
            if (System.Array.IndexOf(row.Options, words[i]) < 0)
            {
                error = row.Options.Length == 0 ? $"No options allowed on test {row.Name}" : $"unknown option on test {row.Name}: '{words[i]}'";
                return false;
            }

            options.Add(words[i]);
        }

        subtest = row.Create(options);
        return true;
    }
}

/// <summary>A subtest whose part of the compiler does not exist here: it fails and says so.</summary>
internal sealed class MissingSubtest(string name) : ISubtest
{
    public string Name => name;

    public SubtestNeeds Needs => SubtestNeeds.None;

    public Outcome Run(SubtestContext context) => Outcome.Failed($"test {name} is not supported yet");
}
