// Random register contents in which the values that arithmetic stumbles over are frequent: limits, powers of two and their neighbours,
// infinities, NaNs of both kinds with payloads, subnormal numbers, halves, and numbers whose exponents are close enough to interact.
using System.Runtime.Intrinsics;
using MiniJit.Coherence.Arithmetic;
using MiniJit.IR;

namespace MiniJit.Coherence.Tests.Fidelity;

internal static class EdgeValues
{
    public static ulong General(SplitMix64 random) => random.Below(12) switch
    {
        0 => 0,
        1 => ulong.MaxValue,
        2 => 1UL << random.Below(64),
        3 => (1UL << random.Below(64)) - 1,
        4 => 0UL - (1UL << random.Below(64)),
        5 => (ulong)random.Below(256),
        6 => (uint)random.Next(),
        7 => (ulong)(int)random.Next(),
        8 => Integer(random, 32) | (Integer(random, 32) << 32),
        _ => random.Next(),
    };

    /// <summary>A vector register whose lanes, of a random size, are integers or numbers.</summary>
    public static Vector128<ulong> Vector(SplitMix64 random)
    {
        int bits = 8 << random.Below(4);
        bool isFloat = bits > 8 && random.Chance(70);
        bool same = random.OneIn(8);
        ulong low = 0, high = 0, lane = 0;
        for (int i = 0; i < 128; i += bits)
        {
            lane = same && i > 0 ? lane : isFloat ? Float(random, bits) : Integer(random, bits);
            if (i < 64)
            {
                low |= lane << i;
            }
            else
            {
                high |= lane << (i - 64);
            }
        }

        return Vector128.Create(low, high);
    }

    public static GuestState State(SplitMix64 random)
    {
        GuestState state = new();
        for (int i = 0; i <= GuestState.StackPointer; i++)
        {
            state.Words[i] = General(random);
        }

        for (int i = 0; i < 32; i++)
        {
            Vector128<ulong> register = Vector(random);
            state.Words[GuestState.Vectors + (2 * i)] = register[0];
            state.Words[GuestState.Vectors + (2 * i) + 1] = register[1];
        }

        state.Words[GuestState.StackPointer] &= ~15UL;
        state.Words[GuestState.Flags] = (random.Next() & 15) << 28;
        state.Words[GuestState.FloatControl] = random.Chance(50) ? 0 : random.Next() & FloatEnvironment.ControlMask;
        state.Words[GuestState.FloatStatus] = random.Below(3) switch
        {
            0 => 0,
            1 => (ulong)FloatFlags.Inexact,
            _ => random.Next() & (ulong)FloatEnvironment.StatusMask,
        };
        return state;
    }

    private static ulong Integer(SplitMix64 random, int bits)
    {
        ulong mask = ulong.MaxValue >> (64 - bits);
        return mask & random.Below(8) switch
        {
            0 => 0,
            1 => ulong.MaxValue,
            2 => 1UL << (bits - 1),
            3 => (1UL << (bits - 1)) - 1,
            4 => (1UL << random.Below(bits)) + (ulong)random.Between(-1, 1),
            5 => (ulong)(long)random.Between(-20, 20),
            _ => random.Next(),
        };
    }

    private static ulong Float(SplitMix64 random, int bits)
    {
        FloatFormat format = bits == 16 ? FloatFormat.Half : bits == 32 ? FloatFormat.Single : FloatFormat.Double;
        ulong fraction = random.OneIn(3) ? Integer(random, format.FractionBits) : random.Next() & format.FractionMask;
        ulong sign = random.OneIn(3) ? format.SignBit : 0;
        return sign | random.Below(16) switch
        {
            0 => 0,
            1 => format.Infinity,
            2 => format.Infinity | format.QuietBit | fraction,
            3 => format.Infinity | ((fraction | 1) & ~format.QuietBit),
            4 => fraction,
            5 => (1UL << format.FractionBits) + (ulong)random.Between(-1, 1),
            6 => format.Infinity - (ulong)random.Between(1, 3),
            7 => format.PowerOfTwo(random.Between(-1, 2)) | (fraction & format.QuietBit),
            8 => Number(format, random.Between(-2, format.FractionBits + 1), fraction & ~(format.FractionMask >> 4)),
            9 => Number(format, random.Between(14, 17) << random.Below(3), fraction) + (ulong)random.Between(-1, 1),
            10 => Number(format, random.Between(-format.Bias + 1, format.Bias), fraction),
            11 => Number(format, random.Between(-format.Bias + 1, -format.Bias + 1 + format.FractionBits), fraction),
            12 => Number(format, random.Between(format.Bias - 3, format.Bias), fraction),
            _ => Number(format, random.Between(-12, 12), fraction),
        };
    }

    private static ulong Number(FloatFormat format, int exponent, ulong fraction) =>
        format.PowerOfTwo(System.Math.Min(exponent, format.Bias)) | fraction;
}
