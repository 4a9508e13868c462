using System.Globalization;

namespace MiniJit.Coherence.Experiments;

/// <summary>How a run of an experiment ended.</summary>
internal enum OutcomeKind : byte
{
    /// <summary>Every call returned what the code that was published last returns.</summary>
    Right,

    /// <summary>A core executed zeros or something else that is no instruction.</summary>
    IllegalInstruction,

    /// <summary>A call returned what an earlier version returns.</summary>
    OldResult,

    /// <summary>A call returned what no version returns: lines of several versions were executed.</summary>
    MixedResult,

    /// <summary>A load, a store or a fetch faulted.</summary>
    AccessFault,

    /// <summary>A call did not return.</summary>
    Hang,

    /// <summary>The publication reported an error, and nothing became reachable.</summary>
    Refused,

    /// <summary>What had to trap did not: the trap that was written over it was not seen.</summary>
    MissedTrap,
}

/// <summary>How a run ended, where and in which generation of the code.</summary>
/// <param name="Kind">How.</param>
/// <param name="Core">The core that noticed; -1 if no core did.</param>
/// <param name="Generation">Counted from 1.</param>
/// <param name="Detail">For people; may be empty.</param>
/// <param name="Address">Where the core was stopped; 0 if it was not.</param>
internal readonly record struct ExperimentOutcome(OutcomeKind Kind, int Core = -1, int Generation = 0, string Detail = "", ulong Address = 0)
{
    private static readonly string[] s_names =                   // enum order is asserted by a test
    [
        "right", "illegal instruction", "old result", "mixed result", "access fault", "hang", "refused", "missed trap",
    ];

    /// <summary>Whether the run showed what must not be.</summary>
    public bool IsFailure => Kind != OutcomeKind.Right;

    public string Name => NameOf(Kind);

    /// <summary>How many kinds there are.</summary>
    public static int Kinds => s_names.Length;

    public static string NameOf(OutcomeKind kind) => s_names[(int)kind];

    public override string ToString() => Kind == OutcomeKind.Right
        ? Name
        : string.Create(CultureInfo.InvariantCulture, $"{Name} on core {Core}, generation {Generation}{(Detail.Length == 0 ? "" : ": ")}{Detail}");
}
