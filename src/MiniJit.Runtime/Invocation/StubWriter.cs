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
    private Column<(int Place, int Label)> _branches;

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
        _branches.Add((_code.Count, label.Index));
        Emit32(0);
    }

    /// <summary>The code, with all branches resolved.</summary>
    public byte[] Finish()
    {
        byte[] code = _code.Span.ToArray();
        foreach ((int place, int label) in _branches.Span)
        {
            BinaryPrimitives.WriteInt32LittleEndian(code.AsSpan(place), _labels[label] - (place + 4));
        }

        return code;
    }
}
