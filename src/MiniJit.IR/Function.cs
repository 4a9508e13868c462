// A function: its name and signature, what its preamble declares, its data-flow graph and its layout. Cleared and reused
// by readers and compile contexts; used by one thread at a time.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using MiniJit.IR.Collections;

namespace MiniJit.IR;

/// <summary>One function in intermediate representation.</summary>
public sealed class Function
{
    internal Column<StackSlotData> StackSlotTable;
    internal Column<DynamicTypeData> DynamicTypeTable;
    internal Column<DynamicType> DynamicStackSlotTable;
    internal Column<GlobalValueData> GlobalValueTable;
    internal Column<ExtFuncData> ExtFuncTable;
    internal Column<AliasRegionData> AliasRegionTable;
    internal Column<ConstantData> ConstantTable;
    internal Column<byte> ConstantBytes;
    internal Column<UInt128> ImmediateTable;
    internal Column<uint> JumpTables;                          // lists of block calls, the default first
    internal Column<ExceptionTableData> ExceptionTables;
    internal Column<uint> SourceLocs;                          // per instruction, location + 1; 0 is "none"
    internal Column<SideEntry> StackMapIndex;                  // sorted by instruction
    internal Column<StackMapEntry> StackMapEntries;
    internal Column<SideEntry> DebugTagIndex;
    internal Column<DebugTag> DebugTagItems;

    /// <summary>An empty function.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="callConv">The calling convention of its still empty signature.</param>
    public Function(ExternalName name, CallConv callConv = CallConv.Fast)
    {
        Name = name;
        Signature = new(callConv);
        Dfg = new(this);
        Layout = new();
    }

    /// <summary>The name under which the function is defined.</summary>
    public ExternalName Name { get; set; }

    /// <summary>Parameters, results, convention.</summary>
    public Signature Signature { get; }

    /// <summary>Values and instructions.</summary>
    public DataFlowGraph Dfg { get; }

    /// <summary>Order of blocks and instructions.</summary>
    public Layout Layout { get; }

    /// <summary>Declared signatures, indexed by <see cref="SigRef"/>; null is a gap in the numbering.</summary>
    public List<Signature?> SignatureList { get; } = [];

    /// <summary>User names that external functions and symbols mention, in order of appearance (<c>userextnameN</c>).</summary>
    public List<ExternalName> UserNames { get; } = [];

    /// <summary>The global value that bounds the stack, or none.</summary>
    public GlobalValue StackLimit { get; set; }

    /// <summary>Declared stack slots.</summary>
    public ReadOnlySpan<StackSlotData> StackSlots => StackSlotTable.Span;

    /// <summary>Declared dynamic types.</summary>
    public ReadOnlySpan<DynamicTypeData> DynamicTypes => DynamicTypeTable.Span;

    /// <summary>Declared dynamic stack slots: their types.</summary>
    public ReadOnlySpan<DynamicType> DynamicStackSlots => DynamicStackSlotTable.Span;

    /// <summary>Declared global values.</summary>
    public ReadOnlySpan<GlobalValueData> GlobalValues => GlobalValueTable.Span;

    /// <summary>Declared external functions.</summary>
    public ReadOnlySpan<ExtFuncData> ExtFuncs => ExtFuncTable.Span;

    /// <summary>Declared alias regions.</summary>
    public ReadOnlySpan<AliasRegionData> AliasRegions => AliasRegionTable.Span;

    /// <summary>Declared signatures; a gap in the numbering reads as an empty signature.</summary>
    internal SignatureTable Signatures => new(SignatureList);

    /// <summary>Number of constants.</summary>
    public int ConstantCount => ConstantTable.Count;

    /// <summary>Forgets everything and keeps the memory.</summary>
    public void Clear()
    {
        Name = default;
        Signature.Params.Clear();
        Signature.Returns.Clear();
        Signature.CallConv = CallConv.Fast;
        Dfg.Clear();
        Layout.Clear();
        SignatureList.Clear();
        UserNames.Clear();
        StackLimit = default;
        StackSlotTable.Clear();
        DynamicTypeTable.Clear();
        DynamicStackSlotTable.Clear();
        GlobalValueTable.Clear();
        ExtFuncTable.Clear();
        AliasRegionTable.Clear();
        ConstantTable.Clear();
        ConstantBytes.Clear();
        ImmediateTable.Clear();
        JumpTables.Clear();
        ExceptionTables.Clear();
        SourceLocs.Clear();
        StackMapIndex.Clear();
        StackMapEntries.Clear();
        DebugTagIndex.Clear();
        DebugTagItems.Clear();
    }

    /// <summary>
    /// Becomes a copy of another function, so that a compiler may change it. Declared signatures are shared, not copied: nobody
    /// changes them after they were declared.
    /// </summary>
    public void CopyFrom(Function other)
    {
        Name = other.Name;
        Signature.CopyFrom(other.Signature);
        Dfg.CopyFrom(other.Dfg);
        Layout.CopyFrom(other.Layout);
        SignatureList.Clear();
        SignatureList.AddRange(other.SignatureList);
        UserNames.Clear();
        UserNames.AddRange(other.UserNames);
        StackLimit = other.StackLimit;
        DataFlowGraph.Copy(ref StackSlotTable, other.StackSlotTable.Span);
        DataFlowGraph.Copy(ref DynamicTypeTable, other.DynamicTypeTable.Span);
        DataFlowGraph.Copy(ref DynamicStackSlotTable, other.DynamicStackSlotTable.Span);
        DataFlowGraph.Copy(ref GlobalValueTable, other.GlobalValueTable.Span);
        DataFlowGraph.Copy(ref ExtFuncTable, other.ExtFuncTable.Span);
        DataFlowGraph.Copy(ref AliasRegionTable, other.AliasRegionTable.Span);
        DataFlowGraph.Copy(ref ConstantTable, other.ConstantTable.Span);
        DataFlowGraph.Copy(ref ConstantBytes, other.ConstantBytes.Span);
        DataFlowGraph.Copy(ref ImmediateTable, other.ImmediateTable.Span);
        DataFlowGraph.Copy(ref JumpTables, other.JumpTables.Span);
        DataFlowGraph.Copy(ref ExceptionTables, other.ExceptionTables.Span);
        DataFlowGraph.Copy(ref SourceLocs, other.SourceLocs.Span);
        DataFlowGraph.Copy(ref StackMapIndex, other.StackMapIndex.Span);
        DataFlowGraph.Copy(ref StackMapEntries, other.StackMapEntries.Span);
        DataFlowGraph.Copy(ref DebugTagIndex, other.DebugTagIndex.Span);
        DataFlowGraph.Copy(ref DebugTagItems, other.DebugTagItems.Span);
    }

    // ---- declarations

    /// <summary>Declares a stack slot.</summary>
    public StackSlot AddStackSlot(StackSlotData data)
    {
        StackSlotTable.Add(data);
        return StackSlot.FromIndex(StackSlotTable.Count - 1);
    }

    /// <summary>Declares a signature, which must not change any more.</summary>
    public SigRef AddSignature(Signature signature)
    {
        SignatureList.Add(signature);
        return SigRef.FromIndex(SignatureList.Count - 1);
    }

    /// <summary>Declares an external function.</summary>
    public FuncRef AddFunction(ExtFuncData data)
    {
        ExtFuncTable.Add(data);
        return FuncRef.FromIndex(ExtFuncTable.Count - 1);
    }

    /// <summary>Declares a global value.</summary>
    public GlobalValue AddGlobalValue(GlobalValueData data)
    {
        GlobalValueTable.Add(data);
        return GlobalValue.FromIndex(GlobalValueTable.Count - 1);
    }

    /// <summary>Adds bytes (little-endian) to the constant pool; identical bytes share an entry.</summary>
    public Constant AddConstant(ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < ConstantTable.Count; i++)
        {
            if (ConstantTable[i].Length == bytes.Length && bytes.SequenceEqual(ConstantData(Constant.FromIndex(i))))
            {
                return Constant.FromIndex(i);
            }
        }

        ConstantTable.Add(new(ConstantBytes.Count, bytes.Length));
        ConstantBytes.AddRange(bytes);
        return Constant.FromIndex(ConstantTable.Count - 1);
    }

    /// <summary>Sets constant <paramref name="constant"/> whatever its number; gaps below it become empty constants.</summary>
    internal void DefineConstant(Constant constant, ReadOnlySpan<byte> bytes)
    {
        if (constant.Index >= ConstantTable.Count)
        {
            ConstantTable.Resize(constant.Index + 1);
        }

        ConstantTable[constant.Index] = new(ConstantBytes.Count, bytes.Length);
        ConstantBytes.AddRange(bytes);
    }

    /// <summary>A constant's bytes, little-endian.</summary>
    public ReadOnlySpan<byte> ConstantData(Constant constant) =>
        ConstantBytes.Slice(ConstantTable[constant.Index].Start, ConstantTable[constant.Index].Length);

    internal Immediate AddImmediate(UInt128 bits)
    {
        ImmediateTable.Add(bits);
        return Immediate.FromIndex(ImmediateTable.Count - 1);
    }

    /// <summary>The bytes of a shuffle mask; byte 0 is the least significant.</summary>
    public UInt128 ImmediateBits(Immediate immediate) => ImmediateTable[immediate.Index];

    /// <summary>The signature of a declared function.</summary>
    public Signature SignatureOf(FuncRef function) => Signatures[ExtFuncTable[function.Index].Signature.Index];

    /// <summary>The signature that a call, tail call or try_call of any kind uses; null for other instructions.</summary>
    public Signature? CallSignature(Inst inst)
    {
        ref InstructionData data = ref Dfg[inst];
        return data.Opcode switch
        {
            Opcode.Call or Opcode.ReturnCall or Opcode.TryCall => SignatureOf(data.FuncRef),
            Opcode.CallIndirect or Opcode.ReturnCallIndirect => Signatures[data.SigRef.Index],
            Opcode.TryCallIndirect => Signatures[ExceptionTables[data.ExceptionTable.Index].Signature.Index],
            _ => null,
        };
    }

    // ---- branch tables

    internal JumpTable AddJumpTable(ReadOnlySpan<BlockCall> targets)
    {
        JumpTables.Add(Dfg.Pool.Create(MemoryMarshal.Cast<BlockCall, uint>(targets)));
        return JumpTable.FromIndex(JumpTables.Count - 1);
    }

    /// <summary>Targets of a br_table: the default, then the entries.</summary>
    public ReadOnlySpan<BlockCall> JumpTableTargets(JumpTable table) =>
        table.IsNone ? default : MemoryMarshal.Cast<uint, BlockCall>((ReadOnlySpan<uint>)Dfg.Pool.Get(JumpTables[table.Index]));

    internal ExceptionTable AddExceptionTable(SigRef signature, BlockCall normal, ReadOnlySpan<ExceptionItem> items)
    {
        int handlers = 0;
        foreach (ExceptionItem item in items)
        {
            handlers += item.Kind == ExceptionItemKind.Context ? 0 : 1;
        }

        uint targets = Dfg.Pool.Create(handlers + 1);
        Span<uint> calls = Dfg.Pool.Get(targets);
        int next = 0;
        uint list = items.IsEmpty ? 0 : Dfg.Pool.Create(items.Length * ExceptionTableData.WordsPerItem);
        calls = Dfg.Pool.Get(targets);
        Span<uint> words = Dfg.Pool.Get(list);
        for (int i = 0; i < items.Length; i++)
        {
            ExceptionItem item = items[i];
            words[i * 2] = item.Kind == ExceptionItemKind.Context ? item.Context.Raw : item.Tag;
            words[(i * 2) + 1] = (uint)item.Kind;
            if (item.Kind != ExceptionItemKind.Context)
            {
                calls[next++] = item.Target.Raw;
            }
        }

        calls[next] = normal.Raw;
        ExceptionTables.Add(new(signature, targets, list));
        return ExceptionTable.FromIndex(ExceptionTables.Count - 1);
    }

    /// <summary>Edges of a try_call: the handlers in table order, then the normal destination.</summary>
    public ReadOnlySpan<BlockCall> ExceptionTargets(ExceptionTable table) =>
        MemoryMarshal.Cast<uint, BlockCall>((ReadOnlySpan<uint>)Dfg.Pool.Get(ExceptionTables[table.Index].Targets));

    /// <summary>The signature that an exception table names.</summary>
    public SigRef ExceptionSignature(ExceptionTable table) => ExceptionTables[table.Index].Signature;

    /// <summary>Number of items of an exception table.</summary>
    public int ExceptionItemCount(ExceptionTable table) => Dfg.Pool.Count(ExceptionTables[table.Index].Items) / ExceptionTableData.WordsPerItem;

    /// <summary>Item <paramref name="index"/> of an exception table.</summary>
    public ExceptionItem ExceptionItemAt(ExceptionTable table, int index)
    {
        ReadOnlySpan<uint> words = Dfg.Pool.Get(ExceptionTables[table.Index].Items);
        int handler = 0;
        for (int i = 0; i < index; i++)
        {
            handler += words[(i * 2) + 1] == (uint)ExceptionItemKind.Context ? 0 : 1;
        }

        ExceptionItemKind kind = (ExceptionItemKind)words[(index * 2) + 1];
        return kind == ExceptionItemKind.Context
            ? new(kind, 0, default, new Value(words[index * 2]))
            : new(kind, words[index * 2], ExceptionTargets(table)[handler], default);
    }

    /// <summary>Replaces the value of a context item.</summary>
    internal void SetExceptionContext(ExceptionTable table, int index, Value value) => Dfg.Pool.Get(ExceptionTables[table.Index].Items)[index * 2] = value.Raw;

    // ---- side data of instructions

    /// <summary>Source location of an instruction; false if it has none.</summary>
    public bool TryGetSourceLoc(Inst inst, out uint location)
    {
        uint stored = inst.Index < SourceLocs.Count ? SourceLocs[inst.Index] : 0;
        location = stored - 1;
        return stored != 0;
    }

    /// <summary>Sets an instruction's source location; <c>0xffffffff</c> means none.</summary>
    public void SetSourceLoc(Inst inst, uint location)
    {
        if (inst.Index >= SourceLocs.Count)
        {
            SourceLocs.Resize(inst.Index + 1);
        }

        SourceLocs[inst.Index] = unchecked(location + 1);
    }

    /// <summary>An instruction's stack map; empty if it has none.</summary>
    public ReadOnlySpan<StackMapEntry> StackMapOf(Inst inst) => StackMapEntries.Slice(SideEntry.Find(StackMapIndex.Span, inst, out int count), count);

    /// <summary>Attaches a stack map; instructions must come in ascending order.</summary>
    internal void SetStackMap(Inst inst, ReadOnlySpan<StackMapEntry> entries)
    {
        StackMapIndex.Add(new(inst, StackMapEntries.Count, entries.Length));
        StackMapEntries.AddRange(entries);
    }

    /// <summary>An instruction's debug tags; empty if it has none.</summary>
    public ReadOnlySpan<DebugTag> DebugTagsOf(Inst inst) => DebugTagItems.Slice(SideEntry.Find(DebugTagIndex.Span, inst, out int count), count);

    /// <summary>Attaches debug tags; instructions must come in ascending order.</summary>
    internal void SetDebugTags(Inst inst, ReadOnlySpan<DebugTag> tags)
    {
        DebugTagIndex.Add(new(inst, DebugTagItems.Count, tags.Length));
        DebugTagItems.AddRange(tags);
    }
}

/// <summary>Edges of a try_call: handler targets followed by the normal one, and the items as pairs of words.</summary>
internal readonly record struct ExceptionTableData(SigRef Signature, uint Targets, uint Items)
{
    public const int WordsPerItem = 2;
}

/// <summary>A slice of rare per-instruction data.</summary>
internal readonly record struct SideEntry(Inst Inst, int Start, int Count)
{
    public static int Find(ReadOnlySpan<SideEntry> entries, Inst inst, out int count)
    {
        int low = 0, high = entries.Length;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (entries[middle].Inst.Raw < inst.Raw)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        bool found = low < entries.Length && entries[low].Inst == inst;
        count = found ? entries[low].Count : 0;
        return found ? entries[low].Start : 0;
    }
}

/// <summary>A view of the declared signatures in which gaps read as empty signatures.</summary>
internal readonly struct SignatureTable
{
    private static readonly Signature s_gap = new(CallConv.Fast);
    private readonly List<Signature?> _list;

    public SignatureTable(List<Signature?> list) => _list = list;

    public int Count => _list.Count;

    public Signature this[int index] => _list[index] ?? s_gap;
}
