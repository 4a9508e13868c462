// The kernel32 calls, and one of the C library, that the runtime makes on Windows. Nothing else in the project declares one.
using System.Runtime.InteropServices;

namespace MiniJit.Runtime.Platform;

internal static partial class WindowsCalls
{
    public const uint PageNoAccess = 0x01, PageReadOnly = 0x02, PageReadWrite = 0x04;
    public const uint PageExecute = 0x10, PageExecuteRead = 0x20, PageExecuteReadWrite = 0x40, PageExecuteWriteCopy = 0x80;
    public const uint SectionReserve = 0x04000000;
    public const uint MapWrite = 0x0002, MapRead = 0x0004, MapExecute = 0x0020;
    public const uint MemoryCommit = 0x1000, MemoryReserve = 0x2000, MemoryRelease = 0x8000;

    [LibraryImport("kernel32", EntryPoint = "CreateFileMappingW", SetLastError = true)]
    public static partial nint CreateFileMapping(nint file, nint attributes, uint protection, uint sizeHigh, uint sizeLow, nint name);

    [LibraryImport("kernel32", SetLastError = true)]
    public static partial nint MapViewOfFileEx(nint section, uint access, uint offsetHigh, uint offsetLow, nuint size, nint address);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool UnmapViewOfFile(nint address);

    [LibraryImport("kernel32", SetLastError = true)]
    public static partial nint VirtualAlloc(nint address, nuint size, uint type, uint protection);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool VirtualFree(nint address, nuint size, uint type);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool VirtualProtect(nint address, nuint size, uint protection, out uint old);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool CloseHandle(nint handle);

    [LibraryImport("kernel32")]
    public static partial nint GetCurrentProcess();

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool FlushInstructionCache(nint process, nint address, nuint size);

    [LibraryImport("kernel32")]
    public static partial void FlushProcessWriteBuffers();

    [LibraryImport("kernel32", SetLastError = true)]
    public static partial nuint VirtualQuery(nint address, out MemoryInformation information, nuint size);

    [LibraryImport("kernel32", SetLastError = true)]
    public static partial uint TlsAlloc();

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool TlsSetValue(uint slot, nint value);

    [LibraryImport("kernel32", SetLastError = true)]
    public static partial nint AddVectoredExceptionHandler(uint first, nint handler);

    [LibraryImport("kernel32")]
    public static partial void GetCurrentThreadStackLimits(out nuint low, out nuint high);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool SetThreadStackGuarantee(ref uint size);

    [LibraryImport("ucrtbase", EntryPoint = "_resetstkoflw")]
    public static partial int ResetStackOverflow();
}

/// <summary>MEMORY_BASIC_INFORMATION of a 64-bit process: a run of pages with the same attributes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MemoryInformation
{
    public nuint BaseAddress, AllocationBase;
    public uint AllocationProtect, PartitionId;
    public nuint RegionSize;
    public uint State, Protect, Type, Unused;
}
