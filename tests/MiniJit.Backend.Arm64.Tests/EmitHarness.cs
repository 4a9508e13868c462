// Builds allocated VCode by hand and emits it.
using System;
using System.Collections.Generic;
using MiniJit.Codegen;
using MiniJit.Codegen.Abi;
using MiniJit.Codegen.Emission;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64.Tests;

/// <param name="isa">The target's settings.</param>
/// <param name="rangeShift">Shrinks the reach of branches and literals.</param>
internal sealed class EmitHarness(Arm64Settings isa = default, int rangeShift = 0)
{
    private readonly Arm64Emitter _emitter = new(isa, rangeShift);

    public VCode Code { get; } = new();

    public AllocationResult Allocation { get; } = new();

    public ConstantPool Constants { get; } = new();

    public JumpTables Tables { get; } = new();

    public List<ExternalName> Symbols { get; } = [];

    public CompiledCode Output { get; } = new();

    public FrameLayout Frame;

    /// <summary>Islands of the last function.</summary>
    public int IslandCount => _emitter.IslandCount;

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
    public void Block() => Code.Blocks.Add(new VCodeBlock { FirstInst = Code.Insts.Count, EndInst = Code.Insts.Count });

    public ref MachineInst Add(A64Form form, int size, params ReadOnlySpan<PReg> registers)
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

    /// <summary>Emits a function without a frame, unless one was asked for.</summary>
    public CompiledCode Emit()
    {
        Frame.Compute();
        Frame.IsFrameless = Frame.FrameSize == 0 && Frame.ArgArea == 0;
        _emitter.Emit(Code, Allocation, Frame, Constants, Tables, Symbols.ToArray(), Output);
        return Output;
    }

    /// <summary>The instructions of the last function as text.</summary>
    public List<string> Listing()
    {
        List<string> lines = [];
        foreach (DisassembledLine line in Disassembler.Lines(Emit()))
        {
            lines.Add(line.Text);
        }

        return lines;
    }
}
