// What the dispatch loop of a core distinguishes. The order groups families; the transfers are laid out so that the translator computes
// their opcodes (access × addressing mode).
namespace MiniJit.Coherence.Machine;

internal static class MicroOpcodes
{
    /// <summary>The opcode <paramref name="count"/> places further on.</summary>
    public static MicroOpcode Plus(this MicroOpcode opcode, int count) => (MicroOpcode)((int)opcode + count);
}

internal enum MicroOpcode : ushort
{
    /// <summary>Not decoded yet; zeroed memory.</summary>
    Decode,

    /// <summary>Behind the last instruction of a unit: execution continues in the next.</summary>
    EndOfUnit,

    /// <summary>A branch target outside of the unit, jumped to by a branch inside.</summary>
    Leave,

    Nop,

    // Moves and immediates
    MovImm, Mov64, Mov32, Movk, Adr, Adrp,
    AddImm64, AddImm32, AddsImm64, AddsImm32, SubsImm64, SubsImm32,
    AndImm, OrrImm64, OrrImm32, EorImm64, EorImm32, AndsImm64, AndsImm32,

    // Registers
    Add64, Add32, Sub64, Sub32, Adds64, Adds32, Subs64, Subs32,
    And64, And32, Orr64, Orr32, Eor64, Eor32, Bic64, Bic32, Orn64, Orn32, Eon64, Eon32, Ands64, Ands32, Bics64, Bics32,

    // Second operand shifted left by Aux
    AddLsl64, AddLsl32, SubLsl64, SubLsl32, AndLsl64, AndLsl32, OrrLsl64, OrrLsl32, EorLsl64, EorLsl32,

    // Second operand shifted right by Aux
    AddLsr64, AddLsr32, SubLsr64, SubLsr32, OrrLsr64, OrrLsr32, EorLsr64, EorLsr32, AddAsr64, AddAsr32, SubAsr64, SubAsr32, EorRor64, EorRor32, EorAsr64, EorAsr32,

    // Second operand word-extended and shifted left by Aux
    AddUxtw, AddSxtw, SubUxtw, SubSxtw,

    // Bit fields
    Lsl64, Lsr64, Asr64, Ubfx, Ubfiz, Sbfx64, Sbfx32, Bfm64, Bfm32, Extr64, Extr32,

    // Conditions
    Csel64, Csel32, Csinc64, Csinc32, Csinv64, Csinv32, Csneg64, Csneg32,
    CcmpReg64, CcmpReg32, CcmpImm64, CcmpImm32, CcmnReg64, CcmnReg32, CcmnImm64, CcmnImm32,

    // Products, quotients, variable shifts
    Madd64, Madd32, Msub64, Msub32, Mul64, Mul32, Smaddl, Umaddl, Smulh, Umulh, Udiv64, Udiv32, Sdiv64, Sdiv32,
    Lslv64, Lslv32, Lsrv64, Lsrv32, Asrv64, Asrv32, Rorv64, Rorv32, Adc64, Adc32, Adcs64, Adcs32, Sbc64, Sbc32, Sbcs64, Sbcs32,
    RevX, RevW, Clz64, Clz32,

    // Branches
    B, Bl, Br, Blr, Ret, Cbz64, Cbz32, Cbnz64, Cbnz32, Tbz, Tbnz,
    BEq, BNe, BCs, BCc, BMi, BPl, BVs, BVc, BHi, BLs, BGe, BLt, BGt, BLe,

    // Fused: subtraction that sets flags, then a branch
    SubsImm64Eq, SubsImm64Ne, SubsImm64Cs, SubsImm64Cc, SubsImm64Hi, SubsImm64Ls, SubsImm64Ge, SubsImm64Lt, SubsImm64Gt, SubsImm64Le,
    SubsImm32Eq, SubsImm32Ne, SubsImm32Cs, SubsImm32Cc, SubsImm32Hi, SubsImm32Ls, SubsImm32Ge, SubsImm32Lt, SubsImm32Gt, SubsImm32Le,
    Subs64Eq, Subs64Ne, Subs64Cs, Subs64Cc, Subs64Hi, Subs64Ls, Subs64Ge, Subs64Lt, Subs64Gt, Subs64Le,
    Subs32Eq, Subs32Ne, Subs32Cs, Subs32Cc, Subs32Hi, Subs32Ls, Subs32Ge, Subs32Lt, Subs32Gt, Subs32Le,

    /// <summary>The first transfer: <see cref="HotTransfer"/> says how the following are laid out, one per access and mode.</summary>
    StrB,
    StrBPost, StrBPre, StrBReg, StrBExt,
    LdrB, LdrBPost, LdrBPre, LdrBReg, LdrBExt,
    LdrSBX, LdrSBXPost, LdrSBXPre, LdrSBXReg, LdrSBXExt,
    LdrSBW, LdrSBWPost, LdrSBWPre, LdrSBWReg, LdrSBWExt,
    StrH, StrHPost, StrHPre, StrHReg, StrHExt,
    LdrH, LdrHPost, LdrHPre, LdrHReg, LdrHExt,
    LdrSHX, LdrSHXPost, LdrSHXPre, LdrSHXReg, LdrSHXExt,
    LdrSHW, LdrSHWPost, LdrSHWPre, LdrSHWReg, LdrSHWExt,
    StrW, StrWPost, StrWPre, StrWReg, StrWExt,
    LdrW, LdrWPost, LdrWPre, LdrWReg, LdrWExt,
    LdrSW, LdrSWPost, LdrSWPre, LdrSWReg, LdrSWExt,
    StrX, StrXPost, StrXPre, StrXReg, StrXExt,
    LdrX, LdrXPost, LdrXPre, LdrXReg, LdrXExt,
    StrFS, StrFSPost, StrFSPre, StrFSReg, StrFSExt,
    LdrFS, LdrFSPost, LdrFSPre, LdrFSReg, LdrFSExt,
    StrFD, StrFDPost, StrFDPre, StrFDReg, StrFDExt,
    LdrFD, LdrFDPost, LdrFDPre, LdrFDReg, LdrFDExt,
    StrFQ, StrFQPost, StrFQPre, StrFQReg, StrFQExt,
    LdrFQ, LdrFQPost, LdrFQPre, LdrFQReg, LdrFQExt,

    // Pairs
    StpX, StpXPost, StpXPre,
    LdpX, LdpXPost, LdpXPre,
    StpW, StpWPost, StpWPre,
    LdpW, LdpWPost, LdpWPre,
    StpFD, StpFDPost, StpFDPre,
    LdpFD, LdpFDPost, LdpFDPre,
    StpFQ, StpFQPost, StpFQPre,
    LdpFQ, LdpFQPost, LdpFQPre,

    /// <summary>Loads relative to the program counter.</summary>
    LiteralW, LiteralX,

    /// <summary>Floating point in the loop where the host's result is Arm's; otherwise as <see cref="Bound"/>, so Imm is as there.</summary>
    FaddD, FaddS, FsubD, FsubS, FmulD, FmulS, FmaddD, FmaddS, FmsubD, FmsubS, FcmpD, FcmpS, FmovD, FmovS,

    /// <summary>Floating point, vectors and rarer forms: an operation bound when the instruction was decoded.</summary>
    Bound,

    /// <summary>From here on the instruction itself is executed, outside of the hot loop: other plain transfers and pairs.</summary>
    Transfer,

    /// <summary>ld1 … st4.</summary>
    Structure,

    /// <summary>Exclusive, ordered and atomic accesses.</summary>
    Ordered,

    /// <summary>System registers, barriers, cache maintenance, exceptions.</summary>
    System,

    /// <summary>No instruction.</summary>
    Undefined,
}
