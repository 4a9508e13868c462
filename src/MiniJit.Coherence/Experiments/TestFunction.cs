// The code that experiments publish. Each cache line of it counts: a core that gets any line in another version than the others returns
// another result, runs into zeros or loads from nowhere, so a stale line cannot hide.
//
//   word 0          b body
//   words 1–4       two endings: add x0, x0, #1 ; ret   and   add x0, x0, #2 ; ret
//   word 5          odd versions: x9 is the address of a zero      even versions: x9 is zero
//   in the middle   odd versions: load from it, add what is there  even versions: add it twice
//   elsewhere       add x0, x0, #version
//   last word       b to one of the endings, by turns
//
// Functions begin 8 bytes behind and end 4 bytes behind a boundary of 128 bytes: whatever lines a machine has, the first is entered in its
// middle, and the last holds one instruction.
using System;

namespace MiniJit.Coherence.Experiments;

internal static class TestFunction
{
    /// <summary>Where the first begins, behind a multiple of the largest line.</summary>
    public const int Offset = 8;

    /// <summary>Instructions; two functions are 66 instructions apart, so both begin and end as said above.</summary>
    public const int Length = 63, Distance = 256;

    /// <summary>Which register holds the address of eight zero bytes.</summary>
    public const int ZeroPointer = 26;

    private const int Body = 5, Middle = 40;
    private const uint Return = 0xD65F_03C0;

    /// <summary>The instructions of a version, from 1.</summary>
    public static void Write(Span<uint> words, int version)
    {
        words.Fill(AddImmediate(version));
        (words[0], words[1], words[2], words[3], words[4]) = (Branch(Body), AddImmediate(1), Return, AddImmediate(2), Return);
        bool isOdd = version % 2 != 0;
        words[Body] = isOdd ? s_odd[0] : s_even[0];
        words[Middle] = isOdd ? s_odd[1] : s_even[1];
        words[Middle + 1] = isOdd ? s_odd[2] : s_even[2];
        words[^1] = Ending(version);
    }

    /// <summary>The last word of a version. It is a branch: it may be exchanged while cores execute it.</summary>
    public static uint Ending(int version) => Branch((version % 2 != 0 ? 1 : 3) - (Length - 1));

    /// <summary>What a version adds to x0, if its last word is that of another one.</summary>
    public static ulong Result(int version, int ending) => (ulong)(((Length - Body - 4) * version) + (ending % 2 != 0 ? 1 : 2));

    private static readonly uint[] s_odd = GuestCode.Assemble("""
        MOV X9,X26
        LDR X10,[X9]
        ADD X0,X0,X10
        """);

    private static readonly uint[] s_even = GuestCode.Assemble("""
        MOV X9,#0
        ADD X0,X0,X9
        ADD X0,X0,X9
        """);

    private static uint AddImmediate(int value) => 0x9100_0000 | ((uint)value << 10);

    private static uint Branch(int distance) => 0x1400_0000 | ((uint)distance & 0x03FF_FFFF);
}
