// Ways to perform the steps of a plan wrongly.
using System;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;

namespace MiniJit.Coherence.Experiments;

/// <summary>Performs steps for other ranges than those that were written.</summary>
/// <param name="port">The port.</param>
/// <param name="kinds">Which steps.</param>
/// <param name="change">The range instead; of no size: none.</param>
internal sealed class RangePort(IPublicationPort port, PublicationStepKind[] kinds, Func<CodeRange, CodeRange> change) : IPublicationPort
{
    public PublicationCapabilities Probe(CodeViews views) => port.Probe(views);

    public SystemError Perform(PublicationStep step, in CodeRange range)
    {
        CodeRange changed = Array.IndexOf(kinds, step.Kind) >= 0 ? change(range) : range;
        return changed.Size == 0 && range.Size != 0 ? default : port.Perform(step, changed);
    }
}

/// <summary>Believes to know the line sizes.</summary>
internal sealed class LinePort(IPublicationPort port, ExperimentRun run, int dataLine, int instructionLine) : IPublicationPort
{
    /// <summary>All cores have the lines of the first one.</summary>
    public static LinePort OfFirstCore(IPublicationPort port, ExperimentRun run)
    {
        Arm64CacheType first = Arm64CacheType.Of(run.Machine.Model.CacheType(run.Machine.Cores[0]));
        return new(port, run, first.DataLine, first.InstructionLine);
    }

    public PublicationCapabilities Probe(CodeViews views) => port.Probe(views);

    public SystemError Perform(PublicationStep step, in CodeRange range)
    {
        ulong written = range.Arena.WritableAddress(range.Address);
        return step.Kind switch
        {
            PublicationStepKind.CleanDataLines => Loop(HostCall.CleanDataLines, written, range.Size, dataLine),
            PublicationStepKind.InvalidateInstructionLines => Loop(HostCall.InvalidateInstructionLines, range.Address, range.Size, instructionLine),
            _ => port.Perform(step, range),
        };
    }

    private SystemError Loop(HostCall call, ulong start, long size, int line) => run.System.Try(call, (nint)start, (nint)start + (nint)size, line);
}

/// <summary>Executes other code instead of a step.</summary>
/// <param name="port">The port.</param>
/// <param name="run">Where.</param>
/// <param name="kind">Which step.</param>
/// <param name="number">Which one of its kind in a publication, from 0.</param>
/// <param name="code">The code, without a return.</param>
internal sealed class ReplacedStepPort(IPublicationPort port, ExperimentRun run, PublicationStepKind kind, int number, string code) : IPublicationPort
{
    private readonly ulong _routine = run.AddRoutine(code);
    private int _seen, _published;

    public PublicationCapabilities Probe(CodeViews views) => port.Probe(views);

    public SystemError Perform(PublicationStep step, in CodeRange range)
    {
        if (run.Published != _published)
        {
            (_published, _seen) = (run.Published, 0);
        }

        if (step.Kind != kind || _seen++ != number)
        {
            return port.Perform(step, range);
        }

        run.Execute(_routine);
        return default;
    }
}

/// <summary>Performs steps of a kind in another way.</summary>
/// <param name="port">The port.</param>
/// <param name="kind">Which steps.</param>
/// <param name="perform">How.</param>
internal sealed class OtherWayPort(IPublicationPort port, PublicationStepKind kind, Func<CodeRange, SystemError> perform) : IPublicationPort
{
    public PublicationCapabilities Probe(CodeViews views) => port.Probe(views);

    public SystemError Perform(PublicationStep step, in CodeRange range) => step.Kind == kind ? perform(range) : port.Perform(step, range);
}
