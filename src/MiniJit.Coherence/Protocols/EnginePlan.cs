// How an engine publishes code, as data: what its publishing thread does, on which system, and what it asks of the threads that call.
using System.Collections.Generic;
using System.Runtime.InteropServices;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;

namespace MiniJit.Coherence.Protocols;

/// <summary>What the calling threads of an engine do between learning of new code and executing it.</summary>
internal enum ReaderDuty : byte
{
    /// <summary>Nothing: an acquire load, and the call.</summary>
    None,

    /// <summary>ISB: at the end of a safepoint, in an entry barrier, in the scheduler.</summary>
    ContextSync,
}

/// <summary>How an engine changes a function that threads are executing.</summary>
internal enum PatchStyle : byte
{
    /// <summary>Overwrites an instruction; only those that Arm allows to change under a thread that executes them.</summary>
    InPlace,

    /// <summary>Writes new code elsewhere and swaps a pointer.</summary>
    ByPointer,
}

/// <summary>An engine's plan on one system.</summary>
internal class EnginePlan
{
    /// <summary>Engine, version or year, system.</summary>
    public required string Name { get; init; }

    public required SystemContribution System { get; init; }

    public Architecture Architecture { get; init; } = Architecture.Arm64;

    /// <summary>The steps on a machine whose caches say nothing good of themselves.</summary>
    public required IReadOnlyList<PublicationStep> Steps { get; init; }

    /// <summary>Whether the routine leaves cleaning out where CTR_EL0.IDC allows that, and invalidating where DIC does.</summary>
    public bool ReadsCacheType { get; init; }

    public ReaderDuty Readers { get; init; }

    public PatchStyle Patches { get; init; }

    /// <summary>What a reader of the table has to know; may be empty.</summary>
    public string Note { get; init; } = "";

    /// <summary>
    /// Whether there is such a machine: those caches are AArch64's, and all of Apple's cores have IDC. RISC-V has no bits for them; it is like IDC without DIC.
    /// </summary>
    public bool RunsOn(ProtocolMachine machine) => Architecture == Architecture.Arm64
        ? machine.DataCoherent || System.Kind != OperatingSystemKind.MacOS
        : machine is { DataCoherent: true, InstructionCoherent: false };

    /// <summary>The steps on a machine with these caches.</summary>
    /// <param name="dataCoherent">CTR_EL0.IDC.</param>
    /// <param name="instructionCoherent">CTR_EL0.DIC.</param>
    /// <param name="scenario">What was in the memory before.</param>
    public virtual List<PublicationStep> StepsOn(bool dataCoherent, bool instructionCoherent, ProtocolScenario scenario)
    {
        List<PublicationStep> steps = [];
        bool skipsBarrier = false;
        foreach (PublicationStep step in Steps)
        {
            bool isInvalidation = step.Kind == PublicationStepKind.InvalidateInstructionLines;
            bool isNeedless = ReadsCacheType
                && ((dataCoherent && step.Kind == PublicationStepKind.CleanDataLines) || (instructionCoherent && isInvalidation)
                    || (skipsBarrier && step.Kind == PublicationStepKind.DataBarrier));
            if (!isNeedless)
            {
                steps.Add(step);
            }

            // The barrier behind an invalidation waits for that alone.
            skipsBarrier = instructionCoherent && isInvalidation;
        }

        return steps;
    }
}
