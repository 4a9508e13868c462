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
    B, Bl, BCond, Cbz, Cbnz, Tbz, Tbnz, Br, Blr, Ret, Retaa, Retab, Eret, Svc, Brk, Hlt, Udf, Hint, Clrex, Dsb, Dmb, Isb, Mrs, Msr, Sys,

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

    // Advanced SIMD: integer vectors
    ShaddVec, UhaddVec, SqaddVec, UqaddVec, SrhaddVec, UrhaddVec, ShsubVec, UhsubVec, SqsubVec, UqsubVec, CmgtVec, CmhiVec, CmgeVec,
    CmhsVec, SshlVec, UshlVec, SqshlVec, UqshlVec, SrshlVec, UrshlVec, SqrshlVec, UqrshlVec, SmaxVec, UmaxVec, SminVec, UminVec,
    SabdVec, UabdVec, SabaVec, UabaVec, AddVec, SubVec, CmtstVec, CmeqVec, MlaVec, MlsVec, MulVec, PmulVec, SmaxpVec, UmaxpVec,
    SminpVec, UminpVec, SqdmulhVec, SqrdmulhVec, AddpVec, AndVec, BicVec, OrrVec, OrnVec, EorVec, BslVec, BitVec, BifVec, SdotVec,
    UdotVec, UsdotVec, SaddlVec, UaddlVec, SaddwVec, UaddwVec, SsublVec, UsublVec, SsubwVec, UsubwVec, AddhnVec, RaddhnVec, SabalVec,
    UabalVec, SubhnVec, RsubhnVec, SabdlVec, UabdlVec, SmlalVec, UmlalVec, SqdmlalVec, SmlslVec, UmlslVec, SqdmlslVec, SmullVec,
    UmullVec, SqdmullVec, PmullVec, Rev64Vec, Rev32Vec, Rev16Vec, SaddlpVec, UaddlpVec, SuqaddVec, UsqaddVec, ClsVec, ClzVec, CntVec,
    NotVec, RbitVec, SadalpVec, UadalpVec, SqabsVec, SqnegVec, CmgtZeroVec, CmgeZeroVec, CmeqZeroVec, CmleZeroVec, CmltZeroVec, AbsVec,
    NegVec, XtnVec, SqxtunVec, ShllVec, SqxtnVec, UqxtnVec, UrecpeVec, UrsqrteVec, Saddlv, Uaddlv, Smaxv, Umaxv, Sminv, Uminv, Addv,
    SshrVec, UshrVec, SsraVec, UsraVec, SrshrVec, UrshrVec, SrsraVec, UrsraVec, SriVec, ShlVec, SliVec, SqshluVec, SqshlImmVec,
    UqshlImmVec, ShrnVec, SqshrunVec, RshrnVec, SqrshrunVec, SqshrnVec, UqshrnVec, SqrshrnVec, UqrshrnVec, SshllVec, UshllVec, MulElem,
    MlaElem, MlsElem, SqdmulhElem, SqrdmulhElem, SmlalElem, UmlalElem, SmlslElem, UmlslElem, SmullElem, UmullElem, SqdmlalElem,
    SqdmlslElem, SqdmullElem, SdotElem, UdotElem, UsdotElem, SudotElem,

    // Advanced SIMD: floating-point vectors
    FmaxnmVec, FmlaVec, FaddVec, FmulxVec, FcmeqVec, FmaxVec, FrecpsVec, FminnmVec, FmlsVec, FsubVec, FminVec, FrsqrtsVec, FmaxnmpVec,
    FaddpVec, FmulVec, FcmgeVec, FacgeVec, FmaxpVec, FdivVec, FminnmpVec, FabdVec, FcmgtVec, FacgtVec, FminpVec, FrintnVec, FrintmVec,
    FrintpVec, FrintzVec, FrintaVec, FrintxVec, FrintiVec, FcvtnsVec, FcvtnuVec, FcvtmsVec, FcvtmuVec, FcvtasVec, FcvtauVec, FcvtpsVec,
    FcvtpuVec, FcvtzsVec, FcvtzuVec, ScvtfVec, UcvtfVec, FabsVec, FnegVec, FsqrtVec, FrecpeVec, FrsqrteVec, FcmgtZeroVec, FcmgeZeroVec,
    FcmeqZeroVec, FcmleZeroVec, FcmltZeroVec, FcvtnVec, FcvtxnVec, FcvtlVec, Fmaxnmv, Fminnmv, Fmaxv, Fminv, ScvtfFixedVec,
    UcvtfFixedVec, FcvtzsFixedVec, FcvtzuFixedVec, FmlaElem, FmlsElem, FmulElem, FmulxElem,

    // Advanced SIMD: scalars
    SqaddScalar, UqaddScalar, SqsubScalar, UqsubScalar, CmgtScalar, CmhiScalar, CmgeScalar, CmhsScalar, SshlScalar, UshlScalar,
    SqshlScalar, UqshlScalar, SrshlScalar, UrshlScalar, SqrshlScalar, UqrshlScalar, AddScalar, SubScalar, CmtstScalar, CmeqScalar,
    SqdmulhScalar, SqrdmulhScalar, SqdmlalScalar, SqdmlslScalar, SqdmullScalar, SuqaddScalar, UsqaddScalar, SqabsScalar, SqnegScalar,
    CmgtZeroScalar, CmgeZeroScalar, CmeqZeroScalar, CmleZeroScalar, CmltZeroScalar, AbsScalar, NegScalar, SqxtunScalar, SqxtnScalar,
    UqxtnScalar, SshrScalar, UshrScalar, SsraScalar, UsraScalar, SrshrScalar, UrshrScalar, SrsraScalar, UrsraScalar, SriScalar,
    ShlScalar, SliScalar, SqshluScalar, SqshlImmScalar, UqshlImmScalar, SqshrunScalar, SqrshrunScalar, SqshrnScalar, UqshrnScalar,
    SqrshrnScalar, UqrshrnScalar, SqdmulhScalarElem, SqrdmulhScalarElem, SqdmlalScalarElem, SqdmlslScalarElem, SqdmullScalarElem,
    FmulxScalar, FcmeqScalar, FrecpsScalar, FrsqrtsScalar, FcmgeScalar, FacgeScalar, FabdScalar, FcmgtScalar, FacgtScalar, FcvtnsScalar,
    FcvtnuScalar, FcvtmsScalar, FcvtmuScalar, FcvtasScalar, FcvtauScalar, FcvtpsScalar, FcvtpuScalar, FcvtzsScalar, FcvtzuScalar,
    ScvtfScalar, UcvtfScalar, FrecpeScalar, FrsqrteScalar, FrecpxScalar, FcmgtZeroScalar, FcmgeZeroScalar, FcmeqZeroScalar,
    FcmleZeroScalar, FcmltZeroScalar, FcvtxnScalar, ScvtfFixedScalar, UcvtfFixedScalar, FcvtzsFixedScalar, FcvtzuFixedScalar,
    FmlaScalarElem, FmlsScalarElem, FmulScalarElem, FmulxScalarElem, AddpScalar, FmaxnmpScalar, FaddpScalar, FmaxpScalar, FminnmpScalar,
    FminpScalar,

    // Advanced SIMD: permutations, copies, immediates
    Uzp1, Trn1, Zip1, Uzp2, Trn2, Zip2, Ext, Tbl1, Tbl2, Tbl3, Tbl4, Tbx1, Tbx2, Tbx3, Tbx4, DupElement, DupScalar, DupGeneral, SmovW,
    SmovX, UmovW, UmovX, InsGeneral, InsElement, MoviVec, MvniVec, OrrImmVec, BicImmVec, MoviBytes, MoviScalar, MoviDouble, FmovSingles,
    FmovDoubles,

    // Advanced SIMD: structures in memory
    Ld1x1, Ld1x1Post, Ld1x1PostReg, Ld1x2, Ld1x2Post, Ld1x2PostReg, Ld1x3, Ld1x3Post, Ld1x3PostReg, Ld1x4, Ld1x4Post, Ld1x4PostReg, Ld2,
    Ld2Post, Ld2PostReg, Ld3, Ld3Post, Ld3PostReg, Ld4, Ld4Post, Ld4PostReg, St1x1, St1x1Post, St1x1PostReg, St1x2, St1x2Post,
    St1x2PostReg, St1x3, St1x3Post, St1x3PostReg, St1x4, St1x4Post, St1x4PostReg, St2, St2Post, St2PostReg, St3, St3Post, St3PostReg,
    St4, St4Post, St4PostReg, Ld1Lane, Ld1LanePost, Ld1LanePostReg, Ld2Lane, Ld2LanePost, Ld2LanePostReg, Ld3Lane, Ld3LanePost,
    Ld3LanePostReg, Ld4Lane, Ld4LanePost, Ld4LanePostReg, St1Lane, St1LanePost, St1LanePostReg, St2Lane, St2LanePost, St2LanePostReg,
    St3Lane, St3LanePost, St3LanePostReg, St4Lane, St4LanePost, St4LanePostReg, Ld1R, Ld1RPost, Ld1RPostReg, Ld2R, Ld2RPost,
    Ld2RPostReg, Ld3R, Ld3RPost, Ld3RPostReg, Ld4R, Ld4RPost, Ld4RPostReg,

    /// <summary>The first pseudo-instruction; everything before it has a row. Not emitted.</summary>
    FirstPseudo,

    /// <summary>[defs: incoming register arguments, fixed]. Emits nothing.</summary>
    Args,

    /// <summary>Terminator. [uses: results, fixed]. Epilogue and ret.</summary>
    Return,

    /// <summary>[use, def], Size 4 or 8. Flag <c>Move</c>. General register or spill slot to the same.</summary>
    MoveInt,

    /// <summary>[use, def], Size 2, 4, 8 or 16. Flag <c>Move</c>. Float register or spill slot to the same.</summary>
    MoveFloat,

    /// <summary>[def]. Reads the physical register <c>PReg.Number == Data</c> (pinned, sp, fp).</summary>
    ReadRegister,

    /// <summary>[use]. Writes the physical register <c>PReg.Number == Data</c> (the pinned one).</summary>
    WriteRegister,

    /// <summary>[def]. Loads Imm, Size 4 or 8: movz, movn, orr with a bitmask, or movz and movk. Keeps the flags.</summary>
    LoadInt,

    /// <summary>[def]. Loads the float whose bits are Imm (Size 2, 4 or 8): from wzr, fmov with an immediate, movi, else a literal.</summary>
    LoadFloat,

    /// <summary>[def]. Address of symbol Data plus Imm. Aux is a <see cref="SymbolAccess"/>; with Got, Imm must be 0.</summary>
    LoadSymbolAddress,

    /// <summary>[def]. Address of Mode's operand (StackSlot and the frame modes), Disp included.</summary>
    LoadAddress,

    /// <summary>[def, address registers]. Aux is a <see cref="MemoryAccess"/>, Mode an <see cref="AddressMode"/>.</summary>
    Load,

    /// <summary>[use value (none: the zero register), address registers]. As <see cref="Load"/>.</summary>
    Store,

    /// <summary>Terminator. To block Data.</summary>
    Jump,

    /// <summary>Terminator. If Cond to block Data, else to block (int)Imm.</summary>
    Branch,

    /// <summary>Terminator. If Cond or condition Aux to block Data, else to block (int)Imm (float compares: eq or vs, mi or gt).</summary>
    BranchEither,

    /// <summary>Terminator. [use]. If the register of Size 4 or 8 is zero (Cond 0) or not (Cond 1), to block Data, else to block (int)Imm.</summary>
    BranchZero,

    /// <summary>Terminator. [use]. If bit Aux of the register is zero (Cond 0) or not (Cond 1), to block Data, else to block (int)Imm.</summary>
    BranchBit,

    /// <summary>[def, use index]. Address of entry <c>index</c> (64 bits, in range) of jump table Data; targets the following <see cref="JumpTable"/>.</summary>
    LoadTableTarget,

    /// <summary>Terminator. [use target]. Jumps to an address that <see cref="LoadTableTarget"/> computed; Data is the same table.</summary>
    JumpTable,

    /// <summary>[defs: results, uses: arguments, fixed]. Calls symbol Data. Imm: bytes of arguments that the callee pops.</summary>
    CallSymbol,

    /// <summary>[defs, uses, then target as the last operand]. Imm as for <see cref="CallSymbol"/>.</summary>
    CallIndirect,

    /// <summary>Terminator. [uses: arguments, fixed]. Leaves the frame and jumps to symbol Data. Imm: bytes of its stack arguments.</summary>
    TailCallSymbol,

    /// <summary>Terminator. [uses: arguments, fixed; last: target, fixed to a caller-saved register]. Imm as for <see cref="TailCallSymbol"/>.</summary>
    TailCallIndirect,

    /// <summary>[def: payload, uses: context to store to, context to load from, payload; fixed]. Goes on where the second context stands.</summary>
    StackSwitch,

    /// <summary>Terminator, unless conditional. Traps with code Trap.</summary>
    Trap,

    /// <summary>Traps with code Trap if Cond.</summary>
    TrapIf,

    /// <summary>Traps with code Trap if Cond or condition Aux.</summary>
    TrapIfEither,

    /// <summary>[use]. Traps with code Trap if the register of Size 4 or 8 is zero (Cond 0) or not (Cond 1).</summary>
    TrapIfZero,

    /// <summary>
    /// [def old, use value late, use address late, temporaries as early defs]. Exclusive loop for the <c>AtomicRmwOp</c> in Aux on memory of Size 1, 2, 4 or 8.
    /// </summary>
    AtomicRmwLoop,

    /// <summary>[def old, use expected late, use replacement late, use address late, temporaries]. Exclusive compare-and-swap loop.</summary>
    AtomicCasLoop,

    /// <summary>
    /// [early defs: old low, old high, temporary; late uses: operand low, operand high, address]. Exclusive loop for the <c>AtomicRmwOp</c> in Aux on 16 bytes.
    /// </summary>
    AtomicPairLoop,

    /// <summary>[early defs as for <see cref="AtomicPairLoop"/>; late uses: expected pair, replacement pair, address]. Compare and swap of 16 bytes.</summary>
    AtomicPairCas,
}
