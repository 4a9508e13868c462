// Emission: allocated VCode to bytes. One pass over the blocks with the allocator's sorted moves interleaved; what an instruction
// or a move looks like is the ISA's part.
using System;
using System.Diagnostics;
using MiniJit.Codegen.Abi;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using MiniJit.IR;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.Emission;

/// <summary>Emits functions, one after the other. Belongs to a compile context.</summary>
/// <param name="buffer">Where the code goes.</param>
internal abstract class FunctionEmitter(MachineBuffer buffer)
{
    private VCode _code = null!;                               // valid during Emit
    private AllocationResult _allocation = null!;
    private int _spillOffset;                                 // of the spill area from the stack pointer

    protected VCode Code => _code;

    protected AllocationResult Placement => _allocation;

    /// <summary>Overwrites <paramref name="output"/> with the machine code of <paramref name="code"/>.</summary>
    /// <param name="code">The function; its block indices are the labels.</param>
    /// <param name="allocation">Where its operands are.</param>
    /// <param name="frame">Its computed frame.</param>
    /// <param name="constants">What constant operands mention; more are added.</param>
    /// <param name="tables">What table jumps mention.</param>
    /// <param name="symbols">What symbol indices mention.</param>
    /// <param name="output">The result.</param>
    public void Emit(
        VCode code, AllocationResult allocation, in FrameLayout frame, ConstantPool constants, JumpTables tables,
        ReadOnlySpan<ExternalName> symbols, CompiledCode output)
    {
        _code = code;
        _allocation = allocation;
        _spillOffset = frame.SpillOffset;
        output.Clear();
        buffer.Reset(code.Blocks.Count);
        buffer.Constants = constants;
        buffer.Tables = tables;
        Begin(frame);

        EmitPrologue();
        buffer.Jump(new Label(0));
        int nextMove = 0;
        for (int block = 0; block < code.Blocks.Count; block++)
        {
            if (!buffer.IsThreaded(new Label(block)))
            {
                BeginBlock(block);
                EmitBlock(block, ref nextMove);
                if (frame.BlockPadding != 0)
                {
                    buffer.EndBlockWithPadding(frame.BlockPadding);
                }
            }
        }

        Debug.Assert(nextMove == allocation.Moves.Count);
        output.FrameSize = ActivationSize;
        output.FramePointerOffset = frame.FrameSize;
        buffer.Finish(output, symbols);
    }

    private void EmitBlock(int block, ref int nextMove)
    {
        ref readonly VCodeBlock info = ref _code.Blocks[block];
        Span<MachineInst> insts = _code.Insts.Span;
        Span<AllocationMove> moves = _allocation.Moves.Span;
        for (int i = info.FirstInst; i < info.EndInst; i++)
        {
            buffer.SetSource(_code.SourceLocs[i]);
            EmitMoves(moves, ProgPoint.Before(i), ref nextMove);
            ref readonly MachineInst inst = ref insts[i];
            EmitInst(inst, _allocation.Allocations.Slice(inst.FirstOperand, inst.OperandCount));
            if (inst.Flags == (MachineInstFlags.Call | MachineInstFlags.Terminator))
            {
                EndTryCall(inst);
            }

            EmitMoves(moves, ProgPoint.After(i), ref nextMove);
        }
    }

    /// <summary>What is known about a try_call besides its instructions; then control goes on where it returns normally.</summary>
    private void EndTryCall(in MachineInst inst)
    {
        TryCall call = _code.TryCalls[inst.Disp];
        foreach (TryItem item in _code.ItemsOf(call))
        {
            if (item.Kind == ExceptionItemKind.Context)
            {
                buffer.AddContext(_spillOffset + (8 * _allocation.Allocations[inst.FirstOperand + item.Place].SlotIndex));
            }
            else
            {
                buffer.AddHandler(item.Kind, item.Tag, new Label(item.Place));
            }
        }

        buffer.Jump(new Label(call.Normal));
    }

    private void EmitMoves(Span<AllocationMove> moves, ProgPoint point, ref int next)
    {
        while (next < moves.Length && moves[next].Point == point)
        {
            ref readonly AllocationMove move = ref moves[next++];
            EmitMove(move.From, move.To, move.Class, move.Class == RegClass.Int ? 8 : _code.FloatSpillWords * 8);
        }
    }

    // ---- the ISA's part

    /// <summary>Bytes of stack that one activation takes, return address and saved registers included.</summary>
    protected abstract int ActivationSize { get; }

    /// <summary>Prepares for the function: announces the blocks that only jump (<see cref="MachineBuffer.Thread"/>).</summary>
    protected abstract void Begin(in FrameLayout frame);

    protected abstract void EmitPrologue();

    /// <summary>Binds the block's label.</summary>
    protected abstract void BeginBlock(int block);

    protected abstract void EmitInst(in MachineInst inst, ReadOnlySpan<Allocation> operands);

    /// <summary>Copies between registers and spill slots.</summary>
    protected abstract void EmitMove(Allocation from, Allocation to, RegClass regClass, int size);
}
