// Virtual-register code as text, for people who want to see what lowering chose before registers were assigned. The ISA says how its
// forms are called and what their fields mean.
using System;
using System.Globalization;
using System.Text;
using MiniJit.IR;

namespace MiniJit.Codegen.Machine;

internal abstract class VCodePrinter
{
    public void Write(VCode code, ReadOnlySpan<ExternalName> symbols, StringBuilder text)
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

    private void WriteInst(VCode code, in MachineInst inst, ReadOnlySpan<ExternalName> symbols, StringBuilder text)
    {
        WriteName(inst, text);
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

        WriteFields(inst, symbols, text);
        if (inst.Flags == (MachineInstFlags.Call | MachineInstFlags.Terminator))
        {
            AppendEdges(code, code.TryCalls[inst.Disp], text);
        }

        if (inst.Trap != 0)
        {
            text.Append(" ; trap: ").Append(TrapCode.FromRaw(inst.Trap).ToString());
        }
    }

    private static void AppendEdges(VCode code, in TryCall call, StringBuilder text)
    {
        text.Append(CultureInfo.InvariantCulture, $" block{call.Normal} [");
        char separator = ' ';
        foreach (TryItem item in code.ItemsOf(call))
        {
            text.Append(separator).Append(separator == ',' ? " " : "").Append(item.Kind switch
            {
                ExceptionItemKind.Tag => string.Create(CultureInfo.InvariantCulture, $"tag{item.Tag}: block{item.Place}"),
                ExceptionItemKind.Default => string.Create(CultureInfo.InvariantCulture, $"default: block{item.Place}"),
                _ => string.Create(CultureInfo.InvariantCulture, $"context {item.Place}"),
            });
            separator = ',';
        }

        text.Append(" ]");
    }

    /// <summary>The form, its size and its condition.</summary>
    protected abstract void WriteName(in MachineInst inst, StringBuilder text);

    /// <summary>Everything that is neither name, operand nor trap.</summary>
    protected abstract void WriteFields(in MachineInst inst, ReadOnlySpan<ExternalName> symbols, StringBuilder text);

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
