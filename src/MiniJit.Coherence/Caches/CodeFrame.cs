namespace MiniJit.Coherence.Caches;

/// <summary>A frame from which instructions are, were or will be fetched. It keeps its lines when it is given back: caches know physical addresses.</summary>
/// <param name="number">The frame's number.</param>
/// <param name="bytes">Its memory.</param>
/// <param name="lines">How many lines it has.</param>
internal sealed unsafe class CodeFrame(int number, byte* bytes, int lines)
{
    public int Number { get; } = number;

    public byte* Bytes { get; } = bytes;

    /// <summary>Null where nothing was ever fetched, stored or maintained: the only version is what the frame holds.</summary>
    public CodeLine?[] Lines { get; } = new CodeLine?[lines];

    /// <summary>When it was made executable last: a fetch from it happened later.</summary>
    public long ExecutableAt { get; set; }

    /// <summary>Stores to it that are not performed.</summary>
    public int PendingStores { get; set; }
}
