// Replays an allocation symbolically and says whether it computes what the virtual-register code means. It shares nothing
// with any allocator: it reads the code, the places and the moves, and nothing else.
//
// It runs backwards, on demands. "Place p must hold value v here" arises at a use, turns into the same demand on the
// source at a move that writes p, into a demand for the argument when it crosses an edge on which v is a parameter, and
// is met by the def of v into p. A def or clobber of p by anybody else on the way breaks it, and so does reaching the
// entry. Sets of demands only grow, so the walk over blocks reaches a fixpoint; each demand that survives was wrong on
// some path, and none that is met on all paths is reported.
//
// Conditions that are local to an instruction (fixed registers, reuse, classes, early and late positions that must not
// share) are checked before. The checker allocates; it runs in tests and under a flag.
using System;
using System.Collections.Generic;
using MiniJit.Codegen.Machine;

namespace MiniJit.Codegen.RegisterAllocation;

internal sealed class AllocationChecker
{
    private const int SlotBase = 64;

    private readonly VCode _code;
    private readonly MachineEnvironment _environment;
    private readonly AllocationResult _result;
    private readonly ulong _allocatable;
    private readonly Dictionary<long, int>[] _demandsAt;        // per block entry: (place, value) -> instruction that asked
    private readonly List<(int VReg, int Origin)>[] _demands;   // per place, while walking a block
    private readonly List<int> _busyPlaces = [];
    private readonly int[] _firstMove;                          // per instruction and one more: its first move
    private string? _violation;

    private AllocationChecker(VCode code, MachineEnvironment environment, AllocationResult result)
    {
        _code = code;
        _environment = environment;
        _result = result;
        foreach (PReg register in environment.CallerSaved)
        {
            _allocatable |= 1ul << register.Number;
        }

        foreach (PReg register in environment.CalleeSaved)
        {
            _allocatable |= 1ul << register.Number;
        }

        _demandsAt = new Dictionary<long, int>[code.Blocks.Count];
        for (int b = 0; b < _demandsAt.Length; b++)
        {
            _demandsAt[b] = [];
        }

        _demands = new List<(int, int)>[SlotBase + result.SpillWords];
        for (int p = 0; p < _demands.Length; p++)
        {
            _demands[p] = [];
        }

        _firstMove = new int[code.Insts.Count + 1];
    }

    /// <summary>The first violation as text that names block and instruction, or null if the allocation is right.</summary>
    public static string? Check(VCode code, MachineEnvironment environment, AllocationResult result)
    {
        if (result.Allocations.Count != code.Operands.Count)
        {
            return $"{result.Allocations.Count} places for {code.Operands.Count} operands";
        }

        AllocationChecker checker = new(code, environment, result);
        checker.CheckMoves();
        for (int b = 0; b < code.Blocks.Count && checker._violation == null; b++)
        {
            for (int i = code.Blocks[b].FirstInst; i < code.Blocks[b].EndInst; i++)
            {
                checker.CheckOperands(b, i);
            }
        }

        if (checker._violation == null)
        {
            checker.WalkBlocks();
        }

        return checker._violation;
    }

    private void Report(int block, int inst, string text) => _violation ??= $"block {block}, instruction {inst}: {text}";

    // ----- local conditions -----

    private void CheckMoves()
    {
        int next = 0;
        for (int i = 0; i < _code.Insts.Count; i++)
        {
            _firstMove[i] = next;
            int block = BlockOf(i);
            for (; next < _result.Moves.Count && _result.Moves[next].Point.Inst == i; next++)
            {
                AllocationMove move = _result.Moves[next];
                if (next > _firstMove[i] && _result.Moves[next - 1].Point > move.Point)
                {
                    Report(block, i, "moves are not sorted");
                }

                if (move.Point.IsAfter && (_code.Insts[i].Flags & MachineInstFlags.Terminator) != 0)
                {
                    Report(block, i, "a move follows a terminator");
                }

                if (!move.Point.IsAfter && (_code.Insts[i].Flags & MachineInstFlags.Arrival) != 0 && ArrivesIn(_code.Insts[i], move.To))
                {
                    Report(block, i, $"a move overwrites {move.To}, in which control brought a value along");
                }

                if (move.From.IsSlot && move.To.IsSlot)
                {
                    Report(block, i, $"slot to slot move {move.From} -> {move.To}");
                }

                CheckPlace(block, i, move.From, move.Class, mayBeScratch: true);
                CheckPlace(block, i, move.To, move.Class, mayBeScratch: true);
                CheckWritten(block, i, move.To);
            }
        }

        _firstMove[^1] = next;
        if (next != _result.Moves.Count)
        {
            Report(0, 0, "moves are not sorted, or lie outside of the function");
        }
    }

    private bool ArrivesIn(in MachineInst arrival, Allocation place) =>
        _result.Allocations.Slice(arrival.FirstOperand, arrival.OperandCount).Contains(place);

    private void CheckPlace(int block, int inst, Allocation place, RegClass regClass, bool mayBeScratch)
    {
        if (place.IsNone)
        {
            Report(block, inst, "an operand or a move has no place");
        }
        else if (place.IsReg)
        {
            PReg scratch = regClass == RegClass.Int ? _environment.IntScratch : _environment.FloatScratch;
            if (place.Register.Class != regClass)
            {
                Report(block, inst, $"{place.Register} is not of class {regClass}");
            }

            if (!mayBeScratch && (place.Register == scratch || ((_allocatable >> place.Register.Number) & 1) == 0))
            {
                Report(block, inst, $"{place.Register} is not allocatable");
            }
        }
        else
        {
            int words = WordsOf(regClass);
            if (place.SlotIndex % words != 0 || place.SlotIndex + words > _result.SpillWords)
            {
                Report(block, inst, $"{place} is unaligned or outside of the {_result.SpillWords} words of the spill area");
            }
        }
    }

    private void CheckWritten(int block, int inst, Allocation place)
    {
        if (place.IsReg && !_result.Written.Contains(place.Register))
        {
            Report(block, inst, $"{place.Register} is written and not in the set of written registers");
        }
    }

    private void CheckOperands(int b, int i)
    {
        MachineInst inst = _code.Insts[i];
        ReadOnlySpan<Operand> operands = _code.OperandsOf(inst);
        for (int o = 0; o < operands.Length; o++)
        {
            Operand operand = operands[o];
            Allocation place = _result.Allocations[inst.FirstOperand + o];
            bool isFixed = operand.Constraint.Kind == ConstraintKind.Fixed
                || (operand.Constraint.Kind == ConstraintKind.Reuse && operands[operand.Constraint.ReusedInput].Constraint.Kind == ConstraintKind.Fixed);
            CheckPlace(b, i, place, operand.Reg.Class, isFixed);
            bool good = operand.Constraint.Kind switch
            {
                ConstraintKind.Reg => place.IsReg,
                ConstraintKind.Fixed => place == Allocation.Reg(operand.Constraint.Register),
                ConstraintKind.Reuse => place == _result.Allocations[inst.FirstOperand + operand.Constraint.ReusedInput],
                _ => true,
            };
            if (!good)
            {
                Report(b, i, $"operand {o}, {operand}, is in {place}");
            }

            if (operand.Kind == OperandKind.Def)
            {
                CheckWritten(b, i, place);
            }
        }

        if (!(_code.ClobbersOf(inst) - _result.Written).IsEmpty)
        {
            Report(b, i, "clobbers registers that are not in the set of written registers");
        }

        CheckSharing(b, i, inst);
    }

    /// <summary>Two operands that are taken at the same position must not share a place, unless they read the same value.</summary>
    private void CheckSharing(int b, int i, MachineInst inst)
    {
        ReadOnlySpan<Operand> operands = _code.OperandsOf(inst);
        ulong clobbers = _code.ClobbersOf(inst).Bits;
        for (int x = 0; x < operands.Length; x++)
        {
            Allocation place = _result.Allocations[inst.FirstOperand + x];
            if (TakesLate(operands[x]) && place.IsReg && ((clobbers >> place.Register.Number) & 1) != 0)
            {
                Report(b, i, $"operand {x}, {operands[x]}, is in {place}, which the instruction clobbers");
            }

            for (int y = 0; y < x; y++)
            {
                bool meet = (TakesEarly(operands[x]) && TakesEarly(operands[y])) || (TakesLate(operands[x]) && TakesLate(operands[y]));
                bool sameValue = operands[x].Reg == operands[y].Reg && operands[x].Kind == OperandKind.Use && operands[y].Kind == OperandKind.Use;
                if (meet && !sameValue && Overlap(place, operands[x].Reg.Class, _result.Allocations[inst.FirstOperand + y], operands[y].Reg.Class))
                {
                    Report(b, i, $"operands {y} and {x} share {place}");
                }
            }
        }
    }

    private static bool TakesEarly(Operand operand) => operand.Kind == OperandKind.Use || operand.Pos == OperandPos.Early;

    private static bool TakesLate(Operand operand) => operand.Kind == OperandKind.Def || operand.Pos == OperandPos.Late;

    private bool Overlap(Allocation a, RegClass classA, Allocation b, RegClass classB) =>
        a.IsSlot && b.IsSlot
            ? a.SlotIndex < b.SlotIndex + WordsOf(classB) && b.SlotIndex < a.SlotIndex + WordsOf(classA)
            : a == b;

    private int WordsOf(RegClass regClass) => regClass == RegClass.Float ? _code.FloatSpillWords : 1;

    private int BlockOf(int inst)
    {
        int low = 0, high = _code.Blocks.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (_code.Blocks[middle].FirstInst <= inst)
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

    // ----- demands -----

    private void WalkBlocks()
    {
        Stack<int> pending = new();
        bool[] isPending = new bool[_code.Blocks.Count];
        for (int b = 0; b < _code.Blocks.Count; b++)
        {
            pending.Push(b);
            isPending[b] = true;
        }

        while (pending.Count > 0 && _violation == null)
        {
            int block = pending.Pop();
            isPending[block] = false;
            WalkBlock(block);
            if (MergeIntoEntry(block))
            {
                foreach (int predecessor in _code.PredecessorsOf(block))
                {
                    if (!isPending[predecessor])
                    {
                        isPending[predecessor] = true;
                        pending.Push(predecessor);
                    }
                }
            }
        }
    }

    private void WalkBlock(int b)
    {
        foreach (int place in _busyPlaces)
        {
            _demands[place].Clear();
        }

        _busyPlaces.Clear();
        TakeDemandsOfSuccessors(b);
        VCodeBlock block = _code.Blocks[b];
        for (int i = block.EndInst - 1; i >= block.FirstInst; i--)
        {
            int first = _firstMove[i], m = _firstMove[i + 1] - 1;
            for (; m >= first && _result.Moves[m].Point.IsAfter; m--)
            {
                StepOverMove(b, i, _result.Moves[m]);
            }

            StepOverInstruction(b, i);
            for (; m >= first; m--)
            {
                StepOverMove(b, i, _result.Moves[m]);
            }
        }
    }

    private void TakeDemandsOfSuccessors(int b)
    {
        ReadOnlySpan<VReg> args = _code.BranchArgsOf(b);
        foreach (int successor in _code.SuccessorsOf(b))
        {
            ReadOnlySpan<VReg> parameters = _code.ParamsOf(successor);
            foreach ((long key, int origin) in _demandsAt[successor])
            {
                int place = (int)(key >> 32), vreg = (int)key;
                for (int k = 0; k < parameters.Length; k++)
                {
                    if (parameters[k].Index == vreg)
                    {
                        vreg = args[k].Index;
                        break;
                    }
                }

                DemandWord(place, vreg, origin);
            }
        }
    }

    private bool MergeIntoEntry(int b)
    {
        bool grown = false;
        foreach (int place in _busyPlaces)
        {
            foreach ((int vreg, int origin) in _demands[place])
            {
                if (b == 0)
                {
                    Report(BlockOf(origin), origin, $"value {vreg} is expected in {NameOf(place)}, and on some path nothing puts it there");
                    return false;
                }

                grown |= _demandsAt[b].TryAdd(((long)place << 32) | (uint)vreg, origin);
            }
        }

        return grown;
    }

    private void StepOverMove(int b, int i, AllocationMove move)
    {
        int words = move.From.IsSlot || move.To.IsSlot ? WordsOf(move.Class) : 1;
        for (int w = 0; w < words; w++)
        {
            List<(int VReg, int Origin)> demands = _demands[PlaceOf(move.To) + (move.To.IsSlot ? w : 0)];
            if (demands.Count == 0)
            {
                continue;
            }

            (int, int)[] moved = [.. demands];
            demands.Clear();
            foreach ((int vreg, int origin) in moved)
            {
                DemandWord(PlaceOf(move.From) + (move.From.IsSlot ? w : 0), vreg, origin);
            }

            if (move.To.IsReg)
            {
                // A register holds all words of the value: the slot must as well.
                foreach ((int vreg, int origin) in moved)
                {
                    Demand(move.From, move.Class, vreg, origin);
                }

                break;
            }
        }
    }

    private void StepOverInstruction(int b, int i)
    {
        MachineInst inst = _code.Insts[i];
        StepOverDefs(b, i, inst, OperandPos.Late);
        for (RegSet rest = _code.ClobbersOf(inst); !rest.IsEmpty; rest = rest.WithoutFirst)
        {
            foreach ((int vreg, int origin) in _demands[rest.First.Number])
            {
                Report(b, i, $"clobbers {rest.First}, in which instruction {origin} expects value {vreg}");
            }
        }

        ExpectNothingIn(b, i, _environment.IntScratch);
        ExpectNothingIn(b, i, _environment.FloatScratch);
        DemandUses(i, inst, OperandPos.Late);
        StepOverDefs(b, i, inst, OperandPos.Early);
        DemandUses(i, inst, OperandPos.Early);
    }

    /// <summary>Emission may use the scratch registers within any instruction.</summary>
    private void ExpectNothingIn(int b, int i, PReg scratch)
    {
        foreach ((int vreg, int origin) in _demands[scratch.Number])
        {
            Report(b, i, $"does not keep scratch register {scratch}, in which instruction {origin} expects value {vreg}");
        }
    }

    private void StepOverDefs(int b, int i, MachineInst inst, OperandPos pos)
    {
        ReadOnlySpan<Operand> operands = _code.OperandsOf(inst);
        for (int o = 0; o < operands.Length; o++)
        {
            Operand operand = operands[o];
            if (operand.Kind != OperandKind.Def || operand.Pos != pos)
            {
                continue;
            }

            Allocation place = _result.Allocations[inst.FirstOperand + o];
            int words = place.IsSlot ? WordsOf(operand.Reg.Class) : 1;
            for (int w = 0; w < words; w++)
            {
                List<(int VReg, int Origin)> demands = _demands[PlaceOf(place) + w];
                foreach ((int vreg, int origin) in demands)
                {
                    if (vreg != operand.Reg.Index)
                    {
                        Report(b, i, $"writes {operand.Reg} to {place}, in which instruction {origin} expects value {vreg}");
                    }
                }

                demands.Clear();
            }
        }
    }

    private void DemandUses(int i, MachineInst inst, OperandPos pos)
    {
        ReadOnlySpan<Operand> operands = _code.OperandsOf(inst);
        for (int o = 0; o < operands.Length; o++)
        {
            if (operands[o].Kind == OperandKind.Use && operands[o].Pos == pos)
            {
                Demand(_result.Allocations[inst.FirstOperand + o], operands[o].Reg.Class, operands[o].Reg.Index, i);
            }
        }
    }

    private void Demand(Allocation place, RegClass regClass, int vreg, int origin)
    {
        int words = place.IsSlot ? WordsOf(regClass) : 1;
        for (int w = 0; w < words; w++)
        {
            DemandWord(PlaceOf(place) + w, vreg, origin);
        }
    }

    private void DemandWord(int place, int vreg, int origin)
    {
        List<(int VReg, int Origin)> demands = _demands[place];
        foreach ((int known, int _) in demands)
        {
            if (known == vreg)
            {
                return;
            }
        }

        demands.Add((vreg, origin));
        _busyPlaces.Add(place);
    }

    private static int PlaceOf(Allocation place) => place.IsReg ? place.Register.Number : SlotBase + place.SlotIndex;

    private static string NameOf(int place) => place < SlotBase ? new PReg((byte)place).ToString() : $"slot{place - SlotBase}";
}
