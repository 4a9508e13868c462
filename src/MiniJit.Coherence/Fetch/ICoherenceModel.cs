// What stands between a store and an instruction fetch that should see it. The machine executes instructions; whether, when and in
// which version a core sees the bytes of its program is decided here, at events that the architecture defines (Arm ARM B2.3 and D7.5).
//
// The machine promises: every fetch of a unit, every store to a frame that was ever fetched from, every maintenance instruction, barrier, store-release and
// context synchronisation arrives at the model, in the order of execution, with the core that did it. Plain data accesses to other frames do not: they
// are sequentially consistent. Where a model needs more, it asks for it: loads from frames under FrameWatch.Load, and all accesses of cores
// that are told to report them.
using System;
using MiniJit.Coherence.Machine;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.Fetch;

/// <summary>Cache maintenance by address that user code may execute (SYS instructions).</summary>
internal enum CacheOperation : byte
{
    /// <summary>DC CVAU: clean a data line to the point of unification.</summary>
    CleanToUnification,

    /// <summary>DC CVAC, CVAP, CVADP: clean to the point of coherency (or persistence), which lies behind the point of unification.</summary>
    CleanToCoherency,

    /// <summary>DC CIVAC: clean and invalidate to the point of coherency.</summary>
    CleanAndInvalidate,

    /// <summary>IC IVAU: invalidate an instruction line to the point of unification, on all cores.</summary>
    InvalidateInstructions,

    /// <summary>
    /// The same on the core that executes it alone: what IC IALLU does, which is the kernel's, and fence.i of RISC-V. User code here cannot say it;
    /// experiments can.
    /// </summary>
    InvalidateHere,
}

internal enum BarrierKind : byte
{
    /// <summary>DMB: orders accesses.</summary>
    Memory,

    /// <summary>DSB: also waits for accesses and maintenance to complete.</summary>
    Synchronization,

    /// <summary>A store-release is about to happen: earlier accesses come before it.</summary>
    Release,
}

/// <summary>What made a core forget the instructions that it had fetched ahead.</summary>
internal enum ContextEvent : byte
{
    /// <summary>ISB.</summary>
    Instruction,

    /// <summary>Taking an exception (SVC, fault).</summary>
    ExceptionEntry,

    /// <summary>Returning from one.</summary>
    ExceptionReturn,

    /// <summary>Another core's membarrier(SYNC_CORE) or the like interrupted it.</summary>
    Interrupt,

    /// <summary>Another thread now runs on it.</summary>
    Switch,
}

internal interface ICoherenceModel
{
    /// <summary>Logarithm of the bytes that one <see cref="CodeUnit"/> covers: a page where fetch is coherent, a line where it is not.</summary>
    int UnitBits { get; }

    /// <summary>Called once, before anything else.</summary>
    void Attach(Arm64Machine machine);

    /// <summary>CTR_EL0 as a core reads it: line sizes, IDC and DIC.</summary>
    ulong CacheType(Core core);

    /// <summary>
    /// The instructions that a core fetches. Until <see cref="Core.ForgetFetches"/> is called, it may answer fetches of the same address
    /// itself if <paramref name="mayKeep"/> is set.
    /// </summary>
    /// <param name="core">Who fetches.</param>
    /// <param name="address">Virtual address of the unit.</param>
    /// <param name="physical">Where it is mapped.</param>
    /// <param name="mayKeep">Whether the next fetch is bound to give the same.</param>
    /// <returns>Null if the core had fetched ahead when the page could not be executed yet: the fetch is an abort.</returns>
    CodeUnit? Fetch(Core core, ulong address, PhysicalAddress physical, out bool mayKeep);

    /// <summary>Performs a store to a frame under <see cref="FrameWatch.Code"/>; it does not cross a page.</summary>
    void Store(Core core, PhysicalAddress physical, ReadOnlySpan<byte> bytes);

    /// <summary>Cache maintenance of one line.</summary>
    void Maintain(Core core, CacheOperation operation, ulong address, PhysicalAddress physical);

    /// <summary>DMB or DSB; <paramref name="option"/> is the instruction's CRm (domain and kinds of accesses).</summary>
    void Barrier(Core core, BarrierKind kind, int option);

    /// <summary>A context synchronisation event on a core.</summary>
    void Synchronize(Core core, ContextEvent cause);

    /// <summary>A load from a frame under <see cref="FrameWatch.Load"/> is about to happen; it does not cross a page.</summary>
    void Load(Core core, PhysicalAddress physical, int length)
    {
    }

    /// <summary>An access of a core that <see cref="Core.ReportsAccesses"/> is about to happen, unless it arrives at <see cref="Store"/>.</summary>
    void Access(Core core, bool isStore)
    {
    }

    /// <summary>A core's turn is over.</summary>
    void TurnEnded(Core core)
    {
    }

    /// <summary>As if all that was written up to now had been published long ago: the world as an experiment finds it.</summary>
    void Settle()
    {
    }

    /// <summary>Which free frame is used again, counted from the one given back last; -1 for one that was never used.</summary>
    int ChooseFrame(int free) => 0;

    /// <summary>A frame is about to be cleared and handed out.</summary>
    void FrameAllocated(int frame)
    {
    }

    /// <summary>A frame will hold code: stores to it are of interest from now on, and who makes them.</summary>
    void FrameForCode(int frame)
    {
    }

    /// <summary>Instructions can be fetched at an address where they could not be before.</summary>
    void PageExecutable(ulong address)
    {
    }

    /// <summary>The system lets instructions be fetched from a frame: what was stored there before is what may be stale.</summary>
    void FrameExecutable(int frame);

    /// <summary>No page lets instructions be fetched from a frame any more.</summary>
    void FrameUnexecutable(int frame)
    {
    }

    /// <summary>The system is about to give a frame back.</summary>
    void FrameReleased(int frame);
}
