using System;
using MiniJit.Filetests.Subtests;

namespace MiniJit.Filetests.Running;

/// <summary>What became of one test.</summary>
/// <param name="File">Number of its file in the run.</param>
/// <param name="Case">Number of the test in its file's plan; −1 for what concerns the file as a whole.</param>
/// <param name="Subtest">The subtest's name; <c>file</c> for the file as a whole.</param>
/// <param name="Target">The target as written; empty if the subtest needs none.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Microseconds">How long it took.</param>
/// <param name="Output">What its <c>print</c> commands printed.</param>
internal sealed record TestResult(int File, int Case, string Subtest, string Target, Outcome Outcome, long Microseconds, string Output)
{
    /// <summary>Subtest and target, as people name the test.</summary>
    public string Name => Target.Length == 0 ? Subtest : $"{Subtest} {Target}";
}

/// <summary>Hears how a run goes. Called by several threads at once.</summary>
internal interface IRunEvents
{
    /// <summary>A test begins.</summary>
    void CaseStarted(int file, int testCase, string subtest, string target);

    /// <summary>A step of a test begins. Only reported where <see cref="WantsSteps"/> is set, because it costs a system call.</summary>
    void Step(int file, string description);

    /// <summary>Whether to report steps.</summary>
    bool WantsSteps { get; }

    /// <summary>A test has ended.</summary>
    void CaseEnded(TestResult result);

    /// <summary>All tests of a file have ended.</summary>
    void FileEnded(int file);
}
