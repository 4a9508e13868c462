// A crash in tested code, even one that destroys its process, never takes a run down. Tests run in a worker process, all of them in
// one, in parallel; it reports every start and every end of a test through a pipe, so that what was going on when it
// died is known. Then
//   - what had ended keeps its result;
//   - every test that was under way is a suspect and is run again alone in a worker of its own, which also reports each call: the one that
//     kills this worker too is the culprit, and fails with the signal and the last step; the rest of its file goes on in another worker;
//   - a suspect that does not crash alone fails as well, saying so: something went wrong while it ran;
//   - everything else goes on in a new worker.
// A test that takes too long is killed with its worker in the same way, but needs no search. Without accidents the whole price is the
// start of one more process, which overlaps with looking for the files.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Threading;
using MiniJit.Filetests.Subtests;
using MiniJit.IR;

namespace MiniJit.Filetests.Running;

/// <summary>Shows how a run goes; called on one thread at a time, in this order for every file.</summary>
internal interface IRunObserver
{
    /// <summary>A file's results are complete, as are those of all files before it.</summary>
    void FileDelivered(FileResults file);

    /// <summary>Called a few times per second and after every delivery.</summary>
    void Progress(ResultBook book);
}

/// <summary>Runs files in worker processes.</summary>
internal sealed class Supervisor : IRunEvents, IDisposable
{
    private const int PollMilliseconds = 100;
    private readonly RunOptions _options;
    private readonly IReadOnlyList<string> _paths;
    private readonly IRunObserver _observer;
    private readonly ResultBook _book;
    private readonly Lock _lock = new();
    private readonly AutoResetEvent _news = new(initialState: false);
    private readonly Dictionary<int, Running> _running = [];   // by file
    private readonly int[] _nextCase;
    private string _lastErrors = "";                           // what the last worker wrote to standard error
    private bool _silent;                                      // the current worker has not reported anything

    /// <summary>A test under way.</summary>
    private sealed record Running(int Case, string Subtest, string Target, long Started)
    {
        public string LastStep { get; set; } = "";
    }

    public Supervisor(RunOptions options, IReadOnlyList<string> paths, IRunObserver observer)
    {
        _options = options;
        _paths = paths;
        _observer = observer;
        _book = new(paths, options.Engines);
        _nextCase = new int[paths.Count];
    }

    /// <inheritdoc/>
    public bool WantsSteps => false;

    /// <inheritdoc/>
    public void Dispose() => _news.Dispose();

    private bool MustStop => _options.FailFast && _book.Failed > 0;

    /// <summary>Runs everything.</summary>
    /// <param name="first">A worker that was started in advance, or null.</param>
    public ResultBook Run(WorkerProcess? first = null)
    {
        while (true)
        {
            List<WorkItem> items = Unfinished();
            if (items.Count == 0 || MustStop)
            {
                break;
            }

            if (_options.InProcess)
            {
                RunHere(items);
            }
            else
            {
                WorkerProcess worker = first ?? WorkerProcess.Start();
                first = null;
                string end = Drive(worker, new(_options, WantsSteps: false, items));
                if (end.Length != 0 && !MustStop)
                {
                    Investigate(end);
                }
            }
        }

        return _book;
    }

    // ---- events, from the thread that reads the pipe or the threads that run the tests

    void IRunEvents.CaseStarted(int file, int testCase, string subtest, string target)
    {
        lock (_lock)
        {
            _silent = false;
            _running[file] = new(testCase, subtest, target, Environment.TickCount64);
        }
    }

    void IRunEvents.Step(int file, string description)
    {
        lock (_lock)
        {
            if (_running.TryGetValue(file, out Running? running))
            {
                running.LastStep = description;
            }
        }
    }

    void IRunEvents.CaseEnded(TestResult result)
    {
        lock (_lock)
        {
            if (result.Case >= 0 && result.Case < _nextCase[result.File])
            {
                return;                                        // it timed out, and ended before its worker was killed
            }

            _running.Remove(result.File);
            _nextCase[result.File] = result.Case + 1;
            _book.Add(result);
        }

        if (_options.FailFast)
        {
            _news.Set();
        }
    }

    void IRunEvents.FileEnded(int file)
    {
        lock (_lock)
        {
            _book.Close(file);
        }

        _news.Set();
    }

    // ---- one worker

    /// <summary>Lets a worker work off an order.</summary>
    /// <returns>How it came to an end before it was done; empty if it was done or stopped by us.</returns>
    private string Drive(WorkerProcess worker, WorkOrder order)
    {
        bool finished = false;
        bool gone = false;
        _silent = true;
        lock (_lock)
        {
            _running.Clear();
        }

        Thread reader = new(() =>
        {
            finished = worker.Pump(order, this);
            Volatile.Write(ref gone, true);
            _news.Set();
        })
        { Name = "results" };
        reader.Start();
        bool stopped = false;
        while (!Volatile.Read(ref gone))
        {
            _news.WaitOne(PollMilliseconds);
            Deliver();
            if (!stopped && (MustStop || TimeOut()))
            {
                stopped = true;
                worker.Kill();
            }
        }

        reader.Join();
        string end = worker.WaitForEnd();
        _lastErrors = worker.Errors.TrimEnd();
        if (finished && _lastErrors.Length != 0)
        {
            Console.Error.WriteLine(_lastErrors);
        }

        Deliver();
        return finished || stopped ? "" : end;
    }

    private void RunHere(List<WorkItem> items)
    {
        Thread runner = new(() => ParallelRun.Run(_options, items, this)) { Name = "run" };
        runner.Start();
        while (!runner.Join(0))
        {
            _news.WaitOne(PollMilliseconds);
            Deliver();
        }

        Deliver();
    }

    private void Deliver()
    {
        while (true)
        {
            FileResults? file;
            lock (_lock)
            {
                if (!_book.TryDeliver(out file))
                {
                    break;
                }
            }

            _observer.FileDelivered(file!);
        }

        lock (_lock)
        {
            _observer.Progress(_book);
        }
    }

    // ---- accidents

    /// <summary>Enters a failure for every test that has been running for too long.</summary>
    /// <returns>Whether there was one: its worker cannot be used any more.</returns>
    private bool TimeOut()
    {
        lock (_lock)
        {
            long now = Environment.TickCount64;
            List<int>? late = null;
            foreach ((int file, Running running) in _running)
            {
                if (now - running.Started > _options.Timeout.TotalMilliseconds)
                {
                    (late ??= []).Add(file);
                }
            }

            foreach (int file in late ?? [])
            {
                Fail(file, string.Create(CultureInfo.InvariantCulture, $"timed out after {_options.Timeout.TotalSeconds} s"));
            }

            return late is not null;
        }
    }

    private void Investigate(string end)
    {
        List<(int File, int Case)> suspects = [];
        lock (_lock)
        {
            foreach ((int file, Running running) in _running)
            {
                suspects.Add((file, running.Case));
            }

            suspects.Sort();
            _running.Clear();                                  // nothing of it runs any more: it must not time out while others are looked into
        }

        if (suspects.Count == 0)
        {
            BlameNobody(end);
            return;
        }

        bool found = false;
        foreach ((int file, int testCase) in suspects)
        {
            found |= FindCulprits(file, testCase);
        }

        if (!found && !MustStop)
        {
            // All suspects ran to their end alone. The crash must not be lost: the first file carries it.
            string others = suspects.Count == 1 ? "" : $" together with {suspects.Count - 1} other files";
            FailFile(suspects[0].File, $"the process {end} while this file ran{others}; alone it does not");
        }
    }

    /// <summary>Runs a file alone, from the test that was under way, until nothing in it crashes any more.</summary>
    /// <returns>Whether something did.</returns>
    private bool FindCulprits(int file, int testCase)
    {
        string end = RunAlone(file, testCase);
        bool found = end.Length != 0;
        while (end.Length != 0 && !MustStop)
        {
            lock (_lock)
            {
                if (!_running.TryGetValue(file, out Running? running))
                {
                    FailFile(file, $"crashed: the process {end} after the last test");
                    _book.Close(file);
                    break;
                }

                string step = running.LastStep.Length == 0 ? "" : $" during {running.LastStep}";
                Fail(file, $"crashed: the process {end}{step}{(_lastErrors.Length == 0 ? "" : "\n")}{_lastErrors}");
            }

            end = RunAlone(file, _nextCase[file]);
        }

        return found;
    }

    // A worker that dies without having said anything will not do better next time.
    private void BlameNobody(string end)
    {
        if (_silent)
        {
            throw new CompilerBugException("test runner", $"the worker process {end} before it ran anything");
        }

        foreach (WorkItem item in Unfinished())
        {
            FailFile(item.File, $"crashed: the process {end} while it ran no test");
            _book.Close(item.File);
            break;
        }
    }

    private void FailFile(int file, string message)
    {
        lock (_lock)
        {
            _book.Add(new(file, int.MaxValue, FileRunner.WholeFile, "", Outcome.Failed(message), 0, ""));
        }
    }

    // The tests of one file in a worker of their own, with a report of every call.
    private string RunAlone(int file, int firstCase)
    {
        RunOptions alone = _options with { Jobs = 1 };
        return Drive(WorkerProcess.Start(), new(alone, WantsSteps: true, [new(file, _paths[file], firstCase)]));
    }

    private void Fail(int file, string message)
    {
        Running running = _running[file];
        _running.Remove(file);
        _nextCase[file] = running.Case + 1;
        long microseconds = (Environment.TickCount64 - running.Started) * 1000;
        _book.Add(new(file, running.Case, running.Subtest, running.Target, Outcome.Failed(message), microseconds, ""));
    }

    private List<WorkItem> Unfinished()
    {
        List<WorkItem> items = [];
        for (int i = 0; i < _paths.Count; i++)
        {
            if (!_book.Files[i].IsDone)
            {
                items.Add(new(i, _paths[i], _nextCase[i]));
            }
        }

        if (_options.Seed is ulong seed)
        {
            SplitMix64 random = new(seed);
            for (int i = items.Count - 1; i > 0; i--)
            {
                int j = random.Below(i + 1);
                (items[i], items[j]) = (items[j], items[i]);
            }
        }

        return items;
    }
}
