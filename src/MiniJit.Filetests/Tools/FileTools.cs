using System.Collections.Generic;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Subtests;
using MiniJit.IR;
using MiniJit.IR.Verification;

namespace MiniJit.Filetests.Tools;

/// <summary>The commands that work on single files and need no code generator.</summary>
internal static class FileTools
{
    /// <summary>Prints the functions canonically, a blank line between them; comments are dropped.</summary>
    public static int Cat(ToolContext context, IReadOnlyList<string> paths)
    {
        string separator = "";
        return context.ForEach(paths, (_, file) =>
        {
            foreach (ParsedFunction function in file.Functions)
            {
                context.Output.Write(separator);
                context.Output.Write(Printer.Print(function.Function));
                separator = "\n";
            }

            return true;
        });
    }

    /// <summary>Verifies all functions.</summary>
    public static int Verify(ToolContext context, IReadOnlyList<string> paths)
    {
        Verifier verifier = new();
        return context.ForEach(paths, (_, file) => context.Report(Errors(file, verifier)));
    }

    /// <summary>Prints the control-flow graphs in Graphviz' language.</summary>
    public static int PrintCfg(ToolContext context, IReadOnlyList<string> paths)
    {
        Workspace workspace = new();
        return context.ForEach(paths, (_, file) =>
        {
            foreach (ParsedFunction function in file.Functions)
            {
                context.Output.Write(PrintCfgSubtest.Print(function.Function, workspace));
            }

            return true;
        });
    }

    /// <summary>Carries out all run commands in the interpreter.</summary>
    public static int Interpret(ToolContext context, IReadOnlyList<string> paths)
    {
        Verifier verifier = new();
        return context.ForEach(paths, (path, file) =>
        {
            if (!context.Report(Errors(file, verifier)))
            {
                return false;
            }

            using InterpreterEngine engine = new();
            return Execute(context, path, file, engine);
        });
    }

    /// <summary>Carries out the run commands of a file, shows what they print and says how they ended.</summary>
    public static bool Execute(ToolContext context, string path, ParsedFile file, IEngine engine)
    {
        List<OwnedCommand> commands = [];
        Outcome outcome = RunCommands.Collect(file, commands);
        int failures = outcome.IsPassed ? 0 : 1;
        if (failures != 0)
        {
            context.Error.Write($"{path}:{outcome.Line}: {outcome.Message}\n");
        }

        string problem = engine.Load(FileState.FunctionsOf(file), commands);
        if (problem.Length != 0)
        {
            context.Error.Write($"{path}: {problem}\n");
            return false;
        }

        foreach (OwnedCommand command in commands)
        {
            problem = RunCommands.Execute(engine, command, out string printed);
            if (printed.Length != 0)
            {
                context.Output.Write($"{printed}\n");
            }

            if (problem.Length != 0)
            {
                failures++;
                context.Error.Write($"{path}:{command.Command.Span.Line}: {problem}\n");
            }
        }

        context.Output.Write($"{path}: {commands.Count} commands, {failures} {(failures == 1 ? "failure" : "failures")}\n");
        return failures == 0;
    }

    /// <summary>All verifier errors of a file, without a target.</summary>
    public static IReadOnlyList<Diagnostic> Errors(ParsedFile file, Verifier verifier, VerifierOptions options = default)
    {
        DiagnosticBag diagnostics = new();
        foreach (ParsedFunction function in file.Functions)
        {
            verifier.Verify(function, options, diagnostics);
        }

        return diagnostics.Items;
    }
}
