// Scalar floating point (Arm ARM C7): an operation is bound when an instruction is decoded and called each time that it is executed.
// What an operation computes is Arithmetic's; here are operands, sizes and flags.
using System;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Arithmetic;

namespace MiniJit.Coherence.Machine;

internal static unsafe class FloatUnit
{
    /// <summary>
    /// The operation that executes <paramref name="instruction"/>, chosen by form, size and lane so that nothing is decided again when it
    /// runs; null if the unit does not have it. It advances no program counter.
    /// </summary>
    public static delegate*<ref CoreState, in A64Instruction, void> Bind(in A64Instruction instruction) => instruction.Size switch
    {
        2 => Bind<Half>(instruction),
        4 => Bind<float>(instruction),
        8 => Bind<double>(instruction),
        _ when instruction.Form == A64Form.FmovFromHigh => &MoveFromHigh,
        _ when instruction.Form == A64Form.FmovToHigh => &MoveToHigh,
        _ => null,
    };

    private static delegate*<ref CoreState, in A64Instruction, void> Bind<T>(in A64Instruction instruction)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => instruction.Form switch
        {
            A64Form.Fadd => &Binary<Addition, T>,
            A64Form.Fsub => &Binary<Subtraction, T>,
            A64Form.Fmul => &Binary<Multiplication, T>,
            A64Form.Fdiv => &Binary<Division, T>,
            A64Form.Fnmul => &Binary<NegatedMultiplication, T>,
            A64Form.Fmax => &Binary<Maximum, T>,
            A64Form.Fmin => &Binary<Minimum, T>,
            A64Form.Fmaxnm => &Binary<MaximumNumber, T>,
            A64Form.Fminnm => &Binary<MinimumNumber, T>,
            A64Form.Fmadd => &Ternary<PlusProduct, T>,
            A64Form.Fmsub => &Ternary<MinusProduct, T>,
            A64Form.Fnmadd => &Ternary<NegatedSum, T>,
            A64Form.Fnmsub => &Ternary<ProductMinus, T>,
            A64Form.FmovReg => &Move<T>,
            A64Form.Fabs => &Unary<Magnitude, T>,
            A64Form.Fneg => &Unary<Negation, T>,
            A64Form.Fsqrt => &Unary<SquareRoot, T>,
            A64Form.Frintn => &Unary<RoundToIntegral<ToNearestEven>, T>,
            A64Form.Frintp => &Unary<RoundToIntegral<Upward>, T>,
            A64Form.Frintm => &Unary<RoundToIntegral<Downward>, T>,
            A64Form.Frintz => &Unary<RoundToIntegral<TowardZero>, T>,
            A64Form.Frinta => &Unary<RoundToIntegral<ToNearestAway>, T>,
            A64Form.Frintx => &Unary<RoundToIntegral<ByControlExactly>, T>,
            A64Form.Frinti => &Unary<RoundToIntegral<ByControl>, T>,
            A64Form.FcvtToHalf => &Convert<T, Half>,
            A64Form.FcvtToSingle => &Convert<T, float>,
            A64Form.FcvtToDouble => &Convert<T, double>,
            A64Form.Fcmp => &Compare<T>,
            A64Form.Fcmpe => &CompareSignaling<T>,
            A64Form.FcmpZero => &CompareZero<T>,
            A64Form.FcmpeZero => &CompareZeroSignaling<T>,
            A64Form.Fccmp => &CompareIf<T>,
            A64Form.Fccmpe => &CompareIfSignaling<T>,
            A64Form.Fcsel => &Select<T>,
            A64Form.FmovImm => &MoveImmediate<T>,
            A64Form.Fcvtns => BindToInteger<ToNearestEven, T>(instruction, unsigned: false),
            A64Form.Fcvtnu => BindToInteger<ToNearestEven, T>(instruction, unsigned: true),
            A64Form.Fcvtps => BindToInteger<Upward, T>(instruction, unsigned: false),
            A64Form.Fcvtpu => BindToInteger<Upward, T>(instruction, unsigned: true),
            A64Form.Fcvtms => BindToInteger<Downward, T>(instruction, unsigned: false),
            A64Form.Fcvtmu => BindToInteger<Downward, T>(instruction, unsigned: true),
            A64Form.Fcvtas => BindToInteger<ToNearestAway, T>(instruction, unsigned: false),
            A64Form.Fcvtau => BindToInteger<ToNearestAway, T>(instruction, unsigned: true),
            A64Form.Fcvtzs => BindToInteger<TowardZero, T>(instruction, unsigned: false),
            A64Form.Fcvtzu => BindToInteger<TowardZero, T>(instruction, unsigned: true),
            A64Form.FcvtzsFixed => &ToFixedSigned<T>,
            A64Form.FcvtzuFixed => &ToFixedUnsigned<T>,
            A64Form.Scvtf when instruction.Lane == 3 => &FromInt64<T>,
            A64Form.Scvtf => &FromInt32<T>,
            A64Form.Ucvtf when instruction.Lane == 3 => &FromUInt64<T>,
            A64Form.Ucvtf => &FromUInt32<T>,
            A64Form.ScvtfFixed => &FromFixedSigned<T>,
            A64Form.UcvtfFixed => &FromFixedUnsigned<T>,
            A64Form.FmovToInt => &MoveToGeneral<T>,
            A64Form.FmovFromInt => &MoveFromGeneral<T>,
            _ => null,
        };

    private static delegate*<ref CoreState, in A64Instruction, void> BindToInteger<TRounding, T>(in A64Instruction instruction, bool unsigned)
        where TRounding : IFloatRounding
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        instruction.Lane == 3
            ? unsigned ? &ToUInt64<TRounding, T> : &ToInt64<TRounding, T>
            : unsigned ? &ToUInt32<TRounding, T> : &ToInt32<TRounding, T>;

    private static void Unary<TOperation, T>(ref CoreState state, in A64Instruction instruction)
        where TOperation : IFloatUnary
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        state.WriteScalar(instruction.Rd, FloatMath.Apply<TOperation, T>(state.ReadScalar<T>(instruction.Rn), ref state.Float));

    private static void Binary<TOperation, T>(ref CoreState state, in A64Instruction instruction)
        where TOperation : IFloatBinary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T x = state.ReadScalar<T>(instruction.Rn), y = state.ReadScalar<T>(instruction.Rm);
        state.WriteScalar(instruction.Rd, FloatMath.Apply<TOperation, T>(x, y, ref state.Float));
    }

    private static void Ternary<TOperation, T>(ref CoreState state, in A64Instruction instruction)
        where TOperation : IFloatTernary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T x = state.ReadScalar<T>(instruction.Rn), y = state.ReadScalar<T>(instruction.Rm), addend = state.ReadScalar<T>(instruction.Ra);
        state.WriteScalar(instruction.Rd, FloatMath.MultiplyAdd<TOperation, T>(addend, x, y, ref state.Float));
    }

    private static void Move<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged => state.WriteScalar(instruction.Rd, state.ReadScalar<T>(instruction.Rn));

    private static void MoveImmediate<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged =>
        state.WriteScalar(instruction.Rd, FloatMath.FromBits<T>(FloatImm8.Expand((uint)instruction.Imm, instruction.Size)));

    private static void MoveToGeneral<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged => state.WriteX(instruction.Rd, FloatMath.Bits(state.ReadScalar<T>(instruction.Rn)));

    private static void MoveFromGeneral<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged => state.WriteScalar(instruction.Rd, FloatMath.FromBits<T>(state.ReadX(instruction.Rn)));

    private static void MoveFromHigh(ref CoreState state, in A64Instruction instruction) =>
        state.WriteX(instruction.Rd, state.V(instruction.Rn).AsUInt64()[1]);

    private static void MoveToHigh(ref CoreState state, in A64Instruction instruction)
    {
        ref Vector128<byte> register = ref state.V(instruction.Rd);
        register = register.AsUInt64().WithElement(1, state.ReadX(instruction.Rn)).AsByte();
    }

    private static void Select<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged =>
        state.WriteScalar(instruction.Rd, state.ReadScalar<T>(Conditions.Holds(instruction.Cond, state.Flags) ? instruction.Rn : instruction.Rm));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Compare<T>(ref CoreState state, T x, T y, bool signal)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) != typeof(Half) && state.Float.IsDefault)
        {
            ConditionFlags flags = x < y ? ConditionFlags.Negative
                : x > y ? ConditionFlags.Carry
                : x == y ? ConditionFlags.Zero | ConditionFlags.Carry
                : ConditionFlags.None;
            if (flags != ConditionFlags.None)
            {
                state.Flags = flags;
                return;
            }
        }

        state.Flags = ExactFloat.Compare(FloatFormat.Of<T>(), FloatMath.Bits(x), FloatMath.Bits(y), signal, ref state.Float);
    }

    private static void Compare<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Compare(ref state, state.ReadScalar<T>(instruction.Rn), state.ReadScalar<T>(instruction.Rm), signal: false);

    private static void CompareSignaling<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Compare(ref state, state.ReadScalar<T>(instruction.Rn), state.ReadScalar<T>(instruction.Rm), signal: true);

    private static void CompareZero<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Compare(ref state, state.ReadScalar<T>(instruction.Rn), T.Zero, signal: false);

    private static void CompareZeroSignaling<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Compare(ref state, state.ReadScalar<T>(instruction.Rn), T.Zero, signal: true);

    private static void CompareIf<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (Conditions.Holds(instruction.Cond, state.Flags))
        {
            Compare<T>(ref state, instruction);
        }
        else
        {
            state.Flags = (ConditionFlags)instruction.Aux;
        }
    }

    private static void CompareIfSignaling<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (Conditions.Holds(instruction.Cond, state.Flags))
        {
            CompareSignaling<T>(ref state, instruction);
        }
        else
        {
            state.Flags = (ConditionFlags)instruction.Aux;
        }
    }

    private static void Convert<TFrom, TTo>(ref CoreState state, in A64Instruction instruction)
        where TFrom : unmanaged
        where TTo : unmanaged =>
        state.WriteScalar(instruction.Rd, FloatConversions.Convert<TFrom, TTo>(state.ReadScalar<TFrom>(instruction.Rn), ref state.Float));

    private static void ToInt64<TRounding, T>(ref CoreState state, in A64Instruction instruction)
        where TRounding : IFloatRounding
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        ToInteger<TRounding, T>(ref state, instruction, wide: true, unsigned: false);

    private static void ToInt32<TRounding, T>(ref CoreState state, in A64Instruction instruction)
        where TRounding : IFloatRounding
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        ToInteger<TRounding, T>(ref state, instruction, wide: false, unsigned: false);

    private static void ToUInt64<TRounding, T>(ref CoreState state, in A64Instruction instruction)
        where TRounding : IFloatRounding
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        ToInteger<TRounding, T>(ref state, instruction, wide: true, unsigned: true);

    private static void ToUInt32<TRounding, T>(ref CoreState state, in A64Instruction instruction)
        where TRounding : IFloatRounding
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        ToInteger<TRounding, T>(ref state, instruction, wide: false, unsigned: true);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ToInteger<TRounding, T>(ref CoreState state, in A64Instruction instruction, bool wide, bool unsigned)
        where TRounding : IFloatRounding
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        state.WriteX(
            instruction.Rd,
            FloatConversions.ToInteger<TRounding, T>(state.ReadScalar<T>(instruction.Rn), wide, unsigned, ref state.Float));

    private static void ToFixedSigned<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged => ToFixed<T>(ref state, instruction, unsigned: false);

    private static void ToFixedUnsigned<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged => ToFixed<T>(ref state, instruction, unsigned: true);

    private static void ToFixed<T>(ref CoreState state, in A64Instruction instruction, bool unsigned)
        where T : unmanaged
    {
        ulong x = FloatMath.Bits(state.ReadScalar<T>(instruction.Rn));
        state.WriteX(
            instruction.Rd,
            ExactFloat.ToFixed(
                FloatFormat.Of<T>(), x, 8 << instruction.Lane, (int)instruction.Imm, unsigned, FloatRounding.Zero, ref state.Float));
    }

    private static void FromInt64<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        state.WriteScalar(instruction.Rd, FloatConversions.FromInteger<T>(state.ReadX(instruction.Rn), unsigned: false, ref state.Float));

    private static void FromInt32<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        state.WriteScalar(
            instruction.Rd, FloatConversions.FromInteger<T>((ulong)(int)state.ReadX(instruction.Rn), unsigned: false, ref state.Float));

    private static void FromUInt64<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        state.WriteScalar(instruction.Rd, FloatConversions.FromInteger<T>(state.ReadX(instruction.Rn), unsigned: true, ref state.Float));

    private static void FromUInt32<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        state.WriteScalar(
            instruction.Rd, FloatConversions.FromInteger<T>((uint)state.ReadX(instruction.Rn), unsigned: true, ref state.Float));

    private static void FromFixedSigned<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged => FromFixed<T>(ref state, instruction, unsigned: false);

    private static void FromFixedUnsigned<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged => FromFixed<T>(ref state, instruction, unsigned: true);

    private static void FromFixed<T>(ref CoreState state, in A64Instruction instruction, bool unsigned)
        where T : unmanaged
    {
        ulong x = state.ReadX(instruction.Rn);
        x = instruction.Lane == 3 ? x : unsigned ? (uint)x : (ulong)(int)x;
        ulong result = ExactFloat.FromFixed(FloatFormat.Of<T>(), x, (int)instruction.Imm, unsigned, ref state.Float);
        state.WriteScalar(instruction.Rd, FloatMath.FromBits<T>(result));
    }
}
