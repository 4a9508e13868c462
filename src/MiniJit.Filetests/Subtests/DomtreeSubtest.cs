using System;
using System.Collections.Generic;
using MiniJit.IR;
using MiniJit.IR.Analysis;

namespace MiniJit.Filetests.Subtests;

/// <summary>
/// <c>test domtree</c>: <c>dominates: block1 block2</c> on an instruction names all blocks that its block dominates immediately; then filecheck on
/// postorder and tree.
/// </summary>
internal sealed class DomtreeSubtest : FunctionSubtest
{
    public override string Name => "domtree";

    public override SubtestNeeds Needs => SubtestNeeds.Verified;

    protected override Outcome Run(SubtestContext context, ParsedFunction parsed)
    {
        Function function = parsed.Function;
        context.Analyse(function);
        DominatorTree tree = context.Workspace.Dominators;
        HashSet<Block> annotated = [];
        foreach (SourceComment comment in parsed.Comments)
        {
            if (!Directives.TryTake(comment, "dominates:", out ReadOnlySpan<char> names))
            {
                continue;
            }

            string problem = comment.Entity.Kind == EntityKind.Inst
                ? Check(function, tree, function.Layout.BlockOf(Inst.FromIndex(comment.Entity.Index)), names, annotated)
                : $"annotation on non-inst {comment.Entity}";
            if (problem.Length != 0)
            {
                return Outcome.Failed($"{function.Name}: {problem}", comment.Span.Line);
            }
        }

        for (Block block = function.Layout.EntryBlock; !block.IsNone; block = function.Layout.Next(block))
        {
            if (!annotated.Contains(block) && block != function.Layout.EntryBlock && tree.IsReachable(block))
            {
                return Outcome.Failed($"{function.Name}: {block} is reachable and no annotation says what dominates it: {tree.ImmediateDominator(block)} does");
            }
        }

        return Directives.FileCheck(context.File, parsed, Print(context));
    }

    private static string Check(Function function, DominatorTree tree, Block dominator, ReadOnlySpan<char> names, HashSet<Block> annotated)
    {
        foreach (Range range in names.SplitAny(" \t"))
        {
            ReadOnlySpan<char> name = names[range];
            if (name.IsEmpty)
            {
                continue;
            }

            if (!name.StartsWith("block") || !int.TryParse(name["block".Length..], out int number) || number >= function.Dfg.BlockCount
                || !function.Layout.IsInserted(Block.FromIndex(number)))
            {
                return $"{name} is not defined";
            }

            Block block = Block.FromIndex(number);
            if (!annotated.Add(block))
            {
                return $"multiple dominators for {block}";
            }

            if (tree.ImmediateDominator(block) != dominator)
            {
                return $"mismatched idoms: {block} is dominated by {tree.ImmediateDominator(block)}, not by {dominator}";
            }
        }

        return "";
    }

    private static string Print(SubtestContext context)
    {
        TextBuffer output = context.Workspace.Text;
        output.Clear();
        output.Append("cfg_postorder:");
        foreach (Block block in context.Workspace.Cfg.Postorder)
        {
            output.Append(' ').AppendEntity("block", block.Index);
        }

        output.Append("\ndomtree_preorder {\n");
        DominatorTree tree = context.Workspace.Dominators;
        foreach (Block block in tree.Preorder)
        {
            output.Append("    ").AppendEntity("block", block.Index).Append(':');
            for (Block child = tree.FirstChild(block); !child.IsNone; child = tree.NextSibling(child))
            {
                output.Append(' ').AppendEntity("block", child.Index);
            }

            output.Append('\n');
        }

        return output.Append("}\n").ToString();
    }
}
