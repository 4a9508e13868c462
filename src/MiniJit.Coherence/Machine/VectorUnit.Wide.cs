// Shifts by immediate, and integer operations whose result has lanes twice as wide, on whole registers: the ones that loops over bytes
// and halfwords are full of.
using System;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Vectors;

namespace MiniJit.Coherence.Machine;

using unsafe Operation = delegate*<ref CoreState, in A64Instruction, void>;

internal static unsafe partial class VectorUnit
{
    private static Operation BindWide(in A64Instruction instruction) => instruction.Form switch
    {
        A64Form.ShlVec or A64Form.ShlScalar => Shift<ShiftedLeft>(instruction, signed: false),
        A64Form.SshrVec or A64Form.SshrScalar => Shift<ShiftedRight>(instruction, signed: true),
        A64Form.UshrVec or A64Form.UshrScalar => Shift<ShiftedRight>(instruction, signed: false),
        A64Form.SsraVec or A64Form.SsraScalar => Shift<PlusShiftedRight>(instruction, signed: true),
        A64Form.UsraVec or A64Form.UsraScalar => Shift<PlusShiftedRight>(instruction, signed: false),
        A64Form.SaddlVec => LongSigned<Add>(instruction),
        A64Form.UaddlVec => LongUnsigned<Add>(instruction),
        A64Form.SsublVec => LongSigned<Subtract>(instruction),
        A64Form.UsublVec => LongUnsigned<Subtract>(instruction),
        A64Form.SmullVec => LongSigned<Multiply>(instruction),
        A64Form.UmullVec => LongUnsigned<Multiply>(instruction),
        A64Form.SmlalVec => LongSigned<MultiplyAdd>(instruction),
        A64Form.UmlalVec => LongUnsigned<MultiplyAdd>(instruction),
        A64Form.SmlslVec => LongSigned<MultiplySubtract>(instruction),
        A64Form.UmlslVec => LongUnsigned<MultiplySubtract>(instruction),
        A64Form.SaddwVec => WideSigned<Add>(instruction),
        A64Form.UaddwVec => WideUnsigned<Add>(instruction),
        A64Form.SsubwVec => WideSigned<Subtract>(instruction),
        A64Form.UsubwVec => WideUnsigned<Subtract>(instruction),
        A64Form.SshllVec => instruction.Lane switch
        {
            0 => &ShiftLong<sbyte, short>,
            1 => &ShiftLong<short, int>,
            _ => &ShiftLong<int, long>,
        },
        A64Form.UshllVec => instruction.Lane switch
        {
            0 => &ShiftLong<byte, ushort>,
            1 => &ShiftLong<ushort, uint>,
            _ => &ShiftLong<uint, ulong>,
        },
        _ => null,
    };

    private static Operation Shift<TShift>(in A64Instruction instruction, bool signed)
        where TShift : IVectorShift => (instruction.Lane, signed) switch
        {
            (0, false) => &Shift<TShift, byte>,
            (1, false) => &Shift<TShift, ushort>,
            (2, false) => &Shift<TShift, uint>,
            (_, false) => &Shift<TShift, ulong>,
            (0, true) => &Shift<TShift, sbyte>,
            (1, true) => &Shift<TShift, short>,
            (2, true) => &Shift<TShift, int>,
            (_, true) => &Shift<TShift, long>,
        };

    private static Operation LongSigned<TOperation>(in A64Instruction instruction)
        where TOperation : IVectorOperation => instruction.Lane switch
        {
            0 => &WholeLong<TOperation, sbyte, short>,
            1 => &WholeLong<TOperation, short, int>,
            _ => &WholeLong<TOperation, int, long>,
        };

    private static Operation LongUnsigned<TOperation>(in A64Instruction instruction)
        where TOperation : IVectorOperation => instruction.Lane switch
        {
            0 => &WholeLong<TOperation, byte, ushort>,
            1 => &WholeLong<TOperation, ushort, uint>,
            _ => &WholeLong<TOperation, uint, ulong>,
        };

    private static Operation WideSigned<TOperation>(in A64Instruction instruction)
        where TOperation : IVectorOperation => instruction.Lane switch
        {
            0 => &WholeWide<TOperation, sbyte, short>,
            1 => &WholeWide<TOperation, short, int>,
            _ => &WholeWide<TOperation, int, long>,
        };

    private static Operation WideUnsigned<TOperation>(in A64Instruction instruction)
        where TOperation : IVectorOperation => instruction.Lane switch
        {
            0 => &WholeWide<TOperation, byte, ushort>,
            1 => &WholeWide<TOperation, ushort, uint>,
            _ => &WholeWide<TOperation, uint, ulong>,
        };

    private static void Shift<TShift, T>(ref CoreState state, in A64Instruction instruction)
        where TShift : IVectorShift
        where T : unmanaged, IBinaryInteger<T>
    {
        ref Vector128<byte> d = ref state.V(instruction.Rd);
        Vector128<T> result = TShift.Apply(d.As<byte, T>(), state.V(instruction.Rn).As<byte, T>(), (int)instruction.Imm);
        d = Lanes.Truncate(result.AsByte(), instruction.Size);
    }

    private static void ShiftLong<T, TWide>(ref CoreState state, in A64Instruction instruction)
        where T : unmanaged, IBinaryInteger<T>
        where TWide : unmanaged, IBinaryInteger<TWide> =>
        state.V(instruction.Rd) = (WidenHalf<T, TWide>(state.V(instruction.Rn), instruction) << (int)instruction.Imm).AsByte();

    private static void WholeLong<TOperation, T, TWide>(ref CoreState state, in A64Instruction instruction)
        where TOperation : IVectorOperation
        where T : unmanaged, IBinaryInteger<T>
        where TWide : unmanaged, IBinaryInteger<TWide>
    {
        Vector128<TWide> n = WidenHalf<T, TWide>(state.V(instruction.Rn), instruction), m = WidenHalf<T, TWide>(state.V(instruction.Rm), instruction);
        ref Vector128<byte> d = ref state.V(instruction.Rd);
        d = TOperation.Apply(d.As<byte, TWide>(), n, m).AsByte();
    }

    private static void WholeWide<TOperation, T, TWide>(ref CoreState state, in A64Instruction instruction)
        where TOperation : IVectorOperation
        where T : unmanaged, IBinaryInteger<T>
        where TWide : unmanaged, IBinaryInteger<TWide>
    {
        Vector128<TWide> n = state.V(instruction.Rn).As<byte, TWide>(), m = WidenHalf<T, TWide>(state.V(instruction.Rm), instruction);
        state.V(instruction.Rd) = TOperation.Apply(default, n, m).AsByte();
    }

    /// <summary>The half that the form takes, its lanes extended: the upper one of a 16-byte form.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<TWide> WidenHalf<T, TWide>(Vector128<byte> vector, in A64Instruction instruction)
        where T : unmanaged
        where TWide : unmanaged
    {
        // The half is moved down, so that one kind of widening does.
        Vector128<byte> low = instruction.Size == 16 ? Vector128.CreateScalar(vector.AsUInt64()[1]).AsByte() : vector;
        return typeof(T) == typeof(byte) ? Vector128.WidenLower(low).As<ushort, TWide>()
            : typeof(T) == typeof(sbyte) ? Vector128.WidenLower(low.AsSByte()).As<short, TWide>()
            : typeof(T) == typeof(ushort) ? Vector128.WidenLower(low.AsUInt16()).As<uint, TWide>()
            : typeof(T) == typeof(short) ? Vector128.WidenLower(low.AsInt16()).As<int, TWide>()
            : typeof(T) == typeof(uint) ? Vector128.WidenLower(low.AsUInt32()).As<ulong, TWide>()
            : typeof(T) == typeof(int) ? Vector128.WidenLower(low.AsInt32()).As<long, TWide>()
            : throw new NotSupportedException();
    }

    private interface IVectorShift
    {
        /// <param name="d">The destination before.</param>
        /// <param name="n">The source.</param>
        /// <param name="amount">To the left less than the lane's width, to the right up to it.</param>
        static abstract Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, int amount)
            where T : unmanaged, IBinaryInteger<T>;
    }

    private readonly struct ShiftedLeft : IVectorShift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, int amount)
            where T : unmanaged, IBinaryInteger<T> => n << amount;
    }

    private readonly struct ShiftedRight : IVectorShift
    {
        // The host takes amounts modulo the width; a shift by all of it is done in two.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, int amount)
            where T : unmanaged, IBinaryInteger<T> =>
            T.IsNegative(T.Zero - T.One) ? (n >> (amount - 1)) >> 1 : (n >>> (amount - 1)) >>> 1;
    }

    private readonly struct PlusShiftedRight : IVectorShift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> n, int amount)
            where T : unmanaged, IBinaryInteger<T> => d + ShiftedRight.Apply(default, n, amount);
    }
}
