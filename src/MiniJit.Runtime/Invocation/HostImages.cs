// Which library an imported function lies in: a fault in there during a call of compiled code is reported, not fatal.
using System;
using System.Globalization;
using System.IO;

namespace MiniJit.Runtime.Invocation;

internal static class HostImages
{
    private const int LargestImage = 1 << 30;

    /// <summary>Enters the executable mapping that holds an address in the signal handler's table.</summary>
    public static void NoteImport(nint address)
    {
        if (!OperatingSystem.IsLinux() || SignalHandlers.ImageRanges.Contains((ulong)address))
        {
            return;
        }

        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            // 7f1c2a000000-7f1c2a1b5000 r-xp 00028000 08:01 1234 /lib/x86_64-linux-gnu/libc.so.6
            int dash = line.IndexOf('-'), space = line.IndexOf(' ');
            ulong start = ulong.Parse(line.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            ulong end = ulong.Parse(line.AsSpan(dash + 1, space - dash - 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if ((ulong)address >= start && (ulong)address < end)
            {
                if (line[space + 3] == 'x' && end - start <= LargestImage)
                {
                    // With a full table, faults in this image stay fatal.
                    _ = SignalHandlers.ImageRanges.TryAdd(start, (long)(end - start));
                }

                return;
            }
        }
    }
}
