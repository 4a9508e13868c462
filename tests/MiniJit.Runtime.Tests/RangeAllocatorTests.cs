using System.Collections.Generic;
using System.Linq;
using MiniJit.IR;
using MiniJit.Runtime.Memory;
using Xunit;

namespace MiniJit.Runtime.Tests;

public sealed class RangeAllocatorTests
{
    private const ulong Base = 0x10000;

    /// <summary>Against a model that knows each granule: no overlap, alignment, exact accounting, and full coalescing.</summary>
    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    [InlineData(3UL)]
    [InlineData(4UL)]
    public void Random_use_agrees_with_a_model_of_every_granule(ulong seed)
    {
        const int Granules = 4096;
        RangeAllocator allocator = new(Base, Granules * RangeAllocator.Granule);
        bool[] taken = new bool[Granules];
        List<(ulong Address, long Size)> live = [];
        SplitMix64 random = new(seed);
        for (int step = 0; step < 8_000; step++)
        {
            // Waves of growth and shrinking, so that the range is sometimes full and sometimes empty.
            bool grow = random.Below(100) < ((step / 1000) % 2 == 0 ? 65 : 35);
            if (grow)
            {
                long size = 1 + random.Below(random.Below(10) == 0 ? 8000 : 300);
                int alignment = 1 << (4 + random.Below(5));
                long rounded = RangeAllocator.RoundUp(size);
                if (allocator.TryTake(size, alignment, out ulong address))
                {
                    Assert.Equal(0UL, address % (ulong)alignment);
                    Mark(address, rounded, true);
                    live.Add((address, rounded));
                }
                else
                {
                    Assert.False(ModelHasRoom(rounded, alignment));
                }
            }
            else if (live.Count > 0)
            {
                int victim = random.Below(live.Count);
                (ulong address, long size) = live[victim];
                live[victim] = live[^1];
                live.RemoveAt(live.Count - 1);
                Mark(address, size, false);
                allocator.GiveBack(address, size);
            }

            Assert.Equal(taken.Count(used => !used) * (long)RangeAllocator.Granule, allocator.FreeBytes);
        }

        Assert.Equal(ModelRanges(), allocator.Snapshot());
        foreach ((ulong address, long size) in live)
        {
            allocator.GiveBack(address, size);
        }

        Assert.Equal([(Base, (long)Granules * RangeAllocator.Granule)], allocator.Snapshot());

        void Mark(ulong address, long size, bool use)
        {
            for (long i = (long)(address - Base) / 16; i < (long)(address - Base + (ulong)size) / 16; i++)
            {
                Assert.NotEqual(use, taken[i]);
                taken[i] = use;
            }
        }

        bool ModelHasRoom(long size, int alignment)
        {
            int run = 0;
            for (int i = Granules - 1; i >= 0; i--)
            {
                run = taken[i] ? 0 : run + 1;
                if (run * 16L >= size && (Base + (ulong)i * 16) % (ulong)alignment == 0)
                {
                    return true;
                }
            }

            return false;
        }

        (ulong, long)[] ModelRanges()
        {
            List<(ulong, long)> ranges = [];
            for (int i = 0; i < Granules; i++)
            {
                int start = i;
                while (i < Granules && !taken[i])
                {
                    i++;
                }

                if (i > start)
                {
                    ranges.Add((Base + (ulong)start * 16, (i - start) * 16L));
                }
            }

            return [.. ranges];
        }
    }
}
