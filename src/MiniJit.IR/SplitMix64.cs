using System;

namespace MiniJit.IR;

/// <summary>
/// A small generator of pseudo-random numbers that is seeded, so that whatever it decided can be replayed (Steele, Lea and Flood, "Fast
/// splittable pseudorandom number generators", 2014). Not for secrets.
/// </summary>
internal struct SplitMix64
{
    private ulong _state;

    /// <summary>Equal seeds give equal sequences.</summary>
    public SplitMix64(ulong seed) => _state = seed;

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
}
