// A coherence model seen from outside: every event is told to an observer before the model acts on it.
using System;
using MiniJit.Coherence.Machine;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.Fetch;

internal enum CoherenceEventKind : byte
{
    Fetch,
    Store,
    Maintain,
    Barrier,
    Synchronize,
}

/// <summary>One event.</summary>
/// <param name="Core">Number of the core.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Detail">The <see cref="CacheOperation"/>, <see cref="BarrierKind"/> or <see cref="ContextEvent"/>; for stores the length.</param>
/// <param name="Address">Virtual address of maintenance and fetches; physical address of stores.</param>
internal readonly record struct CoherenceEvent(int Core, CoherenceEventKind Kind, int Detail, ulong Address);

internal interface ICoherenceObserver
{
    void Happened(in CoherenceEvent happened);
}

internal sealed class ObservedModel(ICoherenceModel model, ICoherenceObserver observer) : ICoherenceModel
{
    public int UnitBits => model.UnitBits;

    public void Attach(Arm64Machine machine) => model.Attach(machine);

    public ulong CacheType(Core core) => model.CacheType(core);

    public CodeUnit? Fetch(Core core, ulong address, PhysicalAddress physical, out bool mayKeep)
    {
        observer.Happened(new(core.Number, CoherenceEventKind.Fetch, 0, address));
        return model.Fetch(core, address, physical, out mayKeep);
    }

    public void Store(Core core, PhysicalAddress physical, ReadOnlySpan<byte> bytes)
    {
        observer.Happened(new(core.Number, CoherenceEventKind.Store, bytes.Length, physical.Value));
        model.Store(core, physical, bytes);
    }

    public void Maintain(Core core, CacheOperation operation, ulong address, PhysicalAddress physical)
    {
        observer.Happened(new(core.Number, CoherenceEventKind.Maintain, (int)operation, address));
        model.Maintain(core, operation, address, physical);
    }

    public void Barrier(Core core, BarrierKind kind, int option)
    {
        observer.Happened(new(core.Number, CoherenceEventKind.Barrier, (int)kind, 0));
        model.Barrier(core, kind, option);
    }

    public void Synchronize(Core core, ContextEvent cause)
    {
        observer.Happened(new(core.Number, CoherenceEventKind.Synchronize, (int)cause, 0));
        model.Synchronize(core, cause);
    }

    public void Load(Core core, PhysicalAddress physical, int length) => model.Load(core, physical, length);

    public void Access(Core core, bool isStore) => model.Access(core, isStore);

    public void TurnEnded(Core core) => model.TurnEnded(core);

    public void Settle() => model.Settle();

    public int ChooseFrame(int free) => model.ChooseFrame(free);

    public void FrameAllocated(int frame) => model.FrameAllocated(frame);

    public void FrameForCode(int frame) => model.FrameForCode(frame);

    public void PageExecutable(ulong address) => model.PageExecutable(address);

    public void FrameExecutable(int frame) => model.FrameExecutable(frame);

    public void FrameUnexecutable(int frame) => model.FrameUnexecutable(frame);

    public void FrameReleased(int frame) => model.FrameReleased(frame);
}
