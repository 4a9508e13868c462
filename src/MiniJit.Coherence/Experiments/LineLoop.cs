// Which lines a loop of cache maintenance touches, by arithmetic alone. So the expectation of a wrong stride does not come from the machine
// that is to confirm it.
using System;
using MiniJit.Coherence.Caches;
using MiniJit.Runtime.Publication;

namespace MiniJit.Coherence.Experiments;

/// <summary>The ranges of a batch for which a loop runs, and how much of them.</summary>
internal enum LoopRanges : byte
{
    All,
    First,
    Last,

    /// <summary>The number of instructions was taken for the number of bytes.</summary>
    Quarters,

    /// <summary>Some other memory.</summary>
    Elsewhere,
}

/// <summary>A loop over the lines of ranges.</summary>
/// <param name="RoundsStart">Whether it begins at the start of a line.</param>
/// <param name="RoundsEnd">Whether the end is rounded down to the start of a line.</param>
/// <param name="Stride">In lines.</param>
/// <param name="FixedLine">What it takes for the line size; 0: the smallest of all cores.</param>
/// <param name="OfFirstCore">Whether the first core's line size is taken for that of all.</param>
/// <param name="Turns">After how many rounds it ends in any case.</param>
/// <param name="Ranges">Of which ranges.</param>
internal sealed record LineLoop(
    bool RoundsStart = true, bool RoundsEnd = false, int Stride = 1, int FixedLine = 0, bool OfFirstCore = false, int Turns = int.MaxValue,
    LoopRanges Ranges = LoopRanges.All)
{
    /// <summary>Whether some line that holds changed bytes is never touched: of the data caches, or of a core's instruction cache.</summary>
    public bool MissesLine(Experiment experiment, MachineType type, bool isData)
    {
        for (int core = 0; core < experiment.Cores; core++)
        {
            CacheTraits real = type.RealOf(core);
            bool isNeeded = isData ? !real.DataCoherent : !real.InstructionCoherent;
            if (isNeeded && (Misses(experiment, type, isData, isData ? real.DataLine : real.InstructionLine, 0, TestFunction.Length * sizeof(uint))
                || Misses(experiment, type, isData, isData ? real.DataLine : real.InstructionLine, (TestFunction.Length - 1) * sizeof(uint), sizeof(uint))))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether lines of a size are missed if the bytes [offset, offset + size) of each function are written.</summary>
    private bool Misses(Experiment experiment, MachineType type, bool isData, int realLine, int offset, int size)
    {
        int step = FixedLine != 0 ? FixedLine : LineSize(experiment, type, isData);
        for (int function = 0; function < experiment.Functions; function++)
        {
            int start = TestFunction.Offset + (function * TestFunction.Distance) + offset, end = start + size;
            for (int line = start & -realLine; line < end; line += realLine)
            {
                if (!Touches(experiment, step, line, line + realLine, offset, size))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private bool Touches(Experiment experiment, int step, int from, int to, int offset, int size)
    {
        if (Ranges == LoopRanges.Elsewhere)
        {
            return false;
        }

        int first = Ranges == LoopRanges.Last ? experiment.Functions - 1 : 0, last = Ranges == LoopRanges.First ? 0 : experiment.Functions - 1;
        for (int function = first; function <= last; function++)
        {
            int start = TestFunction.Offset + (function * TestFunction.Distance) + offset;
            int end = start + (Ranges == LoopRanges.Quarters ? size / 4 : size);
            end = RoundsEnd ? end & -step : end;
            int turns = Turns;
            for (int at = RoundsStart ? start & -step : start; at < end && turns-- > 0; at += step * Stride)
            {
                if (at >= from && at < to)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private int LineSize(Experiment experiment, MachineType type, bool isData)
    {
        int smallest = int.MaxValue;
        for (int core = 0; core < (OfFirstCore ? 1 : experiment.Cores); core++)
        {
            Arm64CacheType claimed = Arm64CacheType.Of(type.ClaimedBy(core).Register);
            smallest = Math.Min(smallest, isData ? claimed.DataLine : claimed.InstructionLine);
        }

        return smallest;
    }
}
