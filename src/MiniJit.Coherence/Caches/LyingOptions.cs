namespace MiniJit.Coherence.Caches;

/// <summary>How a machine decides what it may do.</summary>
internal enum LabMode : byte
{
    /// <summary>Any version that the architecture allows, as chosen.</summary>
    Adversarial,

    /// <summary>What finite caches hold.</summary>
    Realistic,
}

/// <summary>Sizes of finite caches, in lines.</summary>
/// <param name="InstructionLines">Of a core's instruction cache.</param>
/// <param name="DataLines">Of a core's data cache, in front of the point of unification.</param>
/// <param name="Prefetches">Whether an instruction line brings the next one of its page along.</param>
internal readonly record struct CacheSizes(int InstructionLines = 1024, int DataLines = 1024, bool Prefetches = true)
{
    public CacheSizes()
        : this(1024)
    {
    }
}

/// <summary>A machine that lies, but for its choices.</summary>
internal sealed record LyingOptions(MachineType Type)
{
    public LabMode Mode { get; init; }

    public CacheSizes Sizes { get; init; } = new();

    /// <summary>Whether a core may have fetched ahead from a page before it was executable; then the fetch is a fault.</summary>
    public bool FetchesFaultsAhead { get; init; } = true;
}
