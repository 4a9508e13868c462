// FPCR and FPSR: what decides how floating-point instructions round, flush and signal, and what they leave behind (Arm ARM C5.2.8,
// C5.2.10). Traps of floating-point exceptions do not exist here, as on every current core.
using System;

namespace MiniJit.Coherence.Arithmetic;

/// <summary>The cumulative flags of FPSR, at their places in it.</summary>
[Flags]
internal enum FloatFlags : uint
{
    None = 0,
    InvalidOperation = 1 << 0,
    DivideByZero = 1 << 1,
    Overflow = 1 << 2,
    Underflow = 1 << 3,
    Inexact = 1 << 4,
    InputDenormal = 1 << 7,

    /// <summary>QC: an integer instruction saturated.</summary>
    Saturation = 1 << 27,
}

/// <summary>Directions of rounding; the first four as FPCR.RMode counts them.</summary>
internal enum FloatRounding : byte
{
    NearestEven,
    Up,
    Down,
    Zero,
    NearestAway,

    /// <summary>Von Neumann's: an inexact result gets an odd last bit.</summary>
    Odd,
}

internal struct FloatEnvironment
{
    /// <summary>The bits of FPCR that exist: AHP, DN, FZ, RMode and FZ16. The others read as zero.</summary>
    public const uint ControlMask = FlushHalfBit | (3u << RoundingShift) | FlushBit | DefaultNaNBit | AlternativeHalfBit;

    /// <summary>The bits of FPSR that exist.</summary>
    public const FloatFlags StatusMask = FloatFlags.InvalidOperation | FloatFlags.DivideByZero | FloatFlags.Overflow
        | FloatFlags.Underflow | FloatFlags.Inexact | FloatFlags.InputDenormal | FloatFlags.Saturation;

    private const int RoundingShift = 22;
    private const uint FlushHalfBit = 1u << 19, FlushBit = 1u << 24, DefaultNaNBit = 1u << 25, AlternativeHalfBit = 1u << 26;

    /// <summary>FPCR.</summary>
    public uint Control;

    /// <summary>FPSR.</summary>
    public FloatFlags Status;

    /// <summary>Nothing but the behaviour of IEEE 754's defaults: what the host's own arithmetic does, NaNs aside.</summary>
    public readonly bool IsDefault => Control == 0;

    /// <summary>
    /// The host may compute an ordinary result: the behaviour is the default one, and Inexact, the only flag that an ordinary result
    /// can raise, is up already.
    /// </summary>
    public readonly bool IsHostable => Control == 0 && (Status & FloatFlags.Inexact) != 0;

    public readonly FloatRounding Rounding => (FloatRounding)((Control >> RoundingShift) & 3);

    public readonly bool DefaultNaN => (Control & DefaultNaNBit) != 0;

    /// <summary>Half precision without infinities and NaNs, in conversions.</summary>
    public readonly bool AlternativeHalf => (Control & AlternativeHalfBit) != 0;

    /// <summary>Whether denormal operands and results of <paramref name="format"/> are taken for zero.</summary>
    public readonly bool Flushes(FloatFormat format) => (Control & (format.IsHalf ? FlushHalfBit : FlushBit)) != 0;

    public void Raise(FloatFlags flags) => Status |= flags;
}
