// Lowering of calls with exception edges. The call ends its block. Every edge out of it has a block of its own, which begins with an arrival: the
// definition of what control brings along in registers, results on the normal edge and the payload on the others.
//
// Who throws walks frame pointers and restores no register, so an exception loses all of them. The two kinds of edges share one instruction
// with one set of clobbers: what lives across a try_call is in memory, and a function with a try_call saves all that its own convention
// preserves, which undoes what the frames that were left in between had done with those registers.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Codegen.Lowering;

internal abstract partial class LowerContext
{
    private const int PayloadWords = 2;

    private bool IsTryCall(Inst inst) => Dfg[inst].Opcode is Opcode.TryCall or Opcode.TryCallIndirect;

    private void CountContexts(Inst inst)
    {
        ExceptionTable table = Dfg[inst].ExceptionTable;
        for (int i = 0; i < Function.ExceptionItemCount(table); i++)
        {
            ExceptionItem item = Function.ExceptionItemAt(table, i);
            if (item.Kind == ExceptionItemKind.Context)
            {
                CountUse(Dfg.Resolve(item.Context));
            }
        }
    }

    // ---- the call

    /// <param name="inst">The call.</param>
    /// <param name="edges">Machine blocks of its edges: handlers in table order, then the normal one.</param>
    private void LowerTryCall(Inst inst, ReadOnlySpan<int> edges)
    {
        Signature signature = Function.CallSignature(inst)!;
        Span<ValueRegs> args = stackalloc ValueRegs[signature.Params.Count];
        CallTarget target = PutOperands(inst, Dfg[inst].Opcode == Opcode.TryCallIndirect, args);
        if (!AssignCall(signature))
        {
            return;
        }

        Span<VReg> inRegisters = stackalloc VReg[_callAbi.Parts.Count];
        VReg returnPointer = PassArguments(signature, args, inRegisters);
        ExceptionTable table = Dfg[inst].ExceptionTable;
        Span<VReg> contexts = stackalloc VReg[Function.ExceptionItemCount(table)];
        contexts = contexts[..PutItems(table, edges, contexts)];
        BeginCall(target, MachineInstFlags.Call | MachineInstFlags.Terminator).Disp = Code.TryCalls.Count - 1;
        foreach (VReg context in contexts)
        {
            // Read when the callee throws, where no register is left.
            Use(Operand.UseAny(context) with { Pos = OperandPos.Late });
        }

        EndCall(target, inRegisters, returnPointer, _callAbi.Clobbers | _callAbi.ThrowClobbers);
    }

    /// <summary>Adds the call's exception table to the code. Returns the number of contexts, whose registers are the first of <paramref name="contexts"/>.</summary>
    private int PutItems(ExceptionTable table, ReadOnlySpan<int> edges, Span<VReg> contexts)
    {
        int first = Code.TryItems.Count, handlers = 0, contextCount = 0;
        for (int i = 0; i < contexts.Length; i++)
        {
            ExceptionItem item = Function.ExceptionItemAt(table, i);
            if (item.Kind != ExceptionItemKind.Context)
            {
                Code.TryItems.Add(new(item.Kind, item.Tag, edges[handlers++]));
                continue;
            }

            ValueRegs registers = PutRegs(Dfg.Resolve(item.Context));
            if (registers.IsPair)
            {
                Fail($"unsupported: context of type {Dfg.TypeOf(item.Context)} on {TargetName}");
            }

            contexts[contextCount] = registers.Low;
            Code.TryItems.Add(new(item.Kind, 0, contextCount++));
        }

        Code.TryCalls.Add(new(first, contexts.Length, edges[^1]));
        return contextCount;
    }

    // ---- its edges

    private void LowerTryEdge(int index, Inst inst, int edge)
    {
        Signature signature = Function.CallSignature(inst)!;
        if (!AssignCall(signature))
        {
            return;
        }

        ReadOnlySpan<BlockCall> destinations = Dfg.Destinations(inst);
        BlockCall call = destinations[edge];
        bool isNormal = edge == destinations.Length - 1;
        Span<ValueRegs> arrived = stackalloc ValueRegs[isNormal ? signature.Returns.Count : PayloadWords];
        Begin(CallForms.Args);
        Current.Flags = MachineInstFlags.Arrival;
        if (isNormal)
        {
            DefineResults(arrived, OperandPos.Early, default);
            LoadMemoryResults(arrived);
        }
        else
        {
            DefinePayload(arrived);
        }

        if (_order.PredecessorEdges(Dfg.BlockOf(call)) == 1)
        {
            AliasParams(call, arrived);
        }
        else
        {
            PutBranchArgs(index, call, arrived);
        }
    }

    private void DefinePayload(Span<ValueRegs> payload)
    {
        for (int i = 0; i < payload.Length; i++)
        {
            PReg place = i == 0 ? CallForms.Payload.First : CallForms.Payload.Second;
            payload[i] = NewInt();
            Use(Operand.DefFixed(payload[i].Low, place) with { Pos = OperandPos.Early });
        }
    }

    // The optimizer may have found that the call is never reached. Then nobody goes to its handlers either, and any address will do.
    protected VReg LowerHandlerAddress(Inst inst)
    {
        Block block = Dfg[inst].HandlerBlock;
        Inst call = _order.PositionOf(block) < 0 ? default : Function.Layout.LastInst(block);
        bool isReached = !call.IsNone && IsTryCall(call);
        return LoadBlockAddress(isReached ? _order.TryEdge(block, Dfg[inst].HandlerIndex, Dfg.Destinations(call).Length) : 0);
    }
}
