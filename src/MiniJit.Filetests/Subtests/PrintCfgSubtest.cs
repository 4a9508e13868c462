using MiniJit.IR;
using MiniJit.IR.Analysis;

namespace MiniJit.Filetests.Subtests;

/// <summary><c>test print-cfg</c>: filecheck on the control-flow graph in Graphviz' language.</summary>
internal sealed class PrintCfgSubtest : FunctionSubtest
{
    public override string Name => "print-cfg";

    public override SubtestNeeds Needs => SubtestNeeds.None;

    protected override Outcome Run(SubtestContext context, ParsedFunction function) =>
        Directives.FileCheck(context.File, function, Print(function.Function, context.Workspace));

    /// <summary>The graph: one node per block, labelled with its header and last instruction, one line per edge.</summary>
    public static string Print(Function function, Workspace workspace)
    {
        ControlFlowGraph cfg = workspace.Cfg;
        cfg.Compute(function);
        Printer printer = workspace.Printer;
        TextBuffer output = printer.Output;
        output.Clear();
        output.Append("digraph \"").Append(function.Name.ToString()).Append("\" {\n");
        if (!function.Layout.EntryBlock.IsNone)
        {
            output.Append("    {rank=min; ").AppendEntity("block", function.Layout.EntryBlock.Index).Append("}\n");
        }

        for (Block block = function.Layout.EntryBlock; !block.IsNone; block = function.Layout.Next(block))
        {
            output.Append("    ").AppendEntity("block", block.Index).Append(" [shape=record, label=\"{");
            printer.WriteBlockHeader(function, block);
            output.Append('\n');
            Inst last = function.Layout.LastInst(block);
            if (!last.IsNone)
            {
                output.Append(" | <").AppendEntity("inst", last.Index).Append('>');
                printer.WriteInst(function, last);
                output.Append('\n');
            }

            output.Append("}\"]\n");
        }

        for (Block block = function.Layout.EntryBlock; !block.IsNone; block = function.Layout.Next(block))
        {
            foreach (BlockPredecessor predecessor in cfg.Predecessors(block))
            {
                output.Append("    ").AppendEntity("block", predecessor.Block.Index).Append(':').AppendEntity("inst", predecessor.Branch.Index)
                    .Append(" -> ").AppendEntity("block", block.Index).Append('\n');
            }
        }

        return output.Append("}\n").ToString();
    }
}
