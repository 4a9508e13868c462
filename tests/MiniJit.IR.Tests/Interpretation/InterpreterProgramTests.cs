using System;
using System.Collections.Generic;
using System.Diagnostics;
using MiniJit.IR.Interpretation;
using Xunit;

namespace MiniJit.IR.Tests.Interpretation;

/// <summary>The interpreter on small programs, written as test files: one per family of opcodes.</summary>
public sealed class InterpreterProgramTests
{
    [Theory]
    [InlineData("narrow and extending accesses", """
        function %f(i64) -> i64, i64, i32, i16 {
            ss0 = explicit_slot 16
        block0(v0: i64):
            v1 = stack_addr.i64 ss0+4
            store v0, v1
            v2 = uload32 v1
            v3 = sload32 v1+4
            v4 = sload16.i32 v1+2
            v5 = sload8.i16 v1+7
            istore8 v2, v1
            istore16 v2, v1+2
            istore32 v2, v1+4
            return v2, v3, v4, v5
        }
        ; run: %f(0x8070605040302010) == [0x40302010, 0xffffffff80706050, 0x4030, -128]
        """)]
    [InlineData("byte order", """
        function %f(i32) -> i8, i32, i16 {
            ss0 = explicit_slot 4
        block0(v0: i32):
            v1 = stack_addr.i64 ss0
            store big v0, v1
            v2 = load.i8 v1
            v3 = load.i32 little v1
            v4 = uload16.i32 big v1+2
            v5 = ireduce.i16 v4
            return v2, v3, v5
        }
        ; run: %f(0x01020304) == [1, 0x04030201, 0x0304]
        """)]
    [InlineData("widening vector loads", """
        function %f(i64) -> i16x8, i16x8, i32x4, i64x2 {
            ss0 = explicit_slot 8
        block0(v0: i64):
            v1 = stack_addr.i64 ss0
            store v0, v1
            v2 = uload8x8 v1
            v3 = sload8x8 v1
            v4 = sload16x4 v1
            v5 = uload32x2 v1
            return v2, v3, v4, v5
        }
        ; run: %f(0x7f80ff01) == [[1 255 128 127 0 0 0 0], [1 -1 -128 127 0 0 0 0], [-255 0x7f80 0 0], [0x7f80ff01 0]]
        """)]
    [InlineData("atomics", """
        function %f(i32, i32) -> i32, i32, i32, i32 {
            ss0 = explicit_slot 4
        block0(v0: i32, v1: i32):
            v2 = stack_addr.i64 ss0
            atomic_store big v0, v2
            v3 = atomic_rmw.i32 big smin v2, v1
            v4 = atomic_cas big v2, v1, v0
            v5 = atomic_rmw.i32 big nand v2, v1
            v6 = atomic_load.i32 big v2
            return v3, v4, v5, v6
        }
        ; run: %f(5, -3) == [5, -3, 5, -6]
        ; run: %f(-5, 3) == [-5, -5, -5, -4]
        """)]
    [InlineData("addresses of 32 bits", """
        function %f(i64) -> i64 {
            ss0 = explicit_slot 8
            ss1 = explicit_slot 8
        block0(v0: i64):
            v1 = stack_addr.i32 ss1
            store v0, v1
            v2 = load.i64 v1
            return v2
        }
        ; run: %f(-7) == -7
        """)]
    [InlineData("calls through addresses, of functions and library routines", """
        function %twice(f64) -> f64 {
        block0(v0: f64):
            v1 = fadd v0, v0
            return v1
        }
        function %f(f64, i8) -> f64 {
            sig0 = (f64) -> f64
            fn0 = %twice sig0
            fn1 = %CeilF64 sig0
        block0(v0: f64, v1: i8):
            v2 = func_addr.i64 fn0
            v3 = func_addr.i64 fn1
            v4 = select v1, v2, v3
            v5 = call_indirect sig0, v4(v0)
            v6 = call fn1(v5)
            return v6
        }
        ; run: %f(0x1.4p0, 1) == 0x1.8p1
        ; run: %f(0x1.4p0, 0) == 0x1.0p1
        """)]
    [InlineData("memory routines", """
        function %f(i32) -> i64, i32 {
            ss0 = explicit_slot 16
            fn0 = %Memset(i64, i32, i64) -> i64
            fn1 = %Memmove(i64, i64, i64) -> i64
            fn2 = %Memcmp(i64, i64, i64) -> i32
        block0(v0: i32):
            v1 = stack_addr.i64 ss0
            v2 = iconst.i64 4
            v3 = call fn0(v1, v0, v2)
            v4 = iadd v1, v2
            v5 = call fn1(v4, v3, v2)
            v6 = load.i64 v1
            v7 = iadd v4, v2
            v8 = call fn2(v4, v7, v2)
            return v6, v8
        }
        ; run: %f(0x7a) == [0x7a7a7a7a7a7a7a7a, 1]
        """)]
    [InlineData("normal return of a try_call", """
        function %g(i32) -> i32, i64 tail {
        block0(v0: i32):
            v1 = iadd v0, v0
            v2 = uextend.i64 v0
            return v1, v2
        }
        function %f(i32) -> i64 {
            sig0 = (i32) -> i32, i64 tail
            fn0 = %g sig0
        block0(v0: i32):
            try_call fn0(v0), sig0, block1(ret1, v0, ret0), [ default: block2(exn0) ]
        block1(v1: i64, v2: i32, v3: i32):
            v4 = iadd v2, v3
            v5 = uextend.i64 v4
            v6 = iadd v5, v1
            return v6
        block2(v7: i64):
            return v7
        }
        ; run: %f(7) == 28
        """)]
    [InlineData("branch tables", """
        function %f(i32) -> i32 {
        block0(v0: i32):
            v1 = iconst.i32 10
            v2 = iconst.i32 20
            br_table v0, block1(v0), [block1(v1), block1(v2), block2]
        block1(v3: i32):
            return v3
        block2:
            v4 = iconst.i32 30
            return v4
        }
        ; run: %f(0) == 10
        ; run: %f(1) == 20
        ; run: %f(2) == 30
        ; run: %f(3) == 3
        ; run: %f(-1) == -1
        """)]
    [InlineData("conditions of 128 bits", """
        function %f(i128) -> i32, i8 {
        block0(v0: i128):
            v1 = iconst.i32 1
            v2 = iconst.i32 2
            v3 = select v0, v1, v2
            brif v0, block1(v1), block1(v2)
        block1(v4: i32):
            v5 = iconcat v1, v3
            v6 = bmask.i8 v0
            return v4, v6
        }
        ; run: %f(0x10000000000000000) == [1, -1]
        ; run: %f(0) == [2, 0]
        """)]
    [InlineData("half and quadruple precision", """
        function %f(f128, f16) -> f128, f16, i64 {
        block0(v0: f128, v1: f16):
            v2 = fdiv v0, v0
            v3 = fadd v2, v0
            v4 = fmul v1, v1
            v5 = fcvt_to_sint.i64 v3
            return v3, v4, v5
        }
        ; run: %f(0x1.8p3, 0x1.8p0) == [0x1.ap3, 0x1.2p1, 13]
        """)]
    [InlineData("dynamic vectors have scale one", """
        function %f(i32) -> i32 {
            gv0 = dyn_scale_target_const.i32x4
            dt0 = i32x4*gv0
            dss0 = explicit_dynamic_slot dt0
        block0(v0: i32):
            v1 = splat.dt0 v0
            v2 = iadd v1, v1
            v3 = dynamic_stack_addr.i64 dss0
            store v2, v3
            v4 = load.i32 v3+12
            v5 = extract_vector v2, 0
            v6 = extractlane v5, 3
            v7 = iadd v4, v6
            return v7
        }
        ; run: %f(3) == 12
        """)]
    [InlineData("the pinned register", """
        function %f(i64) -> i32, i64 {
        block0(v0: i64):
            set_pinned_reg v0
            v1 = get_pinned_reg.i32
            v2 = get_pinned_reg.i64
            return v1, v2
        }
        ; run: %f(-2) == [-2, -2]
        """)]
    public void Programs_do_what_their_run_directives_say(string name, string program)
    {
        List<string> failures = [];
        int directives = RunDirectives.Run(program, byName: true, failures);
        Assert.True(failures.Count == 0, $"{name}: {string.Join('\n', failures)}");
        Assert.NotEqual(0, directives);
    }

    [Theory]
    [InlineData("load.i32 v1+5", "trap heap_oob")]                     // the last byte is outside
    [InlineData("load.i32 user3 v1+8", "trap user3")]
    [InlineData("load.i32 v1-0x1_0000", "trap heap_oob")]
    [InlineData("load.i32 notrap aligned v1+2", "trap heap_oob")]
    [InlineData("load.i32 aligned user9 v1+2", "trap user9")]
    [InlineData("load.i32 aligned v1+4", "0")]
    [InlineData("load.i32 v1+4", "0")]
    [InlineData("load.i32 big user7 v1+6", "trap user7")]
    [InlineData("get_frame_pointer.i32", "not supported by the interpreter at %f inst1 (get_frame_pointer): get_frame_pointer")]
    [InlineData("call fn0()", "not supported by the interpreter at %f inst1 (call): function %missing is not defined")]
    [InlineData("call_indirect.i64 sig0, v1()", "not supported by the interpreter at %f inst1 (call_indirect): call of 0x0, which is no function")]
    public void What_goes_wrong_is_a_value(string instruction, string outcome)
    {
        InterpreterResult result = Run($$"""
            function %f() -> i32 {
                ss0 = explicit_slot 8
                sig0 = () -> i32
                fn0 = %missing sig0
            block0:
                v1 = stack_addr.i64 ss0
                v2 = {{instruction}}
                return v2
            }
            """);
        Assert.StartsWith(outcome, result.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("i8", "trapz v0, user5", "0", "trap user5")]
    [InlineData("i8", "trapz v0, user5", "-128", "1")]
    [InlineData("i64", "trapnz v0, int_ovf", "0x100000000", "trap int_ovf")]
    [InlineData("i128", "trapnz v0, user2", "0x10000000000000000", "trap user2")]
    [InlineData("i128", "trapz v0, user2", "0x10000000000000000", "1")]
    [InlineData("i32", "v2 = uadd_overflow_trap v0, v0, user1", "0x80000000", "trap user1")]
    [InlineData("i32", "v2 = uadd_overflow_trap v0, v0, user1", "0x7fffffff", "1")]
    [InlineData("i16", "v2 = sdiv v1, v0", "-1", "1")]
    [InlineData("f32", "v2 = fcvt_to_uint.i8 v0", "-0x1.0p0", "trap int_ovf")]
    [InlineData("f32", "v2 = fcvt_to_uint.i8 v0", "NaN", "trap bad_toint")]
    [InlineData("i8", "brif v0, block1, block1  block1: trap user7  block2:", "0", "trap user7")]
    public void Traps_report_their_code(string type, string instruction, string argument, string outcome)
    {
        Assert.True(IrType.TryParse(type, out IrType parsed));
        InterpreterResult result = Run(
            $$"""
            function %f({{type}}) -> i16 {
            block0(v0: {{type}}):
                v1 = iconst.i16 1
                {{instruction.Replace("  ", "\n", StringComparison.Ordinal)}}
                return v1
            }
            """,
            ValueText.Parse(parsed, argument));
        Assert.StartsWith(outcome, result.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_frame_is_zeroed_and_dies_with_its_call()
    {
        const string Program = """
            function %callee(i64) -> i64, i64 {
                ss0 = explicit_slot 8
            block0(v0: i64):
                v1 = stack_addr.i64 ss0
                v2 = load.i64 v1
                store v0, v1
                return v2, v1
            }
            function %f(i64) -> i64 {
                fn0 = %callee(i64) -> i64, i64
            block0(v0: i64):
                v1, v2 = call fn0(v0)
                v3, v4 = call fn0(v0)
                trapnz v3, user1
                v5 = load.i64 v4
                return v5
            }
            """;
        Assert.StartsWith("trap heap_oob", Run(Program, DataValue.I64(5)).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Symbols_name_data_that_the_host_defines()
    {
        ParsedFile file = Parser.Parse("""
            function %f(i64) -> i64 {
                gv0 = symbol %table+8
            block0(v0: i64):
                v1 = symbol_value.i64 gv0
                v2 = load.i64 v1
                store v0, v1-8
                return v2
            }
            """);
        byte[] table = [0, 0, 0, 0, 0, 0, 0, 0, 42, 0, 0, 0, 0, 0, 0, 0];
        Interpreter interpreter = new();
        interpreter.DefineData(ExternalName.Symbol("table"), table);
        interpreter.Add(file.Functions[0].Function);
        Assert.Equal("42", interpreter.Invoke(ExternalName.Symbol("f"), [DataValue.I64(9)]).ToString());
        Assert.Equal(9, table[0]);
    }

    [Fact]
    public void Scalar_loops_run_at_twenty_million_instructions_per_second()
    {
#if DEBUG
        const double Floor = 2_000_000;                        // without optimization the figure says little: only that nothing is broken
#else
        const double Floor = 20_000_000;
#endif
        const string Program = """
            function %f(i64) -> i64 {
                ss0 = explicit_slot 64
            block0(v0: i64):
                v1 = iconst.i64 0
                v9 = stack_addr.i64 ss0
                jump block1(v0, v1)
            block1(v2: i64, v3: i64):
                v4 = iadd v3, v2
                v5 = bxor v4, v2
                v20 = iconst.i64 56
                v21 = band v5, v20
                v22 = iadd v9, v21
                store v5, v22
                v23 = load.i64 v22
                v6 = iconst.i64 1
                v7 = isub v2, v6
                v8 = icmp ugt v7, v1
                brif v8, block1(v7, v23), block2
            block2:
                return v5
            }
            """;
        // The best of several short runs: the machine may be busy, and the first ones warm up.
        const int Rounds = 500_000, PerRound = 11, Runs = 12;
        double perSecond = 0;
        for (int i = 0; i < Runs; i++)
        {
            long start = Stopwatch.GetTimestamp();
            Assert.True(Run(Program, DataValue.I64(Rounds)).IsReturned);
            perSecond = Math.Max(perSecond, Rounds * PerRound / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        Assert.True(perSecond > Floor, $"{perSecond:N0} instructions per second");
        TestContext.Current.SendDiagnosticMessage($"interpreter: {perSecond:N0} instructions per second");
    }

    private static InterpreterResult Run(string program, params ReadOnlySpan<DataValue> args)
    {
        ParsedFile file = Parser.Parse(program);
        Assert.Empty(file.Diagnostics.Items);
        Interpreter interpreter = new();
        foreach (ParsedFunction function in file.Functions)
        {
            interpreter.Add(function.Function);
        }

        return interpreter.Invoke(ExternalName.Symbol("f"), args);
    }
}
