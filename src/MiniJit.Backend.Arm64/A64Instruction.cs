// One machine instruction as a value: what the encoder takes, the decoder gives, the disassembler prints and the simulated
// machine executes. Encode(Decode(word)) is the word for every word that has a row.
using System;
using MiniJit.Codegen.Machine;

namespace MiniJit.Backend.Arm64;

/// <summary>
/// A form and its fields. Which fields mean something follows from the row: those that its diagram and operands mention.
/// </summary>
internal struct A64Instruction
{
    /// <summary>Row of <see cref="InstructionTable"/>.</summary>
    public A64Form Form;

    /// <summary>Bits 0–4 (Rd, Rt), 5–9 (Rn), 16–20 (Rm, Rs) and 10–14 (Ra, Rt2): a register number, or 31 for zero register or stack pointer.</summary>
    public byte Rd, Rn, Rm, Ra;

    /// <summary>
    /// Operation size in bytes. From <c>sf</c>: 4 or 8. From <c>ftype</c>: 2, 4 or 8. From <c>Q</c>: 8 or 16, the vector's width.
    /// Test-and-branch: 4 or 8 by the bit number. Otherwise 0.
    /// </summary>
    public byte Size;

    /// <summary>
    /// Logarithm of an element's size in bytes: from <c>size</c> or <c>sz</c>, and from <c>sf</c> where <c>ftype</c> gives
    /// <see cref="Size"/> (conversions: the general register's size, 2 or 3).
    /// </summary>
    public byte Lane;

    /// <summary>Condition (<c>cond</c>); for register offsets the <see cref="Extend"/> (<c>option</c>).</summary>
    public byte Cond;

    /// <summary>
    /// By operand: the <see cref="Shift"/> or <see cref="Extend"/> of a register, 1 for an immediate shifted by 12, <c>hw</c>, <c>imms</c>
    /// of a bit field, <c>nzcv</c>, the bit that is tested, the <see cref="MemoryAccess"/>, acquire (2) and release (1) of an atomic.
    /// </summary>
    public byte Aux;

    /// <summary>Immediate, shift amount, lane index, or distance in bytes to a label.</summary>
    public long Imm;

    public A64Instruction(A64Form form, int size)
    {
        this = default;
        Form = form;
        Size = (byte)size;
    }
}

/// <summary>How the last register operand is shifted.</summary>
internal enum Shift : byte
{
    Lsl,
    Lsr,
    Asr,
    Ror,
}

/// <summary>How the last register operand is extended, before it is shifted left.</summary>
internal enum Extend : byte
{
    Uxtb,
    Uxth,
    Uxtw,
    Uxtx,
    Sxtb,
    Sxth,
    Sxtw,
    Sxtx,
}

/// <summary>What a load or store transfers; a row of <see cref="MemoryAccesses"/>.</summary>
internal enum MemoryAccess : byte
{
    StrB, LdrB, LdrSBX, LdrSBW, StrH, LdrH, LdrSHX, LdrSHW, StrW, LdrW, LdrSW, StrX, LdrX, Prfm,
    StrFB, LdrFB, StrFH, LdrFH, StrFS, LdrFS, StrFD, LdrFD, StrFQ, LdrFQ,
}

/// <summary>One row: encoding and meaning of a transfer.</summary>
/// <param name="Access">Index of the row.</param>
/// <param name="Mnemonic">Of the form with an unsigned offset.</param>
/// <param name="Size">Field <c>size</c>.</param>
/// <param name="V">Field <c>V</c>: 1 for the SIMD and floating-point registers.</param>
/// <param name="Opc">Field <c>opc</c>.</param>
/// <param name="Bytes">Width in memory.</param>
/// <param name="View">How the register is written.</param>
/// <param name="IsLoad">Whether the register is defined.</param>
/// <param name="IsSigned">Whether the value is sign-extended to the register.</param>
internal readonly record struct MemoryAccessRow(
    MemoryAccess Access, string Mnemonic, byte Size, byte V, byte Opc, byte Bytes, RegisterView View, bool IsLoad, bool IsSigned)
{
    public RegClass Class => V == 0 ? RegClass.Int : RegClass.Float;
}

internal static class MemoryAccesses
{
    private static readonly MemoryAccessRow[] s_rows =           // enum order is asserted by a test
    [
        //                       text     size  V  opc   bytes view           load   signed
        new(MemoryAccess.StrB,   "strb",  0b00, 0, 0b00, 1,  RegisterView.W,  false, false),
        new(MemoryAccess.LdrB,   "ldrb",  0b00, 0, 0b01, 1,  RegisterView.W,  true,  false),
        new(MemoryAccess.LdrSBX, "ldrsb", 0b00, 0, 0b10, 1,  RegisterView.X,  true,  true),
        new(MemoryAccess.LdrSBW, "ldrsb", 0b00, 0, 0b11, 1,  RegisterView.W,  true,  true),
        new(MemoryAccess.StrH,   "strh",  0b01, 0, 0b00, 2,  RegisterView.W,  false, false),
        new(MemoryAccess.LdrH,   "ldrh",  0b01, 0, 0b01, 2,  RegisterView.W,  true,  false),
        new(MemoryAccess.LdrSHX, "ldrsh", 0b01, 0, 0b10, 2,  RegisterView.X,  true,  true),
        new(MemoryAccess.LdrSHW, "ldrsh", 0b01, 0, 0b11, 2,  RegisterView.W,  true,  true),
        new(MemoryAccess.StrW,   "str",   0b10, 0, 0b00, 4,  RegisterView.W,  false, false),
        new(MemoryAccess.LdrW,   "ldr",   0b10, 0, 0b01, 4,  RegisterView.W,  true,  false),
        new(MemoryAccess.LdrSW,  "ldrsw", 0b10, 0, 0b10, 4,  RegisterView.X,  true,  true),
        new(MemoryAccess.StrX,   "str",   0b11, 0, 0b00, 8,  RegisterView.X,  false, false),
        new(MemoryAccess.LdrX,   "ldr",   0b11, 0, 0b01, 8,  RegisterView.X,  true,  false),
        new(MemoryAccess.Prfm,   "prfm",  0b11, 0, 0b10, 8,  RegisterView.X,  false, false),
        new(MemoryAccess.StrFB,  "str",   0b00, 1, 0b00, 1,  RegisterView.B,  false, false),
        new(MemoryAccess.LdrFB,  "ldr",   0b00, 1, 0b01, 1,  RegisterView.B,  true,  false),
        new(MemoryAccess.StrFH,  "str",   0b01, 1, 0b00, 2,  RegisterView.H,  false, false),
        new(MemoryAccess.LdrFH,  "ldr",   0b01, 1, 0b01, 2,  RegisterView.H,  true,  false),
        new(MemoryAccess.StrFS,  "str",   0b10, 1, 0b00, 4,  RegisterView.S,  false, false),
        new(MemoryAccess.LdrFS,  "ldr",   0b10, 1, 0b01, 4,  RegisterView.S,  true,  false),
        new(MemoryAccess.StrFD,  "str",   0b11, 1, 0b00, 8,  RegisterView.D,  false, false),
        new(MemoryAccess.LdrFD,  "ldr",   0b11, 1, 0b01, 8,  RegisterView.D,  true,  false),
        new(MemoryAccess.StrFQ,  "str",   0b00, 1, 0b10, 16, RegisterView.Q,  false, false),
        new(MemoryAccess.LdrFQ,  "ldr",   0b00, 1, 0b11, 16, RegisterView.Q,  true,  false),
    ];

    public static ref readonly MemoryAccessRow Row(this MemoryAccess access) => ref s_rows[(int)access];

    /// <summary>By size:V:opc, by opc:V of literals, and by opc:V:L of pairs; 0xff where nothing is encoded.</summary>
    private static readonly byte[] s_bySizeVOpc = new byte[32], s_byLiteral = new byte[8], s_byPair = new byte[16];

    static MemoryAccesses()
    {
        s_bySizeVOpc.AsSpan().Fill(0xff);
        s_byLiteral.AsSpan().Fill(0xff);
        s_byPair.AsSpan().Fill(0xff);
        foreach (ref readonly MemoryAccessRow row in Rows)
        {
            s_bySizeVOpc[(row.Size << 3) | (row.V << 2) | row.Opc] = (byte)row.Access;
            bool isPrefetch = row.Access == MemoryAccess.Prfm;
            if ((row.IsLoad || isPrefetch) && row.Bytes >= 4)
            {
                s_byLiteral[(int)((LiteralOpc(row) << 1) | row.V)] = (byte)row.Access;
            }

            if (row.Bytes >= 4 && !isPrefetch)
            {
                s_byPair[(int)((PairOpc(row) << 2) | ((uint)row.V << 1) | (row.IsLoad ? 1u : 0))] = (byte)row.Access;
            }
        }
    }

    public static ReadOnlySpan<MemoryAccessRow> Rows => s_rows;

    /// <summary>Field <c>opc</c> of a literal load: 4, 8 and 16 bytes, or 4 signed, 8 and prefetch.</summary>
    public static uint LiteralOpc(in MemoryAccessRow access) => access.Access switch
    {
        MemoryAccess.LdrSW => 2,
        MemoryAccess.Prfm => 3,
        _ => (uint)access.Bytes >> 3,
    };

    /// <summary>Field <c>opc</c> of a pair.</summary>
    public static uint PairOpc(in MemoryAccessRow access) => access.Access switch
    {
        MemoryAccess.LdrSW => 1,
        _ => access.V != 0 ? (uint)access.Bytes >> 3 : ((uint)access.Bytes >> 3) << 1,
    };

    public static bool TryFind(uint size, uint v, uint opc, out byte access) => TryFind(s_bySizeVOpc, (size << 3) | (v << 2) | opc, out access);

    public static bool TryFindLiteral(uint opc, uint v, out byte access) => TryFind(s_byLiteral, (opc << 1) | v, out access);

    public static bool TryFindPair(uint opc, uint v, uint load, out byte access) => TryFind(s_byPair, (opc << 2) | (v << 1) | load, out access);

    private static bool TryFind(byte[] index, uint key, out byte access)
    {
        access = index[key];
        return access != 0xff;
    }
}
