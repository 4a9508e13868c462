using System.Collections.Generic;
using MiniJit.Runtime.Publication;

namespace MiniJit.Filetests.Stress;

/// <summary>A protocol to run under stress: this machine's, or what is left of it.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="Description">What is left out.</param>
/// <param name="Dropped">Steps that no plan has.</param>
/// <param name="FreesAtOnce">Memory is given back while threads may still be inside.</param>
internal sealed record StressVariant(string Name, string Description, PublicationStepKind[] Dropped, bool FreesAtOnce = false)
{
    private static readonly StressVariant[] s_all =
    [
        new("full", "the whole protocol", []),
        new("no-clean", "data lines are not cleaned", [PublicationStepKind.CleanDataLines]),
        new("no-invalidate", "instruction lines are not invalidated", [PublicationStepKind.InvalidateInstructionLines]),
        new("no-barriers", "nothing waits for the maintenance", [PublicationStepKind.DataBarrier]),
        new("no-own-sync", "the writer's core keeps what it has fetched ahead", [PublicationStepKind.ContextSync]),
        new("no-core-sync", "the other cores keep what they have fetched ahead", [PublicationStepKind.SynchronizeCores]),
        new("no-flush", "the system's flush is not called", [PublicationStepKind.FlushInstructionCache]),
        new("no-wait", "memory is reused while threads may be inside", [PublicationStepKind.AwaitThreads], FreesAtOnce: true),
        new("nothing", "code is written and called, and that is all",
        [
            PublicationStepKind.CleanDataLines, PublicationStepKind.DataBarrier, PublicationStepKind.InvalidateInstructionLines, PublicationStepKind.ContextSync,
            PublicationStepKind.FlushInstructionCache, PublicationStepKind.SynchronizeCores, PublicationStepKind.AwaitThreads,
        ], FreesAtOnce: true),
    ];

    public static IReadOnlyList<StressVariant> All => s_all;

    /// <summary>Whether it is the protocol and not a part of it.</summary>
    public bool IsFull => Dropped.Length == 0;

    public static StressVariant? Find(string name)
    {
        foreach (StressVariant variant in s_all)
        {
            if (variant.Name == name)
            {
                return variant;
            }
        }

        return null;
    }

    /// <summary>What is left of a plan.</summary>
    public PublicationPlan Edit(PublicationPlan plan)
    {
        foreach (PublicationStepKind kind in Dropped)
        {
            foreach (PublicationStep step in plan.Steps)
            {
                if (step.Kind == kind)
                {
                    plan = plan.Without(kind);
                    break;
                }
            }
        }

        return plan;
    }
}
