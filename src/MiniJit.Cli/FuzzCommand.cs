using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.IO;
using System.Text;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Fuzzing;
using MiniJit.Filetests.Tools;

namespace MiniJit.Cli;

/// <summary><c>minijit fuzz</c>.</summary>
internal sealed class FuzzCommand
{
    private readonly Option<ulong?> _seed = new("--seed") { Description = "Seed of the first program; the others follow. A fresh one if not given.", HelpName = "n" };
    private readonly Option<long> _count = new("--count", "-n") { Description = "Number of programs of one to three functions.", HelpName = "n", DefaultValueFactory = _ => 10_000 };
    private readonly Option<double> _seconds = new("--seconds") { Description = "Stop after this time even if there are programs left.", HelpName = "n" };
    private readonly Option<int> _jobs = new("--jobs", "-j") { Description = "Worker processes; one per processor if not given.", HelpName = "n" };
    private readonly Option<string> _engine = new("--engine") { Description = "Only this engine: native, machine or qemu; all that can be used if not given.", HelpName = "engine", DefaultValueFactory = _ => "all" };
    private readonly Option<string[]> _targets = new("--target") { Description = "Triple and settings; may be repeated. This machine and aarch64 if not given.", HelpName = "target" };
    private readonly Option<string[]> _levels = new("--opt-level") { Description = "Only this optimisation level; may be repeated.", HelpName = "level", DefaultValueFactory = _ => ["none", "speed"] };
    private readonly Option<bool> _check = new("--check") { Description = "Replay every register allocation." };
    private readonly Option<string> _output = new("--output", "-o") { Description = "Directory for the reduced program.", HelpName = "directory", DefaultValueFactory = _ => "." };

    /// <summary>The command.</summary>
    public Command Create()
    {
        _engine.AcceptOnlyFromAmong([.. EngineTable.Choices]);
        _levels.AcceptOnlyFromAmong("none", "speed", "speed_and_size");
        _targets.CompletionSources.Add("x86_64", "aarch64");
        _count.Validators.Add(static result => Require(result, result.GetValueOrDefault<long>() > 0, "must be positive"));
        _seconds.Validators.Add(static result => Require(result, result.GetValueOrDefault<double>() > 0, "must be positive"));
        _jobs.Validators.Add(static result => Require(result, result.GetValueOrDefault<int>() >= 0, "must not be negative"));
        Command command = new("fuzz", "Compare engines with the interpreter on random functions; reduce what differs.")
        {
            _seed, _count, _seconds, _jobs, _engine, _targets, _levels, _check, _output,
        };
        command.SetAction(Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        _ = EngineTable.TryRead(parsed.GetValue(_engine) ?? "", out EngineChoice engines);
        FuzzOptions options = new()
        {
            Seed = parsed.GetValue(_seed) ?? FuzzTool.FreshSeed(),
            Count = parsed.GetValue(_seconds) > 0 && parsed.GetResult(_count) is not { Implicit: false } ? long.MaxValue / 2 : parsed.GetValue(_count),
            Limit = TimeSpan.FromSeconds(parsed.GetValue(_seconds)),
            Jobs = parsed.GetValue(_jobs),
            Engines = engines,
            Targets = parsed.GetValue(_targets) ?? [],
            Levels = parsed.GetValue(_levels) ?? [],
            CheckAllocations = parsed.GetValue(_check),
            Output = parsed.GetValue(_output) ?? ".",
        };
        using StreamWriter output = new(Console.OpenStandardOutput(), new UTF8Encoding(false));
        return FuzzTool.Run(new(output, Console.Error), options);
    }

    private static void Require(OptionResult result, bool holds, string error)
    {
        if (!holds)
        {
            result.AddError($"{result.Option.Name} {error}");
        }
    }
}
