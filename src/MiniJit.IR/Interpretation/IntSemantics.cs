// Integer semantics of one lane, written once for every width: generic over the machine word that carries it (ulong for up
// to 64 bits, UInt128 for 128), so that the JIT compiles each method to straight code for the fast case.
// Operands are zero-extended from their width, and so are results.
using System;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace MiniJit.IR.Interpretation;

internal static class IntSemantics
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Mask<T>(int bits)
        where T : unmanaged, IBinaryInteger<T> => T.AllBitsSet >>> (Width<T>() - bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T SignBit<T>(int bits)
        where T : unmanaged, IBinaryInteger<T> => T.One << (bits - 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsNegative<T>(T x, int bits)
        where T : unmanaged, IBinaryInteger<T> => (x & SignBit<T>(bits)) != T.Zero;

    /// <summary>Sign-extends to the whole word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T SignExtend<T>(T x, int bits)
        where T : unmanaged, IBinaryInteger<T>
    {
        T sign = SignBit<T>(bits);
        return (x ^ sign) - sign;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Negate<T>(T x, int bits)
        where T : unmanaged, IBinaryInteger<T> => (T.Zero - x) & Mask<T>(bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Abs<T>(T x, int bits)
        where T : unmanaged, IBinaryInteger<T> => IsNegative(x, bits) ? Negate(x, bits) : x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T ShiftLeft<T>(T x, int amount, int bits)
        where T : unmanaged, IBinaryInteger<T> => (x << (amount & (bits - 1))) & Mask<T>(bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T ShiftRight<T>(T x, int amount, int bits)
        where T : unmanaged, IBinaryInteger<T> => x >>> (amount & (bits - 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T ShiftRightArithmetic<T>(T x, int amount, int bits)
        where T : unmanaged, IBinaryInteger<T>
    {
        // Exclusive-or with the sign fill before and after: shifts ones in where the sign is one.
        T fill = IsNegative(x, bits) ? Mask<T>(bits) : T.Zero;
        return ((x ^ fill) >>> (amount & (bits - 1))) ^ fill;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T RotateLeft<T>(T x, int amount, int bits)
        where T : unmanaged, IBinaryInteger<T>
    {
        amount &= bits - 1;
        return amount == 0 ? x : ((x << amount) | (x >>> (bits - amount))) & Mask<T>(bits);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Compare<T>(IntCC cc, T x, T y, int bits)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (cc.IsSigned())
        {
            T sign = SignBit<T>(bits);
            x ^= sign;
            y ^= sign;
        }

        return cc switch
        {
            IntCC.Equal => x == y,
            IntCC.NotEqual => x != y,
            IntCC.SignedLessThan or IntCC.UnsignedLessThan => x < y,
            IntCC.SignedLessThanOrEqual or IntCC.UnsignedLessThanOrEqual => x <= y,
            IntCC.SignedGreaterThan or IntCC.UnsignedGreaterThan => x > y,
            _ => x >= y,
        };
    }

    /// <summary>
    /// One result of one or two operands of the same width (a shift amount may be of any width; its low bits count).
    /// </summary>
    /// <returns>False if the opcode is none of those.</returns>
    public static bool TryEvaluate<T>(Opcode opcode, int bits, T x, T y, out T result, out TrapCode trap)
        where T : unmanaged, IBinaryInteger<T>
    {
        trap = default;
        T mask = Mask<T>(bits);
        int amount = int.CreateTruncating(y);
        switch (opcode)
        {
            case Opcode.Iadd: result = (x + y) & mask; return true;
            case Opcode.Isub: result = (x - y) & mask; return true;
            case Opcode.Imul: result = (x * y) & mask; return true;
            case Opcode.Ineg: result = Negate(x, bits); return true;
            case Opcode.Iabs: result = Abs(x, bits); return true;
            case Opcode.Umulhi: result = MultiplyHigh(x, y, bits); return true;
            case Opcode.Smulhi: result = MultiplyHighSigned(x, y, bits); return true;
            case Opcode.Band: result = x & y; return true;
            case Opcode.Bor: result = x | y; return true;
            case Opcode.Bxor: result = x ^ y; return true;
            case Opcode.Bnot: result = x ^ mask; return true;
            case Opcode.Ishl: result = ShiftLeft(x, amount, bits); return true;
            case Opcode.Ushr: result = ShiftRight(x, amount, bits); return true;
            case Opcode.Sshr: result = ShiftRightArithmetic(x, amount, bits); return true;
            case Opcode.Rotl: result = RotateLeft(x, amount, bits); return true;
            case Opcode.Rotr: result = RotateLeft(x, -amount, bits); return true;
            case Opcode.Smin: result = Compare(IntCC.SignedLessThan, x, y, bits) ? x : y; return true;
            case Opcode.Smax: result = Compare(IntCC.SignedLessThan, x, y, bits) ? y : x; return true;
            case Opcode.Umin: result = x < y ? x : y; return true;
            case Opcode.Umax: result = x < y ? y : x; return true;
            case Opcode.Bitrev: result = ReverseUnits(x, 1, bits); return true;
            case Opcode.Bswap: result = ReverseUnits(x, 8, bits); return true;
            case Opcode.Clz: result = LeadingZeros(x, bits); return true;
            case Opcode.Cls: result = LeadingZeros(IsNegative(x, bits) ? x ^ mask : x, bits) - T.One; return true;
            case Opcode.Ctz: result = x == T.Zero ? T.CreateTruncating(bits) : T.TrailingZeroCount(x); return true;
            case Opcode.Popcnt: result = T.PopCount(x); return true;
            case Opcode.Udiv or Opcode.Urem or Opcode.Sdiv or Opcode.Srem:
                return Divide(opcode, bits, x, y, out result, out trap);
            default:
                return TrySaturating(opcode, bits, x, y, out result);
        }
    }

    /// <summary>A result and a carry or overflow flag; <paramref name="carry"/> is the third operand of the variants that have one.</summary>
    /// <returns>False if the opcode has no such flag.</returns>
    public static bool TryEvaluateWithFlag<T>(Opcode opcode, int bits, T x, T y, bool carry, out T result, out bool flag)
        where T : unmanaged, IBinaryInteger<T>
    {
        T mask = Mask<T>(bits), sign = SignBit<T>(bits), sum, difference;
        T one = carry ? T.One : T.Zero;
        switch (opcode)
        {
            case Opcode.UaddOverflow or Opcode.UaddOverflowTrap or Opcode.UaddOverflowCin:
                one = opcode == Opcode.UaddOverflowCin ? one : T.Zero;
                sum = (x + y) & mask;
                result = (sum + one) & mask;
                flag = sum < x || result < sum;
                return true;
            case Opcode.SaddOverflow or Opcode.SaddOverflowCin:
                one = opcode == Opcode.SaddOverflowCin ? one : T.Zero;
                result = sum = (x + y + one) & mask;
                flag = ((x ^ sum) & (y ^ sum) & sign) != T.Zero;          // the exact sum does not fit, carry included
                return true;
            case Opcode.UsubOverflow or Opcode.UsubOverflowBin:
                one = opcode == Opcode.UsubOverflowBin ? one : T.Zero;
                result = (x - y - one) & mask;
                flag = x < y || (x == y && one != T.Zero);
                return true;
            case Opcode.SsubOverflow or Opcode.SsubOverflowBin:
                one = opcode == Opcode.SsubOverflowBin ? one : T.Zero;
                result = difference = (x - y - one) & mask;
                flag = ((x ^ y) & (x ^ difference) & sign) != T.Zero;
                return true;
            case Opcode.UmulOverflow:
                result = (x * y) & mask;
                flag = MultiplyHigh(x, y, bits) != T.Zero;
                return true;
            case Opcode.SmulOverflow:
                result = (x * y) & mask;
                flag = MultiplyHighSigned(x, y, bits) != (IsNegative(result, bits) ? mask : T.Zero);
                return true;
            default:
                result = default;
                flag = false;
                return false;
        }
    }

    /// <summary>Clamps a number, given as a whole sign-extended word, to a narrower signed or unsigned range.</summary>
    public static T Saturate<T>(T x, bool fromSigned, bool toSigned, int bits)
        where T : unmanaged, IBinaryInteger<T>
    {
        bool negative = fromSigned && IsNegative(x, Width<T>());
        T largest = toSigned ? Mask<T>(bits) >>> 1 : Mask<T>(bits);
        if (!negative)
        {
            return x > largest ? largest : x;
        }

        T smallest = toSigned ? T.Zero - SignBit<T>(bits) : T.Zero;
        return !toSigned ? smallest : (x < smallest ? smallest : x) & Mask<T>(bits);
    }

    public static T Atomic<T>(AtomicRmwOp op, int bits, T old, T x)
        where T : unmanaged, IBinaryInteger<T> => op switch
    {
        AtomicRmwOp.Add => (old + x) & Mask<T>(bits),
        AtomicRmwOp.Sub => (old - x) & Mask<T>(bits),
        AtomicRmwOp.And => old & x,
        AtomicRmwOp.Nand => (old & x) ^ Mask<T>(bits),
        AtomicRmwOp.Or => old | x,
        AtomicRmwOp.Xor => old ^ x,
        AtomicRmwOp.Xchg => x,
        AtomicRmwOp.Umin => old < x ? old : x,
        AtomicRmwOp.Umax => old < x ? x : old,
        AtomicRmwOp.Smin => Compare(IntCC.SignedLessThan, old, x, bits) ? old : x,
        _ => Compare(IntCC.SignedLessThan, old, x, bits) ? x : old,
    };

    private static bool Divide<T>(Opcode opcode, int bits, T x, T y, out T result, out TrapCode trap)
        where T : unmanaged, IBinaryInteger<T>
    {
        result = T.Zero;
        trap = default;
        if (y == T.Zero)
        {
            trap = TrapCode.IntegerDivisionByZero;
        }
        else if (opcode == Opcode.Udiv)
        {
            result = x / y;
        }
        else if (opcode == Opcode.Urem)
        {
            result = x % y;
        }
        else if (opcode == Opcode.Srem)
        {
            T remainder = Abs(x, bits) % Abs(y, bits);
            result = IsNegative(x, bits) ? Negate(remainder, bits) : remainder;
        }
        else if (x == SignBit<T>(bits) && y == Mask<T>(bits))
        {
            trap = TrapCode.IntegerOverflow;
        }
        else
        {
            T quotient = Abs(x, bits) / Abs(y, bits);
            result = IsNegative(x ^ y, bits) ? Negate(quotient, bits) : quotient;
        }

        return true;
    }

    private static bool TrySaturating<T>(Opcode opcode, int bits, T x, T y, out T result)
        where T : unmanaged, IBinaryInteger<T>
    {
        T mask = Mask<T>(bits), sign = SignBit<T>(bits);
        T limit = IsNegative(x, bits) ? sign : mask >>> 1;         // where a signed overflow with x ends
        switch (opcode)
        {
            case Opcode.UaddSat:
                result = (x + y) & mask;
                result = result < x ? mask : result;
                return true;
            case Opcode.UsubSat:
                result = x < y ? T.Zero : x - y;
                return true;
            case Opcode.SaddSat:
                result = (x + y) & mask;
                result = ((x ^ result) & (y ^ result) & sign) != T.Zero ? limit : result;
                return true;
            case Opcode.SsubSat:
                result = (x - y) & mask;
                result = ((x ^ y) & (x ^ result) & sign) != T.Zero ? limit : result;
                return true;
            case Opcode.AvgRound:
                result = (x | y) - ((x ^ y) >>> 1);
                return true;
            case Opcode.SqmulRoundSat or Opcode.X86Pmulhrsw:
                // Lanes have at most 32 bits, so the exact product fits a long.
                long product = long.CreateTruncating(SignExtend(x, bits)) * long.CreateTruncating(SignExtend(y, bits));
                long rounded = (product + (1L << (bits - 2))) >> (bits - 1);
                result = opcode == Opcode.SqmulRoundSat && rounded == 1L << (bits - 1) ? mask >>> 1 : T.CreateTruncating(rounded) & mask;
                return true;
            default:
                result = T.Zero;
                return false;
        }
    }

    private static T MultiplyHigh<T>(T x, T y, int bits)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (bits * 2 <= Width<T>())
        {
            return (x * y) >>> bits;
        }

        // A full word: schoolbook on halves.
        int half = Width<T>() / 2;
        T low = Mask<T>(half);
        T x0 = x & low, x1 = x >>> half, y0 = y & low, y1 = y >>> half;
        T middle1 = x1 * y0, middle2 = x0 * y1;
        T carry = ((x0 * y0) >>> half) + (middle1 & low) + (middle2 & low);
        return (x1 * y1) + (middle1 >>> half) + (middle2 >>> half) + (carry >>> half);
    }

    // The two's complement reading of x is x - 2^bits if negative, so each negative operand subtracts the other one.
    private static T MultiplyHighSigned<T>(T x, T y, int bits)
        where T : unmanaged, IBinaryInteger<T> =>
        (MultiplyHigh(x, y, bits) - (IsNegative(x, bits) ? y : T.Zero) - (IsNegative(y, bits) ? x : T.Zero)) & Mask<T>(bits);

    private static T LeadingZeros<T>(T x, int bits)
        where T : unmanaged, IBinaryInteger<T> => T.LeadingZeroCount(x) - T.CreateTruncating(Width<T>() - bits);

    // Exchanges neighbouring units of 1, 2, 4 … bits; the mask with ones in every other unit is all ones / (2^unit + 1).
    private static T ReverseUnits<T>(T x, int unit, int bits)
        where T : unmanaged, IBinaryInteger<T>
    {
        for (; unit < bits; unit *= 2)
        {
            T even = T.AllBitsSet / ((T.One << unit) + T.One);
            x = ((x >>> unit) & even) | ((x & even) << unit);
        }

        return x & Mask<T>(bits);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Width<T>()
        where T : unmanaged => Unsafe.SizeOf<T>() * 8;
}
