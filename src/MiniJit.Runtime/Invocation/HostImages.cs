// Which library an imported function lies in: a fault in there during a call of compiled code is reported, not fatal.
using System;
using System.Globalization;
using System.IO;
using System.Runtime.CompilerServices;
using MiniJit.Runtime.Platform;

namespace MiniJit.Runtime.Invocation;

internal static class HostImages
{
    private const int LargestImage = 1 << 30;

    /// <summary>Enters the executable mapping that holds an address in the fault handler's table.</summary>
    public static void NoteImport(nint address)
    {
        if (FaultHandling.ImageRanges.Contains((ulong)address))
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            NoteRegion(address);
        }
        else if (OperatingSystem.IsLinux())
        {
            NoteMapping(address);
        }
    }

    private static void NoteRegion(nint address)
    {
        if (WindowsCalls.VirtualQuery(address, out MemoryInformation region, (nuint)Unsafe.SizeOf<MemoryInformation>()) != 0
            && (region.Protect & (WindowsCalls.PageExecute | WindowsCalls.PageExecuteRead | WindowsCalls.PageExecuteReadWrite | WindowsCalls.PageExecuteWriteCopy)) != 0)
        {
            Note(region.BaseAddress, region.RegionSize);
        }
    }

    private static void NoteMapping(nint address)
    {
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            // 7f1c2a000000-7f1c2a1b5000 r-xp 00028000 08:01 1234 /lib/x86_64-linux-gnu/libc.so.6
            int dash = line.IndexOf('-'), space = line.IndexOf(' ');
            ulong start = ulong.Parse(line.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            ulong end = ulong.Parse(line.AsSpan(dash + 1, space - dash - 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if ((ulong)address >= start && (ulong)address < end)
            {
                if (line[space + 3] == 'x')
                {
                    Note(start, end - start);
                }

                return;
            }
        }
    }

    private static void Note(ulong start, ulong size)
    {
        // With a full table, faults in this image stay fatal.
        _ = size <= LargestImage && FaultHandling.ImageRanges.TryAdd(start, (long)size);
    }
}
