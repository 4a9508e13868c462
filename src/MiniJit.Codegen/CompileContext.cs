// The compile pipeline of one thread. Every phase's memory is cleared, not dropped, between functions: compiling again
// allocates nothing.
using System;
using System.Text;
using MiniJit.Codegen.Optimization;
using MiniJit.Codegen.RegisterAllocation;
using MiniJit.IR;
using MiniJit.IR.Analysis;
using MiniJit.IR.Verification;

namespace MiniJit.Codegen;

/// <summary>Compiles functions, one after the other. Used by one thread at a time; keep one per thread and reuse it.</summary>
public sealed class CompileContext
{
    private readonly Function _work = new(default);
    private readonly ControlFlowGraph _cfg = new();
    private readonly DominatorTree _dominators = new();
    private readonly LoopForest _loops = new();
    private readonly Verifier _verifier = new();
    private readonly Optimizer _optimizer;
    private readonly SplitAllocator _allocator = new();
    private readonly AllocationResult _allocation = new();
    private readonly CompiledCode _code = new();
    private readonly DiagnosticBag _diagnostics = new();
    private Target? _target;
    private IsaCompiler? _compiler;

    /// <summary>A context without any memory yet.</summary>
    public CompileContext() => _optimizer = new(_cfg, _dominators, _loops);

    /// <summary>What was wrong with the last function: verifier errors or unsupported instructions. Empty after a success.</summary>
    public DiagnosticBag Diagnostics => _diagnostics;

    /// <summary>The function of the last compilation as the mid-end left it. Overwritten by the next one.</summary>
    public Function Optimized => _work;

    /// <summary>
    /// Whether to check the machine code that lowering makes and to replay every register allocation symbolically, whatever the target's settings say.
    /// A violation throws.
    /// </summary>
    public bool CheckAllocations { get; set; }

    /// <summary>Compiles a function, which is not changed.</summary>
    /// <param name="function">The function.</param>
    /// <param name="target">What to compile for.</param>
    /// <returns>The code, which belongs to this context and is overwritten by its next compilation; null if <see cref="Diagnostics"/> says why not.</returns>
    public CompiledCode? Compile(Function function, Target target)
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentNullException.ThrowIfNull(target);
        _diagnostics.Clear();
        if (!ReferenceEquals(_target, target))
        {
            _target = target;
            _compiler = target.CreateCompiler();
        }

        if (target.Settings.EnableVerifier && !_verifier.Verify(function, OptionsOf(target), _diagnostics))
        {
            return null;
        }

        _work.CopyFrom(function);
        OptimizerOptions options = OptimizerOptions.From(target.Settings);
        _optimizer.Run(_work, options);
        if (!options.Speed)
        {
            _dominators.Compute(_work, _cfg);
            _loops.Compute(_cfg, _dominators);
        }

        return CompileOptimized(target);
    }

    /// <summary>The machine code of the last function over virtual registers, as text.</summary>
    public string FormatVCode()
    {
        StringBuilder text = new();
        _compiler?.WriteVCode(text);
        return text.ToString();
    }

    internal static VerifierOptions OptionsOf(Target target) => new()
    {
        PointerType = target.PointerType,
        EnablePinnedReg = target.Settings.EnablePinnedReg,
        PreserveFramePointers = target.Settings.PreserveFramePointers,
    };

    private CompiledCode? CompileOptimized(Target target)
    {
        IsaCompiler compiler = _compiler!;
        if (compiler.Lower(_work, _cfg.ReversePostorder, _loops) is { } error)
        {
            _diagnostics.Add(new(default, "C001", error));
            return null;
        }

        bool check = CheckAllocations || target.Settings.RegallocChecker;
        if (check)
        {
            Expect("lower", VCodeValidator.Validate(compiler.Code));
        }

        _allocator.Allocate(compiler.Code, compiler.Environment, _allocation);
        if (check)
        {
            Expect("regalloc", AllocationChecker.Check(compiler.Code, compiler.Environment, _allocation));
        }

        compiler.Emit(_allocation, _code);
        return _code;
    }

    private void Expect(string pass, string? violation)
    {
        if (violation is not null)
        {
            throw new CompilerBugException(pass, $"{_work.Name}: {violation}");
        }
    }
}
