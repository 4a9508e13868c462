// For every row: instructions with representative operands, and what an assembler's syntax says they are. The expected
// text is made from the row and the manual's operand order alone, so that a disassembler is an independent judge.
using System;
using System.Collections.Generic;
using System.Globalization;
using MiniJit.Codegen.Machine;

namespace MiniJit.Backend.X64.Tests;

internal sealed record Sample(X64Form Form, int Size, PReg[] Registers, AddressMode Mode, int Disp, int Scale, long Imm, int Cond, string Mnemonic, string[] Operands)
{
    public string Text => Mnemonic + (Operands.Length == 0 ? "" : " " + string.Join(", ", Operands));
}

internal static class FormSamples
{
    private static readonly string[] s_names64 = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];
    private static readonly string[] s_names32 = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"];
    private static readonly string[] s_names16 = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w"];
    private static readonly string[] s_names8 = ["al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b"];

    // (reg, vvvv, rm, is4): low, high, byte registers that need a REX, and equal ones.
    private static readonly (int Reg, int V, int Rm, int Is4)[] s_registers =
        [(1, 2, 3, 5), (9, 10, 11, 12), (6, 7, 5, 4), (0, 8, 13, 15), (14, 1, 7, 9), (4, 15, 12, 0)];

    // (base, index, scale, disp); −1 is none. rsp, rbp, r12 and r13 have encodings of their own as a base.
    private static readonly (int Base, int Index, int Scale, int Disp)[] s_addresses =
    [
        (1, -1, 0, 0), (4, -1, 0, 0), (5, -1, 0, 0), (12, -1, 0, 0), (13, -1, 0, 0),
        (4, -1, 0, 8), (5, -1, 0, -128), (12, -1, 0, 127), (13, -1, 0, 128), (10, -1, 0, -129), (4, -1, 0, 0x12345678),
        (3, 0, 0, 0), (4, 5, 1, 0), (5, 9, 2, 0), (13, 12, 3, 0), (12, 13, 2, 64), (9, 1, 3, -4096), (-1, 6, 2, 16), (-1, 12, 3, 0x1000),
    ];

    public static IEnumerable<Sample> Of(X64Form form)
    {
        InstructionRow row = InstructionTable.Row(form);
        OperandEncodingRow encoding = row.Operands.Row();
        for (int size = 1; size <= 16; size *= 2)
        {
            if ((row.Sizes & size) == 0 && !(row.Sizes == 0 && size == 8))
            {
                continue;
            }

            foreach (long imm in Immediates(row, size))
            {
                for (int i = 0; i < s_registers.Length && encoding.HasRegisterMode; i++)
                {
                    yield return Make(row, size, false, s_registers[i], default, imm, (i * 5) & 15);
                }

                for (int i = 0; i < s_addresses.Length && encoding.HasMemoryMode; i++)
                {
                    yield return Make(row, size, true, s_registers[i % s_registers.Length], s_addresses[i], imm, i & 15);
                }
            }
        }
    }

    private static long[] Immediates(in InstructionRow row, int size) => row.Immediate switch
    {
        ImmediateKind.NoImm => [0],
        ImmediateKind.Ib => [5],
        ImmediateKind.Id => [0x12345678, -2],
        ImmediateKind.Iq => [0x123456789ABCDEF0, 7],
        _ => size switch { 1 => [7, -128], 2 => [7, -128, 0x1234, -129], _ => [7, -128, 127, 128, -129, 0x12345678] },
    };

    private static Sample Make(
        in InstructionRow row, int size, bool memory, (int Reg, int V, int Rm, int Is4) chosen,
        (int Base, int Index, int Scale, int Disp) address, long imm, int cond)
    {
        ReadOnlySpan<OperandTemplate> templates = InstructionTable.Operands(row.Form, memory);
        List<PReg> registers = [];
        foreach (OperandTemplate template in templates)
        {
            registers.Add(template.Constraint.Kind == ConstraintKind.Fixed ? template.Constraint.Register : template.Field switch
            {
                OperandField.Reg => RegIn(row.RegFile, chosen.Reg),
                OperandField.Vvvv => RegIn(row.RegFile, chosen.V),
                OperandField.Is4 => RegIn(row.RegFile, chosen.Is4),
                OperandField.Rm or OperandField.Opcode => RegIn(row.RmFile, chosen.Rm),
                _ => default,
            });
        }

        for (int i = 0; i < templates.Length; i++)
        {
            if (templates[i].Constraint.Kind == ConstraintKind.Reuse)
            {
                registers[templates[i].Constraint.ReusedInput] = registers[i];
            }
        }

        AddressMode mode = AddressMode.None;
        string rm = Name(row, row.RmFile, chosen.Rm, size, isRm: true);
        if (memory)
        {
            mode = address.Base < 0 ? AddressMode.Index : address.Index < 0 ? AddressMode.Base : AddressMode.BaseIndex;
            rm = "[" + (address.Base < 0 ? "" : s_names64[address.Base]);
            if (address.Base >= 0)
            {
                registers.Add(PReg.Int(address.Base));
            }

            if (address.Index >= 0)
            {
                registers.Add(PReg.Int(address.Index));
                rm += (address.Base < 0 ? "" : "+") + s_names64[address.Index] + (address.Scale == 0 ? "" : "*" + (1 << address.Scale));
            }

            rm += address.Disp == 0 ? "]" : address.Disp.ToString("+0;-0", CultureInfo.InvariantCulture) + "]";
        }

        string reg = Name(row, row.RegFile, chosen.Reg, size, isRm: false), v = Name(row, row.RegFile, chosen.V, size, isRm: false), is4 = Name(row, row.RegFile, chosen.Is4, size, isRm: false);
        List<string> operands = [];
        if (row.Operands == OperandEncoding.RXM)
        {
            v = memory || row.RmFile == RegClass.Int ? reg : rm;
        }

        operands.AddRange(row.Operands switch
        {
            OperandEncoding.ZO or OperandEncoding.ExtendAx or OperandEncoding.ExtendDx => [],
            OperandEncoding.RM or OperandEncoding.RMReg or OperandEncoding.RMMem or OperandEncoding.Lea or OperandEncoding.RRM
                or OperandEncoding.RRMReg or OperandEncoding.RRMMem or OperandEncoding.RRMXmm0 or OperandEncoding.UseRM => [reg, rm],
            OperandEncoding.RXM => [reg, v, rm],
            OperandEncoding.MR or OperandEncoding.Store or OperandEncoding.MRI or OperandEncoding.UseMR or OperandEncoding.UseMRReg
                or OperandEncoding.Exchange or OperandEncoding.Cmpxchg => [rm, reg],
            OperandEncoding.MRC => [rm, reg, "cl"],
            OperandEncoding.MC => [rm, "cl"],
            OperandEncoding.RVM or OperandEncoding.RVMReg or OperandEncoding.RVMMem or OperandEncoding.RRVM or OperandEncoding.Mulx => [reg, v, rm],
            OperandEncoding.RVMR => [reg, v, rm, is4],
            OperandEncoding.RMV => [reg, rm, v],
            OperandEncoding.VM or OperandEncoding.VMReg => [v, rm],
            _ => [rm],
        });
        if (row.Immediate != ImmediateKind.NoImm)
        {
            operands.Add(imm.ToString(CultureInfo.InvariantCulture));
        }

        string mnemonic = row.Mnemonic;
        if (row.Has(FormTraits.Cond))
        {
            mnemonic += ((Condition)cond).Name();
        }

        mnemonic = row.Form switch
        {
            X64Form.Cbw => size switch { 2 => "cbw", 4 => "cwde", _ => "cdqe" },
            X64Form.Cwd => size switch { 2 => "cwd", 4 => "cdq", _ => "cqo" },
            _ => mnemonic,
        };
        if (row.Has(FormTraits.Lock))
        {
            mnemonic = "lock " + mnemonic;
        }

        return new Sample(row.Form, size, [.. registers], mode, address.Disp, address.Scale, imm, cond, mnemonic, [.. operands]);
    }

    private static PReg RegIn(RegClass file, int number) => file == RegClass.Int ? PReg.Int(number) : PReg.Float(number);

    private static string Name(in InstructionRow row, RegClass file, int number, int size, bool isRm)
    {
        if (file == RegClass.Float)
        {
            return "xmm" + number.ToString(CultureInfo.InvariantCulture);
        }

        int width = (row.Encoding & (EncodingBits.Int | EncodingBits.WSize)) != 0 ? size
            : (row.Encoding & EncodingBits.W1) != 0 || row.Form is X64Form.Push or X64Form.Pop ? 8 : 4;
        if (isRm)
        {
            width = row.Has(FormTraits.ByteRm) ? 1 : row.Form switch
            {
                X64Form.MovzxWord or X64Form.MovsxWord => 2,
                X64Form.MovsxDword => 4,
                _ => width,
            };
        }

        return (width switch { 1 => s_names8, 2 => s_names16, 4 => s_names32, _ => s_names64 })[number];
    }
}
