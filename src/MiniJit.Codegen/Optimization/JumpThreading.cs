// A block that does nothing but branch on one of its parameters knows where to go when a predecessor passes a constant: that
// predecessor can jump there at once. Front ends make such blocks for `a && b`, for early exits of loops and for the state variable of
// an interpreter loop.
//
// Safety: let B be the block, P the predecessor, T the target. T's arguments are parameters of B, which P's own arguments replace, or values that
// dominate B, hence every predecessor of B, hence P. If B does not dominate T, nothing that T dominates uses B's parameters except through
// T's parameters (such a use would have to be dominated by B), so the new edge leaves no use without a definition. The edge must be one that
// P takes unconditionally.
using System;
using MiniJit.IR;
using MiniJit.IR.Analysis;

namespace MiniJit.Codegen.Optimization;

internal static class JumpThreading
{
    private const int MaxArgs = 16;                            // more are not worth their moves

    /// <summary>Threads what can be threaded in one pass. True if an edge changed: the analyses are stale then.</summary>
    public static bool Run(Function function, ControlFlowGraph cfg, DominatorTree dominators)
    {
        bool changed = false;
        foreach (Block block in cfg.ReversePostorder)
        {
            Inst branch = function.Layout.LastInst(block);
            if (block != function.Layout.EntryBlock && function.Dfg[branch].Opcode == Opcode.Brif && function.Layout.FirstInst(block) == branch)
            {
                changed |= ThreadInto(function, cfg, dominators, block, branch);
            }
        }

        return changed;
    }

    private static bool ThreadInto(Function function, ControlFlowGraph cfg, DominatorTree dominators, Block block, Inst branch)
    {
        DataFlowGraph dfg = function.Dfg;
        Value condition = dfg.Resolve(dfg[branch].Arg0);
        if (dfg.DefBlock(condition) != block)
        {
            return false;
        }

        bool changed = false;
        int number = dfg.DefNumber(condition);
        foreach (BlockPredecessor predecessor in cfg.Predecessors(block))
        {
            if (dfg[predecessor.Branch].Opcode != Opcode.Jump)
            {
                continue;
            }

            Inst constant = dfg.DefInst(dfg.Resolve(dfg.BlockArgs(dfg[predecessor.Branch].Destination)[number].Value));
            if (constant.IsNone || dfg[constant].Opcode != Opcode.Iconst)
            {
                continue;
            }

            BlockCall target = dfg[constant].Imm != 0 ? dfg[branch].Destination : dfg[branch].ElseDestination;
            if (!dominators.Dominates(block, dfg.BlockOf(target)) && dfg.BlockArgs(target).Length <= MaxArgs)
            {
                Redirect(dfg, predecessor.Branch, block, target);
                changed = true;
            }
        }

        return changed;
    }

    /// <summary>Makes <paramref name="jump"/>, which leads to <paramref name="via"/>, lead to where <paramref name="target"/> leads.</summary>
    private static void Redirect(DataFlowGraph dfg, Inst jump, Block via, BlockCall target)
    {
        Span<BlockArg> args = stackalloc BlockArg[MaxArgs];
        ReadOnlySpan<BlockArg> passed = dfg.BlockArgs(dfg[jump].Destination);
        ReadOnlySpan<BlockArg> wanted = dfg.BlockArgs(target);
        for (int i = 0; i < wanted.Length; i++)
        {
            Value value = dfg.Resolve(wanted[i].Value);
            args[i] = dfg.DefBlock(value) == via ? passed[dfg.DefNumber(value)] : BlockArg.Of(value);
        }

        dfg[jump] = InstructionData.Jump(dfg.MakeBlockCall(dfg.BlockOf(target), args[..wanted.Length]));
    }
}
