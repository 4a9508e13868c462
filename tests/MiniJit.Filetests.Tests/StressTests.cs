using System;
using System.Diagnostics;
using System.IO;
using MiniJit.Codegen.Settings;
using Xunit;

namespace MiniJit.Filetests.Tests;

/// <summary><c>minijit stress</c>, bounded.</summary>
public sealed class StressTests
{
    [Fact]
    public void Threads_call_what_others_replace_and_every_result_is_that_of_a_living_version()
    {
        Assert.SkipUnless(TargetTriple.Host.Architecture == TargetArchitecture.X64, "compiled code runs on x86-64");
        (int exit, string output) = Run("--threads", "3", "--publishers", "2", "--calls", "300000", "--seconds", "20");
        Assert.True(exit == 0, output);
        Assert.Contains("wrong results, traps 0\n", output, StringComparison.Ordinal);
        Assert.Contains("replaced function, two views", output, StringComparison.Ordinal);
        Assert.EndsWith("good\n", output, StringComparison.Ordinal);
    }

    /// <summary>The check can fail: without the wait for threads that are inside, somebody runs into the traps, and this process does not notice.</summary>
    [Fact]
    public void Freeing_too_early_is_caught_and_contained()
    {
        Assert.SkipUnless(TargetTriple.Host.Architecture == TargetArchitecture.X64, "compiled code runs on x86-64");
        (int exit, string output) = Run("--threads", "4", "--seconds", "2.5", "--protocol", "no-wait", "--unsafe");
        Assert.Equal(1, exit);
        Assert.True(output.Contains("FAILED: function", StringComparison.Ordinal) || output.Contains("killed by signal", StringComparison.Ordinal), output);
    }

    [Theory]
    [InlineData("--protocol", "no-wait")]
    public void Leaving_steps_out_has_to_be_asked_for(params string[] arguments) => Assert.Equal(2, Run(arguments).ExitCode);

    private static (int ExitCode, string Output) Run(params string[] arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "minijit.exe" : "minijit");
        ProcessStartInfo start = new(program, ["stress", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        _ = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
