using System;
using System.Collections.Generic;
using System.Numerics;
using MiniJit.IR.Interpretation;
using Xunit;

namespace MiniJit.IR.Tests.Interpretation;

public sealed class SemanticsTests
{
    private static readonly Opcode[] s_integer =
    [
        Opcode.Iadd, Opcode.Isub, Opcode.Imul, Opcode.Ineg, Opcode.Iabs, Opcode.Umulhi, Opcode.Smulhi, Opcode.Udiv, Opcode.Sdiv, Opcode.Urem, Opcode.Srem,
        Opcode.Smin, Opcode.Umin, Opcode.Smax, Opcode.Umax, Opcode.UaddSat, Opcode.SaddSat, Opcode.UsubSat, Opcode.SsubSat, Opcode.AvgRound, Opcode.Bnot,
        Opcode.Ishl, Opcode.Ushr, Opcode.Sshr, Opcode.Rotl, Opcode.Rotr, Opcode.Bitrev, Opcode.Bswap, Opcode.Clz, Opcode.Cls, Opcode.Ctz, Opcode.Popcnt,
    ];

    private static readonly Opcode[] s_withFlag =
    [
        Opcode.UaddOverflow, Opcode.SaddOverflow, Opcode.UsubOverflow, Opcode.SsubOverflow, Opcode.UmulOverflow, Opcode.SmulOverflow,
        Opcode.UaddOverflowCin, Opcode.SaddOverflowCin, Opcode.UsubOverflowBin, Opcode.SsubOverflowBin,
    ];

    [Fact]
    public void Integer_semantics_do_not_depend_on_the_word_that_carries_them()
    {
        Random random = new(7);
        foreach (int bits in (ReadOnlySpan<int>)[8, 16, 32, 64])
        {
            for (int i = 0; i < 300; i++)
            {
                ulong x = Next(random, bits), y = Next(random, bits);
                foreach (Opcode opcode in s_integer)
                {
                    Assert.True(IntSemantics.TryEvaluate(opcode, bits, x, y, out ulong narrow, out TrapCode trap));
                    Assert.True(IntSemantics.TryEvaluate(opcode, bits, (UInt128)x, y, out UInt128 wide, out TrapCode wideTrap));
                    Assert.True(narrow == wide && trap == wideTrap, $"{opcode}.i{bits} {x:x} {y:x}: {narrow:x} or {wide:x}");
                }

                foreach (Opcode opcode in s_withFlag)
                {
                    Assert.True(IntSemantics.TryEvaluateWithFlag(opcode, bits, x, y, (i & 1) != 0, out ulong narrow, out bool flag));
                    Assert.True(IntSemantics.TryEvaluateWithFlag(opcode, bits, (UInt128)x, y, (i & 1) != 0, out UInt128 wide, out bool wideFlag));
                    Assert.True(narrow == wide && flag == wideFlag, $"{opcode}.i{bits} {x:x} {y:x}");
                }
            }
        }
    }

    [Fact]
    public void Arithmetic_is_that_of_the_integers_modulo_the_width()
    {
        Random random = new(8);
        for (int i = 0; i < 3000; i++)
        {
            int bits = 8 << random.Next(5);
            UInt128 x = Next128(random, bits), y = Next128(random, bits);
            BigInteger ux = (BigInteger)x, uy = (BigInteger)y, sx = Signed(x, bits), sy = Signed(y, bits), one = (i & 1) != 0 ? 1 : 0;
            Check(Opcode.Iadd, ux + uy);
            Check(Opcode.Isub, ux - uy);
            Check(Opcode.Imul, ux * uy);
            Check(Opcode.Umulhi, (ux * uy) >> bits);
            Check(Opcode.Smulhi, (sx * sy) >> bits);
            Check(Opcode.AvgRound, (ux + uy + 1) >> 1);
            Check(Opcode.SaddSat, Clamp(sx + sy, true));
            Check(Opcode.SsubSat, Clamp(sx - sy, true));
            Check(Opcode.UaddSat, Clamp(ux + uy, false));
            Check(Opcode.UsubSat, Clamp(ux - uy, false));
            CheckFlag(Opcode.UaddOverflowCin, ux + uy + one, false);
            CheckFlag(Opcode.SaddOverflowCin, sx + sy + one, true);
            CheckFlag(Opcode.UsubOverflowBin, ux - uy - one, false);
            CheckFlag(Opcode.SsubOverflowBin, sx - sy - one, true);
            if (bits < 128)
            {
                CheckFlag(Opcode.UmulOverflow, ux * uy, false);
                CheckFlag(Opcode.SmulOverflow, sx * sy, true);
            }

            if (y != 0)
            {
                Check(Opcode.Udiv, ux / uy);
                Check(Opcode.Urem, ux % uy);
                Check(Opcode.Srem, BigInteger.Remainder(sx, sy));
            }

            if (y != 0 && !(x == UInt128.One << (bits - 1) && sy == -1))
            {
                Check(Opcode.Sdiv, BigInteger.Divide(sx, sy));
            }

            void Check(Opcode opcode, BigInteger expected)
            {
                Assert.True(Semantics.EvaluateInt(opcode, bits, x, y, out UInt128 actual, out TrapCode trap) && trap.IsNone);
                Assert.True(Low(expected, bits) == actual, $"{opcode}.i{bits} {x:x} {y:x}: {actual:x}");
            }

            void CheckFlag(Opcode opcode, BigInteger expected, bool signed)
            {
                Assert.True(IntSemantics.TryEvaluateWithFlag(opcode, bits, x, y, !one.IsZero, out UInt128 actual, out bool flag));
                Assert.True(Low(expected, bits) == actual && flag == (Clamp(expected, signed) != expected), $"{opcode}.i{bits} {x:x} {y:x}: {actual:x} {flag}");
            }

            BigInteger Clamp(BigInteger value, bool signed)
            {
                BigInteger range = BigInteger.One << bits;
                return signed ? BigInteger.Clamp(value, -range / 2, (range / 2) - 1) : BigInteger.Clamp(value, 0, range - 1);
            }
        }
    }

    [Fact]
    public void Every_pure_opcode_has_semantics_for_every_type_it_allows()
    {
        Random random = new(9);
        ulong[] words = new ulong[Semantics.MaxWords];
        ulong[] result = new ulong[Semantics.MaxWords], second = new ulong[Semantics.MaxWords];
        int combinations = 0;
        foreach (OpcodeInfo info in OpcodeTable.Rows)
        {
            bool pure = (info.Traits & ~(OpcodeTraits.CanTrap | OpcodeTraits.Idempotent | OpcodeTraits.Commutative)) == 0;
            if (!pure || info.Operands.IsEmpty || info.Results.IsEmpty)
            {
                continue;
            }

            foreach (Operation op in Combinations(info))
            {
                random.NextBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(words.AsSpan()));
                Operation masked = op with { Immediate = (byte)(info.Format == InstructionFormat.FloatCompare ? 5 : 0), Mask = 0x1f1e0d0c };
                result.AsSpan().Clear();
                Assert.True(
                    Semantics.TryEvaluate(masked, words, words, words, result.AsSpan(0, Semantics.WordsOf(op.Type)), second, out _),
                    $"{info.Name} {op.Source} -> {op.Type}");
                combinations++;
            }
        }

        Assert.True(combinations > 2000, $"{combinations}");
    }

    [Fact]
    public void Folding_allocates_nothing_and_leaves_traps_and_nans_alone()
    {
        Fold();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Fold();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        Assert.False(ScalarSemantics.TryFold(Opcode.Sdiv, IrType.I32, 0x80000000, 0xffffffff, out _));
        Assert.False(ScalarSemantics.TryFold(Opcode.Fdiv, IrType.F32, 0, 0, out _));
        Assert.False(ScalarSemantics.TryFold(Opcode.Iadd, IrType.I32X4, 1, 2, out _));
        Assert.False(ScalarSemantics.TryFold(Opcode.UaddOverflow, IrType.I32, 1, 2, out _));
        Assert.False(ScalarSemantics.TryFold(Opcode.Load, IrType.I32, 1, 2, out _));
        Assert.True(ScalarSemantics.TryFold(Opcode.Fneg, IrType.F32, 0x7fc00000, 0, out ulong negated) && negated == 0xffc00000);
        Assert.True(ScalarSemantics.TryConvert(Opcode.Sextend, IrType.I64, IrType.I8, 0x80, out ulong extended) && extended == 0xffff_ffff_ffff_ff80);
        Assert.True(ScalarSemantics.Fold(IntCC.SignedLessThan, IrType.I8, 0xff, 1));

        static void Fold()
        {
            Assert.True(ScalarSemantics.TryFold(Opcode.Iadd, IrType.I8, 0xff, 2, out ulong sum) && sum == 1);
            Assert.True(ScalarSemantics.TryFold(Opcode.Fadd, IrType.F16, 0x3c00, 0x3c00, out ulong two) && two == 0x4000);
            Assert.True(ScalarSemantics.TryFold(Opcode.Fmul, IrType.F64, 0x4000000000000000, 0x4000000000000000, out ulong four) && four == 0x4010000000000000);
            Assert.True(ScalarSemantics.TryConvert(Opcode.FcvtToSint, IrType.I32, IrType.F64, 0xc000000000000000, out ulong minusTwo) && minusTwo == 0xfffffffe);
        }
    }

    // Every allowed shape of an opcode, dynamic vectors by their bases.
    private static IEnumerable<Operation> Combinations(OpcodeInfo info)
    {
        for (int raw = 0; raw < IrType.RawLimit; raw++)
        {
            IrType controlling = IrType.FromRaw((byte)raw);
            if (info.IsPolymorphic ? !info.ControllingTypes.Contains(controlling) : raw != 0)
            {
                continue;
            }

            TypeRule rule = info.Operands[info.Opcode is Opcode.Select or Opcode.SelectSpectreGuard ? 1 : 0];
            IrType type = TypeRules.Resolve(info.Results[0], controlling);
            IrType exact = TypeRules.Resolve(rule, controlling);
            for (int other = 0; other < IrType.RawLimit; other++)
            {
                IrType source = IrType.FromRaw((byte)other);
                bool fits = exact.IsNone ? TypeRules.Allows(rule, controlling, source) : exact == source;
                fits &= info.Opcode != Opcode.Bitcast || source.Bits == controlling.Bits;
                if (fits)
                {
                    yield return new(info.Opcode, Operation.Fixed(type), Operation.Fixed(source));
                }
            }
        }
    }

    private static ulong Next(Random random, int bits) => (ulong)Next128(random, bits);

    // Small numbers, extremes and their neighbours come up often.
    private static UInt128 Next128(Random random, int bits)
    {
        UInt128 mask = UInt128.MaxValue >> (128 - bits), any = ((UInt128)(ulong)random.NextInt64() << 65) ^ ((UInt128)(ulong)random.NextInt64() << 32) ^ (ulong)random.NextInt64();
        return random.Next(4) switch
        {
            0 => (UInt128)(Int128)random.Next(-3, 4),
            1 => (UInt128.One << (bits - 1)) + (UInt128)(Int128)random.Next(-2, 3),
            2 => any >> random.Next(128),
            _ => any,
        } & mask;
    }

    private static BigInteger Signed(UInt128 x, int bits) => (x >> (bits - 1)) != 0 ? (BigInteger)x - (BigInteger.One << bits) : (BigInteger)x;

    private static UInt128 Low(BigInteger x, int bits) => (UInt128)(x & ((BigInteger.One << bits) - 1));
}
