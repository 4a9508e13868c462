using System;
using System.Diagnostics;
using System.IO;
using Xunit;

namespace MiniJit.Filetests.Tests;

/// <summary><c>minijit doctor</c> in sandboxes that are real: the child process is under a seccomp filter, and the kernel says no.</summary>
public sealed class DoctorTests
{
    private const string SyncCore = "membarrier(PRIVATE_EXPEDITED_SYNC_CORE, 0, 0)", Register = "membarrier(REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0)";
    private const string Global = "membarrier(GLOBAL, 0, 0)", Move = "sched_setaffinity to one processor(0)";

    [Fact]
    public void This_machine_publishes_safely()
    {
        (int exit, string output) = Run();
        Assert.True(exit == 0, output);
        Assert.Contains("new code, carried out", output, StringComparison.Ordinal);
        Assert.Contains("reused memory, carried out", output, StringComparison.Ordinal);
        Assert.Contains("replaced function, carried out", output, StringComparison.Ordinal);
        Assert.Matches("wait for threads in old code, fill old code with traps +done", output);
    }

    // What is denied -> exit code and how often each call was made until something worked, or did not, when the machine was probed:
    // SYNC_CORE, REGISTER, GLOBAL, moving to processor 0.
    [Theory]
    [InlineData("sync-core=EINVAL", 0, "membarrier GLOBAL", 1, 0, 1, 0)]
    [InlineData("sync-core=EPERM", 0, "membarrier GLOBAL", 2, 1, 1, 0)]
    [InlineData("sync-core=EINVAL global=EINVAL", 0, "sched_setaffinity to each processor", 1, 0, 1, 1)]
    [InlineData("register=EPERM", 0, "membarrier GLOBAL", 1, 1, 1, 0)]
    [InlineData("membarrier=ENOSYS", 0, "sched_setaffinity to each processor", 1, 0, 0, 1)]
    [InlineData("membarrier=ENOSYS affinity=EPERM", 1, "impossible", 1, 0, 0, 0)]
    [InlineData("sync-core=EFAULT", 1, "impossible", 1, 0, 0, 0)]
    public void Every_refusal_of_the_kernel_is_answered(string denied, int exitCode, string means, int syncCore, int register, int global, int moves)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "seccomp is Linux'");
        (int exit, string output) = Run(Array.ConvertAll(denied.Split(' '), call => $"--deny={call}"));
        Assert.True(exit == exitCode, output);
        Assert.Contains($"synchronising cores {means}", output, StringComparison.Ordinal);
        string probing = output[output.IndexOf("probing", StringComparison.Ordinal)..output.IndexOf(", new code", StringComparison.Ordinal)];
        Assert.Equal((syncCore, register, global, moves), (Count(probing, SyncCore), Count(probing, Register), Count(probing, Global), Count(probing, Move)));
        if (exitCode == 0)
        {
            // Carried out, and not only planned: what made the cores forget stands in the log of the step, and the new code ran.
            string reused = output[output.IndexOf("reused memory, carried out", StringComparison.Ordinal)..output.IndexOf("replaced function", StringComparison.Ordinal)];
            Assert.Equal((0, global, moves), (Count(reused, SyncCore), global == 1 && moves == 0 ? Count(reused, Global) : global, Count(reused, Move)));
            Assert.Matches("call the function +43", reused);
        }
        else
        {
            Assert.Contains("no way to make other cores serialise", output, StringComparison.Ordinal);
            Assert.Contains("cannot be published safely", output, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("--deny=open=EPERM")]
    public void A_sandbox_that_nobody_understands_is_an_error_of_usage(string option) => Assert.Equal(2, Run(option).ExitCode);

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static (int ExitCode, string Output) Run(params string[] arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "minijit.exe" : "minijit");
        ProcessStartInfo start = new(program, ["doctor", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        _ = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
