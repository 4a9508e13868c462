// Work stealing over a range of integers: every thread owns a stretch [begin, end) packed into one word, takes from its front, and when
// it is empty moves the back half of the longest other stretch into its own. Both are one compare-and-swap. (The range form of
// Blumofe and Leiserson's scheduler: tasks are numbered beforehand, so that a stretch replaces a deque.)
using System;
using System.Threading;

namespace MiniJit.Filetests.Running;

/// <summary>Hands out the numbers 0 … count−1, each once, to threads 0 … threads−1.</summary>
internal sealed class WorkRanges
{
    private const int Stride = 8;                              // one stretch per cache line
    private readonly ulong[] _ranges;
    private readonly int _threads;

    public WorkRanges(int count, int threads)
    {
        _threads = threads;
        _ranges = new ulong[threads * Stride];
        for (int i = 0; i < threads; i++)
        {
            _ranges[i * Stride] = Pack((int)((long)count * i / threads), (int)((long)count * (i + 1) / threads));
        }
    }

    /// <summary>Takes the next number for a thread; false when there are none left anywhere.</summary>
    public bool TryTake(int thread, out int number)
    {
        ref ulong own = ref _ranges[thread * Stride];
        while (true)
        {
            ulong seen = Volatile.Read(ref own);
            (int begin, int end) = Unpack(seen);
            number = begin;
            if (begin < end)
            {
                if (Interlocked.CompareExchange(ref own, Pack(begin + 1, end), seen) == seen)
                {
                    return true;
                }
            }
            else if (!TrySteal(thread))
            {
                return false;
            }
        }
    }

    private bool TrySteal(int thief)
    {
        while (true)
        {
            int victim = -1, longest = 0;
            ulong seen = 0;
            for (int i = 0; i < _threads; i++)
            {
                ulong range = Volatile.Read(ref _ranges[i * Stride]);
                (int begin, int end) = Unpack(range);
                if (end - begin > longest)
                {
                    (victim, longest, seen) = (i, end - begin, range);
                }
            }

            if (victim < 0)
            {
                return false;
            }

            (int from, int to) = Unpack(seen);
            int middle = from + (longest / 2);
            if (Interlocked.CompareExchange(ref _ranges[victim * Stride], Pack(from, middle), seen) == seen)
            {
                // Nobody writes to an empty stretch but its owner.
                Volatile.Write(ref _ranges[thief * Stride], Pack(middle, to));
                return true;
            }
        }
    }

    private static ulong Pack(int begin, int end) => ((ulong)(uint)end << 32) | (uint)begin;

    private static (int Begin, int End) Unpack(ulong range) => ((int)(uint)range, (int)(uint)(range >> 32));
}
