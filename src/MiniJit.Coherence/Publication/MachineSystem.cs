// The operating system that a publishing thread sees inside of the machine: the calls of HostCall, answered there by a policy. The cache
// instructions are the very routines that run on hardware (Arm64CacheRoutines), executed by the core that the thread is on; membarrier and its
// kin interrupt the cores; moving to another processor moves the thread. So the publication ports and their plans work here as they are.
//
// A call that enters the kernel synchronises the caller's context, on the way in and on the way out, and nobody else's. What other threads do
// meanwhile is the business of ICoreSharing.
using System;
using System.Runtime.InteropServices;
using MiniJit.Coherence.Fetch;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Machine;
using MiniJit.Coherence.Memory;
using MiniJit.IR;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;

namespace MiniJit.Coherence.Publication;

/// <summary>How a routine of the publishing thread is executed, see <see cref="Core.Call"/>.</summary>
internal delegate StopReason GuestCall(Core core, ulong address, ReadOnlySpan<ulong> arguments, long instructions);

/// <summary>The other threads of a process while one of them publishes.</summary>
internal interface ICoreSharing
{
    /// <summary>Between two calls, and between the turns of a routine: the others may go on, and the thread may be moved (<see cref="MachineSystem.MoveTo"/>).</summary>
    void Interleave();

    /// <summary>After how many instructions of a routine the others come next.</summary>
    long NextTurn(Core core);
}

internal sealed unsafe class MachineSystem : IHostCalls
{
    /// <summary>CRm of DSB ISH and DMB ISH.</summary>
    public const int InnerShareable = 0b1011;

    private const ulong Routines = 0x30_0000_0000, RoutinesView = 0x30_0001_0000;
    private const int Invalid = 22, NotPermitted = 1, NotImplemented = 38;
    private const long Budget = 1 << 26;

    private readonly ILabHistory? _history;
    private readonly int _kernelStep;
    private bool _isRegistered;

    /// <summary>Puts the routines into the machine.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="policy">Which system; Linux' calls on the bare architecture if not given.</param>
    /// <param name="history">Is told what happens to pages and threads.</param>
    public MachineSystem(Arm64Machine machine, SystemPolicy? policy = null, ILabHistory? history = null)
        : this(machine, Arm64CacheRoutines.Words, policy, history)
    {
    }

    /// <summary>A system with other routines at the positions of <see cref="Arm64CacheRoutines"/>: ours with a mistake in them.</summary>
    public MachineSystem(Arm64Machine machine, ReadOnlySpan<uint> routines, SystemPolicy? policy = null, ILabHistory? history = null)
    {
        Machine = machine;
        Policy = policy ?? SystemPolicy.Bare;
        Current = machine.Cores[0];
        _history = history;

        // The routines are part of the system: they were there before anything that is of interest.
        machine.Space.Map(Routines, PhysicalMemory.PageSize, PagePermissions.Read | PagePermissions.Write);
        _ = Current.TryStore(Routines, MemoryMarshal.AsBytes(routines));
        _ = machine.Space.TryProtect(Routines, PhysicalMemory.PageSize, PagePermissions.Read | PagePermissions.Execute);
        _kernelStep = SmallestLine(machine);
        machine.Model.Settle();

        if (Policy.CleansNewCodePages)
        {
            machine.Space.FrameExecutable += BecameExecutable;
        }
    }

    public Arm64Machine Machine { get; }

    public SystemPolicy Policy { get; }

    /// <summary>The core that the publishing thread is on.</summary>
    public Core Current { get; private set; }

    /// <summary>Who else runs; nobody if null.</summary>
    public ICoreSharing? Sharing { get; set; }

    /// <summary>Executes the routines if given; otherwise the current core does, and those who share it.</summary>
    public GuestCall? Caller { get; set; }

    public HostResult Invoke(HostCall call, params ReadOnlySpan<nint> arguments)
    {
        Sharing?.Interleave();
        switch (call)
        {
            case HostCall.ReadCacheType:
                return new((nint)Run(Arm64CacheRoutines.ReadCacheType, arguments), 0);
            case HostCall.CleanDataLines:
                Run(Arm64CacheRoutines.Clean, arguments);
                return default;
            case HostCall.InvalidateInstructionLines:
                Run(Arm64CacheRoutines.Invalidate, arguments);
                return default;
            case HostCall.DataBarrier:
                Run(Arm64CacheRoutines.Barrier, arguments);
                return default;
            case HostCall.ContextSync:
                Run(Arm64CacheRoutines.Sync, arguments);
                return default;
            case HostCall.GetAffinity:
                Span<byte> set = new((void*)arguments[2], (int)arguments[1]);
                set.Clear();
                for (int core = 0; core < Machine.Cores.Length; core++)
                {
                    set[core >> 3] |= (byte)(1 << (core & 7));
                }

                return new(arguments[1], 0);
            case HostCall.SetAffinity:
                EnterKernel();
                LeaveKernel();
                return default;
            case HostCall.RunOnProcessor:
                if (arguments[0] >= Machine.Cores.Length)
                {
                    return new(-1, Invalid);
                }

                MoveTo(Machine.Cores[(int)arguments[0]]);
                return default;
            default:
                return InKernel(call, arguments);
        }
    }

    /// <summary>The thread that makes the next calls is one that runs on this core already.</summary>
    public void RunOn(Core core) => Current = core;

    /// <summary>The publishing thread goes on running on another core. It has no registers there: routines run between what a core was doing and what it will.</summary>
    public void MoveTo(Core core)
    {
        Migrate(Current, core);
        Current = core;
    }

    /// <summary>
    /// A thread changes cores. The kernel completes what the first core has begun (arm64, __switch_to: dsb ish); caches and what they hold stay behind.
    /// </summary>
    public void Migrate(Core from, Core to)
    {
        Machine.Model.Synchronize(from, ContextEvent.ExceptionEntry);
        Machine.Model.Barrier(from, BarrierKind.Synchronization, InnerShareable);
        if (to != from)
        {
            from.ClearMonitor();
            Machine.Model.Synchronize(from, ContextEvent.Switch);
            if (IsWatched)
            {
                Note(LabEventKind.Thread, to, 0, $"a thread moves from core {from.Number} to core {to.Number}");
            }
        }

        Machine.Model.Synchronize(to, ContextEvent.Switch);
    }

    /// <summary>The caller goes into the kernel.</summary>
    public void EnterKernel()
    {
        if (Policy.EntrySynchronizes)
        {
            Machine.Model.Synchronize(Current, ContextEvent.ExceptionEntry);
        }
    }

    /// <summary>And comes out of it.</summary>
    public void LeaveKernel()
    {
        if (Policy.EntrySynchronizes)
        {
            Machine.Model.Synchronize(Current, ContextEvent.ExceptionReturn);
        }
    }

    /// <summary>A context synchronisation event that is an instruction of the caller (ISB in a call of the system's library).</summary>
    public void SynchronizeHere() => Machine.Model.Synchronize(Current, ContextEvent.Instruction);

    /// <summary>Tells the history, if there is one.</summary>
    public void Note(LabEventKind kind, Core core, ulong address, string note) =>
        _history?.Add(new(0, core.Number, kind, address, 0, -1, -1, core.Number, 0, note));

    /// <summary>Whether somebody listens, for those who would have to make up a text.</summary>
    public bool IsWatched => _history is not null;

    private HostResult InKernel(HostCall call, ReadOnlySpan<nint> arguments)
    {
        EnterKernel();
        HostResult result = (call, Policy.Kind) switch
        {
            (HostCall.Membarrier, OperatingSystemKind.Linux) => arguments.Length > 1 && arguments[1] != 0 ? new(-1, Invalid) : MemoryBarrier((int)arguments[0]),
            (HostCall.RiscVFlushIcache, OperatingSystemKind.Linux) => RiscVFlush(arguments),
            (HostCall.FlushInstructionCache, OperatingSystemKind.Windows) => Flush(arguments, cleans: true, answer: 1),
            (HostCall.FlushProcessWriteBuffers, OperatingSystemKind.Windows) => InterruptAll(0, drains: true),
            (HostCall.SysIcacheInvalidate, OperatingSystemKind.MacOS) => Flush(arguments, cleans: false, answer: 0),
            (HostCall.StopEachThread, OperatingSystemKind.MacOS) => InterruptAll(Machine.Cores.Length),
            _ => new(-1, NotImplemented),
        };
        LeaveKernel();
        return result;
    }

    private HostResult MemoryBarrier(int command)
    {
        if (command == Membarrier.Query && Policy.Membarrier != MembarrierAnswer.Missing)
        {
            return new(Membarrier.Global | Membarrier.SyncCore | Membarrier.RegisterSyncCore, 0);
        }

        bool isOld = Policy.Membarrier is MembarrierAnswer.Old or MembarrierAnswer.OldAndTickless;
        int error = Policy.Membarrier switch
        {
            MembarrierAnswer.Missing => NotImplemented,
            MembarrierAnswer.Refused => NotPermitted,
            _ when isOld && command != Membarrier.Global => Invalid,
            MembarrierAnswer.OldAndTickless => Invalid,
            _ when command is not (Membarrier.Global or Membarrier.SyncCore or Membarrier.RegisterSyncCore) => Invalid,
            _ => command == Membarrier.SyncCore && !_isRegistered ? NotPermitted : 0,
        };
        if (error != 0)
        {
            return new(-1, error);
        }

        _isRegistered |= command == Membarrier.RegisterSyncCore;
        return command == Membarrier.RegisterSyncCore || Policy.Membarrier == MembarrierAnswer.Lies ? default : InterruptAll(0);
    }

    /// <summary>An interrupt on every core: what it had fetched ahead is forgotten, and what it had stored is performed if the call says so.</summary>
    private HostResult InterruptAll(nint answer, bool drains = false)
    {
        foreach (Core core in Machine.Cores)
        {
            if (drains)
            {
                Machine.Model.Barrier(core, BarrierKind.Synchronization, InnerShareable);
            }

            Machine.Model.Synchronize(core, ContextEvent.Interrupt);
        }

        return new(answer, 0);
    }

    /// <summary>What a system's own flush does for a range: the same routines, in the kernel or in the system's library.</summary>
    private HostResult Flush(ReadOnlySpan<nint> arguments, bool cleans, nint answer)
    {
        nint start = arguments[0], end = start + arguments[1];
        if (cleans && Policy.FlushPerforms(PublicationStepKind.CleanDataLines))
        {
            Run(Arm64CacheRoutines.Clean, [start, end, _kernelStep]);
        }

        FlushBarrier();
        if (Policy.FlushPerforms(PublicationStepKind.InvalidateInstructionLines))
        {
            Run(Arm64CacheRoutines.Invalidate, [start, end, _kernelStep]);
        }

        FlushBarrier();
        return new(answer, 0);

        void FlushBarrier()
        {
            if (Policy.FlushPerforms(PublicationStepKind.DataBarrier))
            {
                Run(Arm64CacheRoutines.Barrier, []);
            }
        }
    }

    /// <summary>
    /// RISC-V's call, for what it does to others: with flags = 0 every hart of the process runs fence.i, with flags = 1 (which the header
    /// calls ALL) the caller's alone.
    /// </summary>
    private HostResult RiscVFlush(ReadOnlySpan<nint> arguments)
    {
        if ((arguments[2] & ~1) != 0)
        {
            return new(-1, Invalid);
        }

        Flush([arguments[0], arguments[1] - arguments[0]], cleans: true, answer: 0);
        return arguments[2] == 0 ? InterruptAll(0) : default;
    }

    /// <summary>Linux' set_pte_at of a page that user code may execute.</summary>
    private void BecameExecutable(int frame)
    {
        if (!Machine.Space.Memory[frame].IsClean)
        {
            if (IsWatched)
            {
                Note(LabEventKind.Page, Current, 0, "the kernel cleans and invalidates a page that becomes executable for the first time");
            }

            CleanByKernel(frame);
        }
    }

    private void CleanByKernel(int frame)
    {
        Machine.Space.Memory[frame].IsClean = true;
        Every(CacheOperation.CleanToUnification);
        Every(CacheOperation.InvalidateInstructions);

        void Every(CacheOperation operation)
        {
            for (int offset = 0; offset < PhysicalMemory.PageSize; offset += _kernelStep)
            {
                Machine.Model.Maintain(Current, operation, (ulong)offset, PhysicalAddress.Of(frame, offset));
            }

            Machine.Model.Barrier(Current, BarrierKind.Synchronization, InnerShareable);
        }
    }

    private static int SmallestLine(Arm64Machine machine)
    {
        Arm64CacheType all = Arm64CacheType.Of(machine.Model.CacheType(machine.Cores[0]));
        foreach (Core core in machine.Cores)
        {
            all = all.And(Arm64CacheType.Of(machine.Model.CacheType(core)));
        }

        return Math.Min(all.DataLine, all.InstructionLine);
    }

    /// <summary>Executes a routine on the current core, whose registers are as before afterwards. On the way the thread may move.</summary>
    private ulong Run(int routine, ReadOnlySpan<nint> arguments)
    {
        CoreState before = Current.State;
        Span<ulong> values = stackalloc ulong[arguments.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (ulong)arguments[i];
        }

        ulong address = Routines + (ulong)(routine * sizeof(uint));
        StopReason reason = Caller is not null ? Caller(Current, address, values, Budget)
            : Sharing is null ? Current.Call(address, values, Budget)
            : RunShared(Sharing, address, values, ref before);
        ulong result = Current.State.General[0];
        Current.State = before;
        return reason == StopReason.Returned
            ? result
            : throw new CompilerBugException("machine", $"a cache routine ended with {reason}: {Current.Exception}");
    }

    /// <summary>The same in turns, between which the others see the core as it was before.</summary>
    private StopReason RunShared(ICoreSharing others, ulong address, ReadOnlySpan<ulong> arguments, ref CoreState before)
    {
        arguments.CopyTo(Current.State.General);
        Current.State.General[30] = Core.ReturnAddress;
        Current.State.Pc = address;
        for (long left = Budget; left > 0;)
        {
            long start = Current.Retired;
            StopReason reason = Current.RunExactly(Math.Min(left, others.NextTurn(Current)));
            if (reason != StopReason.TurnOver)
            {
                return reason;
            }

            left -= Math.Max(1, Current.Retired - start);
            CoreState own = Current.State;
            Current.State = before;
            others.Interleave();
            before = Current.State;
            Current.State = own;
        }

        return StopReason.TurnOver;
    }
}
