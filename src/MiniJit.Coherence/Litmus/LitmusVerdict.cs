// Runs tests and says what came of them, in the words and the format of herd.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using MiniJit.Coherence.Exploration;
using MiniJit.IR;

namespace MiniJit.Coherence.Litmus;

/// <summary>How often a test's condition holds.</summary>
internal enum Observation : byte
{
    Never,
    Sometimes,
    Always,
}

/// <summary>The result of a test.</summary>
/// <param name="Name">The test's name.</param>
/// <param name="Problem">Why there is none, or empty.</param>
/// <param name="Observation">How often the condition holds, over all final states.</param>
/// <param name="Verdict">Allowed, Forbidden or Required, in the words of the catalogue.</param>
/// <param name="States">States that were visited.</param>
/// <param name="Bytes">Memory that held them.</param>
/// <param name="Text">Everything, as herd prints it.</param>
/// <param name="Witness">A shortest execution that answers the question, if one was asked for and there is one: of the condition, or against it if it shall always hold.</param>
internal sealed record LitmusVerdict(
    string Name, string Problem, Observation Observation, string Verdict, int States, long Bytes, string Text, IReadOnlyList<string> Witness)
{
    /// <summary>States after which a test is given up.</summary>
    public const int DefaultStateLimit = 5_000_000;

    /// <summary>Reads and explores a test.</summary>
    /// <param name="source">The test.</param>
    /// <param name="stateLimit">States after which to give up.</param>
    /// <param name="wantsWitness">Whether to look for an execution as well.</param>
    public static LitmusVerdict Of(SourceText source, int stateLimit = DefaultStateLimit, bool wantsWitness = false)
    {
        DiagnosticBag diagnostics = new();
        LitmusTest? test = LitmusParser.Parse(source, diagnostics);
        if (test is null)
        {
            return Failed(source.Path, diagnostics.ToString().TrimEnd());
        }

        ExplorationResult result = new FetchModel(test, stateLimit).Explore();
        if (result.Problem.Length != 0)
        {
            return Failed(test.Name, result.Problem) with { States = result.States, Bytes = result.Bytes };
        }

        List<string> witness = [];
        if (wantsWitness)
        {
            Witness found = new FetchModel(test, stateLimit).Find(test.Condition, test.Quantifier != LitmusQuantifier.ForAll);
            witness = new WitnessText(test).Describe(found.Steps);
        }

        return Judge(test, result, witness);
    }

    /// <summary>No result.</summary>
    public static LitmusVerdict Failed(string name, string problem) => new(name, problem, default, "", 0, 0, "", []);

    private static LitmusVerdict Judge(LitmusTest test, ExplorationResult result, List<string> witness)
    {
        int positive = 0;
        List<string> states = [];
        foreach (ulong[] outcome in result.Outcomes)
        {
            positive += test.Condition.Holds(outcome) ? 1 : 0;
            states.Add(test.FormatState(outcome));
        }

        states.Sort(StringComparer.Ordinal);
        int negative = result.Outcomes.Count - positive;
        Observation observation = positive == 0 ? Observation.Never : negative == 0 ? Observation.Always : Observation.Sometimes;
        bool isForAll = test.Quantifier == LitmusQuantifier.ForAll;
        string verdict = isForAll && observation == Observation.Always ? "Required" : observation == Observation.Never ? "Forbidden" : "Allowed";
        bool holds = test.Quantifier switch
        {
            LitmusQuantifier.Exists => positive > 0,
            LitmusQuantifier.NotExists => positive == 0,
            _ => negative == 0,
        };
        (string kind, string word) = test.Quantifier switch
        {
            LitmusQuantifier.Exists => ("Allowed", "exists"),
            LitmusQuantifier.NotExists => ("Forbidden", "~exists"),
            _ => ("Required", "forall"),
        };

        StringBuilder text = new();
        IFormatProvider culture = CultureInfo.InvariantCulture;
        text.Append(culture, $"Test {test.Name} {kind}\nStates {states.Count}\n");
        foreach (string state in states)
        {
            text.Append(state).Append('\n');
        }

        // herd lists the witnesses of a universal question by its counterexamples' absence, like those of any other.
        text.Append(holds ? "Ok\n" : "No\n");
        text.Append(culture, $"Witnesses\nPositive: {positive} Negative: {negative}\nCondition {word} {test.ConditionText}\n");
        text.Append(culture, $"Observation {test.Name} {observation} {positive} {negative}\n");
        return new(test.Name, "", observation, verdict, result.States, result.Bytes, text.ToString(), witness);
    }
}
