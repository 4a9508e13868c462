using System;

namespace MiniJit.Filetests.Subtests;

/// <summary>How a test ended.</summary>
internal enum OutcomeKind : byte
{
    /// <summary>Everything held.</summary>
    Passed,

    /// <summary>Something did not.</summary>
    Failed,

    /// <summary>It could not be run here.</summary>
    Skipped,
}

/// <summary>The result of one subtest of one file for one target.</summary>
/// <param name="Kind">How it ended.</param>
/// <param name="Message">Why it failed or was skipped.</param>
/// <param name="Line">Line of the file that it is about; 0 if none in particular.</param>
internal readonly record struct Outcome(OutcomeKind Kind, string Message, int Line = 0)
{
    public static Outcome Passed => new(OutcomeKind.Passed, "");

    public bool IsPassed => Kind == OutcomeKind.Passed;

    public static Outcome Failed(string message, int line = 0) => new(OutcomeKind.Failed, message, line);

    public static Outcome Skipped(string reason) => new(OutcomeKind.Skipped, reason);
}
