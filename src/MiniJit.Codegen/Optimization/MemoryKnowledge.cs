// What is known of memory: a location is an address value, an offset and a kind of access, at a version of memory; its content, once
// loaded or stored, is known wherever the same version is seen in dominated code. A version is named by the last instruction
// that may have written memory, or by a block into which different versions flow. Versions are kept per alias region: a store with a
// region changes that region only, a store without one changes all, a load without one sees what stores without one wrote.
// Versions at block entries are the fixed point of a forward data flow over the control-flow graph: blocks in reverse
// postorder until nothing changes, each version going from "the same as there" to "merged here" at most once.
//
// A value known at version v in block A holds in a block B that A dominates and that sees v: if a path from A to B went through what
// names v again, it would go through A again as well, because that which names v dominates A.
//
// Dead stores are found in one block: a store is dead if a later one overwrites the same bytes and nothing in between could look.
using System;
using System.Diagnostics;
using MiniJit.IR;
using MiniJit.IR.Analysis;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.Optimization;

/// <summary>Redundant loads, forwarded stores, repeated and dead stores.</summary>
internal sealed class MemoryKnowledge
{
    // Regions beyond the last category share it: less is known then, nothing wrong.
    private const int MaxCategories = 8, MaxPending = 8;
    private const uint BlockVersion = 0x8000_0000, StoredBit = 0x8000_0000;

    private struct PendingStore
    {
        public Inst Store;
        public Value Address;
        public int Offset;
        public int Size;
        public int Category;
    }

    private readonly PendingStore[] _pending = new PendingStore[MaxPending];
    private readonly ScopedTable _table;
    private Column<uint> _entry;                               // blocks × categories; 0 is "not reached yet"
    private Column<uint> _exit;
    private Column<uint> _clobbers;                            // blocks × categories: the last instruction that writes, or 0
    private Function _function = null!;
    private DataFlowGraph _dfg = null!;
    private int _categories;
    private int _pendingCount;
    private readonly uint[] _current = new uint[MaxCategories];

    /// <param name="table">The scoped table in which contents are kept beside expressions.</param>
    public MemoryKnowledge(ScopedTable table) => _table = table;

    /// <summary>Loads replaced by known values, stores removed, since the last <see cref="Begin"/>.</summary>
    public int Changes { get; private set; }

    public void Begin(Function function, ControlFlowGraph cfg)
    {
        _function = function;
        _dfg = function.Dfg;
        _categories = Math.Min(function.AliasRegions.Length + 1, MaxCategories);
        _pendingCount = 0;
        Changes = 0;
        int cells = _dfg.BlockCount * _categories;
        _clobbers.Fill(cells, 0);
        _entry.Fill(cells, 0);
        _exit.Fill(cells, 0);
        foreach (Block block in cfg.ReversePostorder)
        {
            Span<uint> clobbers = Row(ref _clobbers, block);
            for (Inst inst = function.Layout.FirstInst(block); !inst.IsNone; inst = function.Layout.Next(inst))
            {
                OpcodeEffects effects = _dfg[inst].Opcode.Effects();
                if ((effects & (OpcodeEffects.Store | OpcodeEffects.Barrier)) != 0)
                {
                    Clobber(clobbers, inst, effects);
                }
            }
        }

        FlowVersions(cfg);
    }

    /// <summary>Instructions of <paramref name="block"/> follow.</summary>
    public void EnterBlock(Block block)
    {
        Row(ref _entry, block).CopyTo(_current);
        _pendingCount = 0;
    }

    /// <summary>A load with simplified operands: what it will load, if that is known; else it becomes known.</summary>
    public Value VisitLoad(Inst load)
    {
        InstructionData data = _dfg[load];
        MemFlags flags = _dfg.MemFlagsOf(load);
        int category = Category(flags);
        InstructionData key = Location(data.Opcode, _dfg.TypeOf(_dfg.FirstResult(load)), flags, data.Arg0, data.Offset, _current[category]);
        if (_table.TryGet(key, out uint payload))
        {
            Value known = _dfg.Resolve(new Value(payload & ~StoredBit));
            Changes++;
            return known;
        }

        _table.Add(key, _dfg.FirstResult(load).Raw);
        if (!flags.IsNotrap)
        {
            _pendingCount = 0;
        }
        else
        {
            Observe(category, data.Arg0, data.Offset, AccessSize(data.Opcode, _dfg.TypeOf(_dfg.FirstResult(load))));
        }

        return default;
    }

    /// <summary>A store with simplified operands. True if it stores what is there already and must be removed.</summary>
    /// <param name="store">The store.</param>
    /// <param name="overwritten">A store that this one makes dead, or none.</param>
    public bool VisitStore(Inst store, out Inst overwritten)
    {
        InstructionData data = _dfg[store];
        MemFlags flags = _dfg.MemFlagsOf(store);
        int category = Category(flags);
        IrType type = _dfg.TypeOf(data.Arg0);
        overwritten = default;
        if (data.Opcode == Opcode.Store)
        {
            // A load proves that the location can be read, not that it can be written.
            InstructionData before = Location(Opcode.Load, type, flags, data.Arg1, data.Offset, _current[category]);
            if (_table.TryGet(before, out uint payload) && ((payload & StoredBit) != 0 || flags.IsNotrap)
                && _dfg.Resolve(new Value(payload & ~StoredBit)) == data.Arg0)
            {
                Changes++;
                return true;
            }
        }

        PendingStore pending = new() { Store = store, Address = data.Arg1, Offset = data.Offset, Size = AccessSize(data.Opcode, type), Category = category };
        overwritten = ReplacePending(pending, flags);
        Changes += overwritten.IsNone ? 0 : 1;
        Clobber(_current, store, OpcodeEffects.Store);
        if (data.Opcode == Opcode.Store)
        {
            _table.Add(Location(Opcode.Load, type, flags, data.Arg1, data.Offset, _current[category]), data.A | StoredBit);
        }

        return false;
    }

    /// <summary>Any other instruction.</summary>
    public void VisitOther(Inst inst, OpcodeEffects effects)
    {
        if ((effects & OpcodeEffects.Barrier) != 0)
        {
            Clobber(_current, inst, effects);
        }

        if ((effects & OpcodeEffects.Observer) != 0)
        {
            _pendingCount = 0;
        }
    }

    private void FlowVersions(ControlFlowGraph cfg)
    {
        bool changed = true;
        while (changed)
        {
            changed = false;
            foreach (Block block in cfg.ReversePostorder)
            {
                Span<uint> entry = Row(ref _entry, block), exit = Row(ref _exit, block), clobbers = Row(ref _clobbers, block);
                ReadOnlySpan<BlockPredecessor> predecessors = cfg.Predecessors(block);
                for (int category = 0; category < _categories; category++)
                {
                    uint merged = BlockVersion | block.Raw;
                    uint version = entry[category];
                    if (version != merged)
                    {
                        version = predecessors.IsEmpty ? merged : Meet(predecessors, category, merged);
                        changed |= version != entry[category];
                        entry[category] = version;
                    }

                    exit[category] = clobbers[category] != 0 ? clobbers[category] : version;
                }
            }
        }
    }

    private uint Meet(ReadOnlySpan<BlockPredecessor> predecessors, int category, uint merged)
    {
        uint version = 0;
        foreach (BlockPredecessor edge in predecessors)
        {
            uint from = _exit[(edge.Block.Index * _categories) + category];
            if (from != 0 && from != version)
            {
                if (version != 0)
                {
                    return merged;
                }

                version = from;
            }
        }

        return version;
    }

    private void Clobber(Span<uint> versions, Inst inst, OpcodeEffects effects)
    {
        int category = (effects & OpcodeEffects.Store) != 0 ? Category(_dfg.MemFlagsOf(inst)) : 0;
        if (category == 0)
        {
            versions[.._categories].Fill(inst.Raw);
        }
        else
        {
            versions[category] = inst.Raw;
        }
    }

    private int Category(MemFlags flags) => flags.Region.IsNone ? 0 : Math.Min(flags.Region.Index + 1, MaxCategories - 1);

    private Span<uint> Row(ref Column<uint> column, Block block) => column.Slice(block.Index * _categories, _categories);

    // Shares the shape of a load, whose second operand is unused: there the version stands. The trap code and the promises of the
    // access do not tell locations apart, its byte order does.
    private static InstructionData Location(Opcode opcode, IrType type, MemFlags flags, Value address, int offset, uint version)
    {
        ushort order = (ushort)(flags.IsBig ? 2 : flags.IsLittle ? 1 : 0);
        Debug.Assert(version != 0);
        return new InstructionData(opcode, type, order, address.Raw, version, (uint)offset);
    }

    // ---- dead stores

    private void Observe(int category, Value address, int offset, int size)
    {
        int kept = 0;
        for (int i = 0; i < _pendingCount; i++)
        {
            PendingStore pending = _pending[i];
            bool disjoint = pending.Category != category && (pending.Category != 0 || category == 0);
            disjoint |= pending.Address == address && AreApart(pending, offset, size);
            if (disjoint)
            {
                _pending[kept++] = pending;
            }
        }

        _pendingCount = kept;
    }

    // A store that may trap shows everything that was stored before, but not what it overwrites: that was accessible. If the one that is
    // overwritten is the one that would trap, nothing may be stored between the two, or it would be stored before the trap.
    private Inst ReplacePending(in PendingStore store, MemFlags flags)
    {
        Inst overwritten = default;
        int kept = 0;
        for (int i = 0; i < _pendingCount; i++)
        {
            PendingStore pending = _pending[i];
            if (pending.Address == store.Address && pending.Offset == store.Offset && pending.Size == store.Size && pending.Category == store.Category)
            {
                MemFlags first = _dfg.MemFlagsOf(pending.Store);
                bool sameTrap = first.IsNotrap || flags.IsNotrap || (first.Trap == flags.Trap && i == _pendingCount - 1);
                overwritten = sameTrap ? pending.Store : default;
            }
            else if (flags.IsNotrap)
            {
                _pending[kept++] = pending;
            }
        }

        if (kept == MaxPending)
        {
            Array.Copy(_pending, 1, _pending, 0, --kept);
        }

        _pending[kept++] = store;
        _pendingCount = kept;
        return overwritten;
    }

    private static bool AreApart(in PendingStore pending, int offset, int size) =>
        (long)pending.Offset + pending.Size <= offset || (long)offset + size <= pending.Offset;

    private static int AccessSize(Opcode opcode, IrType type) => opcode switch
    {
        Opcode.Uload8 or Opcode.Sload8 or Opcode.Istore8 => 1,
        Opcode.Uload16 or Opcode.Sload16 or Opcode.Istore16 => 2,
        Opcode.Uload32 or Opcode.Sload32 or Opcode.Istore32 => 4,
        Opcode.Uload8x8 or Opcode.Sload8x8 or Opcode.Uload16x4 or Opcode.Sload16x4 or Opcode.Uload32x2 or Opcode.Sload32x2 => 8,
        _ => type.Bytes,
    };
}
