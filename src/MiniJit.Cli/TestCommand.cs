using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Text;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Reports;
using MiniJit.Filetests.Running;
using MiniJit.Filetests.Subtests;
using MiniJit.Filetests.Tools;

namespace MiniJit.Cli;

/// <summary><c>minijit test</c>.</summary>
internal sealed class TestCommand
{
    private readonly Argument<string[]> _paths = new("path") { Description = "Test files, directories (all .clif files below them) and globs.", Arity = ArgumentArity.OneOrMore };
    private readonly Option<int> _jobs = new("--jobs", "-j") { Description = "Threads; one per processor if not given.", HelpName = "n" };
    private readonly Option<string> _filter = new("--filter", "-f") { Description = "Only files whose path contains this text, or matches it if it has wildcards.", HelpName = "text", DefaultValueFactory = _ => "" };
    private readonly Option<string[]> _tests = new("--test") { Description = "Only this subtest; may be repeated.", HelpName = "name" };
    private readonly Option<string[]> _targets = new("--target") { Description = "Only this architecture, or this whole target line; may be repeated.", HelpName = "target" };
    private readonly Option<string> _engine = new("--engine") { Description = "What executes compiled code: native, machine, qemu, or all, which must agree. Native code, or for aarch64 elsewhere the machine, if not given.", HelpName = "engine", DefaultValueFactory = _ => "" };
    private readonly Option<bool> _list = new("--list") { Description = "Write the tests instead of running them." };
    private readonly Option<bool> _failFast = new("--fail-fast") { Description = "Stop at the first failure." };
    private readonly Option<string> _shard = new("--shard") { Description = "Run the i-th of n shares of the files.", HelpName = "i/n", DefaultValueFactory = _ => "1/1" };
    private readonly Option<ulong?> _seed = new("--seed") { Description = "Start the files in a random order that this number decides.", HelpName = "n" };
    private readonly Option<double> _timeout = new("--timeout") { Description = "Seconds that one test may take.", HelpName = "seconds", DefaultValueFactory = _ => 60 };
    private readonly Option<string[]> _report = new("--report") { Description = "junit=FILE, json=FILE, or github for annotations on standard output; may be repeated.", HelpName = "kind[=file]" };
    private readonly Option<bool> _bless = new("--bless") { Description = "Rewrite the expectations of precise-output tests in place." };
    private readonly Option<bool> _inProcess = new("--in-process") { Description = "Run tests in this process: a crash ends the run, and nothing times out." };
    private readonly Option<bool> _verbose = new("--verbose", "-v") { Description = "List every test with its time." };

    /// <summary>The command.</summary>
    /// <param name="worker">A worker that was started in advance, or null.</param>
    public Command Create(WorkerProcess? worker)
    {
        _engine.AcceptOnlyFromAmong([.. EngineTable.Choices]);
        _tests.CompletionSources.Add(_ => SubtestTable.Names);
        _targets.CompletionSources.Add("x86_64", "aarch64");
        _report.CompletionSources.Add("junit=", "json=", "github");
        _jobs.Validators.Add(static result => Require(result, result.GetValueOrDefault<int>() >= 0, "must not be negative"));
        _timeout.Validators.Add(static result => Require(result, result.GetValueOrDefault<double>() > 0, "must be positive"));
        _shard.Validators.Add(static result => Require(result, TryReadShard(result.GetValueOrDefault<string>(), out _, out _), "must be i/n with i from 1 to n"));
        _report.Validators.Add(static result =>
        {
            foreach (Token token in result.Tokens)
            {
                Require(result, token.Value == "github" || Target(token.Value, "junit=").Length + Target(token.Value, "json=").Length > 0, "must be junit=FILE, json=FILE or github");
            }
        });
        _tests.Validators.Add(static result =>
        {
            foreach (Token token in result.Tokens)
            {
                Require(result, IsSubtest(token.Value), $"'{token.Value}' is no subtest");
            }
        });

        Command command = new("test", "Run test files.")
        {
            _paths, _jobs, _filter, _tests, _targets, _engine, _list, _failFast, _shard, _seed, _timeout, _report, _bless, _inProcess, _verbose,
        };
        command.SetAction(parsed => Run(parsed, worker));
        return command;
    }

    /// <summary>Whether these arguments look like a run with a worker. A wrong guess costs a process that is killed at once.</summary>
    public static bool WillNeedWorker(string[] args) => args.Length > 1 && args[0] == "test"
        && Array.IndexOf(args, "--list") < 0 && Array.IndexOf(args, "--help") < 0 && Array.IndexOf(args, "-h") < 0 && Array.IndexOf(args, "--in-process") < 0;

    private int Run(ParseResult parsed, WorkerProcess? worker)
    {
        long start = Stopwatch.GetTimestamp();
        RunOptions options = Options(parsed);
        string unusable = EngineTable.WhyUnusable(options.Engines);
        if (unusable.Length != 0)
        {
            Console.Error.WriteLine($"minijit: {unusable}");
            return ExitCode.Usage;
        }

        List<string> missing = [];
        using StreamWriter output = new(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = false };
        if (parsed.GetValue(_list))
        {
            TestRun.List(options, output, missing);
            return Missing(missing) ? ExitCode.Failure : ExitCode.Success;
        }

        TextReport report = new(output, parsed.GetValue(_verbose));
        ResultBook book = Console.IsOutputRedirected || Console.IsErrorRedirected
            ? TestRun.Run(options, new PlainObserver(report, output), worker, missing)
            : LiveObserver.Run(report, output, observer => TestRun.Run(options, observer, worker, missing));
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        WriteReports(parsed.GetValue(_report) ?? [], book, elapsed, output);
        bool anyMissing = Missing(missing);
        report.WriteSummary(book, elapsed);
        return anyMissing || book.Failed > 0 ? ExitCode.Failure : ExitCode.Success;
    }

    private RunOptions Options(ParseResult parsed)
    {
        _ = TryReadShard(parsed.GetValue(_shard), out int shard, out int count);
        _ = EngineTable.TryRead(parsed.GetValue(_engine) ?? "", out EngineChoice engines);
        return new()
        {
            Paths = parsed.GetValue(_paths) ?? [],
            Jobs = parsed.GetValue(_jobs),
            Filter = parsed.GetValue(_filter) ?? "",
            Subtests = parsed.GetValue(_tests) ?? [],
            Targets = parsed.GetValue(_targets) ?? [],
            Engines = engines,
            FailFast = parsed.GetValue(_failFast),
            Shard = shard,
            ShardCount = count,
            Seed = parsed.GetValue(_seed),
            Timeout = TimeSpan.FromSeconds(parsed.GetValue(_timeout)),
            Bless = parsed.GetValue(_bless),
            InProcess = parsed.GetValue(_inProcess),
        };
    }

    private static bool Missing(List<string> missing)
    {
        foreach (string path in missing)
        {
            Console.Error.WriteLine($"minijit: no such file or directory: {path}");
        }

        return missing.Count > 0;
    }

    private static void WriteReports(string[] reports, ResultBook book, TimeSpan elapsed, TextWriter output)
    {
        foreach (string report in reports)
        {
            if (report == "github")
            {
                FileReports.WriteGitHub(output, book);
            }
            else if (Target(report, "junit=") is { Length: > 0 } junit)
            {
                FileReports.WriteJUnit(junit, book, elapsed);
            }
            else
            {
                FileReports.WriteJson(Target(report, "json="), book, elapsed);
            }
        }
    }

    private static string Target(string text, string prefix) => text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : "";

    private static bool IsSubtest(string name)
    {
        foreach (string known in SubtestTable.Names)
        {
            if (known == name)
            {
                return true;
            }
        }

        return false;
    }

    private static void Require(OptionResult result, bool holds, string error)
    {
        if (!holds)
        {
            result.AddError($"{result.Option.Name} {error}");
        }
    }

    private static bool TryReadShard(string? text, out int shard, out int count)
    {
        shard = count = 1;
        string[] parts = (text ?? "").Split('/');
        return parts.Length == 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out shard)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out count) && shard >= 1 && shard <= count;
    }
}

/// <summary>Writes what is known as soon as it is known, and no progress.</summary>
internal sealed class PlainObserver(TextReport report, TextWriter output) : IRunObserver
{
    public void FileDelivered(FileResults file) => report.WriteFile(file);

    public void Progress(ResultBook book) => output.Flush();
}
