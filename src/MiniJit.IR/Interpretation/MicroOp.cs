namespace MiniJit.IR.Interpretation;

/// <summary>What a <see cref="MicroOp"/> does. R is the word at Dst; A, B, C are the words of those positions in the frame.</summary>
internal enum MicroKind : byte
{
    // Scalars of up to 64 bits in one word. Mask clears the bits above the width.
    Constant,               // R = Imm
    Copy,                   // R = A
    Add,                    // R = (A + B) & Mask
    Subtract,               // R = (A - B) & Mask
    Multiply,               // R = (A * B) & Mask
    And,                    // R = A & B
    Or,                     // R = A | B
    Xor,                    // R = A ^ B
    XorMask,                // R = A ^ Mask
    AndMask,                // R = A & Mask
    ShiftLeft,              // Small = width
    ShiftRight,
    ShiftRightArithmetic,
    SignExtend,             // from Small bits
    IntEqual,               // R = 1 or 0
    IntNotEqual,
    IntLess,                // both operands exclusive-or Mask first: the sign bit for signed comparisons, 0 for unsigned ones
    IntLessOrEqual,
    IntGreater,
    IntGreaterOrEqual,
    Select,                 // R = A != 0 ? B : C
    AnyWord,                // R = some of the Small words from A is not zero
    Integer,                // any other integer opcode (in C), Small = width
    Add32, Subtract32, Multiply32, Divide32,
    Add64, Subtract64, Multiply64, Divide64,
    FloatCompare32,         // Small = FloatCC
    FloatCompare64,
    Operation,              // any value semantics: C = index into Operations

    // Memory. Small = alignment - 1 if it is promised; Mask = offset, sign-extended.
    Load8, Load16, Load32, Load64,
    LoadSigned8, LoadSigned16, LoadSigned32,    // C = number of bits above the result's width
    Store8, Store16, Store32, Store64,          // A = value, B = address
    Access,                 // any other access: C = index into Accesses
    StackAddress,           // R = frame's memory + Mask
    GlobalValue,            // C = global value, Small = width
    GetPinned,
    SetPinned,

    // Control. Branches name edges.
    Jump,                   // edge C
    BranchIf,               // A != 0: edge C, otherwise C + 1
    BranchTable,            // edge C + 1 + A if A < B, otherwise C
    Return,                 // words of list C
    Trap,                   // Small = code
    TrapIfZero,
    TrapIfNotZero,
    Call,                   // C = index into Calls
    FunctionAddress,        // R = address of the callee of call C
    Unsupported,            // C = message
}

/// <summary>One decoded step: 32 bytes, no reference into the IR.</summary>
internal struct MicroOp
{
    public MicroKind Kind;
    public byte Small;
    public bool NarrowAddress;                     // an i32 address
    public int Dst, A, B, C;
    public ulong Mask;
}

/// <summary>A branch destination: where, what to copy first, and how many instructions the block has.</summary>
internal readonly record struct Edge(int Target, int FirstMove, int MoveCount, int Fuel);

/// <summary>Copies one word inside a frame.</summary>
internal readonly record struct Move(int Dst, int Src);

/// <summary>Operands of <see cref="MicroKind.Operation"/>: positions in the frame. Sizes follow from the types.</summary>
internal readonly record struct OperationData(Operation Operation, WordRange X, WordRange Y, WordRange Z, WordRange Result, WordRange Second);

/// <summary>Some words of a frame.</summary>
internal readonly record struct WordRange(int Start, int Count);

/// <summary>A memory access of any kind.</summary>
/// <param name="Opcode">The opcode.</param>
/// <param name="Memory">The type whose bytes are in memory: for extending loads, the narrow one.</param>
/// <param name="Result">Type of the result, or none.</param>
/// <param name="Flags">Its flags.</param>
/// <param name="Rmw">Operation of an atomic_rmw.</param>
/// <param name="Offset">Added to the address.</param>
/// <param name="Address">Position of the address.</param>
/// <param name="NarrowAddress">Whether the address is an i32.</param>
/// <param name="X">Value to store, operand of an atomic.</param>
/// <param name="Expected">Expected value of an atomic_cas.</param>
/// <param name="Dst">Where the result goes.</param>
internal readonly record struct AccessData(
    Opcode Opcode,
    IrType Memory,
    IrType Result,
    MemFlags Flags,
    AtomicRmwOp Rmw,
    int Offset,
    int Address,
    bool NarrowAddress,
    WordRange X,
    WordRange Expected,
    WordRange Dst);

/// <summary>A call.</summary>
/// <param name="Callee">What a direct call names.</param>
/// <param name="Address">Position of the callee's address if it is indirect, otherwise -1.</param>
/// <param name="Args">List of the argument words.</param>
/// <param name="Dst">Where the results go, one after the other.</param>
/// <param name="ReturnWords">How many words of results the signature tells.</param>
/// <param name="IsTail">Whether the frame is replaced.</param>
/// <param name="NarrowAddress">Whether the address is an i32.</param>
internal readonly record struct CallData(ExternalName Callee, int Address, int Args, int Dst, int ReturnWords, bool IsTail, bool NarrowAddress);
