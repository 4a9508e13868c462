using MiniJit.Coherence.Fetch;

namespace MiniJit.Coherence.Caches;

/// <summary>What a line held at some time. Its bytes change only as long as nobody can have seen them.</summary>
internal sealed unsafe class LineVersion
{
    /// <summary>Ascending in the line's life, from 0.</summary>
    public int Number { get; set; }

    /// <summary>The bytes: those of the frame while this is the newest version, a copy afterwards.</summary>
    public uint* Words { get; set; }

    /// <summary>The copy, or null.</summary>
    public uint* Copy { get; set; }

    /// <summary>Decoded lazily, by the first core that executes it.</summary>
    public CodeUnit? Unit { get; set; }

    /// <summary>When it came to be visible to others; a fetch that returns it happened later.</summary>
    public long PerformedAt { get; set; }

    /// <summary>The core whose stores made it; -1 for the system.</summary>
    public int Writer { get; set; }

    /// <summary>How many barriers the writer had executed.</summary>
    public int Barriers { get; set; }

    /// <summary>Whether the writer's next store still belongs to it: nobody looked.</summary>
    public bool IsOpen { get; set; }

    /// <summary>Fetch queues that hold it.</summary>
    public int Holders { get; set; }
}
