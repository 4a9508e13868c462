// An ISA of 4-byte words for the machine buffer's tests, with AArch64's reaches: jump ±128 MiB, conditional branch ±1 MiB,
// test-and-branch ±32 KiB, literal load ±1 MiB. An interpreter walks its code.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using MiniJit.Codegen.Emission;

namespace MiniJit.Codegen.Tests.Emission;

internal sealed class ToyIsa : IBranchEncoder
{
    public const int Jump26 = 0, Branch19 = 1, Test14 = 2, Literal19 = 3, Table = 4, Split21 = 5;

    public const uint OpMark = 0x1000_0000, OpJump = 0x2000_0000, OpBranch = 0x3000_0000, OpTest = 0x4000_0000, OpLiteral = 0x5000_0000,
        OpTrap = 0x6000_0000, OpReturn = 0x7000_0000, OpSplit = 0x0;

    private static readonly byte[] s_jump = [0, 0, 0, 0x20];

    // The conditional branches take the jump as their veneer; the jump's own veneer is another jump.
    public LabelUseRow[] LabelUses { get; } =
    [
        new("jump26", 1 << 27, (1 << 27) - 4, 0, 4, 2, 0, 26, 0, 0, new Veneer(s_jump, 0, Jump26)),
        new("branch19", 1 << 20, (1 << 20) - 4, 0, 4, 2, 5, 19, 0, 0, new Veneer(s_jump, 0, Jump26)),
        new("test14", 1 << 15, (1 << 15) - 4, 0, 4, 2, 5, 14, 0, 0, new Veneer(s_jump, 0, Jump26)),
        new("literal19", 1 << 20, (1 << 20) - 4, 0, 4, 2, 5, 19, 0, 0, null),
        LabelUseRow.Relative("table", 4) with { Origin = 0 },
        new("split21", 1 << 20, (1 << 20) - 1, 0, 4, 0, 5, 19, 29, 2, null),
    ];

    public int TableEntryUse => Table;

    public int MaxJumpSize => 4;

    public int TrapStubSize => 4;

    public int InstructionAlignment => 4;

    // Conditions are 0–15 in the low five bits; bit 4 of the request asks for the short-reaching test form.
    public uint Invert(uint condition) => condition ^ 1;

    public void EmitJump(MachineBuffer buffer, Label target) => EmitUse(buffer, OpJump, target, Jump26);

    public void EmitBranch(MachineBuffer buffer, uint condition, Label target)
    {
        bool isTest = (condition & 16) != 0;
        EmitUse(buffer, (isTest ? OpTest : OpBranch) | (condition & 15), target, isTest ? Test14 : Branch19);
    }

    public void EmitTrapStub(MachineBuffer buffer) => buffer.Put4(OpTrap);

    public static void EmitUse(MachineBuffer buffer, uint word, Label target, int use)
    {
        buffer.Put4(word);
        buffer.UseLabel(buffer.Offset - 4, target, use);
    }

    /// <summary>Follows control from <paramref name="offset"/>: marks passed, and how it ends. Condition c holds if bit c of <paramref name="flags"/> is set.</summary>
    public static List<string> Walk(ReadOnlySpan<byte> code, int offset, uint flags, int limit)
    {
        List<string> seen = [];
        for (int step = 0; seen.Count < limit; step++)
        {
            if (step > 100_000)
            {
                seen.Add("loop");
                return seen;
            }

            uint word = BinaryPrimitives.ReadUInt32LittleEndian(code[offset..]), argument = word & 0x0FFF_FFFF;
            bool holds = ((flags >> (int)(word & 15)) & 1) != 0;
            switch (word & 0xF000_0000)
            {
                case OpMark:
                    seen.Add($"mark {argument}");
                    offset += 4;
                    break;
                case OpJump:
                    offset += Field(word, 0, 26);
                    break;
                case OpBranch:
                    offset += holds ? Field(word, 5, 19) : 4;
                    break;
                case OpTest:
                    offset += holds ? Field(word, 5, 14) : 4;
                    break;
                case OpLiteral:
                    int place = offset + Field(word, 5, 19);
                    seen.Add($"literal {BinaryPrimitives.ReadUInt32LittleEndian(code[place..])}");
                    offset += 4;
                    break;
                case OpTrap:
                    seen.Add($"trap at {offset}");
                    return seen;
                case OpReturn:
                    seen.Add("return");
                    return seen;
                default:
                    seen.Add($"bad word {word:x8} at {offset}");
                    return seen;
            }
        }

        return seen;
    }

    private static int Field(uint word, int shift, int bits) => (int)(word << (32 - shift - bits)) >> (32 - bits) << 2;
}
