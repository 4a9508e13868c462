// Read-only data of one function, deduplicated by bytes. Lowering adds constants and keeps the handles; the machine
// buffer places the pool behind the code, widest alignment first so that no padding is needed.
using System;
using System.Diagnostics;
using System.Numerics;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.Emission;

internal sealed class ConstantPool
{
    private Column<byte> _bytes;
    private Column<Entry> _entries;
    private Column<int> _buckets;                              // heads of hash chains, entry + 1

    private struct Entry
    {
        public int Start, Length, Alignment, Next, Hash;
    }

    public int Count => _entries.Count;

    public int AlignmentOf(int handle) => _entries[handle].Alignment;

    public ReadOnlySpan<byte> BytesOf(int handle) => _bytes.Slice(_entries[handle].Start, _entries[handle].Length);

    public void Clear()
    {
        _bytes.Clear();
        _entries.Clear();
        _buckets.Span.Clear();
    }

    /// <summary>A handle of <paramref name="bytes"/>; equal bytes share one, aligned for the most demanding user.</summary>
    public int Add(ReadOnlySpan<byte> bytes, int alignment)
    {
        Debug.Assert(BitOperations.IsPow2(alignment) && alignment <= 64);
        if (_entries.Count * 2 >= _buckets.Count)
        {
            Rehash();
        }

        int hash = HashOf(bytes);
        ref int head = ref _buckets[hash & (_buckets.Count - 1)];
        for (int next = head; next != 0; next = _entries[next - 1].Next)
        {
            ref Entry entry = ref _entries[next - 1];
            if (entry.Hash == hash && BytesOf(next - 1).SequenceEqual(bytes))
            {
                entry.Alignment = Math.Max(entry.Alignment, alignment);
                return next - 1;
            }
        }

        _entries.Add(new Entry { Start = _bytes.Count, Length = bytes.Length, Alignment = alignment, Hash = hash, Next = head });
        _bytes.AddRange(bytes);
        head = _entries.Count;
        return head - 1;
    }

    public int AddUInt32(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return Add(bytes, 4);
    }

    public int AddUInt64(ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return Add(bytes, 8);
    }

    private void Rehash()
    {
        _buckets.Fill(Math.Max(16, _buckets.Count * 2), 0);
        for (int i = 0; i < _entries.Count; i++)
        {
            ref int head = ref _buckets[_entries[i].Hash & (_buckets.Count - 1)];
            _entries[i].Next = head;
            head = i + 1;
        }
    }

    private static int HashOf(ReadOnlySpan<byte> bytes)
    {
        uint hash = (uint)bytes.Length;
        foreach (byte b in bytes)
        {
            hash = (BitOperations.RotateLeft(hash, 5) ^ b) * 0x9E3779B1;
        }

        return (int)(hash ^ (hash >> 15));
    }
}
