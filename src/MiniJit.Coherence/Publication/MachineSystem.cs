// The Linux that a publishing thread sees inside of the machine: the calls of HostCall, answered there. The cache instructions are the very
// routines that run on hardware (Arm64CacheRoutines), executed by the core that the thread is on; membarrier interrupts the cores; moving to
// another processor moves the thread. So LinuxPublicationPort and its plans work here as they are.
using System;
using System.Runtime.InteropServices;
using MiniJit.Coherence.Fetch;
using MiniJit.Coherence.Machine;
using MiniJit.Coherence.Memory;
using MiniJit.IR;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;

namespace MiniJit.Coherence.Publication;

/// <summary>How a routine of the publishing thread is executed, see <see cref="Core.Call"/>.</summary>
internal delegate StopReason GuestCall(Core core, ulong address, ReadOnlySpan<ulong> arguments, long instructions);

internal sealed class MachineSystem : IHostCalls
{
    private const ulong Routines = 0x30_0000_0000, RoutinesView = 0x30_0001_0000;
    private const int Invalid = 22, NotPermitted = 1, NotImplemented = 38;
    private const long Budget = 1 << 26;

    private bool _isRegistered;

    /// <summary>Puts the routines into the machine.</summary>
    public MachineSystem(Arm64Machine machine)
        : this(machine, Arm64CacheRoutines.Words)
    {
    }

    /// <summary>A system with other routines at the positions of <see cref="Arm64CacheRoutines"/>: ours with a mistake in them.</summary>
    public MachineSystem(Arm64Machine machine, ReadOnlySpan<uint> routines)
    {
        Machine = machine;
        Current = machine.Cores[0];
        machine.Space.Map(Routines, PhysicalMemory.PageSize, PagePermissions.Read | PagePermissions.Execute);
        machine.Space.MapAlias(RoutinesView, Routines, PhysicalMemory.PageSize, PagePermissions.Read | PagePermissions.Write);
        _ = Current.TryStore(RoutinesView, MemoryMarshal.AsBytes(routines));
        machine.Space.Unmap(RoutinesView, PhysicalMemory.PageSize);
    }

    public Arm64Machine Machine { get; }

    /// <summary>The core that the publishing thread is on.</summary>
    public Core Current { get; private set; }

    /// <summary>Executes the routines if given; otherwise the current core does, without anybody else getting a turn.</summary>
    public GuestCall? Caller { get; set; }

    public unsafe HostResult Invoke(HostCall call, params ReadOnlySpan<nint> arguments)
    {
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
            case HostCall.Membarrier:
                return MemoryBarrier((int)arguments[0]);
            case HostCall.GetAffinity:
                Span<byte> set = new((void*)arguments[2], (int)arguments[1]);
                set.Clear();
                for (int core = 0; core < Machine.Cores.Length; core++)
                {
                    set[core >> 3] |= (byte)(1 << (core & 7));
                }

                return new(arguments[1], 0);
            case HostCall.SetAffinity:
                return default;
            case HostCall.RunOnProcessor:
                return arguments[0] < Machine.Cores.Length ? MoveTo(Machine.Cores[(int)arguments[0]]) : new(-1, Invalid);
            default:
                return new(-1, NotImplemented);
        }
    }

    /// <summary>The thread goes on running on another core. It has no registers there: routines run between what a core was doing and what it will.</summary>
    public HostResult MoveTo(Core core)
    {
        if (core != Current)
        {
            Machine.Model.Synchronize(Current, ContextEvent.Switch);
            Current = core;
        }

        Machine.Model.Synchronize(core, ContextEvent.Switch);
        return default;
    }

    private HostResult MemoryBarrier(int command)
    {
        Machine.Model.Synchronize(Current, ContextEvent.ExceptionEntry);
        HostResult result = command switch
        {
            Membarrier.Query => new(Membarrier.SyncCore | Membarrier.RegisterSyncCore, 0),
            Membarrier.RegisterSyncCore => default,
            Membarrier.SyncCore => _isRegistered ? default : new(-1, NotPermitted),
            _ => new(-1, Invalid),
        };
        _isRegistered |= command == Membarrier.RegisterSyncCore;
        if (command == Membarrier.SyncCore && result.Succeeded)
        {
            foreach (Core core in Machine.Cores)
            {
                Machine.Model.Synchronize(core, ContextEvent.Interrupt);
            }
        }

        Machine.Model.Synchronize(Current, ContextEvent.ExceptionReturn);
        return result;
    }

    /// <summary>Executes a routine on the current core, whose registers are as before afterwards.</summary>
    private ulong Run(int routine, ReadOnlySpan<nint> arguments)
    {
        CoreState before = Current.State;
        Span<ulong> values = stackalloc ulong[arguments.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (ulong)arguments[i];
        }

        ulong address = Routines + (ulong)(routine * sizeof(uint));
        StopReason reason = Caller is null ? Current.Call(address, values, Budget) : Caller(Current, address, values, Budget);
        ulong result = Current.State.General[0];
        Current.State = before;
        return reason == StopReason.Returned
            ? result
            : throw new CompilerBugException("machine", $"a cache routine ended with {reason}: {Current.Exception}");
    }
}
