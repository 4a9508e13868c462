// Filecheck (filetest reference, section 10): directives in comments are matched against a text in order. Two positions carry
// the state: the end of the last ordered match, and the largest end of any match since, so that `unordered` lines may match in any
// order and what follows them starts after all of them. A `not` waits until the next ordered match tells where its range ends, but
// its variables have the values of the place where it stands.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace MiniJit.Filetests.Checking;

/// <summary>What a directive asks for.</summary>
internal enum CheckKind : byte
{
#pragma warning disable CS1591 // the directive of that name
    Check, Sameln, Nextln, Unordered, Not, Regex,
#pragma warning restore CS1591
}

/// <summary>Directives in order, and their matching against a text.</summary>
internal sealed class FileCheck
{
    private static readonly string[] s_words = ["check", "sameln", "nextln", "unordered", "not", "regex"];
    private readonly List<Directive> _directives = [];

    private readonly record struct Directive(CheckKind Kind, CheckPattern? Pattern, string Name, string Source);

    private readonly record struct Match(int Directive, int Begin, int End);

    /// <summary>Whether there is nothing to check.</summary>
    public bool IsEmpty => _directives.Count == 0;

    /// <summary>Adds the directive of a comment, if there is one in it.</summary>
    /// <returns>False if the comment has a malformed directive.</returns>
    public bool TryAdd(ReadOnlySpan<char> comment, out string error)
    {
        error = "";
        if (!TryFindDirective(comment, out CheckKind kind, out ReadOnlySpan<char> rest))
        {
            return true;
        }

        string source = $"{s_words[(int)kind]}: {rest}";
        if (kind == CheckKind.Regex)
        {
            int length = CheckPattern.NameLength(rest);
            if (length == 0 || length == rest.Length || rest[length] != '=')
            {
                error = $"expected NAME=expression in '{source}'";
                return false;
            }

            if (!RustRegex.TryTranslate(rest[(length + 1)..], out string expression, out error))
            {
                error += $" in '{source}'";
                return false;
            }

            _directives.Add(new(kind, null, rest[..length].ToString(), expression));
            return true;
        }

        if (!CheckPattern.TryParse(rest, out CheckPattern pattern, out error))
        {
            error += $" in '{source}'";
            return false;
        }

        if (kind == CheckKind.Not && pattern.Defines)
        {
            error = $"a 'not' cannot define variables: '{source}'";
            return false;
        }

        _directives.Add(new(kind, pattern, "", source));
        return true;
    }

    /// <summary>Matches all directives.</summary>
    /// <returns>Empty if they hold, else a report: what failed and where the others matched.</returns>
    public string Check(string text)
    {
        State state = new(text);
        for (int i = 0; i < _directives.Count; i++)
        {
            string problem = Step(state, i);
            if (problem.Length != 0)
            {
                return Explain(state, i, problem);
            }
        }

        return state.CheckPending(text.Length, out int failed) ? "" : Explain(state, failed, "matched what it must not");
    }

    // `\b(check|…):\s+(.*)`, the first match in the line.
    private static bool TryFindDirective(ReadOnlySpan<char> comment, out CheckKind kind, out ReadOnlySpan<char> rest)
    {
        for (int colon = comment.IndexOf(':'), from = 0; colon >= 0; colon = NextColon(comment, from))
        {
            from = colon + 1;
            if (from >= comment.Length || !char.IsWhiteSpace(comment[from]))
            {
                continue;
            }

            for (int i = 0; i < s_words.Length; i++)
            {
                ReadOnlySpan<char> before = comment[..colon];
                if (before.EndsWith(s_words[i]) && (before.Length == s_words[i].Length || !CheckPattern.IsWord(before[^(s_words[i].Length + 1)])))
                {
                    kind = (CheckKind)i;
                    rest = comment[from..].Trim();
                    return true;
                }
            }
        }

        kind = default;
        rest = default;
        return false;
    }

    private static int NextColon(ReadOnlySpan<char> comment, int from)
    {
        int found = comment[from..].IndexOf(':');
        return found < 0 ? -1 : from + found;
    }

    // Returns what is wrong; empty if the directive holds, as far as can be told at its place.
    private string Step(State state, int index)
    {
        Directive directive = _directives[index];
        if (directive.Kind == CheckKind.Regex)
        {
            if (state.Bindings.TryGetValue(directive.Name, out Binding old) && !old.IsExpression)
            {
                return $"${directive.Name} is already bound to text";
            }

            state.Bindings[directive.Name] = new(directive.Source, IsExpression: true, 0);
            return "";
        }

        CheckPattern pattern = directive.Pattern!;
        if (!pattern.TryResolve(state.Bindings, out ResolvedPattern resolved, out string error))
        {
            return error;
        }

        (int from, int to) = state.Range(directive.Kind, pattern);
        if (directive.Kind == CheckKind.Not)
        {
            state.Pending.Add((index, from, resolved));
            return "";
        }

        if (!resolved.TryFind(state.Text, from, to, out int begin, out int end, out System.Text.RegularExpressions.Match? groups))
        {
            state.FailedFrom = from;
            return "not found";
        }

        state.Matches.Add(new(index, begin, end));
        string problem = Bind(state, pattern, groups, end);
        state.MaxMatch = Math.Max(state.MaxMatch, end);
        if (directive.Kind == CheckKind.Unordered)
        {
            return problem;
        }

        state.LastOrdered = state.MaxMatch = end;
        return problem.Length != 0 ? problem
            : state.CheckPending(begin, out int failed) ? ""
            : $"{_directives[failed].Source}: matched what it must not";
    }

    private static string Bind(State state, CheckPattern pattern, System.Text.RegularExpressions.Match? groups, int end)
    {
        foreach (PatternPart part in pattern.Parts)
        {
            if (part.Kind is PatternPartKind.Define or PatternPartKind.DefineAs)
            {
                if (state.Bindings.TryGetValue(part.Name, out Binding old) && old.IsExpression)
                {
                    return $"${part.Name} is already a regex variable";
                }

                state.Bindings[part.Name] = new(groups!.Groups[part.Name].Value, IsExpression: false, end);
            }
        }

        return "";
    }

    private string Explain(State state, int failed, string problem)
    {
        StringBuilder report = new();
        report.Append("filecheck failed: ").Append(Source(failed)).Append(": ").Append(problem).Append('\n');
        int line = 0;
        for (int start = 0; start <= state.Text.Length; line++)
        {
            int end = state.Text.IndexOf('\n', start);
            end = end < 0 ? state.Text.Length : end;
            if (start < state.Text.Length)
            {
                report.Append("  ").Append(state.Text, start, end - start).Append('\n');
            }

            foreach (Match match in state.Matches)
            {
                if (match.Begin >= start && match.Begin <= end)
                {
                    Underline(report, match.Begin - start, Math.Min(match.End, end) - match.Begin, Source(match.Directive));
                }
            }

            if (state.FailedFrom >= start && state.FailedFrom <= end)
            {
                Underline(report, state.FailedFrom - start, 1, $"{Source(failed)}: not found from here");
            }

            start = end + 1;
        }

        return report.ToString().TrimEnd('\n');
    }

    private string Source(int index) =>
        _directives[index].Kind == CheckKind.Regex ? $"regex: {_directives[index].Name}={_directives[index].Source}" : _directives[index].Source;

    private static void Underline(StringBuilder report, int column, int length, string label) =>
        report.Append("; ").Append(' ', column).Append('^').Append('~', Math.Max(0, length - 1))
            .Append(CultureInfo.InvariantCulture, $" {label}\n");

    private sealed class State(string text)
    {
        public readonly string Text = text;
        public readonly Dictionary<string, Binding> Bindings = [];
        public readonly List<Match> Matches = [];
        public readonly List<(int Directive, int From, ResolvedPattern Pattern)> Pending = [];
        public int LastOrdered, MaxMatch, FailedFrom = -1;

        /// <summary>Where a directive has to match.</summary>
        public (int From, int To) Range(CheckKind kind, CheckPattern pattern)
        {
            switch (kind)
            {
                case CheckKind.Check:
                    return (MaxMatch, Text.Length);
                case CheckKind.Sameln:
                    return (MaxMatch, NextLine(MaxMatch));
                case CheckKind.Nextln:
                    int start = NextLine(MaxMatch);
                    return (start, NextLine(start));
                default:
                    int from = LastOrdered;
                    foreach (PatternPart part in pattern.Parts)
                    {
                        if (part.Kind == PatternPartKind.Use)
                        {
                            from = Math.Max(from, Bindings[part.Name].Offset);
                        }
                    }

                    return (from, Text.Length);
            }
        }

        /// <summary>Whether no waiting <c>not</c> matches before <paramref name="end"/>; none waits afterwards.</summary>
        public bool CheckPending(int end, out int failed)
        {
            failed = -1;
            foreach ((int directive, int from, ResolvedPattern pattern) in Pending)
            {
                if (from <= end && pattern.TryFind(Text, from, end, out int begin, out int matchEnd, out _))
                {
                    Matches.Add(new(directive, begin, matchEnd));
                    failed = directive;
                    return false;
                }
            }

            Pending.Clear();
            return true;
        }

        private int NextLine(int position)
        {
            int newline = Text.IndexOf('\n', position);
            return newline < 0 ? Text.Length : newline + 1;
        }
    }
}
