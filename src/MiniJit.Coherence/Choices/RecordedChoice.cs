namespace MiniJit.Coherence.Choices;

/// <summary>A choice that deviated.</summary>
/// <param name="Kind">What was decided.</param>
/// <param name="Core">For which core; -1 for the whole machine.</param>
/// <param name="Position">How many choices of this kind and core, with more than one possibility, came before.</param>
/// <param name="Value">What was chosen; not 0.</param>
internal readonly record struct RecordedChoice(ChoiceKind Kind, int Core, int Position, int Value);
