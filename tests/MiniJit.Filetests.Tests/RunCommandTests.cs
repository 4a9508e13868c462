using System;
using MiniJit.Filetests.Commands;
using MiniJit.IR;
using Xunit;

namespace MiniJit.Filetests.Tests;

public sealed class RunCommandTests
{
    private static Signature Sig(string parameters, string results)
    {
        Signature signature = new(CallConv.Fast);
        foreach (string name in parameters.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            Assert.True(IrType.TryParse(name, out IrType type));
            signature.Params.Add(new(type));
        }

        foreach (string name in results.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            Assert.True(IrType.TryParse(name, out IrType type));
            signature.Returns.Add(new(type));
        }

        return signature;
    }

    [Theory]
    [InlineData("; run: %f(1, -1) == 255", "i8 i8", "i8", "run: %f(1, -1) == -1")]
    [InlineData(";; run: %f() != [1, 2]", "", "i32 i64", "run: %f() != [1, 2]")]
    [InlineData("; run: %f() == []", "", "", "run: %f() == []")]
    [InlineData("; run: %f(0x1.8p0, -NaN) == 0.0", "f32 f64", "f32", "run: %f(0x1.800000p0, -NaN) == 0.0")]
    [InlineData("; run: %f(+Inf) == +sNaN:0x1", "f64", "f64", "run: %f(+Inf) == +sNaN:0x1")]
    [InlineData("; run: %f([1 2 3 4]) == 0x00000004000000030000000200000001", "i32x4", "i32x4", "run: %f(0x00000004000000030000000200000001) == 0x00000004000000030000000200000001")]
    [InlineData("; run: %f(0x01) == [[1 2], 7]", "i64x2", "i64x2 i8", "run: %f(0x00000000000000000000000000000001) == [0x00000000000000020000000000000001, 7]")]
    [InlineData("; run: %f(170141183460469231731687303715884105727) == 0", "i128", "i128", "run: %f(170141183460469231731687303715884105727) == 0")]
    [InlineData("; run: %f(1) == 2 and more", "i8", "i8", "run: %f(1) == 2")]
    [InlineData("; run: u1:2(1) == 2 ; text", "i8", "i8", "run: u1:2(1) == 2")]
    [InlineData("; print: %f(3)", "i8", "i8", "print: %f(3)")]
    [InlineData("; print", "", "i8", "print: %default()")]
    [InlineData("; run", "", "i8", "run: %default() != 0")]
    [InlineData("; trap: %f(1, 0) == int_divz", "i32 i32", "i32", "trap: %f(1, 0) == int_divz")]
    [InlineData(";trap: %f() == user7", "", "", "trap: %f() == user7")]
    public void Commands_are_read_by_the_types_of_the_signature(string comment, string parameters, string results, string canonical)
    {
        Assert.True(RunCommandParser.TryParse(comment, Sig(parameters, results), default, out RunCommand? command, out string error), error);
        Assert.Equal(canonical, command!.ToString());
    }

    [Theory]
    [InlineData("; running: %f()")]
    [InlineData("; check: run")]
    [InlineData(";")]
    [InlineData(";   trap")]
    [InlineData(";   trap_if %x")]
    public void Other_comments_are_no_commands(string comment)
    {
        Assert.True(RunCommandParser.TryParse(comment, Sig("", "i8"), default, out RunCommand? command, out _));
        Assert.Null(command);
    }

    [Theory]
    [InlineData("; run: %f(1) == 2", "", "i8")]
    [InlineData("; run: %f() == 256", "", "i8")]
    [InlineData("; run: %f() == -129", "", "i8")]
    [InlineData("; run: %f() = 1", "", "i8")]
    [InlineData("; run: %f(1", "i8", "i8")]
    [InlineData("; run: %f() == 1", "", "i8 i8")]
    [InlineData("; run: %f() == [1]", "", "i8 i8")]
    [InlineData("; run: %f() == [1 2 3]", "", "i32x4")]
    [InlineData("; run: %f() == 1.5", "", "f32")]
    [InlineData("; run", "i8", "i8")]
    [InlineData("; run", "", "f32")]
    [InlineData("; run %f() == 1", "i8", "i8")]
    [InlineData("; print", "i8", "")]
    [InlineData("; trap: %f() == nothing", "", "")]
    [InlineData("; trap: %f()", "", "")]
    public void Malformed_commands_are_errors(string comment, string parameters, string results)
    {
        Assert.False(RunCommandParser.TryParse(comment, Sig(parameters, results), default, out _, out string error));
        Assert.StartsWith("unable to parse the run command: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Equality_is_that_of_bits()
    {
        Assert.True(RunCommandParser.TryParse("; run: %f() == 0.0", Sig("", "f32"), default, out RunCommand? command, out _));
        Assert.True(command!.Accepts([IR.Interpretation.DataValue.F32(0f)]));
        Assert.False(command.Accepts([IR.Interpretation.DataValue.F32(-0f)]));
        Assert.False(command.Accepts([IR.Interpretation.DataValue.F64(0)]));
    }
}
