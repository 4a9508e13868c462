// Executes one case on the machine and leaves the output that the guest program writes for it.
using System;
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Machine;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.Tests.Fidelity;

internal sealed unsafe class MachineRunner : IDataAccess
{
    private static readonly byte[] s_pattern = GuestProgram.WindowPattern();

    private readonly byte[] _window = new byte[GuestProgram.WindowBytes];

    public static bool Executes(in A64Instruction instruction) =>
        FloatUnit.Bind(instruction) != null || VectorUnit.Bind(instruction) != null || VectorUnit.BindStructure(instruction) != null;

    public bool Run(FidelityBatch batch, int index, Span<byte> output)
    {
        FidelityCase one = batch.Cases[index];
        GuestState state = batch.States[one.State].Copy();
        state.Words[28] = GuestProgram.StateAddress(one.State);
        state.Words[29] = GuestProgram.SlotAddress(index);
        CoreState core = state.ToCore();
        core.Pc = GuestProgram.SlotAddress(index) + GuestProgram.WordOffset;
        s_pattern.CopyTo(_window, 0);

        var operation = FloatUnit.Bind(one.Instruction);
        operation = operation == null ? VectorUnit.Bind(one.Instruction) : operation;
        var structure = VectorUnit.BindStructure(one.Instruction);
        if (operation != null)
        {
            operation(ref core, one.Instruction);
        }
        else if (structure == null || !structure(ref core, one.Instruction, this))
        {
            return false;
        }

        core.Pc += 4;
        state.CopyFrom(core);
        state.Words[28] = GuestProgram.Output;
        state.Words[29] = core.Pc;
        state.Words[GuestState.Flags - 1] = 0;
        System.Runtime.InteropServices.MemoryMarshal.AsBytes<ulong>(state.Words).CopyTo(output);
        _window.CopyTo(output[GuestState.Bytes..]);
        return true;
    }

    public bool TryLoad(ulong address, Span<byte> destination)
    {
        _window.AsSpan((int)(address - GuestProgram.Window), destination.Length).CopyTo(destination);
        return true;
    }

    public bool TryStore(ulong address, ReadOnlySpan<byte> source)
    {
        source.CopyTo(_window.AsSpan((int)(address - GuestProgram.Window)));
        return true;
    }
}
