// Order of blocks and of the instructions in them: doubly linked lists in dense columns, so that insertion and
// removal are cheap and a pass over a function follows arrays, not objects.
using System.Runtime.CompilerServices;
using MiniJit.IR.Collections;

namespace MiniJit.IR;

internal struct BlockNode
{
    public Block Prev, Next;
    public Inst First, Last;
    public bool Inserted;
}

internal struct InstNode
{
    public Inst Prev, Next;
    public Block Block;
}

/// <summary>The order of a function's code.</summary>
public sealed class Layout
{
    private Column<BlockNode> _blocks;
    private Column<InstNode> _insts;
    private Block _first, _last;

    /// <summary>The entry block: the first one, or none.</summary>
    public Block EntryBlock => _first;

    /// <summary>The last block, or none.</summary>
    public Block LastBlock => _last;

    internal void Clear()
    {
        _blocks.Clear();
        _insts.Clear();
        _first = _last = default;
    }

    internal void CopyFrom(Layout other)
    {
        DataFlowGraph.Copy(ref _blocks, other._blocks.Span);
        DataFlowGraph.Copy(ref _insts, other._insts.Span);
        _first = other._first;
        _last = other._last;
    }

    /// <summary>Whether the block is part of the function.</summary>
    public bool IsInserted(Block block) => block.Index < _blocks.Count && _blocks[block.Index].Inserted;

    /// <summary>The block after this one, or none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Block Next(Block block) => _blocks[block.Index].Next;

    /// <summary>The block before this one, or none.</summary>
    public Block Prev(Block block) => _blocks[block.Index].Prev;

    /// <summary>The block's first instruction, or none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Inst FirstInst(Block block) => _blocks[block.Index].First;

    /// <summary>The block's last instruction, or none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Inst LastInst(Block block) => _blocks[block.Index].Last;

    /// <summary>The instruction after this one in its block, or none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Inst Next(Inst inst) => _insts[inst.Index].Next;

    /// <summary>The instruction before this one in its block, or none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Inst Prev(Inst inst) => _insts[inst.Index].Prev;

    /// <summary>The block that contains the instruction, or none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Block BlockOf(Inst inst) => inst.Index < _insts.Count ? _insts[inst.Index].Block : default;

    /// <summary>Appends a block to the function.</summary>
    public void Append(Block block)
    {
        ref BlockNode node = ref Node(block);
        node = new BlockNode { Prev = _last, Inserted = true };
        if (_last.IsNone)
        {
            _first = block;
        }
        else
        {
            _blocks[_last.Index].Next = block;
        }

        _last = block;
    }

    /// <summary>Takes a block, with whatever instructions it has, out of the function.</summary>
    internal void Remove(Block block)
    {
        BlockNode node = _blocks[block.Index];
        _blocks[block.Index].Inserted = false;
        if (node.Prev.IsNone)
        {
            _first = node.Next;
        }
        else
        {
            _blocks[node.Prev.Index].Next = node.Next;
        }

        if (node.Next.IsNone)
        {
            _last = node.Prev;
        }
        else
        {
            _blocks[node.Next.Index].Prev = node.Prev;
        }
    }

    /// <summary>Appends an instruction to a block.</summary>
    internal void Append(Inst inst, Block block)
    {
        ref BlockNode node = ref _blocks[block.Index];
        Node(inst) = new InstNode { Prev = node.Last, Block = block };
        if (node.Last.IsNone)
        {
            node.First = inst;
        }
        else
        {
            _insts[node.Last.Index].Next = inst;
        }

        node.Last = inst;
    }

    /// <summary>Inserts an instruction before another one.</summary>
    internal void InsertBefore(Inst inst, Inst before)
    {
        Node(inst) = default;
        InstNode next = _insts[before.Index];
        _insts[inst.Index] = new InstNode { Prev = next.Prev, Next = before, Block = next.Block };
        _insts[before.Index].Prev = inst;
        if (next.Prev.IsNone)
        {
            _blocks[next.Block.Index].First = inst;
        }
        else
        {
            _insts[next.Prev.Index].Next = inst;
        }
    }

    /// <summary>Takes an instruction out of its block.</summary>
    internal void Remove(Inst inst)
    {
        InstNode node = _insts[inst.Index];
        _insts[inst.Index] = default;
        ref BlockNode block = ref _blocks[node.Block.Index];
        if (node.Prev.IsNone)
        {
            block.First = node.Next;
        }
        else
        {
            _insts[node.Prev.Index].Next = node.Next;
        }

        if (node.Next.IsNone)
        {
            block.Last = node.Prev;
        }
        else
        {
            _insts[node.Next.Index].Prev = node.Prev;
        }
    }

    private ref BlockNode Node(Block block)
    {
        if (block.Index >= _blocks.Count)
        {
            _blocks.Resize(block.Index + 1);
        }

        return ref _blocks[block.Index];
    }

    private ref InstNode Node(Inst inst)
    {
        if (inst.Index >= _insts.Count)
        {
            _insts.Resize(inst.Index + 1);
        }

        return ref _insts[inst.Index];
    }
}
