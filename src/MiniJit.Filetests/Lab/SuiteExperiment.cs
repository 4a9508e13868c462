using System.Collections.Generic;
using System.Globalization;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Publication;
using MiniJit.Coherence.Replay;
using MiniJit.Filetests.Stress;
using MiniJit.IR;
using MiniJit.Runtime.Memory;

namespace MiniJit.Filetests.Lab;

/// <summary>A suite up to its first failure, as something that is recorded, shrunk and explained.</summary>
internal sealed class SuiteExperiment(SuiteImage image, SuiteOptions options) : ILabExperiment
{
    /// <summary>What recordings call it.</summary>
    public const string Kind = "suite";

    public int Cores => options.Cores;

    public MachineType Machine => options.Machine;

    public string Plan => options.Plan.Name;

    /// <summary>The options as a recording keeps them.</summary>
    public IReadOnlyList<RecordedSetting> Settings =>
    [
        new("cores", Number(options.Cores)),
        new("workers", Number(options.WorkerCount)),
        new("plan", options.Plan.Name),
        new("machine", options.Machine.Name),
        new("mode", SuiteOptions.ModeName(options.Mode)),
        new("system", options.System.Name),
        new("views", options.Views == CodeViews.Dual ? "two" : "one"),
        new("keep-memory", options.KeepsMemory ? "true" : "false"),
        new("file-runs", Number(options.FileRuns)),
        new("compiling", Number(options.Work.Compiling)),
        new("publishing", Number(options.Work.Publishing)),
    ];

    /// <summary>The paths of the files that take part, each once.</summary>
    public IReadOnlyList<string> Paths
    {
        get
        {
            List<string> paths = [];
            foreach (SuiteFile file in image.Files)
            {
                paths.Add(file.Path);
            }

            return paths;
        }
    }

    public LabFailure Run(ChoiceSource choices, ILabHistory? history)
    {
        SuiteResult result = SuiteRun.Run(image, options with { StopsAtFailure = true }, choices, history);
        if (result.IsGood)
        {
            return default;
        }

        SuiteFailure failure = result.Failures[0];
        string subject = string.Create(CultureInfo.InvariantCulture, $"{failure.File.Path}:{failure.File.Commands[failure.Command].Command.Span.Line}");
        return new(subject, SuiteFailure.NameOf(failure.Symptom), failure.ToString());
    }

    /// <summary>The options of a recording; false if a setting is wrong.</summary>
    public static bool TryRead(Recording recording, out SuiteOptions options, DiagnosticBag diagnostics)
    {
        options = new();
        foreach (RecordedSetting setting in recording.Settings)
        {
            bool isNumber = int.TryParse(setting.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
            SuiteOptions? next = setting.Name switch
            {
                "cores" when number is >= 1 and <= LyingModel.MaxCores => options with { Cores = number },
                "workers" when isNumber && number is >= 1 and <= SuiteOptions.MostWorkers => options with { Workers = number },
                "plan" when StressVariant.Find(setting.Value) is { } plan => options with { Plan = plan },
                "machine" when MachineType.Find(setting.Value) is { } machine => options with { Machine = machine },
                "mode" when setting.Value is "adversarial" or "realistic" =>
                    options with { Mode = setting.Value == "realistic" ? LabMode.Realistic : LabMode.Adversarial },
                "system" when SystemPolicy.Find(setting.Value) is { } system => options with { System = system },
                "views" when setting.Value is "one" or "two" => options with { Views = setting.Value == "two" ? CodeViews.Dual : CodeViews.Flip },
                "keep-memory" when setting.Value is "true" or "false" => options with { KeepsMemory = setting.Value == "true" },
                "file-runs" when isNumber => options with { FileRuns = number },
                "compiling" when isNumber => options with { Work = options.Work with { Compiling = number } },
                "publishing" when isNumber => options with { Work = options.Work with { Publishing = number } },
                _ => null,
            };
            if (next is null)
            {
                diagnostics.Add(new(setting.Span, "L110", $"'{setting.Name} {setting.Value}' is no setting of a suite"));
            }

            options = next ?? options;
        }

        return diagnostics.Count == 0;
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
