// Phases 4 and 5: spill slots for what was spilled, then the answer: the place of every operand and the moves between
// places. A move is needed where two pieces of a value meet inside a block, on an edge whose ends disagree, for a
// branch argument and its parameter, and for an operand whose register is fixed elsewhere.
//
// All moves of one group happen at once and read the places as they were before the group. Groups of one point, in order:
//   After(i)   results leave fixed registers; stores of spilled results
//   Before(i)  EdgeIn: the edge into a block with one predecessor
//              Inside: pieces that meet, copies into fixed registers, stores of spilled block parameters
//              EdgeOut: the edge out of a block whose successor has several predecessors
//
// A spilled value is stored either once, right after its def, or wherever it leaves a register for the slot, whichever
// runs less often; as a value never changes, its slot stays valid and a reload never needs a second store.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.RegisterAllocation;

internal sealed partial class SplitAllocator
{
    private enum MoveGroup : byte
    {
        EdgeIn,
        Inside,
        EdgeOut,
    }

    private struct PlannedMove
    {
        public ProgPoint Point;
        public Allocation From, To;
        public RegClass Class;
    }

    private Column<ulong> _pieces;                             // per value, ascending: from << 32 | range
    private Column<int> _firstPiece;                           // per value, one more at the end
    private Column<int> _spillSlot;                            // per origin: slot of its class, or -1
    private Column<ulong> _spilledVRegs;                       // origin << 32 | value
    private Column<(int From, int To)> _slotRanges;
    private Column<PlannedMove> _planned;
    private Column<ulong> _plannedOrder;                       // point << 34 | group << 32 | index

    // ----- pieces and slots -----

    private void CollectPieces()
    {
        ReadOnlySpan<LiveRange> ranges = _ranges.Span;
        _firstPiece.Fill(_vregs.Count + 1, 0);
        Span<int> first = _firstPiece.Span;
        foreach (ref readonly LiveRange range in ranges)
        {
            first[range.VReg]++;
        }

        int total = 0;
        foreach (ref int entry in first)
        {
            total += entry;
            entry = total;                                     // the end; filling counts it down to the start
        }

        _pieces.Resize(ranges.Length);
        Span<ulong> pieces = _pieces.Span;
        for (int r = ranges.Length - 1; r >= 0; r--)
        {
            pieces[--first[ranges[r].VReg]] = ((ulong)(uint)ranges[r].From << 32) | (uint)r;
        }

        for (int v = 0; v < _vregs.Count; v++)
        {
            int count = first[v + 1] - first[v];
            if (count != _vregs[v].RangeCount)
            {
                pieces.Slice(first[v], count).Sort();          // only split values are out of order
            }
        }
    }

    private void PlaceSpillSlots()
    {
        CollectPieces();
        _slots.Reset(_code.Insts.Count * 2);
        _spilledVRegs.Clear();
        for (int v = 0; v < _vregs.Count; v++)
        {
            for (int p = _firstPiece[v]; p < _firstPiece[v + 1]; p++)
            {
                ref readonly Bundle bundle = ref BundleOfPiece(p);
                if (bundle.Place == Bundle.InSlot)
                {
                    _spilledVRegs.Add(((ulong)(uint)bundle.Origin << 32) | (uint)v);
                    break;
                }
            }
        }

        if (_spilledVRegs.Count == 0)
        {
            return;
        }

        // One slot per origin, taken over the whole lives of its values that were spilled at all.
        _spillSlot.Fill(_bundles.Count, -1);
        _spilledVRegs.Span.Sort();
        for (int k = 0; k < _spilledVRegs.Count;)
        {
            int origin = (int)(_spilledVRegs[k] >> 32);
            _slotRanges.Clear();
            for (; k < _spilledVRegs.Count && (int)(_spilledVRegs[k] >> 32) == origin; k++)
            {
                AddSlotRanges((int)(uint)_spilledVRegs[k]);
            }

            _spillSlot[origin] = _slots.Take((RegClass)_bundles[origin].Class, in _slotRanges);
        }

        int floatWords = _slots.CountOf(RegClass.Float) * _code.FloatSpillWords;
        _result.SpillWords = floatWords + _slots.CountOf(RegClass.Int);
    }

    private void AddSlotRanges(int v)
    {
        int start = _slotRanges.Count;
        for (int p = _firstPiece[v]; p < _firstPiece[v + 1]; p++)
        {
            ref readonly LiveRange range = ref RangeOfPiece(p);
            if (_slotRanges.Count > start && _slotRanges.Last.To == range.From)
            {
                _slotRanges.Last.To = range.To;
            }
            else
            {
                _slotRanges.Add((range.From, range.To));
            }
        }
    }

    private ref LiveRange RangeOfPiece(int piece) => ref _ranges[(int)(uint)_pieces[piece]];

    private ref Bundle BundleOfPiece(int piece) => ref _bundles[RangeOfPiece(piece).Bundle];

    private Allocation PlaceOf(int piece)
    {
        ref readonly Bundle bundle = ref BundleOfPiece(piece);
        return bundle.Place >= 0 ? Allocation.Reg(new PReg((byte)bundle.Place)) : SlotOf(bundle.Origin);
    }

    private Allocation SlotOf(int origin)
    {
        int slot = _spillSlot[origin];
        return Allocation.Slot((RegClass)_bundles[origin].Class == RegClass.Float
            ? slot * _code.FloatSpillWords
            : _slots.CountOf(RegClass.Float) * _code.FloatSpillWords + slot);
    }

    // ----- planning -----

    private void InsertMoves()
    {
        _planned.Clear();
        _plannedOrder.Clear();
        for (int v = 0; v < _vregs.Count; v++)
        {
            if (_firstPiece[v] < _firstPiece[v + 1])
            {
                PlanValue(v);
            }
        }

        PlanBranchArguments();
        EmitPlan();
        CollectWritten();
    }

    private void Plan(ProgPoint point, MoveGroup group, Allocation from, Allocation to, RegClass regClass)
    {
        if (from != to)
        {
            _plannedOrder.Add(((ulong)point.Raw << 34) | ((ulong)group << 32) | (uint)_planned.Count);
            _planned.Add(new PlannedMove { Point = point, From = from, To = to, Class = regClass });
        }
    }

    private void PlanValue(int v)
    {
        ref readonly VRegInfo info = ref _vregs[v];
        int first = _firstPiece[v], end = _firstPiece[v + 1];
        int firstPlan = _planned.Count;
        bool spilled = false;
        for (int p = first; p < end; p++)
        {
            Allocation place = PlaceOf(p);
            spilled |= place.IsSlot;
            ref readonly LiveRange range = ref RangeOfPiece(p);
            for (int s = range.FirstSite; s < range.EndSite; s++)
            {
                PlaceSite(_sites[s], p, place, info);
            }

            if (MeetsPrevious(p))
            {
                PlanMeeting(p, place, info);
            }
        }

        if (end - first > 1)
        {
            PlanEdges(v, first, end);
            if (spilled)
            {
                PlanStores(v, firstPlan, first);
            }
        }
    }

    /// <summary>Whether the value comes to this piece from the one before without crossing an edge.</summary>
    private bool MeetsPrevious(int piece)
    {
        ref readonly LiveRange range = ref RangeOfPiece(piece);
        return piece > _firstPiece[range.VReg] && RangeOfPiece(piece - 1).To == range.From && !StartsBlock(range.From);
    }

    private bool StartsBlock(int position) => (position & 1) == 0 && _code.Blocks[_blockOfInst[position >> 1]].FirstInst * 2 == position;

    /// <summary>Where the value of a piece is just before the moves inside a block at the piece's instruction.</summary>
    private Allocation PlaceBefore(int piece, int inst)
    {
        while (RangeOfPiece(piece).From >= inst * 2 && MeetsPrevious(piece))
        {
            piece--;                                           // twice if the piece before was tightened
        }

        return PlaceOf(piece);
    }

    private void PlaceSite(in UseSite site, int piece, Allocation place, in VRegInfo info)
    {
        if (site.Operand < 0)
        {
            return;                                            // a branch argument
        }

        RegClass regClass = (RegClass)info.Class;
        if (site.Kind == SiteKind.Fixed)
        {
            Allocation register = Allocation.Reg(new PReg(site.Fixed));
            _result.Allocations[site.Operand] = register;
            if (site.IsDef)
            {
                Plan(ProgPoint.After(site.Inst), MoveGroup.Inside, register, place, regClass);
            }
            else if (place != register)
            {
                Plan(ProgPoint.Before(site.Inst), MoveGroup.Inside, PlaceBefore(piece, site.Inst), register, regClass);
            }
        }
        else if (site.Kind != SiteKind.Copied)
        {
            _result.Allocations[site.Operand] = place;
            if (site.IsDef && site.IsWhole)
            {
                PlaceReusedInput(site, place);
            }
        }
    }

    /// <summary>If the def reuses an input that could not share its place, copies the input there.</summary>
    private void PlaceReusedInput(in UseSite def, Allocation place)
    {
        Constraint constraint = _code.Operands[def.Operand].Constraint;
        if (constraint.Kind != ConstraintKind.Reuse)
        {
            return;
        }

        int operand = _code.Insts[def.Inst].FirstOperand + constraint.ReusedInput;
        _result.Allocations[operand] = place;
        VReg input = _code.Operands[operand].Reg;
        int piece = PieceAt(input.Index, def.Inst * 2);
        Plan(ProgPoint.Before(def.Inst), MoveGroup.Inside, PlaceBefore(piece, def.Inst), place, input.Class);
    }

    /// <summary>The piece of a value that covers a position.</summary>
    private int PieceAt(int v, int position)
    {
        int low = _firstPiece[v], high = _firstPiece[v + 1] - 1;
        while (low < high)
        {
            int middle = (low + high + 1) >>> 1;
            if ((int)(_pieces[middle] >> 32) <= position)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }

    private void PlanMeeting(int piece, Allocation place, in VRegInfo info)
    {
        // A tightened piece ends inside its instruction: its value goes to the slot with the moves before.
        int inst = RangeOfPiece(piece).From >> 1;
        Plan(ProgPoint.Before(inst), MoveGroup.Inside, PlaceBefore(piece, inst), place, (RegClass)info.Class);
    }

    private void PlanEdges(int v, int first, int end)
    {
        ref readonly VRegInfo info = ref _vregs[v];
        ReadOnlySpan<VCodeBlock> blocks = _code.Blocks.Span;
        for (int p = first; p < end; p++)
        {
            LiveRange range = RangeOfPiece(p);
            Allocation place = PlaceOf(p);
            int block = _blockOfInst[range.From >> 1];
            block += blocks[block].FirstInst * 2 < range.From ? 1 : 0;
            for (; block < blocks.Length && blocks[block].FirstInst * 2 < range.To; block++)
            {
                if (block == info.DefBlock)
                {
                    continue;
                }

                foreach (int predecessor in _code.PredecessorsOf(block))
                {
                    int last = blocks[predecessor].EndInst * 2 - 1;
                    if (last < range.From || last >= range.To)
                    {
                        PlanEdge(predecessor, block, PlaceOf(PieceAt(v, last)), place, (RegClass)info.Class);
                    }
                }
            }
        }
    }

    private void PlanEdge(int from, int to, Allocation source, Allocation target, RegClass regClass)
    {
        ref readonly VCodeBlock block = ref _code.Blocks[to];
        if (block.PredecessorCount == 1)
        {
            Plan(ProgPoint.Before(block.FirstInst), MoveGroup.EdgeIn, source, target, regClass);
        }
        else
        {
            Plan(ProgPoint.Before(_code.Blocks[from].EndInst - 1), MoveGroup.EdgeOut, source, target, regClass);
        }
    }

    /// <summary>Decides where the value is stored, and takes the planned stores back if once after the def is cheaper.</summary>
    private void PlanStores(int v, int firstPlan, int firstPiece)
    {
        ref readonly VRegInfo info = ref _vregs[v];
        Allocation slot = SlotOf(BundleOfPiece(firstPiece).Origin);
        int defPiece = PieceAt(v, info.DefPosition);
        Allocation home = PlaceOf(defPiece);
        float scattered = 0;
        for (int m = firstPlan; m < _planned.Count; m++)
        {
            if (_planned[m].To == slot)
            {
                scattered += _blockWeights[_blockOfInst[_planned[m].Point.Inst]];
            }
        }

        if (home.IsReg && scattered < _blockWeights[info.DefBlock])
        {
            return;
        }

        int defInst = info.DefPosition >> 1;
        Allocation source = home;
        for (int m = firstPlan; m < _planned.Count; m++)
        {
            ref PlannedMove move = ref _planned[m];
            if (home.IsSlot && move.Point.Inst == defInst)
            {
                continue;                                      // from the def's fixed register, or from its reused input: that is the store
            }

            if (move.To == slot)
            {
                move.From = move.To;
            }
        }

        if (home.IsSlot)
        {
            return;
        }

        if (info.IsParam)
        {
            Plan(ProgPoint.Before(defInst), MoveGroup.Inside, source, slot, (RegClass)info.Class);
            return;
        }

        // A result in a fixed register is read from there: its home is written at the same time.
        for (int s = info.FirstSite; s < info.EndSite; s++)
        {
            if (_sites[s].IsDef && _sites[s].Kind == SiteKind.Fixed)
            {
                source = Allocation.Reg(new PReg(_sites[s].Fixed));
            }
        }

        Plan(ProgPoint.After(defInst), MoveGroup.Inside, source, slot, (RegClass)info.Class);
    }

    private void PlanBranchArguments()
    {
        for (int b = 0; b < _code.Blocks.Count; b++)
        {
            if (_code.Blocks[b].BranchArgCount == 0)
            {
                continue;
            }

            int successor = _code.SuccessorsOf(b)[0];
            int last = _code.Blocks[b].EndInst * 2 - 1, start = _code.Blocks[successor].FirstInst * 2;
            ReadOnlySpan<VReg> args = _code.BranchArgsOf(b), targetParams = _code.ParamsOf(successor);
            for (int k = 0; k < args.Length; k++)
            {
                int param = targetParams[k].Index;
                if (_firstPiece[param] < _firstPiece[param + 1])
                {
                    PlanEdge(b, successor, PlaceOf(PieceAt(args[k].Index, last)), PlaceOf(PieceAt(param, start)), targetParams[k].Class);
                }
            }
        }
    }

    // ----- the answer -----

    private void EmitPlan()
    {
        _parallelMoves.Reset(_result.SpillWords);
        _plannedOrder.Span.Sort();
        int count = _plannedOrder.Count;
        for (int k = 0; k < count;)
        {
            ulong group = _plannedOrder[k] >> 32;
            ProgPoint point = _planned[(int)(uint)_plannedOrder[k]].Point;
            for (; k < count && _plannedOrder[k] >> 32 == group; k++)
            {
                ref readonly PlannedMove move = ref _planned[(int)(uint)_plannedOrder[k]];
                _parallelMoves.Add(move.From, move.To, move.Class);
            }

            _parallelMoves.Resolve(point, _environment, _code.FloatSpillWords, _result);
        }
    }

    private void CollectWritten()
    {
        ulong written = _clobbered;
        ReadOnlySpan<Operand> operands = _code.Operands.Span;
        ReadOnlySpan<Allocation> allocations = _result.Allocations.Span;
        for (int o = 0; o < operands.Length; o++)
        {
            if (operands[o].Kind == OperandKind.Def && allocations[o].IsReg)
            {
                written |= 1ul << allocations[o].Register.Number;
            }
        }

        foreach (ref readonly AllocationMove move in _result.Moves.Span)
        {
            written |= move.To.IsReg ? 1ul << move.To.Register.Number : 0;
        }

        _result.Written = new RegSet(written);
    }
}
