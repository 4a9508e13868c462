using System;

namespace MiniJit.IR;

/// <summary>An invariant of the compiler does not hold: never the input's fault. Carries the pass that noticed.</summary>
public sealed class CompilerBugException : Exception
{
    /// <summary>Reports a broken invariant.</summary>
    /// <param name="pass">The pass that noticed (<c>regalloc</c>, <c>lower</c>, …).</param>
    /// <param name="message">What does not hold.</param>
    public CompilerBugException(string pass, string message)
        : base($"{pass}: {message}") => Pass = pass;

    /// <summary>The pass that noticed.</summary>
    public string Pass { get; }
}
