// Executes cases on the machine: the slots of the guest program, which end in UDF instead of the code that stores registers.
using System;
using System.Runtime.InteropServices;
using MiniJit.Coherence.Machine;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.Tests.Fidelity;

internal sealed class MachineRunner : IDisposable
{
    private static readonly byte[] s_pattern = GuestProgram.WindowPattern();

    private readonly FidelityBatch _batch;
    private readonly Arm64Machine _machine = new();
    private readonly ulong _store;

    public MachineRunner(FidelityBatch batch)
    {
        const ulong View = 0x4000_0000, DataBytes = 0x2000;
        _batch = batch;
        ReadOnlySpan<byte> code = MemoryMarshal.AsBytes<uint>(GuestProgram.Slots(batch, out _store).ToArray());
        ulong size = ((ulong)code.Length + 0xfff) & ~0xffful;
        _machine.Space.Map(GuestProgram.DataBase, DataBytes, PagePermissions.Read | PagePermissions.Write);
        _machine.Space.Map(GuestProgram.CodeBase, size, PagePermissions.Read | PagePermissions.Execute);
        _machine.Space.MapAlias(View, GuestProgram.CodeBase, size, PagePermissions.Read | PagePermissions.Write);
        for (int at = 0; at < code.Length; at += 0x1000)
        {
            Assert(Core.TryStore(View + (ulong)at, code.Slice(at, Math.Min(0x1000, code.Length - at))));
        }

        _machine.Space.Unmap(View, size);
    }

    private Core Core => _machine.Cores[0];

    /// <summary>The output that the guest program writes for a case; false if the machine stopped elsewhere than behind the slot.</summary>
    public bool TryRun(int index, Span<byte> output, out string stop)
    {
        FidelityCase one = _batch.Cases[index];
        GuestState state = _batch.States[one.State].Copy();
        state.Words[28] = GuestProgram.StateAddress(one.State);
        state.Words[29] = GuestProgram.SlotAddress(index);
        Assert(Core.TryStore(GuestProgram.Window, s_pattern));
        Core.State = state.ToCore();
        Core.State.Pc = GuestProgram.SlotAddress(index);
        StopReason reason = StopReason.TurnOver;
        for (int turn = 0; turn < 3 && reason == StopReason.TurnOver; turn++)
        {
            // Hints may give up the rest of a turn.
            reason = Core.Run(16);
        }

        stop = reason == StopReason.Exception ? Core.Exception.ToString() : reason.ToString();
        if (reason != StopReason.Exception || Core.Exception.ProgramCounter != _store)
        {
            return false;
        }

        state.CopyFrom(Core.State);
        state.Words[28] = GuestProgram.Output;
        MemoryMarshal.AsBytes<ulong>(state.Words).CopyTo(output);
        Assert(Core.TryLoad(GuestProgram.Window, output[GuestState.Bytes..]));
        return true;
    }

    public void Dispose() => _machine.Dispose();

    private static void Assert(bool happened)
    {
        if (!happened)
        {
            throw new InvalidOperationException("The machine does not reach its own memory.");
        }
    }
}
