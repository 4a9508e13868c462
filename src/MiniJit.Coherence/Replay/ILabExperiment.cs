using System;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.History;

namespace MiniJit.Coherence.Replay;

/// <summary>What went wrong in a run; <c>default</c> is nothing.</summary>
/// <param name="Subject">The test that failed.</param>
/// <param name="Symptom">How, without anything that differs between runs that fail alike.</param>
/// <param name="Detail">In full.</param>
internal readonly record struct LabFailure(string Subject, string Symptom, string Detail = "")
{
    public bool IsNone => string.IsNullOrEmpty(Subject);

    /// <summary>Whether it is the same test with the same symptom.</summary>
    public bool IsLike(in LabFailure other) =>
        string.Equals(Subject, other.Subject, StringComparison.Ordinal) && string.Equals(Symptom, other.Symptom, StringComparison.Ordinal);
}

/// <summary>Something that can be run again and again, and is the same run whenever its choices are the same.</summary>
internal interface ILabExperiment
{
    /// <summary>Cores of the machine.</summary>
    int Cores { get; }

    MachineType Machine { get; }

    /// <summary>The publication plan, for reports.</summary>
    string Plan { get; }

    /// <summary>Runs it to its first failure, or to its end.</summary>
    LabFailure Run(ChoiceSource choices, ILabHistory? history);
}
