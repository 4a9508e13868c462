// The options of `test coherence`, each NAME=VALUE: on what the file's functions are published and called, how often, and what must come of it.
using System;
using System.Collections.Generic;
using System.Globalization;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Publication;
using MiniJit.Filetests.Stress;
using MiniJit.Runtime.Memory;

namespace MiniJit.Filetests.Lab;

/// <summary>What is expected of all runs together.</summary>
/// <param name="Name">On the test line.</param>
/// <param name="MustFail">Whether some run must fail; otherwise none may.</param>
/// <param name="Symptom">How most commands that fail must fail; null: in any way.</param>
internal sealed record CoherenceExpectation(string Name, bool MustFail, LabSymptom? Symptom = null)
{
    public static readonly CoherenceExpectation[] All =
    [
        new("safe", false),
        new("fails", true),
        new("illegal-instruction", true, LabSymptom.IllegalInstruction),
        new("access-fault", true, LabSymptom.AccessFault),
        new("wrong-result", true, LabSymptom.WrongResult),
    ];
}

/// <summary>A test line, read.</summary>
internal sealed record CoherenceOptions
{
    public SuiteOptions Suite { get; init; } = new() { Cores = 4, System = SystemPolicy.Bare, FileRuns = 20 };

    /// <summary>Seeds, from the first one.</summary>
    public int Runs { get; init; } = 5;

    public ulong Seed { get; init; } = 1;

    public CoherenceExpectation Expect { get; init; } = CoherenceExpectation.All[0];

    /// <summary>Reads the words behind <c>test</c>.</summary>
    /// <param name="words">The first is <c>coherence</c>.</param>
    /// <param name="options">What they say.</param>
    /// <param name="wrong">Which word is wrong.</param>
    /// <param name="error">What is wrong with it.</param>
    public static bool TryParse(IReadOnlyList<string> words, out CoherenceOptions options, out int wrong, out string error)
    {
        options = new();
        HashSet<string> given = [];
        for (wrong = 1; wrong < words.Count; wrong++)
        {
            int equals = words[wrong].IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? words[wrong] : words[wrong][..equals], value = equals < 0 ? "" : words[wrong][(equals + 1)..];
            if (!given.Add(name))
            {
                error = $"'{name}' is given twice";
                return false;
            }

            if (!options.TrySet(name, value, out CoherenceOptions next, out error))
            {
                return false;
            }

            options = next;
        }

        error = "";
        return true;
    }

    private bool TrySet(string name, string value, out CoherenceOptions next, out string error)
    {
        SuiteOptions suite = Suite;
        string expected;
        CoherenceOptions? set;
        switch (name)
        {
            case "plan":
                set = StressVariant.Find(value) is { } plan ? With(suite with { Plan = plan }) : null;
                expected = Names([.. StressVariant.All], static variant => variant.Name);
                break;
            case "machine":
                set = MachineType.Find(value) is { } machine ? With(suite with { Machine = machine }) : null;
                expected = Names(MachineType.All, static type => type.Name);
                break;
            case "system":
                set = SystemPolicy.Find(value) is { } system ? With(suite with { System = system }) : null;
                expected = Names(SystemPolicy.All, static policy => policy.Name);
                break;
            case "mode":
                set = value is "adversarial" or "realistic" ? With(suite with { Mode = value == "realistic" ? LabMode.Realistic : LabMode.Adversarial }) : null;
                expected = "adversarial or realistic";
                break;
            case "views":
                set = value is "one" or "two" ? With(suite with { Views = value == "two" ? CodeViews.Dual : CodeViews.Flip }) : null;
                expected = "one or two";
                break;
            case "memory":
                set = value is "kept" or "returned" ? With(suite with { KeepsMemory = value == "kept" }) : null;
                expected = "kept or returned";
                break;
            case "expect":
                set = Array.Find(CoherenceExpectation.All, expectation => expectation.Name == value) is { } expect ? this with { Expect = expect } : null;
                expected = Names(CoherenceExpectation.All, static expectation => expectation.Name);
                break;
            case "cores":
                set = Number(1, LyingModel.MaxCores) is { } cores ? With(suite with { Cores = cores }) : null;
                expected = $"a number from 1 to {LyingModel.MaxCores}";
                break;
            case "workers":
                set = Number(1, SuiteOptions.MostWorkers) is { } workers ? With(suite with { Workers = workers }) : null;
                expected = $"a number from 1 to {SuiteOptions.MostWorkers}";
                break;
            case "files":
                set = Number(1, 100_000) is { } files ? With(suite with { FileRuns = files }) : null;
                expected = "a number from 1 to 100000";
                break;
            case "runs":
                set = Number(1, 100_000) is { } runs ? this with { Runs = runs } : null;
                expected = "a number from 1 to 100000";
                break;
            case "seed":
                set = Number(0, int.MaxValue) is { } seed ? this with { Seed = (ulong)seed } : null;
                expected = "a number";
                break;
            default:
                next = this;
                error = $"'{name}' is no option of test coherence: plan, machine, system, mode, views, memory, cores, workers, files, runs, seed, expect";
                return false;
        }

        next = set ?? this;
        error = set is not null ? "" : $"'{value}' is no {name}: {expected}";
        return set is not null;

        CoherenceOptions With(SuiteOptions changed) => this with { Suite = changed };

        int? Number(int low, int high) =>
            int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= low && number <= high ? number : null;
    }

    private static string Names<T>(ReadOnlySpan<T> items, Func<T, string> name)
    {
        var names = new string[items.Length];
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = name(items[i]);
        }

        return string.Join(", ", names);
    }
}
