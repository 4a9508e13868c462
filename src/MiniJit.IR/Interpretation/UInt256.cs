using System;
using System.Diagnostics;

namespace MiniJit.IR.Interpretation;

/// <summary>
/// As much 256-bit arithmetic as exact products and aligned sums of binary128 significands need.
/// </summary>
internal readonly record struct UInt256(UInt128 High, UInt128 Low)
{
    public static UInt256 Zero => default;

    public bool IsZero => High == 0 && Low == 0;

    /// <summary>Position of the highest set bit plus one; 0 for zero.</summary>
    public int BitLength => 256 - (High != 0 ? (int)UInt128.LeadingZeroCount(High) : 128 + (int)UInt128.LeadingZeroCount(Low));

    public static implicit operator UInt256(UInt128 value) => new(0, value);

    public static UInt256 operator +(UInt256 a, UInt256 b)
    {
        UInt128 low = a.Low + b.Low;
        return new(a.High + b.High + (low < a.Low ? UInt128.One : UInt128.Zero), low);
    }

    public static UInt256 operator -(UInt256 a, UInt256 b) =>
        new(a.High - b.High - (a.Low < b.Low ? UInt128.One : UInt128.Zero), a.Low - b.Low);

    public static bool operator <(UInt256 a, UInt256 b) => a.High < b.High || (a.High == b.High && a.Low < b.Low);

    public static bool operator >(UInt256 a, UInt256 b) => b < a;

    public static UInt256 operator |(UInt256 a, UInt256 b) => new(a.High | b.High, a.Low | b.Low);

    /// <summary>Shift by 0 to 255.</summary>
    public static UInt256 operator <<(UInt256 a, int count)
    {
        Debug.Assert(count is >= 0 and < 256);
        return count == 0 ? a
            : count >= 128 ? new(a.Low << (count - 128), 0)
            : new((a.High << count) | (a.Low >> (128 - count)), a.Low << count);
    }

    /// <summary>Logical shift by 0 to 255.</summary>
    public static UInt256 operator >>(UInt256 a, int count)
    {
        Debug.Assert(count is >= 0 and < 256);
        return count == 0 ? a
            : count >= 128 ? new(0, a.High >> (count - 128))
            : new(a.High >> count, (a.Low >> count) | (a.High << (128 - count)));
    }

    /// <summary>Shift by any count of 0 or more; bits that fall out are kept as "something was here" in the lowest bit.</summary>
    public static UInt256 ShiftRightSticky(UInt256 a, int count)
    {
        if (count >= 256)
        {
            return a.IsZero ? a : UInt128.One;
        }

        UInt256 shifted = a >> count;
        return shifted << count == a ? shifted : shifted | UInt128.One;
    }

    /// <summary>The exact product.</summary>
    public static UInt256 Multiply(UInt128 a, UInt128 b)
    {
        UInt128 a0 = (ulong)a, a1 = a >> 64, b0 = (ulong)b, b1 = b >> 64;
        UInt128 low = a0 * b0, middle1 = a1 * b0, middle2 = a0 * b1;
        UInt128 carry = (low >> 64) + (ulong)middle1 + (ulong)middle2;
        return new((a1 * b1) + (middle1 >> 64) + (middle2 >> 64) + (carry >> 64), (carry << 64) | (ulong)low);
    }
}
