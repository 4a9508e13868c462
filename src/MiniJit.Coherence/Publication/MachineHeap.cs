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
    /// <summary>A heap that links and publishes into a machine by the plan of AArch64 Linux.</summary>
    public static CodeHeap Create(MachineSystem system) => new(
        new MachineCodeMemory(system), MachineTraits.Arm64, new LinuxPublicationPort(system, Architecture.Arm64), OperatingSystemKind.Linux, new Idle());

    /// <summary>Code is retired between calls, when no core is inside of any.</summary>
    private sealed class Idle : IQuiescence
    {
        private long _epoch;

        public long Advance() => ++_epoch;

        public bool HaveLeft(long epoch) => true;
    }
}
