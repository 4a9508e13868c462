// Hash consing with scopes that follow the dominator tree: an entry is visible in the blocks that are dominated by the one in
// which it was made. Entries are a stack and leave their chains in reverse order, so leaving a scope costs what entering it cost,
// and a table whose scopes were all left is empty again without being swept.
using System;
using System.Numerics;
using System.Runtime.CompilerServices;
using MiniJit.IR;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.Optimization;

/// <summary>Maps instruction records, compared bit by bit, to 32-bit payloads.</summary>
internal sealed class ScopedTable
{
    private const int InitialBuckets = 1024, MaxLoad = 2;

    private struct Entry
    {
        public InstructionData Key;
        public uint Payload;
        public uint Hash;
        public int Next;                                       // index + 1 of the next entry of the chain
    }

    private Column<Entry> _entries;
    private int[] _buckets = new int[InitialBuckets];          // index + 1 of the first entry

    /// <summary>What <see cref="Leave"/> wants to know to forget everything that is added from now on.</summary>
    public int Mark => _entries.Count;

    public bool TryGet(in InstructionData key, out uint payload)
    {
        (ulong low, ulong high) = Words(key);
        uint hash = Hash(low, high);
        for (int index = _buckets[hash & (uint)(_buckets.Length - 1)]; index != 0;)
        {
            ref Entry entry = ref _entries[index - 1];
            if (entry.Hash == hash && Words(entry.Key) == (low, high))
            {
                payload = entry.Payload;
                return true;
            }

            index = entry.Next;
        }

        payload = 0;
        return false;
    }

    /// <summary>Adds an entry, which hides an older one with the same key until its scope is left.</summary>
    public void Add(in InstructionData key, uint payload)
    {
        if (_entries.Count >= _buckets.Length * MaxLoad)
        {
            Grow();
        }

        (ulong low, ulong high) = Words(key);
        uint hash = Hash(low, high);
        ref int bucket = ref _buckets[hash & (uint)(_buckets.Length - 1)];
        _entries.Add(new Entry { Key = key, Payload = payload, Hash = hash, Next = bucket });
        bucket = _entries.Count;
    }

    public void Leave(int mark)
    {
        while (_entries.Count > mark)
        {
            Entry entry = _entries.RemoveLast();
            _buckets[entry.Hash & (uint)(_buckets.Length - 1)] = entry.Next;
        }
    }

    // Re-adding in order keeps the chains in stack order.
    private void Grow()
    {
        _buckets = new int[_buckets.Length * 4];
        for (int i = 0; i < _entries.Count; i++)
        {
            ref Entry entry = ref _entries[i];
            ref int bucket = ref _buckets[entry.Hash & (uint)(_buckets.Length - 1)];
            entry.Next = bucket;
            bucket = i + 1;
        }
    }

    private static (ulong Low, ulong High) Words(in InstructionData data)
    {
        ref ulong words = ref Unsafe.As<InstructionData, ulong>(ref Unsafe.AsRef(in data));
        return (words, Unsafe.Add(ref words, 1));
    }

    private static uint Hash(ulong low, ulong high)
    {
        ulong mixed = (low * 0x9e37_79b9_7f4a_7c15) ^ BitOperations.RotateLeft(high * 0xc2b2_ae3d_27d4_eb4f, 31);
        mixed *= 0x9fb2_1c65_1e98_df25;
        return (uint)(mixed >> 32);
    }
}
