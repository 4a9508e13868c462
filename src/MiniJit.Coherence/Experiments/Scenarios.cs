// The minimum set of real coherence bugs: one for each mechanism. What each project did is written as an edit of what our runtime does, on
// the system and the machine on which it was seen.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Fetch;
using MiniJit.Coherence.Publication;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;
using static MiniJit.Runtime.Publication.PublicationStepKind;

namespace MiniJit.Coherence.Experiments;

internal static class Scenarios
{
    private const int Invalid = 22, NotPermitted = 1, NotSupported = 95;

    private static readonly Scenario[] s_all =
    [
        new()
        {
            Name = "no-maintenance", Number = "1", Source = "wasmtime #3310, PR #4997",
            Sentence = "Windows: code was written, made executable and called; nothing was flushed and nobody synchronised.",
            Fix = "FlushInstructionCache and FlushProcessWriteBuffers",
            Machine = Type("none"),
            Without = Base("no-maintenance", "windows") with { EditPlan = plan => plan.Only(ProtectExecute, MakeReachable) },
            With = Base("no-maintenance", "windows"),
        },
        new()
        {
            Name = "old-kernel", Number = "3", Source = "wasmtime #4972",
            Sentence = "Linux 4.15: membarrier(SYNC_CORE) is EINVAL, and that was the end of it.",
            Fix = "membarrier(GLOBAL) where SYNC_CORE is missing",
            Machine = Type("none"),
            Without = Base("old-kernel", "linux-4.15") with { EditPort = (port, run) => Sync(port, () => run.System.Try(HostCall.Membarrier, Membarrier.SyncCore, 0, 0)) },
            With = Base("old-kernel", "linux-4.15"),
        },
        new()
        {
            Name = "garbage-flags", Number = "4", Source = "wasmtime PR #4997, on the way",
            Sentence = "membarrier was called without its flags argument; what lay in the register made it EINVAL, which was taken for an old kernel.",
            Fix = "all arguments, always",
            Machine = Type("idc-dic"),
            Without = Base("garbage-flags", "linux") with
            {
                EditPort = (port, run) => Sync(port, () =>
                {
                    SystemError error = run.System.Try(HostCall.Membarrier, Membarrier.SyncCore, 0x7f, 0);
                    return error.Code == Invalid ? default : error;
                }),
            },
            With = Base("garbage-flags", "linux"),
        },
        new()
        {
            Name = "seccomp", Number = "24", Source = "moby #40731, coreclr #24298",
            Sentence = "A filter answers EPERM to every membarrier; registering and asking again was all that was tried, and the error ignored.",
            Fix = "the publishing thread visits every core",
            Machine = Type("idc-dic"),
            Without = Base("seccomp", "linux-seccomp") with { EditPort = (port, run) => Sync(port, () => RegisterAndAsk(run)) },
            With = Base("seccomp", "linux-seccomp"),
        },
        new()
        {
            Name = "no-membarrier", Number = "24", Source = "gVisor #267",
            Sentence = "A sandbox answers ENOSYS to membarrier, and nothing took its place.",
            Fix = "the publishing thread visits every core",
            Machine = Type("idc-dic"),
            Without = Base("no-membarrier", "linux-4.2") with { EditPort = (port, run) => Sync(port, () => Ignore(run.System.Try(HostCall.Membarrier, Membarrier.SyncCore, 0, 0))) },
            With = Base("no-membarrier", "linux-4.2"),
        },
        new()
        {
            Name = "lying-membarrier", Number = "24", Source = "Mystikos",
            Sentence = "membarrier returned success without interrupting anybody.",
            Fix = "an ISB of the callers between the pointer and the call",
            Machine = Type("idc-dic"),
            Without = Base("lying-membarrier", "linux-lies"),
            With = Base("lying-membarrier", "linux-lies") with { Readers = ReaderKind.ContextSync },
        },
        new()
        {
            Name = "patch-in-place", Number = "6", Source = "wasmtime PR #12133",
            Sentence = "macOS: a breakpoint was taken out of published code, and the old instruction was still executed.",
            Fix = "sys_icache_invalidate after every change",
            Machine = Type("idc"),
            Without = Base("patch-in-place", "macos") with { Script = Scripts.PatchInPlace, EditPlan = plan => plan.Without(FlushInstructionCache, 0), EditsFrom = 2 },
            With = Base("patch-in-place", "macos") with { Script = Scripts.PatchInPlace },
        },
        new()
        {
            Name = "invalidate-only", Number = "7", Source = "wasmtime of 2026, from its source",
            Sentence = "Linux: IC in steps of 64 bytes, DSB, ISB; data lines are not cleaned, and nothing waits for the stores.",
            Fix = "DC and DSB in front, steps from CTR_EL0",
            Machine = Type("none"),
            Without = Base("invalidate-only", "linux") with
            {
                EditPlan = plan => plan.Steps([new(InvalidateInstructionLines), new(DataBarrier), new(ContextSync), .. After(plan)]),
                EditPort = (port, run) => new LinePort(port, run, 64, 64),
            },
            With = Base("invalidate-only", "linux"),
        },
        new()
        {
            Name = "heap-reuse", Number = "9", Source = "cranelift-jit before #13180, from its source",
            Sentence = "Linux: the kernel's cleaning of new code pages was all there was, and pages from the heap are made executable more than once.",
            Fix = "cache maintenance of our own",
            Machine = Type("none"),
            Without = Heap with { EditPlan = plan => plan.Only(ProtectExecute, SynchronizeCores, MakeReachable) },
            With = Heap,
        },
        new()
        {
            Name = "unlike-lines", Number = "11", Source = "Mono PR #3549 on Exynos 8890",
            Sentence = "The line size of a large core, read once, was twice that of the small ones, which kept every other line.",
            Fix = "the smallest line of all cores",
            Machine = Type("mixed-lines"),
            Without = Base("unlike-lines", "linux") with { EditPort = LinePort.OfFirstCore },
            With = Base("unlike-lines", "linux"),
        },
        new()
        {
            Name = "false-claim", Number = "13", Source = "Neoverse N1 erratum 1542419",
            Sentence = "CTR_EL0 claimed that instruction caches follow the data side (DIC), so nothing was invalidated.",
            Fix = "the kernel hides DIC",
            Machine = Type("dic-erratum"),
            MachineWith = Type("dic-erratum") with { Claimed = [] },
            Without = Base("false-claim", "linux"),
            With = Base("false-claim", "linux"),
        },
        new()
        {
            Name = "fence-i", Number = "15", Source = "JDK-8291893, riscv-gcc #102",
            Sentence = "RISC-V: fence.i invalidates the cache of its own hart, and the thread went on on another one (their plan, on caches as stale as these).",
            Fix = "riscv_flush_icache on all harts",
            Machine = Type("idc"),
            Without = FenceI,
            With = RiscV,
            Aside = FenceI with { Script = Scripts.Stay },
            AsideText = "the thread stays where it is",
        },
        new()
        {
            Name = "erlang", Number = "16", Source = "asmjit #401, Erlang/OTP",
            Sentence = "Nobody synchronised the schedulers; their system calls did so by chance, until a loop had none.",
            Fix = "an ISB of the callers between the pointer and the call",
            Machine = Type("idc-dic"),
            Without = Base("erlang", "linux") with { EditPlan = plan => plan.Without(SynchronizeCores, 0) },
            With = Base("erlang", "linux") with { EditPlan = plan => plan.Without(SynchronizeCores, 0), Readers = ReaderKind.ContextSync },
            Aside = Base("erlang", "linux") with { EditPlan = plan => plan.Without(SynchronizeCores, 0), Readers = ReaderKind.SystemCall },
            AsideText = "with system calls in the loop",
        },
        new()
        {
            Name = "isb-then-dsb", Number = "19", Source = "RPCS3, ARMSX3 PR #19",
            Sentence = "The flush was ISB and then DSB: the wrong way round, and without maintenance.",
            Fix = "DC, DSB, IC, DSB, ISB",
            Machine = Type("none"),
            Without = Base("isb-then-dsb", "linux") with { EditPlan = plan => plan.Steps([new(ContextSync), new(DataBarrier), .. After(plan)]) },
            With = Base("isb-then-dsb", "linux"),
        },
        new()
        {
            Name = "missed-trap", Number = "20", Source = "box64 #3480",
            Sentence = "Traps were written over code to notice who enters it, and not flushed: the old code ran on, and nothing was noticed.",
            Fix = "traps are published like code",
            Machine = Type("none"),
            Without = Base("missed-trap", "linux") with { Script = Scripts.Trap, EditPlan = plan => plan.Steps(), EditsFrom = 2 },
            With = Base("missed-trap", "linux") with { Script = Scripts.Trap },
        },
        new()
        {
            Name = "stubs", Number = "21", Source = "Zephyr #113839",
            Sentence = "The cache operations were stubs that answered ENOTSUP, which nobody looked at; a module was unloaded and another loaded there.",
            Fix = "the operations",
            Machine = Type("none"),
            Without = Stubs("stubs"),
            With = Base("stubs", "bare"),
            Aside = Stubs("stubs"),
            AsideText = "with coherent caches, as in QEMU",
            AsideMachine = Type("idc-dic"),
        },
        new()
        {
            Name = "local-invalidate", Number = "22", Source = "seL4 #351",
            Sentence = "The kernel's IC IALLU reaches the caches of its own core only; IC IALLUIS was meant.",
            Fix = "invalidation in the whole inner shareable domain",
            Machine = Type("none"),
            Without = Base("local-invalidate", "bare") with
            {
                EditPort = (port, run) => new OtherWayPort(port, InvalidateInstructionLines, range =>
                {
                    run.InvalidateHere(range);
                    return default;
                }),
            },
            With = Base("local-invalidate", "bare"),
        },
        new()
        {
            Name = "half-patched", Number = "25", Source = "Dalvik, Android issue 2675245",
            Sentence = "A chaining cell of two instructions was exchanged while a thread was between its halves.",
            Fix = "one branch is exchanged, to a new cell",
            Machine = Type("idc-dic"),
            Without = Patch(Scripts.PatchHalves),
            With = Patch(Scripts.PatchBranch),
        },
    ];

    public static ReadOnlySpan<Scenario> All => s_all;

    public static Scenario? Find(string name) => Array.Find(s_all, scenario => scenario.Name == name);

    // ---- bases

    private static Experiment Heap => Base("heap-reuse", "linux") with { System = SystemPolicy.Find("linux")! with { Views = CodeViews.Flip } };

    private static Experiment RiscV => Base("fence-i", "bare") with
    {
        Architecture = Architecture.RiscV64,
        Cores = 2,
        Readers = ReaderKind.None,
        Script = Scripts.Migration,
    };

    /// <summary>fence.i: what this hart stored is what it fetches from here on. It says nothing of other harts.</summary>
    private static Experiment FenceI => RiscV with
    {
        EditPort = (port, run) => new OtherWayPort(port, FlushInstructionCache, range =>
        {
            run.WaitForStores();
            run.InvalidateHere(range);
            run.WaitForStores();
            run.System.SynchronizeHere();
            return default;
        }),
    };

    private static Experiment Base(string name, string system) => new() { Name = name, Sentence = "", System = SystemPolicy.Find(system)! };

    private static Experiment Patch(Action<ExperimentRun> script) => Base("half-patched", "linux") with { Readers = ReaderKind.Incessant, Script = script };

    private static Experiment Stubs(string name) => Base(name, "bare") with
    {
        EditPort = (port, run) => new OtherWayPort(
            new OtherWayPort(port, CleanDataLines, _ => Ignore(new("arch_dcache_flush_range", NotSupported))),
            InvalidateInstructionLines,
            _ => Ignore(new("arch_icache_invd_range", NotSupported))),
    };

    private static MachineType Type(string name) => MachineType.Find(name)!;

    // ---- what others do

    private static OtherWayPort Sync(IPublicationPort port, Func<SystemError> synchronize) => new(port, SynchronizeCores, _ => synchronize());

    private static SystemError RegisterAndAsk(ExperimentRun run)
    {
        SystemError error = run.System.Try(HostCall.Membarrier, Membarrier.SyncCore, 0, 0);
        if (error.Code == NotPermitted)
        {
            _ = run.System.Try(HostCall.Membarrier, Membarrier.RegisterSyncCore, 0, 0);
            _ = run.System.Try(HostCall.Membarrier, Membarrier.SyncCore, 0, 0);
        }

        return default;
    }

    private static SystemError Ignore(SystemError error)
    {
        _ = error;
        return default;
    }

    /// <summary>What follows the cache maintenance in a plan.</summary>
    private static List<PublicationStep> After(PublicationPlan plan)
    {
        List<PublicationStep> steps = [];
        bool isBehind = false;
        foreach (PublicationStep step in plan.Steps)
        {
            if (isBehind)
            {
                steps.Add(step);
            }

            isBehind |= step.Kind == ContextSync;
        }

        return steps;
    }
}
