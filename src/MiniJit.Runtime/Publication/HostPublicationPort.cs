// The host's side of publication: system calls, each behind the step that needs it.
using System;
using System.Runtime.InteropServices;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;

namespace MiniJit.Runtime.Publication;

internal static class HostPublicationPort
{
    public static IPublicationPort Create() => HostPlatform.OperatingSystem switch
    {
        OperatingSystemKind.Linux => new LinuxPublicationPort(new HostMembarrier()),
        OperatingSystemKind.Windows => new WindowsPublicationPort(),
        _ => throw new PlatformNotSupportedException("Publication on macOS is not supported yet."),
    };

    public static SystemError NotPerformedHere(PublicationStep step) => new($"{step} on {RuntimeInformation.ProcessArchitecture}", 0);
}

/// <summary>The one system call of Linux publication, so that tests can answer in the kernel's place.</summary>
internal interface IMembarrier
{
    /// <summary>0 or a bit set on success, −errno on failure.</summary>
    int Call(int command);
}

internal sealed class HostMembarrier : IMembarrier
{
    public int Call(int command)
    {
        nint number = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 324 : 283;     // 283 on all newer architectures
        nint result = LinuxCalls.Syscall(number, command, 0, 0);
        return result < 0 ? -Marshal.GetLastPInvokeError() : (int)result;
    }
}

/// <summary>
/// membarrier(2). PRIVATE_EXPEDITED_SYNC_CORE interrupts every core that runs a thread of this process, and the return
/// from the interrupt serialises it. The process registers once; the registration does not survive exec, and a sandbox
/// may refuse it, so EPERM is answered by registering again and trying once more.
/// </summary>
internal sealed class LinuxPublicationPort(IMembarrier kernel) : IPublicationPort
{
    private const int Query = 0, Global = 1, SyncCore = 1 << 5, RegisterSyncCore = 1 << 6;
    private const int EPerm = -1;

    public PublicationCapabilities Probe(CodeViews views)
    {
        int supported = kernel.Call(Query);
        PublicationMeans means = PublicationMeans.Default;
        if (supported > 0 && (supported & SyncCore) != 0 && kernel.Call(RegisterSyncCore) == 0)
        {
            means = PublicationMeans.MembarrierSyncCore;
        }
        else if (supported > 0 && (supported & Global) != 0)
        {
            means = PublicationMeans.MembarrierGlobal;
        }

        return new(views, means);
    }

    public SystemError Perform(PublicationStep step, in CodeRange range) => (step.Kind, step.Means) switch
    {
        (PublicationStepKind.SynchronizeCores, PublicationMeans.MembarrierSyncCore) => SynchronizeCores(),
        (PublicationStepKind.SynchronizeCores, PublicationMeans.MembarrierGlobal) => Answer(kernel.Call(Global), "membarrier(GLOBAL)"),
        _ => HostPublicationPort.NotPerformedHere(step),
    };

    private SystemError SynchronizeCores()
    {
        int result = kernel.Call(SyncCore);
        if (result == EPerm && kernel.Call(RegisterSyncCore) == 0)
        {
            result = kernel.Call(SyncCore);
        }

        return Answer(result, "membarrier(PRIVATE_EXPEDITED_SYNC_CORE)");
    }

    private static SystemError Answer(int result, string call) => result >= 0 ? default : new(call, -result);
}

internal sealed class WindowsPublicationPort : IPublicationPort
{
    public PublicationCapabilities Probe(CodeViews views) => new(views, PublicationMeans.ProcessWriteBuffers);

    public SystemError Perform(PublicationStep step, in CodeRange range)
    {
        switch (step.Means)
        {
            case PublicationMeans.WindowsFlush:
                return WindowsCalls.FlushInstructionCache(WindowsCalls.GetCurrentProcess(), (nint)range.Address, (nuint)range.Size)
                    ? default
                    : SystemError.Last("FlushInstructionCache");
            case PublicationMeans.ProcessWriteBuffers:
                WindowsCalls.FlushProcessWriteBuffers();
                return default;
            default:
                return HostPublicationPort.NotPerformedHere(step);
        }
    }
}
