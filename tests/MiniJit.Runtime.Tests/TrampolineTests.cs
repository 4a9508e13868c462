using System;
using System.Collections.Generic;
using MiniJit.Codegen;
using MiniJit.IR;
using MiniJit.IR.Building;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Memory;
using Xunit;
using static MiniJit.Runtime.Tests.HandAssembled;

namespace MiniJit.Runtime.Tests;

public sealed class TrampolineTests
{
    private static Signature Sig(CallConv conv, IrType[] parameters, IrType[] results)
    {
        Signature signature = new(conv);
        signature.Params.AddRange(Array.ConvertAll(parameters, type => new AbiParam(type)));
        signature.Returns.AddRange(Array.ConvertAll(results, type => new AbiParam(type)));
        return signature;
    }

    [Fact]
    public void A_trampoline_loads_every_argument_calls_and_stores_every_result()
    {
        Signature signature = Sig(CallConv.Tail, [IrType.I8, IrType.F64, IrType.I32X4], [IrType.I16, IrType.I128]);
        Function function = new(default);
        TrampolineBuilder.Build(function, new(new(default)), Name("t"), signature, CallConv.SystemV);
        Assert.Equal("(i64, i64) system_v", function.Signature.ToString());

        DataFlowGraph dfg = function.Dfg;
        List<Opcode> opcodes = [];
        List<(IrType, int)> loads = [];
        for (Inst inst = function.Layout.FirstInst(function.Layout.EntryBlock); !inst.IsNone; inst = function.Layout.Next(inst))
        {
            opcodes.Add(dfg.Insts[inst.Index].Opcode);
            if (opcodes[^1] == Opcode.Load)
            {
                loads.Add((dfg.TypeOf(dfg.FirstResult(inst)), dfg.Insts[inst.Index].Offset));
            }
        }

        Assert.Equal([Opcode.Load, Opcode.Load, Opcode.Load, Opcode.CallIndirect, Opcode.Store, Opcode.Store, Opcode.Return], opcodes);
        Assert.Equal([(IrType.I8, 0), (IrType.F64, 16), (IrType.I32X4, 32)], loads);
        Assert.Equal(signature, function.SignatureList[0]);
    }

    [Fact]
    public void A_value_that_does_not_fit_into_a_slot_is_a_problem_with_its_type()
    {
        Assert.False(TrampolineBuilder.CanPass(Sig(CallConv.Fast, [IrType.I32, IrType.I64.By(4)], []), out string problem));
        Assert.Contains("i64x4", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void One_trampoline_serves_all_functions_of_a_signature()
    {
        using CodeHeap heap = new();
        int compiled = 0;
        using HostCaller caller = new(heap, Compile);
        using JitModule module = new(heap);
        JitFunction add = module.Define(Name("add"), Code(0x48, 0x8D, 0x04, 0x37, 0xC3));
        JitFunction trap = module.Define(Name("trap"), Code(0x0F, 0x0B).Trap(0, TrapCode.User(3)));
        module.Publish();
        Signature binary = Sig(CallConv.SystemV, [IrType.I64, IrType.I64], [IrType.I64]);
        Assert.True(caller.TryBind(add, binary, out HostCallable callAdd, out string problem), problem);
        binary.Params.Add(new(IrType.F32));                      // the caller keeps its own copy
        binary.Params.RemoveAt(2);
        Assert.True(caller.TryBind(trap, Sig(CallConv.SystemV, [IrType.I64, IrType.I64], [IrType.I64]), out HostCallable callTrap, out problem), problem);
        Assert.Equal(1, compiled);

        UInt128[] values = [20, 22];
        Assert.False(callAdd.Invoke(values).IsTrap);
        Assert.Equal((UInt128)42, values[0]);
        Assert.Equal(TrapCode.User(3), callTrap.Invoke(values).Code);
        Assert.Throws<ArgumentException>(() => callAdd.Invoke(new UInt128[1]));
        Assert.Throws<InvalidOperationException>(() => default(HostCallable).Invoke([]));

        Assert.False(caller.TryBind(add, Sig(CallConv.Winch, [], []), out _, out problem));
        Assert.Equal("no trampoline for () winch: not today", problem);

        bool Compile(Function function, out CompiledCode code, out string reason)
        {
            compiled++;
            code = BinaryTrampoline();
            reason = "not today";
            return function.SignatureList[0]!.CallConv == CallConv.SystemV;
        }
    }

    [Fact]
    public void An_address_is_explained_by_function_and_offset()
    {
        using CodeHeap heap = new();
        using JitModule module = new(heap);
        JitFunction f = module.Define(Name("f"), Return(1));
        module.Publish();
        Assert.True(heap.TryFindFunction(f.Address + 3, out JitFunction? found, out int offset));
        Assert.Same(f, found);
        Assert.Equal(3, offset);
        Assert.False(heap.TryFindFunction(f.Address + f.Size, out _, out _));
        Assert.False(heap.TryFindFunction(0x1234, out _, out _));
    }
}
