// Where things are in a stack frame, decided after register allocation and read by emission. From the stack pointer up:
//
//     outgoing stack arguments | stack slots | spill slots | saved registers | (padding) | saved frame pointer,
//     return address | incoming stack arguments
//
// Offsets are in bytes from the stack pointer of the function's body; every area starts 16-byte aligned.
using System;
using System.Numerics;
using MiniJit.Codegen.Machine;

namespace MiniJit.Codegen.Abi;

/// <summary>The frame of one function. <see cref="Compute"/> derives the offsets from the sizes.</summary>
internal struct FrameLayout
{
    /// <summary>Bytes of the largest outgoing stack-argument area (shadow space included); it is at offset 0.</summary>
    public int OutgoingArgs;

    public int StackSlotsOffset;
    public int StackSlotsSize;

    public int SpillOffset;
    public int SpillSize;

    /// <summary>Registers to save and restore: integer ones take 8 bytes, then float ones <see cref="FloatSaveSize"/> each, in register order.</summary>
    public RegSet CalleeSaves;

    public int CalleeSavesOffset;

    /// <summary>8 or 16: how much of a callee-saved float register the convention preserves.</summary>
    public int FloatSaveSize;

    /// <summary>Whether not even a frame pointer and a return address are saved.</summary>
    public bool IsFrameless;

    /// <summary>Bytes by which the prologue lowers the stack pointer below the saved frame pointer; a multiple of 16.</summary>
    public int FrameSize;

    /// <summary>Bytes of stack arguments that the caller passes.</summary>
    public int IncomingArgs;

    /// <summary>Largest number of bytes of stack arguments that a tail call in this function passes; may exceed <see cref="IncomingArgs"/>.</summary>
    public int TailArgs;

    /// <summary>Whether the callee pops its stack arguments (the <c>tail</c> convention).</summary>
    public bool CalleePopsArgs;

    /// <summary>Size of the guard area: if not 0, the prologue of a larger frame touches each step of this many bytes.</summary>
    public int ProbeStep;

    /// <summary>If not 0, symbol index + 1 of the routine that does so instead; it takes the frame's size.</summary>
    public int ProbeSymbol;

    /// <summary>Bytes of padding after each machine block, to stress branch ranges (<c>bb_padding_log2_minus_one</c>).</summary>
    public int BlockPadding;

    /// <summary>Whether the function calls anything: a callee needs room for its return address and frame pointer.</summary>
    public bool HasCalls;

    /// <summary>How the prologue finds the stack limit, if <see cref="StackLimit.IsDeclared"/>.</summary>
    public StackLimit Limit;

    /// <summary>Stack that one activation needs below its saved frame pointer: what a limit or a probe must cover.</summary>
    public readonly int CheckedSize => FrameSize + Math.Max(0, ArgArea - IncomingArgs) + (HasCalls ? 16 : 0);

    /// <summary>Whether neither calls nor stack memory need the stack pointer lowered (System V's red zone stays unused).</summary>
    public readonly bool IsEmpty => FrameSize == 0;

    /// <summary>Size of the argument area above the return address as the body sees it: the tail-call area may extend the incoming one.</summary>
    public readonly int ArgArea => Math.Max(IncomingArgs, TailArgs);

    /// <summary>Bytes for a <c>ret n</c>.</summary>
    public readonly int StackArgsToPop => CalleePopsArgs ? ArgArea : 0;

    /// <summary>Sets all offsets and <see cref="FrameSize"/> from the sizes and the set of saved registers.</summary>
    public void Compute()
    {
        int offset = Align16(OutgoingArgs);
        StackSlotsOffset = offset;
        offset = Align16(offset + StackSlotsSize);
        SpillOffset = offset;
        offset = Align16(offset + SpillSize);
        CalleeSavesOffset = offset;
        int ints = BitOperations.PopCount(CalleeSaves.Bits & uint.MaxValue), floats = BitOperations.PopCount(CalleeSaves.Bits >> 32);
        offset += Align(ints * 8, FloatSaveSize) + (floats * FloatSaveSize);
        FrameSize = Align16(offset);
    }

    private static int Align16(int size) => (size + 15) & ~15;

    private static int Align(int size, int alignment) => alignment <= 8 ? size : (size + alignment - 1) & -alignment;
}
