// Jumps, conditional branches and trap stubs for the machine buffer.
//
// Short forms. A backward distance is known, so rel8 is chosen exactly. A forward one is bounded: the emitter states an
// upper bound of every block's start before it emits the first, and a branch between blocks b−1 and b to block t gets
// rel8 if the bounds of t and b are at most ShortReach apart. No distance can be larger than its bound, so no short
// branch ever has to be widened, and the whole costs one addition per instruction.
using System;
using MiniJit.Codegen.Emission;
using MiniJit.IR.Collections;

namespace MiniJit.Backend.X64;

internal sealed class BranchEncoder : IBranchEncoder
{
    public const int Relative8 = 0, Relative32 = 1, TableEntry = 2;

    /// <summary>Longest sequence of branches at the end of one block: two conditional ones and a jump.</summary>
    public const int MaxTerminatorSize = 6 + 6 + 5;

    private const int ShortReach = sbyte.MaxValue - MaxTerminatorSize;

    private static readonly LabelUseRow[] s_uses =
    [
        LabelUseRow.Relative("rel8", 1),
        LabelUseRow.Relative("rel32", 4),
        LabelUseRow.Relative("table entry", 4),
    ];

    private Column<int> _starts;

    public LabelUseRow[] LabelUses => s_uses;

    public int TableEntryUse => TableEntry;

    public int MaxJumpSize => 5;

    public int TrapStubSize => 2;

    public int InstructionAlignment => 1;

    /// <summary>The block that starts behind the branches written next.</summary>
    public int NextBlock { get; set; }

    public uint Invert(uint condition) => condition ^ 1;

    public void ClearBounds() => _starts.Clear();

    /// <summary>States that the next block starts at most this many bytes into the function.</summary>
    public void AddBound(int start) => _starts.Add(start);

    // EB cb | E9 cd
    public void EmitJump(MachineBuffer buffer, Label target)
    {
        if (IsShort(buffer, target))
        {
            buffer.Put1(0xEB);
            Displacement8(buffer, target);
            return;
        }

        buffer.Put1(0xE9);
        Displacement32(buffer, target);
    }

    // 70+cc cb | 0F 80+cc cd
    public void EmitBranch(MachineBuffer buffer, uint condition, Label target)
    {
        if (IsShort(buffer, target))
        {
            buffer.Put1((byte)(0x70 | condition));
            Displacement8(buffer, target);
            return;
        }

        buffer.Put1(0x0F);
        buffer.Put1((byte)(0x80 | condition));
        Displacement32(buffer, target);
    }

    public void EmitTrapStub(MachineBuffer buffer)
    {
        buffer.Put1(0x0F);
        buffer.Put1(0x0B);
    }

    /// <summary>A short branch inside one pseudo-instruction; the label must be bound within its reach.</summary>
    public static void EmitShortBranch(MachineBuffer buffer, Condition condition, Label target)
    {
        buffer.Put1((byte)(0x70 | (int)condition));
        Displacement8(buffer, target);
    }

    /// <summary>A short jump inside one pseudo-instruction.</summary>
    public static void EmitShortJump(MachineBuffer buffer, Label target)
    {
        buffer.Put1(0xEB);
        Displacement8(buffer, target);
    }

    private bool IsShort(MachineBuffer buffer, Label target)
    {
        if (buffer.OffsetOf(target) >= 0)
        {
            return buffer.ReachesBound(target, buffer.Offset + 1, Relative8);
        }

        return target.Index >= NextBlock && target.Index < _starts.Count && _starts[target.Index] - _starts[NextBlock] <= ShortReach;
    }

    private static void Displacement8(MachineBuffer buffer, Label target)
    {
        buffer.Put1(0);
        buffer.UseLabel(buffer.Offset - 1, target, Relative8);
    }

    private static void Displacement32(MachineBuffer buffer, Label target)
    {
        buffer.Put4(0);
        buffer.UseLabel(buffer.Offset - 4, target, Relative32);
    }
}
