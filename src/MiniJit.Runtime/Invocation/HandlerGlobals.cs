using System.Runtime.InteropServices;

namespace MiniJit.Runtime.Invocation;

/// <summary>What the emitted handlers read; native memory that is never freed. Emitted code knows its offsets.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct HandlerGlobals
{
    public const int SignalLimit = 32, CodeRangeLimit = 1024, ImageRangeLimit = 64;

    public int Key, Unused;                      // 0: Linux: the pthread key of NativeThreadState
    public nint GetSpecific;                     // 8: Linux: pthread_getspecific
    public nint TrapExit;                        // 16
    public nint Signal;                          // 24: Linux: signal
    public nint Raise;                           // 32: Linux: raise
    public nint CodeRangesEnd;                   // 40: one past the last used element of CodeRanges
    public nint ImageRangesEnd;                  // 48
    public nint Unused2;                         // 56
    public fixed ulong OldHandlers[SignalLimit]; // 64: Linux
    public fixed ulong CodeRanges[CodeRangeLimit];       // 320
    public fixed ulong ImageRanges[ImageRangeLimit];     // 8512

    public static HandlerGlobals* Allocate()
    {
        var globals = (HandlerGlobals*)NativeMemory.AllocZeroed((nuint)sizeof(HandlerGlobals));
        globals->CodeRangesEnd = (nint)globals->CodeRanges;
        globals->ImageRangesEnd = (nint)globals->ImageRanges;
        return globals;
    }
}
