// The preferred aliases of the manual ("This instruction is used by the alias …, when …"): under which condition an instruction is
// written as another one, and with which operands. The first row of a form that applies wins; where none does, the form's own row is
// the text.
using System.Numerics;
using static MiniJit.Backend.Arm64.OperandSpec;

namespace MiniJit.Backend.Arm64;

internal static partial class Disassembler
{
    private delegate bool AliasTest(in A64Instruction i);

    private delegate long AliasNumber(in A64Instruction i);

    /// <summary>An operand of the table's vocabulary, or a number computed from the instruction, or the inverted condition.</summary>
    private readonly record struct AliasOperand(OperandSpec Spec, AliasNumber? Number = null, bool IsInvertedCondition = false)
    {
        public static implicit operator AliasOperand(OperandSpec spec) => new(spec);

        public static implicit operator AliasOperand(A64OperandKind kind) => new(kind);
    }

    private sealed record Alias(A64Form Form, string Mnemonic, AliasTest When, AliasOperand[] Operands);

    private static readonly OperandSpec
        Rd = Def(RegisterField.Rd, RegisterView.General), RdSp = Def(RegisterField.Rd, RegisterView.GeneralSp),
        Rn = Use(RegisterField.Rn, RegisterView.General), RnSp = Use(RegisterField.Rn, RegisterView.GeneralSp), Rm = Use(RegisterField.Rm, RegisterView.General),
        Xd = Def(RegisterField.Rd, RegisterView.X), Wn = Use(RegisterField.Rn, RegisterView.W), Wm = Use(RegisterField.Rm, RegisterView.W),
        Wd = Def(RegisterField.Rd, RegisterView.W), RsLane = Use(RegisterField.Rm, RegisterView.GeneralByLane), RnLane = Use(RegisterField.Rn, RegisterView.GeneralByLane),
        VdBytes = Def(RegisterField.Rd, RegisterView.VectorBytes), VnBytes = Use(RegisterField.Rn, RegisterView.VectorBytes),
        VdElem = Def(RegisterField.Rd, RegisterView.VectorElement), VnElem = Use(RegisterField.Rn, RegisterView.VectorElement),
        VnElemSource = Use(RegisterField.Rn, RegisterView.VectorElementSource), Ed = Def(RegisterField.Rd, RegisterView.ScalarByLane);

    private const A64OperandKind Imm12 = A64OperandKind.Imm12, Bitmask = A64OperandKind.BitmaskImm, Shifted = A64OperandKind.Shifted, Extended = A64OperandKind.Extended;

    private static readonly AliasOperand
        InvertedCondition = new(default, IsInvertedCondition: true),
        Lsb = Number((in A64Instruction i) => i.Imm),
        Width = Number((in A64Instruction i) => i.Aux - i.Imm + 1),
        InsertLsb = Number((in A64Instruction i) => (Bits(i) - i.Imm) & (Bits(i) - 1)),
        InsertWidth = Number((in A64Instruction i) => i.Aux + 1),
        LeftAmount = Number((in A64Instruction i) => Bits(i) - 1 - i.Aux),
        WideValue = Number((in A64Instruction i) => Signed(i, i.Imm << (16 * i.Aux))),
        WideComplement = Number((in A64Instruction i) => Signed(i, ~(i.Imm << (16 * i.Aux)))),
        PatternValue = Number((in A64Instruction i) => Signed(i, i.Imm));

    private static readonly Alias[] s_aliasRows =
    [
        // Moves
        new(A64Form.AddImm,        "mov",    (in i) => (i.Rd == 31 || i.Rn == 31) && i is { Imm: 0, Aux: 0 },               [RdSp, RnSp]),
        new(A64Form.Orr,           "mov",    (in i) => i is { Rn: 31, Imm: 0, Aux: 0 },                                     [Rd, Rm]),
        new(A64Form.OrrImm,        "mov",    (in i) => i.Rn == 31 && !IsMoveWide(i, i.Imm),                                 [RdSp, PatternValue]),
        new(A64Form.Movz,          "mov",    (in i) => i.Imm != 0 || i.Aux == 0,                                            [Rd, WideValue]),
        new(A64Form.Movn,          "mov",    (in i) => (i.Imm != 0 || i.Aux == 0) && !(i.Size == 4 && i.Imm == 0xffff),     [Rd, WideComplement]),

        // Comparisons and negations
        new(A64Form.SubsImm,       "cmp",    (in i) => i.Rd == 31,                                                          [RnSp, Imm12]),
        new(A64Form.SubsShifted,   "cmp",    (in i) => i.Rd == 31,                                                          [Rn, Rm, Shifted]),
        new(A64Form.SubsExtended,  "cmp",    (in i) => i.Rd == 31,                                                          [RnSp, Rm, Extended]),
        new(A64Form.AddsImm,       "cmn",    (in i) => i.Rd == 31,                                                          [RnSp, Imm12]),
        new(A64Form.AddsShifted,   "cmn",    (in i) => i.Rd == 31,                                                          [Rn, Rm, Shifted]),
        new(A64Form.AddsExtended,  "cmn",    (in i) => i.Rd == 31,                                                          [RnSp, Rm, Extended]),
        new(A64Form.AndsImm,       "tst",    (in i) => i.Rd == 31,                                                          [Rn, Bitmask]),
        new(A64Form.Ands,          "tst",    (in i) => i.Rd == 31,                                                          [Rn, Rm, Shifted]),
        new(A64Form.SubShifted,    "neg",    (in i) => i.Rn == 31,                                                          [Rd, Rm, Shifted]),
        new(A64Form.SubsShifted,   "negs",   (in i) => i.Rn == 31,                                                          [Rd, Rm, Shifted]),
        new(A64Form.Orn,           "mvn",    (in i) => i.Rn == 31,                                                          [Rd, Rm, Shifted]),
        new(A64Form.Sbc,           "ngc",    (in i) => i.Rn == 31,                                                          [Rd, Rm]),
        new(A64Form.Sbcs,          "ngcs",   (in i) => i.Rn == 31,                                                          [Rd, Rm]),

        // Shifts, extensions and bit fields
        new(A64Form.Sbfm,          "sxtb",   (in i) => i is { Imm: 0, Aux: 7 },                                             [Rd, Wn]),
        new(A64Form.Sbfm,          "sxth",   (in i) => i is { Imm: 0, Aux: 15 },                                            [Rd, Wn]),
        new(A64Form.Sbfm,          "sxtw",   (in i) => i is { Imm: 0, Aux: 31, Size: 8 },                                   [Rd, Wn]),
        new(A64Form.Sbfm,          "asr",    (in i) => i.Aux == Bits(i) - 1,                                                [Rd, Rn, Lsb]),
        new(A64Form.Sbfm,          "sbfiz",  (in i) => i.Aux < i.Imm,                                                       [Rd, Rn, InsertLsb, InsertWidth]),
        new(A64Form.Sbfm,          "sbfx",   (in i) => true,                                                                [Rd, Rn, Lsb, Width]),
        new(A64Form.Ubfm,          "uxtb",   (in i) => i is { Imm: 0, Aux: 7, Size: 4 },                                    [Rd, Wn]),
        new(A64Form.Ubfm,          "uxth",   (in i) => i is { Imm: 0, Aux: 15, Size: 4 },                                   [Rd, Wn]),
        new(A64Form.Ubfm,          "lsr",    (in i) => i.Aux == Bits(i) - 1,                                                [Rd, Rn, Lsb]),
        new(A64Form.Ubfm,          "lsl",    (in i) => i.Aux + 1 == i.Imm,                                                  [Rd, Rn, LeftAmount]),
        new(A64Form.Ubfm,          "ubfiz",  (in i) => i.Aux < i.Imm,                                                       [Rd, Rn, InsertLsb, InsertWidth]),
        new(A64Form.Ubfm,          "ubfx",   (in i) => true,                                                                [Rd, Rn, Lsb, Width]),
        new(A64Form.Bfm,           "bfc",    (in i) => i.Rn == 31 && (i.Imm == 0 || i.Aux < i.Imm),                         [Rd, InsertLsb, InsertWidth]),
        new(A64Form.Bfm,           "bfi",    (in i) => i.Aux < i.Imm,                                                       [Rd, Rn, InsertLsb, InsertWidth]),
        new(A64Form.Bfm,           "bfxil",  (in i) => true,                                                                [Rd, Rn, Lsb, Width]),
        new(A64Form.Extr,          "ror",    (in i) => i.Rn == i.Rm,                                                        [Rd, Rn, Lsb]),
        new(A64Form.Lslv,          "lsl",    (in i) => true,                                                                [Rd, Rn, Rm]),
        new(A64Form.Lsrv,          "lsr",    (in i) => true,                                                                [Rd, Rn, Rm]),
        new(A64Form.Asrv,          "asr",    (in i) => true,                                                                [Rd, Rn, Rm]),
        new(A64Form.Rorv,          "ror",    (in i) => true,                                                                [Rd, Rn, Rm]),

        // Conditions
        new(A64Form.Csinc,         "cset",   (in i) => i is { Rn: 31, Rm: 31, Cond: < 14 },                                 [Rd, InvertedCondition]),
        new(A64Form.Csinc,         "cinc",   (in i) => i.Rn == i.Rm && i.Cond < 14,                                         [Rd, Rn, InvertedCondition]),
        new(A64Form.Csinv,         "csetm",  (in i) => i is { Rn: 31, Rm: 31, Cond: < 14 },                                 [Rd, InvertedCondition]),
        new(A64Form.Csinv,         "cinv",   (in i) => i.Rn == i.Rm && i.Cond < 14,                                         [Rd, Rn, InvertedCondition]),
        new(A64Form.Csneg,         "cneg",   (in i) => i.Rn == i.Rm && i.Cond < 14,                                         [Rd, Rn, InvertedCondition]),

        // Multiplication
        new(A64Form.Madd,          "mul",    (in i) => i.Ra == 31,                                                          [Rd, Rn, Rm]),
        new(A64Form.Msub,          "mneg",   (in i) => i.Ra == 31,                                                          [Rd, Rn, Rm]),
        new(A64Form.Smaddl,        "smull",  (in i) => i.Ra == 31,                                                          [Xd, Wn, Wm]),
        new(A64Form.Smsubl,        "smnegl", (in i) => i.Ra == 31,                                                          [Xd, Wn, Wm]),
        new(A64Form.Umaddl,        "umull",  (in i) => i.Ra == 31,                                                          [Xd, Wn, Wm]),
        new(A64Form.Umsubl,        "umnegl", (in i) => i.Ra == 31,                                                          [Xd, Wn, Wm]),

        // System
        new(A64Form.Ret,           "ret",    (in i) => i.Rn == 30,                                                          []),
        new(A64Form.Clrex,         "clrex",  (in i) => i.Imm == 15,                                                         []),
        new(A64Form.Isb,           "isb",    (in i) => i.Imm == 15,                                                         []),
        new(A64Form.Dsb,           "ssbb",   (in i) => i.Imm == 0,                                                          []),
        new(A64Form.Dsb,           "pssbb",  (in i) => i.Imm == 4,                                                          []),

        // Atomics whose result nobody reads
        new(A64Form.Ldadd,         "stadd",  (in i) => i is { Rd: 31, Aux: < 2 },                                           [RsLane, A64OperandKind.AddressBase]),
        new(A64Form.Ldclr,         "stclr",  (in i) => i is { Rd: 31, Aux: < 2 },                                           [RsLane, A64OperandKind.AddressBase]),
        new(A64Form.Ldeor,         "steor",  (in i) => i is { Rd: 31, Aux: < 2 },                                           [RsLane, A64OperandKind.AddressBase]),
        new(A64Form.Ldset,         "stset",  (in i) => i is { Rd: 31, Aux: < 2 },                                           [RsLane, A64OperandKind.AddressBase]),
        new(A64Form.Ldsmax,        "stsmax", (in i) => i is { Rd: 31, Aux: < 2 },                                           [RsLane, A64OperandKind.AddressBase]),
        new(A64Form.Ldsmin,        "stsmin", (in i) => i is { Rd: 31, Aux: < 2 },                                           [RsLane, A64OperandKind.AddressBase]),
        new(A64Form.Ldumax,        "stumax", (in i) => i is { Rd: 31, Aux: < 2 },                                           [RsLane, A64OperandKind.AddressBase]),
        new(A64Form.Ldumin,        "stumin", (in i) => i is { Rd: 31, Aux: < 2 },                                           [RsLane, A64OperandKind.AddressBase]),

        // Vectors
        new(A64Form.OrrVec,        "mov",    (in i) => i.Rn == i.Rm,                                                        [VdBytes, VnBytes]),
        new(A64Form.NotVec,        "mvn",    (in i) => true,                                                                [VdBytes, VnBytes]),
        new(A64Form.DupScalar,     "mov",    (in i) => true,                                                                [Ed, VnElem]),
        new(A64Form.UmovW,         "mov",    (in i) => i.Lane == 2,                                                         [Wd, VnElem]),
        new(A64Form.UmovX,         "mov",    (in i) => true,                                                                [Xd, VnElem]),
        new(A64Form.InsGeneral,    "mov",    (in i) => true,                                                                [VdElem, RnLane]),
        new(A64Form.InsElement,    "mov",    (in i) => true,                                                                [VdElem, VnElemSource]),
    ];

    /// <summary>By form: the first row and the number of rows that follow one another in <see cref="s_aliases"/>.</summary>
    private static readonly (ushort First, ushort Count)[] s_aliasIndex = new (ushort, ushort)[(int)A64Form.FirstPseudo];

    private static readonly Alias[] s_aliases = GroupAliases();

    private static Alias? FindAlias(in A64Instruction instruction)
    {
        (ushort first, ushort count) = s_aliasIndex[(int)instruction.Form];
        for (int i = first; i < first + count; i++)
        {
            if (s_aliases[i].When(instruction))
            {
                return s_aliases[i];
            }
        }

        return null;
    }

    private static Alias[] GroupAliases()
    {
        Alias[] grouped = new Alias[s_aliasRows.Length];
        ushort next = 0;
        for (A64Form form = A64Form.None; form < A64Form.FirstPseudo; form++)
        {
            ushort first = next;
            foreach (Alias alias in s_aliasRows)
            {
                if (alias.Form == form)
                {
                    grouped[next++] = alias;
                }
            }

            s_aliasIndex[(int)form] = (first, (ushort)(next - first));
        }

        return grouped;
    }

    private static AliasOperand Number(AliasNumber number) => new(default, number);

    private static int Bits(in A64Instruction instruction) => 8 * instruction.Size;

    private static long Signed(in A64Instruction instruction, long value) => instruction.Size == 4 ? (int)value : value;

    /// <summary>Whether movz or movn can write the value, which then goes before orr.</summary>
    private static bool IsMoveWide(in A64Instruction instruction, long value)
    {
        ulong mask = ulong.MaxValue >> (64 - Bits(instruction)), bits = (ulong)value & mask;
        return MoveWide.TryCreate(bits, out _) || MoveWide.TryCreate(~bits & mask, out _);
    }
}
