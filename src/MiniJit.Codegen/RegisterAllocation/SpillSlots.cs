// Spill slots, shared by values that are never in memory at the same time. A bank is a bit matrix of 64 slots by program
// positions, the same structure that tells which registers are free. The classes have banks of their own, so a slot never
// overlaps another one in part and parallel moves may compare slots by equality.
using System.Numerics;
using MiniJit.Codegen.Machine;
using MiniJit.IR;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.RegisterAllocation;

internal sealed class SpillSlots
{
    private readonly Occupancy[][] _banks = [new Occupancy[MaxBanks], new Occupancy[MaxBanks]];
    private readonly int[] _bankCount = new int[2];
    private readonly int[] _slotCount = new int[2];
    private int _positions;

    private const int MaxBanks = 1024;

    public void Reset(int positions)
    {
        _positions = positions;
        _bankCount[0] = _bankCount[1] = 0;
        _slotCount[0] = _slotCount[1] = 0;
    }

    /// <summary>Slots of a class handed out so far.</summary>
    public int CountOf(RegClass regClass) => _slotCount[(int)regClass];

    /// <summary>Takes the lowest slot that is free over all of <paramref name="ranges"/> (pairs of from and to).</summary>
    public int Take(RegClass regClass, ref readonly Column<(int From, int To)> ranges)
    {
        int c = (int)regClass;
        for (int bank = 0; ; bank++)
        {
            Occupancy occupancy = Bank(c, bank);
            ulong busy = 0;
            for (int r = 0; r < ranges.Count && busy != ulong.MaxValue; r++)
            {
                busy |= occupancy.Query(ranges[r].From, ranges[r].To);
            }

            if (busy == ulong.MaxValue)
            {
                continue;
            }

            int bit = BitOperations.TrailingZeroCount(~busy);
            for (int r = 0; r < ranges.Count; r++)
            {
                occupancy.Add(ranges[r].From, ranges[r].To, 1ul << bit);
            }

            int slot = bank * 64 + bit;
            if (slot >= _slotCount[c])
            {
                _slotCount[c] = slot + 1;
            }

            return slot;
        }
    }

    private Occupancy Bank(int regClass, int bank)
    {
        if (bank >= MaxBanks)
        {
            throw new CompilerBugException("regalloc", "more than 65536 spill slots");
        }

        Occupancy occupancy = _banks[regClass][bank] ??= new Occupancy();
        if (bank >= _bankCount[regClass])
        {
            occupancy.Reset(_positions);
            _bankCount[regClass] = bank + 1;
        }

        return occupancy;
    }
}
