// Lowering rules: float arithmetic by lane, and conversions between vectors of floats and of integers.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.X64;

internal sealed partial class X64LowerContext
{
    // fadd x, y                                         => addps x, y         (the order says which NaN the result takes after)
    private VReg FloatLanes(Inst inst, X64Form scalarSingle, IrType type) =>
        Vex2(FloatForm(scalarSingle, type), 16, Put(Arg(inst, 0)), PutVector(Arg(inst, 1)));

    // fcopysign x, y                                    => (x & ~sign) | (y & sign)
    private VReg CopySigns(Inst inst, IrType type)
    {
        ulong sign = SignBit(type.LaneType);
        VReg magnitude = Packed(X64Form.Andps, Put(Arg(inst, 0)), SplatConstant(type, sign - 1));
        return Packed(X64Form.Orps, magnitude, Packed(X64Form.Andps, Put(Arg(inst, 1)), SplatConstant(type, sign)));
    }

    // ceil x                   [SSE4.1]                 => roundps x, mode
    // ceil x                                            => call ceil for each lane
    private VReg RoundLanes(Inst inst, IrType type, int mode, LibCall single) => Has(X64Form.Roundps)
        ? PackedUnary(type.LaneBits == 64 ? X64Form.Roundpd : X64Form.Roundps, PutVector(Arg(inst, 0)), mode)
        : EachLane(inst, type, single);

    /// <summary>Calls a run-time routine (given for f32; that for f64 follows it) for each lane.</summary>
    private VReg EachLane(Inst inst, IrType type, LibCall single)
    {
        Span<VReg> args = stackalloc VReg[Dfg.Args(inst).Length], lanes = stackalloc VReg[type.LaneCount], scalars = stackalloc VReg[args.Length];
        for (int i = 0; i < args.Length; i++)
        {
            args[i] = Put(Arg(inst, i));
        }

        for (int lane = 0; lane < lanes.Length; lane++)
        {
            for (int i = 0; i < args.Length; i++)
            {
                scalars[i] = ExtractLane(type, args[i], lane);
            }

            lanes[lane] = CallLibrary(type.LaneBits == 64 ? single + 1 : single, type.LaneType, scalars);
        }

        return JoinFloats(type, lanes);
    }

    /// <summary>A vector from its lanes.</summary>
    private VReg JoinFloats(IrType type, ReadOnlySpan<VReg> lanes) => type.LaneCount == 2
        ? Packed(type.LaneBits == 64 ? X64Form.Unpcklpd : X64Form.Unpcklps, lanes[0], lanes[1])
        : Packed(X64Form.Movlhps, Packed(X64Form.Unpcklps, lanes[0], lanes[1]), Packed(X64Form.Unpcklps, lanes[2], lanes[3]));

    // minps returns its second operand if the operands are equal or unordered, so it is asked both ways round. Or-ing the answers keeps −0; a lane
    // whose operands are unordered becomes all ones, and then a NaN without payload.
    private VReg MinLanes(VReg x, VReg y, IrType type)
    {
        VReg smaller = Packed(X64Form.Orps, FloatBinary(X64Form.Minss, type, x, y), FloatBinary(X64Form.Minss, type, y, x));
        VReg unordered = FloatMask(Predicate.Unordered, type, x, y);
        return Packed(X64Form.Andnps, Payloads(type, unordered), Packed(X64Form.Orps, smaller, unordered));
    }

    // Of maxps the two answers differ only for zeros of unlike sign and NaN. Taking the bits that differ, as a number, from the or-ed answers leaves
    // other numbers alone, makes +0 of −0 and quiets a NaN, which then loses its payload.
    private VReg MaxLanes(VReg x, VReg y, IrType type)
    {
        VReg first = FloatBinary(X64Form.Maxss, type, x, y), second = FloatBinary(X64Form.Maxss, type, y, x);
        VReg difference = Packed(X64Form.Xorps, first, second);
        VReg larger = FloatBinary(X64Form.Subss, type, Packed(X64Form.Orps, first, second), difference);
        return Packed(X64Form.Andnps, Payloads(type, FloatMask(Predicate.Unordered, type, larger, larger)), larger);
    }

    /// <summary>The bits below sign, exponent and quiet bit in the lanes that <paramref name="mask"/> selects.</summary>
    private VReg Payloads(IrType type, VReg mask) =>
        type.LaneBits == 64 ? ShiftImmediate(X64Form.PsrlqImm, mask, 13) : ShiftImmediate(X64Form.PsrldImm, mask, 10);

    // ---- comparison

    private enum Predicate
    {
        Equal, LessThan, LessThanOrEqual, Unordered, NotEqual, NotLessThan, NotLessThanOrEqual, Ordered,

        /// <summary>AVX only.</summary>
        UnorderedOrEqual,

        /// <summary>AVX only.</summary>
        OrderedNotEqual = 12,
    }

    private VReg CompareFloats(FloatCC cc, IrType type, Value first, Value second)
    {
        if (cc is FloatCC.GreaterThan or FloatCC.GreaterThanOrEqual or FloatCC.UnorderedOrLessThan or FloatCC.UnorderedOrLessThanOrEqual)
        {
            (first, second) = (second, first);
            cc = cc.SwapOperands();
        }

        VReg x = Put(first);
        if (!_avx && cc is FloatCC.OrderedNotEqual or FloatCC.UnorderedOrEqual)
        {
            // one x, y                                  => ord x, y & neq x, y
            // ueq x, y                                  => uno x, y | eq x, y
            VReg y = Put(second);
            return cc == FloatCC.OrderedNotEqual
                ? Packed(X64Form.Andps, FloatMask(Predicate.Ordered, type, x, y), FloatMask(Predicate.NotEqual, type, x, y))
                : Packed(X64Form.Orps, FloatMask(Predicate.Unordered, type, x, y), FloatMask(Predicate.Equal, type, x, y));
        }

        return FloatMask(PredicateOf(cc), type, x, PutVector(second));
    }

    private static Predicate PredicateOf(FloatCC cc) => cc switch
    {
        FloatCC.Equal => Predicate.Equal,
        FloatCC.NotEqual => Predicate.NotEqual,
        FloatCC.LessThan => Predicate.LessThan,
        FloatCC.LessThanOrEqual => Predicate.LessThanOrEqual,
        FloatCC.UnorderedOrGreaterThan => Predicate.NotLessThanOrEqual,
        FloatCC.UnorderedOrGreaterThanOrEqual => Predicate.NotLessThan,
        FloatCC.Ordered => Predicate.Ordered,
        FloatCC.Unordered => Predicate.Unordered,
        FloatCC.UnorderedOrEqual => Predicate.UnorderedOrEqual,
        _ => Predicate.OrderedNotEqual,
    };

    private VReg FloatMask(Predicate predicate, IrType type, VReg x, RegMem y)
    {
        VReg mask = Vex2(FloatForm(X64Form.Cmpss, type), 16, x, y);
        Current.Imm = (int)predicate;
        return mask;
    }

    // ---- integers to floats

    private VReg IntsToFloats(Inst inst, IrType from, IrType to, bool signed)
    {
        Value x = Arg(inst, 0);
        if (from.LaneBits == 32 && to.LaneBits == 32)
        {
            return signed ? PackedUnary(X64Form.Cvtdq2ps, PutVector(x)) : UnsignedDwordsToFloats(Put(x));
        }

        if (from != IrType.I64X2 || to != IrType.F64X2)
        {
            return Unsupported(inst);
        }

        // fcvt_from_sint (swiden_low x)                 => cvtdq2pd x
        Inst widening = DefBy(x, signed ? Opcode.SwidenLow : Opcode.UwidenLow);
        if (!widening.IsNone && signed)
        {
            return Unary(Sse(X64Form.Cvtdq2pd), 8, Put(Arg(widening, 0)), RegClass.Float);
        }

        // fcvt_from_uint (uwiden_low x)                 => (2⁵² + x) − 2⁵²: x becomes the low dword of a double of that size
        if (!widening.IsNone)
        {
            VReg biased = Packed(X64Form.Unpcklps, Put(Arg(widening, 0)), VectorConstant(0x4330_0000_4330_0000, 0));
            return Vex2(FloatForm(X64Form.Subss, to), 16, biased, SplatConstant(to, 0x4330_0000_0000_0000));
        }

        VReg vector = Put(x);
        Span<VReg> lanes = [QwordToFloat(vector, 0, signed), QwordToFloat(vector, 1, signed)];
        return JoinFloats(to, lanes);
    }

    // Both halves convert exactly and so does the shift of the upper one; the sum rounds once.
    private VReg UnsignedDwordsToFloats(VReg x)
    {
        VReg low = PackedUnary(X64Form.Cvtdq2ps, Packed(X64Form.Pand, x, SplatConstant(IrType.I32X4, 0xFFFF)));
        VReg high = PackedUnary(X64Form.Cvtdq2ps, ShiftImmediate(X64Form.PsrldImm, x, 16));
        high = Vex2(FloatForm(X64Form.Mulss, IrType.F32X4), 16, high, SplatConstant(IrType.F32X4, 0x4780_0000));   // 65536
        return Vex2(FloatForm(X64Form.Addss, IrType.F32X4), 16, high, low);
    }

    private VReg QwordToFloat(VReg vector, int lane, bool signed)
    {
        VReg source = ExtractLane(IrType.I64X2, vector, lane);
        if (signed)
        {
            return Unary(Sse(X64Form.Cvtsi2sd), 8, source, RegClass.Float);
        }

        VReg result = NewFloat();
        Begin((ushort)X64Form.CvtUint64ToFloat, 8);
        Use(Operand.Def(result));
        Use(Operand.Use(source));
        return result;
    }

    // ---- floats to integers

    private VReg FloatsToInts(Inst inst, Opcode opcode, IrType from, IrType to)
    {
        if (from.LaneBits == 32 && to.LaneBits == 32)
        {
            return opcode switch
            {
                Opcode.X86Cvtt2dq => PackedUnary(X64Form.Cvttps2dq, PutVector(Arg(inst, 0))),
                Opcode.FcvtToSintSat => FloatsToSignedDwords(Put(Arg(inst, 0))),
                _ => FloatsToUnsignedDwords(Put(Arg(inst, 0))),
            };
        }

        if (from != IrType.F64X2 || to != IrType.I64X2)
        {
            return Unsupported(inst);
        }

        VReg x = Put(Arg(inst, 0));
        return Packed(X64Form.Punpcklqdq, IntToVector(FloatToQword(opcode, x), 8), IntToVector(FloatToQword(opcode, ExtractLane(from, x, 1)), 8));
    }

    // NaN is made 0 first. cvttps2dq gives 80000000 for what is too large, whose complement is the largest integer.
    private VReg FloatsToSignedDwords(VReg x)
    {
        VReg number = Packed(X64Form.Andps, x, FloatMask(Predicate.Equal, IrType.F32X4, x, x));
        VReg isTooLarge = FloatMask(Predicate.LessThanOrEqual, IrType.F32X4, LoadVector(SplatConstant(IrType.F32X4, 0x4F00_0000)), number);
        return Packed(X64Form.Pxor, PackedUnary(X64Form.Cvttps2dq, number), isTooLarge);
    }

    // NaN and negative numbers are made 0 first (maxps gives its second operand if one is NaN). From 2³¹ on the conversion gives 80000000,
    // to which that of x − 2³¹ is added, saturated to 7FFFFFFF.
    private VReg FloatsToUnsignedDwords(VReg x)
    {
        VReg number = Vex2(FloatForm(X64Form.Maxss, IrType.F32X4), 16, x, ZeroVector());
        VReg limit = LoadVector(SplatConstant(IrType.F32X4, 0x4F00_0000));
        VReg isLarge = FloatMask(Predicate.LessThanOrEqual, IrType.F32X4, limit, number);
        VReg excess = Vex2(FloatForm(X64Form.Subss, IrType.F32X4), 16, number, limit);
        VReg isTooLarge = FloatMask(Predicate.LessThanOrEqual, IrType.F32X4, limit, excess);
        VReg upper = Packed(X64Form.Pand, Packed(X64Form.Pxor, PackedUnary(X64Form.Cvttps2dq, excess), isTooLarge), isLarge);
        return Packed(X64Form.Paddd, PackedUnary(X64Form.Cvttps2dq, number), upper);
    }

    private VReg FloatToQword(Opcode opcode, VReg x)
    {
        if (opcode == Opcode.X86Cvtt2dq)
        {
            return Unary(Sse(X64Form.Cvttsd2si), 8, x);
        }

        VReg result = NewInt();
        Begin((ushort)(opcode == Opcode.FcvtToSintSat ? X64Form.CvtToSintSat : X64Form.CvtToUintSat), 8);
        Use(Operand.Def(result));
        Use(Operand.Use(x));
        Current.Aux = 8;
        return result;
    }
}
