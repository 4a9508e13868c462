// What a function's preamble declares (language reference, section 7).
using System;

namespace MiniJit.IR;

/// <summary>A sized stack slot.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="AlignShift">Base-2 logarithm of the declared alignment.</param>
/// <param name="HasKey">Whether a key was declared.</param>
/// <param name="Key">Opaque metadata.</param>
public readonly record struct StackSlotData(uint Size, byte AlignShift = 0, bool HasKey = false, ulong Key = 0);

/// <summary>A dynamic vector type: a base times a run-time scale.</summary>
/// <param name="Base">The fixed base vector.</param>
/// <param name="Scale">The global value that tells the scale.</param>
public readonly record struct DynamicTypeData(IrType Base, GlobalValue Scale)
{
    /// <summary>The type of values.</summary>
    public IrType Type => Base.ToDynamic();
}

/// <summary>How a global value is computed.</summary>
public enum GlobalValueKind : byte
{
    /// <summary>Not declared (a gap in the numbering).</summary>
    Undeclared,

    /// <summary>The <c>vmctx</c> parameter.</summary>
    VMContext,

    /// <summary>Memory at a base plus an offset.</summary>
    Load,

    /// <summary>A base plus an immediate.</summary>
    IAddImm,

    /// <summary>The address of a symbol plus an offset.</summary>
    Symbol,

    /// <summary>Number of base vectors in the target's vector register.</summary>
    DynScaleTargetConst,
}

/// <summary>A global value.</summary>
public readonly record struct GlobalValueData
{
    /// <summary>How it is computed.</summary>
    public GlobalValueKind Kind { get; init; }

    /// <summary>Its own type for loads and iadd_imm, the vector for dyn_scale_target_const; otherwise none (the pointer type).</summary>
    public IrType Type { get; init; }

    /// <summary>Base of a load or iadd_imm.</summary>
    public GlobalValue Base { get; init; }

    /// <summary>Offset of a load or symbol, immediate of an iadd_imm.</summary>
    public long Offset { get; init; }

    /// <summary>Flags of a load.</summary>
    public MemFlags Flags { get; init; }

    /// <summary>Name of a symbol.</summary>
    public ExternalName Name { get; init; }

    /// <summary>Whether a symbol is within reach of short relocations.</summary>
    public bool IsColocated { get; init; }

    /// <summary>Whether a symbol is thread-local.</summary>
    public bool IsThreadLocal { get; init; }
}

/// <summary>A declared external function.</summary>
/// <param name="Name">Its name; the reader interns user names, see <see cref="Function.UserNames"/>.</param>
/// <param name="Signature">Its signature; none marks a gap in the numbering.</param>
/// <param name="IsColocated">Whether it is within reach of short relocations.</param>
/// <param name="IsPatchable">Whether calls to it carry patch metadata.</param>
public readonly record struct ExtFuncData(ExternalName Name, SigRef Signature, bool IsColocated = false, bool IsPatchable = false);

/// <summary>A declared alias region.</summary>
/// <param name="UserId">The producer's number.</param>
/// <param name="Description">A label.</param>
public readonly record struct AliasRegionData(uint UserId, string Description);

/// <summary>What an item of an exception table is.</summary>
public enum ExceptionItemKind : byte
{
    /// <summary><c>tagN: block</c>.</summary>
    Tag,

    /// <summary><c>default: block</c>.</summary>
    Default,

    /// <summary><c>context v</c>.</summary>
    Context,
}

/// <summary>An item of an exception table.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Tag">Tag of a <see cref="ExceptionItemKind.Tag"/>.</param>
/// <param name="Target">Handler, unless it is a context.</param>
/// <param name="Context">The value of a context.</param>
public readonly record struct ExceptionItem(ExceptionItemKind Kind, uint Tag, BlockCall Target, Value Context);

/// <summary>An entry of a stack map.</summary>
/// <param name="Type">Type of the value that lives there.</param>
/// <param name="Slot">The slot.</param>
/// <param name="Offset">Byte offset in the slot.</param>
public readonly record struct StackMapEntry(IrType Type, StackSlot Slot, uint Offset);

/// <summary>A debug tag: a number or a stack slot.</summary>
/// <param name="Slot">The slot, or none.</param>
/// <param name="Number">The number otherwise.</param>
public readonly record struct DebugTag(StackSlot Slot, uint Number);

/// <summary>Bytes of the constant pool, little-endian.</summary>
internal readonly record struct ConstantData(int Start, int Length);
