// Random valid VCode: any control flow (irreducible too) without critical edges, SSA with dominance, every constraint kind,
// and instructions that just about fit the register file.
using System;
using System.Collections.Generic;
using System.Numerics;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Codegen.Tests.RegisterAllocation;

internal sealed class RandomCode
{
    private readonly SplitMix64 _random;
    private readonly CodeBuilder _builder = new();
    private readonly MachineEnvironment _environment;
    private readonly ulong[] _registers = new ulong[2];
    private readonly ulong _callerSaved;

    private readonly List<List<int>> _successors = [];
    private List<int>[] _predecessors = [];
    private int[] _layout = [];                                // core number -> block index
    private int[] _dominator = [];
    private bool[] _isTry = [];                                // ends in a call with several ways back
    private List<VReg>[] _defined = [];                        // params and defs of each block

    private RandomCode(SplitMix64 random, MachineEnvironment environment)
    {
        _random = random;
        _environment = environment;
        foreach (PReg register in environment.CallerSaved)
        {
            _registers[(int)register.Class] |= 1ul << register.Number;
            _callerSaved |= 1ul << register.Number;
        }

        foreach (PReg register in environment.CalleeSaved)
        {
            _registers[(int)register.Class] |= 1ul << register.Number;
        }
    }

    public static MachineEnvironment Environment(SplitMix64 random)
    {
        List<PReg> caller = [], callee = [];
        for (int c = 0; c < 2; c++)
        {
            int count = random.Between(2, 14), savedByCaller = random.Between(0, count), step = random.Chance(50) ? 1 : 2;
            for (int i = 0; i < count; i++)
            {
                PReg register = new((byte)(c * 32 + i * step));
                (i < savedByCaller ? caller : callee).Add(register);
            }
        }

        return new MachineEnvironment([.. caller], [.. callee], TestMachine.IntScratch, TestMachine.FloatScratch);
    }

    public static VCode Generate(SplitMix64 random, MachineEnvironment environment, int maxBlocks, int maxInsts)
    {
        RandomCode generator = new(random, environment);
        generator._builder.FloatSpillWords = random.Between(1, 2);
        generator.MakeGraph(random.Between(1, maxBlocks));
        generator.MakeDominators();
        generator.ChooseTries();
        generator.MakeBlocks(random.Between(1, maxInsts));
        return generator._builder.Build();
    }

    // ----- control flow -----

    private void MakeGraph(int count)
    {
        for (int b = 0; b < count; b++)
        {
            _successors.Add([]);
        }

        for (int b = 1; b < count; b++)
        {
            Connect(_random.Chance(60) ? b - 1 : _random.Below(b), b);
        }

        for (int extra = _random.Below(count + 1); extra > 0 && count > 1; extra--)
        {
            Connect(_random.Below(count), _random.Between(1, count - 1));
        }

        CountPredecessors();
        for (int b = 0; b < count; b++)
        {
            for (int k = 0; k < _successors[b].Count; k++)
            {
                if (_successors[b].Count > 1 && _predecessors[_successors[b][k]].Count > 1)
                {
                    _successors.Add([_successors[b][k]]);
                    _successors[b][k] = _successors.Count - 1;
                }
            }
        }

        CountPredecessors();
        _layout = new int[_successors.Count];
        for (int b = 0; b < _layout.Length; b++)
        {
            _layout[b] = b;
        }

        if (_random.Chance(60))
        {
            for (int b = _layout.Length - 1; b > 1; b--)
            {
                int other = _random.Between(1, b);
                (_layout[b], _layout[other]) = (_layout[other], _layout[b]);
            }
        }
    }

    private void Connect(int from, int to)
    {
        if (!_successors[from].Contains(to) && _successors[from].Count < 4)
        {
            _successors[from].Add(to);
        }
        else if (to > 0 && from + 1 < to && !_successors[to - 1].Contains(to))
        {
            _successors[to - 1].Add(to);
        }
    }

    private void CountPredecessors()
    {
        _predecessors = new List<int>[_successors.Count];
        for (int b = 0; b < _predecessors.Length; b++)
        {
            _predecessors[b] = [];
        }

        for (int b = 0; b < _predecessors.Length; b++)
        {
            foreach (int successor in _successors[b])
            {
                _predecessors[successor].Add(b);
            }
        }
    }

    private void MakeDominators()
    {
        List<int> order = [];
        bool[] seen = new bool[_successors.Count];
        Visit(0, seen, order);
        order.Reverse();
        int[] number = new int[_successors.Count];
        for (int i = 0; i < order.Count; i++)
        {
            number[order[i]] = i;
        }

        _dominator = new int[_successors.Count];
        Array.Fill(_dominator, -1);
        _dominator[0] = 0;
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (int b in order)
            {
                int dominator = -1;
                foreach (int p in _predecessors[b])
                {
                    if (_dominator[p] >= 0)
                    {
                        dominator = dominator < 0 ? p : Meet(dominator, p, number);
                    }
                }

                if (b != 0 && dominator != _dominator[b])
                {
                    _dominator[b] = dominator;
                    changed = true;
                }
            }
        }
    }

    private void Visit(int block, bool[] seen, List<int> order)
    {
        seen[block] = true;
        foreach (int successor in _successors[block])
        {
            if (!seen[successor])
            {
                Visit(successor, seen, order);
            }
        }

        order.Add(block);
    }

    private int Meet(int a, int b, int[] number)
    {
        while (a != b)
        {
            if (number[a] > number[b])
            {
                a = _dominator[a];
            }
            else
            {
                b = _dominator[b];
            }
        }

        return a;
    }

    private void ChooseTries()
    {
        _isTry = new bool[_successors.Count];
        for (int b = 0; b < _isTry.Length; b++)
        {
            _isTry[b] = _successors[b].Count > 0 && _successors[b].TrueForAll(s => _predecessors[s].Count == 1) && _random.Chance(20);
        }
    }

    private bool IsReachedByTry(int b) => _predecessors[b].Count == 1 && _isTry[_predecessors[b][0]];

    // ----- code -----

    private void MakeBlocks(int maxInsts)
    {
        int count = _successors.Count;
        _defined = new List<VReg>[count];
        int[] core = new int[count];
        for (int b = 0; b < count; b++)
        {
            core[_layout[b]] = b;
            _defined[b] = [];
        }

        for (int index = 0; index < count; index++)
        {
            int b = core[index];
            bool takesParams = _predecessors[b].Count > 0 && !IsReachedByTry(b) && _predecessors[b].TrueForAll(p => _successors[p].Count == 1);
            int parameters = takesParams ? _random.Chance(10) ? _random.Below(16) : _random.Below(4) : 0;
            for (int k = 0; k < parameters; k++)
            {
                _defined[b].Add(_builder.New((RegClass)_random.Below(2)));
            }

            _builder.Block(_random.Below(4), _random.Chance(15), [.. _defined[b]]);
        }

        List<VReg>[] parametersOf = new List<VReg>[count];
        for (int b = 0; b < count; b++)
        {
            parametersOf[b] = [.. _defined[b]];
        }

        bool[] done = new bool[count];
        for (int b = 0; b < count; b++)
        {
            MakeBlock(b, maxInsts, done);
        }

        for (int b = 0; b < count; b++)
        {
            Terminate(b, parametersOf);
        }
    }

    private void MakeBlock(int b, int maxInsts, bool[] done)
    {
        if (done[b])
        {
            return;
        }

        done[b] = true;
        MakeBlock(_dominator[b], maxInsts, done);
        if (b == 0)
        {
            // A few hundred values that may stay alive to the end, or a handful.
            int values = _random.Chance(5) ? _random.Between(50, 300) : _random.Between(2, 12);
            for (int k = 0; k < values; k++)
            {
                VReg v = _builder.New(k < 2 ? (RegClass)k : (RegClass)_random.Below(2));
                _builder.Op(_layout[b], RegSet.Empty, MachineInstFlags.None, _random.Chance(20) ? Operand.DefAny(v) : Operand.Def(v));
                _defined[b].Add(v);
            }
        }

        if (IsReachedByTry(b))
        {
            MakeArrival(b);
        }

        int insts = _random.Below(maxInsts + 1);
        for (int k = 0; k < insts; k++)
        {
            MakeInst(b);
        }
    }

    private void MakeArrival(int b)
    {
        Budget budget = new(_registers);
        List<Operand> operands = [];
        for (int defs = _random.Below(4); defs > 0; defs--)
        {
            RegClass regClass = (RegClass)_random.Below(2);
            if (budget.TryFix(PickRegister(regClass), takesEarly: true, takesLate: true, out PReg register))
            {
                VReg v = _builder.New(regClass);
                operands.Add(Operand.DefFixed(v, register) with { Pos = OperandPos.Early });
                _defined[b].Add(v);
            }
        }

        _builder.Op(_layout[b], RegSet.Empty, MachineInstFlags.Arrival, [.. operands]);
    }

    private VReg Pick(int b, RegClass regClass)
    {
        // Mostly near values; otherwise walk up the dominators. The entry has both classes.
        while (true)
        {
            List<VReg> here = _defined[b];
            for (int tries = 0; tries < 4 && here.Count > 0; tries++)
            {
                VReg v = here[_random.Chance(50) ? Math.Max(0, here.Count - 1 - _random.Below(6)) : _random.Below(here.Count)];
                if (v.Class == regClass && (b == 0 || _random.Chance(70)))
                {
                    return v;
                }
            }

            if (b == 0)
            {
                return here.Find(v => v.Class == regClass);
            }

            b = _dominator[b];
        }
    }

    private void MakeInst(int b)
    {
        if (_random.Chance(8))
        {
            VReg from = Pick(b, (RegClass)_random.Below(2)), to = _builder.New(from.Class);
            _builder.Op(_layout[b], RegSet.Empty, MachineInstFlags.Move, Operand.Use(from), Operand.Def(to));
            _defined[b].Add(to);
            return;
        }

        bool isCall = _random.Chance(12);
        Budget budget = new(_registers);
        RegSet clobbers = new(isCall ? _callerSaved : _random.Chance(6) ? _random.Next() & (_registers[0] | _registers[1]) & _random.Next() : 0);
        List<Operand> operands = [];
        List<VReg> defs = [];
        int uses = _random.Below(isCall ? 6 : 4);
        int defCount = _random.Below(3);

        // Fixed defs first: a call clobbers everything but its results.
        List<Operand> fixedDefs = [];
        for (int k = 0; k < defCount; k++)
        {
            RegClass regClass = (RegClass)_random.Below(2);
            if (_random.Chance(isCall ? 90 : 15) && budget.TryFix(PickRegister(regClass), takesEarly: false, takesLate: true, out PReg register))
            {
                VReg v = _builder.New(regClass);
                defs.Add(v);
                fixedDefs.Add(Operand.DefFixed(v, register));
                clobbers = clobbers.Without(register);
            }
        }

        budget.Clobber(clobbers);
        for (int k = 0; k < uses; k++)
        {
            MakeUse(b, isCall, ref budget, operands);
        }

        int inputs = operands.Count;
        for (int k = fixedDefs.Count; k < defCount; k++)
        {
            MakeDef(k == fixedDefs.Count ? inputs : 0, ref budget, operands, defs);
        }

        operands.AddRange(fixedDefs);
        _builder.Op(_layout[b], clobbers, isCall ? MachineInstFlags.Call : MachineInstFlags.None, [.. operands]);
        _defined[b].AddRange(defs);
    }

    private void MakeUse(int b, bool isCall, ref Budget budget, List<Operand> operands)
    {
        VReg v = operands.Count > 0 && _random.Chance(20) ? operands[^1].Reg : Pick(b, (RegClass)_random.Below(2));
        bool late = _random.Chance(8);
        OperandPos pos = late ? OperandPos.Late : OperandPos.Early;
        if (_random.Chance(isCall ? 80 : 12))
        {
            if (budget.TryFix(PickRegister(v.Class), takesEarly: true, takesLate: late, out PReg register))
            {
                operands.Add(new Operand(v, OperandKind.Use, pos, Constraint.Fixed(register)));
            }
        }
        else if (_random.Chance(25) || !budget.TryTake(v.Class, takesEarly: true, takesLate: late))
        {
            operands.Add(new Operand(v, OperandKind.Use, pos, Constraint.Any));
        }
        else
        {
            operands.Add(new Operand(v, OperandKind.Use, pos, Constraint.Reg));
        }
    }

    private void MakeDef(int inputs, ref Budget budget, List<Operand> operands, List<VReg> defs)
    {
        if (inputs > 0 && _random.Chance(60))
        {
            int input = _random.Below(inputs);
            Operand reused = operands[input];
            bool fits = reused.Pos == OperandPos.Early && reused.Constraint.Kind switch
            {
                ConstraintKind.Fixed => budget.TryFix(reused.Constraint.Register, takesEarly: false, takesLate: true, out _),
                ConstraintKind.Reg => budget.TryTakeLateToo(reused.Reg.Class),
                _ => true,
            };
            if (fits)
            {
                VReg d = _builder.New(reused.Reg.Class);
                defs.Add(d);
                operands.Add(Operand.DefReusing(d, input));
                return;
            }
        }

        RegClass regClass = (RegClass)_random.Below(2);
        bool early = _random.Chance(15);
        bool inRegister = _random.Chance(80) && budget.TryTake(regClass, early, takesLate: true);
        VReg v = _builder.New(regClass);
        defs.Add(v);
        operands.Add(new Operand(v, OperandKind.Def, early ? OperandPos.Early : OperandPos.Late, inRegister ? Constraint.Reg : Constraint.Any));
    }

    private PReg PickRegister(RegClass regClass)
    {
        if (_random.Chance(4))
        {
            return new PReg((byte)((int)regClass * 32 + 30));   // a register that is nobody's to allocate
        }

        ulong bits = _registers[(int)regClass];
        for (int skip = _random.Below(BitOperations.PopCount(bits)); skip > 0; skip--)
        {
            bits &= bits - 1;
        }

        return new RegSet(bits).First;
    }

    private void Terminate(int b, List<VReg>[] parametersOf)
    {
        List<int> targets = _successors[b];
        List<Operand> operands = [];
        if (_isTry[b])
        {
            // Mostly everything is lost, as it is for a call that may throw.
            RegSet clobbers = new((_registers[0] | _registers[1]) & (_random.Chance(80) ? ulong.MaxValue : _random.Next()));
            Budget left = new(_registers);
            left.Clobber(clobbers);
            for (int uses = _random.Below(6); uses > 0; uses--)
            {
                MakeUse(b, isCall: true, ref left, operands);
            }

            _builder.TryCall(_layout[b], [.. targets.ConvertAll(t => _layout[t])], clobbers, [.. operands]);
            return;
        }

        List<VReg> args = [];
        if (targets.Count == 1)
        {
            foreach (VReg param in parametersOf[targets[0]])
            {
                args.Add(Pick(b, param.Class));
            }
        }

        if (targets.Count != 1 || _predecessors[targets[0]].Count == 1)
        {
            Budget budget = new(_registers);
            for (int uses = _random.Below(3); uses > 0; uses--)
            {
                MakeUse(b, targets.Count == 0, ref budget, operands);
            }
        }

        _builder.Terminate(_layout[b], [.. targets.ConvertAll(t => _layout[t])], [.. args], [.. operands]);
    }

    /// <summary>What registers an instruction has left at its early and late positions.</summary>
    private struct Budget(ulong[] registers)
    {
        private readonly ulong[] _registers = registers;
        private ulong _early, _late;                           // taken by fixed operands and clobbers
        private (int Early, int Late, int Whole) _int, _float;

        public bool TryFix(PReg candidate, bool takesEarly, bool takesLate, out PReg register)
        {
            register = candidate;
            ulong bit = 1ul << candidate.Number;
            Budget after = this;
            after._early |= takesEarly ? bit : 0;
            after._late |= takesLate ? bit : 0;
            if ((takesEarly && (_early & bit) != 0) || (takesLate && (_late & bit) != 0) || !after.Fits(candidate.Class))
            {
                return false;
            }

            this = after;
            return true;
        }

        public void Clobber(RegSet clobbers) => _late |= clobbers.Bits;

        public bool TryTake(RegClass regClass, bool takesEarly, bool takesLate)
        {
            Budget after = this;
            ref (int Early, int Late, int Whole) count = ref regClass == RegClass.Int ? ref after._int : ref after._float;
            if (takesEarly && takesLate)
            {
                count.Whole++;
            }
            else if (takesEarly)
            {
                count.Early++;
            }
            else
            {
                count.Late++;
            }

            return Commit(after, regClass);
        }

        /// <summary>Turns an early register into one that is taken at both positions.</summary>
        public bool TryTakeLateToo(RegClass regClass)
        {
            Budget after = this;
            ref (int Early, int Late, int Whole) count = ref regClass == RegClass.Int ? ref after._int : ref after._float;
            count.Early--;
            count.Whole++;
            return Commit(after, regClass);
        }

        private bool Commit(Budget after, RegClass regClass)
        {
            if (!after.Fits(regClass))
            {
                return false;
            }

            this = after;
            return true;
        }

        private readonly bool Fits(RegClass regClass)
        {
            (int early, int late, int whole) = regClass == RegClass.Int ? _int : _float;
            ulong all = _registers[(int)regClass];
            return whole <= BitOperations.PopCount(all & ~_early & ~_late)
                && whole + early <= BitOperations.PopCount(all & ~_early)
                && whole + late <= BitOperations.PopCount(all & ~_late);
        }
    }
}
