using MiniJit.Filetests.Checking;
using MiniJit.IR;

namespace MiniJit.Filetests.Subtests;

/// <summary><c>test optimize</c>: filecheck or exact comparison on the function as the mid-end leaves it.</summary>
internal sealed class OptimizeSubtest(bool precise) : FunctionSubtest
{
    public override string Name => "optimize";

    public override SubtestNeeds Needs => SubtestNeeds.Target | SubtestNeeds.Verified | SubtestNeeds.OwnCopy;

    protected override Outcome Run(SubtestContext context, ParsedFunction function)
    {
        string text = context.Print(context.Workspace.Optimize(function.Function, context.Case.Settings));
        return precise ? PreciseOutput.Check(context, function, text) : Directives.FileCheck(context.File, function, text);
    }
}

/// <summary><c>test alias-analysis</c>: filecheck on the function without its redundant loads and dead stores, and otherwise as it was.</summary>
internal sealed class AliasAnalysisSubtest : FunctionSubtest
{
    public override string Name => "alias-analysis";

    public override SubtestNeeds Needs => SubtestNeeds.Verified | SubtestNeeds.OwnCopy;

    protected override Outcome Run(SubtestContext context, ParsedFunction function) =>
        Directives.FileCheck(context.File, function, context.Print(context.Workspace.RemoveRedundantAccesses(function.Function)));
}
