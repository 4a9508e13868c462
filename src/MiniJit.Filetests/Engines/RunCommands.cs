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

    /// <summary>Carries the commands out; the first that does not hold ends the test.</summary>
    public static Outcome Execute(SubtestContext context, IEngine engine, List<OwnedCommand> commands)
    {
        foreach (OwnedCommand command in commands)
        {
            if (context.WantsSteps)
            {
                context.Step($"{command.Command} (line {command.Command.Span.Line})");
            }

            string problem = Execute(engine, command, out string printed);
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
    public static string Execute(IEngine engine, OwnedCommand owned, out string printed)
    {
        RunCommand command = owned.Command;
        Completion completion = engine.Invoke(owned.Owner, command.Callee, command.Arguments);
        string actual = completion.Kind == CompletionKind.Returned ? DataValue.Format(completion.Results) : completion.Detail;
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
