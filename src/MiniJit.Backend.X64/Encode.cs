// From a row, its fields and an r/m operand to bytes. There are two layouts: legacy (prefixes, REX, opcode map, opcode)
// and VEX; both end in ModRM, SIB, displacement and immediate. Encoders know registers, never IR.
//
// Intel SDM volume 2, chapter 2. The caller has announced the instruction to the buffer, so there is room.
using System;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniJit.Codegen;
using MiniJit.Codegen.Emission;
using MiniJit.Codegen.Machine;

namespace MiniJit.Backend.X64;

internal enum RmKind : byte
{
    Register,
    Memory,

    /// <summary>[rip + label + displacement].</summary>
    Label,

    /// <summary>[rip + symbol + displacement].</summary>
    Symbol,

    /// <summary>[rip + table slot of the symbol].</summary>
    GotSlot,
}

/// <summary>A resolved r/m operand.</summary>
internal readonly struct Rm
{
    private const sbyte NoRegister = -1;

    public readonly RmKind Kind;

    /// <summary>Encoding of the register or base; −1 if there is no base.</summary>
    public readonly sbyte Base;

    /// <summary>Encoding of the index register or −1.</summary>
    public readonly sbyte Index;

    /// <summary>Index scale, as a shift.</summary>
    public readonly byte Scale;

    public readonly int Disp;

    /// <summary>Label or symbol index.</summary>
    public readonly int Data;

    private Rm(RmKind kind, int baseRegister, int index, int scale, int disp, int data)
    {
        Debug.Assert(index != 4, "rsp cannot be an index");
        Kind = kind;
        Base = (sbyte)baseRegister;
        Index = (sbyte)index;
        Scale = (byte)scale;
        Disp = disp;
        Data = data;
    }

    /// <summary>The same memory <paramref name="bytes"/> further on.</summary>
    public Rm Plus(int bytes) => new(Kind, Base, Index, Scale, Disp + bytes, Data);

    public static Rm Register(PReg register) => new(RmKind.Register, register.Encoding, NoRegister, 0, 0, 0);

    public static Rm Memory(PReg baseRegister, int disp) => new(RmKind.Memory, baseRegister.Encoding, NoRegister, 0, disp, 0);

    public static Rm Memory(PReg baseRegister, PReg index, int scale, int disp) =>
        new(RmKind.Memory, baseRegister.Encoding, index.Encoding, scale, disp, 0);

    public static Rm Indexed(PReg index, int scale, int disp) => new(RmKind.Memory, NoRegister, index.Encoding, scale, disp, 0);

    public static Rm OfLabel(Label label, int disp) => new(RmKind.Label, NoRegister, NoRegister, 0, disp, label.Index);

    public static Rm OfSymbol(int symbol, int disp) => new(RmKind.Symbol, NoRegister, NoRegister, 0, disp, symbol);

    public static Rm GotSlot(int symbol) => new(RmKind.GotSlot, NoRegister, NoRegister, 0, 0, symbol);

    public bool IsRegister => Kind == RmKind.Register;
}

/// <summary>Registers by their encodings, and the rest of what a row leaves open.</summary>
internal struct EncodedFields
{
    public int Reg, Vvvv, Is4;
    public byte Condition;
    public long Imm;
}

internal static partial class Encode
{
    /// <summary>Writes one instruction.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="row">The form.</param>
    /// <param name="size">Operation size in bytes, where the form has several.</param>
    /// <param name="rm">The r/m operand; for forms with a register in the opcode, that register.</param>
    /// <param name="fields">Everything else.</param>
    public static void Instruction(MachineBuffer buffer, in InstructionRow row, int size, in Rm rm, in EncodedFields fields)
    {
        Debug.Assert((row.Encoding & (EncodingBits.Int | EncodingBits.WSize)) == 0 || (row.Sizes & size) != 0, "size not in the row");
        int reg = row.HasDigit ? row.Digit : fields.Reg;
        bool wide = (row.Encoding & EncodingBits.W1) != 0
            || (size == 8 && (row.Encoding & (EncodingBits.WSize | EncodingBits.Int)) != 0);
        uint opcode = row.Opcode;
        if (row.Has(FormTraits.Cond))
        {
            opcode |= fields.Condition;
        }

        int immBytes = ImmediateBytes(row, size, fields.Imm, ref opcode);
        Span<byte> code = buffer.Tail;
        int n = row.IsVex
            ? Vex(code, row, wide, reg, fields.Vvvv, rm, opcode)
            : Legacy(code, row, size, wide, reg, rm, opcode);

        int displacement = -1;
        if (row.HasModRm)
        {
            n = ModRm(code, n, reg, rm, out displacement);
        }

        n = Immediate(code, n, immBytes, row.Operands == OperandEncoding.RVMR ? fields.Is4 << 4 : fields.Imm);
        int start = buffer.Offset;
        buffer.Advance(n);
        if (displacement >= 0)
        {
            ResolveRip(buffer, rm, start + displacement, start + n);
        }
    }

    /// <summary>Width of the immediate; picks the short form of the opcode where there is one.</summary>
    private static int ImmediateBytes(in InstructionRow row, int size, long imm, ref uint opcode)
    {
        switch (row.Immediate)
        {
            case ImmediateKind.NoImm:
                return row.Operands == OperandEncoding.RVMR ? 1 : 0;
            case ImmediateKind.Ib:
                return 1;
            case ImmediateKind.Id:
                return 4;
            case ImmediateKind.Iq:
                return 8;
            case ImmediateKind.IbOrIz when size > 1 && Simm32.Normalize(imm, size) is >= sbyte.MinValue and <= sbyte.MaxValue:
                opcode |= 2;
                return 1;
            default:
                Debug.Assert(Simm32.TryCreate(imm, size, out _));
                return Math.Min(size, 4);
        }
    }

    private static int Immediate(Span<byte> code, int n, int bytes, long value)
    {
        switch (bytes)
        {
            case 0:
                break;
            case 1:
                code[n] = (byte)value;
                break;
            case 2:
                BinaryPrimitives.WriteInt16LittleEndian(code[n..], (short)value);
                break;
            case 4:
                BinaryPrimitives.WriteInt32LittleEndian(code[n..], (int)value);
                break;
            default:
                BinaryPrimitives.WriteInt64LittleEndian(code[n..], value);
                break;
        }

        return n + bytes;
    }

    // [F0] [66] [66|F3|F2] [REX 0100WRXB] [0F [38|3A]] opcode
    private static int Legacy(Span<byte> code, in InstructionRow row, int size, bool wide, int reg, in Rm rm, uint opcode)
    {
        int n = 0;
        bool isInt = (row.Encoding & EncodingBits.Int) != 0, isByte = isInt && size == 1 && (row.Sizes & 1) != 0;
        if (row.Has(FormTraits.Lock))
        {
            code[n++] = 0xF0;
        }

        if (isInt && size == 2)
        {
            code[n++] = 0x66;
        }

        if (row.Prefix != 0)
        {
            code[n++] = PrefixByte(row.Prefix);
        }

        int rex = (wide ? 8 : 0) | ((reg & 8) >> 1) | RexXB(rm);
        bool byteReg = isByte && !row.HasDigit && reg >= 4, byteRm = rm.IsRegister && rm.Base >= 4 && (isByte || row.Has(FormTraits.ByteRm));
        if (rex != 0 || byteReg || byteRm)
        {
            code[n++] = (byte)(0x40 | rex);                    // also turns ah, ch, dh, bh into spl, bpl, sil, dil
        }

        if (row.Map != 0)
        {
            code[n++] = 0x0F;
            if (row.Map > 1)
            {
                code[n++] = row.Map == 2 ? (byte)0x38 : (byte)0x3A;
            }
        }

        if (isByte)
        {
            opcode &= ~1u;
        }

        if (row.IsRegisterInOpcode)
        {
            opcode |= (uint)rm.Base & 7;
        }

        code[n++] = (byte)opcode;
        return n;
    }

    // C5 RvvvvLpp opcode, or C4 RXBmmmmm WvvvvLpp opcode, with R, X, B and vvvv inverted
    private static int Vex(Span<byte> code, in InstructionRow row, bool wide, int reg, int vvvv, in Rm rm, uint opcode)
    {
        int rxb = ((reg & 8) >> 1) | RexXB(rm);
        int tail = ((~vvvv & 15) << 3) | row.Prefix;
        if ((rxb & 3) == 0 && !wide && row.Map == 1)
        {
            code[0] = 0xC5;
            code[1] = (byte)(((~rxb & 4) << 5) | tail);
            code[2] = (byte)opcode;
            return 3;
        }

        code[0] = 0xC4;
        code[1] = (byte)(((~rxb & 7) << 5) | row.Map);
        code[2] = (byte)((wide ? 0x80 : 0) | tail);
        code[3] = (byte)opcode;
        return 4;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int RexXB(in Rm rm) => (rm.Index >= 8 ? 2 : 0) | (rm.Base >= 8 ? 1 : 0);

    private static byte PrefixByte(int prefix) => prefix switch { 1 => 0x66, 2 => 0xF3, _ => 0xF2 };
}
