using System;

namespace MiniJit.IR.Interpretation;

/// <summary>Operations that move values between lanes, on the words of <see cref="Semantics"/>.</summary>
internal static class VectorSemantics
{
    /// <summary>Evaluates a shuffle, a narrowing, widening or pairwise operation.</summary>
    /// <returns>False if the opcode is none of those.</returns>
    public static bool TryEvaluate(in Operation op, ReadOnlySpan<ulong> x, ReadOnlySpan<ulong> y, Span<ulong> result)
    {
        switch (op.Opcode)
        {
            case Opcode.Shuffle or Opcode.Swizzle or Opcode.X86Pshufb:
                SelectBytes(op, x, y, result);
                return true;
            case Opcode.Snarrow or Opcode.Unarrow or Opcode.Uunarrow:
                Narrow(op, x, y, result);
                return true;
            case Opcode.SwidenLow or Opcode.SwidenHigh or Opcode.UwidenLow or Opcode.UwidenHigh:
                Widen(op, x, result);
                return true;
            case Opcode.IaddPairwise:
                AddPairs(op, x, y, result);
                return true;
            case Opcode.X86Pmaddubsw:
                MultiplyAddPairs(op, x, y, result);
                return true;
            default:
                return false;
        }
    }

    private static void SelectBytes(in Operation op, ReadOnlySpan<ulong> x, ReadOnlySpan<ulong> y, Span<ulong> result)
    {
        IrType type = IrType.I8X16;
        for (int i = 0; i < 16; i++)
        {
            int index = op.Opcode == Opcode.Shuffle ? (int)(byte)(op.Mask >> (i * 8)) : (int)Semantics.GetLane(y, type, i);
            UInt128 lane = op.Opcode switch
            {
                Opcode.Shuffle => Semantics.GetLane(index < 16 ? x : y, type, index & 15),
                Opcode.Swizzle => index < 16 ? Semantics.GetLane(x, type, index) : 0,
                _ => index < 128 ? Semantics.GetLane(x, type, index & 15) : 0,
            };
            Semantics.SetLane(result, type, i, lane);
        }
    }

    // The lanes of x, then those of y.
    private static void Narrow(in Operation op, ReadOnlySpan<ulong> x, ReadOnlySpan<ulong> y, Span<ulong> result)
    {
        IrType from = op.Source, to = op.Type;
        bool signedInput = op.Opcode != Opcode.Uunarrow, signedOutput = op.Opcode == Opcode.Snarrow;
        for (int i = 0; i < to.LaneCount; i++)
        {
            UInt128 lane = Semantics.GetLane(i < from.LaneCount ? x : y, from, i & (from.LaneCount - 1));
            UInt128 whole = signedInput ? IntSemantics.SignExtend(lane, from.LaneBits) : lane;
            Semantics.SetLane(result, to, i, IntSemantics.Saturate(whole, signedInput, signedOutput, to.LaneBits));
        }
    }

    private static void Widen(in Operation op, ReadOnlySpan<ulong> x, Span<ulong> result)
    {
        int first = op.Opcode is Opcode.SwidenHigh or Opcode.UwidenHigh ? op.Type.LaneCount : 0;
        bool signed = op.Opcode is Opcode.SwidenLow or Opcode.SwidenHigh;
        result.Clear();
        for (int i = 0; i < op.Type.LaneCount; i++)
        {
            UInt128 lane = Semantics.GetLane(x, op.Source, first + i);
            Semantics.SetLane(result, op.Type, i, signed ? IntSemantics.SignExtend(lane, op.Source.LaneBits) : lane);
        }
    }

    private static void AddPairs(in Operation op, ReadOnlySpan<ulong> x, ReadOnlySpan<ulong> y, Span<ulong> result)
    {
        IrType type = op.Type;
        for (int i = 0; i < type.LaneCount; i++)
        {
            bool fromX = i * 2 < type.LaneCount;
            ReadOnlySpan<ulong> pairs = fromX ? x : y;
            int pair = (i * 2) & (type.LaneCount - 1);
            Semantics.SetLane(result, type, i, Semantics.GetLane(pairs, type, pair) + Semantics.GetLane(pairs, type, pair + 1));
        }
    }

    // Bytes of x are signed, those of y unsigned; the sum of two products is clamped to 16 bits.
    private static void MultiplyAddPairs(in Operation op, ReadOnlySpan<ulong> x, ReadOnlySpan<ulong> y, Span<ulong> result)
    {
        for (int i = 0; i < 8; i++)
        {
            int sum = 0;
            for (int j = i * 2; j < (i * 2) + 2; j++)
            {
                sum += (sbyte)(byte)Semantics.GetLane(x, op.Source, j) * (byte)Semantics.GetLane(y, op.Source, j);
            }

            Semantics.SetLane(result, op.Type, i, (ushort)Math.Clamp(sum, short.MinValue, short.MaxValue));
        }
    }
}
