// The order in which blocks are lowered and laid out, with critical edges split.
//
// Blocks come in reverse postorder, made loop-contiguous: a loop's blocks stand together from its header on, so a loop that
// fits a cache line stays there and its exits are forward jumps. Cold blocks come last, and with them what only they lead to: blocks
// are lowered in reverse, so a block must stand behind those that dominate it. An edge from a block with several
// successors to a block with several predecessors gets a block of its own, right after its source: that is where the
// allocator's moves for the edge go, and where it stays empty, branch simplification threads it away.
//
// Every edge out of a try_call gets a block, because what control brings along in registers is defined there. Exceptions are exceptional: what is
// reached through a handler only is cold, and so are the blocks of the edges to handlers.
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
    private Column<bool> _isHot;                               // neither cold nor reached through cold blocks or exceptions only
    private Column<int> _handlers;                             // per block that ends in a try_call: where its edges to handlers are
    private Column<Block> _tries;                              // hot blocks that end in a try_call with handlers

    /// <summary>The machine blocks in order.</summary>
    public Column<LoweredBlock> Blocks;

    /// <summary>Machine block of each block, or −1 where it is unreachable.</summary>
    public int PositionOf(Block block) => _position[block.Index];

    /// <summary>Number of edges into a block.</summary>
    public int PredecessorEdges(Block block) => _predecessorCount[block.Index];

    /// <summary>The first machine block that is cold; so are all that follow.</summary>
    public int FirstCold { get; private set; }

    /// <summary>Machine block of edge <paramref name="edge"/> of the <paramref name="count"/> edges out of a block that ends in a try_call.</summary>
    public int TryEdge(Block block, int edge, int count) => edge == count - 1 ? _position[block.Index] + 1 : _handlers[block.Index] + edge;

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
            Inst terminator = function.Layout.LastInst(block);
            ReadOnlySpan<BlockCall> destinations = dfg.Destinations(terminator);
            int firstNormal = IsTry(dfg[terminator].Opcode) ? destinations.Length - 1 : 0;
            for (int edge = 0; edge < destinations.Length; edge++)
            {
                int target = dfg.BlockOf(destinations[edge]).Index;
                _predecessorCount[target]++;
                _isHot[target] |= isHot && edge >= firstNormal;
            }
        }

        CollectItems(reversePostorder, loops);
        Blocks.Clear();
        _position.Fill(dfg.BlockCount, -1);
        _handlers.Fill(dfg.BlockCount, -1);
        _tries.Clear();
        EmitItems(function, cold: false);
        FirstCold = Blocks.Count;
        foreach (Block block in _tries.Span)
        {
            AddHandlerEdges(block, dfg.Destinations(function.Layout.LastInst(block)).Length - 1);
        }

        EmitItems(function, cold: true);
    }

    private static bool IsTry(Opcode opcode) => opcode is Opcode.TryCall or Opcode.TryCallIndirect;

    private void AddTryEdges(Block block, int count, bool cold)
    {
        Blocks.Add(new(block, count - 1));
        if (cold)
        {
            AddHandlerEdges(block, count - 1);
        }
        else
        {
            _tries.Add(block);
        }
    }

    private void AddHandlerEdges(Block block, int count)
    {
        _handlers[block.Index] = Blocks.Count;
        for (int edge = 0; edge < count; edge++)
        {
            Blocks.Add(new(block, edge));
        }
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
            if (_isHot[block.Index] == cold)
            {
                continue;
            }

            _position[block.Index] = Blocks.Count;
            Blocks.Add(new(block, -1));
            Inst terminator = function.Layout.LastInst(block);
            ReadOnlySpan<BlockCall> destinations = dfg.Destinations(terminator);
            if (IsTry(dfg[terminator].Opcode))
            {
                AddTryEdges(block, destinations.Length, cold);
                continue;
            }

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
