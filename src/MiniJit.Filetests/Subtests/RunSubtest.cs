using System.Collections.Generic;
using MiniJit.Codegen;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Files;

namespace MiniJit.Filetests.Subtests;

/// <summary><c>test run</c>: run commands as compiled code, on every engine that is asked for and can (filetest reference, section 6).</summary>
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

        List<EngineKind> kinds = [];
        string reason = EngineTable.Choose(context.Engines, spec.Triple, kinds);
        if (reason.Length != 0)
        {
            return Outcome.Skipped(reason);
        }

        List<OwnedCommand> commands = [];
        Outcome outcome = RunCommands.Collect(context.File, commands);
        if (!outcome.IsPassed)
        {
            return outcome;
        }

        List<(string Name, IEngine Engine)> engines = [];
        try
        {
            foreach (EngineKind kind in kinds)
            {
                outcome = Load(context, spec, kind, commands, engines);
                if (outcome.Kind == OutcomeKind.Failed)
                {
                    return outcome;
                }
            }

            return engines.Count == 0 ? outcome : RunCommands.Execute(context, engines, commands);
        }
        finally
        {
            foreach ((_, IEngine engine) in engines)
            {
                engine.Dispose();
            }
        }
    }

    private static Outcome Load(
        SubtestContext context, TargetSpec spec, EngineKind kind, List<OwnedCommand> commands, List<(string Name, IEngine Engine)> engines)
    {
        if (context.Workspace.Targets.Find(spec, forHost: kind == EngineKind.Native) is not Target target)
        {
            return Outcome.Failed($"there is no back end for {spec.Triple.ArchitectureName}");
        }

        if (kind == EngineKind.Native && !target.RunsOnHost(out string reason))
        {
            return Outcome.Skipped(reason);
        }

        IEngine engine = context.Workspace.Engines.Create(kind, target);
        engines.Add((EngineTable.NameOf(kind), engine));
        string problem = engine.Load(context.Functions, commands);
        return problem.Length == 0 ? Outcome.Passed : Outcome.Failed(problem);
    }
}
