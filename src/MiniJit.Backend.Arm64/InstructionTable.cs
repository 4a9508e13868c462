// Every encoding form once, in the manual's own notation: its bit diagram and its operands in assembly order. From a row follow the
// encoder, the decoder, the disassembler, the operands that the allocator sees and the encoder's tests; the simulated machine
// executes what the decoder gives.
using System;
using System.Diagnostics;
using static MiniJit.Backend.Arm64.OperandSpec;

namespace MiniJit.Backend.Arm64;

[Flags]
internal enum FormTraits : ushort
{
    Plain = 0,
    ReadsFlags = 1,
    WritesFlags = 2,

    /// <summary>Ends a basic block: control may go elsewhere.</summary>
    Branch = 4,

    /// <summary>Only the element sizes of the Lanes column exist, and a doubleword lane needs a 16-byte vector.</summary>
    Vector = 8,

    /// <summary>Written with "2" when it works on the upper halves (Q = 1): long, wide and narrow vector forms.</summary>
    UpperHalf = 16,

    /// <summary>At least four lanes: reductions over lanes.</summary>
    FourLanes = 32,
}

/// <summary>One encoding form.</summary>
/// <param name="Form">Index of the row.</param>
/// <param name="Mnemonic">In Arm's syntax, without the suffixes that fields add.</param>
/// <param name="Diagram">The 32 bits, see <see cref="InstructionDiagram"/>.</param>
/// <param name="Operands">In assembly order; the first is the destination.</param>
/// <param name="Traits">The rest.</param>
/// <param name="Lanes">Permitted element sizes: bit i for 2^i bytes; 0 if the form has none, or if all its encodings are valid.</param>
/// <param name="Needs">The features without which the form does not exist.</param>
internal sealed record InstructionRow(
    A64Form Form, string Mnemonic, InstructionDiagram Diagram, OperandSpec[] Operands, FormTraits Traits, byte Lanes, Arm64Features Needs)
{
    public bool Has(FormTraits traits) => (Traits & traits) != 0;
}

internal static partial class InstructionTable
{
    // Operand column: registers by field, width by the form's size unless the name says otherwise.
    private static readonly OperandSpec
        Rd = Def(RegisterField.Rd, RegisterView.General), RdSp = Def(RegisterField.Rd, RegisterView.GeneralSp),
        RdTied = Tied(RegisterField.Rd, RegisterView.General), Rt = Use(RegisterField.Rd, RegisterView.General),
        Rn = Use(RegisterField.Rn, RegisterView.General), RnSp = Use(RegisterField.Rn, RegisterView.GeneralSp),
        Rm = Use(RegisterField.Rm, RegisterView.General), Ra = Use(RegisterField.Ra, RegisterView.General),
        Wd = Def(RegisterField.Rd, RegisterView.W), Wn = Use(RegisterField.Rn, RegisterView.W), Wm = Use(RegisterField.Rm, RegisterView.W),
        Xd = Def(RegisterField.Rd, RegisterView.X), Xn = Use(RegisterField.Rn, RegisterView.X), Xm = Use(RegisterField.Rm, RegisterView.X),
        Xa = Use(RegisterField.Ra, RegisterView.X), XtUse = Use(RegisterField.Rd, RegisterView.X),
        RdLane = Def(RegisterField.Rd, RegisterView.GeneralByLane), RnLane = Use(RegisterField.Rn, RegisterView.GeneralByLane),
        RtLane = Use(RegisterField.Rd, RegisterView.GeneralByLane), Rt2Lane = Use(RegisterField.Ra, RegisterView.GeneralByLane),
        Rt2LaneDef = Def(RegisterField.Ra, RegisterView.GeneralByLane), RsLane = Use(RegisterField.Rm, RegisterView.GeneralByLane),
        RsLaneTied = Tied(RegisterField.Rm, RegisterView.GeneralByLane),
        Status = new(A64OperandKind.Register, RegisterField.Rm, RegisterRole.EarlyDef, RegisterView.W),
        Transfer = new(A64OperandKind.Register, RegisterField.Rd, RegisterRole.ByAccess, RegisterView.X),
        Transfer2 = new(A64OperandKind.Register, RegisterField.Ra, RegisterRole.ByAccess, RegisterView.X),
        Fd = Def(RegisterField.Rd, RegisterView.Float), Fn = Use(RegisterField.Rn, RegisterView.Float),
        Fm = Use(RegisterField.Rm, RegisterView.Float), Fa = Use(RegisterField.Ra, RegisterView.Float),
        Hd = Def(RegisterField.Rd, RegisterView.H), Sd = Def(RegisterField.Rd, RegisterView.S), Dd = Def(RegisterField.Rd, RegisterView.D),
        VdHigh = Tied(RegisterField.Rd, RegisterView.HighHalf), VnHigh = Use(RegisterField.Rn, RegisterView.HighHalf);

    // Vectors, and their elements as scalars.
    private static readonly OperandSpec
        Vd = Def(RegisterField.Rd, RegisterView.Vector), VdTied = Tied(RegisterField.Rd, RegisterView.Vector),
        VdUpper = new(A64OperandKind.Register, RegisterField.Rd, RegisterRole.TiedIfUpper, RegisterView.Vector),
        VdNarrowUpper = new(A64OperandKind.Register, RegisterField.Rd, RegisterRole.TiedIfUpper, RegisterView.VectorNarrow),
        VdFull = Def(RegisterField.Rd, RegisterView.VectorFull), VdWide = Def(RegisterField.Rd, RegisterView.VectorWide),
        VdWideTied = Tied(RegisterField.Rd, RegisterView.VectorWide), VdPairwise = Def(RegisterField.Rd, RegisterView.VectorPairwise),
        VdPairwiseTied = Tied(RegisterField.Rd, RegisterView.VectorPairwise), VdBytes = Def(RegisterField.Rd, RegisterView.VectorBytes),
        VdBytesTied = Tied(RegisterField.Rd, RegisterView.VectorBytes), VdElem = Tied(RegisterField.Rd, RegisterView.VectorElement),
        Vn = Use(RegisterField.Rn, RegisterView.Vector), VnFull = Use(RegisterField.Rn, RegisterView.VectorFull),
        VnWide = Use(RegisterField.Rn, RegisterView.VectorWide), VnNarrow = Use(RegisterField.Rn, RegisterView.VectorNarrow),
        VnBytes = Use(RegisterField.Rn, RegisterView.VectorBytes), VnTwo = Use(RegisterField.Rn, RegisterView.VectorTwo),
        VnElem = Use(RegisterField.Rn, RegisterView.VectorElement), VnElemSource = Use(RegisterField.Rn, RegisterView.VectorElementSource),
        Vm = Use(RegisterField.Rm, RegisterView.Vector), VmWide = Use(RegisterField.Rm, RegisterView.VectorWide),
        VmBytes = Use(RegisterField.Rm, RegisterView.VectorBytes), VmElem = Use(RegisterField.Rm, RegisterView.VectorElement),
        VmBytesElem = Use(RegisterField.Rm, RegisterView.VectorBytesElement),
        Ed = Def(RegisterField.Rd, RegisterView.ScalarByLane), EdTied = Tied(RegisterField.Rd, RegisterView.ScalarByLane),
        EdWide = Def(RegisterField.Rd, RegisterView.ScalarByLaneWide), EdWideTied = Tied(RegisterField.Rd, RegisterView.ScalarByLaneWide),
        En = Use(RegisterField.Rn, RegisterView.ScalarByLane), EnWide = Use(RegisterField.Rn, RegisterView.ScalarByLaneWide),
        Em = Use(RegisterField.Rm, RegisterView.ScalarByLane), Dn = Use(RegisterField.Rn, RegisterView.D);

    // Operand column: everything else, under the names of OperandKind.
    private const A64OperandKind
        Imm12 = A64OperandKind.Imm12, Bitmask = A64OperandKind.BitmaskImm, Imm16Shifted = A64OperandKind.Imm16Shifted,
        Imm16 = A64OperandKind.Imm16, Bitfield = A64OperandKind.Bitfield, Lsb = A64OperandKind.ExtractLsb, Shifted = A64OperandKind.Shifted,
        Rotated = A64OperandKind.Rotated, Extended = A64OperandKind.Extended, Imm5 = A64OperandKind.Imm5, FloatImm8 = A64OperandKind.FloatImm8,
        Nzcv = A64OperandKind.Nzcv, Cond = A64OperandKind.Condition, Address = A64OperandKind.AddressBase,
        PostBytes = A64OperandKind.AddressPostBytes, PostRegister = A64OperandKind.AddressPostRegister, Zero = A64OperandKind.IntZero,
        Left = A64OperandKind.ShiftLeft, Right = A64OperandKind.ShiftRight, ByLane = A64OperandKind.ShiftByLane,
        MoveImm = A64OperandKind.VectorMoveImm, LogicalImm = A64OperandKind.VectorLogicalImm, PlainImm = A64OperandKind.VectorFixedImm;

    private const FormTraits
        Plain = FormTraits.Plain, Reads = FormTraits.ReadsFlags, Writes = FormTraits.WritesFlags, Branch = FormTraits.Branch,
        Vector = FormTraits.Vector, Upper = FormTraits.UpperHalf, Across = FormTraits.Vector | FormTraits.FourLanes;

    // Lanes column: bytes, halfwords, singles, doublewords.
    private const byte B = 1, H = 2, S = 4, D = 8, BH = B | H, BD = B | D, HS = H | S, SD = S | D, BHS = B | H | S, BHSD = B | H | S | D;

    private const Arm64Features Dot = Arm64Features.Dotprod;

    private static readonly InstructionRow[] s_rows = Concat(
        IntegerRows(), MemoryRows(), FloatRows(), VectorIntegerRows(), VectorFloatRows(), VectorScalarRows(), VectorMoveRows(), VectorMemoryRows());

    /// <summary>Whether <paramref name="form"/> has a row (the others are pseudo-instructions).</summary>
    public static bool IsEncoded(A64Form form) => form is > A64Form.None and < A64Form.FirstPseudo;

    /// <summary>The row of an encoded form.</summary>
    public static InstructionRow Row(A64Form form)
    {
        Debug.Assert(IsEncoded(form));
        return s_rows[(int)form];
    }

    public static ReadOnlySpan<InstructionRow> Rows => s_rows.AsSpan(1);

    private static InstructionRow New(
        A64Form form, string mnemonic, string diagram, OperandSpec[] operands, FormTraits traits = FormTraits.Plain, byte lanes = 0,
        Arm64Features needs = Arm64Features.None) =>
        new(form, mnemonic, new(diagram), operands, traits, lanes, needs);

    private static OperandSpec LoadList(byte count) => new(A64OperandKind.RegisterList, RegisterField.Rd, RegisterRole.Def, RegisterView.Vector, count);

    private static OperandSpec StoreList(byte count) => new(A64OperandKind.RegisterList, RegisterField.Rd, RegisterRole.Use, RegisterView.Vector, count);

    private static OperandSpec LoadElems(byte count) => new(A64OperandKind.RegisterList, RegisterField.Rd, RegisterRole.Tied, RegisterView.VectorElement, count);

    private static OperandSpec StoreElems(byte count) => new(A64OperandKind.RegisterList, RegisterField.Rd, RegisterRole.Use, RegisterView.VectorElement, count);

    private static OperandSpec TableList(byte count) => new(A64OperandKind.RegisterList, RegisterField.Rn, RegisterRole.Use, RegisterView.VectorBytesFull, count);

    private static InstructionRow[] Concat(params ReadOnlySpan<InstructionRow[]> parts)
    {
        int count = 1;
        foreach (InstructionRow[] part in parts)
        {
            count += part.Length;
        }

        InstructionRow[] rows = new InstructionRow[count];
        count = 1;
        foreach (InstructionRow[] part in parts)
        {
            part.CopyTo(rows, count);
            count += part.Length;
        }

        return rows;
    }
}
