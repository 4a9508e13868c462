// Lowering rules: integer arithmetic by lane.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.X64;

internal sealed partial class X64LowerContext
{
    // iabs x                   [SSSE3, ≤ 32 bits]       => pabs x
    // iabs x.i8x16                                      => pminub x, −x       (as unsigned numbers the magnitude is the smaller)
    // iabs x.i16x8                                      => pmaxsw x, −x
    // iabs x                                            => (x ^ sign) − sign
    private VReg AbsLanes(IrType type, VReg x)
    {
        if (type.LaneBits <= 32 && Has(X64Form.Pabsb))
        {
            return PackedUnary(LaneForm(X64Form.Pabsb, type), x);
        }

        X64Form subtract = LaneForm(X64Form.Psubb, type);
        if (type.LaneBits <= 16)
        {
            return Packed(type.LaneBits == 8 ? X64Form.Pminub : X64Form.Pmaxsw, x, Packed(subtract, ZeroVector(), x));
        }

        VReg sign = SignMask(type, x);
        return Packed(subtract, Packed(X64Form.Pxor, x, sign), sign);
    }

    /// <summary>Lanes of all ones where <paramref name="x"/> is negative; lanes of 16 bits and more.</summary>
    private VReg SignMask(IrType type, VReg x) => type.LaneBits switch
    {
        16 => ShiftImmediate(X64Form.PsrawImm, x, 15),
        32 => ShiftImmediate(X64Form.PsradImm, x, 31),
        _ => PackedUnary(X64Form.Pshufd, ShiftImmediate(X64Form.PsradImm, x, 31), 0xF5),
    };

    private VReg MultiplyLanes(Inst inst, IrType type)
    {
        if (type == IrType.I32X4 && MultiplyWords(Arg(inst, 0), Arg(inst, 1)) is { IsNone: false } product)
        {
            return product;
        }

        if (type.LaneBits == 16 || (type.LaneBits == 32 && Has(X64Form.Pmulld)))
        {
            return PackedBinary(inst, type.LaneBits == 16 ? X64Form.Pmullw : X64Form.Pmulld);
        }

        Value first = Arg(inst, 0), second = Arg(inst, 1);
        return type.LaneBits switch
        {
            8 => MultiplyBytes(Put(first), Put(second)),
            32 => MultiplyDwords(Put(first), Put(second)),
            _ => MultiplyQwords(first, second),
        };
    }

    // imul (swiden_low x), (swiden_low y)  [i16x8 → i32x4]   => punpcklwd (pmullw x, y), (pmulhw x, y)
    // Of unsigned words pmulhuw, of the upper halves punpckhwd.
    private VReg MultiplyWords(Value first, Value second)
    {
        Inst x = Def(first), y = Def(second);
        if (x.IsNone || y.IsNone || Dfg[x].Opcode != Dfg[y].Opcode || !IsWidening(Dfg[x].Opcode))
        {
            return default;
        }

        Opcode widening = Dfg[x].Opcode;
        bool signed = widening is Opcode.SwidenLow or Opcode.SwidenHigh, high = widening is Opcode.SwidenHigh or Opcode.UwidenHigh;
        VReg a = Put(Arg(x, 0)), b = Put(Arg(y, 0));
        VReg upper = Packed(signed ? X64Form.Pmulhw : X64Form.Pmulhuw, a, b);
        return Packed(high ? X64Form.Punpckhwd : X64Form.Punpcklwd, Packed(X64Form.Pmullw, a, b), upper);
    }

    private static bool IsWidening(Opcode opcode) => opcode is >= Opcode.SwidenLow and <= Opcode.UwidenHigh;

    // The low byte of a product of words is that of the product of their low bytes.
    private VReg MultiplyBytes(VReg x, VReg y)
    {
        VReg odd = Packed(X64Form.Pmullw, ShiftImmediate(X64Form.PsrlwImm, x, 8), ShiftImmediate(X64Form.PsrlwImm, y, 8));
        VReg even = Packed(X64Form.Pand, Packed(X64Form.Pmullw, x, y), SplatConstant(IrType.I16X8, 0xFF));
        return Packed(X64Form.Por, even, ShiftImmediate(X64Form.PsllwImm, odd, 8));
    }

    // pmuludq multiplies lanes 0 and 2; the products' low halves are put in order.
    private VReg MultiplyDwords(VReg x, VReg y)
    {
        VReg even = Packed(X64Form.Pmuludq, x, y);
        VReg odd = Packed(X64Form.Pmuludq, ShiftImmediate(X64Form.PsrlqImm, x, 32), ShiftImmediate(X64Form.PsrlqImm, y, 32));
        return Packed(X64Form.Punpckldq, PackedUnary(X64Form.Pshufd, even, 0b1000), PackedUnary(X64Form.Pshufd, odd, 0b1000));
    }

    // imul (uwiden x), (uwiden y)  [i32x4 → i64x2]      => pmuludq
    // imul (swiden x), (swiden y)  [SSE4.1]             => pmuldq
    // imul x, y                                         => lo·lo + ((lo·hi + hi·lo) << 32)
    private VReg MultiplyQwords(Value first, Value second)
    {
        if (IsWidened(first, second, Opcode.UwidenLow, Opcode.UwidenHigh))
        {
            return Packed(X64Form.Pmuludq, SpreadDwords(first), SpreadDwords(second));
        }

        if (Has(X64Form.Pmuldq) && IsWidened(first, second, Opcode.SwidenLow, Opcode.SwidenHigh))
        {
            return Packed(X64Form.Pmuldq, SpreadDwords(first), SpreadDwords(second));
        }

        VReg x = Put(first), y = Put(second);
        VReg cross = Packed(X64Form.Pmuludq, ShiftImmediate(X64Form.PsrlqImm, x, 32), y);
        cross = Packed(X64Form.Paddq, cross, Packed(X64Form.Pmuludq, x, ShiftImmediate(X64Form.PsrlqImm, y, 32)));
        return Packed(X64Form.Paddq, ShiftImmediate(X64Form.PsllqImm, cross, 32), Packed(X64Form.Pmuludq, x, y));
    }

    private bool IsWidened(Value first, Value second, Opcode low, Opcode high)
    {
        Inst x = Def(first), y = Def(second);
        return !x.IsNone && !y.IsNone && (Dfg[x].Opcode == low || Dfg[x].Opcode == high) && (Dfg[y].Opcode == low || Dfg[y].Opcode == high);
    }

    /// <summary>The two dwords that a widening takes, in the low halves of the qwords.</summary>
    private VReg SpreadDwords(Value widened)
    {
        Inst inst = Def(widened);
        bool isHigh = Dfg[inst].Opcode is Opcode.UwidenHigh or Opcode.SwidenHigh;
        return PackedUnary(X64Form.Pshufd, Put(Arg(inst, 0)), isHigh ? 0b11_11_10_10 : 0b01_01_00_00);
    }

    private VReg MinMaxLanes(Opcode opcode, IrType type, VReg x, VReg y)
    {
        X64Form form = MinMaxForm(opcode, type.LaneBits);
        if (form != X64Form.None && Has(form))
        {
            return Packed(form, x, y);
        }

        // umin x, y  [16 bits]                          => x − (x ∸ y)        ∸ is subtraction that stops at 0
        // umax x, y  [16 bits]                          => (x ∸ y) + y
        if (type.LaneBits == 16)
        {
            VReg excess = Packed(X64Form.Psubusw, x, y);
            return opcode == Opcode.Umin ? Packed(X64Form.Psubw, x, excess) : Packed(X64Form.Paddw, excess, y);
        }

        VReg isGreater = Greater(type, x, y, signed: opcode is Opcode.Smin or Opcode.Smax);
        return opcode is Opcode.Smin or Opcode.Umin ? Blend(isGreater, y, x) : Blend(isGreater, x, y);
    }

    private static X64Form MinMaxForm(Opcode opcode, int laneBits) => (opcode, laneBits) switch
    {
        (Opcode.Smin, 8) => X64Form.Pminsb,
        (Opcode.Smin, 16) => X64Form.Pminsw,
        (Opcode.Smin, 32) => X64Form.Pminsd,
        (Opcode.Smax, 8) => X64Form.Pmaxsb,
        (Opcode.Smax, 16) => X64Form.Pmaxsw,
        (Opcode.Smax, 32) => X64Form.Pmaxsd,
        (Opcode.Umin, 8) => X64Form.Pminub,
        (Opcode.Umin, 16) => X64Form.Pminuw,
        (Opcode.Umin, 32) => X64Form.Pminud,
        (Opcode.Umax, 8) => X64Form.Pmaxub,
        (Opcode.Umax, 16) => X64Form.Pmaxuw,
        (Opcode.Umax, 32) => X64Form.Pmaxud,
        _ => X64Form.None,
    };

    // avg_round x, y           [≤ 16 bits]              => pavg x, y
    // avg_round x, y                                    => (x | y) − ((x ^ y) >> 1)
    private VReg AverageLanes(Inst inst, IrType type)
    {
        if (type.LaneBits <= 16)
        {
            return PackedBinary(inst, LaneForm(X64Form.Pavgb, type));
        }

        VReg x = Put(Arg(inst, 0)), y = Put(Arg(inst, 1));
        X64Form shift = type.LaneBits == 32 ? X64Form.PsrldImm : X64Form.PsrlqImm;
        return Packed(LaneForm(X64Form.Psubb, type), Packed(X64Form.Por, x, y), ShiftImmediate(shift, Packed(X64Form.Pxor, x, y), 1));
    }

    // x86_pmulhrsw x, y        [SSSE3]                  => pmulhrsw x, y
    // sqmul_round_sat x, y     [SSSE3]                  => pmulhrsw x, y, whose one overflow (8000) is made 7FFF
    // otherwise                                         => pack((x · y + 4000) >> 15), exact in 32 bits
    private VReg MultiplyFixedPoint(Inst inst, bool saturate)
    {
        VReg x = Put(Arg(inst, 0)), y = Put(Arg(inst, 1));
        if (Has(X64Form.Pmulhrsw))
        {
            VReg product = Packed(X64Form.Pmulhrsw, x, y);
            return saturate
                ? Packed(X64Form.Pxor, product, Packed(X64Form.Pcmpeqw, product, SplatConstant(IrType.I16X8, 0x8000)))
                : product;
        }

        VReg low = Packed(X64Form.Pmullw, x, y), high = Packed(X64Form.Pmulhw, x, y);
        return Packed(X64Form.Packssdw, Round(Packed(X64Form.Punpcklwd, low, high)), Round(Packed(X64Form.Punpckhwd, low, high)));

        // Without saturation the sum's top bit is shifted out, so that 2³⁰ + 2¹⁴ becomes negative.
        VReg Round(VReg product)
        {
            VReg sum = Packed(X64Form.Paddd, product, SplatConstant(IrType.I32X4, 0x4000));
            return saturate ? ShiftImmediate(X64Form.PsradImm, sum, 15) : ShiftImmediate(X64Form.PsradImm, ShiftImmediate(X64Form.PslldImm, sum, 1), 16);
        }
    }

    // x86_pmaddubsw x, y       [SSSE3]                  => pmaddubsw y, x     (the first operand's bytes are the unsigned ones)
    // x86_pmaddubsw x, y                                => even products ⊕ odd products; ⊕ is saturating addition
    private VReg MultiplyAddBytes(Inst inst)
    {
        VReg x = Put(Arg(inst, 0)), y = Put(Arg(inst, 1));
        if (Has(X64Form.Pmaddubsw))
        {
            return Packed(X64Form.Pmaddubsw, y, x);
        }

        VReg evenX = ShiftImmediate(X64Form.PsrawImm, ShiftImmediate(X64Form.PsllwImm, x, 8), 8);
        VReg even = Packed(X64Form.Pmullw, evenX, Packed(X64Form.Pand, y, SplatConstant(IrType.I16X8, 0xFF)));
        VReg odd = Packed(X64Form.Pmullw, ShiftImmediate(X64Form.PsrawImm, x, 8), ShiftImmediate(X64Form.PsrlwImm, y, 8));
        return Packed(X64Form.Paddsw, even, odd);
    }

    // iadd_pairwise (imul (swiden_low a), (swiden_low b)), (imul (swiden_high a), (swiden_high b))  [i16x8 → i32x4]  => pmaddwd a, b
    // iadd_pairwise (swiden_low a), (swiden_high a)     [i16x8 → i32x4]                   => pmaddwd a, 1
    // iadd_pairwise (swiden_low a), (swiden_high a)     [i8x16 → i16x8, SSSE3]            => pmaddubsw 1, a
    // iadd_pairwise (uwiden_low a), (uwiden_high a)     [i8x16 → i16x8, SSSE3]            => pmaddubsw a, 1
    private VReg AddWidenedPairs(Inst inst, IrType type)
    {
        Inst low = Def(Arg(inst, 0)), high = Def(Arg(inst, 1));
        if (type.Bits != 128 || low.IsNone || high.IsNone)
        {
            return default;
        }

        if (type == IrType.I32X4 && Dfg[low].Opcode == Opcode.Imul && Dfg[high].Opcode == Opcode.Imul
            && AreHalves(Def(Arg(low, 0)), Def(Arg(high, 0)), Opcode.SwidenLow, out Value a)
            && AreHalves(Def(Arg(low, 1)), Def(Arg(high, 1)), Opcode.SwidenLow, out Value b))
        {
            return Packed(X64Form.Pmaddwd, Put(a), Put(b));
        }

        bool signed = AreHalves(low, high, Opcode.SwidenLow, out a);
        if (type == IrType.I32X4 && signed)
        {
            return Packed(X64Form.Pmaddwd, Put(a), SplatConstant(IrType.I16X8, 1));
        }

        if (type != IrType.I16X8 || !Has(X64Form.Pmaddubsw) || !(signed || AreHalves(low, high, Opcode.UwidenLow, out a)))
        {
            return default;
        }

        Mem ones = SplatConstant(IrType.I8X16, 1);
        return signed ? Packed(X64Form.Pmaddubsw, LoadVector(ones), Put(a)) : Packed(X64Form.Pmaddubsw, Put(a), ones);
    }

    /// <summary>Whether the two are the widened lower and upper half of one value.</summary>
    private bool AreHalves(Inst low, Inst high, Opcode wideningLow, out Value whole)
    {
        Opcode wideningHigh = wideningLow == Opcode.SwidenLow ? Opcode.SwidenHigh : Opcode.UwidenHigh;
        bool are = !low.IsNone && !high.IsNone && Dfg[low].Opcode == wideningLow && Dfg[high].Opcode == wideningHigh && Arg(low, 0) == Arg(high, 0);
        whole = are ? Arg(low, 0) : default;
        return are;
    }

    // iadd_pairwise x, y  [i8x16]                       => packuswb evens + packuswb odds
    // iadd_pairwise x, y  [i16x8]                       => pmaddwd by ones, packed without saturation
    // iadd_pairwise x, y  [i32x4]                       => shufps evens + shufps odds
    private VReg AddPairs(Inst inst, IrType type)
    {
        VReg widened = AddWidenedPairs(inst, type);
        if (!widened.IsNone)
        {
            return widened;
        }

        (VReg x, VReg y) = PutJoined(inst, type);
        switch (type.LaneBits)
        {
            case 8:
                Mem lowBytes = SplatConstant(IrType.I16X8, 0xFF);
                VReg even = Packed(X64Form.Packuswb, Packed(X64Form.Pand, x, lowBytes), Packed(X64Form.Pand, y, lowBytes));
                VReg odd = Packed(X64Form.Packuswb, ShiftImmediate(X64Form.PsrlwImm, x, 8), ShiftImmediate(X64Form.PsrlwImm, y, 8));
                return Packed(X64Form.Paddb, even, odd);
            case 16:
                return Packed(X64Form.Packssdw, SumWords(x), SumWords(y));
            default:
                return Packed(X64Form.Paddd, Packed(X64Form.Shufps, x, y, 0b10_00_10_00), Packed(X64Form.Shufps, x, y, 0b11_01_11_01));
        }
    }

    /// <summary>Sums of neighbouring words, cut to 16 bits and sign-extended to 32.</summary>
    private VReg SumWords(VReg x)
    {
        VReg sum = Packed(X64Form.Pmaddwd, x, SplatConstant(IrType.I16X8, 1));
        return ShiftImmediate(X64Form.PsradImm, ShiftImmediate(X64Form.PslldImm, sum, 16), 16);
    }

    // popcnt x                 [SSSE3]                  => a table look-up for either half of each byte
    // popcnt x                                          => sums of 2, 4 and 8 bits
    private VReg CountLaneBits(IrType type, VReg x)
    {
        VReg bytes = Has(X64Form.Pshufb) ? LookUpBitCounts(x) : SumBits(x);
        if (type.LaneBits == 8)
        {
            return bytes;
        }

        VReg words = Packed(X64Form.Paddw, Packed(X64Form.Pand, bytes, SplatConstant(IrType.I16X8, 0xFF)), ShiftImmediate(X64Form.PsrlwImm, bytes, 8));
        if (type.LaneBits == 16)
        {
            return words;
        }

        VReg dwords = Packed(X64Form.Pmaddwd, words, SplatConstant(IrType.I16X8, 1));
        return type.LaneBits == 32
            ? dwords
            : Packed(X64Form.Paddd, Packed(X64Form.Pand, dwords, SplatConstant(IrType.I64X2, uint.MaxValue)), ShiftImmediate(X64Form.PsrlqImm, dwords, 32));
    }

    private VReg LookUpBitCounts(VReg x)
    {
        Mem lowNibble = SplatConstant(IrType.I8X16, 0x0F);
        VReg table = LoadVector(VectorConstant(0x0302_0201_0201_0100, 0x0403_0302_0302_0201));
        VReg low = Packed(X64Form.Pand, x, lowNibble), high = Packed(X64Form.Pand, ShiftImmediate(X64Form.PsrlwImm, x, 4), lowNibble);
        return Packed(X64Form.Paddb, Packed(X64Form.Pshufb, table, low), Packed(X64Form.Pshufb, table, high));
    }

    private VReg SumBits(VReg x)
    {
        Mem even = SplatConstant(IrType.I8X16, 0x55), pairs = SplatConstant(IrType.I8X16, 0x33);
        x = Packed(X64Form.Psubb, x, Packed(X64Form.Pand, ShiftImmediate(X64Form.PsrlwImm, x, 1), even));
        x = Packed(X64Form.Paddb, Packed(X64Form.Pand, x, pairs), Packed(X64Form.Pand, ShiftImmediate(X64Form.PsrlwImm, x, 2), pairs));
        return Packed(X64Form.Pand, Packed(X64Form.Paddb, x, ShiftImmediate(X64Form.PsrlwImm, x, 4)), SplatConstant(IrType.I8X16, 0x0F));
    }
}
