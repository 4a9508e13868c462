using System;
using System.Collections.Generic;
using System.IO;
using MiniJit.Codegen.Settings;
using MiniJit.Filetests.Reports;
using MiniJit.Filetests.Running;
using MiniJit.Filetests.Subtests;
using Xunit;
using TestResult = MiniJit.Filetests.Running.TestResult;

namespace MiniJit.Filetests.Tests;

/// <summary>Whatever tested code does to its process, every other test has its result.</summary>
public sealed class ContainmentTests : IDisposable
{
    private const string Good = """
        test interpret
        test run
        target x86_64
        function %div(i32, i32) -> i32 {
        block0(v0: i32, v1: i32):
            v2 = sdiv v0, v1
            return v2
        }
        ; run: %div(7, 2) == 3
        ; trap: %div(1, 0) == int_divz
        """;

    private const string Aborts = """
        test run
        target x86_64
        target x86_64 sse3
        function %dies(i32) -> i32 {
            fn0 = %abort()
        block0(v0: i32):
            brif v0, block1, block2
        block1:
            call fn0()
            jump block2
        block2:
            return v0
        }
        ; run: %dies(0) == 0
        ; run: %dies(1) == 1
        """;

    private const string Faults = """
        test run
        target x86_64
        function %wild() -> i32 {
        block0:
            v0 = iconst.i64 16
            v1 = load.i32 notrap v0
            return v1
        }
        ; run: %wild() == 1
        """;

    private const string Loops = """
        test run
        target x86_64
        function %loop() -> i32 {
        block0:
            jump block1
        block1:
            jump block1
        }
        ; run: %loop() == 1
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_test_that_kills_its_process_fails_with_signal_and_call_and_the_others_go_on()
    {
        Assert.SkipUnless(TargetTriple.Host.Architecture == TargetArchitecture.X64, "compiled code runs on x86-64");
        ResultBook book = Run(TimeSpan.FromSeconds(30), ("a", Good), ("b", Aborts), ("c", Good), ("d", Faults), ("e", Good));
        Assert.Equal((6, 3, 0), (book.Passed, book.Failed, book.Skipped));
        foreach (TestResult result in book.Files[1].Results)
        {
            Assert.Equal("crashed: the process was killed by SIGABRT during run: %dies(1) == 1 (line 15)", FailureText.FirstLine(result.Outcome.Message));
        }

        TestResult fault = Assert.Single(book.Files[3].Results);
        Assert.Contains("SIGSEGV in %wild+0x", fault.Outcome.Message, StringComparison.Ordinal);
        Assert.Contains("\n=>", fault.Outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_test_that_does_not_end_is_killed_and_the_others_go_on()
    {
        Assert.SkipUnless(TargetTriple.Host.Architecture == TargetArchitecture.X64, "compiled code runs on x86-64");
        ResultBook book = Run(TimeSpan.FromSeconds(2), ("a", Loops), ("b", Good), ("c", Loops), ("d", Good));
        Assert.Equal((4, 2, 0), (book.Passed, book.Failed, book.Skipped));
        Assert.Equal("timed out after 2 s", book.Files[2].Results[0].Outcome.Message);
    }

    [Fact]
    public void Results_are_delivered_in_the_order_of_the_files_whatever_the_order_of_execution()
    {
        (string, string)[] files = new (string, string)[40];
        for (int i = 0; i < files.Length; i++)
        {
            files[i] = ($"f{i:d2}", Good.Replace("7, 2", i % 3 == 0 ? "7, 2" : "9, 3", StringComparison.Ordinal));
        }

        Recorder recorder = new();
        ResultBook book = Run(TimeSpan.FromSeconds(30), recorder, seed: 7, files);
        Assert.Equal(80, book.Passed);
        Assert.Equal(40, recorder.Files.Count);
        for (int i = 0; i < files.Length; i++)
        {
            Assert.EndsWith($"f{i:d2}.clif", recorder.Files[i], StringComparison.Ordinal);
        }
    }

    private ResultBook Run(TimeSpan timeout, params (string Name, string Text)[] files) => Run(timeout, new Recorder(), seed: null, files);

    private ResultBook Run(TimeSpan timeout, Recorder recorder, ulong? seed, params (string Name, string Text)[] files)
    {
        foreach ((string name, string text) in files)
        {
            File.WriteAllText(Path.Combine(_directory, name + ".clif"), text);
        }

        WorkerProcess.Command = (Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "minijit.exe" : "minijit"), []);
        return TestRun.Run(new() { Paths = [_directory], Timeout = timeout, Jobs = 2, Seed = seed }, recorder, null, []);
    }

    private sealed class Recorder : IRunObserver
    {
        public List<string> Files { get; } = [];

        public void FileDelivered(FileResults file) => Files.Add(file.Path);

        public void Progress(ResultBook book)
        {
        }
    }
}
