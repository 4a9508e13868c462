using System;
using System.Globalization;

namespace MiniJit.IR;

/// <summary>A set of types: lane kinds and widths times lane counts, all ranges of powers of two with both ends included.</summary>
/// <param name="MinLanes">Fewest lanes of a scalar or fixed vector.</param>
/// <param name="MaxLanes">Most lanes.</param>
/// <param name="MinInt">Narrowest integer lane in bits; 0 if there is none.</param>
/// <param name="MaxInt">Widest integer lane.</param>
/// <param name="MinFloat">Narrowest float lane in bits; 0 if there is none.</param>
/// <param name="MaxFloat">Widest float lane.</param>
/// <param name="MaxDynamicLanes">Most minimum lanes of a dynamic vector (the fewest are 2); 0 if there is none.</param>
public readonly record struct TypeSet(
    short MinLanes, short MaxLanes, short MinInt, short MaxInt, short MinFloat, short MaxFloat, short MaxDynamicLanes)
{
    /// <summary>Whether the set is empty.</summary>
    public bool IsEmpty => MaxLanes == 0;

    /// <summary>Whether <paramref name="type"/> is a member.</summary>
    public bool Contains(IrType type)
    {
        if (type.IsNone || (type.IsDynamicVector ? type.LaneCount > MaxDynamicLanes : type.LaneCount < MinLanes || type.LaneCount > MaxLanes))
        {
            return false;
        }

        int bits = type.LaneBits;
        return type.HasIntLanes ? bits >= MinInt && bits <= MaxInt : bits >= MinFloat && bits <= MaxFloat;
    }

    /// <summary>A typical member, for messages; none of an empty set.</summary>
    internal IrType First
    {
        get
        {
            IrType lane = MaxInt > 0 ? IrType.Int(Math.Clamp((short)32, MinInt, MaxInt)) : IrType.Float(Math.Clamp((short)32, MinFloat, MaxFloat));
            return IsEmpty ? default : lane.By(Math.Max((int)MinLanes, 1));
        }
    }

    /// <summary>For messages and the manual: <c>{i32, i64}</c>, <c>{i8..i128, f16..f128; 2..256 lanes; dynamic}</c>.</summary>
    public override string ToString()
    {
        string ints = Range('i', MinInt, MaxInt), floats = Range('f', MinFloat, MaxFloat);
        string lanes = MaxLanes <= 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"; {MinLanes}..{MaxLanes} lanes");
        return $"{{{ints}{(ints.Length == 0 || floats.Length == 0 ? "" : ", ")}{floats}{lanes}{(MaxDynamicLanes == 0 ? "" : "; dynamic")}}}";
    }

    private static string Range(char kind, int low, int high)
    {
        if (high == 0)
        {
            return "";
        }

        string separator = high == 2 * low ? ", " : "..";
        return low == high
            ? string.Create(CultureInfo.InvariantCulture, $"{kind}{low}")
            : string.Create(CultureInfo.InvariantCulture, $"{kind}{low}{separator}{kind}{high}");
    }
}

/// <summary>The type sets that the opcode table names.</summary>
internal static class TypeSets
{
    //                                                lanes     ints      floats    dynamic
    public static TypeSet None => default;
    public static TypeSet ScalarInt => new(            1, 1,     8, 128,   0, 0,     0);
    public static TypeSet Address => new(              1, 1,     32, 64,   0, 0,     0);
    public static TypeSet Int8To64 => new(             1, 1,     8, 64,    0, 0,     0);
    public static TypeSet Int16To64 => new(            1, 1,     16, 64,   0, 0,     0);
    public static TypeSet Int16To128 => new(           1, 1,     16, 128,  0, 0,     0);
    public static TypeSet Int64Only => new(            1, 1,     64, 64,   0, 0,     0);
    public static TypeSet ScalarFloat => new(          1, 1,     0, 0,     16, 128,  0);
    public static TypeSet ScalarOrDynamic => new(      1, 1,     8, 128,   16, 128,  256);
    public static TypeSet Int => new(                  1, 256,   8, 128,   0, 0,     256);
    public static TypeSet IntFixed => new(             1, 256,   8, 128,   0, 0,     0);
    public static TypeSet IntVector => new(            2, 256,   8, 128,   0, 0,     0);
    public static TypeSet FixedPoint => new(           4, 8,     16, 32,   0, 0,     0);
    public static TypeSet Narrowable => new(           2, 8,     16, 64,   0, 0,     8);
    public static TypeSet Widenable => new(            2, 16,    8, 32,    0, 0,     16);
    public static TypeSet Float => new(                1, 256,   0, 0,     16, 128,  256);
    public static TypeSet FloatFixed => new(           1, 256,   0, 0,     16, 128,  0);
    public static TypeSet Any => new(                  1, 256,   8, 128,   16, 128,  0);
    public static TypeSet AnyOrDynamic => new(         1, 256,   8, 128,   16, 128,  256);
    public static TypeSet AnyVector => new(            2, 256,   8, 128,   16, 128,  0);
    public static TypeSet AnyVectorOrDynamic => new(   2, 256,   8, 128,   16, 128,  256);
}
