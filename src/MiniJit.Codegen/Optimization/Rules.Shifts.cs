// Shifts and rotations. Amounts count modulo the width, whatever their type.
using System;
using MiniJit.IR;

namespace MiniJit.Codegen.Optimization;

internal sealed partial class Rules
{
    private Value Ishl(IrType ty, Value x, Value y)
    {
        Value common = ShiftAmount(Opcode.Ishl, ty, x, y, out int k);
        if (!common.IsNone || k < 0)
        {
            return common;
        }

        // ishl (ishl x, k1), k2           [k1+k2 < bits]      => ishl x, k1+k2
        // ishl (ishl x, k1), k2                               => 0
        if (IsShift(x, Opcode.Ishl, out Value z, out int k1) && (k + k1 < ty.Bits || IsSmallInt(ty)))
        {
            return Hit(Rule.IshlIshl, k + k1 < ty.Bits ? Shift(Opcode.Ishl, ty, z, k + k1) : Iconst(ty, 0));
        }

        if (!IsSmallInt(ty))
        {
            return default;
        }

        // ishl (ushr x, k), k             [mask is cheap]     => band x, -1<<k
        // ishl (sshr x, k), k             [mask is cheap]     => band x, -1<<k
        if (IsCheapMask(-1L << k, ty) && ((IsShift(x, Opcode.Ushr, out z, out k1) && k == k1) || (IsShift(x, Opcode.Sshr, out z, out k1) && k == k1)))
        {
            return Hit(Rule.IshlShr, Binary(Opcode.Band, ty, z, -1L << k));
        }

        // ishl.i64 (iadd x, k1), k2                           => iadd (ishl x, k2), k1<<k2
        if (ty == IrType.I64 && IsWithConst(x, Opcode.Iadd, out z, out long added))
        {
            return Hit(Rule.IshlIadd, Binary(Opcode.Iadd, ty, Shift(Opcode.Ishl, ty, z, k), added << k));
        }

        // ishl (imul x, k1), k2                               => imul x, k1<<k2
        if (IsWithConst(x, Opcode.Imul, out z, out long factor)) { return Hit(Rule.IshlImul, Binary(Opcode.Imul, ty, z, factor << k)); }

        return default;
    }

    private Value Ushr(IrType ty, Value x, Value y)
    {
        Value common = ShiftAmount(Opcode.Ushr, ty, x, y, out int k);
        if (!common.IsNone || k < 0)
        {
            return common;
        }

        // ushr (ushr x, k1), k2           [k1+k2 < bits]      => ushr x, k1+k2
        // ushr (ushr x, k1), k2                               => 0
        if (IsShift(x, Opcode.Ushr, out Value z, out int k1) && (k + k1 < ty.Bits || IsSmallInt(ty)))
        {
            return Hit(Rule.UshrUshr, k + k1 < ty.Bits ? Shift(Opcode.Ushr, ty, z, k + k1) : Iconst(ty, 0));
        }

        if (!IsSmallInt(ty))
        {
            return default;
        }

        // ushr x, k                       [x < 2^k]           => 0
        if (ActiveBits(x) <= k) { return Hit(Rule.UshrAll, Iconst(ty, 0)); }

        // ushr (ishl x, k), k             [mask is cheap]     => band x, -1>>>k
        long mask = (long)Mask(ty.Bits - k);
        if (IsShift(x, Opcode.Ishl, out z, out k1) && k == k1 && (IsCheapMask(mask, ty) || mask == uint.MaxValue))
        {
            return Hit(Rule.UshrIshl, Binary(Opcode.Band, ty, z, mask));
        }

        // ushr (sshr x, k), bits-1                            => ushr x, bits-1
        if (k == ty.Bits - 1 && IsShift(x, Opcode.Sshr, out z, out _)) { return Hit(Rule.UshrSshr, Shift(Opcode.Ushr, ty, z, k)); }

        return default;
    }

    private Value Sshr(IrType ty, Value x, Value y)
    {
        Value common = ShiftAmount(Opcode.Sshr, ty, x, y, out int k);
        if (!common.IsNone || k < 0)
        {
            return common;
        }

        // sshr (sshr x, k1), k2                               => sshr x, min(k1+k2, bits-1)
        if (IsShift(x, Opcode.Sshr, out Value z, out int k1)) { return Hit(Rule.SshrSshr, Shift(Opcode.Sshr, ty, z, Math.Min(k + k1, ty.Bits - 1))); }

        // sshr x, k                       [sign bit clear]    => ushr x, k
        if (ActiveBits(x) < ty.Bits) { return Hit(Rule.SshrPositive, Shift(Opcode.Ushr, ty, x, k)); }

        // sshr (ishl x, k), k             [bits-k is 8, 16 or 32]   => sextend (ireduce x)
        if (IsShift(x, Opcode.Ishl, out z, out k1) && k == k1 && ty.Bits - k is 8 or 16 or 32)
        {
            return Hit(Rule.SshrIshl, Unary(Opcode.Sextend, ty, Unary(Opcode.Ireduce, IrType.Int(ty.Bits - k), z)));
        }

        return default;
    }

    private Value Rotate(Opcode opcode, IrType ty, Value x, Value y)
    {
        Value common = ShiftAmount(opcode, ty, x, y, out int k);
        if (!common.IsNone || !ty.IsInt)
        {
            return common;
        }

        if (k < 0)
        {
            // rotr x, (ineg y)                                => rotl x, y
            // rotl x, (ineg y)                                => rotr x, y
            Opcode reverse = opcode == Opcode.Rotl ? Opcode.Rotr : Opcode.Rotl;
            return Is(y, Opcode.Ineg, out Value z) ? Hit(Rule.RotateIneg, Binary(reverse, ty, x, z)) : default;
        }

        // rotr x, k                                           => rotl x, bits-k
        if (opcode == Opcode.Rotr) { return Hit(Rule.RotrConst, Shift(Opcode.Rotl, ty, x, ty.Bits - k)); }

        // rotl (rotl x, k1), k2                               => rotl x, k1+k2
        if (IsShift(x, Opcode.Rotl, out Value inner, out int k1)) { return Hit(Rule.RotlRotl, Shift(Opcode.Rotl, ty, inner, (k + k1) & (ty.Bits - 1))); }

        return default;
    }

    // What is common to all shifts. `k` is the amount if it is constant and the shift is one of scalars, else -1.
    private Value ShiftAmount(Opcode opcode, IrType ty, Value x, Value y, out int k)
    {
        k = -1;
        int modulus = ty.LaneBits - 1;
        if (IsConst(y, out long amount))
        {
            // ishl x, 0                                       => x
            if ((amount & modulus) == 0) { return Hit(Rule.ShiftZero, x); }

            k = ty.IsInt ? (int)amount & modulus : -1;

            // ishl x, k                   [k ≥ bits]          => ishl x, k mod bits
            if (k >= 0 && k != amount) { return Hit(Rule.ShiftModulo, Shift(opcode, ty, x, k)); }

            return default;
        }

        // ishl 0, y                                           => 0
        if (IsConst(x, 0)) { return Hit(Rule.ShiftOfZero, x); }

        // sshr -1, y                                          => -1
        // rotl -1, y                                          => -1
        if (opcode is not (Opcode.Ishl or Opcode.Ushr) && IsConst(x, -1)) { return Hit(Rule.ShiftOfAllOnes, x); }

        // ishl x, (uextend y)                                 => ishl x, y
        // ishl x, (sextend y)                                 => ishl x, y
        // ishl x, (ireduce y)                                 => ishl x, y
        if (IsExtension(y, out Value z, out _) || (Is(y, Opcode.Ireduce, out z) && _dfg.TypeOf(z).Bits <= 64)) { return Hit(Rule.ShiftAmountResized, Binary(opcode, ty, x, z)); }

        // ishl x, (band y, k)             [k keeps the bits that count]   => ishl x, y
        if (IsWithConst(y, Opcode.Band, out z, out long mask) && (mask & modulus) == modulus) { return Hit(Rule.ShiftAmountMasked, Binary(opcode, ty, x, z)); }

        // ishl x, (iadd y, k)             [k = 0 mod bits]    => ishl x, y
        if (IsWithConst(y, Opcode.Iadd, out z, out long added) && (added & modulus) == 0) { return Hit(Rule.ShiftAmountAdded, Binary(opcode, ty, x, z)); }

        // ishl x, (isub k, y)             [k = 0 mod bits]    => ishl x, (ineg y)
        if (Is(y, Opcode.Isub, out Value from, out z) && IsConst(from, out added) && added != 0 && (added & modulus) == 0)
        {
            return Hit(Rule.ShiftAmountNegated, Binary(opcode, ty, x, Unary(Opcode.Ineg, _dfg.TypeOf(y), z)));
        }

        return default;
    }

    // Masks that machines have as immediates; others take an instruction of their own, and nothing is won against two shifts.
    private static bool IsCheapMask(long mask, IrType ty) => ty.Bits < 64 || (int)mask == mask;
}
