using MiniJit.Runtime.Platform;

namespace MiniJit.Coherence.Protocols;

/// <summary>What an operating system does for code inside of its calls, documented or not.</summary>
/// <param name="Kind">Which system it is.</param>
/// <param name="ProtectCall">The call that makes pages executable.</param>
/// <param name="MaintainsFreshPages">Whether that call cleans and invalidates a page at its first time as code, and never again (Linux: PG_dcache_clean).</param>
/// <param name="InterruptsCores">Whether the call that synchronises all cores does so. A sandbox may answer 0 and do nothing (Mystikos did).</param>
internal sealed record SystemContribution(OperatingSystemKind Kind, string ProtectCall, bool MaintainsFreshPages, bool InterruptsCores)
{
    public static SystemContribution Linux { get; } = new(OperatingSystemKind.Linux, "mprotect", true, true);

    public static SystemContribution LyingLinux { get; } = Linux with { InterruptsCores = false };

    public static SystemContribution Windows { get; } = new(OperatingSystemKind.Windows, "VirtualProtect", false, true);

    public static SystemContribution MacOS { get; } = new(OperatingSystemKind.MacOS, "mprotect", false, true);
}
