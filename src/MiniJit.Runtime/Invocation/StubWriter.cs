// Writes the few machine-code routines of the runtime: bytes, 64-bit addresses and labels, nothing else. Each routine is
// listed beside its bytes where it is written.
using System;
using System.Buffers.Binary;
using MiniJit.IR.Collections;

namespace MiniJit.Runtime.Invocation;

/// <summary>A place in a stub that branches refer to.</summary>
internal readonly record struct StubLabel(int Index);

internal sealed class StubWriter
{
    private Column<byte> _code;
    private Column<int> _labels;
    private Column<(int Place, int Label, bool IsA64)> _branches;

    public int Offset => _code.Count;

    public void Emit(params ReadOnlySpan<byte> bytes) => _code.AddRange(bytes);

    public void Emit32(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        _code.AddRange(bytes);
    }

    public void Emit64(ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        _code.AddRange(bytes);
    }

    public void Align(int alignment, byte filler)
    {
        while (_code.Count % alignment != 0)
        {
            _code.Add(filler);
        }
    }

    public StubLabel NewLabel()
    {
        _labels.Add(-1);
        return new(_labels.Count - 1);
    }

    public void Bind(StubLabel label) => _labels[label.Index] = _code.Count;

    /// <summary>An x86-64 branch with a 32-bit displacement: opcode bytes, then the distance to the label.</summary>
    public void Branch(StubLabel label, params ReadOnlySpan<byte> opcode)
    {
        _code.AddRange(opcode);
        _branches.Add((_code.Count, label.Index, false));
        Emit32(0);
    }

    /// <summary>An AArch64 instruction that names a place: B, B.cond, CBZ, CBNZ or LDR (literal), with a distance of 0.</summary>
    public void Emit32(uint instruction, StubLabel label)
    {
        _branches.Add((_code.Count, label.Index, true));
        Emit32(instruction);
    }

    /// <summary>The code, with all branches resolved.</summary>
    public byte[] Finish()
    {
        byte[] code = _code.Span.ToArray();
        foreach ((int place, int label, bool isA64) in _branches.Span)
        {
            Span<byte> field = code.AsSpan(place);
            if (isA64)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(field, Aim(BinaryPrimitives.ReadUInt32LittleEndian(field), _labels[label] - place));
            }
            else
            {
                BinaryPrimitives.WriteInt32LittleEndian(field, _labels[label] - (place + 4));
            }
        }

        return code;
    }

    // B                           000101 imm26
    // all others                  ……imm19……           from bit 5
    private static uint Aim(uint instruction, int distance) => instruction >> 26 == 0b000101
        ? instruction | ((uint)(distance >> 2) & 0x03FF_FFFF)
        : instruction | ((uint)(distance >> 2) & 0x7_FFFF) << 5;
}
