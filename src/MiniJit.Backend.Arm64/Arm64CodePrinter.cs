using System;
using System.Globalization;
using System.Text;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

/// <summary>How AArch64's machine instructions look over virtual registers.</summary>
internal sealed class Arm64CodePrinter : VCodePrinter
{
    protected override void WriteName(in MachineInst inst, StringBuilder text)
    {
        A64Form form = (A64Form)inst.Form;
        text.Append(form);
        if (inst.Size != 0)
        {
            text.Append(CultureInfo.InvariantCulture, $".{inst.Size}");
        }

        bool hasCondition = InstructionTable.IsEncoded(form)
            ? InstructionTable.Row(form).Has(FormTraits.ReadsFlags)
            : form is A64Form.Branch or A64Form.BranchEither or A64Form.TrapIf or A64Form.TrapIfEither;
        if (hasCondition)
        {
            text.Append('.').Append(((Condition)inst.Cond).Name());
        }

        if (form is A64Form.BranchEither or A64Form.TrapIfEither)
        {
            text.Append('|').Append(((Condition)inst.Aux).Name());
        }

        if (form is A64Form.Load or A64Form.Store)
        {
            text.Append('.').Append((MemoryAccess)inst.Aux);
        }
    }

    protected override void WriteFields(in MachineInst inst, ReadOnlySpan<ExternalName> symbols, StringBuilder text)
    {
        switch ((A64Form)inst.Form)
        {
            case A64Form.Load or A64Form.Store or A64Form.LoadAddress:
                WriteAddress(inst, text);
                break;
            case A64Form.CallSymbol or A64Form.TailCallSymbol or A64Form.LoadSymbolAddress:
                text.Append(' ').Append(symbols[inst.Data].ToString());
                break;
            case A64Form.Jump:
                text.Append(CultureInfo.InvariantCulture, $" block{inst.Data}");
                break;
            case A64Form.BranchZero or A64Form.BranchBit:
                string bit = (A64Form)inst.Form == A64Form.BranchBit ? string.Create(CultureInfo.InvariantCulture, $"bit {inst.Aux} ") : "";
                text.Append(CultureInfo.InvariantCulture, $" {bit}{(inst.Cond == 0 ? "zero" : "not zero")}, block{inst.Data}, block{inst.Imm}");
                break;
            case A64Form.Branch or A64Form.BranchEither:
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

    private static void WriteAddress(in MachineInst inst, StringBuilder text)
    {
        AddressMode mode = (AddressMode)inst.Mode;
        text.Append(" [").Append(mode);
        if (mode == AddressMode.BaseIndex)
        {
            text.Append(CultureInfo.InvariantCulture, $" {(Extend)inst.Cond} <<{inst.Scale}");
        }

        text.Append(CultureInfo.InvariantCulture, $" {inst.Disp:+0;-0;+0}]");
    }
}
