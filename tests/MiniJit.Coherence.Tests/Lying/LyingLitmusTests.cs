// The machine that lies against the exhaustive model: what it does must be allowed (soundness), and what makes publication fail must be seen
// (power).
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.Exploration;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Litmus;
using MiniJit.IR;
using Xunit;

namespace MiniJit.Coherence.Tests.Lying;

public sealed class LyingLitmusTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("custom", 300)]
    [InlineData("litmus", 100)]
    public void The_machine_does_what_the_exhaustive_model_allows_and_nothing_else(string folder, int seeds)
    {
        string root = Path.Combine(RepositoryRoot(), "..", "shared", "coherence", folder);
        Assert.SkipUnless(Directory.Exists(root), "the litmus tests are not beside the repository");
        List<string> unsound = [], missed = [];
        int tests = 0, allowed = 0, seen = 0;
        foreach (string file in Directory.GetFiles(root, "*.litmus", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            DiagnosticBag diagnostics = new();
            if (LitmusParser.Parse(new SourceText(file, File.ReadAllText(file)), diagnostics) is not { } test || !new LitmusRun(test).IsPossible)
            {
                continue;
            }

            ExplorationResult result = new FetchModel(test, 1_000_000).Explore();
            HashSet<string> expected = [.. result.Outcomes.Select(outcome => test.FormatState(outcome))], found = [];
            LitmusRun run = new(test);
            for (int seed = 0; seed < seeds; seed++)
            {
                if (run.Outcome((ulong)seed) is { } outcome)
                {
                    found.Add(test.FormatState(outcome));
                }
            }

            tests++;
            allowed += expected.Count;
            seen += found.Count(expected.Contains);
            if (found.Except(expected).FirstOrDefault() is { } wrong)
            {
                unsound.Add($"{Path.GetFileName(file)}: {wrong}");
            }

            if (expected.Except(found).FirstOrDefault() is { } miss)
            {
                missed.Add($"{Path.GetFileName(file)}: {expected.Except(found).Count()} of {expected.Count}, {miss}");
            }
        }

        output.WriteLine($"{folder}: {tests} tests, {seen} of {allowed} allowed outcomes seen");
        foreach (string line in missed)
        {
            output.WriteLine("missed " + line);
        }

        Assert.Empty(unsound);

        // What is missed of the catalogue needs loads or ordinary stores out of order; no test of publication does.
        Assert.True(folder == "custom" ? missed.Count == 0 : seen > allowed * 0.9, string.Join('\n', missed));
    }

    private const string Clean = "DC CVAU,X1", Barrier = "DSB ISH", Weak = "DMB ISH", Invalidate = "IC IVAU,X1", Nothing = "NOP", Sync = "ISB";

    // A publisher and a consumer, as a program: X9 is 2 if the consumer saw the flag and ran the old code.
    private static readonly System.Text.CompositeFormat s_publish = System.Text.CompositeFormat.Parse("""
        AArch64 publish
        CacheType={0}
        {{ 0:X0=NOP; 0:X1=P1:m0; 0:X2=1; 0:X3=x; 1:X3=x; 1:X9=0; }}
         P0          | P1            ;
         STR W0,[X1] | LDAR W2,[X3]  ;
         {1}         | {6}           ;
         {2}         | CBZ W2,e0     ;
         {3}         | {7}           ;
         {4}         | m0: B l0      ;
         {5}         | MOV W9,#1     ;
                     | B e0          ;
                     | l0: MOV W9,#2 ;
                     | e0:           ;
        exists (1:X2=1 /\ 1:X9=2)
        """);

    [Theory]
    [InlineData(Clean, Barrier, Invalidate, Barrier, "STLR W2,[X3]", Nothing, Sync)]
    [InlineData(Clean, Barrier, Invalidate, Barrier, "STR W2,[X3]", Nothing, Sync)]
    [InlineData(Nothing, Barrier, Invalidate, Barrier, "STLR W2,[X3]", Nothing, Sync)]
    [InlineData(Clean, Nothing, Invalidate, Barrier, "STLR W2,[X3]", Nothing, Sync)]
    [InlineData(Clean, Weak, Invalidate, Barrier, "STLR W2,[X3]", Nothing, Sync)]
    [InlineData(Clean, Barrier, Nothing, Barrier, "STLR W2,[X3]", Nothing, Sync)]
    [InlineData(Clean, Barrier, Invalidate, Nothing, "STLR W2,[X3]", Nothing, Sync)]
    [InlineData(Clean, Barrier, Invalidate, Weak, "STR W2,[X3]", Nothing, Sync)]
    [InlineData(Invalidate, Barrier, Clean, Barrier, "STLR W2,[X3]", Nothing, Sync)]
    [InlineData(Nothing, Nothing, Nothing, Nothing, "STR W2,[X3]", Nothing, Sync)]
    [InlineData(Nothing, Nothing, Nothing, Weak, "STR W2,[X3]", Nothing, Sync)]
    [InlineData(Nothing, Nothing, Nothing, Nothing, "STLR W2,[X3]", Nothing, Sync)]
    [InlineData(Clean, Barrier, Invalidate, Barrier, "STLR W2,[X3]", Nothing, Nothing)]
    [InlineData(Clean, Barrier, Invalidate, Barrier, "STLR W2,[X3]", Nothing, Barrier)]
    [InlineData(Clean, Barrier, Invalidate, Barrier, "STLR W2,[X3]", Sync, Nothing)]
    public void Publication_ends_in_all_ways_that_the_exhaustive_model_knows_and_in_no_other(
        string first, string second, string third, string fourth, string flag, string before, string after)
    {
        foreach (string caches in (ReadOnlySpan<string>)["", "IDC", "IDC DIC"])
        {
            string text = string.Format(System.Globalization.CultureInfo.InvariantCulture, s_publish, caches, first, second, third, fourth, flag, before, after);
            LitmusTest test = LitmusParser.Parse(new SourceText("publish.litmus", text), new DiagnosticBag())!;
            HashSet<string> expected = [.. new FetchModel(test, 1_000_000).Explore().Outcomes.Select(outcome => test.FormatState(outcome))], found = [];
            LitmusRun run = new(test);
            for (ulong seed = 0; seed < 1000 && (seed < 200 || found.Count < expected.Count); seed++)
            {
                if (run.Outcome(seed) is { } outcome)
                {
                    found.Add(test.FormatState(outcome));
                }
            }

            Assert.Equal(expected.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));

            // Finite caches do part of that.
            LitmusRun realistic = new(test, LabMode.Realistic);
            for (ulong seed = 0; seed < 100; seed++)
            {
                Assert.True(realistic.Outcome(seed) is not { } outcome || expected.Contains(test.FormatState(outcome)));
            }
        }
    }

    [Fact]
    public void A_recorded_run_replays_and_without_its_deviations_it_is_the_coherent_one()
    {
        string text = string.Format(System.Globalization.CultureInfo.InvariantCulture, s_publish, "", Nothing, Weak, Invalidate, Nothing, "STR W2,[X3]", Nothing, Nothing);
        LitmusTest test = LitmusParser.Parse(new SourceText("publish.litmus", text), new DiagnosticBag())!;
        LitmusRun run = new(test);
        int stale = 0;
        for (ulong seed = 0; seed < 100; seed++)
        {
            RecordingChoices recording = new(new SeededChoices(seed, 2, LabTuning.Adversarial), 2);
            LabHistory first = new(), second = new();
            ulong[]? outcome = run.Outcome(recording, first);
            Assert.Equal(outcome, run.Outcome(new ReplayedChoices(recording.Deviations, 2), second));
            Assert.Equal(first.Count, second.Count);
            for (int i = 0; i < first.Count; i++)
            {
                Assert.Equal(first[i], second[i]);
                stale += first[i].IsStale ? 1 : 0;
            }
        }

        Assert.NotEqual(0, stale);
        Assert.Equal(run.Outcome(new NoChoices()), run.Outcome(new ReplayedChoices([], 2)));
        Assert.Equal([1, 1], run.Outcome(new NoChoices()));
    }

    internal static string RepositoryRoot()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "MiniJit.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? AppContext.BaseDirectory;
    }
}
