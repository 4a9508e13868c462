using MiniJit.IR;

namespace MiniJit.Filetests.Subtests;

/// <summary><c>test cat</c>: filecheck on the canonical text.</summary>
internal sealed class CatSubtest : FunctionSubtest
{
    public override string Name => "cat";

    public override SubtestNeeds Needs => SubtestNeeds.None;

    protected override Outcome Run(SubtestContext context, ParsedFunction function) =>
        Directives.FileCheck(context.File, function, context.Print(function.Function));
}

/// <summary><c>test safepoint</c>: filecheck on the canonical text of a verified function; what it once tested is gone.</summary>
internal sealed class SafepointSubtest : FunctionSubtest
{
    public override string Name => "safepoint";

    public override SubtestNeeds Needs => SubtestNeeds.Verified;

    protected override Outcome Run(SubtestContext context, ParsedFunction function) =>
        Directives.FileCheck(context.File, function, context.Print(function.Function));
}
