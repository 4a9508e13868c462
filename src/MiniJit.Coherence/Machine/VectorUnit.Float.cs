// Vectors of single and double precision, and the Advanced SIMD forms on scalars. Halves appear in conversions only.
using System;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Arithmetic;
using MiniJit.Coherence.Vectors;

namespace MiniJit.Coherence.Machine;

using unsafe Operation = delegate*<ref CoreState, in A64Instruction, void>;

internal static unsafe partial class VectorUnit
{
    private static Operation BindFloat(in A64Instruction instruction) => instruction.Lane switch
    {
        2 => BindFloat<float>(instruction),
        3 => BindFloat<double>(instruction),
        _ => instruction.Form == A64Form.FcvtxnScalar ? &NarrowScalarToOdd : null,
    };

    private static Operation BindFloat<T>(in A64Instruction instruction)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => instruction.Form switch
        {
            A64Form.FaddVec => &FloatBinary<Addition, T>,
            A64Form.FsubVec => &FloatBinary<Subtraction, T>,
            A64Form.FmulVec => &FloatBinary<Multiplication, T>,
            A64Form.FdivVec => &FloatBinary<Division, T>,
            A64Form.FabdVec or A64Form.FabdScalar => &FloatBinary<AbsoluteDifference, T>,
            A64Form.FmulxVec or A64Form.FmulxScalar => &FloatBinary<ExtendedMultiplication, T>,
            A64Form.FmaxVec => &FloatBinary<Maximum, T>,
            A64Form.FminVec => &FloatBinary<Minimum, T>,
            A64Form.FmaxnmVec => &FloatBinary<MaximumNumber, T>,
            A64Form.FminnmVec => &FloatBinary<MinimumNumber, T>,
            A64Form.FrecpsVec or A64Form.FrecpsScalar => &FloatBinary<ReciprocalStep, T>,
            A64Form.FrsqrtsVec or A64Form.FrsqrtsScalar => &FloatBinary<ReciprocalRootStep, T>,
            A64Form.FmulElem or A64Form.FmulScalarElem => &FloatBinaryElement<Multiplication, T>,
            A64Form.FmulxElem or A64Form.FmulxScalarElem => &FloatBinaryElement<ExtendedMultiplication, T>,
            A64Form.FmlaVec => &FloatTernary<PlusProduct, T>,
            A64Form.FmlsVec => &FloatTernary<MinusProduct, T>,
            A64Form.FmlaElem or A64Form.FmlaScalarElem => &FloatTernaryElement<PlusProduct, T>,
            A64Form.FmlsElem or A64Form.FmlsScalarElem => &FloatTernaryElement<MinusProduct, T>,

            // Pairs and reductions
            A64Form.FaddpVec => &FloatPairwise<Addition, T>,
            A64Form.FmaxpVec => &FloatPairwise<Maximum, T>,
            A64Form.FminpVec => &FloatPairwise<Minimum, T>,
            A64Form.FmaxnmpVec => &FloatPairwise<MaximumNumber, T>,
            A64Form.FminnmpVec => &FloatPairwise<MinimumNumber, T>,
            A64Form.FaddpScalar => &FloatPair<Addition, T>,
            A64Form.FmaxpScalar => &FloatPair<Maximum, T>,
            A64Form.FminpScalar => &FloatPair<Minimum, T>,
            A64Form.FmaxnmpScalar => &FloatPair<MaximumNumber, T>,
            A64Form.FminnmpScalar => &FloatPair<MinimumNumber, T>,
            A64Form.Fmaxv => &FloatAcross<Maximum, T>,
            A64Form.Fminv => &FloatAcross<Minimum, T>,
            A64Form.Fmaxnmv => &FloatAcross<MaximumNumber, T>,
            A64Form.Fminnmv => &FloatAcross<MinimumNumber, T>,

            // Comparisons
            A64Form.FcmeqVec or A64Form.FcmeqScalar => &FloatCompare<EqualTo, T>,
            A64Form.FcmgeVec or A64Form.FcmgeScalar => &FloatCompare<GreaterOrEqualTo, T>,
            A64Form.FcmgtVec or A64Form.FcmgtScalar => &FloatCompare<GreaterThan, T>,
            A64Form.FacgeVec or A64Form.FacgeScalar => &FloatCompare<MagnitudeGreaterOrEqualTo, T>,
            A64Form.FacgtVec or A64Form.FacgtScalar => &FloatCompare<MagnitudeGreaterThan, T>,
            A64Form.FcmeqZeroVec or A64Form.FcmeqZeroScalar => &FloatCompareZero<EqualTo, T>,
            A64Form.FcmgeZeroVec or A64Form.FcmgeZeroScalar => &FloatCompareZero<GreaterOrEqualTo, T>,
            A64Form.FcmgtZeroVec or A64Form.FcmgtZeroScalar => &FloatCompareZero<GreaterThan, T>,
            A64Form.FcmleZeroVec or A64Form.FcmleZeroScalar => &FloatCompareZero<LessOrEqualTo, T>,
            A64Form.FcmltZeroVec or A64Form.FcmltZeroScalar => &FloatCompareZero<LessThan, T>,

            // One operand
            A64Form.FabsVec => &FloatUnary<Magnitude, T>,
            A64Form.FnegVec => &FloatUnary<Negation, T>,
            A64Form.FsqrtVec => &FloatUnary<SquareRoot, T>,
            A64Form.FrecpeVec or A64Form.FrecpeScalar => &FloatUnary<ReciprocalEstimate, T>,
            A64Form.FrsqrteVec or A64Form.FrsqrteScalar => &FloatUnary<ReciprocalRootEstimate, T>,
            A64Form.FrecpxScalar => &FloatUnary<ReciprocalExponent, T>,
            A64Form.FrintnVec => &FloatUnary<RoundToIntegral<ToNearestEven>, T>,
            A64Form.FrintpVec => &FloatUnary<RoundToIntegral<Upward>, T>,
            A64Form.FrintmVec => &FloatUnary<RoundToIntegral<Downward>, T>,
            A64Form.FrintzVec => &FloatUnary<RoundToIntegral<TowardZero>, T>,
            A64Form.FrintaVec => &FloatUnary<RoundToIntegral<ToNearestAway>, T>,
            A64Form.FrintxVec => &FloatUnary<RoundToIntegral<ByControlExactly>, T>,
            A64Form.FrintiVec => &FloatUnary<RoundToIntegral<ByControl>, T>,

            // Conversions
            A64Form.FcvtnsVec or A64Form.FcvtnsScalar => &ToSigned<ToNearestEven, T>,
            A64Form.FcvtnuVec or A64Form.FcvtnuScalar => &ToUnsigned<ToNearestEven, T>,
            A64Form.FcvtpsVec or A64Form.FcvtpsScalar => &ToSigned<Upward, T>,
            A64Form.FcvtpuVec or A64Form.FcvtpuScalar => &ToUnsigned<Upward, T>,
            A64Form.FcvtmsVec or A64Form.FcvtmsScalar => &ToSigned<Downward, T>,
            A64Form.FcvtmuVec or A64Form.FcvtmuScalar => &ToUnsigned<Downward, T>,
            A64Form.FcvtasVec or A64Form.FcvtasScalar => &ToSigned<ToNearestAway, T>,
            A64Form.FcvtauVec or A64Form.FcvtauScalar => &ToUnsigned<ToNearestAway, T>,
            A64Form.FcvtzsVec or A64Form.FcvtzsScalar => &ToSigned<TowardZero, T>,
            A64Form.FcvtzuVec or A64Form.FcvtzuScalar => &ToUnsigned<TowardZero, T>,
            A64Form.FcvtzsFixedVec or A64Form.FcvtzsFixedScalar => &ToFixedSigned<T>,
            A64Form.FcvtzuFixedVec or A64Form.FcvtzuFixedScalar => &ToFixedUnsigned<T>,
            A64Form.ScvtfVec or A64Form.ScvtfScalar => &FromSigned<T>,
            A64Form.UcvtfVec or A64Form.UcvtfScalar => &FromUnsigned<T>,
            A64Form.ScvtfFixedVec or A64Form.ScvtfFixedScalar => &FromFixedSigned<T>,
            A64Form.UcvtfFixedVec or A64Form.UcvtfFixedScalar => &FromFixedUnsigned<T>,
            A64Form.FcvtlVec => instruction.Lane == 3 ? &Widen<float, double> : &Widen<Half, float>,
            A64Form.FcvtnVec => instruction.Lane == 3 ? &NarrowFloats<double, float> : &NarrowFloats<float, Half>,
            A64Form.FcvtxnVec => &NarrowToOdd,
            _ => null,
        };

    /// <summary>Scalar forms come without a size.</summary>
    private static int LaneCount<T>(in A64Instruction instruction)
        where T : unmanaged => instruction.Size == 0 ? 1 : instruction.Size / sizeof(T);

    private static void FloatBinary<TOperation, T>(ref CoreState state, in A64Instruction instruction)
        where TOperation : IFloatBinary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Vector128<T> n = state.V(instruction.Rn).As<byte, T>(), m = state.V(instruction.Rm).As<byte, T>();
        state.V(instruction.Rd) = FloatMath.Apply<TOperation, T>(n, m, LaneCount<T>(instruction), ref state.Float).AsByte();
    }

    private static void FloatBinaryElement<TOperation, T>(ref CoreState state, in A64Instruction instruction)
        where TOperation : IFloatBinary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Vector128<T> m = Vector128.Create(state.V(instruction.Rm).As<byte, T>().GetElement((int)instruction.Imm));
        Vector128<T> n = state.V(instruction.Rn).As<byte, T>();
        state.V(instruction.Rd) = FloatMath.Apply<TOperation, T>(n, m, LaneCount<T>(instruction), ref state.Float).AsByte();
    }

    private static void FloatTernary<TOperation, T>(ref CoreState state, in A64Instruction instruction)
        where TOperation : IFloatTernary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ref Vector128<byte> d = ref state.V(instruction.Rd);
        Vector128<T> n = state.V(instruction.Rn).As<byte, T>(), m = state.V(instruction.Rm).As<byte, T>();
        d = FloatMath.MultiplyAdd<TOperation, T>(d.As<byte, T>(), n, m, LaneCount<T>(instruction), ref state.Float).AsByte();
    }

    private static void FloatTernaryElement<TOperation, T>(ref CoreState state, in A64Instruction instruction)
        where TOperation : IFloatTernary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ref Vector128<byte> d = ref state.V(instruction.Rd);
        Vector128<T> m = Vector128.Create(state.V(instruction.Rm).As<byte, T>().GetElement((int)instruction.Imm));
        Vector128<T> n = state.V(instruction.Rn).As<byte, T>();
        d = FloatMath.MultiplyAdd<TOperation, T>(d.As<byte, T>(), n, m, LaneCount<T>(instruction), ref state.Float).AsByte();
    }

    private static void FloatUnary<TOperation, T>(ref CoreState state, in A64Instruction instruction)
        where TOperation : IFloatUnary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Vector128<T> n = state.V(instruction.Rn).As<byte, T>(), result = default;
        for (int i = 0; i < LaneCount<T>(instruction); i++)
        {
            result = result.WithElement(i, FloatMath.Apply<TOperation, T>(n.GetElement(i), ref state.Float));
        }

        state.V(instruction.Rd) = result.AsByte();
    }

    /// <summary>Neighbours of n, then of m.</summary>
    private static void FloatPairwise<TOperation, T>(ref CoreState state, in A64Instruction instruction)
        where TOperation : IFloatBinary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int half = LaneCount<T>(instruction) / 2;
        Vector128<T> n = state.V(instruction.Rn).As<byte, T>(), m = state.V(instruction.Rm).As<byte, T>(), result = default;
        for (int i = 0; i < 2 * half; i++)
        {
            Vector128<T> source = i < half ? n : m;
            int pair = 2 * (i < half ? i : i - half);
            T value = FloatMath.Apply<TOperation, T>(source.GetElement(pair), source.GetElement(pair + 1), ref state.Float);
            result = result.WithElement(i, value);
        }

        state.V(instruction.Rd) = result.AsByte();
    }

    private static void FloatPair<TOperation, T>(ref CoreState state, in A64Instruction instruction)
        where TOperation : IFloatBinary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Vector128<T> n = state.V(instruction.Rn).As<byte, T>();
        state.WriteScalar(instruction.Rd, FloatMath.Apply<TOperation, T>(n.GetElement(0), n.GetElement(1), ref state.Float));
    }

    /// <summary>Reduce of the manual: the halves first. Of four singles, the only vector there is.</summary>
    private static void FloatAcross<TOperation, T>(ref CoreState state, in A64Instruction instruction)
        where TOperation : IFloatBinary
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Vector128<T> n = state.V(instruction.Rn).As<byte, T>();
        T low = FloatMath.Apply<TOperation, T>(n.GetElement(0), n.GetElement(1), ref state.Float);
        T high = FloatMath.Apply<TOperation, T>(n.GetElement(2), n.GetElement(3), ref state.Float);
        state.WriteScalar(instruction.Rd, FloatMath.Apply<TOperation, T>(low, high, ref state.Float));
    }

    private static void FloatCompare<TComparison, T>(ref CoreState state, in A64Instruction instruction)
        where TComparison : IFloatComparison
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        FloatCompare<TComparison, T>(ref state, instruction, state.V(instruction.Rm).As<byte, T>());

    private static void FloatCompareZero<TComparison, T>(ref CoreState state, in A64Instruction instruction)
        where TComparison : IFloatComparison
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        FloatCompare<TComparison, T>(ref state, instruction, Vector128<T>.Zero);

    private static void FloatCompare<TComparison, T>(ref CoreState state, in A64Instruction instruction, Vector128<T> m)
        where TComparison : IFloatComparison
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Vector128<T> n = state.V(instruction.Rn).As<byte, T>();
        int count = LaneCount<T>(instruction);
        if (count == Vector128<T>.Count && state.Float.IsDefault && (Vector128.Equals(n, n) & Vector128.Equals(m, m)).AsByte() == Vector128<byte>.AllBitsSet)
        {
            state.V(instruction.Rd) = TComparison.Host(n, m).AsByte();
            return;
        }

        Vector128<byte> result = default;
        for (int i = 0; i < count; i++)
        {
            bool holds = TComparison.Exact(FloatFormat.Of<T>(), FloatMath.Bits(n.GetElement(i)), FloatMath.Bits(m.GetElement(i)), ref state.Float);
            Lanes.Write(ref result, i, instruction.Lane, holds ? ulong.MaxValue : 0);
        }

        state.V(instruction.Rd) = result;
    }

    private static void ToSigned<TRounding, T>(ref CoreState state, in A64Instruction instruction)
        where TRounding : IFloatRounding
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => ToIntegers<TRounding, T>(ref state, instruction, unsigned: false);

    private static void ToUnsigned<TRounding, T>(ref CoreState state, in A64Instruction instruction)
        where TRounding : IFloatRounding
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => ToIntegers<TRounding, T>(ref state, instruction, unsigned: true);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ToIntegers<TRounding, T>(ref CoreState state, in A64Instruction instruction, bool unsigned)
        where TRounding : IFloatRounding
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Vector128<T> n = state.V(instruction.Rn).As<byte, T>();
        Vector128<byte> result = default;
        for (int i = 0; i < LaneCount<T>(instruction); i++)
        {
            ulong value = FloatConversions.ToInteger<TRounding, T>(n.GetElement(i), wide: sizeof(T) == 8, unsigned, ref state.Float);
            Lanes.Write(ref result, i, instruction.Lane, value);
        }

        state.V(instruction.Rd) = result;
    }

    private static void ToFixedSigned<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged => ToFixed<T>(ref state, instruction, unsigned: false);

    private static void ToFixedUnsigned<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged => ToFixed<T>(ref state, instruction, unsigned: true);

    private static void ToFixed<T>(ref CoreState state, in A64Instruction instruction, bool unsigned)
        where T : unmanaged
    {
        Vector128<byte> n = state.V(instruction.Rn), result = default;
        for (int i = 0; i < LaneCount<T>(instruction); i++)
        {
            ulong value = ExactFloat.ToFixed(
                FloatFormat.Of<T>(), Lanes.ReadUnsigned(n, i, instruction.Lane), 8 * sizeof(T), (int)instruction.Imm, unsigned, FloatRounding.Zero,
                ref state.Float);
            Lanes.Write(ref result, i, instruction.Lane, value);
        }

        state.V(instruction.Rd) = result;
    }

    private static void FromSigned<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => FromIntegers<T>(ref state, instruction, unsigned: false);

    private static void FromUnsigned<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => FromIntegers<T>(ref state, instruction, unsigned: true);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FromIntegers<T>(ref CoreState state, in A64Instruction instruction, bool unsigned)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Vector128<byte> n = state.V(instruction.Rn);
        Vector128<T> result = default;
        for (int i = 0; i < LaneCount<T>(instruction); i++)
        {
            ulong value = unsigned ? Lanes.ReadUnsigned(n, i, instruction.Lane) : (ulong)Lanes.ReadSigned(n, i, instruction.Lane);
            result = result.WithElement(i, FloatConversions.FromInteger<T>(value, unsigned, ref state.Float));
        }

        state.V(instruction.Rd) = result.AsByte();
    }

    private static void FromFixedSigned<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged => FromFixed<T>(ref state, instruction, unsigned: false);

    private static void FromFixedUnsigned<T>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged => FromFixed<T>(ref state, instruction, unsigned: true);

    private static void FromFixed<T>(ref CoreState state, in A64Instruction instruction, bool unsigned)
        where T : unmanaged
    {
        Vector128<byte> n = state.V(instruction.Rn), result = default;
        for (int i = 0; i < LaneCount<T>(instruction); i++)
        {
            ulong value = unsigned ? Lanes.ReadUnsigned(n, i, instruction.Lane) : (ulong)Lanes.ReadSigned(n, i, instruction.Lane);
            value = ExactFloat.FromFixed(FloatFormat.Of<T>(), value, (int)instruction.Imm, unsigned, ref state.Float);
            Lanes.Write(ref result, i, instruction.Lane, value);
        }

        state.V(instruction.Rd) = result;
    }

    /// <summary>fcvtl: a half of the source's lanes, converted to lanes twice as wide.</summary>
    private static void Widen<TFrom, TTo>(ref CoreState state, in A64Instruction instruction)
        where TFrom : unmanaged
        where TTo : unmanaged
    {
        int lane = instruction.Lane, count = 16 >> lane, upper = instruction.Size == 16 ? count : 0;
        Vector128<byte> n = state.V(instruction.Rn), result = default;
        for (int i = 0; i < count; i++)
        {
            TFrom value = FloatMath.FromBits<TFrom>(Lanes.ReadUnsigned(n, upper + i, lane - 1));
            Lanes.Write(ref result, i, lane, FloatMath.Bits(FloatConversions.Convert<TFrom, TTo>(value, ref state.Float)));
        }

        state.V(instruction.Rd) = result;
    }

    /// <summary>fcvtn: all lanes, converted into a half of the destination's; fcvtn2 keeps the lower half.</summary>
    private static void NarrowFloats<TFrom, TTo>(ref CoreState state, in A64Instruction instruction)
        where TFrom : unmanaged
        where TTo : unmanaged
    {
        int lane = instruction.Lane, count = 16 >> lane, upper = instruction.Size == 16 ? count : 0;
        Vector128<byte> n = state.V(instruction.Rn), result = upper != 0 ? state.V(instruction.Rd) : default;
        for (int i = 0; i < count; i++)
        {
            TFrom value = FloatMath.FromBits<TFrom>(Lanes.ReadUnsigned(n, i, lane));
            Lanes.Write(ref result, upper + i, lane - 1, FloatMath.Bits(FloatConversions.Convert<TFrom, TTo>(value, ref state.Float)));
        }

        state.V(instruction.Rd) = result;
    }

    private static void NarrowToOdd(ref CoreState state, in A64Instruction instruction)
    {
        int upper = instruction.Size == 16 ? 2 : 0;
        Vector128<ulong> n = state.V(instruction.Rn).AsUInt64();
        Vector128<byte> result = upper != 0 ? state.V(instruction.Rd) : default;
        for (int i = 0; i < 2; i++)
        {
            Lanes.Write(ref result, upper + i, 2, ToOdd(n[i], ref state.Float));
        }

        state.V(instruction.Rd) = result;
    }

    private static void NarrowScalarToOdd(ref CoreState state, in A64Instruction instruction) =>
        state.WriteScalar(instruction.Rd, (uint)ToOdd(state.ReadScalar<ulong>(instruction.Rn), ref state.Float));

    private static ulong ToOdd(ulong x, ref FloatEnvironment environment) =>
        ExactFloat.Convert(FloatFormat.Double, FloatFormat.Single, x, FloatRounding.Odd, ref environment);

    /// <summary>A comparison whose result is a mask.</summary>
    private interface IFloatComparison
    {
        /// <summary>By the host, of operands that are no NaNs.</summary>
        static abstract Vector128<T> Host<T>(Vector128<T> x, Vector128<T> y)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>;

        static abstract bool Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment);
    }

    private readonly struct EqualTo : IFloatComparison
    {
        public static Vector128<T> Host<T>(Vector128<T> x, Vector128<T> y)
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => Vector128.Equals(x, y);

        public static bool Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
            ExactFloat.IsEqual(format, x, y, ref environment);
    }

    private readonly struct GreaterThan : IFloatComparison
    {
        public static Vector128<T> Host<T>(Vector128<T> x, Vector128<T> y)
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => Vector128.GreaterThan(x, y);

        public static bool Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
            ExactFloat.IsGreater(format, x, y, ref environment);
    }

    private readonly struct GreaterOrEqualTo : IFloatComparison
    {
        public static Vector128<T> Host<T>(Vector128<T> x, Vector128<T> y)
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => Vector128.GreaterThanOrEqual(x, y);

        public static bool Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
            ExactFloat.IsGreaterOrEqual(format, x, y, ref environment);
    }

    private readonly struct LessThan : IFloatComparison
    {
        public static Vector128<T> Host<T>(Vector128<T> x, Vector128<T> y)
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => Vector128.LessThan(x, y);

        public static bool Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
            ExactFloat.IsGreater(format, y, x, ref environment);
    }

    private readonly struct LessOrEqualTo : IFloatComparison
    {
        public static Vector128<T> Host<T>(Vector128<T> x, Vector128<T> y)
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => Vector128.LessThanOrEqual(x, y);

        public static bool Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
            ExactFloat.IsGreaterOrEqual(format, y, x, ref environment);
    }

    private readonly struct MagnitudeGreaterThan : IFloatComparison
    {
        public static Vector128<T> Host<T>(Vector128<T> x, Vector128<T> y)
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => Vector128.GreaterThan(Vector128.Abs(x), Vector128.Abs(y));

        public static bool Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
            ExactFloat.IsGreater(format, ExactFloat.Abs(format, x), ExactFloat.Abs(format, y), ref environment);
    }

    private readonly struct MagnitudeGreaterOrEqualTo : IFloatComparison
    {
        public static Vector128<T> Host<T>(Vector128<T> x, Vector128<T> y)
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => Vector128.GreaterThanOrEqual(Vector128.Abs(x), Vector128.Abs(y));

        public static bool Exact(FloatFormat format, ulong x, ulong y, ref FloatEnvironment environment) =>
            ExactFloat.IsGreaterOrEqual(format, ExactFloat.Abs(format, x), ExactFloat.Abs(format, y), ref environment);
    }
}
