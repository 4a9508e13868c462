// Sandboxes that refuse a system call, for real: a seccomp filter that answers chosen calls with an error number. For `minijit doctor --deny`
// and for tests; nothing else in the runtime restricts anything. A filter cannot be taken off again.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace MiniJit.Runtime.Platform;

/// <summary>A call that is refused.</summary>
/// <param name="Number">Its number on this architecture.</param>
/// <param name="Argument">Only with this first argument; null for all.</param>
/// <param name="Error">errno.</param>
internal readonly record struct DeniedCall(int Number, uint? Argument, int Error);

internal static unsafe class SeccompFilter
{
    private const ushort LoadWord = 0x20, JumpIfEqual = 0x15, Return = 0x06;
    private const uint Allow = 0x7FFF_0000, AnswerError = 0x0005_0000;
    private const uint NumberOffset = 0, ArgumentOffset = 16;   // struct seccomp_data, little-endian
    private const int SetNoNewPrivileges = 38, SetModeFilter = 1, SynchronizeThreads = 1;

    /// <summary>The calls that can be refused, by the names that users know.</summary>
    public static IReadOnlyList<string> Names { get; } = ["membarrier", "register", "sync-core", "global", "affinity"];

    private static bool IsX64 => RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>The system calls behind a name. All of membarrier spares the one command that .NET itself cannot live without.</summary>
    public static void AddDenials(List<DeniedCall> calls, string name, int error)
    {
        int membarrier = IsX64 ? 324 : 283;
        switch (name)
        {
            case "membarrier":
                foreach (int command in (ReadOnlySpan<int>)[Membarrier.Query, Membarrier.Global, Membarrier.SyncCore, Membarrier.RegisterSyncCore])
                {
                    calls.Add(new(membarrier, (uint)command, error));
                }

                break;
            case "register":
                calls.Add(new(membarrier, Membarrier.RegisterSyncCore, error));
                break;
            case "sync-core":
                calls.Add(new(membarrier, Membarrier.SyncCore, error));
                break;
            case "global":
                calls.Add(new(membarrier, Membarrier.Global, error));
                break;
            case "affinity":
                calls.Add(new(IsX64 ? 203 : 122, null, error));
                break;
            default:
                throw new ArgumentException(name, nameof(name));
        }
    }

    /// <summary>Installs a filter for ever.</summary>
    /// <param name="calls">What is refused; everything else is allowed.</param>
    /// <param name="allThreads">For every thread of the process; otherwise for the caller and the threads it will start.</param>
    public static SystemError Install(IReadOnlyList<DeniedCall> calls, bool allThreads)
    {
        List<Instruction> program = [];
        foreach (DeniedCall call in calls)
        {
            // ld number ; jne next ; [ld argument ; jne next ;] ret errno
            program.Add(new(LoadWord, NumberOffset));
            program.Add(new(JumpIfEqual, (uint)call.Number, Otherwise: (byte)(call.Argument is null ? 1 : 3)));
            if (call.Argument is { } argument)
            {
                program.Add(new(LoadWord, ArgumentOffset));
                program.Add(new(JumpIfEqual, argument, Otherwise: 1));
            }

            program.Add(new(Return, AnswerError | (uint)call.Error));
        }

        program.Add(new(Return, Allow));
        fixed (Instruction* instructions = CollectionsMarshal.AsSpan(program))
        {
            Program filter = new() { Length = (ushort)program.Count, Instructions = instructions };
            if (LinuxCalls.Prctl(SetNoNewPrivileges, 1, 0, 0, 0) != 0)
            {
                return SystemError.Last("prctl(PR_SET_NO_NEW_PRIVS)");
            }

            // A positive answer is the thread that could not be given the filter.
            nint result = LinuxCalls.Syscall(IsX64 ? 317 : 277, SetModeFilter, allThreads ? SynchronizeThreads : 0, (nint)(&filter));
            return result == 0 ? default : result < 0 ? SystemError.Last("seccomp") : new("seccomp(SECCOMP_FILTER_FLAG_TSYNC)", (int)result);
        }
    }

    /// <summary>struct sock_filter.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Instruction(ushort Code, byte Then, byte Otherwise, uint Operand)
    {
        public Instruction(ushort code, uint operand, byte Otherwise = 0)
            : this(code, 0, Otherwise, operand)
        {
        }
    }

    /// <summary>struct sock_fprog.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Program
    {
        public ushort Length;
        public Instruction* Instructions;
    }
}
