// and, or, exclusive or, complement, bit selection, byte and bit order, bit counts.
using System.Numerics;
using MiniJit.IR;

namespace MiniJit.Codegen.Optimization;

internal sealed partial class Rules
{
    private Value Band(IrType ty, Value x, Value y)
    {
        // band x, x                                           => x
        if (x == y) { return Hit(Rule.BandSame, x); }

        // band x, (bor x, y)                                  => x
        if (IsWith(y, Opcode.Bor, x, out _)) { return Hit(Rule.BandAbsorb, x); }
        if (IsWith(x, Opcode.Bor, y, out _)) { return Hit(Rule.BandAbsorb, y); }

        // band x, (band x, y)                                 => band x, y
        if (IsWith(y, Opcode.Band, x, out _)) { return Hit(Rule.BandIdempotent, y); }
        if (IsWith(x, Opcode.Band, y, out _)) { return Hit(Rule.BandIdempotent, x); }

        // band (bnot x), (bnot y)                             => bnot (bor x, y)
        if (Is(x, Opcode.Bnot, out Value p) && Is(y, Opcode.Bnot, out Value q)) { return Hit(Rule.BandDeMorgan, Unary(Opcode.Bnot, ty, Binary(Opcode.Bor, ty, p, q))); }

        if (!IsSmallInt(ty))
        {
            return default;
        }

        if (!IsConst(y, out long k))
        {
            // band x, (bnot x)                                => 0
            if (IsComplement(x, y)) { return Hit(Rule.BandComplement, Iconst(ty, 0)); }

            // band (icmp cc1 x, y), (icmp cc2 x, y)           => icmp (cc1 and cc2) x, y
            return CombineComparisons(Opcode.Band, ty, x, y);
        }

        // band x, 0                                           => 0
        if (k == 0) { return Hit(Rule.BandZero, y); }

        // band x, -1                                          => x
        if (k == -1) { return Hit(Rule.BandAllOnes, x); }

        // band (band x, k1), k2                               => band x, k1&k2
        if (IsWithConst(x, Opcode.Band, out p, out long k1)) { return Hit(Rule.BandBandConst, Binary(Opcode.Band, ty, p, k & k1)); }

        // band (bor x, k1), k2            [k1&k2 = 0]         => band x, k2
        // band (bor x, k1), k2            [k1&k2 = k2]        => k2
        if (IsWithConst(x, Opcode.Bor, out p, out k1) && (k & k1) == 0) { return Hit(Rule.BandBorDisjoint, Binary(Opcode.Band, ty, p, k)); }
        if (IsWithConst(x, Opcode.Bor, out _, out k1) && (k & k1) == k) { return Hit(Rule.BandBorCovered, y); }

        // band x, k                       [k covers all bits that x can have]   => x
        ulong mask = Unsigned(k, ty.Bits);
        int active = ActiveBits(x);
        if ((mask & Mask(active)) == Mask(active)) { return Hit(Rule.BandRedundant, x); }

        // band (sextend x), k             [k has only bits of x]                => band (uextend x), k
        if (Is(x, Opcode.Sextend, out p) && (mask & ~Mask(_dfg.TypeOf(p).Bits)) == 0)
        {
            return Hit(Rule.BandSextend, Binary(Opcode.Band, ty, Unary(Opcode.Uextend, ty, p), k));
        }

        // band (ishl x, k1), k2           [k2 has all bits from k1 up]          => ishl x, k1
        if (IsShift(x, Opcode.Ishl, out _, out int s) && (mask >> s) == Mask(ty.Bits - s)) { return Hit(Rule.BandIshl, x); }

        // band.i64 x, 0xffff_ffff                                               => uextend (ireduce.i32 x)
        if (ty == IrType.I64 && mask == uint.MaxValue) { return Hit(Rule.BandLowHalf, Unary(Opcode.Uextend, ty, Unary(Opcode.Ireduce, IrType.I32, x))); }

        return default;
    }

    private Value Bor(IrType ty, Value x, Value y)
    {
        // bor x, x                                            => x
        if (x == y) { return Hit(Rule.BorSame, x); }

        // bor x, (band x, y)                                  => x
        if (IsWith(y, Opcode.Band, x, out _)) { return Hit(Rule.BorAbsorb, x); }
        if (IsWith(x, Opcode.Band, y, out _)) { return Hit(Rule.BorAbsorb, y); }

        // bor x, (bor x, y)                                   => bor x, y
        if (IsWith(y, Opcode.Bor, x, out _)) { return Hit(Rule.BorIdempotent, y); }
        if (IsWith(x, Opcode.Bor, y, out _)) { return Hit(Rule.BorIdempotent, x); }

        // bor (bnot x), (bnot y)                              => bnot (band x, y)
        if (Is(x, Opcode.Bnot, out Value p) && Is(y, Opcode.Bnot, out Value q)) { return Hit(Rule.BorDeMorgan, Unary(Opcode.Bnot, ty, Binary(Opcode.Band, ty, p, q))); }

        if (!IsSmallInt(ty))
        {
            return default;
        }

        if (IsConst(y, out long k))
        {
            // bor x, 0                                        => x
            if (k == 0) { return Hit(Rule.BorZero, x); }

            // bor x, -1                                       => -1
            if (k == -1) { return Hit(Rule.BorAllOnes, y); }

            // bor (bor x, k1), k2                             => bor x, k1|k2
            if (IsWithConst(x, Opcode.Bor, out p, out long k1)) { return Hit(Rule.BorBorConst, Binary(Opcode.Bor, ty, p, k | k1)); }

            // bor (band x, k1), k2        [k1|k2 = -1]        => bor x, k2
            if (IsWithConst(x, Opcode.Band, out p, out k1) && (k | k1) == -1) { return Hit(Rule.BorBandConst, Binary(Opcode.Bor, ty, p, k)); }

            return default;
        }

        // bor x, (bnot x)                                     => -1
        if (IsComplement(x, y)) { return Hit(Rule.BorComplement, Iconst(ty, -1)); }

        // bor (band x, k1), (band x, k2)                      => band x, k1|k2
        if (IsWithConst(x, Opcode.Band, out p, out long m1) && IsWithConst(y, Opcode.Band, out q, out long m2) && p == q)
        {
            return Hit(Rule.BorBandBand, Binary(Opcode.Band, ty, p, m1 | m2));
        }

        // bor (ishl x, k), (ushr x, bits-k)                   => rotl x, k
        if (IsRotation(ty, x, y, out Value rotated)) { return Hit(Rule.BorRotate, rotated); }

        // bor (ishl x, y), (ushr x, (isub bits, y))           => rotl x, y
        if (IsVariableRotation(ty, x, y, out rotated) || IsVariableRotation(ty, y, x, out rotated)) { return Hit(Rule.BorRotateVariable, rotated); }

        // bor (icmp cc1 x, y), (icmp cc2 x, y)                => icmp (cc1 or cc2) x, y
        return CombineComparisons(Opcode.Bor, ty, x, y);
    }

    private Value Bxor(IrType ty, Value x, Value y)
    {
        // bxor (bxor x, y), y                                 => x
        if (IsWith(x, Opcode.Bxor, y, out Value z)) { return Hit(Rule.BxorBxorSame, z); }
        if (IsWith(y, Opcode.Bxor, x, out z)) { return Hit(Rule.BxorBxorSame, z); }

        // bxor (bnot x), (bnot y)                             => bxor x, y
        if (Is(x, Opcode.Bnot, out Value p) && Is(y, Opcode.Bnot, out Value q)) { return Hit(Rule.BxorBnotBnot, Binary(Opcode.Bxor, ty, p, q)); }

        if (!IsSmallInt(ty))
        {
            return default;
        }

        // bxor x, x                                           => 0
        if (x == y) { return Hit(Rule.BxorSame, Iconst(ty, 0)); }

        if (IsConst(y, out long k))
        {
            // bxor x, 0                                       => x
            if (k == 0) { return Hit(Rule.BxorZero, x); }

            // bxor x, -1                                      => bnot x
            if (k == -1) { return Hit(Rule.BxorAllOnes, Unary(Opcode.Bnot, ty, x)); }

            // bxor (bxor x, k1), k2                           => bxor x, k1^k2
            if (IsWithConst(x, Opcode.Bxor, out p, out long k1)) { return Hit(Rule.BxorBxorConst, Binary(Opcode.Bxor, ty, p, k ^ k1)); }

            // bxor (bnot x), k                                => bxor x, ~k
            if (Is(x, Opcode.Bnot, out p)) { return Hit(Rule.BxorBnotConst, Binary(Opcode.Bxor, ty, p, ~k)); }

            // bxor (icmp cc x, y), 1                          => icmp !cc x, y
            if (k == 1 && TryInvert(x, out Value inverted)) { return Hit(Rule.BxorInvert, inverted); }

            // bxor (uextend (icmp cc x, y)), 1                => uextend (icmp !cc x, y)
            if (k == 1 && Is(x, Opcode.Uextend, out p) && TryInvert(p, out inverted)) { return Hit(Rule.BxorInvertExtended, Unary(Opcode.Uextend, ty, inverted)); }

            return default;
        }

        // bxor x, (bnot x)                                    => -1
        if (IsComplement(x, y)) { return Hit(Rule.BxorComplement, Iconst(ty, -1)); }

        // bxor (ishl x, k), (ushr x, bits-k)                  => rotl x, k
        if (IsRotation(ty, x, y, out Value rotated)) { return Hit(Rule.BxorRotate, rotated); }

        // bxor (icmp cc1 x, y), (icmp cc2 x, y)               => icmp (cc1 xor cc2) x, y
        return CombineComparisons(Opcode.Bxor, ty, x, y);
    }

    private Value Bnot(IrType ty, Value x)
    {
        // bnot (bnot x)                                       => x
        if (Is(x, Opcode.Bnot, out Value z)) { return Hit(Rule.BnotBnot, z); }

        if (!IsSmallInt(ty))
        {
            return default;
        }

        // bnot (ineg x)                                       => iadd x, -1
        if (Is(x, Opcode.Ineg, out z)) { return Hit(Rule.BnotIneg, Binary(Opcode.Iadd, ty, z, -1)); }

        // bnot (iadd x, k)                                    => isub ~k, x
        if (IsWithConst(x, Opcode.Iadd, out z, out long k)) { return Hit(Rule.BnotIadd, Binary(Opcode.Isub, ty, Iconst(ty, ~k), z)); }

        // bnot (isub k, x)                                    => iadd x, ~k
        if (Is(x, Opcode.Isub, out Value p, out Value q) && IsConst(p, out k)) { return Hit(Rule.BnotIsub, Binary(Opcode.Iadd, ty, q, ~k)); }

        // bnot (bxor x, k)                                    => bxor x, ~k
        if (IsWithConst(x, Opcode.Bxor, out z, out k)) { return Hit(Rule.BnotBxor, Binary(Opcode.Bxor, ty, z, ~k)); }

        return default;
    }

    private Value Bitselect(IrType ty, Value c, Value x, Value y)
    {
        // bitselect c, x, x                                   => x
        if (x == y) { return Hit(Rule.BitselectSame, x); }

        if (!IsSmallInt(ty))
        {
            return default;
        }

        // bitselect -1, x, y                                  => x
        // bitselect 0, x, y                                   => y
        if (IsConst(c, out long k) && k is 0 or -1) { return Hit(Rule.BitselectConst, k == 0 ? y : x); }

        // bitselect c, x, 0                                   => band c, x
        if (IsConst(y, 0)) { return Hit(Rule.BitselectZero, Binary(Opcode.Band, ty, c, x)); }

        // bitselect c, -1, y                                  => bor c, y
        if (IsConst(x, -1)) { return Hit(Rule.BitselectAllOnes, Binary(Opcode.Bor, ty, c, y)); }

        return default;
    }

    private Value Involution(Opcode opcode, Value x)
    {
        // bswap (bswap x)                                     => x
        // bitrev (bitrev x)                                   => x
        return Is(x, opcode, out Value z) ? Hit(Rule.Involution, z) : default;
    }

    private Value CountBits(Opcode opcode, IrType ty, Value x)
    {
        if (Is(x, Opcode.Bitrev, out Value z))
        {
            // clz (bitrev x)                                  => ctz x
            // ctz (bitrev x)                                  => clz x
            // popcnt (bitrev x)                               => popcnt x
            Opcode mirrored = opcode == Opcode.Popcnt ? opcode : opcode == Opcode.Clz ? Opcode.Ctz : Opcode.Clz;
            return Hit(Rule.CountBitrev, Unary(mirrored, ty, z));
        }

        // popcnt (bswap x)                                    => popcnt x
        // popcnt (rotl x, y)                                  => popcnt x
        if (opcode == Opcode.Popcnt && (Is(x, Opcode.Bswap, out z) || Is(x, Opcode.Rotl, out z) || Is(x, Opcode.Rotr, out z)))
        {
            return Hit(Rule.PopcntPermuted, Unary(opcode, ty, z));
        }

        return default;
    }

    private bool IsComplement(Value x, Value y) => (Is(x, Opcode.Bnot, out Value z) && z == y) || (Is(y, Opcode.Bnot, out z) && z == x);

    // The parts of a rotation by a constant that is not a multiple of the width: they have no bit in common, so that or, exclusive or and
    // addition are the same.
    private bool IsRotation(IrType ty, Value x, Value y, out Value rotated)
    {
        if (!IsShift(x, Opcode.Ishl, out Value p, out int left) || !IsShift(y, Opcode.Ushr, out Value q, out int right))
        {
            if (!IsShift(y, Opcode.Ishl, out p, out left) || !IsShift(x, Opcode.Ushr, out q, out right))
            {
                rotated = default;
                return false;
            }
        }

        bool matched = p == q && left != 0 && left + right == ty.Bits;
        rotated = matched ? Shift(Opcode.Rotl, ty, p, left) : default;
        return matched;
    }

    // Amounts count modulo the width, so `bits - y` may also be `-y`; y = 0 gives x in both forms, but only if the parts are or-ed.
    private bool IsVariableRotation(IrType ty, Value left, Value right, out Value rotated)
    {
        rotated = default;
        if (!Is(left, Opcode.Ishl, out Value p, out Value y) || !Is(right, Opcode.Ushr, out Value q, out Value z) || p != q)
        {
            return false;
        }

        if (IsNegatedAmount(ty, z, y))
        {
            rotated = Binary(Opcode.Rotl, ty, p, y);
        }
        else if (IsNegatedAmount(ty, y, z))
        {
            rotated = Binary(Opcode.Rotr, ty, p, z);
        }

        return !rotated.IsNone;
    }

    private bool IsNegatedAmount(IrType ty, Value negated, Value amount) =>
        (Is(negated, Opcode.Ineg, out Value x) && x == amount)
        || (Is(negated, Opcode.Isub, out Value k, out x) && x == amount && IsConst(k, out long bits) && (bits & (ty.Bits - 1)) == 0);
}
