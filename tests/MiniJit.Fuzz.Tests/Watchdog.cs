using System;
using System.Threading;

namespace MiniJit.Fuzz.Tests;

/// <summary>Ends the process with the seed if a program does not end: native code cannot be interrupted.</summary>
internal sealed class Watchdog(ulong seed) : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(120);

    private readonly Timer _timer = new(_ => Environment.FailFast($"seed {seed} does not end"), null, s_limit, Timeout.InfiniteTimeSpan);

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();
}
