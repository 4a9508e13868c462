// The publication plans of other engines on AArch64, from reading their sources: the coherence reference, protocol.md section 7 ("who does what"), names the
// files and versions. Where a source does not say in which order memory protection comes, the order stated here is the one that is kinder
// to the plan. Ours is not here: it comes from where the runtime gets it.
using System.Collections.Generic;
using System.Runtime.InteropServices;
using MiniJit.Runtime.Publication;
using static MiniJit.Runtime.Publication.PublicationStepKind;

namespace MiniJit.Coherence.Protocols;

internal static class EnginePlans
{
    private static readonly PublicationStep s_clean = new(CleanDataLines), s_barrier = new(DataBarrier), s_invalidate = new(InvalidateInstructionLines),
        s_sync = new(ContextSync), s_protect = new(ProtectExecute), s_reach = new(MakeReachable);

    private static readonly PublicationStep s_membarrier = new(SynchronizeCores, PublicationMeans.MembarrierSyncCore),
        s_writeBuffers = new(SynchronizeCores, PublicationMeans.ProcessWriteBuffers), s_windowsFlush = new(FlushInstructionCache, PublicationMeans.WindowsFlush);

    private static readonly EnginePlan[] s_all =
    [
        // protocol.md 2.1 "why Cranelift's old no-op clear_cache worked on Linux"; bugs.md 2 and 9.
        new()
        {
            Name = "Wasmtime 2022, before the fix (Linux)",
            System = SystemContribution.Linux,
            Steps = [s_protect, s_membarrier, s_reach],
            Note = "cache maintenance is the kernel's, at a page's first time as code",
        },

        // bugs.md 1: PR 4997, the crash that started this.
        new()
        {
            Name = "Wasmtime 2022, before the fix (Windows)",
            System = SystemContribution.Windows,
            Steps = [s_protect, s_reach],
        },

        // protocol.md 7, row 1: "before: nothing (kernel implicit)", SYNC_CORE after mprotect.
        new()
        {
            Name = "Wasmtime 2022, after the fix (Linux)",
            System = SystemContribution.Linux,
            Steps = [s_protect, s_membarrier, s_reach],
            Note = "the fix gave membarrier its fallback; cache maintenance stayed the kernel's",
        },

        // protocol.md 3 and 7, row 2.
        new()
        {
            Name = "Wasmtime 2022, after the fix (Windows)",
            System = SystemContribution.Windows,
            Steps = [s_windowsFlush, s_protect, s_writeBuffers, s_reach],
        },

        // protocol.md 7, row 1, since December 2025; bugs.md 6 and 7: no DC CVAU, no barrier before IC.
        new()
        {
            Name = "Wasmtime 2026 (Linux)",
            System = SystemContribution.Linux,
            Steps = [s_invalidate, s_barrier, s_sync, s_protect, s_membarrier, s_reach],
        },

        // protocol.md 7, row 2.
        new()
        {
            Name = "Wasmtime 2026 (Windows)",
            System = SystemContribution.Windows,
            Steps = [s_windowsFlush, s_protect, s_writeBuffers, s_reach],
        },

        // protocol.md 7, row 3: the same loop, and pipeline_flush_mt does nothing.
        new()
        {
            Name = "Wasmtime 2026 (macOS)",
            System = SystemContribution.MacOS,
            Steps = [s_invalidate, s_barrier, s_sync, s_protect, s_reach],
        },

        // protocol.md 5 and 7, row 5; bugs.md 8: flags = 1, which is this hart alone.
        new()
        {
            Name = "Wasmtime 2026 (Linux riscv64)",
            System = SystemContribution.Linux,
            Architecture = Architecture.RiscV64,
            Steps = [s_protect, new(FlushInstructionCache), s_reach],
        },

        // protocol.md 7, row "V8 arm64": DC CIVAC whatever CTR_EL0 says.
        new()
        {
            Name = "V8 (Linux)",
            System = SystemContribution.Linux,
            Steps = [s_clean, s_barrier, s_invalidate, s_barrier, s_sync, s_reach],
            Note = "an isolate is single-threaded; Wasm threads rely on other synchronisation",
        },

        // protocol.md 7, row "SpiderMonkey": membarrier after Wasm's second tier, which it refuses where membarrier is missing.
        new()
        {
            Name = "SpiderMonkey, Wasm tier 2 (Linux)",
            System = SystemContribution.Linux,
            Steps = [s_clean, s_barrier, s_invalidate, s_barrier, s_sync, s_protect, s_membarrier, s_reach],
            ReadsCacheType = true,
            Patches = PatchStyle.ByPointer,
        },

        // protocol.md 7, row "HotSpot arm64"; bugs.md 14 (JDK-8221554, JDK-8310239) are about the readers' part.
        new()
        {
            Name = "HotSpot (Linux)",
            System = SystemContribution.Linux,
            Steps = [s_clean, s_barrier, s_invalidate, s_barrier, s_sync, s_reach],
            ReadsCacheType = true,
            Readers = ReaderDuty.ContextSync,
            Note = "threads execute ISB at the end of safepoints and handshakes and in entry barriers",
        },

        // protocol.md 7, row ".NET": membarrier PRIVATE_EXPEDITED (in the GC) orders memory and is no context synchronisation.
        new()
        {
            Name = ".NET (Linux)",
            System = SystemContribution.Linux,
            Steps = [s_clean, s_barrier, s_invalidate, s_barrier, s_sync, s_reach],
            ReadsCacheType = true,
            Patches = PatchStyle.ByPointer,
            Note = "stubs patch data, not code",
        },

        // protocol.md 7, row "LLVM ORC/RuntimeDyld": InvalidateInstructionCache after mprotect.
        new()
        {
            Name = "LLVM ORC (Linux)",
            System = SystemContribution.Linux,
            Steps = [s_protect, s_clean, s_barrier, s_invalidate, s_barrier, s_sync, s_reach],
            ReadsCacheType = true,
            Patches = PatchStyle.ByPointer,
        },

        // protocol.md 7, row "LuaJIT".
        new()
        {
            Name = "LuaJIT (Linux)",
            System = SystemContribution.Linux,
            Steps = [s_clean, s_barrier, s_invalidate, s_barrier, s_sync, s_protect, s_reach],
            ReadsCacheType = true,
            Note = "one thread per VM: no other thread calls its code",
        },

        // protocol.md 7, row "asmjit"; bugs.md 16 (issue 401).
        new()
        {
            Name = "asmjit (Linux)",
            System = SystemContribution.Linux,
            Steps = [s_clean, s_barrier, s_invalidate, s_barrier, s_sync, s_protect, s_reach],
            ReadsCacheType = true,
        },
        new()
        {
            Name = "asmjit in Erlang (Linux)",
            System = SystemContribution.Linux,
            Steps = [s_clean, s_barrier, s_invalidate, s_barrier, s_sync, s_protect, s_reach],
            ReadsCacheType = true,
            Readers = ReaderDuty.ContextSync,
            Note = "every scheduler executes ISB before it runs new code",
        },
    ];

    /// <summary>All plans, this runtime's at the end.</summary>
    public static IReadOnlyList<EnginePlan> All { get; } = [.. s_all, .. RuntimePlan.All];
}
