using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Text;
using MiniJit.Filetests.Tools;

namespace MiniJit.Cli;

/// <summary>The commands that work on single files.</summary>
internal static class FileCommands
{
    /// <summary>Adds them.</summary>
    public static void AddTo(Command root)
    {
        root.Add(Create("cat", "Print the functions canonically.", FileTools.Cat));
        root.Add(Create("verify", "Verify the functions.", FileTools.Verify));
        root.Add(Create("print-cfg", "Print control-flow graphs in Graphviz' language.", FileTools.PrintCfg));
        root.Add(Create("interpret", "Carry out the run commands in the interpreter.", FileTools.Interpret));
    }

    private static Command Create(string name, string description, Func<ToolContext, IReadOnlyList<string>, int> run)
    {
        Argument<string[]> paths = Paths();
        Command command = new(name, description) { paths };
        command.SetAction(parsed => WithConsole(context => run(context, parsed.GetValue(paths) ?? [])));
        return command;
    }

    private static Argument<string[]> Paths() => new("file") { Description = "Files; '-' is standard input.", Arity = ArgumentArity.OneOrMore };

    private static int WithConsole(Func<ToolContext, int> run)
    {
        using StreamWriter output = new(Console.OpenStandardOutput(), new UTF8Encoding(false), 1 << 16);
        return run(new(output, Console.Error));
    }
}
