// Lowering rules: operations that move lanes, change their width or ask something of all of them.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.X64;

internal sealed partial class X64LowerContext
{
    // ---- scalars to vectors

    // splat (const)                                     => movaps d, [constant]
    // splat x.i8               [SSSE3]                  => movd; pshufb by zeros
    // splat x.i8, x.i16                                 => movd; spread over a word, then over all dwords
    // splat x.i32, x.i64                                => movd; pshufd
    // splat x.f32                                       => shufps x, x, 0
    // splat x.f64              [SSE3]                   => movddup x
    // splat x.f64                                       => unpcklpd x, x
    private VReg Splat(IrType type, Value x)
    {
        if (ScalarConstant(x, out ulong constant))
        {
            return constant == 0 ? ZeroVector() : LoadVector(SplatConstant(type, constant));
        }

        if (type.LaneType == IrType.F64 && Has(X64Form.Movddup))
        {
            return Unary(Sse(X64Form.Movddup), 8, PutRegMem(x, 8), RegClass.Float);
        }

        VReg source = Put(x);
        if (type.HasFloatLanes)
        {
            return type.LaneBits == 32 ? Packed(X64Form.Shufps, source, source) : Packed(X64Form.Unpcklpd, source, source);
        }

        VReg lane = IntToVector(source, WideSize(type.LaneType));
        switch (type.LaneBits)
        {
            case 64:
                return PackedUnary(X64Form.Pshufd, lane, 0b01_00_01_00);
            case 32:
                return PackedUnary(X64Form.Pshufd, lane);
            case 8 when Has(X64Form.Pshufb):
                return Packed(X64Form.Pshufb, lane, ZeroVector());
            case 8:
                lane = Packed(X64Form.Punpcklbw, lane, lane);
                break;
        }

        return PackedUnary(X64Form.Pshufd, PackedUnary(X64Form.Pshuflw, lane));
    }

    // scalar_to_vector x                                => movd d, x          (x extended to 32 bits)
    // scalar_to_vector (load)                           => movd d, [p]        (movss and movsd clear what they do not load)
    // scalar_to_vector x.f32                            => movss d = 0, x
    // scalar_to_vector x.f64                            => movq d, x
    private VReg ScalarToVector(IrType type, Value x)
    {
        if (type.LaneBits < 32)
        {
            return IntToVector(PutExtended(x, signed: false), 4);
        }

        RegMem source = PutRegMem(x, type.LaneType.Bytes);
        return (type.HasFloatLanes, source.IsMem) switch
        {
            (true, true) => LoadFrom(type.LaneType, source.Mem),
            (true, false) => FloatToVector(type, source.Reg),
            _ => IntToVector(source, type.LaneType.Bytes),
        };
    }

    private VReg FloatToVector(IrType type, VReg x) => type.LaneBits == 32
        ? Vex2(Sse(X64Form.MovssReg), 4, ZeroVector(), x)
        : Unary(Sse(X64Form.Movq), 8, x, RegClass.Float);

    // extractlane x, 0         [≥ 32 bits]              => movd d, x; of floats: x itself
    // extractlane x, n                                  => pextr d, x, n; of floats: pshufd
    // extractlane x, n         [before SSE4.1]          => the lane is brought down first; bytes come out of their word
    private VReg ExtractLane(IrType type, VReg x, int lane)
    {
        if (type.HasFloatLanes)
        {
            return lane == 0 ? x : PackedUnary(X64Form.Pshufd, x, type.LaneBits == 32 ? lane : 0b11_10_11_10);
        }

        if (type.LaneBits == 16 || (type.LaneBits == 8 && !Has(X64Form.Pextrb)))
        {
            VReg word = Unary(X64Form.PextrwReg, 2, x);
            Current.Imm = type.LaneBits == 16 ? lane : lane / 2;
            return type.LaneBits == 8 && lane % 2 != 0 ? Modify(X64Form.ShrMi, 4, word, 8) : word;
        }

        if (type.LaneBits >= 32 && (lane == 0 || !Has(X64Form.Pextrd)))
        {
            int order = type.LaneBits == 32 ? lane : 0b11_10_11_10;
            return VectorToInt(lane == 0 ? x : PackedUnary(X64Form.Pshufd, x, order), type.LaneType.Bytes);
        }

        X64Form form = type.LaneBits switch { 8 => X64Form.Pextrb, 32 => X64Form.Pextrd, _ => X64Form.Pextrq };
        VReg result = Unary(Sse(form), type.LaneType.Bytes, x);
        Current.Imm = lane;
        return result;
    }

    // insertlane x, y, n                                => pinsr d = x, y, n
    // insertlane x, y.f32, n   [SSE4.1]                 => insertps d = x, y, n
    // insertlane x, y.f64, n                            => movsd, unpcklpd; from memory movlps, movhps
    // insertlane x, y, n                                => the other lanes of x, or-ed with y brought to its place
    private VReg InsertLane(IrType type, VReg x, Value value, int lane)
    {
        if (type == IrType.F64X2)
        {
            RegMem source = PutRegMem(value, 8);
            return source.IsMem ? Vex2(Sse(lane == 0 ? X64Form.Movlps : X64Form.Movhps), 8, x, source)
                : lane == 0 ? Vex2(Sse(X64Form.MovsdReg), 8, x, source.Reg)
                : Packed(X64Form.Unpcklpd, x, source.Reg);
        }

        X64Form form = type.LaneBits switch
        {
            8 => X64Form.Pinsrb,
            16 => X64Form.Pinsrw,
            64 => X64Form.Pinsrq,
            _ => type.HasFloatLanes ? X64Form.Insertps : X64Form.Pinsrd,
        };
        if (Has(form))
        {
            VReg result = Vex2(Sse(form), type.LaneType.Bytes, x, PutRegMem(value, type.LaneType.Bytes));
            Current.Imm = type.HasFloatLanes ? lane << 4 : lane;
            return result;
        }

        VReg y = Put(value);
        if (type.HasFloatLanes && lane == 0)
        {
            return Vex2(Sse(X64Form.MovssReg), 4, x, y);
        }

        int bytes = type.LaneType.Bytes, position = lane * bytes;
        VReg alone = type.HasFloatLanes
            ? FloatToVector(type, y)
            : IntToVector(bytes == 1 ? Extend(y, IrType.I8, signed: false, 4) : y, WideSize(type.LaneType));
        Span<byte> others = stackalloc byte[16];
        others.Fill(0xFF);
        others.Slice(position, bytes).Clear();
        return Packed(X64Form.Por, Packed(X64Form.Pand, x, VectorConstant(others)), position == 0 ? alone : ShiftImmediate(X64Form.PslldqImm, alone, position));
    }

    // store (extractlane x, n) [SSE4.1, one use]        => pextr [p], x, n
    // store (extractlane x, 0) [≥ 32 bits, one use]     => movd [p], x
    private bool TryStoreLane(Inst store, Value value, Value address, int offset)
    {
        Inst extraction = DefBy(value, Opcode.Extractlane);
        if (extraction.IsNone || !HasOneUse(value) || !IsVector(TypeOf(Arg(extraction, 0))))
        {
            return false;
        }

        int lane = Dfg[extraction].Imm8, bytes = TypeOf(value).Bytes;
        X64Form form = (bytes, lane) switch
        {
            (1, _) => X64Form.Pextrb,
            (2, _) => X64Form.Pextrw,
            (4, 0) => X64Form.MovdFromXmm,
            (8, 0) => X64Form.MovqFromXmm,
            (4, _) => X64Form.Pextrd,
            _ => X64Form.Pextrq,
        };
        if (!Has(form))
        {
            return false;
        }

        VReg x = Put(Arg(extraction, 0));
        Emit(Sse(form), bytes, [x], Address(store, address, offset)).Imm = lane;
        return true;
    }

    // ---- width of lanes

    private VReg Narrow(Inst inst, Opcode opcode, IrType type)
    {
        (VReg x, VReg y) = PutJoined(inst, type);
        if (type.LaneBits == 64)
        {
            return Packed(X64Form.Shufps, ClampQwords(opcode, x), ClampQwords(opcode, y), 0b10_00_10_00);
        }

        if (opcode == Opcode.Uunarrow)
        {
            // uunarrow x, y                             => unarrow of minima with the largest narrow number
            VReg largest = LoadVector(SplatConstant(type, (1ul << (type.LaneBits / 2)) - 1));
            x = MinMaxLanes(Opcode.Umin, type, x, largest);
            y = MinMaxLanes(Opcode.Umin, type, y, largest);
        }

        if (type.LaneBits == 16)
        {
            return Packed(opcode == Opcode.Snarrow ? X64Form.Packsswb : X64Form.Packuswb, x, y);
        }

        if (opcode == Opcode.Snarrow || Has(X64Form.Packusdw))
        {
            return Packed(opcode == Opcode.Snarrow ? X64Form.Packssdw : X64Form.Packusdw, x, y);
        }

        // unarrow x, y  [i32x4, before SSE4.1]          => packssdw (max(x, 0) − 8000), …, then + 8000
        VReg packed = Packed(X64Form.Packssdw, BiasDwords(x), BiasDwords(y));
        return Packed(X64Form.Pxor, packed, SplatConstant(IrType.I16X8, 0x8000));
    }

    /// <summary>The operands of an operation that takes lanes of both in turn. Narrow ones are put together, which makes both the same.</summary>
    private (VReg X, VReg Y) PutJoined(Inst inst, IrType type)
    {
        VReg x = Put(Arg(inst, 0)), y = Put(Arg(inst, 1));
        if (type.Bits == 128)
        {
            return (x, y);
        }

        VReg joined = Packed(LaneForm(X64Form.Punpcklbw, IrType.Int(type.Bits)), x, y);
        return (joined, joined);
    }

    private VReg BiasDwords(VReg x)
    {
        VReg positive = Packed(X64Form.Pandn, ShiftImmediate(X64Form.PsradImm, x, 31), x);
        return Packed(X64Form.Psubd, positive, SplatConstant(IrType.I32X4, 0x8000));
    }

    private VReg ClampQwords(Opcode opcode, VReg x)
    {
        bool signed = opcode != Opcode.Uunarrow;
        VReg largest = LoadVector(SplatConstant(IrType.I64X2, opcode == Opcode.Snarrow ? int.MaxValue : uint.MaxValue));
        x = MinMaxLanes(signed ? Opcode.Smin : Opcode.Umin, IrType.I64X2, x, largest);
        if (!signed)
        {
            return x;
        }

        VReg smallest = opcode == Opcode.Snarrow ? LoadVector(SplatConstant(IrType.I64X2, unchecked((ulong)int.MinValue))) : ZeroVector();
        return MinMaxLanes(Opcode.Smax, IrType.I64X2, x, smallest);
    }

    // swiden_low x             [SSE4.1]                 => pmovsx x
    // uwiden_low x                                      => punpckl x, 0
    // swiden_low x                                      => punpckl x, sign; for narrow lanes: punpckl x, x and an arithmetic shift
    // Of the upper half, the punpckh forms, or pmovsx of the upper half brought down.
    private VReg Widen(IrType type, VReg x, bool signed, bool high)
    {
        if (high && type.Bits < 128)
        {
            x = ShiftImmediate(X64Form.PsrldqImm, x, type.Bytes / 2);
            high = false;
        }

        X64Form unpack = LaneForm(high ? X64Form.Punpckhbw : X64Form.Punpcklbw, type);
        X64Form extend = ExtendForm(type, signed);
        if (Has(extend) && !(high && !signed))
        {
            VReg source = high ? PackedUnary(X64Form.Pshufd, x, 0b11_10_11_10) : x;
            return Unary(Sse(extend), 8, source, RegClass.Float);
        }

        return (signed, type.LaneBits) switch
        {
            (false, _) => Packed(unpack, x, ZeroVector()),
            (_, 8) => ShiftImmediate(X64Form.PsrawImm, Packed(unpack, x, x), 8),
            (_, 16) => ShiftImmediate(X64Form.PsradImm, Packed(unpack, x, x), 16),
            _ => Packed(unpack, x, SignMask(type, x)),
        };
    }

    private static X64Form ExtendForm(IrType type, bool signed) => type.LaneBits switch
    {
        8 => signed ? X64Form.Pmovsxbw : X64Form.Pmovzxbw,
        16 => signed ? X64Form.Pmovsxwd : X64Form.Pmovzxwd,
        _ => signed ? X64Form.Pmovsxdq : X64Form.Pmovzxdq,
    };

    // sload8x8 p               [SSE4.1]                 => pmovsxbw d, [p]
    // sload8x8 p                                        => movq d, [p]; widened as a register
    private VReg WideningLoad(Inst inst, IrType from, bool signed)
    {
        if (Dfg.MemFlagsOf(inst).IsBig)
        {
            return Unsupported(inst);
        }

        Mem memory = Address(inst, Arg(inst, 0), Dfg[inst].Offset);
        X64Form extend = ExtendForm(from, signed);
        return Has(extend)
            ? Unary(Sse(extend), 8, memory, RegClass.Float)
            : Widen(from, LoadFrom(IrType.F64, memory), signed, high: false);
    }

    // ---- all lanes

    // vany_true x              [SSE4.1]                 => ptest x, x; nz
    // vany_true x                                       => bytes of x equal to 0; not all of them
    private FlagTest EmitAnyTrue(Value value)
    {
        VReg x = WithoutRest(TypeOf(value), Put(value));
        if (Has(X64Form.Ptest))
        {
            Emit(Sse(X64Form.Ptest), 16, [x, x]);
            return Condition.NotEqual;
        }

        VReg zeros = Unary(Sse(X64Form.Pmovmskb), 16, Packed(X64Form.Pcmpeqb, x, ZeroVector()));
        Compare(4, zeros, 0xFFFF);
        return Condition.NotEqual;
    }

    // vall_true x                                       => no lane of x is equal to 0
    private FlagTest EmitAllTrue(Value value)
    {
        VReg zeros = WithoutRest(TypeOf(value), EqualLanes(TypeOf(value), Put(value), ZeroVector()));
        if (Has(X64Form.Ptest))
        {
            Emit(Sse(X64Form.Ptest), 16, [zeros, zeros]);
        }
        else
        {
            VReg bits = Unary(Sse(X64Form.Pmovmskb), 16, zeros);
            Test(4, bits, bits);
        }

        return Condition.Equal;
    }

    /// <summary>A register with the bits of a narrow vector at its upper end and zeros below.</summary>
    private VReg WithoutRest(IrType type, VReg x) => type.Bits == 128 ? x : ShiftImmediate(X64Form.PslldqImm, x, 16 - type.Bytes);

    // vhigh_bits x                                      => pmovmskb, movmskps, movmskpd; words are packed to bytes first
    private VReg HighBits(IrType type, VReg x)
    {
        VReg bits = type.LaneBits switch
        {
            8 => Unary(Sse(X64Form.Pmovmskb), 16, x),
            16 => Unary(Sse(X64Form.Pmovmskb), 16, Packed(X64Form.Packsswb, x, ZeroVector())),
            32 => Unary(Sse(X64Form.Movmskps), 16, x),
            _ => Unary(Sse(X64Form.Movmskpd), 16, x),
        };
        return type.Bits == 128 ? bits : Alu(AluOp.And, 4, bits, (1 << type.LaneCount) - 1);
    }
}
