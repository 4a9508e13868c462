// The value semantics of every opcode that has one, for every type it allows: what the interpreter falls back on, and what
// tests compare with. A value is a little row of 64-bit words, lane 0 in the low bits of the first: one word for anything of
// up to 64 bits, two for 128 bits, more for wider vectors. Unused bits of the last word are zero.
using System;
using System.Diagnostics;

namespace MiniJit.IR.Interpretation;

/// <summary>Pure functions from operands to results or a trap code.</summary>
internal static class Semantics
{
    /// <summary>Words of the widest type (256 lanes of 128 bits).</summary>
    public const int MaxWords = 512;

    /// <summary>Number of words that hold a value of the type.</summary>
    public static int WordsOf(IrType type) => Math.Max(1, type.Bits >> 6);

    /// <summary>Evaluates an operation on values of up to 128 bits.</summary>
    /// <param name="op">The operation.</param>
    /// <param name="x">First operand.</param>
    /// <param name="y">Second operand, where there is one.</param>
    /// <param name="z">Third operand, where there is one.</param>
    /// <param name="result">The result.</param>
    /// <param name="second">The second result of isplit and of what yields an overflow flag; <c>default</c> otherwise.</param>
    /// <param name="trap">The trap code instead of results, or none.</param>
    /// <returns>False if the opcode has no value semantics: control flow, memory, machine state.</returns>
    public static bool TryEvaluate(in Operation op, DataValue x, DataValue y, DataValue z, out DataValue result, out DataValue second, out TrapCode trap)
    {
        ReadOnlySpan<ulong> xs = [x.LowBits, x.HighBits], ys = [y.LowBits, y.HighBits], zs = [z.LowBits, z.HighBits];
        Span<ulong> first = stackalloc ulong[2], other = stackalloc ulong[2];
        first.Clear();
        other.Clear();
        IrType secondType = SecondResult(op);
        bool known = TryEvaluate(op, xs, ys, zs, first, other, out trap);
        result = known && trap.IsNone ? new(op.Type, new UInt128(first[1], first[0])) : default;
        second = known && trap.IsNone && !secondType.IsNone ? new(secondType, new UInt128(other[1], other[0])) : default;
        return known;
    }

    /// <summary>Evaluates an operation on words. Results may not overlap operands.</summary>
    /// <param name="op">The operation.</param>
    /// <param name="x">First operand.</param>
    /// <param name="y">Second operand.</param>
    /// <param name="z">Third operand.</param>
    /// <param name="result">Words of the result.</param>
    /// <param name="second">Words of the second result.</param>
    /// <param name="trap">The trap code instead of results, or none.</param>
    /// <returns>False if the opcode has no value semantics.</returns>
    public static bool TryEvaluate(
        in Operation op,
        ReadOnlySpan<ulong> x,
        ReadOnlySpan<ulong> y,
        ReadOnlySpan<ulong> z,
        Span<ulong> result,
        Span<ulong> second,
        out TrapCode trap)
    {
        trap = default;
        int lanes = op.Type.LaneCount;
        switch (op.Opcode)
        {
            // ---- the same function on every lane
            case Opcode.Icmp or Opcode.Fcmp:
                CompareLanes(op, x, y, result);
                return true;
            case Opcode.Ishl or Opcode.Ushr or Opcode.Sshr or Opcode.Rotl or Opcode.Rotr:
                for (int i = 0; i < lanes; i++)
                {
                    EvaluateInt(op.Opcode, op.Type.LaneBits, GetLane(x, op.Type, i), y[0], out UInt128 lane, out trap);
                    SetLane(result, op.Type, i, lane);
                }

                return true;
            case Opcode.FcvtFromSint or Opcode.FcvtFromUint or Opcode.FcvtToSintSat or Opcode.FcvtToUintSat or Opcode.FcvtToSint or Opcode.FcvtToUint
                or Opcode.X86Cvtt2dq or Opcode.Fpromote or Opcode.Fdemote or Opcode.Fvdemote or Opcode.FvpromoteLow:
                return Convert(op, x, result, out trap);
            case Opcode.Blendv:
                for (int i = 0; i < lanes; i++)
                {
                    bool pick = IntSemantics.IsNegative(GetLane(x, op.Type, i), op.Type.LaneBits);
                    SetLane(result, op.Type, i, GetLane(pick ? y : z, op.Type, i));
                }

                return true;

            // ---- whole values
            case Opcode.Select or Opcode.SelectSpectreGuard:
                Copy(x.ContainsAnyExcept(0UL) ? y : z, result);
                return true;
            case Opcode.Bitselect:
                for (int i = 0; i < result.Length; i++)
                {
                    result[i] = (x[i] & y[i]) | (~x[i] & z[i]);
                }

                return true;
            case Opcode.Bitcast or Opcode.ExtractVector:               // lane order follows byte order, so the bits stay where they are
                Copy(x, result);
                return true;
            case Opcode.Uextend or Opcode.Ireduce:
                WriteScalar(result, op.Type, ReadScalar(x, op.Source));
                return true;
            case Opcode.Sextend:
                WriteScalar(result, op.Type, IntSemantics.SignExtend(ReadScalar(x, op.Source), op.Source.Bits));
                return true;
            case Opcode.Bmask:
                WriteScalar(result, op.Type, ReadScalar(x, op.Source) != 0 ? UInt128.MaxValue : 0);
                return true;
            case Opcode.Iconcat:
                WriteScalar(result, op.Type, ReadScalar(x, op.Source) | (ReadScalar(y, op.Source) << op.Source.Bits));
                return true;
            case Opcode.Isplit:
                WriteScalar(result, op.Type, ReadScalar(x, op.Source));
                WriteScalar(second, op.Type, ReadScalar(x, op.Source) >> op.Type.Bits);
                return true;
            case Opcode.UaddOverflow or Opcode.SaddOverflow or Opcode.UsubOverflow or Opcode.SsubOverflow or Opcode.UmulOverflow or Opcode.SmulOverflow
                or Opcode.UaddOverflowCin or Opcode.SaddOverflowCin or Opcode.UsubOverflowBin or Opcode.SsubOverflowBin or Opcode.UaddOverflowTrap:
                return WithFlag(op, x, y, z, result, second, out trap);

            // ---- vector shapes
            case Opcode.Splat or Opcode.ScalarToVector:
                result.Clear();
                for (int i = 0; i < (op.Opcode == Opcode.Splat ? lanes : 1); i++)
                {
                    SetLane(result, op.Type, i, GetLane(x, op.Type.LaneType, 0));
                }

                return true;
            case Opcode.Extractlane:
                WriteScalar(result, op.Type, GetLane(x, op.Source, op.Immediate & (op.Source.LaneCount - 1)));
                return true;
            case Opcode.Insertlane:
                Copy(x, result);
                SetLane(result, op.Type, op.Immediate & (lanes - 1), GetLane(y, op.Type.LaneType, 0));
                return true;
            case Opcode.VanyTrue or Opcode.VallTrue or Opcode.VhighBits:
                WriteScalar(result, op.Type, Reduce(op, x));
                return true;
            default:
                return VectorSemantics.TryEvaluate(op, x, y, result) || EachLane(op, x, y, z, result, out trap);
        }
    }

    /// <summary>The type of the second result, or none.</summary>
    public static IrType SecondResult(in Operation op) => op.Opcode switch
    {
        Opcode.Isplit => op.Type,
        Opcode.UaddOverflow or Opcode.SaddOverflow or Opcode.UsubOverflow or Opcode.SsubOverflow or Opcode.UmulOverflow or Opcode.SmulOverflow
            or Opcode.UaddOverflowCin or Opcode.SaddOverflowCin or Opcode.UsubOverflowBin or Opcode.SsubOverflowBin => IrType.I8,
        _ => default,
    };

    public static UInt128 GetLane(ReadOnlySpan<ulong> words, IrType type, int lane)
    {
        int bits = type.LaneBits;
        if (bits == 128)
        {
            return new(words[(lane * 2) + 1], words[lane * 2]);
        }

        int position = lane * bits;
        return (words[position >> 6] >> (position & 63)) & IntSemantics.Mask<ulong>(bits);
    }

    public static void SetLane(Span<ulong> words, IrType type, int lane, UInt128 value)
    {
        int bits = type.LaneBits;
        if (bits == 128)
        {
            words[lane * 2] = (ulong)value;
            words[(lane * 2) + 1] = (ulong)(value >> 64);
            return;
        }

        int position = lane * bits;
        ulong mask = IntSemantics.Mask<ulong>(bits);
        ref ulong word = ref words[position >> 6];
        word = (word & ~(mask << (position & 63))) | (((ulong)value & mask) << (position & 63));
    }

    public static UInt128 ReadScalar(ReadOnlySpan<ulong> words, IrType type) => GetLane(words, type, 0);

    public static void WriteScalar(Span<ulong> words, IrType type, UInt128 value)
    {
        words[0] = 0;
        SetLane(words, type, 0, value);
    }

    /// <summary>One lane of integer arithmetic in the narrowest word that carries it.</summary>
    public static bool EvaluateInt(Opcode opcode, int bits, UInt128 x, UInt128 y, out UInt128 result, out TrapCode trap)
    {
        if (bits == 128)
        {
            return IntSemantics.TryEvaluate(opcode, bits, x, y, out result, out trap);
        }

        bool known = IntSemantics.TryEvaluate(opcode, bits, (ulong)x, (ulong)y, out ulong narrow, out trap);
        result = narrow;
        return known;
    }

    private static bool EachLane(in Operation op, ReadOnlySpan<ulong> x, ReadOnlySpan<ulong> y, ReadOnlySpan<ulong> z, Span<ulong> result, out TrapCode trap)
    {
        trap = default;
        IrType type = op.Type;
        if (type.IsNone)
        {
            return false;
        }

        int operands = op.Opcode.Info().Operands.Length;
        for (int i = 0; i < type.LaneCount; i++)
        {
            UInt128 a = GetLane(x, type, i);
            UInt128 b = operands > 1 ? GetLane(y, type, i) : 0;
            UInt128 c = operands > 2 ? GetLane(z, type, i) : 0;
            UInt128 lane;
            if (!(type.HasFloatLanes && FloatSemantics.TryEvaluate(op.Opcode, type, a, b, c, out lane))
                && !EvaluateInt(op.Opcode, type.LaneBits, a, b, out lane, out trap))
            {
                return false;
            }

            SetLane(result, type, i, lane);
        }

        return true;
    }

    private static void CompareLanes(in Operation op, ReadOnlySpan<ulong> x, ReadOnlySpan<ulong> y, Span<ulong> result)
    {
        IrType type = op.Source;
        for (int i = 0; i < type.LaneCount; i++)
        {
            UInt128 a = GetLane(x, type, i), b = GetLane(y, type, i);
            bool holds = op.Opcode == Opcode.Fcmp
                ? FloatSemantics.Compare((FloatCC)op.Immediate, type, a, b)
                : IntSemantics.Compare((IntCC)op.Immediate, a, b, type.LaneBits);
            SetLane(result, op.Type, i, !holds ? 0 : type.IsScalar ? 1 : UInt128.MaxValue);
        }
    }

    private static bool Convert(in Operation op, ReadOnlySpan<ulong> x, Span<ulong> result, out TrapCode trap)
    {
        trap = default;
        IrType from = op.Source, to = op.Type;
        if (op.Opcode == Opcode.Fvdemote)
        {
            result.Clear();                                            // the upper lanes
        }

        for (int i = 0; i < Math.Min(from.LaneCount, to.LaneCount) && trap.IsNone; i++)
        {
            UInt128 lane = GetLane(x, from, i), converted;
            switch (op.Opcode)
            {
                case Opcode.FcvtFromSint or Opcode.FcvtFromUint:
                    converted = FloatSemantics.FromInteger(op.Opcode == Opcode.FcvtFromSint, from.LaneBits, to, lane);
                    break;
                case Opcode.X86Cvtt2dq:
                    converted = FloatSemantics.ToIntegerOrSmallest(from, to.LaneBits, lane);
                    break;
                case Opcode.Fpromote or Opcode.Fdemote or Opcode.Fvdemote or Opcode.FvpromoteLow:
                    converted = FloatSemantics.Convert(from, to, lane);
                    break;
                default:
                    bool signed = op.Opcode is Opcode.FcvtToSint or Opcode.FcvtToSintSat;
                    bool saturating = op.Opcode is Opcode.FcvtToSintSat or Opcode.FcvtToUintSat;
                    trap = FloatSemantics.ToInteger(signed, saturating, from, to.LaneBits, lane, out converted);
                    break;
            }

            SetLane(result, to, i, converted);
        }

        return true;
    }

    private static bool WithFlag(in Operation op, ReadOnlySpan<ulong> x, ReadOnlySpan<ulong> y, ReadOnlySpan<ulong> z, Span<ulong> result, Span<ulong> second, out TrapCode trap)
    {
        bool carry = op.Opcode is Opcode.UaddOverflowCin or Opcode.SaddOverflowCin or Opcode.UsubOverflowBin or Opcode.SsubOverflowBin && z[0] != 0;
        UInt128 a = ReadScalar(x, op.Source), b = ReadScalar(y, op.Source), value;
        bool flag;
        if (op.Source.Bits == 128)
        {
            IntSemantics.TryEvaluateWithFlag(op.Opcode, 128, a, b, carry, out value, out flag);
        }
        else
        {
            IntSemantics.TryEvaluateWithFlag(op.Opcode, op.Source.Bits, (ulong)a, (ulong)b, carry, out ulong narrow, out flag);
            value = narrow;
        }

        WriteScalar(result, op.Type, value);
        trap = op.Opcode == Opcode.UaddOverflowTrap && flag ? op.Trap : default;
        if (op.Opcode != Opcode.UaddOverflowTrap)
        {
            second[0] = flag ? 1UL : 0;
        }

        return true;
    }

    private static UInt128 Reduce(in Operation op, ReadOnlySpan<ulong> x)
    {
        IrType type = op.Source;
        bool any = false, all = true;
        UInt128 high = 0;
        for (int i = 0; i < type.LaneCount; i++)
        {
            UInt128 lane = GetLane(x, type, i);
            any |= lane != 0;
            all &= lane != 0;
            if (i < 64 && IntSemantics.IsNegative(lane, type.LaneBits))
            {
                high |= UInt128.One << i;
            }
        }

        return op.Opcode == Opcode.VhighBits ? high : (op.Opcode == Opcode.VanyTrue ? any : all) ? UInt128.One : 0;
    }

    private static void Copy(ReadOnlySpan<ulong> from, Span<ulong> to)
    {
        Debug.Assert(from.Length >= to.Length);
        from[..to.Length].CopyTo(to);
    }
}
