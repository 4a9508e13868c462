using System;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Machine;

namespace MiniJit.Coherence.Experiments;

/// <summary>
/// The history of an experiment, with the calls of the readers in it: those are guest code, so a call shows in the fetch of a
/// function's first instruction. All events are on one time axis, whoever tells of them.
/// </summary>
internal sealed class CallHistory(ILabHistory history, ExperimentRun run) : ILabHistory
{
    private long _time;

    public void Add(in LabEvent happened)
    {
        // The machine begins to fetch before the run knows its address space.
        if (happened.Kind == LabEventKind.Fetch && run.Machine is { } machine)
        {
            Core core = machine.Cores[happened.Core];
            if (core != run.Writer && run.FunctionAt(core.State.Pc) >= 0)
            {
                run.NoteCall(core, core.State.Pc);
            }
        }

        history.Add(happened with { Time = ++_time });
    }

    public void Remember(ulong line, int version, ReadOnlySpan<byte> bytes) => history.Remember(line, version, bytes);

    public void Name(ulong address, long size, string name) => history.Name(address, size, name);
}
