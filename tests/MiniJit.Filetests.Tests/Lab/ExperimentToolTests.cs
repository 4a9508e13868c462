using System;
using System.IO;
using MiniJit.Filetests.Tools;
using Xunit;

namespace MiniJit.Filetests.Tests.Lab;

public sealed class ExperimentToolTests
{
    [Fact]
    public void All_scenarios_are_run_and_shown_with_their_rates()
    {
        (int exit, string output, _) = Capture(context => ScenarioTools.RunAll(context, 25));
        Assert.Equal(ExitCode.Success, exit);
        Assert.Contains("each fails without its fix and passes with it", output, StringComparison.Ordinal);
        Assert.DoesNotContain("NOT AS EXPECTED", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_scenario_is_explained_drawn_and_recorded()
    {
        string page = Path.GetTempFileName(), record = Path.GetTempFileName();
        try
        {
            (int exit, string output, _) = Capture(context => ScenarioTools.Run(context, "patch-in-place", 5, new(true, page, record)));
            Assert.Equal(ExitCode.Success, exit);
            Assert.Contains("IC IVAU", output, StringComparison.Ordinal);
            Assert.StartsWith("<!DOCTYPE html>", File.ReadAllText(page), StringComparison.Ordinal);
            Assert.Contains("set name patch-in-place", File.ReadAllText(record), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(page);
            File.Delete(record);
        }
    }

    [Fact]
    public void A_mutant_is_shown_with_the_rule_that_kills_or_excuses_it()
    {
        (int exit, string output, _) = Capture(context => MutantTools.Run(context, "no-clean", "none", 20, default));
        Assert.Equal(ExitCode.Success, exit);
        Assert.Contains("is killed by seed 1", output, StringComparison.Ordinal);
        (exit, output, _) = Capture(context => MutantTools.Run(context, "no-clean", "idc", 20, default));
        Assert.Equal(ExitCode.Success, exit);
        Assert.Contains("IDC: fetch sees what the data caches hold", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_that_nothing_has_are_wrong_command_lines()
    {
        Assert.Equal(ExitCode.Usage, Capture(context => ScenarioTools.Run(context, "nothing", 1, default)).Exit);
        Assert.Equal(ExitCode.Usage, Capture(context => MutantTools.Run(context, "nothing", "none", 1, default)).Exit);
        Assert.Equal(ExitCode.Usage, Capture(context => MutantTools.Run(context, "ours", "nothing", 1, default)).Exit);
    }

    [Fact]
    public void The_list_names_every_scenario_once()
    {
        (_, string output, _) = Capture(ScenarioTools.List);
        foreach (Coherence.Experiments.Scenario scenario in Coherence.Experiments.Scenarios.All)
        {
            Assert.Contains($"\n{scenario.Name} ", output, StringComparison.Ordinal);
        }
    }

    private static (int Exit, string Output, string Errors) Capture(Func<ToolContext, int> run)
    {
        using StringWriter output = new() { NewLine = "\n" }, errors = new() { NewLine = "\n" };
        int exit = run(new ToolContext(output, errors));
        return (exit, output.ToString(), errors.ToString());
    }
}
