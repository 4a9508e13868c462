// A piece of decoded code: one page of a frame where fetch is coherent, one version of one cache line where it is not. What it was decoded
// from does not change under it: whoever lets the words change resets the micro-ops that came from them.
//
// Layout in host memory: a header, one micro-op per instruction, EndOfUnit, then one slot per instruction for branches that leave.
// Nothing in a unit depends on the address at which it is mapped, so all its mappings and all cores share it.
using System;
using System.Runtime.InteropServices;
using MiniJit.Coherence.Machine;

namespace MiniJit.Coherence.Fetch;

/// <summary>Lies directly before the micro-ops, so that a pointer to them finds it.</summary>
internal unsafe struct CodeUnitHeader
{
    /// <summary>The instructions.</summary>
    public uint* Words;

    /// <summary>How many.</summary>
    public int Count;
}

internal sealed unsafe class CodeUnit : IDisposable
{
    private void* _memory;

    /// <summary>Creates a unit in which nothing is decoded.</summary>
    /// <param name="words">The instructions; they stay where they are as long as the unit lives.</param>
    /// <param name="count">How many.</param>
    public CodeUnit(uint* words, int count)
    {
        nuint bytes = (nuint)(((2 * count) + 2) * MicroOp.Bytes);
        _memory = NativeMemory.AlignedAlloc(bytes, 64);
        NativeMemory.Clear(_memory, bytes);
        Ops = (MicroOp*)_memory + 1;
        Header->Words = words;
        Header->Count = count;
        Ops[count].Op = MicroOpcode.EndOfUnit;
    }

    public MicroOp* Ops { get; private set; }

    public CodeUnitHeader* Header => (CodeUnitHeader*)(Ops - 1);

    /// <summary>Forgets what was decoded from some instructions, and from the one before, into which the first may have been fused.</summary>
    public void Reset(int first, int count)
    {
        for (int i = Math.Max(first - 1, 0); i < first + count; i++)
        {
            Ops[i].Op = MicroOpcode.Decode;
        }
    }

    /// <summary>Nothing is decoded any more, and the instructions are others.</summary>
    public void Restart(uint* words)
    {
        Header->Words = words;
        Reset(0, Header->Count);
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
        Ops = null;
    }
}
