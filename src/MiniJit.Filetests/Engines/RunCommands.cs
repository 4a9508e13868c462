// Judges run commands: the same way whichever engine carried them out.
using System;
using System.Collections.Generic;
using MiniJit.Filetests.Commands;
using MiniJit.Filetests.Subtests;
using MiniJit.IR;
using MiniJit.IR.Interpretation;

namespace MiniJit.Filetests.Engines;

/// <summary>A command and the function it belongs to.</summary>
/// <param name="Owner">Position of the function in its file.</param>
/// <param name="Command">The command.</param>
internal readonly record struct OwnedCommand(int Owner, RunCommand Command);

/// <summary>Finds, carries out and judges the commands of a file.</summary>
internal static class RunCommands
{
    /// <summary>All commands of a file in the order of the text.</summary>
    public static Outcome Collect(ParsedFile file, List<OwnedCommand> commands)
    {
        for (int i = 0; i < file.Functions.Count; i++)
        {
            ParsedFunction function = file.Functions[i];
            foreach (SourceComment comment in function.Comments)
            {
                if (!RunCommandParser.TryParse(comment.Text, function.Function.Signature, comment.Span, out RunCommand? command, out string error))
                {
                    return Outcome.Failed(error, comment.Span.Line);
                }

                if (command is not null)
                {
                    commands.Add(new(i, command));
                }
            }
        }

        return Outcome.Passed;
    }

    /// <summary>Carries the commands out; the first that does not hold, or on which engines do not agree, ends the test.</summary>
    /// <param name="context">The test.</param>
    /// <param name="engines">Engines that have loaded the file, and their names.</param>
    /// <param name="commands">The commands.</param>
    public static Outcome Execute(SubtestContext context, IReadOnlyList<(string Name, IEngine Engine)> engines, List<OwnedCommand> commands)
    {
        foreach (OwnedCommand command in commands)
        {
            if (context.WantsSteps)
            {
                context.Step($"{command.Command} (line {command.Command.Span.Line})");
            }

            string problem = Execute(engines, command, out string printed);
            if (printed.Length != 0)
            {
                context.PrintLine(printed);
            }

            if (problem.Length != 0)
            {
                return Outcome.Failed(problem, command.Command.Span.Line);
            }
        }

        return Outcome.Passed;
    }

    /// <summary>Carries out and judges one command.</summary>
    /// <param name="engine">Who calls.</param>
    /// <param name="owned">The command.</param>
    /// <param name="printed">What a <c>print</c> command shows.</param>
    /// <returns>What is wrong, or nothing.</returns>
    public static string Execute(IEngine engine, OwnedCommand owned, out string printed) => Judge(owned.Command, Invoke(engine, owned), out printed);

    private static string Execute(IReadOnlyList<(string Name, IEngine Engine)> engines, OwnedCommand owned, out string printed)
    {
        Completion first = Invoke(engines[0].Engine, owned);
        string problem = Judge(owned.Command, first, out printed);
        for (int i = 1; i < engines.Count; i++)
        {
            Completion other = Invoke(engines[i].Engine, owned);
            if (!first.Agrees(other))
            {
                return $"Engines disagree: {owned.Command}: {engines[0].Name} gives {first}, {engines[i].Name} gives {other}";
            }
        }

        return problem;
    }

    private static Completion Invoke(IEngine engine, OwnedCommand owned) => engine.Invoke(owned.Owner, owned.Command.Callee, owned.Command.Arguments);

    private static string Judge(RunCommand command, in Completion completion, out string printed)
    {
        string actual = completion.ToString();
        printed = command.Kind == RunCommandKind.Print ? $"{command.Invocation} -> {actual}" : "";
        bool holds = command.Kind switch
        {
            RunCommandKind.Print => true,
            RunCommandKind.Trap => completion.Kind == CompletionKind.Trapped && completion.Trap == command.Trap,
            _ => completion.Kind == CompletionKind.Returned && command.Accepts(completion.Results),
        };
        return holds ? "" : $"Failed test: {command}, actual: {actual}";
    }
}
