using System.Globalization;
using MiniJit.Coherence.Experiments;

namespace MiniJit.Filetests.Tools;

/// <summary><c>minijit lab scenario</c>: coherence bugs of real programs, without and with their fixes.</summary>
internal static class ScenarioTools
{
    public const int DefaultRuns = 200;

    private static string Version => typeof(ScenarioTools).Assembly.GetName().Version?.ToString(3) ?? "";

    /// <summary>Prints the table of scenarios.</summary>
    public static int List(ToolContext context)
    {
        TextTable table = new();
        table.Add("scenario", "machine", "system", "project", "what was wrong");
        foreach (Scenario scenario in Scenarios.All)
        {
            table.Add(scenario.Name, scenario.Machine.Name, scenario.Without.System.Name, scenario.Source, scenario.Sentence);
        }

        table.Write(context.Output);
        return ExitCode.Success;
    }

    /// <summary>Runs one scenario.</summary>
    public static int Run(ToolContext context, string name, int runs, in ReportRequest request)
    {
        if (Scenarios.Find(name) is not { } scenario)
        {
            return context.Usage($"there is no scenario {name}; 'minijit lab scenario --list' shows them");
        }

        return Run(context, scenario, runs, request) ? ExitCode.Success : ExitCode.Failure;
    }

    /// <summary>Runs all.</summary>
    public static int RunAll(ToolContext context, int runs)
    {
        int wrong = 0;
        foreach (Scenario scenario in Scenarios.All)
        {
            wrong += Run(context, scenario, runs, default) ? 0 : 1;
        }

        string verdict = wrong == 0 ? "each fails without its fix and passes with it" : $"{wrong} are not as they should be";
        context.Output.Write(string.Create(CultureInfo.InvariantCulture, $"{Scenarios.All.Length} scenarios, {runs} runs each way: {verdict}\n"));
        return wrong == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    private static bool Run(ToolContext context, Scenario scenario, int runs, in ReportRequest request)
    {
        ScenarioResult result = ScenarioResult.Of(scenario, runs);
        context.Output.Write($"{scenario.Name}: {scenario.Source}\n  {scenario.Sentence}\n");
        context.Output.Write($"  machine {scenario.Machine.Name}, system {scenario.Without.System.Name}\n");
        Show(context, "without the fix", result.Without);
        Show(context, $"with it ({scenario.Fix})", result.With);
        if (scenario.Aside is not null)
        {
            Show(context, $"without it, {scenario.AsideText}", result.Aside);
        }

        if (!result.IsAsExpected)
        {
            context.Output.Write($"  NOT AS EXPECTED: {(result.Without.Failures == 0 ? "the defect does not show" : "the fix does not help")}\n");
        }

        bool isReported = result.Without.Failures == 0 || ExperimentReport.Write(
            context, RepeatedExperiment.Of(scenario), result.Without.FirstSeed, request, $"minijit lab scenario {scenario.Name} --explain",
            run => RepeatedExperiment.Record(Version, scenario, run));
        context.Output.Write("\n");
        return result.IsAsExpected && isReported;
    }

    private static void Show(ToolContext context, string label, in ExperimentRate rate)
    {
        string symptoms = "";
        for (int kind = 1; rate.Failures > 0 && kind < rate.Symptoms!.Length; kind++)
        {
            string separator = symptoms.Length == 0 ? " (" : ", ";
            symptoms += rate.Symptoms[kind] == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{separator}{ExperimentOutcome.NameOf((OutcomeKind)kind)} {rate.Symptoms[kind]}");
        }

        symptoms += symptoms.Length == 0 ? "" : ")";
        string first = rate.Failures == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"\n    seed {rate.FirstSeed}: {rate.First}");
        context.Output.Write(string.Create(CultureInfo.InvariantCulture, $"  {label}: {rate.Failures} of {rate.Runs} runs fail{symptoms}{first}\n"));
    }
}
