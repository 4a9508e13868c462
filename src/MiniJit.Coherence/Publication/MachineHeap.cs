using System;
using System.Runtime.InteropServices;
using MiniJit.Coherence.Machine;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;

namespace MiniJit.Coherence.Publication;

/// <summary>Makes code heaps inside of machines.</summary>
internal static class MachineHeap
{
    /// <summary>A heap that links and publishes into a machine by the plan of its system.</summary>
    /// <param name="system">The system.</param>
    /// <param name="edit">What is made of plans; null leaves them whole.</param>
    /// <param name="reach">Bytes of code that an arena can hold; as on hardware if not given.</param>
    /// <param name="port">How steps are performed; the system's port if not given.</param>
    /// <param name="memory">Where it gets memory, if several heaps share an address space.</param>
    public static CodeHeap Create(MachineSystem system, Func<PublicationPlan, PublicationPlan>? edit = null, long? reach = null, IPublicationPort? port = null, MachineCodeMemory? memory = null) => new(
        memory ?? new MachineCodeMemory(system),
        reach is { } bytes ? MachineTraits.Arm64 with { CodeReach = bytes } : MachineTraits.Arm64,
        port ?? CreatePort(system),
        system.Policy.Kind,
        new Idle(),
        edit: edit);

    /// <summary>The runtime's own port of the system.</summary>
    public static IPublicationPort CreatePort(MachineSystem system) => system.Policy.Kind switch
    {
        OperatingSystemKind.Linux => new LinuxPublicationPort(system, Architecture.Arm64),
        OperatingSystemKind.Windows => new WindowsPublicationPort(system),
        _ => new MacPublicationPort(system),
    };

    /// <summary>Code is retired between calls, when no core is inside of any.</summary>
    private sealed class Idle : IQuiescence
    {
        private long _epoch;

        public long Advance() => ++_epoch;

        public bool HaveLeft(long epoch) => true;
    }
}
