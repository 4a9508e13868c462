using MiniJit.Codegen;
using MiniJit.Codegen.Optimization;
using MiniJit.Codegen.Settings;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Lab;
using MiniJit.IR;
using MiniJit.IR.Analysis;
using MiniJit.IR.Verification;

namespace MiniJit.Filetests.Subtests;

/// <summary>What one thread reuses from test to test. Parts that only some tests need are made when the first one does.</summary>
internal sealed class Workspace
{
    private readonly Function _scratch = new(default);
    private CompileContext? _compiler;
    private EngineHost? _engines;
    private Optimizer? _optimizer;
    private SuiteCompiler? _suites;

    public ControlFlowGraph Cfg { get; } = new();

    public DominatorTree Dominators { get; } = new();

    public Verifier Verifier { get; } = new();

    public Printer Printer { get; } = new(new TextBuffer());

    public TextBuffer Text { get; } = new();

    public TargetCache Targets { get; } = new();

    public CompileContext Compiler => _compiler ??= new();

    /// <summary>Compiles for the lab.</summary>
    public SuiteCompiler Suites => _suites ??= new();

    public EngineHost Engines => _engines ??= new(Compiler);

    /// <summary>A copy of a function as the mid-end leaves it; valid until the next call.</summary>
    public Function Optimize(Function function, SharedSettings settings)
    {
        _scratch.CopyFrom(function);
        Optimizer.Run(_scratch, OptimizerOptions.From(settings));
        return _scratch;
    }

    /// <summary>A copy of a function without redundant loads and dead stores; valid until the next call.</summary>
    public Function RemoveRedundantAccesses(Function function)
    {
        _scratch.CopyFrom(function);
        Optimizer.RunAliasAnalysis(_scratch);
        return _scratch;
    }

    private Optimizer Optimizer => _optimizer ??= new();
}
