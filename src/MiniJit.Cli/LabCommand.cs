using System;
using System.CommandLine;
using System.IO;
using System.Text;
using MiniJit.Filetests.Tools;

namespace MiniJit.Cli;

/// <summary><c>minijit lab</c>: experiments with caches that lie. One method per experiment.</summary>
internal static class LabCommand
{
    public static Command Create()
    {
        Command command = new("lab", "Experiments with publication plans on machines whose instruction caches lag behind.");
        command.Add(Plans());
        return command;
    }

    private static Command Plans()
    {
        Option<string> witness = new("--witness") { Description = "Only plans whose name contains this, with their steps.", HelpName = "plan", DefaultValueFactory = _ => "" };
        Option<bool> table = new("--table") { Description = "Write the table without the executions." };
        Option<bool> json = new("--json") { Description = "Write one line of JSON per cell." };
        Option<bool> markdown = new("--markdown") { Description = "Write a table in Markdown." };
        Command command = new("plans", "Judge the publication plans of several engines: safe, or unsafe with a shortest execution.") { witness, table, json, markdown };
        command.SetAction(parsed => WithConsole(context => PlanTools.Run(
            context,
            parsed.GetValue(witness) ?? "",
            parsed.GetValue(json) ? PlanFormat.Json : parsed.GetValue(markdown) ? PlanFormat.Markdown : parsed.GetValue(table) ? PlanFormat.Table : PlanFormat.Text)));
        return command;
    }

    private static int WithConsole(Func<ToolContext, int> run)
    {
        using StreamWriter output = new(Console.OpenStandardOutput(), new UTF8Encoding(false));
        return run(new ToolContext(output, Console.Error));
    }
}
