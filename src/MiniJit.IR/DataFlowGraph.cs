// The values and instructions of a function, without their order (that is Layout). Dense columns indexed by entity;
// operand lists, block calls and results of several values live in one list pool.
using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MiniJit.IR.Collections;

namespace MiniJit.IR;

/// <summary>What defines a value.</summary>
public enum ValueDefKind : byte
{
    /// <summary>Not defined.</summary>
    None,

    /// <summary>Result of an instruction.</summary>
    Result,

    /// <summary>Parameter of a block.</summary>
    Param,

    /// <summary>Another name for a value.</summary>
    Alias,
}

/// <summary>Definition of a value. 8 bytes.</summary>
internal readonly record struct ValueData(ValueDefKind Kind, IrType Type, ushort Number, uint Owner);

/// <summary>Values, instructions, block parameters.</summary>
public sealed class DataFlowGraph
{
    // A result column entry is 0 for no result, a value's raw form for one, and a list handle with this bit for more.
    private const uint ListBit = 0x8000_0000;

    internal readonly ListPool Pool = new();
    internal Column<InstructionData> Insts;
    internal Column<uint> InstResults;
    internal Column<ValueData> ValueTable;
    internal Column<uint> BlockParamLists;                     // grows with the blocks
    internal Column<bool> BlockCold;
    internal Column<MemFlags> MemFlagsTable;
    private readonly Function _function;

    internal DataFlowGraph(Function function)
    {
        _function = function;
        Clear();
    }

    /// <summary>Number of instructions ever made, in the layout or not.</summary>
    public int InstCount => Insts.Count;

    /// <summary>One more than the largest value index.</summary>
    public int ValueCount => ValueTable.Count;

    /// <summary>One more than the largest block index.</summary>
    public int BlockCount => BlockParamLists.Count;

    internal void Clear()
    {
        Pool.Clear();
        Insts.Clear();
        InstResults.Clear();
        ValueTable.Clear();
        BlockParamLists.Clear();
        BlockCold.Clear();
        MemFlagsTable.Clear();
        MemFlagsTable.Add(MemFlags.Default);
    }

    internal void CopyFrom(DataFlowGraph other)
    {
        Pool.CopyFrom(other.Pool);
        Copy(ref Insts, other.Insts.Span);
        Copy(ref InstResults, other.InstResults.Span);
        Copy(ref ValueTable, other.ValueTable.Span);
        Copy(ref BlockParamLists, other.BlockParamLists.Span);
        Copy(ref BlockCold, other.BlockCold.Span);
        Copy(ref MemFlagsTable, other.MemFlagsTable.Span);
    }

    internal static void Copy<T>(ref Column<T> to, ReadOnlySpan<T> from)
        where T : struct
    {
        to.Clear();
        to.AddRange(from);
    }

    // ---- instructions

    /// <summary>The instruction's record.</summary>
    public ref InstructionData this[Inst inst]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref Insts[inst.Index];
    }

    /// <summary>A new instruction without results, outside of the layout.</summary>
    internal Inst MakeInst(in InstructionData data)
    {
        Insts.Add(data);
        InstResults.Add(0);
        return Inst.FromIndex(Insts.Count - 1);
    }

    /// <summary>
    /// The value operands: fixed ones, or the argument list of a call (callee first if indirect) or return. Arguments of block calls are not
    /// among them. Valid, and writable, until instructions or lists are added.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<Value> Args(Inst inst)
    {
        ref InstructionData data = ref Insts[inst.Index];
        OpcodeInfo info = data.Opcode.Info();
        return info.HasVariableOperands
            ? MemoryMarshal.Cast<uint, Value>(Pool.Get(data.A))
            : MemoryMarshal.CreateSpan(ref Unsafe.As<uint, Value>(ref data.A), info.Operands.Length);
    }

    /// <summary>The instruction's memory flags; its format must have them.</summary>
    public MemFlags MemFlagsOf(Inst inst)
    {
        ref InstructionData data = ref Insts[inst.Index];
        Debug.Assert(data.HasMemFlags || data.Opcode == Opcode.Bitcast);
        return MemFlagsTable[data.Aux];
    }

    /// <summary>The index of <paramref name="flags"/> in this function's table of distinct flags.</summary>
    internal ushort InternMemFlags(MemFlags flags)
    {
        Span<MemFlags> known = MemFlagsTable.Span;
        int index = known.IndexOf(flags);
        if (index < 0)
        {
            index = known.Length;
            if (index == ushort.MaxValue)
            {
                throw new InvalidOperationException("more than 65535 distinct memory-flag combinations in one function");
            }

            MemFlagsTable.Add(flags);
        }

        return (ushort)index;
    }

    // ---- results and values

    /// <summary>The instruction's results; valid until a value is made.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<Value> Results(Inst inst)
    {
        ref uint entry = ref InstResults[inst.Index];
        return (entry & ListBit) != 0
            ? MemoryMarshal.Cast<uint, Value>(Pool.Get(entry & ~ListBit))
            : MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<uint, Value>(ref entry), entry == 0 ? 0 : 1);
    }

    /// <summary>The first result, or none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Value FirstResult(Inst inst)
    {
        uint entry = InstResults[inst.Index];
        return (entry & ListBit) == 0 ? new Value(entry) : new Value(Pool.Get(entry & ~ListBit)[0]);
    }

    /// <summary>A new value that is the instruction's next result.</summary>
    internal Value AppendResult(Inst inst, IrType type)
    {
        Value value = Value.FromIndex(ValueTable.Count);
        ValueTable.Add(default);
        AttachResult(inst, value, type);
        return value;
    }

    /// <summary>Makes <paramref name="value"/> (a new or reserved index) the instruction's next result.</summary>
    internal void AttachResult(Inst inst, Value value, IrType type)
    {
        EnsureValue(value);
        uint entry = InstResults[inst.Index];
        int number = 0;
        if (entry == 0)
        {
            InstResults[inst.Index] = value.Raw;
        }
        else if ((entry & ListBit) == 0)
        {
            uint list = Pool.Create(2);
            Pool.Get(list)[0] = entry;
            Pool.Get(list)[1] = value.Raw;
            InstResults[inst.Index] = list | ListBit;
            number = 1;
        }
        else
        {
            uint list = entry & ~ListBit;
            number = Pool.Count(list);
            InstResults[inst.Index] = Pool.Append(list, value.Raw) | ListBit;
        }

        ValueTable[value.Index] = new(ValueDefKind.Result, type, (ushort)number, inst.Raw);
    }

    /// <summary>Detaches all results; the values become undefined until they are redefined as aliases.</summary>
    internal void ClearResults(Inst inst)
    {
        uint entry = InstResults[inst.Index];
        if ((entry & ListBit) != 0)
        {
            Pool.Free(entry & ~ListBit);
        }

        InstResults[inst.Index] = 0;
    }

    /// <summary>Makes the results that the opcode table and, for calls, the signature tell.</summary>
    /// <param name="inst">An instruction without results.</param>
    internal void MakeResults(Inst inst)
    {
        InstructionData data = Insts[inst.Index];
        Signature? signature = CallResultSignature(data);
        if (signature is not null)
        {
            for (int i = 0; i < signature.Returns.Count; i++)
            {
                AppendResult(inst, signature.Returns[i].Type);
            }

            return;
        }

        ReadOnlySpan<TypeRule> rules = data.Opcode.Info().Results;
        for (int i = 0; i < rules.Length; i++)
        {
            AppendResult(inst, TypeRules.Resolve(rules[i], data.Type));
        }
    }

    /// <summary>The signature whose returns are this instruction's results: of calls that return here. Null for others.</summary>
    internal Signature? CallResultSignature(in InstructionData data) => data.Opcode switch
    {
        Opcode.Call => _function.SignatureOf(data.FuncRef),
        Opcode.CallIndirect => _function.Signatures[data.SigRef.Index],
        _ => null,
    };

    internal void EnsureValue(Value value)
    {
        if (value.Index >= ValueTable.Count)
        {
            ValueTable.Resize(value.Index + 1);
        }
    }

    /// <summary>Whether the value is defined.</summary>
    public bool IsDefined(Value value) => !value.IsNone && value.Index < ValueTable.Count && ValueTable[value.Index].Kind != ValueDefKind.None;

    /// <summary>Type of a value; aliases have the type of what they name.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public IrType TypeOf(Value value) => ValueTable[value.Index].Type;

    /// <summary>What defines the value (not looking through aliases).</summary>
    public ValueDefKind DefKind(Value value) => ValueTable[value.Index].Kind;

    /// <summary>The instruction whose result this is (not looking through aliases), or none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Inst DefInst(Value value)
    {
        ValueData data = ValueTable[value.Index];
        return data.Kind == ValueDefKind.Result ? new Inst(data.Owner) : default;
    }

    /// <summary>The block whose parameter this is (not looking through aliases), or none.</summary>
    public Block DefBlock(Value value)
    {
        ValueData data = ValueTable[value.Index];
        return data.Kind == ValueDefKind.Param ? new Block(data.Owner) : default;
    }

    /// <summary>Number among its siblings: result or parameter number.</summary>
    public int DefNumber(Value value) => ValueTable[value.Index].Number;

    /// <summary>What an alias names, one step; none if it is no alias.</summary>
    public Value AliasTarget(Value value)
    {
        ValueData data = ValueTable[value.Index];
        return data.Kind == ValueDefKind.Alias ? new Value(data.Owner) : default;
    }

    /// <summary>The value behind all aliases. Aliases never form a cycle.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Value Resolve(Value value)
    {
        ValueData data = ValueTable[value.Index];
        while (data.Kind == ValueDefKind.Alias)
        {
            value = new Value(data.Owner);
            data = ValueTable[value.Index];
        }

        return value;
    }

    /// <summary>Makes <paramref name="value"/> another name for <paramref name="target"/>. It must not be attached to an instruction or block any more.</summary>
    internal void SetAlias(Value value, Value target)
    {
        EnsureValue(value);
        Debug.Assert(Resolve(target) != value);
        ValueTable[value.Index] = new(ValueDefKind.Alias, TypeOf(target), 0, target.Raw);
    }

    // ---- blocks

    /// <summary>A new block without parameters, outside of the layout.</summary>
    public Block MakeBlock()
    {
        BlockParamLists.Add(0);
        BlockCold.Add(false);
        return Block.FromIndex(BlockParamLists.Count - 1);
    }

    internal void EnsureBlock(Block block)
    {
        if (block.Index >= BlockParamLists.Count)
        {
            BlockParamLists.Resize(block.Index + 1);
            BlockCold.Resize(block.Index + 1);
        }
    }

    /// <summary>The block's parameters; valid until a parameter is added.</summary>
    public ReadOnlySpan<Value> Params(Block block) => MemoryMarshal.Cast<uint, Value>((ReadOnlySpan<uint>)Pool.Get(BlockParamLists[block.Index]));

    /// <summary>A new value that is the block's next parameter.</summary>
    public Value AppendParam(Block block, IrType type)
    {
        Value value = Value.FromIndex(ValueTable.Count);
        ValueTable.Add(default);
        AttachParam(block, value, type);
        return value;
    }

    internal void AttachParam(Block block, Value value, IrType type)
    {
        EnsureValue(value);
        ref uint list = ref BlockParamLists[block.Index];
        ValueTable[value.Index] = new(ValueDefKind.Param, type, (ushort)Pool.Count(list), block.Raw);
        list = Pool.Append(list, value.Raw);
    }

    /// <summary>Removes parameter <paramref name="number"/>; the value becomes undefined until it is redefined as an alias.</summary>
    internal void RemoveParam(Block block, int number)
    {
        ref uint list = ref BlockParamLists[block.Index];
        Span<uint> items = Pool.Get(list);
        ValueTable[new Value(items[number]).Index] = default;
        items[(number + 1)..].CopyTo(items[number..]);
        list = Pool.Truncate(list, items.Length - 1);
        items = Pool.Get(list);
        for (int i = number; i < items.Length; i++)
        {
            ref ValueData data = ref ValueTable[new Value(items[i]).Index];
            data = data with { Number = (ushort)i };
        }
    }

    /// <summary>Whether the block is marked cold.</summary>
    public bool IsCold(Block block) => BlockCold[block.Index];

    /// <summary>Marks the block cold or not.</summary>
    public void SetCold(Block block, bool cold) => BlockCold[block.Index] = cold;

    // ---- block calls

    /// <summary>A branch target with arguments.</summary>
    internal BlockCall MakeBlockCall(Block block, ReadOnlySpan<BlockArg> args)
    {
        uint list = Pool.Create(args.Length + 1);
        Span<uint> items = Pool.Get(list);
        items[0] = block.Raw;
        MemoryMarshal.Cast<BlockArg, uint>(args).CopyTo(items[1..]);
        return new BlockCall(list);
    }

    /// <summary>A branch target whose arguments are all values.</summary>
    public BlockCall MakeBlockCall(Block block, ReadOnlySpan<Value> args) => MakeBlockCall(block, MemoryMarshal.Cast<Value, BlockArg>(args));

    /// <summary>The target.</summary>
    public Block BlockOf(BlockCall call) => new(Pool.Get(call.Raw)[0]);

    /// <summary>The arguments; valid, and writable, until lists are added.</summary>
    public Span<BlockArg> BlockArgs(BlockCall call) => MemoryMarshal.Cast<uint, BlockArg>(Pool.Get(call.Raw)[1..]);

    /// <summary>
    /// The block calls of a branch in the reference's order of successors: jump: its target; brif: then, else; br_table: default, entries;
    /// try_call: handlers in table order, then the normal destination. Empty for other instructions. Valid until lists are added.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<BlockCall> Destinations(Inst inst)
    {
        ref InstructionData data = ref Insts[inst.Index];
        return data.Opcode switch
        {
            Opcode.Jump => MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<uint, BlockCall>(ref data.B), 1),
            Opcode.Brif => MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<uint, BlockCall>(ref data.B), 2),
            Opcode.BrTable => _function.JumpTableTargets(data.JumpTable),
            Opcode.TryCall or Opcode.TryCallIndirect => _function.ExceptionTargets(data.ExceptionTable),
            _ => default,
        };
    }
}
