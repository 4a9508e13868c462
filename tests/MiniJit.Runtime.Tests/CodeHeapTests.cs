using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using MiniJit.IR;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;
using Xunit;

namespace MiniJit.Runtime.Tests;

public sealed class CodeHeapTests
{
    /// <summary>What the plans of an x86-64 host begin with: Windows may be running on a translator, which has to be told.</summary>
    internal static PublicationStepKind[] FlushSteps => OperatingSystem.IsWindows() ? [PublicationStepKind.FlushInstructionCache] : [];

    internal static CodeHeap HostHeap(CodeViews views, ulong hint = 0) =>
        new(HostCodeMemory.Create(views), MachineTraits.Host, HostPublicationPort.Host, HostPlatform.OperatingSystem, HostQuiescence.Instance, hint);

    [Theory]
    [InlineData(CodeViews.Dual)]
    [InlineData(CodeViews.Flip)]
    public void No_page_of_the_process_is_ever_writable_and_executable(object views)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc/self/maps");
        using CodeHeap heap = HostHeap((CodeViews)views);
        HashSet<string> before = WritableAndExecutable();
        CodeBlock block = Reserve(heap, 75_100);
        Assert.Equal(before, WritableAndExecutable());

        heap.Memory.Store(block.Arena.Mapping, block.Address, [0xB8, 42, 0, 0, 0, 0xC3]);
        Assert.True(heap.Publish(block, new Nothing()).IsNone);
        Assert.Equal(before, WritableAndExecutable());
        Assert.Equal("r-x", AccessOf(block.Address));
        if ((CodeViews)views == CodeViews.Dual)
        {
            Assert.Equal("rw-", AccessOf(block.Arena.Mapping.WritableAddress(block.Address)));
        }

        unsafe
        {
            Assert.Equal(42, ((delegate* unmanaged<int>)block.Address)());
        }
    }

    [Theory]
    [InlineData(CodeViews.Dual)]
    [InlineData(CodeViews.Flip)]
    public void Memory_without_live_code_is_filled_with_trapping_instructions(object views)
    {
        using CodeHeap heap = HostHeap((CodeViews)views);
        CodeBlock block = Reserve(heap, 4096);
        byte[] bytes = new byte[4096];
        heap.Memory.Load(block.Arena.Mapping, block.Address, bytes);
        Assert.Equal(-1, bytes.AsSpan().IndexOfAnyExcept((byte)0xCC));
        heap.Memory.Store(block.Arena.Mapping, block.Address, new byte[4096]);
        Assert.True(heap.Publish(block, new Nothing()).IsNone);
        heap.Retire([new(block)], []);
        Assert.Equal(BlockState.Freed, block.State);
        heap.Memory.Load(block.Arena.Mapping, block.Address, bytes);
        Assert.Equal(-1, bytes.AsSpan().IndexOfAnyExcept((byte)0xCC));
    }

    [Fact]
    public void The_heap_grows_by_arenas_and_keeps_what_belongs_together_in_one()
    {
        using CodeHeap heap = HostHeap(CodeViews.Dual);
        List<CodeArena> arenas = [];
        for (int i = 0; i < 3; i++)
        {
            var data = new DataBlock[1];
            Assert.True(heap.TryReserve(new(150 << 20, 4096), [new(4096, 16, true)], null, out CodeBlock? code, data, out SystemError error), error.ToString());
            Assert.Same(code!.Arena, data[0].Arena);
            Assert.InRange(data[0].Address - code.Address, 1UL, (ulong)int.MaxValue);
            arenas.Add(code.Arena);
        }

        Assert.Equal(3, new HashSet<CodeArena>(arenas).Count);
        Assert.True(heap.Statistics.Reserved >= 3 * 512L << 20);
    }

    [Fact]
    public void A_request_larger_than_an_arena_gets_one_of_its_size()
    {
        using CodeHeap heap = HostHeap(CodeViews.Dual);
        var data = new DataBlock[1];
        Assert.True(heap.TryReserve(new(64, 16), [new(700L << 20, 16, false)], null, out CodeBlock? code, data, out SystemError error), error.ToString());
        Assert.Same(code!.Arena, data[0].Arena);
    }

    /// <summary>
    /// Any order of reserving, publishing, abandoning and retiring, as a whole or in pieces, ends where it began, and no live byte is ever
    /// damaged.
    /// </summary>
    [Theory]
    [InlineData(CodeViews.Dual, 11UL)]
    [InlineData(CodeViews.Dual, 12UL)]
    [InlineData(CodeViews.Flip, 13UL)]
    public void Random_lives_of_blocks_leave_the_heap_as_it_was(object views, ulong seed)
    {
        using CodeHeap heap = HostHeap((CodeViews)views);
        SplitMix64 random = new(seed);
        List<(CodeBlock Block, byte Mark, List<CodePiece> Pieces)> live = [];
        for (int step = 0; step < 3000; step++)
        {
            if (live.Count < 60 && random.Below(4) == 0)
            {
                CodeRequest request = new(1 + random.Below(9000), 16 << random.Below(4));
                Assert.True(heap.TryReserve(request, [], null, out CodeBlock? block, [], out SystemError error), error.ToString());
                byte mark = (byte)random.Next();
                Assert.Equal(0UL, block!.Address % (ulong)request.Alignment);
                Assert.True(block.Size >= request.Size);
                heap.Memory.Fill(block.Arena.Mapping, block.Address, block.Size, [mark]);
                if (random.Below(8) == 0)
                {
                    heap.Abandon(block, []);
                    continue;
                }

                Assert.True(heap.Publish(block, new Nothing()).IsNone);
                live.Add((block, mark, Cut(block)));
            }
            else if (live.Count > 0)
            {
                int victim = random.Below(live.Count);
                (CodeBlock block, byte mark, List<CodePiece> pieces) = live[victim];
                CheckMarks(heap, pieces, mark);
                bool rest = random.Below(4) == 0 || pieces.Count == 1;
                int chosen = random.Below(pieces.Count);
                heap.Retire([rest ? new(block) : pieces[chosen]], []);
                pieces.RemoveAt(chosen);
                if (rest)
                {
                    live[victim] = live[^1];
                    live.RemoveAt(live.Count - 1);
                }
            }
        }

        foreach ((CodeBlock block, byte mark, List<CodePiece> pieces) in live)
        {
            CheckMarks(heap, pieces, mark);
            heap.Retire([new(block)], []);
            heap.Retire([new(block)], []);                       // a second time is nothing
        }

        CodeHeapStatistics end = heap.Statistics;
        Assert.Equal(0, end.Used);
        Assert.Equal(end.Committed, end.Free);

        List<CodePiece> Cut(CodeBlock block)
        {
            List<CodePiece> pieces = [];
            for (int offset = 0, size; offset < block.Size; offset += size)
            {
                size = Math.Min(block.Size - offset, 16 * (1 + random.Below(200)));
                pieces.Add(new(block, offset, size));
            }

            return pieces;
        }
    }

    private static void CheckMarks(CodeHeap heap, List<CodePiece> pieces, byte mark)
    {
        foreach (CodePiece piece in pieces)
        {
            byte[] bytes = new byte[piece.Size];
            heap.Memory.Load(piece.Block.Arena.Mapping, piece.Start, bytes);
            Assert.Equal(-1, bytes.AsSpan().IndexOfAnyExcept(mark));
        }
    }

    [Fact]
    public void Reused_memory_is_published_with_a_synchronisation_of_all_cores_and_new_memory_is_not()
    {
        using CodeHeap heap = HostHeap(CodeViews.Dual);
        StepRecorder recorder = new();
        heap.Executor.Observer = recorder;
        CodeBlock first = Reserve(heap, 256);
        Assert.True(heap.Publish(first, new Nothing()).IsNone);
        Assert.Equal([.. FlushSteps, PublicationStepKind.MakeReachable], recorder.Steps);

        heap.Retire([new(first)], []);
        recorder.Steps.Clear();
        CodeBlock second = Reserve(heap, 256);
        Assert.Equal(first.Address, second.Address);
        Assert.True(heap.Publish(second, new Nothing()).IsNone);
        Assert.Equal([.. FlushSteps, PublicationStepKind.SynchronizeCores, PublicationStepKind.MakeReachable], recorder.Steps);
    }

    [Fact]
    public void Retired_code_is_given_back_only_when_the_threads_inside_have_left()
    {
        Gate gate = new();
        using CodeHeap heap = new(
            HostCodeMemory.Create(), MachineTraits.Host, HostPublicationPort.Host, HostPlatform.OperatingSystem, gate);
        CodeBlock block = Reserve(heap, 64);
        Assert.Equal(BlockState.Reserved, block.State);
        Assert.True(heap.Publish(block, new Nothing()).IsNone);
        Assert.Equal(BlockState.Published, block.State);
        heap.Retire([new(block)], []);
        Assert.Equal(BlockState.Retired, block.State);
        heap.Collect();
        Assert.Equal(BlockState.Retired, block.State);
        gate.Left = long.MaxValue;
        heap.Collect();
        Assert.Equal(BlockState.Freed, block.State);
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
                    if (!heap.TryReserve(new(1 + random.Below(500), 16), [], null, out CodeBlock? block, [], out _)
                        || !heap.Publish(block, new Nothing()).IsNone)
                    {
                        Interlocked.Increment(ref failures);
                        continue;
                    }

                    heap.Retire([new(block!)], []);
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
    public void A_heap_that_is_gone_takes_no_notice_of_its_modules()
    {
        CodeHeap heap = new();
        JitModule module = new(heap), late = new(heap);
        module.Define(HandAssembled.Name("f"), HandAssembled.Return(1));
        module.DefineZeroData(HandAssembled.Name("d"), 8);
        module.Publish();
        late.Define(HandAssembled.Name("f"), HandAssembled.Return(1));
        heap.Dispose();
        heap.Dispose();
        module.Dispose();
        Assert.Equal(default, heap.Statistics);
        Assert.Throws<ObjectDisposedException>(() => late.TryPublish(out _));
    }

    [Fact]
    public void An_address_finds_its_block_among_many()
    {
        CodeIndex index = new(0x10000, 1 << 20);
        SplitMix64 random = new(5);
        List<CodeBlock> blocks = [];
        ulong address = 0x10000;
        while (address < 0x10000 + (1 << 20) - 40_000)
        {
            CodeBlock block = new(null!, address, 16 * (1 + random.Below(random.Below(20) == 0 ? 2000 : 20)), isReused: false);
            blocks.Add(block);
            address += (ulong)block.Size + (16 * (ulong)random.Below(3));
        }

        // In three passes, then out again in two.
        Pass(3, 0, index.Add);
        Check(i => i % 3 == 0);
        Pass(3, 2, index.Add);
        Pass(3, 1, index.Add);
        Check(_ => true);
        Pass(2, 0, Remove);
        Check(i => i % 2 != 0);
        Pass(2, 1, Remove);
        Check(_ => false);

        void Remove(CodeBlock block)
        {
            List<(ulong Start, ulong End)> removed = [];
            index.Remove(new(block), removed);
            Assert.Equal(block.Address, removed[0].Start);
            Assert.Equal(block.Address + (ulong)block.Size, removed[^1].End);
        }

        void Pass(int step, int first, Action<CodeBlock> action)
        {
            for (int i = first; i < blocks.Count; i += step)
            {
                action(blocks[i]);
            }
        }

        void Check(Predicate<int> present)
        {
            for (int i = 0; i < blocks.Count; i++)
            {
                CodeBlock? expected = present(i) ? blocks[i] : null;
                Assert.Same(expected, index.Find(blocks[i].Address));
                Assert.Same(expected, index.Find(blocks[i].Address + (ulong)blocks[i].Size - 1));
                Assert.NotSame(blocks[i], index.Find(blocks[i].Address + (ulong)blocks[i].Size));
                Assert.NotSame(blocks[i], index.Find(blocks[i].Address - 1));
            }
        }
    }

    /// <summary>Bytes of three owners and of nobody, in whatever order they come and go, against an array that says whose each granule is.</summary>
    [Fact]
    public void A_block_that_is_freed_in_pieces_leaves_its_other_pieces_in_the_index()
    {
        const ulong Origin = 0x40_0000;
        const int Granules = 5000;
        CodeIndex index = new(Origin, Granules * 16);
        var owners = new CodeBlock?[Granules];
        SplitMix64 random = new(77);
        List<(ulong Start, ulong End)> removed = [];
        for (int step = 0; step < 2000; step++)
        {
            int first = random.Below(Granules), count = 1 + random.Below(Math.Min(Granules - first, random.Below(8) == 0 ? 3000 : 40));
            if (owners.AsSpan(first, count).IndexOfAnyExcept((CodeBlock?)null) < 0)
            {
                CodeBlock block = new(null!, Origin + (16 * (ulong)first), 16 * count, isReused: false);
                index.Add(block);
                owners.AsSpan(first, count).Fill(block);
            }
            else if (owners[first] is { } owner)
            {
                int offset = (int)(Origin + (16 * (ulong)first) - owner.Address), size = Math.Min(16 * count, owner.Size - offset);
                removed.Clear();
                index.Remove(new(owner, offset, size), removed);
                foreach ((ulong start, ulong end) in removed)
                {
                    for (ulong at = start; at < end; at += 16)
                    {
                        Assert.Same(owner, owners[(at - Origin) / 16]);
                        owners[(at - Origin) / 16] = null;
                    }
                }

                Assert.DoesNotContain(owner, owners.AsSpan(first, size / 16).ToArray());
            }
        }

        for (int i = 0; i < Granules; i++)
        {
            Assert.Same(owners[i], index.Find(Origin + (16 * (ulong)i)));
            Assert.Same(owners[i], index.Find(Origin + (16 * (ulong)i) + 15));
        }
    }

    private static CodeBlock Reserve(CodeHeap heap, int size)
    {
        Assert.True(heap.TryReserve(new(size, 16), [], null, out CodeBlock? block, [], out SystemError error), error.ToString());
        return block!;
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
