// Why a core executed what it should not have: the data that text and picture are made of.
using System.Collections.Generic;
using MiniJit.Runtime.Publication;

namespace MiniJit.Coherence.Replay;

/// <summary>One link of the chain that should lead from a store to a fetch.</summary>
/// <param name="From">Index of the event where it begins.</param>
/// <param name="To">Index of the event where it ends; of a link that is missing, the one before which the event was needed.</param>
/// <param name="Label">What orders the two; of a link that is missing, what would have.</param>
/// <param name="IsMissing">Whether there is no such order.</param>
internal readonly record struct ChainLink(int From, int To, string Label, bool IsMissing);

/// <summary>An instruction as it was executed and as it should have been.</summary>
/// <param name="Address">Virtual address.</param>
/// <param name="Old">What the core got.</param>
/// <param name="New">What the newest version has.</param>
/// <param name="Differs">Whether they are different instructions.</param>
/// <param name="IsFirst">Whether this is the first stale instruction that was executed, as far as the history tells.</param>
internal readonly record struct ComparedInstruction(ulong Address, string Old, string New, bool Differs, bool IsFirst);

/// <summary>The whole explanation of one stale fetch. All indices are those of events in the history.</summary>
internal sealed record Explanation
{
    /// <summary>One sentence for people in a hurry.</summary>
    public required string Sentence { get; init; }

    /// <summary>The stale fetch; -1 if there was none.</summary>
    public int Fetch { get; init; } = -1;

    /// <summary>When the stale instructions were fetched ahead of time; -1 if they came from the cache.</summary>
    public int FetchedAhead { get; init; } = -1;

    /// <summary>The store that the fetch should have seen, or -1.</summary>
    public int Store { get; init; } = -1;

    /// <summary>The store that made what it saw instead, or -1.</summary>
    public int OldStore { get; init; } = -1;

    /// <summary>The outcome that is explained, or -1.</summary>
    public int Outcome { get; init; } = -1;

    public MissingEvent Missing { get; init; }

    /// <summary>What else would have been missing.</summary>
    public IReadOnlyList<MissingEvent> AlsoMissing { get; init; } = [];

    /// <summary>The step that supplies what is missing.</summary>
    public PublicationStepKind Step { get; init; }

    /// <summary>What became of that step in this run, as a sentence.</summary>
    public string StepStory { get; init; } = "";

    public IReadOnlyList<ChainLink> Chain { get; init; } = [];

    public IReadOnlyList<ComparedInstruction> Code { get; init; } = [];

    /// <summary>Name and offset of what was executed, as far as it is known.</summary>
    public string OldName { get; init; } = "";

    /// <summary>Name and offset of what should have been.</summary>
    public string NewName { get; init; } = "";

    /// <summary>How many other stale fetches the run has.</summary>
    public int OtherStaleFetches { get; init; }
}
