// Data processing on general registers, branches, exceptions and system instructions (Arm ARM C4.1, encoding groups "Data Processing --
// Immediate", "-- Register" and "Branches, Exception Generating and System instructions").
namespace MiniJit.Backend.Arm64;

internal static partial class InstructionTable
{
    private static InstructionRow[] IntegerRows() =>
    [
        // PC-relative addressing
        New(A64Form.Adr,           "adr",    "0 immlo 10000 immhi Rd",                        "Xd, PcRelative"),
        New(A64Form.Adrp,          "adrp",   "1 immlo 10000 immhi Rd",                        "Xd, PcRelativePage"),

        // Add/subtract, immediate
        New(A64Form.AddImm,        "add",    "sf 0 0 100010 sh imm12 Rn Rd",                  "RdSp, RnSp, Imm12"),
        New(A64Form.AddsImm,       "adds",   "sf 0 1 100010 sh imm12 Rn Rd",                  "Rd, RnSp, Imm12", Writes),
        New(A64Form.SubImm,        "sub",    "sf 1 0 100010 sh imm12 Rn Rd",                  "RdSp, RnSp, Imm12"),
        New(A64Form.SubsImm,       "subs",   "sf 1 1 100010 sh imm12 Rn Rd",                  "Rd, RnSp, Imm12", Writes),

        // Logical, immediate
        New(A64Form.AndImm,        "and",    "sf 00 100100 N immr imms Rn Rd",                "RdSp, Rn, Bitmask"),
        New(A64Form.OrrImm,        "orr",    "sf 01 100100 N immr imms Rn Rd",                "RdSp, Rn, Bitmask"),
        New(A64Form.EorImm,        "eor",    "sf 10 100100 N immr imms Rn Rd",                "RdSp, Rn, Bitmask"),
        New(A64Form.AndsImm,       "ands",   "sf 11 100100 N immr imms Rn Rd",                "Rd, Rn, Bitmask", Writes),

        // Move wide, bit field, extract
        New(A64Form.Movn,          "movn",   "sf 00 100101 hw imm16 Rd",                      "Rd, Imm16Shifted"),
        New(A64Form.Movz,          "movz",   "sf 10 100101 hw imm16 Rd",                      "Rd, Imm16Shifted"),
        New(A64Form.Movk,          "movk",   "sf 11 100101 hw imm16 Rd",                      "RdTied, Imm16Shifted"),
        New(A64Form.Sbfm,          "sbfm",   "sf 00 100110 N immr imms Rn Rd",                "Rd, Rn, Bitfield"),
        New(A64Form.Bfm,           "bfm",    "sf 01 100110 N immr imms Rn Rd",                "RdTied, Rn, Bitfield"),
        New(A64Form.Ubfm,          "ubfm",   "sf 10 100110 N immr imms Rn Rd",                "Rd, Rn, Bitfield"),
        New(A64Form.Extr,          "extr",   "sf 00 100111 N 0 Rm imms Rn Rd",                "Rd, Rn, Rm, Lsb"),

        // Add/subtract, shifted register
        New(A64Form.AddShifted,    "add",    "sf 0 0 01011 shift 0 Rm imm6 Rn Rd",            "Rd, Rn, Rm, Shifted"),
        New(A64Form.AddsShifted,   "adds",   "sf 0 1 01011 shift 0 Rm imm6 Rn Rd",            "Rd, Rn, Rm, Shifted", Writes),
        New(A64Form.SubShifted,    "sub",    "sf 1 0 01011 shift 0 Rm imm6 Rn Rd",            "Rd, Rn, Rm, Shifted"),
        New(A64Form.SubsShifted,   "subs",   "sf 1 1 01011 shift 0 Rm imm6 Rn Rd",            "Rd, Rn, Rm, Shifted", Writes),

        // Logical, shifted register
        New(A64Form.And,           "and",    "sf 00 01010 shift 0 Rm imm6 Rn Rd",             "Rd, Rn, Rm, Rotated"),
        New(A64Form.Bic,           "bic",    "sf 00 01010 shift 1 Rm imm6 Rn Rd",             "Rd, Rn, Rm, Rotated"),
        New(A64Form.Orr,           "orr",    "sf 01 01010 shift 0 Rm imm6 Rn Rd",             "Rd, Rn, Rm, Rotated"),
        New(A64Form.Orn,           "orn",    "sf 01 01010 shift 1 Rm imm6 Rn Rd",             "Rd, Rn, Rm, Rotated"),
        New(A64Form.Eor,           "eor",    "sf 10 01010 shift 0 Rm imm6 Rn Rd",             "Rd, Rn, Rm, Rotated"),
        New(A64Form.Eon,           "eon",    "sf 10 01010 shift 1 Rm imm6 Rn Rd",             "Rd, Rn, Rm, Rotated"),
        New(A64Form.Ands,          "ands",   "sf 11 01010 shift 0 Rm imm6 Rn Rd",             "Rd, Rn, Rm, Rotated", Writes),
        New(A64Form.Bics,          "bics",   "sf 11 01010 shift 1 Rm imm6 Rn Rd",             "Rd, Rn, Rm, Rotated", Writes),

        // Add/subtract, extended register
        New(A64Form.AddExtended,   "add",    "sf 0 0 01011 001 Rm option imm3 Rn Rd",         "RdSp, RnSp, Rm, Extended"),
        New(A64Form.AddsExtended,  "adds",   "sf 0 1 01011 001 Rm option imm3 Rn Rd",         "Rd, RnSp, Rm, Extended", Writes),
        New(A64Form.SubExtended,   "sub",    "sf 1 0 01011 001 Rm option imm3 Rn Rd",         "RdSp, RnSp, Rm, Extended"),
        New(A64Form.SubsExtended,  "subs",   "sf 1 1 01011 001 Rm option imm3 Rn Rd",         "Rd, RnSp, Rm, Extended", Writes),

        // Add/subtract with carry
        New(A64Form.Adc,           "adc",    "sf 0 0 11010000 Rm 000000 Rn Rd",               "Rd, Rn, Rm", Reads),
        New(A64Form.Adcs,          "adcs",   "sf 0 1 11010000 Rm 000000 Rn Rd",               "Rd, Rn, Rm", Reads | Writes),
        New(A64Form.Sbc,           "sbc",    "sf 1 0 11010000 Rm 000000 Rn Rd",               "Rd, Rn, Rm", Reads),
        New(A64Form.Sbcs,          "sbcs",   "sf 1 1 11010000 Rm 000000 Rn Rd",               "Rd, Rn, Rm", Reads | Writes),

        // Conditional compare and select
        New(A64Form.CcmnReg,       "ccmn",   "sf 0 1 11010010 Rm cond 00 Rn 0 nzcv",          "Rn, Rm, Nzcv, Cond", Reads | Writes),
        New(A64Form.CcmpReg,       "ccmp",   "sf 1 1 11010010 Rm cond 00 Rn 0 nzcv",          "Rn, Rm, Nzcv, Cond", Reads | Writes),
        New(A64Form.CcmnImm,       "ccmn",   "sf 0 1 11010010 imm5 cond 10 Rn 0 nzcv",        "Rn, Imm5, Nzcv, Cond", Reads | Writes),
        New(A64Form.CcmpImm,       "ccmp",   "sf 1 1 11010010 imm5 cond 10 Rn 0 nzcv",        "Rn, Imm5, Nzcv, Cond", Reads | Writes),
        New(A64Form.Csel,          "csel",   "sf 0 0 11010100 Rm cond 00 Rn Rd",              "Rd, Rn, Rm, Cond", Reads),
        New(A64Form.Csinc,         "csinc",  "sf 0 0 11010100 Rm cond 01 Rn Rd",              "Rd, Rn, Rm, Cond", Reads),
        New(A64Form.Csinv,         "csinv",  "sf 1 0 11010100 Rm cond 00 Rn Rd",              "Rd, Rn, Rm, Cond", Reads),
        New(A64Form.Csneg,         "csneg",  "sf 1 0 11010100 Rm cond 01 Rn Rd",              "Rd, Rn, Rm, Cond", Reads),

        // Multiply
        New(A64Form.Madd,          "madd",   "sf 00 11011 000 Rm 0 Ra Rn Rd",                 "Rd, Rn, Rm, Ra"),
        New(A64Form.Msub,          "msub",   "sf 00 11011 000 Rm 1 Ra Rn Rd",                 "Rd, Rn, Rm, Ra"),
        New(A64Form.Smaddl,        "smaddl", "1 00 11011 001 Rm 0 Ra Rn Rd",                  "Xd, Wn, Wm, Xa"),
        New(A64Form.Smsubl,        "smsubl", "1 00 11011 001 Rm 1 Ra Rn Rd",                  "Xd, Wn, Wm, Xa"),
        New(A64Form.Smulh,         "smulh",  "1 00 11011 010 Rm 0 11111 Rn Rd",               "Xd, Xn, Xm"),
        New(A64Form.Umaddl,        "umaddl", "1 00 11011 101 Rm 0 Ra Rn Rd",                  "Xd, Wn, Wm, Xa"),
        New(A64Form.Umsubl,        "umsubl", "1 00 11011 101 Rm 1 Ra Rn Rd",                  "Xd, Wn, Wm, Xa"),
        New(A64Form.Umulh,         "umulh",  "1 00 11011 110 Rm 0 11111 Rn Rd",               "Xd, Xn, Xm"),

        // Two sources
        New(A64Form.Udiv,          "udiv",   "sf 0 0 11010110 Rm 000010 Rn Rd",               "Rd, Rn, Rm"),
        New(A64Form.Sdiv,          "sdiv",   "sf 0 0 11010110 Rm 000011 Rn Rd",               "Rd, Rn, Rm"),
        New(A64Form.Lslv,          "lslv",   "sf 0 0 11010110 Rm 001000 Rn Rd",               "Rd, Rn, Rm"),
        New(A64Form.Lsrv,          "lsrv",   "sf 0 0 11010110 Rm 001001 Rn Rd",               "Rd, Rn, Rm"),
        New(A64Form.Asrv,          "asrv",   "sf 0 0 11010110 Rm 001010 Rn Rd",               "Rd, Rn, Rm"),
        New(A64Form.Rorv,          "rorv",   "sf 0 0 11010110 Rm 001011 Rn Rd",               "Rd, Rn, Rm"),
        New(A64Form.Crc32b,        "crc32b", "0 0 0 11010110 Rm 010000 Rn Rd",                "Wd, Wn, Wm"),
        New(A64Form.Crc32h,        "crc32h", "0 0 0 11010110 Rm 010001 Rn Rd",                "Wd, Wn, Wm"),
        New(A64Form.Crc32w,        "crc32w", "0 0 0 11010110 Rm 010010 Rn Rd",                "Wd, Wn, Wm"),
        New(A64Form.Crc32x,        "crc32x", "1 0 0 11010110 Rm 010011 Rn Rd",                "Wd, Wn, Xm"),
        New(A64Form.Crc32cb,       "crc32cb", "0 0 0 11010110 Rm 010100 Rn Rd",               "Wd, Wn, Wm"),
        New(A64Form.Crc32ch,       "crc32ch", "0 0 0 11010110 Rm 010101 Rn Rd",               "Wd, Wn, Wm"),
        New(A64Form.Crc32cw,       "crc32cw", "0 0 0 11010110 Rm 010110 Rn Rd",               "Wd, Wn, Wm"),
        New(A64Form.Crc32cx,       "crc32cx", "1 0 0 11010110 Rm 010111 Rn Rd",               "Wd, Wn, Xm"),

        // One source
        New(A64Form.Rbit,          "rbit",   "sf 1 0 11010110 00000 000000 Rn Rd",            "Rd, Rn"),
        New(A64Form.Rev16,         "rev16",  "sf 1 0 11010110 00000 000001 Rn Rd",            "Rd, Rn"),
        New(A64Form.RevW,          "rev",    "0 1 0 11010110 00000 000010 Rn Rd",             "Wd, Wn"),
        New(A64Form.Rev32,         "rev32",  "1 1 0 11010110 00000 000010 Rn Rd",             "Xd, Xn"),
        New(A64Form.RevX,          "rev",    "1 1 0 11010110 00000 000011 Rn Rd",             "Xd, Xn"),
        New(A64Form.Clz,           "clz",    "sf 1 0 11010110 00000 000100 Rn Rd",            "Rd, Rn"),
        New(A64Form.Cls,           "cls",    "sf 1 0 11010110 00000 000101 Rn Rd",            "Rd, Rn"),

        // Branches
        New(A64Form.B,             "b",      "0 00101 imm26",                                 "Label26", Branch),
        New(A64Form.Bl,            "bl",     "1 00101 imm26",                                 "Label26", Branch),
        New(A64Form.BCond,         "b",      "0101010 0 imm19 0 cond",                        "Cond, Label19", Branch | Reads),
        New(A64Form.Cbz,           "cbz",    "sf 011010 0 imm19 Rt",                          "Rt, Label19", Branch),
        New(A64Form.Cbnz,          "cbnz",   "sf 011010 1 imm19 Rt",                          "Rt, Label19", Branch),
        New(A64Form.Tbz,           "tbz",    "b5 011011 0 b40 imm14 Rt",                      "Rt, BitNumber, Label14", Branch),
        New(A64Form.Tbnz,          "tbnz",   "b5 011011 1 b40 imm14 Rt",                      "Rt, BitNumber, Label14", Branch),
        New(A64Form.Br,            "br",     "1101011 0000 11111 000000 Rn 00000",            "Xn", Branch),
        New(A64Form.Blr,           "blr",    "1101011 0001 11111 000000 Rn 00000",            "Xn", Branch),
        New(A64Form.Ret,           "ret",    "1101011 0010 11111 000000 Rn 00000",            "Xn", Branch),
        New(A64Form.Retaa,         "retaa",  "1101011 0010 11111 000010 11111 11111",         "", Branch, needs: Arm64Features.Pauth),
        New(A64Form.Retab,         "retab",  "1101011 0010 11111 000011 11111 11111",         "", Branch, needs: Arm64Features.Pauth),

        // Exceptions and system
        New(A64Form.Eret,          "eret",   "1101011 0100 11111 000000 11111 00000",         "", Branch),    // privileged: met in litmus tests
        New(A64Form.Svc,           "svc",    "11010100 000 imm16 00001",                      "Imm16", Branch),
        New(A64Form.Brk,           "brk",    "11010100 001 imm16 00000",                      "Imm16", Branch),
        New(A64Form.Hlt,           "hlt",    "11010100 010 imm16 00000",                      "Imm16", Branch),
        New(A64Form.Udf,           "udf",    "0000000000000000 imm16",                        "Imm16", Branch),
        New(A64Form.Hint,          "hint",   "11010101 00000011 0010 hint 11111",             "HintNumber"),
        New(A64Form.Clrex,         "clrex",  "11010101 00000011 0011 CRm 010 11111",          "BarrierOption"),
        New(A64Form.Dsb,           "dsb",    "11010101 00000011 0011 CRm 100 11111",          "BarrierOption"),
        New(A64Form.Dmb,           "dmb",    "11010101 00000011 0011 CRm 101 11111",          "BarrierOption"),
        New(A64Form.Isb,           "isb",    "11010101 00000011 0011 CRm 110 11111",          "BarrierOption", Branch),
        New(A64Form.Mrs,           "mrs",    "11010101 0011 sysreg Rt",                       "Xd, SystemRegister"),
        New(A64Form.Msr,           "msr",    "11010101 0001 sysreg Rt",                       "SystemRegister, XtUse"),
        New(A64Form.Sys,           "sys",    "11010101 00001 sysop Rt",                       "SystemOperation, XtUse"),
    ];
}
