using MiniJit.IR;
using MiniJit.IR.Analysis;
using MiniJit.IR.Verification;

namespace MiniJit.Filetests.Subtests;

/// <summary>What one thread reuses from test to test.</summary>
internal sealed class Workspace
{
    public ControlFlowGraph Cfg { get; } = new();

    public DominatorTree Dominators { get; } = new();

    public Verifier Verifier { get; } = new();

    public Printer Printer { get; } = new(new TextBuffer());

    public TextBuffer Text { get; } = new();
}
