// Sets that remember packed things, in one growing array with an open-addressing table of places beside it.
//
// A state is stored as a row of numbers: where its parts are, one per core and one for what the cores share. A step changes two of them, and
// parts are few compared with states, so a state costs some 30 bytes instead of several hundred, and is compared and hashed as quickly.
using System;

namespace MiniJit.Coherence.Exploration;

/// <summary>States as rows of the places of their parts, in the order in which they were added.</summary>
/// <param name="width">Parts of a state.</param>
internal sealed class RowSet(int width)
{
    private int[] _rows = new int[1 << 12];
    private int[] _table = new int[1 << 10];                   // index + 1
    private int _touched;                                      // keeps the reads of Touch

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>Memory that it takes.</summary>
    public long Bytes => (_rows.Length + (long)_table.Length) * sizeof(int);

    public ReadOnlySpan<int> this[int index] => _rows.AsSpan(index * width, width);

    /// <summary>Adds rows unless they are there.</summary>
    /// <param name="rows">One behind the other, not so many that their hashes would not fit on the stack.</param>
    /// <returns>How many are new.</returns>
    public int Add(ReadOnlySpan<int> rows)
    {
        int count = rows.Length / width, before = Count;
        Reserve(count);
        Span<int> slots = stackalloc int[count];
        Touch(rows, slots);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<int> row = rows.Slice(i * width, width);
            int slot = slots[i];
            while (_table[slot] != 0 && !this[_table[slot] - 1].SequenceEqual(row))
            {
                slot = (slot + 1) & (_table.Length - 1);
            }

            if (_table[slot] == 0)
            {
                row.CopyTo(_rows.AsSpan(Count * width));
                _table[slot] = ++Count;
            }
        }

        return Count - before;
    }

    // A large table is nowhere near the processor: all that the probes will read is asked for before any of it is waited for.
    private void Touch(ReadOnlySpan<int> rows, Span<int> slots)
    {
        int touched = 0;
        for (int i = 0; i < slots.Length; i++)
        {
            slots[i] = (int)Hash(rows.Slice(i * width, width)) & (_table.Length - 1);
            touched ^= _table[slots[i]];
        }

        foreach (int slot in slots)
        {
            touched ^= _rows[Math.Max(_table[slot] - 1, 0) * width];
        }

        _touched = touched;
    }

    private void Reserve(int more)
    {
        while ((Count + more) * 3L > _table.Length * 2L)
        {
            Grow();
        }

        if (_rows.Length < (Count + more) * width)
        {
            Array.Resize(ref _rows, Math.Max(_rows.Length * 2, (Count + more) * width));
        }
    }

    private void Grow()
    {
        _table = new int[_table.Length * 2];
        int mask = _table.Length - 1;
        for (int i = 0; i < Count; i++)
        {
            int slot = (int)Hash(this[i]) & mask;
            while (_table[slot] != 0)
            {
                slot = (slot + 1) & mask;
            }

            _table[slot] = i + 1;
        }
    }

    private static uint Hash(ReadOnlySpan<int> row)
    {
        ulong hash = 0;
        foreach (int part in row)
        {
            hash = (System.Numerics.BitOperations.RotateLeft(hash, 23) ^ (uint)part) * 0x9E37_79B9_7F4A_7C15;
        }

        return (uint)(hash >> 32);
    }
}

/// <summary>Packed parts of states.</summary>
internal sealed class StateSet
{
    private ushort[] _states = new ushort[1 << 12];
    private int[] _table = new int[1 << 10];                   // place + 1
    private int _end;

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>Memory that it takes.</summary>
    public long Bytes => ((long)_states.Length * sizeof(ushort)) + ((long)_table.Length * sizeof(int));

    /// <summary>Adds a part unless it is there.</summary>
    /// <param name="state">The packed part.</param>
    /// <param name="place">Its place.</param>
    /// <returns>Whether it is new.</returns>
    public bool Add(ReadOnlySpan<ushort> state, out int place)
    {
        if ((Count + 1) * 4 > _table.Length * 3)
        {
            Grow();
        }

        int mask = _table.Length - 1, slot = (int)Hash(state) & mask;
        for (; _table[slot] != 0; slot = (slot + 1) & mask)
        {
            place = _table[slot] - 1;
            if (At(place).SequenceEqual(state))
            {
                return false;
            }
        }

        if (_states.Length - _end < state.Length + 1)
        {
            Array.Resize(ref _states, Math.Max(_states.Length * 2, _end + state.Length + 1));
        }

        place = _end;
        _table[slot] = place + 1;
        _states[_end] = (ushort)state.Length;
        state.CopyTo(_states.AsSpan(_end + 1));
        _end += state.Length + 1;
        Count++;
        return true;
    }

    public ReadOnlySpan<ushort> At(int place) => _states.AsSpan(place + 1, _states[place]);

    private void Grow()
    {
        int[] old = _table;
        _table = new int[old.Length * 2];
        int mask = _table.Length - 1;
        foreach (int entry in old)
        {
            if (entry != 0)
            {
                int slot = (int)Hash(At(entry - 1)) & mask;
                while (_table[slot] != 0)
                {
                    slot = (slot + 1) & mask;
                }

                _table[slot] = entry;
            }
        }
    }

    // Multiply and rotate over 64-bit pieces; the table needs spread, not strength.
    private static uint Hash(ReadOnlySpan<ushort> state)
    {
        ulong hash = (ulong)state.Length;
        ReadOnlySpan<ulong> pieces = System.Runtime.InteropServices.MemoryMarshal.Cast<ushort, ulong>(state);
        foreach (ulong piece in pieces)
        {
            hash = (System.Numerics.BitOperations.RotateLeft(hash, 23) ^ piece) * 0x9E37_79B9_7F4A_7C15;
        }

        foreach (ushort rest in state[(pieces.Length * 4)..])
        {
            hash = (System.Numerics.BitOperations.RotateLeft(hash, 23) ^ rest) * 0x9E37_79B9_7F4A_7C15;
        }

        return (uint)(hash >> 32);
    }
}
