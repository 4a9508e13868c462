// The machine buffer: bytes under construction, labels, fixups. ISA-neutral; an IBranchEncoder supplies what differs.
// Other parts: MachineBuffer.Branches.cs (terminators), .Islands.cs (deadlines, veneers, deferred data), .Records.cs
// (traps, relocations, calls, source map).
//
// Protocol of the emission driver: Reset; per block Bind, per instruction StartInstruction, then bytes; Jump / Branch for
// the terminators that end in other blocks; Finish.
//
// Cost: StartInstruction is one comparison; a label use is patched at once if its label is bound and otherwise becomes a
// 16-byte fixup that is patched once. Nothing is allocated once the arrays have grown.
using System;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniJit.IR;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.Emission;

internal sealed partial class MachineBuffer
{
    /// <summary>Bytes that one instruction or pseudo-instruction may take after <see cref="StartInstruction"/>.</summary>
    public const int InstructionRoom = 256;

    private const int Unbound = -1;                            // label states: offset, Unbound, or alias as AliasBase − index
    private const int AliasBase = -2;

    private readonly IBranchEncoder _isa;
    private readonly LabelUseRow[] _uses;

    private byte[] _bytes = new byte[4096];
    private int _count;
    private int _limit;                                        // StartInstruction takes the slow path from here on
    private Column<int> _labels;
    private Column<Fixup> _fixups;

    private struct Fixup
    {
        public int Offset, Label, Use, Origin;
    }

    /// <param name="isa">The ISA's part.</param>
    /// <param name="rangeShift">Shrinks every reach that is neither unlimited nor guaranteed by the emitter by this power of two, to exercise islands.</param>
    public MachineBuffer(IBranchEncoder isa, int rangeShift = 0)
    {
        _isa = isa;
        _uses = (LabelUseRow[])isa.LabelUses.Clone();
        _shortestReach = int.MaxValue;
        for (int i = 0; i < _uses.Length; i++)
        {
            ref LabelUseRow use = ref _uses[i];
            if (use.Forward != int.MaxValue && use.Bytes != 1)
            {
                use = use with { Backward = use.Backward >> rangeShift, Forward = use.Forward >> rangeShift };
                _shortestReach = Math.Min(_shortestReach, Math.Min(use.Backward, use.Forward));
            }
        }
    }

    /// <summary>Offset of the next byte.</summary>
    public int Offset => _count;

    /// <summary>Forgets everything and creates the labels of <paramref name="blockCount"/> blocks.</summary>
    public void Reset(int blockCount)
    {
        _count = 0;
        _labels.Fill(blockCount, Unbound);
        _fixups.Clear();
        ResetBranches();
        ResetIslands();
        ResetRecords();
        UpdateLimit();
    }

    /// <summary>Announces an instruction: settles what is pending and makes sure that its bytes fit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StartInstruction()
    {
        if (_count >= _limit)
        {
            StartSlow();
        }

        Debug.Assert(!HasPending && !IslandDue(0));
    }

    // ---- bytes

    /// <summary>At least <see cref="InstructionRoom"/> bytes after a <see cref="StartInstruction"/>; commit with <see cref="Advance"/>.</summary>
    public Span<byte> Tail
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _bytes.AsSpan(_count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Advance(int bytes) => _count += bytes;

    /// <summary>One byte, within the room of the current instruction.</summary>
    public void Put1(byte value) => _bytes[_count++] = value;

    public void Put4(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(_count), value);
        _count += 4;
    }

    public void Put(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_count));
        _count += bytes.Length;
    }

    /// <summary>Zero bytes up to a multiple of <paramref name="alignment"/>.</summary>
    public void AlignData(int alignment)
    {
        int padding = -_count & (alignment - 1);
        Reserve(padding);
        _bytes.AsSpan(_count, padding).Clear();
        _count += padding;
    }

    private void Reserve(int bytes)
    {
        if (_bytes.Length - _count < bytes)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _count + bytes));
        }
    }

    // ---- labels

    public Label NewLabel()
    {
        _labels.Add(Unbound);
        return new Label(_labels.Count - 1);
    }

    /// <summary>Binds a label inside an instruction to the next byte.</summary>
    public void BindHere(Label label)
    {
        Debug.Assert(_labels[label.Index] == Unbound);
        _labels[label.Index] = _count;
    }

    /// <summary>Offset of a bound label, or −1.</summary>
    public int OffsetOf(Label label) => Math.Max(_labels[Resolve(label.Index)], Unbound);

    /// <summary>
    /// Mentions <paramref name="label"/> in the field of kind <paramref name="use"/> at <paramref name="offset"/>; the
    /// displacement counts from <paramref name="origin"/>, by default from where the row says.
    /// </summary>
    public void UseLabel(int offset, Label label, int use, int origin = int.MinValue)
    {
        ref readonly LabelUseRow row = ref _uses[use];
        if (origin == int.MinValue)
        {
            origin = offset + row.Origin;
        }

        int target = _labels[Resolve(label.Index)];
        if (target >= 0 && row.Reaches(target - origin))
        {
            row.Patch(_bytes.AsSpan(offset), target - origin);
            return;
        }

        _fixups.Add(new Fixup { Offset = offset, Label = label.Index, Use = use, Origin = origin });
        NoteDeadline(offset, row);
    }

    /// <summary>Whether a use at <paramref name="offset"/> would reach a label that is bound already.</summary>
    public bool ReachesBound(Label label, int offset, int use)
    {
        int target = _labels[Resolve(label.Index)];
        return target >= 0 && _uses[use].Reaches(target - (offset + _uses[use].Origin));
    }

    private int Resolve(int label)
    {
        int state = _labels[label];
        if (state > AliasBase)
        {
            return label;
        }

        int target = Resolve(AliasBase - state);
        _labels[label] = AliasBase - target;                   // path compression keeps chains short
        return target;
    }

    // ---- end

    /// <summary>Emits everything deferred, patches the rest and moves the result to <paramref name="output"/>.</summary>
    public void Finish(CompiledCode output, ReadOnlySpan<ExternalName> symbols)
    {
        Flush();
        EmitDeferred(isLast: true);
        PatchBoundUses();
        foreach (ref readonly Fixup fixup in _fixups.Span)
        {
            ThrowIfUnbound(fixup);
        }

        output.Buffer.Clear();
        output.Buffer.AddRange(_bytes.AsSpan(0, _count));
        FinishRecords(output, symbols);
    }

    private void ThrowIfUnbound(in Fixup fixup)
    {
        if (_labels[Resolve(fixup.Label)] < 0)
        {
            throw new CompilerBugException("emit", $"label {fixup.Label}, used at {fixup.Offset}, was never bound");
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void StartSlow()
    {
        if (HasPending)
        {
            Flush();
        }

        if (IslandDue(InstructionRoom))
        {
            EmitIslandWithin();
        }

        Reserve(InstructionRoom * 2);
        UpdateLimit();
    }

    private void UpdateLimit() =>
        _limit = HasPending ? 0 : (int)Math.Min(_bytes.Length - InstructionRoom, IslandLimit);
}
