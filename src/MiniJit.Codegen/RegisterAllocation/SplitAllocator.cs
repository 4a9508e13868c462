// The quality allocator: live ranges over the whole function, bundles of coalesced values, a queue with the longest
// bundle first, eviction by spill weight, splitting where no register remains. The scheme is that of regalloc2 (see its
// "ION allocator" documentation), itself after LLVM's greedy allocator; what differs is how it asks its questions:
//
//   * all registers are probed at once in a bit matrix (Occupancy) and not one by one in search trees;
//   * fixed operands never constrain a bundle. Their register is reserved at the instruction for the value concerned;
//     a bundle that sits there needs no copy (and is hinted to), any other is copied in or out;
//   * a spilled value is stored once after its def if that is cheaper than at the places where it leaves its register.
//
// Termination: a bundle is placed, or evicts bundles of strictly smaller weight, or is split into smaller ones, or is
// spilled. A minimal bundle (one instruction) has an infinite weight if it needs a register, more so if it needs it at
// both positions, and an instruction whose operands fit the register file can then always be satisfied greedily:
// bundles that take both positions count equally against early and late ones, so placing them first is optimal.
//
// Cost: near-linear in instructions. Memory is kept for the next function; one allocator serves one thread.
using System;
using System.Diagnostics;
using System.Numerics;
using MiniJit.Codegen.Machine;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.RegisterAllocation;

/// <summary>The allocator for <c>opt_level=speed</c>.</summary>
internal sealed partial class SplitAllocator : IRegisterAllocator
{
    /// <summary>Executions, at the weight of the entry block, that a callee-saved register costs on its first use.</summary>
    private const float CalleeSavedCost = 2;

    private const float WholeInstWeight = 4e30f;
    private const float HalfInstWeight = 2e30f;
    private const float LooseInstWeight = 1e30f;               // could give up one position
    private const float MaxOrdinaryWeight = 1e29f;

    private readonly Occupancy _reserved = new();              // fixed operands and clobbers
    private readonly Occupancy _occupied = new();              // placed bundles
    private readonly RegisterTimeline[] _timelines = new RegisterTimeline[64];
    private readonly ulong[] _classRegisters = new ulong[2];
    private readonly PReg[][] _order = [[], []];
    private readonly SpillSlots _slots = new();
    private readonly ParallelMoves _parallelMoves = new();

    private VCode _code = null!;
    private MachineEnvironment _environment = null!;
    private AllocationResult _result = null!;
    private ulong _calleeSaved;
    private ulong _freshCalleeSaved;                           // callee-saved registers that nothing uses yet
    private bool _timelinesKept;
    private Column<ulong> _queue;                              // binary max-heap: log2 of the length << 32 | ~bundle
    private Column<sbyte> _lastPlace;                          // per origin: the register given last
    private Column<int> _evicted;

    public void Allocate(VCode code, MachineEnvironment environment, AllocationResult result)
    {
        _code = code;
        _result = result;
        result.Clear();
        result.Allocations.Fill(code.Operands.Count, default);
        SetEnvironment(environment);

        int positions = code.Insts.Count * 2;
        _reserved.Reset(positions);
        _occupied.Reset(positions);
        _timelinesKept = false;

        BuildLiveness();
        BuildBundles();
        PlaceBundles();
        PlaceSpillSlots();
        InsertMoves();
    }

    private void SetEnvironment(MachineEnvironment environment)
    {
        if (!ReferenceEquals(environment, _environment))
        {
            _environment = environment;
            _calleeSaved = 0;
            for (int c = 0; c < 2; c++)
            {
                int count = 0;
                _classRegisters[c] = 0;
                _order[c] = new PReg[CountOf(environment.CallerSaved, c) + CountOf(environment.CalleeSaved, c)];
                foreach (PReg register in environment.CallerSaved)
                {
                    AddRegister(register, c, ref count);
                }

                foreach (PReg register in environment.CalleeSaved)
                {
                    AddRegister(register, c, ref count);
                    _calleeSaved |= 1ul << register.Number;
                }
            }
        }

        _freshCalleeSaved = _calleeSaved;
    }

    private static int CountOf(PReg[] registers, int regClass)
    {
        int count = 0;
        foreach (PReg register in registers)
        {
            count += (int)register.Class == regClass ? 1 : 0;
        }

        return count;
    }

    private void AddRegister(PReg register, int regClass, ref int count)
    {
        if ((int)register.Class == regClass)
        {
            _order[regClass][count++] = register;
            _classRegisters[regClass] |= 1ul << register.Number;
        }
    }

    // ----- the queue -----

    private void PlaceBundles()
    {
        _queue.Clear();
        _lastPlace.Fill(_bundles.Count, Bundle.Unplaced);
        int count = _bundles.Count;
        for (int b = 0; b < count; b++)
        {
            if (_bundles[b].FirstRange >= 0)
            {
                _bundles[b].Origin = b;
                Measure(b);
                Enqueue(b);
            }
        }

        while (_queue.Count > 0)
        {
            Place(Dequeue());
        }
    }

    private void Enqueue(int bundle)
    {
        // Longest first, but only roughly: among bundles of similar length, code order is kinder to the cache and packs
        // better. What has no use sites takes what is left over at the very end.
        ref readonly Bundle b = ref _bundles[bundle];
        ulong priority = b.SiteCount == 0 ? 0 : (ulong)BitOperations.Log2((uint)b.Length) + 1;
        ulong key = (priority << 32) | ~(uint)bundle;
        _queue.Add(key);
        Span<ulong> heap = _queue.Span;
        int i = heap.Length - 1;
        while (i > 0 && heap[(i - 1) >> 1] < key)
        {
            heap[i] = heap[(i - 1) >> 1];
            i = (i - 1) >> 1;
        }

        heap[i] = key;
    }

    private int Dequeue()
    {
        int bundle = (int)~(uint)_queue[0];
        ulong key = _queue.RemoveLast();
        Span<ulong> heap = _queue.Span;
        if (heap.Length > 0)
        {
            int i = 0;
            while (true)
            {
                int child = 2 * i + 1;
                if (child >= heap.Length)
                {
                    break;
                }

                if (child + 1 < heap.Length && heap[child + 1] > heap[child])
                {
                    child++;
                }

                if (heap[child] <= key)
                {
                    break;
                }

                heap[i] = heap[child];
                i = child;
            }

            heap[i] = key;
        }

        return bundle;
    }

    /// <summary>Computes what is derived from the ranges and sites of a bundle.</summary>
    private void Measure(int bundle)
    {
        ref Bundle b = ref _bundles[bundle];
        double cost = 0;
        float bestHint = -1;
        int length = 0, siteCount = 0, regSiteCount = 0;
        bool wholeSite = false, loose = false;
        b.FixedHints = 0;
        b.BestHint = -1;
        for (int r = b.FirstRange; r >= 0; r = _ranges[r].Next)
        {
            ref readonly LiveRange range = ref _ranges[r];
            length += range.To - range.From;
            siteCount += range.EndSite - range.FirstSite;
            bool whole = false;
            for (int s = range.FirstSite; s < range.EndSite; s++)
            {
                ref readonly UseSite site = ref _sites[s];
                cost += site.Cost;
                whole |= PinsLate(site);
                wholeSite |= site.IsWhole;
                if (site.Kind == SiteKind.Reg)
                {
                    regSiteCount++;
                }
                else if (site.Kind == SiteKind.Fixed)
                {
                    b.FixedHints |= 1ul << site.Fixed;
                    if (site.Cost > bestHint)
                    {
                        bestHint = site.Cost;
                        b.BestHint = (sbyte)site.Fixed;
                    }
                }
            }

            loose |= !whole && range.To - range.From == 2;
        }

        b.Cost = cost;
        b.Length = length;
        b.SiteCount = siteCount;
        b.RegSiteCount = regSiteCount;
        b.Weight = OrdinaryWeight(b);
        if (regSiteCount > 0 && IsMinimal(b))
        {
            bool pair = b.FirstRange != b.LastRange;
            loose |= pair && !(ReusesInput(b.LastRange) && _sites[_ranges[b.LastRange].FirstSite].Kind == SiteKind.Reg);
            b.Weight = loose ? LooseInstWeight : wholeSite || pair ? WholeInstWeight : HalfInstWeight;
        }
    }

    private static float OrdinaryWeight(in Bundle b) => Math.Min((float)(b.Cost * 2 / b.Length), MaxOrdinaryWeight);

    private bool IsMinimal(in Bundle b) => _ranges[b.FirstRange].From >> 1 == (_ranges[b.LastRange].To - 1) >> 1;

    // ----- placing one bundle -----

    private void Place(int bundle)
    {
        ref readonly Bundle b = ref _bundles[bundle];
        ulong reserved = b.FixedHints == 0 ? QueryReserved(b) : QueryReservedByOthers(b);
        ulong allowed = _classRegisters[b.Class] & ~reserved;
        ulong free = allowed & ~QueryOccupied(b);
        int register = Choose(b, free);
        if (PrefersSlot(b))
        {
            Spill(bundle);
        }
        else if (register >= 0)
        {
            Assign(bundle, register);
        }
        else if (b.SiteCount == 0)
        {
            Spill(bundle);
        }
        else if (!TryEvict(bundle, AvoidsFreshRegisters(b) ? allowed & ~_freshCalleeSaved : allowed))
        {
            SplitOrSpill(bundle);
        }
    }

    /// <summary>
    /// A part of a split bundle that only asks for "any place", and no oftener than a reload would run, reads the slot.
    /// </summary>
    private bool PrefersSlot(in Bundle b) =>
        b.Generation > 0 && b.SiteCount > 0 && b.RegSiteCount == 0 && b.FixedHints == 0
        && b.Cost <= _blockWeights[_blockOfInst[_ranges[b.FirstRange].From >> 1]];

    private ulong QueryOccupied(in Bundle b)
    {
        ulong busy = 0, all = _classRegisters[b.Class];
        for (int r = b.FirstRange; r >= 0 && (busy & all) != all; r = _ranges[r].Next)
        {
            busy |= _occupied.Query(_ranges[r].From, _ranges[r].To);
        }

        return busy;
    }

    private ulong QueryReserved(in Bundle b)
    {
        ulong busy = 0, all = _classRegisters[b.Class];
        for (int r = b.FirstRange; r >= 0 && (busy & all) != all; r = _ranges[r].Next)
        {
            busy |= _reserved.Query(_ranges[r].From, _ranges[r].To);
        }

        return busy;
    }

    /// <summary>As above, but a register that is reserved for this very value is not busy there.</summary>
    private ulong QueryReservedByOthers(in Bundle b)
    {
        ulong busy = 0;
        for (int r = b.FirstRange; r >= 0; r = _ranges[r].Next)
        {
            ref readonly LiveRange range = ref _ranges[r];
            int from = range.From, site = range.FirstSite;
            while (NextExemption(range, ref site, out Exemption exemption))
            {
                int start = exemption.Inst * 2;
                if (from < start)
                {
                    busy |= _reserved.Query(from, start);
                }

                busy |= ReservedAt(range, exemption);
                from = start + 2;
            }

            if (from < range.To)
            {
                busy |= _reserved.Query(from, range.To);
            }
        }

        return busy;
    }

    /// <summary>Registers that fixed sites reserve for a value at one instruction.</summary>
    private struct Exemption
    {
        public int Inst;
        public ulong Early, Late;
    }

    private bool NextExemption(in LiveRange range, ref int site, out Exemption exemption)
    {
        exemption = default;
        while (site < range.EndSite && _sites[site].Kind != SiteKind.Fixed)
        {
            site++;
        }

        if (site == range.EndSite)
        {
            return false;
        }

        exemption.Inst = _sites[site].Inst;
        for (; site < range.EndSite && _sites[site].Inst == exemption.Inst; site++)
        {
            ref readonly UseSite s = ref _sites[site];
            if (s.Kind == SiteKind.Fixed)
            {
                ulong bit = 1ul << s.Fixed;
                bool early = (s.Position & 1) == 0;
                exemption.Early |= early || s.IsWhole ? bit : 0;
                exemption.Late |= !early || s.IsWhole ? bit : 0;
            }
        }

        return true;
    }

    private ulong ReservedAt(in LiveRange range, in Exemption exemption)
    {
        int early = exemption.Inst * 2;
        ulong busy = range.From <= early ? _reserved.At(early) & ~exemption.Early : 0;
        return range.To > early + 1 ? busy | (_reserved.At(early + 1) & ~exemption.Late) : busy;
    }

    /// <summary>The register to take out of <paramref name="free"/>, or -1 if there is none worth taking.</summary>
    private int Choose(in Bundle b, ulong free)
    {
        if (free == 0)
        {
            return -1;
        }

        ulong fresh = free & _freshCalleeSaved;
        if (fresh != 0 && AvoidsFreshRegisters(b))
        {
            free &= ~fresh;
            if (free == 0)
            {
                return -1;
            }
        }

        int last = _lastPlace[b.Origin];
        ulong lastBit = last >= 0 ? 1ul << last : 0;
        ulong hinted = free & b.FixedHints;
        if (hinted != 0)
        {
            return ((free >> b.BestHint) & 1) != 0 ? b.BestHint
                : (hinted & lastBit) != 0 ? last
                : BitOperations.TrailingZeroCount(hinted);
        }

        if ((free & lastBit) != 0)
        {
            return last;
        }

        ulong used = free & ~fresh;
        foreach (PReg register in _order[b.Class])
        {
            if (((used >> register.Number) & 1) != 0)
            {
                return register.Number;
            }
        }

        foreach (PReg register in _order[b.Class])
        {
            if (((free >> register.Number) & 1) != 0)
            {
                return register.Number;
            }
        }

        return -1;
    }

    /// <summary>Whether memory is cheaper for the bundle than the save and restore of a callee-saved register that is not yet in use.</summary>
    private bool AvoidsFreshRegisters(in Bundle b) => b.Weight <= MaxOrdinaryWeight && b.Cost < CalleeSavedCost && (_classRegisters[b.Class] & ~_freshCalleeSaved) != 0;

    private void Assign(int bundle, int register)
    {
        ref Bundle b = ref _bundles[bundle];
        b.Place = (sbyte)register;
        _lastPlace[b.Origin] = (sbyte)register;
        ulong bit = 1ul << register;
        _freshCalleeSaved &= ~bit;
        for (int r = b.FirstRange; r >= 0; r = _ranges[r].Next)
        {
            _ranges[r].Bundle = bundle;
            _occupied.Add(_ranges[r].From, _ranges[r].To, bit);
            if (_timelinesKept)
            {
                _timelines[register].Insert(_ranges[r].From, r);
            }
        }
    }

    private void Spill(int bundle)
    {
        _bundles[bundle].Place = Bundle.InSlot;
        for (int r = _bundles[bundle].FirstRange; r >= 0; r = _ranges[r].Next)
        {
            _ranges[r].Bundle = bundle;
        }
    }

    // ----- eviction -----

    private bool TryEvict(int bundle, ulong allowed)
    {
        if (allowed == 0)
        {
            return false;
        }

        KeepTimelines();
        ref readonly Bundle b = ref _bundles[bundle];
        float limit = b.Weight;
        int best = -1;
        for (ulong rest = allowed; rest != 0; rest &= rest - 1)
        {
            int register = BitOperations.TrailingZeroCount(rest);
            float weight = HeaviestConflict(b, register, limit);
            if (weight < limit)
            {
                limit = weight;
                best = register;
            }
        }

        if (best < 0)
        {
            return false;
        }

        _evicted.Clear();
        CollectConflicts(b, best);
        for (int k = 0; k < _evicted.Count; k++)
        {
            Evict(_evicted[k]);
        }

        Assign(bundle, best);
        return true;
    }

    /// <summary>The largest weight among the bundles in the way, or <paramref name="limit"/> if it is at least that.</summary>
    private float HeaviestConflict(in Bundle b, int register, float limit)
    {
        ref readonly RegisterTimeline timeline = ref _timelines[register];
        float heaviest = 0;
        for (int r = b.FirstRange; r >= 0; r = _ranges[r].Next)
        {
            int from = _ranges[r].From, to = _ranges[r].To;
            for (int k = FirstConflict(timeline, from); k < timeline.Count && timeline.FromAt(k) < to; k++)
            {
                heaviest = Math.Max(heaviest, _bundles[_ranges[timeline.RangeAt(k)].Bundle].Weight);
                if (heaviest >= limit)
                {
                    return limit;
                }
            }
        }

        return heaviest;
    }

    private void CollectConflicts(in Bundle b, int register)
    {
        ref readonly RegisterTimeline timeline = ref _timelines[register];
        for (int r = b.FirstRange; r >= 0; r = _ranges[r].Next)
        {
            int from = _ranges[r].From, to = _ranges[r].To;
            for (int k = FirstConflict(timeline, from); k < timeline.Count && timeline.FromAt(k) < to; k++)
            {
                _evicted.Add(_ranges[timeline.RangeAt(k)].Bundle);
            }
        }
    }

    /// <summary>The first entry of a timeline that ends after <paramref name="from"/>.</summary>
    private int FirstConflict(in RegisterTimeline timeline, int from)
    {
        int k = timeline.FirstFrom(from);
        return k > 0 && _ranges[timeline.RangeAt(k - 1)].To > from ? k - 1 : k;
    }

    private void Evict(int bundle)
    {
        ref Bundle b = ref _bundles[bundle];
        if (b.Place < 0)
        {
            return;                                            // it was in the way more than once
        }

        for (int r = b.FirstRange; r >= 0; r = _ranges[r].Next)
        {
            _occupied.Remove(_ranges[r].From, _ranges[r].To, 1ul << b.Place);
            _timelines[b.Place].Remove(_ranges[r].From);
        }

        b.Place = Bundle.Unplaced;
        Enqueue(bundle);
    }

    /// <summary>Who sits where is only written down once the first bundle wants to evict: most functions never do.</summary>
    private void KeepTimelines()
    {
        if (_timelinesKept)
        {
            return;
        }

        _timelinesKept = true;
        foreach (ref RegisterTimeline timeline in _timelines.AsSpan())
        {
            timeline.Clear();
        }

        for (int b = 0; b < _bundles.Count; b++)
        {
            ref readonly Bundle bundle = ref _bundles[b];
            if (bundle.Place >= 0 && bundle.FirstRange >= 0)
            {
                for (int r = bundle.FirstRange; r >= 0; r = _ranges[r].Next)
                {
                    _timelines[bundle.Place].Append(_ranges[r].From, r);
                }
            }
        }

        foreach (ref RegisterTimeline timeline in _timelines.AsSpan())
        {
            timeline.Sort();
        }
    }
}
