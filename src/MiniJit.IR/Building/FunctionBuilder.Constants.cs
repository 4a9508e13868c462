// Constants.
using System;
using System.Buffers.Binary;

namespace MiniJit.IR.Building;

public sealed partial class FunctionBuilder
{
    /// <summary><c>iconst</c>: an integer of at most 64 bits, given as a signed or unsigned number of its width.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number does not fit the type.</exception>
    public Value Iconst(IrType type, long value)
    {
        int unused = 64 - type.Bits;
        long extended = unused is > 0 and < 64 ? value << unused >> unused : value;
        if (extended != value && (value & (-1L << (64 - unused))) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(value), value, $"does not fit {type}");
        }

        return Result(InstructionData.UnaryImm(Opcode.Iconst, type, extended));
    }

    /// <summary><c>f16const</c>.</summary>
    public Value F16const(Half value) => Result(InstructionData.UnaryImm(Opcode.F16const, default, BitConverter.HalfToUInt16Bits(value)));

    /// <summary><c>f32const</c>.</summary>
    public Value F32const(float value) => Result(InstructionData.UnaryImm(Opcode.F32const, default, BitConverter.SingleToUInt32Bits(value)));

    /// <summary><c>f64const</c>.</summary>
    public Value F64const(double value) => Result(InstructionData.UnaryImm(Opcode.F64const, default, BitConverter.DoubleToInt64Bits(value)));

    /// <summary><c>f128const</c>: by its bits.</summary>
    public Value F128const(UInt128 bits)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, bits);
        return Result(InstructionData.UnaryEntity(Opcode.F128const, default, _function.AddConstant(bytes).Raw));
    }

    /// <summary><c>vconst</c>: by its bytes, lane 0 first, little-endian.</summary>
    /// <exception cref="ArgumentException">The number of bytes is not the size of the type.</exception>
    public Value Vconst(IrType type, ReadOnlySpan<byte> bytes) =>
        bytes.Length == type.Bytes
            ? Result(InstructionData.UnaryEntity(Opcode.Vconst, type, _function.AddConstant(bytes).Raw))
            : throw new ArgumentException($"{type} has {type.Bytes} bytes, not {bytes.Length}", nameof(bytes));
}
