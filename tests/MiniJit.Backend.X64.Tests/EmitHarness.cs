// Builds allocated VCode by hand and emits it.
using System;
using System.Collections.Generic;
using Iced.Intel;
using MiniJit.Codegen;
using MiniJit.Codegen.Abi;
using MiniJit.Codegen.Emission;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using MiniJit.IR;

namespace MiniJit.Backend.X64.Tests;

internal sealed class EmitHarness
{
    private readonly X64Emitter _emitter = new();

    public VCode Code { get; } = new();

    public AllocationResult Allocation { get; } = new();

    public ConstantPool Constants { get; } = new();

    public JumpTables Tables { get; } = new();

    public List<ExternalName> Symbols { get; } = [];

    public CompiledCode Output { get; } = new();

    public FrameLayout Frame;

    public EmitHarness() => Reset();

    public void Reset()
    {
        Code.Clear();
        Allocation.Clear();
        Constants.Clear();
        Tables.Clear();
        Symbols.Clear();
        Frame = default;
    }

    /// <summary>Starts a block.</summary>
    public int Block()
    {
        Code.Blocks.Add(new VCodeBlock { FirstInst = Code.Insts.Count, EndInst = Code.Insts.Count });
        return Code.Blocks.Count - 1;
    }

    public ref MachineInst Add(X64Form form, int size, params ReadOnlySpan<PReg> registers)
    {
        Code.Insts.Add(new MachineInst
        {
            Form = (ushort)form, Size = (byte)size, FirstOperand = Allocation.Allocations.Count, OperandCount = (byte)registers.Length,
        });
        Code.SourceLocs.Add(0);
        foreach (PReg register in registers)
        {
            Allocation.Allocations.Add(MiniJit.Codegen.RegisterAllocation.Allocation.Reg(register));
        }

        Code.Blocks.Last.EndInst = Code.Insts.Count;
        return ref Code.Insts.Last;
    }

    public void Move(ProgPoint point, Allocation from, Allocation to, RegClass regClass) =>
        Allocation.Moves.Add(new AllocationMove(point, from, to, regClass));

    public CompiledCode Emit()
    {
        Frame.Compute();
        _emitter.Emit(Code, Allocation, Frame, Constants, Tables, Symbols.ToArray(), Output);
        return Output;
    }

    /// <summary>The instructions as text without the standard prologue.</summary>
    public List<string> EmitBody()
    {
        List<string> lines = [];
        foreach (DisassembledLine line in Disassembler.Decode(Emit()))
        {
            lines.Add(line.Text);
        }

        return lines[2..];
    }
}
