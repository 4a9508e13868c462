// Lowering rules of vectors of up to 128 bits: which rule an instruction has, and the constructors that all of them share. Vectors narrower
// than 128 bits live in the low bits of a register; the bits above are unspecified. f128 values live in the same registers and share the
// rules that do not look into them.
//
// Instructions of the table are named by their SSE form; `Packed` and its like emit the AVX form where the target has AVX, which also has
// everything up to SSE4.2. What SSE2 lacks is put together from what it has, so results never depend on the target's features.
using System;
using System.Buffers.Binary;
using System.Numerics;
using MiniJit.Codegen.Lowering;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.X64;

internal sealed partial class X64LowerContext
{
    protected override VReg LowerVector(Inst inst)
    {
        ReadOnlySpan<Value> args = Dfg.Args(inst);
        Opcode opcode = Dfg[inst].Opcode;
        Code.FloatSpillWords = 2;                              // also on the way between narrow vectors
        IrType to = TypeOf(Dfg.FirstResult(inst)), type = args.IsEmpty ? to : TypeOf(Dfg.Resolve(args[0]));
        switch (opcode)
        {
            case Opcode.Vconst or Opcode.F128const: return MaterializeConstant(inst).Low;
            case Opcode.Band: return VectorAnd(inst, type);
            case Opcode.Bor: return PackedBinary(inst, type.HasIntLanes ? X64Form.Por : X64Form.Orps);
            case Opcode.Bxor: return PackedBinary(inst, type.HasIntLanes ? X64Form.Pxor : X64Form.Xorps);
            case Opcode.Bnot: return Complement(Put(Arg(inst, 0)));
            case Opcode.Bitselect: return SelectVector(inst);
            case Opcode.Bitcast: return BitcastVector(inst, type, to);
        }

        if (!(IsVector(type) || IsVector(to)))
        {
            return Unsupported(inst);
        }

        return opcode switch
        {
            Opcode.Splat => Splat(to, Arg(inst, 0)),
            Opcode.ScalarToVector => ScalarToVector(to, Arg(inst, 0)),
            Opcode.Extractlane => ExtractLane(type, Put(Arg(inst, 0)), Dfg[inst].Imm8),
            Opcode.Insertlane => InsertLane(type, Put(Arg(inst, 0)), Arg(inst, 1), Dfg[inst].Imm8),
            Opcode.Shuffle => Shuffle(inst),
            Opcode.Swizzle => Swizzle(inst),
            Opcode.X86Pshufb => ShuffleBytes(Put(Arg(inst, 0)), PutVector(Arg(inst, 1))),
            Opcode.Blendv => BlendBySign(inst, type),
            Opcode.VanyTrue => SetFlag(EmitAnyTrue(Arg(inst, 0))),
            Opcode.VallTrue => SetFlag(EmitAllTrue(Arg(inst, 0))),
            Opcode.VhighBits => HighBits(type, Put(Arg(inst, 0))),
            Opcode.Snarrow or Opcode.Unarrow or Opcode.Uunarrow => Narrow(inst, opcode, type),
            Opcode.SwidenLow => Widen(type, Put(Arg(inst, 0)), signed: true, high: false),
            Opcode.SwidenHigh => Widen(type, Put(Arg(inst, 0)), signed: true, high: true),
            Opcode.UwidenLow => Widen(type, Put(Arg(inst, 0)), signed: false, high: false),
            Opcode.UwidenHigh => Widen(type, Put(Arg(inst, 0)), signed: false, high: true),
            Opcode.Uload8x8 => WideningLoad(inst, IrType.I8X16, signed: false),
            Opcode.Sload8x8 => WideningLoad(inst, IrType.I8X16, signed: true),
            Opcode.Uload16x4 => WideningLoad(inst, IrType.I16X8, signed: false),
            Opcode.Sload16x4 => WideningLoad(inst, IrType.I16X8, signed: true),
            Opcode.Uload32x2 => WideningLoad(inst, IrType.I32X4, signed: false),
            Opcode.Sload32x2 => WideningLoad(inst, IrType.I32X4, signed: true),
            Opcode.X86Cvtt2dq or Opcode.FcvtToSintSat or Opcode.FcvtToUintSat => FloatsToInts(inst, opcode, type, to),
            Opcode.FcvtFromSint => IntsToFloats(inst, type, to, signed: true),
            Opcode.FcvtFromUint => IntsToFloats(inst, type, to, signed: false),
            Opcode.Fcmp => CompareFloats(Dfg[inst].FloatCC, type, Arg(inst, 0), Arg(inst, 1)),
            _ => type.HasFloatLanes ? LowerFloatLanes(inst, opcode, type) : LowerIntLanes(inst, opcode, type),
        };
    }

    private VReg LowerIntLanes(Inst inst, Opcode opcode, IrType type)
    {
        bool isShort = type.LaneBits <= 16;
        return opcode switch
        {
            Opcode.Iadd => PackedBinary(inst, LaneForm(X64Form.Paddb, type)),
            Opcode.Isub => PackedBinary(inst, LaneForm(X64Form.Psubb, type)),
            Opcode.Ineg => Packed(LaneForm(X64Form.Psubb, type), ZeroVector(), PutVector(Arg(inst, 0))),
            Opcode.Iabs => AbsLanes(type, Put(Arg(inst, 0))),
            Opcode.Imul => MultiplyLanes(inst, type),
            Opcode.Umulhi when type.LaneBits == 16 => PackedBinary(inst, X64Form.Pmulhuw),
            Opcode.Smulhi when type.LaneBits == 16 => PackedBinary(inst, X64Form.Pmulhw),
            Opcode.Smin or Opcode.Smax or Opcode.Umin or Opcode.Umax => MinMaxLanes(opcode, type, Put(Arg(inst, 0)), Put(Arg(inst, 1))),
            Opcode.UaddSat when isShort => PackedBinary(inst, LaneForm(X64Form.Paddusb, type)),
            Opcode.SaddSat when isShort => PackedBinary(inst, LaneForm(X64Form.Paddsb, type)),
            Opcode.UsubSat when isShort => PackedBinary(inst, LaneForm(X64Form.Psubusb, type)),
            Opcode.SsubSat when isShort => PackedBinary(inst, LaneForm(X64Form.Psubsb, type)),
            Opcode.AvgRound => AverageLanes(inst, type),
            Opcode.SqmulRoundSat when type.LaneBits == 16 => MultiplyFixedPoint(inst, saturate: true),
            Opcode.X86Pmulhrsw when type.LaneBits == 16 => MultiplyFixedPoint(inst, saturate: false),
            Opcode.X86Pmaddubsw => MultiplyAddBytes(inst),
            Opcode.IaddPairwise => AddPairs(inst, type),
            Opcode.Ishl or Opcode.Ushr or Opcode.Sshr => ShiftLanes(inst, opcode, type),
            Opcode.Popcnt => CountLaneBits(type, Put(Arg(inst, 0))),
            Opcode.Icmp => CompareLanes(Dfg[inst].IntCC, type, Arg(inst, 0), Arg(inst, 1)),
            _ => Unsupported(inst),
        };
    }

    private VReg LowerFloatLanes(Inst inst, Opcode opcode, IrType type) => opcode switch
    {
        Opcode.Fadd => FloatLanes(inst, X64Form.Addss, type),
        Opcode.Fsub => FloatLanes(inst, X64Form.Subss, type),
        Opcode.Fmul => FloatLanes(inst, X64Form.Mulss, type),
        Opcode.Fdiv => FloatLanes(inst, X64Form.Divss, type),
        Opcode.Fmin => MinLanes(Put(Arg(inst, 0)), Put(Arg(inst, 1)), type),
        Opcode.Fmax => MaxLanes(Put(Arg(inst, 0)), Put(Arg(inst, 1)), type),
        Opcode.Sqrt => Unary(FloatForm(X64Form.Sqrtss, type), 16, PutVector(Arg(inst, 0)), RegClass.Float),
        Opcode.Fma => isa.UseFma ? LowerFma(inst) : EachLane(inst, type, LibCall.FmaF32),
        Opcode.Fneg => Packed(X64Form.Xorps, Put(Arg(inst, 0)), SplatConstant(type, SignBit(type.LaneType))),
        Opcode.Fabs => Packed(X64Form.Andps, Put(Arg(inst, 0)), SplatConstant(type, SignBit(type.LaneType) - 1)),
        Opcode.Fcopysign => CopySigns(inst, type),
        Opcode.Ceil => RoundLanes(inst, type, RoundUp, LibCall.CeilF32),
        Opcode.Floor => RoundLanes(inst, type, RoundDown, LibCall.FloorF32),
        Opcode.Trunc => RoundLanes(inst, type, RoundToZero, LibCall.TruncF32),
        Opcode.Nearest => RoundLanes(inst, type, RoundNearest, LibCall.NearestF32),
        Opcode.FvpromoteLow => Unary(Sse(X64Form.Cvtps2pd), 8, Put(Arg(inst, 0)), RegClass.Float),
        Opcode.Fvdemote => PackedUnary(X64Form.Cvtpd2ps, PutVector(Arg(inst, 0))),
        _ => Unsupported(inst),
    };

    // ---- constructors

    /// <summary>Whether the target has the instruction in its SSE or its AVX form.</summary>
    private bool Has(X64Form form) => _avx || (InstructionTable.Row(form).Needs & ~isa.Features) == 0;

    /// <summary>Picks from a run of forms for lanes of 8, 16, 32 and 64 bits, each followed by its AVX form.</summary>
    private static X64Form LaneForm(X64Form bytes, IrType type) => (X64Form)((int)bytes + (2 * BitOperations.Log2((uint)type.LaneBits / 8)));

    private VReg Packed(X64Form form, VReg a, RegMem b, int immediate = 0)
    {
        VReg result = Vex2(Sse(form), 16, a, b);
        Current.Imm = immediate;
        return result;
    }

    private VReg PackedUnary(X64Form form, RegMem source, int immediate = 0)
    {
        VReg result = Unary(Sse(form), 16, source, RegClass.Float);
        Current.Imm = immediate;
        return result;
    }

    /// <summary>op x, y on integers or bits, with a constant or load as the memory operand.</summary>
    private VReg PackedBinary(Inst inst, X64Form form)
    {
        Value x = Arg(inst, 0), y = Arg(inst, 1);
        if (InstructionTable.Row(form).Has(FormTraits.Commutative) && IsVectorOperand(x) && !IsVectorOperand(y))
        {
            (x, y) = (y, x);
        }

        return Packed(form, Put(x), PutVector(y));
    }

    /// <summary>mask ? ifTrue : ifFalse, for lanes of all ones or zeros.</summary>
    private VReg Blend(VReg mask, VReg ifTrue, VReg ifFalse)
    {
        if (!Has(X64Form.Pblendvb))
        {
            return SelectLaneBits(mask, ifTrue, ifFalse);
        }

        VReg result = NewFloat();
        Emit(Sse(X64Form.Pblendvb), 16, [result, ifFalse, ifTrue, mask]);
        return result;
    }

    // bitselect (fcmp lt x, y), x, y                    => minps x, y         (y where they are equal or unordered)
    // bitselect (fcmp gt x, y), x, y                    => maxps x, y
    // bitselect (icmp …), x, y                          => pblendvb
    private VReg SelectVector(Inst inst)
    {
        Value x = Arg(inst, 1), y = Arg(inst, 2);
        Inst comparison = Def(BehindBitcasts(Arg(inst, 0)));
        Opcode opcode = comparison.IsNone ? Opcode.Nop : Dfg[comparison].Opcode;
        if (opcode == Opcode.Fcmp && TypeOf(Dfg.FirstResult(comparison)).IsVector
            && IsFloatExtreme(comparison, BehindBitcasts(x), BehindBitcasts(y), out X64Form form))
        {
            return FloatBinary(form, TypeOf(Arg(comparison, 0)), Put(x), PutVector(y));
        }

        VReg mask = Put(Arg(inst, 0)), first = Put(x), second = Put(y);
        return opcode is Opcode.Icmp or Opcode.Fcmp ? Blend(mask, first, second) : SelectLaneBits(mask, first, second);
    }

    private bool IsFloatExtreme(Inst fcmp, Value x, Value y, out X64Form form)
    {
        Value first = BehindBitcasts(Arg(fcmp, 0)), second = BehindBitcasts(Arg(fcmp, 1));
        bool isSame = first == x && second == y, isExchanged = first == y && second == x;
        form = (Dfg[fcmp].FloatCC, isSame, isExchanged) switch
        {
            (FloatCC.LessThan, true, _) or (FloatCC.GreaterThan, _, true) => X64Form.Minss,
            (FloatCC.GreaterThan, true, _) or (FloatCC.LessThan, _, true) => X64Form.Maxss,
            _ => X64Form.None,
        };
        return form != X64Form.None;
    }

    // bitselect c, x, y                                 => (c & x) | (~c & y)
    private VReg SelectLaneBits(VReg c, VReg x, VReg y) => Packed(X64Form.Por, Packed(X64Form.Pand, x, c), Packed(X64Form.Pandn, c, y));

    // bnot x                                            => pxor x, ones
    private VReg Complement(VReg x) => Packed(X64Form.Pxor, x, SplatConstant(IrType.I64X2, ulong.MaxValue));

    private VReg IntToVector(RegMem source, int size) =>
        Unary(Sse(size == 8 ? X64Form.MovqToXmm : X64Form.MovdToXmm), size, source, RegClass.Float);

    private VReg VectorToInt(VReg source, int size) => Unary(Sse(size == 8 ? X64Form.MovqFromXmm : X64Form.MovdFromXmm), size, source);

    // ---- constants and other operands

    private VReg ZeroVector() => LoadFloat(0, 8);

    private VReg LoadVector(in Mem memory) => PackedUnary(X64Form.Movaps, memory);

    private Mem VectorConstant(ReadOnlySpan<byte> bytes) =>
        new(AddressMode.RipConstant, default, default, 0, 0, Constants.Add(bytes, 16), 0);

    private Mem VectorConstant(ulong low, ulong high)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, low);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], high);
        return VectorConstant(bytes);
    }

    /// <summary>The constant with <paramref name="lane"/> in each lane.</summary>
    private Mem SplatConstant(IrType type, ulong lane)
    {
        ulong word = lane & (ulong.MaxValue >> (64 - type.LaneBits));
        for (int bits = type.LaneBits; bits < 64; bits *= 2)
        {
            word |= word << bits;
        }

        return VectorConstant(word, word);
    }

    /// <summary>Whether <see cref="PutVector"/> would give a memory operand.</summary>
    private bool IsVectorOperand(Value value)
    {
        Span<byte> bytes = stackalloc byte[16];
        return IsVectorLoad(value, out _) || ConstantVector(value, bytes);
    }

    // Operands of SSE instructions must be aligned, those of AVX instructions need not be.
    private bool IsVectorLoad(Value value, out Inst load) =>
        SinkableLoad(value, out load) && Dfg[load].Opcode == Opcode.Load && TypeOf(value).Bytes == 16 && !Dfg.MemFlagsOf(load).IsBig
        && (_avx || Dfg.MemFlagsOf(load).IsAligned);

    /// <summary>A load of 16 bytes to fold in, a constant, or a register.</summary>
    private RegMem PutVector(Value value)
    {
        if (IsVectorLoad(value, out Inst load))
        {
            return SinkLoad(load);
        }

        Span<byte> bytes = stackalloc byte[16];
        if (!ConstantVector(value, bytes))
        {
            return Put(value);
        }

        return bytes.ContainsAnyExcept((byte)0) ? VectorConstant(bytes) : ZeroVector();
    }

    /// <summary>The register of a vconst or f128const.</summary>
    private VReg LoadVectorConstant(ReadOnlySpan<byte> bytes)
    {
        Span<byte> whole = stackalloc byte[16];
        bytes.CopyTo(whole);
        return bytes.ContainsAnyExcept((byte)0) ? LoadVector(VectorConstant(whole)) : ZeroVector();
    }

    // ---- bits

    // band x, (bnot y)                                  => pandn y, x
    // band x, y                                         => pand x, y
    private VReg VectorAnd(Inst inst, IrType type)
    {
        Value x = Arg(inst, 0), y = Arg(inst, 1);
        (x, y) = DefBy(x, Opcode.Bnot).IsNone ? (x, y) : (y, x);
        Inst complement = DefBy(y, Opcode.Bnot);
        if (!complement.IsNone)
        {
            return Packed(type.HasIntLanes ? X64Form.Pandn : X64Form.Andnps, Put(Arg(complement, 0)), PutVector(x));
        }

        return PackedBinary(inst, type.HasIntLanes ? X64Form.Pand : X64Form.Andps);
    }

    // bitcast x                                         => x: a register holds its bits whatever their type
    private VReg BitcastVector(Inst inst, IrType from, IrType to)
    {
        if (Dfg.MemFlagsOf(inst).IsBig && from.LaneCount != to.LaneCount)
        {
            return Unsupported(inst);
        }

        return IsPacked(from) && IsPacked(to) ? Put(Arg(inst, 0)) : LowerBitcast(inst);
    }

    // bitcast x                    [x: i128]            => movq lo; movq hi; punpcklqdq
    protected override VReg Int128ToVector(ValueRegs x) => Packed(X64Form.Punpcklqdq, IntToVector(x.Low, 8), IntToVector(x.High, 8));

    // bitcast x                    [to i128]            => movq lo, x; pextrq hi, x, 1
    protected override ValueRegs VectorToInt128(VReg x) => new(VectorToInt(x, 8), ExtractLane(IrType.I64X2, x, 1));
}
