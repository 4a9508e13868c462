using System;
using MiniJit.Filetests.Checking;
using Xunit;

namespace MiniJit.Filetests.Tests;

public sealed class FileCheckTests
{
    private const string Text = "v1 = add v10, v2\nv10 = mul v1\nstore v3\nv3 = sub v1, v2\n";

    private static string Check(string text, params string[] comments)
    {
        FileCheck check = new();
        foreach (string comment in comments)
        {
            Assert.True(check.TryAdd(comment, out string error), error);
        }

        return check.Check(text);
    }

    private static void Passes(params string[] comments) => Assert.Equal("", Check(Text, comments));

    private static string Fails(params string[] comments)
    {
        string report = Check(Text, comments);
        Assert.StartsWith("filecheck failed: ", report, StringComparison.Ordinal);
        return report;
    }

    [Fact]
    public void Checks_match_in_order()
    {
        Passes("; check: add", "; check: mul", "; check: sub");
        Assert.Contains("not found", Fails("; check: mul", "; check: add"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_check_starts_after_the_last_match() => Fails("; check: store", "; check: store");

    [Fact]
    public void Words_at_the_ends_of_a_pattern_match_whole_words()
    {
        Passes("; check: v10, v2");
        Assert.Equal("", Check("v10 v1", "; check: v1", "; not: v1"));
        Assert.NotEqual("", Check("v10", "; check: v1"));
        Assert.Equal("", Check("v10", "; check: v1$()"));
        Assert.Equal("", Check("[v1]", "; check: [v1]"));
    }

    [Fact]
    public void Sameln_stays_on_the_line_and_nextln_on_the_next()
    {
        Passes("; check: v1", "; sameln: v2", "; nextln: mul", "; nextln: store");
        Fails("; check: add", "; sameln: mul");
        Fails("; check: add", "; nextln: store");
    }

    [Fact]
    public void Without_an_earlier_match_nextln_is_the_second_line()
    {
        Passes("; nextln: mul");
        Fails("; nextln: add");
    }

    [Fact]
    public void An_empty_pattern_matches_an_empty_line() => Assert.Equal("", Check("a\n\nb\n", "; check: a", "; nextln: ", "; nextln: b"));

    [Fact]
    public void Unordered_directives_match_in_any_order_and_a_check_follows_all_of_them()
    {
        Passes("; unordered: sub", "; unordered: add");
        Fails("; unordered: sub", "; unordered: add", "; check: store");
        Passes("; unordered: add", "; unordered: mul", "; check: store");
    }

    [Fact]
    public void Not_ends_at_the_next_ordered_match()
    {
        Passes("; check: add", "; not: store", "; check: mul", "; check: store");
        Fails("; check: add", "; not: mul", "; check: store");
        Fails("; check: mul", "; not: sub");
    }

    [Fact]
    public void Variables_bind_what_they_matched()
    {
        Passes("; check: v1 = add $(x=v\\d+), $(y=v\\d+)", "; check: $x = mul", "; check: sub v1, $y");
        Fails("; check: v1 = add $(x=v\\d+)", "; check: $x = sub");
    }

    [Fact]
    public void Regex_variables_match_anew_each_time()
    {
        Passes("; regex: V=\\bv\\d+\\b", "; check: $V = add", "; check: $V = mul", "; check: $(d=$V) = sub", "; not: $d");
    }

    [Fact]
    public void An_unordered_use_of_a_variable_starts_where_it_was_bound()
    {
        Assert.NotEqual("", Check("use a\ndef a\n", "; check: def $(x=\\w+)", "; unordered: use $x"));
        Assert.Equal("", Check("def a\nuse a\n", "; check: def $(x=\\w+)", "; unordered: use $x"));
    }

    [Fact]
    public void Dollar_and_anonymous_expressions() => Assert.Equal("", Check("cost: $12.50\n", "; check: $$$(=[0-9]+)."));

    [Theory]
    [InlineData("; check:x")]
    [InlineData("; precheck: x")]
    [InlineData("; just text")]
    public void Comments_that_only_resemble_directives_are_none(string comment) => Assert.Equal("", Check("", comment));

    [Fact]
    public void A_directive_may_follow_other_words() => Fails("; note, then check: nowhere");

    [Theory]
    [InlineData("; check: $(x=a")]
    [InlineData("; check: a $ b")]
    [InlineData("; check: $(x=a) $x")]
    [InlineData("; check: $(x=a) $(x=b)")]
    [InlineData("; check: $(=(?=a))")]
    [InlineData("; check: $(=(a)\\1)")]
    [InlineData("; not: $(x=a)")]
    [InlineData("; regex: =a")]
    [InlineData("; regex: A=(")]
    public void Malformed_directives_are_errors(string comment) => Assert.False(new FileCheck().TryAdd(comment, out _));

    [Fact]
    public void Undefined_variables_are_errors_when_they_are_used() => Assert.Contains("undefined variable $x", Fails("; check: $x"), StringComparison.Ordinal);

    [Fact]
    public void A_report_shows_where_the_others_matched()
    {
        string report = Fails("; check: mul", "; check: nowhere");
        Assert.Contains("  v10 = mul v1\n;       ^~~ check: mul\n", report, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[[:alpha:]_]+", "a_b", true)]
    [InlineData("\\pL+$", "abc", true)]
    [InlineData("\\x{61}", "a", true)]
    [InlineData("(?P<n>a)b", "ab", true)]
    [InlineData("[]a]", "]", true)]
    [InlineData("^b", "a\nb", true)]
    [InlineData("a.b", "a\nb", false)]
    public void Rust_expressions_mean_the_same_here(string rust, string text, bool matches)
    {
        Assert.True(RustRegex.TryTranslate(rust, out string expression, out string error), error);
        Assert.Equal(matches, System.Text.RegularExpressions.Regex.IsMatch(text, expression, RustRegex.Options));
    }

    [Fact]
    public void A_unified_diff_shows_what_changed_with_context()
    {
        Assert.Equal("", UnifiedDiff.Format(["a", "b"], ["a", "b"]));
        Assert.Equal("--- expected\n+++ actual\n  b\n  c\n  d\n- e\n+ x\n  f", UnifiedDiff.Format(["a", "b", "c", "d", "e", "f"], ["a", "b", "c", "d", "x", "f"]));
        Assert.Equal("--- expected\n+++ actual\n+ x\n  a", UnifiedDiff.Format(["a"], ["x", "a"]));
    }
}
