// Virtual-register code as text, for people who want to see what lowering chose before registers were assigned.
using System;
using System.Globalization;
using System.Text;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.X64;

internal static class VCodePrinter
{
    public static void Write(VCode code, ReadOnlySpan<ExternalName> symbols, StringBuilder text)
    {
        for (int block = 0; block < code.Blocks.Count; block++)
        {
            text.Append(CultureInfo.InvariantCulture, $"block{block}");
            AppendRegisters(text, code.ParamsOf(block), '(', ')');
            text.Append(":\n");
            for (int i = code.Blocks[block].FirstInst; i < code.Blocks[block].EndInst; i++)
            {
                text.Append("  ");
                WriteInst(code, code.Insts[i], symbols, text);
                if (i == code.Blocks[block].EndInst - 1)
                {
                    AppendRegisters(text, code.BranchArgsOf(block), '(', ')');
                }

                text.Append('\n');
            }
        }
    }

    private static void WriteInst(VCode code, in MachineInst inst, ReadOnlySpan<ExternalName> symbols, StringBuilder text)
    {
        X64Form form = (X64Form)inst.Form;
        text.Append(form);
        if (inst.Size != 0)
        {
            text.Append(CultureInfo.InvariantCulture, $".{inst.Size}");
        }

        if (InstructionTable.IsEncoded(form) ? InstructionTable.Row(form).Has(FormTraits.Cond) : form is X64Form.JccLabel or X64Form.JccEitherLabel or X64Form.TrapIf)
        {
            text.Append('.').Append(((Condition)inst.Cond).Name());
        }

        char separator = ' ';
        foreach (Operand operand in code.OperandsOf(inst))
        {
            text.Append(separator).Append(separator == ',' ? " " : "").Append(operand.Kind == OperandKind.Def ? "=" : "").Append(operand.Reg.ToString());
            if (operand.Constraint.Kind == ConstraintKind.Fixed)
            {
                text.Append('@').Append(operand.Constraint.Register.ToString());
            }

            separator = ',';
        }

        WriteFields(inst, form, symbols, text);
    }

    private static void WriteFields(in MachineInst inst, X64Form form, ReadOnlySpan<ExternalName> symbols, StringBuilder text)
    {
        AddressMode mode = (AddressMode)inst.Mode;
        if (mode != AddressMode.None)
        {
            text.Append(CultureInfo.InvariantCulture, $" [{mode}{(inst.Scale == 0 ? "" : $" <<{inst.Scale}")} {inst.Disp:+0;-0;+0}]");
        }

        if (mode == AddressMode.Symbol || form is X64Form.CallSymbol or X64Form.TailCallSymbol or X64Form.LoadSymbolAddress)
        {
            text.Append(' ').Append(symbols[inst.Data].ToString());
        }

        switch (form)
        {
            case X64Form.JmpLabel:
                text.Append(CultureInfo.InvariantCulture, $" block{inst.Data}");
                break;
            case X64Form.JccLabel or X64Form.JccEitherLabel:
                text.Append(CultureInfo.InvariantCulture, $" block{inst.Data}, block{inst.Imm}");
                break;
            default:
                if (inst.Imm != 0)
                {
                    text.Append(CultureInfo.InvariantCulture, $" #{inst.Imm}");
                }

                break;
        }

        if (inst.Trap != 0)
        {
            text.Append(" ; trap: ").Append(TrapCode.FromRaw(inst.Trap).ToString());
        }
    }

    private static void AppendRegisters(StringBuilder text, ReadOnlySpan<VReg> registers, char open, char close)
    {
        for (int i = 0; i < registers.Length; i++)
        {
            text.Append(i == 0 ? open.ToString() : ", ").Append(registers[i].ToString());
        }

        if (!registers.IsEmpty)
        {
            text.Append(close);
        }
    }
}
