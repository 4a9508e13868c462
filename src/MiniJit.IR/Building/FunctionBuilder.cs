// The embedder's way to make a function: blocks are filled one after the other, instructions are appended with one method per
// opcode, and source variables become values and block parameters (FunctionBuilder.Variables.cs). Misuse throws where it happens: operand
// types, argument counts, code after a terminator. What only the whole function can tell (dominance) is the verifier's business.
using System;
using MiniJit.IR.Collections;

namespace MiniJit.IR.Building;

/// <summary>
/// Builds a function. Make blocks, switch to one, append instructions up to a terminator, go on with the next; call <see cref="Finish"/> at the
/// end. A builder is reused for the next function with <see cref="Begin"/>. Not safe for use by several threads at once.
/// </summary>
/// <remarks>
/// Methods that append an instruction throw <see cref="ArgumentException"/> if an operand is undefined or of a type that the opcode does not
/// take, and <see cref="InvalidOperationException"/> if there is no current block or it already has its terminator.
/// </remarks>
public sealed partial class FunctionBuilder
{
    private struct BlockState
    {
        public bool IsFilled;                                  // has its terminator
        public bool IsSealed;                                  // no more predecessors will come
        public int FirstEdge, LastEdge, EdgeCount;             // edges that lead here, + 1
        public int FirstIncomplete;                            // parameters that wait for the seal, + 1
    }

    private struct Edge
    {
        public Block Source;
        public Inst Branch;
        public int Destination;                                // which block call of the branch
        public int Next;                                       // + 1
    }

    private Function _function;
    private DataFlowGraph _dfg;
    private Layout _layout;
    private Block _current;
    private Column<BlockState> _blocks;
    private Column<Edge> _edges;

    /// <summary>A builder for a function without blocks.</summary>
    /// <param name="function">Its name, signature and preamble may be set before or while it is built.</param>
    /// <exception cref="ArgumentException">The function already has blocks.</exception>
    public FunctionBuilder(Function function)
    {
        _function = function;
        _dfg = function.Dfg;
        _layout = function.Layout;
        Begin(function);
    }

    /// <summary>The function being built.</summary>
    public Function Function => _function;

    /// <summary>Where instructions are appended, or none.</summary>
    public Block CurrentBlock => _current;

    /// <summary>Whether the current block has its terminator, so that the next instruction needs another block.</summary>
    public bool IsFilled => !_current.IsNone && _blocks[_current.Index].IsFilled;

    /// <summary>The source location that new instructions get; <c>0xffffffff</c>, the initial value, is none.</summary>
    public uint SourceLocation { get; set; } = uint.MaxValue;

    /// <summary>Starts over with another function.</summary>
    /// <param name="function">A function without blocks.</param>
    /// <exception cref="ArgumentException">The function already has blocks.</exception>
    public void Begin(Function function)
    {
        if (function.Dfg.BlockCount != 0)
        {
            throw new ArgumentException("the function already has blocks", nameof(function));
        }

        _function = function;
        _dfg = function.Dfg;
        _layout = function.Layout;
        _current = default;
        _blocks.Clear();
        _edges.Clear();
        SourceLocation = uint.MaxValue;
        ClearVariables();
    }

    // ---- blocks

    /// <summary>A new block, which becomes part of the function when it is first switched to.</summary>
    public Block CreateBlock()
    {
        Block block = _dfg.MakeBlock();
        _blocks.Resize(block.Index + 1);
        return block;
    }

    /// <summary>A new block with parameters of the given types.</summary>
    public Block CreateBlock(params ReadOnlySpan<IrType> parameters)
    {
        Block block = CreateBlock();
        foreach (IrType type in parameters)
        {
            AppendParam(block, type);
        }

        return block;
    }

    /// <summary>Creates the entry block with the signature's parameters, seals it and switches to it.</summary>
    public Block CreateEntry()
    {
        Block entry = CreateBlock();
        foreach (AbiParam param in _function.Signature.Params)
        {
            AppendParam(entry, param.Type);
        }

        SwitchTo(entry);
        Seal(entry);
        return entry;
    }

    /// <summary>Adds a parameter. All parameters of a block are added before the first branch to it.</summary>
    /// <exception cref="InvalidOperationException">A branch to the block exists.</exception>
    public Value AppendParam(Block block, IrType type)
    {
        if (_blocks[block.Index].EdgeCount != 0)
        {
            throw new InvalidOperationException($"there are branches to {block}: its parameters must be added before them");
        }

        return _dfg.AppendParam(block, type);
    }

    /// <summary>Parameter <paramref name="index"/> of a block.</summary>
    public Value Param(Block block, int index) => _dfg.Params(block)[index];

    /// <summary>Marks the block as rarely executed.</summary>
    public void SetCold(Block block) => _dfg.SetCold(block, true);

    /// <summary>Goes on with another block. Blocks come in the function in the order in which they are first switched to; the first is the entry.</summary>
    /// <exception cref="InvalidOperationException">The current block lacks its terminator, or <paramref name="block"/> has one already.</exception>
    public void SwitchTo(Block block)
    {
        if (!_current.IsNone && _current != block && !_blocks[_current.Index].IsFilled)
        {
            throw new InvalidOperationException($"{_current} has no terminator yet");
        }

        if (_blocks[block.Index].IsFilled)
        {
            throw new InvalidOperationException($"{block} already has its terminator");
        }

        if (!_layout.IsInserted(block))
        {
            _layout.Append(block);
        }

        _current = block;
    }

    /// <summary>Completes the function: seals all blocks, gives block parameters to variables that need them, checks that nothing is missing.</summary>
    /// <exception cref="InvalidOperationException">A block lacks its terminator, or is branched to and was never filled.</exception>
    public void Finish()
    {
        for (int i = 0; i < _blocks.Count; i++)
        {
            Block block = Block.FromIndex(i);
            if (!_blocks[i].IsFilled && (_layout.IsInserted(block) || _blocks[i].EdgeCount != 0))
            {
                throw new InvalidOperationException($"{block} has no terminator");
            }
        }

        SealAll();
        AttachVariableParams();
        _current = default;
    }

    // Called once for every terminator: its edges, in the order of its destinations.
    private void RecordEdges(Inst branch)
    {
        ReadOnlySpan<BlockCall> destinations = _dfg.Destinations(branch);
        for (int i = 0; i < destinations.Length; i++)
        {
            Block target = _dfg.BlockOf(destinations[i]);
            ref BlockState state = ref _blocks[target.Index];
            _edges.Add(new Edge { Source = _current, Branch = branch, Destination = i });
            if (state.EdgeCount++ == 0)
            {
                state.FirstEdge = _edges.Count;
            }
            else
            {
                _edges[state.LastEdge - 1].Next = _edges.Count;
            }

            state.LastEdge = _edges.Count;
        }
    }
}
