// Phase 3b: what happens to a bundle for which there is no register.
//
// It is cut where the last candidate register runs out: the part before keeps its chance for a whole register, the
// stretch without uses around the conflict becomes a bundle of its own that takes what is left over or goes to the slot,
// and the part from the next use on is queued again. The cuts move within the stretch without uses to where code runs
// least often, so that the transfers land outside of loops. A bundle cut too often is cut into single instructions.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Codegen.RegisterAllocation;

internal sealed partial class SplitAllocator
{
    private const int MaxGenerations = 500;
    private const int MaxBlocksSearched = 64;
    private const int MaxSitesMeasured = 32;

    private void SplitOrSpill(int bundle)
    {
        ref readonly Bundle b = ref _bundles[bundle];
        if (IsMinimal(b))
        {
            if (!b.NeedsReg)
            {
                Spill(bundle);
            }
            else if (TryTighten(bundle))
            {
                Requeue(bundle);
            }
            else if (TryDecouple(bundle))
            {
                Requeue(bundle);
            }
            else
            {
                throw new CompilerBugException("regalloc", $"instruction {_ranges[b.FirstRange].From >> 1} needs more registers of class {(RegClass)b.Class} than there are");
            }
        }
        else if (!b.NeedsReg && b.SiteCount <= 1)
        {
            Spill(bundle);
        }
        else if (b.Generation >= MaxGenerations)
        {
            SplitAtEverySite(bundle);
        }
        else
        {
            SplitAtConflict(bundle);
        }
    }

    private void SplitAtConflict(int bundle)
    {
        int conflict = FirstConflict(_bundles[bundle]) >> 1;
        int start = _ranges[_bundles[bundle].FirstRange].From >> 1;
        FindNeighbours(_bundles[bundle], conflict, out int lastBefore, out int nextSite);

        int rest = bundle;
        if (lastBefore >= 0)
        {
            int cut = CheapestPoint(2 * (lastBefore + 1), 2 * conflict, earliest: true);
            rest = SplitBefore(bundle, cut);
            Enqueue(bundle);
        }
        else if (nextSite == start)
        {
            // The conflict is in the first instruction, and that instruction uses the value: take it on its own.
            rest = SplitBefore(bundle, 2 * (start + 1));
            Enqueue(bundle);
            Enqueue(rest);
            return;
        }

        if (nextSite >= 0)
        {
            int low = Math.Max(_ranges[_bundles[rest].FirstRange].From, nextSite > conflict ? 2 * (conflict + 1) : 2 * nextSite);
            int cut = CheapestPoint(low + (low & 1), 2 * nextSite, earliest: false);
            int last = SplitBefore(rest, cut);
            if (last != rest)
            {
                Enqueue(last);
            }
        }

        Enqueue(rest);
    }

    private void Requeue(int bundle)
    {
        Measure(bundle);
        Enqueue(bundle);
    }

    /// <summary>The position up to which the luckiest register of the class is free.</summary>
    private int FirstConflict(in Bundle b)
    {
        ulong candidates = _classRegisters[b.Class];
        if (AvoidsFreshRegisters(b))
        {
            candidates &= ~_freshCalleeSaved;
        }

        for (int r = b.FirstRange; r >= 0; r = _ranges[r].Next)
        {
            ref readonly LiveRange range = ref _ranges[r];
            int from = range.From, site = range.FirstSite;
            while (NextExemption(range, ref site, out Exemption exemption))
            {
                int at = exemption.Inst * 2;
                int conflict = Occupancy.Narrow(_reserved, _occupied, from, at, ref candidates);
                if (conflict < at)
                {
                    return conflict;
                }

                ulong busy = ReservedAt(range, exemption) | _occupied.Query(Math.Max(range.From, at), Math.Min(range.To, at + 2));
                if ((candidates & ~busy) == 0)
                {
                    return Math.Max(range.From, at);
                }

                candidates &= ~busy;
                from = at + 2;
            }

            if (from < range.To)
            {
                int conflict = Occupancy.Narrow(_reserved, _occupied, from, range.To, ref candidates);
                if (conflict < range.To)
                {
                    return conflict;
                }
            }
        }

        throw new CompilerBugException("regalloc", "a bundle without a conflict was to be split");
    }

    /// <summary>The last instruction before <paramref name="inst"/> and the first one from it on that use the bundle, or -1.</summary>
    private void FindNeighbours(in Bundle b, int inst, out int lastBefore, out int nextSite)
    {
        lastBefore = nextSite = -1;
        for (int r = b.FirstRange; r >= 0; r = _ranges[r].Next)
        {
            ref readonly LiveRange range = ref _ranges[r];
            for (int s = range.FirstSite; s < range.EndSite; s++)
            {
                int at = _sites[s].Inst;
                if (at >= inst)
                {
                    nextSite = at;
                    return;
                }

                lastBefore = at;
            }
        }
    }

    /// <summary>
    /// Of the positions between instructions in [low, high], one in the block that runs least often: the earliest or the latest.
    /// </summary>
    private int CheapestPoint(int low, int high, bool earliest)
    {
        if (low >= high)
        {
            return high;
        }

        int first = _blockOfInst[low >> 1], last = _blockOfInst[high >> 1];
        if (first == last || last - first > MaxBlocksSearched)
        {
            return earliest ? low : high;
        }

        int best = earliest ? first : last;
        for (int k = 1; k <= last - first; k++)
        {
            int block = earliest ? first + k : last - k;
            if (_blockWeights[block] < _blockWeights[best])
            {
                best = block;
            }
        }

        // At its start if it is to be early; before its terminator, still inside the block, if late.
        return earliest
            ? Math.Max(low, 2 * _code.Blocks[best].FirstInst)
            : Math.Max(low, Math.Min(high, 2 * (_code.Blocks[best].EndInst - 1)));
    }

    /// <summary>
    /// Moves what lies at or after the even position <paramref name="cut"/> to a new bundle and returns that one, or
    /// <paramref name="bundle"/> itself if nothing lies before. Costs time for what lies before only.
    /// </summary>
    private int SplitBefore(int bundle, int cut)
    {
        int before = -1, r = _bundles[bundle].FirstRange;
        while (r >= 0 && _ranges[r].To <= cut)
        {
            before = r;
            r = _ranges[r].Next;
        }

        if (r < 0)
        {
            throw new CompilerBugException("regalloc", "a split leaves nothing behind it");
        }

        int second = r;
        if (_ranges[r].From < cut)
        {
            second = _ranges.Count;
            LiveRange tail = _ranges[r];
            tail.From = cut;
            ref LiveRange head = ref _ranges[r];
            head.To = cut;
            head.EndSite = head.FirstSite;
            while (head.EndSite < tail.EndSite && _sites[head.EndSite].Position < cut)
            {
                head.EndSite++;
            }

            tail.FirstSite = head.EndSite;
            head.Next = -1;
            before = r;
            _ranges.Add(tail);
        }
        else if (before < 0)
        {
            return bundle;
        }
        else
        {
            _ranges[before].Next = -1;
        }

        Bundle half = _bundles[bundle];
        half.FirstRange = second;
        if (_ranges[second].Next < 0)
        {
            half.LastRange = second;
        }

        half.Generation++;
        half.Place = Bundle.Unplaced;
        _bundles[bundle].LastRange = before;
        _bundles[bundle].Generation = half.Generation;
        _bundles.Add(half);
        Measure(bundle);
        MeasureRest(_bundles.Count - 1, _bundles[bundle]);
        return _bundles.Count - 1;
    }

    /// <summary>Measures what is left of a bundle, whose measures it still has, without <paramref name="head"/>.</summary>
    private void MeasureRest(int bundle, in Bundle head)
    {
        ref Bundle rest = ref _bundles[bundle];
        rest.SiteCount -= head.SiteCount;
        if (rest.SiteCount <= MaxSitesMeasured)
        {
            Measure(bundle);
            return;
        }

        // The hints may then name registers that only the head wanted, which does no harm.
        rest.RegSiteCount -= head.RegSiteCount;
        rest.Cost -= head.Cost;
        rest.Length -= head.Length;
        rest.Weight = OrdinaryWeight(rest);
    }

    /// <summary>The last resort for bundles that were split again and again: one register per instruction, the slot between.</summary>
    private void SplitAtEverySite(int bundle)
    {
        while (true)
        {
            int inst = FirstSiteInst(_bundles[bundle]);
            if (inst < 0)
            {
                Spill(bundle);
                return;
            }

            int rest = SplitBefore(bundle, 2 * inst);
            if (rest != bundle)
            {
                Spill(bundle);
                bundle = rest;
            }

            bool more = _ranges[_bundles[bundle].LastRange].To > 2 * (inst + 1);
            rest = more ? SplitBefore(bundle, 2 * (inst + 1)) : -1;
            if (_bundles[bundle].NeedsReg)
            {
                Enqueue(bundle);
            }
            else
            {
                Spill(bundle);
            }

            if (!more)
            {
                return;
            }

            bundle = rest;
        }
    }

    private int FirstSiteInst(in Bundle b)
    {
        for (int r = b.FirstRange; r >= 0; r = _ranges[r].Next)
        {
            if (_ranges[r].FirstSite < _ranges[r].EndSite)
            {
                return _sites[_ranges[r].FirstSite].Inst;
            }
        }

        return -1;
    }

    /// <summary>
    /// Ends the ranges of a one-instruction bundle that needs its register only early right there, and leaves the rest to the
    /// slot: the value is in its slot by then, so that costs no code, and the register is free for a def.
    /// </summary>
    private bool TryTighten(int bundle)
    {
        bool changed = false;
        for (int r = _bundles[bundle].FirstRange; r >= 0; r = _ranges[r].Next)
        {
            LiveRange range = _ranges[r];
            if (range.To - range.From < 2 || NeedsRegLate(range))
            {
                continue;
            }

            int firstLate = MoveLateSitesBack(range), tail = _ranges.Count;
            _ranges.Add(new LiveRange { From = range.From + 1, To = range.To, VReg = range.VReg, FirstSite = firstLate, EndSite = range.EndSite, Next = -1 });
            _ranges[r].To = range.From + 1;
            _ranges[r].EndSite = firstLate;
            Bundle slot = _bundles[bundle];
            slot.FirstRange = slot.LastRange = tail;
            _bundles.Add(slot);
            Measure(_bundles.Count - 1);
            Spill(_bundles.Count - 1);
            changed = true;
        }

        return changed;
    }

    private bool NeedsRegLate(in LiveRange range)
    {
        for (int s = range.FirstSite; s < range.EndSite; s++)
        {
            if (PinsLate(_sites[s]))
            {
                return true;
            }
        }

        return false;
    }

    private static bool PinsLate(in UseSite site) => site.IsDef || (site.IsWhole && site.Kind == SiteKind.Reg);

    /// <summary>Sites of one instruction are in operand order: puts the late ones last and returns the first of them.</summary>
    private int MoveLateSitesBack(in LiveRange range)
    {
        int firstLate = range.EndSite;
        for (int s = range.EndSite - 1; s >= range.FirstSite; s--)
        {
            if ((_sites[s].Position & 1) != 0)
            {
                firstLate--;
                (_sites[s], _sites[firstLate]) = (_sites[firstLate], _sites[s]);
                UpdateSiteOf(s);
                UpdateSiteOf(firstLate);
            }
        }

        return firstLate;
    }

    private void UpdateSiteOf(int site)
    {
        if (_sites[site].Operand >= 0)
        {
            _siteOfOperand[_sites[site].Operand] = site;
        }
    }

    /// <summary>
    /// Parts what dies in an instruction from what is defined there. If the def reuses that very value, it gets a copy before:
    /// for an input that must be in a register while every register is lost at the late position.
    /// </summary>
    private bool TryDecouple(int bundle)
    {
        int input = _bundles[bundle].FirstRange, def = _bundles[bundle].LastRange;
        if (input == def)
        {
            return false;
        }

        if (ReusesInput(def))
        {
            int operand = _sites[_ranges[def].FirstSite].Operand;
            MakeCopied(operand, _code.Insts[_ranges[def].From >> 1].FirstOperand + _code.Operands[operand].Constraint.ReusedInput);
            _ranges[def].From--;
        }

        _ranges[input].Next = -1;
        _bundles[bundle].LastRange = input;
        Bundle half = _bundles[bundle];
        half.FirstRange = half.LastRange = def;
        _bundles.Add(half);
        Requeue(_bundles.Count - 1);
        return true;
    }

    /// <summary>Whether a range starts with a def that shares the place of the input before it.</summary>
    private bool ReusesInput(int range)
    {
        int first = _ranges[range].FirstSite;
        if (first == _ranges[range].EndSite)
        {
            return false;
        }

        ref readonly UseSite site = ref _sites[first];
        return site.IsDef && !site.IsWhole && site.Kind != SiteKind.Fixed && _code.Operands[site.Operand].Constraint.Kind == ConstraintKind.Reuse;
    }
}
