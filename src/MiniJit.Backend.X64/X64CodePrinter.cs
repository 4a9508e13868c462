using System;
using System.Globalization;
using System.Text;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.X64;

/// <summary>How x86-64's machine instructions look over virtual registers.</summary>
internal sealed class X64CodePrinter : VCodePrinter
{
    protected override void WriteName(in MachineInst inst, StringBuilder text)
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
    }

    protected override void WriteFields(in MachineInst inst, ReadOnlySpan<ExternalName> symbols, StringBuilder text)
    {
        X64Form form = (X64Form)inst.Form;
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
    }
}
