// Advanced SIMD on vectors of single and double precision (Arm ARM C4.1.69). Half precision needs FEAT_FP16 and has other encodings.
namespace MiniJit.Backend.Arm64;

internal static partial class InstructionTable
{
    private static InstructionRow[] VectorFloatRows() =>
    [
        // Three same
        New(A64Form.FmaxnmVec,      "fmaxnm",  "0 Q 0 01110 0 sz 1 Rm 11000 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FmlaVec,        "fmla",    "0 Q 0 01110 0 sz 1 Rm 11001 1 Rn Rd",   "VdTied, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FaddVec,        "fadd",    "0 Q 0 01110 0 sz 1 Rm 11010 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FmulxVec,       "fmulx",   "0 Q 0 01110 0 sz 1 Rm 11011 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FcmeqVec,       "fcmeq",   "0 Q 0 01110 0 sz 1 Rm 11100 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FmaxVec,        "fmax",    "0 Q 0 01110 0 sz 1 Rm 11110 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FrecpsVec,      "frecps",  "0 Q 0 01110 0 sz 1 Rm 11111 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FminnmVec,      "fminnm",  "0 Q 0 01110 1 sz 1 Rm 11000 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FmlsVec,        "fmls",    "0 Q 0 01110 1 sz 1 Rm 11001 1 Rn Rd",   "VdTied, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FsubVec,        "fsub",    "0 Q 0 01110 1 sz 1 Rm 11010 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FminVec,        "fmin",    "0 Q 0 01110 1 sz 1 Rm 11110 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FrsqrtsVec,     "frsqrts", "0 Q 0 01110 1 sz 1 Rm 11111 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FmaxnmpVec,     "fmaxnmp", "0 Q 1 01110 0 sz 1 Rm 11000 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FaddpVec,       "faddp",   "0 Q 1 01110 0 sz 1 Rm 11010 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FmulVec,        "fmul",    "0 Q 1 01110 0 sz 1 Rm 11011 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FcmgeVec,       "fcmge",   "0 Q 1 01110 0 sz 1 Rm 11100 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FacgeVec,       "facge",   "0 Q 1 01110 0 sz 1 Rm 11101 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FmaxpVec,       "fmaxp",   "0 Q 1 01110 0 sz 1 Rm 11110 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FdivVec,        "fdiv",    "0 Q 1 01110 0 sz 1 Rm 11111 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FminnmpVec,     "fminnmp", "0 Q 1 01110 1 sz 1 Rm 11000 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FabdVec,        "fabd",    "0 Q 1 01110 1 sz 1 Rm 11010 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FcmgtVec,       "fcmgt",   "0 Q 1 01110 1 sz 1 Rm 11100 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FacgtVec,       "facgt",   "0 Q 1 01110 1 sz 1 Rm 11101 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),
        New(A64Form.FminpVec,       "fminp",   "0 Q 1 01110 1 sz 1 Rm 11110 1 Rn Rd",   "Vd, Vn, Vm", Vector, lanes: SD),

        // Two-register miscellaneous
        New(A64Form.FrintnVec,      "frintn",  "0 Q 0 01110 0 sz 10000 11000 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FrintmVec,      "frintm",  "0 Q 0 01110 0 sz 10000 11001 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FrintpVec,      "frintp",  "0 Q 0 01110 1 sz 10000 11000 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FrintzVec,      "frintz",  "0 Q 0 01110 1 sz 10000 11001 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FrintaVec,      "frinta",  "0 Q 1 01110 0 sz 10000 11000 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FrintxVec,      "frintx",  "0 Q 1 01110 0 sz 10000 11001 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FrintiVec,      "frinti",  "0 Q 1 01110 1 sz 10000 11001 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FcvtnsVec,      "fcvtns",  "0 Q 0 01110 0 sz 10000 11010 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FcvtnuVec,      "fcvtnu",  "0 Q 1 01110 0 sz 10000 11010 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FcvtmsVec,      "fcvtms",  "0 Q 0 01110 0 sz 10000 11011 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FcvtmuVec,      "fcvtmu",  "0 Q 1 01110 0 sz 10000 11011 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FcvtasVec,      "fcvtas",  "0 Q 0 01110 0 sz 10000 11100 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FcvtauVec,      "fcvtau",  "0 Q 1 01110 0 sz 10000 11100 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FcvtpsVec,      "fcvtps",  "0 Q 0 01110 1 sz 10000 11010 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FcvtpuVec,      "fcvtpu",  "0 Q 1 01110 1 sz 10000 11010 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FcvtzsVec,      "fcvtzs",  "0 Q 0 01110 1 sz 10000 11011 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FcvtzuVec,      "fcvtzu",  "0 Q 1 01110 1 sz 10000 11011 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.ScvtfVec,       "scvtf",   "0 Q 0 01110 0 sz 10000 11101 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.UcvtfVec,       "ucvtf",   "0 Q 1 01110 0 sz 10000 11101 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FabsVec,        "fabs",    "0 Q 0 01110 1 sz 10000 01111 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FnegVec,        "fneg",    "0 Q 1 01110 1 sz 10000 01111 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FsqrtVec,       "fsqrt",   "0 Q 1 01110 1 sz 10000 11111 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FrecpeVec,      "frecpe",  "0 Q 0 01110 1 sz 10000 11101 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FrsqrteVec,     "frsqrte", "0 Q 1 01110 1 sz 10000 11101 10 Rn Rd", "Vd, Vn", Vector, lanes: SD),
        New(A64Form.FcmgtZeroVec,   "fcmgt",   "0 Q 0 01110 1 sz 10000 01100 10 Rn Rd", "Vd, Vn, FloatZero", Vector, lanes: SD),
        New(A64Form.FcmgeZeroVec,   "fcmge",   "0 Q 1 01110 1 sz 10000 01100 10 Rn Rd", "Vd, Vn, FloatZero", Vector, lanes: SD),
        New(A64Form.FcmeqZeroVec,   "fcmeq",   "0 Q 0 01110 1 sz 10000 01101 10 Rn Rd", "Vd, Vn, FloatZero", Vector, lanes: SD),
        New(A64Form.FcmleZeroVec,   "fcmle",   "0 Q 1 01110 1 sz 10000 01101 10 Rn Rd", "Vd, Vn, FloatZero", Vector, lanes: SD),
        New(A64Form.FcmltZeroVec,   "fcmlt",   "0 Q 0 01110 1 sz 10000 01110 10 Rn Rd", "Vd, Vn, FloatZero", Vector, lanes: SD),
        New(A64Form.FcvtnVec,       "fcvtn",   "0 Q 0 01110 0 sz 10000 10110 10 Rn Rd", "VdNarrowUpper, VnFull", Upper, lanes: SD),
        New(A64Form.FcvtxnVec,      "fcvtxn",  "0 Q 1 01110 0 sz 10000 10110 10 Rn Rd", "VdNarrowUpper, VnFull", Upper, lanes: D),
        New(A64Form.FcvtlVec,       "fcvtl",   "0 Q 0 01110 0 sz 10000 10111 10 Rn Rd", "VdFull, VnNarrow", Upper, lanes: SD),

        // Across lanes
        New(A64Form.Fmaxnmv,        "fmaxnmv", "0 1 1 01110 0 0 11000 01100 10 Rn Rd",  "Sd, VnFull", lanes: S),
        New(A64Form.Fminnmv,        "fminnmv", "0 1 1 01110 1 0 11000 01100 10 Rn Rd",  "Sd, VnFull", lanes: S),
        New(A64Form.Fmaxv,          "fmaxv",   "0 1 1 01110 0 0 11000 01111 10 Rn Rd",  "Sd, VnFull", lanes: S),
        New(A64Form.Fminv,          "fminv",   "0 1 1 01110 1 0 11000 01111 10 Rn Rd",  "Sd, VnFull", lanes: S),

        // Fixed point
        New(A64Form.ScvtfFixedVec,  "scvtf",   "0 Q 0 0 11110 immh immb 11100 1 Rn Rd", "Vd, Vn, Right", Vector, lanes: SD),
        New(A64Form.UcvtfFixedVec,  "ucvtf",   "0 Q 1 0 11110 immh immb 11100 1 Rn Rd", "Vd, Vn, Right", Vector, lanes: SD),
        New(A64Form.FcvtzsFixedVec, "fcvtzs",  "0 Q 0 0 11110 immh immb 11111 1 Rn Rd", "Vd, Vn, Right", Vector, lanes: SD),
        New(A64Form.FcvtzuFixedVec, "fcvtzu",  "0 Q 1 0 11110 immh immb 11111 1 Rn Rd", "Vd, Vn, Right", Vector, lanes: SD),

        // By indexed element
        New(A64Form.FmlaElem,       "fmla",    "0 Q 0 01111 1 sz L Rm 0001 H 0 Rn Rd",  "VdTied, Vn, VmElem", Vector, lanes: SD),
        New(A64Form.FmlsElem,       "fmls",    "0 Q 0 01111 1 sz L Rm 0101 H 0 Rn Rd",  "VdTied, Vn, VmElem", Vector, lanes: SD),
        New(A64Form.FmulElem,       "fmul",    "0 Q 0 01111 1 sz L Rm 1001 H 0 Rn Rd",  "Vd, Vn, VmElem", Vector, lanes: SD),
        New(A64Form.FmulxElem,      "fmulx",   "0 Q 1 01111 1 sz L Rm 1001 H 0 Rn Rd",  "Vd, Vn, VmElem", Vector, lanes: SD),
    ];
}
