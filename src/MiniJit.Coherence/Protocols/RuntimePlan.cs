using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Publication;

namespace MiniJit.Coherence.Protocols;

/// <summary>The plan of this runtime on a system: whatever the runtime chooses there.</summary>
internal sealed class RuntimePlan : EnginePlan
{
    private readonly PublicationCapabilities _capabilities;

    private RuntimePlan(CodeViews views, PublicationMeans coreSync) => _capabilities = new(views, coreSync);

    public static IReadOnlyList<EnginePlan> All { get; } =
    [
        Of("MiniJit (Linux)", SystemContribution.Linux, CodeViews.Dual, PublicationMeans.MembarrierSyncCore),
        Of("MiniJit (Linux, one view)", SystemContribution.Linux, CodeViews.Flip, PublicationMeans.MembarrierSyncCore),
        Of("MiniJit (Linux, GLOBAL)", SystemContribution.Linux, CodeViews.Dual, PublicationMeans.MembarrierGlobal),
        Of("MiniJit (Linux, no membarrier)", SystemContribution.Linux, CodeViews.Dual, PublicationMeans.VisitProcessors),
        Of("MiniJit (Linux, membarrier lies)", SystemContribution.LyingLinux, CodeViews.Dual, PublicationMeans.MembarrierSyncCore,
            note: "a sandbox that answers 0 and interrupts nobody; only what callers do themselves would help"),
        Of("MiniJit (Windows)", SystemContribution.Windows, CodeViews.Dual, PublicationMeans.ProcessWriteBuffers),
        Of("MiniJit (macOS)", SystemContribution.MacOS, CodeViews.PerThread, PublicationMeans.DarwinThreadStates,
            note: "sys_icache_invalidate orders the caller's stores, as it must for anybody; Wasmtime's loop, said to be the same instructions, is judged by Arm's rules alone"),
        Of("MiniJit (Linux riscv64)", SystemContribution.Linux, CodeViews.Dual, PublicationMeans.Default, Architecture.RiscV64),
    ];

    public override List<PublicationStep> StepsOn(bool dataCoherent, bool instructionCoherent, ProtocolScenario scenario)
    {
        PublicationScenario published = scenario switch
        {
            ProtocolScenario.NewCode => PublicationScenario.NewCode,
            ProtocolScenario.PatchedCode => PublicationScenario.ReplacedFunction,
            _ => PublicationScenario.ReusedMemory,
        };
        PublicationCapabilities capabilities = _capabilities with { DataCoherent = dataCoherent, InstructionCoherent = instructionCoherent };
        return PublicationPlan.TryChoose(System.Kind, Architecture, capabilities, published, out PublicationPlan plan, out string refusal)
            ? [.. plan.Steps]
            : throw new InvalidOperationException(refusal);
    }

    private static RuntimePlan Of(
        string name, SystemContribution system, CodeViews views, PublicationMeans coreSync, Architecture architecture = Architecture.Arm64, string note = "") =>
        new(views, coreSync) { Name = name, System = system, Architecture = architecture, Steps = [], Patches = PatchStyle.ByPointer, Note = note };
}
