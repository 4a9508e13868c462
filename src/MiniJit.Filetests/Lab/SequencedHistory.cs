using System;
using MiniJit.Coherence.History;

namespace MiniJit.Filetests.Lab;

/// <summary>Gives the events of machine, system and suite one time axis: the order in which they happen.</summary>
internal sealed class SequencedHistory(ILabHistory history) : ILabHistory
{
    private long _time;

    public void Add(in LabEvent happened) => history.Add(happened with { Time = ++_time });

    public void Remember(ulong line, int version, ReadOnlySpan<byte> bytes) => history.Remember(line, version, bytes);

    public void Name(ulong address, long size, string name) => history.Name(address, size, name);
}
