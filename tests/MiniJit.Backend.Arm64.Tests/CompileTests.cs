// The whole backend behind a compile context.
using System;
using MiniJit.Codegen;
using MiniJit.Codegen.Settings;
using MiniJit.IR;
using Xunit;

namespace MiniJit.Backend.Arm64.Tests;

public class CompileTests
{
    private const string Source = """
        function %f(i64, i32, f64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64, f64 {
            ss0 = explicit_slot 40
            gv0 = symbol %data
            sig0 = (i64) -> i64 tail
            fn0 = %g(i64, f64, i64, i64, i64, i64, i64, i64, i64, i8) -> f64
        block0(v0: i64, v1: i32, v2: f64, v20: i64, v21: i64, v22: i64, v23: i64, v24: i64, v25: i64, v26: i64, v27: i64):
            v3 = stack_addr.i64 ss0
            store v0, v3+8
            v4 = symbol_value.i64 gv0
            v5 = load.i64 v4+123456
            br_table v1, block1(v5), [block2, block1(v0), block2]
        block1(v6: i64):
            v7 = iconst.i8 7
            v8 = call fn0(v6, v2, v0, v20, v21, v22, v23, v24, v25, v7)
            trapz v6, user1
            v9 = call_indirect sig0, v5(v6)
            v10 = f64const 0x1.23456789p7
            v11 = fadd v8, v10
            return v9, v11
        block2:
            v12 = iconst.i64 0x1234_5678_9abc_def0
            v13 = icmp ult v0, v12
            v14 = select v13, v0, v5
            v15 = iadd v14, v26
            v16 = iadd v15, v27
            brif v16, block1(v14), block3
        block3:
            return v14, v2
        }
        """;

    private static Function Parse(string text)
    {
        ParsedFile file = Parser.Parse(text);
        Assert.Equal(0, file.Diagnostics.Count);
        return file.Functions[0].Function;
    }

    private static Arm64Target TargetOf(Arm64Features features) =>
        new(TargetTriple.TryParse("aarch64-unknown-linux-gnu", out TargetTriple triple) ? triple : default, SharedSettings.Default, new Arm64Settings(features));

    [Fact]
    public void Second_compile_in_one_context_allocates_nothing()
    {
        CompileContext context = new();
        Function function = Parse(Source);
        Arm64Target target = TargetOf(Arm64Features.UseBti | Arm64Features.SignReturnAddress);
        long allocated = long.MaxValue;
        for (int i = 0; i < 40; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            CompiledCode? code = context.Compile(function, target);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(code is not null, context.Diagnostics.ToString());
        }

        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Every_word_before_the_data_is_an_instruction()
    {
        CompileContext context = new();
        CompiledCode code = context.Compile(Parse(Source), TargetOf(Arm64Features.None))!;
        Assert.NotEmpty(code.Traps.ToArray());
        foreach (TrapSite trap in code.Traps)
        {
            Assert.InRange(trap.Offset, 0, code.CodeSize - 4);
        }

        for (int offset = 0; offset < code.CodeSize; offset += 4)
        {
            Assert.True(Decode.TryInstruction(BitConverter.ToUInt32(code.Bytes[offset..]), out _), $"at {offset}");
        }
    }
}
