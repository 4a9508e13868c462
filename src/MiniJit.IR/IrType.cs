using System;
using System.Diagnostics;
using System.Globalization;

namespace MiniJit.IR;

/// <summary>
/// The type of a value: a scalar, a fixed vector of 2 to 256 lanes, or a dynamic vector (a fixed vector times a run-time scale).
/// One byte, so that it fits wherever a type is stored; <c>default</c> is "no type".
/// </summary>
public readonly record struct IrType
{
    // Low four bits: lane type (1–5 integers, 6–9 floats). High four: 0 scalar, 1–8 log2 of the lanes of a fixed
    // vector, 9–13 log2 of the minimum lanes of a dynamic vector plus 8.
    private const int FirstDynamicShape = 9, LastDynamicShape = 13;
    private readonly byte _raw;

    private IrType(int raw) => _raw = (byte)raw;

    /// <summary>8-bit integer.</summary>
    public static IrType I8 => new(1);

    /// <summary>16-bit integer.</summary>
    public static IrType I16 => new(2);

    /// <summary>32-bit integer.</summary>
    public static IrType I32 => new(3);

    /// <summary>64-bit integer.</summary>
    public static IrType I64 => new(4);

    /// <summary>128-bit integer.</summary>
    public static IrType I128 => new(5);

    /// <summary>IEEE 754 binary16.</summary>
    public static IrType F16 => new(6);

    /// <summary>IEEE 754 binary32.</summary>
    public static IrType F32 => new(7);

    /// <summary>IEEE 754 binary64.</summary>
    public static IrType F64 => new(8);

    /// <summary>IEEE 754 binary128.</summary>
    public static IrType F128 => new(9);

    /// <summary>Sixteen 8-bit lanes.</summary>
    public static IrType I8X16 => I8.By(16);

    /// <summary>Eight 16-bit lanes.</summary>
    public static IrType I16X8 => I16.By(8);

    /// <summary>Four 32-bit lanes.</summary>
    public static IrType I32X4 => I32.By(4);

    /// <summary>Two 64-bit lanes.</summary>
    public static IrType I64X2 => I64.By(2);

    /// <summary>Four single-precision lanes.</summary>
    public static IrType F32X4 => F32.By(4);

    /// <summary>Two double-precision lanes.</summary>
    public static IrType F64X2 => F64.By(2);

    /// <summary>One more than the largest <see cref="Raw"/>: the size of a table indexed by type.</summary>
    internal const int RawLimit = (LastDynamicShape << 4) + 10;

    /// <summary>The stored byte.</summary>
    internal byte Raw => _raw;

    private int Base => _raw & 15;

    private int Shape => _raw >> 4;

    /// <summary>Whether this is "no type".</summary>
    public bool IsNone => _raw == 0;

    /// <summary>A scalar: one lane.</summary>
    public bool IsScalar => _raw != 0 && Shape == 0;

    /// <summary>A fixed vector.</summary>
    public bool IsVector => Shape is > 0 and < FirstDynamicShape;

    /// <summary>A dynamic vector.</summary>
    public bool IsDynamicVector => Shape >= FirstDynamicShape;

    /// <summary>A scalar integer or a vector of integers.</summary>
    public bool HasIntLanes => Base is >= 1 and <= 5;

    /// <summary>A scalar float or a vector of floats.</summary>
    public bool HasFloatLanes => Base >= 6;

    /// <summary>A scalar integer.</summary>
    public bool IsInt => _raw is >= 1 and <= 5;

    /// <summary>A scalar float.</summary>
    public bool IsFloat => _raw is >= 6 and <= 9;

    /// <summary>The scalar type of the lanes; a scalar's own type.</summary>
    public IrType LaneType => new(Base);

    /// <summary>Base-2 logarithm of the (minimum) number of lanes.</summary>
    public int Log2LaneCount => Shape < FirstDynamicShape ? Shape : Shape - 8;

    /// <summary>Number of lanes, 1 for a scalar; of a dynamic vector, the minimum.</summary>
    public int LaneCount => 1 << Log2LaneCount;

    /// <summary>Width of a lane.</summary>
    public int LaneBits => Base == 0 ? 0 : Base <= 5 ? 8 << (Base - 1) : 16 << (Base - 6);

    /// <summary>Width of the whole value; of a dynamic vector, the minimum.</summary>
    public int Bits => LaneBits << Log2LaneCount;

    /// <summary>Size in memory in bytes; of a dynamic vector, the minimum.</summary>
    public int Bytes => Bits >> 3;

    /// <summary>The scalar integer of this many bits (8, 16, 32, 64 or 128), or none.</summary>
    public static IrType Int(int bits) => bits switch
    {
        8 => I8,
        16 => I16,
        32 => I32,
        64 => I64,
        128 => I128,
        _ => default,
    };

    /// <summary>The scalar float of this many bits (16, 32, 64 or 128), or none.</summary>
    public static IrType Float(int bits) => bits switch
    {
        16 => F16,
        32 => F32,
        64 => F64,
        128 => F128,
        _ => default,
    };

    internal static IrType FromRaw(byte raw) => new(raw);

    /// <summary>This scalar times <paramref name="lanes"/> (a power of two, 1 to 256); none if there is no such type.</summary>
    public IrType By(int lanes)
    {
        Debug.Assert(Shape == 0);
        return _raw != 0 && lanes is >= 1 and <= 256 && (lanes & (lanes - 1)) == 0
            ? new((int.Log2(lanes) << 4) | Base)
            : default;
    }

    /// <summary>The dynamic vector whose base is this fixed vector of at most 256 bits; otherwise none.</summary>
    public IrType ToDynamic() => IsVector && Bits <= 256 && Shape + 8 <= LastDynamicShape ? new(((Shape + 8) << 4) | Base) : default;

    /// <summary>A dynamic vector's fixed base; otherwise none.</summary>
    public IrType DynamicToVector() => IsDynamicVector ? new(((Shape - 8) << 4) | Base) : default;

    /// <summary>Same shape, lanes of another scalar type.</summary>
    public IrType WithLaneType(IrType lane) => lane.IsScalar ? new((Shape << 4) | lane.Base) : default;

    /// <summary>Result type of a comparison: i8 for scalars, else integer lanes of the same width.</summary>
    public IrType AsTruthy() => IsScalar ? I8 : WithLaneType(Int(LaneBits));

    /// <summary>Same shape, integer lanes of the same width.</summary>
    public IrType AsInt() => WithLaneType(Int(LaneBits));

    /// <summary>Lanes of half the width, or none.</summary>
    public IrType HalfWidth() => Base is 1 or 6 or 0 ? default : new(_raw - 1);

    /// <summary>Lanes of twice the width, or none.</summary>
    public IrType DoubleWidth() => Base is 5 or 9 or 0 ? default : new(_raw + 1);

    /// <summary>Half the lane width, twice the lanes; none where that is no type.</summary>
    public IrType SplitLanes()
    {
        IrType half = HalfWidth();
        return half.IsNone || Shape is 0 or 8 or LastDynamicShape ? default : new(half._raw + 16);
    }

    /// <summary>Twice the lane width, half the lanes; none where that is no type.</summary>
    public IrType MergeLanes()
    {
        IrType twice = DoubleWidth();
        return twice.IsNone || Shape is 0 or FirstDynamicShape ? default : new(twice._raw - 16);
    }

    /// <summary>Reads a type name (<c>i32</c>, <c>f64x2</c>, <c>i32x1</c> for i32).</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out IrType type)
    {
        type = default;
        int x = text.IndexOf('x');
        ReadOnlySpan<char> lane = x < 0 ? text : text[..x];
        IrType scalar = lane switch
        {
            "i8" => I8,
            "i16" => I16,
            "i32" => I32,
            "i64" => I64,
            "i128" => I128,
            "f16" => F16,
            "f32" => F32,
            "f64" => F64,
            "f128" => F128,
            _ => default,
        };
        if (scalar.IsNone)
        {
            return false;
        }

        if (x < 0)
        {
            type = scalar;
            return true;
        }

        ReadOnlySpan<char> count = text[(x + 1)..];
        if (count.IsEmpty || count[0] == '0' || count.Length > 3 || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int lanes))
        {
            return false;
        }

        type = scalar.By(lanes);
        return !type.IsNone;
    }

    /// <summary>The name in CLIF; a dynamic vector, which CLIF can only name by its declaration, reads <c>i32x4xN</c>.</summary>
    public override string ToString()
    {
        if (_raw == 0)
        {
            return "invalid";
        }

        char kind = HasIntLanes ? 'i' : 'f';
        return Shape == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{kind}{LaneBits}")
            : string.Create(CultureInfo.InvariantCulture, $"{kind}{LaneBits}x{LaneCount}{(IsDynamicVector ? "xN" : "")}");
    }
}
