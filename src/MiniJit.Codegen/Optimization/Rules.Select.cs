// select and bmask: conditions lose what does not change whether they are zero; selections between neighbouring constants become the
// condition itself, those between the compared values a minimum or maximum.
using MiniJit.IR;

namespace MiniJit.Codegen.Optimization;

internal sealed partial class Rules
{
    private Value Select(IrType ty, Value c, Value x, Value y)
    {
        // select c, x, x                                      => x
        if (x == y) { return Hit(Rule.SelectSame, x); }

        // select k, x, y                                      => x or y
        if (IsConst(c, out long k)) { return Hit(Rule.SelectConst, k != 0 ? x : y); }

        // select (uextend c), x, y                            => select c, x, y
        if (TryStripCondition(c, out Value stripped, out bool inverted))
        {
            return Hit(Rule.SelectCondition, inverted ? Choose(ty, stripped, y, x) : Choose(ty, stripped, x, y));
        }

        // select c, (select c, x, y), z                       => select c, x, z
        if (Is(x, Opcode.Select, out InstructionData inner) && inner.Arg0 == c) { return Hit(Rule.SelectSelectTrue, Choose(ty, c, inner.Arg1, y)); }

        // select c, x, (select c, y, z)                       => select c, x, z
        if (Is(y, Opcode.Select, out inner) && inner.Arg0 == c) { return Hit(Rule.SelectSelectFalse, Choose(ty, c, x, inner.Arg2)); }

        if (!ty.IsInt)
        {
            return default;
        }

        if (IsConst(x, out long k1) && IsConst(y, out long k2))
        {
            // select c, 1, 0                                  => c as 0 or 1
            if (k1 == 1 && k2 == 0) { return Hit(Rule.SelectOneZero, Resize(ty, Truth(c))); }

            // select c, 0, 1              [complement is free]   => !c as 0 or 1
            if (k1 == 0 && k2 == 1) { return Hit(Rule.SelectZeroOne, Resize(ty, Untruth(c))); }

            // select c, -1, 0                                 => bmask c
            if (k1 == -1 && k2 == 0) { return Hit(Rule.SelectOnesZero, Unary(Opcode.Bmask, ty, c)); }

            // select c, 0, -1                                 => bmask !c
            if (k1 == 0 && k2 == -1) { return Hit(Rule.SelectZeroOnes, Unary(Opcode.Bmask, ty, Untruth(c))); }
        }

        if (!Is(c, Opcode.Icmp, out InstructionData compare) || compare.Type != ty)
        {
            return default;
        }

        bool direct = compare.Arg0 == x && compare.Arg1 == y;
        if (!direct && (compare.Arg0 != y || compare.Arg1 != x))
        {
            return default;
        }

        // select (icmp eq x, y), x, y                         => y
        // select (icmp ne x, y), x, y                         => x
        IntCC cc = direct ? compare.IntCC : compare.IntCC.SwapOperands();
        if (cc == IntCC.Equal) { return Hit(Rule.SelectEqual, y); }
        if (cc == IntCC.NotEqual) { return Hit(Rule.SelectNotEqual, x); }

        // select (icmp ult x, y), x, y    [up to 64 bits]     => umin x, y
        if (ty.Bits > 64)
        {
            return default;
        }

        Opcode opcode = cc switch
        {
            IntCC.UnsignedLessThan or IntCC.UnsignedLessThanOrEqual => Opcode.Umin,
            IntCC.UnsignedGreaterThan or IntCC.UnsignedGreaterThanOrEqual => Opcode.Umax,
            IntCC.SignedLessThan or IntCC.SignedLessThanOrEqual => Opcode.Smin,
            _ => Opcode.Smax,
        };
        return Hit(Rule.SelectMinMax, Binary(opcode, ty, x, y));
    }

    // Spectre guards keep their shape: only what needs no guard goes away.
    private Value SelectSpectreGuard(Value c, Value x, Value y)
    {
        // select_spectre_guard c, x, x                        => x
        if (x == y) { return Hit(Rule.SelectGuardSame, x); }

        // select_spectre_guard k, x, y                        => x or y
        return IsConst(c, out long k) ? Hit(Rule.SelectGuardConst, k != 0 ? x : y) : default;
    }

    private Value Bmask(IrType ty, Value x)
    {
        // bmask (bmask x)                                     => bmask x
        // bmask (uextend x)                                   => bmask x
        // bmask (icmp ne x, 0)                                => bmask x
        if (TryStripCondition(x, out Value stripped, out bool inverted) && !inverted) { return Hit(Rule.BmaskCondition, Unary(Opcode.Bmask, ty, stripped)); }

        // bmask x                         [x is 0 or 1, no comparison]   => ineg x
        if (IsSmallInt(ty) && _dfg.TypeOf(x).Bits <= ty.Bits && IsBool(x) && !IsComparison(x)) { return Hit(Rule.BmaskBool, Unary(Opcode.Ineg, ty, Resize(ty, x))); }

        return default;
    }

    /// <summary>
    /// A simpler value that is zero exactly if the condition is zero, or, <paramref name="inverted"/>, exactly if it is not.
    /// </summary>
    public bool TryStripCondition(Value c, out Value stripped, out bool inverted)
    {
        inverted = false;

        // c: uextend x, sextend x, bmask x, ineg x            => x
        if (Is(c, Opcode.Uextend, out stripped) || Is(c, Opcode.Sextend, out stripped) || Is(c, Opcode.Bmask, out stripped)
            || (Is(c, Opcode.Ineg, out stripped) && _dfg.TypeOf(stripped).IsInt))
        {
            Hit(Rule.ConditionWidth, stripped);
            return true;
        }

        // c: icmp ne x, 0                                     => x
        // c: icmp eq x, 0                                     => !x
        if (Is(c, Opcode.Icmp, out InstructionData compare) && compare.IntCC is IntCC.Equal or IntCC.NotEqual && compare.Type.IsInt && IsConst(compare.Arg1, 0))
        {
            inverted = compare.IntCC == IntCC.Equal;
            stripped = compare.Arg0;
            Hit(Rule.ConditionIsZero, stripped);
            return true;
        }

        // c: bxor x, 1                    [x is 0 or 1]       => !x
        if (IsWithConst(c, Opcode.Bxor, out stripped, out long k) && k == 1 && IsBool(stripped))
        {
            inverted = true;
            Hit(Rule.ConditionInverted, stripped);
            return true;
        }

        return false;
    }

    // A condition as 0 or 1, at some integer type.
    private Value Truth(Value c) => IsBool(c) ? c : IsSmallInt(_dfg.TypeOf(c)) ? Compare(IntCC.NotEqual, c, 0) : NonZero128(c);

    private Value Untruth(Value c) => TryInvert(c, out Value inverted) ? inverted : IsSmallInt(_dfg.TypeOf(c)) ? Compare(IntCC.Equal, c, 0)
        : Binary(Opcode.Bxor, IrType.I8, NonZero128(c), 1);

    // i128 has no constants to compare with.
    private Value NonZero128(Value c) => Binary(Opcode.Band, IrType.I8, Unary(Opcode.Bmask, IrType.I8, c), 1);
}
