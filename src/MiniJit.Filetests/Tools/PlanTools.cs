// minijit lab plans: the publication plans of several engines, judged on every machine and in every scenario.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using MiniJit.Coherence.Protocols;
using MiniJit.Runtime.Publication;

namespace MiniJit.Filetests.Tools;

/// <summary>How the table is written.</summary>
internal enum PlanFormat : byte
{
    /// <summary>The table and all executions.</summary>
    Text,

    /// <summary>The table alone.</summary>
    Table,
    Markdown,
    Json,
}

/// <summary>The lab's command about publication plans.</summary>
internal sealed class PlanTools
{
    private static readonly string[] s_scenarios = ["new code", "reused memory", "patched code", "other thread"];    // in the order of ProtocolScenario

    private readonly ToolContext _context;
    private readonly List<EnginePlan> _plans;
    private readonly PlanTable _table;
    private readonly List<PlanAnswer> _witnesses = [];         // in the order of their numbers
    private readonly List<List<PlanCell>> _occurrences = [];

    private PlanTools(ToolContext context, List<EnginePlan> plans)
    {
        (_context, _plans, _table) = (context, plans, PlanTable.Of(plans));
        ForEachCell((cell, answer) =>
        {
            if (answer is { IsSafe: false })
            {
                int number = _witnesses.FindIndex(known => SameSteps(known, answer));
                if (number < 0)
                {
                    number = _witnesses.Count;
                    _witnesses.Add(answer);
                    _occurrences.Add([]);
                }

                _occurrences[number].Add(cell);
            }
        });
    }

    /// <summary>Judges plans and prints the table.</summary>
    /// <param name="context">For output.</param>
    /// <param name="name">Part of the names of the plans that are wanted, which are then printed with steps and executions; empty for all.</param>
    /// <param name="format">How.</param>
    public static int Run(ToolContext context, string name, PlanFormat format)
    {
        List<EnginePlan> plans = [];
        foreach (EnginePlan plan in EnginePlans.All)
        {
            if (plan.Name.Contains(name, StringComparison.OrdinalIgnoreCase))
            {
                plans.Add(plan);
            }
        }

        if (plans.Count == 0)
        {
            return context.Usage($"there is no plan whose name contains '{name}'");
        }

        PlanTools tools = new(context, plans);
        switch (format)
        {
            case PlanFormat.Json:
                tools.PrintJson();
                break;
            case PlanFormat.Markdown:
                tools.PrintMarkdown();
                break;
            default:
                tools.PrintText(name.Length != 0, format == PlanFormat.Text);
                break;
        }

        return ExitCode.Success;
    }

    // Different questions may go wrong in the same way.
    private static bool SameSteps(PlanAnswer left, PlanAnswer right)
    {
        if (left.Steps.Count != right.Steps.Count)
        {
            return false;
        }

        for (int i = 0; i < left.Steps.Count; i++)
        {
            if (left.Steps[i] != right.Steps[i])
            {
                return false;
            }
        }

        return true;
    }

    private void ForEachCell(Action<PlanCell, PlanAnswer?> action)
    {
        foreach (EnginePlan plan in _plans)
        {
            foreach (ProtocolScenario scenario in PlanTable.Scenarios)
            {
                foreach (ProtocolMachine machine in ProtocolMachine.All)
                {
                    PlanCell cell = new(plan, machine, scenario);
                    action(cell, _table[cell]);
                }
            }
        }
    }

    private string Mark(PlanCell cell)
    {
        PlanAnswer? answer = _table[cell];
        return answer is null ? "-" : answer.IsSafe ? "safe" : string.Create(CultureInfo.InvariantCulture, $"!{1 + _witnesses.FindIndex(known => SameSteps(known, answer))}");
    }

    // ---- text

    private void PrintText(bool withSteps, bool withWitnesses)
    {
        if (withSteps)
        {
            _plans.ForEach(PrintSteps);
        }

        int width = 0;
        _plans.ForEach(plan => width = Math.Max(width, plan.Name.Length));
        StringBuilder line = new(new string(' ', width));
        foreach (string scenario in s_scenarios)
        {
            line.Append("  | ").Append(scenario.PadRight((ProtocolMachine.All.Length * 6) - 2));
        }

        Write(line);
        line.Append(' ', width);
        foreach (string _ in s_scenarios)
        {
            line.Append("  | ");
            foreach (ProtocolMachine machine in ProtocolMachine.All)
            {
                line.Append(machine.Name.PadRight(6));
            }

            line.Length -= 2;
        }

        Write(line);
        foreach (EnginePlan plan in _plans)
        {
            line.Append(plan.Name.PadRight(width));
            foreach (ProtocolScenario scenario in PlanTable.Scenarios)
            {
                line.Append("  | ");
                foreach (ProtocolMachine machine in ProtocolMachine.All)
                {
                    line.Append(Mark(new(plan, machine, scenario)).PadRight(6));
                }

                line.Length -= 2;
            }

            Write(line);
        }

        _context.Output.Write("\nsafe: no execution runs anything but the new code; !n: execution n does. Machines: CTR_EL0 has neither bit, IDC, DIC, both; -: the system runs on no such machine.\n");
        _context.Output.Write("new code, reused memory: callers come out of the kernel; patched code, other thread: callers are running already.\n");
        _context.Output.Write(string.Create(CultureInfo.InvariantCulture, $"{_table.Questions} different questions, {_table.States} states.\n"));
        foreach (EnginePlan plan in _plans)
        {
            if (plan.Note.Length != 0)
            {
                _context.Output.Write($"{plan.Name}: {plan.Note}\n");
            }
        }

        for (int i = 0; i < _witnesses.Count && withWitnesses; i++)
        {
            PrintWitness(i);
        }
    }

    private void Write(StringBuilder line)
    {
        _context.Output.Write($"{line.ToString().TrimEnd()}\n");
        line.Clear();
    }

    private void PrintSteps(EnginePlan plan)
    {
        _context.Output.Write($"{plan.Name}\n");
        int number = 0;
        foreach (PublicationStep step in plan.StepsOn(false, false, ProtocolScenario.ReusedMemory))
        {
            _context.Output.Write(string.Create(CultureInfo.InvariantCulture, $"  {++number}. {step}\n"));
        }

        if (plan.Readers == ReaderDuty.ContextSync)
        {
            _context.Output.Write("  callers: synchronise own context after they have learned of new code\n");
        }

        _context.Output.Write("\n");
    }

    private void PrintWitness(int index)
    {
        List<PlanCell> cells = _occurrences[index];
        PlanCell first = cells[0];
        string others = cells.Count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $", and {cells.Count - 1} more");
        _context.Output.Write(string.Create(
            CultureInfo.InvariantCulture, $"\n!{index + 1}  {first.Plan.Name}, {s_scenarios[(int)first.Scenario]}, machine {first.Machine.Name}{others}\n"));
        IReadOnlyList<string> steps = _witnesses[index].Steps;
        for (int i = 0; i < steps.Count; i++)
        {
            _context.Output.Write(string.Create(CultureInfo.InvariantCulture, $"{i + 1,4}. {steps[i]}\n"));
        }
    }

    // ---- other formats

    private void PrintMarkdown()
    {
        StringBuilder line = new("| plan |");
        StringBuilder rule = new("|---|");
        foreach (string scenario in s_scenarios)
        {
            foreach (ProtocolMachine machine in ProtocolMachine.All)
            {
                line.Append(' ').Append(scenario).Append(", ").Append(machine.Name).Append(" |");
                rule.Append("---|");
            }
        }

        Write(line);
        Write(rule);
        foreach (EnginePlan plan in _plans)
        {
            line.Append("| ").Append(plan.Name).Append(" |");
            foreach (ProtocolScenario scenario in PlanTable.Scenarios)
            {
                foreach (ProtocolMachine machine in ProtocolMachine.All)
                {
                    line.Append(' ').Append(Mark(new(plan, machine, scenario)).Replace("!", "unsafe ", StringComparison.Ordinal)).Append(" |");
                }
            }

            Write(line);
        }

        for (int i = 0; i < _witnesses.Count; i++)
        {
            _context.Output.Write(string.Create(CultureInfo.InvariantCulture, $"\nunsafe {i + 1}:\n\n"));
            foreach (string step in _witnesses[i].Steps)
            {
                _context.Output.Write($"1. {step}\n");
            }
        }
    }

    /// <summary>One object per line and cell.</summary>
    private void PrintJson() => ForEachCell((cell, answer) =>
    {
        if (answer is not null)
        {
            StringBuilder steps = new();
            foreach (string step in answer.Steps)
            {
                steps.Append(steps.Length == 0 ? "" : ",").Append(Quote(step));
            }

            _context.Output.Write(string.Create(
                CultureInfo.InvariantCulture,
                $"{{\"plan\":{Quote(cell.Plan.Name)},\"scenario\":{Quote(s_scenarios[(int)cell.Scenario])},\"machine\":{Quote(cell.Machine.Name)},\"safe\":{(answer.IsSafe ? "true" : "false")},\"witness\":[{steps}]}}\n"));
        }
    });

    private static string Quote(string text) => $"\"{System.Text.Json.JsonEncodedText.Encode(text)}\"";
}
