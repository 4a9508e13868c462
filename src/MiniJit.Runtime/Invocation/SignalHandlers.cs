// Linux: the signals of this process, as far as compiled code raises them.
//
// The handlers keep the flags of the ones they replace (the runtime's need the alternate stack for some signals and the
// normal one for others), so whatever they hand on behaves as before.
using System;
using System.Globalization;
using System.Runtime.InteropServices;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;
using static MiniJit.Runtime.Platform.LinuxCalls;

namespace MiniJit.Runtime.Invocation;

internal static unsafe class SignalHandlers
{
    public const int Illegal = 4, Trap = 5, Bus = 7, FloatingPoint = 8, Segmentation = 11;

    private const int FlagSigInfo = 4, FlagOnStack = 0x08000000, StackDisabled = 2;
    private const int AlternateStackSize = 64 * 1024;

    private static HandlerGlobals* s_globals;

    /// <summary>Makes the stubs and takes over the signals; returns the address of the entry stub.</summary>
    public static nint Install(HandlerGlobals* globals)
    {
        s_globals = globals;
        nint enter = WriteStubs(LinuxStubs.Host!, out nint handler);
        foreach (int signal in (ReadOnlySpan<int>)[Illegal, Trap, Bus, FloatingPoint, Segmentation])
        {
            TakeOver(signal, handler);
        }

        return enter;
    }

    public static Fault Read(in Activation activation)
    {
        (nuint pc, nuint sp) = LinuxStubs.Host!.Read(activation);
        FaultKind kind = activation.Signal switch
        {
            Segmentation => FaultKind.Memory,
            Bus => FaultKind.Bus,
            _ => FaultKind.Instruction,
        };
        return new(kind, pc, sp, kind == FaultKind.Instruction ? 0 : activation.FaultAddress);
    }

    public static string NameOf(int signal) => signal switch
    {
        Illegal => "SIGILL",
        Trap => "SIGTRAP",
        Bus => "SIGBUS",
        FloatingPoint => "SIGFPE",
        Segmentation => "SIGSEGV",
        _ => string.Create(CultureInfo.InvariantCulture, $"signal {signal}"),
    };

    /// <summary>Makes a thread's state known to the handler, with the bounds of its stack, and gives it an alternate stack if it has none.</summary>
    public static void PrepareThread(NativeThreadState* state)
    {
        byte* attributes = stackalloc byte[128];                 // pthread_attr_t has 56 bytes
        nint low;
        nuint size;
        if (PthreadGetAttr(PthreadSelf(), attributes) == 0)
        {
            if (PthreadAttrGetStack(attributes, &low, &size) == 0)
            {
                state->StackLow = (nuint)low;
                state->StackHigh = (nuint)low + size;
            }

            _ = PthreadAttrDestroy(attributes);
        }

        SignalStack stack;
        if (Sigaltstack(null, &stack) == 0 && (stack.Flags & StackDisabled) != 0)
        {
            // Never unmapped: nobody can tell when the thread's last signal has been handled.
            nint memory = Mmap(0, AlternateStackSize, ProtRead | ProtWrite, MapPrivate | MapAnonymous | MapNoReserve, -1, 0);
            stack = new() { Base = memory, Size = AlternateStackSize };
            if (memory != -1)
            {
                _ = Sigaltstack(&stack, null);
            }
        }

        Check(PthreadSetSpecific(s_globals->Key, state), "pthread_setspecific");
    }

    private static nint WriteStubs(LinuxStubs stubs, out nint handler)
    {
        Check(PthreadKeyCreate(&s_globals->Key, 0), "pthread_key_create");
        nint libc = NativeLibrary.Load("libc.so.6");
        s_globals->GetSpecific = NativeLibrary.GetExport(libc, "pthread_getspecific");
        s_globals->Signal = NativeLibrary.GetExport(libc, "signal");
        s_globals->Raise = NativeLibrary.GetExport(libc, "raise");

        StubWriter code = new();
        int enter = stubs.WriteEnter(code, out int trapExit);
        code.Align(16, MachineTraits.Host.Filler[0]);
        int handle = stubs.WriteHandler(code, (ulong)s_globals);
        nint address = Place(code.Finish());
        s_globals->TrapExit = address + trapExit;
        handler = address + handle;
        return address + enter;
    }

    /// <summary>See <see cref="FaultHandling.Place"/>.</summary>
    public static nint Place(byte[] code)
    {
        nint address = Mmap(0, (nuint)code.Length, ProtRead | ProtWrite, MapPrivate | MapAnonymous, -1, 0);
        if (address == -1)
        {
            throw SystemError.Last("mmap").ToException();
        }

        ArenaMapping pages = new((ulong)address, code.Length, (ulong)(address + code.Length), 0, (ulong)address);
        LinuxCodeMemory memory = new(CodeViews.Flip, HostCalls.Host);
        memory.Store(pages, pages.Code, code);
        SystemError error = HostPublication.Run(memory, PublicationScenario.NewCode, new(pages, pages.Code, code.Length));
        return error.IsNone ? address : throw new PlatformNotSupportedException(error.ToString());
    }

    private static void TakeOver(int signal, nint handler)
    {
        SigAction action;
        if (Sigaction(signal, null, &action) != 0)
        {
            throw SystemError.Last("sigaction").ToException();
        }

        // Known to the handler before the handler is known to the system.
        s_globals->OldHandlers[signal] = (ulong)action.Handler;
        action.Flags = (ulong)action.Handler > 1 ? action.Flags | FlagSigInfo : FlagSigInfo | FlagOnStack;
        action.Handler = handler;
        if (Sigaction(signal, &action, null) != 0)
        {
            throw SystemError.Last("sigaction").ToException();
        }
    }

    private static void Check(int result, string call)
    {
        if (result != 0)
        {
            throw new SystemError(call, result).ToException();
        }
    }
}
