// Redundant loads and stores alone, without floating anything: what `test alias-analysis` looks at.
using MiniJit.IR;
using MiniJit.IR.Analysis;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.Optimization;

/// <summary>Applies <see cref="MemoryKnowledge"/> to a function that stays as it is otherwise.</summary>
internal sealed class MemoryPass
{
    private readonly ControlFlowGraph _cfg;
    private readonly DominatorTree _dominators;
    private readonly ScopedTable _table = new();
    private readonly MemoryKnowledge _memory;
    private Column<int> _marks;                                // of the blocks on the path from the entry
    private Column<Block> _path;

    public MemoryPass(ControlFlowGraph cfg, DominatorTree dominators)
    {
        _cfg = cfg;
        _dominators = dominators;
        _memory = new(_table);
    }

    /// <summary>Returns how many loads and stores went away. The analyses describe the function, before and after.</summary>
    public int Run(Function function)
    {
        _memory.Begin(function, _cfg);
        _marks.Clear();
        _path.Clear();
        foreach (Block block in _dominators.Preorder)
        {
            while (_path.Count > 0 && _path.Last != _dominators.ImmediateDominator(block))
            {
                _path.RemoveLast();
                _table.Leave(_marks.RemoveLast());
            }

            _path.Add(block);
            _marks.Add(_table.Mark);
            _memory.EnterBlock(block);
            for (Inst inst = function.Layout.FirstInst(block), next; !inst.IsNone; inst = next)
            {
                next = function.Layout.Next(inst);
                Visit(function, inst);
            }
        }

        _table.Leave(0);
        return _memory.Changes;
    }

    private void Visit(Function function, Inst inst)
    {
        DataFlowGraph dfg = function.Dfg;
        Operands.Resolve(function, inst);
        OpcodeEffects effects = dfg[inst].Opcode.Effects();
        if ((effects & OpcodeEffects.Load) != 0)
        {
            Value known = _memory.VisitLoad(inst);
            if (!known.IsNone)
            {
                Value result = dfg.FirstResult(inst);
                function.Layout.Remove(inst);
                dfg.ClearResults(inst);
                dfg.SetAlias(result, known);
            }
        }
        else if ((effects & OpcodeEffects.Store) != 0)
        {
            bool repeated = _memory.VisitStore(inst, out Inst overwritten);
            if (repeated || !overwritten.IsNone)
            {
                function.Layout.Remove(repeated ? inst : overwritten);
            }
        }
        else
        {
            _memory.VisitOther(inst, effects);
        }
    }
}
