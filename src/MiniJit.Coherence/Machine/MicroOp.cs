// A decoded instruction as the core executes it: fields extracted, operation and size chosen, register operands as indices into
// CoreState.General (so that stack pointer and zero register need no test), distances to branch targets in bytes of decoded code.
//
// Decoded code is one array per unit (CodeUnit): micro-op i is instruction i, and a taken branch inside of the unit is an addition to the
// instruction pointer. Pairs that belong together (compare and branch) are fused into the first; the second stays decoded on its own for
// those who jump to it.
using System.Runtime.InteropServices;

namespace MiniJit.Coherence.Machine;

[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct MicroOp
{
    public const int Bytes = 16;

    /// <summary>Distance between micro-ops over distance between instructions.</summary>
    public const int PerInstructionByte = Bytes / 4;

    [FieldOffset(0)]
    public MicroOpcode Op;

    /// <summary>Destination (or transferred register), first and second source, third source: indices into the general registers, or vector register numbers.</summary>
    [FieldOffset(2)]
    public byte Rd;

    [FieldOffset(3)]
    public byte Rn;

    [FieldOffset(4)]
    public byte Rm;

    [FieldOffset(5)]
    public byte Ra;

    /// <summary>Shift amount, bit position, condition, flags: by operation.</summary>
    [FieldOffset(6)]
    public byte Aux;

    [FieldOffset(7)]
    public byte Aux2;

    /// <summary>Immediate, mask, displacement, or a pointer to a <see cref="BoundInstruction"/>.</summary>
    [FieldOffset(8)]
    public long Imm;

    /// <summary>Branches: distance to the target's micro-op in bytes. It overlays the immediate's upper half: fused branches have both.</summary>
    [FieldOffset(12)]
    public int Target;

    /// <summary>The immediate where it shares its place with <see cref="Target"/>.</summary>
    [FieldOffset(8)]
    public int SmallImm;
}
