// Advanced SIMD: permutations, copies between elements and general registers, and immediates (Arm ARM C4.1.69).
namespace MiniJit.Backend.Arm64;

internal static partial class InstructionTable
{
    private static InstructionRow[] VectorMoveRows() =>
    [
        // Permute
        New(A64Form.Uzp1,        "uzp1", "0 Q 001110 size 0 Rm 0 001 10 Rn Rd",    "Vd, Vn, Vm", Vector, lanes: BHSD),
        New(A64Form.Trn1,        "trn1", "0 Q 001110 size 0 Rm 0 010 10 Rn Rd",    "Vd, Vn, Vm", Vector, lanes: BHSD),
        New(A64Form.Zip1,        "zip1", "0 Q 001110 size 0 Rm 0 011 10 Rn Rd",    "Vd, Vn, Vm", Vector, lanes: BHSD),
        New(A64Form.Uzp2,        "uzp2", "0 Q 001110 size 0 Rm 0 101 10 Rn Rd",    "Vd, Vn, Vm", Vector, lanes: BHSD),
        New(A64Form.Trn2,        "trn2", "0 Q 001110 size 0 Rm 0 110 10 Rn Rd",    "Vd, Vn, Vm", Vector, lanes: BHSD),
        New(A64Form.Zip2,        "zip2", "0 Q 001110 size 0 Rm 0 111 10 Rn Rd",    "Vd, Vn, Vm", Vector, lanes: BHSD),
        New(A64Form.Ext,         "ext",  "0 Q 101110 00 0 Rm 0 imm4 0 Rn Rd",      "VdBytes, VnBytes, VmBytes, ByteIndex"),
        New(A64Form.Tbl1,        "tbl",  "0 Q 001110 00 0 Rm 0 00 0 00 Rn Rd",     "VdBytes, TableList(1), VmBytes"),
        New(A64Form.Tbl2,        "tbl",  "0 Q 001110 00 0 Rm 0 01 0 00 Rn Rd",     "VdBytes, TableList(2), VmBytes"),
        New(A64Form.Tbl3,        "tbl",  "0 Q 001110 00 0 Rm 0 10 0 00 Rn Rd",     "VdBytes, TableList(3), VmBytes"),
        New(A64Form.Tbl4,        "tbl",  "0 Q 001110 00 0 Rm 0 11 0 00 Rn Rd",     "VdBytes, TableList(4), VmBytes"),
        New(A64Form.Tbx1,        "tbx",  "0 Q 001110 00 0 Rm 0 00 1 00 Rn Rd",     "VdBytesTied, TableList(1), VmBytes"),
        New(A64Form.Tbx2,        "tbx",  "0 Q 001110 00 0 Rm 0 01 1 00 Rn Rd",     "VdBytesTied, TableList(2), VmBytes"),
        New(A64Form.Tbx3,        "tbx",  "0 Q 001110 00 0 Rm 0 10 1 00 Rn Rd",     "VdBytesTied, TableList(3), VmBytes"),
        New(A64Form.Tbx4,        "tbx",  "0 Q 001110 00 0 Rm 0 11 1 00 Rn Rd",     "VdBytesTied, TableList(4), VmBytes"),

        // Copy
        New(A64Form.DupElement,  "dup",  "0 Q 0 01110000 imm5 0 0000 1 Rn Rd",     "Vd, VnElem", Vector, lanes: BHSD),
        New(A64Form.DupScalar,   "dup",  "01 0 11110000 imm5 0 0000 1 Rn Rd",      "Ed, VnElem", lanes: BHSD),
        New(A64Form.DupGeneral,  "dup",  "0 Q 0 01110000 imm5 0 0001 1 Rn Rd",     "Vd, RnLane", Vector, lanes: BHSD),
        New(A64Form.SmovW,       "smov", "0 0 0 01110000 imm5 0 0101 1 Rn Rd",     "Wd, VnElem", lanes: BH),
        New(A64Form.SmovX,       "smov", "0 1 0 01110000 imm5 0 0101 1 Rn Rd",     "Xd, VnElem", lanes: BHS),
        New(A64Form.UmovW,       "umov", "0 0 0 01110000 imm5 0 0111 1 Rn Rd",     "Wd, VnElem", lanes: BHS),
        New(A64Form.UmovX,       "umov", "0 1 0 01110000 imm5 0 0111 1 Rn Rd",     "Xd, VnElem", lanes: D),
        New(A64Form.InsGeneral,  "ins",  "0 1 0 01110000 imm5 0 0011 1 Rn Rd",     "VdElem, RnLane", lanes: BHSD),
        New(A64Form.InsElement,  "ins",  "0 1 1 01110000 imm5 0 imm4 1 Rn Rd",     "VdElem, VnElemSource", lanes: BHSD),

        // Modified immediate: Imm holds what eight bits and cmode expand to (mvni and bic complement it), Aux cmode
        New(A64Form.MoviVec,     "movi", "0 Q 0 0111100000 abc cmode 01 defgh Rd", "Vd, MoveImm"),
        New(A64Form.MvniVec,     "mvni", "0 Q 1 0111100000 abc cmode 01 defgh Rd", "Vd, MoveImm"),
        New(A64Form.OrrImmVec,   "orr",  "0 Q 0 0111100000 abc cmode 01 defgh Rd", "VdTied, LogicalImm"),
        New(A64Form.BicImmVec,   "bic",  "0 Q 1 0111100000 abc cmode 01 defgh Rd", "VdTied, LogicalImm"),
        New(A64Form.MoviBytes,   "movi", "0 Q 0 0111100000 abc 1110 01 defgh Rd",  "Vd, PlainImm", lanes: B),
        New(A64Form.MoviScalar,  "movi", "0 0 1 0111100000 abc 1110 01 defgh Rd",  "Dd, PlainImm", lanes: D),
        New(A64Form.MoviDouble,  "movi", "0 1 1 0111100000 abc 1110 01 defgh Rd",  "VdFull, PlainImm", lanes: D),
        New(A64Form.FmovSingles, "fmov", "0 Q 0 0111100000 abc 1111 01 defgh Rd",  "Vd, PlainImm", lanes: S),
        New(A64Form.FmovDoubles, "fmov", "0 1 1 0111100000 abc 1111 01 defgh Rd",  "VdFull, PlainImm", lanes: D),
    ];
}
