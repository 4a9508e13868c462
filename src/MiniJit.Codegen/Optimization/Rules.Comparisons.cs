// Comparisons. Against a constant they are brought into the forms eq, ne, ult, ugt, slt, sgt (and sge x, 0, the test of a sign), at the
// narrowest type that decides them. Results are the i8 values 0 and 1.
using MiniJit.IR;

namespace MiniJit.Codegen.Optimization;

internal sealed partial class Rules
{
    // Outcomes of comparing two integers under one reading: a condition is the set of outcomes on which it holds.
    private const int OnEqual = 1, OnLess = 2, OnGreater = 4, OnAny = 7;

    private Value Icmp(IrType ty, IntCC cc, Value x, Value y)
    {
        if (!ty.IsInt)
        {
            return default;
        }

        // icmp cc x, x                                        => 0 or 1
        if (x == y) { return Hit(Rule.IcmpSame, Bool((Outcomes(cc) & OnEqual) != 0)); }

        // icmp cc (uextend x), (uextend y)                    => icmp unsigned-cc x, y
        // icmp cc (sextend x), (sextend y)                    => icmp cc x, y
        if (IsExtension(x, out Value p, out bool signed) && IsExtension(y, out Value q, out bool signedY) && signed == signedY && _dfg.TypeOf(p) == _dfg.TypeOf(q))
        {
            return Hit(Rule.IcmpExtended, Compare(signed ? cc : AsUnsigned(cc), p, q));
        }

        if (IsConst(y, out long k) && ty.Bits <= 64)
        {
            Value result = IcmpConst(ty, cc, x, k);
            return result.IsNone && cc is IntCC.Equal or IntCC.NotEqual ? IsEqualConst(ty, cc, x, k) : result;
        }

        return cc is IntCC.Equal or IntCC.NotEqual ? IsEqual(ty, cc, x, y) : default;
    }

    private Value IcmpConst(IrType ty, IntCC cc, Value x, long k)
    {
        int bits = ty.Bits;
        ulong unsigned = Unsigned(k, bits);
        long signedMin = SignedMin(bits), signedMax = SignedMax(bits);
        ulong unsignedMax = Mask(bits);
        switch (cc)
        {
            // icmp ult x, 0                                   => 0
            // icmp ult x, 1                                   => icmp eq x, 0
            // icmp ult x, max                                 => icmp ne x, max
            case IntCC.UnsignedLessThan when unsigned == 0: return Hit(Rule.IcmpNever, Bool(false));
            case IntCC.UnsignedLessThan when unsigned == 1: return Hit(Rule.IcmpIsLeast, Compare(IntCC.Equal, x, 0));
            case IntCC.UnsignedLessThan when unsigned == unsignedMax: return Hit(Rule.IcmpIsNotGreatest, Compare(IntCC.NotEqual, x, k));

            // icmp ugt x, max                                 => 0
            // icmp ugt x, max-1                               => icmp eq x, max
            // icmp ugt x, 0                                   => icmp ne x, 0
            case IntCC.UnsignedGreaterThan when unsigned == unsignedMax: return Hit(Rule.IcmpNever, Bool(false));
            case IntCC.UnsignedGreaterThan when unsigned == unsignedMax - 1: return Hit(Rule.IcmpIsGreatest, Compare(IntCC.Equal, x, -1));
            case IntCC.UnsignedGreaterThan when unsigned == 0: return Hit(Rule.IcmpIsNotLeast, Compare(IntCC.NotEqual, x, 0));

            // icmp uge x, 0                                   => 1
            // icmp uge x, k                                   => icmp ugt x, k-1
            case IntCC.UnsignedGreaterThanOrEqual when unsigned == 0: return Hit(Rule.IcmpAlways, Bool(true));
            case IntCC.UnsignedGreaterThanOrEqual: return Hit(Rule.IcmpUge, Compare(IntCC.UnsignedGreaterThan, x, k - 1));

            // icmp ule x, max                                 => 1
            // icmp ule x, k                                   => icmp ult x, k+1
            case IntCC.UnsignedLessThanOrEqual when unsigned == unsignedMax: return Hit(Rule.IcmpAlways, Bool(true));
            case IntCC.UnsignedLessThanOrEqual: return Hit(Rule.IcmpUle, Compare(IntCC.UnsignedLessThan, x, k + 1));

            // icmp slt x, min                                 => 0
            // icmp slt x, min+1                               => icmp eq x, min
            // icmp slt x, max                                 => icmp ne x, max
            case IntCC.SignedLessThan when k == signedMin: return Hit(Rule.IcmpNever, Bool(false));
            case IntCC.SignedLessThan when k == signedMin + 1: return Hit(Rule.IcmpIsLeast, Compare(IntCC.Equal, x, signedMin));
            case IntCC.SignedLessThan when k == signedMax: return Hit(Rule.IcmpIsNotGreatest, Compare(IntCC.NotEqual, x, k));

            // icmp sgt x, max                                 => 0
            // icmp sgt x, max-1                               => icmp eq x, max
            // icmp sgt x, min                                 => icmp ne x, min
            // icmp sgt x, -1                                  => icmp sge x, 0
            case IntCC.SignedGreaterThan when k == signedMax: return Hit(Rule.IcmpNever, Bool(false));
            case IntCC.SignedGreaterThan when k == signedMax - 1: return Hit(Rule.IcmpIsGreatest, Compare(IntCC.Equal, x, signedMax));
            case IntCC.SignedGreaterThan when k == signedMin: return Hit(Rule.IcmpIsNotLeast, Compare(IntCC.NotEqual, x, k));
            case IntCC.SignedGreaterThan when k == -1: return Hit(Rule.IcmpSign, Compare(IntCC.SignedGreaterThanOrEqual, x, 0));

            // icmp sge x, min                                 => 1
            // icmp sge x, k               [k ≠ 0]             => icmp sgt x, k-1
            case IntCC.SignedGreaterThanOrEqual when k == signedMin: return Hit(Rule.IcmpAlways, Bool(true));
            case IntCC.SignedGreaterThanOrEqual when k != 0: return Hit(Rule.IcmpSge, Compare(IntCC.SignedGreaterThan, x, k - 1));

            // icmp sle x, max                                 => 1
            // icmp sle x, k                                   => icmp slt x, k+1
            case IntCC.SignedLessThanOrEqual when k == signedMax: return Hit(Rule.IcmpAlways, Bool(true));
            case IntCC.SignedLessThanOrEqual: return Hit(Rule.IcmpSle, Compare(IntCC.SignedLessThan, x, k + 1));
        }

        return IcmpRange(ty, cc, x, k, unsigned);
    }

    private Value IcmpRange(IrType ty, IntCC cc, Value x, long k, ulong unsigned)
    {
        int active = ActiveBits(x);
        if (active < ty.Bits)
        {
            // icmp cc x, k                [k negative, x < 2^active]        => constant
            // icmp cc x, k                [k ≥ 2^active > x]                => constant
            bool below = cc.IsSigned() ? k > (long)Mask(active) : unsigned > Mask(active);
            bool above = cc.IsSigned() && k < 0;
            if (below || above)
            {
                return Hit(Rule.IcmpOutOfRange, Bool((Outcomes(cc) & (below ? OnLess : OnGreater)) != 0));
            }

            // icmp slt x, 0               [sign bit clear]    => 0
            // icmp sge x, 0               [sign bit clear]    => 1
            if (k == 0 && cc is IntCC.SignedLessThan or IntCC.SignedGreaterThanOrEqual) { return Hit(Rule.IcmpPositive, Bool(cc != IntCC.SignedLessThan)); }
        }

        if (IsExtension(x, out Value z, out bool signed))
        {
            // icmp cc (uextend x), k      [k fits]            => icmp unsigned-cc x, k
            // icmp cc (sextend x), k      [k fits]            => icmp cc x, k
            IrType narrow = _dfg.TypeOf(z);
            if (!signed && (unsigned & ~Mask(narrow.Bits)) == 0) { return Hit(Rule.IcmpUextend, Compare(AsUnsigned(cc), z, k)); }
            if (signed && SignExtend(k, narrow.Bits) == k) { return Hit(Rule.IcmpSextend, Compare(cc, z, k)); }
        }

        // icmp cc (select c, k1, k2), k3                      => select c, 0 or 1, 0 or 1
        if (Is(x, Opcode.Select, out InstructionData select) && IsConst(select.Arg1, out _) && IsConst(select.Arg2, out _))
        {
            Value whenTrue = Compare(cc, select.Arg1, k), whenFalse = Compare(cc, select.Arg2, k);
            return Hit(Rule.IcmpSelectConst, Choose(IrType.I8, select.Arg0, whenTrue, whenFalse));
        }

        return default;
    }

    // eq and ne against a constant.
    private Value IsEqualConst(IrType ty, IntCC cc, Value x, long k)
    {
        bool equal = cc == IntCC.Equal;
        if (k is 0 or 1 && IsBool(x))
        {
            // icmp ne x, 0                [x is 0 or 1]       => x
            // icmp eq x, 1                [x is 0 or 1]       => x
            Value c = StripZeroExtension(x);
            if (equal == (k == 1))
            {
                return Hit(Rule.IcmpIsBool, Resize(IrType.I8, c));
            }

            // icmp eq (icmp cc x, y), 0                       => icmp !cc x, y
            // icmp ne (icmp cc x, y), 1                       => icmp !cc x, y
            if (TryInvert(c, out Value inverted) && _dfg.TypeOf(inverted) == IrType.I8) { return Hit(Rule.IcmpIsNotBool, inverted); }

            // icmp ne x, 1                [x is 0 or 1]       => icmp eq x, 0
            if (k == 1) { return Hit(Rule.IcmpBoolZero, Compare(IntCC.Equal, c, 0)); }
        }

        // There is no rule for iadd: a loop compares its counter after the addition, and both would have to live.
        Value z;
        long k1;

        // icmp eq (bxor x, k1), k2                            => icmp eq x, k1^k2
        if (IsWithConst(x, Opcode.Bxor, out z, out k1)) { return Hit(Rule.IcmpEqBxor, Compare(cc, z, k ^ k1)); }

        if (Is(x, Opcode.Isub, out Value p, out Value q))
        {
            // icmp eq (isub k1, x), k2                        => icmp eq x, k1-k2
            if (IsConst(p, out k1)) { return Hit(Rule.IcmpEqIsubConst, Compare(cc, q, k1 - k)); }

            // icmp eq (isub x, y), 0                          => icmp eq x, y
            if (k == 0) { return Hit(Rule.IcmpEqIsub, Compare(cc, p, q)); }
        }

        // icmp eq (bxor x, y), 0                              => icmp eq x, y
        if (k == 0 && Is(x, Opcode.Bxor, out p, out q)) { return Hit(Rule.IcmpEqBxorZero, Compare(cc, p, q)); }

        // icmp eq (ineg x), k                                 => icmp eq x, -k
        if (Is(x, Opcode.Ineg, out z)) { return Hit(Rule.IcmpEqIneg, Compare(cc, z, -k)); }

        // icmp eq (bnot x), k                                 => icmp eq x, ~k
        if (Is(x, Opcode.Bnot, out z)) { return Hit(Rule.IcmpEqBnot, Compare(cc, z, ~k)); }

        // icmp eq (band x, 2^n), 2^n                          => icmp ne (band x, 2^n), 0
        if (k != 0 && IsWithConst(x, Opcode.Band, out _, out k1) && k1 == k && IsPowerOfTwo(k, ty.Bits, out _))
        {
            return Hit(Rule.IcmpEqBit, Compare(cc.Complement(), x, 0));
        }

        if (k == 0)
        {
            // icmp eq (bmask x), 0                            => icmp eq x, 0
            // icmp eq (popcnt x), 0                           => icmp eq x, 0
            // icmp eq (iabs x), 0                             => icmp eq x, 0
            // icmp eq (bswap x), 0                            => icmp eq x, 0
            if ((Is(x, Opcode.Bmask, out z) || Is(x, Opcode.Popcnt, out z) || Is(x, Opcode.Iabs, out z) || Is(x, Opcode.Bswap, out z) || Is(x, Opcode.Bitrev, out z))
                && IsSmallInt(_dfg.TypeOf(z)))
            {
                return Hit(Rule.IcmpEqZeroPreserving, Compare(cc, z, 0));
            }

            // icmp eq (rotl x, y), 0                          => icmp eq x, 0
            if (Is(x, Opcode.Rotl, out z) || Is(x, Opcode.Rotr, out z)) { return Hit(Rule.IcmpEqRotated, Compare(cc, z, 0)); }
        }

        return default;
    }

    // eq and ne of two values that are not constant.
    private Value IsEqual(IrType ty, IntCC cc, Value x, Value y)
    {
        if (!IsSmallInt(ty))
        {
            return default;
        }

        // icmp eq (iadd x, y), x                              => icmp eq y, 0
        // icmp eq (bxor x, y), x                              => icmp eq y, 0
        // icmp eq (isub x, y), x                              => icmp eq y, 0
        Value z;
        if (IsWith(x, Opcode.Iadd, y, out z) || IsWith(y, Opcode.Iadd, x, out z) || IsWith(x, Opcode.Bxor, y, out z) || IsWith(y, Opcode.Bxor, x, out z)
            || (Is(x, Opcode.Isub, out Value p, out z) && p == y) || (Is(y, Opcode.Isub, out p, out z) && p == x))
        {
            return Hit(Rule.IcmpEqCancel, Compare(cc, z, 0));
        }

        // icmp eq (ineg x), (ineg y)                          => icmp eq x, y
        // icmp eq (bnot x), (bnot y)                          => icmp eq x, y
        if ((Is(x, Opcode.Ineg, out p) && Is(y, Opcode.Ineg, out z)) || (Is(x, Opcode.Bnot, out p) && Is(y, Opcode.Bnot, out z)))
        {
            return Hit(Rule.IcmpEqBothUnary, Compare(cc, p, z));
        }

        return default;
    }

    private Value Fcmp(IrType ty, FloatCC cc, Value x, Value y)
    {
        if (!ty.IsFloat)
        {
            return default;
        }

        if (x == y)
        {
            // fcmp cc x, x                                    => 0, 1, fcmp ord x, x or fcmp uno x, x
            FloatCC holds = cc & FloatCC.UnorderedOrEqual;
            if (holds is 0 or FloatCC.UnorderedOrEqual) { return Hit(Rule.FcmpSame, Bool(holds != 0)); }
            if (cc is not (FloatCC.Ordered or FloatCC.Unordered))
            {
                return Hit(Rule.FcmpIsNaN, Compare(holds == FloatCC.Equal ? FloatCC.Ordered : FloatCC.Unordered, x, x));
            }

            return default;
        }

        // fcmp cc (fneg x), (fneg y)                          => fcmp cc y, x
        if (Is(x, Opcode.Fneg, out Value p) && Is(y, Opcode.Fneg, out Value q)) { return Hit(Rule.FcmpFneg, Compare(cc, q, p)); }

        // fcmp cc (fpromote x), (fpromote y)                  => fcmp cc x, y
        if (Is(x, Opcode.Fpromote, out p) && Is(y, Opcode.Fpromote, out q) && _dfg.TypeOf(p) == IrType.F32 && _dfg.TypeOf(q) == IrType.F32)
        {
            return Hit(Rule.FcmpFpromote, Compare(cc, p, q));
        }

        return default;
    }

    // Boolean algebra of comparisons of the same operands: of the sets of outcomes on which they hold.
    private Value CombineComparisons(Opcode opcode, IrType ty, Value x, Value y)
    {
        if (ty != IrType.I8)
        {
            return default;
        }

        // band (icmp cc1 x, y), (icmp cc2 x, y)               => icmp cc x, y
        if (Is(x, Opcode.Icmp, out InstructionData a) && Is(y, Opcode.Icmp, out InstructionData b) && a.Type == b.Type && a.Type.IsInt)
        {
            IntCC first = a.IntCC, second = b.IntCC;
            if (a.A == b.B && a.B == b.A)
            {
                second = second.SwapOperands();
            }
            else if (a.A != b.A || a.B != b.B)
            {
                return default;
            }

            bool oneReading = first is IntCC.Equal or IntCC.NotEqual || second is IntCC.Equal or IntCC.NotEqual || first.IsSigned() == second.IsSigned();
            if (!oneReading)
            {
                return default;
            }

            int holds = Combine(opcode, Outcomes(first), Outcomes(second));
            bool signed = first.IsSigned() || second.IsSigned();
            return Hit(Rule.CombineIcmp, holds is 0 or OnAny ? Bool(holds != 0) : Compare(Condition(holds, signed), a.Arg0, a.Arg1));
        }

        // band (fcmp cc1 x, y), (fcmp cc2 x, y)               => fcmp cc x, y
        if (Is(x, Opcode.Fcmp, out a) && Is(y, Opcode.Fcmp, out b) && a.Type == b.Type && a.Type.IsFloat)
        {
            FloatCC second = b.FloatCC;
            if (a.A == b.B && a.B == b.A)
            {
                second = second.SwapOperands();
            }
            else if (a.A != b.A || a.B != b.B)
            {
                return default;
            }

            int holds = Combine(opcode, (int)a.FloatCC, (int)second);
            return Hit(Rule.CombineFcmp, holds is 0 or 15 ? Bool(holds != 0) : Compare((FloatCC)holds, a.Arg0, a.Arg1));
        }

        return default;
    }

    private static int Combine(Opcode opcode, int x, int y) => opcode switch
    {
        Opcode.Band => x & y,
        Opcode.Bor => x | y,
        _ => x ^ y,
    };

    private Value Bool(bool value) => Iconst(IrType.I8, value ? 1 : 0);

    private static int Outcomes(IntCC cc) => cc switch
    {
        IntCC.Equal => OnEqual,
        IntCC.NotEqual => OnLess | OnGreater,
        IntCC.SignedLessThan or IntCC.UnsignedLessThan => OnLess,
        IntCC.SignedLessThanOrEqual or IntCC.UnsignedLessThanOrEqual => OnLess | OnEqual,
        IntCC.SignedGreaterThan or IntCC.UnsignedGreaterThan => OnGreater,
        _ => OnGreater | OnEqual,
    };

    private static IntCC Condition(int outcomes, bool signed) => outcomes switch
    {
        OnEqual => IntCC.Equal,
        OnLess | OnGreater => IntCC.NotEqual,
        OnLess => signed ? IntCC.SignedLessThan : IntCC.UnsignedLessThan,
        OnLess | OnEqual => signed ? IntCC.SignedLessThanOrEqual : IntCC.UnsignedLessThanOrEqual,
        OnGreater => signed ? IntCC.SignedGreaterThan : IntCC.UnsignedGreaterThan,
        _ => signed ? IntCC.SignedGreaterThanOrEqual : IntCC.UnsignedGreaterThanOrEqual,
    };

    private static IntCC AsUnsigned(IntCC cc) => cc.IsSigned() ? cc + (IntCC.UnsignedLessThan - IntCC.SignedLessThan) : cc;
}
