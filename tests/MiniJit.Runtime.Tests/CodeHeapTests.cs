using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using MiniJit.IR;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;
using Xunit;

namespace MiniJit.Runtime.Tests;

public sealed class CodeHeapTests
{
    internal static CodeHeap HostHeap(CodeViews views, ulong hint = 0) =>
        new(HostCodeMemory.Create(views), MachineTraits.Host, HostPublicationPort.Create(), HostPlatform.OperatingSystem, HostQuiescence.Instance, hint);

    [Theory]
    [InlineData(CodeViews.Dual)]
    [InlineData(CodeViews.Flip)]
    public void No_page_of_the_process_is_ever_writable_and_executable(object views)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc/self/maps");
        using CodeHeap heap = HostHeap((CodeViews)views);
        HashSet<string> before = WritableAndExecutable();
        var blocks = new CodeBlock[3];
        Assert.True(heap.TryReserve([new(100, 16), new(5000, 64), new(70_000, 16)], [], null, blocks, [], out SystemError error), error.ToString());
        Assert.Equal(before, WritableAndExecutable());

        heap.Memory.Store(blocks[0].Arena.Mapping, blocks[0].Address, [0xB8, 42, 0, 0, 0, 0xC3]);
        Assert.True(heap.Publish(blocks, [], new Nothing()).IsNone);
        Assert.Equal(before, WritableAndExecutable());
        Assert.Equal("r-x", AccessOf(blocks[0].Address));
        if ((CodeViews)views == CodeViews.Dual)
        {
            Assert.Equal("rw-", AccessOf(blocks[0].Arena.Mapping.WritableAddress(blocks[0].Address)));
        }

        unsafe
        {
            Assert.Equal(42, ((delegate* unmanaged<int>)blocks[0].Address)());
        }
    }

    [Theory]
    [InlineData(CodeViews.Dual)]
    [InlineData(CodeViews.Flip)]
    public void Memory_without_live_code_is_filled_with_trapping_instructions(object views)
    {
        using CodeHeap heap = HostHeap((CodeViews)views);
        var blocks = new CodeBlock[1];
        Assert.True(heap.TryReserve([new(4096, 16)], [], null, blocks, [], out _));
        byte[] bytes = new byte[4096];
        heap.Memory.Load(blocks[0].Arena.Mapping, blocks[0].Address, bytes);
        Assert.Equal(-1, bytes.AsSpan().IndexOfAnyExcept((byte)0xCC));
        heap.Memory.Store(blocks[0].Arena.Mapping, blocks[0].Address, new byte[4096]);
        Assert.True(heap.Publish(blocks, [], new Nothing()).IsNone);
        heap.Retire(blocks, [], []);
        Assert.Equal(BlockState.Freed, blocks[0].State);
        heap.Memory.Load(blocks[0].Arena.Mapping, blocks[0].Address, bytes);
        Assert.Equal(-1, bytes.AsSpan().IndexOfAnyExcept((byte)0xCC));
    }

    [Fact]
    public void The_heap_grows_by_arenas_and_keeps_what_belongs_together_in_one()
    {
        using CodeHeap heap = HostHeap(CodeViews.Dual);
        List<CodeArena> arenas = [];
        for (int i = 0; i < 3; i++)
        {
            var code = new CodeBlock[2];
            var data = new DataBlock[1];
            Assert.True(heap.TryReserve([new(100 << 20, 4096), new(50 << 20, 4096)], [new(4096, 16, true)], null, code, data, out SystemError error), error.ToString());
            Assert.Same(code[0].Arena, code[1].Arena);
            Assert.Same(code[0].Arena, data[0].Arena);
            Assert.InRange(data[0].Address - code[0].Address, 1UL, (ulong)int.MaxValue);
            arenas.Add(code[0].Arena);
        }

        Assert.Equal(3, new HashSet<CodeArena>(arenas).Count);
        Assert.True(heap.Statistics.Reserved >= 3 * 512L << 20);
    }

    [Fact]
    public void A_request_larger_than_an_arena_gets_one_of_its_size()
    {
        using CodeHeap heap = HostHeap(CodeViews.Dual);
        var data = new DataBlock[1];
        var code = new CodeBlock[1];
        Assert.True(heap.TryReserve([new(64, 16)], [new(700L << 20, 16, false)], null, code, data, out SystemError error), error.ToString());
        Assert.Same(code[0].Arena, data[0].Arena);
    }

    /// <summary>Any order of reserving, publishing, abandoning and retiring ends where it began, and no live block is ever damaged.</summary>
    [Theory]
    [InlineData(CodeViews.Dual, 11UL)]
    [InlineData(CodeViews.Dual, 12UL)]
    [InlineData(CodeViews.Flip, 13UL)]
    public void Random_lives_of_blocks_leave_the_heap_as_it_was(object views, ulong seed)
    {
        using CodeHeap heap = HostHeap((CodeViews)views);
        SplitMix64 random = new(seed);
        List<(CodeBlock[] Blocks, byte Mark)> live = [];
        for (int step = 0; step < 1500; step++)
        {
            if (live.Count < 60 && random.Below(2) == 0)
            {
                var requests = new CodeRequest[1 + random.Below(4)];
                for (int i = 0; i < requests.Length; i++)
                {
                    requests[i] = new(1 + random.Below(3000), 16 << random.Below(3));
                }

                var blocks = new CodeBlock[requests.Length];
                Assert.True(heap.TryReserve(requests, [], null, blocks, [], out SystemError error), error.ToString());
                byte mark = (byte)random.Next();
                for (int i = 0; i < blocks.Length; i++)
                {
                    Assert.Equal(0UL, blocks[i].Address % (ulong)requests[i].Alignment);
                    Assert.True(blocks[i].Size >= requests[i].Size);
                    heap.Memory.Fill(blocks[i].Arena.Mapping, blocks[i].Address, blocks[i].Size, [mark]);
                }

                if (random.Below(8) == 0)
                {
                    heap.Abandon(blocks, []);
                    continue;
                }

                Assert.True(heap.Publish(blocks, [], new Nothing()).IsNone);
                live.Add((blocks, mark));
            }
            else if (live.Count > 0)
            {
                int victim = random.Below(live.Count);
                (CodeBlock[] blocks, byte mark) = live[victim];
                live[victim] = live[^1];
                live.RemoveAt(live.Count - 1);
                foreach (CodeBlock block in blocks)
                {
                    byte[] bytes = new byte[block.Size];
                    heap.Memory.Load(block.Arena.Mapping, block.Address, bytes);
                    Assert.Equal(-1, bytes.AsSpan().IndexOfAnyExcept(mark));
                    heap.Retire([block], [], []);
                }
            }
        }

        foreach ((CodeBlock[] blocks, _) in live)
        {
            heap.Retire(blocks, [], []);
        }

        CodeHeapStatistics end = heap.Statistics;
        Assert.Equal(0, end.Used);
        Assert.Equal(0, end.Functions);
        Assert.Equal(end.Committed, end.Free);
    }

    [Fact]
    public void Reused_memory_is_published_with_a_synchronisation_of_all_cores_and_new_memory_is_not()
    {
        using CodeHeap heap = HostHeap(CodeViews.Dual);
        StepRecorder recorder = new();
        heap.Executor.Observer = recorder;
        var first = new CodeBlock[4];
        CodeRequest[] requests = [new(64, 16), new(64, 16), new(64, 16), new(64, 16)];
        Assert.True(heap.TryReserve(requests, [], null, first, [], out _));
        Assert.True(heap.Publish(first, [], new Nothing()).IsNone);
        Assert.Equal([PublicationStepKind.MakeReachable], recorder.Steps);

        heap.Retire(first, [], []);
        recorder.Steps.Clear();
        var second = new CodeBlock[4];
        Assert.True(heap.TryReserve(requests, [], null, second, [], out _));
        Assert.Equal(first[0].Address, second[0].Address);
        Assert.True(heap.Publish(second, [], new Nothing()).IsNone);
        Assert.Equal([PublicationStepKind.SynchronizeCores, PublicationStepKind.MakeReachable], recorder.Steps);
    }

    [Fact]
    public void Retired_code_is_given_back_only_when_the_threads_inside_have_left()
    {
        Gate gate = new();
        using CodeHeap heap = new(
            HostCodeMemory.Create(), MachineTraits.Host, HostPublicationPort.Create(), HostPlatform.OperatingSystem, gate);
        var blocks = new CodeBlock[1];
        Assert.True(heap.TryReserve([new(64, 16)], [], null, blocks, [], out _));
        Assert.Equal(BlockState.Reserved, blocks[0].State);
        Assert.True(heap.Publish(blocks, [], new Nothing()).IsNone);
        Assert.Equal(BlockState.Published, blocks[0].State);
        heap.Retire(blocks, [], []);
        Assert.Equal(BlockState.Retired, blocks[0].State);
        heap.Collect();
        Assert.Equal(BlockState.Retired, blocks[0].State);
        gate.Left = long.MaxValue;
        heap.Collect();
        Assert.Equal(BlockState.Freed, blocks[0].State);
    }

    [Fact]
    public void Threads_reserve_publish_and_retire_at_once()
    {
        using CodeHeap heap = HostHeap(CodeViews.Dual);
        int failures = 0;
        var threads = new Thread[8];
        for (int t = 0; t < threads.Length; t++)
        {
            ulong seed = (ulong)t + 100;
            threads[t] = new(() =>
            {
                SplitMix64 random = new(seed);
                for (int i = 0; i < 400; i++)
                {
                    var blocks = new CodeBlock[2];
                    if (!heap.TryReserve([new(1 + random.Below(500), 16), new(16, 16)], [], null, blocks, [], out _)
                        || !heap.Publish(blocks, [], new Nothing()).IsNone)
                    {
                        Interlocked.Increment(ref failures);
                    }

                    heap.Retire(blocks, [], []);
                }
            });
            threads[t].Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        heap.Collect();
        Assert.Equal(0, failures);
        Assert.Equal(0, heap.Statistics.Used);
    }

    [Fact]
    public void An_address_finds_its_function_among_many()
    {
        CodeIndex index = new(0x10000, 1 << 20);
        SplitMix64 random = new(5);
        List<Range> ranges = [];
        ulong address = 0x10000;
        while (address < 0x10000 + (1 << 20) - 30_000)
        {
            Range range = new(address, 1 + random.Below(random.Below(20) == 0 ? 20_000 : 200));
            ranges.Add(range);
            address += (ulong)range.Length + (ulong)random.Below(30);
        }

        // In three batches, then out again in two.
        index.AddAll(Every(3, 0));
        Check(i => i % 3 == 0);
        index.AddAll(Every(3, 2));
        index.AddAll(Every(3, 1));
        Check(_ => true);
        index.RemoveAll(Every(2, 0));
        Check(i => i % 2 != 0);
        index.RemoveAll(Every(2, 1));
        Check(_ => false);

        IAddressRange[] Every(int step, int first)
        {
            List<IAddressRange> chosen = [];
            for (int i = first; i < ranges.Count; i += step)
            {
                chosen.Add(ranges[i]);
            }

            return [.. chosen];
        }

        void Check(Predicate<int> present)
        {
            for (int i = 0; i < ranges.Count; i++)
            {
                Range? expected = present(i) ? ranges[i] : null;
                Assert.Same(expected, index.Find(ranges[i].Start));
                Assert.Same(expected, index.Find(ranges[i].Start + (ulong)ranges[i].Length - 1));
                Assert.NotSame(ranges[i], index.Find(ranges[i].Start + (ulong)ranges[i].Length));
                Assert.NotSame(ranges[i], index.Find(ranges[i].Start - 1));
            }
        }
    }

    private static HashSet<string> WritableAndExecutable()
    {
        HashSet<string> found = [];
        foreach (string line in File.ReadAllLines("/proc/self/maps"))
        {
            if (line.Split(' ')[1].StartsWith("rwx", StringComparison.Ordinal))
            {
                found.Add(line);
            }
        }

        return found;
    }

    private static string AccessOf(ulong address)
    {
        foreach (string line in File.ReadAllLines("/proc/self/maps"))
        {
            string[] bounds = line.Split(' ')[0].Split('-');
            if (address >= Convert.ToUInt64(bounds[0], 16) && address < Convert.ToUInt64(bounds[1], 16))
            {
                return line.Split(' ')[1][..3];
            }
        }

        return "unmapped";
    }

    private sealed record Range(ulong Start, int Length) : IAddressRange;

    private sealed class Nothing : IPublicationTarget
    {
        public void MakeReachable()
        {
        }
    }

    private sealed class StepRecorder : IPublicationObserver
    {
        public List<PublicationStepKind> Steps { get; } = [];

        public void StepDone(PublicationStep step, in CodeRange range, SystemError error, TimeSpan duration) => Steps.Add(step.Kind);
    }

    private sealed class Gate : IQuiescence
    {
        public long Left { get; set; }

        public long Advance() => 1;

        public bool HaveLeft(long epoch) => Left >= epoch;
    }
}
