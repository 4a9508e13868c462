// Plans against the verdicts that Arm's reference model gives for the same sequences (litmus.md and protocol.md 1.1 of the coherence reference): A and F
// for caches without promises, with IDC, with IDC and DIC.
using System;
using System.Collections.Generic;
using MiniJit.Coherence.Protocols;
using MiniJit.Runtime.Publication;
using Xunit;

namespace MiniJit.Coherence.Tests;

public sealed class PlanTableTests
{
    private const string Clean = "clean", Barrier = "barrier", Invalidate = "invalidate", Sync = "sync";

    /// <summary>Which litmus test, the plan, who calls, in which scenario, and the verdicts.</summary>
    public static TheoryData<string, string[], bool, string, string> Sequences { get; } = new()
    {
        { "JIT.mt-full+acq-isb", [Clean, Barrier, Invalidate, Barrier, Sync], false, "ReusedMemory", "F/F/F" },
        { "JIT.mt-full+acq-noisb", [Clean, Barrier, Invalidate, Barrier, Sync], false, "OtherThread", "A/A/A" },
        { "JIT.mt-nocacheops+acq-isb", [], false, "ReusedMemory", "A/A/F" },
        { "JIT.mt-nofinaldsb+acq-isb", [Clean, Barrier, Invalidate], false, "ReusedMemory", "A/A/F" },
        { "JIT.mt-nomiddledsb+acq-isb", [Clean, Invalidate, Barrier, Sync], false, "ReusedMemory", "A/A/F" },
        { "JIT.mt-ic-before-dc+acq-isb", [Barrier, Invalidate, Barrier, Clean, Barrier, Sync], false, "ReusedMemory", "A/F/F" },
        { "JIT.mt-wasmtime-clear_cache+acq-isb", [Invalidate, Barrier, Sync], false, "ReusedMemory", "A/A/F" },
        { "JIT.wasmtime-clear_cache", [Invalidate, Barrier, Sync], true, "ReusedMemory", "A/A/F" },
        { "MP.RF+dsb-ic-dsb+ctrlisb", [Barrier, Invalidate, Barrier], false, "ReusedMemory", "A/F/F" },
        { "SM.B+dc.cvau-dsb.ish-isb", [Clean, Barrier, Sync], true, "ReusedMemory", "A/A/F" },
        { "SM.B+dsb.ish", [Barrier], true, "ReusedMemory", "A/A/A" },
        { "SM.B+isb", [Sync], true, "ReusedMemory", "A/A/A" },
        { "SM.B, all but the own ISB", [Clean, Barrier, Invalidate, Barrier], true, "ReusedMemory", "A/A/A" },
        { "JIT.mt-nocacheops, zeros", [], false, "NewCode", "A/A/F" },
    };

    [Theory]
    [MemberData(nameof(Sequences))]
    public void A_sequence_has_the_verdicts_of_its_litmus_test(string litmus, string[] steps, bool isWriterCalling, string scenario, string expected)
    {
        EnginePlan plan = Plan(litmus, SystemContribution.Windows, steps);
        List<string> verdicts = [];
        foreach (string name in (string[])["none", "idc", "both"])
        {
            PlanCell cell = new(plan, Machine(name), Enum.Parse<ProtocolScenario>(scenario));
            bool isSafe = PlanTable.Answer(PlanTable.Question(cell, isWriterCalling, 1)).IsSafe;
            Assert.Equal(isSafe, PlanTable.Answer(PlanTable.Question(cell, isWriterCalling, 2)).IsSafe);
            verdicts.Add(isSafe ? "F" : "A");
        }

        Assert.Equal(expected, string.Join('/', verdicts));
    }

    [Fact]
    public void Interrupting_every_core_replaces_the_readers_context_synchronisation()
    {
        PublicationStep interrupt = new(PublicationStepKind.SynchronizeCores, PublicationMeans.MembarrierSyncCore);
        EnginePlan plan = Plan("interrupt", SystemContribution.Linux, [Clean, Barrier, Invalidate, Barrier], interrupt);
        EnginePlan lied = Plan("lie", SystemContribution.LyingLinux, [Clean, Barrier, Invalidate, Barrier], interrupt);
        foreach (ProtocolMachine machine in ProtocolMachine.All)
        {
            Assert.True(PlanTable.Answer(PlanTable.Question(new(plan, machine, ProtocolScenario.OtherThread), false, 2)).IsSafe);
            Assert.False(PlanTable.Answer(PlanTable.Question(new(lied, machine, ProtocolScenario.OtherThread), false, 1)).IsSafe);
        }
    }

    [Fact]
    public void Interrupting_before_the_maintenance_is_over_is_too_early()
    {
        PublicationStep interrupt = new(PublicationStepKind.SynchronizeCores, PublicationMeans.MembarrierSyncCore);
        PublicationStep[] steps = [new(PublicationStepKind.CleanDataLines), new(PublicationStepKind.DataBarrier), interrupt, new(PublicationStepKind.InvalidateInstructionLines), new(PublicationStepKind.DataBarrier)];
        EnginePlan plan = new() { Name = "early", System = SystemContribution.Linux, Steps = [.. steps, new(PublicationStepKind.MakeReachable)] };
        Assert.False(PlanTable.Answer(PlanTable.Question(new(plan, Machine("idc"), ProtocolScenario.OtherThread), false, 1)).IsSafe);
    }

    [Fact]
    public void Linux_hides_missing_maintenance_the_first_time_a_page_becomes_code()
    {
        EnginePlan plan = Named("Wasmtime 2022, before the fix (Linux)");
        PlanTable table = PlanTable.Of([plan]);
        Assert.True(table[new(plan, Machine("none"), ProtocolScenario.NewCode)]!.IsSafe);
        Assert.False(table[new(plan, Machine("none"), ProtocolScenario.ReusedMemory)]!.IsSafe);
        Assert.True(table[new(plan, Machine("both"), ProtocolScenario.ReusedMemory)]!.IsSafe);
    }

    [Fact]
    public void The_crash_that_started_this_needs_no_reuse()
    {
        EnginePlan plan = Named("Wasmtime 2022, before the fix (Windows)");
        PlanAnswer answer = PlanTable.Of([plan])[new(plan, Machine("none"), ProtocolScenario.NewCode)]!;
        Assert.EndsWith("executes the old instruction udf #0 at f, which is illegal", answer.Steps[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Wasmtimes_plan_of_2026_is_unsafe_without_coherent_instruction_caches()
    {
        EnginePlan plan = Named("Wasmtime 2026 (Linux)");
        PlanTable table = PlanTable.Of([plan]);
        foreach (ProtocolMachine machine in ProtocolMachine.All)
        {
            PlanAnswer answer = table[new(plan, machine, ProtocolScenario.ReusedMemory)]!;
            Assert.Equal(machine.InstructionCoherent, answer.IsSafe);
        }

        // Nothing orders the store before the invalidation.
        string[] expected =
        [
            "P0 IC IVAU f is done: instruction caches may refill version 0 or newer",
            "P0 stores mov w0, #2 to f: version 1",
            "P0 DSB ISH: waits for all before it",
            "P0 ISB: forgets what it fetched ahead",
            "P0 calls mprotect, which maintains no caches",
            "P0 DSB ISH: waits for all before it",
            "P0 returns from mprotect",
            "P0 calls membarrier PRIVATE_EXPEDITED_SYNC_CORE: an interrupt for every core",
            "P0 returns from the system call: every core has been interrupted",
            "P0 calls f",
            "P0 fetches f in version 0 (mov w0, #1), though there is version 1",
            "P0 executes the old instruction mov w0, #1 at f",
        ];
        Assert.Equal(expected, table[new(plan, Machine("idc"), ProtocolScenario.ReusedMemory)]!.Steps);
    }

    [Theory]
    [InlineData("MiniJit (Linux)")]
    [InlineData("MiniJit (Linux, one view)")]
    [InlineData("MiniJit (Linux, GLOBAL)")]
    [InlineData("MiniJit (Linux, no membarrier)")]
    [InlineData("MiniJit (Windows)")]
    [InlineData("MiniJit (macOS)")]
    [InlineData("MiniJit (Linux riscv64)")]
    public void The_runtimes_plans_are_safe_everywhere(string name)
    {
        EnginePlan plan = Named(name);
        PlanTable table = PlanTable.Of([plan]);
        foreach (ProtocolScenario scenario in PlanTable.Scenarios)
        {
            foreach (ProtocolMachine machine in ProtocolMachine.All)
            {
                Assert.True(table[new(plan, machine, scenario)]?.IsSafe ?? !plan.RunsOn(machine));
            }
        }
    }

    [Fact]
    public void What_the_readers_do_is_part_of_a_plan()
    {
        EnginePlan plain = Named("asmjit (Linux)"), erlang = Named("asmjit in Erlang (Linux)");
        PlanTable table = PlanTable.Of([plain, erlang]);
        foreach (ProtocolMachine machine in ProtocolMachine.All)
        {
            Assert.False(table[new(plain, machine, ProtocolScenario.OtherThread)]!.IsSafe);
            Assert.True(table[new(erlang, machine, ProtocolScenario.OtherThread)]!.IsSafe);
        }
    }

    private static EnginePlan Plan(string name, SystemContribution system, string[] steps, params PublicationStep[] last)
    {
        List<PublicationStep> all = [];
        foreach (string step in steps)
        {
            all.Add(new(step switch
            {
                Clean => PublicationStepKind.CleanDataLines,
                Barrier => PublicationStepKind.DataBarrier,
                Invalidate => PublicationStepKind.InvalidateInstructionLines,
                _ => PublicationStepKind.ContextSync,
            }));
        }

        return new() { Name = name, System = system, Steps = [.. all, .. last, new(PublicationStepKind.MakeReachable)] };
    }

    private static EnginePlan Named(string name)
    {
        foreach (EnginePlan plan in EnginePlans.All)
        {
            if (plan.Name == name)
            {
                return plan;
            }
        }

        throw new ArgumentException(name);
    }

    private static ProtocolMachine Machine(string name)
    {
        foreach (ProtocolMachine machine in ProtocolMachine.All)
        {
            if (machine.Name == name)
            {
                return machine;
            }
        }

        throw new ArgumentException(name);
    }
}
