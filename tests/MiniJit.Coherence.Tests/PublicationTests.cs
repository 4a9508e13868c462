using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using MiniJit.Codegen;
using MiniJit.Coherence.Fetch;
using MiniJit.Coherence.Machine;
using MiniJit.Coherence.Publication;
using MiniJit.IR;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Publication;
using Xunit;

namespace MiniJit.Coherence.Tests;

public sealed class PublicationTests
{
    // add x0, x0, #n ; ret
    private static uint[] AddAndReturn(uint n) => [0x9100_0000 | (n << 10), 0xD65F_03C0];

    [Fact]
    public void Published_code_runs_on_every_core_and_memory_is_reused()
    {
        using Arm64Machine machine = new(2);
        using CodeHeap heap = MachineHeap.Create(new(machine));
        ulong first = 0;
        for (uint n = 1; n <= 5; n++)
        {
            using JitModule module = new(heap, NoSymbols.Instance);
            JitFunction function = module.Define(ExternalName.Symbol("f"), Code(AddAndReturn(n)));
            Assert.True(module.TryPublish(out _));
            first = first == 0 ? (ulong)function.Address : first;
            Assert.Equal(first, (ulong)function.Address);
            foreach (Core core in machine.Cores)
            {
                Assert.Equal(StopReason.Returned, core.Call((ulong)function.Address, [40], 100));
                Assert.Equal(40 + n, core.State.General[0]);
            }
        }

        // What was freed traps.
        Assert.Equal(StopReason.Exception, machine.Cores[0].Call(first, [], 100));
        Assert.Equal(CoreExceptionKind.UndefinedInstruction, machine.Cores[0].Exception.Kind);
    }

    [Fact]
    public void Each_step_of_the_plan_is_an_event_of_the_model()
    {
        EventLog log = new();
        using Arm64Machine machine = new(2, memory => new ObservedModel(new CoherentModel(memory), log));
        using CodeHeap heap = MachineHeap.Create(new(machine));
        using JitModule module = new(heap, NoSymbols.Instance);
        StepLog steps = new(log);
        heap.Executor.Observer = steps;
        JitFunction function = module.Define(ExternalName.Symbol("f"), Code([.. AddAndReturn(1), .. new uint[30]]));
        log.Events.Clear();
        Assert.True(module.TryPublish(out _));

        // Looking at the cores' cache types has taken the publishing thread to core 1.
        ulong line = (ulong)function.Address & ~63ul, view = line + (128ul << 20);
        string[] expected =
        [
            "1 ExceptionEntry", "1 ExceptionReturn",             // memory is asked for
            $"1 CleanToUnification {view:x}", $"1 CleanToUnification {view + 64:x}", "CleanDataLines",
            "1 Barrier Synchronization", "DataBarrier",
            $"1 InvalidateInstructions {line:x}", $"1 InvalidateInstructions {line + 64:x}", "InvalidateInstructionLines",
            "1 Barrier Synchronization", "DataBarrier",
            "1 Instruction", "ContextSync",
            "1 ExceptionEntry", "0 Interrupt", "1 Interrupt", "1 ExceptionReturn", "SynchronizeCores",
            "MakeReachable",
        ];
        Assert.Equal(expected, log.Events);
    }

    [Theory]
    [InlineData("linux")]
    [InlineData("windows")]
    [InlineData("macos")]
    [InlineData("bare")]
    [InlineData("linux-seccomp")]
    [InlineData("linux-4.15")]
    [InlineData("linux-4.15-tickless")]
    [InlineData("linux-4.2")]
    [InlineData("linux-lies")]
    public void Code_is_published_by_the_plan_of_every_system(string name)
    {
        foreach (CodeViews views in new[] { CodeViews.Dual, CodeViews.Flip })
        {
            SystemPolicy policy = SystemPolicy.Find(name)!;
            using Arm64Machine machine = new(3);
            using CodeHeap heap = MachineHeap.Create(new(machine, policy with { Views = policy.Views == CodeViews.PerThread ? policy.Views : views }));
            for (uint n = 1; n <= 3; n++)
            {
                using JitModule module = new(heap, NoSymbols.Instance);
                JitFunction function = module.Define(ExternalName.Symbol("f"), Code(AddAndReturn(n)));
                Assert.True(module.TryPublish(out _));
                Assert.Equal(StopReason.Returned, machine.Cores[2].Call((ulong)function.Address, [40], 100));
                Assert.Equal(40 + n, machine.Cores[2].State.General[0]);
            }
        }
    }

    // Everybody's cores are interrupted or visited, except by the kernel that lies.
    [Theory]
    [InlineData("linux", true)]
    [InlineData("linux-seccomp", true)]
    [InlineData("linux-4.15", true)]
    [InlineData("linux-4.15-tickless", true)]
    [InlineData("linux-4.2", true)]
    [InlineData("linux-lies", false)]
    [InlineData("windows", true)]
    [InlineData("macos", true)]
    public void Whatever_the_system_answers_all_cores_are_synchronised_or_the_plan_says_so(string name, bool isSynchronised)
    {
        EventLog log = new();
        using Arm64Machine machine = new(2, memory => new ObservedModel(new CoherentModel(memory), log));
        using CodeHeap heap = MachineHeap.Create(new(machine, SystemPolicy.Find(name)));
        using JitModule module = new(heap, NoSymbols.Instance);
        module.Define(ExternalName.Symbol("f"), Code(AddAndReturn(1)));
        log.Events.Clear();
        Assert.True(module.TryPublish(out _));
        bool both = (log.Events.Contains("0 Interrupt") && log.Events.Contains("1 Interrupt")) || (log.Events.Contains("0 Switch") && log.Events.Contains("1 Switch"));
        Assert.Equal(isSynchronised, both);
    }

    private static CompiledCode Code(ReadOnlySpan<uint> words)
    {
        CompiledCode code = new() { CodeSize = words.Length * 4 };
        foreach (byte value in MemoryMarshal.AsBytes(words))
        {
            code.Buffer.Add(value);
        }

        return code;
    }

    private sealed class EventLog : ICoherenceObserver
    {
        public List<string> Events { get; } = [];

        public void Happened(in CoherenceEvent happened)
        {
            string? text = happened.Kind switch
            {
                CoherenceEventKind.Maintain => $"{(CacheOperation)happened.Detail} {happened.Address:x}",
                CoherenceEventKind.Barrier => $"Barrier {(BarrierKind)happened.Detail}",
                CoherenceEventKind.Synchronize => $"{(ContextEvent)happened.Detail}",
                _ => null,
            };
            if (text is not null)
            {
                Events.Add($"{happened.Core} {text}");
            }
        }
    }

    private sealed class StepLog(EventLog log) : IPublicationObserver
    {
        public void StepDone(PublicationStep step, in CodeRange range, MiniJit.Runtime.Platform.SystemError error, System.TimeSpan duration) =>
            log.Events.Add(step.Kind.ToString());
    }
}
