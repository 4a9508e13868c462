using System.Collections.Generic;
using MiniJit.Codegen;
using MiniJit.Codegen.Settings;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Files;

namespace MiniJit.Filetests.Subtests;

/// <summary><c>test run</c>: run commands as compiled code, where this machine can execute it (filetest reference, section 6).</summary>
internal sealed class RunSubtest : ISubtest
{
    public string Name => "run";

    public SubtestNeeds Needs => SubtestNeeds.Target | SubtestNeeds.Verified;

    public Outcome Run(SubtestContext context)
    {
        TargetSpec spec = context.Case.Target!;
        if (spec.Shared.EnablePinnedReg)
        {
            return Outcome.Failed("enable_pinned_reg is not supported by the trampolines");
        }

        if (spec.Triple.Architecture != TargetTriple.Host.Architecture)
        {
            return Outcome.Skipped($"foreign architecture {spec.Triple.ArchitectureName}");
        }

        if (context.Workspace.Targets.Find(spec, forHost: true) is not Target target)
        {
            return Outcome.Failed($"there is no back end for {spec.Triple.ArchitectureName}");
        }

        if (!target.RunsOnHost(out string reason))
        {
            return Outcome.Skipped(reason);
        }

        List<OwnedCommand> commands = [];
        Outcome outcome = RunCommands.Collect(context.File, commands);
        if (!outcome.IsPassed)
        {
            return outcome;
        }

        using NativeEngine engine = new(context.Workspace.NativeHost, context.Workspace.Compiler, target);
        string problem = engine.Load(context.Functions, commands);
        return problem.Length != 0 ? Outcome.Failed(problem) : RunCommands.Execute(context, engine, commands);
    }
}
