using System;
using System.CommandLine;
using System.IO;
using System.Text;
using MiniJit.Coherence.Experiments;
using MiniJit.Filetests.Tools;

namespace MiniJit.Cli;

/// <summary><c>minijit lab</c>: experiments with caches that lie. One method per experiment.</summary>
internal static class LabCommand
{
    public static Command Create()
    {
        Command command = new("lab", "Experiments with publication plans on machines whose instruction caches lag behind.");
        command.Add(LabSuiteCommand.Create());
        command.Add(LabSuiteCommand.CreatePr4997());
        command.Add(LabSuiteCommand.CreateReplay());
        command.Add(Plans());
        command.Add(Mutants());
        command.Add(Scenario());
        return command;
    }

    private static Command Plans()
    {
        Option<string> witness = new("--witness") { Description = "Only plans whose name contains this, with their steps.", HelpName = "plan", DefaultValueFactory = _ => "" };
        Option<bool> table = new("--table") { Description = "Write the table without the executions." };
        Option<bool> json = new("--json") { Description = "Write one line of JSON per cell." };
        Option<bool> markdown = new("--markdown") { Description = "Write a table in Markdown." };
        Command command = new("plans", "Judge the publication plans of several engines: safe, or unsafe with a shortest execution.") { witness, table, json, markdown };
        command.SetAction(parsed => WithConsole(context => (parsed.GetValue(table), parsed.GetValue(json), parsed.GetValue(markdown)) switch
        {
            (false, false, false) => PlanTools.Run(context, parsed.GetValue(witness) ?? "", PlanFormat.Text),
            (true, false, false) => PlanTools.Run(context, parsed.GetValue(witness) ?? "", PlanFormat.Table),
            (false, true, false) => PlanTools.Run(context, parsed.GetValue(witness) ?? "", PlanFormat.Json),
            (false, false, true) => PlanTools.Run(context, parsed.GetValue(witness) ?? "", PlanFormat.Markdown),
            _ => context.Usage("one of --table, --json and --markdown"),
        }));
        return command;
    }

    private static Command Mutants()
    {
        Argument<string?> name = new("name") { Description = "One mutant, on one machine.", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> machine = new("--machine") { Description = LabSuiteCommand.Names("For one mutant, the machine; none if not given:", MutantMatrix.Machines, static type => type.Name), HelpName = "name" };
        Option<int> seeds = new("--seeds") { Description = "Runs that a mutant must survive.", HelpName = "n", DefaultValueFactory = _ => MutantTools.DefaultSeeds };
        ReportOptions report = new();
        Command command = new("mutants", "The runtime's publication with one mistake at a time, on machines of all kinds.") { name, machine, seeds };
        report.AddTo(command);
        command.SetAction(parsed => WithConsole(context => (parsed.GetValue(name), parsed.GetValue(machine), report.Read(parsed)) switch
        {
            _ when parsed.GetValue(seeds) < 1 => context.Usage("--seeds must be positive"),
            (null, null, { IsEmpty: true }) => MutantTools.Run(context, parsed.GetValue(seeds)),
            (null, _, _) => context.Usage("a machine and a report are about one mutant"),
            ({ } one, var on, var request) => MutantTools.Run(context, one, on ?? "none", parsed.GetValue(seeds), request),
        }));
        return command;
    }

    private static Command Scenario()
    {
        Argument<string?> name = new("name") { Description = "The scenario.", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> all = new("--all") { Description = "All of them." }, list = new("--list") { Description = "What there is." };
        Option<int> runs = new("--runs") { Description = "Runs without and runs with the fix.", HelpName = "n", DefaultValueFactory = _ => ScenarioTools.DefaultRuns };
        ReportOptions report = new();
        Command command = new("scenario", "Coherence bugs of real programs, without and with their fixes.") { name, all, list, runs };
        report.AddTo(command);
        command.SetAction(parsed => WithConsole(context => (parsed.GetValue(name), parsed.GetValue(all), parsed.GetValue(list), report.Read(parsed)) switch
        {
            _ when parsed.GetValue(runs) < 1 => context.Usage("--runs must be positive"),
            (null, true, false, { IsEmpty: true }) => ScenarioTools.RunAll(context, parsed.GetValue(runs)),
            (null, false, true, { IsEmpty: true }) => ScenarioTools.List(context),
            ({ } one, false, false, var request) => ScenarioTools.Run(context, one, parsed.GetValue(runs), request),
            _ => context.Usage("a scenario, --all or --list; a report is about one scenario"),
        }));
        return command;
    }

    internal static int WithConsole(Func<ToolContext, int> run)
    {
        using StreamWriter output = new(Console.OpenStandardOutput(), new UTF8Encoding(false));
        return run(new ToolContext(output, Console.Error));
    }
}
