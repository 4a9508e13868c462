// Runs plans. The memory and the port decide on which machine: the host's or a simulated one.
using System;
using System.Diagnostics;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;

namespace MiniJit.Runtime.Publication;

/// <summary>A range of code to publish.</summary>
/// <param name="Arena">Where it lies; gives the writable address.</param>
/// <param name="Address">Where it executes.</param>
/// <param name="Size">Bytes.</param>
internal readonly record struct CodeRange(ArenaMapping Arena, ulong Address, long Size);

/// <summary>The machine's side of the steps that are neither memory protection nor reachability.</summary>
internal interface IPublicationPort
{
    /// <summary>What the machine can do, given how its memory is written.</summary>
    PublicationCapabilities Probe(CodeViews views);

    /// <summary>Performs a step for one range, or once (empty range) if the step is not per range.</summary>
    SystemError Perform(PublicationStep step, in CodeRange range);
}

/// <summary>What a publication makes reachable in its last step.</summary>
internal interface IPublicationTarget
{
    /// <summary>Lets threads in: release stores only, nothing that can fail.</summary>
    void MakeReachable();
}

/// <summary>Sees every step of every publication: reports, tests and the lab.</summary>
internal interface IPublicationObserver
{
    /// <summary>A plan is about to be carried out.</summary>
    void Begins(PublicationPlan plan)
    {
    }

    void StepDone(PublicationStep step, in CodeRange range, SystemError error, TimeSpan duration);
}

internal sealed class PublicationExecutor(ICodeMemory memory, IPublicationPort port)
{
    public IPublicationObserver? Observer { get; set; }

    /// <summary>
    /// Runs the plan over all ranges at once: steps that concern the whole machine are paid for once. Stops at the first
    /// step that fails; the code is then not reachable, since that step is the last.
    /// </summary>
    public SystemError Run(PublicationPlan plan, ReadOnlySpan<CodeRange> ranges, IPublicationTarget target)
    {
        Observer?.Begins(plan);
        foreach (PublicationStep step in plan.Steps)
        {
            SystemError error = default;
            long start = Observer is null ? 0 : Stopwatch.GetTimestamp();
            if (step.Info.Scope == StepScope.Deferred)
            {
                continue;                                        // nobody waits: the heap does it when the time has come
            }

            if (step.Kind == PublicationStepKind.MakeReachable)
            {
                target.MakeReachable();
                Observer?.StepDone(step, default, error, Stopwatch.GetElapsedTime(start));
            }
            else if (step.Info.Scope == StepScope.Batch)
            {
                error = port.Perform(step, default);
                Observer?.StepDone(step, default, error, Stopwatch.GetElapsedTime(start));
            }
            else
            {
                foreach (ref readonly CodeRange range in ranges)
                {
                    error = step.Kind == PublicationStepKind.ProtectExecute ? Protect(range) : port.Perform(step, range);
                    Observer?.StepDone(step, range, error, Stopwatch.GetElapsedTime(start));
                    start = Observer is null ? 0 : Stopwatch.GetTimestamp();
                    if (!error.IsNone)
                    {
                        break;
                    }
                }
            }

            if (!error.IsNone)
            {
                return error;
            }
        }

        return default;
    }

    private SystemError Protect(in CodeRange range)
    {
        ulong mask = (ulong)memory.PageSize - 1;
        ulong start = range.Address & ~mask, end = (range.Address + (ulong)range.Size + mask) & ~mask;
        return memory.TryProtect(range.Arena, start, (long)(end - start), PageAccess.ReadExecute, out SystemError error) ? default : error;
    }
}
