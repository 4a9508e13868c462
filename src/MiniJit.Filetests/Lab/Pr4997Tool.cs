using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using MiniJit.Filetests.Tools;

namespace MiniJit.Filetests.Lab;

/// <summary><c>minijit lab pr4997</c>: the table and the plot.</summary>
internal static class Pr4997Tool
{
    private const int BarWidth = 30;

    /// <summary>Runs the experiment.</summary>
    /// <param name="context">Where to.</param>
    /// <param name="paths">The suite.</param>
    /// <param name="threads">Host threads; the result does not depend on it.</param>
    /// <param name="svg">Where the plot goes; empty for nowhere.</param>
    public static int Run(ToolContext context, IReadOnlyList<string> paths, int threads, string svg)
    {
        if (!SuiteTool.TryLoad(context, paths, out SuiteImage whole))
        {
            return ExitCode.Failure;
        }

        SuiteImage image = whole.Shortened(Pr4997.CommandsPerFunction, Pr4997.LongCommand);
        TextWriter output = context.Output;
        output.Write(string.Create(CultureInfo.InvariantCulture,
            $"Probability that a run crashes or goes wrong, with intervals of 95 %: {image.Files.Count} files with {image.Commands} commands, a suite is {Pr4997.SuiteFiles} file runs, Windows.\n"));
        SuiteTool.WriteOmissions(output, whole);
        Pr4997 experiment = new(image, threads);
        List<(Pr4997Plan Plan, Pr4997Setting Setting, Pr4997Cell Cell)> cells = [];
        bool isSafe = true;
        foreach (Pr4997Plan plan in Pr4997.Plans)
        {
            output.Write($"\n{plan.Text} (--plan {plan.Variant.Name})\n");
            foreach (Pr4997Setting setting in Pr4997.Settings)
            {
                Pr4997Cell cell = experiment.Run(plan, setting);
                cells.Add((plan, setting, cell));
                isSafe &= !plan.Variant.IsFull || cell.Failed.Count == 0;
                output.Write(Row(setting, cell));
                output.Flush();
            }
        }

        if (svg.Length != 0)
        {
            try
            {
                File.WriteAllText(svg, Pr4997Plot.Draw(cells));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return context.Fail(e.Message);
            }
        }

        return !isSafe ? context.Fail("the whole plan failed") : whole.HasWrongFiles ? ExitCode.Failure : ExitCode.Success;
    }

    private static string Row(Pr4997Setting setting, Pr4997Cell cell)
    {
        Proportion failed = cell.Failed;
        int full = (int)Math.Round(failed.Estimate * BarWidth);
        if (failed.Count > 0)
        {
            full = Math.Max(full, 1);
        }

        string bar = new string('#', full) + new string('.', BarWidth - full);
        return string.Create(CultureInfo.InvariantCulture,
            $"  {setting.Name,-18} {bar} {100 * failed.Estimate,6:f2} %  [{100 * failed.Low,5:f2}, {100 * failed.High,6:f2}]  {failed.Count,4} of {failed.Of,4} runs, {cell.FileRuns,6} files{Symptoms(cell)}\n");
    }

    /// <summary>The first failures by symptom, the most frequent first.</summary>
    internal static string Symptoms(Pr4997Cell cell)
    {
        List<LabSymptom> order = [.. Enum.GetValues<LabSymptom>()];
        order.Sort((a, b) => cell.Symptoms[(int)a] != cell.Symptoms[(int)b] ? cell.Symptoms[(int)b].CompareTo(cell.Symptoms[(int)a]) : a.CompareTo(b));
        StringBuilder text = new();
        foreach (LabSymptom symptom in order)
        {
            if (cell.Symptoms[(int)symptom] > 0)
            {
                text.Append(text.Length == 0 ? ": " : ", ").Append(CultureInfo.InvariantCulture, $"{SuiteFailure.NameOf(symptom)} {cell.Symptoms[(int)symptom]}");
            }
        }

        return text.ToString();
    }
}
