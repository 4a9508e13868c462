// The machine instructions that lowering may emit: one enumerator per encoding form of the Intel manual (a row of
// InstructionTable), then the pseudo-instructions that emission expands.
//
// Names of forms are the mnemonic, plus, where one mnemonic has several encodings, the manual's Op/En column
// (Rm: register <- register/memory; Mr: register/memory <- register; Mi: register/memory <- immediate; Store: the
// memory-only Mr). Scalar and packed float arithmetic comes in runs of eight, always in this order, so a type picks
// its form by addition:  Xss Xsd Xps Xpd  Vxss Vxsd Vxps Vxpd.  Other SSE forms are followed by their AVX form.
//
// Fields of a MachineInst:
//   Size      operation size in bytes; for integer forms it selects the encoding, elsewhere it is the width in memory
//             and may be left 0. movzx/movsx: size of the result (MovzxByte with 4 also zero-extends to 8).
//   Mode      None: the r/m operand is a register (or, if its constraint is Any, the spill slot that it was given).
//             Otherwise r/m is the memory operand that Mode, Disp, Scale, Data and the address registers describe.
//   Imm       the immediate. Cond: condition code of Setcc, Cmovcc and the conditional pseudo-forms.
//   Trap      trap code if the instruction itself may trap (any memory operand; division).
//
// Order of operands: defs, then uses in Intel order, then the address registers (base, index). OperandEncoding states
// it per row for both cases of r/m, and InstructionTable.Operands(form, memory) is the list of operand templates
// (kind, position, constraint) from which lowering builds them.
namespace MiniJit.Backend.X64;

/// <summary>A row of <see cref="InstructionTable"/>, or a pseudo-instruction that emission expands.</summary>
internal enum X64Form : ushort
{
    /// <summary>Not a form; a zeroed instruction is caught.</summary>
    None,

    // Moves, extensions and addresses
    MovRm, MovMr, MovMi, MovRi32, MovRiSx, MovRi64, MovzxByte, MovzxWord, MovsxByte, MovsxWord, MovsxDword, Lea, Bswap, Push,
    Pop, Xchg,

    // Integer arithmetic and logic
    AddRm, AddMi, AddMr, OrRm, OrMi, OrMr, AdcRm, AdcMi, AdcMr, SbbRm, SbbMi, SbbMr, AndRm, AndMi, AndMr, SubRm, SubMi, SubMr,
    XorRm, XorMi, XorMr, CmpRm, CmpMi, CmpMr, TestMr, TestMi, Not, Neg, ImulRm, ImulRmi, Mul, ImulWide, MulByte, ImulByte, Div,
    Idiv, DivByte, IdivByte, Cbw, Cwd,

    // Shifts, rotates and bits
    RolMi, RolCl, RorMi, RorCl, ShlMi, ShlCl, ShrMi, ShrCl, SarMi, SarCl, ShldImm, ShldCl, ShrdImm, ShrdCl, BtMr, BtMi, Bsf,
    Bsr, Tzcnt, Lzcnt, Popcnt, Andn, Blsr, Blsmsk, Blsi, Bextr, Bzhi, Shlx, Shrx, Sarx, Rorx, Mulx,

    // Conditions
    Setcc, Cmovcc,

    // Atomics and fences
    LockAdd, LockOr, LockAnd, LockSub, LockXor, LockOrMi, LockXadd, LockCmpxchg, LockCmpxchg16b, Mfence, Pause, Ud2, Int3,

    // Float and vector moves
    Movss, Vmovss, Movsd, Vmovsd, MovssStore, VmovssStore, MovsdStore, VmovsdStore, MovssReg, VmovssReg, MovsdReg, VmovsdReg,
    Movaps, Vmovaps, MovapsStore, VmovapsStore, Movapd, Vmovapd, MovapdStore, VmovapdStore, Movups, Vmovups, MovupsStore,
    VmovupsStore, Movupd, Vmovupd, MovupdStore, VmovupdStore, Movdqa, Vmovdqa, MovdqaStore, VmovdqaStore, Movdqu, Vmovdqu,
    MovdquStore, VmovdquStore, MovdToXmm, VmovdToXmm, MovqToXmm, VmovqToXmm, MovdFromXmm, VmovdFromXmm, MovqFromXmm,
    VmovqFromXmm, Movq, Vmovq, Movlps, Vmovlps, Movhps, Vmovhps, MovlpsStore, MovhpsStore, Movlhps, Vmovlhps, Movhlps, Vmovhlps,
    Movddup, Vmovddup, Movmskps, Vmovmskps, Movmskpd, Vmovmskpd,

    // Float arithmetic
    Addss, Addsd, Addps, Addpd, Vaddss, Vaddsd, Vaddps, Vaddpd, Mulss, Mulsd, Mulps, Mulpd, Vmulss, Vmulsd, Vmulps, Vmulpd,
    Subss, Subsd, Subps, Subpd, Vsubss, Vsubsd, Vsubps, Vsubpd, Minss, Minsd, Minps, Minpd, Vminss, Vminsd, Vminps, Vminpd,
    Divss, Divsd, Divps, Divpd, Vdivss, Vdivsd, Vdivps, Vdivpd, Maxss, Maxsd, Maxps, Maxpd, Vmaxss, Vmaxsd, Vmaxps, Vmaxpd,
    Sqrtss, Sqrtsd, Sqrtps, Sqrtpd, Vsqrtss, Vsqrtsd, Vsqrtps, Vsqrtpd, Cmpss, Cmpsd, Cmpps, Cmppd, Vcmpss, Vcmpsd, Vcmpps,
    Vcmppd, Andps, Vandps, Andpd, Vandpd, Andnps, Vandnps, Andnpd, Vandnpd, Orps, Vorps, Orpd, Vorpd, Xorps, Vxorps, Xorpd,
    Vxorpd, Ucomiss, Vucomiss, Ucomisd, Vucomisd, Roundss, Vroundss, Roundsd, Vroundsd, Roundps, Vroundps, Roundpd, Vroundpd,
    Blendvps, Vblendvps, Blendvpd, Vblendvpd, Shufps, Vshufps, Unpcklps, Vunpcklps, Unpckhps, Vunpckhps, Shufpd, Vshufpd,
    Unpcklpd, Vunpcklpd, Unpckhpd, Vunpckhpd, Blendps, Vblendps, Blendpd, Vblendpd, Insertps, Vinsertps, Haddps, Vhaddps,
    Haddpd, Vhaddpd,

    // Float conversions
    Cvtss2sd, Vcvtss2sd, Cvtsd2ss, Vcvtsd2ss, Cvtsi2ss, Vcvtsi2ss, Cvtsi2sd, Vcvtsi2sd, Cvttss2si, Vcvttss2si, Cvttsd2si,
    Vcvttsd2si, Cvtss2si, Vcvtss2si, Cvtsd2si, Vcvtsd2si, Cvtps2pd, Vcvtps2pd, Cvtpd2ps, Vcvtpd2ps, Cvtdq2ps, Vcvtdq2ps,
    Cvttps2dq, Vcvttps2dq, Cvtps2dq, Vcvtps2dq, Cvtdq2pd, Vcvtdq2pd, Cvttpd2dq, Vcvttpd2dq, Cvtpd2dq, Vcvtpd2dq,

    // Fused multiply-add: 213 is d = b * d + c, 231 is d = b * c + d, 132 is d = d * c + b
    Vfmadd132ss, Vfmadd132sd, Vfmadd132ps, Vfmadd132pd, Vfmadd213ss, Vfmadd213sd, Vfmadd213ps, Vfmadd213pd, Vfmadd231ss,
    Vfmadd231sd, Vfmadd231ps, Vfmadd231pd, Vfmsub132ss, Vfmsub132sd, Vfmsub132ps, Vfmsub132pd, Vfmsub213ss, Vfmsub213sd,
    Vfmsub213ps, Vfmsub213pd, Vfmsub231ss, Vfmsub231sd, Vfmsub231ps, Vfmsub231pd, Vfnmadd132ss, Vfnmadd132sd, Vfnmadd132ps,
    Vfnmadd132pd, Vfnmadd213ss, Vfnmadd213sd, Vfnmadd213ps, Vfnmadd213pd, Vfnmadd231ss, Vfnmadd231sd, Vfnmadd231ps,
    Vfnmadd231pd, Vfnmsub132ss, Vfnmsub132sd, Vfnmsub132ps, Vfnmsub132pd, Vfnmsub213ss, Vfnmsub213sd, Vfnmsub213ps,
    Vfnmsub213pd, Vfnmsub231ss, Vfnmsub231sd, Vfnmsub231ps, Vfnmsub231pd,

    // Packed integers
    Paddb, Vpaddb, Paddw, Vpaddw, Paddd, Vpaddd, Paddq, Vpaddq, Psubb, Vpsubb, Psubw, Vpsubw, Psubd, Vpsubd, Psubq, Vpsubq,
    Paddsb, Vpaddsb, Paddsw, Vpaddsw, Paddusb, Vpaddusb, Paddusw, Vpaddusw, Psubsb, Vpsubsb, Psubsw, Vpsubsw, Psubusb, Vpsubusb,
    Psubusw, Vpsubusw, Pmullw, Vpmullw, Pmulhw, Vpmulhw, Pmulhuw, Vpmulhuw, Pmuludq, Vpmuludq, Pmaddwd, Vpmaddwd, Pmulld,
    Vpmulld, Pmuldq, Vpmuldq, Pmulhrsw, Vpmulhrsw, Pmaddubsw, Vpmaddubsw, Pavgb, Vpavgb, Pavgw, Vpavgw, Pminub, Vpminub, Pminsw,
    Vpminsw, Pmaxub, Vpmaxub, Pmaxsw, Vpmaxsw, Pminsb, Vpminsb, Pminsd, Vpminsd, Pminuw, Vpminuw, Pminud, Vpminud, Pmaxsb,
    Vpmaxsb, Pmaxsd, Vpmaxsd, Pmaxuw, Vpmaxuw, Pmaxud, Vpmaxud, Pand, Vpand, Pandn, Vpandn, Por, Vpor, Pxor, Vpxor, Pcmpeqb,
    Vpcmpeqb, Pcmpeqw, Vpcmpeqw, Pcmpeqd, Vpcmpeqd, Pcmpeqq, Vpcmpeqq, Pcmpgtb, Vpcmpgtb, Pcmpgtw, Vpcmpgtw, Pcmpgtd, Vpcmpgtd,
    Pcmpgtq, Vpcmpgtq, Punpcklbw, Vpunpcklbw, Punpcklwd, Vpunpcklwd, Punpckldq, Vpunpckldq, Punpcklqdq, Vpunpcklqdq, Punpckhbw,
    Vpunpckhbw, Punpckhwd, Vpunpckhwd, Punpckhdq, Vpunpckhdq, Punpckhqdq, Vpunpckhqdq, Packsswb, Vpacksswb, Packssdw, Vpackssdw,
    Packuswb, Vpackuswb, Packusdw, Vpackusdw, Pshufb, Vpshufb, Palignr, Vpalignr, Pblendw, Vpblendw, Pblendvb, Vpblendvb, Pabsb,
    Vpabsb, Pabsw, Vpabsw, Pabsd, Vpabsd, Pshufd, Vpshufd, Pshuflw, Vpshuflw, Pshufhw, Vpshufhw, Psrlw, Vpsrlw, Psrld, Vpsrld,
    Psrlq, Vpsrlq, Psraw, Vpsraw, Psrad, Vpsrad, Psllw, Vpsllw, Pslld, Vpslld, Psllq, Vpsllq, PsrlwImm, VpsrlwImm, PsrawImm,
    VpsrawImm, PsllwImm, VpsllwImm, PsrldImm, VpsrldImm, PsradImm, VpsradImm, PslldImm, VpslldImm, PsrlqImm, VpsrlqImm,
    PsrldqImm, VpsrldqImm, PsllqImm, VpsllqImm, PslldqImm, VpslldqImm, Pmovsxbw, Vpmovsxbw, Pmovsxbd, Vpmovsxbd, Pmovsxbq,
    Vpmovsxbq, Pmovsxwd, Vpmovsxwd, Pmovsxwq, Vpmovsxwq, Pmovsxdq, Vpmovsxdq, Pmovzxbw, Vpmovzxbw, Pmovzxbd, Vpmovzxbd,
    Pmovzxbq, Vpmovzxbq, Pmovzxwd, Vpmovzxwd, Pmovzxwq, Vpmovzxwq, Pmovzxdq, Vpmovzxdq, Ptest, Vptest, Pmovmskb, Vpmovmskb,
    Pinsrb, Vpinsrb, Pinsrw, Vpinsrw, Pinsrd, Vpinsrd, Pinsrq, Vpinsrq, Pextrb, Vpextrb, Pextrw, Vpextrw, Pextrd, Vpextrd,
    Pextrq, Vpextrq, Extractps, Vextractps, PextrwReg,

    // Pseudo-instructions. "fixed" operands carry the constraint themselves; emission reads the allocation only.

    /// <summary>[defs: incoming register arguments, fixed]. Emits nothing.</summary>
    Args,

    /// <summary>Terminator. [uses: results, fixed]. Epilogue and ret.</summary>
    Ret,

    /// <summary>[use, def], Size 4 or 8. Flag <c>Move</c>. Integer register or spill slot to the same.</summary>
    MoveInt,

    /// <summary>[use, def], Size 4, 8 or 16. Flag <c>Move</c>. Float register or spill slot to the same.</summary>
    MoveFloat,

    /// <summary>[def]. Reads the physical register <c>PReg.Number == Data</c> (pinned, rsp, rbp).</summary>
    ReadRegister,

    /// <summary>[use]. Writes the physical register <c>PReg.Number == Data</c> (the pinned one).</summary>
    WriteRegister,

    /// <summary>[def]. Loads Imm, shortest encoding for Size 4 or 8; zero becomes xor (writes flags) unless Aux is 1.</summary>
    LoadInt,

    /// <summary>[def]. Loads the float whose bits are Imm (Size 4 or 8): xorps for +0, else from the constant pool.</summary>
    LoadFloat,

    /// <summary>[def]. Address of symbol Data plus Imm. Aux is a <see cref="SymbolAccess"/>; with Got, Imm must be 0.</summary>
    LoadSymbolAddress,

    /// <summary>Terminator. To block Data.</summary>
    JmpLabel,

    /// <summary>Terminator. If Cond to block Data, else to block (int)Imm.</summary>
    JccLabel,

    /// <summary>Terminator. If Cond or condition Aux to block Data, else to block (int)Imm (float compares: nz or p).</summary>
    JccEitherLabel,

    /// <summary>[def, use index]. Address of entry <c>index</c> (64 bits, in range) of jump table Data; targets the following <see cref="JmpTable"/>.</summary>
    LoadTableTarget,

    /// <summary>Terminator. [use target]. Jumps to an address that <see cref="LoadTableTarget"/> computed; Data is the same table.</summary>
    JmpTable,

    /// <summary>[defs: results, uses: arguments, fixed]. Calls symbol Data. Imm: bytes of arguments that the callee pops.</summary>
    CallSymbol,

    /// <summary>[defs, uses, then target as the last operand, or the address registers of a memory target]. Imm as for <see cref="CallSymbol"/>.</summary>
    CallIndirect,

    /// <summary>Terminator. [uses: arguments, fixed]. Leaves the frame and jumps to symbol Data. Imm: bytes of its stack arguments.</summary>
    TailCallSymbol,

    /// <summary>Terminator. [uses: arguments, fixed; last: target, fixed to a caller-saved register]. Imm as for <see cref="TailCallSymbol"/>.</summary>
    TailCallIndirect,

    /// <summary>[def: payload, uses: context to store to, context to load from, payload; fixed]. Goes on where the second context stands.</summary>
    StackSwitch,

    /// <summary>[def=1, use a, use b], xmm. Cond ? b : a.</summary>
    SelectFloat,

    /// <summary>Traps with code Trap if Cond.</summary>
    TrapIf,

    /// <summary>Traps with code Trap if Cond or condition Aux.</summary>
    TrapIfEither,

    /// <summary>[def xmm, use int]. Unsigned 64-bit integer to f32 (Size 4) or f64 (Size 8). Writes flags.</summary>
    CvtUint64ToFloat,

    /// <summary>[def int, use xmm]. f32/f64 (Aux 4/8) to signed Size 4/8; traps: NaN bad_toint, range int_ovf. Writes flags.</summary>
    CvtToSintTrap,

    /// <summary>As <see cref="CvtToSintTrap"/>, to unsigned.</summary>
    CvtToUintTrap,

    /// <summary>As <see cref="CvtToSintTrap"/>, saturating, NaN to 0.</summary>
    CvtToSintSat,

    /// <summary>As <see cref="CvtToSintSat"/>, to unsigned.</summary>
    CvtToUintSat,

    /// <summary>
    /// [def old fixed rax, use value late, base/index late]. Compare-exchange loop for the
    /// <see cref="AtomicLoopOp"/> in Aux on memory of Size 1, 2, 4 or 8; rax holds the old value, zero-extended. Writes flags.
    /// </summary>
    AtomicRmwLoop,

    /// <summary>
    /// [def old low fixed rax, def old high fixed rdx, use low late, use high late, base/index late], clobbers rbx and rcx. Compare-exchange
    /// loop on 16 bytes for the <c>AtomicRmwOp</c> in Aux. Writes flags.
    /// </summary>
    AtomicPairLoop,

    /// <summary>[def fixed rax]. ELF general-dynamic address of thread-local symbol Data; Imm is the symbol index of __tls_get_addr. A call.</summary>
    ElfTlsGetAddr,

    /// <summary>Imm bytes of multi-byte nop.</summary>
    Nop,
}
