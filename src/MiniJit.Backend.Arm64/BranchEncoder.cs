// Jumps, conditional branches and trap stubs for the machine buffer.
//
// The buffer keeps a condition as one word that this class makes: which of the three kinds of conditional branch, and its operands. All
// three have in common that bit 0 turns the condition into its opposite, as in the encodings.
using MiniJit.Codegen.Emission;
using MiniJit.Codegen.Machine;

namespace MiniJit.Backend.Arm64;

internal sealed class BranchEncoder : IBranchEncoder
{
    /// <summary>Rows of <see cref="LabelUses"/>.</summary>
    public const int Jump26 = 0, Branch19 = 1, Test14 = 2, Literal19 = 3, TableEntry = 4, Address21 = 5;

    private const uint JumpWord = 0x1400_0000, BCondWord = 0x5400_0000, CbzWord = 0x3400_0000, TbzWord = 0x3600_0000, NonZero = 1u << 24;

    // The operand of UDF that tells a trap of the compiler from any other undefined instruction.
    private const uint TrapWord = 0xc11f;

    private static readonly Veneer s_jump = new([0, 0, 0, 0x14], 0, Jump26);

    private static readonly LabelUseRow[] s_uses =
    [
        //                 reach                         scale shift bits
        new("imm26",       1 << 27, (1 << 27) - 4, 0, 4, 2,    0,    26, 0, 0, s_jump),
        new("imm19",       1 << 20, (1 << 20) - 4, 0, 4, 2,    5,    19, 0, 0, s_jump),
        new("imm14",       1 << 15, (1 << 15) - 4, 0, 4, 2,    5,    14, 0, 0, s_jump),
        new("literal",     1 << 20, (1 << 20) - 4, 0, 4, 2,    5,    19, 0, 0, null),
        LabelUseRow.Relative("table entry", 4) with { Origin = 0 },
        new("adr",         1 << 20, (1 << 20) - 1, 0, 4, 0,    5,    19, 29, 2, null),
    ];

    public LabelUseRow[] LabelUses => s_uses;

    public int TableEntryUse => TableEntry;

    public int MaxJumpSize => 4;

    public int TrapStubSize => 4;

    public int InstructionAlignment => 4;

    /// <summary>b.cond.</summary>
    public static uint OfFlags(Condition condition) => (uint)condition;

    /// <summary>cbz or cbnz.</summary>
    public static uint OfRegister(PReg register, int size, bool nonZero) =>
        (1u << 16) | (uint)(size >> 3 << 8) | ((uint)register.Encoding << 1) | (nonZero ? 1u : 0);

    /// <summary>tbz or tbnz.</summary>
    public static uint OfBit(PReg register, int bit, bool nonZero) =>
        (2u << 16) | ((uint)bit << 8) | ((uint)register.Encoding << 1) | (nonZero ? 1u : 0);

    public uint Invert(uint condition) => condition ^ 1;

    public void EmitJump(MachineBuffer buffer, Label target) => Put(buffer, JumpWord, target, Jump26);

    // 0101010 0 imm19 0 cond | sf 011010 op imm19 Rt | b5 011011 op b40 imm14 Rt
    public void EmitBranch(MachineBuffer buffer, uint condition, Label target)
    {
        uint register = (condition >> 1) & 31, operand = (condition >> 8) & 63, nonZero = (condition & 1) * NonZero;
        switch (condition >> 16)
        {
            case 0:
                Put(buffer, BCondWord | condition, target, Branch19);
                break;
            case 1:
                Put(buffer, CbzWord | nonZero | (operand << 31) | register, target, Branch19);
                break;
            default:
                Put(buffer, TbzWord | nonZero | (operand >> 5 << 31) | ((operand & 31) << 19) | register, target, Test14);
                break;
        }
    }

    public void EmitTrapStub(MachineBuffer buffer) => buffer.Put4(TrapWord);

    /// <summary>Writes an instruction whose displacement field is zero and fills it in.</summary>
    public static void Put(MachineBuffer buffer, uint word, Label target, int use)
    {
        buffer.Put4(word);
        buffer.UseLabel(buffer.Offset - 4, target, use);
    }
}
