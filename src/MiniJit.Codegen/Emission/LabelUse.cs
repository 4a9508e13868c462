// How machine code mentions a label: one row per kind of displacement field of an ISA.
using System;
using System.Buffers.Binary;
using System.Diagnostics;

namespace MiniJit.Codegen.Emission;

/// <summary>A place in the code, bound or to be bound. Labels 0 … n−1 are the blocks of the function.</summary>
internal readonly record struct Label(int Index)
{
    public static Label None => new(-1);

    public bool IsNone => Index < 0;

    public override string ToString() => $"L{Index}";
}

/// <summary>A detour for a displacement that does not reach: code that jumps on through a use of longer reach.</summary>
/// <param name="Code">The code, with the field of its own use zero.</param>
/// <param name="UseOffset">Where in <paramref name="Code"/> that use is.</param>
/// <param name="Use">Index of its row.</param>
internal sealed record Veneer(byte[] Code, int UseOffset, int Use);

/// <summary>
/// One kind of displacement field. The displacement counts from <c>place + Origin</c>, is divided by 2^<see cref="Scale"/>
/// and stored in <see cref="Bits"/> bits at <see cref="Shift"/>; if <see cref="LowBits"/> is not 0, its lowest bits go to
/// <see cref="LowShift"/> instead (AArch64's ADR).
/// </summary>
/// <param name="Name">For messages.</param>
/// <param name="Backward">Bytes it reaches back, a positive number.</param>
/// <param name="Forward">Bytes it reaches ahead.</param>
/// <param name="Origin">Start of the displacement, relative to the place.</param>
/// <param name="Bytes">Size of the place: 1 or 4.</param>
/// <param name="Scale">Logarithm of the unit.</param>
/// <param name="Shift">Lowest bit of the field.</param>
/// <param name="Bits">Width of the field without the low bits.</param>
/// <param name="LowShift">Position of the low bits.</param>
/// <param name="LowBits">Number of low bits that are stored apart.</param>
/// <param name="Veneer">Detour, or null if the emitter guarantees the reach.</param>
internal readonly record struct LabelUseRow(
    string Name, int Backward, int Forward, int Origin, int Bytes, int Scale, int Shift, int Bits, int LowShift, int LowBits, Veneer? Veneer)
{
    /// <summary>A whole field of 1 or 4 bytes that counts from its own end, as on x86-64.</summary>
    public static LabelUseRow Relative(string name, int bytes) =>
        new(name, bytes == 1 ? 128 : int.MaxValue, bytes == 1 ? 127 : int.MaxValue, bytes, bytes, 0, 0, bytes * 8, 0, 0, null);

    public bool Reaches(long displacement) => displacement >= -(long)Backward && displacement <= Forward;

    /// <summary>Stores <paramref name="displacement"/>, which must be in reach, at <paramref name="place"/>.</summary>
    public void Patch(Span<byte> place, long displacement)
    {
        Debug.Assert((displacement & ((1 << Scale) - 1)) == 0);
        long value = displacement >> Scale;
        if (Bytes == 1)
        {
            Debug.Assert(value == (sbyte)value);
            place[0] = (byte)value;
            return;
        }

        uint highMask = (uint)(((1ul << Bits) - 1) << Shift), lowMask = ((1u << LowBits) - 1) << LowShift;
        uint word = BinaryPrimitives.ReadUInt32LittleEndian(place) & ~(highMask | lowMask);
        word |= ((uint)(value >> LowBits) << Shift) & highMask;
        word |= ((uint)value << LowShift) & lowMask;
        BinaryPrimitives.WriteUInt32LittleEndian(place, word);
    }
}

/// <summary>What the buffer must know of an ISA to lay out branches, veneers and stubs.</summary>
internal interface IBranchEncoder
{
    /// <summary>The rows; a use is an index into them.</summary>
    LabelUseRow[] LabelUses { get; }

    /// <summary>The row of a 4-byte jump-table entry.</summary>
    int TableEntryUse { get; }

    /// <summary>Largest size of an unconditional jump.</summary>
    int MaxJumpSize { get; }

    /// <summary>Size of a trap stub.</summary>
    int TrapStubSize { get; }

    /// <summary>Alignment of instructions.</summary>
    int InstructionAlignment { get; }

    /// <summary>The condition that holds exactly when <paramref name="condition"/> does not.</summary>
    uint Invert(uint condition);

    void EmitJump(MachineBuffer buffer, Label target);

    void EmitBranch(MachineBuffer buffer, uint condition, Label target);

    void EmitTrapStub(MachineBuffer buffer);
}
