using System;
using MiniJit.Codegen.Optimization;
using MiniJit.IR;
using MiniJit.IR.Building;
using MiniJit.IR.Interpretation;
using MiniJit.Filetests.Fuzzing;
using Xunit;

namespace MiniJit.Codegen.Tests.Optimization;

public sealed class OptimizerTests
{
    private static string Optimize(string body, bool speed = true, bool nans = false, bool aliasAnalysis = true)
    {
        Function function = Parse(body);
        new Optimizer().Run(function, new OptimizerOptions(speed, aliasAnalysis, nans));
        return Code(function);
    }

    private static Function Parse(string body)
    {
        ParsedFile file = Parser.Parse(body);
        Assert.False(file.HasErrors, file.Diagnostics.ToString());
        return file.Functions[0].Function;
    }

    // Blocks and instructions without the header, alias lines and comments.
    private static string Code(Function function)
    {
        string text = "";
        bool inBlocks = false;
        foreach (string line in Printer.Print(function).Split('\n'))
        {
            string code = line.Split("  ;")[0].Trim();
            inBlocks |= code.StartsWith("block", StringComparison.Ordinal);
            if (inBlocks && code.Length > 1 && !code.Contains(" -> ", StringComparison.Ordinal))
            {
                text += code + "\n";
            }
        }

        return text;
    }

    [Fact]
    public void Invariant_computations_leave_the_loop_and_constants_do_not()
    {
        string code = Optimize("""
            function %f(i64, i64, i64) -> i64 {
            block0(v0: i64, v1: i64, v2: i64):
                jump block1(v0, v1)
            block1(v3: i64, v4: i64):
                v5 = imul v1, v2
                v6 = iadd v4, v5
                v7 = iconst.i64 1000
                v8 = bxor v6, v7
                v9 = iconst.i64 -1
                v10 = iadd v3, v9
                brif v10, block1(v10, v8), block2
            block2:
                return v8
            }
            """);
        int entry = code.IndexOf("block1(v3", StringComparison.Ordinal);
        Assert.InRange(code.IndexOf("imul", StringComparison.Ordinal), 0, entry);
        Assert.True(code.IndexOf("iconst.i64 1000", StringComparison.Ordinal) > entry);
    }

    [Fact]
    public void What_one_branch_needs_is_computed_there()
    {
        string code = Optimize("""
            function %f(i32, i64, i64) -> i64 {
            block0(v0: i32, v1: i64, v2: i64):
                v3 = imul v1, v2
                brif v0, block1, block2
            block1:
                return v3
            block2:
                return v1
            }
            """);
        Assert.True(code.IndexOf("imul", StringComparison.Ordinal) > code.IndexOf("block1:", StringComparison.Ordinal));
    }

    [Fact]
    public void Equal_computations_on_two_branches_are_not_hoisted_above_them()
    {
        string code = Optimize("""
            function %f(i32, i64, i64) -> i64 {
            block0(v0: i32, v1: i64, v2: i64):
                br_table v0, block3, [block1, block2]
            block1:
                v3 = imul v1, v2
                return v3
            block2:
                v4 = imul v1, v2
                return v4
            block3:
                return v1
            }
            """);
        Assert.Equal(2, code.Split("imul").Length - 1);
    }

    [Fact]
    public void A_branch_on_a_known_condition_is_decided_and_what_it_does_not_reach_goes_away()
    {
        string code = Optimize("""
            function %f(i32) -> i32 {
            block0(v0: i32):
                brif v0, block1, block2
            block1:
                v1 = iconst.i32 0
                v2 = icmp ne v0, v1
                brif v2, block3(v0), block4
            block2:
                v3 = iconst.i32 7
                jump block3(v3)
            block3(v4: i32):
                return v4
            block4:
                trap user1
            }
            """);
        Assert.DoesNotContain("block4", code, StringComparison.Ordinal);
        Assert.DoesNotContain("trap", code, StringComparison.Ordinal);
    }

    [Fact]
    public void A_trap_that_always_happens_ends_its_block()
    {
        string code = Optimize("""
            function %f(i32) -> i32 {
            block0(v0: i32):
                v1 = isub v0, v0
                trapz v1, user7
                v2 = udiv v0, v0
                jump block1(v2)
            block1(v3: i32):
                return v3
            }
            """);
        Assert.Equal("block0(v0: i32):\ntrap user7\n", code);
    }

    [Fact]
    public void An_unused_division_that_may_trap_stays_and_a_repeated_one_goes()
    {
        string code = Optimize("""
            function %f(i32, i32) -> i32 {
            block0(v0: i32, v1: i32):
                v2 = udiv v0, v1
                v3 = udiv v0, v1
                v4 = sdiv v0, v1
                return v3
            }
            """);
        Assert.Equal("block0(v0: i32, v1: i32):\nv2 = udiv v0, v1\nv4 = sdiv v0, v1\nreturn v2\n", code);
    }

    [Fact]
    public void Loads_are_forwarded_within_their_region_only()
    {
        string code = Optimize("""
            function %f(i64, i64, i32) -> i32, i32 {
                region0 = 1 "a"
                region1 = 2 "b"
            block0(v0: i64, v1: i64, v2: i32):
                store notrap region0 v2, v0
                store notrap region1 v2, v1
                v3 = load.i32 notrap region0 v0
                store notrap v2, v1+8
                v4 = load.i32 notrap region0 v0
                return v3, v4
            }
            """);
        Assert.Equal(1, code.Split("load").Length - 1);
        Assert.EndsWith("return v2, v4\n", code, StringComparison.Ordinal);
    }

    [Fact]
    public void A_store_that_may_trap_first_stays_if_something_is_stored_before_it_is_overwritten()
    {
        string code = Optimize("""
            function %f(i64, i64, i32, i32) {
            block0(v0: i64, v1: i64, v2: i32, v3: i32):
                store v2, v0
                store notrap v2, v1
                store v3, v0
                store v2, v0
                return
            }
            """);
        Assert.Equal("block0(v0: i64, v1: i64, v2: i32, v3: i32):\nstore v2, v0\nstore notrap v2, v1\nstore v2, v0\nreturn\n", code);
    }

    [Fact]
    public void A_call_forgets_memory_and_an_overwritten_store_is_dead_unless_observed()
    {
        string code = Optimize("""
            function %f(i64, i32, i32) -> i32 {
                fn0 = %g()
            block0(v0: i64, v1: i32, v2: i32):
                store notrap v1, v0
                store notrap v2, v0
                call fn0()
                store notrap v1, v0
                v3 = load.i32 v0+4
                store notrap v2, v0
                v4 = load.i32 notrap v0
                return v4
            }
            """);
        Assert.Equal(
            "block0(v0: i64, v1: i32, v2: i32):\nstore notrap v2, v0\ncall fn0()\nstore notrap v1, v0\nv3 = load.i32 v0+4\nstore notrap v2, v0\nreturn v2\n",
            code);
    }

    [Fact]
    public void Memory_is_known_across_branches_that_do_not_write_and_around_loops_that_do_it_is_not()
    {
        string code = Optimize("""
            function %f(i64, i32) -> i32, i32 {
            block0(v0: i64, v1: i32):
                v2 = load.i32 notrap v0
                brif v1, block1, block2
            block1:
                jump block2
            block2:
                v3 = load.i32 notrap v0
                jump block3(v1)
            block3(v4: i32):
                v5 = load.i32 notrap v0
                store notrap v4, v0+2
                v6 = iconst.i32 -1
                v7 = iadd v4, v6
                brif v7, block3(v7), block4
            block4:
                return v3, v5
            }
            """);
        Assert.Equal(2, code.Split("load").Length - 1);
    }

    [Fact]
    public void Constants_in_addresses_become_offsets()
    {
        string code = Optimize("""
            function %f(i64) -> i32 {
            block0(v0: i64):
                v1 = iconst.i64 100
                v2 = iadd v0, v1
                v3 = load.i32 v2+8
                return v3
            }
            """);
        Assert.Equal("block0(v0: i64):\nv3 = load.i32 v0+108\nreturn v3\n", code);
    }

    [Fact]
    public void Without_speed_only_unreachable_blocks_parameters_and_aliases_go_away()
    {
        string code = Optimize(
            """
            function %f(i32) -> i32 {
            block0(v0: i32):
                v9 = iadd v0, v0
                jump block1(v0, v0)
            block1(v1: i32, v2: i32):
                v3 = iadd v1, v2
                brif v3, block1(v1, v3), block2
            block2:
                return v3
            block3:
                trap user1
            }
            """,
            speed: false);
        Assert.Equal("block0(v0: i32):\nv9 = iadd v0, v0\njump block1(v0)\nblock1(v2: i32):\nv3 = iadd.i32 v0, v2\nbrif v3, block1(v3), block2\nblock2:\nreturn v3\n", code);
    }

    [Fact]
    public void Nans_are_made_canonical_where_they_can_arise()
    {
        string code = Optimize(
            """
            function %f(f64, f64) -> f64 {
            block0(v0: f64, v1: f64):
                v2 = fadd v0, v1
                v3 = fneg v2
                return v3
            }
            """,
            speed: false,
            nans: true);
        Assert.Equal("block0(v0: f64, v1: f64):\nv4 = fadd v0, v1\nv5 = fcmp ne v4, v4\nv6 = f64const +NaN\nv2 = select v5, v6, v4\nv3 = fneg v2\nreturn v3\n", code);
    }

    [Fact]
    public void Alias_analysis_alone_touches_nothing_but_memory()
    {
        Function function = Parse("""
            function %f(i64, i32) -> i32 {
            block0(v0: i64, v1: i32):
                v2 = iadd v1, v1
                store v1, v0
                v3 = load.i32 v0
                v4 = load.i32 v0
                return v4
            }
            """);
        Assert.Equal(2, new Optimizer().RunAliasAnalysis(function));
        Assert.Equal("block0(v0: i64, v1: i32):\nv2 = iadd v1, v1\nstore v1, v0\nreturn v1\n", Code(function));
    }

    [Theory]
    [InlineData("udiv")]
    [InlineData("sdiv")]
    [InlineData("urem")]
    [InlineData("srem")]
    public void Division_of_bytes_by_every_constant_is_exact(string opcode)
    {
        Assert.True(OpcodeTable.TryFind(opcode, out Opcode op));
        Optimizer optimizer = new();
        for (int divisor = -128; divisor < 128; divisor++)
        {
            if (divisor is 0 or -1)
            {
                continue;
            }

            Interpreter interpreter = Divider(optimizer, op, IrType.I8, divisor);
            for (int x = -128; x < 128; x++)
            {
                CheckDivision(interpreter, op, IrType.I8, x, divisor);
            }
        }
    }

    [Fact]
    public void Division_by_constants_is_exact_at_the_edges_of_every_width()
    {
        Optimizer optimizer = new();
        SplitMix64 random = new(5);
        Opcode[] opcodes = [Opcode.Udiv, Opcode.Sdiv, Opcode.Urem, Opcode.Srem];
        IrType[] types = [IrType.I16, IrType.I32, IrType.I64];
        for (int i = 0; i < 3_000; i++)
        {
            IrType type = types[i % 3];
            Opcode opcode = opcodes[random.Below(4)];
            long divisor = Signed((long)(random.Next() >> random.Below(64)) * (random.OneIn(4) ? -1 : 1), type.Bits);
            if (divisor is 0 or -1)
            {
                continue;
            }

            Interpreter interpreter = Divider(optimizer, opcode, type, divisor);
            for (int j = 0; j < 40; j++)
            {
                // Around multiples of the divisor a wrong multiplier shows first.
                long multiple = unchecked(divisor * (long)(random.Next() >> random.Below(64)));
                long x = j < 3 ? (long.MaxValue >> (64 - type.Bits)) + j - 1 : multiple + random.Below(3) - 1;
                CheckDivision(interpreter, opcode, type, Signed(x, type.Bits), divisor);
            }
        }
    }

    [Fact]
    public void Optimizing_in_a_warm_context_allocates_nothing()
    {
        RandomFunctions generator = new();
        Function[] functions = new Function[200];
        for (int i = 0; i < functions.Length; i++)
        {
            functions[i] = generator.Make((ulong)i);
        }

        Optimizer optimizer = new();
        Function work = new(default);
        long allocated = 0;
        for (int round = 0; round < 3; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            foreach (Function function in functions)
            {
                work.CopyFrom(function);
                optimizer.Run(work, new OptimizerOptions(Speed: true));
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, allocated);
    }

    private static long Signed(long x, int bits) => (x << (64 - bits)) >> (64 - bits);

    private static Interpreter Divider(Optimizer optimizer, Opcode opcode, IrType type, long divisor)
    {
        Function function = new(ExternalName.Symbol("f"), CallConv.SystemV);
        function.Signature.Params.Add(new AbiParam(type));
        function.Signature.Returns.Add(new AbiParam(type));
        FunctionBuilder builder = new(function);
        Value x = builder.Param(builder.CreateEntry(), 0), y = builder.Iconst(type, divisor);
        builder.Return(opcode switch
        {
            Opcode.Udiv => builder.Udiv(x, y),
            Opcode.Sdiv => builder.Sdiv(x, y),
            Opcode.Urem => builder.Urem(x, y),
            _ => builder.Srem(x, y),
        });
        builder.Finish();
        optimizer.Run(function, new OptimizerOptions(Speed: true));
        Interpreter interpreter = new();
        interpreter.Add(function);
        return interpreter;
    }

    private static void CheckDivision(Interpreter interpreter, Opcode opcode, IrType type, long x, long divisor)
    {
        ulong mask = ulong.MaxValue >> (64 - type.Bits), ux = (ulong)x & mask, ud = (ulong)divisor & mask;
        ulong expected = opcode switch
        {
            Opcode.Udiv => ux / ud,
            Opcode.Urem => ux % ud,
            Opcode.Sdiv => (ulong)(x / divisor) & mask,
            _ => (ulong)(x % divisor) & mask,
        };
        InterpreterResult result = interpreter.Invoke(ExternalName.Symbol("f"), [DataValue.Int(type, x)]);
        Assert.True(result.IsReturned && result.Values[0].LowBits == expected, $"{opcode} {type} {x}, {divisor} is {expected}, not {result}");
    }
}
