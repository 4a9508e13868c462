// Immediate dominators with the semi-NCA algorithm (L. Georgiadis, "Linear-Time Algorithms for Dominators and Related Problems",
// 2005, chapter 2): semidominators are found in reverse preorder over a forest with path compression, then a vertex's immediate
// dominator is the nearest ancestor in the tree built so far that is not below its semidominator. O(m log n) for the first part,
// linear in practice for the second. Works on preorder numbers, which the control-flow graph's walk left behind.
// The tree is then numbered in preorder, so that "dominates" is one comparison.
using System;
using System.Runtime.CompilerServices;
using MiniJit.IR.Collections;

namespace MiniJit.IR.Analysis;

/// <summary>
/// Which blocks are on every path from the entry to a block. Reused by calling <see cref="Compute"/> again; describes reachable blocks
/// only. Not safe for use by several threads at once.
/// </summary>
public sealed class DominatorTree
{
    private struct Node
    {
        public Block Parent, FirstChild, NextSibling;
        public int Number;                                     // in preorder, from 1; 0 is unreachable
        public int Size;                                       // of the subtree; 0 is unreachable
    }

    private Column<Node> _nodes;                               // per block
    private Column<Block> _preorder;

    // Per preorder number of the control-flow graph's walk.
    private Column<int> _dominators;
    private Column<int> _ancestors;
    private Column<int> _semi;
    private Column<int> _least;                                // least semidominator on the part of the path that was compressed
    private Column<int> _path;

    /// <summary>An empty tree.</summary>
    public DominatorTree()
    {
    }

    /// <summary>Reachable blocks, parents before children, children in reverse postorder of the control-flow graph.</summary>
    public ReadOnlySpan<Block> Preorder => _preorder.Span;

    /// <summary>Whether control can come to the block from the entry.</summary>
    public bool IsReachable(Block block) => _nodes[block.Index].Number != 0;

    /// <summary>The closest other block that dominates this one; none for the entry and for unreachable blocks.</summary>
    public Block ImmediateDominator(Block block) => _nodes[block.Index].Parent;

    /// <summary>The first block that this one dominates immediately, in reverse postorder, or none.</summary>
    public Block FirstChild(Block block) => _nodes[block.Index].FirstChild;

    /// <summary>The next block with the same immediate dominator, in reverse postorder, or none.</summary>
    public Block NextSibling(Block block) => _nodes[block.Index].NextSibling;

    /// <summary>Position in <see cref="Preorder"/>; -1 if the block is unreachable.</summary>
    public int PreorderIndex(Block block) => _nodes[block.Index].Number - 1;

    /// <summary>
    /// Whether every path from the entry to <paramref name="b"/> goes through <paramref name="a"/>; a reachable block dominates itself. False if
    /// one of them is unreachable.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Dominates(Block a, Block b)
    {
        ref readonly Node above = ref _nodes[a.Index];
        return (uint)(_nodes[b.Index].Number - above.Number) < (uint)above.Size;
    }

    /// <summary>
    /// Whether the instruction <paramref name="a"/> is executed before every execution of <paramref name="b"/>: in a block that properly
    /// dominates the other's, or earlier in the same block. Takes time linear in the block's length in the latter case.
    /// </summary>
    public bool Dominates(Inst a, Inst b, Layout layout)
    {
        Block blockA = layout.BlockOf(a), blockB = layout.BlockOf(b);
        if (blockA != blockB)
        {
            return Dominates(blockA, blockB);
        }

        for (Inst next = layout.Next(a); !next.IsNone; next = layout.Next(next))
        {
            if (next == b)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Computes the tree of <paramref name="function"/>, whose control-flow graph is <paramref name="cfg"/>.</summary>
    public void Compute(Function function, ControlFlowGraph cfg)
    {
        _nodes.Fill(function.Dfg.BlockCount, default);
        FindDominators(cfg);
        LinkChildren(cfg);
        NumberTree(function.Layout.EntryBlock);
    }

    private void FindDominators(ControlFlowGraph cfg)
    {
        int count = cfg.PreorderBlocks.Count;
        _semi.Resize(count);
        _least.Resize(count);
        _ancestors.Clear();
        _ancestors.AddRange(cfg.PreorderParents.Span);
        _dominators.Clear();
        _dominators.AddRange(cfg.PreorderParents.Span);

        // Vertices above `vertex` are linked to their parents in the spanning tree, the others are roots.
        for (int vertex = count - 1; vertex > 0; vertex--)
        {
            int semi = vertex;
            foreach (BlockPredecessor edge in cfg.Predecessors(cfg.PreorderBlocks[vertex]))
            {
                int source = cfg.PreorderNumbers[edge.Block.Index];
                if (source >= 0)                               // else unreachable
                {
                    semi = Math.Min(semi, source <= vertex ? source : LeastSemi(source, vertex));
                }
            }

            _semi[vertex] = semi;
            _least[vertex] = semi;
        }

        for (int vertex = 1; vertex < count; vertex++)
        {
            int dominator = _dominators[vertex];
            while (dominator > _semi[vertex])
            {
                dominator = _dominators[dominator];
            }

            _dominators[vertex] = dominator;
        }
    }

    // The least semidominator on the path from `vertex` up to, but without, the root of its tree in the forest. Shortens the
    // path: afterwards every vertex on it hangs directly below the root and knows the least of what it passed.
    private int LeastSemi(int vertex, int lastUnlinked)
    {
        int top = vertex;
        while (_ancestors[top] > lastUnlinked)
        {
            _path.Add(top);
            top = _ancestors[top];
        }

        int root = _ancestors[top];
        int least = _least[top];
        while (_path.Count > 0)
        {
            int below = _path.RemoveLast();
            least = Math.Min(least, _least[below]);
            _least[below] = least;
            _ancestors[below] = root;
        }

        return least;
    }

    // In postorder and always to the front: so the children of a block end up in reverse postorder.
    private void LinkChildren(ControlFlowGraph cfg)
    {
        foreach (Block block in cfg.Postorder)
        {
            int vertex = cfg.PreorderNumbers[block.Index];
            if (vertex == 0)
            {
                continue;
            }

            Block parent = cfg.PreorderBlocks[_dominators[vertex]];
            ref Node node = ref _nodes[block.Index];
            node.Parent = parent;
            node.NextSibling = _nodes[parent.Index].FirstChild;
            _nodes[parent.Index].FirstChild = block;
        }
    }

    private void NumberTree(Block entry)
    {
        _preorder.Clear();
        Block block = entry;
        while (!block.IsNone)
        {
            ref Node node = ref _nodes[block.Index];
            _preorder.Add(block);
            node.Number = _preorder.Count;
            if (!node.FirstChild.IsNone)
            {
                block = node.FirstChild;
                continue;
            }

            // The subtree ends here; so do those of the ancestors whose last child this is.
            while (true)
            {
                ref Node done = ref _nodes[block.Index];
                done.Size = _preorder.Count + 1 - done.Number;
                if (!done.NextSibling.IsNone)
                {
                    block = done.NextSibling;
                    break;
                }

                block = done.Parent;
                if (block.IsNone)
                {
                    return;
                }
            }
        }
    }
}
