// What value a variable has at the end of a block: open addressing with linear probing, at most half full. Keys are never removed.
using System;

namespace MiniJit.IR.Building;

internal sealed class DefinitionTable
{
    private const ulong Multiplier = 0x9e37_79b9_7f4a_7c15;    // Fibonacci hashing: the high bits of the product are well mixed
    private ulong[] _keys = new ulong[64];                     // 0 is free: blocks' raw forms begin at 1
    private Value[] _values = new Value[64];
    private int _shift = 58;
    private int _count;

    public void Clear()
    {
        Array.Clear(_keys);
        _count = 0;
    }

    public bool TryGet(Block block, Variable variable, out Value value)
    {
        int slot = Find(_keys, _shift, Key(block, variable));
        value = _values[slot];
        return _keys[slot] != 0;
    }

    public void Set(Block block, Variable variable, Value value)
    {
        ulong key = Key(block, variable);
        int slot = Find(_keys, _shift, key);
        if (_keys[slot] == 0)
        {
            if (++_count > _keys.Length / 2)
            {
                Grow();
                slot = Find(_keys, _shift, key);
            }

            _keys[slot] = key;
        }

        _values[slot] = value;
    }

    private static ulong Key(Block block, Variable variable) => ((ulong)block.Raw << 32) | (uint)variable.Index;

    private static int Find(ulong[] keys, int shift, ulong key)
    {
        int slot = (int)((key * Multiplier) >> shift);
        while (keys[slot] != 0 && keys[slot] != key)
        {
            slot = (slot + 1) & (keys.Length - 1);
        }

        return slot;
    }

    private void Grow()
    {
        ulong[] keys = new ulong[_keys.Length * 2];
        Value[] values = new Value[keys.Length];
        _shift--;
        for (int i = 0; i < _keys.Length; i++)
        {
            if (_keys[i] != 0)
            {
                int slot = Find(keys, _shift, _keys[i]);
                keys[slot] = _keys[i];
                values[slot] = _values[i];
            }
        }

        (_keys, _values) = (keys, values);
    }
}
