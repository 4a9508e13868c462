// The instructions that float: pure ones, taken out of the layout and hash-consed while the dominator tree is walked. A value is
// only merged with one that dominates it, so no path computes what it did not compute before; constants depend on nothing and are
// merged everywhere. The order in which instructions were adopted is topological: operands come before their users.
// Each instruction knows the earliest block in which its operands are all available, as a preorder number of the dominator tree;
// the definitions of the operands lie on one path from the root, so the earliest block is the one with the largest number.
using System;
using System.Diagnostics;
using MiniJit.IR;
using MiniJit.IR.Analysis;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.Optimization;

/// <summary>What the optimizer knows of an instruction.</summary>
internal struct ExpressionNode
{
    /// <summary>Preorder number of the earliest block that the operands allow; of the block itself for an instruction of the skeleton.</summary>
    public int Early;

    /// <summary>Preorder number + 1 of the latest block from which all users are reached; 0 if there are none.</summary>
    public int Late;

    /// <summary>The next instruction placed into the same block.</summary>
    public Inst NextPlaced;

    /// <summary>In the layout, or outside of it until it is placed.</summary>
    public bool Floats;

    /// <summary>Stays in the skeleton, but only if its result is used.</summary>
    public bool Removable;

    /// <summary>Has been put into the layout again.</summary>
    public bool Placed;
}

/// <summary>The graph of floating instructions of one function.</summary>
internal sealed class ExpressionGraph
{
    private readonly ScopedTable _scoped = new();
    private readonly ScopedTable _constants = new();
    private Function _function = null!;
    private DataFlowGraph _dfg = null!;
    private DominatorTree _dominators = null!;

    /// <summary>Per instruction.</summary>
    public Column<ExpressionNode> Nodes;

    /// <summary>Instructions of the skeleton and floating ones, operands before users.</summary>
    public Column<Inst> Order;

    /// <summary>Preorder number of the block that is being visited.</summary>
    public int CurrentBlock { get; set; }

    /// <summary>The instruction whose source location new ones get.</summary>
    public Inst CurrentInst { get; set; }

    /// <summary>The table of what dominates the current block; also used for memory contents and branch conditions.</summary>
    public ScopedTable Scoped => _scoped;

    public void Begin(Function function, DominatorTree dominators)
    {
        _function = function;
        _dfg = function.Dfg;
        _dominators = dominators;
        _scoped.Leave(0);
        _constants.Leave(0);
        Nodes.Fill(_dfg.InstCount, default);
        Order.Clear();
    }

    /// <summary>The value that computes <paramref name="data"/>: a known one, or a new instruction's.</summary>
    public Value Intern(in InstructionData data)
    {
        Value known = Find(data);
        if (!known.IsNone)
        {
            return known;
        }

        Inst inst = _dfg.MakeInst(data);
        _dfg.MakeResults(inst);
        if (_function.TryGetSourceLoc(CurrentInst, out uint location))
        {
            _function.SetSourceLoc(inst, location);
        }

        Nodes.Add(default);
        Debug.Assert(Nodes.Count == _dfg.InstCount);
        Adopt(inst);
        return _dfg.FirstResult(inst);
    }

    /// <summary>The first result of a known instruction that equals <paramref name="data"/>, or none.</summary>
    public Value Find(in InstructionData data) => TableFor(data.Opcode).TryGet(Key(data), out uint raw) ? new Value(raw) : default;

    /// <summary>Lets an instruction float, which no known one equals and which is not in the layout.</summary>
    public void Adopt(Inst inst)
    {
        InstructionData data = _dfg[inst];
        TableFor(data.Opcode).Add(Key(data), _dfg.FirstResult(inst).Raw);
        ref ExpressionNode node = ref Nodes[inst.Index];
        node.Floats = true;
        node.Early = Earliest(_dfg.Args(inst));
        Order.Add(inst);
    }

    /// <summary>Notes an instruction that stays where it is.</summary>
    public void AddToSkeleton(Inst inst, bool removable)
    {
        ref ExpressionNode node = ref Nodes[inst.Index];
        node.Early = CurrentBlock;
        node.Removable = removable;
        Order.Add(inst);
    }

    /// <summary>Makes an instruction of the skeleton known, so that identical ones that it dominates can be merged with it.</summary>
    public void Remember(Inst inst) => _scoped.Add(Key(_dfg[inst]), inst.Raw);

    /// <summary>A dominating instruction of the skeleton that equals <paramref name="data"/>, or none.</summary>
    public Inst FindInSkeleton(in InstructionData data) => _scoped.TryGet(Key(data), out uint raw) ? new Inst(raw) : default;

    /// <summary>Whether a value can be used in a block, as the dominator tree has it.</summary>
    public bool IsAvailable(Value value, Block block)
    {
        Inst def = _dfg.DefInst(value);
        Block early = def.IsNone ? _dfg.DefBlock(value) : _dominators.Preorder[Nodes[def.Index].Early];
        return _dominators.Dominates(early, block);
    }

    private int Earliest(ReadOnlySpan<Value> operands)
    {
        int early = 0;
        foreach (Value operand in operands)
        {
            Inst def = _dfg.DefInst(operand);
            early = Math.Max(early, def.IsNone ? _dominators.PreorderIndex(_dfg.DefBlock(operand)) : Nodes[def.Index].Early);
        }

        return early;
    }

    private ScopedTable TableFor(Opcode opcode) => (opcode.Effects() & OpcodeEffects.Rematerialised) != 0 ? _constants : _scoped;

    // Operands of commutative instructions in one order, whatever order the instruction itself has them in.
    private static InstructionData Key(in InstructionData data)
    {
        InstructionData key = data;
        if ((key.Opcode.Effects() & OpcodeEffects.Commutative) != 0 && key.A > key.B)
        {
            (key.A, key.B) = (key.B, key.A);
        }

        return key;
    }
}
