using System;
using MiniJit.Codegen.Machine;
using Xunit;

namespace MiniJit.Backend.Arm64.Tests;

public class InstructionTableTests
{
    [Fact]
    public void Rows_stand_in_enum_order_and_cover_every_form_before_the_pseudo_instructions()
    {
        Assert.Equal((int)A64Form.FirstPseudo - 1, InstructionTable.Rows.Length);
        for (int i = 0; i < InstructionTable.Rows.Length; i++)
        {
            Assert.Equal((A64Form)(i + 1), InstructionTable.Rows[i].Form);
        }
    }

    [Fact]
    public void Memory_accesses_stand_in_enum_order()
    {
        foreach (MemoryAccess access in Enum.GetValues<MemoryAccess>())
        {
            Assert.Equal(access, access.Row().Access);
        }
    }

    [Fact]
    public void Fixed_bits_registers_and_steps_of_a_form_cover_its_32_bits_once()
    {
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            ref readonly FormFields fields = ref InstructionFields.Of(row.Form);
            uint covered = fields.FixedMask;
            Assert.True((covered & fields.RegisterMask) == 0, row.Form.ToString());
            covered |= fields.RegisterMask;
            foreach (FieldStep step in InstructionFields.Steps(fields))
            {
                Assert.True((covered & step.Mask) == 0, $"{row.Form}: {step.Kind}");
                covered |= step.Mask;
            }

            Assert.True(covered == uint.MaxValue, $"{row.Form}: {~covered:x8} is in no step");
        }
    }

    [Fact]
    public void Every_register_of_a_diagram_is_an_operand()
    {
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            foreach (FormOperands operands in new[] { InstructionTable.Operands(row.Form), InstructionTable.Operands(row.Form, MemoryAccess.LdrX) })
            {
                Assert.True(row.Diagram.Has(DiagramField.Rd) == operands.Rd >= 0, $"{row.Form}: Rd");
                Assert.True(row.Diagram.Has(DiagramField.Rn) == operands.Rn >= 0, $"{row.Form}: Rn");
                Assert.True(row.Diagram.Has(DiagramField.Rm) == operands.Rm >= 0, $"{row.Form}: Rm");
                Assert.True(row.Diagram.Has(DiagramField.Ra) == operands.Ra >= 0, $"{row.Form}: Ra");
            }
        }
    }

    [Fact]
    public void Defs_come_first_and_reuse_the_uses_that_follow_them()
    {
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            ReadOnlySpan<OperandTemplate> operands = InstructionTable.Operands(row.Form, MemoryAccess.LdrFQ).Templates;
            int defs = 0, ties = 0;
            while (defs < operands.Length && operands[defs].Kind == OperandKind.Def)
            {
                defs++;
            }

            for (int i = 0; i < operands.Length; i++)
            {
                Assert.Equal(i < defs ? OperandKind.Def : OperandKind.Use, operands[i].Kind);
                if (operands[i].Constraint.Kind == ConstraintKind.Reuse)
                {
                    OperandTemplate reused = operands[operands[i].Constraint.ReusedInput];
                    Assert.Equal(defs + ties++, operands[i].Constraint.ReusedInput);
                    Assert.Equal(operands[i].Field, reused.Field);
                    Assert.Equal(OperandKind.Use, reused.Kind);
                }
            }
        }
    }

    [Fact]
    public void Operands_follow_the_direction_and_file_of_an_access()
    {
        FormOperands store = InstructionTable.Operands(A64Form.LoadStorePre, MemoryAccess.StrFD), load = InstructionTable.Operands(A64Form.LoadStorePre, MemoryAccess.LdrX);
        Assert.Equal(
            [new(OperandKind.Def, OperandPos.Late, Constraint.Reuse(1), RegClass.Int, RegisterField.Rn), Use(RegClass.Int, RegisterField.Rn), Use(RegClass.Float, RegisterField.Rd)],
            store.Templates);
        Assert.Equal(
            [new(OperandKind.Def, OperandPos.Late, Constraint.Reg, RegClass.Int, RegisterField.Rd), new(OperandKind.Def, OperandPos.Late, Constraint.Reuse(2), RegClass.Int, RegisterField.Rn), Use(RegClass.Int, RegisterField.Rn)],
            load.Templates);
        OperandTemplate status = InstructionTable.Operands(A64Form.Stxr).Templates[0];
        Assert.Equal(OperandPos.Early, status.Pos);
        Assert.Equal(RegisterField.Rm, status.Field);
    }

    private static OperandTemplate Use(RegClass file, RegisterField field) => new(OperandKind.Use, OperandPos.Early, Constraint.Reg, file, field);
}
