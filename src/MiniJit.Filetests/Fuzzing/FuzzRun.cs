// A fuzzing run: seeds in batches to workers, one thread each; the first failure is looked into and ends the run. A batch whose worker died
// is repeated seed by seed, and a failing program is made smaller by asking a worker about every candidate, so that one
// that crashes is as good a failure as one that computes something else.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Text;
using System.Threading;
using MiniJit.Filetests.Commands;
using MiniJit.IR;
using MiniJit.IR.Interpretation;

namespace MiniJit.Filetests.Fuzzing;

/// <summary>A program on which the engines do not agree.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="Problem">What is wrong with it.</param>
/// <param name="Smallest">The smallest program that still has a problem.</param>
/// <param name="Remaining">That problem.</param>
internal sealed record FuzzFailure(ulong Seed, FuzzProblem Problem, FuzzProgram Smallest, FuzzProblem Remaining);

/// <summary>Runs it.</summary>
/// <param name="options">What to do.</param>
/// <param name="createWorker">Makes a worker for one thread.</param>
internal sealed class FuzzRun(FuzzOptions options, Func<IFuzzWorker> createWorker)
{
    // Large enough to share what publication costs, small enough that little is repeated when a worker dies.
    private const int BatchSize = 64;

    private readonly Lock _lock = new();
    private readonly long _start = Stopwatch.GetTimestamp();
    private FuzzStatistics _statistics;
    private long _next;
    private (ulong Seed, FuzzProblem Problem)? _first;

    /// <summary>What was done.</summary>
    public FuzzStatistics Statistics => _statistics;

    /// <summary>Runs until everything is done, the time is up or something failed.</summary>
    /// <returns>The failure with the lowest seed that is known by then; null if there is none.</returns>
    public FuzzFailure? Run()
    {
        int jobs = (int)Math.Clamp((options.Count + BatchSize - 1) / BatchSize, 1, options.Jobs > 0 ? options.Jobs : Environment.ProcessorCount);
        var threads = new Thread[jobs];
        for (int i = 0; i < jobs; i++)
        {
            threads[i] = new(Work) { Name = $"fuzz {i}" };
            threads[i].Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        return _first is var (seed, problem) ? Shrink(seed, problem) : null;
    }

    private bool MustStop => _first is not null || (options.Limit > TimeSpan.Zero && Stopwatch.GetElapsedTime(_start) > options.Limit);

    private void Work()
    {
        using IFuzzWorker worker = createWorker();
        while (true)
        {
            long at;
            lock (_lock)
            {
                at = _next;
                _next += BatchSize;
                if (at >= options.Count || MustStop)
                {
                    return;
                }
            }

            Enter(worker, options.Seed + (ulong)at, (int)Math.Min(BatchSize, options.Count - at));
        }
    }

    private void Enter(IFuzzWorker worker, ulong first, int count)
    {
        FuzzAnswer answer = worker.Run(first, count);
        lock (_lock)
        {
            _statistics.Add(answer.Statistics);
        }

        foreach ((ulong seed, FuzzProblem problem) in answer.Problems)
        {
            Fail(seed, problem);
        }

        if (answer.Death.Length != 0)
        {
            Investigate(worker, first, count, answer.Death);
        }
    }

    private void Investigate(IFuzzWorker worker, ulong first, int count, string death)
    {
        bool found = count == 1;
        for (int i = 0; i < count && count > 1; i++)
        {
            FuzzAnswer alone = worker.Run(first + (ulong)i, 1);
            if (alone.Death.Length != 0)
            {
                Fail(first + (ulong)i, Crash(alone.Death));
                found = true;
            }
        }

        if (count == 1 || !found)
        {
            string together = count == 1 ? "" : $"; that happens only if the {count} programs from this one on run together";
            Fail(first, Crash(death + together));
        }
    }

    private static FuzzProblem Crash(string death) => new("", -1, $"the process {death}");

    private void Fail(ulong seed, FuzzProblem problem)
    {
        lock (_lock)
        {
            if (_first is not var (lowest, _) || seed < lowest)
            {
                _first = (seed, problem);
            }
        }
    }

    private FuzzFailure Shrink(ulong seed, FuzzProblem problem)
    {
        using IFuzzWorker worker = createWorker();
        long start = Stopwatch.GetTimestamp();
        FuzzProgram program = new FuzzGenerator().Make(seed);
        FuzzProblem? last = Ask(worker, program, problem.Configuration);
        if (last is null)
        {
            return new(seed, problem, program, problem);        // it does not fail alone
        }

        Shrinker shrinker = new(candidate =>
        {
            FuzzProblem? found = Stopwatch.GetElapsedTime(start) > options.ShrinkLimit ? null : Ask(worker, candidate, problem.Configuration);
            last = found ?? last;
            return found is not null;
        });
        return new(seed, problem, shrinker.Shrink(program), last);
    }

    // A program that is wrong in itself is no smaller version of one that is not.
    private static FuzzProblem? Ask(IFuzzWorker worker, FuzzProgram program, string focus)
    {
        FuzzAnswer answer = worker.Probe(program, focus);
        return answer.Death.Length != 0 ? Crash(answer.Death)
            : answer.Problems.Count > 0 && answer.Problems[0].Problem.Configuration == focus ? answer.Problems[0].Problem
            : null;
    }

    /// <summary>A test file with a failing program: its run command does not hold.</summary>
    /// <param name="failure">The failure.</param>
    /// <param name="header">The <c>set</c> and <c>target</c> lines.</param>
    /// <param name="replay">The command that finds it again.</param>
    public static string TestFile(FuzzFailure failure, string header, string replay)
    {
        FuzzProgram program = failure.Smallest;
        StringBuilder text = new();
        text.Append("; ").Append(replay).Append('\n');
        foreach (string line in failure.Remaining.Text.TrimEnd().Split('\n'))
        {
            text.Append("; ").Append(line).Append('\n');
        }

        text.Append("test interpret\ntest run\n").Append(header).Append('\n');
        text.Append(program.FormatFunctions());
        for (int call = 0; call < program.Calls.Count; call++)
        {
            InterpreterResult result = FuzzJudge.Interpret(program, call);
            if ((failure.Remaining.Call < 0 || failure.Remaining.Call == call) && result.Kind <= InterpreterResultKind.Trapped)
            {
                RunCommand command = new()
                {
                    Kind = result.IsReturned ? RunCommandKind.Run : RunCommandKind.Trap,
                    Callee = program.Entry.Name.ToString(),
                    Arguments = program.Calls[call],
                    Expected = result.Values,
                    Trap = result.TrapCode,
                };
                text.Append("; ").Append(command.ToString()).Append('\n');
            }
        }

        return text.ToString();
    }

    /// <summary>Writes the test file of a failure.</summary>
    /// <returns>Its path.</returns>
    public static string WriteTestFile(FuzzFailure failure, string directory, string header, string replay)
    {
        Directory.CreateDirectory(directory);
        string path = Path.Combine(directory, $"fuzz-{failure.Seed}.clif");
        File.WriteAllText(path, TestFile(failure, header, replay));
        return path;
    }
}
