using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using MiniJit.Codegen.Settings;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Tools;
using Xunit;

namespace MiniJit.Filetests.Tests;

/// <summary><c>compile --emit</c>, from CLIF to a process.</summary>
public sealed class EmitTests : IDisposable
{
    // main counts its arguments through two other functions, one of another convention and one called by its address.
    private const string Program = """
        function %factorial(i64) -> i64 tail {
        block0(v0: i64):
            v1 = iconst.i64 1
            jump block1(v0, v1)

        block1(v2: i64, v3: i64):
            v4 = imul v3, v2
            v5 = iconst.i64 -1
            v6 = iadd v2, v5
            brif v6, block1(v6, v4), block2

        block2:
            return v4
        }

        function u0:7(f64) -> f64 {
        block0(v0: f64):
            v1 = f64const 0x1.8p0
            v2 = fadd v0, v1
            return v2
        }

        function %main(i32, i64) -> i64 {
            fn0 = colocated %factorial(i64) -> i64 tail
            fn1 = u0:7(f64) -> f64
            sig9 = (f64) -> f64
        block0(v0: i32, v1: i64):
            v2 = uextend.i64 v0
            v3 = iconst.i64 2
            v4 = iadd v2, v3
            v5 = call fn0(v4)
            v6 = fcvt_from_sint.f64 v5
            v7 = func_addr.i64 fn1
            v8 = call_indirect sig9, v7(v6)
            v9 = call fn1(v8)
            v10 = fcvt_to_sint_sat.i64 v9
            return v10
        }

        """;

    // The same for a C program, which has a function and a table for us.
    private const string Library = """
        function %sum(i64) -> i64 {
            gv0 = symbol %table
            fn0 = %times_ten(i64) -> i64
        block0(v0: i64):
            v1 = call fn0(v0)
            v2 = symbol_value.i64 gv0
            v3 = load.i64 v2+8
            v4 = iadd v1, v3
            return v4
        }

        """;

    private const string CProgram = """
        #include <stdint.h>
        extern int64_t program(int, char **), sum(int64_t);
        extern double u0_7(double);
        int64_t table[2] = { 5, 7 };
        int64_t times_ten(int64_t x) { return x * 10; }
        int main(void) { return program(1, 0) == 9 && sum(4) == 47 && u0_7(0.25) == 1.75 ? 0 : 1; }

        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("minijit-emit-").FullName;

    [Theory]
    [InlineData("none", "is_pic=false")]
    [InlineData("speed", "is_pic=true")]
    public void An_executable_exits_with_what_main_returns(string level, string setting)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && TargetTriple.Host.Architecture == TargetArchitecture.X64, "executables are for Linux on x86-64");
        string output = Emit(EmitKind.Executable, "", level, [setting], Program);
        Assert.Equal(9, Start(output));
        Assert.Equal(27, Start(output, "a"));
        Assert.Equal(123, Start(output, "a", "b"));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("speed", "-static")]
    public void An_object_links_with_a_program_in_C(string level, params string[] options)
    {
        const string Compiler = "/usr/bin/gcc";
        Assert.SkipUnless(File.Exists(Compiler) && TargetTriple.Host.Architecture == TargetArchitecture.X64, "gcc is not installed");
        string object0 = Emit(EmitKind.Object, "", level, [], Program.Replace("%main", "%program", StringComparison.Ordinal), Library);
        Assert.Equal(0, StartC(Compiler, object0, options));
    }

    [Theory]
    [InlineData("none", "is_pic=false")]
    [InlineData("speed", "is_pic=true")]
    public void An_executable_for_AArch64_exits_with_what_main_returns_under_qemu(string level, string setting)
    {
        Assert.SkipWhen(EngineTable.QemuPath.Length == 0, "qemu-aarch64 is not installed");
        string output = Emit(EmitKind.Executable, "aarch64-linux", level, [setting], Program);
        Assert.Equal(9, Start(EngineTable.QemuPath, output));
        Assert.Equal(123, Start(EngineTable.QemuPath, output, "a", "b"));
    }

    [Theory]
    [InlineData("none", "is_pic=false")]
    [InlineData("speed", "is_pic=true")]
    public void An_object_for_AArch64_links_with_a_program_in_C_and_runs_under_qemu(string level, string setting)
    {
        const string Compiler = "/usr/bin/aarch64-linux-gnu-gcc";
        Assert.SkipUnless(File.Exists(Compiler), "aarch64-linux-gnu-gcc is not installed");
        Assert.SkipWhen(EngineTable.QemuPath.Length == 0, "qemu-aarch64 is not installed");
        string object0 = Emit(EmitKind.Object, "aarch64-linux", level, [setting], Program.Replace("%main", "%program", StringComparison.Ordinal), Library);
        Assert.Equal(0, StartC(Compiler, object0, ["-static"], EngineTable.QemuPath));
    }

    [Fact]
    public void A_program_without_main_says_what_was_expected()
    {
        StringWriter errors = new();
        string input = Write("library.clif", Library);
        Assert.Equal(ExitCode.Failure, EmitTools.Emit(new(TextWriter.Null, errors), [input], new() { Target = "x86_64-linux" }, EmitKind.Executable, PathOf("x")));
        Assert.Equal(
            "minijit: an executable begins with a function %main that takes nothing or (argc: i32 or i64, argv: i64) "
            + "and returns nothing or an integer up to i64; there is none\n", errors.ToString());
        Assert.False(File.Exists(PathOf("x")));
    }

    [Fact]
    public void What_comes_from_several_files_needs_a_name()
    {
        StringWriter errors = new();
        Assert.Equal(ExitCode.Usage, EmitTools.Emit(new(TextWriter.Null, errors), ["a.clif", "b.clif"], new() { Target = "x86_64-linux" }, EmitKind.Object, ""));
        Assert.Contains("--output", errors.ToString(), StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string PathOf(string name) => Path.Combine(_directory, name);

    private string Write(string name, string text)
    {
        File.WriteAllText(PathOf(name), text);
        return PathOf(name);
    }

    private string Emit(EmitKind kind, string target, string level, string[] settings, params string[] texts)
    {
        List<string> inputs = [];
        foreach (string text in texts)
        {
            inputs.Add(Write($"{inputs.Count}.clif", text));
        }

        StringWriter errors = new();
        string output = PathOf(kind == EmitKind.Object ? "out.o" : "out");
        int exit = EmitTools.Emit(new(TextWriter.Null, errors), inputs, new() { Target = target, OptLevel = level, Settings = settings }, kind, output);
        Assert.True(exit == ExitCode.Success, errors.ToString());
        return output;
    }

    private int StartC(string compiler, string object0, string[] options, string emulator = "")
    {
        string source = Write("main.c", CProgram), program = PathOf("linked");
        Assert.Equal(0, Start(compiler, [.. options, "-o", program, source, object0]));
        return emulator.Length == 0 ? Start(program) : Start(emulator, program);
    }

    private static int Start(string path, params string[] arguments)
    {
        using Process process = Process.Start(path, arguments);
        process.WaitForExit();
        return process.ExitCode;
    }
}
