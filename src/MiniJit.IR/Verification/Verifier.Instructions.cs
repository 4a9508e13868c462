// What holds for every instruction: its operands exist and dominate it, and its types are those of the opcode table.
using System;

namespace MiniJit.IR.Verification;

public sealed partial class Verifier
{
    private void CheckInst(Inst inst, OpcodeInfo info)
    {
        bool isTyped = CheckOperands(inst);
        if (!CheckEntities(inst, info))
        {
            return;
        }

        if (isTyped)
        {
            CheckTypes(inst, info);
        }

        if (info.Has(OpcodeTraits.Branch))
        {
            CheckDestinations(inst);
        }

        CheckOpcodeRules(inst, info, isTyped);
        if (_hasDebugTags && !_function.DebugTagsOf(inst).IsEmpty && !info.Has(OpcodeTraits.Call) && info.Opcode != Opcode.SequencePoint)
        {
            Report(inst, VerifierId.DebugTags, "debug tags present on non-call, non-sequence point instruction");
        }
    }

    // ---- values

    // False if an operand does not exist, so that nothing can be said about types.
    private bool CheckOperands(Inst inst)
    {
        bool exist = true;
        foreach (Value value in _dfg.Args(inst))
        {
            exist &= CheckUse(inst, value);
        }

        return exist;
    }

    private bool CheckUse(Inst inst, Value value)
    {
        Value definition = _dfg.IsDefined(value) ? _dfg.Resolve(value) : value;
        if (!_dfg.IsDefined(definition))
        {
            Report(inst, VerifierId.ValueReference, $"invalid value reference {value}");
            return false;
        }

        Inst source = _dfg.DefInst(definition);
        if (source.IsNone)
        {
            Block owner = _dfg.DefBlock(definition);
            if (!_layout.IsInserted(owner))
            {
                Report(inst, VerifierId.ValueReference, $"{value} is defined by {owner} which is not in the layout");
            }
            else if (_isReachable && owner != _block && !_dominators.Dominates(owner, _block))
            {
                Report(inst, VerifierId.Dominance, $"uses value arg from non-dominating {owner}");
            }

            return true;
        }

        Block sourceBlock = _layout.BlockOf(source);
        if (sourceBlock.IsNone)
        {
            Report(inst, VerifierId.ValueReference, $"{value} is defined by {source} which has no block");
        }
        else if (_isReachable && !(sourceBlock == _block ? _passed[source.Index] : _dominators.Dominates(sourceBlock, _block)))
        {
            Report(inst, VerifierId.Dominance, source == inst ? $"uses value {value} from itself" : $"uses value {value} from non-dominating {source}");
        }

        return true;
    }

    // ---- types

    private void CheckTypes(Inst inst, OpcodeInfo info)
    {
        ReadOnlySpan<Value> args = _dfg.Args(inst);
        IrType controlling = info.Suffix.Kind switch
        {
            TypeSuffixKind.Forbidden => default,
            TypeSuffixKind.Optional => _dfg.TypeOf(args[info.Suffix.DecidingOperand]),
            _ => _dfg[inst].Type,
        };
        if (info.IsPolymorphic && !info.AllowsControlling(controlling))
        {
            Report(inst, VerifierId.ControllingType, $"has an invalid controlling type {controlling} (allowed set is {info.ControllingTypes})");
            return;
        }

        CheckResults(inst, info, controlling);
        ReadOnlySpan<TypeRule> rules = info.Operands;
        for (int i = 0; i < rules.Length; i++)
        {
            IrType type = _dfg.TypeOf(args[i]);
            if (!(rules[i] == TypeRule.Same ? type == controlling : TypeRules.Allows(rules[i], controlling, type)))
            {
                ReportOperand(inst, i, args[i], rules[i], controlling);
            }
        }
    }

    private void CheckResults(Inst inst, OpcodeInfo info, IrType controlling)
    {
        ReadOnlySpan<Value> results = _dfg.Results(inst);
        Signature? signature = info.HasVariableResults ? _dfg.CallResultSignature(_dfg[inst]) : null;
        int count = signature?.Returns.Count ?? info.Results.Length;
        if (results.Length != count)
        {
            Report(inst, VerifierId.ResultType, $"has {results.Length} results, expected {count}");
            return;
        }

        for (int i = 0; i < count; i++)
        {
            IrType expected = signature is null ? TypeRules.Resolve(info.Results[i], controlling) : signature.Returns[i].Type;
            IrType type = _dfg.TypeOf(results[i]);
            if (type != expected)
            {
                Report(inst, VerifierId.ResultType, $"expected result {i} ({results[i]}) to have type {expected}, found {type}");
            }
        }
    }

    private void ReportOperand(Inst inst, int index, Value value, TypeRule rule, IrType controlling)
    {
        IrType type = _dfg.TypeOf(value), expected = TypeRules.Resolve(rule, controlling);
        string message = expected.IsNone
            ? $"arg {index} ({value}) with type {type} failed to satisfy type set {SetText(rule, controlling)}"
            : $"arg {index} ({value}) has type {type}, expected {expected}";
        Report(inst, VerifierId.OperandType, message);
    }

    private static string SetText(TypeRule rule, IrType controlling) => rule switch
    {
        TypeRule.Narrower => $"{{{Kind(controlling)} narrower than {controlling}}}",
        TypeRule.Wider => $"{{{Kind(controlling)} wider than {controlling}}}",
        TypeRule.Address => TypeSets.Address.ToString(),
        TypeRule.AnyScalarInt => TypeSets.ScalarInt.ToString(),
        TypeRule.AnyScalarFloat => TypeSets.ScalarFloat.ToString(),
        TypeRule.AnyInt => $"{{integers with the lanes of {controlling}}}",
        TypeRule.AnyFloat => $"{{floats with the lanes of {controlling}}}",
        TypeRule.AnyVector => TypeSets.AnyVector.ToString(),
        _ => TypeSets.AnyOrDynamic.ToString(),
    };

    private static string Kind(IrType type) => type.HasIntLanes ? "integers" : "floats";

    // ---- entities other than values and blocks

    // The reader does not let such references through; a function that was made by other means may have them.
    private bool CheckEntities(Inst inst, OpcodeInfo info)
    {
        ref InstructionData data = ref _dfg[inst];
        switch (info.Format)
        {
            case InstructionFormat.UnaryConst:
                return CheckIndex(inst, "constant", data.Constant, _function.ConstantCount);
            case InstructionFormat.UnaryGlobalValue:
                return CheckIndex(inst, "global value", data.GlobalValue, _function.GlobalValues.Length);
            case InstructionFormat.StackAddr:
                return CheckIndex(inst, "stack slot", data.StackSlot, _function.StackSlots.Length);
            case InstructionFormat.DynamicStackAddr:
                return CheckIndex(inst, "dynamic stack slot", data.DynamicStackSlot, _function.DynamicStackSlots.Length);
            case InstructionFormat.FuncAddr or InstructionFormat.Call or InstructionFormat.TryCall:
                return CheckIndex(inst, "function", data.FuncRef, _function.ExtFuncs.Length)
                    && CheckIndex(inst, "signature", _function.ExtFuncs[data.FuncRef.Index].Signature, _function.Signatures.Count)
                    && (info.Format != InstructionFormat.TryCall || CheckTableSignature(inst));
            case InstructionFormat.CallIndirect:
                return CheckIndex(inst, "signature", data.SigRef, _function.Signatures.Count);
            case InstructionFormat.TryCallIndirect:
                return CheckTableSignature(inst);
            default:
                return true;
        }
    }

    private bool CheckTableSignature(Inst inst) =>
        CheckIndex(inst, "signature", _function.ExceptionSignature(_dfg[inst].ExceptionTable), _function.Signatures.Count);

    private bool CheckIndex<T>(Inst inst, string what, T entity, int count)
        where T : struct, IEntity<T>
    {
        if ((uint)entity.Index < (uint)count)
        {
            return true;
        }

        Report(inst, VerifierId.EntityReference, $"invalid {what} reference {entity}");
        return false;
    }
}
