using System;
using MiniJit.Codegen.Settings;
using MiniJit.Filetests.Checking;
using MiniJit.Filetests.Files;
using MiniJit.Filetests.Subtests;
using MiniJit.IR;
using Xunit;

namespace MiniJit.Filetests.Tests;

public sealed class PlanTests
{
    private const string Body = "function %f() {\nblock0:\n    return\n}\n";

    private static TestPlan Plan(string header) => TestPlan.Create(Parser.Parse(header + Body, "t.clif"));

    [Fact]
    public void Each_target_has_the_settings_of_its_place_and_subtests_are_sorted()
    {
        TestPlan plan = Plan("test compile\ntest run\ntest cat\nset opt_level=speed\ntarget x86_64\nset is_pic\ntarget x86_64 has_avx\n");
        Assert.True(plan.Problem.IsPassed);
        Assert.Equal(5, plan.Cases.Count);
        Assert.Equal(["cat", "run", "run", "compile", "compile"], [plan.Cases[0].Subtest.Name, plan.Cases[1].Subtest.Name, plan.Cases[2].Subtest.Name, plan.Cases[3].Subtest.Name, plan.Cases[4].Subtest.Name]);
        Assert.Equal((OptLevel.Speed, false), (plan.Cases[1].Settings.OptLevel, plan.Cases[1].Settings.IsPic));
        Assert.Equal((OptLevel.Speed, true), (plan.Cases[2].Settings.OptLevel, plan.Cases[2].Settings.IsPic));
        Assert.Equal("x86_64 has_avx", plan.Cases[2].TargetText);
        Assert.False(plan.Cases[0].Settings.UnwindInfo);
        Assert.True(plan.Cases[0].Settings.MachineCodeCfgInfo);
    }

    [Fact]
    public void A_subtest_without_target_knows_the_only_target_of_the_file()
    {
        Assert.Equal(32, Plan("test verifier\ntarget pulley32\n").Cases[0].Target!.Triple.PointerBits);
        Assert.Null(Plan("test verifier\ntarget pulley32\ntarget x86_64\n").Cases[0].Target);
    }

    [Theory]
    [InlineData("test run\ntarget x86_64\nset is_pic\n", "dangling 'set' command after ISA specification has no effect.")]
    [InlineData("test run\n", "test run requires an ISA")]
    [InlineData("", "no test commands found")]
    [InlineData("test nothing\n", "unknown test command 'nothing'")]
    [InlineData("test cat loudly\n", "No options allowed on test cat")]
    [InlineData("test compile loudly\ntarget x86_64\n", "unknown option on test compile: 'loudly'")]
    [InlineData("test cat\nset nothing\n", "unknown setting 'nothing'")]
    [InlineData("test cat\ntarget x86_64 has_nothing\n", "unknown setting 'has_nothing'")]
    public void What_is_wrong_with_a_header_fails_the_file(string header, string error) =>
        Assert.Equal(Outcome.Failed(error), Plan(header).Problem with { Line = 0 });

    [Fact]
    public void An_unsupported_architecture_skips_the_file_and_one_without_back_end_skips_its_tests()
    {
        Assert.Equal(OutcomeKind.Skipped, Plan("test run\ntarget i686\n").Problem.Kind);
        TestCase only = Assert.Single(Plan("test run\ntarget riscv64 has_anything\n").Cases);
        Assert.NotEqual("", only.SkipReason);
    }

    [Fact]
    public void Blessing_replaces_comments_up_to_code_and_keeps_what_is_marked_to_stay()
    {
        string text = "test compile precise-output\n\n" + Body + "\n; old\n;\n; older\n\n;; stays\n" + Body.Replace("%f", "%g", StringComparison.Ordinal) + "; last";
        ParsedFile file = Parser.Parse(text, "t.clif");
        string blessed = PreciseOutput.Apply(text, [new(file.Functions[1].Span, ["g"]), new(file.Functions[0].Span, ["x", "", "y"])]);
        Assert.Equal("test compile precise-output\n\n" + Body + "\n; x\n;\n; y\n\n;; stays\n" + Body.Replace("%f", "%g", StringComparison.Ordinal) + "\n; g\n", blessed);
        ParsedFile again = Parser.Parse(blessed, "t.clif");
        Assert.Equal(blessed, PreciseOutput.Apply(blessed, [new(again.Functions[0].Span, ["x", "", "y"]), new(again.Functions[1].Span, ["g"])]));
    }
}
