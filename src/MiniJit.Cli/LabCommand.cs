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
        Command command = new("plans", "The publication plans of several engines.");
        command.SetAction(_ => WithConsole(PlanTools.Run));
        return command;
    }

    private static int WithConsole(Func<ToolContext, int> run)
    {
        using StreamWriter output = new(Console.OpenStandardOutput(), new UTF8Encoding(false));
        return run(new ToolContext(output, Console.Error));
    }
}
