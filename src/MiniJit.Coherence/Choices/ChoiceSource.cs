// Where a run's nondeterminism comes from. A run is its choices: with the same ones it is the same run, byte for byte.
//
// Choice 0 always is what a machine does that neither lies nor interferes: the newest version, the old turn going on, an operation
// completing at once. So a run without choices is the coherent one, a recording holds what deviates from it and nothing else, and shrinking
// means to set choices back to 0 as long as the failure stays.
namespace MiniJit.Coherence.Choices;

/// <summary>What is decided. Every kind has a stream of its own per core, so that taking one choice back disturbs the others little.</summary>
internal enum ChoiceKind : byte
{
    /// <summary>Whose turn is next; 0 goes on as it was.</summary>
    Turn,

    /// <summary>After how many instructions a turn is cut short; 0 is not.</summary>
    Preemption,

    /// <summary>Which core a thread goes on, after a migration; 0 stays.</summary>
    Migration,

    /// <summary>Which version of a line a fetch returns, counted from the newest backwards.</summary>
    Version,

    /// <summary>Which version of a line a core had fetched ahead when the line changed; 0 none.</summary>
    FetchAhead,

    /// <summary>Whether a store, clean or invalidation stays pending (1) until something waits for it.</summary>
    Delay,

    /// <summary>In which order pending operations complete.</summary>
    Completion,

    /// <summary>Which free frame a page gets; 0 the one that was never used.</summary>
    Frame,

    /// <summary>Whether the system's zeroing of a frame stays behind the point of unification (1).</summary>
    Zeroing,

    /// <summary>What finite caches evict or prefetch.</summary>
    Eviction,

    /// <summary>What a workload decides: who executes whose code.</summary>
    Workload,
}

internal abstract class ChoiceSource
{
    /// <summary>Decides.</summary>
    /// <param name="kind">What.</param>
    /// <param name="core">For which core; -1 for the whole machine.</param>
    /// <param name="count">Number of possibilities, at least 1.</param>
    /// <returns>A number from 0 to count - 1; 0 does not deviate.</returns>
    public abstract int Choose(ChoiceKind kind, int core, int count);
}
