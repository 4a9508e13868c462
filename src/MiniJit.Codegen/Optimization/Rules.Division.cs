// Division and remainder by constants, after T. Granlund and P. Montgomery, "Division by Invariant Integers using Multiplication"
// (1994), and H. Warren, "Hacker's Delight", chapter 10. Types of up to 32 bits are divided in a wider type, where the exact
// product fits and needs no correction; i64 uses the high half of the product.
using System;
using System.Numerics;
using MiniJit.IR;

namespace MiniJit.Codegen.Optimization;

internal sealed partial class Rules
{
    private Value Udiv(IrType ty, Value x, Value y)
    {
        if (!IsConst(y, out long k) || k == 0 || !IsSmallInt(ty))
        {
            return default;
        }

        // udiv x, 1                                           => x
        if (k == 1) { return Hit(Rule.UdivOne, x); }

        // udiv x, 2^k                                         => ushr x, k
        if (IsPowerOfTwo(k, ty.Bits, out int log2)) { return Hit(Rule.UdivPowerOfTwo, Shift(Opcode.Ushr, ty, x, log2)); }

        // udiv x, k                                           => the high part of x·⌈2^n/k⌉
        return Hit(Rule.UdivConst, UnsignedQuotient(ty, x, Unsigned(k, ty.Bits)));
    }

    private Value Urem(IrType ty, Value x, Value y)
    {
        if (!IsConst(y, out long k) || k == 0 || !IsSmallInt(ty))
        {
            return default;
        }

        // urem x, 1                                           => 0
        // urem x, 2^k                                         => band x, 2^k-1
        if (IsPowerOfTwo(k, ty.Bits, out int log2)) { return Hit(Rule.UremPowerOfTwo, Binary(Opcode.Band, ty, x, (long)Mask(log2))); }

        // urem x, k                                           => isub x, (imul (udiv x, k), k)
        return Hit(Rule.UremConst, Binary(Opcode.Isub, ty, x, Binary(Opcode.Imul, ty, Binary(Opcode.Udiv, ty, x, y), y)));
    }

    private Value Sdiv(IrType ty, Value x, Value y)
    {
        if (!IsConst(y, out long k) || k is 0 or -1 || !IsSmallInt(ty))
        {
            return default;
        }

        // sdiv x, 1                                           => x
        if (k == 1) { return Hit(Rule.SdivOne, x); }

        // sdiv x, k                       [x, k not negative] => udiv x, k
        if (k > 0 && ActiveBits(x) < ty.Bits) { return Hit(Rule.SdivPositive, Binary(Opcode.Udiv, ty, x, y)); }

        // sdiv x, min                                         => icmp eq x, min
        if (k == SignedMin(ty.Bits)) { return Hit(Rule.SdivMin, Resize(ty, Compare(IntCC.Equal, x, k))); }

        // sdiv x, -k                                          => ineg (sdiv x, k)
        if (k < 0) { return Hit(Rule.SdivNegative, Unary(Opcode.Ineg, ty, Binary(Opcode.Sdiv, ty, x, -k))); }

        // sdiv x, 2^k                                         => sshr (x < 0 ? x + 2^k-1 : x), k
        if (IsPowerOfTwo(k, ty.Bits, out int log2)) { return Hit(Rule.SdivPowerOfTwo, Shift(Opcode.Sshr, ty, RoundedTowardZero(ty, x, log2), log2)); }

        // sdiv x, k                                           => the high part of x·⌈2^n/k⌉, plus 1 if x is negative
        return Hit(Rule.SdivConst, SignedQuotient(ty, x, k));
    }

    private Value Srem(IrType ty, Value x, Value y)
    {
        if (!IsConst(y, out long k) || k == 0 || !IsSmallInt(ty))
        {
            return default;
        }

        // srem x, 1                                           => 0
        // srem x, -1                                          => 0
        if (k is 1 or -1) { return Hit(Rule.SremOne, Iconst(ty, 0)); }

        // srem x, k                       [x, k not negative] => urem x, k
        if (k > 0 && ActiveBits(x) < ty.Bits) { return Hit(Rule.SremPositive, Binary(Opcode.Urem, ty, x, y)); }

        // srem x, -k                      [-k fits]           => srem x, k
        if (k < 0 && k != SignedMin(ty.Bits)) { return Hit(Rule.SremNegative, Binary(Opcode.Srem, ty, x, -k)); }

        // srem x, 2^k                                         => isub x, (band (x < 0 ? x + 2^k-1 : x), -2^k)
        if (IsPowerOfTwo(k, ty.Bits, out int log2))
        {
            Value multiple = Binary(Opcode.Band, ty, RoundedTowardZero(ty, x, log2), -1L << log2);
            return Hit(Rule.SremPowerOfTwo, Binary(Opcode.Isub, ty, x, multiple));
        }

        // srem x, k                                           => isub x, (imul (sdiv x, k), k)
        return Hit(Rule.SremConst, Binary(Opcode.Isub, ty, x, Binary(Opcode.Imul, ty, Binary(Opcode.Sdiv, ty, x, y), y)));
    }

    // x, or if it is negative x + 2^k-1: then a shift rounds toward zero. The addend is made of copies of the sign.
    private Value RoundedTowardZero(IrType ty, Value x, int log2)
    {
        Value sign = log2 == 1 ? x : Shift(Opcode.Sshr, ty, x, ty.Bits - 1);
        return Binary(Opcode.Iadd, ty, x, Shift(Opcode.Ushr, ty, sign, ty.Bits - log2));
    }

    // With n = bits + s, s = ⌈log2 d⌉ and m = ⌈2^n/d⌉, ⌊x/d⌋ = ⌊x·m/2^n⌋ for every x below 2^bits; m has bits + 1 bits. An even m
    // is halved together with 2^n as long as it stays exact enough, which most often makes it fit.
    private Value UnsignedQuotient(IrType ty, Value x, ulong d)
    {
        int bits = ty.Bits;
        if (2 * (UInt128)d > Mask(bits))
        {
            // The quotient is 0 or 1.
            return Resize(ty, Compare(IntCC.UnsignedGreaterThanOrEqual, x, (long)d));
        }

        (UInt128 multiplier, int shift) = UnsignedMagic(bits, d);
        if (bits <= 32)
        {
            int productBits = bits + 128 - (int)UInt128.LeadingZeroCount(multiplier);
            if (productBits <= 64)
            {
                IrType wide = productBits <= 32 ? IrType.I32 : IrType.I64;
                Value product = Binary(Opcode.Imul, wide, Resize(wide, x), (long)(ulong)multiplier);
                return Resize(ty, Shift(Opcode.Ushr, wide, product, bits + shift));
            }

            // 33 bits: aligned to the left they still fit 64, and the high half needs no shift.
            Value high = Binary(Opcode.Umulhi, IrType.I64, Resize(IrType.I64, x), (long)(ulong)(multiplier << (32 - shift)));
            return Resize(ty, high);
        }

        if (multiplier <= ulong.MaxValue)
        {
            return Shift(Opcode.Ushr, ty, Binary(Opcode.Umulhi, ty, x, (long)(ulong)multiplier), shift);
        }

        int zeros = BitOperations.TrailingZeroCount(d);
        if (zeros > 0)
        {
            // Fewer bits of x are left when the factor of two is divided off first, so that the multiplier fits.
            (multiplier, shift) = UnsignedMagic(bits, d >> zeros, bits - zeros);
            Value half = Shift(Opcode.Ushr, ty, x, zeros);
            return Shift(Opcode.Ushr, ty, Binary(Opcode.Umulhi, ty, half, (long)(ulong)multiplier), shift);
        }

        // 65 bits: x·m = x·2^64 + x·(m - 2^64), and the sum is halved before it can overflow.
        Value part = Binary(Opcode.Umulhi, ty, x, (long)(ulong)multiplier);
        Value sum = Binary(Opcode.Iadd, ty, Shift(Opcode.Ushr, ty, Binary(Opcode.Isub, ty, x, part), 1), part);
        return Shift(Opcode.Ushr, ty, sum, shift - 1);
    }

    // The smallest multiplier that is exact for all x of `significant` bits: m·d - 2^n may be up to 2^(n-significant).
    private static (UInt128 Multiplier, int Shift) UnsignedMagic(int bits, ulong d, int significant = 0)
    {
        significant = significant == 0 ? bits : significant;
        int shift = 64 - BitOperations.LeadingZeroCount(d - 1);
        UInt128 low = PowerDividedBy(bits + shift, d, out _);
        UInt128 high = AddedPowerDividedBy(bits + shift, bits + shift - significant, d);
        while (shift > 0 && low >> 1 < high >> 1)
        {
            low >>= 1;
            high >>= 1;
            shift--;
        }

        return (high, shift);
    }

    // ⌊2^n/d⌋ for n up to 128, by one or two steps of long division.
    private static UInt128 PowerDividedBy(int n, ulong d, out ulong remainder)
    {
        UInt128 top = UInt128.One << (n > 127 ? 127 : n);
        (UInt128 quotient, UInt128 rest) = UInt128.DivRem(top, d);
        if (n > 127)
        {
            (quotient, rest) = ((quotient << 1) + ((rest << 1) / d), (rest << 1) % d);
        }

        remainder = (ulong)rest;
        return quotient;
    }

    // ⌊(2^n + 2^e)/d⌋.
    private static UInt128 AddedPowerDividedBy(int n, int e, ulong d)
    {
        UInt128 quotient = PowerDividedBy(n, d, out ulong remainder);
        UInt128 second = PowerDividedBy(e, d, out ulong remainder2);
        return quotient + second + (((UInt128)remainder + remainder2) / d);
    }

    // With m = ⌊2^(bits+s)/k⌋ + 1 the quotient is ⌊x·m/2^(bits+s)⌋, plus 1 if x is negative, provided m·k - 2^(bits+s) is at most 2^(s+1).
    // That always holds for s = ⌈log2 k⌉ - 1; the smallest such s gives the smallest multiplier.
    private Value SignedQuotient(IrType ty, Value x, long k)
    {
        int bits = ty.Bits;
        int shift = 63 - BitOperations.LeadingZeroCount((ulong)k - 1);
        UInt128 multiplier = PowerDividedBy(bits + shift, (ulong)k, out _) + 1;
        while (shift > 0)
        {
            UInt128 quotient = PowerDividedBy(bits + shift - 1, (ulong)k, out ulong rest);
            if ((ulong)k - rest > 1UL << shift)
            {
                break;
            }

            multiplier = quotient + 1;
            shift--;
        }

        Value sign = Shift(Opcode.Ushr, ty, x, bits - 1);
        if (bits <= 32)
        {
            IrType wide = bits == 32 ? IrType.I64 : IrType.I32;
            Value product = Binary(Opcode.Imul, wide, Unary(Opcode.Sextend, wide, x), (long)(ulong)multiplier);
            Value rounded = Unary(Opcode.Ireduce, ty, Shift(Opcode.Sshr, wide, product, bits + shift));
            return Binary(Opcode.Iadd, ty, rounded, sign);
        }

        // As a signed number the multiplier is m - 2^64 if its top bit is set: then x is missing once.
        long factor = (long)(ulong)multiplier;
        Value high = Binary(Opcode.Smulhi, ty, x, factor);
        if (factor < 0)
        {
            high = Binary(Opcode.Iadd, ty, high, x);
        }

        return Binary(Opcode.Iadd, ty, Shift(Opcode.Sshr, ty, high, shift), sign);
    }
}
