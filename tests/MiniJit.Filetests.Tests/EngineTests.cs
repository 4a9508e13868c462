using System;
using System.Collections.Generic;
using MiniJit.Codegen.Settings;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Files;
using MiniJit.Filetests.Reports;
using MiniJit.Filetests.Running;
using MiniJit.Filetests.Subtests;
using MiniJit.IR;
using MiniJit.IR.Interpretation;
using Xunit;
using TestResult = MiniJit.Filetests.Running.TestResult;

namespace MiniJit.Filetests.Tests;

/// <summary>Which engines run, and what becomes of their answers.</summary>
public sealed class EngineTests
{
    private const string File = """
        test interpret
        function %f(i32) -> i32 {
        block0(v0: i32):
            return v0
        }
        ; run: %f(1) == 1
        ; print: %f(2)

        """;

    [Fact]
    public void Engines_have_names()
    {
        Assert.True(EngineTable.TryRead("", out EngineChoice choice));
        Assert.Equal(EngineChoice.Default, choice);
        foreach (string name in EngineTable.Choices)
        {
            Assert.True(EngineTable.TryRead(name, out choice));
            Assert.Equal(name, choice.ToString(), ignoreCase: true);
            Assert.False(EngineTable.TryRead(name + "s", out _));
        }
    }

    [Fact]
    public void Native_code_is_the_default_on_the_host_and_one_of_all()
    {
        Assert.Equal([EngineKind.Native], Choose(EngineChoice.Default, TargetTriple.Host));
        Assert.Contains(EngineKind.Native, Choose(EngineChoice.All, TargetTriple.Host));
    }

    [Fact]
    public void A_foreign_architecture_is_no_matter_for_native_code()
    {
        Assert.True(TargetTriple.TryParse(TargetTriple.Host.Architecture == TargetArchitecture.X64 ? "aarch64" : "x86_64", out TargetTriple foreign));
        List<EngineKind> kinds = [];
        Assert.Equal($"foreign architecture {foreign.ArchitectureName}", EngineTable.Choose(EngineChoice.Native, foreign, kinds));
        Assert.Empty(kinds);
        Assert.DoesNotContain(EngineKind.Native, Choose(EngineChoice.All, foreign, mayFail: true));
    }

    [Fact]
    public void Qemu_is_asked_for_AArch64_only()
    {
        Assert.True(TargetTriple.TryParse("x86_64", out TargetTriple triple));
        Assert.Equal("the qemu engine executes aarch64 code, not x86_64", EngineTable.WhyNot(EngineKind.Qemu, triple));
    }

    [Fact]
    public void Engines_that_agree_are_judged_like_one()
    {
        Outcome outcome = Run(new FixedEngine(1), new FixedEngine(1));
        Assert.Equal(OutcomeKind.Passed, outcome.Kind);
    }

    [Fact]
    public void Engines_that_disagree_are_named_with_what_they_say()
    {
        Outcome outcome = Run(new FixedEngine(1), new FixedEngine(7));
        Assert.Equal(OutcomeKind.Failed, outcome.Kind);
        Assert.Equal("Engines disagree: run: %f(1) == 1: engine0 gives 1, engine1 gives 7", outcome.Message);
        Assert.Equal(6, outcome.Line);
    }

    [Fact]
    public void Engines_that_are_wrong_together_fail_the_command()
    {
        Outcome outcome = Run(new FixedEngine(7), new FixedEngine(7));
        Assert.Equal("Failed test: run: %f(1) == 1, actual: 7", outcome.Message);
    }

    [Fact]
    public void Agreement_is_about_bits_and_trap_codes()
    {
        Completion nan = Completion.Returned([DataValue.F64(double.NaN)]), other = Completion.Returned([new(IrType.F64, 0x7ff8_0000_0000_0001)]);
        Assert.True(nan.Agrees(nan));
        Assert.False(nan.Agrees(other));
        Assert.False(nan.Agrees(Completion.Trapped(TrapCode.StackOverflow, "")));
        Assert.True(Completion.Trapped(TrapCode.StackOverflow, "here").Agrees(Completion.Trapped(TrapCode.StackOverflow, "there")));
        Assert.False(Completion.Trapped(TrapCode.StackOverflow, "").Agrees(Completion.Trapped(TrapCode.HeapOutOfBounds, "")));
    }

    [Fact]
    public void The_engines_are_part_of_the_command_that_runs_a_test_again()
    {
        TestResult result = new(0, 2, "run", "aarch64", Outcome.Failed("no"), 1, "");
        Assert.Equal("minijit test a.clif --engine all --test run --target aarch64", FailureText.RerunCommand(new("a.clif", EngineChoice.All), result));
        Assert.Equal("minijit test a.clif --test run --target aarch64", FailureText.RerunCommand(new("a.clif", EngineChoice.Default), result));
    }

    private static List<EngineKind> Choose(EngineChoice choice, TargetTriple triple, bool mayFail = false)
    {
        List<EngineKind> kinds = [];
        string reason = EngineTable.Choose(choice, triple, kinds);
        Assert.True(mayFail || reason.Length == 0, reason);
        return kinds;
    }

    private static Outcome Run(params IEngine[] engines)
    {
        ParsedFile file = Parser.Parse(File);
        TestCase testCase = Assert.Single(TestPlan.Create(file).Cases);
        SubtestContext context = new(new FileState(file), testCase, new Workspace(), new RunOptions(), null);
        List<OwnedCommand> commands = [];
        Assert.True(RunCommands.Collect(file, commands).IsPassed);
        List<(string, IEngine)> named = [];
        foreach (IEngine engine in engines)
        {
            named.Add(($"engine{named.Count}", engine));
        }

        return RunCommands.Execute(context, named, commands);
    }

    /// <summary>Always says the same.</summary>
    private sealed class FixedEngine(long answer) : IEngine
    {
        public string Load(IReadOnlyList<Function> functions, IReadOnlyList<OwnedCommand> commands) => "";

        public Completion Invoke(int owner, string callee, ReadOnlySpan<DataValue> arguments) => Completion.Returned([DataValue.Int(IrType.I32, answer)]);

        public void Dispose()
        {
        }
    }
}
