// Turns moves that happen at once into moves that happen one after the other. Each target is written once, so the graph
// "source feeds target" is a set of cycles with trees hanging off: whatever no other move still reads can be written at
// once, and when nothing is left of that kind only cycles remain. A cycle is opened by parking one value in the scratch
// register of the class; if the cycle also moves slot to slot, which needs that register, the value is parked in a slot.
// Linear time.
using System;
using System.Diagnostics;
using MiniJit.Codegen.Machine;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.RegisterAllocation;

internal sealed class ParallelMoves
{
    private const int NoMove = -1;
    private const int SlotBase = 64;

    private struct Pending
    {
        public int From, To;                                   // dense places
        public RegClass Class;
        public bool Done;
    }

    private Column<Pending> _moves;
    private Column<int> _ready;
    private Column<int> _readers;                              // per place: pending moves that read it
    private Column<int> _writer;                               // per place: the pending move that writes it
    private Allocation _intPark, _floatPark;

    /// <summary>Prepares for a function whose spill area has <paramref name="spillWords"/> words.</summary>
    public void Reset(int spillWords)
    {
        _readers.Fill(SlotBase + spillWords, 0);
        _writer.Fill(SlotBase + spillWords, NoMove);
        _moves.Clear();
        _intPark = _floatPark = default;
    }

    /// <summary>Adds a move to the group that the next <see cref="Resolve"/> puts in order.</summary>
    public void Add(Allocation from, Allocation to, RegClass regClass)
    {
        if (from == to)
        {
            return;
        }

        int source = PlaceOf(from), target = PlaceOf(to);
        Debug.Assert(_writer[target] == NoMove, "two moves to one place");
        _writer[target] = _moves.Count;
        _readers[source]++;
        _moves.Add(new Pending { From = source, To = target, Class = regClass });
    }

    /// <summary>Appends the group to the moves of <paramref name="result"/> and starts a new one.</summary>
    public void Resolve(ProgPoint point, MachineEnvironment environment, int floatWords, AllocationResult result)
    {
        if (_moves.Count == 1)
        {
            ref readonly Pending only = ref _moves[0];
            _writer[only.To] = NoMove;
            _readers[only.From] = 0;
            Emit(only, point, environment, result);
            _moves.Clear();
            return;
        }

        _ready.Clear();
        for (int m = 0; m < _moves.Count; m++)
        {
            if (_readers[_moves[m].To] == 0)
            {
                _ready.Add(m);
            }
        }

        EmitReady(point, environment, result);
        for (int m = 0; m < _moves.Count; m++)
        {
            if (!_moves[m].Done)
            {
                OpenCycle(m, point, environment, floatWords, result);
            }
        }

        _moves.Clear();
    }

    private void EmitReady(ProgPoint point, MachineEnvironment environment, AllocationResult result)
    {
        while (_ready.Count > 0)
        {
            ref Pending move = ref _moves[_ready.RemoveLast()];
            Emit(move, point, environment, result);
            move.Done = true;
            _writer[move.To] = NoMove;
            if (--_readers[move.From] == 0 && _writer[move.From] != NoMove)
            {
                _ready.Add(_writer[move.From]);
            }
        }
    }

    private void OpenCycle(int first, ProgPoint point, MachineEnvironment environment, int floatWords, AllocationResult result)
    {
        // Every place of the cycle has one reader. Park what 'first' reads, write the rest backwards, and unpark.
        ref Pending head = ref _moves[first];
        bool slotToSlot = false;
        int m = first;
        do
        {
            slotToSlot |= _moves[m].From >= SlotBase && _moves[m].To >= SlotBase;
            m = _writer[_moves[m].From];
        }
        while (m != first);

        Allocation scratch = Allocation.Reg(head.Class == RegClass.Int ? environment.IntScratch : environment.FloatScratch);
        Allocation park = slotToSlot ? ParkingSlot(head.Class, floatWords, result) : scratch;
        EmitMove(AllocationOf(head.From), park, head.Class, scratch, point, result);

        int source = head.From;
        _readers[source] = 0;
        int next = _writer[source];
        while (next != first)
        {
            ref Pending move = ref _moves[next];
            Emit(move, point, environment, result);
            move.Done = true;
            _writer[move.To] = NoMove;
            _readers[move.From] = 0;
            next = _writer[move.From];
        }

        EmitMove(park, AllocationOf(head.To), head.Class, scratch, point, result);
        _writer[head.To] = NoMove;
        head.Done = true;
    }

    private Allocation ParkingSlot(RegClass regClass, int floatWords, AllocationResult result)
    {
        ref Allocation park = ref regClass == RegClass.Int ? ref _intPark : ref _floatPark;
        if (park.IsNone)
        {
            int words = regClass == RegClass.Int ? 1 : floatWords;
            int slot = (result.SpillWords + words - 1) / words * words;
            park = Allocation.Slot(slot);
            result.SpillWords = slot + words;
        }

        return park;
    }

    private static void Emit(in Pending move, ProgPoint point, MachineEnvironment environment, AllocationResult result)
    {
        Allocation scratch = Allocation.Reg(move.Class == RegClass.Int ? environment.IntScratch : environment.FloatScratch);
        EmitMove(AllocationOf(move.From), AllocationOf(move.To), move.Class, scratch, point, result);
    }

    private static void EmitMove(Allocation from, Allocation to, RegClass regClass, Allocation scratch, ProgPoint point, AllocationResult result)
    {
        if (from.IsSlot && to.IsSlot)
        {
            result.Moves.Add(new AllocationMove(point, from, scratch, regClass));
            from = scratch;
        }

        result.Moves.Add(new AllocationMove(point, from, to, regClass));
    }

    private static int PlaceOf(Allocation allocation) => allocation.IsReg ? allocation.Register.Number : SlotBase + allocation.SlotIndex;

    private static Allocation AllocationOf(int place) => place < SlotBase ? Allocation.Reg(new PReg((byte)place)) : Allocation.Slot(place - SlotBase);
}
