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

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>Memory that it takes.</summary>
    public long Bytes => (_rows.Length + (long)_table.Length) * sizeof(int);

    public ReadOnlySpan<int> this[int index] => _rows.AsSpan(index * width, width);

    /// <summary>Adds a row unless it is there.</summary>
    public bool Add(ReadOnlySpan<int> row)
    {
        if ((Count + 1) * 3L > _table.Length * 2L)
        {
            Grow();
        }

        int mask = _table.Length - 1, slot = (int)Hash(row) & mask;
        for (; _table[slot] != 0; slot = (slot + 1) & mask)
        {
            if (this[_table[slot] - 1].SequenceEqual(row))
            {
                return false;
            }
        }

        if (_rows.Length < (Count + 1) * width)
        {
            Array.Resize(ref _rows, _rows.Length * 2);
        }

        row.CopyTo(_rows.AsSpan(Count * width));
        _table[slot] = ++Count;
        return true;
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
