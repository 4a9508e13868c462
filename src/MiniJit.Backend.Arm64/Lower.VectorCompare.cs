// Lowering rules: comparison by lane, of integers and of floats.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    private VReg CompareLanes(IntCC cc, IrType type, Value x, Value y)
    {
        if (IsZeroVector(x) && !IsZeroVector(y))
        {
            (x, y) = (y, x);
            cc = cc.SwapOperands();
        }

        if (IsZeroVector(y))
        {
            // icmp ne (band x, y), 0                    => cmtst x, y
            // icmp ne x, 0                              => cmtst x, x
            Inst and = DefBy(x, Opcode.Band);
            if (cc is IntCC.NotEqual or IntCC.UnsignedGreaterThan || (cc == IntCC.Equal && !and.IsNone))
            {
                VReg a = Put(and.IsNone ? x : Arg(and, 0)), b = and.IsNone ? a : Put(Arg(and, 1));
                VReg hasBits = Lanes(A64Form.CmtstVec, type, a, b);
                return cc == IntCC.Equal ? Lanes(A64Form.NotVec, s_bits, hasBits) : hasBits;
            }

            // icmp slt x, 0                             => cmlt x, 0
            A64Form zeroForm = cc switch
            {
                IntCC.Equal or IntCC.UnsignedLessThanOrEqual => A64Form.CmeqZeroVec,
                IntCC.SignedLessThan => A64Form.CmltZeroVec,
                IntCC.SignedLessThanOrEqual => A64Form.CmleZeroVec,
                IntCC.SignedGreaterThan => A64Form.CmgtZeroVec,
                IntCC.SignedGreaterThanOrEqual => A64Form.CmgeZeroVec,
                _ => A64Form.None,
            };
            if (zeroForm != A64Form.None)
            {
                return Lanes(zeroForm, type, Put(x));
            }
        }

        // icmp slt x, y                                 => cmgt y, x
        // icmp ne x, y                                  => ~(cmeq x, y)
        if (cc is IntCC.SignedLessThan or IntCC.SignedLessThanOrEqual or IntCC.UnsignedLessThan or IntCC.UnsignedLessThanOrEqual)
        {
            (x, y) = (y, x);
            cc = cc.SwapOperands();
        }

        A64Form form = cc switch
        {
            IntCC.SignedGreaterThan => A64Form.CmgtVec,
            IntCC.SignedGreaterThanOrEqual => A64Form.CmgeVec,
            IntCC.UnsignedGreaterThan => A64Form.CmhiVec,
            IntCC.UnsignedGreaterThanOrEqual => A64Form.CmhsVec,
            _ => A64Form.CmeqVec,
        };
        VReg mask = Lanes(form, type, Put(x), Put(y));
        return cc == IntCC.NotEqual ? Lanes(A64Form.NotVec, s_bits, mask) : mask;
    }

    // The instructions know "equal", "greater" and "greater or equal" of ordered numbers. From those come "ordered" and "unequal" as two
    // comparisons, and whatever is true of unordered numbers as the complement of its complement.
    private VReg CompareFloats(FloatCC cc, IrType type, Value first, Value second)
    {
        if (cc >= FloatCC.Unordered)
        {
            return Lanes(A64Form.NotVec, s_bits, CompareFloats(cc.Complement(), type, first, second));
        }

        if (cc is FloatCC.LessThan or FloatCC.LessThanOrEqual && !IsZeroVector(second))
        {
            (first, second) = (second, first);
            cc = cc.SwapOperands();
        }

        VReg x = Put(first);
        if (IsZeroVector(second) && cc is not (FloatCC.OrderedNotEqual or FloatCC.Ordered))
        {
            // fcmp lt x, 0                              => fcmlt x, 0
            return Lanes(
                cc switch
                {
                    FloatCC.Equal => A64Form.FcmeqZeroVec,
                    FloatCC.LessThan => A64Form.FcmltZeroVec,
                    FloatCC.LessThanOrEqual => A64Form.FcmleZeroVec,
                    FloatCC.GreaterThan => A64Form.FcmgtZeroVec,
                    _ => A64Form.FcmgeZeroVec,
                },
                type,
                x);
        }

        VReg y = Put(second);
        return cc switch
        {
            FloatCC.Equal => Lanes(A64Form.FcmeqVec, type, x, y),
            FloatCC.GreaterThan => Lanes(A64Form.FcmgtVec, type, x, y),
            FloatCC.GreaterThanOrEqual => Lanes(A64Form.FcmgeVec, type, x, y),

            // fcmp one x, y                             => x > y | y > x
            FloatCC.OrderedNotEqual => Lanes(A64Form.OrrVec, s_bits, Lanes(A64Form.FcmgtVec, type, x, y), Lanes(A64Form.FcmgtVec, type, y, x)),

            // fcmp ord x, y                             => x == x & y == y
            _ => Lanes(A64Form.AndVec, s_bits, Lanes(A64Form.FcmeqVec, type, x, x), Lanes(A64Form.FcmeqVec, type, y, y)),
        };
    }

    // ---- constants

    private bool IsZeroVector(Value value)
    {
        Span<byte> bytes = stackalloc byte[16];
        return ConstantVector(value, bytes) && !bytes.ContainsAnyExcept((byte)0);
    }
}
