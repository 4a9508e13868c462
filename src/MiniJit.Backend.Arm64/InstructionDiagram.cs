// A bit diagram in the notation of the Arm Architecture Reference Manual, read once: 32 bits from the left, "0" and "1" fixed, names
// for fields. "sf 0 0 100010 sh imm12 Rn Rd" is ADD (immediate).
using System;
using System.Diagnostics;

namespace MiniJit.Backend.Arm64;

/// <summary>The fields that diagrams name. Rt, Rt2 and Rs are the manual's other names of the register fields at the same place.</summary>
internal enum DiagramField : byte
{
    Rd, Rn, Rm, Ra,
    Sf, Ftype, Q, Size, Sz, V, Opc, Option, S, A, R, L,
    Sh, Hw, N, Immr, Imms, Shift, Cond, Nzcv, Immlo, Immhi, B5, B40,
    Imm3, Imm5, Imm6, Imm7, Imm8, Imm9, Imm12, Imm14, Imm16, Imm19, Imm26, Scale, Hint, CRm, SysReg, SysOp,
    H, M, Immh, Immb, Imm4, Len, Lsl, Cmode, Abc, Defgh, Rot, Ssize,
    Count,
}

/// <summary>Where a field lies: its lowest bit and its width; width 0 is "not in this diagram".</summary>
internal readonly record struct FieldPlace(byte Shift, byte Width)
{
    public uint Mask => ((1u << Width) - 1) << Shift;

    public uint Extract(uint word) => (word >> Shift) & ((1u << Width) - 1);

    public uint Insert(uint value)
    {
        Debug.Assert(value >> Width == 0);
        return value << Shift;
    }
}

/// <summary>A parsed diagram.</summary>
internal sealed class InstructionDiagram
{
    private static readonly (string Name, DiagramField Field, byte Width)[] s_names =
    [
        ("Rd", DiagramField.Rd, 5), ("Rt", DiagramField.Rd, 5), ("Rn", DiagramField.Rn, 5), ("Rm", DiagramField.Rm, 5),
        ("Rs", DiagramField.Rm, 5), ("Ra", DiagramField.Ra, 5), ("Rt2", DiagramField.Ra, 5),
        ("sf", DiagramField.Sf, 1), ("ftype", DiagramField.Ftype, 2), ("Q", DiagramField.Q, 1), ("size", DiagramField.Size, 2),
        ("sz", DiagramField.Sz, 1), ("V", DiagramField.V, 1), ("opc", DiagramField.Opc, 2), ("option", DiagramField.Option, 3),
        ("S", DiagramField.S, 1), ("A", DiagramField.A, 1), ("R", DiagramField.R, 1), ("L", DiagramField.L, 1),
        ("sh", DiagramField.Sh, 1), ("hw", DiagramField.Hw, 2), ("N", DiagramField.N, 1), ("immr", DiagramField.Immr, 6),
        ("imms", DiagramField.Imms, 6), ("shift", DiagramField.Shift, 2), ("cond", DiagramField.Cond, 4), ("nzcv", DiagramField.Nzcv, 4),
        ("immlo", DiagramField.Immlo, 2), ("immhi", DiagramField.Immhi, 19), ("b5", DiagramField.B5, 1), ("b40", DiagramField.B40, 5),
        ("imm3", DiagramField.Imm3, 3), ("imm5", DiagramField.Imm5, 5), ("imm6", DiagramField.Imm6, 6), ("imm7", DiagramField.Imm7, 7),
        ("imm8", DiagramField.Imm8, 8), ("imm9", DiagramField.Imm9, 9), ("imm12", DiagramField.Imm12, 12), ("imm14", DiagramField.Imm14, 14),
        ("imm16", DiagramField.Imm16, 16), ("imm19", DiagramField.Imm19, 19), ("imm26", DiagramField.Imm26, 26),
        ("scale", DiagramField.Scale, 6), ("hint", DiagramField.Hint, 7), ("CRm", DiagramField.CRm, 4), ("sysreg", DiagramField.SysReg, 15),
        ("sysop", DiagramField.SysOp, 14), ("H", DiagramField.H, 1), ("M", DiagramField.M, 1), ("immh", DiagramField.Immh, 4),
        ("immb", DiagramField.Immb, 3), ("imm4", DiagramField.Imm4, 4), ("len", DiagramField.Len, 2), ("lsl", DiagramField.Lsl, 2),
        ("cmode", DiagramField.Cmode, 4), ("abc", DiagramField.Abc, 3), ("defgh", DiagramField.Defgh, 5), ("rot", DiagramField.Rot, 1),
        ("Ssize", DiagramField.Ssize, 3),
    ];

    private readonly FieldPlace[] _places = new FieldPlace[(int)DiagramField.Count];

    /// <summary>Reads a diagram.</summary>
    /// <exception cref="FormatException">It does not have 32 bits, or names an unknown field.</exception>
    public InstructionDiagram(string text)
    {
        int bit = 32;
        foreach (Range range in text.AsSpan().Split(' '))
        {
            ReadOnlySpan<char> token = text.AsSpan(range);
            if (token.IsEmpty)
            {
                continue;
            }

            if (token[0] is '0' or '1')
            {
                foreach (char digit in token)
                {
                    bit--;
                    FixedMask |= 1u << bit;
                    FixedBits |= digit == '1' ? 1u << bit : 0;
                }

                continue;
            }

            (DiagramField field, byte width) = Find(token);
            bit -= width;
            _places[(int)field] = new((byte)bit, width);
        }

        if (bit != 0)
        {
            throw new FormatException($"'{text}' has {32 - bit} bits.");
        }
    }

    /// <summary>Which bits are fixed, and to what.</summary>
    public uint FixedMask { get; }

    public uint FixedBits { get; }

    /// <summary>Where a field lies.</summary>
    public FieldPlace this[DiagramField field] => _places[(int)field];

    public bool Has(DiagramField field) => _places[(int)field].Width != 0;

    private static (DiagramField Field, byte Width) Find(ReadOnlySpan<char> name)
    {
        foreach ((string known, DiagramField field, byte width) in s_names)
        {
            if (name.SequenceEqual(known))
            {
                return (field, width);
            }
        }

        throw new FormatException($"There is no field '{name}'.");
    }
}
