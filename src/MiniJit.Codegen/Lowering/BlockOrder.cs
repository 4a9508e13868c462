// The order in which blocks are lowered and laid out, with critical edges split.
//
// Blocks come in reverse postorder, made loop-contiguous: a loop's blocks stand together from its header on, so a loop that
// fits a cache line stays there and its exits are forward jumps. Cold blocks come last, and with them what only they lead to: blocks
// are lowered in reverse, so a block must stand behind those that dominate it. An edge from a block with several
// successors to a block with several predecessors gets a block of its own, right after its source: that is where the
// allocator's moves for the edge go, and where it stays empty, branch simplification threads it away.
using System;
using MiniJit.IR;
using MiniJit.IR.Analysis;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.Lowering;

/// <summary>A machine block: a block of the function, or the block of a split edge.</summary>
/// <param name="Source">The block; of an edge, the block it leaves.</param>
/// <param name="Edge">−1, or the number of the edge among the source's destinations.</param>
internal readonly record struct LoweredBlock(Block Source, int Edge)
{
    public bool IsEdge => Edge >= 0;
}

/// <summary>Computes the order. Reused; linear time.</summary>
internal sealed class BlockOrder
{
    private struct Item
    {
        public int LoopOrBlock;                                // loop index, or ~block index
        public int Next;                                       // following item of the same loop, −1 at the end
    }

    private Column<Item> _items;
    private Column<int> _firstItem, _lastItem;                 // per loop + 1; entry 0 is "no loop"
    private Column<int> _stack;
    private Column<int> _predecessorCount;                     // edges into each block
    private Column<int> _position;
    private Column<bool> _isHot;                               // neither cold nor reached through cold blocks only

    /// <summary>The machine blocks in order.</summary>
    public Column<LoweredBlock> Blocks;

    /// <summary>Machine block of each block, or −1 where it is unreachable.</summary>
    public int PositionOf(Block block) => _position[block.Index];

    /// <summary>Number of edges into a block.</summary>
    public int PredecessorEdges(Block block) => _predecessorCount[block.Index];

    /// <summary>Whether the block stands among the cold ones.</summary>
    public bool IsCold(Block block) => !_isHot[block.Index];

    public void Compute(Function function, ReadOnlySpan<Block> reversePostorder, LoopForest loops)
    {
        DataFlowGraph dfg = function.Dfg;
        _predecessorCount.Fill(dfg.BlockCount, 0);
        _isHot.Fill(dfg.BlockCount, false);
        _isHot[reversePostorder[0].Index] = true;
        foreach (Block block in reversePostorder)
        {
            // All forward edges into the block have been seen: it is hot if it is not cold and one of them leaves a hot block. Whatever
            // a cold block dominates has no such edge.
            ref bool isHot = ref _isHot[block.Index];
            isHot = isHot && !dfg.IsCold(block);
            foreach (BlockCall call in dfg.Destinations(function.Layout.LastInst(block)))
            {
                int target = dfg.BlockOf(call).Index;
                _predecessorCount[target]++;
                _isHot[target] |= isHot;
            }
        }

        CollectItems(reversePostorder, loops);
        Blocks.Clear();
        _position.Fill(dfg.BlockCount, -1);
        EmitItems(function, cold: false);
        EmitItems(function, cold: true);
    }

    private void CollectItems(ReadOnlySpan<Block> reversePostorder, LoopForest loops)
    {
        _items.Clear();
        _firstItem.Fill(loops.Count + 1, -1);
        _lastItem.Fill(loops.Count + 1, -1);
        foreach (Block block in reversePostorder)
        {
            Loop loop = loops.InnermostLoop(block);
            if (!loop.IsNone && loops.Header(loop) == block)
            {
                Append(loops.Parent(loop), loop.Index);
            }

            Append(loop, ~block.Index);
        }
    }

    private void Append(Loop loop, int item)
    {
        int list = loop.IsNone ? 0 : loop.Index + 1;
        int index = _items.Count;
        _items.Add(new Item { LoopOrBlock = item, Next = -1 });
        ref int last = ref _lastItem[list];
        if (last < 0)
        {
            _firstItem[list] = index;
        }
        else
        {
            _items[last].Next = index;
        }

        last = index;
    }

    private void EmitItems(Function function, bool cold)
    {
        DataFlowGraph dfg = function.Dfg;
        _stack.Clear();
        _stack.Add(_firstItem[0]);
        while (_stack.Count > 0)
        {
            int index = _stack.RemoveLast();
            if (index < 0)
            {
                continue;
            }

            Item item = _items[index];
            _stack.Add(item.Next);
            if (item.LoopOrBlock >= 0)
            {
                _stack.Add(_firstItem[item.LoopOrBlock + 1]);
                continue;
            }

            Block block = Block.FromIndex(~item.LoopOrBlock);
            if (IsCold(block) != cold)
            {
                continue;
            }

            _position[block.Index] = Blocks.Count;
            Blocks.Add(new(block, -1));
            ReadOnlySpan<BlockCall> destinations = dfg.Destinations(function.Layout.LastInst(block));
            for (int edge = 0; destinations.Length > 1 && edge < destinations.Length; edge++)
            {
                if (_predecessorCount[dfg.BlockOf(destinations[edge]).Index] > 1)
                {
                    Blocks.Add(new(block, edge));
                }
            }
        }
    }
}
