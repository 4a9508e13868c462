// Deferred data (trap stubs, jump tables, constants) and veneers. Where every use reaches two gigabytes, as on x86-64,
// all of it goes behind the code and the deadlines below are never near. Elsewhere islands are put between blocks, or
// into a block with a jump around, in time.
//
// Invariant, asserted at every instruction: an island emitted now would end before the earliest deadline. Overflow is
// therefore impossible instead of checked. The bound is kept incrementally and conservative: a use that was bound
// meanwhile still counts until the next island looks.
using System;
using System.Diagnostics;
using MiniJit.IR;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.Emission;

internal sealed partial class MachineBuffer
{
    private Column<Deferred> _deferred;
    private Column<int> _constantLabels;                       // per handle of the pool: label index + 1 of the latest placement
    private Column<int> _tableLabels;
    private Column<int> _addressLabels;                        // per symbol: label index + 1 of the latest place of its address
    private long _deadline;                                    // an island must end here at the latest
    private int _islandSize;                                   // bound of its size
    private int _codeSize;                                     // −1 until data starts

    private const int AddressSize = 8;

    private enum DeferredKind : byte
    {
        TrapStub,
        Table,
        Constant,
        Address,
    }

    private struct Deferred
    {
        public DeferredKind Kind;
        public byte Trap;
        public int Label, Data, Alignment;
        public uint SourceLoc;
        public long Addend;
    }

    /// <summary>The constants that code refers to; set by the driver before it emits.</summary>
    public ConstantPool Constants { get; set; } = new();

    /// <summary>The jump tables that code refers to; set by the driver before it emits.</summary>
    public JumpTables Tables { get; set; } = new();

    /// <summary>Islands of the function so far, without the data at its end.</summary>
    public int IslandCount { get; private set; }

    /// <summary>How far ahead a boundary between blocks looks, to spare the jump around an island inside a block.</summary>
    private int IslandLookahead => Math.Min(_shortestReach >> 3, 1 << 16);

    private long IslandLimit => _deadline - _islandSize - InstructionRoom;

    /// <summary>A stub out of line that traps with <paramref name="code"/> on behalf of the current instruction.</summary>
    public Label TrapLabel(byte code)
    {
        if (_deferred.Count != 0)
        {
            ref Deferred last = ref _deferred.Last;
            if (last.Kind == DeferredKind.TrapStub && last.Trap == code && last.SourceLoc == _sourceLoc)
            {
                return new Label(last.Label);                  // same code, same source: one stub serves both
            }
        }

        Label label = NewLabel();
        Defer(new Deferred { Kind = DeferredKind.TrapStub, Trap = code, Label = label.Index, SourceLoc = _sourceLoc }, _isa.TrapStubSize);
        return label;
    }

    /// <summary>The place of a constant, for a use at the next byte.</summary>
    public Label ConstantLabel(int handle, int use)
    {
        if (handle >= _constantLabels.Count)
        {
            _constantLabels.Resize(handle + 1);
        }

        ref int known = ref _constantLabels[handle];
        if (known != 0)
        {
            Label earlier = new(known - 1);
            if (_labels[earlier.Index] < 0 || ReachesBound(earlier, _count, use))
            {
                return earlier;
            }
        }

        Label label = NewLabel();
        known = label.Index + 1;
        int alignment = Constants.AlignmentOf(handle);
        Defer(
            new Deferred { Kind = DeferredKind.Constant, Data = handle, Label = label.Index, Alignment = alignment },
            Constants.BytesOf(handle).Length + alignment);
        return label;
    }

    /// <summary>The place of eight bytes that the linker sets to the address of a symbol plus <paramref name="addend"/>, for a use at the next byte.</summary>
    public Label AddressLabel(int symbol, long addend, int use)
    {
        if (symbol >= _addressLabels.Count)
        {
            _addressLabels.Resize(symbol + 1);
        }

        ref int known = ref _addressLabels[symbol];
        if (known != 0 && addend == 0)
        {
            Label earlier = new(known - 1);
            if (_labels[earlier.Index] < 0 || ReachesBound(earlier, _count, use))
            {
                return earlier;
            }
        }

        Label label = NewLabel();
        known = addend == 0 ? label.Index + 1 : known;
        Defer(
            new Deferred { Kind = DeferredKind.Address, Data = symbol, Label = label.Index, Alignment = 8, Addend = addend },
            AddressSize + 8);
        return label;
    }

    /// <summary>The place of a jump table.</summary>
    public Label TableLabel(int table)
    {
        if (table >= _tableLabels.Count)
        {
            _tableLabels.Resize(table + 1);
        }

        ref int known = ref _tableLabels[table];
        if (known == 0)
        {
            known = NewLabel().Index + 1;
            Defer(
                new Deferred { Kind = DeferredKind.Table, Data = table, Label = known - 1, Alignment = 4 },
                (Tables.TargetsOf(table).Length * 4) + 4);
        }

        return new Label(known - 1);
    }

    private void ResetIslands()
    {
        _deferred.Clear();
        _constantLabels.Clear();
        _tableLabels.Clear();
        _addressLabels.Clear();
        _codeSize = -1;
        IslandCount = 0;
        ResetDeadline();
    }

    private void Defer(in Deferred item, int size)
    {
        _deferred.Add(item);
        _islandSize += size;
        UpdateLimit();
    }

    /// <summary>A use with a veneer, or of deferred data, must be served by an island before it is out of reach.</summary>
    private void NoteDeadline(int offset, in LabelUseRow use)
    {
        if (use.Forward == int.MaxValue)
        {
            return;
        }

        if (use.Veneer != null)
        {
            _islandSize += use.Veneer.Code.Length + _isa.InstructionAlignment;
        }
        else if (use.Bytes == 1)
        {
            return;                                            // a short jump whose reach the emitter guarantees
        }

        _deadline = Math.Min(_deadline, (long)offset + use.Origin + use.Forward);
        UpdateLimit();
    }

    private void ResetDeadline()
    {
        _deadline = long.MaxValue >> 1;
        _islandSize = _isa.MaxJumpSize + _isa.InstructionAlignment;
    }

    private bool IslandDue(int room) => _count + (long)room + _islandSize > _deadline;

    /// <summary>An island in the middle of a block, with a jump around it.</summary>
    private void EmitIslandWithin()
    {
        PatchBoundUses();
        if (!IslandDue(InstructionRoom))
        {
            return;
        }

        Label after = NewLabel();
        Reserve(InstructionRoom);
        _isa.EmitJump(this, after);
        EmitDeferred(isLast: false);
        BindHere(after);
        PatchBoundUses();
        Debug.Assert(!IslandDue(InstructionRoom));
    }

    /// <summary>
    /// Emits all deferred items here and, except at the end, veneers for the uses that would soon be out of reach, at the latest when
    /// <paramref name="room"/> more bytes have been written.
    /// </summary>
    private void EmitDeferred(bool isLast, int room = InstructionRoom)
    {
        PatchBoundUses();
        EmitDeferredOf(DeferredKind.TrapStub, 0);
        if (!isLast)
        {
            IslandCount++;
            EmitVeneers(all: false);
            PatchBoundUses();
            if (IslandDue(room))
            {
                EmitVeneers(all: true);
            }
        }
        else
        {
            EmitLastVeneers();
            _codeSize = _count;
        }

        for (int alignment = 64; alignment > 0; alignment >>= 1)
        {
            EmitDeferredOf(DeferredKind.Table, alignment);
            EmitDeferredOf(DeferredKind.Constant, alignment);
            EmitDeferredOf(DeferredKind.Address, alignment);
        }

        _deferred.Clear();
        if (!isLast)
        {
            AlignData(_isa.InstructionAlignment);
            PatchBoundUses();
        }
    }

    private void EmitDeferredOf(DeferredKind kind, int alignment)
    {
        foreach (ref readonly Deferred item in _deferred.Span)
        {
            // Alignment may have grown since a constant was first mentioned.
            int itemAlignment = item.Kind == DeferredKind.Constant ? Constants.AlignmentOf(item.Data) : item.Alignment;
            if (item.Kind != kind || itemAlignment != alignment)
            {
                continue;
            }

            if (kind == DeferredKind.TrapStub)
            {
                Reserve(InstructionRoom);
                uint sourceLoc = _sourceLoc;
                SetSource(item.SourceLoc);
                BindHere(new Label(item.Label));
                AddTrap(item.Trap);
                _isa.EmitTrapStub(this);
                SetSource(sourceLoc);
                continue;
            }

            AlignData(alignment);
            BindHere(new Label(item.Label));
            switch (kind)
            {
                case DeferredKind.Constant:
                    Put(Constants.BytesOf(item.Data));
                    break;
                case DeferredKind.Address:
                    AddRelocation(_count, RelocationKind.Abs8, item.Data, item.Addend);
                    Reserve(AddressSize);
                    _bytes.AsSpan(_count, AddressSize).Clear();
                    _count += AddressSize;
                    break;
                default:
                    EmitTable(item.Data);
                    break;
            }
        }
    }

    private void EmitTable(int table)
    {
        int start = _count;
        foreach (int block in Tables.TargetsOf(table))
        {
            Reserve(4);
            Put4(0);
            UseLabel(_count - 4, new Label(block), _isa.TableEntryUse, origin: start);
        }
    }

    /// <summary>At the end every label that a veneer can serve is bound, maybe out of reach; a veneer may need another one.</summary>
    private void EmitLastVeneers()
    {
        PatchBoundUses();
        while (HasVeneerFixups())
        {
            EmitVeneers(all: true);
            PatchBoundUses();
        }
    }

    private bool HasVeneerFixups()
    {
        foreach (ref readonly Fixup fixup in _fixups.Span)
        {
            if (_uses[fixup.Use].Veneer != null)
            {
                ThrowIfUnbound(fixup);
                return true;
            }
        }

        return false;
    }

    private void EmitVeneers(bool all)
    {
        int count = _fixups.Count;                             // the veneers' own uses are added behind
        for (int i = 0; i < count; i++)
        {
            Fixup fixup = _fixups[i];
            LabelUseRow use = _uses[fixup.Use];
            if (use.Veneer == null)
            {
                continue;
            }

            // One that still has half of its reach ahead may well be bound in time.
            if (!all && _labels[Resolve(fixup.Label)] < 0 && fixup.Offset + (use.Forward >> 1) > _count + _islandSize)
            {
                continue;
            }

            AlignData(_isa.InstructionAlignment);
            if (!use.Reaches(_count - fixup.Origin))
            {
                throw new CompilerBugException("emit", $"{use.Name} at {fixup.Offset} missed its deadline");
            }

            use.Patch(_bytes.AsSpan(fixup.Offset), _count - fixup.Origin);
            int start = _count;
            Put(use.Veneer.Code);
            ref Fixup patched = ref _fixups[i];
            patched.Use = use.Veneer.Use;
            patched.Offset = start + use.Veneer.UseOffset;
            patched.Origin = patched.Offset + _uses[patched.Use].Origin;
        }
    }

    /// <summary>Patches the uses whose labels are bound by now, keeps the others and recomputes the deadline.</summary>
    private void PatchBoundUses()
    {
        ResetDeadline();
        foreach (ref readonly Deferred item in _deferred.Span)
        {
            _islandSize += item.Kind switch
            {
                DeferredKind.TrapStub => _isa.TrapStubSize,
                DeferredKind.Address => AddressSize + item.Alignment,
                DeferredKind.Table => (Tables.TargetsOf(item.Data).Length * 4) + item.Alignment,
                _ => Constants.BytesOf(item.Data).Length + Constants.AlignmentOf(item.Data),
            };
        }

        int kept = 0;
        for (int i = 0; i < _fixups.Count; i++)
        {
            Fixup fixup = _fixups[i];
            ref readonly LabelUseRow use = ref _uses[fixup.Use];
            int target = _labels[Resolve(fixup.Label)];
            if (target >= 0 && use.Reaches(target - fixup.Origin))
            {
                use.Patch(_bytes.AsSpan(fixup.Offset), target - fixup.Origin);
                continue;
            }

            if (target >= 0 && use.Veneer == null)
            {
                throw new CompilerBugException("emit", $"{use.Name} at {fixup.Offset} cannot reach {target}");
            }

            _fixups[kept++] = fixup;
            NoteDeadline(fixup.Offset, use);
        }

        _fixups.Resize(kept);
        UpdateLimit();
    }
}
