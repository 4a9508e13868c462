namespace MiniJit.IR;

/// <summary>The arithmetic of <see cref="TypeRule"/>.</summary>
internal static class TypeRules
{
    /// <summary>The type that the rule derives from the controlling type; none if it leaves a choice or there is no such type.</summary>
    public static IrType Resolve(TypeRule rule, IrType controlling) => rule switch
    {
        TypeRule.Same => controlling,
        TypeRule.LaneOf => controlling.LaneType,
        TypeRule.AsTruthy => controlling.AsTruthy(),
        TypeRule.HalfWidth => controlling.HalfWidth(),
        TypeRule.DoubleWidth => controlling.DoubleWidth(),
        TypeRule.SplitLanes => controlling.SplitLanes(),
        TypeRule.MergeLanes => controlling.MergeLanes(),
        TypeRule.DynamicToVector => controlling.DynamicToVector(),
        TypeRule.I8 => IrType.I8,
        TypeRule.I32 => IrType.I32,
        TypeRule.I64 => IrType.I64,
        TypeRule.F16 => IrType.F16,
        TypeRule.F32 => IrType.F32,
        TypeRule.F64 => IrType.F64,
        TypeRule.F128 => IrType.F128,
        TypeRule.I8X16 => IrType.I8X16,
        TypeRule.I16X8 => IrType.I16X8,
        TypeRule.I32X4 => IrType.I32X4,
        TypeRule.I64X2 => IrType.I64X2,
        TypeRule.F32X4 => IrType.F32X4,
        TypeRule.F64X2 => IrType.F64X2,
        _ => default,
    };

    /// <summary>
    /// Whether an operand of type <paramref name="type"/> satisfies a rule that leaves a choice. Float conversions and other
    /// lane-wise operations want as many lanes as T has.
    /// </summary>
    public static bool Allows(TypeRule rule, IrType controlling, IrType type) => rule switch
    {
        TypeRule.Narrower => SameKindScalars(controlling, type) && type.Bits < controlling.Bits,
        TypeRule.Wider => SameKindScalars(controlling, type) && type.Bits > controlling.Bits,
        TypeRule.Address => TypeSets.Address.Contains(type),
        TypeRule.AnyScalarInt => type.IsInt,
        TypeRule.AnyScalarFloat => type.IsFloat,
        TypeRule.AnyInt => TypeSets.IntFixed.Contains(type) && type.LaneCount == controlling.LaneCount,
        TypeRule.AnyFloat => TypeSets.Float.Contains(type) && type.LaneCount == controlling.LaneCount && type.IsDynamicVector == controlling.IsDynamicVector,
        TypeRule.AnyVector => TypeSets.AnyVector.Contains(type),
        TypeRule.Any => TypeSets.AnyOrDynamic.Contains(type),
        _ => Resolve(rule, controlling) == type,
    };

    private static bool SameKindScalars(IrType a, IrType b) => (a.IsInt && b.IsInt) || (a.IsFloat && b.IsFloat);
}
