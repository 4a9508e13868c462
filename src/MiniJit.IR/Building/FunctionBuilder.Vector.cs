// What exists for vectors only.
using System;

namespace MiniJit.IR.Building;

public sealed partial class FunctionBuilder
{
    /// <summary><c>splat</c>: x in all lanes.</summary>
    public Value Splat(IrType type, Value x) => Unary(Opcode.Splat, type, x);

    /// <summary><c>scalar_to_vector</c>: x in lane 0, zeros in the others.</summary>
    public Value ScalarToVector(IrType type, Value x) => Unary(Opcode.ScalarToVector, type, x);

    /// <summary><c>extractlane</c>: a lane of x.</summary>
    public Value Extractlane(Value x, byte lane) => Result(InstructionData.BinaryImm8(Opcode.Extractlane, TypeOf(x), x, lane));

    /// <summary><c>insertlane</c>: x with a lane replaced by y.</summary>
    public Value Insertlane(Value x, Value y, byte lane) => Result(InstructionData.TernaryImm8(Opcode.Insertlane, TypeOf(x), x, y, lane));

    /// <summary><c>extract_vector</c>: a fixed part of a dynamic vector.</summary>
    public Value ExtractVector(Value x, byte index) => Result(InstructionData.BinaryImm8(Opcode.ExtractVector, TypeOf(x), x, index));

    /// <summary><c>shuffle</c>: bytes of x (0–15) and y (16–31) that the mask selects, byte 0 the least significant.</summary>
    public Value Shuffle(Value x, Value y, UInt128 mask) => Result(InstructionData.Shuffle(Opcode.Shuffle, x, y, _function.AddImmediate(mask)));

    /// <summary><c>swizzle</c>: bytes of x that y selects; 0 where it selects none.</summary>
    public Value Swizzle(Value x, Value y) => Binary(Opcode.Swizzle, x, y);

    /// <summary><c>x86_pshufb</c>: bytes of x that the low bits of y select; 0 where its top bit is set.</summary>
    public Value X86Pshufb(Value x, Value y) => Binary(Opcode.X86Pshufb, x, y);

    /// <summary><c>blendv</c>: lanes of x where the top bit of c is set, of y elsewhere.</summary>
    public Value Blendv(Value c, Value x, Value y) => Ternary(Opcode.Blendv, c, x, y);

    /// <summary><c>vany_true</c>: 1 if any lane is not zero.</summary>
    public Value VanyTrue(Value x) => Unary(Opcode.VanyTrue, x);

    /// <summary><c>vall_true</c>: 1 if no lane is zero.</summary>
    public Value VallTrue(Value x) => Unary(Opcode.VallTrue, x);

    /// <summary><c>vhigh_bits</c>: the top bit of each lane.</summary>
    public Value VhighBits(IrType type, Value x) => Unary(Opcode.VhighBits, type, x);

    /// <summary><c>avg_round</c>: the unsigned average, rounded up.</summary>
    public Value AvgRound(Value x, Value y) => Binary(Opcode.AvgRound, x, y);

    /// <summary><c>uadd_sat</c>: x + y, clamped to the unsigned range.</summary>
    public Value UaddSat(Value x, Value y) => Binary(Opcode.UaddSat, x, y);

    /// <summary><c>sadd_sat</c>: x + y, clamped to the signed range.</summary>
    public Value SaddSat(Value x, Value y) => Binary(Opcode.SaddSat, x, y);

    /// <summary><c>usub_sat</c>: x − y, clamped to the unsigned range.</summary>
    public Value UsubSat(Value x, Value y) => Binary(Opcode.UsubSat, x, y);

    /// <summary><c>ssub_sat</c>: x − y, clamped to the signed range.</summary>
    public Value SsubSat(Value x, Value y) => Binary(Opcode.SsubSat, x, y);

    /// <summary><c>sqmul_round_sat</c>: the product of fixed-point fractions, rounded and clamped.</summary>
    public Value SqmulRoundSat(Value x, Value y) => Binary(Opcode.SqmulRoundSat, x, y);

    /// <summary><c>x86_pmulhrsw</c>: <c>sqmul_round_sat</c> that wraps in its one overflow.</summary>
    public Value X86Pmulhrsw(Value x, Value y) => Binary(Opcode.X86Pmulhrsw, x, y);

    /// <summary><c>x86_pmaddubsw</c>: sums of adjacent products of signed with unsigned bytes, clamped.</summary>
    public Value X86Pmaddubsw(Value x, Value y) => Binary(Opcode.X86Pmaddubsw, x, y);

    /// <summary><c>iadd_pairwise</c>: sums of adjacent lanes of x, then of y.</summary>
    public Value IaddPairwise(Value x, Value y) => Binary(Opcode.IaddPairwise, x, y);

    /// <summary><c>snarrow</c>: the lanes of x and y, clamped from signed to half the width, signed.</summary>
    public Value Snarrow(Value x, Value y) => Binary(Opcode.Snarrow, x, y);

    /// <summary><c>unarrow</c>: the lanes of x and y, clamped from signed to half the width, unsigned.</summary>
    public Value Unarrow(Value x, Value y) => Binary(Opcode.Unarrow, x, y);

    /// <summary><c>uunarrow</c>: the lanes of x and y, clamped from unsigned to half the width, unsigned.</summary>
    public Value Uunarrow(Value x, Value y) => Binary(Opcode.Uunarrow, x, y);

    /// <summary><c>swiden_low</c>: the low lanes, sign-extended.</summary>
    public Value SwidenLow(Value x) => Unary(Opcode.SwidenLow, x);

    /// <summary><c>swiden_high</c>: the high lanes, sign-extended.</summary>
    public Value SwidenHigh(Value x) => Unary(Opcode.SwidenHigh, x);

    /// <summary><c>uwiden_low</c>: the low lanes, zero-extended.</summary>
    public Value UwidenLow(Value x) => Unary(Opcode.UwidenLow, x);

    /// <summary><c>uwiden_high</c>: the high lanes, zero-extended.</summary>
    public Value UwidenHigh(Value x) => Unary(Opcode.UwidenHigh, x);
}
