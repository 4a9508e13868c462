// Publications outside of a heap: of the runtime's own stubs, and of trial code. The plan is the one that this machine's heaps have.
using System;
using System.Runtime.InteropServices;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;

namespace MiniJit.Runtime.Publication;

internal sealed class HostPublication : IPublicationTarget
{
    private static readonly Lazy<PublicationCapabilities> s_capabilities = new(static () => HostPublicationPort.Host.Probe(default));

    private static readonly HostPublication s_caller = new();

    private HostPublication()
    {
    }

    /// <summary>Carries out the plan of this machine for one range. Whoever called may then let others know the address.</summary>
    public static SystemError Run(HostCodeMemory memory, PublicationScenario scenario, in CodeRange range)
    {
        PublicationCapabilities capabilities = s_capabilities.Value with { Views = memory.Views };
        return PublicationPlan.TryChoose(
                HostPlatform.OperatingSystem, RuntimeInformation.ProcessArchitecture, capabilities, scenario, out PublicationPlan plan, out string refusal)
            ? new PublicationExecutor(memory, HostPublicationPort.Host).Run(plan, [range], s_caller)
            : new($"code cannot be published safely: {refusal}", 0);
    }

    /// <summary>
    /// Whether what is written through one view executes at the other. Processors promise it, after maintenance; programs that translate the machine code
    /// of another processor may not: qemu before 8.1 does not listen to <c>ic ivau</c> and notices a change only where it is written at the address that
    /// executes. Tried on AArch64; elsewhere it is taken for granted and costs nothing at start-up (<c>minijit doctor</c> shows who should not have been trusted).
    /// </summary>
    /// <param name="memory">Has dual views.</param>
    /// <param name="arena">Its first page is committed, and used by nobody.</param>
    public static unsafe bool ViewsAgree(HostCodeMemory memory, in ArenaMapping arena)
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.Arm64)
        {
            return true;
        }

        for (int value = 1; value <= 2; value++)
        {
            byte[] code = Answer(value);
            memory.Store(arena, arena.Code, code);

            // A machine that cannot give memory to other code never does, so nothing can be remembered.
            if (!Run(memory, PublicationScenario.ReusedMemory, new(arena, arena.Code, code.Length)).IsNone)
            {
                return true;
            }

            if (((delegate* unmanaged<int>)arena.Code)() != value)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A function that returns a number below 65,536: trial code.</summary>
    public static byte[] Answer(int value)
    {
        StubWriter writer = new();
        if (RuntimeInformation.ProcessArchitecture == Architecture.Arm64)
        {
            writer.Emit32(0x5280_0000 | ((uint)value << 5));    // mov w0, #value
            writer.Emit32(0xD65F_03C0);                         // ret
        }
        else
        {
            writer.Emit(0xB8);                                  // mov eax, value
            writer.Emit32((uint)value);
            writer.Emit(0xC3);                                  // ret
        }

        return writer.Finish();
    }

    // The caller makes it reachable, by what it does with the address.
    void IPublicationTarget.MakeReachable()
    {
    }
}
