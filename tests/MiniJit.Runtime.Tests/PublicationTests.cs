using System;
using System.Collections.Generic;
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
            Assert.Equal(steps, Names(plan));
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

    [Fact]
    public void Windows_and_macOS_have_plans_of_their_own()
    {
        PublicationCapabilities windows = new(CodeViews.Dual, PublicationMeans.ProcessWriteBuffers);
        Assert.True(PublicationPlan.TryChoose(
            OperatingSystemKind.Windows, Architecture.Arm64, windows, PublicationScenario.NewCode, out PublicationPlan plan, out _));
        Assert.Equal("FlushInstructionCache SynchronizeCores MakeReachable", Names(plan));
        Assert.True(PublicationPlan.TryChoose(
            OperatingSystemKind.MacOS, Architecture.Arm64, windows, PublicationScenario.NewCode, out plan, out _));
        Assert.StartsWith("FlushInstructionCache", Names(plan), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_plan_ends_by_making_code_reachable_and_does_so_once()
    {
        foreach (OperatingSystemKind system in Enum.GetValues<OperatingSystemKind>())
        {
            foreach (Architecture architecture in (ReadOnlySpan<Architecture>)[Architecture.X64, Architecture.Arm64])
            {
                foreach (CodeViews views in Enum.GetValues<CodeViews>())
                {
                    foreach (PublicationScenario scenario in Enum.GetValues<PublicationScenario>())
                    {
                        PublicationCapabilities capabilities = new(views, PublicationMeans.MembarrierSyncCore);
                        Assert.True(PublicationPlan.TryChoose(system, architecture, capabilities, scenario, out PublicationPlan plan, out _));
                        Assert.Equal(plan.Steps.Length - 1, plan.Steps.IndexOf(new PublicationStep(PublicationStepKind.MakeReachable)));
                    }
                }
            }
        }
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

    // What the kernel answers to QUERY, REGISTER and SYNC_CORE (several times) -> what we do.
    [Theory]
    [InlineData(0x7F, 0, "0", "sync-core", 0)]
    [InlineData(0x7F, 0, "-1 0", "sync-core", 0)]          // EPERM once: registered again
    [InlineData(0x7F, 0, "-1 -1", "sync-core", 1)]         // EPERM for ever: reported
    [InlineData(0x7F, 0, "-12", "sync-core", 12)]          // ENOMEM: reported
    [InlineData(0x01, 0, "", "global", 0)]                 // a kernel without SYNC_CORE
    [InlineData(0x7F, -1, "", "global", 0)]                // a sandbox that refuses the registration
    [InlineData(-38, 0, "", "none", 0)]                    // ENOSYS
    [InlineData(0x00, 0, "", "none", 0)]
    public void Membarrier_answers_are_all_dealt_with(int query, int register, string syncCore, string means, int errno)
    {
        FakeMembarrier kernel = new(query, register, syncCore);
        LinuxPublicationPort port = new(kernel);
        PublicationMeans chosen = port.Probe(CodeViews.Dual).CoreSync;
        Assert.Equal(
            means switch { "sync-core" => PublicationMeans.MembarrierSyncCore, "global" => PublicationMeans.MembarrierGlobal, _ => PublicationMeans.Default },
            chosen);
        if (chosen != PublicationMeans.Default)
        {
            SystemError error = port.Perform(new(PublicationStepKind.SynchronizeCores, chosen), default);
            Assert.Equal(errno, error.Code);
            Assert.Equal(errno == 0, error.IsNone);
        }
    }

    [Fact]
    public void This_kernel_synchronises_cores()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "membarrier is a Linux system call");
        LinuxPublicationPort port = new(new HostMembarrier());
        PublicationMeans means = port.Probe(CodeViews.Dual).CoreSync;
        Assert.NotEqual(PublicationMeans.Default, means);
        Assert.True(port.Perform(new(PublicationStepKind.SynchronizeCores, means), default).IsNone);
    }

    [Fact]
    public void A_step_that_a_port_does_not_know_is_an_error_with_its_name()
    {
        SystemError error = new LinuxPublicationPort(new FakeMembarrier(0, 0, "")).Perform(new(PublicationStepKind.CleanDataLines), default);
        Assert.Contains("clean data lines", error.ToString(), StringComparison.Ordinal);
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

    private sealed class FakeMembarrier(int query, int register, string syncCore) : IMembarrier
    {
        private readonly Queue<int> _answers = new(Array.ConvertAll(syncCore.Split(' ', StringSplitOptions.RemoveEmptyEntries), int.Parse));

        public int Call(int command) => command switch { 0 => query, 1 => 0, 64 => register, _ => _answers.Dequeue() };
    }
}
