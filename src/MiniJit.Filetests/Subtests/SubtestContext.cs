using System.Collections.Generic;
using System.Text;
using MiniJit.Filetests.Checking;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Files;
using MiniJit.Filetests.Running;
using MiniJit.IR;
using MiniJit.IR.Verification;

namespace MiniJit.Filetests.Subtests;

/// <summary>Everything a subtest may use while it runs.</summary>
internal sealed class SubtestContext(FileState state, TestCase testCase, Workspace workspace, RunOptions options, StepLog? steps)
{
    private readonly StringBuilder _output = new();

    /// <summary>The file; its functions are shared with other tests and must not be changed.</summary>
    public ParsedFile File => state.File;

    /// <summary>The functions of the file, for those who do not ask where they stand in it.</summary>
    public IReadOnlyList<Function> Functions => state.Functions;

    /// <summary>The test.</summary>
    public TestCase Case { get; } = testCase;

    /// <summary>The thread's buffers.</summary>
    public Workspace Workspace { get; } = workspace;

    /// <summary>Whether expectations are rewritten instead of compared.</summary>
    public bool Bless => options.Bless;

    /// <summary>What executes compiled code.</summary>
    public EngineChoice Engines => options.Engines;

    /// <summary>New expectations of the file.</summary>
    public List<Blessing> Blessings => state.Blessings;

    /// <summary>What the test printed.</summary>
    public string Output => _output.ToString();

    /// <summary>Prints a line of the test's own output.</summary>
    public void PrintLine(string line) => _output.Append(line).Append('\n');

    /// <summary>Says what is about to happen, for the case that the process does not survive it.</summary>
    public bool WantsSteps => steps is not null;

    /// <inheritdoc cref="WantsSteps"/>
    public void Step(string description) => steps?.Add(description);

    /// <summary>A function's canonical text.</summary>
    public string Print(Function function)
    {
        Workspace.Printer.Output.Clear();
        Workspace.Printer.Write(function);
        return Workspace.Printer.Output.ToString();
    }

    /// <summary>Control-flow graph and dominator tree of a function, in the workspace.</summary>
    public void Analyse(Function function)
    {
        Workspace.Cfg.Compute(function);
        Workspace.Dominators.Compute(function, Workspace.Cfg);
    }

    /// <summary>What the verifier is told of the test's settings and target.</summary>
    public VerifierOptions VerifierOptions => new()
    {
        PointerType = Case.Target is null ? default : IrType.Int(Case.Target.Triple.PointerBits),
        EnablePinnedReg = Case.Settings.EnablePinnedReg,
        PreserveFramePointers = Case.Settings.PreserveFramePointers,
    };

    /// <summary>The errors of one function.</summary>
    public IReadOnlyList<Diagnostic> Verify(ParsedFunction function)
    {
        DiagnosticBag diagnostics = new();
        Workspace.Verifier.Verify(function, VerifierOptions, diagnostics);
        return diagnostics.Items;
    }

    /// <summary>Verifies all functions if the subtest asks for it.</summary>
    public Outcome VerifyIfNeeded()
    {
        if ((Case.Subtest.Needs & SubtestNeeds.Verified) == 0)
        {
            return Outcome.Passed;
        }

        IReadOnlyList<Diagnostic> errors = state.Verify(Workspace.Verifier, VerifierOptions);
        if (errors.Count == 0)
        {
            return Outcome.Passed;
        }

        StringBuilder message = new();
        foreach (Diagnostic error in errors)
        {
            message.Append(error.Format()).Append('\n');
        }

        return Outcome.Failed(message.ToString().TrimEnd('\n'), errors[0].Span.Line);
    }
}
