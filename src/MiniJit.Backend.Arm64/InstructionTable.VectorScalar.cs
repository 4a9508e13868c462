// Advanced SIMD on one element of the lowest bits of a register (Arm ARM C4.1.69, "Advanced SIMD scalar ..."), written b0, h0, s0, d0.
namespace MiniJit.Backend.Arm64;

internal static partial class InstructionTable
{
    private static InstructionRow[] VectorScalarRows() =>
    [
        // Three same
        New(A64Form.SqaddScalar,        "sqadd",    "01 0 11110 size 1 Rm 00001 1 Rn Rd",   "Ed, En, Em", lanes: BHSD),
        New(A64Form.UqaddScalar,        "uqadd",    "01 1 11110 size 1 Rm 00001 1 Rn Rd",   "Ed, En, Em", lanes: BHSD),
        New(A64Form.SqsubScalar,        "sqsub",    "01 0 11110 size 1 Rm 00101 1 Rn Rd",   "Ed, En, Em", lanes: BHSD),
        New(A64Form.UqsubScalar,        "uqsub",    "01 1 11110 size 1 Rm 00101 1 Rn Rd",   "Ed, En, Em", lanes: BHSD),
        New(A64Form.CmgtScalar,         "cmgt",     "01 0 11110 size 1 Rm 00110 1 Rn Rd",   "Ed, En, Em", lanes: D),
        New(A64Form.CmhiScalar,         "cmhi",     "01 1 11110 size 1 Rm 00110 1 Rn Rd",   "Ed, En, Em", lanes: D),
        New(A64Form.CmgeScalar,         "cmge",     "01 0 11110 size 1 Rm 00111 1 Rn Rd",   "Ed, En, Em", lanes: D),
        New(A64Form.CmhsScalar,         "cmhs",     "01 1 11110 size 1 Rm 00111 1 Rn Rd",   "Ed, En, Em", lanes: D),
        New(A64Form.SshlScalar,         "sshl",     "01 0 11110 size 1 Rm 01000 1 Rn Rd",   "Ed, En, Em", lanes: D),
        New(A64Form.UshlScalar,         "ushl",     "01 1 11110 size 1 Rm 01000 1 Rn Rd",   "Ed, En, Em", lanes: D),
        New(A64Form.SqshlScalar,        "sqshl",    "01 0 11110 size 1 Rm 01001 1 Rn Rd",   "Ed, En, Em", lanes: BHSD),
        New(A64Form.UqshlScalar,        "uqshl",    "01 1 11110 size 1 Rm 01001 1 Rn Rd",   "Ed, En, Em", lanes: BHSD),
        New(A64Form.SrshlScalar,        "srshl",    "01 0 11110 size 1 Rm 01010 1 Rn Rd",   "Ed, En, Em", lanes: D),
        New(A64Form.UrshlScalar,        "urshl",    "01 1 11110 size 1 Rm 01010 1 Rn Rd",   "Ed, En, Em", lanes: D),
        New(A64Form.SqrshlScalar,       "sqrshl",   "01 0 11110 size 1 Rm 01011 1 Rn Rd",   "Ed, En, Em", lanes: BHSD),
        New(A64Form.UqrshlScalar,       "uqrshl",   "01 1 11110 size 1 Rm 01011 1 Rn Rd",   "Ed, En, Em", lanes: BHSD),
        New(A64Form.AddScalar,          "add",      "01 0 11110 size 1 Rm 10000 1 Rn Rd",   "Ed, En, Em", lanes: D),
        New(A64Form.SubScalar,          "sub",      "01 1 11110 size 1 Rm 10000 1 Rn Rd",   "Ed, En, Em", lanes: D),
        New(A64Form.CmtstScalar,        "cmtst",    "01 0 11110 size 1 Rm 10001 1 Rn Rd",   "Ed, En, Em", lanes: D),
        New(A64Form.CmeqScalar,         "cmeq",     "01 1 11110 size 1 Rm 10001 1 Rn Rd",   "Ed, En, Em", lanes: D),
        New(A64Form.SqdmulhScalar,      "sqdmulh",  "01 0 11110 size 1 Rm 10110 1 Rn Rd",   "Ed, En, Em", lanes: HS),
        New(A64Form.SqrdmulhScalar,     "sqrdmulh", "01 1 11110 size 1 Rm 10110 1 Rn Rd",   "Ed, En, Em", lanes: HS),

        // Three different
        New(A64Form.SqdmlalScalar,      "sqdmlal",  "01 0 11110 size 1 Rm 1001 00 Rn Rd",   "EdWideTied, En, Em", lanes: HS),
        New(A64Form.SqdmlslScalar,      "sqdmlsl",  "01 0 11110 size 1 Rm 1011 00 Rn Rd",   "EdWideTied, En, Em", lanes: HS),
        New(A64Form.SqdmullScalar,      "sqdmull",  "01 0 11110 size 1 Rm 1101 00 Rn Rd",   "EdWide, En, Em", lanes: HS),

        // Two-register miscellaneous
        New(A64Form.SuqaddScalar,       "suqadd",   "01 0 11110 size 10000 00011 10 Rn Rd", "EdTied, En", lanes: BHSD),
        New(A64Form.UsqaddScalar,       "usqadd",   "01 1 11110 size 10000 00011 10 Rn Rd", "EdTied, En", lanes: BHSD),
        New(A64Form.SqabsScalar,        "sqabs",    "01 0 11110 size 10000 00111 10 Rn Rd", "Ed, En", lanes: BHSD),
        New(A64Form.SqnegScalar,        "sqneg",    "01 1 11110 size 10000 00111 10 Rn Rd", "Ed, En", lanes: BHSD),
        New(A64Form.CmgtZeroScalar,     "cmgt",     "01 0 11110 size 10000 01000 10 Rn Rd", "Ed, En, Zero", lanes: D),
        New(A64Form.CmgeZeroScalar,     "cmge",     "01 1 11110 size 10000 01000 10 Rn Rd", "Ed, En, Zero", lanes: D),
        New(A64Form.CmeqZeroScalar,     "cmeq",     "01 0 11110 size 10000 01001 10 Rn Rd", "Ed, En, Zero", lanes: D),
        New(A64Form.CmleZeroScalar,     "cmle",     "01 1 11110 size 10000 01001 10 Rn Rd", "Ed, En, Zero", lanes: D),
        New(A64Form.CmltZeroScalar,     "cmlt",     "01 0 11110 size 10000 01010 10 Rn Rd", "Ed, En, Zero", lanes: D),
        New(A64Form.AbsScalar,          "abs",      "01 0 11110 size 10000 01011 10 Rn Rd", "Ed, En", lanes: D),
        New(A64Form.NegScalar,          "neg",      "01 1 11110 size 10000 01011 10 Rn Rd", "Ed, En", lanes: D),
        New(A64Form.SqxtunScalar,       "sqxtun",   "01 1 11110 size 10000 10010 10 Rn Rd", "Ed, EnWide", lanes: BHS),
        New(A64Form.SqxtnScalar,        "sqxtn",    "01 0 11110 size 10000 10100 10 Rn Rd", "Ed, EnWide", lanes: BHS),
        New(A64Form.UqxtnScalar,        "uqxtn",    "01 1 11110 size 10000 10100 10 Rn Rd", "Ed, EnWide", lanes: BHS),

        // Shifts by immediate
        New(A64Form.SshrScalar,         "sshr",     "01 0 1 11110 immh immb 00000 1 Rn Rd", "Ed, En, Right", lanes: D),
        New(A64Form.UshrScalar,         "ushr",     "01 1 1 11110 immh immb 00000 1 Rn Rd", "Ed, En, Right", lanes: D),
        New(A64Form.SsraScalar,         "ssra",     "01 0 1 11110 immh immb 00010 1 Rn Rd", "EdTied, En, Right", lanes: D),
        New(A64Form.UsraScalar,         "usra",     "01 1 1 11110 immh immb 00010 1 Rn Rd", "EdTied, En, Right", lanes: D),
        New(A64Form.SrshrScalar,        "srshr",    "01 0 1 11110 immh immb 00100 1 Rn Rd", "Ed, En, Right", lanes: D),
        New(A64Form.UrshrScalar,        "urshr",    "01 1 1 11110 immh immb 00100 1 Rn Rd", "Ed, En, Right", lanes: D),
        New(A64Form.SrsraScalar,        "srsra",    "01 0 1 11110 immh immb 00110 1 Rn Rd", "EdTied, En, Right", lanes: D),
        New(A64Form.UrsraScalar,        "ursra",    "01 1 1 11110 immh immb 00110 1 Rn Rd", "EdTied, En, Right", lanes: D),
        New(A64Form.SriScalar,          "sri",      "01 1 1 11110 immh immb 01000 1 Rn Rd", "EdTied, En, Right", lanes: D),
        New(A64Form.ShlScalar,          "shl",      "01 0 1 11110 immh immb 01010 1 Rn Rd", "Ed, En, Left", lanes: D),
        New(A64Form.SliScalar,          "sli",      "01 1 1 11110 immh immb 01010 1 Rn Rd", "EdTied, En, Left", lanes: D),
        New(A64Form.SqshluScalar,       "sqshlu",   "01 1 1 11110 immh immb 01100 1 Rn Rd", "Ed, En, Left", lanes: BHSD),
        New(A64Form.SqshlImmScalar,     "sqshl",    "01 0 1 11110 immh immb 01110 1 Rn Rd", "Ed, En, Left", lanes: BHSD),
        New(A64Form.UqshlImmScalar,     "uqshl",    "01 1 1 11110 immh immb 01110 1 Rn Rd", "Ed, En, Left", lanes: BHSD),
        New(A64Form.SqshrunScalar,      "sqshrun",  "01 1 1 11110 immh immb 10000 1 Rn Rd", "Ed, EnWide, Right", lanes: BHS),
        New(A64Form.SqrshrunScalar,     "sqrshrun", "01 1 1 11110 immh immb 10001 1 Rn Rd", "Ed, EnWide, Right", lanes: BHS),
        New(A64Form.SqshrnScalar,       "sqshrn",   "01 0 1 11110 immh immb 10010 1 Rn Rd", "Ed, EnWide, Right", lanes: BHS),
        New(A64Form.UqshrnScalar,       "uqshrn",   "01 1 1 11110 immh immb 10010 1 Rn Rd", "Ed, EnWide, Right", lanes: BHS),
        New(A64Form.SqrshrnScalar,      "sqrshrn",  "01 0 1 11110 immh immb 10011 1 Rn Rd", "Ed, EnWide, Right", lanes: BHS),
        New(A64Form.UqrshrnScalar,      "uqrshrn",  "01 1 1 11110 immh immb 10011 1 Rn Rd", "Ed, EnWide, Right", lanes: BHS),

        // By indexed element
        New(A64Form.SqdmulhScalarElem,  "sqdmulh",  "01 0 11111 size L Rm 1100 H 0 Rn Rd",  "Ed, En, VmElem", lanes: HS),
        New(A64Form.SqrdmulhScalarElem, "sqrdmulh", "01 0 11111 size L Rm 1101 H 0 Rn Rd",  "Ed, En, VmElem", lanes: HS),
        New(A64Form.SqdmlalScalarElem,  "sqdmlal",  "01 0 11111 size L Rm 0011 H 0 Rn Rd",  "EdWideTied, En, VmElem", lanes: HS),
        New(A64Form.SqdmlslScalarElem,  "sqdmlsl",  "01 0 11111 size L Rm 0111 H 0 Rn Rd",  "EdWideTied, En, VmElem", lanes: HS),
        New(A64Form.SqdmullScalarElem,  "sqdmull",  "01 0 11111 size L Rm 1011 H 0 Rn Rd",  "EdWide, En, VmElem", lanes: HS),

        // Three same, floating point
        New(A64Form.FmulxScalar,        "fmulx",    "01 0 11110 0 sz 1 Rm 11011 1 Rn Rd",   "Ed, En, Em", lanes: SD),
        New(A64Form.FcmeqScalar,        "fcmeq",    "01 0 11110 0 sz 1 Rm 11100 1 Rn Rd",   "Ed, En, Em", lanes: SD),
        New(A64Form.FrecpsScalar,       "frecps",   "01 0 11110 0 sz 1 Rm 11111 1 Rn Rd",   "Ed, En, Em", lanes: SD),
        New(A64Form.FrsqrtsScalar,      "frsqrts",  "01 0 11110 1 sz 1 Rm 11111 1 Rn Rd",   "Ed, En, Em", lanes: SD),
        New(A64Form.FcmgeScalar,        "fcmge",    "01 1 11110 0 sz 1 Rm 11100 1 Rn Rd",   "Ed, En, Em", lanes: SD),
        New(A64Form.FacgeScalar,        "facge",    "01 1 11110 0 sz 1 Rm 11101 1 Rn Rd",   "Ed, En, Em", lanes: SD),
        New(A64Form.FabdScalar,         "fabd",     "01 1 11110 1 sz 1 Rm 11010 1 Rn Rd",   "Ed, En, Em", lanes: SD),
        New(A64Form.FcmgtScalar,        "fcmgt",    "01 1 11110 1 sz 1 Rm 11100 1 Rn Rd",   "Ed, En, Em", lanes: SD),
        New(A64Form.FacgtScalar,        "facgt",    "01 1 11110 1 sz 1 Rm 11101 1 Rn Rd",   "Ed, En, Em", lanes: SD),

        // Two-register miscellaneous, floating point
        New(A64Form.FcvtnsScalar,       "fcvtns",   "01 0 11110 0 sz 10000 11010 10 Rn Rd", "Ed, En", lanes: SD),
        New(A64Form.FcvtnuScalar,       "fcvtnu",   "01 1 11110 0 sz 10000 11010 10 Rn Rd", "Ed, En", lanes: SD),
        New(A64Form.FcvtmsScalar,       "fcvtms",   "01 0 11110 0 sz 10000 11011 10 Rn Rd", "Ed, En", lanes: SD),
        New(A64Form.FcvtmuScalar,       "fcvtmu",   "01 1 11110 0 sz 10000 11011 10 Rn Rd", "Ed, En", lanes: SD),
        New(A64Form.FcvtasScalar,       "fcvtas",   "01 0 11110 0 sz 10000 11100 10 Rn Rd", "Ed, En", lanes: SD),
        New(A64Form.FcvtauScalar,       "fcvtau",   "01 1 11110 0 sz 10000 11100 10 Rn Rd", "Ed, En", lanes: SD),
        New(A64Form.FcvtpsScalar,       "fcvtps",   "01 0 11110 1 sz 10000 11010 10 Rn Rd", "Ed, En", lanes: SD),
        New(A64Form.FcvtpuScalar,       "fcvtpu",   "01 1 11110 1 sz 10000 11010 10 Rn Rd", "Ed, En", lanes: SD),
        New(A64Form.FcvtzsScalar,       "fcvtzs",   "01 0 11110 1 sz 10000 11011 10 Rn Rd", "Ed, En", lanes: SD),
        New(A64Form.FcvtzuScalar,       "fcvtzu",   "01 1 11110 1 sz 10000 11011 10 Rn Rd", "Ed, En", lanes: SD),
        New(A64Form.ScvtfScalar,        "scvtf",    "01 0 11110 0 sz 10000 11101 10 Rn Rd", "Ed, En", lanes: SD),
        New(A64Form.UcvtfScalar,        "ucvtf",    "01 1 11110 0 sz 10000 11101 10 Rn Rd", "Ed, En", lanes: SD),
        New(A64Form.FrecpeScalar,       "frecpe",   "01 0 11110 1 sz 10000 11101 10 Rn Rd", "Ed, En", lanes: SD),
        New(A64Form.FrsqrteScalar,      "frsqrte",  "01 1 11110 1 sz 10000 11101 10 Rn Rd", "Ed, En", lanes: SD),
        New(A64Form.FrecpxScalar,       "frecpx",   "01 0 11110 1 sz 10000 11111 10 Rn Rd", "Ed, En", lanes: SD),
        New(A64Form.FcmgtZeroScalar,    "fcmgt",    "01 0 11110 1 sz 10000 01100 10 Rn Rd", "Ed, En, FloatZero", lanes: SD),
        New(A64Form.FcmgeZeroScalar,    "fcmge",    "01 1 11110 1 sz 10000 01100 10 Rn Rd", "Ed, En, FloatZero", lanes: SD),
        New(A64Form.FcmeqZeroScalar,    "fcmeq",    "01 0 11110 1 sz 10000 01101 10 Rn Rd", "Ed, En, FloatZero", lanes: SD),
        New(A64Form.FcmleZeroScalar,    "fcmle",    "01 1 11110 1 sz 10000 01101 10 Rn Rd", "Ed, En, FloatZero", lanes: SD),
        New(A64Form.FcmltZeroScalar,    "fcmlt",    "01 0 11110 1 sz 10000 01110 10 Rn Rd", "Ed, En, FloatZero", lanes: SD),
        New(A64Form.FcvtxnScalar,       "fcvtxn",   "01 1 11110 0 1 10000 10110 10 Rn Rd",  "Sd, Dn"),

        // Fixed point
        New(A64Form.ScvtfFixedScalar,   "scvtf",    "01 0 1 11110 immh immb 11100 1 Rn Rd", "Ed, En, Right", lanes: SD),
        New(A64Form.UcvtfFixedScalar,   "ucvtf",    "01 1 1 11110 immh immb 11100 1 Rn Rd", "Ed, En, Right", lanes: SD),
        New(A64Form.FcvtzsFixedScalar,  "fcvtzs",   "01 0 1 11110 immh immb 11111 1 Rn Rd", "Ed, En, Right", lanes: SD),
        New(A64Form.FcvtzuFixedScalar,  "fcvtzu",   "01 1 1 11110 immh immb 11111 1 Rn Rd", "Ed, En, Right", lanes: SD),

        // By indexed element, floating point
        New(A64Form.FmlaScalarElem,     "fmla",     "01 0 11111 1 sz L Rm 0001 H 0 Rn Rd",  "EdTied, En, VmElem", lanes: SD),
        New(A64Form.FmlsScalarElem,     "fmls",     "01 0 11111 1 sz L Rm 0101 H 0 Rn Rd",  "EdTied, En, VmElem", lanes: SD),
        New(A64Form.FmulScalarElem,     "fmul",     "01 0 11111 1 sz L Rm 1001 H 0 Rn Rd",  "Ed, En, VmElem", lanes: SD),
        New(A64Form.FmulxScalarElem,    "fmulx",    "01 1 11111 1 sz L Rm 1001 H 0 Rn Rd",  "Ed, En, VmElem", lanes: SD),

        // Pairwise
        New(A64Form.AddpScalar,         "addp",     "01 0 11110 size 11000 11011 10 Rn Rd", "Ed, VnTwo", lanes: D),
        New(A64Form.FmaxnmpScalar,      "fmaxnmp",  "01 1 11110 0 sz 11000 01100 10 Rn Rd", "Ed, VnTwo", lanes: SD),
        New(A64Form.FaddpScalar,        "faddp",    "01 1 11110 0 sz 11000 01101 10 Rn Rd", "Ed, VnTwo", lanes: SD),
        New(A64Form.FmaxpScalar,        "fmaxp",    "01 1 11110 0 sz 11000 01111 10 Rn Rd", "Ed, VnTwo", lanes: SD),
        New(A64Form.FminnmpScalar,      "fminnmp",  "01 1 11110 1 sz 11000 01100 10 Rn Rd", "Ed, VnTwo", lanes: SD),
        New(A64Form.FminpScalar,        "fminp",    "01 1 11110 1 sz 11000 01111 10 Rn Rd", "Ed, VnTwo", lanes: SD),
    ];
}
