// How instructions reach memory. Every access can fault, and a fault is a value that the core keeps (Core.Fault): the accessor says
// only whether the access happened, so that the way without a fault is a test and a copy.
using System;

namespace MiniJit.Coherence.Memory;

/// <summary>Data memory as one core sees it.</summary>
internal interface IDataAccess
{
    /// <summary>Loads bytes of any alignment, or notes the fault and returns false; then the instruction has no effect.</summary>
    bool TryLoad(ulong address, Span<byte> destination);

    /// <summary>Stores bytes of any alignment, all or none of them.</summary>
    bool TryStore(ulong address, ReadOnlySpan<byte> source);
}
