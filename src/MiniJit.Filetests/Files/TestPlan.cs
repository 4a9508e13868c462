// From the header of a test file to the tests it asks for (filetest reference, sections 2 and 3). A test is one subtest for one
// target; that is the unit that is run, counted, listed and re-run.
using System;
using System.Collections.Generic;
using MiniJit.Codegen.Settings;
using MiniJit.Filetests.Subtests;
using MiniJit.IR;

namespace MiniJit.Filetests.Files;

/// <summary>One subtest of a file for one target.</summary>
internal sealed class TestCase
{
    /// <summary>What to run.</summary>
    public required ISubtest Subtest { get; init; }

    /// <summary>For which target. A subtest that needs none has the file's only target, if there is exactly one.</summary>
    public required TargetSpec? Target { get; init; }

    /// <summary>Shared settings: the target's, else what the file's <c>set</c> lines add up to.</summary>
    public required SharedSettings Settings { get; init; }

    /// <summary>Why it cannot be run here; empty if it can.</summary>
    public string SkipReason { get; init; } = "";

    /// <summary>The target as it identifies the test; empty if the subtest needs none.</summary>
    public string TargetText => (Subtest.Needs & SubtestNeeds.Target) != 0 ? Target?.Text ?? "" : "";
}

/// <summary>What a file asks for.</summary>
internal sealed class TestPlan
{
    private TestPlan(List<TestCase> cases, Outcome problem)
    {
        Cases = cases;
        Problem = problem;
    }

    /// <summary>The tests in the order in which they run.</summary>
    public IReadOnlyList<TestCase> Cases { get; }

    /// <summary>What is wrong with the file as a whole, or why all of it is skipped; passed if nothing.</summary>
    public Outcome Problem { get; }

    /// <summary>Settings that test files start with: they differ from the library's in two places.</summary>
    public static SettingsBuilder InitialSettings()
    {
        SettingsBuilder settings = new(SharedSettings.Group);
        settings.SetRaw((int)SharedSetting.UnwindInfo, 0);
        settings.SetRaw((int)SharedSetting.MachineCodeCfgInfo, 1);
        return settings;
    }

    /// <summary>Makes the plan of a file.</summary>
    public static TestPlan Create(ParsedFile file)
    {
        // An architecture that does not exist here makes the reference skip the file whatever else is wrong with it.
        TargetList targets = new();
        Outcome problem = targets.Read(file.Settings);
        if (problem.Kind == OutcomeKind.Skipped)
        {
            return new([], problem);
        }

        if (file.HasErrors)
        {
            return new([], Outcome.Failed(file.Diagnostics.ToString().TrimEnd('\n'), file.Diagnostics.Items[0].Span.Line));
        }

        if (!problem.IsPassed)
        {
            return new([], problem);
        }

        if (file.Functions.Count == 0)
        {
            return new([], Outcome.Failed("no functions found"));
        }

        List<ISubtest> subtests = [];
        foreach (HeaderLine line in file.Tests)
        {
            if (!SubtestTable.TryCreate(line, out ISubtest? subtest, out string error))
            {
                return new([], Outcome.Failed(error, line.Span.Line));
            }

            Insert(subtests, subtest!);
        }

        List<TestCase> cases = [];
        foreach (ISubtest subtest in subtests)
        {
            problem = Expand(subtest, targets, cases);
            if (!problem.IsPassed)
            {
                return new([], problem);
            }
        }

        return new(cases, cases.Count == 0 ? Outcome.Failed("no test commands found") : Outcome.Passed);
    }

    private static Outcome Expand(ISubtest subtest, TargetList targets, List<TestCase> cases)
    {
        if ((subtest.Needs & SubtestNeeds.Target) == 0)
        {
            TargetSpec? only = targets.Specs.Count == 1 ? targets.Specs[0] : null;
            SharedSettings settings = targets.Specs.Count > 0 ? targets.Specs[^1].Shared : targets.Final;
            cases.Add(new() { Subtest = subtest, Target = only, Settings = settings });
            return Outcome.Passed;
        }

        if (targets.Specs.Count == 0)
        {
            return Outcome.Failed($"test {subtest.Name} requires an ISA");
        }

        int before = cases.Count;
        foreach (TargetSpec target in targets.Specs)
        {
            if (target.IsBuilt)
            {
                cases.Add(new() { Subtest = subtest, Target = target, Settings = target.Shared });
            }
        }

        if (cases.Count == before)
        {
            cases.Add(new() { Subtest = subtest, Target = null, Settings = targets.Final, SkipReason = "no back end for any target of the file" });
        }

        return Outcome.Passed;
    }

    // Stable order by (mutating, verified), false before true.
    private static void Insert(List<ISubtest> subtests, ISubtest subtest)
    {
        int at = subtests.Count;
        while (at > 0 && Rank(subtests[at - 1]) > Rank(subtest))
        {
            at--;
        }

        subtests.Insert(at, subtest);
    }

    private static int Rank(ISubtest subtest) =>
        ((subtest.Needs & SubtestNeeds.OwnCopy) != 0 ? 2 : 0) + ((subtest.Needs & SubtestNeeds.Verified) != 0 ? 1 : 0);

    /// <summary>Goes through <c>set</c> and <c>target</c> lines in file order; each target keeps the settings of its place.</summary>
    private sealed class TargetList
    {
        private readonly SettingsBuilder _settings = InitialSettings();
        private SharedSettings? _snapshot;                     // of the settings as they are now; many targets share one

        /// <summary>All targets of known architectures, with a back end or without.</summary>
        public List<TargetSpec> Specs { get; } = [];

        public SharedSettings Final => _snapshot ??= new(_settings);

        public Outcome Read(IReadOnlyList<HeaderLine> lines)
        {
            Outcome firstError = Outcome.Passed;
            int dangling = 0;
            foreach (HeaderLine line in lines)
            {
                Outcome outcome;
                if (line.Keyword == "set")
                {
                    outcome = ReadSet(line);
                    dangling = line.Span.Line;
                }
                else
                {
                    outcome = ReadTarget(line);
                    dangling = 0;
                }

                if (outcome.Kind == OutcomeKind.Skipped)
                {
                    return outcome;
                }

                firstError = firstError.IsPassed ? outcome : firstError;
            }

            return !firstError.IsPassed || dangling == 0 || Specs.Count == 0
                ? firstError
                : Outcome.Failed("dangling 'set' command after ISA specification has no effect.", dangling);
        }

        private Outcome ReadSet(HeaderLine line)
        {
            foreach (string word in line.Words)
            {
                if (!_settings.TryApply(word, out string error))
                {
                    return Outcome.Failed(error, line.Span.Line);
                }
            }

            _snapshot = null;
            return Outcome.Passed;
        }

        private Outcome ReadTarget(HeaderLine line)
        {
            switch (TargetLine.Read(line.Words, Final, out TargetSpec? spec, out string error))
            {
                case TargetLineKind.Usable or TargetLineKind.NotBuilt:
                    Specs.Add(spec!);
                    return Outcome.Passed;
                case TargetLineKind.Unsupported:
                    return Outcome.Skipped($"unsupported architecture {line.Words[0]}");
                default:
                    return Outcome.Failed(error, line.Span.Line);
            }
        }
    }
}
