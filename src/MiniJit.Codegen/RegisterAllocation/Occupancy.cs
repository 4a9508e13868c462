// Who is busy when: a bit matrix of program positions (rows) by up to 64 resources (registers, or spill slots).
//
// The question an allocator asks all day is "which registers are free over these ranges?". With one word per position
// the answer for *all* registers is one OR-reduction, where a tree per register would need one search each. Long ranges
// are cheap because positions are grouped in chunks of 64: a range that covers a chunk whole is kept (and found) in a
// word per chunk. Cost of any operation: O(length / 64), plus at most two partly covered chunks.
//
// Invariants: _any[c] is the OR of _all[c] and of every row of chunk c; a bit is never both in _all[c] and in a row of c.
using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace MiniJit.Codegen.RegisterAllocation;

internal sealed class Occupancy
{
    private const int ChunkShift = 6;
    private const int ChunkSize = 1 << ChunkShift;

    private ulong[] _rows = [];
    private ulong[] _any = [];
    private ulong[] _all = [];

    /// <summary>Forgets everything and makes room for positions below <paramref name="positions"/>.</summary>
    public void Reset(int positions)
    {
        int chunks = (positions >> ChunkShift) + 1;
        if (_any.Length < chunks)
        {
            int capacity = Math.Max(chunks, _any.Length * 2);
            _rows = new ulong[capacity << ChunkShift];
            _any = new ulong[capacity];
            _all = new ulong[capacity];
            return;
        }

        Array.Clear(_rows, 0, chunks << ChunkShift);
        Array.Clear(_any, 0, chunks);
        Array.Clear(_all, 0, chunks);
    }

    /// <summary>The resources that are busy at one position.</summary>
    public ulong At(int position) => _rows[position] | _all[position >> ChunkShift];

    /// <summary>Marks <paramref name="bits"/> busy at one position.</summary>
    public void AddAt(int position, ulong bits)
    {
        _rows[position] |= bits;
        _any[position >> ChunkShift] |= bits;
    }

    /// <summary>The resources that are busy somewhere in [from, to).</summary>
    public ulong Query(int from, int to)
    {
        int first = from >> ChunkShift, last = (to - 1) >> ChunkShift;
        if (first == last)
        {
            ulong any = _any[first];
            return any == 0 ? 0 : (_all[first] | OrRows(from, to)) & any;
        }

        ulong busy = QueryPart(first, from, (first + 1) << ChunkShift);
        for (int chunk = first + 1; chunk < last; chunk++)
        {
            busy |= _any[chunk];
        }

        return (_any[last] & ~busy) == 0 ? busy : busy | QueryPart(last, last << ChunkShift, to);
    }

    /// <summary>
    /// Takes from <paramref name="candidates"/> what is busy in [from, to), but stops at the first position where none would
    /// be left and returns it, with the last candidates that got there; returns <paramref name="to"/> if some remain.
    /// </summary>
    public static int Narrow(Occupancy a, Occupancy b, int from, int to, ref ulong candidates)
    {
        while (from < to)
        {
            int chunk = from >> ChunkShift;
            int end = Math.Min(to, (chunk + 1) << ChunkShift);
            ulong rest = candidates & ~(a._any[chunk] | b._any[chunk]);
            if (rest == 0)
            {
                rest = candidates;
                for (; from < end; from++)
                {
                    ulong next = rest & ~(a.At(from) | b.At(from));
                    if (next == 0)
                    {
                        candidates = rest;
                        return from;
                    }

                    rest = next;
                }
            }

            candidates = rest;
            from = end;
        }

        return to;
    }

    /// <summary>Marks <paramref name="bit"/> busy over [from, to).</summary>
    public void Add(int from, int to, ulong bit)
    {
        int first = from >> ChunkShift, last = (to - 1) >> ChunkShift;
        for (int chunk = first; chunk <= last; chunk++)
        {
            int start = Math.Max(from, chunk << ChunkShift), end = Math.Min(to, (chunk + 1) << ChunkShift);
            _any[chunk] |= bit;
            if (end - start == ChunkSize)
            {
                _all[chunk] |= bit;
                continue;
            }

            foreach (ref ulong row in _rows.AsSpan(start, end - start))
            {
                row |= bit;
            }
        }
    }

    /// <summary>Undoes an <see cref="Add"/> of the very same range.</summary>
    public void Remove(int from, int to, ulong bit)
    {
        int first = from >> ChunkShift, last = (to - 1) >> ChunkShift;
        for (int chunk = first; chunk <= last; chunk++)
        {
            int start = Math.Max(from, chunk << ChunkShift), end = Math.Min(to, (chunk + 1) << ChunkShift);
            if (end - start == ChunkSize)
            {
                _all[chunk] &= ~bit;
                _any[chunk] &= ~bit;
                continue;
            }

            foreach (ref ulong row in _rows.AsSpan(start, end - start))
            {
                row &= ~bit;
            }

            _any[chunk] = (_any[chunk] & ~bit) | (OrRows(chunk << ChunkShift, (chunk + 1) << ChunkShift) & bit);
        }
    }

    private ulong QueryPart(int chunk, int from, int to) =>
        _any[chunk] == 0 ? 0 : to - from == ChunkSize ? _any[chunk] : _all[chunk] | OrRows(from, to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong OrRows(int from, int to)
    {
        ReadOnlySpan<ulong> rows = _rows.AsSpan(from, to - from);
        ulong result = 0;
        int i = 0;
        if (rows.Length >= Vector256<ulong>.Count)
        {
            ref ulong start = ref MemoryMarshal.GetReference(rows);
            Vector256<ulong> or = Vector256<ulong>.Zero;
            for (; i <= rows.Length - Vector256<ulong>.Count; i += Vector256<ulong>.Count)
            {
                or |= Vector256.LoadUnsafe(ref start, (nuint)i);
            }

            Vector128<ulong> half = or.GetLower() | or.GetUpper();
            result = half.GetElement(0) | half.GetElement(1);
        }

        for (; i < rows.Length; i++)
        {
            result |= rows[i];
        }

        return result;
    }
}
