using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;
using Xunit;

namespace MiniJit.Runtime.Tests;

/// <summary>The same answers from the kernel itself: a filter on one thread, which ends with it.</summary>
public sealed class SeccompTests
{
    [Theory]
    [InlineData("sync-core=22", "MembarrierGlobal", "")]
    [InlineData("sync-core=1", "MembarrierGlobal", "")]
    [InlineData("register=1 sync-core=1 global=1", "VisitProcessors", "")]
    [InlineData("membarrier=38", "VisitProcessors", "")]
    [InlineData("membarrier=38 affinity=1", "Default", "sched_setaffinity (after membarrier(PRIVATE_EXPEDITED_SYNC_CORE)")]
    [InlineData("sync-core=14", "Default", "membarrier(PRIVATE_EXPEDITED_SYNC_CORE): ")]
    public void A_sandbox_gets_the_next_best_plan_or_a_refusal_by_name(string denied, string means, string refusal)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && BitConverter.IsLittleEndian, "seccomp is Linux'");
        PublicationCapabilities capabilities = default;
        bool chosen = false;
        string reason = "";
        SystemError installed = default;
        Thread thread = new(() =>
        {
            List<DeniedCall> calls = [];
            foreach (string call in denied.Split(' '))
            {
                SeccompFilter.AddDenials(calls, call.Split('=')[0], call[^2] == '=' ? call[^1] - '0' : int.Parse(call[^2..]));
            }

            installed = SeccompFilter.Install(calls, allThreads: false);
            capabilities = new LinuxPublicationPort(HostCalls.Host, Architecture.X64).Probe(CodeViews.Dual);
            chosen = PublicationPlan.TryChoose(OperatingSystemKind.Linux, Architecture.Arm64, capabilities, PublicationScenario.NewCode, out _, out reason);
        });
        thread.Start();
        thread.Join();
        Assert.True(installed.IsNone, installed.ToString());
        Assert.Equal(means, capabilities.CoreSync.ToString());
        Assert.Equal(means != "Default", chosen);
        Assert.Contains(refusal, reason, StringComparison.Ordinal);
    }

    /// <summary>The filter comes when the heap and its plan are there already, and has the last word.</summary>
    [Fact]
    public void A_sandbox_that_closes_later_makes_publishing_fail_or_fall_back()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && BitConverter.IsLittleEndian, "seccomp is Linux'");
        SystemError before = new("", 1), fallenBack = new("", 1), refused = default;
        PublicationMeans used = default;
        Thread thread = new(() =>
        {
            LinuxPublicationPort port = new(HostCalls.Host, Architecture.X64);
            PublicationStep step = new(PublicationStepKind.SynchronizeCores, port.Probe(CodeViews.Dual).CoreSync);
            before = port.Perform(step, default);
            List<DeniedCall> calls = [];
            SeccompFilter.AddDenials(calls, "sync-core", 1);
            SeccompFilter.Install(calls, allThreads: false);
            fallenBack = new LinuxCoreSync(HostCalls.Host).Synchronize(step.Means, out used);
            SeccompFilter.AddDenials(calls, "membarrier", 38);
            SeccompFilter.AddDenials(calls, "affinity", 1);
            SeccompFilter.Install(calls, allThreads: false);
            refused = port.Perform(step, default);
        });
        thread.Start();
        thread.Join();
        Assert.True(before.IsNone, before.ToString());
        Assert.True(fallenBack.IsNone, fallenBack.ToString());
        Assert.Equal(PublicationMeans.MembarrierGlobal, used);
        Assert.Equal(1, refused.Code);
        Assert.Contains("sched_setaffinity", refused.Call, StringComparison.Ordinal);
    }
}
