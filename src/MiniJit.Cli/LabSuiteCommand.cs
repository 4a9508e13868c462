using System;
using System.CommandLine;
using System.Text;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Publication;
using MiniJit.Filetests.Lab;
using MiniJit.Filetests.Stress;
using MiniJit.Filetests.Tools;
using MiniJit.Runtime.Memory;

namespace MiniJit.Cli;

/// <summary><c>minijit lab suite</c>: a test-suite on a machine whose caches lie.</summary>
internal static class LabSuiteCommand
{
    public static Command Create()
    {
        Argument<string[]> paths = new("path") { Description = "Test files, directories or globs; what has run commands for aarch64 is run.", Arity = ArgumentArity.OneOrMore };
        Option<int> cores = new("--cores") { Description = "Cores of the machine, 1 to 64.", HelpName = "n", DefaultValueFactory = _ => 8 };
        Option<int> workers = new("--workers") { Description = "Threads that take files; one per core if not given.", HelpName = "n" };
        Option<string> plan = new("--plan") { Description = "Which steps of publication are performed, as in 'minijit stress'.", HelpName = "name", DefaultValueFactory = _ => "full" };
        Option<string> machine = new("--machine") { Description = Names("Kind of machine:", MachineType.All, static type => type.Name), HelpName = "name", DefaultValueFactory = _ => "none" };
        Option<string> mode = new("--mode") { Description = "adversarial: anything the architecture allows; realistic: what finite caches do.", HelpName = "mode", DefaultValueFactory = _ => "adversarial" };
        Option<string> system = new("--system") { Description = Names("Operating system:", SystemPolicy.All, static policy => policy.Name), HelpName = "name", DefaultValueFactory = _ => "linux" };
        Option<string> views = new("--views") { Description = "one: pages turn from writable to executable; two: each is mapped twice.", HelpName = "one|two", DefaultValueFactory = _ => "one" };
        Option<bool> keep = new("--keep-memory") { Description = "Code memory stays with the process from file to file, as a heap's does." };
        Option<ulong> seed = new("--seed") { Description = "Decides everything that the architecture and the system leave open.", HelpName = "n", DefaultValueFactory = _ => 1 };
        Option<int> runs = new("--runs") { Description = "Runs, with ascending seeds.", HelpName = "n", DefaultValueFactory = _ => 1 };
        Option<int> threads = new("--threads") { Description = "Host threads; one per processor if not given. Results do not depend on it.", HelpName = "n" };
        Option<bool> explain = new("--explain") { Description = "Say why the first command that failed did: shrinks the run first." };
        Option<string> html = new("--html") { Description = "Draw that as a page.", HelpName = "file" };
        Option<string> record = new("--record") { Description = "Write the shrunk run down, for 'minijit lab replay'.", HelpName = "file" };
        plan.AcceptOnlyFromAmong(Array.ConvertAll([.. StressVariant.All], static variant => variant.Name));
        machine.AcceptOnlyFromAmong(Array.ConvertAll(MachineType.All.ToArray(), static type => type.Name));
        system.AcceptOnlyFromAmong(Array.ConvertAll(SystemPolicy.All.ToArray(), static policy => policy.Name));
        mode.AcceptOnlyFromAmong("adversarial", "realistic");
        views.AcceptOnlyFromAmong("one", "two");
        Command command = new("suite", "Run test files on a machine of several cores whose instruction caches lag behind.")
        {
            paths, cores, workers, plan, machine, mode, system, views, keep, seed, runs, threads, explain, html, record,
        };
        command.SetAction(parsed => LabCommand.WithConsole(context =>
        {
            SuiteOptions options = new()
            {
                Cores = parsed.GetValue(cores),
                Workers = parsed.GetValue(workers),
                Plan = StressVariant.Find(parsed.GetValue(plan)!)!,
                Machine = MachineType.Find(parsed.GetValue(machine)!)!,
                Mode = parsed.GetValue(mode) == "realistic" ? LabMode.Realistic : LabMode.Adversarial,
                System = SystemPolicy.Find(parsed.GetValue(system)!)!,
                Views = parsed.GetValue(views) == "two" ? CodeViews.Dual : CodeViews.Flip,
                KeepsMemory = parsed.GetValue(keep),
            };
            string wrong = options.Cores is < 1 or > LyingModel.MaxCores ? $"--cores is a number from 1 to {LyingModel.MaxCores}"
                : options.Workers is < 0 or > SuiteOptions.MostWorkers ? $"--workers is a number up to {SuiteOptions.MostWorkers}"
                : parsed.GetValue(runs) < 1 ? "--runs must be positive"
                : parsed.GetValue(threads) is < 0 or > SuiteTool.MostThreads ? $"--threads is a number up to {SuiteTool.MostThreads}"
                : "";
            if (wrong.Length != 0)
            {
                return context.Usage(wrong);
            }

            int hostThreads = parsed.GetValue(threads) is > 0 and int given ? given : Environment.ProcessorCount;
            return SuiteTool.Run(context, parsed.GetValue(paths)!, options, parsed.GetValue(seed), parsed.GetValue(runs), hostThreads,
                new(parsed.GetValue(explain), parsed.GetValue(html), parsed.GetValue(record)));
        }));
        return command;
    }

    /// <summary><c>minijit lab pr4997</c>.</summary>
    public static Command CreatePr4997()
    {
        Argument<string[]> paths = new("path") { Description = "The suite; filetests/ if not given.", Arity = ArgumentArity.ZeroOrMore };
        Option<int> threads = new("--threads") { Description = "Host threads; one per processor if not given. Results do not depend on it.", HelpName = "n" };
        Option<string> svg = new("--svg") { Description = "Draw the plot into a file.", HelpName = "file" };
        Command command = new("pr4997", "How often a test-suite crashes without cache maintenance: alone, on one core, on many; with the fix, and with each of its steps left out.")
        {
            paths, threads, svg,
        };
        command.SetAction(parsed => LabCommand.WithConsole(context => parsed.GetValue(threads) is < 0 or > SuiteTool.MostThreads
            ? context.Usage($"--threads is a number up to {SuiteTool.MostThreads}")
            : Pr4997Tool.Run(
                context,
                parsed.GetValue(paths) is { Length: > 0 } given ? given : ["filetests/"],
                parsed.GetValue(threads) is > 0 and int number ? number : Environment.ProcessorCount,
                parsed.GetValue(svg) ?? "")));
        return command;
    }

    /// <summary><c>minijit lab replay</c>.</summary>
    public static Command CreateReplay()
    {
        Argument<string> file = new("file") { Description = "What --record has written." };
        Option<bool> steps = new("--steps") { Description = "Print every event first." };
        Option<string> html = new("--html") { Description = "Draw the run as a page.", HelpName = "file" };
        Command command = new("replay", "Repeat a recorded run and say why it fails.") { file, steps, html };
        command.SetAction(parsed => LabCommand.WithConsole(context =>
            ReplayTool.Run(context, parsed.GetValue(file)!, parsed.GetValue(steps), parsed.GetValue(html) ?? "")));
        return command;
    }

    internal static string Names<T>(string what, ReadOnlySpan<T> items, Func<T, string> name)
    {
        StringBuilder text = new(what);
        foreach (T item in items)
        {
            text.Append(' ').Append(name(item));
        }

        return text.Append('.').ToString();
    }
}
