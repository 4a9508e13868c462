// What a row's diagram and operands say about the bits that are not fixed, in the shape that the encoder and the decoder walk: the
// four register numbers as one mask, and a short list of steps for the rest. Steps are derived once; a step knows the places of its
// fields, so neither walk looks at a diagram again.
//
// Invariants: the steps of a row cover exactly its variable bits (asserted by a test), and they are in an order in which a step
// only needs what earlier ones have decoded: operation size, element size and access come first.
using System;
using System.Diagnostics;
using System.Numerics;

namespace MiniJit.Backend.Arm64;

/// <summary>What a step transfers between an <see cref="A64Instruction"/> and the bits; A, B and C are the places of its fields.</summary>
internal enum FieldStepKind : byte
{
    /// <summary>A: sf, as <see cref="A64Instruction.Size"/>.</summary>
    SizeFromSf,

    /// <summary>A: sf, as <see cref="A64Instruction.Lane"/>.</summary>
    LaneFromSf,

    /// <summary>A: ftype.</summary>
    Ftype,

    /// <summary>A: Q.</summary>
    Q,

    /// <summary>A: size.</summary>
    LaneFromSize,

    /// <summary>A: sz.</summary>
    LaneFromSz,

    /// <summary>A: size, B: V, C: opc.</summary>
    Access,

    /// <summary>A: opc, B: V.</summary>
    LiteralAccess,

    /// <summary>A: opc, B: V, C: L.</summary>
    PairAccess,

    /// <summary>A: A, B: R.</summary>
    Ordering,

    /// <summary>A: imm12, B: sh.</summary>
    Imm12,

    /// <summary>A: N, B: immr, C: imms.</summary>
    BitmaskImm,

    /// <summary>A: imm16, B: hw.</summary>
    Imm16Shifted,

    /// <summary>A: N, B: immr, C: imms.</summary>
    Bitfield,

    /// <summary>A: N, B: imms.</summary>
    ExtractLsb,

    /// <summary>A: shift, B: imm6.</summary>
    Shifted,

    /// <summary>A: shift, B: imm6.</summary>
    Rotated,

    /// <summary>A: option, B: imm3.</summary>
    Extended,

    /// <summary>A: any field whose bits are the immediate.</summary>
    Immediate,

    /// <summary>A: nzcv.</summary>
    Nzcv,

    /// <summary>A: cond.</summary>
    Condition,

    /// <summary>A: imm14, imm19 or imm26.</summary>
    Label,

    /// <summary>A: immlo, B: immhi.</summary>
    PcRelative,

    /// <summary>A: immlo, B: immhi.</summary>
    PcRelativePage,

    /// <summary>A: b5, B: b40.</summary>
    BitNumber,

    /// <summary>A: imm12.</summary>
    OffsetScaled,

    /// <summary>A: imm9.</summary>
    OffsetUnscaled,

    /// <summary>A: imm9; prefetches have no write-back.</summary>
    OffsetWriteBack,

    /// <summary>A: imm7.</summary>
    OffsetPair,

    /// <summary>A: option, B: S.</summary>
    OffsetRegister,

    /// <summary>A: scale.</summary>
    FractionBits,

    /// <summary>A: imm5, whose lowest one is the element size; the bits above it are the lane's index (dup from a general register has none, there they do not count).</summary>
    LaneAndIndex,

    /// <summary>A: imm4; its bits below the index do not count.</summary>
    SourceIndex,

    /// <summary>A: H, B: L; the lowest bit of a halfword's index is the highest of Rm.</summary>
    ElementIndex,

    /// <summary>A: immh, B: immb.</summary>
    ShiftLeft,

    /// <summary>A: immh, B: immb.</summary>
    ShiftRight,

    /// <summary>A: imm4.</summary>
    ByteIndex,

    /// <summary>A: abc, B: cmode, C: defgh.</summary>
    VectorMoveImm,

    /// <summary>A: abc, B: cmode, C: defgh.</summary>
    VectorLogicalImm,

    /// <summary>A: abc, C: defgh.</summary>
    VectorFixedImm,

    /// <summary>A: Q, B: opc, C: S:size, of which the element size takes some and the index the rest.</summary>
    StructureLane,
}

/// <summary>One step.</summary>
internal readonly record struct FieldStep(FieldStepKind Kind, FieldPlace A = default, FieldPlace B = default, FieldPlace C = default)
{
    /// <summary>The bits that the step writes.</summary>
    public uint Mask => A.Mask | B.Mask | C.Mask;
}

/// <summary>One row as the encoder and the decoder see it.</summary>
/// <param name="FixedMask">Which bits are fixed.</param>
/// <param name="FixedBits">To what.</param>
/// <param name="RegisterMask">Which bits are register numbers.</param>
/// <param name="FirstStep">Where its steps start.</param>
/// <param name="StepCount">And how many there are.</param>
/// <param name="Lanes">As in the row.</param>
/// <param name="ImpliedLane">The only element size, where no field says it.</param>
/// <param name="LeastLanes">Smallest number of lanes, for vectors.</param>
internal readonly record struct FormFields(
    uint FixedMask, uint FixedBits, uint RegisterMask, ushort FirstStep, byte StepCount, byte Lanes, byte ImpliedLane, byte LeastLanes);

/// <summary>The fields of all rows, in enum order.</summary>
internal static class InstructionFields
{
    private const int MaxStepsPerForm = 6;

    private static readonly FieldStep[] s_steps = new FieldStep[InstructionTable.Rows.Length * MaxStepsPerForm];
    private static int s_count;
    private static readonly FormFields[] s_forms = Build();

    public static ref readonly FormFields Of(A64Form form)
    {
        Debug.Assert(InstructionTable.IsEncoded(form));
        return ref s_forms[(int)form];
    }

    public static ReadOnlySpan<FieldStep> Steps(in FormFields form) => s_steps.AsSpan(form.FirstStep, form.StepCount);

    private static FormFields[] Build()
    {
        ReadOnlySpan<InstructionRow> rows = InstructionTable.Rows;
        FormFields[] forms = new FormFields[rows.Length + 1];
        foreach (InstructionRow row in rows)
        {
            InstructionDiagram diagram = row.Diagram;
            int first = s_count;
            AddShape(row);
            foreach (OperandSpec operand in row.Operands)
            {
                AddOperand(operand, diagram);
            }

            uint registers = diagram[DiagramField.Rd].Mask | diagram[DiagramField.Rn].Mask | diagram[DiagramField.Rm].Mask | diagram[DiagramField.Ra].Mask;
            forms[(int)row.Form] = new(
                diagram.FixedMask, diagram.FixedBits, registers, (ushort)first, (byte)(s_count - first), row.Lanes,
                ImpliedLane: (byte)(BitOperations.IsPow2(row.Lanes) ? BitOperations.Log2(row.Lanes) : 0),
                LeastLanes: row.Has(FormTraits.FourLanes) ? (byte)4 : row.Has(FormTraits.Vector) ? (byte)2 : (byte)0);
        }

        return forms;
    }

    /// <summary>Operation size, element size, access, ordering.</summary>
    private static void AddShape(InstructionRow row)
    {
        InstructionDiagram diagram = row.Diagram;
        if (diagram.Has(DiagramField.Ssize))
        {
            Add(FieldStepKind.StructureLane, diagram, DiagramField.Q, DiagramField.Opc, DiagramField.Ssize);
            return;
        }

        bool hasOpc = diagram.Has(DiagramField.Opc), hasV = diagram.Has(DiagramField.V);
        Add(diagram.Has(DiagramField.Ftype) ? FieldStepKind.LaneFromSf : FieldStepKind.SizeFromSf, diagram, DiagramField.Sf);
        Add(FieldStepKind.Ftype, diagram, DiagramField.Ftype);
        Add(FieldStepKind.Q, diagram, DiagramField.Q);
        Add(FieldStepKind.LaneFromSz, diagram, DiagramField.Sz);
        if (hasV && diagram.Has(DiagramField.Size))
        {
            Add(FieldStepKind.Access, diagram, DiagramField.Size, DiagramField.V, DiagramField.Opc);
        }
        else if (hasV && diagram.Has(DiagramField.L))
        {
            Add(FieldStepKind.PairAccess, diagram, DiagramField.Opc, DiagramField.V, DiagramField.L);
        }
        else if (hasV && hasOpc)
        {
            Add(FieldStepKind.LiteralAccess, diagram, DiagramField.Opc, DiagramField.V);
        }
        else
        {
            Add(FieldStepKind.LaneFromSize, diagram, DiagramField.Size);
        }

        if (diagram.Has(DiagramField.Imm5) && !diagram.Has(DiagramField.Cond))
        {
            Add(FieldStepKind.LaneAndIndex, diagram, DiagramField.Imm5);
        }

        Add(FieldStepKind.Ordering, diagram, DiagramField.A, DiagramField.R);
    }

    private static void AddOperand(OperandSpec operand, InstructionDiagram diagram)
    {
        switch (operand.Kind)
        {
            case A64OperandKind.Imm12:
                Add(FieldStepKind.Imm12, diagram, DiagramField.Imm12, DiagramField.Sh);
                break;
            case A64OperandKind.BitmaskImm:
                Add(FieldStepKind.BitmaskImm, diagram, DiagramField.N, DiagramField.Immr, DiagramField.Imms);
                break;
            case A64OperandKind.Imm16Shifted:
                Add(FieldStepKind.Imm16Shifted, diagram, DiagramField.Imm16, DiagramField.Hw);
                break;
            case A64OperandKind.Imm16:
                Add(FieldStepKind.Immediate, diagram, DiagramField.Imm16);
                break;
            case A64OperandKind.Bitfield:
                Add(FieldStepKind.Bitfield, diagram, DiagramField.N, DiagramField.Immr, DiagramField.Imms);
                break;
            case A64OperandKind.ExtractLsb:
                Add(FieldStepKind.ExtractLsb, diagram, DiagramField.N, DiagramField.Imms);
                break;
            case A64OperandKind.Shifted:
                Add(FieldStepKind.Shifted, diagram, DiagramField.Shift, DiagramField.Imm6);
                break;
            case A64OperandKind.Rotated:
                Add(FieldStepKind.Rotated, diagram, DiagramField.Shift, DiagramField.Imm6);
                break;
            case A64OperandKind.Extended:
                Add(FieldStepKind.Extended, diagram, DiagramField.Option, DiagramField.Imm3);
                break;
            case A64OperandKind.Imm5:
                Add(FieldStepKind.Immediate, diagram, DiagramField.Imm5);
                break;
            case A64OperandKind.Nzcv:
                Add(FieldStepKind.Nzcv, diagram, DiagramField.Nzcv);
                break;
            case A64OperandKind.Condition:
                Add(FieldStepKind.Condition, diagram, DiagramField.Cond);
                break;
            case A64OperandKind.Label26:
                Add(FieldStepKind.Label, diagram, DiagramField.Imm26);
                break;
            case A64OperandKind.Label19:
                Add(FieldStepKind.Label, diagram, DiagramField.Imm19);
                break;
            case A64OperandKind.Label14:
                Add(FieldStepKind.Label, diagram, DiagramField.Imm14);
                break;
            case A64OperandKind.PcRelative:
                Add(FieldStepKind.PcRelative, diagram, DiagramField.Immlo, DiagramField.Immhi);
                break;
            case A64OperandKind.PcRelativePage:
                Add(FieldStepKind.PcRelativePage, diagram, DiagramField.Immlo, DiagramField.Immhi);
                break;
            case A64OperandKind.BitNumber:
                Add(FieldStepKind.BitNumber, diagram, DiagramField.B5, DiagramField.B40);
                break;
            case A64OperandKind.HintNumber:
                Add(FieldStepKind.Immediate, diagram, DiagramField.Hint);
                break;
            case A64OperandKind.BarrierOption:
                Add(FieldStepKind.Immediate, diagram, DiagramField.CRm);
                break;
            case A64OperandKind.SystemRegister:
                Add(FieldStepKind.Immediate, diagram, DiagramField.SysReg);
                break;
            case A64OperandKind.SystemOperation:
                Add(FieldStepKind.Immediate, diagram, DiagramField.SysOp);
                break;
            case A64OperandKind.AddressUnsigned:
                Add(FieldStepKind.OffsetScaled, diagram, DiagramField.Imm12);
                break;
            case A64OperandKind.AddressUnscaled:
                Add(FieldStepKind.OffsetUnscaled, diagram, DiagramField.Imm9);
                break;
            case A64OperandKind.AddressPost or A64OperandKind.AddressPre:
                Add(FieldStepKind.OffsetWriteBack, diagram, DiagramField.Imm9);
                break;
            case A64OperandKind.AddressPair or A64OperandKind.AddressPairPost or A64OperandKind.AddressPairPre:
                Add(FieldStepKind.OffsetPair, diagram, DiagramField.Imm7);
                break;
            case A64OperandKind.AddressRegister:
                Add(FieldStepKind.OffsetRegister, diagram, DiagramField.Option, DiagramField.S);
                break;
            case A64OperandKind.FloatImm8:
                Add(FieldStepKind.Immediate, diagram, DiagramField.Imm8);
                break;
            case A64OperandKind.FractionBits:
                Add(FieldStepKind.FractionBits, diagram, DiagramField.Scale);
                break;
            case A64OperandKind.Register when operand.View == RegisterView.VectorElementSource:
                Add(FieldStepKind.SourceIndex, diagram, DiagramField.Imm4);
                break;
            case A64OperandKind.Register when operand.View is RegisterView.VectorElement or RegisterView.VectorBytesElement:
                Add(FieldStepKind.ElementIndex, diagram, DiagramField.H, DiagramField.L);
                break;
            case A64OperandKind.ShiftLeft:
                Add(FieldStepKind.ShiftLeft, diagram, DiagramField.Immh, DiagramField.Immb);
                break;
            case A64OperandKind.ShiftRight:
                Add(FieldStepKind.ShiftRight, diagram, DiagramField.Immh, DiagramField.Immb);
                break;
            case A64OperandKind.ByteIndex:
                Add(FieldStepKind.ByteIndex, diagram, DiagramField.Imm4);
                break;
            case A64OperandKind.VectorMoveImm:
                Add(FieldStepKind.VectorMoveImm, diagram, DiagramField.Abc, DiagramField.Cmode, DiagramField.Defgh);
                break;
            case A64OperandKind.VectorLogicalImm:
                Add(FieldStepKind.VectorLogicalImm, diagram, DiagramField.Abc, DiagramField.Cmode, DiagramField.Defgh);
                break;
            case A64OperandKind.VectorFixedImm:
                Add(FieldStepKind.VectorFixedImm, diagram, DiagramField.Abc, DiagramField.Cmode, DiagramField.Defgh);
                break;
        }
    }

    /// <summary>Appends a step if the diagram has its first field.</summary>
    private static void Add(FieldStepKind kind, InstructionDiagram diagram, DiagramField a, DiagramField b = DiagramField.Count, DiagramField c = DiagramField.Count)
    {
        if (diagram.Has(a))
        {
            s_steps[s_count++] = new(kind, diagram[a], Place(diagram, b), Place(diagram, c));
        }
    }

    private static FieldPlace Place(InstructionDiagram diagram, DiagramField field) => field == DiagramField.Count ? default : diagram[field];
}
