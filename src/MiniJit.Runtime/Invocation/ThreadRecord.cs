// What the runtime knows about a thread that has called compiled code. The native half is what fault handlers see: it
// is found through a pthread key or a TLS slot, which a handler may read at any time, unlike a managed thread-static.
using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;

namespace MiniJit.Runtime.Invocation;

/// <summary>The native half; emitted code knows its offsets.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeThreadState
{
    /// <summary>The innermost entry into compiled code that has not returned, or null.</summary>
    public Activation* Current;

    /// <summary>Lowest address of the thread's stack; below it lies the guard.</summary>
    public nuint StackLow;

    /// <summary>One past the highest address.</summary>
    public nuint StackHigh;

    /// <summary>Epoch of the outermost entry; 0 outside of compiled code.</summary>
    public long EntryEpoch;
}

/// <summary>One entry into compiled code; lives on the stack of the managed caller. Emitted code knows its offsets.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Activation
{
    /// <summary>Room for those of every architecture: x86-64 Linux saves 23, AArch64 34.</summary>
    public const int RegisterCount = 34;

    /// <summary>Stack pointer inside of the entry stub, stored by it.</summary>
    public nuint StackPointer;

    /// <summary>The entry around this one.</summary>
    public Activation* Previous;

    /// <summary>Signal number and code of the fault; stored by the fault handler, like everything that follows. On Windows the code of the exception and its first parameter.</summary>
    public int Signal, SignalCode;

    /// <summary>The address that could not be accessed.</summary>
    public nuint FaultAddress;

    /// <summary>For a fault outside of compiled code: the innermost return address into it, or 0.</summary>
    public nuint Caller;

    /// <summary>The machine's registers at the fault, in the order of the system's context.</summary>
    public fixed ulong Registers[RegisterCount];
}

internal sealed unsafe class ThreadRecord
{
    private static readonly Lock s_lock = new();
    private static readonly List<nint> s_states = [];            // all live threads' native halves

    [ThreadStatic]
    private static ThreadRecord? t_current;

    private ThreadRecord()
    {
        State = (NativeThreadState*)NativeMemory.AllocZeroed((nuint)sizeof(NativeThreadState));
        FaultHandling.Install();
        FaultHandling.PrepareThread(State);
        lock (s_lock)
        {
            s_states.Add((nint)State);
        }
    }

    // Reached when the thread is gone and with it the only reference, its thread-static.
    ~ThreadRecord()
    {
        lock (s_lock)
        {
            s_states.Remove((nint)State);
        }

        NativeMemory.Free(State);
    }

    public NativeThreadState* State { get; }

    public static ThreadRecord Current
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => t_current ?? Create();
    }

    /// <summary>The earliest epoch in which a thread entered that is still inside; <see cref="long.MaxValue"/> if none is.</summary>
    public static long OldestEntry()
    {
        long oldest = long.MaxValue;
        lock (s_lock)
        {
            foreach (nint state in s_states)
            {
                long epoch = Volatile.Read(ref ((NativeThreadState*)state)->EntryEpoch);
                oldest = epoch == 0 ? oldest : Math.Min(oldest, epoch);
            }
        }

        return oldest;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ThreadRecord Create() => t_current = new();
}
