// The three formats of IEEE 754 that AArch64 computes in. Their bits travel in the low end of a ulong.
using System;

namespace MiniJit.Coherence.Arithmetic;

/// <param name="FractionBits">Width of the fraction field.</param>
/// <param name="ExponentBits">Width of the exponent field.</param>
internal readonly record struct FloatFormat(int FractionBits, int ExponentBits)
{
    public static FloatFormat Half => new(10, 5);

    public static FloatFormat Single => new(23, 8);

    public static FloatFormat Double => new(52, 11);

    public bool IsHalf => FractionBits == 10;

    public int Bits => FractionBits + ExponentBits + 1;

    public int MaxExponent => (1 << ExponentBits) - 1;

    public int Bias => (1 << (ExponentBits - 1)) - 1;

    public ulong SignBit => 1UL << (FractionBits + ExponentBits);

    public ulong QuietBit => 1UL << (FractionBits - 1);

    public ulong FractionMask => (1UL << FractionBits) - 1;

    public ulong Infinity => (ulong)MaxExponent << FractionBits;

    /// <summary>The largest finite number.</summary>
    public ulong Largest => Infinity - 1;

    public ulong DefaultNaN => Infinity | QuietBit;

    /// <summary>The power of two with exponent <paramref name="exponent"/>.</summary>
    public ulong PowerOfTwo(int exponent) => (ulong)(exponent + Bias) << FractionBits;

    public bool IsNaN(ulong bits) => (bits & ~SignBit) > Infinity;

    public bool IsSignalingNaN(ulong bits) => IsNaN(bits) && (bits & QuietBit) == 0;

    public bool IsQuietNaN(ulong bits) => IsNaN(bits) && (bits & QuietBit) != 0;

    public bool IsInfinite(ulong bits) => (bits & ~SignBit) == Infinity;

    /// <summary>The format that <typeparamref name="T"/> has: <see cref="System.Half"/>, float or double.</summary>
    public static FloatFormat Of<T>()
        where T : unmanaged =>
        typeof(T) == typeof(double) ? Double
            : typeof(T) == typeof(float) ? Single
            : typeof(T) == typeof(Half) ? Half
            : throw new NotSupportedException();
}
