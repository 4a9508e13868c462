// The one door between the runtime and the system it runs on, as far as memory and publication go. Behind it stand the host's calls,
// a log of them, or a test that answers in the system's place.
using System;
using System.Diagnostics;

namespace MiniJit.Runtime.Platform;

/// <summary>What a call answered.</summary>
/// <param name="Value">Its result; what it is worth on failure depends on the call.</param>
/// <param name="Error">errno or GetLastError; 0 if the call succeeded.</param>
internal readonly record struct HostResult(nint Value, int Error)
{
    public bool Succeeded => Error == 0;
}

/// <summary>Calls of the system. Thread-safe.</summary>
internal interface IHostCalls
{
    HostResult Invoke(HostCall call, params ReadOnlySpan<nint> arguments);
}

internal static class HostCalls
{
    /// <summary>The host's.</summary>
    public static IHostCalls Host { get; } = HostPlatform.OperatingSystem switch
    {
        OperatingSystemKind.Linux => new LinuxHostCalls(),
        OperatingSystemKind.Windows => new WindowsHostCalls(),
        _ => new MacHostCalls(),
    };

    /// <summary>A call of which only success matters.</summary>
    public static SystemError Try(this IHostCalls calls, HostCall call, params ReadOnlySpan<nint> arguments) => calls.Try(call, out _, arguments);

    /// <summary>A call with a result.</summary>
    public static SystemError Try(this IHostCalls calls, HostCall call, out nint value, params ReadOnlySpan<nint> arguments)
    {
        HostResult result = calls.Invoke(call, arguments);
        value = result.Value;
        return result.Succeeded ? default : new(HostCallInfo.Of(call).Describe(arguments), result.Error);
    }
}

/// <summary>One call that was made.</summary>
/// <param name="Call">The call with its arguments.</param>
/// <param name="Result">What it answered.</param>
/// <param name="Duration">How long it took.</param>
internal readonly record struct HostCallEvent(string Call, HostResult Result, TimeSpan Duration);

/// <summary>Sees calls as they are made.</summary>
internal interface IHostCallObserver
{
    void Called(in HostCallEvent call);
}

/// <summary>Makes the calls and tells somebody.</summary>
internal sealed class LoggedHostCalls(IHostCalls calls, IHostCallObserver observer) : IHostCalls
{
    public HostResult Invoke(HostCall call, params ReadOnlySpan<nint> arguments)
    {
        long start = Stopwatch.GetTimestamp();
        HostResult result = calls.Invoke(call, arguments);
        TimeSpan duration = Stopwatch.GetElapsedTime(start);
        observer.Called(new(HostCallInfo.Of(call).Format(arguments), result, duration));
        return result;
    }
}
