// Every encoding form once, in the manual's own notation. From a row follow: how the form is encoded (Encode.cs),
// which operands it has and what the allocator may do with them (Operands), and what its tests expect.
//
// A form's r/m operand is a register in "register mode" (MachineInst.Mode == None) and memory otherwise. For both
// modes an OperandEncodingRow says how many operands precede the address registers and which of them go to which field.
using System;
using System.Diagnostics;
using System.Numerics;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.X64;

/// <summary>
/// The encoding column: opcode byte in bits 0–7, then the manual's prefix notation. Without <see cref="Int"/>,
/// <see cref="W1"/> or <see cref="WSize"/> REX.W is 0.
/// </summary>
internal static class EncodingBits
{
    /// <summary>/0 … /7: an opcode extension in ModRM.reg.</summary>
    public const uint Slash0 = 8u << 8, Slash1 = 9u << 8, Slash2 = 10u << 8, Slash3 = 11u << 8,
        Slash4 = 12u << 8, Slash5 = 13u << 8, Slash6 = 14u << 8, Slash7 = 15u << 8;

    public const int DigitShift = 8;
    public const uint HasDigit = 8u << 8;

    /// <summary>Opcode maps: 0F, 0F 38, 0F 3A. Their numbers are those of VEX.mmmmm.</summary>
    public const uint M0F = 1u << 12, M0F38 = 2u << 12, M0F3A = 3u << 12;

    public const int MapShift = 12;

    /// <summary>Mandatory prefixes. Their numbers are those of VEX.pp.</summary>
    public const uint P66 = 1u << 14, F3 = 2u << 14, F2 = 3u << 14;

    public const int PrefixShift = 14;

    /// <summary>A VEX encoding with L = 0.</summary>
    public const uint Vex = 1u << 16;

    public const uint W0 = 0, W1 = 1u << 17;

    /// <summary>W is 1 if Size is 8.</summary>
    public const uint WSize = 1u << 18;

    /// <summary>Integer operand size from Size: 1 clears opcode bit 0 (if the form has a byte size), 2 adds prefix 66, 8 sets REX.W.</summary>
    public const uint Int = 1u << 19;
}

internal enum ImmediateKind : byte
{
    NoImm,

    /// <summary>One byte.</summary>
    Ib,

    /// <summary>Four bytes.</summary>
    Id,

    /// <summary>Eight bytes.</summary>
    Iq,

    /// <summary>As wide as the operation, at most four bytes, sign-extended.</summary>
    Iz,

    /// <summary>One sign-extended byte if the value fits (opcode bit 1 set), else <see cref="Iz"/>.</summary>
    IbOrIz,
}

/// <summary>Register files of ModRM.reg and ModRM.rm (VEX.vvvv is in the file of reg, or of rm if there is no reg): G general, X xmm.</summary>
internal enum RegisterFiles : byte
{
    GG,
    XX,
    XG,
    GX,
}

[Flags]
internal enum FormTraits : ushort
{
    Plain = 0,
    ReadsFlags = 1,
    WritesFlags = 2,

    /// <summary>The two sources may be exchanged.</summary>
    Commutative = 4,

    /// <summary>Traps without touching memory.</summary>
    MayTrap = 8,
    Terminator = 16,

    /// <summary>Emitted with the lock prefix.</summary>
    Lock = 32,

    /// <summary>Atomic on memory without a prefix.</summary>
    ImplicitLock = 64,

    /// <summary>The opcode's low four bits are the condition code.</summary>
    Cond = 128,

    /// <summary>The r/m operand is a byte register whatever Size says.</summary>
    ByteRm = 256,

    /// <summary>Computes the address, does not access it.</summary>
    Address = 512,

    /// <summary>Keeps the upper part of the destination; emission zeroes it first to break the false dependency.</summary>
    BreakDependency = 1024,

    /// <summary>The memory form means something else or reads more than a spill slot holds: r/m must be a register.</summary>
    NoSpillSlot = 2048,
}

/// <summary>One encoding form.</summary>
/// <param name="Form">Index of the row.</param>
/// <param name="Mnemonic">Without the condition suffix.</param>
/// <param name="Operands">Which operand goes to which field.</param>
/// <param name="Files">Register files.</param>
/// <param name="Sizes">Set of permitted values of Size, each its own bit; 0 if Size means nothing.</param>
/// <param name="Encoding">See <see cref="EncodingBits"/>.</param>
/// <param name="Immediate">Width of the immediate.</param>
/// <param name="Needs">The CPU features without which the form does not exist.</param>
/// <param name="Traits">The rest.</param>
internal readonly record struct InstructionRow(
    X64Form Form, string Mnemonic, OperandEncoding Operands, RegisterFiles Files, byte Sizes, uint Encoding,
    ImmediateKind Immediate, X64Features Needs, FormTraits Traits)
{
    public byte Opcode => (byte)Encoding;

    public bool HasDigit => (Encoding & EncodingBits.HasDigit) != 0;

    public int Digit => (int)(Encoding >> EncodingBits.DigitShift) & 7;

    public int Map => (int)(Encoding >> EncodingBits.MapShift) & 3;

    public int Prefix => (int)(Encoding >> EncodingBits.PrefixShift) & 3;

    public bool IsVex => (Encoding & EncodingBits.Vex) != 0;

    public bool Has(FormTraits traits) => (Traits & traits) != 0;

    public bool IsRegisterInOpcode => Operands is OperandEncoding.DefO or OperandEncoding.UseO or OperandEncoding.ReuseO;

    /// <summary>mfence has the one fixed ModRM byte, its digit with rm 0.</summary>
    public bool HasModRm => Operands switch
    {
        OperandEncoding.ZO => HasDigit,
        OperandEncoding.ExtendAx or OperandEncoding.ExtendDx => false,
        _ when IsRegisterInOpcode => false,
        _ => true,
    };

    public RegClass RegFile => Files is RegisterFiles.XX or RegisterFiles.XG ? RegClass.Float : RegClass.Int;

    public RegClass RmFile => Files is RegisterFiles.XX or RegisterFiles.GX ? RegClass.Float : RegClass.Int;

    /// <summary>Whether a register in r/m may be a spill slot instead: slots may be 8 bytes only.</summary>
    public bool AllowsSpillSlot => MaxSize <= 8 && !Has(FormTraits.NoSpillSlot);

    /// <summary>Widest permitted Size.</summary>
    public int MaxSize => Sizes == 0 ? 0 : 1 << BitOperations.Log2(Sizes);
}

internal static partial class InstructionTable
{
    // Sizes column.
    private const byte B = 1, W = 2, D = 4, Q = 8, O = 16, DQ = D | Q, WDQ = W | DQ, BWDQ = B | WDQ;

    // Needs column: what every x86-64 processor has.
    private const X64Features Any = X64Features.None;

    private static readonly InstructionRow[] s_rows = Concat(IntegerRows(), FloatRows(), PackedRows());

    /// <summary>Whether <paramref name="form"/> has a row (the others are pseudo-instructions).</summary>
    public static bool IsEncoded(X64Form form) => (uint)form - 1u < (uint)(s_rows.Length - 1);

    /// <summary>The row of an encoded form.</summary>
    public static ref readonly InstructionRow Row(X64Form form)
    {
        Debug.Assert(IsEncoded(form));
        return ref s_rows[(int)form];
    }

    public static ReadOnlySpan<InstructionRow> Rows => s_rows.AsSpan(1);

    /// <summary>
    /// The operands of a form before its address registers: what lowering adds for each register it passes, in order.
    /// </summary>
    /// <param name="form">An encoded form.</param>
    /// <param name="memory">Whether the r/m operand is memory (Mode is not None).</param>
    public static ReadOnlySpan<OperandTemplate> Operands(X64Form form, bool memory) => 
        memory ? Row(form).Operands.Row().Memory : Row(form).Operands.Row().Register(Row(form).AllowsSpillSlot);

    private static InstructionRow[] Concat(params ReadOnlySpan<InstructionRow[]> parts)
    {
        int count = 1;
        foreach (InstructionRow[] part in parts)
        {
            count += part.Length;
        }

        InstructionRow[] rows = new InstructionRow[count];
        count = 1;
        foreach (InstructionRow[] part in parts)
        {
            part.CopyTo(rows, count);
            count += part.Length;
        }

        return rows;
    }
}
