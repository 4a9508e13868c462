using System;
using System.Diagnostics;
using System.IO;
using System.Text;
using MiniJit.Coherence.Linux;
using Xunit;

namespace MiniJit.Coherence.Tests;

/// <summary>C programs, compiled by gcc at test time: the same output and exit code on the machine as under qemu.</summary>
public sealed class ProgramTests
{
    private const string Compiler = "aarch64-linux-gnu-gcc", Emulator = "qemu-aarch64";
    private const long Budget = 1_000_000_000;

    public static TheoryData<string, string> Programs
    {
        get
        {
            TheoryData<string, string> programs = [];
            foreach (string name in (string[])["sorting", "hashing", "floating", "strings", "recursion", "wide"])
            {
                programs.Add(name, "-O2 -static");
                programs.Add(name, "-O3 -march=armv8.1-a+crc -static");
                programs.Add(name, "-O1 -fPIE -static-pie");
            }

            return programs;
        }
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void Programs_behave_as_under_qemu(string name, string options)
    {
        Assert.SkipUnless(IsInstalled(Compiler), $"{Compiler} is not installed");
        Assert.SkipUnless(IsInstalled(Emulator), $"{Emulator} is not installed");
        string executable = Path.Combine(Path.GetTempPath(), $"minijit-{Environment.ProcessId}-{name}");
        try
        {
            string source = Path.Combine(AppContext.BaseDirectory, "Programs", $"{name}.c");
            (int built, _, string messages) = Execute(Compiler, [.. options.Split(' '), "-o", executable, source, "-lm"]);
            Assert.True(built == 0, messages);
            (int code, string expected, _) = Execute(Emulator, [executable]);
            using MemoryStream output = new(), error = new();
            using LinuxProcess process = new(Stream.Null, output, error);
            Assert.True(process.TryLoad(File.ReadAllBytes(executable), [executable], out string problem), problem);
            ProcessEnd end = process.Run(Budget);
            Assert.Equal("", end.Problem);
            Assert.Equal(expected, Encoding.UTF8.GetString(output.ToArray()));
            Assert.Equal(code, end.ExitCode);
            Assert.Empty(process.MissingCalls);
        }
        finally
        {
            File.Delete(executable);
        }
    }

    private static bool IsInstalled(string program)
    {
        foreach (string directory in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
        {
            if (File.Exists(Path.Combine(directory, program)))
            {
                return true;
            }
        }

        return false;
    }

    private static (int Code, string Output, string Error) Execute(string program, string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
