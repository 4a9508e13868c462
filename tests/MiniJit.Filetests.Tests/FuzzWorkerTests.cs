using System;
using System.IO;
using MiniJit.Codegen.Settings;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Fuzzing;
using MiniJit.Filetests.Running;
using MiniJit.Filetests.Tools;
using Xunit;

namespace MiniJit.Filetests.Tests;

/// <summary>Fuzzing with real worker processes.</summary>
public sealed class FuzzWorkerTests
{
    private const string Program = """
        function %f(i32) -> i32 system_v {
            fn0 = %known() system_v
        block0(v0: i32):
            brif v0, block1, block2

        block1:
            trap user1

        block2:
            return v0
        }
        ; print: %f(0)

        """;

    public FuzzWorkerTests() =>
        WorkerProcess.Command = (Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "minijit.exe" : "minijit"), []);

    [Fact]
    public void A_run_in_worker_processes_reports_what_it_did()
    {
        Assert.SkipUnless(TargetTriple.Host.Architecture == TargetArchitecture.X64, "compiled code runs on x86-64 only");
        StringWriter output = new();
        FuzzOptions options = new() { Seed = 5, Count = 100, Jobs = 2, Engines = EngineChoice.Native, Targets = ["x86_64"] };
        Assert.Equal(ExitCode.Success, FuzzTool.Run(new(output, output), options));
        Assert.Contains("seed 5\n100 programs, ", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("native x86_64 opt_level=speed agrees with the interpreter\n", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_worker_that_takes_too_long_is_replaced()
    {
        FuzzOptions options = new() { Targets = ["x86_64"], BatchTimeout = TimeSpan.FromMilliseconds(1) };
        using FuzzWorkerProcess worker = new(options);
        Assert.Equal("took longer than 0.001 s", worker.Run(1, 64).Death);
        Assert.Equal("took longer than 0.001 s", worker.Run(1, 64).Death);
    }

    [Fact]
    public void A_program_goes_to_the_worker_as_text_and_its_problem_comes_back()
    {
        Assert.SkipUnless(TargetTriple.Host.Architecture == TargetArchitecture.X64, "compiled code runs on x86-64 only");
        using FuzzWorkerProcess worker = new(new() { Targets = ["x86_64"], Levels = ["none"], Engines = EngineChoice.Native });
        FuzzProgram program = FuzzProgram.Parse(Program);
        Assert.Equal(program.ToString(), FuzzProgram.Parse(program.ToString()).ToString());
        Assert.Empty(worker.Probe(program, "").Problems);
        Assert.Equal(1, worker.Probe(program, "").Statistics.Returns);

        FuzzProgram undefined = FuzzProgram.Parse(Program.Replace("trap user1", "call fn0()\n    trap user1", StringComparison.Ordinal).Replace("%known", "%nobody", StringComparison.Ordinal));
        FuzzProblem problem = Assert.Single(worker.Probe(undefined, "").Problems).Problem;
        Assert.Equal("native x86_64 opt_level=none", problem.Configuration);
        Assert.Contains("%nobody", problem.Text, StringComparison.Ordinal);
    }
}
