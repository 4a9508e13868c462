using System;
using MiniJit.Codegen.Machine;
using Xunit;

namespace MiniJit.Backend.X64.Tests;

public class InstructionTableTests
{
    [Fact]
    public void Rows_stand_in_enum_order_and_cover_every_form_before_the_pseudo_instructions()
    {
        Assert.Equal((int)X64Form.Args - 1, InstructionTable.Rows.Length);
        for (int i = 0; i < InstructionTable.Rows.Length; i++)
        {
            Assert.Equal((X64Form)(i + 1), InstructionTable.Rows[i].Form);
        }
    }

    [Fact]
    public void Operand_encodings_stand_in_enum_order()
    {
        foreach (OperandEncoding encoding in Enum.GetValues<OperandEncoding>())
        {
            Assert.Equal(encoding, encoding.Row().Encoding);
        }
    }

    [Fact]
    public void A_reused_operand_is_the_use_right_after_the_def()
    {
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            foreach (bool memory in new[] { false, true })
            {
                ReadOnlySpan<OperandTemplate> operands = InstructionTable.Operands(row.Form, memory);
                for (int i = 0; i < operands.Length; i++)
                {
                    if (operands[i].Constraint.Kind == ConstraintKind.Reuse)
                    {
                        Assert.Equal(OperandKind.Def, operands[i].Kind);
                        OperandTemplate reused = operands[operands[i].Constraint.ReusedInput];
                        Assert.Equal(new OperandTemplate(OperandKind.Use, Constraint.Reg, OperandField.Implied), reused);
                    }
                }
            }
        }
    }

    [Fact]
    public void Float_arithmetic_comes_in_runs_of_eight()
    {
        foreach (X64Form first in new[] { X64Form.Addss, X64Form.Mulss, X64Form.Subss, X64Form.Minss, X64Form.Divss, X64Form.Maxss, X64Form.Sqrtss, X64Form.Cmpss })
        {
            string stem = InstructionTable.Row(first).Mnemonic[..^2];
            string[] suffixes = ["ss", "sd", "ps", "pd"];
            for (int i = 0; i < 8; i++)
            {
                Assert.Equal((i < 4 ? "" : "v") + stem + suffixes[i & 3], InstructionTable.Row((X64Form)((int)first + i)).Mnemonic);
            }
        }
    }
}
