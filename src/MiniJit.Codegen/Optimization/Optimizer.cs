// The middle end: what happens to a function between verification and lowering. At every level unreachable blocks, constant block
// parameters and aliases go away; above `none` pure instructions float (FloatingPass). The analyses are the compile context's: they
// are left describing the function, so that lowering need not compute them again.
using System;
using MiniJit.Codegen.Settings;
using MiniJit.IR;
using MiniJit.IR.Analysis;

namespace MiniJit.Codegen.Optimization;

/// <summary>What the optimizer is asked to do; see the settings of the same names.</summary>
/// <param name="Speed"><c>opt_level</c> is not <c>none</c>.</param>
/// <param name="AliasAnalysis"><c>enable_alias_analysis</c>.</param>
/// <param name="NanCanonicalization"><c>enable_nan_canonicalization</c>.</param>
internal readonly record struct OptimizerOptions(bool Speed, bool AliasAnalysis = true, bool NanCanonicalization = false)
{
    public static OptimizerOptions From(SharedSettings settings) =>
        new(settings.OptLevel != OptLevel.None, settings.EnableAliasAnalysis, settings.EnableNanCanonicalization);
}

/// <summary>Optimizes one function after another, with the memory of one compile context.</summary>
internal sealed class Optimizer
{
    // A run after edges went away rarely finds much, another one after that next to nothing.
    private const int MaxRuns = 2;

    private readonly ControlFlowGraph _cfg;
    private readonly DominatorTree _dominators;
    private readonly LoopForest _loops;
    private readonly BlockParameters _parameters = new();
    private readonly NanCanonicalization _nans = new();
    private readonly MemoryPass _memory;
    private readonly FloatingPass _floating;

    public Optimizer()
        : this(new(), new(), new())
    {
    }

    /// <param name="cfg">Filled in by <see cref="Run"/>.</param>
    /// <param name="dominators">Filled in if optimizing for speed.</param>
    /// <param name="loops">Filled in if optimizing for speed.</param>
    public Optimizer(ControlFlowGraph cfg, DominatorTree dominators, LoopForest loops)
    {
        _cfg = cfg;
        _dominators = dominators;
        _loops = loops;
        _memory = new(cfg, dominators);
        _floating = new(cfg, dominators, loops);
    }

    /// <summary>How often each rule was applied so far, indexed by <see cref="Rule"/>.</summary>
    public ReadOnlySpan<int> RuleHits => _floating.RuleHits;

    /// <summary>
    /// Optimizes a function that the verifier accepts. Afterwards the control-flow graph describes it, and above <c>opt_level=none</c> so do dominator
    /// tree and loops.
    /// </summary>
    public void Run(Function function, OptimizerOptions options)
    {
        if (options.NanCanonicalization)
        {
            _nans.Run(function);
        }

        CleanUp(function);
        if (!options.Speed)
        {
            ResolveAliases(function);
            return;
        }

        _dominators.Compute(function, _cfg);
        if (JumpThreading.Run(function, _cfg, _dominators))
        {
            CleanUp(function);
        }

        bool again = true;
        for (int run = 0; run < MaxRuns && again; run++)
        {
            _dominators.Compute(function, _cfg);
            _loops.Compute(_cfg, _dominators);
            if (!_floating.Run(function, options.AliasAnalysis))
            {
                return;
            }

            again = CleanUp(function);
        }

        if (again)
        {
            ResolveAliases(function);
        }

        _dominators.Compute(function, _cfg);
        _loops.Compute(_cfg, _dominators);
    }

    /// <summary>Removes redundant loads and stores and changes nothing else (<c>test alias-analysis</c>).</summary>
    /// <returns>The number of loads and stores that went away.</returns>
    public int RunAliasAnalysis(Function function)
    {
        _cfg.Compute(function);
        _dominators.Compute(function, _cfg);
        return _memory.Run(function);
    }

    /// <summary>Computes the control-flow graph after edges went away: blocks may be unreachable now, more parameters may have one value.</summary>
    /// <returns>Whether any parameter went away.</returns>
    private bool CleanUp(Function function)
    {
        _cfg.Compute(function);
        UnreachableCode.Remove(function, _cfg);
        return _parameters.RemoveConstant(function, _cfg);
    }

    private static void ResolveAliases(Function function)
    {
        Layout layout = function.Layout;
        for (Block block = layout.EntryBlock; !block.IsNone; block = layout.Next(block))
        {
            for (Inst inst = layout.FirstInst(block); !inst.IsNone; inst = layout.Next(inst))
            {
                Operands.Resolve(function, inst);
            }
        }
    }
}
