// The vocabulary of the operand column: which registers and immediates a form has, in assembly order. From it follow the encoder's
// and the decoder's handling of fields, the operands that the allocator sees, and the text of the disassembler.
using MiniJit.Codegen.Machine;

namespace MiniJit.Backend.Arm64;

/// <summary>How a register is written, and so its file and width.</summary>
internal enum RegisterView : byte
{
    None,

    /// <summary>General registers; 31 is the zero register.</summary>
    W,
    X,

    /// <summary>w or x by <see cref="A64Instruction.Size"/>; with Sp, 31 is the stack pointer.</summary>
    General,
    GeneralSp,
    XSp,

    /// <summary>w or x by <see cref="A64Instruction.Lane"/> (x for 3).</summary>
    GeneralByLane,

    /// <summary>SIMD and floating-point registers as scalars.</summary>
    B,
    H,
    S,
    D,
    Q,

    /// <summary>The upper 64 bits of a vector register, written v0.d[1].</summary>
    HighHalf,

    /// <summary>h, s or d by <see cref="A64Instruction.Size"/>.</summary>
    Float,

    /// <summary>b, h, s or d by <see cref="A64Instruction.Lane"/>; wide: one step wider.</summary>
    ScalarByLane,
    ScalarByLaneWide,

    /// <summary>A vector of <see cref="A64Instruction.Size"/> bytes in lanes of <see cref="A64Instruction.Lane"/>.</summary>
    Vector,

    /// <summary>16 bytes in lanes twice as wide.</summary>
    VectorWide,

    /// <summary>Size bytes in lanes twice (half) as wide.</summary>
    VectorPairwise,
    VectorNarrow,

    /// <summary>16 bytes in lanes of <see cref="A64Instruction.Lane"/>, whatever Size says.</summary>
    VectorFull,

    /// <summary>Size bytes in byte lanes.</summary>
    VectorBytes,
    VectorBytesFull,

    /// <summary>One lane, its index in <see cref="A64Instruction.Imm"/> (element forms, dup, ins, umov, structures).</summary>
    VectorElement,

    /// <summary>One lane, its index in <see cref="A64Instruction.Aux"/> (the source of ins; Cond: bits of imm4 that do not count, 0 but in odd words).</summary>
    VectorElementSource,

    /// <summary>Four bytes, their index in <see cref="A64Instruction.Imm"/> (dot products).</summary>
    VectorBytesElement,

    /// <summary>Two lanes, whatever Size says (pairwise reductions).</summary>
    VectorTwo,
}

/// <summary>What is read or written, in assembly order. Registers come with a field, role and view; the rest is one of a kind.</summary>
internal enum A64OperandKind : byte
{
    Register,

    /// <summary>imm12, shifted left by 12 if <c>sh</c>: Imm and Aux.</summary>
    Imm12,

    /// <summary>N:immr:imms: the bit pattern in Imm, replicated to 64 bits (upper half zero for 32-bit forms); Aux: bits of immr that do not count, 0 but in odd words.</summary>
    BitmaskImm,

    /// <summary>imm16 in Imm, hw in Aux.</summary>
    Imm16Shifted,

    /// <summary>imm16 in Imm.</summary>
    Imm16,

    /// <summary>immr in Imm, imms in Aux; N repeats sf.</summary>
    Bitfield,

    /// <summary>imms in Imm; N repeats sf.</summary>
    ExtractLsb,

    /// <summary>Shift of the register before it: kind in Aux (ror only in Rotated), amount in Imm.</summary>
    Shifted,
    Rotated,

    /// <summary>Extension of the register before it: kind in Aux, left shift 0–4 in Imm.</summary>
    Extended,

    /// <summary>imm5 of a conditional comparison in Imm.</summary>
    Imm5,

    /// <summary>Flags in Aux.</summary>
    Nzcv,

    /// <summary>Condition in Cond.</summary>
    Condition,

    /// <summary>Distances in bytes in Imm.</summary>
    Label26,
    Label19,
    Label14,
    PcRelative,
    PcRelativePage,

    /// <summary>b5:b40 in Aux, and with it Size.</summary>
    BitNumber,

    /// <summary>CRm:op2 in Imm.</summary>
    HintNumber,

    /// <summary>CRm in Imm.</summary>
    BarrierOption,

    /// <summary>o0:op1:CRn:CRm:op2 (15 bits) in Imm.</summary>
    SystemRegister,

    /// <summary>op1:CRn:CRm:op2 (14 bits) in Imm.</summary>
    SystemOperation,

    /// <summary>Addresses: XnSp plus Imm bytes (unsigned and scaled by the access, signed 9 bits, or scaled signed 7 bits for pairs).</summary>
    AddressUnsigned,
    AddressUnscaled,
    AddressPost,
    AddressPre,
    AddressPair,
    AddressPairPost,
    AddressPairPre,

    /// <summary>XnSp plus Rm, extended by Cond (uxtw, uxtx written lsl, sxtw, sxtx), shifted by the access's size if Imm is 1.</summary>
    AddressRegister,

    /// <summary>XnSp alone.</summary>
    AddressBase,

    /// <summary>imm8 of a floating-point move: its eight bits in Imm.</summary>
    FloatImm8,

    /// <summary>#0.0.</summary>
    FloatZero,

    /// <summary>64 − scale: number of fraction bits, in Imm.</summary>
    FractionBits,

    /// <summary><see cref="OperandSpec.Count"/> registers from the field's on, modulo 32.</summary>
    RegisterList,

    /// <summary>#0.</summary>
    IntZero,

    /// <summary>immh:immb: Lane, and the amount in Imm: 0 to the lane's width − 1 to the left, 1 to the width to the right.</summary>
    ShiftLeft,
    ShiftRight,

    /// <summary>The lane's width, implied.</summary>
    ShiftByLane,

    /// <summary>imm4 in Imm; below 8 for 8-byte vectors.</summary>
    ByteIndex,

    /// <summary>
    /// abc:defgh as expanded by cmode, to 64 bits, in Imm (before mvni and bic complement it); cmode in Aux, and with it Lane.
    /// Move: cmode of movi and mvni with shifts; Logical: of orr and bic; Fixed: fixed by the diagram.
    /// </summary>
    VectorMoveImm,
    VectorLogicalImm,
    VectorFixedImm,

    /// <summary>XnSp alone, then moved on by the bytes transferred, or by a register (Rm, not 31).</summary>
    AddressPostBytes,
    AddressPostRegister,
}

/// <summary>Instruction field of a register.</summary>
internal enum RegisterField : byte
{
    Rd,
    Rn,
    Rm,
    Ra,
}

/// <summary>What the instruction does with a register.</summary>
internal enum RegisterRole : byte
{
    Use,
    Def,

    /// <summary>Read and written: the allocator sees a def that reuses the place of a use.</summary>
    Tied,

    /// <summary>A def; tied when Size is 16 (narrowing forms: the "2" variants keep the lower half).</summary>
    TiedIfUpper,

    /// <summary>Written before all uses are read (status of a store-exclusive).</summary>
    EarlyDef,

    /// <summary>Def of a load, use of a store: <see cref="MemoryAccess"/> decides, file and width too.</summary>
    ByAccess,
}

/// <summary>One entry of the operand column.</summary>
internal readonly record struct OperandSpec(
    A64OperandKind Kind, RegisterField Field = default, RegisterRole Role = default, RegisterView View = default, byte Count = 1)
{
    public static implicit operator OperandSpec(A64OperandKind kind) => new(kind);

    /// <summary>Whether this is a register or registers in a row.</summary>
    private bool IsRegister => Kind is A64OperandKind.Register or A64OperandKind.RegisterList;

    /// <summary>Whether the instruction writes the register.</summary>
    public bool IsDefined => IsRegister && Role is RegisterRole.Def or RegisterRole.Tied or RegisterRole.TiedIfUpper;

    /// <summary>Whether it also reads what it writes.</summary>
    public bool IsTied(int size) => Role == RegisterRole.Tied || (Role == RegisterRole.TiedIfUpper && size == 16);

    /// <summary>Whether the instruction, in this size, reads the register.</summary>
    public bool IsRead(int size) => Kind == A64OperandKind.AddressBase || (IsRegister && (Role == RegisterRole.Use || IsTied(size)));

    public RegClass Class => View >= RegisterView.B ? RegClass.Float : RegClass.Int;

    public static OperandSpec Def(RegisterField field, RegisterView view) => new(A64OperandKind.Register, field, RegisterRole.Def, view);

    public static OperandSpec Use(RegisterField field, RegisterView view) => new(A64OperandKind.Register, field, RegisterRole.Use, view);

    public static OperandSpec Tied(RegisterField field, RegisterView view) => new(A64OperandKind.Register, field, RegisterRole.Tied, view);
}
