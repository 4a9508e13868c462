// Signals of this process, as far as compiled code raises them. Signal dispositions belong to the process, so this is one
// of the few places with static state: the handler, its tables and the entry stub are made once and never taken back.
//
// The handlers keep the flags of the ones they replace (the runtime's need the alternate stack for some signals and the
// normal one for others), so whatever they hand on behaves as before.
using System;
using System.Runtime.InteropServices;
using System.Threading;
using MiniJit.Runtime.Platform;
using static MiniJit.Runtime.Platform.LinuxCalls;

namespace MiniJit.Runtime.Invocation;

internal static unsafe class SignalHandlers
{
    public const int Illegal = 4, Trap = 5, Bus = 7, FloatingPoint = 8, Segmentation = 11;

    private const int FlagSigInfo = 4, FlagOnStack = 0x08000000, StackDisabled = 2;
    private const int AlternateStackSize = 64 * 1024;

    private static readonly Lock s_lock = new();
    private static readonly HandlerGlobals* s_globals = AllocateGlobals();

    private static bool s_installed;

    /// <summary>Memory that holds compiled code of this process.</summary>
    public static CodeRangeTable CodeRanges { get; } =
        new(s_globals->CodeRanges, HandlerGlobals.CodeRangeLimit, &s_globals->CodeRangesEnd);

    /// <summary>Executable parts of the libraries that compiled code calls.</summary>
    public static CodeRangeTable ImageRanges { get; } =
        new(s_globals->ImageRanges, HandlerGlobals.ImageRangeLimit, &s_globals->ImageRangesEnd);

    /// <summary>The entry stub: activation, code, callee, values; 1 if it left through the trap exit.</summary>
    public static delegate* unmanaged<Activation*, nint, nint, void*, int> Enter { get; private set; }

    /// <summary>Makes the stubs and takes over the signals; does nothing the second time.</summary>
    /// <exception cref="PlatformNotSupportedException">There are no stubs for this system yet.</exception>
    public static void Install()
    {
        lock (s_lock)
        {
            if (s_installed)
            {
                return;
            }

            if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            {
                throw new PlatformNotSupportedException(
                    $"Calling compiled code in this process is not supported on {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}.");
            }

            WriteStubs(out nint handler);
            foreach (int signal in (ReadOnlySpan<int>)[Illegal, Trap, Bus, FloatingPoint, Segmentation])
            {
                TakeOver(signal, handler);
            }

            s_installed = true;
        }
    }

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

    private static HandlerGlobals* AllocateGlobals()
    {
        var globals = (HandlerGlobals*)NativeMemory.AllocZeroed((nuint)sizeof(HandlerGlobals));
        globals->CodeRangesEnd = (nint)globals->CodeRanges;
        globals->ImageRangesEnd = (nint)globals->ImageRanges;
        return globals;
    }

    private static void WriteStubs(out nint handler)
    {
        Check(PthreadKeyCreate(&s_globals->Key, 0), "pthread_key_create");
        nint libc = NativeLibrary.Load("libc.so.6");
        s_globals->GetSpecific = NativeLibrary.GetExport(libc, "pthread_getspecific");
        s_globals->Signal = NativeLibrary.GetExport(libc, "signal");
        s_globals->Raise = NativeLibrary.GetExport(libc, "raise");

        StubWriter code = new();
        int enter = X64LinuxStubs.WriteEnter(code, out int trapExit);
        code.Align(16, 0xCC);
        int handle = X64LinuxStubs.WriteHandler(code, (ulong)s_globals);
        nint address = Place(code.Finish());
        Enter = (delegate* unmanaged<Activation*, nint, nint, void*, int>)(address + enter);
        s_globals->TrapExit = address + trapExit;
        handler = address + handle;
    }

    /// <summary>
    /// Puts hand-written code into pages of its own: written before they are executable, and never again. For new code on x86-64 that is
    /// the whole plan.
    /// </summary>
    public static nint Place(byte[] code)
    {
        nint address = Mmap(0, (nuint)code.Length, ProtRead | ProtWrite, MapPrivate | MapAnonymous, -1, 0);
        if (address == -1)
        {
            throw new InvalidOperationException(SystemError.Last("mmap").ToString());
        }

        code.CopyTo(new Span<byte>((void*)address, code.Length));
        if (Mprotect(address, (nuint)code.Length, ProtRead | ProtExec) != 0)
        {
            throw new PlatformNotSupportedException(SystemError.Last("mprotect(PROT_EXEC)").ToString());
        }

        return address;
    }

    private static void TakeOver(int signal, nint handler)
    {
        SigAction action;
        if (Sigaction(signal, null, &action) != 0)
        {
            throw new InvalidOperationException(SystemError.Last("sigaction").ToString());
        }

        // Known to the handler before the handler is known to the system.
        s_globals->OldHandlers[signal] = (ulong)action.Handler;
        action.Flags = (ulong)action.Handler > 1 ? action.Flags | FlagSigInfo : FlagSigInfo | FlagOnStack;
        action.Handler = handler;
        if (Sigaction(signal, &action, null) != 0)
        {
            throw new InvalidOperationException(SystemError.Last("sigaction").ToString());
        }
    }

    private static void Check(int result, string call)
    {
        if (result != 0)
        {
            throw new InvalidOperationException(new SystemError(call, result).ToString());
        }
    }
}
