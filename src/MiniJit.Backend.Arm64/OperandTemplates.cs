// The operands that the allocator sees, derived from a row's operand column: defs first, then the tied uses they reuse, then the
// remaining uses in assembly order (base and index of an address last, in that order).
//
// Not expressible here, so lowering adds them by hand with fixed registers: the second halves of CASP's register pairs and the
// lists of structure loads and table lookups after their first register.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using MiniJit.Codegen.Machine;

namespace MiniJit.Backend.Arm64;

/// <summary>What lowering adds to the operand list for one register of an instruction, and where encoding puts it.</summary>
internal readonly record struct OperandTemplate(OperandKind Kind, OperandPos Pos, Constraint Constraint, RegClass Class, RegisterField Field)
{
    public Operand With(VReg register) => new(register, Kind, Pos, Constraint);
}

/// <summary>The operands of one form (and, for plain loads and stores, of one direction and register file).</summary>
internal sealed class FormOperands
{
    private readonly OperandTemplate[] _templates;

    public FormOperands(OperandTemplate[] templates)
    {
        _templates = templates;
        for (int i = templates.Length - 1; i >= 0; i--)            // a tied use and its def agree on the register; the def stays
        {
            switch (templates[i].Field)
            {
                case RegisterField.Rd:
                    Rd = (sbyte)i;
                    break;
                case RegisterField.Rn:
                    Rn = (sbyte)i;
                    break;
                case RegisterField.Rm:
                    Rm = (sbyte)i;
                    break;
                case RegisterField.Ra:
                    Ra = (sbyte)i;
                    break;
            }
        }
    }

    /// <summary>Index of the operand that goes to each field, or −1.</summary>
    public sbyte Rd { get; } = -1;

    public sbyte Rn { get; } = -1;

    public sbyte Rm { get; } = -1;

    public sbyte Ra { get; } = -1;

    public ReadOnlySpan<OperandTemplate> Templates => _templates;
}

internal static partial class InstructionTable
{
    /// <summary>Operands of a form that does not transfer a <see cref="MemoryAccess"/>, or, for narrowing forms, of its lower-half variant.</summary>
    public static FormOperands Operands(A64Form form) => OperandsOf(form, 0);

    /// <summary>Operands of a form on 16 bytes: a narrowing form writes the upper half and so reads its destination.</summary>
    public static FormOperands OperandsOfUpperHalf(A64Form form) => OperandsOf(form, 1);

    /// <summary>Operands of a plain load, store or pair.</summary>
    public static FormOperands Operands(A64Form form, MemoryAccess access)
    {
        ref readonly MemoryAccessRow row = ref access.Row();
        return OperandsOf(form, (row.IsLoad ? 1 : 0) + (row.V * 2));
    }

    private static class OperandLists
    {
        /// <summary>By form * 4; plus 1 for loads and for narrowing to the upper half, plus 2 for loads and stores of the SIMD file.</summary>
        public static readonly FormOperands?[] All = new FormOperands?[(int)A64Form.FirstPseudo * 4];
    }

    /// <summary>The operands of a form, made when somebody first asks for them (two threads may both make them, which is no harm).</summary>
    private static FormOperands OperandsOf(A64Form form, int variant)
    {
        Debug.Assert(IsEncoded(form));
        return OperandLists.All[((int)form * 4) + variant] ??= MakeOperands(Row(form), variant);
    }

    private static FormOperands MakeOperands(InstructionRow row, int variant)
    {
        List<OperandTemplate> defs = [], ties = [], uses = [];
        foreach (OperandSpec operand in row.Operands)
        {
            AddTemplates(operand, variant, defs, ties, uses);
        }

        for (int i = 0, tie = 0; i < defs.Count; i++)
        {
            if (defs[i].Constraint.Kind == ConstraintKind.Reuse)
            {
                defs[i] = defs[i] with { Constraint = Constraint.Reuse(defs.Count + tie++) };
            }
        }

        return new([.. defs, .. ties, .. uses]);
    }

    private static void AddTemplates(OperandSpec operand, int variant, List<OperandTemplate> defs, List<OperandTemplate> ties, List<OperandTemplate> uses)
    {
        bool isLoad = (variant & 1) != 0, isUpper = isLoad;
        switch (operand.Kind)
        {
            case A64OperandKind.Register or A64OperandKind.RegisterList:
                RegClass file = operand.Role == RegisterRole.ByAccess ? (RegClass)(variant >> 1) : operand.Class;
                switch (operand.Role)
                {
                    case RegisterRole.Tied:
                    case RegisterRole.TiedIfUpper when isUpper:
                        AddTied(operand.Field, file, defs, ties);
                        break;
                    case RegisterRole.EarlyDef:
                        defs.Add(new(OperandKind.Def, OperandPos.Early, Constraint.Reg, file, operand.Field));
                        break;
                    case RegisterRole.Def or RegisterRole.TiedIfUpper:
                    case RegisterRole.ByAccess when isLoad:
                        defs.Add(new(OperandKind.Def, OperandPos.Late, Constraint.Reg, file, operand.Field));
                        break;
                    default:
                        uses.Add(UseOf(operand.Field, file));
                        break;
                }

                break;
            case A64OperandKind.AddressPost or A64OperandKind.AddressPre or A64OperandKind.AddressPairPost or A64OperandKind.AddressPairPre
                or A64OperandKind.AddressPostBytes:
                AddTied(RegisterField.Rn, RegClass.Int, defs, ties);
                break;
            case A64OperandKind.AddressUnsigned or A64OperandKind.AddressUnscaled or A64OperandKind.AddressPair or A64OperandKind.AddressBase:
                uses.Add(UseOf(RegisterField.Rn, RegClass.Int));
                break;
            case A64OperandKind.AddressPostRegister:
                AddTied(RegisterField.Rn, RegClass.Int, defs, ties);
                uses.Add(UseOf(RegisterField.Rm, RegClass.Int));
                break;
            case A64OperandKind.AddressRegister:
                uses.Add(UseOf(RegisterField.Rn, RegClass.Int));
                uses.Add(UseOf(RegisterField.Rm, RegClass.Int));
                break;
        }
    }

    private static void AddTied(RegisterField field, RegClass file, List<OperandTemplate> defs, List<OperandTemplate> ties)
    {
        defs.Add(new(OperandKind.Def, OperandPos.Late, Constraint.Reuse(0), file, field));
        ties.Add(UseOf(field, file));
    }

    private static OperandTemplate UseOf(RegisterField field, RegClass file) => new(OperandKind.Use, OperandPos.Early, Constraint.Reg, file, field);
}
