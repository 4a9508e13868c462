// Variable-length operand lists of one function, in one array. A list is a block of a power-of-two size class; its handle
// is the position of its length word, so 0 is the empty list. Freed blocks are kept in one free list per class.
using System;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace MiniJit.IR.Collections;

internal sealed class ListPool
{
    private const int ClassCount = 30;
    private uint[] _words = new uint[256];
    private int _used = 1;                                     // word 0 is never handed out
    private readonly uint[] _free = new uint[ClassCount];      // head of each class's list, linked through word 0 of the block

    /// <summary>The elements; valid until the next change of the pool.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<uint> Get(uint list) => list == 0 ? default : _words.AsSpan((int)list + 1, (int)_words[list]);

    public int Count(uint list) => list == 0 ? 0 : (int)_words[list];

    /// <summary>A new list with room for <paramref name="count"/> elements, which the caller fills in.</summary>
    public uint Create(int count)
    {
        if (count == 0)
        {
            return 0;
        }

        uint list = Take(ClassFor(count));
        _words[list] = (uint)count;
        return list;
    }

    public uint Create(ReadOnlySpan<uint> items)
    {
        uint list = Create(items.Length);                      // the source may lie in this pool: its span keeps the old array alive
        if (list != 0)
        {
            items.CopyTo(_words.AsSpan((int)list + 1));
        }

        return list;
    }

    /// <summary>Appends; the list may move, so the new handle replaces the old one.</summary>
    public uint Append(uint list, uint item)
    {
        if (list == 0)
        {
            list = Create(1);
            _words[list + 1] = item;
            return list;
        }

        int count = (int)_words[list];
        if (ClassFor(count + 1) != ClassFor(count))
        {
            uint moved = Create(count + 1);
            Array.Copy(_words, list + 1, _words, moved + 1, count);
            Free(list);
            list = moved;
        }

        _words[list] = (uint)count + 1;
        _words[list + 1 + count] = item;
        return list;
    }

    /// <summary>Shortens a list in place; the rest of its block stays with it.</summary>
    public uint Truncate(uint list, int count)
    {
        if (list == 0 || count == 0)
        {
            Free(list);
            return 0;
        }

        // The block must stay in the class that its length tells, or it could not be freed: move when the class shrinks.
        if (ClassFor(count) != ClassFor((int)_words[list]))
        {
            uint moved = Create(count);
            Array.Copy(_words, list + 1, _words, moved + 1, count);
            Free(list);
            return moved;
        }

        _words[list] = (uint)count;
        return list;
    }

    public void Free(uint list)
    {
        if (list != 0)
        {
            int sizeClass = ClassFor((int)_words[list]);
            _words[list] = _free[sizeClass];
            _free[sizeClass] = list;
        }
    }

    public void Clear()
    {
        _used = 1;
        Array.Clear(_free);
    }

    /// <summary>Takes over another pool's contents, so that its handles are valid here.</summary>
    public void CopyFrom(ListPool other)
    {
        if (_words.Length < other._used)
        {
            _words = new uint[other._words.Length];
        }

        Array.Copy(other._words, _words, other._used);
        _used = other._used;
        Array.Copy(other._free, _free, ClassCount);
    }

    // Classes of 4, 8, 16 … words, the length word included.
    private static int ClassFor(int count) => Math.Max(0, BitOperations.Log2((uint)count) - 1);

    private uint Take(int sizeClass)
    {
        uint head = _free[sizeClass];
        if (head != 0)
        {
            _free[sizeClass] = _words[head];
            return head;
        }

        int size = 4 << sizeClass;
        if (_used + size > _words.Length)
        {
            Array.Resize(ref _words, Math.Max(_words.Length * 2, _used + size));
        }

        head = (uint)_used;
        _used += size;
        return head;
    }
}
