using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Experiments;

namespace MiniJit.Filetests.Tools;

/// <summary><c>minijit lab mutants</c>: the runtime's publication with one mistake at a time, on machines of all kinds.</summary>
internal static class MutantTools
{
    /// <summary>Enough to kill whatever can be killed, with room to spare.</summary>
    public const int DefaultSeeds = 100;

    /// <summary>Runs and prints the table.</summary>
    public static int Run(ToolContext context, int seeds)
    {
        long start = Stopwatch.GetTimestamp();
        MutantMatrix matrix = MutantMatrix.Run(seeds);
        TextTable table = new();
        List<string> heads = ["mutant"];
        foreach (MachineType machine in MutantMatrix.Machines)
        {
            heads.Add(machine.Name);
        }

        table.Add([.. heads]);
        for (int mutant = 0; mutant < Mutants.All.Length; mutant++)
        {
            List<string> row = [Mutants.All[mutant].Name];
            for (int machine = 0; machine < MutantMatrix.Machines.Length; machine++)
            {
                row.Add(Show(matrix[mutant, machine]));
            }

            table.Add([.. row]);
        }

        context.Output.Write("Killed: the first seed, and what it showed (ill: illegal instruction, old: old result, mix: mixed result, acc: access fault, hang).\n");
        context.Output.Write("-: survived, as the architecture says it must. !: not as expected. *: the system hides a claim that the machine does not keep.\n\n");
        table.Write(context.Output);
        context.Output.Write("\nWhat the mistakes are, and why they kill or do not:\n");
        for (int mutant = 0; mutant < Mutants.All.Length; mutant++)
        {
            Explain(context, mutant);
        }

        context.Output.Write(string.Create(
            CultureInfo.InvariantCulture,
            $"\n{Mutants.All.Length} mutants on {MutantMatrix.Machines.Length} machines, {seeds} seeds: {matrix.Wrong} cells are not as expected ({Stopwatch.GetElapsedTime(start).TotalSeconds:f1} s)\n"));
        return matrix.Wrong == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    /// <summary>One mutant on one machine.</summary>
    public static int Run(ToolContext context, string name, string machineName, int seeds, in ReportRequest request)
    {
        if (Mutants.Find(name) is not { } mutant)
        {
            return context.Usage($"there is no mutant {name}; 'minijit lab mutants' shows them");
        }

        if (MutantMatrix.FindMachine(machineName) is not { } machine)
        {
            return context.Usage($"there is no machine {machineName}; 'minijit lab mutants' shows them");
        }

        MutantCell cell = MutantMatrix.Try(mutant, machine, seeds);
        string verdict = cell.Survived
            ? string.Create(CultureInfo.InvariantCulture, $"survives {seeds} seeds")
            : string.Create(CultureInfo.InvariantCulture, $"is killed by seed {cell.Seed}: {cell.Outcome}");
        context.Output.Write($"{name}: {mutant.Experiment.Sentence}\n  on {machine.Name} it {verdict}\n");
        context.Output.Write($"  {(cell.IsAsExpected ? "as the rules say" : "NOT AS THE RULES SAY")}: {cell.Expected.Reason}\n");
        context.Output.Write(cell.Survived && !request.IsEmpty ? "  nothing failed, so there is nothing to explain, draw or record\n" : "");
        bool isReported = cell.Survived || ExperimentReport.Write(
            context, new(mutant.Experiment, machine), cell.Seed, request, $"minijit lab mutants {name} --machine {machineName} --explain",
            run => RepeatedExperiment.Record(typeof(MutantTools).Assembly.GetName().Version?.ToString(3) ?? "", mutant, machine, run));
        return cell.IsAsExpected && isReported ? ExitCode.Success : ExitCode.Failure;
    }

    private static string Show(MutantCell cell)
    {
        string text = cell.Survived ? "-" : $"{cell.Seed.ToString(CultureInfo.InvariantCulture)} {Short(cell.Outcome.Kind)}";
        return cell.IsAsExpected ? text : $"! {text}";
    }

    private static string Short(OutcomeKind kind) => kind switch
    {
        OutcomeKind.IllegalInstruction => "ill",
        OutcomeKind.OldResult => "old",
        OutcomeKind.MixedResult => "mix",
        OutcomeKind.AccessFault => "acc",
        OutcomeKind.Hang => "hang",
        _ => "refused",
    };

    // Machines with the same verdict for the same reason share a line.
    private static void Explain(ToolContext context, int index)
    {
        Mutant mutant = Mutants.All[index];
        context.Output.Write($"  {mutant.Name}: {mutant.Experiment.Sentence}\n");
        List<(MutantVerdict Verdict, List<string> Machines)> groups = [];
        foreach (MachineType machine in MutantMatrix.Machines)
        {
            MutantVerdict verdict = mutant.On(machine);
            int group = groups.FindIndex(other => other.Verdict == verdict);
            if (group < 0)
            {
                group = groups.Count;
                groups.Add((verdict, []));
            }

            groups[group].Machines.Add(machine.Name);
        }

        foreach ((MutantVerdict verdict, List<string> machines) in groups)
        {
            context.Output.Write($"    {(verdict.IsSafe ? "survives" : "is killed")} {Where(machines)}: {verdict.Reason}\n");
        }
    }

    // The shorter way to say it.
    private static string Where(List<string> machines)
    {
        List<string> others = [];
        foreach (MachineType machine in MutantMatrix.Machines)
        {
            if (!machines.Contains(machine.Name))
            {
                others.Add(machine.Name);
            }
        }

        return others.Count == 0 ? "everywhere"
            : others.Count < machines.Count ? $"on all but {string.Join(", ", others)}"
            : $"on {string.Join(", ", machines)}";
    }
}
