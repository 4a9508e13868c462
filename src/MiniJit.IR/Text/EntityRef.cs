using System.Globalization;

namespace MiniJit.IR;

/// <summary>Kinds of things that a comment can belong to and a diagnostic can be about.</summary>
public enum EntityKind : byte
{
#pragma warning disable CS1591 // the entity of that name
    None, Function, Block, Inst, Value, StackSlot, DynamicStackSlot, DynamicType, GlobalValue, SigRef, FuncRef, Constant, AliasRegion, StackLimit,
#pragma warning restore CS1591
}

/// <summary>An entity of any kind; <c>default</c> is "none".</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Index">Its number; 0 for the function itself and for its stack limit.</param>
public readonly record struct EntityRef(EntityKind Kind, int Index)
{
    /// <summary>The function as a whole.</summary>
    public static EntityRef Function => new(EntityKind.Function, 0);

    /// <summary>Whether this is "none".</summary>
    public bool IsNone => Kind == EntityKind.None;

    /// <summary>A block.</summary>
    public static EntityRef Of(Block block) => new(EntityKind.Block, block.Index);

    /// <summary>An instruction.</summary>
    public static EntityRef Of(Inst inst) => new(EntityKind.Inst, inst.Index);

    /// <summary>A value.</summary>
    public static EntityRef Of(Value value) => new(EntityKind.Value, value.Index);

    /// <summary>A global value.</summary>
    public static EntityRef Of(GlobalValue value) => new(EntityKind.GlobalValue, value.Index);

    /// <summary>An alias region.</summary>
    public static EntityRef Of(AliasRegion region) => new(EntityKind.AliasRegion, region.Index);

    /// <summary>A signature.</summary>
    public static EntityRef Of(SigRef signature) => new(EntityKind.SigRef, signature.Index);

    /// <summary>The name in CLIF and in messages.</summary>
    public override string ToString() => Kind switch
    {
        EntityKind.None => "none",
        EntityKind.Function => "function",
        EntityKind.StackLimit => "stack_limit",
        _ => Prefix(Kind) + Index.ToString(CultureInfo.InvariantCulture),
    };

    internal static string Prefix(EntityKind kind) => kind switch
    {
        EntityKind.Block => "block",
        EntityKind.Inst => "inst",
        EntityKind.Value => "v",
        EntityKind.StackSlot => "ss",
        EntityKind.DynamicStackSlot => "dss",
        EntityKind.DynamicType => "dt",
        EntityKind.GlobalValue => "gv",
        EntityKind.SigRef => "sig",
        EntityKind.FuncRef => "fn",
        EntityKind.Constant => "const",
        EntityKind.AliasRegion => "region",
        _ => "",
    };
}
