using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using MiniJit.Filetests.Tools;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;
using Spectre.Console;

namespace MiniJit.Cli;

/// <summary><c>minijit doctor</c>: what the machine can do, the plans that follow, and what carrying them out looks like.</summary>
internal static class DoctorCommand
{
    private const int WidthInPipe = 160;

    private static readonly (string Name, int Number)[] s_errors = [("EPERM", 1), ("ENOMEM", 12), ("EACCES", 13), ("EFAULT", 14), ("EINVAL", 22), ("ENOSYS", 38)];

    public static Command Create()
    {
        Option<string[]> deny = new("--deny")
        {
            Description = $"First put the process into a sandbox that answers a call with an error, to see what becomes of it: one of {string.Join(", ", SeccompFilter.Names)}, with an errno. Linux; may be repeated.",
            HelpName = "call=errno",
        };
        deny.Validators.Add(static result =>
        {
            foreach (string text in result.GetValueOrDefault<string[]>() ?? [])
            {
                if (!TryRead(text, [], out string problem))
                {
                    result.AddError(problem);
                }
            }
        });
        Command command = new("doctor", "Show how this machine publishes code, do it once, and fail if it is not safe here.") { deny };
        command.SetAction(parsed =>
        {
            List<DeniedCall> calls = [];
            foreach (string text in parsed.GetValue(deny) ?? [])
            {
                TryRead(text, calls, out _);
            }

            return Run(calls);
        });
        return command;
    }

    private static int Run(List<DeniedCall> denied)
    {
        if (denied.Count > 0)
        {
            SystemError error = SeccompFilter.Install(denied, allThreads: true);
            if (!error.IsNone)
            {
                Console.Error.WriteLine($"minijit: no sandbox: {error}");
                return ExitCode.Failure;
            }
        }

        DoctorReport report = PublicationDoctor.Examine();
        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = WidthInPipe;
            AnsiConsole.Profile.Capabilities.Ansi = false;
        }

        Table facts = new Table().Border(TableBorder.None).HideHeaders().AddColumns("", "");
        foreach (DoctorFact fact in report.Facts)
        {
            facts.AddRow(Markup.Escape(fact.Name), Markup.Escape(fact.Value));
        }

        AnsiConsole.Write(facts);
        AnsiConsole.WriteLine();
        Table log = Log("probing");
        AddStep(log, report.Probe);
        AnsiConsole.Write(log);
        foreach (DoctorCase scenario in report.Cases)
        {
            Write(scenario);
        }

        AnsiConsole.MarkupLine(report.IsSafe
            ? "[green]Code can be published safely on this machine.[/]"
            : "[red]Code cannot be published safely on this machine in every case above.[/]");
        return report.IsSafe ? ExitCode.Success : ExitCode.Failure;
    }

    private static void Write(DoctorCase scenario)
    {
        AnsiConsole.WriteLine();
        if (scenario.Plan is { } plan)
        {
            AnsiConsole.WriteLine(plan.ToString().TrimEnd());
        }

        if (scenario.Steps.Count > 0)
        {
            Table log = Log($"{PublicationPlan.NameOf(scenario.Scenario)}, carried out");
            foreach (DoctorStep step in scenario.Steps)
            {
                AddStep(log, step);
            }

            AnsiConsole.Write(log);
        }

        if (scenario.Refusal.Length > 0)
        {
            AnsiConsole.MarkupLineInterpolated($"[red]{PublicationPlan.NameOf(scenario.Scenario)}: {scenario.Refusal}[/]");
        }
    }

    private static Table Log(string title) =>
        new Table { Title = new(Markup.Escape(title)) }.Border(TableBorder.Simple).AddColumns("step, and the calls it made", "result").AddColumn(new TableColumn("µs").RightAligned());

    private static void AddStep(Table log, DoctorStep step)
    {
        log.AddRow(Markup.Escape(step.Step), Markup.Escape(step.Result), Microseconds(step.Duration));
        foreach (HostCallEvent call in step.Calls)
        {
            string result = call.Result.Succeeded
                ? call.Result.Value is < 4096 and >= 0 ? call.Result.Value.ToString(CultureInfo.InvariantCulture) : $"0x{call.Result.Value:x}"
                : $"error {call.Result.Error}";
            log.AddRow($"  {Markup.Escape(call.Call)}", result, Microseconds(call.Duration));
        }
    }

    private static string Microseconds(TimeSpan duration) => duration.TotalMicroseconds.ToString("0.0", CultureInfo.InvariantCulture);

    private static bool TryRead(string text, List<DeniedCall> calls, out string problem)
    {
        problem = "";
        string[] parts = text.Split('=');
        int error = parts.Length == 2 ? Array.Find(s_errors, row => row.Name == parts[1]).Number : 0;
        if (parts.Length != 2 || !Contains(parts[0]) || (error == 0 && (!int.TryParse(parts[1], CultureInfo.InvariantCulture, out error) || error is < 1 or > 4095)))
        {
            problem = $"--deny takes {string.Join(", ", SeccompFilter.Names)}, an equals sign and an errno, like sync-core=EINVAL; not {text}";
            return false;
        }

        if (!OperatingSystem.IsLinux())
        {
            problem = "--deny needs Linux";
            return false;
        }

        SeccompFilter.AddDenials(calls, parts[0], error);
        return true;
    }

    private static bool Contains(string name)
    {
        foreach (string known in SeccompFilter.Names)
        {
            if (known == name)
            {
                return true;
            }
        }

        return false;
    }
}
