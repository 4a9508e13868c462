// Branches with their arguments, returns, calls of all kinds.
using System;
using System.Collections.Generic;

namespace MiniJit.IR.Verification;

public sealed partial class Verifier
{
    // ---- blocks

    private bool CheckBlock(Inst inst, Block block)
    {
        if (block.IsNone || block.Index >= _dfg.BlockCount || !_layout.IsInserted(block))
        {
            Report(inst, VerifierId.BlockReference, $"invalid block reference {block}");
            return false;
        }

        return true;
    }

    private void CheckDestinations(Inst inst)
    {
        ReadOnlySpan<BlockCall> calls = _dfg.Destinations(inst);
        bool isTryCall = _dfg[inst].Opcode is Opcode.TryCall or Opcode.TryCallIndirect;
        for (int i = 0; i < calls.Length; i++)
        {
            Block block = _dfg.BlockOf(calls[i]);
            if (!CheckBlock(inst, block))
            {
                continue;
            }

            if (block == _layout.EntryBlock)
            {
                Report(inst, VerifierId.BlockReference, $"invalid reference to entry block {block}");
            }

            CheckBlockArgs(inst, calls[i], block, !isTryCall ? EdgeKind.Branch : i == calls.Length - 1 ? EdgeKind.Normal : EdgeKind.Exception);
        }
    }

    private enum EdgeKind
    {
        Branch,
        Normal,
        Exception,
    }

    private void CheckBlockArgs(Inst inst, BlockCall call, Block block, EdgeKind edge)
    {
        ReadOnlySpan<BlockArg> args = _dfg.BlockArgs(call);
        ReadOnlySpan<Value> parameters = _dfg.Params(block);
        foreach (BlockArg arg in args)
        {
            if (arg.IsValue)
            {
                CheckUse(inst, arg.Value);
            }
        }

        if (args.Length != parameters.Length)
        {
            ReportCount(inst, args.Length, parameters.Length);
            return;
        }

        for (int i = 0; i < args.Length; i++)
        {
            if (TryTypeOf(inst, args[i], edge, out IrType type) && type != _dfg.TypeOf(parameters[i]))
            {
                Report(inst, VerifierId.ArgumentType, $"arg {args[i]} has type {type}, expected {_dfg.TypeOf(parameters[i])}");
            }
        }
    }

    // False if the argument has no type that could be compared; then that was reported, or is not known without a target.
    private bool TryTypeOf(Inst inst, BlockArg arg, EdgeKind edge, out IrType type)
    {
        type = default;
        if (arg.IsValue)
        {
            type = _dfg.IsDefined(arg.Value) ? _dfg.TypeOf(arg.Value) : default;
            return !type.IsNone;
        }

        bool isReturn = arg.Kind == BlockArgKind.TryCallRet;
        string name = isReturn ? "retN" : "exnN";
        if (edge != (isReturn ? EdgeKind.Normal : EdgeKind.Exception))
        {
            Report(inst, VerifierId.TryCall, $"`{name}` block argument used outside normal-return target of `try_call`");
            return false;
        }

        Signature signature = TableSignature(inst);
        if (!isReturn && !_options.HasTarget)
        {
            return false;
        }

        int count = isReturn ? signature.Returns.Count : signature.CallConv.ExceptionPayloadCount();
        if (arg.Index >= count)
        {
            Report(inst, VerifierId.TryCall, $"out-of-bounds `{name}` block argument");
            return false;
        }

        type = isReturn ? signature.Returns[arg.Index].Type : _options.PointerType;
        return true;
    }

    private Signature TableSignature(Inst inst) => _function.Signatures[_function.ExceptionSignature(_dfg[inst].ExceptionTable).Index];

    private void ReportCount(Inst inst, int actual, int expected) =>
        Report(inst, VerifierId.ArgumentCount, $"mismatched argument count for `{InstText(inst)}`: got {actual}, expected {expected}");

    // Without the printer's remark on operands that are constants.
    private string InstText(Inst inst)
    {
        string text = Printer.Print(_function, inst);
        int remark = text.IndexOf("  ;", StringComparison.Ordinal);
        return remark < 0 ? text : text[..remark];
    }

    // ---- values that a signature types

    private void CheckReturn(Inst inst)
    {
        ReadOnlySpan<Value> values = _dfg.Args(inst);
        List<AbiParam> expected = _function.Signature.Returns;
        if (values.Length != expected.Count)
        {
            Report(inst, VerifierId.Return, "arguments of return must match function signature");
            return;
        }

        for (int i = 0; i < values.Length; i++)
        {
            CheckResultType(inst, i, _dfg.TypeOf(values[i]), expected[i].Type);
        }
    }

    private void CheckResultType(Inst inst, int index, IrType type, IrType expected)
    {
        if (type != expected)
        {
            Report(inst, VerifierId.Return, $"result {index} has type {type}, must match function signature of {expected}");
        }
    }

    private void CheckCallArgs(Inst inst, ReadOnlySpan<Value> args, Signature signature)
    {
        if (args.Length != signature.Params.Count)
        {
            ReportCount(inst, args.Length, signature.Params.Count);
            return;
        }

        for (int i = 0; i < args.Length; i++)
        {
            IrType type = _dfg.TypeOf(args[i]), expected = signature.Params[i].Type;
            if (type != expected)
            {
                Report(inst, VerifierId.ArgumentType, $"arg {i} ({args[i]}) has type {type}, expected {expected}");
            }
        }
    }

    private void CheckCall(Inst inst, OpcodeInfo info, bool isTyped)
    {
        bool isTryCall = info.Opcode is Opcode.TryCall or Opcode.TryCallIndirect;
        Signature signature = isTryCall ? TableSignature(inst) : _function.CallSignature(inst)!;
        if (isTyped)
        {
            CheckCallArgs(inst, _dfg.Args(inst)[info.Operands.Length..], signature);
        }

        if (info.Format is InstructionFormat.Call or InstructionFormat.TryCall)
        {
            CheckPatchable(inst, info.Opcode);
        }

        if (info.Has(OpcodeTraits.Return))
        {
            CheckTailCall(inst, signature);
        }
        else if (isTryCall)
        {
            CheckTryCall(inst, info.Opcode);
        }
    }

    private void CheckTailCall(Inst inst, Signature callee)
    {
        Signature caller = _function.Signature;
        if (!callee.CallConv.SupportsTailCalls())
        {
            Report(inst, VerifierId.TailCall, $"calling convention `{callee.CallConv.Text()}` does not support tail calls");
        }

        if (caller.CallConv != callee.CallConv)
        {
            Report(inst, VerifierId.TailCall, "callee's calling convention must match caller");
        }

        if (caller.Returns.Count != callee.Returns.Count)
        {
            Report(inst, VerifierId.TailCall, "results of callee must match caller");
            return;
        }

        for (int i = 0; i < callee.Returns.Count; i++)
        {
            CheckResultType(inst, i, callee.Returns[i].Type, caller.Returns[i].Type);
        }
    }

    private void CheckTryCall(Inst inst, Opcode opcode)
    {
        ref InstructionData data = ref _dfg[inst];
        ExceptionTable table = data.ExceptionTable;
        Signature signature = TableSignature(inst);
        if (opcode == Opcode.TryCall)
        {
            SigRef declared = _function.ExtFuncs[data.FuncRef.Index].Signature;
            if (!signature.Equals(_function.Signatures[declared.Index]))
            {
                string problem = $"exception table signature {_function.ExceptionSignature(table)} did not match function {data.FuncRef}'s signature {declared}";
                Report(inst, VerifierId.TryCall, problem);
            }

            signature = _function.Signatures[declared.Index];
        }

        if (!signature.CallConv.SupportsExceptions())
        {
            Report(inst, VerifierId.TryCall, $"calling convention `{signature.CallConv.Text()}` of callee does not support exceptions");
        }

        for (int i = 0; i < _function.ExceptionItemCount(table); i++)
        {
            ExceptionItem item = _function.ExceptionItemAt(table, i);
            if (item.Kind == ExceptionItemKind.Context)
            {
                CheckUse(inst, item.Context);
            }
        }
    }

    private void CheckPatchable(Inst inst, Opcode opcode)
    {
        ExtFuncData callee = _function.ExtFuncs[_dfg[inst].FuncRef.Index];
        if (!callee.IsPatchable)
        {
            return;
        }

        if (opcode == Opcode.ReturnCall)
        {
            Report(inst, VerifierId.PatchableCall, "patchable funcref cannot be used in a return_call");
        }

        if (!callee.IsColocated)
        {
            Report(inst, VerifierId.PatchableCall, "patchable call to non-colocated function");
        }

        if (_function.Signatures[callee.Signature.Index].Returns.Count != 0)
        {
            Report(inst, VerifierId.PatchableCall, "patchable call cannot occur to a function with return values");
        }
    }

    private void CheckHandlerAddress(Inst inst)
    {
        ref InstructionData data = ref _dfg[inst];
        if (!CheckBlock(inst, data.HandlerBlock))
        {
            return;
        }

        Inst last = _layout.LastInst(data.HandlerBlock);
        if (last.IsNone || _dfg[last].Opcode is not (Opcode.TryCall or Opcode.TryCallIndirect))
        {
            Report(inst, VerifierId.HandlerAddress, $"referenced block {data.HandlerBlock} does not end in a try_call");
        }
        else if (data.HandlerIndex < 0)
        {
            Report(inst, VerifierId.HandlerAddress, $"exception handler index {data.HandlerIndex} cannot be negative");
        }
        else if (data.HandlerIndex >= _dfg.Destinations(last).Length - 1)
        {
            Report(inst, VerifierId.HandlerAddress, $"exception handler index {data.HandlerIndex} is out-of-range");
        }
    }
}
