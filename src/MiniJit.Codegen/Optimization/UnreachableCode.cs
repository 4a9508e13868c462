// Blocks that control cannot reach leave the function, with their edges; what they define is used nowhere else.
using MiniJit.IR;
using MiniJit.IR.Analysis;

namespace MiniJit.Codegen.Optimization;

internal static class UnreachableCode
{
    /// <summary>Removes unreachable blocks. If there were any, <paramref name="cfg"/> is computed again.</summary>
    public static bool Remove(Function function, ControlFlowGraph cfg)
    {
        Layout layout = function.Layout;
        bool removed = false;
        for (Block block = layout.EntryBlock, next; !block.IsNone; block = next)
        {
            next = layout.Next(block);
            if (!cfg.IsReachable(block))
            {
                layout.Remove(block);
                removed = true;
            }
        }

        if (removed)
        {
            cfg.Compute(function);
        }

        return removed;
    }
}
