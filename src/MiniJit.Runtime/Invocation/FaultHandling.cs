// What compiled code's faults have in common on every system: which addresses are compiled code, how it is entered, and what a
// fault looks like to managed code. How the machine reports one belongs to the system: SignalHandlers (Linux),
// VectoredHandler (Windows).
//
// Handlers belong to the process, so this is one of the few places with static state: the tables, the handler and the entry stub are made once
// and never taken back.
using System;
using System.Runtime.InteropServices;
using System.Threading;
using MiniJit.Runtime.Platform;

namespace MiniJit.Runtime.Invocation;

/// <summary>Why the machine could not go on.</summary>
internal enum FaultKind : byte
{
    /// <summary>The instruction itself: undefined, a breakpoint, arithmetic.</summary>
    Instruction,

    /// <summary>Memory that is there but cannot be accessed in this way.</summary>
    Bus,

    /// <summary>Memory that must not be accessed, or is not there.</summary>
    Memory,

    /// <summary>The system says that the thread's stack is exhausted.</summary>
    StackExhausted,
}

/// <summary>A fault as an activation records it, without the system's peculiarities.</summary>
/// <param name="Kind">Why.</param>
/// <param name="ProgramCounter">Address of the instruction.</param>
/// <param name="StackPointer">The stack pointer before it.</param>
/// <param name="Address">The address that could not be accessed; 0 for <see cref="FaultKind.Instruction"/>.</param>
internal readonly record struct Fault(FaultKind Kind, nuint ProgramCounter, nuint StackPointer, nuint Address);

internal static unsafe class FaultHandling
{
    private static readonly Lock s_lock = new();

    private static bool s_installed;

    /// <summary>Why compiled code cannot be called in this process; empty if it can.</summary>
    public static string WhyNot { get; } = Supports(HostPlatform.OperatingSystem, RuntimeInformation.ProcessArchitecture) ? ""
        : $"the runtime has no entry stub and no fault handler for {HostPlatform.OperatingSystem} on {RuntimeInformation.ProcessArchitecture}";

    /// <summary>What emitted code reads.</summary>
    public static HandlerGlobals* Globals { get; } = HandlerGlobals.Allocate();

    /// <summary>Memory that holds compiled code of this process.</summary>
    public static CodeRangeTable CodeRanges { get; } =
        new(Globals->CodeRanges, HandlerGlobals.CodeRangeLimit, &Globals->CodeRangesEnd);

    /// <summary>Executable parts of the libraries that compiled code calls.</summary>
    public static CodeRangeTable ImageRanges { get; } =
        new(Globals->ImageRanges, HandlerGlobals.ImageRangeLimit, &Globals->ImageRangesEnd);

    /// <summary>The entry stub, called in the system's convention: activation, code, callee, values; 1 if it left through the trap exit.</summary>
    public static delegate* unmanaged<Activation*, nint, nint, void*, int> Enter { get; private set; }

    /// <summary>Makes the stubs and takes over the system's reports of faults; does nothing the second time.</summary>
    /// <exception cref="PlatformNotSupportedException">There are no stubs for this system yet.</exception>
    public static void Install()
    {
        lock (s_lock)
        {
            if (s_installed)
            {
                return;
            }

            if (WhyNot.Length != 0)
            {
                throw new PlatformNotSupportedException(WhyNot);
            }

            nint enter = OperatingSystem.IsWindows() ? VectoredHandler.Install(Globals) : SignalHandlers.Install(Globals);
            Enter = (delegate* unmanaged<Activation*, nint, nint, void*, int>)enter;
            s_installed = true;
        }
    }

    /// <summary>Makes a thread's state known to the handler, with the bounds of its stack, and sees to it that the handler can run when the stack is exhausted.</summary>
    public static void PrepareThread(NativeThreadState* state)
    {
        if (OperatingSystem.IsWindows())
        {
            VectoredHandler.PrepareThread(state);
        }
        else
        {
            SignalHandlers.PrepareThread(state);
        }
    }

    /// <summary>What a handler has recorded.</summary>
    public static Fault Read(in Activation activation) =>
        OperatingSystem.IsWindows() ? VectoredHandler.Read(activation) : SignalHandlers.Read(activation);

    /// <summary>What the system calls a fault: its signal or exception.</summary>
    public static string NameOf(int signal) => OperatingSystem.IsWindows() ? VectoredHandler.NameOf(signal) : SignalHandlers.NameOf(signal);

    /// <summary>
    /// Called on the thread whose call was cut short, back on the caller's frame, when its stack was exhausted.
    /// </summary>
    public static void RestoreStack()
    {
        if (OperatingSystem.IsWindows())
        {
            VectoredHandler.RestoreStack();
        }
    }

    /// <summary>Puts hand-written code into pages of its own: written before they are executable, and never again. Published when it returns.</summary>
    public static nint Place(byte[] code) => OperatingSystem.IsWindows() ? VectoredHandler.Place(code) : SignalHandlers.Place(code);

    private static bool Supports(OperatingSystemKind system, Architecture architecture) => system switch
    {
        OperatingSystemKind.Linux => LinuxStubs.Host is not null,
        OperatingSystemKind.Windows => architecture == Architecture.X64,
        _ => false,
    };
}
