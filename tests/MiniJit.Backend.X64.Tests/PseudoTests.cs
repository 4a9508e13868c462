// Pseudo-instructions, run on the host against what C# computes.
using System;
using System.Globalization;
using System.Numerics;
using MiniJit.Codegen;
using MiniJit.Codegen.Machine;
using MiniJit.IR;
using Xunit;
using static MiniJit.Backend.X64.Registers;

namespace MiniJit.Backend.X64.Tests;

public class PseudoTests
{
    private static readonly ulong[] s_integers =
    [
        0, 1, 2, 3, 127, 255, 256, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000, (1ul << 24) + 1, (1ul << 53) + 1, (1ul << 62) + 1,
        long.MaxValue, 1ul << 63, (1ul << 63) + 1, (1ul << 63) + 1025, (1ul << 63) + 0x80_0000_0000, (1ul << 63) + 0x80_0000_0001, ulong.MaxValue - 1024, ulong.MaxValue,
    ];

    private static readonly double[] s_floats =
    [
        0.0, -0.0, 0.5, -0.5, -0.99999, 1, -1, 1.99, 127.9, 255.5, 2147483646.9, 2147483647.0, 2147483647.5, 2147483648.0, 2147483649.0, -2147483648.0, -2147483648.5,
        -2147483649.0, 4294967295.0, 4294967295.5, 4294967296.0, 4294967297.0, 9007199254740993.0, 9223372036854774784.0, 9223372036854775808.0, 9223372036854777856.0,
        -9223372036854775808.0, -9223372036854777856.0, 18446744073709549568.0, 18446744073709551616.0, 1e30, -1e30, 5e-324, double.NaN, double.PositiveInfinity, double.NegativeInfinity,
    ];

    private readonly EmitHarness _harness = new();

    [Fact]
    public void Unsigned_64_bit_integers_convert_to_floats_with_one_rounding()
    {
        foreach (int size in new[] { 4, 8 })
        {
            _harness.Reset();
            _harness.Block();
            _harness.Add(X64Form.CvtUint64ToFloat, size, Xmm0, Rdi);
            _harness.Add(X64Form.Ret, 0, Xmm0);
            using NativeCode native = new(_harness.Emit());
            foreach (ulong value in s_integers)
            {
                if (size == 4)
                {
                    Assert.Equal(float.Parse(value.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture), native.ToFloat((long)value));
                }
                else
                {
                    Assert.Equal(double.Parse(value.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture), native.ToDouble((long)value));
                }
            }
        }
    }

    [Theory]
    [InlineData(4, 4)]
    [InlineData(4, 8)]
    [InlineData(8, 4)]
    [InlineData(8, 8)]
    public void Floats_convert_to_integers_trapping_and_saturating(int floatSize, int size)
    {
        foreach (X64Form form in new[] { X64Form.CvtToSintTrap, X64Form.CvtToUintTrap, X64Form.CvtToSintSat, X64Form.CvtToUintSat })
        {
            bool isSigned = form is X64Form.CvtToSintTrap or X64Form.CvtToSintSat, traps = form is X64Form.CvtToSintTrap or X64Form.CvtToUintTrap;
            _harness.Reset();
            _harness.Block();
            _harness.Add(form, size, Rax, Xmm0).Aux = (byte)floatSize;
            _harness.Add(X64Form.Ret, 0, Rax);
            using NativeCode native = new(_harness.Emit());
            foreach (double value in s_floats)
            {
                double x = floatSize == 4 ? (float)value : value;
                long actual = floatSize == 4 ? native.CallFloat((float)value) : native.CallDouble(value);
                long expected = Reference(x, size, isSigned, traps, out bool trapped);
                if (size == 4 && !trapped)
                {
                    actual = (uint)actual;
                    expected = (uint)expected;
                }

                Assert.True(expected == actual, $"{form} f{floatSize * 8} {x:R} to i{size * 8}: expected {expected:x}, got {actual:x}");
            }
        }
    }

    private static long Reference(double x, int size, bool isSigned, bool traps, out bool trapped)
    {
        trapped = false;
        if (double.IsNaN(x))
        {
            trapped = traps;
            return traps ? NativeCode.TrapBase + TrapCode.BadConversionToInteger.Raw : 0;
        }

        BigInteger low = isSigned ? -(BigInteger.One << ((size * 8) - 1)) : BigInteger.Zero;
        BigInteger high = (BigInteger.One << ((size * 8) - (isSigned ? 1 : 0))) - 1;
        bool below = double.IsNegativeInfinity(x) || (!double.IsInfinity(x) && (BigInteger)x < low);
        bool above = double.IsPositiveInfinity(x) || (!double.IsInfinity(x) && (BigInteger)x > high);
        if ((below || above) && traps)
        {
            trapped = true;
            return NativeCode.TrapBase + TrapCode.IntegerOverflow.Raw;
        }

        BigInteger result = below ? low : above ? high : (BigInteger)x;
        return result > long.MaxValue ? (long)(ulong)result : (long)result;
    }

    [Fact]
    public unsafe void Compare_exchange_loops_compute_their_operator_at_every_width()
    {
        long[] values = [0, 1, -1, 0x7F, 0x80, 0x1234, 0x8000, 0x7FFF_FFFF, 0x8000_0000, long.MinValue, long.MaxValue, 0x5A5A_5A5A_A5A5_A5A5];
        long* memory = stackalloc long[3];
        foreach (AtomicLoopOp op in Enum.GetValues<AtomicLoopOp>())
        {
            foreach (int size in new[] { 1, 2, 4, 8 })
            {
                _harness.Reset();
                _harness.Block();
                ref MachineInst inst = ref _harness.Add(X64Form.AtomicRmwLoop, size, Rax, Rsi, Rdi);
                inst.Aux = (byte)op;
                inst.Mode = (byte)AddressMode.Base;
                inst.Disp = 8;
                _harness.Add(X64Form.Ret, 0, Rax);
                using NativeCode native = new(_harness.Emit());
                foreach (long old in values)
                {
                    foreach (long operand in values)
                    {
                        memory[0] = 0x1111;
                        memory[1] = old;
                        memory[2] = 0x2222;
                        long returned = native.Call((long)memory, operand);
                        long mask = size == 8 ? -1 : (1L << (size * 8)) - 1;
                        Assert.Equal(old & mask, returned);
                        Assert.Equal((old & ~mask) | (Apply(op, old, operand, size) & mask), memory[1]);
                        Assert.Equal((0x1111, 0x2222), (memory[0], memory[2]));
                    }
                }
            }
        }
    }

    private static long Apply(AtomicLoopOp op, long a, long b, int size)
    {
        long sa = Simm32.Normalize(a, size), sb = Simm32.Normalize(b, size);
        int shift = 64 - (size * 8);
        ulong ua = (ulong)a << shift, ub = (ulong)b << shift;
        return op switch
        {
            AtomicLoopOp.And => a & b,
            AtomicLoopOp.Nand => ~(a & b),
            AtomicLoopOp.Or => a | b,
            AtomicLoopOp.Xor => a ^ b,
            AtomicLoopOp.Umin => ua < ub ? a : b,
            AtomicLoopOp.Umax => ua > ub ? a : b,
            AtomicLoopOp.Smin => sa < sb ? a : b,
            _ => sa > sb ? a : b,
        };
    }

    [Theory]
    [InlineData(0L, 8, "xor eax, eax")]
    [InlineData(5L, 8, "mov eax, 5")]
    [InlineData(-1L, 4, "mov eax, 0xffffffff")]
    [InlineData(-1L, 8, "mov rax, 0xffffffffffffffff")]
    [InlineData(0xFFFF_FFFFL, 8, "mov eax, 0xffffffff")]
    [InlineData(0x1_0000_0000L, 8, "mov rax, 0x100000000")]
    [InlineData(-2L, 1, "mov eax, 0xfe")]
    public void Integer_constants_take_the_shortest_form(long value, int size, string expected)
    {
        _harness.Block();
        _harness.Add(X64Form.LoadInt, size, Rax).Imm = value;
        _harness.Add(X64Form.Ret, 0, Rax);
        Assert.Equal(expected, _harness.EmitBody()[0]);
        using NativeCode native = new(_harness.Output);
        Assert.Equal(size == 8 ? value : size == 4 ? (uint)value : value & ((1L << (size * 8)) - 1), native.Call());
    }

    [Fact]
    public void Float_constants_come_from_the_pool_or_from_xorps()
    {
        _harness.Block();
        _harness.Add(X64Form.LoadFloat, 8, Xmm0).Imm = BitConverter.DoubleToInt64Bits(2.5);
        _harness.Add(X64Form.LoadFloat, 8, Xmm(9)).Imm = 0;
        _harness.Add(X64Form.Addsd, 8, Xmm0, Xmm0, Xmm(9));
        _harness.Add(X64Form.Ret, 0, Xmm0);
        using NativeCode native = new(_harness.Emit());
        Assert.Equal(2.5, native.ToDouble(0));
        Assert.Equal("xorps xmm9, xmm9", _harness.EmitBody()[1]);
    }

    [Fact]
    public void A_jump_table_reaches_its_targets()
    {
        int table = _harness.Tables.Begin();
        foreach (int target in new[] { 2, 1, 3, 1 })
        {
            _harness.Tables.AddTarget(target);
        }

        _harness.Block();
        _harness.Add(X64Form.LoadTableTarget, 8, Rdi, Rdi).Data = table;
        _harness.Add(X64Form.JmpTable, 8, Rdi).Data = table;
        for (int i = 1; i <= 3; i++)
        {
            _harness.Block();
            _harness.Add(X64Form.LoadInt, 4, Rax).Imm = i * 100;
            _harness.Add(X64Form.Ret, 0, Rax);
        }

        using NativeCode native = new(_harness.Emit());
        Assert.Equal((200, 100, 300, 100), (native.Call(0), native.Call(1), native.Call(2), native.Call(3)));
    }

    [Fact]
    public void Conditional_traps_jump_to_one_stub_per_code()
    {
        _harness.Block();
        _harness.Add(X64Form.TestMr, 8, Rdi, Rdi);
        ref MachineInst first = ref _harness.Add(X64Form.TrapIf, 0);
        first.Cond = (byte)Condition.Equal;
        first.Trap = 7;
        _harness.Add(X64Form.CmpMi, 8, Rdi).Imm = 10;
        ref MachineInst second = ref _harness.Add(X64Form.TrapIfEither, 0);
        second.Cond = (byte)Condition.Greater;
        second.Aux = (byte)Condition.Sign;
        second.Trap = 7;
        _harness.Add(X64Form.MovRm, 8, Rax, Rdi);
        _harness.Add(X64Form.Ret, 0, Rax);
        CompiledCode code = _harness.Emit();
        Assert.Equal(1, code.Traps.Length);
        using NativeCode native = new(code);
        Assert.Equal((NativeCode.TrapBase + 7, 10, NativeCode.TrapBase + 7, NativeCode.TrapBase + 7), (native.Call(0), native.Call(10), native.Call(11), native.Call(3)));
    }
}
