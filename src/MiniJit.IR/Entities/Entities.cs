// The things a function consists of are named by 4-byte typed indices, never by object references. One primary table
// defines an entity (Function, DataFlowGraph, Layout); everything else is a dense side table indexed by it.
// The raw form is index + 1, so that zeroed tables mean "none" without an initialisation pass.
using System.Globalization;

namespace MiniJit.IR;

/// <summary>A typed index into one of a function's tables.</summary>
/// <typeparam name="T">The implementing type itself.</typeparam>
public interface IEntity<T>
    where T : struct, IEntity<T>
{
    /// <summary>Position in the entity's table.</summary>
    int Index { get; }

    /// <summary>Whether this is "no entity", the default value.</summary>
    bool IsNone { get; }

    /// <summary>The entity at <paramref name="index"/>, 0 or more.</summary>
    static abstract T FromIndex(int index);
}

/// <summary>An SSA value: a block parameter, an instruction's result or an alias of one. <c>default</c> is "none".</summary>
public readonly record struct Value : IEntity<Value>
{
    internal readonly uint Raw;

    internal Value(uint raw) => Raw = raw;

    /// <inheritdoc/>
    public int Index => (int)Raw - 1;

    /// <inheritdoc/>
    public bool IsNone => Raw == 0;

    /// <inheritdoc/>
    public static Value FromIndex(int index) => new((uint)index + 1);

    /// <summary>The name in CLIF.</summary>
    public override string ToString() => IsNone ? "v?" : string.Create(CultureInfo.InvariantCulture, $"v{Index}");
}

/// <summary>A basic block. <c>default</c> is "none".</summary>
public readonly record struct Block : IEntity<Block>
{
    internal readonly uint Raw;

    internal Block(uint raw) => Raw = raw;

    /// <inheritdoc/>
    public int Index => (int)Raw - 1;

    /// <inheritdoc/>
    public bool IsNone => Raw == 0;

    /// <inheritdoc/>
    public static Block FromIndex(int index) => new((uint)index + 1);

    /// <summary>The name in CLIF.</summary>
    public override string ToString() => IsNone ? "block?" : string.Create(CultureInfo.InvariantCulture, $"block{Index}");
}

/// <summary>An instruction. <c>default</c> is "none".</summary>
public readonly record struct Inst : IEntity<Inst>
{
    internal readonly uint Raw;

    internal Inst(uint raw) => Raw = raw;

    /// <inheritdoc/>
    public int Index => (int)Raw - 1;

    /// <inheritdoc/>
    public bool IsNone => Raw == 0;

    /// <inheritdoc/>
    public static Inst FromIndex(int index) => new((uint)index + 1);

    /// <summary>The name in CLIF.</summary>
    public override string ToString() => IsNone ? "inst?" : string.Create(CultureInfo.InvariantCulture, $"inst{Index}");
}

/// <summary>A sized explicit stack slot. <c>default</c> is "none".</summary>
public readonly record struct StackSlot : IEntity<StackSlot>
{
    internal readonly uint Raw;

    internal StackSlot(uint raw) => Raw = raw;

    /// <inheritdoc/>
    public int Index => (int)Raw - 1;

    /// <inheritdoc/>
    public bool IsNone => Raw == 0;

    /// <inheritdoc/>
    public static StackSlot FromIndex(int index) => new((uint)index + 1);

    /// <summary>The name in CLIF.</summary>
    public override string ToString() => IsNone ? "ss?" : string.Create(CultureInfo.InvariantCulture, $"ss{Index}");
}

/// <summary>A stack slot of a dynamic vector type. <c>default</c> is "none".</summary>
public readonly record struct DynamicStackSlot : IEntity<DynamicStackSlot>
{
    internal readonly uint Raw;

    internal DynamicStackSlot(uint raw) => Raw = raw;

    /// <inheritdoc/>
    public int Index => (int)Raw - 1;

    /// <inheritdoc/>
    public bool IsNone => Raw == 0;

    /// <inheritdoc/>
    public static DynamicStackSlot FromIndex(int index) => new((uint)index + 1);

    /// <summary>The name in CLIF.</summary>
    public override string ToString() => IsNone ? "dss?" : string.Create(CultureInfo.InvariantCulture, $"dss{Index}");
}

/// <summary>A dynamic vector type declared in the preamble. <c>default</c> is "none".</summary>
public readonly record struct DynamicType : IEntity<DynamicType>
{
    internal readonly uint Raw;

    internal DynamicType(uint raw) => Raw = raw;

    /// <inheritdoc/>
    public int Index => (int)Raw - 1;

    /// <inheritdoc/>
    public bool IsNone => Raw == 0;

    /// <inheritdoc/>
    public static DynamicType FromIndex(int index) => new((uint)index + 1);

    /// <summary>The name in CLIF.</summary>
    public override string ToString() => IsNone ? "dt?" : string.Create(CultureInfo.InvariantCulture, $"dt{Index}");
}

/// <summary>A global value of the preamble. <c>default</c> is "none".</summary>
public readonly record struct GlobalValue : IEntity<GlobalValue>
{
    internal readonly uint Raw;

    internal GlobalValue(uint raw) => Raw = raw;

    /// <inheritdoc/>
    public int Index => (int)Raw - 1;

    /// <inheritdoc/>
    public bool IsNone => Raw == 0;

    /// <inheritdoc/>
    public static GlobalValue FromIndex(int index) => new((uint)index + 1);

    /// <summary>The name in CLIF.</summary>
    public override string ToString() => IsNone ? "gv?" : string.Create(CultureInfo.InvariantCulture, $"gv{Index}");
}

/// <summary>An entry of the function's constant pool. <c>default</c> is "none".</summary>
public readonly record struct Constant : IEntity<Constant>
{
    internal readonly uint Raw;

    internal Constant(uint raw) => Raw = raw;

    /// <inheritdoc/>
    public int Index => (int)Raw - 1;

    /// <inheritdoc/>
    public bool IsNone => Raw == 0;

    /// <inheritdoc/>
    public static Constant FromIndex(int index) => new((uint)index + 1);

    /// <summary>The name in CLIF.</summary>
    public override string ToString() => IsNone ? "const?" : string.Create(CultureInfo.InvariantCulture, $"const{Index}");
}

/// <summary>A 16-byte immediate too large for an instruction record (shuffle masks). <c>default</c> is "none".</summary>
public readonly record struct Immediate : IEntity<Immediate>
{
    internal readonly uint Raw;

    internal Immediate(uint raw) => Raw = raw;

    /// <inheritdoc/>
    public int Index => (int)Raw - 1;

    /// <inheritdoc/>
    public bool IsNone => Raw == 0;

    /// <inheritdoc/>
    public static Immediate FromIndex(int index) => new((uint)index + 1);

    /// <summary>The name in CLIF.</summary>
    public override string ToString() => IsNone ? "imm?" : string.Create(CultureInfo.InvariantCulture, $"imm{Index}");
}

/// <summary>A declared external function. <c>default</c> is "none".</summary>
public readonly record struct FuncRef : IEntity<FuncRef>
{
    internal readonly uint Raw;

    internal FuncRef(uint raw) => Raw = raw;

    /// <inheritdoc/>
    public int Index => (int)Raw - 1;

    /// <inheritdoc/>
    public bool IsNone => Raw == 0;

    /// <inheritdoc/>
    public static FuncRef FromIndex(int index) => new((uint)index + 1);

    /// <summary>The name in CLIF.</summary>
    public override string ToString() => IsNone ? "fn?" : string.Create(CultureInfo.InvariantCulture, $"fn{Index}");
}

/// <summary>A declared signature. <c>default</c> is "none".</summary>
public readonly record struct SigRef : IEntity<SigRef>
{
    internal readonly uint Raw;

    internal SigRef(uint raw) => Raw = raw;

    /// <inheritdoc/>
    public int Index => (int)Raw - 1;

    /// <inheritdoc/>
    public bool IsNone => Raw == 0;

    /// <inheritdoc/>
    public static SigRef FromIndex(int index) => new((uint)index + 1);

    /// <summary>The name in CLIF.</summary>
    public override string ToString() => IsNone ? "sig?" : string.Create(CultureInfo.InvariantCulture, $"sig{Index}");
}

/// <summary>A partition of memory that the producer vouches for. <c>default</c> is "none".</summary>
public readonly record struct AliasRegion : IEntity<AliasRegion>
{
    internal readonly uint Raw;

    internal AliasRegion(uint raw) => Raw = raw;

    /// <inheritdoc/>
    public int Index => (int)Raw - 1;

    /// <inheritdoc/>
    public bool IsNone => Raw == 0;

    /// <inheritdoc/>
    public static AliasRegion FromIndex(int index) => new((uint)index + 1);

    /// <summary>The name in CLIF.</summary>
    public override string ToString() => IsNone ? "region?" : string.Create(CultureInfo.InvariantCulture, $"region{Index}");
}

/// <summary>The targets of a br_table. <c>default</c> is "none".</summary>
public readonly record struct JumpTable : IEntity<JumpTable>
{
    internal readonly uint Raw;

    internal JumpTable(uint raw) => Raw = raw;

    /// <inheritdoc/>
    public int Index => (int)Raw - 1;

    /// <inheritdoc/>
    public bool IsNone => Raw == 0;

    /// <inheritdoc/>
    public static JumpTable FromIndex(int index) => new((uint)index + 1);

    /// <summary>The name in CLIF.</summary>
    public override string ToString() => IsNone ? "jt?" : string.Create(CultureInfo.InvariantCulture, $"jt{Index}");
}

/// <summary>The edges of a try_call. <c>default</c> is "none".</summary>
public readonly record struct ExceptionTable : IEntity<ExceptionTable>
{
    internal readonly uint Raw;

    internal ExceptionTable(uint raw) => Raw = raw;

    /// <inheritdoc/>
    public int Index => (int)Raw - 1;

    /// <inheritdoc/>
    public bool IsNone => Raw == 0;

    /// <inheritdoc/>
    public static ExceptionTable FromIndex(int index) => new((uint)index + 1);

    /// <summary>The name in CLIF.</summary>
    public override string ToString() => IsNone ? "extable?" : string.Create(CultureInfo.InvariantCulture, $"extable{Index}");
}
