// Runs all tests of one file on the calling thread. What the compiler and the engines do wrong becomes the outcome of the test that
// made them do it; what destroys the process is the supervisor's business.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using MiniJit.Filetests.Checking;
using MiniJit.Filetests.Files;
using MiniJit.Filetests.Subtests;
using MiniJit.IR;

namespace MiniJit.Filetests.Running;

/// <summary>Runs files, one after the other, with one thread's buffers.</summary>
internal sealed class FileRunner(RunOptions options, IRunEvents events)
{
    /// <summary>Name of the test that stands for a file as a whole.</summary>
    public const string WholeFile = "file";

    private readonly Parser _parser = new();
    private readonly Workspace _workspace = new();

    /// <summary>Runs the tests of a file from <paramref name="item"/>'s first one on.</summary>
    public void Run(in WorkItem item)
    {
        if (TryRead(item, out ParsedFile? file, out TestPlan? plan))
        {
            FileState state = new(file!);
            for (int i = item.FirstCase; i < plan!.Cases.Count; i++)
            {
                if (IsSelected(options, plan.Cases[i]))
                {
                    Run(item, state, plan.Cases[i], i);
                }
            }

            PreciseOutput.Write(file!.Source, state.Blessings);
        }

        events.FileEnded(item.File);
    }

    /// <summary>Whether the options ask for a test.</summary>
    public static bool IsSelected(RunOptions options, TestCase testCase)
    {
        if (options.Subtests.Count > 0 && !Contains(options.Subtests, testCase.Subtest.Name))
        {
            return false;
        }

        if (options.Targets.Count == 0 || (testCase.Subtest.Needs & SubtestNeeds.Target) == 0)
        {
            return options.Targets.Count == 0 || options.Subtests.Count > 0;
        }

        return testCase.Target is not null
            && (Contains(options.Targets, testCase.TargetText) || Contains(options.Targets, testCase.Target.Triple.ArchitectureName));
    }

    private static bool Contains(IReadOnlyList<string> list, string text)
    {
        foreach (string item in list)
        {
            if (item == text)
            {
                return true;
            }
        }

        return false;
    }

    // Reports what concerns the file as a whole.
    private bool TryRead(in WorkItem item, out ParsedFile? file, out TestPlan? plan)
    {
        long start = Stopwatch.GetTimestamp();
        file = null;
        plan = null;
        Outcome problem;
        try
        {
            string text = item.Path == "-" ? Console.In.ReadToEnd() : File.ReadAllText(item.Path);
            file = _parser.Read(new SourceText(item.Path, text));
            plan = TestPlan.Create(file);
            problem = plan.Problem;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = Outcome.Failed(e.Message);
        }
        catch (Exception e) when (IsFaultOfTheProduct(e))
        {
            problem = Outcome.Failed($"internal error: {e}");
        }

        if (!problem.IsPassed)
        {
            events.CaseEnded(new(item.File, -1, WholeFile, "", problem, Since(start), ""));
        }

        return problem.IsPassed;
    }

    private void Run(in WorkItem item, FileState state, TestCase testCase, int number)
    {
        events.CaseStarted(item.File, number, testCase.Subtest.Name, testCase.TargetText);
        long start = Stopwatch.GetTimestamp();
        Outcome outcome;
        SubtestContext context = new(state, testCase, _workspace, options, events.WantsSteps ? new StepLog(events, item.File) : null);
        try
        {
            outcome = testCase.SkipReason.Length != 0 ? Outcome.Skipped(testCase.SkipReason) : context.VerifyIfNeeded();
            outcome = outcome.IsPassed ? testCase.Subtest.Run(context) : outcome;
        }
        catch (Exception e) when (IsFaultOfTheProduct(e))
        {
            outcome = Outcome.Failed($"internal error: {e}");
        }

        events.CaseEnded(new(item.File, number, testCase.Subtest.Name, testCase.TargetText, outcome, Since(start), context.Output));
    }

    // The one place that catches everything: a defect found by a test is that test's failure, whatever shape it takes.
    private static bool IsFaultOfTheProduct(Exception e) => e is not OutOfMemoryException;

    private static long Since(long start) => (long)Stopwatch.GetElapsedTime(start).TotalMicroseconds;
}

/// <summary>Passes the steps of one file's tests on.</summary>
internal sealed class StepLog(IRunEvents events, int file)
{
    public void Add(string description) => events.Step(file, description);
}
