// The machine that lies against the exhaustive model: what it does must be allowed (soundness), and what makes publication fail must be seen
// (power).
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Exploration;
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
