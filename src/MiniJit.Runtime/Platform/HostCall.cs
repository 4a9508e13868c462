// Every call by which the runtime asks the system for memory or for publication, once: its name, and how its arguments read in a
// report. The cache instructions of AArch64 are here as well: to a program they are requests to the machine like the others,
// and a test answers them in the same way.
using System;
using System.Globalization;
using System.Text;

namespace MiniJit.Runtime.Platform;

internal enum HostCall : byte
{
    // Linux; the first ones are macOS' as well
    Mmap,
    Munmap,
    Mprotect,
    Madvise,
    MemfdCreate,
    Ftruncate,
    Close,
    Membarrier,
    GetAffinity,
    SetAffinity,
    RunOnProcessor,
    RiscVFlushIcache,

    // AArch64 instructions, one routine each
    ReadCacheType,
    CleanDataLines,
    InvalidateInstructionLines,
    DataBarrier,
    ContextSync,

    // Windows
    CreateFileMapping,
    MapViewOfFileEx,
    UnmapViewOfFile,
    VirtualAlloc,
    VirtualFree,
    VirtualProtect,
    CloseHandle,
    FlushInstructionCache,
    FlushProcessWriteBuffers,

    // macOS
    JitWriteProtect,
    SysIcacheInvalidate,
    StopEachThread,
}

/// <summary>One row of the table.</summary>
/// <param name="Call">The call.</param>
/// <param name="Name">Its name in the system's manual.</param>
/// <param name="Arguments">How each argument is written: x hexadecimal, d decimal, p protection bits, m membarrier command, - not at all.</param>
internal sealed record HostCallInfo(HostCall Call, string Name, string Arguments)
{
    private static readonly HostCallInfo[] s_rows =              // enum order is asserted by a test
    [
        new(HostCall.Mmap, "mmap", "xxpxdx"),
        new(HostCall.Munmap, "munmap", "xx"),
        new(HostCall.Mprotect, "mprotect", "xxp"),
        new(HostCall.Madvise, "madvise", "xxd"),
        new(HostCall.MemfdCreate, "memfd_create", "-x"),
        new(HostCall.Ftruncate, "ftruncate", "dx"),
        new(HostCall.Close, "close", "d"),
        new(HostCall.Membarrier, "membarrier", "mdd"),
        new(HostCall.GetAffinity, "sched_getaffinity", "dd-"),
        new(HostCall.SetAffinity, "sched_setaffinity", "dd-"),
        new(HostCall.RunOnProcessor, "sched_setaffinity to one processor", "d"),
        new(HostCall.RiscVFlushIcache, "riscv_flush_icache", "xxx"),
        new(HostCall.ReadCacheType, "mrs ctr_el0", ""),
        new(HostCall.CleanDataLines, "dc cvau", "xxd"),
        new(HostCall.InvalidateInstructionLines, "ic ivau", "xxd"),
        new(HostCall.DataBarrier, "dsb ish", ""),
        new(HostCall.ContextSync, "isb", ""),
        new(HostCall.CreateFileMapping, "CreateFileMapping", "dxxxxx"),
        new(HostCall.MapViewOfFileEx, "MapViewOfFileEx", "xxxxxx"),
        new(HostCall.UnmapViewOfFile, "UnmapViewOfFile", "x"),
        new(HostCall.VirtualAlloc, "VirtualAlloc", "xxxx"),
        new(HostCall.VirtualFree, "VirtualFree", "xxx"),
        new(HostCall.VirtualProtect, "VirtualProtect", "xxx"),
        new(HostCall.CloseHandle, "CloseHandle", "x"),
        new(HostCall.FlushInstructionCache, "FlushInstructionCache", "xx"),
        new(HostCall.FlushProcessWriteBuffers, "FlushProcessWriteBuffers", ""),
        new(HostCall.JitWriteProtect, "pthread_jit_write_protect_np", "d"),
        new(HostCall.SysIcacheInvalidate, "sys_icache_invalidate", "xx"),
        new(HostCall.StopEachThread, "thread_get_register_pointer_values of each thread", ""),
    ];

    public static ReadOnlySpan<HostCallInfo> Table => s_rows;

    public static HostCallInfo Of(HostCall call) => s_rows[(int)call];

    /// <summary>The call with its arguments, as a programmer would write it.</summary>
    public string Format(ReadOnlySpan<nint> arguments)
    {
        StringBuilder text = new(Name);
        text.Append('(');
        int written = 0;
        for (int i = 0; i < Math.Min(arguments.Length, Arguments.Length); i++)
        {
            if (Arguments[i] == '-')
            {
                continue;
            }

            text.Append(written++ > 0 ? ", " : "");
            nint value = arguments[i];
            text.Append(Arguments[i] switch
            {
                'd' => value.ToString(CultureInfo.InvariantCulture),
                'm' => Membarrier.NameOf((int)value),
                'p' => Protection(value),
                _ => $"0x{value:x}",
            });
        }

        return text.Append(')').ToString();
    }

    /// <summary>The call's name for an error, with the argument that tells it from others of its kind.</summary>
    public string Describe(ReadOnlySpan<nint> arguments)
    {
        int place = Arguments.AsSpan().IndexOfAny('m', 'p');
        return place < 0 || place >= arguments.Length ? Name
            : Arguments[place] == 'm' ? $"{Name}({Membarrier.NameOf((int)arguments[place])})"
            : $"{Name}({Protection(arguments[place])})";
    }

    private static string Protection(nint bits) =>
        bits == 0 ? "PROT_NONE"
        : ((bits & LinuxCalls.ProtRead) != 0 ? "R" : "-") + ((bits & LinuxCalls.ProtWrite) != 0 ? "W" : "-") + ((bits & LinuxCalls.ProtExec) != 0 ? "X" : "-");
}

/// <summary>The commands of membarrier(2).</summary>
internal static class Membarrier
{
    public const int Query = 0, Global = 1, SyncCore = 1 << 5, RegisterSyncCore = 1 << 6;

    public static string NameOf(int command) => command switch
    {
        Query => "QUERY",
        Global => "GLOBAL",
        SyncCore => "PRIVATE_EXPEDITED_SYNC_CORE",
        RegisterSyncCore => "REGISTER_PRIVATE_EXPEDITED_SYNC_CORE",
        _ => command.ToString(CultureInfo.InvariantCulture),
    };
}
