// A value of up to 128 bits outside of any machine: arguments and results of run directives, operands of the pure
// semantics. Equality is that of the tests: same type, same bits, so +0.0 differs from -0.0 and a NaN equals itself.
using System;
using System.Diagnostics;

namespace MiniJit.IR.Interpretation;

/// <summary>
/// A typed value. Lane 0 of a vector is in the least significant bits; bits above the type's width are zero.
/// </summary>
internal readonly record struct DataValue
{
    /// <summary>The widest type a <see cref="DataValue"/> can hold.</summary>
    public const int MaxBits = 128;

    private readonly ulong _low, _high;

    /// <summary>The low bits of <paramref name="bits"/>, as many as the type has.</summary>
    /// <param name="type">Any type of up to 128 bits.</param>
    /// <param name="bits">Bits above the type's width are ignored.</param>
    public DataValue(IrType type, UInt128 bits)
    {
        Debug.Assert(CanHold(type));
        Type = type;
        int width = type.Bits;
        _low = width >= 64 ? (ulong)bits : (ulong)bits & ((1UL << width) - 1);
        _high = width > 64 ? (ulong)(bits >> 64) : 0;
    }

    /// <summary>The value's type.</summary>
    public IrType Type { get; }

    /// <summary>All bits, zero-extended.</summary>
    public UInt128 Bits => new(_high, _low);

    /// <summary>The low 64 bits.</summary>
    public ulong LowBits => _low;

    /// <summary>The high 64 bits.</summary>
    public ulong HighBits => _high;

    /// <summary>Whether a value of this type fits: every scalar, and every vector of up to 128 bits.</summary>
    public static bool CanHold(IrType type) => !type.IsNone && type.Bits <= MaxBits;

    /// <summary>The zero of a type: all bits clear.</summary>
    public static DataValue Zero(IrType type) => new(type, 0);

    /// <summary>An i8.</summary>
    public static DataValue I8(int value) => new(IrType.I8, (UInt128)(byte)value);

    /// <summary>An i16.</summary>
    public static DataValue I16(int value) => new(IrType.I16, (UInt128)(ushort)value);

    /// <summary>An i32.</summary>
    public static DataValue I32(int value) => new(IrType.I32, (UInt128)(uint)value);

    /// <summary>An i64.</summary>
    public static DataValue I64(long value) => new(IrType.I64, (UInt128)(ulong)value);

    /// <summary>An i128.</summary>
    public static DataValue I128(Int128 value) => new(IrType.I128, (UInt128)value);

    /// <summary>A scalar integer of any width; bits that do not fit are dropped.</summary>
    public static DataValue Int(IrType type, Int128 value)
    {
        Debug.Assert(type.IsInt);
        return new(type, (UInt128)value);
    }

    /// <summary>An f16 by its bits.</summary>
    public static DataValue F16Bits(ushort bits) => new(IrType.F16, bits);

    /// <summary>An f32.</summary>
    public static DataValue F32(float value) => new(IrType.F32, BitConverter.SingleToUInt32Bits(value));

    /// <summary>An f32 by its bits.</summary>
    public static DataValue F32Bits(uint bits) => new(IrType.F32, bits);

    /// <summary>An f64.</summary>
    public static DataValue F64(double value) => new(IrType.F64, BitConverter.DoubleToUInt64Bits(value));

    /// <summary>An f64 by its bits.</summary>
    public static DataValue F64Bits(ulong bits) => new(IrType.F64, bits);

    /// <summary>An f128 by its bits.</summary>
    public static DataValue F128Bits(UInt128 bits) => new(IrType.F128, bits);

    /// <summary>A value from its bytes in little-endian order (as constants and memory hold it); missing high bytes are zero.</summary>
    public static DataValue FromBytes(IrType type, ReadOnlySpan<byte> bytes)
    {
        UInt128 bits = 0;
        for (int i = Math.Min(bytes.Length, type.Bytes) - 1; i >= 0; i--)
        {
            bits = (bits << 8) | bytes[i];
        }

        return new(type, bits);
    }

    /// <summary>Writes the value's bytes in little-endian order.</summary>
    /// <param name="bytes">At least as long as the type.</param>
    public void CopyTo(Span<byte> bytes)
    {
        int count = Type.Bytes;
        for (int i = 0; i < count; i++)
        {
            bytes[i] = (byte)((i < 8 ? _low : _high) >> ((i & 7) * 8));
        }
    }

    /// <summary>The value of a scalar integer, sign-extended.</summary>
    public Int128 AsSigned
    {
        get
        {
            int shift = MaxBits - Type.Bits;
            return (Int128)(Bits << shift) >> shift;
        }
    }

    /// <summary>The low 64 bits of a scalar integer, sign-extended from its width.</summary>
    public long AsInt64
    {
        get
        {
            int shift = 64 - Math.Min(64, Type.Bits);
            return (long)(_low << shift) >> shift;
        }
    }

    /// <summary>The value of an f32.</summary>
    public float AsF32
    {
        get
        {
            Debug.Assert(Type == IrType.F32);
            return BitConverter.UInt32BitsToSingle((uint)_low);
        }
    }

    /// <summary>The value of an f64.</summary>
    public double AsF64
    {
        get
        {
            Debug.Assert(Type == IrType.F64);
            return BitConverter.UInt64BitsToDouble(_low);
        }
    }

    /// <summary>Whether any bit is set.</summary>
    public bool IsNonZero => (_low | _high) != 0;

    /// <summary>Lane <paramref name="index"/> as a scalar; lane 0 of a scalar is itself.</summary>
    public DataValue Lane(int index)
    {
        Debug.Assert(index >= 0 && index < Type.LaneCount);
        return new(Type.LaneType, Bits >> (index * Type.LaneBits));
    }

    /// <summary>This value with lane <paramref name="index"/> replaced.</summary>
    public DataValue WithLane(int index, DataValue lane)
    {
        Debug.Assert(index >= 0 && index < Type.LaneCount && lane.Type == Type.LaneType);
        int shift = index * Type.LaneBits;
        UInt128 mask = UInt128.MaxValue >> (MaxBits - Type.LaneBits);
        return new(Type, (Bits & ~(mask << shift)) | (lane.Bits << shift));
    }

    /// <summary>A vector whose lanes are the values, lane 0 first.</summary>
    /// <param name="type">A vector type with as many lanes as there are values.</param>
    /// <param name="lanes">Scalars of the lane type.</param>
    public static DataValue FromLanes(IrType type, ReadOnlySpan<DataValue> lanes)
    {
        Debug.Assert(lanes.Length == type.LaneCount);
        UInt128 bits = 0;
        for (int i = 0; i < lanes.Length; i++)
        {
            bits |= lanes[i].Bits << (i * type.LaneBits);
        }

        return new(type, bits);
    }

    /// <summary>
    /// As run directives write values: integers in signed decimal, floats in canonical CLIF form, vectors as <c>0x</c> and the
    /// hexadecimal digits of all bytes, most significant first.
    /// </summary>
    public override string ToString()
    {
        TextBuffer text = new();
        AppendTo(text);
        return text.ToString();
    }

    /// <summary>Appends <see cref="ToString()"/>.</summary>
    public void AppendTo(TextBuffer text)
    {
        if (Type.IsInt)
        {
            text.Append(AsSigned);
        }
        else if (Type.IsFloat)
        {
            NumberText.AppendFloat(text, Type.Bits, Bits);
        }
        else
        {
            Span<byte> bytes = stackalloc byte[MaxBits / 8];
            CopyTo(bytes);
            NumberText.AppendHexBytes(text, bytes[..Type.Bytes]);
        }
    }

    /// <summary>Several values as run directives write them: one bare, otherwise <c>[a, b]</c>.</summary>
    public static string Format(ReadOnlySpan<DataValue> values)
    {
        if (values.Length == 1)
        {
            return values[0].ToString();
        }

        TextBuffer text = new();
        text.Append('[');
        for (int i = 0; i < values.Length; i++)
        {
            text.Append(i == 0 ? "" : ", ");
            values[i].AppendTo(text);
        }

        return text.Append(']').ToString();
    }
}
