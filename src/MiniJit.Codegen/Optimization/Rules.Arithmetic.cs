// Addition, subtraction, negation, multiplication, minimum and maximum. Constants float to the root and to the right of sums, so that
// they meet other constants and the offsets of memory accesses; a subtraction of a constant is an addition.
using MiniJit.IR;

namespace MiniJit.Codegen.Optimization;

internal sealed partial class Rules
{
    private Value Iadd(IrType ty, Value x, Value y)
    {
        if (IsConst(y, out long k))
        {
            // iadd x, 0                                       => x
            if (k == 0) { return Hit(Rule.IaddZero, x); }

            // iadd (iadd x, k1), k2                           => iadd x, k1+k2
            if (IsWithConst(x, Opcode.Iadd, out Value a, out long k1)) { return Hit(Rule.IaddIaddConst, Binary(Opcode.Iadd, ty, a, k + k1)); }

            // iadd (isub k1, x), k2                           => isub k1+k2, x
            if (Is(x, Opcode.Isub, out Value b, out a) && IsConst(b, out k1)) { return Hit(Rule.IaddIsubConst, Binary(Opcode.Isub, ty, Iconst(ty, k + k1), a)); }

            // iadd (bnot x), k                                => isub k-1, x
            if (Is(x, Opcode.Bnot, out a)) { return Hit(Rule.IaddBnot, Binary(Opcode.Isub, ty, Iconst(ty, k - 1), a)); }

            return default;
        }

        // iadd x, (ineg y)                                    => isub x, y
        if (Is(y, Opcode.Ineg, out Value z)) { return Hit(Rule.IaddIneg, Binary(Opcode.Isub, ty, x, z)); }
        if (Is(x, Opcode.Ineg, out z)) { return Hit(Rule.IaddIneg, Binary(Opcode.Isub, ty, y, z)); }

        // iadd (isub x, y), y                                 => x
        if (Is(x, Opcode.Isub, out Value p, out Value q) && q == y) { return Hit(Rule.IaddIsubSame, p); }
        if (Is(y, Opcode.Isub, out p, out q) && q == x) { return Hit(Rule.IaddIsubSame, p); }

        if (!IsSmallInt(ty))
        {
            return default;
        }

        // iadd x, x                                           => ishl x, 1
        if (x == y) { return Hit(Rule.IaddSame, Shift(Opcode.Ishl, ty, x, 1)); }

        // iadd (iadd x, k), y                                 => iadd (iadd x, y), k
        if (IsWithConst(x, Opcode.Iadd, out p, out k)) { return Hit(Rule.IaddConstOutward, Binary(Opcode.Iadd, ty, Binary(Opcode.Iadd, ty, p, y), k)); }
        if (IsWithConst(y, Opcode.Iadd, out p, out k)) { return Hit(Rule.IaddConstOutward, Binary(Opcode.Iadd, ty, Binary(Opcode.Iadd, ty, x, p), k)); }

        // iadd (isub k, x), y                                 => iadd (isub y, x), k
        if (Is(x, Opcode.Isub, out p, out q) && IsConst(p, out k)) { return Hit(Rule.IaddIsubOutward, Binary(Opcode.Iadd, ty, Binary(Opcode.Isub, ty, y, q), k)); }
        if (Is(y, Opcode.Isub, out p, out q) && IsConst(p, out k)) { return Hit(Rule.IaddIsubOutward, Binary(Opcode.Iadd, ty, Binary(Opcode.Isub, ty, x, q), k)); }

        // iadd (imul x, k), x                                 => imul x, k+1
        if (IsWithConst(x, Opcode.Imul, out p, out k) && p == y) { return Hit(Rule.IaddImulSame, Binary(Opcode.Imul, ty, y, k + 1)); }
        if (IsWithConst(y, Opcode.Imul, out p, out k) && p == x) { return Hit(Rule.IaddImulSame, Binary(Opcode.Imul, ty, x, k + 1)); }

        // iadd (ishl x, k), (ushr x, bits-k)                  => rotl x, k
        return IsRotation(ty, x, y, out Value rotated) ? Hit(Rule.IaddRotate, rotated) : default;
    }

    private Value Isub(IrType ty, Value x, Value y)
    {
        // isub x, k                                           => iadd x, -k
        if (IsConst(y, out long k)) { return Hit(Rule.IsubConst, Binary(Opcode.Iadd, ty, x, -k)); }

        // isub x, (ineg y)                                    => iadd x, y
        if (Is(y, Opcode.Ineg, out Value z)) { return Hit(Rule.IsubIneg, Binary(Opcode.Iadd, ty, x, z)); }

        // isub (iadd x, y), x                                 => y
        if (IsWith(x, Opcode.Iadd, y, out z)) { return Hit(Rule.IsubIaddSame, z); }

        // isub x, (iadd x, y)                                 => ineg y
        if (IsWith(y, Opcode.Iadd, x, out z)) { return Hit(Rule.IsubSameIadd, Unary(Opcode.Ineg, ty, z)); }

        // isub x, (isub x, y)                                 => y
        if (Is(y, Opcode.Isub, out Value p, out Value q) && p == x) { return Hit(Rule.IsubSameIsub, q); }

        // isub (isub x, y), x                                 => ineg y
        if (Is(x, Opcode.Isub, out p, out q) && p == y) { return Hit(Rule.IsubIsubSame, Unary(Opcode.Ineg, ty, q)); }

        if (!IsSmallInt(ty))
        {
            return default;
        }

        // isub x, x                                           => 0
        if (x == y) { return Hit(Rule.IsubSame, Iconst(ty, 0)); }

        if (IsConst(x, out k))
        {
            // isub 0, x                                       => ineg x
            if (k == 0) { return Hit(Rule.IsubZero, Unary(Opcode.Ineg, ty, y)); }

            // isub -1, x                                      => bnot x
            if (k == -1) { return Hit(Rule.IsubMinusOne, Unary(Opcode.Bnot, ty, y)); }

            // isub k1, (iadd x, k2)                           => isub k1-k2, x
            if (IsWithConst(y, Opcode.Iadd, out z, out long k2)) { return Hit(Rule.IsubConstIadd, Binary(Opcode.Isub, ty, Iconst(ty, k - k2), z)); }

            // isub k1, (isub k2, x)                           => iadd x, k1-k2
            if (Is(y, Opcode.Isub, out p, out q) && IsConst(p, out k2)) { return Hit(Rule.IsubConstIsub, Binary(Opcode.Iadd, ty, q, k - k2)); }

            return default;
        }

        // isub (iadd x, k), y                                 => iadd (isub x, y), k
        if (IsWithConst(x, Opcode.Iadd, out z, out k)) { return Hit(Rule.IsubIaddOutward, Binary(Opcode.Iadd, ty, Binary(Opcode.Isub, ty, z, y), k)); }

        // isub x, (iadd y, k)                                 => iadd (isub x, y), -k
        if (IsWithConst(y, Opcode.Iadd, out z, out k)) { return Hit(Rule.IsubIaddInward, Binary(Opcode.Iadd, ty, Binary(Opcode.Isub, ty, x, z), -k)); }

        return default;
    }

    private Value Ineg(IrType ty, Value x)
    {
        // ineg (ineg x)                                       => x
        if (Is(x, Opcode.Ineg, out Value z)) { return Hit(Rule.InegIneg, z); }

        // ineg (isub x, y)                                    => isub y, x
        if (Is(x, Opcode.Isub, out Value p, out Value q)) { return Hit(Rule.InegIsub, Binary(Opcode.Isub, ty, q, p)); }

        // ineg (iadd x, k)                                    => isub -k, x
        if (IsWithConst(x, Opcode.Iadd, out z, out long k)) { return Hit(Rule.InegIadd, Binary(Opcode.Isub, ty, Iconst(ty, -k), z)); }

        // ineg (imul x, k)                                    => imul x, -k
        if (IsWithConst(x, Opcode.Imul, out z, out k)) { return Hit(Rule.InegImul, Binary(Opcode.Imul, ty, z, -k)); }

        if (!IsSmallInt(ty))
        {
            return default;
        }

        // ineg (bnot x)                                       => iadd x, 1
        if (Is(x, Opcode.Bnot, out z)) { return Hit(Rule.InegBnot, Binary(Opcode.Iadd, ty, z, 1)); }

        // ineg (ushr x, bits-1)                               => sshr x, bits-1
        if (IsShift(x, Opcode.Ushr, out z, out int s) && s == ty.Bits - 1) { return Hit(Rule.InegSignBit, Shift(Opcode.Sshr, ty, z, s)); }

        // ineg (sshr x, bits-1)                               => ushr x, bits-1
        if (IsShift(x, Opcode.Sshr, out z, out s) && s == ty.Bits - 1) { return Hit(Rule.InegSignMask, Shift(Opcode.Ushr, ty, z, s)); }

        // ineg (icmp cc x, y)                                 => bmask (icmp cc x, y)
        z = StripZeroExtension(x);
        if (IsComparison(z)) { return Hit(Rule.InegComparison, Unary(Opcode.Bmask, ty, z)); }

        return default;
    }

    private Value Iabs(IrType ty, Value x)
    {
        // iabs (iabs x)                                       => iabs x
        if (Is(x, Opcode.Iabs, out Value _)) { return Hit(Rule.IabsIabs, x); }

        // iabs (ineg x)                                       => iabs x
        if (Is(x, Opcode.Ineg, out Value z)) { return Hit(Rule.IabsIneg, Unary(Opcode.Iabs, ty, z)); }

        // iabs x                          [sign bit clear]    => x
        if (ty.IsInt && ActiveBits(x) < ty.Bits) { return Hit(Rule.IabsPositive, x); }

        return default;
    }

    private Value Imul(IrType ty, Value x, Value y)
    {
        // imul (ineg x), (ineg y)                             => imul x, y
        if (Is(x, Opcode.Ineg, out Value p) && Is(y, Opcode.Ineg, out Value q)) { return Hit(Rule.ImulInegIneg, Binary(Opcode.Imul, ty, p, q)); }

        if (!IsConst(y, out long k))
        {
            return default;
        }

        // imul x, 0                                           => 0
        if (k == 0) { return Hit(Rule.ImulZero, y); }

        // imul x, 1                                           => x
        if (k == 1) { return Hit(Rule.ImulOne, x); }

        // imul x, -1                                          => ineg x
        if (k == -1) { return Hit(Rule.ImulMinusOne, Unary(Opcode.Ineg, ty, x)); }

        // imul x, 2^k                                         => ishl x, k
        if (IsPowerOfTwo(k, ty.Bits, out int log2)) { return Hit(Rule.ImulPowerOfTwo, Shift(Opcode.Ishl, ty, x, log2)); }

        // imul (imul x, k1), k2                               => imul x, k1*k2
        if (IsWithConst(x, Opcode.Imul, out p, out long k1)) { return Hit(Rule.ImulImulConst, Binary(Opcode.Imul, ty, p, k1 * k)); }

        // imul (ishl x, k1), k2                               => imul x, k2<<k1
        if (IsShift(x, Opcode.Ishl, out p, out int s)) { return Hit(Rule.ImulIshl, Binary(Opcode.Imul, ty, p, k << s)); }

        // imul (ineg x), k                                    => imul x, -k
        if (Is(x, Opcode.Ineg, out p)) { return Hit(Rule.ImulInegConst, Binary(Opcode.Imul, ty, p, -k)); }

        return default;
    }

    private Value Umulhi(IrType ty, Value x, Value y)
    {
        if (!IsConst(y, out long k))
        {
            return default;
        }

        // umulhi x, 0                                         => 0
        // umulhi x, 1                                         => 0
        if (k is 0 or 1) { return Hit(Rule.UmulhiSmall, Iconst(ty, 0)); }

        // umulhi x, 2^k                                       => ushr x, bits-k
        if (IsPowerOfTwo(k, ty.Bits, out int log2)) { return Hit(Rule.UmulhiPowerOfTwo, Shift(Opcode.Ushr, ty, x, ty.Bits - log2)); }

        return default;
    }

    private Value Smulhi(IrType ty, Value x, Value y)
    {
        // smulhi x, 0                                         => 0
        if (IsConst(y, 0)) { return Hit(Rule.SmulhiZero, y); }

        // smulhi x, 1                                         => sshr x, bits-1
        if (IsConst(y, 1)) { return Hit(Rule.SmulhiOne, Shift(Opcode.Sshr, ty, x, ty.Bits - 1)); }

        return default;
    }

    private Value MinMax(Opcode opcode, IrType ty, Value x, Value y)
    {
        // min x, x                                            => x
        if (x == y) { return Hit(Rule.MinMaxSame, x); }

        // umin (umax x, y), y                                 => y
        Opcode dual = opcode switch
        {
            Opcode.Umin => Opcode.Umax,
            Opcode.Umax => Opcode.Umin,
            Opcode.Smin => Opcode.Smax,
            _ => Opcode.Smin,
        };
        if (IsWith(x, dual, y, out _)) { return Hit(Rule.MinMaxAbsorb, y); }
        if (IsWith(y, dual, x, out _)) { return Hit(Rule.MinMaxAbsorb, x); }

        // min (min x, y), y                                   => min x, y
        if (IsWith(x, opcode, y, out _)) { return Hit(Rule.MinMaxIdempotent, x); }
        if (IsWith(y, opcode, x, out _)) { return Hit(Rule.MinMaxIdempotent, y); }

        if (!IsConst(y, out long k))
        {
            return default;
        }

        bool signed = opcode is Opcode.Smin or Opcode.Smax;
        bool isMinimum = opcode is Opcode.Umin or Opcode.Smin;
        long least = signed ? SignedMin(ty.Bits) : 0;
        long greatest = signed ? SignedMax(ty.Bits) : -1;

        // min x, least                                        => least
        // max x, greatest                                     => greatest
        if (k == (isMinimum ? least : greatest)) { return Hit(Rule.MinMaxBound, y); }

        // min x, greatest                                     => x
        // max x, least                                        => x
        if (k == (isMinimum ? greatest : least)) { return Hit(Rule.MinMaxNeutral, x); }

        // min (min x, k1), k2                                 => min x, min(k1, k2)
        if (Is(x, opcode, out Value p, out Value q) && IsConst(q, out _)) { return Hit(Rule.MinMaxConst, Binary(opcode, ty, p, Binary(opcode, ty, q, y))); }

        return default;
    }

    /// <summary>A comparison of scalars, which machines turn into flags, not a number.</summary>
    private bool IsComparison(Value value) =>
        (Is(value, Opcode.Icmp, out InstructionData data) || Is(value, Opcode.Fcmp, out data)) && data.Type.IsScalar;

    /// <summary>What a zero extension extends; otherwise the value itself. Both are zero at the same time.</summary>
    private Value StripZeroExtension(Value value)
    {
        while (Is(value, Opcode.Uextend, out Value inner))
        {
            value = inner;
        }

        return value;
    }
}
