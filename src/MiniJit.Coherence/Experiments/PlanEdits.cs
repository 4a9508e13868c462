using System.Collections.Generic;
using MiniJit.Runtime.Publication;

namespace MiniJit.Coherence.Experiments;

/// <summary>Plans with mistakes.</summary>
internal static class PlanEdits
{
    /// <summary>Without one of the steps of a kind, counted from 0; the plan itself if it has none.</summary>
    public static PublicationPlan Without(this PublicationPlan plan, PublicationStepKind kind, int number)
    {
        List<PublicationStep> steps = [.. plan.Steps];
        int index = IndexOf(steps, kind, number);
        if (index >= 0)
        {
            steps.RemoveAt(index);
        }

        return Edited(plan, steps);
    }

    /// <summary>With a step before another one; the plan itself if it lacks one of them.</summary>
    public static PublicationPlan Moved(this PublicationPlan plan, PublicationStepKind kind, int number, PublicationStepKind before, int beforeNumber)
    {
        List<PublicationStep> steps = [.. plan.Steps];
        int from = IndexOf(steps, kind, number), to = IndexOf(steps, before, beforeNumber);
        if (from >= 0 && to >= 0)
        {
            PublicationStep step = steps[from];
            steps.RemoveAt(from);
            steps.Insert(to > from ? to - 1 : to, step);
        }

        return Edited(plan, steps);
    }

    /// <summary>Only the steps of some kinds.</summary>
    public static PublicationPlan Only(this PublicationPlan plan, params PublicationStepKind[] kinds)
    {
        List<PublicationStep> steps = [];
        foreach (PublicationStep step in plan.Steps)
        {
            if (System.Array.IndexOf(kinds, step.Kind) >= 0)
            {
                steps.Add(step);
            }
        }

        return Edited(plan, steps);
    }

    /// <summary>With another way to synchronise the cores.</summary>
    public static PublicationPlan By(this PublicationPlan plan, PublicationMeans means)
    {
        List<PublicationStep> steps = [.. plan.Steps];
        int index = IndexOf(steps, PublicationStepKind.SynchronizeCores, 0);
        if (index >= 0)
        {
            steps[index] = new(PublicationStepKind.SynchronizeCores, means);
        }

        return Edited(plan, steps);
    }

    /// <summary>Other steps altogether.</summary>
    public static PublicationPlan Steps(this PublicationPlan plan, params List<PublicationStep> steps) => Edited(plan, steps);

    private static int IndexOf(List<PublicationStep> steps, PublicationStepKind kind, int number)
    {
        for (int i = 0; i < steps.Count; i++)
        {
            if (steps[i].Kind == kind && number-- == 0)
            {
                return i;
            }
        }

        return -1;
    }

    private static PublicationPlan Edited(PublicationPlan plan, List<PublicationStep> steps) =>
        new(plan.Name + ", changed", System.Runtime.InteropServices.CollectionsMarshal.AsSpan(steps));
}
