// The host's side of publication: each step is one or two calls through the door.
using System;
using System.Runtime.InteropServices;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;

namespace MiniJit.Runtime.Publication;

internal static class HostPublicationPort
{
    private static readonly Lazy<IPublicationPort> s_host = new(static () =>
    {
        IPublicationPort port = Create(HostCalls.Host);
        port.Probe(default);                                     // reads the cache lines of all cores before anybody else has the port
        return port;
    });

    /// <summary>The one that all heaps of this process share.</summary>
    public static IPublicationPort Host => s_host.Value;

    /// <summary>One with calls of its own: to watch them, or to answer them.</summary>
    public static IPublicationPort Create(IHostCalls calls) => HostPlatform.OperatingSystem switch
    {
        OperatingSystemKind.Linux => new LinuxPublicationPort(calls, RuntimeInformation.ProcessArchitecture),
        OperatingSystemKind.Windows => new WindowsPublicationPort(calls),
        _ => new MacPublicationPort(calls),
    };

    /// <summary>A step that a port has no call for: its plan is another system's.</summary>
    public static SystemError NotPerformedHere(PublicationStep step) => new($"{step}, which is not a step of this system", 0);
}

/// <summary>Linux on every architecture.</summary>
internal sealed class LinuxPublicationPort(IHostCalls calls, Architecture architecture) : IPublicationPort
{
    private readonly LinuxCoreSync _cores = new(calls);

    /// <summary>Line sizes of the cores seen so far, if this is AArch64.</summary>
    public Arm64CacheType Caches { get; private set; } = Arm64CacheType.Unknown;

    public PublicationCapabilities Probe(CodeViews views)
    {
        PublicationMeans means = PublicationMeans.Default;
        string because = "";
        if (architecture == Architecture.Arm64 && Caches == Arm64CacheType.Unknown)
        {
            ProbeCaches();                                       // once: a thread waits its turn on every processor
        }

        if (architecture != Architecture.RiscV64)
        {
            means = _cores.Probe(out because);
        }

        return new(views, means, Caches.DataCoherent, Caches.InstructionCoherent, because.Length == 0 ? null : because);
    }

    public SystemError Perform(PublicationStep step, in CodeRange range)
    {
        switch (step.Kind)
        {
            case PublicationStepKind.SynchronizeCores
                when step.Means is PublicationMeans.MembarrierSyncCore or PublicationMeans.MembarrierGlobal or PublicationMeans.VisitProcessors:
                return _cores.Synchronize(step.Means, out _);

            // Cleaning by the address that was written, invalidating by the one that executes.
            case PublicationStepKind.CleanDataLines when architecture == Architecture.Arm64:
                return OverLines(HostCall.CleanDataLines, (nint)range.Arena.WritableAddress(range.Address), range.Size, static caches => caches.DataLine);
            case PublicationStepKind.InvalidateInstructionLines when architecture == Architecture.Arm64:
                return OverLines(HostCall.InvalidateInstructionLines, (nint)range.Address, range.Size, static caches => caches.InstructionLine);
            case PublicationStepKind.DataBarrier when architecture == Architecture.Arm64:
                return calls.Try(HostCall.DataBarrier);
            case PublicationStepKind.ContextSync when architecture == Architecture.Arm64:
                return calls.Try(HostCall.ContextSync);

            // flags = 0: all harts. The constant named SYS_RISCV_FLUSH_ICACHE_ALL is 1 and means this hart only.
            case PublicationStepKind.FlushInstructionCache when step.Means == PublicationMeans.RiscVFlush:
                return calls.Try(HostCall.RiscVFlushIcache, (nint)range.Address, (nint)(range.Address + (ulong)range.Size), 0);
            default:
                return HostPublicationPort.NotPerformedHere(step);
        }
    }

    /// <summary>
    /// Reads the register on every core. Where a sandbox does not let the thread move, nothing is assumed: the smallest lines that can
    /// be, and all maintenance.
    /// </summary>
    private void ProbeCaches()
    {
        Arm64CacheType? all = null;
        SystemError error = ProcessorVisit.Run(calls, () =>
        {
            SystemError answer = calls.Try(HostCall.ReadCacheType, out nint register);
            Arm64CacheType here = Arm64CacheType.Of((ulong)register);
            all = answer.IsNone ? all?.And(here) ?? here : null;
            return answer;
        });
        Caches = error.IsNone && all is { } caches ? caches : Arm64CacheType.Unknown;
    }

    /// <summary>One loop, in steps of the smallest line seen: at the start, or now, should this be a core that came later.</summary>
    private SystemError OverLines(HostCall call, nint start, long size, Func<Arm64CacheType, int> line)
    {
        SystemError error = calls.Try(HostCall.ReadCacheType, out nint register);
        return error.IsNone ? calls.Try(call, start, start + (nint)size, line(Caches.And(Arm64CacheType.Of((ulong)register)))) : error;
    }
}

/// <summary>Windows on every architecture.</summary>
internal sealed class WindowsPublicationPort(IHostCalls calls) : IPublicationPort
{
    public PublicationCapabilities Probe(CodeViews views) =>
        new(views, PublicationMeans.ProcessWriteBuffers, Because: "FlushProcessWriteBuffers is in every Windows since Vista");

    public SystemError Perform(PublicationStep step, in CodeRange range) => step.Means switch
    {
        PublicationMeans.WindowsFlush => calls.Try(HostCall.FlushInstructionCache, (nint)range.Address, (nint)range.Size),
        PublicationMeans.ProcessWriteBuffers => calls.Try(HostCall.FlushProcessWriteBuffers),
        _ => HostPublicationPort.NotPerformedHere(step),
    };
}

/// <summary>macOS on both architectures.</summary>
internal sealed class MacPublicationPort(IHostCalls calls) : IPublicationPort
{
    public PublicationCapabilities Probe(CodeViews views)
    {
        SystemError error = calls.Try(HostCall.StopEachThread);
        return error.IsNone
            ? new(views, PublicationMeans.DarwinThreadStates, DataCoherent: true, Because: "macOS has no membarrier, and the kernel stops a thread to read its registers")
            : new(views, PublicationMeans.Default, DataCoherent: true, Because: error.ToString());
    }

    public SystemError Perform(PublicationStep step, in CodeRange range) => step.Means switch
    {
        PublicationMeans.DarwinInvalidate => calls.Try(HostCall.SysIcacheInvalidate, (nint)range.Address, (nint)range.Size),
        PublicationMeans.DarwinThreadStates => calls.Try(HostCall.StopEachThread),
        _ => HostPublicationPort.NotPerformedHere(step),
    };
}
