// Lowering rules of vectors of up to 128 bits: which rule an instruction has, and the constructors that all of them share. Vectors narrower
// than 64 bits are worked on as if they had 64, in the low bits of a register; the bits above a vector are unspecified. f128 values live in
// the same registers and share the rules that do not look into them.
//
// An instruction on lanes takes its arrangement from a type: Size is the width of its registers (Q), Scale the logarithm of a lane's bytes.
// Where the manual gives an instruction two lane widths, the narrower one counts. Instructions that work on the upper half of their narrow
// operand ("2" in the manual) are the same form with 16 bytes.
using System;
using System.Buffers.Binary;
using System.Numerics;
using MiniJit.Codegen.Lowering;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    // Vector registers have 128 bits: the scale is 1.
    protected override IrType TypeOfDynamic(IrType type) => type.DynamicToVector();

    protected override VReg LowerVector(Inst inst)
    {
        ReadOnlySpan<Value> args = Dfg.Args(inst);
        Opcode opcode = Dfg[inst].Opcode;
        Code.FloatSpillWords = 2;                              // also on the way between narrow vectors
        IrType to = TypeOf(Dfg.FirstResult(inst)), type = args.IsEmpty ? to : TypeOf(Dfg.Resolve(args[0]));
        switch (opcode)
        {
            case Opcode.Vconst or Opcode.F128const: return MaterializeConstant(inst).Low;
            case Opcode.Band: return VectorLogic(inst, type, A64Form.AndVec, A64Form.BicVec, A64Form.BicImmVec);
            case Opcode.Bor: return VectorLogic(inst, type, A64Form.OrrVec, A64Form.OrnVec, A64Form.OrrImmVec);
            case Opcode.Bxor: return Lanes(A64Form.EorVec, s_bits, Put(Arg(inst, 0)), Put(Arg(inst, 1)));
            case Opcode.Bnot: return Lanes(A64Form.NotVec, s_bits, Put(Arg(inst, 0)));
            case Opcode.Bitselect: return SelectBits(Put(Arg(inst, 0)), Put(Arg(inst, 1)), Put(Arg(inst, 2)));
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
            Opcode.ExtractVector when Dfg[inst].Imm8 == 0 => Put(Arg(inst, 0)),
            Opcode.Shuffle => Shuffle(inst),
            Opcode.Swizzle => Lanes(A64Form.Tbl1, IrType.I8X16, Put(Arg(inst, 0)), Put(Arg(inst, 1))),
            Opcode.VanyTrue or Opcode.VallTrue => SetFlag(EmitCondition(Dfg.FirstResult(inst))),
            Opcode.VhighBits => HighBits(type, Put(Arg(inst, 0))),
            Opcode.Snarrow => Narrow(inst, type, A64Form.SqxtnVec),
            Opcode.Unarrow => Narrow(inst, type, A64Form.SqxtunVec),
            Opcode.Uunarrow => Narrow(inst, type, A64Form.UqxtnVec),
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
            Opcode.FcvtFromSint => ConvertLanes(inst, type, to, A64Form.ScvtfVec),
            Opcode.FcvtFromUint => ConvertLanes(inst, type, to, A64Form.UcvtfVec),
            Opcode.FcvtToSintSat => ConvertLanes(inst, type, to, A64Form.FcvtzsVec),
            Opcode.FcvtToUintSat => ConvertLanes(inst, type, to, A64Form.FcvtzuVec),
            Opcode.Icmp => CompareLanes(Dfg[inst].IntCC, type, Arg(inst, 0), Arg(inst, 1)),
            Opcode.Fcmp => CompareFloats(Dfg[inst].FloatCC, type, Arg(inst, 0), Arg(inst, 1)),
            _ => type.HasFloatLanes ? LowerFloatLanes(inst, opcode, type) : LowerIntLanes(inst, opcode, type),
        };
    }

    private VReg LowerIntLanes(Inst inst, Opcode opcode, IrType type) => opcode switch
    {
        Opcode.Iadd => AddLanes(inst, type),
        Opcode.Isub => SubtractLanes(inst, type),
        Opcode.Ineg => Lanes(A64Form.NegVec, type, Put(Arg(inst, 0))),
        Opcode.Iabs => Lanes(A64Form.AbsVec, type, Put(Arg(inst, 0))),
        Opcode.Imul => MultiplyLanes(inst, type),
        Opcode.Umulhi => MultiplyHigh(inst, type, A64Form.UmullVec, A64Form.Umulh),
        Opcode.Smulhi => MultiplyHigh(inst, type, A64Form.SmullVec, A64Form.Smulh),
        Opcode.Smin => MinMaxLanes(inst, type, A64Form.SminVec, A64Form.CmgtVec, least: true),
        Opcode.Smax => MinMaxLanes(inst, type, A64Form.SmaxVec, A64Form.CmgtVec, least: false),
        Opcode.Umin => MinMaxLanes(inst, type, A64Form.UminVec, A64Form.CmhiVec, least: true),
        Opcode.Umax => MinMaxLanes(inst, type, A64Form.UmaxVec, A64Form.CmhiVec, least: false),
        Opcode.UaddSat => LanesOf(inst, A64Form.UqaddVec, type),
        Opcode.SaddSat => LanesOf(inst, A64Form.SqaddVec, type),
        Opcode.UsubSat => LanesOf(inst, A64Form.UqsubVec, type),
        Opcode.SsubSat => LanesOf(inst, A64Form.SqsubVec, type),
        Opcode.AvgRound => AverageLanes(inst, type),
        Opcode.SqmulRoundSat => LanesOf(inst, A64Form.SqrdmulhVec, type),
        Opcode.IaddPairwise => AddPairs(inst, type),
        Opcode.Ishl or Opcode.Ushr or Opcode.Sshr => ShiftLanes(inst, opcode, type),
        Opcode.Rotl or Opcode.Rotr => RotateLanes(inst, type, left: opcode == Opcode.Rotl),
        Opcode.Popcnt => CountLaneBits(type, Put(Arg(inst, 0))),
        Opcode.Blendv => SelectBits(Lanes(A64Form.CmltZeroVec, type, Put(Arg(inst, 0))), Put(Arg(inst, 1)), Put(Arg(inst, 2))),
        _ => Unsupported(inst),
    };

    private VReg LowerFloatLanes(Inst inst, Opcode opcode, IrType type) => opcode switch
    {
        Opcode.Fadd => LanesOf(inst, A64Form.FaddVec, type),
        Opcode.Fsub => LanesOf(inst, A64Form.FsubVec, type),
        Opcode.Fmul => MultiplyFloats(inst, type),
        Opcode.Fdiv => LanesOf(inst, A64Form.FdivVec, type),
        Opcode.Fmin => LanesOf(inst, A64Form.FminVec, type),
        Opcode.Fmax => LanesOf(inst, A64Form.FmaxVec, type),
        Opcode.Fma => MultiplyAddLanes(inst, type),
        Opcode.Sqrt => Lanes(A64Form.FsqrtVec, type, Put(Arg(inst, 0))),
        Opcode.Fneg => Lanes(A64Form.FnegVec, type, Put(Arg(inst, 0))),
        Opcode.Fabs => Lanes(A64Form.FabsVec, type, Put(Arg(inst, 0))),
        Opcode.Fcopysign => CopySigns(inst, type),
        Opcode.Ceil => Lanes(A64Form.FrintpVec, type, Put(Arg(inst, 0))),
        Opcode.Floor => Lanes(A64Form.FrintmVec, type, Put(Arg(inst, 0))),
        Opcode.Trunc => Lanes(A64Form.FrintzVec, type, Put(Arg(inst, 0))),
        Opcode.Nearest => Lanes(A64Form.FrintnVec, type, Put(Arg(inst, 0))),
        Opcode.FvpromoteLow => Lanes(A64Form.FcvtlVec, IrType.F64, Put(Arg(inst, 0))),
        Opcode.Fvdemote => Lanes(A64Form.FcvtnVec, IrType.F64, Put(Arg(inst, 0))),
        Opcode.Blendv => SelectBits(Lanes(A64Form.CmltZeroVec, type, Put(Arg(inst, 0))), Put(Arg(inst, 1)), Put(Arg(inst, 2))),
        _ => Unsupported(inst),
    };

    // ---- constructors

    /// <summary>The arrangement of operations on bits, of any vector: 16b.</summary>
    private static readonly IrType s_bits = IrType.I8X16;

    /// <summary>Emits a form in the arrangement of a type.</summary>
    private ref MachineInst EmitLanes(A64Form form, IrType type, VReg result, ReadOnlySpan<VReg> uses)
    {
        ref MachineInst inst = ref Emit(form, type.Bits == 128 ? 16 : 8, result, uses);
        inst.Scale = Lane(type);
        return ref inst;
    }

    /// <summary>The logarithm of a lane's bytes.</summary>
    private static byte Lane(IrType type) => (byte)BitOperations.Log2((uint)type.LaneBits / 8);

    /// <summary>d = op a, by lane.</summary>
    private VReg Lanes(A64Form form, IrType type, VReg a, int immediate = 0)
    {
        VReg result = NewFloat();
        EmitLanes(form, type, result, [a]).Imm = immediate;
        return result;
    }

    /// <summary>d = a op b, by lane; where the destination is also a source, d = a first.</summary>
    private VReg Lanes(A64Form form, IrType type, VReg a, VReg b, int immediate = 0)
    {
        VReg result = NewFloat();
        EmitLanes(form, type, result, [a, b]).Imm = immediate;
        return result;
    }

    /// <summary>d = a; d = d op (b, c), by lane.</summary>
    private VReg Lanes(A64Form form, IrType type, VReg a, VReg b, VReg c)
    {
        VReg result = NewFloat();
        EmitLanes(form, type, result, [a, b, c]);
        return result;
    }

    /// <summary>op x, y.</summary>
    private VReg LanesOf(Inst inst, A64Form form, IrType type) => Lanes(form, type, Put(Arg(inst, 0)), Put(Arg(inst, 1)));

    /// <summary>mask ? ifTrue : ifFalse, by bit.</summary>
    private VReg SelectBits(VReg mask, VReg ifTrue, VReg ifFalse) => Lanes(A64Form.BslVec, s_bits, mask, ifTrue, ifFalse);

    /// <summary>fmov d, x: the low 4 or 8 bytes, zeros above.</summary>
    private VReg IntToVector(VReg source, int size)
    {
        VReg result = NewFloat();
        Emit(A64Form.FmovFromInt, size, result, [source]).Scale = (byte)(size == 8 ? 3 : 2);
        return result;
    }

    /// <summary>fmov x, d: the low 4 or 8 bytes.</summary>
    private VReg VectorToInt(VReg source, int size)
    {
        VReg result = NewInt();
        Emit(A64Form.FmovToInt, size, result, [source]).Scale = (byte)(size == 8 ? 3 : 2);
        return result;
    }

    // ---- bits

    // bor x, (const)               [8 bits set]         => orr d = x, #bits
    // band x, (const)              [8 bits clear]       => bic d = x, #bits
    // band x, (bnot y)                                  => bic x, y
    // bor x, (bnot y)                                   => orn x, y
    // band x, y                                         => and x, y
    private VReg VectorLogic(Inst inst, IrType type, A64Form plain, A64Form complementing, A64Form immediate)
    {
        Value x = Arg(inst, 0), y = Arg(inst, 1);
        if (LogicalImmediate(type, y, immediate == A64Form.BicImmVec, out VectorImm bits))
        {
            VReg result = NewFloat();
            ref MachineInst logic = ref EmitLanes(immediate, s_bits, result, [Put(x)]);
            logic.Scale = (byte)ShiftedLane(bits);
            logic.Imm = (long)bits.Value;
            logic.Aux = bits.Cmode;
            return result;
        }

        (x, y) = DefBy(x, Opcode.Bnot).IsNone ? (x, y) : (y, x);
        Inst complement = DefBy(y, Opcode.Bnot);
        return complement.IsNone
            ? Lanes(plain, s_bits, Put(x), Put(y))
            : Lanes(complementing, s_bits, Put(x), Put(Arg(complement, 0)));
    }

    /// <summary>The immediate of orr, or of bic, for a constant operand.</summary>
    private bool LogicalImmediate(IrType type, Value value, bool isBic, out VectorImm immediate)
    {
        Span<byte> bytes = stackalloc byte[16];
        immediate = default;
        if (type.Bits < 64 || !ConstantVector(value, bytes))
        {
            return false;
        }

        ulong low = BinaryPrimitives.ReadUInt64LittleEndian(bytes), high = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
        return (type.Bits == 64 || low == high) && VectorImm.TryLogical(isBic ? ~low : low, isBic ? 1 : 0, out immediate);
    }

    // bitcast x                                         => x: a register holds its bits whatever their type
    // bitcast x                    [between files]      => fmov
    private VReg BitcastVector(Inst inst, IrType from, IrType to)
    {
        if (Dfg.MemFlagsOf(inst).IsBig && from.LaneCount != to.LaneCount)
        {
            return Unsupported(inst);
        }

        VReg x = Put(Arg(inst, 0));
        int size = Math.Max(4, from.Bytes);
        return (IsWord(from), IsWord(to)) switch
        {
            (true, false) => IntToVector(x, size),
            (false, true) => VectorToInt(x, size),
            _ => x,
        };
    }

    // bitcast x                    [x: i128]            => fmov d, lo; mov v.d[1], hi
    protected override VReg Int128ToVector(ValueRegs x)
    {
        VReg result = NewFloat();
        Emit(A64Form.FmovToHigh, 8, result, [IntToVector(x.Low, 8), x.High]);
        return result;
    }

    // bitcast x                    [to i128]            => fmov lo, d; mov hi, v.d[1]
    protected override ValueRegs VectorToInt128(VReg x) => new(VectorToInt(x, 8), ExtractLane(IrType.I64X2, x, 1));
}
