// Branches, returns, traps and calls.
using System;

namespace MiniJit.IR.Building;

public sealed partial class FunctionBuilder
{
    /// <summary>A branch target with arguments, for <see cref="Brif(Value, BlockCall, BlockCall)"/>, <see cref="BrTable(Value, BlockCall, ReadOnlySpan{BlockCall})"/>.</summary>
    public BlockCall Target(Block block, params ReadOnlySpan<Value> args) => _dfg.MakeBlockCall(block, args);

    /// <summary>A destination of a try_call, whose arguments may be its results (<see cref="BlockArg.Ret"/>) or its exception payload (<see cref="BlockArg.Exn"/>).</summary>
    public BlockCall CallTarget(Block block, params ReadOnlySpan<BlockArg> args) => _dfg.MakeBlockCall(block, args);

    /// <summary><c>jump</c>: goes to a block.</summary>
    public Inst Jump(Block block, params ReadOnlySpan<Value> args) => Emit(InstructionData.Jump(Target(block, args)));

    /// <summary><c>brif</c>: goes to <paramref name="then"/> if the integer <paramref name="c"/> is not zero, else to <paramref name="otherwise"/>.</summary>
    public Inst Brif(Value c, Block then, Block otherwise) => Brif(c, Target(then), Target(otherwise));

    /// <summary><c>brif</c> with arguments for both blocks.</summary>
    public Inst Brif(Value c, Block then, ReadOnlySpan<Value> thenArgs, Block otherwise, ReadOnlySpan<Value> otherwiseArgs) =>
        Brif(c, Target(then, thenArgs), Target(otherwise, otherwiseArgs));

    /// <summary><c>brif</c> to targets made with <see cref="Target"/>.</summary>
    public Inst Brif(Value c, BlockCall then, BlockCall otherwise) => Emit(InstructionData.Brif(TypeOf(c), c, then, otherwise));

    /// <summary><c>br_table</c>: goes to entry number <paramref name="x"/> (an i32, unsigned), or to the default if there is none.</summary>
    public Inst BrTable(Value x, Block otherwise, ReadOnlySpan<Block> entries)
    {
        BlockCall[] calls = new BlockCall[entries.Length];
        for (int i = 0; i < calls.Length; i++)
        {
            calls[i] = Target(entries[i]);
        }

        return BrTable(x, Target(otherwise), calls);
    }

    /// <summary><c>br_table</c> to targets made with <see cref="Target"/>.</summary>
    public Inst BrTable(Value x, BlockCall otherwise, ReadOnlySpan<BlockCall> entries)
    {
        BlockCall[] calls = [otherwise, .. entries];
        return Emit(InstructionData.BranchTable(x, _function.AddJumpTable(calls)));
    }

    /// <summary><c>return</c>.</summary>
    public Inst Return(params ReadOnlySpan<Value> values)
    {
        CheckTypes("return", values, _function.Signature.Returns);
        return Emit(InstructionData.MultiAry(Opcode.Return, ValueList(values)));
    }

    /// <summary><c>trap</c>: ends execution with a trap code.</summary>
    public Inst Trap(TrapCode code) => Emit(InstructionData.Trap(Opcode.Trap, default, NotNone(code)));

    /// <summary><c>trapz</c>: traps if the integer <paramref name="c"/> is zero.</summary>
    public Inst Trapz(Value c, TrapCode code) => Emit(InstructionData.Trap(Opcode.Trapz, TypeOf(c), NotNone(code), c));

    /// <summary><c>trapnz</c>: traps if the integer <paramref name="c"/> is not zero.</summary>
    public Inst Trapnz(Value c, TrapCode code) => Emit(InstructionData.Trap(Opcode.Trapnz, TypeOf(c), NotNone(code), c));

    /// <summary><c>debugtrap</c>: a breakpoint.</summary>
    public Inst Debugtrap() => Emit(InstructionData.NullAry(Opcode.Debugtrap, default));

    /// <summary><c>nop</c>.</summary>
    public Inst Nop() => Emit(InstructionData.NullAry(Opcode.Nop, default));

    /// <summary><c>sequence_point</c>: a place for debug tags.</summary>
    public Inst SequencePoint() => Emit(InstructionData.NullAry(Opcode.SequencePoint, default));

    /// <summary><c>call</c>: its results are <see cref="DataFlowGraph.Results"/> of what is returned.</summary>
    public Inst Call(FuncRef function, params ReadOnlySpan<Value> args) =>
        Emit(InstructionData.Call(Opcode.Call, default, ValueList(args), function.Raw), _function.SignatureOf(function));

    /// <summary><c>call_indirect</c>: calls the address <paramref name="callee"/>.</summary>
    public Inst CallIndirect(SigRef signature, Value callee, params ReadOnlySpan<Value> args) =>
        Emit(InstructionData.Call(Opcode.CallIndirect, TypeOf(callee), ValueList(callee, args), signature.Raw), _function.Signatures[signature.Index]);

    /// <summary><c>return_call</c>: a tail call.</summary>
    public Inst ReturnCall(FuncRef function, params ReadOnlySpan<Value> args) =>
        Emit(InstructionData.Call(Opcode.ReturnCall, default, ValueList(args), function.Raw), _function.SignatureOf(function));

    /// <summary><c>return_call_indirect</c>: a tail call of the address <paramref name="callee"/>.</summary>
    public Inst ReturnCallIndirect(SigRef signature, Value callee, params ReadOnlySpan<Value> args) =>
        Emit(InstructionData.Call(Opcode.ReturnCallIndirect, TypeOf(callee), ValueList(callee, args), signature.Raw), _function.Signatures[signature.Index]);

    /// <summary><c>try_call</c>: goes to <paramref name="normal"/> when the callee returns, to a handler when it throws.</summary>
    public Inst TryCall(FuncRef function, ReadOnlySpan<Value> args, BlockCall normal, ReadOnlySpan<ExceptionItem> items)
    {
        ExceptionTable table = _function.AddExceptionTable(_function.ExtFuncs[function.Index].Signature, normal, items);
        return Emit(InstructionData.Call(Opcode.TryCall, default, ValueList(args), function.Raw, table), _function.SignatureOf(function));
    }

    /// <summary><c>try_call_indirect</c>: <c>try_call</c> of the address <paramref name="callee"/>.</summary>
    public Inst TryCallIndirect(SigRef signature, Value callee, ReadOnlySpan<Value> args, BlockCall normal, ReadOnlySpan<ExceptionItem> items)
    {
        ExceptionTable table = _function.AddExceptionTable(signature, normal, items);
        InstructionData data = InstructionData.Call(Opcode.TryCallIndirect, TypeOf(callee), ValueList(callee, args), 0, table);
        return Emit(data, _function.Signatures[signature.Index]);
    }

    /// <summary>The first result of an instruction.</summary>
    public Value Result(Inst inst) => _dfg.FirstResult(inst);

    /// <summary><c>func_addr</c>: the address of a function.</summary>
    public Value FuncAddr(IrType type, FuncRef function) => Result(InstructionData.UnaryEntity(Opcode.FuncAddr, type, function.Raw));

    /// <summary><c>get_exception_handler_address</c>: of handler <paramref name="index"/> of the try_call that ends <paramref name="block"/>.</summary>
    public Value GetExceptionHandlerAddress(IrType type, Block block, int index) =>
        Result(InstructionData.UnaryEntity(Opcode.GetExceptionHandlerAddress, type, block.Raw, index));

    /// <summary><c>stack_switch</c>: stores the current context, loads another one and passes a payload to it; gives the payload that comes back.</summary>
    public Value StackSwitch(Value storeContext, Value loadContext, Value payload) => Ternary(Opcode.StackSwitch, storeContext, loadContext, payload);

    private static TrapCode NotNone(TrapCode code) => code.IsNone ? throw new ArgumentException("a trap needs a code", nameof(code)) : code;
}
