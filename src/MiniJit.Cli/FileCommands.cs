using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.IO;
using System.Text;
using MiniJit.Codegen.Settings;
using MiniJit.Filetests.Tools;

namespace MiniJit.Cli;

/// <summary>The commands that work on single files.</summary>
internal static class FileCommands
{
    private static readonly string[] s_views = ["clif", "vcode", "disasm", "all"];
    private static readonly string[] s_emitKinds = ["obj", "elf"];    // in the order of EmitKind

    /// <summary>Adds them.</summary>
    public static void AddTo(Command root)
    {
        root.Add(Simple("cat", "Print the functions canonically.", FileTools.Cat));
        root.Add(Simple("verify", "Verify the functions.", FileTools.Verify));
        root.Add(Simple("print-cfg", "Print control-flow graphs in Graphviz' language.", FileTools.PrintCfg));
        root.Add(Simple("interpret", "Carry out the run commands in the interpreter.", FileTools.Interpret));
        root.Add(Run());
        root.Add(Compile());
        root.Add(Disasm());
        root.Add(Bench());
        root.Add(BenchPublication());
        root.Add(Time());
        root.Add(Litmus());
    }

    private static Command Simple(string name, string description, Func<ToolContext, IReadOnlyList<string>, int> run)
    {
        Argument<string[]> paths = Paths();
        Command command = new(name, description) { paths };
        command.SetAction(parsed => WithConsole(context => run(context, parsed.GetValue(paths) ?? [])));
        return command;
    }

    private static Command Run()
    {
        Argument<string[]> paths = Paths();
        CompileOptions options = new();
        Command command = options.AddTo(new("run", "Compile for this machine and carry out the run commands.") { paths });
        command.SetAction(parsed => WithConsole(context => CompileTools.Run(context, parsed.GetValue(paths) ?? [], options.Of(parsed))));
        return command;
    }

    private static Command Compile()
    {
        Argument<string[]> paths = Paths();
        CompileOptions options = new();
        Option<string> show = new("--show") { Description = "What to show, separated by commas: clif (after optimisation), vcode, disasm, all.", HelpName = "views", DefaultValueFactory = _ => "" };
        show.CompletionSources.Add(s_views);
        show.Validators.Add(static result =>
        {
            if (!TryReadViews(result.GetValueOrDefault<string>(), out _))
            {
                result.AddError("--show takes clif, vcode, disasm or all, separated by commas");
            }
        });
        Option<string> emit = new("--emit") { Description = "Write everything into one file: obj, an object for the system's linker, or elf, a static executable that begins with %main.", HelpName = "kind", DefaultValueFactory = _ => "" };
        emit.AcceptOnlyFromAmong([.. s_emitKinds]);
        Option<string> output = new("--output", "-o") { Description = "The file that --emit writes; named after the input if not given.", HelpName = "file", DefaultValueFactory = _ => "" };
        Command command = options.AddTo(new("compile", "Compile the functions.") { paths, show, emit, output });
        command.SetAction(parsed => WithConsole(context =>
        {
            int kind = Array.IndexOf(s_emitKinds, parsed.GetValue(emit));
            if (kind >= 0)
            {
                return EmitTools.Emit(context, parsed.GetValue(paths) ?? [], options.Of(parsed), (EmitKind)(kind + 1), parsed.GetValue(output) ?? "");
            }

            _ = TryReadViews(parsed.GetValue(show), out CompileView view);
            return CompileTools.Compile(context, parsed.GetValue(paths) ?? [], options.Of(parsed), view);
        }));
        return command;
    }

    private static Command Disasm()
    {
        Argument<string[]> paths = Paths();
        CompileOptions options = new();
        Command command = options.AddTo(new("disasm", "Compile the functions and show the machine code.") { paths });
        command.SetAction(parsed => WithConsole(context => CompileTools.Compile(context, parsed.GetValue(paths) ?? [], options.Of(parsed), CompileView.Disassembly)));
        return command;
    }

    private static Command Bench()
    {
        Argument<string[]> paths = new("path") { Description = "Files, directories and globs.", Arity = ArgumentArity.OneOrMore };
        CompileOptions options = new();
        Option<int> iterations = Positive("--iters", "How often everything is compiled.", 10);
        Option<bool> json = Json();
        Option<bool> machine = new("--machine") { Description = "Measure the simulated AArch64 machine instead, on kernels that a kernels.tsv beside them lists." };
        Command command = options.AddTo(new("bench", "Measure how long parsing and compiling take.") { paths, iterations, json, machine });
        command.SetAction(parsed => WithConsole(context => parsed.GetValue(machine)
            ? MachineBenchmark.Run(context, parsed.GetValue(paths) ?? [], options.Of(parsed))
            : Measurement.Bench(context, parsed.GetValue(paths) ?? [], options.Of(parsed), parsed.GetValue(iterations), parsed.GetValue(json))));
        return command;
    }

    private static Command BenchPublication()
    {
        Command command = new("bench-publication", "Measure what publishing functions costs, alone and in batches, and which step costs it.");
        command.SetAction(static _ => WithConsole(PublicationBench.Run));
        return command;
    }

    private static Command Time()
    {
        Argument<string> path = new("file") { Description = "The file; '-' is standard input." };
        CompileOptions options = new();
        Option<string> function = new("--func") { Description = "The function to call.", HelpName = "name", Required = true };
        Option<long[]> arguments = new("--arg") { Description = "An integer argument; once per parameter.", HelpName = "n" };
        Option<int> repeat = Positive("--repeat", "How often it is called.", 5);
        Option<bool> json = Json();
        Command command = options.AddTo(new("time", "Measure how long a compiled function takes.") { path, function, arguments, repeat, json });
        command.SetAction(parsed => WithConsole(context => Measurement.Time(
            context, parsed.GetValue(path)!, options.Of(parsed), parsed.GetValue(function)!, parsed.GetValue(arguments) ?? [], parsed.GetValue(repeat), parsed.GetValue(json))));
        return command;
    }

    private static Command Litmus()
    {
        Argument<string[]> paths = new("path") { Description = "Litmus tests in herd's format; of directories all *.litmus.", Arity = ArgumentArity.OneOrMore };
        Option<string> expect = new("--expect") { Description = "A table of verdicts to compare with.", HelpName = "file", DefaultValueFactory = _ => "" };
        Option<int> limit = Positive("--max-states", "States after which a test is given up.", LitmusTools.DefaultStateLimit);
        Option<bool> witness = new("--witness") { Description = "Print a shortest execution that satisfies the condition, or violates it if it shall always hold." };
        Option<bool> stats = new("--stats") { Description = "Report states, their memory and how many are visited in a second by one thread." };
        Command command = new("litmus", "Explore AArch64 litmus tests of instruction fetch exhaustively.") { paths, expect, limit, witness, stats };
        command.SetAction(parsed => WithConsole(context => LitmusTools.Run(context, parsed.GetValue(paths) ?? [], new()
        {
            Expected = parsed.GetValue(expect) ?? "",
            StateLimit = parsed.GetValue(limit),
            Witness = parsed.GetValue(witness),
            Stats = parsed.GetValue(stats),
        })));
        return command;
    }

    private static Argument<string[]> Paths() => new("file") { Description = "Files; '-' is standard input.", Arity = ArgumentArity.OneOrMore };

    private static Option<bool> Json() => new("--json") { Description = "Write one line of JSON." };

    private static Option<int> Positive(string name, string description, int value)
    {
        Option<int> option = new(name) { Description = description, HelpName = "n", DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
            {
                result.AddError($"{name} must be positive");
            }
        });
        return option;
    }

    private static bool TryReadViews(string? text, out CompileView view)
    {
        view = CompileView.None;
        foreach (string word in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            int index = Array.IndexOf(s_views, word);
            if (index < 0)
            {
                return false;
            }

            view |= word == "all" ? CompileView.Clif | CompileView.VCode | CompileView.Disassembly : (CompileView)(1 << index);
        }

        return true;
    }

    private static int WithConsole(Func<ToolContext, int> run)
    {
        using StreamWriter output = new(Console.OpenStandardOutput(), new UTF8Encoding(false), 1 << 16);
        return run(new(output, Console.Error));
    }

    /// <summary>Options of every command that compiles.</summary>
    private sealed class CompileOptions
    {
        private readonly Option<string> _target = new("--target") { Description = "Triple and settings, for example 'x86_64 has_avx'; this machine if not given.", HelpName = "target", DefaultValueFactory = _ => "" };
        private readonly Option<string[]> _settings = new("--set") { Description = "A shared or target setting, name or name=value; may be repeated.", HelpName = "setting" };
        private readonly Option<string> _level = new("--opt") { Description = "Optimisation: none, speed or speed_and_size.", HelpName = "level", DefaultValueFactory = _ => "" };

        public Command AddTo(Command command)
        {
            _target.CompletionSources.Add("x86_64", "aarch64");
            _level.CompletionSources.Add("none", "speed", "speed_and_size");
            _settings.CompletionSources.Add(static _ => SettingNames());
            command.Add(_target);
            command.Add(_settings);
            command.Add(_level);
            return command;
        }

        public ToolOptions Of(ParseResult parsed) => new()
        {
            Target = parsed.GetValue(_target) ?? "",
            Settings = parsed.GetValue(_settings) ?? [],
            OptLevel = parsed.GetValue(_level) ?? "",
        };

        private static List<string> SettingNames()
        {
            List<string> names = [];
            foreach (SettingDescriptor setting in SharedSettings.Group.Settings)
            {
                names.Add(setting.Name);
            }

            return names;
        }
    }
}
