// Every encoding form once, in the manual's own notation: its bit diagram and its operands in assembly order. From a row follow the
// encoder, the decoder, the disassembler, the operands that the allocator sees and the encoder's tests; the simulated machine
// executes what the decoder gives.
using System;
using System.Diagnostics;

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
/// <param name="Operands">In assembly order; the first is the destination. Written in the names of <see cref="OperandNames"/>.</param>
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
        A64Form form, string mnemonic, string diagram, string operands, FormTraits traits = FormTraits.Plain, byte lanes = 0,
        Arm64Features needs = Arm64Features.None) =>
        new(form, mnemonic, new(diagram), OperandNames.Parse(operands), traits, lanes, needs);

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
