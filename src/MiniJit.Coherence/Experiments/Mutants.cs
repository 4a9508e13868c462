// The runtime's publication with everything that can be forgotten, exchanged or miscalculated in it: first as it is, then the plan, then
// the words of the cache routines, then the way in which the steps are performed. Most are tried with three cores; those whose mistake another
// step makes good there, with one core that runs what it has written.
using System;
using System.Collections.Generic;
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Publication;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Publication;
using static MiniJit.Runtime.Publication.PublicationStepKind;

namespace MiniJit.Coherence.Experiments;

internal static class Mutants
{
    private const int CleanLoop = Arm64CacheRoutines.Clean, InvalidateLoop = Arm64CacheRoutines.Invalidate;

    private const string AfterCoreSync = "the return from membarrier synchronises the writer's core as well";
    private const string ByMembarrier = "the interrupts of membarrier wait for the stores";
    private const string OneLineMore = "a line too many costs time and nothing else";
    private const string Physical = "caches here are tagged by physical address: either view reaches the line";

    private static readonly LineLoop s_everySecond = new(Stride: 2), s_unrounded = new(RoundsStart: false), s_endRounded = new(RoundsEnd: true),
        s_once = new(Turns: 1), s_firstCore = new(OfFirstCore: true);

    private static readonly Mutant[] s_all =
    [
        new() { Experiment = Full("ours", "nothing is wrong"), Excuse = "the whole protocol" },
        new() { Experiment = Alone("ours-alone", "nothing is wrong, one thread"), Excuse = "the whole protocol for one thread" },

        // ---- the plan
        Plan("no-clean", "data lines are not cleaned", plan => plan.Without(CleanDataLines, 0), Guarantee.LinesCleaned),
        Plan("no-barrier-1", "no barrier in front of the invalidation", plan => plan.Without(DataBarrier, 0), Guarantee.CleansFirst, Guarantee.StoresFirst) with { Excuse = ByMembarrier },
        Plan("no-invalidate", "instruction lines are not invalidated", plan => plan.Without(InvalidateInstructionLines, 0), Guarantee.LinesInvalidated),
        Plan("no-barrier-2", "no barrier behind the invalidation", plan => plan.Without(DataBarrier, 1), Guarantee.InvalidationsDone),
        Plan("no-core-sync", "the other cores are not synchronised", plan => plan.Without(SynchronizeCores, 0), Guarantee.OtherContexts),
        Plan("only-reachable", "written and made reachable, and that is all", plan => plan.Only(MakeReachable), Guarantee.LinesCleaned, Guarantee.LinesInvalidated, Guarantee.OtherContexts),
        Plan("invalidate-first", "invalidated, then cleaned", plan => plan.Moved(InvalidateInstructionLines, 0, CleanDataLines, 0), Guarantee.CleansFirst),
        Plan("barrier-1-early", "the first barrier in front of the cleaning", plan => plan.Moved(DataBarrier, 0, CleanDataLines, 0), Guarantee.CleansFirst),
        Plan("reachable-early", "reachable in front of the last barrier", plan => plan.Moved(MakeReachable, 0, DataBarrier, Barriers(plan) - 1), Guarantee.ReachableLast),
        Plan("barrier-2-late", "the last barrier behind making it reachable", BarrierLast, Guarantee.InvalidationsDone) with { Excuse = ByMembarrier },
        Plan("core-sync-late", "reachable, then the cores are synchronised", plan => plan.Moved(MakeReachable, 0, SynchronizeCores, 0), Guarantee.ReachableLast),
        Plan("core-sync-early", "the cores are synchronised, then lines are invalidated", plan => plan.Moved(SynchronizeCores, 0, InvalidateInstructionLines, 0), Guarantee.InvalidationsDone),
        Plan("no-own-sync", "the writer's core is not synchronised by itself", plan => plan.Without(ContextSync, 0)) with { Excuse = AfterCoreSync },
        Plan("own-sync-early", "the writer's core is synchronised in front of the last barrier", OwnSyncEarly) with { Excuse = AfterCoreSync },
        Plan("by-global", "membarrier GLOBAL", plan => plan.By(PublicationMeans.MembarrierGlobal)) with { Excuse = "every core passes through the kernel" },
        Plan("by-visits", "the writer visits every core", plan => plan.By(PublicationMeans.VisitProcessors)) with { Excuse = "every core passes through the kernel" },

        // ---- one thread that runs what it has written
        PlanAlone("alone-no-clean", "data lines are not cleaned", plan => plan.Without(CleanDataLines, 0), Guarantee.LinesCleaned),
        PlanAlone("alone-no-barrier-1", "no barrier in front of the invalidation", plan => plan.Without(DataBarrier, 0), Guarantee.StoresFirst, Guarantee.StoresDone),
        PlanAlone("alone-no-invalidate", "instruction lines are not invalidated", plan => plan.Without(InvalidateInstructionLines, 0), Guarantee.LinesInvalidated),
        PlanAlone("alone-no-barrier-2", "no barrier behind the invalidation", plan => plan.Without(DataBarrier, 1), Guarantee.InvalidationsDone),
        PlanAlone("alone-no-own-sync", "the core is not synchronised", plan => plan.Without(ContextSync, 0), Guarantee.OwnContext),
        PlanAlone("alone-own-sync-early", "the core is synchronised in front of the last barrier", OwnSyncEarly, Guarantee.StoresDone),

        // ---- other systems and views: what the system's calls do not do, and what Linux' kernel does once
        On("windows", "windows", "nothing is wrong, on Windows") with { Excuse = "the whole protocol" },
        On("windows-no-flush", "windows", "FlushInstructionCache is not called", plan => plan.Without(FlushInstructionCache, 0), Guarantee.LinesCleaned, Guarantee.LinesInvalidated),
        On("windows-no-core-sync", "windows", "FlushProcessWriteBuffers is not called", plan => plan.Without(SynchronizeCores, 0), Guarantee.OtherContexts),
        On("macos", "macos", "nothing is wrong, on macOS, whose processors all have IDC", edit: null, Guarantee.LinesCleaned),
        On("macos-no-flush", "macos", "sys_icache_invalidate is not called", plan => plan.Without(FlushInstructionCache, 0), Guarantee.LinesCleaned, Guarantee.LinesInvalidated),
        On("macos-no-core-sync", "macos", "the other threads are not stopped", plan => plan.Without(SynchronizeCores, 0), Guarantee.LinesCleaned, Guarantee.OtherContexts),
        OneView("one-view", "nothing is wrong; pages are writable, then executable") with { Excuse = "the whole protocol" },
        OneView("one-view-kernel", "cache maintenance is left to the kernel", plan => plan.Only(ProtectExecute, SynchronizeCores, MakeReachable), Guarantee.LinesCleaned, Guarantee.LinesInvalidated),
        OneView("one-view-protect-first", "made executable, then cleaned and invalidated", plan => plan.Moved(ProtectExecute, 0, plan.Steps[0].Kind, 0)) with
        {
            Excuse = "nobody is there yet (but some cores clean writable pages only)",
        },

        // ---- the words of the routines
        Words("clean-nothing", "nop for dc cvau", Put(A64Form.Sys, "NOP"), CleanLoop) with { Breaks = [Guarantee.LinesCleaned] },
        Words("clean-coherency", "dc cvac for dc cvau", Put(A64Form.Sys, "DC CVAC,X0"), CleanLoop) with { Excuse = "the point of coherency lies behind that of unification" },
        Words("clean-and-drop", "dc civac for dc cvau", Put(A64Form.Sys, "DC CIVAC,X0"), CleanLoop) with { Excuse = "the point of coherency lies behind that of unification" },
        Words("clean-by-invalidate", "ic ivau for dc cvau", Put(A64Form.Sys, "IC IVAU,X0"), CleanLoop) with { Breaks = [Guarantee.LinesCleaned] },
        Words("clean-every-2nd", "twice the stride", AddTwice, CleanLoop) with { Cleans = s_everySecond },
        Words("clean-unrounded", "the start is not rounded down", Put(A64Form.And, "NOP"), CleanLoop) with { Cleans = s_unrounded },
        Words("clean-end-rounded", "the end is rounded down", RoundEnd, CleanLoop) with { Cleans = s_endRounded },
        Words("clean-end-passed", "b.hi for b.hs", WithCondition("B.HI .+4"), CleanLoop) with { Excuse = OneLineMore },
        Words("clean-once", "only the first line", Drop(A64Form.B), CleanLoop) with { Cleans = s_once },
        Words("invalidate-nothing", "nop for ic ivau", Put(A64Form.Sys, "NOP"), InvalidateLoop) with { Breaks = [Guarantee.LinesInvalidated] },
        Words("invalidate-by-clean", "dc cvau for ic ivau", Put(A64Form.Sys, "DC CVAU,X0"), InvalidateLoop) with { Breaks = [Guarantee.LinesInvalidated] },
        Words("invalidate-every-2nd", "twice the stride", AddTwice, InvalidateLoop) with { Invalidates = s_everySecond },
        Words("invalidate-unrounded", "the start is not rounded down", Put(A64Form.And, "NOP"), InvalidateLoop) with { Invalidates = s_unrounded },
        Words("invalidate-end-rounded", "the end is rounded down", RoundEnd, InvalidateLoop) with { Invalidates = s_endRounded },
        Words("invalidate-end-passed", "b.hi for b.hs", WithCondition("B.HI .+4"), InvalidateLoop) with { Excuse = OneLineMore },
        Words("invalidate-once", "only the first line", Drop(A64Form.B), InvalidateLoop) with { Invalidates = s_once },
        Barrier("barrier-nothing", "nop for dsb ish", "NOP", Guarantee.CleansFirst, Guarantee.StoresFirst, Guarantee.InvalidationsDone) with { Excuse = ByMembarrier },
        Barrier("barrier-dmb", "dmb ish for dsb ish", "DMB ISH", Guarantee.CleansFirst, Guarantee.StoresFirst, Guarantee.InvalidationsDone) with { Excuse = ByMembarrier },
        Barrier("barrier-loads", "dsb ishld for dsb ish", "DSB ISHLD", Guarantee.CleansFirst, Guarantee.StoresFirst, Guarantee.InvalidationsDone) with { Excuse = ByMembarrier },
        Barrier("barrier-stores", "dsb ishst for dsb ish", "DSB ISHST", Guarantee.CleansFirst, Guarantee.InvalidationsDone),
        Barrier("barrier-not-shared", "dsb nsh for dsb ish", "DSB NSH", Guarantee.InvalidationsDone),
        Barrier("barrier-isb", "isb for dsb ish", "ISB", Guarantee.CleansFirst, Guarantee.StoresFirst, Guarantee.InvalidationsDone) with { Excuse = ByMembarrier },
        Barrier("barrier-system", "dsb sy for dsb ish", "DSB SY") with { Excuse = "the whole system contains the inner shareable domain" },
        Words("sync-nothing", "nop for isb", Put(A64Form.Isb, "NOP"), Arm64CacheRoutines.Sync) with { Excuse = AfterCoreSync },
        WordsAlone("alone-not-shared", "dsb nsh for dsb ish", Put(A64Form.Dsb, "DSB NSH"), Arm64CacheRoutines.Barrier) with { Excuse = "there is no other core" },
        WordsAlone("alone-sync-nothing", "nop for isb", Put(A64Form.Isb, "NOP"), Arm64CacheRoutines.Sync, Guarantee.OwnContext),
        WordsAlone("alone-sync-dsb", "dsb sy for isb", Put(A64Form.Isb, "DSB SY"), Arm64CacheRoutines.Sync, Guarantee.OwnContext),

        // ---- how the steps are performed
        Step("barrier-1-dmb", "dmb ish for the first barrier", DataBarrier, 0, "DMB ISH", Guarantee.StoresFirst),
        Step("barrier-1-stores", "dsb ishst for the first barrier", DataBarrier, 0, "DSB ISHST", Guarantee.CleansFirst),
        Step("barrier-2-dmb", "dmb ish for the second barrier", DataBarrier, 1, "DMB ISH", Guarantee.InvalidationsDone),
        Step("barrier-2-stores", "dsb ishst for the second barrier", DataBarrier, 1, "DSB ISHST", Guarantee.InvalidationsDone),
        Step("barrier-2-not-shared", "dsb nsh for the second barrier", DataBarrier, 1, "DSB NSH", Guarantee.InvalidationsDone),
        Lines("first-core", "all cores have the lines of the first", LinePort.OfFirstCore, s_firstCore),
        Lines("always-64", "all lines have 64 bytes", (port, run) => new LinePort(port, run, 64, 64), new(FixedLine: 64)),
        Lines("last-function", "only the last function's range", (port, run) => Ranges(port, range => range.Address >= run.AddressOf(1) ? range : default), new(Ranges: LoopRanges.Last)),
        Lines("first-function", "only the first function's range", (port, run) => Ranges(port, range => range.Address < run.AddressOf(1) ? range : default), new(Ranges: LoopRanges.First)),
        Lines("size-in-words", "a quarter of the range", (port, run) => Ranges(port, range => range with { Size = range.Size / 4 }), new(Ranges: LoopRanges.Quarters)),
        Lines("staging-buffer", "the buffer in which the code was made", (port, run) => Ranges(port, range => range with { Address = range.Address + 0x2000 }), new(Ranges: LoopRanges.Elsewhere)),
        new()
        {
            Experiment = Full("clean-by-code-view", "cleaned by the address that executes") with { EditPort = (port, run) => new RangePort(port, [CleanDataLines], AtCode) },
            Excuse = Physical,
        },
        new()
        {
            Experiment = Full("invalidate-by-data-view", "invalidated by the address that was written") with { EditPort = (port, run) => new RangePort(port, [InvalidateInstructionLines], AtData) },
            Excuse = Physical,
        },
    ];

    public static ReadOnlySpan<Mutant> All => s_all;

    public static Mutant? Find(string name) => Array.Find(s_all, mutant => mutant.Name == name);

    // ---- bases

    private static Experiment Full(string name, string sentence) => new() { Name = name, Sentence = sentence };

    /// <summary>Without other threads there is nobody else to synchronise.</summary>
    private static Experiment Alone(string name, string sentence, Func<PublicationPlan, PublicationPlan>? edit = null) => new()
    {
        Name = name,
        Sentence = sentence,
        Cores = 1,
        EditPlan = plan => edit is null ? plan.Without(SynchronizeCores, 0) : edit(plan.Without(SynchronizeCores, 0)),
    };

    /// <summary>Linux with its page flag, and one view of code memory.</summary>
    private static Mutant OneView(string name, string sentence, Func<PublicationPlan, PublicationPlan>? edit = null, params Guarantee[] breaks) => new()
    {
        Experiment = Full(name, sentence) with { System = SystemPolicy.Find("linux")! with { Views = CodeViews.Flip }, EditPlan = edit },
        Breaks = breaks,
    };

    private static Mutant On(string name, string system, string sentence, Func<PublicationPlan, PublicationPlan>? edit = null, params Guarantee[] breaks) =>
        new() { Experiment = Full(name, sentence) with { System = SystemPolicy.Find(system)!, EditPlan = edit }, Breaks = breaks };

    // ---- plans

    private static Mutant Plan(string name, string sentence, Func<PublicationPlan, PublicationPlan> edit, params Guarantee[] breaks) =>
        new() { Experiment = Full(name, sentence) with { EditPlan = edit }, Breaks = breaks };

    private static Mutant PlanAlone(string name, string sentence, Func<PublicationPlan, PublicationPlan> edit, params Guarantee[] breaks) =>
        new() { Experiment = Alone(name, sentence, edit), Breaks = breaks };

    private static int Barriers(PublicationPlan plan)
    {
        int count = 0;
        foreach (PublicationStep step in plan.Steps)
        {
            count += step.Kind == DataBarrier ? 1 : 0;
        }

        return count;
    }

    private static PublicationPlan OwnSyncEarly(PublicationPlan plan) => plan.Moved(ContextSync, 0, DataBarrier, Barriers(plan) - 1);

    // Everything else in front of the barrier, one after the other.
    private static PublicationPlan BarrierLast(PublicationPlan plan)
    {
        int last = Barriers(plan) - 1;
        return plan.Moved(ContextSync, 0, DataBarrier, last).Moved(SynchronizeCores, 0, DataBarrier, last).Moved(MakeReachable, 0, DataBarrier, last);
    }

    // ---- words

    private static Mutant Words(string name, string sentence, Action<List<RoutineLine>> change, int routine) =>
        new() { Experiment = Full(name, sentence) with { Routines = RoutineEditor.Edit(change, routine) } };

    private static Mutant WordsAlone(string name, string sentence, Action<List<RoutineLine>> change, int routine, params Guarantee[] breaks) =>
        new() { Experiment = Alone(name, sentence) with { Routines = RoutineEditor.Edit(change, routine) }, Breaks = breaks };

    private static Mutant Barrier(string name, string sentence, string instruction, params Guarantee[] breaks) =>
        Words(name, sentence, Put(A64Form.Dsb, instruction), Arm64CacheRoutines.Barrier) with { Breaks = breaks };

    private static Action<List<RoutineLine>> Put(A64Form form, string instruction) =>
        lines => lines[RoutineEditor.Find(lines, form)].Instruction = new RoutineLine(instruction).Instruction;

    private static Action<List<RoutineLine>> Drop(A64Form form) => lines => lines.RemoveAt(RoutineEditor.Find(lines, form));

    // The branch keeps where it leads to.
    private static Action<List<RoutineLine>> WithCondition(string branch) => Put(A64Form.BCond, branch);

    private static void AddTwice(List<RoutineLine> lines)
    {
        int add = RoutineEditor.Find(lines, A64Form.AddShifted);
        lines.Insert(add, new(lines[add].Instruction));
    }

    private static void RoundEnd(List<RoutineLine> lines) => lines.Insert(RoutineEditor.Find(lines, A64Form.And), new("AND X1,X1,X3"));

    // ---- steps

    private static Mutant Step(string name, string sentence, PublicationStepKind kind, int number, string code, params Guarantee[] breaks) => new()
    {
        Experiment = Full(name, sentence) with { EditPort = (port, run) => new ReplacedStepPort(port, run, kind, number, code) },
        Breaks = breaks,
    };

    private static Mutant Lines(string name, string sentence, Func<IPublicationPort, ExperimentRun, IPublicationPort> edit, LineLoop loop) =>
        new() { Experiment = Full(name, sentence) with { EditPort = edit }, Cleans = loop, Invalidates = loop };

    private static RangePort Ranges(IPublicationPort port, Func<CodeRange, CodeRange> change) =>
        new(port, [CleanDataLines, InvalidateInstructionLines], change);

    // The port cleans at the writable view and invalidates at the other: an arena whose views are exchanged or equal makes it do otherwise.
    private static CodeRange AtCode(CodeRange range) => range with { Arena = range.Arena with { Writable = range.Arena.Code } };

    private static CodeRange AtData(CodeRange range) => range with { Address = range.Arena.WritableAddress(range.Address) };
}
