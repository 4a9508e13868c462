using System;
using System.Collections.Generic;
using MiniJit.Codegen;
using MiniJit.Codegen.Settings;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Files;
using MiniJit.Filetests.Subtests;
using MiniJit.Filetests.Tools;
using MiniJit.IR;
using Xunit;

namespace MiniJit.Filetests.Tests;

/// <summary>What comes back from qemu, whatever the code does there.</summary>
public sealed class QemuEngineTests
{
    private const string File = """
        test interpret

        function %add(i64, f64, i8) -> i64, f64, i8 {
        block0(v0: i64, v1: f64, v2: i8):
            v3 = iadd v0, v0
            v4 = fadd v1, v1
            v5 = iadd v2, v2
            return v3, v4, v5
        }
        ; print: %add(21, 0x1.8p1, 100)

        function %divide(i32, i32) -> i32 {
        block0(v0: i32, v1: i32):
            v2 = sdiv v0, v1
            return v2
        }
        ; print: %divide(1, 0)
        ; print: %divide(-2147483648, -1)
        ; print: %divide(7, 2)

        function %load(i64) -> i64 {
        block0(v0: i64):
            v1 = load.i64 v0
            return v1
        }
        ; print: %load(-8)

        function %wild(i64) -> i64 {
        block0(v0: i64):
            v1 = load.i64 notrap v0
            return v1
        }
        ; print: %wild(0)

        function %deep(i64) -> i64 {
            ss0 = explicit_slot 4096
            fn0 = %deep(i64) -> i64
        block0(v0: i64):
            v1 = call fn0(v0)
            v2 = stack_addr.i64 ss0
            v3 = iadd v1, v2
            return v3
        }
        ; print: %deep(1)

        function %sum(i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64 {
        block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64, v5: i64, v6: i64, v7: i64, v8: i64, v9: i64):
            v10 = isub v8, v9
            return v10
        }
        ; print: %sum(1, 2, 3, 4, 5, 6, 7, 8, 100, 58)

        """;

    [Fact]
    public void Results_traps_and_faults_of_all_calls_come_from_one_process()
    {
        List<string> ends = Run(File);
        Assert.Equal("[42, 0x1.8000000000000p2, -56]", ends[0]);
        Assert.StartsWith("trap int_divz in %divide+0x", ends[1], StringComparison.Ordinal);
        Assert.StartsWith("trap int_ovf in %divide+0x", ends[2], StringComparison.Ordinal);
        Assert.Equal("3", ends[3]);
        Assert.StartsWith("trap heap_oob in %load+0x", ends[4], StringComparison.Ordinal);
        Assert.StartsWith("unexpected SIGSEGV in %wild+0x", ends[5], StringComparison.Ordinal);
        Assert.Contains("=>", ends[5], StringComparison.Ordinal);
        Assert.StartsWith("trap stk_ovf in %deep+0x", ends[6], StringComparison.Ordinal);
        Assert.Equal("42", ends[7]);
    }

    [Fact]
    public void What_is_not_defined_is_named()
    {
        const string Text = """
            function %f() {
                fn0 = %nobody()
            block0:
                call fn0()
                return
            }
            ; run: %f() == []

            """;
        Assert.Equal(["Undeclared function %nobody is referenced by %f!"], Run(Text));
    }

    private static List<string> Run(string text)
    {
        Assert.SkipWhen(EngineTable.QemuPath.Length == 0, "qemu-aarch64 is not installed");
        ParsedFile file = Parser.Parse(text);
        Assert.False(file.HasErrors, file.Diagnostics.ToString());
        List<OwnedCommand> commands = [];
        Assert.True(RunCommands.Collect(file, commands).IsPassed);
        Assert.True(ToolContext.TryGetTarget(new() { Target = "aarch64" }, TestPlan.InitialSettings(), out TargetSpec? spec, out string error), error);
        Target? target = new TargetCache().Find(spec!, forHost: false);
        Assert.NotNull(target);
        using QemuEngine engine = new(new CompileContext(), target);
        string problem = engine.Load(FileState.FunctionsOf(file), commands);
        return problem.Length != 0
            ? [problem]
            : commands.ConvertAll(command => engine.Invoke(command.Owner, command.Command.Callee, command.Command.Arguments).ToString());
    }
}
