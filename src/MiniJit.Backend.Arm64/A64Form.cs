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

    // Pseudo-instructions. "fixed" operands carry the constraint themselves; emission reads the allocation only.

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
}
