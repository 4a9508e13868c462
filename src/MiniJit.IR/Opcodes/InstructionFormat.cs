namespace MiniJit.IR;

/// <summary>
/// How an instruction's operands are laid out in <see cref="InstructionData"/> and written in CLIF (language reference,
/// section 2). Fixed value operands always come first (fields a, b, c), so "the arguments" of any instruction are one span.
/// </summary>
public enum InstructionFormat : byte
{
#pragma warning disable CS1591 // Text form, then fields.
    /// <summary>No instruction.</summary>
    None,
    /// <summary>No operands.</summary>
    NullAry,
    /// <summary><c>x</c>: a = x.</summary>
    Unary,
    /// <summary><c>imm</c>: bc = immediate, sign-extended from the controlling type.</summary>
    UnaryImm,
    /// <summary><c>float</c>: bc = bits.</summary>
    UnaryIeee16,
    /// <summary><c>float</c>: bc = bits.</summary>
    UnaryIeee32,
    /// <summary><c>float</c>: bc = bits.</summary>
    UnaryIeee64,
    /// <summary><c>const</c>: b = constant.</summary>
    UnaryConst,
    /// <summary><c>gv</c>: b = global value.</summary>
    UnaryGlobalValue,
    /// <summary><c>x, y</c>: a, b.</summary>
    Binary,
    /// <summary><c>x, imm8</c>: a; aux = immediate.</summary>
    BinaryImm8,
    /// <summary><c>x, y, z</c>: a, b, c.</summary>
    Ternary,
    /// <summary><c>x, y, imm8</c>: a, b; aux = immediate.</summary>
    TernaryImm8,
    /// <summary><c>values</c>: a = value list.</summary>
    MultiAry,
    /// <summary><c>x, y, mask</c>: a, b; c = immediate entity.</summary>
    Shuffle,
    /// <summary><c>cc x, y</c>: a, b; aux = condition.</summary>
    IntCompare,
    /// <summary><c>cc x, y</c>: a, b; aux = condition.</summary>
    FloatCompare,
    /// <summary><c>block(args)</c>: b = block call.</summary>
    Jump,
    /// <summary><c>x, block(args), block(args)</c>: a; b, c = block calls.</summary>
    Brif,
    /// <summary><c>x, block(args), [calls]</c>: a; b = jump table (the default comes first in it).</summary>
    BranchTable,
    /// <summary><c>fn(args)</c>: a = value list; b = function.</summary>
    Call,
    /// <summary><c>sig, callee(args)</c>: a = value list beginning with the callee; b = signature.</summary>
    CallIndirect,
    /// <summary><c>fn(args), table</c>: a = value list; b = function; c = exception table.</summary>
    TryCall,
    /// <summary><c>callee(args), table</c>: a = value list beginning with the callee; c = exception table.</summary>
    TryCallIndirect,
    /// <summary><c>fn</c>: b = function.</summary>
    FuncAddr,
    /// <summary><c>ss+offset</c>: b = slot; c = offset.</summary>
    StackAddr,
    /// <summary><c>dss</c>: b = dynamic slot.</summary>
    DynamicStackAddr,
    /// <summary><c>flags p+offset</c>: a; c = offset; aux = flags index.</summary>
    Load,
    /// <summary><c>flags x, p+offset</c>: a, b; c = offset; aux = flags index.</summary>
    Store,
    /// <summary><c>flags p</c>: a; aux = flags index.</summary>
    LoadNoOffset,
    /// <summary><c>flags x, p</c>: a, b; aux = flags index.</summary>
    StoreNoOffset,
    /// <summary><c>flags op p, x</c>: a = p, b = x; c = operation; aux = flags index.</summary>
    AtomicRmw,
    /// <summary><c>flags p, e, x</c>: a, b, c; aux = flags index.</summary>
    AtomicCas,
    /// <summary><c>code</c>: aux = trap code.</summary>
    Trap,
    /// <summary><c>x, code</c>: a; aux = trap code.</summary>
    CondTrap,
    /// <summary><c>x, y, code</c>: a, b; aux = trap code.</summary>
    IntAddTrap,
    /// <summary><c>block, index</c>: a unused; aux unused; b = block; c = index (an int32; larger ones are out of range anyway).</summary>
    ExceptionHandlerAddress,
#pragma warning restore CS1591
}
