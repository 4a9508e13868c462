using System.Collections.Generic;
using MiniJit.Filetests.Engines;

namespace MiniJit.Filetests.Subtests;

/// <summary><c>test interpret</c>: run commands in the interpreter.</summary>
internal sealed class InterpretSubtest : ISubtest
{
    public string Name => "interpret";

    public SubtestNeeds Needs => SubtestNeeds.Verified;

    public Outcome Run(SubtestContext context)
    {
        List<OwnedCommand> commands = [];
        Outcome outcome = RunCommands.Collect(context.File, commands);
        if (!outcome.IsPassed)
        {
            return outcome;
        }

        using InterpreterEngine engine = new();
        string problem = engine.Load(context.Functions, commands);
        return problem.Length != 0 ? Outcome.Failed(problem) : RunCommands.Execute(context, [(Name, engine)], commands);
    }
}
