using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;

namespace MiniJit.Coherence.Experiments;

/// <summary>The steps of a plan, between which the other cores may run.</summary>
internal sealed class InterruptedPort(IPublicationPort port, ExperimentRun run) : IPublicationPort
{
    public PublicationCapabilities Probe(CodeViews views) => port.Probe(views);

    public SystemError Perform(PublicationStep step, in CodeRange range)
    {
        run.NoteStep(step, range.Address);
        run.Pause();
        SystemError error = port.Perform(step, range);
        run.Pause();
        return error;
    }
}
