// The machine instructions of AArch64: one enumerator per encoding form of the Arm Architecture Reference Manual (a row of
// InstructionTable), then the pseudo-instructions that emission expands.
//
// Names are the mnemonic plus, where one mnemonic has several encodings, the manual's name of the variant (Imm: immediate;
// Shifted, Extended: register with shift or extension; Zero: compared with zero). One form covers all operation sizes;
// fields of an A64Instruction say which.
namespace MiniJit.Backend.Arm64;

/// <summary>A row of <see cref="InstructionTable"/>, or a pseudo-instruction that emission expands.</summary>
internal enum A64Form : ushort
{
    /// <summary>Not a form; a zeroed instruction is caught.</summary>
    None,

    // Data processing, immediate
    Adr, Adrp, AddImm, AddsImm, SubImm, SubsImm, AndImm, OrrImm, EorImm, AndsImm, Movn, Movz, Movk, Sbfm, Bfm, Ubfm, Extr,

    // Data processing, register
    AddShifted, AddsShifted, SubShifted, SubsShifted, And, Bic, Orr, Orn, Eor, Eon, Ands, Bics, AddExtended, AddsExtended,
    SubExtended, SubsExtended, Adc, Adcs, Sbc, Sbcs, CcmnReg, CcmpReg, CcmnImm, CcmpImm, Csel, Csinc, Csinv, Csneg, Madd, Msub,
    Smaddl, Smsubl, Smulh, Umaddl, Umsubl, Umulh, Udiv, Sdiv, Lslv, Lsrv, Asrv, Rorv, Crc32b, Crc32h, Crc32w, Crc32x, Crc32cb,
    Crc32ch, Crc32cw, Crc32cx, Rbit, Rev16, RevW, Rev32, RevX, Clz, Cls,

    // Branches, exceptions and system
    B, Bl, BCond, Cbz, Cbnz, Tbz, Tbnz, Br, Blr, Ret, Retaa, Retab, Svc, Brk, Hlt, Udf, Hint, Clrex, Dsb, Dmb, Isb, Mrs, Msr, Sys,

    // Loads and stores: one form per addressing mode, MemoryAccess says what is transferred
    LoadStoreUnsigned, LoadStoreUnscaled, LoadStorePost, LoadStorePre, LoadStoreRegister, LoadLiteral, PairOffset, PairPost, PairPre,
    PairNoAllocate,

    // Ordered, exclusive and atomic accesses
    Stxr, Stlxr, Ldxr, Ldaxr, Stxp, Stlxp, Ldxp, Ldaxp, Stlr, Ldar, Cas, Casp, Ldadd, Ldclr, Ldeor, Ldset, Ldsmax, Ldsmin, Ldumax,
    Ldumin, Swp,

    // Scalar floating point
    FmovReg, Fabs, Fneg, Fsqrt, FcvtToSingle, FcvtToDouble, FcvtToHalf, Frintn, Frintp, Frintm, Frintz, Frinta, Frintx, Frinti, Fmul,
    Fdiv, Fadd, Fsub, Fmax, Fmin, Fmaxnm, Fminnm, Fnmul, Fmadd, Fmsub, Fnmadd, Fnmsub, Fcmp, Fcmpe, FcmpZero, FcmpeZero, Fccmp,
    Fccmpe, Fcsel, FmovImm, Fcvtns, Fcvtnu, Scvtf, Ucvtf, Fcvtas, Fcvtau, FmovToInt, FmovFromInt, Fcvtps, Fcvtpu, Fcvtms, Fcvtmu,
    Fcvtzs, Fcvtzu, FmovFromHigh, FmovToHigh, ScvtfFixed, UcvtfFixed, FcvtzsFixed, FcvtzuFixed,

    /// <summary>The first pseudo-instruction; everything before it has a row.</summary>
    FirstPseudo,
}
