// Windows' side of the door.
using System;
using System.Runtime.InteropServices;

namespace MiniJit.Runtime.Platform;

internal sealed class WindowsHostCalls : IHostCalls
{
    private const int NotSupported = 50;                         // ERROR_NOT_SUPPORTED

    public HostResult Invoke(HostCall call, params ReadOnlySpan<nint> a)
    {
        switch (call)
        {
            case HostCall.CreateFileMapping:
                return Answer(WindowsCalls.CreateFileMapping(a[0], a[1], (uint)a[2], (uint)a[3], (uint)a[4], a[5]));
            case HostCall.MapViewOfFileEx:
                return Answer(WindowsCalls.MapViewOfFileEx(a[0], (uint)a[1], (uint)a[2], (uint)a[3], (nuint)a[4], a[5]));
            case HostCall.UnmapViewOfFile:
                return Answer(WindowsCalls.UnmapViewOfFile(a[0]));
            case HostCall.VirtualAlloc:
                return Answer(WindowsCalls.VirtualAlloc(a[0], (nuint)a[1], (uint)a[2], (uint)a[3]));
            case HostCall.VirtualFree:
                return Answer(WindowsCalls.VirtualFree(a[0], (nuint)a[1], (uint)a[2]));
            case HostCall.VirtualProtect:
                return Answer(WindowsCalls.VirtualProtect(a[0], (nuint)a[1], (uint)a[2], out _));
            case HostCall.CloseHandle:
                return Answer(WindowsCalls.CloseHandle(a[0]));
            case HostCall.FlushInstructionCache:
                return Answer(WindowsCalls.FlushInstructionCache(WindowsCalls.GetCurrentProcess(), a[0], (nuint)a[1]));
            case HostCall.FlushProcessWriteBuffers:
                WindowsCalls.FlushProcessWriteBuffers();         // returns nothing and cannot fail
                return default;
            default:
                return new(0, NotSupported);
        }
    }

    private static HostResult Answer(bool result) => Answer(result ? 1 : 0);

    private static HostResult Answer(nint result) => result == 0 ? new(0, Math.Max(1, Marshal.GetLastPInvokeError())) : new(result, 0);
}
