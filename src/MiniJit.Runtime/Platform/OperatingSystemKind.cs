using System;

namespace MiniJit.Runtime.Platform;

/// <summary>The systems that have a publication plan.</summary>
internal enum OperatingSystemKind : byte
{
    Linux,
    Windows,
    MacOS,
}

internal static class HostPlatform
{
    public static OperatingSystemKind OperatingSystem { get; } =
        System.OperatingSystem.IsWindows() ? OperatingSystemKind.Windows
        : System.OperatingSystem.IsMacOS() ? OperatingSystemKind.MacOS
        : System.OperatingSystem.IsLinux() ? OperatingSystemKind.Linux
        : throw new PlatformNotSupportedException("MiniJit.Runtime knows Linux, Windows and macOS.");
}
