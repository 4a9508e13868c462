// Makes a failing program smaller while it still fails, by changes that keep it verifiable: values become constants or operands of
// the same type, effects and branches disappear, and so do parameters, results, calls and whole functions. Halves of the instructions first, then ever smaller runs of them, until no
// single change is possible any more (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002).
using System;
using System.Collections.Generic;
using MiniJit.IR;
using MiniJit.IR.Analysis;
using MiniJit.IR.Interpretation;
using MiniJit.IR.Verification;

namespace MiniJit.Filetests.Fuzzing;

/// <summary>Shrinks programs.</summary>
internal sealed class Shrinker(Func<FuzzProgram, bool> fails)
{
    private const int MaxAttempts = 20_000;

    private readonly Verifier _verifier = new();
    private readonly ControlFlowGraph _cfg = new();
    private int _attempts;

    private enum Change
    {
        ToConstant, ToOperand, Remove, OperandsToConstants, Merge, ToReturn, ToFirstTarget, ToLastTarget, Count,
    }

    /// <summary>The smallest failing program that is reached from a failing one.</summary>
    public FuzzProgram Shrink(FuzzProgram program)
    {
        _attempts = 0;
        for (bool changed = true; changed && _attempts < MaxAttempts;)
        {
            changed = false;
            for (int function = 0; function < program.Functions.Count; function++)
            {
                for (Change change = Change.Count - 1; change >= 0; change--)
                {
                    changed |= TryEverywhere(ref program, function, change);
                }
            }

            changed |= TryDropFunctions(ref program);
            changed |= TryDropCalls(ref program);
            changed |= TryDropParameters(ref program);
            changed |= TryDropResults(ref program);
            changed |= TrySimplifyArguments(ref program);
        }

        foreach (Function function in program.Functions)
        {
            ResolveAliases(function);
            DropDeclarations(function);
        }

        return program;
    }

    private bool TryEverywhere(ref FuzzProgram program, int function, Change change)
    {
        bool changed = false;
        int count = Instructions(program.Functions[function]).Count;
        for (int run = change is Change.ToConstant or Change.Remove ? Math.Max(1, count / 2) : 1; run > 0; run /= 2)
        {
            for (int start = 0; start < Instructions(program.Functions[function]).Count && _attempts < MaxAttempts;)
            {
                FuzzProgram candidate = program.Copy();
                bool applied = Apply(candidate.Functions[function], change, start, run);
                if (applied && StillFails(candidate))
                {
                    program = candidate;
                    changed = true;
                    start += change == Change.Remove ? 0 : run;
                }
                else
                {
                    start += run;
                }
            }
        }

        return changed;
    }

    private bool TryDropFunctions(ref FuzzProgram program)
    {
        bool changed = false;
        for (int i = program.Functions.Count - 1; i > 0; i--)
        {
            List<Function> functions = [.. program.Functions];
            functions.RemoveAt(i);
            FuzzProgram candidate = program with { Functions = functions };
            if (fails(candidate) && !IsCalled(candidate, program.Functions[i].Name))
            {
                program = candidate;
                changed = true;
            }
        }

        return changed;
    }

    private bool TryDropCalls(ref FuzzProgram program)
    {
        for (int i = 0; i < program.Calls.Count && program.Calls.Count > 1; i++)
        {
            FuzzProgram candidate = program with { Calls = [program.Calls[i]] };
            if (StillFails(candidate))
            {
                program = candidate;
                return true;
            }
        }

        return false;
    }

    // Nobody but the calls from outside passes anything to the entry.
    private bool TryDropParameters(ref FuzzProgram program)
    {
        bool changed = false;
        for (int i = program.Entry.Signature.Params.Count - 1; i >= 0; i--)
        {
            FuzzProgram candidate = program.Copy();
            Function entry = candidate.Entry;
            Block block = entry.Layout.EntryBlock;
            Value param = entry.Dfg.Params(block)[i];
            Value zero = InsertZero(entry, entry.Layout.FirstInst(block), entry.Dfg.TypeOf(param));
            entry.Dfg.RemoveParam(block, i);
            entry.Dfg.SetAlias(param, zero);
            entry.Signature.Params.RemoveAt(i);
            List<DataValue[]> calls = [];
            foreach (DataValue[] arguments in program.Calls)
            {
                calls.Add([.. arguments.AsSpan(0, i), .. arguments.AsSpan(i + 1)]);
            }

            candidate = candidate with { Calls = calls };
            if (StillFails(candidate))
            {
                program = candidate;
                changed = true;
            }
        }

        return changed;
    }

    private bool TryDropResults(ref FuzzProgram program)
    {
        bool changed = false;
        for (int i = program.Entry.Signature.Returns.Count - 1; i >= 0; i--)
        {
            FuzzProgram candidate = program.Copy();
            Function entry = candidate.Entry;
            entry.Signature.Returns.RemoveAt(i);
            bool isPossible = true;
            foreach (Inst inst in Instructions(entry))
            {
                ref InstructionData data = ref entry.Dfg[inst];
                isPossible &= data.Opcode is not (Opcode.ReturnCall or Opcode.ReturnCallIndirect);
                if (data.Opcode == Opcode.Return)
                {
                    List<Value> values = [.. entry.Dfg.Args(inst)];
                    values.RemoveAt(i);
                    uint list = entry.Dfg.Pool.Create(values.Count);
                    for (int j = 0; j < values.Count; j++)
                    {
                        entry.Dfg.Pool.Get(list)[j] = values[j].Raw;
                    }

                    entry.Dfg[inst] = InstructionData.MultiAry(Opcode.Return, list);
                }
            }

            if (isPossible && StillFails(candidate))
            {
                program = candidate;
                changed = true;
            }
        }

        return changed;
    }

    private bool TrySimplifyArguments(ref FuzzProgram program)
    {
        bool changed = false;
        for (int call = 0; call < program.Calls.Count; call++)
        {
            for (int i = 0; i < program.Calls[call].Length; i++)
            {
                DataValue zero = new(program.Calls[call][i].Type, 0);
                if (program.Calls[call][i] == zero)
                {
                    continue;
                }

                List<DataValue[]> calls = [.. program.Calls];
                calls[call] = [.. calls[call]];
                calls[call][i] = zero;
                FuzzProgram candidate = program with { Calls = calls };
                if (StillFails(candidate))
                {
                    program = candidate;
                    changed = true;
                }
            }
        }

        return changed;
    }

    // What no instruction mentions any more need not be read either.
    private static void DropDeclarations(Function function)
    {
        bool calls = false, callsIndirectly = false, addresses = false;
        foreach (Inst inst in Instructions(function))
        {
            Opcode opcode = function.Dfg[inst].Opcode;
            calls |= opcode is Opcode.Call or Opcode.ReturnCall or Opcode.FuncAddr;
            callsIndirectly |= opcode is Opcode.CallIndirect or Opcode.ReturnCallIndirect;
            addresses |= opcode == Opcode.StackAddr;
        }

        if (!calls)
        {
            function.ExtFuncTable.Clear();
        }

        if (!calls && !callsIndirectly)
        {
            function.SignatureList.Clear();
        }

        if (!addresses)
        {
            function.StackSlotTable.Clear();
        }
    }

    private static void ResolveAliases(Function function)
    {
        DataFlowGraph dfg = function.Dfg;
        foreach (Inst inst in Instructions(function))
        {
            foreach (ref Value arg in dfg.Args(inst))
            {
                arg = dfg.Resolve(arg);
            }

            foreach (BlockCall call in dfg.Destinations(inst))
            {
                foreach (ref BlockArg arg in dfg.BlockArgs(call))
                {
                    arg = arg.IsValue ? BlockArg.Of(dfg.Resolve(arg.Value)) : arg;
                }
            }
        }

        foreach (ref ValueData value in dfg.ValueTable.Span)
        {
            value = value.Kind == ValueDefKind.Alias ? default : value;
        }
    }

    private static bool IsCalled(FuzzProgram program, ExternalName name)
    {
        foreach (Function function in program.Functions)
        {
            foreach (Inst inst in Instructions(function))
            {
                ref InstructionData data = ref function.Dfg[inst];
                if (data.Opcode is Opcode.Call or Opcode.TryCall or Opcode.ReturnCall or Opcode.FuncAddr && function.ExtFuncs[data.FuncRef.Index].Name == name)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private bool StillFails(FuzzProgram candidate)
    {
        _attempts++;
        foreach (Function function in candidate.Functions)
        {
            if (!_verifier.Verify(function, new() { PointerType = IrType.I64 }, new DiagnosticBag()))
            {
                return false;
            }
        }

        return fails(candidate);
    }

    private static List<Inst> Instructions(Function function)
    {
        List<Inst> list = [];
        for (Block block = function.Layout.EntryBlock; !block.IsNone; block = function.Layout.Next(block))
        {
            for (Inst inst = function.Layout.FirstInst(block); !inst.IsNone; inst = function.Layout.Next(inst))
            {
                list.Add(inst);
            }
        }

        return list;
    }

    private bool Apply(Function function, Change change, int start, int run)
    {
        List<Inst> list = Instructions(function);
        bool[] isUsed = UsedValues(function, list);
        bool applied = false;
        for (int i = start; i < Math.Min(list.Count, start + run); i++)
        {
            applied |= Apply(function, change, list[i], isUsed);
        }

        if (applied && change >= Change.ToReturn)
        {
            RemoveUnreachable(function);
        }

        return applied;
    }

    private bool Apply(Function function, Change change, Inst inst, bool[] isUsed)
    {
        DataFlowGraph dfg = function.Dfg;
        OpcodeInfo info = dfg[inst].Opcode.Info();
        if (info.Has(OpcodeTraits.Terminator))
        {
            return change switch
            {
                Change.OperandsToConstants => OperandsToConstants(function, inst),
                Change.Merge => Merge(function, inst),
                Change.ToReturn => ToReturn(function, inst),
                Change.ToFirstTarget when dfg.Destinations(inst).Length > 1 => ToJump(function, inst, dfg.Destinations(inst)[0]),
                Change.ToLastTarget when dfg.Destinations(inst).Length > 1 => ToJump(function, inst, dfg.Destinations(inst)[^1]),
                _ => false,
            };
        }

        return change switch
        {
            Change.ToConstant => !GuardsNaN(dfg, inst) && ToConstants(function, inst),
            Change.ToOperand => ToOperand(function, inst),
            Change.Remove => Remove(function, inst, isUsed),
            Change.OperandsToConstants => !GuardsNaN(dfg, inst) && OperandsToConstants(function, inst),
            _ => false,
        };
    }

    private static bool IsConstant(Opcode opcode) => opcode is Opcode.Iconst or Opcode.F32const or Opcode.F64const or Opcode.Nop;

    // Without its guard, the bits of a NaN would be the difference that is found.
    private static bool GuardsNaN(DataFlowGraph dfg, Inst inst) =>
        dfg[inst].Opcode == Opcode.Fcmp && dfg[inst].FloatCC is FloatCC.Unordered or FloatCC.Ordered && dfg[inst].Arg0 == dfg[inst].Arg1;

    // Addresses stay what they are: an access elsewhere would be another failure.
    private static bool IsAddress(DataFlowGraph dfg, Value value)
    {
        Inst inst = value.IsNone ? default : dfg.DefInst(dfg.Resolve(value));
        return !inst.IsNone && (dfg[inst].Opcode is Opcode.StackAddr or Opcode.FuncAddr
            || (dfg[inst].Opcode == Opcode.Iadd && (IsAddress(dfg, dfg[inst].Arg0) || IsAddress(dfg, dfg[inst].Arg1))));
    }

    // Whether the operation may be what keeps an index within bounds.
    private static bool MayBoundIndex(Opcode opcode) => opcode is Opcode.Band or Opcode.Ishl;

    private static bool[] UsedValues(Function function, List<Inst> list)
    {
        DataFlowGraph dfg = function.Dfg;
        bool[] isUsed = new bool[dfg.ValueCount];
        foreach (Inst inst in list)
        {
            foreach (Value arg in dfg.Args(inst))
            {
                isUsed[dfg.Resolve(arg).Index] = true;
            }

            foreach (BlockCall call in dfg.Destinations(inst))
            {
                foreach (BlockArg arg in dfg.BlockArgs(call))
                {
                    if (arg.IsValue)
                    {
                        isUsed[dfg.Resolve(arg.Value).Index] = true;
                    }
                }
            }
        }

        return isUsed;
    }

    private static bool Remove(Function function, Inst inst, bool[] isUsed)
    {
        if (function.Dfg[inst].Opcode == Opcode.Store && function.Dfg.MemFlagsOf(inst) == MemFlags.Trusted && ReadsMemory(function))
        {
            return false;                                      // memory is initialized before it is read
        }

        foreach (Value result in function.Dfg.Results(inst))
        {
            if (isUsed[result.Index])
            {
                return false;
            }
        }

        function.Layout.Remove(inst);
        return true;
    }

    // Calls see none of it: addresses are not passed on.
    private static bool ReadsMemory(Function function)
    {
        foreach (Inst inst in Instructions(function))
        {
            OpcodeInfo info = function.Dfg[inst].Opcode.Info();
            if (info.Has(OpcodeTraits.ReadsMemory) && !info.Has(OpcodeTraits.Call))
            {
                return true;
            }
        }

        return false;
    }

    private static bool ToConstants(Function function, Inst inst)
    {
        DataFlowGraph dfg = function.Dfg;
        Value[] results = dfg.Results(inst).ToArray();
        if (results.Length == 0 || IsConstantValue(dfg, results[0]) || IsAddress(dfg, results[0]))
        {
            return false;
        }

        IrType[] types = Array.ConvertAll(results, dfg.TypeOf);
        dfg.ClearResults(inst);
        for (int i = 0; i < results.Length; i++)
        {
            InsertZero(function, inst, types[i], results[i]);
        }

        function.Layout.Remove(inst);
        return true;
    }

    private static bool ToOperand(Function function, Inst inst)
    {
        DataFlowGraph dfg = function.Dfg;
        Opcode opcode = dfg[inst].Opcode;
        if (dfg.Results(inst).Length != 1 || MayBoundIndex(opcode) || (opcode == Opcode.Select && dfg[inst].Type.IsFloat))
        {
            return false;
        }

        Value result = dfg.FirstResult(inst);
        bool isAddress = IsAddress(dfg, result);
        foreach (Value arg in dfg.Args(inst))
        {
            if (dfg.TypeOf(arg) == dfg.TypeOf(result) && IsAddress(dfg, arg) == isAddress)
            {
                dfg.ClearResults(inst);
                function.Layout.Remove(inst);
                dfg.SetAlias(result, dfg.Resolve(arg));
                return true;
            }
        }

        return false;
    }

    private static bool OperandsToConstants(Function function, Inst inst)
    {
        DataFlowGraph dfg = function.Dfg;
        bool changed = false;
        int count = dfg.Args(inst).Length;
        for (int i = 0; i < count; i++)
        {
            Value arg = dfg.Resolve(dfg.Args(inst)[i]);
            if (!IsConstantValue(dfg, arg) && !IsAddress(dfg, arg))
            {
                Value zero = InsertZero(function, inst, dfg.TypeOf(arg));
                dfg.Args(inst)[i] = zero;
                changed = true;
            }
        }

        for (int target = 0; target < dfg.Destinations(inst).Length; target++)
        {
            BlockCall call = dfg.Destinations(inst)[target];
            for (int i = 0; i < dfg.BlockArgs(call).Length; i++)
            {
                BlockArg passed = dfg.BlockArgs(call)[i];
                Value arg = passed.IsValue ? dfg.Resolve(passed.Value) : default;
                if (passed.IsValue && !IsConstantValue(dfg, arg))
                {
                    Value zero = InsertZero(function, inst, dfg.TypeOf(arg));
                    dfg.BlockArgs(call)[i] = BlockArg.Of(zero);
                    changed = true;
                }
            }
        }

        return changed;
    }

    private static bool IsConstantValue(DataFlowGraph dfg, Value value)
    {
        Inst inst = dfg.DefInst(value);
        return !inst.IsNone && (IsConstant(dfg[inst].Opcode) || (dfg[inst].Opcode == Opcode.Uextend && IsConstantValue(dfg, dfg.Resolve(dfg[inst].Arg0))));
    }

    private static bool ToReturn(Function function, Inst inst)
    {
        if (function.Dfg[inst].Opcode == Opcode.Return)
        {
            return false;
        }

        uint list = function.Dfg.Pool.Create(function.Signature.Returns.Count);
        for (int i = 0; i < function.Signature.Returns.Count; i++)
        {
            Value zero = InsertZero(function, inst, function.Signature.Returns[i].Type);
            function.Dfg.Pool.Get(list)[i] = zero.Raw;
        }

        function.Dfg[inst] = InstructionData.MultiAry(Opcode.Return, list);
        return true;
    }

    // A block that ends with a jump takes over the target if nothing else leads there.
    private bool Merge(Function function, Inst inst)
    {
        DataFlowGraph dfg = function.Dfg;
        if (dfg[inst].Opcode != Opcode.Jump)
        {
            return false;
        }

        Layout layout = function.Layout;
        BlockCall call = dfg[inst].Destination;
        Block target = dfg.BlockOf(call), block = layout.BlockOf(inst);
        _cfg.Compute(function);
        if (_cfg.Predecessors(target).Length != 1 || target == block)
        {
            return false;
        }

        Value[] parameters = dfg.Params(target).ToArray();
        BlockArg[] args = dfg.BlockArgs(call).ToArray();
        layout.Remove(inst);
        for (int i = parameters.Length - 1; i >= 0; i--)
        {
            dfg.RemoveParam(target, i);
            dfg.SetAlias(parameters[i], dfg.Resolve(args[i].Value));
        }

        for (Inst moved = layout.FirstInst(target); !moved.IsNone; moved = layout.FirstInst(target))
        {
            layout.Remove(moved);
            layout.Append(moved, block);
        }

        layout.Remove(target);
        return true;
    }

    private static bool ToJump(Function function, Inst inst, BlockCall target)
    {
        function.Dfg[inst] = InstructionData.Jump(target);
        return true;
    }

    private static Value InsertZero(Function function, Inst before, IrType type, Value result = default)
    {
        DataFlowGraph dfg = function.Dfg;
        InstructionData data = type == IrType.I128 ? InstructionData.Unary(Opcode.Uextend, type, InsertZero(function, before, IrType.I64))
            : type == IrType.F32 ? InstructionData.UnaryImm(Opcode.F32const, default, 0)
            : type == IrType.F64 ? InstructionData.UnaryImm(Opcode.F64const, default, 0)
            : InstructionData.UnaryImm(Opcode.Iconst, type, 0);
        Inst inst = dfg.MakeInst(data);
        function.Layout.InsertBefore(inst, before);
        if (result.IsNone)
        {
            return dfg.AppendResult(inst, type);
        }

        dfg.AttachResult(inst, result, type);
        return result;
    }

    private void RemoveUnreachable(Function function)
    {
        _cfg.Compute(function);
        for (Block block = function.Layout.EntryBlock, next; !block.IsNone; block = next)
        {
            next = function.Layout.Next(block);
            if (!_cfg.IsReachable(block))
            {
                for (Inst inst = function.Layout.FirstInst(block); !inst.IsNone; inst = function.Layout.FirstInst(block))
                {
                    function.Layout.Remove(inst);
                }

                function.Layout.Remove(block);
            }
        }
    }
}
