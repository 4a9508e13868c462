// One instruction of a litmus test, as text, to the instruction that it stands for. The tests use a small part of A64 in its plainest
// syntax; aliases are resolved here, everything else is a row of the instruction table.
using System;
using System.Collections.Generic;
using System.Globalization;
using MiniJit.Backend.Arm64;

namespace MiniJit.Coherence.Litmus;

internal static class LitmusAssembler
{
    private const long ElrEl1 = 0b1_000_0100_0000_001;        // S3_0_C4_C0_1

    private static readonly string[] s_conditions = ["EQ", "NE", "HS", "LO", "MI", "PL", "VS", "VC", "HI", "LS", "GE", "LT", "GT", "LE", "AL"];

    private static readonly (string Name, int CRm)[] s_barriers =
    [
        ("OSHLD", 1), ("OSHST", 2), ("OSH", 3), ("NSHLD", 5), ("NSHST", 6), ("NSH", 7), ("ISHLD", 9), ("ISHST", 10), ("ISH", 11), ("LD", 13),
        ("ST", 14), ("SY", 15),
    ];

    // op1:CRn:CRm:op2
    private static readonly (string Name, int Operation, bool HasAddress)[] s_cacheOperations =
    [
        ("IC IALLU", 0b000_0111_0101_000, false), ("IC IALLUIS", 0b000_0111_0001_000, false), ("IC IVAU", 0b011_0111_0101_001, true),
        ("DC CVAU", 0b011_0111_1011_001, true), ("DC CVAC", 0b011_0111_1010_001, true), ("DC CIVAC", 0b011_0111_1110_001, true),
    ];

    private static readonly (string Name, A64Form Register, A64Form Immediate)[] s_arithmetic =
    [
        ("ADD", A64Form.AddShifted, A64Form.AddImm), ("SUB", A64Form.SubShifted, A64Form.SubImm), ("ADDS", A64Form.AddsShifted, A64Form.AddsImm),
        ("SUBS", A64Form.SubsShifted, A64Form.SubsImm), ("AND", A64Form.And, A64Form.AndImm), ("ORR", A64Form.Orr, A64Form.OrrImm),
        ("EOR", A64Form.Eor, A64Form.EorImm), ("ANDS", A64Form.Ands, A64Form.AndsImm),
    ];

    /// <summary>Translates one instruction.</summary>
    /// <param name="text">The instruction, without label and comment.</param>
    /// <param name="position">Where it stands, for distances to labels.</param>
    /// <param name="label">The position of a label, or −1.</param>
    /// <param name="instruction">The result.</param>
    /// <returns>Whether it is one of those that tests use.</returns>
    public static bool TryParse(string text, int position, Func<string, int> label, out A64Instruction instruction)
    {
        instruction = default;
        string upper = text.Trim().ToUpperInvariant().Replace('\t', ' ');
        int blank = upper.IndexOf(' ', StringComparison.Ordinal);
        string mnemonic = blank < 0 ? upper : upper[..blank];
        List<string> operands = blank < 0 ? [] : Split(text.Trim()[blank..]);
        return TryBranch(mnemonic, operands, position, label, ref instruction)
            || TrySystem(mnemonic, upper, operands, ref instruction)
            || TryMemory(mnemonic, operands, ref instruction)
            || TryData(mnemonic, operands, position, label, ref instruction);
    }

    /// <summary>The text of an instruction: the inverse, as far as states show it.</summary>
    public static string Format(in A64Instruction instruction) => instruction.Form switch
    {
        A64Form.Hint when instruction.Imm == 0 => "NOP",
        A64Form.B => $"B .{instruction.Imm:+0;-0}",
        A64Form.Bl => $"BL .{instruction.Imm:+0;-0}",
        A64Form.Isb => "ISB",
        A64Form.Movz => $"MOV {Name(instruction.Rd, instruction.Size)},#{instruction.Imm << (16 * instruction.Aux)}",
        _ => string.Create(CultureInfo.InvariantCulture, $".inst 0x{Encode.Instruction(instruction):x8}"),
    };

    private static string Name(int register, int size) => (size == 8 ? "X" : "W") + register.ToString(CultureInfo.InvariantCulture);

    // Commas separate operands, but not within brackets.
    private static List<string> Split(string text)
    {
        List<string> parts = [];
        int start = 0, depth = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            char c = i < text.Length ? text[i] : ',';
            depth += c == '[' ? 1 : c == ']' ? -1 : 0;
            if (c == ',' && depth == 0)
            {
                parts.Add(text[start..i].Trim());
                start = i + 1;
            }
        }

        return parts;
    }

    private static bool TryRegister(string text, out int number, out int size)
    {
        string name = text.ToUpperInvariant();
        size = name.StartsWith('X') || name == "SP" ? 8 : 4;
        number = 31;
        return name is "WZR" or "XZR"
            || (name.Length > 1 && name[0] is 'W' or 'X' && int.TryParse(name.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out number) && number < 31);
    }

    private static bool TryImmediate(string text, out long value)
    {
        ReadOnlySpan<char> digits = text.AsSpan().TrimStart('#').Trim();
        return digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? long.TryParse(digits[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value)
            : long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
    }

    // A label, or ".+12".
    private static bool TryDistance(string text, int position, Func<string, int> label, out long distance)
    {
        if (text.StartsWith('.'))
        {
            return TryImmediate(text[1..], out distance);
        }

        int target = label(text);
        distance = (target - position) * 4L;
        return target >= 0;
    }

    private static bool TryBranch(string mnemonic, List<string> operands, int position, Func<string, int> label, ref A64Instruction result)
    {
        int condition = mnemonic.StartsWith("B.", StringComparison.Ordinal) ? Array.IndexOf(s_conditions, mnemonic[2..]) : -1;
        A64Form form = condition >= 0 ? A64Form.BCond : mnemonic switch
        {
            "B" => A64Form.B,
            "BL" => A64Form.Bl,
            "CBZ" => A64Form.Cbz,
            "CBNZ" => A64Form.Cbnz,
            "TBZ" => A64Form.Tbz,
            "TBNZ" => A64Form.Tbnz,
            "BR" => A64Form.Br,
            "BLR" => A64Form.Blr,
            "RET" => A64Form.Ret,
            "ERET" => A64Form.Eret,
            _ => A64Form.None,
        };
        result = new(form, 0);
        switch (form)
        {
            case A64Form.None:
                return false;
            case A64Form.Eret:
                return operands.Count == 0;
            case A64Form.Br or A64Form.Blr or A64Form.Ret:
                result.Rn = 30;
                return (form == A64Form.Ret && operands.Count == 0) || (operands.Count == 1 && TryRegisterInto(operands[0], ref result.Rn, out _));
        }

        int registers = form is A64Form.Cbz or A64Form.Cbnz ? 1 : form is A64Form.Tbz or A64Form.Tbnz ? 2 : 0;
        if (operands.Count != registers + 1 || !TryDistance(operands[^1], position, label, out result.Imm))
        {
            return false;
        }

        result.Cond = (byte)Math.Max(condition, 0);
        int size = 0;
        if (registers > 0 && !TryRegisterInto(operands[0], ref result.Rd, out size))
        {
            return false;
        }

        result.Size = (byte)size;
        if (registers == 2)
        {
            if (!TryImmediate(operands[1], out long bit) || bit is < 0 or > 63)
            {
                return false;
            }

            result.Aux = (byte)bit;
            result.Size = (byte)(bit > 31 ? 8 : 4);
        }

        return true;
    }

    private static bool TryRegisterInto(string text, ref byte field, out int size)
    {
        bool found = TryRegister(text, out int number, out size);
        field = (byte)number;
        return found;
    }

    private static bool TrySystem(string mnemonic, string upper, List<string> operands, ref A64Instruction result)
    {
        switch (mnemonic)
        {
            case "NOP":
                result = new(A64Form.Hint, 0);
                return true;
            case "ISB":
                result = new(A64Form.Isb, 0) { Imm = 15 };
                return true;
            case "DSB" or "DMB":
                result = new(mnemonic == "DSB" ? A64Form.Dsb : A64Form.Dmb, 0) { Imm = 15 };
                return operands.Count == 0 || TryLookUp(s_barriers, operands[0], out result.Imm);
            case "UDF" or "SVC" or "BRK":
                result = new(mnemonic == "UDF" ? A64Form.Udf : mnemonic == "SVC" ? A64Form.Svc : A64Form.Brk, 0);
                return operands.Count == 1 && (TryImmediate(operands[0], out result.Imm) || (mnemonic == "SVC" && SystemCall.TryFind(operands[0], out result.Imm)));
            case "MSR":
                result = new(A64Form.Msr, 0) { Imm = ElrEl1 };
                return operands is [string target, string source] && target.Equals("ELR_EL1", StringComparison.OrdinalIgnoreCase) && TryRegisterInto(source, ref result.Rd, out _);
            case "MRS":
                result = new(A64Form.Mrs, 0) { Imm = ElrEl1 };
                return operands is [string register, string system] && system.Equals("ELR_EL1", StringComparison.OrdinalIgnoreCase) && TryRegisterInto(register, ref result.Rd, out _);
            case "DC" or "IC":
                return TryCacheOperation(upper, ref result);
            default:
                return false;
        }
    }

    private static bool TryLookUp((string Name, int Value)[] table, string name, out long value)
    {
        foreach ((string known, int number) in table)
        {
            if (known.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                value = number;
                return true;
            }
        }

        value = 0;
        return false;
    }

    private static bool TryCacheOperation(string upper, ref A64Instruction result)
    {
        string[] words = upper.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries);
        foreach ((string name, int operation, bool hasAddress) in s_cacheOperations)
        {
            if (words.Length == (hasAddress ? 3 : 2) && name == $"{words[0]} {words[1]}")
            {
                result = new(A64Form.Sys, 0) { Imm = operation, Rd = 31 };
                return !hasAddress || TryRegisterInto(words[2], ref result.Rd, out _);
            }
        }

        return false;
    }

    private static bool TryMemory(string mnemonic, List<string> operands, ref A64Instruction result)
    {
        bool isLoad = mnemonic is "LDR" or "LDAR", isOrdered = mnemonic is "LDAR" or "STLR";
        if (mnemonic is not ("LDR" or "STR" or "LDAR" or "STLR") || operands.Count != 2 || !operands[1].StartsWith('[') || !operands[1].EndsWith(']')
            || !TryRegister(operands[0], out int register, out int size))
        {
            return false;
        }

        List<string> address = Split(operands[1][1..^1]);
        if (!TryRegister(address[0], out int baseRegister, out _))
        {
            return false;
        }

        MemoryAccess access = size == 8 ? isLoad ? MemoryAccess.LdrX : MemoryAccess.StrX : isLoad ? MemoryAccess.LdrW : MemoryAccess.StrW;
        result = new(A64Form.LoadStoreUnsigned, 0) { Rd = (byte)register, Rn = (byte)baseRegister, Aux = (byte)access };
        if (isOrdered)
        {
            result = new(isLoad ? A64Form.Ldar : A64Form.Stlr, 0) { Rd = (byte)register, Rn = (byte)baseRegister, Lane = (byte)(size == 8 ? 3 : 2) };
            return address.Count == 1;
        }

        if (address.Count == 1 || TryImmediate(address[1], out result.Imm))
        {
            return result.Imm >= 0 && result.Imm % size == 0;
        }

        result.Form = A64Form.LoadStoreRegister;
        result.Cond = (byte)Extend.Uxtx;
        if (!TryRegisterInto(address[1], ref result.Rm, out _))
        {
            return false;
        }

        if (address.Count == 3)
        {
            string[] extension = address[2].ToUpperInvariant().Split([' ', '#'], StringSplitOptions.RemoveEmptyEntries);
            result.Cond = (byte)(extension[0] switch
            {
                "SXTW" => Extend.Sxtw,
                "UXTW" => Extend.Uxtw,
                "SXTX" => Extend.Sxtx,
                _ => Extend.Uxtx,
            });
            result.Imm = extension.Length > 1 && extension[1] != "0" ? 1 : 0;
        }

        return true;
    }

    private static bool TryData(string mnemonic, List<string> operands, int position, Func<string, int> label, ref A64Instruction result)
    {
        if (operands.Count < 2 || (mnemonic is not "CMP" && !TryRegister(operands[0], out _, out _)))
        {
            return false;
        }

        _ = TryRegister(operands[0], out int destination, out int size);
        result = new(A64Form.None, size) { Rd = (byte)destination };
        switch (mnemonic)
        {
            case "ADR":
                result.Form = A64Form.Adr;
                result.Size = 0;
                return TryDistance(operands[1], position, label, out result.Imm);
            case "MOV" when TryRegister(operands[1], out int source, out _):
                result.Form = A64Form.Orr;
                result.Rn = 31;
                result.Rm = (byte)source;
                return true;
            case "MOV":
                result.Form = A64Form.Movz;
                return TryImmediate(operands[1], out result.Imm) && result.Imm is >= 0 and <= ushort.MaxValue;
            case "CMP":
                return TryArithmetic(A64Form.SubsShifted, A64Form.SubsImm, ["XZR", .. operands], size, ref result);
            case "CSET":
                // cset d, c => csinc d, zr, zr, !c
                result.Form = A64Form.Csinc;
                (result.Rn, result.Rm) = (31, 31);
                return TryCondition(operands[1], out int condition) && SetCondition(ref result, condition ^ 1);
            case "CSEL":
                result.Form = A64Form.Csel;
                return operands.Count == 4 && TryRegisterInto(operands[1], ref result.Rn, out _) && TryRegisterInto(operands[2], ref result.Rm, out _)
                    && TryCondition(operands[3], out condition) && SetCondition(ref result, condition);
        }

        foreach ((string name, A64Form register, A64Form immediate) in s_arithmetic)
        {
            if (name == mnemonic)
            {
                return TryArithmetic(register, immediate, operands, size, ref result);
            }
        }

        return false;
    }

    private static bool TryCondition(string text, out int condition)
    {
        condition = Array.IndexOf(s_conditions, text.ToUpperInvariant());
        return condition >= 0;
    }

    private static bool SetCondition(ref A64Instruction result, int condition)
    {
        result.Cond = (byte)condition;
        return true;
    }

    private static bool TryArithmetic(A64Form register, A64Form immediate, List<string> operands, int size, ref A64Instruction result)
    {
        result = new(register, size);
        if (operands.Count != 3 || !TryRegisterInto(operands[0], ref result.Rd, out _) || !TryRegisterInto(operands[1], ref result.Rn, out _))
        {
            return false;
        }

        if (TryRegisterInto(operands[2], ref result.Rm, out _))
        {
            return true;
        }

        result.Form = immediate;
        result.Rm = 0;
        return TryImmediate(operands[2], out result.Imm) && result.Imm is >= 0 and < 4096
            && (immediate is A64Form.AddImm or A64Form.SubImm or A64Form.AddsImm or A64Form.SubsImm || BitmaskImm.TryCreate((ulong)result.Imm, size, out _));
    }
}
