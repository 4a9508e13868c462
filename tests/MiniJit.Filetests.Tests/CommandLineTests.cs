using System;
using System.Diagnostics;
using System.IO;
using Xunit;

namespace MiniJit.Filetests.Tests;

/// <summary>The program as its users start it.</summary>
public sealed class CommandLineTests
{
    [Fact]
    public void A_file_that_does_not_exist_is_named_in_words()
    {
        string missing = Path.Combine(AppContext.BaseDirectory, "missing.clif");
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "minijit.exe" : "minijit"), ["cat", missing])
        {
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(1, process.ExitCode);
        Assert.StartsWith("minijit: Could not find file", errors, StringComparison.Ordinal);
        Assert.Contains(missing, errors, StringComparison.Ordinal);
    }
}
