using System;

namespace MiniJit.IR.Interpretation;

/// <summary>The layout of an IEEE 754 binary interchange format: sign, exponent, fraction, from the top.</summary>
internal readonly struct FloatFormat
{
    private FloatFormat(int bits, int fractionBits)
    {
        Bits = bits;
        FractionBits = fractionBits;
    }

    /// <summary>Total width.</summary>
    public int Bits { get; }

    /// <summary>Width of the stored fraction; the precision is one more.</summary>
    public int FractionBits { get; }

    /// <summary>The exponent field of infinities and NaNs.</summary>
    public int MaxExponent => (1 << (Bits - FractionBits - 1)) - 1;

    /// <summary>What the exponent field of 1.0 holds.</summary>
    public int Bias => MaxExponent >> 1;

    /// <summary>The sign.</summary>
    public UInt128 SignBit => UInt128.One << (Bits - 1);

    /// <summary>All bits of the fraction.</summary>
    public UInt128 FractionMask => (UInt128.One << FractionBits) - 1;

    /// <summary>The bit that makes a NaN quiet.</summary>
    public UInt128 QuietBit => UInt128.One << (FractionBits - 1);

    /// <summary>Positive infinity.</summary>
    public UInt128 Infinity => (UInt128)MaxExponent << FractionBits;

    /// <summary>The positive quiet NaN without payload.</summary>
    public UInt128 CanonicalNaN => Infinity | QuietBit;

    /// <summary>The format of a float type or of a vector's float lanes.</summary>
    public static FloatFormat Of(IrType type) => type.LaneBits switch
    {
        16 => new(16, 10),
        32 => new(32, 23),
        64 => new(64, 52),
        _ => new(128, 112),
    };

    /// <summary>Whether the bits are a NaN.</summary>
    public bool IsNaN(UInt128 bits) => (bits & ~SignBit) > Infinity;
}
