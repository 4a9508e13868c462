using System.Runtime.InteropServices;

namespace MiniJit.Runtime.Invocation;

/// <summary>
/// The runtime's own machine code on Linux, which every architecture writes in its own instructions: how compiled code is entered, how a fault leaves
/// it, and the signal handler that decides which is which.
/// <para>
/// The handler runs with the registers of the interrupted thread saved in a ucontext. If the thread is inside of compiled code and the fault is compiled
/// code's doing, it copies signal, address and registers to the activation and edits the saved context so that returning from the signal continues in the
/// trap exit, on the stack of the entry stub. Nothing of the faulting stack is used, so running out of stack is reported like any other fault. Everything
/// else is handed to the handler that was installed before, with the same arguments and on the same stack, as if we were not there.
/// </para>
/// </summary>
internal abstract class LinuxStubs
{
    /// <summary>Those of this process; null if there are none for its architecture.</summary>
    public static LinuxStubs? Host { get; } = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => new X64LinuxStubs(),
        Architecture.Arm64 => new Arm64LinuxStubs(),
        _ => null,
    };

    /// <summary>
    /// A function of the system's convention: takes activation, code, callee and values and calls code(callee, values). Returns 0, or 1 if
    /// the call ended in the trap exit.
    /// </summary>
    /// <param name="code">Where to.</param>
    /// <param name="trapExit">Where the handler continues, with the activation's stack pointer.</param>
    /// <returns>Its offset.</returns>
    public abstract int WriteEnter(StubWriter code, out int trapExit);

    /// <summary>The handler of all signals that compiled code raises.</summary>
    /// <param name="code">Where to.</param>
    /// <param name="globals">Address of the <see cref="HandlerGlobals"/>.</param>
    /// <returns>Its offset.</returns>
    public abstract int WriteHandler(StubWriter code, ulong globals);

    /// <summary>Address of the instruction that faulted, and the stack pointer before it, from the registers that the handler has saved.</summary>
    public abstract (nuint ProgramCounter, nuint StackPointer) Read(in Activation activation);
}
