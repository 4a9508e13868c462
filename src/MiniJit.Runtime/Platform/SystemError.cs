using System;
using System.Globalization;
using System.Runtime.InteropServices;

namespace MiniJit.Runtime.Platform;

/// <summary>A system call that said no. <c>default</c> is "no error".</summary>
/// <param name="Call">The call's name in the system's manual, with the argument that matters.</param>
/// <param name="Code">errno or GetLastError.</param>
internal readonly record struct SystemError(string Call, int Code)
{
    public bool IsNone => Call is null;

    /// <summary>The error of the call that was just made on this thread.</summary>
    public static SystemError Last(string call) => new(call, Marshal.GetLastPInvokeError());

    /// <summary>For calls that an ordinary process is never refused.</summary>
    public InvalidOperationException ToException() => new(ToString());

    public override string ToString() => IsNone
        ? "no error"
        : string.Create(CultureInfo.InvariantCulture, $"{Call}: {(Code == 0 ? "refused" : Marshal.GetPInvokeErrorMessage(Code))} ({Code})");
}
