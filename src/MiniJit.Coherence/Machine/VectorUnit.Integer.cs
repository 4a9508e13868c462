// Integer vectors. Common operations work on whole registers (VectorOperations), the others lane by lane (LaneOperations).
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
    /// <summary>Which of an instruction's vectors have lanes of twice the element's size.</summary>
    private interface IShape
    {
        static abstract bool WideResult { get; }

        static abstract bool WideFirst { get; }

        static abstract bool WideSecond { get; }
    }

    /// <summary>Where the second operand of a lane comes from.</summary>
    private interface ISecondOperand
    {
        static abstract Int128 Read<TKind>(in CoreState state, in A64Instruction instruction, int index, int lane)
            where TKind : ILaneKind;
    }

    private static Operation BindWhole(in A64Instruction instruction) => instruction.Form switch
    {
        A64Form.AddVec or A64Form.AddScalar => Whole<Add>(instruction),
        A64Form.SubVec or A64Form.SubScalar => Whole<Subtract>(instruction),
        A64Form.MulVec => Whole<Multiply>(instruction),
        A64Form.MlaVec => Whole<MultiplyAdd>(instruction),
        A64Form.MlsVec => Whole<MultiplySubtract>(instruction),
        A64Form.MulElem => WholeElement<Multiply>(instruction),
        A64Form.MlaElem => WholeElement<MultiplyAdd>(instruction),
        A64Form.MlsElem => WholeElement<MultiplySubtract>(instruction),
        A64Form.AndVec => &Whole<And, ulong>,
        A64Form.BicVec => &Whole<AndNot, ulong>,
        A64Form.OrrVec => &Whole<Or, ulong>,
        A64Form.OrnVec => &Whole<OrNot, ulong>,
        A64Form.EorVec => &Whole<ExclusiveOr, ulong>,
        A64Form.NotVec => &Whole<Not, ulong>,
        A64Form.BslVec => &Whole<Select, ulong>,
        A64Form.BitVec => &Whole<InsertIfTrue, ulong>,
        A64Form.BifVec => &Whole<InsertIfFalse, ulong>,
        A64Form.CmgtVec or A64Form.CmgtScalar => WholeSigned<IsGreater>(instruction),
        A64Form.CmhiVec or A64Form.CmhiScalar => Whole<IsGreater>(instruction),
        A64Form.CmgeVec or A64Form.CmgeScalar => WholeSigned<IsGreaterOrEqual>(instruction),
        A64Form.CmhsVec or A64Form.CmhsScalar => Whole<IsGreaterOrEqual>(instruction),
        A64Form.CmeqVec or A64Form.CmeqScalar => Whole<IsEqual>(instruction),
        A64Form.CmtstVec or A64Form.CmtstScalar => Whole<Intersects>(instruction),
        A64Form.CmgtZeroVec or A64Form.CmgtZeroScalar => WholeZero<IsGreater>(instruction),
        A64Form.CmgeZeroVec or A64Form.CmgeZeroScalar => WholeZero<IsGreaterOrEqual>(instruction),
        A64Form.CmeqZeroVec or A64Form.CmeqZeroScalar => WholeZero<IsEqual>(instruction),
        A64Form.CmleZeroVec or A64Form.CmleZeroScalar => WholeZero<IsLessOrEqual>(instruction),
        A64Form.CmltZeroVec or A64Form.CmltZeroScalar => WholeZero<IsLess>(instruction),
        A64Form.SmaxVec => WholeSigned<Greatest>(instruction),
        A64Form.UmaxVec => Whole<Greatest>(instruction),
        A64Form.SminVec => WholeSigned<Least>(instruction),
        A64Form.UminVec => Whole<Least>(instruction),
        A64Form.AbsVec or A64Form.AbsScalar => WholeSigned<WrappedAbsolute>(instruction),
        A64Form.NegVec or A64Form.NegScalar => WholeSigned<Negate>(instruction),
        _ => null,
    };

    private static Operation BindLanes(in A64Instruction instruction) => instruction.Form switch
    {
        A64Form.ShaddVec => &Same<HalvedSum, Signed, Wrapped, Register>,
        A64Form.UhaddVec => &Same<HalvedSum, Unsigned, Wrapped, Register>,
        A64Form.SrhaddVec => &Same<RoundedHalvedSum, Signed, Wrapped, Register>,
        A64Form.UrhaddVec => &Same<RoundedHalvedSum, Unsigned, Wrapped, Register>,
        A64Form.ShsubVec => &Same<HalvedDifference, Signed, Wrapped, Register>,
        A64Form.UhsubVec => &Same<HalvedDifference, Unsigned, Wrapped, Register>,
        A64Form.SabdVec => &Same<Distance, Signed, Wrapped, Register>,
        A64Form.UabdVec => &Same<Distance, Unsigned, Wrapped, Register>,
        A64Form.SabaVec => &Same<PlusDistance, Signed, Wrapped, Register>,
        A64Form.UabaVec => &Same<PlusDistance, Unsigned, Wrapped, Register>,
        A64Form.SqaddVec or A64Form.SqaddScalar => &Same<Sum, Signed, SignedSaturated, Register>,
        A64Form.UqaddVec or A64Form.UqaddScalar => &Same<Sum, Unsigned, UnsignedSaturated, Register>,
        A64Form.SqsubVec or A64Form.SqsubScalar => &Same<Difference, Signed, SignedSaturated, Register>,
        A64Form.UqsubVec or A64Form.UqsubScalar => &Same<Difference, Unsigned, UnsignedSaturated, Register>,
        A64Form.SuqaddVec or A64Form.SuqaddScalar => &Same<SignedPlusUnsigned, Unsigned, SignedSaturated, Nothing>,
        A64Form.UsqaddVec or A64Form.UsqaddScalar => &Same<UnsignedPlusSigned, Signed, UnsignedSaturated, Nothing>,
        A64Form.SqabsVec or A64Form.SqabsScalar => &Same<Absolute, Signed, SignedSaturated, Nothing>,
        A64Form.SqnegVec or A64Form.SqnegScalar => &Same<Opposite, Signed, SignedSaturated, Nothing>,
        A64Form.SqdmulhVec or A64Form.SqdmulhScalar => &Same<DoubledProductUpper, Signed, SignedSaturated, Register>,
        A64Form.SqrdmulhVec or A64Form.SqrdmulhScalar => &Same<RoundedDoubledProductUpper, Signed, SignedSaturated, Register>,
        A64Form.SqdmulhElem or A64Form.SqdmulhScalarElem => &Same<DoubledProductUpper, Signed, SignedSaturated, Element>,
        A64Form.SqrdmulhElem or A64Form.SqrdmulhScalarElem => &Same<RoundedDoubledProductUpper, Signed, SignedSaturated, Element>,
        A64Form.PmulVec => &Same<PolynomialProduct, Unsigned, Wrapped, Register>,
        A64Form.ClsVec => &Same<LeadingSigns, Signed, Wrapped, Nothing>,
        A64Form.ClzVec => &Same<LeadingZeros, Unsigned, Wrapped, Nothing>,
        A64Form.CntVec => &Same<Ones, Unsigned, Wrapped, Nothing>,
        A64Form.UrecpeVec => &Same<UnsignedReciprocalEstimate, Unsigned, Wrapped, Nothing>,
        A64Form.UrsqrteVec => &Same<UnsignedReciprocalRootEstimate, Unsigned, Wrapped, Nothing>,

        // Shifts by register
        A64Form.SshlVec or A64Form.SshlScalar => &Same<ShiftByRegister, Signed, Wrapped, Register>,
        A64Form.UshlVec or A64Form.UshlScalar => &Same<ShiftByRegister, Unsigned, Wrapped, Register>,
        A64Form.SqshlVec or A64Form.SqshlScalar => &Same<ShiftByRegister, Signed, SignedSaturated, Register>,
        A64Form.UqshlVec or A64Form.UqshlScalar => &Same<ShiftByRegister, Unsigned, UnsignedSaturated, Register>,
        A64Form.SrshlVec or A64Form.SrshlScalar => &Same<RoundedShiftByRegister, Signed, Wrapped, Register>,
        A64Form.UrshlVec or A64Form.UrshlScalar => &Same<RoundedShiftByRegister, Unsigned, Wrapped, Register>,
        A64Form.SqrshlVec or A64Form.SqrshlScalar => &Same<RoundedShiftByRegister, Signed, SignedSaturated, Register>,
        A64Form.UqrshlVec or A64Form.UqrshlScalar => &Same<RoundedShiftByRegister, Unsigned, UnsignedSaturated, Register>,

        // Shifts by immediate
        A64Form.SrshrVec or A64Form.SrshrScalar => &Same<RoundedShiftRight, Signed, Wrapped, Immediate>,
        A64Form.UrshrVec or A64Form.UrshrScalar => &Same<RoundedShiftRight, Unsigned, Wrapped, Immediate>,
        A64Form.SrsraVec or A64Form.SrsraScalar => &Same<AddedRoundedShiftRight, Signed, Wrapped, Immediate>,
        A64Form.UrsraVec or A64Form.UrsraScalar => &Same<AddedRoundedShiftRight, Unsigned, Wrapped, Immediate>,
        A64Form.SriVec or A64Form.SriScalar => &Same<ShiftRightInsert, Unsigned, Wrapped, Immediate>,
        A64Form.SliVec or A64Form.SliScalar => &Same<ShiftLeftInsert, Unsigned, Wrapped, Immediate>,
        A64Form.SqshluVec or A64Form.SqshluScalar => &Same<ShiftLeft, Signed, UnsignedSaturated, Immediate>,
        A64Form.SqshlImmVec or A64Form.SqshlImmScalar => &Same<ShiftLeft, Signed, SignedSaturated, Immediate>,
        A64Form.UqshlImmVec or A64Form.UqshlImmScalar => &Same<ShiftLeft, Unsigned, UnsignedSaturated, Immediate>,

        // Long
        A64Form.SabdlVec => &Long<Distance, Signed, Wrapped, Register>,
        A64Form.UabdlVec => &Long<Distance, Unsigned, Wrapped, Register>,
        A64Form.SabalVec => &Long<PlusDistance, Signed, Wrapped, Register>,
        A64Form.UabalVec => &Long<PlusDistance, Unsigned, Wrapped, Register>,
        A64Form.SqdmullVec or A64Form.SqdmullScalar => &Long<DoubledProduct, Signed, SignedSaturated, Register>,
        A64Form.SqdmlalVec or A64Form.SqdmlalScalar => &Long<AddedDoubledProduct, Signed, SignedSaturated, Register>,
        A64Form.SqdmlslVec or A64Form.SqdmlslScalar => &Long<SubtractedDoubledProduct, Signed, SignedSaturated, Register>,
        A64Form.SmullElem => &Long<Product, Signed, Wrapped, Element>,
        A64Form.UmullElem => &Long<Product, Unsigned, Wrapped, Element>,
        A64Form.SmlalElem => &Long<AddedProduct, Signed, Wrapped, Element>,
        A64Form.UmlalElem => &Long<AddedProduct, Unsigned, Wrapped, Element>,
        A64Form.SmlslElem => &Long<SubtractedProduct, Signed, Wrapped, Element>,
        A64Form.UmlslElem => &Long<SubtractedProduct, Unsigned, Wrapped, Element>,
        A64Form.SqdmullElem or A64Form.SqdmullScalarElem => &Long<DoubledProduct, Signed, SignedSaturated, Element>,
        A64Form.SqdmlalElem or A64Form.SqdmlalScalarElem => &Long<AddedDoubledProduct, Signed, SignedSaturated, Element>,
        A64Form.SqdmlslElem or A64Form.SqdmlslScalarElem => &Long<SubtractedDoubledProduct, Signed, SignedSaturated, Element>,
        A64Form.PmullVec when instruction.Lane == 3 => &PolynomialMultiplyLong,
        A64Form.PmullVec => &Long<PolynomialProduct, Unsigned, Wrapped, Register>,
        A64Form.ShllVec => &Long<ShiftLeftByLane, Unsigned, Wrapped, Nothing>,

        // Narrow
        A64Form.AddhnVec => &Narrow<UpperSum, Unsigned, Wrapped, Register>,
        A64Form.RaddhnVec => &Narrow<RoundedUpperSum, Unsigned, Wrapped, Register>,
        A64Form.SubhnVec => &Narrow<UpperDifference, Unsigned, Wrapped, Register>,
        A64Form.RsubhnVec => &Narrow<RoundedUpperDifference, Unsigned, Wrapped, Register>,
        A64Form.XtnVec => &Narrow<Copy, Unsigned, Wrapped, Nothing>,
        A64Form.SqxtnVec or A64Form.SqxtnScalar => &Narrow<Copy, Signed, SignedSaturated, Nothing>,
        A64Form.UqxtnVec or A64Form.UqxtnScalar => &Narrow<Copy, Unsigned, UnsignedSaturated, Nothing>,
        A64Form.SqxtunVec or A64Form.SqxtunScalar => &Narrow<Copy, Signed, UnsignedSaturated, Nothing>,
        A64Form.ShrnVec => &Narrow<ShiftRight, Unsigned, Wrapped, Immediate>,
        A64Form.RshrnVec => &Narrow<RoundedShiftRight, Unsigned, Wrapped, Immediate>,
        A64Form.SqshrnVec or A64Form.SqshrnScalar => &Narrow<ShiftRight, Signed, SignedSaturated, Immediate>,
        A64Form.UqshrnVec or A64Form.UqshrnScalar => &Narrow<ShiftRight, Unsigned, UnsignedSaturated, Immediate>,
        A64Form.SqshrunVec or A64Form.SqshrunScalar => &Narrow<ShiftRight, Signed, UnsignedSaturated, Immediate>,
        A64Form.SqrshrnVec or A64Form.SqrshrnScalar => &Narrow<RoundedShiftRight, Signed, SignedSaturated, Immediate>,
        A64Form.UqrshrnVec or A64Form.UqrshrnScalar => &Narrow<RoundedShiftRight, Unsigned, UnsignedSaturated, Immediate>,
        A64Form.SqrshrunVec or A64Form.SqrshrunScalar => &Narrow<RoundedShiftRight, Signed, UnsignedSaturated, Immediate>,

        // Pairs and reductions
        A64Form.AddpVec => &Pairwise<Sum2, Signed>,
        A64Form.SmaxpVec => &Pairwise<Max2, Signed>,
        A64Form.UmaxpVec => &Pairwise<Max2, Unsigned>,
        A64Form.SminpVec => &Pairwise<Min2, Signed>,
        A64Form.UminpVec => &Pairwise<Min2, Unsigned>,
        A64Form.SaddlpVec => &PairwiseLong<Signed, Fresh>,
        A64Form.UaddlpVec => &PairwiseLong<Unsigned, Fresh>,
        A64Form.SadalpVec => &PairwiseLong<Signed, Accumulated>,
        A64Form.UadalpVec => &PairwiseLong<Unsigned, Accumulated>,
        A64Form.Addv => &Across<Sum2, Signed>,
        A64Form.Smaxv => &Across<Max2, Signed>,
        A64Form.Umaxv => &Across<Max2, Unsigned>,
        A64Form.Sminv => &Across<Min2, Signed>,
        A64Form.Uminv => &Across<Min2, Unsigned>,
        A64Form.Saddlv => &AcrossLong<Signed>,
        A64Form.Uaddlv => &AcrossLong<Unsigned>,
        A64Form.AddpScalar => &AddPair,
        A64Form.SdotVec => &Dot<Signed, Signed, Register>,
        A64Form.UdotVec => &Dot<Unsigned, Unsigned, Register>,
        A64Form.UsdotVec => &Dot<Unsigned, Signed, Register>,
        A64Form.SdotElem => &Dot<Signed, Signed, Element>,
        A64Form.UdotElem => &Dot<Unsigned, Unsigned, Element>,
        A64Form.UsdotElem => &Dot<Unsigned, Signed, Element>,
        A64Form.SudotElem => &Dot<Signed, Unsigned, Element>,
        _ => null,
    };

    private static Operation Whole<TOperation>(in A64Instruction instruction)
        where TOperation : IVectorOperation => instruction.Lane switch
        {
            0 => &Whole<TOperation, byte>,
            1 => &Whole<TOperation, ushort>,
            2 => &Whole<TOperation, uint>,
            _ => &Whole<TOperation, ulong>,
        };

    private static Operation WholeSigned<TOperation>(in A64Instruction instruction)
        where TOperation : IVectorOperation => instruction.Lane switch
        {
            0 => &Whole<TOperation, sbyte>,
            1 => &Whole<TOperation, short>,
            2 => &Whole<TOperation, int>,
            _ => &Whole<TOperation, long>,
        };

    private static Operation WholeZero<TOperation>(in A64Instruction instruction)
        where TOperation : IVectorOperation => instruction.Lane switch
        {
            0 => &WholeZero<TOperation, sbyte>,
            1 => &WholeZero<TOperation, short>,
            2 => &WholeZero<TOperation, int>,
            _ => &WholeZero<TOperation, long>,
        };

    private static Operation WholeElement<TOperation>(in A64Instruction instruction)
        where TOperation : IVectorOperation => instruction.Lane == 1 ? &WholeElement<TOperation, ushort> : &WholeElement<TOperation, uint>;

    private static void Whole<TOperation, T>(ref CoreState state, in A64Instruction instruction)
        where TOperation : IVectorOperation
        where T : unmanaged, IBinaryInteger<T>
    {
        ref Vector128<byte> d = ref state.V(instruction.Rd);
        Vector128<T> n = state.V(instruction.Rn).As<byte, T>(), m = state.V(instruction.Rm).As<byte, T>();
        d = Lanes.Truncate(TOperation.Apply(d.As<byte, T>(), n, m).AsByte(), instruction.Size);
    }

    private static void WholeZero<TOperation, T>(ref CoreState state, in A64Instruction instruction)
        where TOperation : IVectorOperation
        where T : unmanaged, IBinaryInteger<T>
    {
        Vector128<T> result = TOperation.Apply(default, state.V(instruction.Rn).As<byte, T>(), Vector128<T>.Zero);
        state.V(instruction.Rd) = Lanes.Truncate(result.AsByte(), instruction.Size);
    }

    private static void WholeElement<TOperation, T>(ref CoreState state, in A64Instruction instruction)
        where TOperation : IVectorOperation
        where T : unmanaged, IBinaryInteger<T>
    {
        ref Vector128<byte> d = ref state.V(instruction.Rd);
        Vector128<T> m = Vector128.Create(state.V(instruction.Rm).As<byte, T>().GetElement((int)instruction.Imm));
        d = Lanes.Truncate(TOperation.Apply(d.As<byte, T>(), state.V(instruction.Rn).As<byte, T>(), m).AsByte(), instruction.Size);
    }

    private static void Same<TOperation, TKind, TLimit, TSecond>(ref CoreState state, in A64Instruction instruction)
        where TOperation : ILaneOperation
        where TKind : ILaneKind
        where TLimit : ILaneLimit
        where TSecond : ISecondOperand => Loop<TOperation, TKind, TLimit, TSecond, SameShape>(ref state, instruction);

    private static void Long<TOperation, TKind, TLimit, TSecond>(ref CoreState state, in A64Instruction instruction)
        where TOperation : ILaneOperation
        where TKind : ILaneKind
        where TLimit : ILaneLimit
        where TSecond : ISecondOperand => Loop<TOperation, TKind, TLimit, TSecond, LongShape>(ref state, instruction);

    private static void Narrow<TOperation, TKind, TLimit, TSecond>(ref CoreState state, in A64Instruction instruction)
        where TOperation : ILaneOperation
        where TKind : ILaneKind
        where TLimit : ILaneLimit
        where TSecond : ISecondOperand => Loop<TOperation, TKind, TLimit, TSecond, NarrowShape>(ref state, instruction);

    /// <summary>
    /// Lane by lane. Where sources or result are wide there are as many lanes as a full register of wide ones has, and a 16-byte form
    /// takes its narrow lanes from, or puts them into, the upper half.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Loop<TOperation, TKind, TLimit, TSecond, TShape>(ref CoreState state, in A64Instruction instruction)
        where TOperation : ILaneOperation
        where TKind : ILaneKind
        where TLimit : ILaneLimit
        where TSecond : ISecondOperand
        where TShape : IShape
    {
        int lane = instruction.Lane, bits = 8 << lane;
        bool mixed = TShape.WideResult || TShape.WideFirst;
        int count = instruction.Size == 0 ? 1 : (mixed ? 8 : instruction.Size) >> lane;
        int upper = mixed && instruction.Size == 16 ? count : 0;
        int resultLane = TShape.WideResult ? lane + 1 : lane, firstLane = TShape.WideFirst ? lane + 1 : lane, secondLane = TShape.WideSecond ? lane + 1 : lane;
        int resultUpper = TShape.WideResult ? 0 : upper, firstUpper = TShape.WideFirst ? 0 : upper, secondUpper = TShape.WideSecond ? 0 : upper;
        Vector128<byte> d = state.V(instruction.Rd), n = state.V(instruction.Rn), result = resultUpper != 0 ? d : default;
        for (int i = 0; i < count; i++)
        {
            Int128 value = TOperation.Apply(
                TKind.Read(d, i + resultUpper, resultLane),
                TKind.Read(n, i + firstUpper, firstLane),
                TSecond.Read<TKind>(state, instruction, i + secondUpper, secondLane),
                bits,
                ref state.Float.Status);
            Lanes.Write(ref result, i + resultUpper, resultLane, TLimit.Limit(value, 8 << resultLane, ref state.Float.Status));
        }

        state.V(instruction.Rd) = result;
    }

    private static void PolynomialMultiplyLong(ref CoreState state, in A64Instruction instruction)
    {
        int half = instruction.Size == 16 ? 1 : 0;
        ulong n = state.V(instruction.Rn).AsUInt64()[half], m = state.V(instruction.Rm).AsUInt64()[half];
        UInt128 product = (UInt128)PolynomialProduct.Apply(0, n, m, 64, ref state.Float.Status);
        state.V(instruction.Rd) = Vector128.Create((ulong)product, (ulong)(product >> 64)).AsByte();
    }

    /// <summary>Neighbours of n, then of m.</summary>
    private static void Pairwise<TOperation, TKind>(ref CoreState state, in A64Instruction instruction)
        where TOperation : IReduction
        where TKind : ILaneKind
    {
        int lane = instruction.Lane, half = instruction.Size >> (lane + 1);
        Vector128<byte> n = state.V(instruction.Rn), m = state.V(instruction.Rm), result = default;
        for (int i = 0; i < half; i++)
        {
            Lanes.Write(ref result, i, lane, (ulong)TOperation.Apply(TKind.Read(n, 2 * i, lane), TKind.Read(n, (2 * i) + 1, lane)));
            Lanes.Write(ref result, half + i, lane, (ulong)TOperation.Apply(TKind.Read(m, 2 * i, lane), TKind.Read(m, (2 * i) + 1, lane)));
        }

        state.V(instruction.Rd) = result;
    }

    /// <summary>saddlp, sadalp: sums of neighbours in lanes twice as wide.</summary>
    private static void PairwiseLong<TKind, TAccumulation>(ref CoreState state, in A64Instruction instruction)
        where TKind : ILaneKind
        where TAccumulation : IAccumulation
    {
        int lane = instruction.Lane;
        Vector128<byte> d = state.V(instruction.Rd), n = state.V(instruction.Rn), result = default;
        for (int i = 0; i < instruction.Size >> (lane + 1); i++)
        {
            Int128 sum = TKind.Read(n, 2 * i, lane) + TKind.Read(n, (2 * i) + 1, lane);
            sum += TAccumulation.Adds ? TKind.Read(d, i, lane + 1) : 0;
            Lanes.Write(ref result, i, lane + 1, (ulong)sum);
        }

        state.V(instruction.Rd) = result;
    }

    private static void Across<TOperation, TKind>(ref CoreState state, in A64Instruction instruction)
        where TOperation : IReduction
        where TKind : ILaneKind
    {
        int lane = instruction.Lane;
        Vector128<byte> n = state.V(instruction.Rn), result = default;
        Int128 value = TKind.Read(n, 0, lane);
        for (int i = 1; i < instruction.Size >> lane; i++)
        {
            value = TOperation.Apply(value, TKind.Read(n, i, lane));
        }

        Lanes.Write(ref result, 0, lane, (ulong)value);
        state.V(instruction.Rd) = result;
    }

    private static void AcrossLong<TKind>(ref CoreState state, in A64Instruction instruction)
        where TKind : ILaneKind
    {
        int lane = instruction.Lane;
        Vector128<byte> n = state.V(instruction.Rn), result = default;
        Int128 sum = 0;
        for (int i = 0; i < instruction.Size >> lane; i++)
        {
            sum += TKind.Read(n, i, lane);
        }

        Lanes.Write(ref result, 0, lane + 1, (ulong)sum);
        state.V(instruction.Rd) = result;
    }

    private static void AddPair(ref CoreState state, in A64Instruction instruction)
    {
        Vector128<ulong> n = state.V(instruction.Rn).AsUInt64();
        state.V(instruction.Rd) = Vector128.CreateScalar(n[0] + n[1]).AsByte();
    }

    /// <summary>Four products of bytes are added to each word.</summary>
    private static void Dot<TFirst, TSecondKind, TSecond>(ref CoreState state, in A64Instruction instruction)
        where TFirst : ILaneKind
        where TSecondKind : ILaneKind
        where TSecond : ISecondOperand
    {
        bool byElement = typeof(TSecond) == typeof(Element);
        Vector128<byte> d = state.V(instruction.Rd), n = state.V(instruction.Rn), m = state.V(instruction.Rm), result = default;
        for (int i = 0; i < instruction.Size >> 2; i++)
        {
            Int128 sum = Lanes.ReadSigned(d, i, 2);
            int second = byElement ? (int)instruction.Imm : i;
            for (int j = 0; j < 4; j++)
            {
                sum += TFirst.Read(n, (4 * i) + j, 0) * TSecondKind.Read(m, (4 * second) + j, 0);
            }

            Lanes.Write(ref result, i, 2, (ulong)sum);
        }

        state.V(instruction.Rd) = result;
    }

    private interface IReduction
    {
        static abstract Int128 Apply(Int128 x, Int128 y);
    }

    private interface IAccumulation
    {
        static abstract bool Adds { get; }
    }

    private readonly struct SameShape : IShape
    {
        public static bool WideResult => false;

        public static bool WideFirst => false;

        public static bool WideSecond => false;
    }

    private readonly struct LongShape : IShape
    {
        public static bool WideResult => true;

        public static bool WideFirst => false;

        public static bool WideSecond => false;
    }

    private readonly struct NarrowShape : IShape
    {
        public static bool WideResult => false;

        public static bool WideFirst => true;

        public static bool WideSecond => true;
    }

    private readonly struct Register : ISecondOperand
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Int128 Read<TKind>(in CoreState state, in A64Instruction instruction, int index, int lane)
            where TKind : ILaneKind => TKind.Read(state.Vectors[instruction.Rm], index, lane);
    }

    private readonly struct Element : ISecondOperand
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Int128 Read<TKind>(in CoreState state, in A64Instruction instruction, int index, int lane)
            where TKind : ILaneKind => TKind.Read(state.Vectors[instruction.Rm], (int)instruction.Imm, lane);
    }

    private readonly struct Immediate : ISecondOperand
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Int128 Read<TKind>(in CoreState state, in A64Instruction instruction, int index, int lane)
            where TKind : ILaneKind => instruction.Imm;
    }

    private readonly struct Nothing : ISecondOperand
    {
        public static Int128 Read<TKind>(in CoreState state, in A64Instruction instruction, int index, int lane)
            where TKind : ILaneKind => 0;
    }

    private readonly struct Sum2 : IReduction
    {
        public static Int128 Apply(Int128 x, Int128 y) => x + y;
    }

    private readonly struct Max2 : IReduction
    {
        public static Int128 Apply(Int128 x, Int128 y) => Int128.Max(x, y);
    }

    private readonly struct Min2 : IReduction
    {
        public static Int128 Apply(Int128 x, Int128 y) => Int128.Min(x, y);
    }

    private readonly struct Fresh : IAccumulation
    {
        public static bool Adds => false;
    }

    private readonly struct Accumulated : IAccumulation
    {
        public static bool Adds => true;
    }
}
