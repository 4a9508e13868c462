// The kernel32 calls the runtime makes on Windows. Nothing else in the project declares one.
using System.Runtime.InteropServices;

namespace MiniJit.Runtime.Platform;

internal static partial class WindowsCalls
{
    public const uint PageNoAccess = 0x01, PageReadOnly = 0x02, PageReadWrite = 0x04, PageExecuteRead = 0x20, PageExecuteReadWrite = 0x40;
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
}
