// Extensions, reductions, concatenation, bit casts, conversions of integers to floats.
using MiniJit.IR;

namespace MiniJit.Codegen.Optimization;

internal sealed partial class Rules
{
    private Value Uextend(IrType ty, Value x)
    {
        // uextend (uextend x)                                 => uextend x
        if (Is(x, Opcode.Uextend, out Value z)) { return Hit(Rule.UextendUextend, Unary(Opcode.Uextend, ty, z)); }

        if (Is(x, Opcode.Ireduce, out z) && _dfg.TypeOf(z) == ty)
        {
            // uextend (ireduce x)         [fits]              => x
            int bits = _dfg.TypeOf(x).Bits;
            if (ActiveBits(z) <= bits) { return Hit(Rule.UextendIreduceFits, z); }

            // uextend (ireduce.i8 x)                          => band x, 0xff
            // uextend (ireduce.i16 x)                         => band x, 0xffff
            if (bits <= 16 && IsSmallInt(ty)) { return Hit(Rule.UextendIreduce, Binary(Opcode.Band, ty, z, (long)Mask(bits))); }
        }

        return default;
    }

    private Value Sextend(IrType ty, Value x)
    {
        // sextend (sextend x)                                 => sextend x
        if (Is(x, Opcode.Sextend, out Value z)) { return Hit(Rule.SextendSextend, Unary(Opcode.Sextend, ty, z)); }

        // sextend (ireduce (sshr x, k))   [nothing is lost]   => sshr x, k
        IrType narrow = _dfg.TypeOf(x);
        if (Is(x, Opcode.Ireduce, out z) && _dfg.TypeOf(z) == ty && IsShift(z, Opcode.Sshr, out _, out int k) && k >= ty.Bits - narrow.Bits)
        {
            return Hit(Rule.SextendIreduce, z);
        }

        // sextend x                       [sign bit clear]    => uextend x
        if (ActiveBits(x) < narrow.Bits) { return Hit(Rule.SextendPositive, Unary(Opcode.Uextend, ty, x)); }

        return default;
    }

    private Value Ireduce(IrType ty, Value x)
    {
        // ireduce (ireduce x)                                 => ireduce x
        if (Is(x, Opcode.Ireduce, out Value z)) { return Hit(Rule.IreduceIreduce, Unary(Opcode.Ireduce, ty, z)); }

        if (IsExtension(x, out z, out bool signed))
        {
            // ireduce (uextend x)         [same type]         => x
            // ireduce (uextend x)         [still wider]       => uextend x
            // ireduce (uextend x)         [narrower]          => ireduce x
            int from = _dfg.TypeOf(z).Bits;
            if (from == ty.Bits) { return Hit(Rule.IreduceExtendSame, z); }
            return Hit(Rule.IreduceExtend, Unary(from > ty.Bits ? Opcode.Ireduce : signed ? Opcode.Sextend : Opcode.Uextend, ty, z));
        }

        // ireduce (iconcat x, y)                              => x or ireduce x
        if (Is(x, Opcode.Iconcat, out Value low, out _)) { return Hit(Rule.IreduceIconcat, Resize(ty, low)); }

        if (_dfg.TypeOf(x) == IrType.I128)
        {
            return ReduceHighHalf(ty, x);
        }

        Inst def = _dfg.DefInst(x);
        if (def.IsNone)
        {
            return default;
        }

        InstructionData data = _dfg[def];
        switch (data.Opcode)
        {
            // ireduce (band x, k)         [k keeps all bits]  => ireduce x
            case Opcode.Band when IsConst(data.Arg1, out long mask) && (mask & (long)Mask(ty.Bits)) == (long)Mask(ty.Bits):
                return Hit(Rule.IreduceBand, Unary(Opcode.Ireduce, ty, data.Arg0));

            // ireduce (iadd (uextend x), (uextend y))   [operands come at this type for nothing]   => iadd x, y
            case Opcode.Iadd or Opcode.Isub or Opcode.Imul or Opcode.Band or Opcode.Bor or Opcode.Bxor
                when NarrowsForFree(ty, data.Arg0) && NarrowsForFree(ty, data.Arg1):
                return Hit(Rule.IreduceBinary, Binary(data.Opcode, ty, Narrow(ty, data.Arg0), Narrow(ty, data.Arg1)));

            // ireduce (ineg (uextend x))                      => ineg x
            case Opcode.Ineg or Opcode.Bnot when NarrowsForFree(ty, data.Arg0):
                return Hit(Rule.IreduceUnary, Unary(data.Opcode, ty, Narrow(ty, data.Arg0)));

            // ireduce (ishl (uextend x), k)   [k < bits]      => ishl x, k
            case Opcode.Ishl when NarrowsForFree(ty, data.Arg0) && IsShift(x, Opcode.Ishl, out _, out int k) && k < ty.Bits:
                return Hit(Rule.IreduceIshl, Shift(Opcode.Ishl, ty, Narrow(ty, data.Arg0), k));

            default:
                return default;
        }
    }

    // The high half of a full product is one instruction.
    private Value ReduceHighHalf(IrType ty, Value x)
    {
        if (ty != IrType.I64)
        {
            return default;
        }

        if (Is(x, Opcode.Imul, out Value a, out Value b) && IsExtension(a, out Value p, out _) && IsExtension(b, out Value q, out _))
        {
            // ireduce.i64 (imul (uextend x), (uextend y))                     => imul x, y
            return _dfg.TypeOf(p) == ty && _dfg.TypeOf(q) == ty ? Hit(Rule.IreduceProduct, Binary(Opcode.Imul, ty, p, q)) : default;
        }

        if (!IsShift(x, Opcode.Ushr, out Value wide, out int k) && !IsShift(x, Opcode.Sshr, out wide, out k))
        {
            return default;
        }

        if (k != 64)
        {
            return default;
        }

        // ireduce.i64 (ushr (iconcat x, y), 64)                               => y
        if (Is(wide, Opcode.Iconcat, out _, out Value high)) { return Hit(Rule.IreduceHighIconcat, high); }

        // ireduce.i64 (ushr (imul (uextend x), (uextend y)), 64)              => umulhi x, y
        // ireduce.i64 (ushr (imul (sextend x), (sextend y)), 64)              => smulhi x, y
        if (Is(wide, Opcode.Imul, out a, out b) && IsExtension(a, out p, out bool signedX) && IsExtension(b, out q, out bool signedY)
            && signedX == signedY && _dfg.TypeOf(p) == ty && _dfg.TypeOf(q) == ty)
        {
            return Hit(Rule.IreduceHighProduct, Binary(signedX ? Opcode.Smulhi : Opcode.Umulhi, ty, p, q));
        }

        return default;
    }

    private bool NarrowsForFree(IrType ty, Value x) => IsConst(x, out _) || (IsExtension(x, out Value z, out _) && _dfg.TypeOf(z).Bits <= ty.Bits);

    private Value Narrow(IrType ty, Value x) => IsConst(x, out long k) ? Iconst(ty, k) : Unary(Opcode.Ireduce, ty, x);

    private Value Iconcat(IrType ty, Value x, Value y)
    {
        // iconcat (isplit x)                                  => x
        if (Is(x, Opcode.Isplit, out InstructionData split) && _dfg.DefInst(x) == _dfg.DefInst(y) && _dfg.DefNumber(x) == 0 && _dfg.DefNumber(y) == 1)
        {
            return Hit(Rule.IconcatIsplit, split.Arg0);
        }

        // iconcat x, 0                                        => uextend x
        return IsConst(y, 0) ? Hit(Rule.IconcatZero, Unary(Opcode.Uextend, ty.DoubleWidth(), x)) : default;
    }

    private Value Bitcast(IrType ty, Value x)
    {
        // bitcast.T x                     [x is a T]          => x
        if (_dfg.TypeOf(x) == ty) { return Hit(Rule.BitcastSame, x); }

        // bitcast.T (bitcast x)           [all scalars, x is a T]   => x
        if (ty.IsScalar && _dfg.TypeOf(x).IsScalar && Is(x, Opcode.Bitcast, out Value z) && _dfg.TypeOf(z) == ty) { return Hit(Rule.BitcastBitcast, z); }

        return default;
    }

    private Value FcvtFromUint(IrType ty, Value x)
    {
        // fcvt_from_uint x                [i64, sign bit clear]   => fcvt_from_sint x
        return _dfg.TypeOf(x) == IrType.I64 && ActiveBits(x) < 64 ? Hit(Rule.FcvtFromUintPositive, Unary(Opcode.FcvtFromSint, ty, x)) : default;
    }
}
