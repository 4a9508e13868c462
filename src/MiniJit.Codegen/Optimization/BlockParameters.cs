// Block parameters that always have one value: every edge passes it, or the parameter itself around a loop. An optimistic fixed point
// over the blocks in reverse postorder: a parameter goes from "nothing yet" to one value to "many", so passes are few.
// The value dominates the block, because it dominates every edge that brings it in from outside of the cycle.
using System;
using System.Runtime.InteropServices;
using MiniJit.IR;
using MiniJit.IR.Analysis;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.Optimization;

/// <summary>Finds and removes redundant block parameters.</summary>
internal sealed class BlockParameters
{
    private Column<Value> _only;                               // per value, of parameters: none, the one value, or the parameter itself for "many"
    private Column<bool> _remove;                              // per parameter of the block at hand
    private Column<Value> _removed;
    private Block _entry;

    /// <summary>Whether any parameter was removed. Edges stay as they are.</summary>
    public bool RemoveConstant(Function function, ControlFlowGraph cfg)
    {
        if (cfg.ReversePostorder.Length < 2 || !Solve(function, cfg))
        {
            return false;
        }

        bool removed = false;
        foreach (Block block in cfg.ReversePostorder[1..])
        {
            removed |= RemoveFrom(function, cfg, block);
        }

        return removed;
    }

    /// <summary>
    /// Removes the marked parameters of a block, and what edges pass for them. The values become undefined until they are made aliases.
    /// </summary>
    public static void Remove(Function function, ControlFlowGraph cfg, Block block, ReadOnlySpan<bool> remove)
    {
        DataFlowGraph dfg = function.Dfg;
        Inst last = default;
        foreach (BlockPredecessor edge in cfg.Predecessors(block))
        {
            if (edge.Branch != last && !function.Layout.BlockOf(edge.Branch).IsNone)
            {
                last = edge.Branch;
                RemoveArguments(dfg, edge.Branch, block, remove);
            }
        }

        for (int i = remove.Length - 1; i >= 0; i--)
        {
            if (remove[i])
            {
                dfg.RemoveParam(block, i);
            }
        }
    }

    private bool Solve(Function function, ControlFlowGraph cfg)
    {
        DataFlowGraph dfg = function.Dfg;
        _only.Fill(dfg.ValueCount, default);
        _entry = function.Layout.EntryBlock;
        bool any = false, changed = true;
        while (changed)
        {
            changed = false;
            foreach (Block block in cfg.ReversePostorder[1..])
            {
                ReadOnlySpan<Value> parameters = dfg.Params(block);
                if (parameters.IsEmpty)
                {
                    continue;
                }

                any = true;
                Inst last = default;
                foreach (BlockPredecessor edge in cfg.Predecessors(block))
                {
                    if (edge.Branch != last)
                    {
                        last = edge.Branch;
                        changed |= Meet(dfg, edge.Branch, block, parameters);
                    }
                }
            }
        }

        return any;
    }

    private bool Meet(DataFlowGraph dfg, Inst branch, Block block, ReadOnlySpan<Value> parameters)
    {
        bool changed = false;
        foreach (BlockCall call in dfg.Destinations(branch))
        {
            if (dfg.BlockOf(call) != block)
            {
                continue;
            }

            Span<BlockArg> args = dfg.BlockArgs(call);
            for (int i = 0; i < parameters.Length; i++)
            {
                Value parameter = parameters[i];
                ref Value only = ref _only[parameter.Index];
                if (only == parameter)
                {
                    continue;
                }

                Value passed = parameter;
                if (args[i].IsValue)
                {
                    passed = Known(dfg, args[i].Value);
                    if (passed.IsNone || passed == parameter || passed == only)
                    {
                        continue;
                    }
                }

                only = only.IsNone ? passed : parameter;
                changed = true;
            }
        }

        return changed;
    }

    // The value behind aliases and behind parameters that have one value so far; none if it is a parameter not reached yet.
    private Value Known(DataFlowGraph dfg, Value value)
    {
        value = dfg.Resolve(value);
        return dfg.DefKind(value) != ValueDefKind.Param || dfg.DefBlock(value) == _entry ? value : _only[value.Index];
    }

    private bool RemoveFrom(Function function, ControlFlowGraph cfg, Block block)
    {
        DataFlowGraph dfg = function.Dfg;
        ReadOnlySpan<Value> parameters = dfg.Params(block);
        _remove.Fill(parameters.Length, false);
        bool any = false;
        for (int i = 0; i < parameters.Length; i++)
        {
            Value only = _only[parameters[i].Index];
            _remove[i] = !only.IsNone && only != parameters[i];
            any |= _remove[i];
        }

        if (!any)
        {
            return false;
        }

        _removed.Clear();
        for (int i = 0; i < parameters.Length; i++)
        {
            if (_remove[i])
            {
                _removed.Add(parameters[i]);
            }
        }

        Remove(function, cfg, block, _remove.Span);
        foreach (Value value in _removed.Span)
        {
            dfg.SetAlias(value, dfg.Resolve(_only[value.Index]));
        }

        return true;
    }

    private static void RemoveArguments(DataFlowGraph dfg, Inst branch, Block block, ReadOnlySpan<bool> remove)
    {
        int count = dfg.Destinations(branch).Length;
        for (int i = 0; i < count; i++)
        {
            BlockCall call = dfg.Destinations(branch)[i];
            if (dfg.BlockOf(call) != block)
            {
                continue;
            }

            Span<uint> items = dfg.Pool.Get(call.Raw);
            int kept = 1;
            for (int arg = 0; arg < remove.Length; arg++)
            {
                if (!remove[arg])
                {
                    items[kept++] = items[arg + 1];
                }
            }

            // Shortening may move the list, so its new handle goes where the branch keeps the old one.
            uint list = dfg.Pool.Truncate(call.Raw, kept);
            ReadOnlySpan<BlockCall> destinations = dfg.Destinations(branch);
            MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(destinations), destinations.Length)[i] = new BlockCall(list);
        }
    }
}
