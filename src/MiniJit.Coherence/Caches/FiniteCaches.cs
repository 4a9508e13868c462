// What finite caches hold, for the realistic policy: of each core an instruction cache filled from the point of unification, and a data
// cache in front of it. Both replace at random, so the number of other lines that come before a line goes is geometric, nearly exponential, and
// drawn when the line comes. A choice of 0 evicts at once: then the cache hides nothing.
using System;
using MiniJit.Coherence.Choices;

namespace MiniJit.Coherence.Caches;

internal sealed class FiniteCaches(int cores, CacheSizes sizes, ChoiceSource choices)
{
    /// <summary>Quantiles of the distribution among which is chosen.</summary>
    private const int Quantiles = 1 << 16;

    /// <summary>Lines that came into the caches of each core.</summary>
    private readonly long[] _instructionFills = new long[cores], _dataFills = new long[cores];

    public bool Prefetches => sizes.Prefetches;

    public void Touch(int core, int instructionLines, int dataLines)
    {
        _instructionFills[core] += instructionLines;
        _dataFills[core] += dataLines;
    }

    /// <summary>What a core's cache returns of a line; a line that is not there comes from the point of unification.</summary>
    public int Fetch(int core, CodeLine line, CodeLine? next)
    {
        int version = Fill(core, line);
        if (next is not null)
        {
            WriteBack(next);
            Fill(core, next);
        }

        return version;
    }

    /// <summary>A line was written to in a core's data cache.</summary>
    public void Dirtied(CodeLine line, int core)
    {
        line.DirtyIn = core;
        line.DirtyUntil = ++_dataFills[core] + Lifetime(core, sizes.DataLines);
    }

    /// <summary>A dirty line reaches the point of unification if it has been evicted in the meantime.</summary>
    public void WriteBack(CodeLine line)
    {
        if (line.Unified < line.Performed && _dataFills[line.DirtyIn] >= line.DirtyUntil)
        {
            line.Unified = line.Performed;
        }
    }

    public void Drop(int core, CodeLine line)
    {
        if (line.Slots is { } slots)
        {
            slots[core] = default;
        }
    }

    private int Fill(int core, CodeLine line)
    {
        CacheSlot[] slots = line.Slots ??= new CacheSlot[cores];
        CacheSlot slot = slots[core];
        if (slot.Version == 0 || _instructionFills[core] >= slot.Until)
        {
            long fills = ++_instructionFills[core];
            slot = slots[core] = new(line.Unified + 1, fills + Lifetime(core, sizes.InstructionLines));
        }

        return slot.Version - 1;
    }

    private long Lifetime(int core, int lines)
    {
        double quantile = choices.Choose(ChoiceKind.Eviction, core, Quantiles) / (double)Quantiles;
        return (long)(-Math.Log(1 - quantile) * lines);
    }
}
