// The machine without caches that lie: every fetch sees the last store. Maintenance and barriers are accepted and change nothing.
//
// A page that was fetched from is decoded lazily, instruction by instruction, and stores to it reset what they overwrite, so code that is
// written piece by piece costs what it contains and nothing else.
using System;
using MiniJit.Coherence.Machine;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.Fetch;

internal sealed unsafe class CoherentModel(PhysicalMemory memory) : ICoherenceModel
{
    private Arm64Machine? _machine;

    public int UnitBits => PhysicalMemory.PageBits;

    public void Attach(Arm64Machine machine) => _machine = machine;

    /// <summary>Lines of 64 bytes, both kinds of maintenance needed as far as software can tell: plans are run in full.</summary>
    public ulong CacheType(Core core) => 0x8444_C004;

    public CodeUnit? Fetch(Core core, ulong address, PhysicalAddress physical, out bool mayKeep)
    {
        mayKeep = true;
        ref Frame frame = ref memory[physical.Frame];
        if (frame.Code is null)
        {
            frame.Code = new((uint*)frame.Bytes, PhysicalMemory.PageSize / sizeof(uint));
            frame.Watch |= FrameWatch.Code;
            _machine!.ForgetWritable();
        }

        return frame.Code;
    }

    public void Store(Core core, PhysicalAddress physical, ReadOnlySpan<byte> bytes)
    {
        ref Frame frame = ref memory[physical.Frame];
        int offset = physical.Offset;
        bytes.CopyTo(new(frame.Bytes + offset, bytes.Length));
        int first = offset / sizeof(uint), last = (offset + bytes.Length - 1) / sizeof(uint);
        frame.Code!.Reset(first, last - first + 1);
    }

    public void Maintain(Core core, CacheOperation operation, ulong address, PhysicalAddress physical)
    {
    }

    public void Barrier(Core core, BarrierKind kind, int option)
    {
    }

    public void Synchronize(Core core, ContextEvent cause)
    {
    }

    public void FrameExecutable(int frame)
    {
    }

    public void FrameReleased(int frame)
    {
        ref Frame released = ref memory[frame];
        released.Watch &= ~FrameWatch.Code;
        released.Code?.Dispose();
        released.Code = null;
    }
}
