// One line of memory that instructions may come from, with everything that somebody may still see of its past.
//
// Versions are numbered in coherence order. Three marks say who may see which:
//   Unified ≤ Performed ≤ Newest
// Loads see the newest; Performed is the newest that left its writer's store buffer; Unified is what the point of unification is bound to
// hold. Instruction caches fill and evict whenever they like, so what a core's fetch may return is every version that was in
// [Unified, Performed] since IC was last applied there: marks only grow, so that is the interval [Low(core), Performed], and no fill or
// eviction has to be simulated. Low ≤ Unified for every core.
using System;
using System.Collections.Generic;

namespace MiniJit.Coherence.Caches;

internal sealed unsafe class CodeLine
{
    private readonly LinePool _pool;
    private readonly List<LineVersion> _versions = [];
    private readonly int[] _low;
    private int _first;

    /// <summary>A line whose only version is what its frame holds.</summary>
    public CodeLine(LinePool pool, byte* home, ulong physical, int cores)
    {
        _pool = pool;
        _low = new int[cores];
        Home = home;
        Physical = physical;
        Append(-1, 0);
    }

    /// <summary>Its bytes in the frame.</summary>
    public byte* Home { get; }

    /// <summary>Its physical address.</summary>
    public ulong Physical { get; }

    public int Newest => _first + _versions.Count - 1;

    public LineVersion NewestVersion => _versions[^1];

    public int Performed { get; set; }

    public int Unified { get; set; }

    /// <summary>Bit c: core c answers fetches of this line itself, since only one version is possible.</summary>
    public ulong KeptBy { get; set; }

    /// <summary>Where it was fetched; 0 nowhere yet.</summary>
    public ulong Address { get; set; }

    /// <summary>Whether it was fetched at several addresses.</summary>
    public bool HasAliases { get; set; }

    /// <summary>What finite caches hold of it, by core; only the realistic policy needs that.</summary>
    public CacheSlot[]? Slots { get; set; }

    /// <summary>In whose data cache it was written last, and when that evicts it, in data lines that the core touches.</summary>
    public int DirtyIn { get; set; }

    public long DirtyUntil { get; set; }

    /// <summary>For the history: what each core fetched last, plus one.</summary>
    public int[]? Seen { get; set; }

    /// <summary>Versions kept.</summary>
    public int Count => _versions.Count;

    public LineVersion this[int number] => _versions[number - _first];

    public ReadOnlySpan<int> Lows => _low;

    public int Low(int core) => _low[core];

    public void SetLow(int core, int version) => _low[core] = version;

    public void SetLows(int version) => Array.Fill(_low, version);

    /// <summary>A new newest version, of the same bytes until the caller changes them.</summary>
    public LineVersion Append(int writer, int barriers)
    {
        if (_versions.Count > 0)
        {
            LineVersion before = NewestVersion;
            before.IsOpen = false;
            _pool.Detach(before);
        }

        LineVersion version = _pool.Rent();
        version.Number = _first + _versions.Count;
        version.Words = (uint*)Home;
        version.PerformedAt = 0;
        version.Writer = writer;
        version.Barriers = barriers;
        version.IsOpen = true;
        version.Holders = 0;
        _versions.Add(version);
        return version;
    }

    /// <summary>Frees what nobody can see any more.</summary>
    /// <param name="oldest">The oldest version that a fetch may still return.</param>
    public void Trim(int oldest)
    {
        int count = 0;
        while (_first + count < oldest && _versions[count].Holders == 0)
        {
            _pool.Return(_versions[count++]);
        }

        if (count > 0)
        {
            _versions.RemoveRange(0, count);
            _first += count;
        }
    }
}
