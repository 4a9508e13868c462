using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using MiniJit.Filetests.Running;
using MiniJit.Filetests.Subtests;
using Xunit;
using TestResult = MiniJit.Filetests.Running.TestResult;

namespace MiniJit.Filetests.Tests;

public sealed class SchedulingTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 4)]
    [InlineData(1000, 1)]
    [InlineData(20_000, 8)]
    public void Every_number_is_taken_once_whoever_steals(int count, int threads)
    {
        WorkRanges ranges = new(count, threads);
        int[] taken = new int[count];
        Thread[] workers = new Thread[threads];
        for (int i = 0; i < threads; i++)
        {
            int number = i;
            workers[i] = new(() =>
            {
                while (ranges.TryTake(number, out int item))
                {
                    Interlocked.Increment(ref taken[item]);
                }
            });
            workers[i].Start();
        }

        foreach (Thread worker in workers)
        {
            worker.Join();
        }

        Assert.All(taken, times => Assert.Equal(1, times));
    }

    [Fact]
    public void A_thread_without_work_steals_from_one_that_is_stuck()
    {
        WorkRanges ranges = new(10, 2);
        List<int> taken = [];
        while (ranges.TryTake(1, out int item))
        {
            taken.Add(item);
        }

        taken.Sort();
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], taken);
    }

    [Fact]
    public void Files_are_found_by_name_directory_and_glob_in_a_stable_order()
    {
        string root = Directory.CreateTempSubdirectory().FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(root, "sub"));
            foreach (string name in new[] { "b.clif", "a.clif", "sub/c.clif", "sub/note.txt" })
            {
                File.WriteAllText(Path.Combine(root, name), "");
            }

            Assert.Equal(["a.clif", "b.clif", "sub/c.clif"], Names(root));
            Assert.Equal(["a.clif", "b.clif"], Names(root + "/*.clif"));
            Assert.Equal(["sub/c.clif"], Names(root + "/**/c.*"));
            Assert.Equal(["sub/note.txt", "a.clif"], Names(root + "/sub/note.txt", root + "/a.clif", root + "/a.clif"));
            Assert.Equal(["b.clif"], Find(new() { Paths = [root], Filter = "b.clif" }));
            Assert.Equal(["sub/c.clif"], Find(new() { Paths = [root], Filter = "*/sub/*" }));
            Assert.Equal(["a.clif", "sub/c.clif"], Find(new() { Paths = [root], Shard = 1, ShardCount = 2 }));
            Assert.Equal(["b.clif"], Find(new() { Paths = [root], Shard = 2, ShardCount = 2 }));

            List<string> missing = [];
            Assert.Empty(FileDiscovery.Find(new() { Paths = [root + "/nothing"] }, missing));
            Assert.Equal([root + "/nothing"], missing);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }

        List<string> Names(params string[] paths) => Find(new() { Paths = paths });

        List<string> Find(RunOptions options)
        {
            List<string> found = FileDiscovery.Find(options, []);
            return found.ConvertAll(path => path[(root.Length + 1)..]);
        }
    }

    [Fact]
    public void Messages_arrive_as_they_were_sent_however_the_pipe_cuts_them()
    {
        MemoryStream sent = new();
        MessageWriter writer = new(sent, wantsSteps: true);
        string large = new('x', 200_000);
        writer.CaseStarted(3, 1, "run", "x86_64 has_avx");
        writer.Step(3, "%f(1)");
        writer.CaseEnded(new(3, 1, "run", "x86_64", Outcome.Failed("Straße\n" + large, 7), 1234, "out"));
        writer.FileEnded(3);
        writer.Finished();
        Recorder events = new();
        Assert.True(new MessageReader(new Dribble(sent.ToArray())).Pump(events));
        Assert.Equal(["start 3 1 run x86_64 has_avx", "step 3 %f(1)", $"end 3 1 run x86_64 Failed 7 1234 {"Straße\n".Length + large.Length} out", "file 3"], events.Log);
    }

    [Fact]
    public void A_message_cut_short_is_not_delivered()
    {
        MemoryStream sent = new();
        new MessageWriter(sent, wantsSteps: false).CaseStarted(0, 0, "run", "");
        Recorder events = new();
        Assert.False(new MessageReader(new MemoryStream(sent.ToArray()[..^1])).Pump(events));
        Assert.Empty(events.Log);
    }

    [Fact]
    public void An_order_survives_the_way_to_the_worker()
    {
        MemoryStream stream = new();
        new WorkOrder(new() { Jobs = 3, Bless = true, Subtests = ["run"], Targets = ["x86_64 sse41"] }, true, [new(5, "a b.clif", 2)]).Write(stream);
        stream.Position = 0;
        WorkOrder order = WorkOrder.Read(stream);
        Assert.Equal((3, true, true), (order.Options.Jobs, order.Options.Bless, order.WantsSteps));
        Assert.Equal(["run"], order.Options.Subtests);
        Assert.Equal(["x86_64 sse41"], order.Options.Targets);
        Assert.Equal([new WorkItem(5, "a b.clif", 2)], order.Items);
    }

    private sealed class Recorder : IRunEvents
    {
        public List<string> Log { get; } = [];

        public bool WantsSteps => true;

        public void CaseStarted(int file, int testCase, string subtest, string target) => Log.Add($"start {file} {testCase} {subtest} {target}");

        public void Step(int file, string description) => Log.Add($"step {file} {description}");

        public void CaseEnded(TestResult result) =>
            Log.Add($"end {result.File} {result.Case} {result.Name} {result.Outcome.Kind} {result.Outcome.Line} {result.Microseconds} {result.Outcome.Message.Length} {result.Output}");

        public void FileEnded(int file) => Log.Add($"file {file}");
    }

    /// <summary>Gives a few bytes at a time.</summary>
    private sealed class Dribble(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 1000));
    }
}
