// Who branches to whom. Edges are kept per block in two compressed tables (one array of edges and one of starts each), in the
// order in which a branch names its destinations; a destination that is named twice is two edges. One depth-first walk
// from the entry gives the postorder and, for the dominator tree, the preorder and the spanning tree.
// Destinations that do not exist (the verifier's business) are left out. Cost: linear, no recursion, no allocation once warm.
using System;
using MiniJit.IR.Collections;

namespace MiniJit.IR.Analysis;

/// <summary>An edge as its destination sees it.</summary>
/// <param name="Block">The block that branches.</param>
/// <param name="Branch">Its terminator.</param>
public readonly record struct BlockPredecessor(Block Block, Inst Branch);

/// <summary>
/// Predecessors, successors and depth-first orders of a function's blocks. Reused by calling <see cref="Compute"/> again; what it
/// says holds until the function's blocks or terminators change. Not safe for use by several threads at once.
/// </summary>
public sealed class ControlFlowGraph
{
    private Column<int> _successorStarts;                      // one more than there are blocks, so that every block has an end
    private Column<Block> _successors;
    private Column<int> _predecessorStarts;
    private Column<BlockPredecessor> _predecessors;
    private Column<Block> _postorder;
    private Column<Block> _reversePostorder;
    private Column<int> _postorderNumbers;                     // per block, from 1; 0 is unreachable

    // Per reachable block in preorder: the block, and the preorder number of the block from which it was entered.
    internal Column<Block> PreorderBlocks;
    internal Column<int> PreorderParents;
    internal Column<int> PreorderNumbers;                      // per block; meaningful if it is reachable

    private Column<int> _stack;                                // preorder numbers of the blocks being visited
    private Column<int> _cursors;                              // per block: next edge to look at

    /// <summary>An empty graph.</summary>
    public ControlFlowGraph()
    {
    }

    /// <summary>Reachable blocks, each after everything that was first entered through it.</summary>
    public ReadOnlySpan<Block> Postorder => _postorder.Span;

    /// <summary>Reachable blocks, the entry first; a block comes before the blocks that it dominates.</summary>
    public ReadOnlySpan<Block> ReversePostorder => _reversePostorder.Span;

    /// <summary>Number of block indices that the tables cover.</summary>
    public int BlockCount => _postorderNumbers.Count;

    /// <summary>Whether control can come to the block from the entry.</summary>
    public bool IsReachable(Block block) => _postorderNumbers[block.Index] != 0;

    /// <summary>Position in <see cref="Postorder"/>; -1 if the block is unreachable.</summary>
    public int PostorderIndex(Block block) => _postorderNumbers[block.Index] - 1;

    /// <summary>Position in <see cref="ReversePostorder"/>; the block must be reachable.</summary>
    public int ReversePostorderIndex(Block block) => _postorder.Count - _postorderNumbers[block.Index];

    /// <summary>
    /// The block's successors, one entry for every edge: jump: its target; brif: then, else; br_table: default, entries in order;
    /// try_call: exceptional targets in table order, then the normal destination.
    /// </summary>
    public ReadOnlySpan<Block> Successors(Block block) =>
        _successors.Slice(_successorStarts[block.Index], _successorStarts[block.Index + 1] - _successorStarts[block.Index]);

    /// <summary>
    /// The edges that lead to the block, from reachable and unreachable blocks, in layout order of the branching blocks; edges of one branch
    /// are neighbours.
    /// </summary>
    public ReadOnlySpan<BlockPredecessor> Predecessors(Block block) =>
        _predecessors.Slice(_predecessorStarts[block.Index], _predecessorStarts[block.Index + 1] - _predecessorStarts[block.Index]);

    /// <summary>Describes <paramref name="function"/> as it is now.</summary>
    public void Compute(Function function)
    {
        CollectSuccessors(function);
        CollectPredecessors(function);
        Walk(function.Layout.EntryBlock, function.Dfg.BlockCount);
    }

    // Successors are stored in layout order; the starts of blocks outside of the layout are filled in so that their range is empty.
    private void CollectSuccessors(Function function)
    {
        int blockCount = function.Dfg.BlockCount;
        Layout layout = function.Layout;
        _successorStarts.Fill(blockCount + 1, 0);
        _predecessorStarts.Fill(blockCount + 1, 0);
        int total = 0;
        for (Block block = layout.EntryBlock; !block.IsNone; block = layout.Next(block))
        {
            foreach (BlockCall call in Destinations(function, block))
            {
                Block target = function.Dfg.BlockOf(call);
                if (Exists(function, target))
                {
                    _successorStarts[block.Index]++;
                    _predecessorStarts[target.Index]++;
                    total++;
                }
            }
        }

        ToStarts(_successorStarts.Span);
        ToStarts(_predecessorStarts.Span);
        _successors.Fill(total, default);
        _predecessors.Fill(total, default);
        for (Block block = layout.EntryBlock; !block.IsNone; block = layout.Next(block))
        {
            int next = _successorStarts[block.Index];
            foreach (BlockCall call in Destinations(function, block))
            {
                Block target = function.Dfg.BlockOf(call);
                if (Exists(function, target))
                {
                    _successors[next++] = target;
                }
            }
        }
    }

    private void CollectPredecessors(Function function)
    {
        Layout layout = function.Layout;
        _cursors.Clear();
        _cursors.AddRange(_predecessorStarts.Span);
        for (Block block = layout.EntryBlock; !block.IsNone; block = layout.Next(block))
        {
            Inst branch = layout.LastInst(block);
            foreach (Block target in Successors(block))
            {
                _predecessors[_cursors[target.Index]++] = new(block, branch);
            }
        }
    }

    // Exactly the order of a recursive walk: a destination is entered completely before the next one is looked at.
    private void Walk(Block entry, int blockCount)
    {
        _postorder.Clear();
        _postorderNumbers.Fill(blockCount, 0);
        PreorderBlocks.Clear();
        PreorderParents.Clear();
        PreorderNumbers.Fill(blockCount, -1);
        _cursors.Clear();
        _cursors.AddRange(_successorStarts.Span);
        _stack.Clear();
        if (!entry.IsNone)
        {
            Enter(entry, 0);
        }

        while (_stack.Count > 0)
        {
            int number = _stack.Last;
            Block block = PreorderBlocks[number];
            ref int cursor = ref _cursors[block.Index];
            if (cursor < _successorStarts[block.Index + 1])
            {
                Block target = _successors[cursor++];
                if (PreorderNumbers[target.Index] < 0)
                {
                    Enter(target, number);
                }

                continue;
            }

            _stack.RemoveLast();
            _postorder.Add(block);
            _postorderNumbers[block.Index] = _postorder.Count;
        }

        _reversePostorder.Clear();
        _reversePostorder.AddRange(_postorder.Span);
        _reversePostorder.Span.Reverse();
    }

    private void Enter(Block block, int parent)
    {
        int number = PreorderBlocks.Count;
        PreorderNumbers[block.Index] = number;
        PreorderBlocks.Add(block);
        PreorderParents.Add(parent);
        _stack.Add(number);
    }

    private static ReadOnlySpan<BlockCall> Destinations(Function function, Block block)
    {
        Inst last = function.Layout.LastInst(block);
        return last.IsNone ? default : function.Dfg.Destinations(last);
    }

    private static bool Exists(Function function, Block block) =>
        !block.IsNone && block.Index < function.Dfg.BlockCount && function.Layout.IsInserted(block);

    // Counts become the positions where each block's entries begin; the last element, the end of all.
    private static void ToStarts(Span<int> counts)
    {
        int start = 0;
        foreach (ref int count in counts)
        {
            (count, start) = (start, start + count);
        }
    }
}
