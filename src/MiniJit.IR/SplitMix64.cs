using System;

namespace MiniJit.IR;

/// <summary>
/// A small generator of pseudo-random numbers. Equal seeds give equal sequences, so that whatever it decided can be replayed (Steele, Lea and
/// Flood, "Fast splittable pseudorandom number generators", 2014). Not for secrets.
/// </summary>
internal sealed class SplitMix64(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The next 64 bits.</summary>
    public ulong Next()
    {
        _state += 0x9e37_79b9_7f4a_7c15;
        ulong z = _state;
        z = (z ^ (z >> 30)) * 0xbf58_476d_1ce4_e5b9;
        z = (z ^ (z >> 27)) * 0x94d0_49bb_1331_11eb;
        return z ^ (z >> 31);
    }

    /// <summary>A number from 0 to <paramref name="limit"/> − 1.</summary>
    public int Below(int limit) => (int)(((UInt128)Next() * (ulong)limit) >> 64);

    /// <summary>A number from <paramref name="low"/> to <paramref name="high"/>.</summary>
    public int Between(int low, int high) => low + Below(high - low + 1);

    /// <summary>True in <paramref name="percent"/> of a hundred cases.</summary>
    public bool Chance(int percent) => Below(100) < percent;

    /// <summary>True once in <paramref name="times"/> times.</summary>
    public bool OneIn(int times) => Below(times) == 0;
}
