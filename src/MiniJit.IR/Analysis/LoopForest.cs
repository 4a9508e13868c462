// Natural loops: a block that dominates one of its predecessors is a header, and its loop is what reaches that back edge without
// passing the header. Back edges to one header make one loop. Irreducible cycles have no header and are not found.
// Headers are found in reverse postorder, so a loop's number is larger than its parent's; bodies are filled in from the innermost
// loop outwards, stepping over finished inner loops from header to header, which visits every edge a bounded number of times.
using System;
using System.Globalization;
using MiniJit.IR.Collections;

namespace MiniJit.IR.Analysis;

/// <summary>A natural loop of a <see cref="LoopForest"/>. <c>default</c> is "none".</summary>
public readonly record struct Loop : IEntity<Loop>
{
    private readonly uint _raw;

    private Loop(uint raw) => _raw = raw;

    /// <inheritdoc/>
    public int Index => (int)_raw - 1;

    /// <inheritdoc/>
    public bool IsNone => _raw == 0;

    /// <inheritdoc/>
    public static Loop FromIndex(int index) => new((uint)index + 1);

    /// <summary>For messages.</summary>
    public override string ToString() => IsNone ? "loop?" : string.Create(CultureInfo.InvariantCulture, $"loop{Index}");
}

/// <summary>
/// The natural loops of a function and how they nest. Reused by calling <see cref="Compute"/> again. Not safe for use by several threads
/// at once.
/// </summary>
public sealed class LoopForest
{
    private struct LoopData
    {
        public Block Header;
        public Loop Parent;
        public Loop Outer;                                     // an enclosing loop on the way to the outermost one found so far
        public int Depth;
    }

    private Column<LoopData> _loops;
    private Column<Loop> _innermost;                           // per block
    private Column<Block> _work;

    /// <summary>An empty forest.</summary>
    public LoopForest()
    {
    }

    /// <summary>Number of loops; outer ones have smaller indices than the loops in them.</summary>
    public int Count => _loops.Count;

    /// <summary>The one block through which the loop is entered.</summary>
    public Block Header(Loop loop) => _loops[loop.Index].Header;

    /// <summary>The innermost loop around this one, or none.</summary>
    public Loop Parent(Loop loop) => _loops[loop.Index].Parent;

    /// <summary>1 for an outermost loop, one more for each loop around it.</summary>
    public int Depth(Loop loop) => _loops[loop.Index].Depth;

    /// <summary>The innermost loop that the block is part of, or none.</summary>
    public Loop InnermostLoop(Block block) => _innermost[block.Index];

    /// <summary>Number of loops that the block is part of.</summary>
    public int LoopDepth(Block block)
    {
        Loop loop = _innermost[block.Index];
        return loop.IsNone ? 0 : _loops[loop.Index].Depth;
    }

    /// <summary>Whether the block is the header of its innermost loop.</summary>
    public bool IsHeader(Block block)
    {
        Loop loop = _innermost[block.Index];
        return !loop.IsNone && _loops[loop.Index].Header == block;
    }

    /// <summary>Whether the block is part of the loop, itself or through a loop inside.</summary>
    public bool Contains(Loop loop, Block block) => IsWithin(InnermostLoop(block), loop);

    /// <summary>Whether <paramref name="inner"/> is <paramref name="outer"/> or nested in it.</summary>
    public bool IsWithin(Loop inner, Loop outer)
    {
        while (!inner.IsNone && inner.Index > outer.Index)
        {
            inner = _loops[inner.Index].Parent;
        }

        return !inner.IsNone && inner == outer;
    }

    /// <summary>Finds the loops of the function that <paramref name="cfg"/> and <paramref name="dominators"/> describe.</summary>
    public void Compute(ControlFlowGraph cfg, DominatorTree dominators)
    {
        _loops.Clear();
        _innermost.Fill(cfg.BlockCount, default);
        FindHeaders(cfg, dominators);
        for (int i = _loops.Count - 1; i >= 0; i--)
        {
            FillBody(Loop.FromIndex(i), cfg, dominators);
        }

        foreach (ref LoopData loop in _loops.Span)
        {
            loop.Depth = loop.Parent.IsNone ? 1 : _loops[loop.Parent.Index].Depth + 1;
        }
    }

    private void FindHeaders(ControlFlowGraph cfg, DominatorTree dominators)
    {
        foreach (Block block in cfg.ReversePostorder)
        {
            foreach (BlockPredecessor edge in cfg.Predecessors(block))
            {
                if (dominators.Dominates(block, edge.Block))
                {
                    _loops.Add(new LoopData { Header = block });
                    _innermost[block.Index] = Loop.FromIndex(_loops.Count - 1);
                    break;
                }
            }
        }
    }

    private void FillBody(Loop loop, ControlFlowGraph cfg, DominatorTree dominators)
    {
        Block header = _loops[loop.Index].Header;
        AddPredecessors(header, header, cfg, dominators);
        while (_work.Count > 0)
        {
            Block block = _work.RemoveLast();
            Loop known = _innermost[block.Index];
            if (known.IsNone)
            {
                _innermost[block.Index] = loop;
                AddPredecessors(block, header, cfg, dominators);
                continue;
            }

            Loop outermost = Outermost(known);
            if (outermost != loop)
            {
                ref LoopData inner = ref _loops[outermost.Index];
                inner.Parent = loop;
                inner.Outer = loop;
                AddPredecessors(inner.Header, header, cfg, dominators);
            }
        }
    }

    // All that precede a block of the loop and are dominated by the header are in the loop: the header is in the way of all others.
    private void AddPredecessors(Block block, Block header, ControlFlowGraph cfg, DominatorTree dominators)
    {
        foreach (BlockPredecessor edge in cfg.Predecessors(block))
        {
            if (dominators.Dominates(header, edge.Block))
            {
                _work.Add(edge.Block);
            }
        }
    }

    private Loop Outermost(Loop loop)
    {
        Loop outermost = loop;
        while (!_loops[outermost.Index].Outer.IsNone)
        {
            outermost = _loops[outermost.Index].Outer;
        }

        while (loop != outermost)                              // so that the next search is short
        {
            Loop next = _loops[loop.Index].Outer;
            _loops[loop.Index].Outer = outermost;
            loop = next;
        }

        return outermost;
    }
}
