using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;
using Xunit;

namespace MiniJit.Runtime.Tests;

public sealed class PublicationTests
{
    [Fact]
    public void The_step_table_is_in_enum_order_and_complete()
    {
        PublicationStepKind[] kinds = Enum.GetValues<PublicationStepKind>();
        Assert.Equal(kinds.Length, PublicationStep.Table.Length);
        foreach (PublicationStepKind kind in kinds)
        {
            Assert.Equal(kind, new PublicationStep(kind).Info.Kind);
        }

        Assert.Equal(Enum.GetValues<PublicationMeans>().Length, PublicationStep.MeansTable.Length);
    }

    [Theory]
    [InlineData(CodeViews.Dual, false, false, "CleanDataLines DataBarrier InvalidateInstructionLines DataBarrier ContextSync SynchronizeCores MakeReachable")]
    [InlineData(CodeViews.Dual, true, false, "DataBarrier InvalidateInstructionLines DataBarrier ContextSync SynchronizeCores MakeReachable")]
    [InlineData(CodeViews.Dual, true, true, "DataBarrier ContextSync SynchronizeCores MakeReachable")]
    [InlineData(CodeViews.Flip, false, false, "CleanDataLines DataBarrier InvalidateInstructionLines DataBarrier ContextSync ProtectExecute SynchronizeCores MakeReachable")]
    public void Arm64_Linux_does_what_its_caches_need(object views, bool idc, bool dic, string steps)
    {
        PublicationCapabilities capabilities = new((CodeViews)views, PublicationMeans.MembarrierSyncCore, idc, dic);
        foreach (PublicationScenario scenario in Enum.GetValues<PublicationScenario>())
        {
            Assert.True(PublicationPlan.TryChoose(OperatingSystemKind.Linux, Architecture.Arm64, capabilities, scenario, out PublicationPlan plan, out _));
            Assert.Equal(scenario == PublicationScenario.ReplacedFunction ? steps + " AwaitThreads FillWithTraps" : steps, Names(plan));
        }
    }

    [Fact]
    public void X64_has_no_maintenance_for_new_code_and_says_why()
    {
        PublicationCapabilities capabilities = new(CodeViews.Dual, PublicationMeans.MembarrierSyncCore);
        Assert.True(PublicationPlan.TryChoose(
            OperatingSystemKind.Linux, Architecture.X64, capabilities, PublicationScenario.NewCode, out PublicationPlan plan, out _));
        Assert.Equal("MakeReachable", Names(plan));
        Assert.Contains("clean data lines is left out: x86-64 instruction fetch snoops", plan.ToString(), StringComparison.Ordinal);
        Assert.True(PublicationPlan.TryChoose(
            OperatingSystemKind.Linux, Architecture.X64, capabilities, PublicationScenario.ReusedMemory, out plan, out _));
        Assert.Equal("SynchronizeCores MakeReachable", Names(plan));
    }

    [Fact]
    public void A_machine_without_core_synchronisation_is_refused_with_a_reason()
    {
        PublicationCapabilities capabilities = new(CodeViews.Dual, PublicationMeans.Default);
        Assert.False(PublicationPlan.TryChoose(
            OperatingSystemKind.Linux, Architecture.Arm64, capabilities, PublicationScenario.NewCode, out _, out string refusal));
        Assert.Contains("no way to synchronise", refusal, StringComparison.Ordinal);
        Assert.False(PublicationPlan.TryChoose(
            OperatingSystemKind.Linux, Architecture.X64, capabilities, PublicationScenario.ReusedMemory, out _, out refusal));
        Assert.Contains("cannot hold other code", refusal, StringComparison.Ordinal);
    }

    // One row per system and architecture of protocol.md: the steps for new code and for reused memory; with one view, steps in
    // parentheses belong to it. A replaced function has those of reused memory and what becomes of its old code.
    [Theory]
    [InlineData(OperatingSystemKind.Linux, Architecture.X64, "(ProtectExecute) MakeReachable", "(ProtectExecute) SynchronizeCores MakeReachable")]
    [InlineData(OperatingSystemKind.Windows, Architecture.X64, "FlushInstructionCache (ProtectExecute) MakeReachable", "FlushInstructionCache (ProtectExecute) SynchronizeCores MakeReachable")]
    [InlineData(OperatingSystemKind.MacOS, Architecture.X64, "(ProtectExecute) MakeReachable", "(ProtectExecute) SynchronizeCores MakeReachable")]
    [InlineData(OperatingSystemKind.Linux, Architecture.S390x, "(ProtectExecute) MakeReachable", "(ProtectExecute) SynchronizeCores MakeReachable")]
    [InlineData(OperatingSystemKind.Linux, Architecture.Arm64, "CleanDataLines DataBarrier InvalidateInstructionLines DataBarrier ContextSync (ProtectExecute) SynchronizeCores MakeReachable", null)]
    [InlineData(OperatingSystemKind.Windows, Architecture.Arm64, "FlushInstructionCache (ProtectExecute) SynchronizeCores MakeReachable", null)]
    [InlineData(OperatingSystemKind.MacOS, Architecture.Arm64, "FlushInstructionCache (ProtectExecute) SynchronizeCores MakeReachable", null)]
    [InlineData(OperatingSystemKind.Linux, Architecture.RiscV64, "(ProtectExecute) FlushInstructionCache MakeReachable", null)]
    public void Every_system_has_its_plans(object system, Architecture architecture, string fresh, string? reused)
    {
        foreach (CodeViews views in Enum.GetValues<CodeViews>())
        {
            foreach (PublicationMeans means in (ReadOnlySpan<PublicationMeans>)[PublicationMeans.MembarrierSyncCore, PublicationMeans.MembarrierGlobal, PublicationMeans.VisitProcessors])
            {
                foreach (PublicationScenario scenario in Enum.GetValues<PublicationScenario>())
                {
                    PublicationCapabilities capabilities = new(views, means);
                    Assert.True(PublicationPlan.TryChoose((OperatingSystemKind)system, architecture, capabilities, scenario, out PublicationPlan plan, out string refusal), refusal);
                    string steps = scenario == PublicationScenario.NewCode ? fresh : reused ?? fresh;
                    steps = views == CodeViews.Flip ? steps.Replace("(ProtectExecute)", "ProtectExecute", StringComparison.Ordinal) : steps.Replace("(ProtectExecute) ", "", StringComparison.Ordinal);
                    Assert.Equal(scenario == PublicationScenario.ReplacedFunction ? steps + " AwaitThreads FillWithTraps" : steps, Names(plan));
                    foreach (PublicationStep step in plan.Steps)
                    {
                        Assert.Equal(step.Kind == PublicationStepKind.SynchronizeCores ? means : step.Means, step.Means);
                    }

                    // What is neither done nor left out for a reason was forgotten.
                    string text = plan.ToString();
                    foreach (PublicationStepKind kind in (ReadOnlySpan<PublicationStepKind>)[PublicationStepKind.CleanDataLines, PublicationStepKind.ProtectExecute, PublicationStepKind.SynchronizeCores])
                    {
                        Assert.Contains(new PublicationStep(kind).Info.Text, text, StringComparison.Ordinal);
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(OperatingSystemKind.MacOS, Architecture.S390x)]
    [InlineData(OperatingSystemKind.Windows, Architecture.RiscV64)]
    [InlineData(OperatingSystemKind.Linux, Architecture.LoongArch64)]
    public void A_machine_that_nobody_thought_of_is_refused_by_name(object system, Architecture architecture)
    {
        PublicationCapabilities capabilities = new(CodeViews.Dual, PublicationMeans.MembarrierSyncCore);
        Assert.False(PublicationPlan.TryChoose((OperatingSystemKind)system, architecture, capabilities, PublicationScenario.NewCode, out _, out string refusal));
        Assert.Equal($"no publication plan is known for {architecture} on {system}", refusal);
    }

    [Fact]
    public void A_plan_can_be_edited()
    {
        PublicationCapabilities capabilities = new(CodeViews.Dual, PublicationMeans.MembarrierSyncCore);
        Assert.True(PublicationPlan.TryChoose(
            OperatingSystemKind.Linux, Architecture.Arm64, capabilities, PublicationScenario.NewCode, out PublicationPlan plan, out _));
        PublicationPlan edited = plan.Without(PublicationStepKind.DataBarrier);
        Assert.Equal("CleanDataLines InvalidateInstructionLines ContextSync SynchronizeCores MakeReachable", Names(edited));
        Assert.Contains("without: data barrier", edited.Name, StringComparison.Ordinal);
    }

    [Fact]
    public void Steps_run_in_order_and_machine_wide_steps_once_per_batch()
    {
        Recorder recorder = new();
        PublicationExecutor executor = new(new RecordingMemory(), recorder);
        ArenaMapping arena = new(0x10000, 0x10000, 0x20000, 0x10000, 0x50000);
        PublicationCapabilities capabilities = new(CodeViews.Flip, PublicationMeans.MembarrierSyncCore);
        Assert.True(PublicationPlan.TryChoose(
            OperatingSystemKind.Linux, Architecture.Arm64, capabilities, PublicationScenario.NewCode, out PublicationPlan plan, out _));
        SystemError error = executor.Run(plan, [new(arena, 0x10000, 64), new(arena, 0x11000, 64)], recorder);
        Assert.True(error.IsNone);
        Assert.Equal(
            ["CleanDataLines 10000", "CleanDataLines 11000", "DataBarrier 0", "InvalidateInstructionLines 10000",
             "InvalidateInstructionLines 11000", "DataBarrier 0", "ContextSync 0", "SynchronizeCores 0", "reachable"],
            recorder.Events);
    }

    [Fact]
    public void A_step_that_fails_keeps_the_code_unreachable_and_is_named()
    {
        Recorder recorder = new() { FailAt = PublicationStepKind.SynchronizeCores };
        PublicationExecutor executor = new(new RecordingMemory(), recorder);
        PublicationPlan plan = new("test", [new(PublicationStepKind.SynchronizeCores), new(PublicationStepKind.MakeReachable)]);
        SystemError error = executor.Run(plan, [], recorder);
        Assert.Equal("call of SynchronizeCores", error.Call);
        Assert.DoesNotContain("reachable", recorder.Events);
    }

    /// <summary>All that tells caches or cores anything stands in one folder, behind one interface.</summary>
    [Fact]
    public void Nothing_but_publication_flushes_anything()
    {
        string? root = AppContext.BaseDirectory;
        while (root is not null && !File.Exists(Path.Combine(root, "MiniJit.sln")))
        {
            root = Path.GetDirectoryName(root);
        }

        Assert.SkipWhen(root is null, "the sources are not here");
        string[] words =
        [
            "HostCall.Membarrier", "HostCall.RiscVFlushIcache", "HostCall.CleanDataLines", "HostCall.InvalidateInstructionLines", "HostCall.ContextSync",
            "HostCall.FlushInstructionCache", "HostCall.FlushProcessWriteBuffers", "HostCall.SysIcacheInvalidate", "HostCall.StopEachThread",
        ];
        int found = 0;
        foreach (string file in Directory.EnumerateFiles(Path.Combine(root!, "src"), "*.cs", SearchOption.AllDirectories))
        {
            string folder = Path.GetFileName(Path.GetDirectoryName(file)!);
            string text = File.ReadAllText(file);
            foreach (string word in words)
            {
                bool uses = text.Contains(word, StringComparison.Ordinal);
                found += uses ? 1 : 0;

                // The lab's experiments get publication wrong on purpose.
                Assert.False(uses && folder is not ("Publication" or "Platform" or "Experiments"), $"{file} uses {word}");
            }
        }

        Assert.True(found >= words.Length);
    }

    private static string Names(PublicationPlan plan)
    {
        List<string> names = [];
        foreach (PublicationStep step in plan.Steps)
        {
            names.Add(step.Kind.ToString());
        }

        return string.Join(' ', names);
    }

    private sealed class Recorder : IPublicationPort, IPublicationTarget
    {
        public List<string> Events { get; } = [];

        public PublicationStepKind? FailAt { get; init; }

        public PublicationCapabilities Probe(CodeViews views) => new(views, PublicationMeans.MembarrierSyncCore);

        public SystemError Perform(PublicationStep step, in CodeRange range)
        {
            Events.Add($"{step.Kind} {range.Address:x}");
            return step.Kind == FailAt ? new($"call of {step.Kind}", 5) : default;
        }

        public void MakeReachable() => Events.Add("reachable");
    }
}
