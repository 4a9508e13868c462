// What lowering rules see of vectors: constants, and masks of shuffles.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Codegen.Lowering;

internal abstract partial class LowerContext
{
    /// <summary>The bytes of a vconst or f128const, or of a splat of a constant, also behind bit casts.</summary>
    protected bool ConstantVector(Value value, Span<byte> bytes)
    {
        Inst inst = Def(BehindBitcasts(value));
        if (inst.IsNone)
        {
            return false;
        }

        if (Dfg[inst].Opcode is Opcode.Vconst or Opcode.F128const)
        {
            bytes.Clear();
            Function.ConstantData(Dfg[inst].Constant).CopyTo(bytes);
            return true;
        }

        if (Dfg[inst].Opcode != Opcode.Splat || !ScalarConstant(Arg(inst, 0), out ulong lane))
        {
            return false;
        }

        int laneBytes = TypeOf(Arg(inst, 0)).Bytes;
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(lane >> (i % laneBytes * 8));
        }

        return true;
    }

    /// <summary>The bits of an integer or float constant; of an integer, sign-extended.</summary>
    protected bool ScalarConstant(Value value, out ulong bits)
    {
        Inst inst = Def(value);
        bool isFloat = !inst.IsNone && Dfg[inst].Opcode is Opcode.F32const or Opcode.F64const;
        bool isInt = Const(value, out long integer);
        bits = isFloat ? Dfg[inst].FloatBits : (ulong)integer;
        return isFloat || isInt;
    }

    /// <summary>The value that the bit casts between vectors, if any, start from.</summary>
    protected Value BehindBitcasts(Value value)
    {
        for (Inst inst = DefBy(value, Opcode.Bitcast); !inst.IsNone; inst = DefBy(value, Opcode.Bitcast))
        {
            if (!IsPacked(TypeOf(Arg(inst, 0))) || Dfg.MemFlagsOf(inst).IsBig)
            {
                break;
            }

            value = Arg(inst, 0);
        }

        return value;
    }

    // ---- shuffles

    /// <summary>Lowers a shuffle.</summary>
    protected VReg Shuffle(Inst inst)
    {
        Value first = Arg(inst, 0), second = Arg(inst, 1);
        UInt128 bits = Function.ImmediateBits(Dfg[inst].Mask);
        Span<byte> mask = stackalloc byte[16];
        bool usesFirst = false, usesSecond = false;
        for (int i = 0; i < 16; i++)
        {
            mask[i] = (byte)(first == second ? (byte)(bits >> (8 * i)) & 15 : (byte)(bits >> (8 * i)));
            usesFirst |= mask[i] < 16;
            usesSecond |= mask[i] >= 16;
        }

        if (!usesFirst)
        {
            (first, second) = (second, first);
            Exchange(mask);
        }

        VReg x = Put(first), y = usesFirst && usesSecond ? Put(second) : x;
        return Shuffle(mask, x, y);
    }

    /// <summary>The mask for exchanged operands.</summary>
    protected static void Exchange(Span<byte> mask)
    {
        foreach (ref byte index in mask)
        {
            index ^= 16;
        }
    }

    /// <summary>
    /// Emits a shuffle and may overwrite the mask. It uses <paramref name="x"/>; if that is all it uses, <paramref name="y"/> is the same register
    /// and all indices are below 16.
    /// </summary>
    protected abstract VReg Shuffle(Span<byte> mask, VReg x, VReg y);

    /// <summary>
    /// Whether a shuffle takes 16 consecutive bytes of its two vectors, of which one may be the <paramref name="same"/> as the other.
    /// </summary>
    protected static bool IsConsecutive(ReadOnlySpan<byte> mask, bool same)
    {
        for (int i = 1; i < 16; i++)
        {
            if (mask[i] != (same ? (mask[0] + i) & 15 : mask[0] + i))
            {
                return false;
            }
        }

        return mask[0] < 16;
    }
}
