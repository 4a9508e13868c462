// A machine that lies with a page of code in two views, and the steps of a publication as calls.
using System;
using System.Runtime.InteropServices;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.Fetch;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Machine;
using MiniJit.Coherence.Memory;
using Xunit;

namespace MiniJit.Coherence.Tests.Lying;

internal sealed class LyingFixture : IDisposable
{
    public const ulong Code = 0x1_0000, View = 0x2_0000, Data = 0x3_0000;

    /// <summary>What <see cref="Call"/> returns where the core was stopped.</summary>
    public const int Undefined = -1, Aborted = -2;

    /// <summary>CRm of DSB ISH and its kin.</summary>
    public const int Full = 0b1011, Stores = 0b1010, Loads = 0b1001;

    private const uint Return = 0xD65F_03C0, Nop = 0xD503_201F;

    public LyingFixture(string type = "none", int cores = 2, LabMode mode = LabMode.Adversarial, CacheSizes? sizes = null)
    {
        Options = new(MachineType.Find(type)!) { Mode = mode, Sizes = sizes ?? new() };
        Machine = LyingMachine.Create(cores, Options, Choices, History);
        Machine.Space.Map(Code, PhysicalMemory.PageSize, PagePermissions.Read | PagePermissions.Execute);
        Machine.Space.MapAlias(View, Code, PhysicalMemory.PageSize, PagePermissions.Read | PagePermissions.Write);
        Machine.Space.Map(Data, PhysicalMemory.PageSize, PagePermissions.Read | PagePermissions.Write);
        Model.Settle();
    }

    public LyingOptions Options { get; }

    public ScriptedChoices Choices { get; } = new();

    public LabHistory History { get; } = new();

    public Arm64Machine Machine { get; }

    public LyingModel Model => LyingMachine.ModelOf(Machine);

    /// <summary>Writes a function that returns a number.</summary>
    public void Write(int core, int value, int offset = 0) =>
        Assert.True(Machine.Cores[core].TryStore(View + (ulong)offset, MemoryMarshal.AsBytes(new uint[] { Move(value), Return }.AsSpan())));

    /// <summary>What there was before the experiment.</summary>
    public void WriteLongAgo(int value, int offset = 0)
    {
        Write(0, value, offset);
        Model.Settle();
    }

    /// <summary>Calls the function: what it returns, or <see cref="Undefined"/> or <see cref="Aborted"/>.</summary>
    public int Call(int core, int offset = 0)
    {
        Core caller = Machine.Cores[core];
        return caller.Call(Code + (ulong)offset, [], 1000) switch
        {
            StopReason.Returned => (int)caller.State.General[0],
            StopReason.Exception when caller.Exception.Kind == CoreExceptionKind.InstructionAbort => Aborted,
            _ => Undefined,
        };
    }

    public void Clean(int core, int offset = 0) => Maintain(core, CacheOperation.CleanToUnification, View, offset);

    public void Invalidate(int core, int offset = 0) => Maintain(core, CacheOperation.InvalidateInstructions, Code, offset);

    public void Barrier(int core, BarrierKind kind = BarrierKind.Synchronization, int option = Full) => Model.Barrier(Machine.Cores[core], kind, option);

    public void Synchronize(int core) => Model.Synchronize(Machine.Cores[core], ContextEvent.Instruction);

    /// <summary>All that the caches need.</summary>
    public void Publish(int core, int offset = 0)
    {
        Clean(core, offset);
        Barrier(core);
        Invalidate(core, offset);
        Barrier(core);
    }

    /// <summary>Fetches return the oldest version that they may.</summary>
    public void LieAsMuchAsPossible() => Choices.Set(ChoiceKind.Version, int.MaxValue);

    /// <summary>Executes instructions that have nothing to do with anything.</summary>
    public void Idle(int core, int instructions)
    {
        const int Place = 0x800;
        uint[] words = new uint[instructions];
        Array.Fill(words, Nop);
        words[^1] = Return;
        int stale = int.MaxValue;
        Choices.Set(ChoiceKind.Version, 0);
        Assert.True(Machine.Cores[core].TryStore(View + Place, MemoryMarshal.AsBytes(words.AsSpan())));
        Assert.Equal(StopReason.Returned, Machine.Cores[core].Call(Code + Place, [], 1000));
        Choices.Set(ChoiceKind.Version, stale);
    }

    public void Dispose() => Machine.Dispose();

    private void Maintain(int core, CacheOperation operation, ulong view, int offset)
    {
        Assert.True(Machine.Space.TryGetFrame(Code, out int frame));
        Model.Maintain(Machine.Cores[core], operation, view + (ulong)offset, PhysicalAddress.Of(frame, offset));
    }

    private static uint Move(int value) => 0xD280_0000 | ((uint)value << 5);
}
