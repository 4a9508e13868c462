using System;
using System.CommandLine;
using System.IO;
using System.Text;
using MiniJit.Filetests.Stress;
using MiniJit.Filetests.Tools;

namespace MiniJit.Cli;

/// <summary><c>minijit stress</c>: threads publish, replace and free functions while others call them.</summary>
internal static class StressCommand
{
    public static Command Create(string[] arguments)
    {
        Option<int> threads = new("--threads") { Description = "Threads that call; one per processor if not given.", HelpName = "n", DefaultValueFactory = _ => Environment.ProcessorCount };
        Option<int> publishers = new("--publishers") { Description = "Threads that publish, up to 8; half as many as call if not given.", HelpName = "n" };
        Option<double> seconds = new("--seconds") { Description = "How long.", HelpName = "s", DefaultValueFactory = _ => 10 };
        Option<long> calls = new("--calls") { Description = "Stop after so many calls, if that is earlier.", HelpName = "n" };
        Option<string> protocol = new("--protocol") { Description = Describe(), HelpName = "name", DefaultValueFactory = _ => "full" };
        Option<bool> @unsafe = new("--unsafe") { Description = "Allow protocols with steps left out. The child process that runs them may crash." };
        Option<ulong> seed = new("--seed") { Description = "Decides sizes, arguments and the order of replacements.", HelpName = "n", DefaultValueFactory = _ => 1 };
        Option<bool> contained = new(StressTool.Contained) { Hidden = true };
        foreach (StressVariant variant in StressVariant.All)
        {
            protocol.CompletionSources.Add(variant.Name);
        }

        Command command = new("stress", "Publish, replace and free functions while other threads call them, and check every result.")
        {
            threads, publishers, seconds, calls, protocol, @unsafe, seed, contained,
        };
        command.SetAction(parsed =>
        {
            using StreamWriter output = new(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true };
            ToolContext context = new(output, Console.Error);
            StressVariant? variant = StressVariant.Find(parsed.GetValue(protocol)!);
            if (variant is null)
            {
                return context.Usage($"there is no protocol {parsed.GetValue(protocol)}");
            }

            if (!variant.IsFull && !parsed.GetValue(@unsafe))
            {
                return context.Usage($"the protocol {variant.Name} leaves steps out; --unsafe allows that");
            }

            if (parsed.GetValue(threads) < 1 || parsed.GetValue(publishers) is < 0 or > 8 || !(parsed.GetValue(seconds) > 0) || parsed.GetValue(calls) < 0)
            {
                return context.Usage("threads, publishers, seconds and calls are positive, and there are up to 8 publishers");
            }

            if (!parsed.GetValue(contained))
            {
                return StressTool.RunContained(context, arguments);
            }

            int callers = parsed.GetValue(threads);
            return StressTool.Run(context, new()
            {
                Executors = callers,
                Publishers = parsed.GetValue(publishers) is > 0 and int given ? given : Math.Clamp(callers / 2, 1, 8),
                Duration = TimeSpan.FromSeconds(parsed.GetValue(seconds)),
                Calls = parsed.GetValue(calls),
                Variant = variant,
                Seed = parsed.GetValue(seed),
            });
        });
        return command;
    }

    private static string Describe()
    {
        StringBuilder text = new("Which steps are performed.");
        foreach (StressVariant variant in StressVariant.All)
        {
            text.Append(' ').Append(variant.Name).Append(": ").Append(variant.Description).Append('.');
        }

        return text.ToString();
    }
}
