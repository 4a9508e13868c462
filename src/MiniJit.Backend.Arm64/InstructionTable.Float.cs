// Scalar floating point (Arm ARM C4.1.69). ftype is the operation's size; half precision is here for moves and conversions, its
// arithmetic needs FEAT_FP16.
namespace MiniJit.Backend.Arm64;

internal static partial class InstructionTable
{
    private static InstructionRow[] FloatRows() =>
    [
        // One source
        New(A64Form.FmovReg,       "fmov",   "000 11110 ftype 1 000000 10000 Rn Rd",          "Fd, Fn"),
        New(A64Form.Fabs,          "fabs",   "000 11110 ftype 1 000001 10000 Rn Rd",          "Fd, Fn"),
        New(A64Form.Fneg,          "fneg",   "000 11110 ftype 1 000010 10000 Rn Rd",          "Fd, Fn"),
        New(A64Form.Fsqrt,         "fsqrt",  "000 11110 ftype 1 000011 10000 Rn Rd",          "Fd, Fn"),
        New(A64Form.FcvtToSingle,  "fcvt",   "000 11110 ftype 1 000100 10000 Rn Rd",          "Sd, Fn"),
        New(A64Form.FcvtToDouble,  "fcvt",   "000 11110 ftype 1 000101 10000 Rn Rd",          "Dd, Fn"),
        New(A64Form.FcvtToHalf,    "fcvt",   "000 11110 ftype 1 000111 10000 Rn Rd",          "Hd, Fn"),
        New(A64Form.Frintn,        "frintn", "000 11110 ftype 1 001000 10000 Rn Rd",          "Fd, Fn"),
        New(A64Form.Frintp,        "frintp", "000 11110 ftype 1 001001 10000 Rn Rd",          "Fd, Fn"),
        New(A64Form.Frintm,        "frintm", "000 11110 ftype 1 001010 10000 Rn Rd",          "Fd, Fn"),
        New(A64Form.Frintz,        "frintz", "000 11110 ftype 1 001011 10000 Rn Rd",          "Fd, Fn"),
        New(A64Form.Frinta,        "frinta", "000 11110 ftype 1 001100 10000 Rn Rd",          "Fd, Fn"),
        New(A64Form.Frintx,        "frintx", "000 11110 ftype 1 001110 10000 Rn Rd",          "Fd, Fn"),
        New(A64Form.Frinti,        "frinti", "000 11110 ftype 1 001111 10000 Rn Rd",          "Fd, Fn"),

        // Two sources
        New(A64Form.Fmul,          "fmul",   "000 11110 ftype 1 Rm 000010 Rn Rd",             "Fd, Fn, Fm"),
        New(A64Form.Fdiv,          "fdiv",   "000 11110 ftype 1 Rm 000110 Rn Rd",             "Fd, Fn, Fm"),
        New(A64Form.Fadd,          "fadd",   "000 11110 ftype 1 Rm 001010 Rn Rd",             "Fd, Fn, Fm"),
        New(A64Form.Fsub,          "fsub",   "000 11110 ftype 1 Rm 001110 Rn Rd",             "Fd, Fn, Fm"),
        New(A64Form.Fmax,          "fmax",   "000 11110 ftype 1 Rm 010010 Rn Rd",             "Fd, Fn, Fm"),
        New(A64Form.Fmin,          "fmin",   "000 11110 ftype 1 Rm 010110 Rn Rd",             "Fd, Fn, Fm"),
        New(A64Form.Fmaxnm,        "fmaxnm", "000 11110 ftype 1 Rm 011010 Rn Rd",             "Fd, Fn, Fm"),
        New(A64Form.Fminnm,        "fminnm", "000 11110 ftype 1 Rm 011110 Rn Rd",             "Fd, Fn, Fm"),
        New(A64Form.Fnmul,         "fnmul",  "000 11110 ftype 1 Rm 100010 Rn Rd",             "Fd, Fn, Fm"),

        // Three sources
        New(A64Form.Fmadd,         "fmadd",  "000 11111 ftype 0 Rm 0 Ra Rn Rd",               "Fd, Fn, Fm, Fa"),
        New(A64Form.Fmsub,         "fmsub",  "000 11111 ftype 0 Rm 1 Ra Rn Rd",               "Fd, Fn, Fm, Fa"),
        New(A64Form.Fnmadd,        "fnmadd", "000 11111 ftype 1 Rm 0 Ra Rn Rd",               "Fd, Fn, Fm, Fa"),
        New(A64Form.Fnmsub,        "fnmsub", "000 11111 ftype 1 Rm 1 Ra Rn Rd",               "Fd, Fn, Fm, Fa"),

        // Compare and select
        New(A64Form.Fcmp,          "fcmp",   "000 11110 ftype 1 Rm 00 1000 Rn 00000",         "Fn, Fm", Writes),
        New(A64Form.Fcmpe,         "fcmpe",  "000 11110 ftype 1 Rm 00 1000 Rn 10000",         "Fn, Fm", Writes),
        New(A64Form.FcmpZero,      "fcmp",   "000 11110 ftype 1 00000 00 1000 Rn 01000",      "Fn, FloatZero", Writes),
        New(A64Form.FcmpeZero,     "fcmpe",  "000 11110 ftype 1 00000 00 1000 Rn 11000",      "Fn, FloatZero", Writes),
        New(A64Form.Fccmp,         "fccmp",  "000 11110 ftype 1 Rm cond 01 Rn 0 nzcv",        "Fn, Fm, Nzcv, Cond", Reads | Writes),
        New(A64Form.Fccmpe,        "fccmpe", "000 11110 ftype 1 Rm cond 01 Rn 1 nzcv",        "Fn, Fm, Nzcv, Cond", Reads | Writes),
        New(A64Form.Fcsel,         "fcsel",  "000 11110 ftype 1 Rm cond 11 Rn Rd",            "Fd, Fn, Fm, Cond", Reads),
        New(A64Form.FmovImm,       "fmov",   "000 11110 ftype 1 imm8 100 00000 Rd",           "Fd, FloatImm8"),

        // Conversions to and from general registers: Size is the float's, Lane the general register's
        New(A64Form.Fcvtns,        "fcvtns", "sf 00 11110 ftype 1 00 000 000000 Rn Rd",       "RdLane, Fn"),
        New(A64Form.Fcvtnu,        "fcvtnu", "sf 00 11110 ftype 1 00 001 000000 Rn Rd",       "RdLane, Fn"),
        New(A64Form.Scvtf,         "scvtf",  "sf 00 11110 ftype 1 00 010 000000 Rn Rd",       "Fd, RnLane"),
        New(A64Form.Ucvtf,         "ucvtf",  "sf 00 11110 ftype 1 00 011 000000 Rn Rd",       "Fd, RnLane"),
        New(A64Form.Fcvtas,        "fcvtas", "sf 00 11110 ftype 1 00 100 000000 Rn Rd",       "RdLane, Fn"),
        New(A64Form.Fcvtau,        "fcvtau", "sf 00 11110 ftype 1 00 101 000000 Rn Rd",       "RdLane, Fn"),
        New(A64Form.FmovToInt,     "fmov",   "sf 00 11110 ftype 1 00 110 000000 Rn Rd",       "RdLane, Fn"),
        New(A64Form.FmovFromInt,   "fmov",   "sf 00 11110 ftype 1 00 111 000000 Rn Rd",       "Fd, RnLane"),
        New(A64Form.Fcvtps,        "fcvtps", "sf 00 11110 ftype 1 01 000 000000 Rn Rd",       "RdLane, Fn"),
        New(A64Form.Fcvtpu,        "fcvtpu", "sf 00 11110 ftype 1 01 001 000000 Rn Rd",       "RdLane, Fn"),
        New(A64Form.Fcvtms,        "fcvtms", "sf 00 11110 ftype 1 10 000 000000 Rn Rd",       "RdLane, Fn"),
        New(A64Form.Fcvtmu,        "fcvtmu", "sf 00 11110 ftype 1 10 001 000000 Rn Rd",       "RdLane, Fn"),
        New(A64Form.Fcvtzs,        "fcvtzs", "sf 00 11110 ftype 1 11 000 000000 Rn Rd",       "RdLane, Fn"),
        New(A64Form.Fcvtzu,        "fcvtzu", "sf 00 11110 ftype 1 11 001 000000 Rn Rd",       "RdLane, Fn"),
        New(A64Form.FmovFromHigh,  "fmov",   "1 00 11110 10 1 01 110 000000 Rn Rd",           "Xd, VnHigh"),
        New(A64Form.FmovToHigh,    "fmov",   "1 00 11110 10 1 01 111 000000 Rn Rd",           "VdHigh, Xn"),
        New(A64Form.ScvtfFixed,    "scvtf",  "sf 00 11110 ftype 0 00 010 scale Rn Rd",        "Fd, RnLane, FractionBits"),
        New(A64Form.UcvtfFixed,    "ucvtf",  "sf 00 11110 ftype 0 00 011 scale Rn Rd",        "Fd, RnLane, FractionBits"),
        New(A64Form.FcvtzsFixed,   "fcvtzs", "sf 00 11110 ftype 0 11 000 scale Rn Rd",        "RdLane, Fn, FractionBits"),
        New(A64Form.FcvtzuFixed,   "fcvtzu", "sf 00 11110 ftype 0 11 001 scale Rn Rd",        "RdLane, Fn, FractionBits"),
    ];
}
