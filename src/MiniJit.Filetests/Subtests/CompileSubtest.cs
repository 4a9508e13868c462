using System.Text;
using MiniJit.Codegen;
using MiniJit.Filetests.Checking;
using MiniJit.Filetests.Engines;
using MiniJit.IR;

namespace MiniJit.Filetests.Subtests;

/// <summary><c>test compile</c>: filecheck or exact comparison on the machine code as text, or an expected error.</summary>
internal sealed class CompileSubtest(bool precise, bool expectFail) : FunctionSubtest
{
    public override string Name => "compile";

    public override SubtestNeeds Needs => SubtestNeeds.Target | SubtestNeeds.Verified | SubtestNeeds.OwnCopy;

    protected override Outcome Run(SubtestContext context, ParsedFunction function)
    {
        if (context.Workspace.Targets.Find(context.Case.Target!, forHost: false) is not Target target)
        {
            return Outcome.Skipped($"there is no code generator for {context.Case.Target!.Triple.ArchitectureName} yet");
        }

        CompileContext compiler = context.Workspace.Compiler;
        CompiledCode? code = compiler.Compile(function.Function, target);
        if (expectFail)
        {
            return code is null ? Outcome.Passed : Outcome.Failed($"{function.Function.Name}: expected an error, but it compiles");
        }

        if (code is null)
        {
            return Outcome.Failed($"{function.Function.Name}: {NativeEngine.Describe(compiler.Diagnostics)}");
        }

        string text = Format(compiler, code, target);
        return precise ? PreciseOutput.Check(context, function, text) : Directives.FileCheck(context.File, function, text);
    }

    /// <summary>Lowered code, then the listing of the machine code.</summary>
    public static string Format(CompileContext compiler, CompiledCode code, Target target)
    {
        StringBuilder text = new("VCode:\n");
        text.Append(compiler.FormatVCode().TrimEnd('\n')).Append("\n\nDisassembled:\n");
        foreach (string line in target.Disassemble(code))
        {
            text.Append(line.TrimEnd()).Append('\n');
        }

        return text.ToString();
    }
}
