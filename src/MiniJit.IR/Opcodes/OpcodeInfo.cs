using System;

namespace MiniJit.IR;

/// <summary>What an opcode does besides computing its results.</summary>
[Flags]
public enum OpcodeTraits : ushort
{
    /// <summary>A pure function of its operands.</summary>
    None = 0,

    /// <summary>Must and may end a block.</summary>
    Terminator = 1,

    /// <summary>Has block successors.</summary>
    Branch = 2,

    /// <summary>Leaves the function.</summary>
    Return = 4,

    /// <summary>Calls.</summary>
    Call = 8,

    /// <summary>Reads memory.</summary>
    ReadsMemory = 16,

    /// <summary>Writes memory.</summary>
    WritesMemory = 32,

    /// <summary>Can trap (loads and stores can too, by their flags).</summary>
    CanTrap = 64,

    /// <summary>Has another effect: never removed or reordered.</summary>
    OtherSideEffect = 128,

    /// <summary>Its effect may be merged with that of an identical dominating instruction.</summary>
    Idempotent = 256,

    /// <summary>The first two operands may be exchanged.</summary>
    Commutative = 512,
}

/// <summary>Whether CLIF writes a type after the mnemonic (language reference, section 4).</summary>
public enum TypeSuffixKind : byte
{
    /// <summary>Monomorphic: never.</summary>
    Forbidden,

    /// <summary>Only where the deciding operand's type is not at hand.</summary>
    Optional,

    /// <summary>Always.</summary>
    Mandatory,
}

/// <summary>Whether the suffix is written and which operand decides when it is not.</summary>
/// <param name="Kind">Whether it is written.</param>
/// <param name="DecidingOperand">Index among the value operands, for <see cref="TypeSuffixKind.Optional"/>.</param>
public readonly record struct TypeSuffix(TypeSuffixKind Kind, int DecidingOperand)
{
    /// <summary>Monomorphic.</summary>
    public static TypeSuffix Forbidden => new(TypeSuffixKind.Forbidden, -1);

    /// <summary>The type of the first result, always written.</summary>
    public static TypeSuffix Mandatory => new(TypeSuffixKind.Mandatory, -1);

    /// <summary>The type of value operand <paramref name="operand"/>.</summary>
    public static TypeSuffix Inferred(int operand) => new(TypeSuffixKind.Optional, operand);
}

/// <summary>How the type of one operand or result follows from the controlling type T.</summary>
public enum TypeRule : byte
{
#pragma warning disable CS1591 // the text forms of the table say it: T, lane_of(T), i8x16 …
    Same, LaneOf, AsTruthy, HalfWidth, DoubleWidth, SplitLanes, MergeLanes, DynamicToVector,

    // Free within limits: any type that is related to T only by this.
    Narrower, Wider, Address, AnyScalarInt, AnyScalarFloat, AnyInt, AnyFloat, AnyVector, Any,

    // One type.
    I8, I32, I64, F16, F32, F64, F128, I8X16, I16X8, I32X4, I64X2, F32X4, F64X2,
#pragma warning restore CS1591
}

/// <summary>One row of <see cref="OpcodeTable"/>.</summary>
public sealed class OpcodeInfo
{
    private readonly TypeRule[] _operands;
    private readonly TypeRule[] _results;
    private readonly bool[] _isControlling = new bool[IrType.RawLimit];            // ControllingTypes, by raw form

    internal OpcodeInfo(Opcode opcode, string name, InstructionFormat format, TypeSet types, TypeSuffix suffix, string shape, OpcodeTraits traits)
    {
        Opcode = opcode;
        Name = name;
        Format = format;
        ControllingTypes = types;
        Suffix = suffix;
        Shape = shape;
        Traits = traits;
        (_operands, _results, HasVariableOperands, HasVariableResults) = OpcodeShape.Parse(shape);
        for (int raw = 0; raw < _isControlling.Length; raw++)
        {
            _isControlling[raw] = types.Contains(IrType.FromRaw((byte)raw));
        }
    }

    /// <summary>The opcode.</summary>
    public Opcode Opcode { get; }

    /// <summary>The mnemonic.</summary>
    public string Name { get; }

    /// <summary>Operand layout.</summary>
    public InstructionFormat Format { get; }

    /// <summary>Allowed controlling types; empty for a monomorphic opcode.</summary>
    public TypeSet ControllingTypes { get; }

    /// <summary>Whether <paramref name="type"/> is one of <see cref="ControllingTypes"/>.</summary>
    public bool AllowsControlling(IrType type) => _isControlling[type.Raw];

    /// <summary>Where the controlling type comes from.</summary>
    public TypeSuffix Suffix { get; }

    /// <summary>Operands and results in the reference's notation.</summary>
    public string Shape { get; }

    /// <summary>Effects.</summary>
    public OpcodeTraits Traits { get; }

    /// <summary>Types of the fixed value operands.</summary>
    public ReadOnlySpan<TypeRule> Operands => _operands;

    /// <summary>Types of the fixed results.</summary>
    public ReadOnlySpan<TypeRule> Results => _results;

    /// <summary>Takes a list of values whose types a signature tells.</summary>
    public bool HasVariableOperands { get; }

    /// <summary>Has the results that a signature tells.</summary>
    public bool HasVariableResults { get; }

    /// <summary>Whether a type suffix exists at all.</summary>
    public bool IsPolymorphic => Suffix.Kind != TypeSuffixKind.Forbidden;

    /// <summary>Whether it has all of <paramref name="traits"/>.</summary>
    public bool Has(OpcodeTraits traits) => (Traits & traits) == traits;
}
