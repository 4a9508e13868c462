namespace MiniJit.Coherence.Caches;

/// <summary>A line in a finite instruction cache.</summary>
/// <param name="Version">Which version plus one; 0 if the line is not there.</param>
/// <param name="Until">The number of fills of this cache at which it is evicted.</param>
internal readonly record struct CacheSlot(int Version, long Until);
