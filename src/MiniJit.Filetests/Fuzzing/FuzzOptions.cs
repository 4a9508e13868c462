using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using MiniJit.Codegen;
using MiniJit.Codegen.Settings;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Files;
using MiniJit.Filetests.Tools;

namespace MiniJit.Filetests.Fuzzing;

/// <summary>What to fuzz and how. Immutable.</summary>
internal sealed record FuzzOptions
{
    /// <summary>Seed of the first program; the others follow.</summary>
    public ulong Seed { get; init; }

    /// <summary>Number of programs.</summary>
    public long Count { get; init; } = 10_000;

    /// <summary>When to stop even if there are programs left; zero for never.</summary>
    public TimeSpan Limit { get; init; }

    /// <summary>How long to make a failing program smaller.</summary>
    public TimeSpan ShrinkLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long one batch may take.</summary>
    public TimeSpan BatchTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Worker processes; 0 for one per processor.</summary>
    public int Jobs { get; init; }

    /// <summary>The engines.</summary>
    public EngineChoice Engines { get; init; } = EngineChoice.All;

    /// <summary>Optimization levels.</summary>
    public IReadOnlyList<string> Levels { get; init; } = ["none", "speed"];

    /// <summary>Triples with settings; empty for this machine and AArch64, as far as there are engines for them.</summary>
    public IReadOnlyList<string> Targets { get; init; } = [];

    /// <summary>Whether every register allocation is replayed.</summary>
    public bool CheckAllocations { get; init; }

    /// <summary>Directory for reduced programs.</summary>
    public string Output { get; init; } = ".";

    /// <summary>The options that a replay has to repeat, as a command line.</summary>
    public string CommandLine()
    {
        StringBuilder text = new();
        if (Engines != EngineChoice.All)
        {
            text.Append(" --engine ").Append(EngineTable.Choices[(int)Engines - 1]);
        }

        foreach (string target in Targets)
        {
            text.Append(" --target '").Append(target).Append('\'');
        }

        if (Levels.Count == 1)
        {
            text.Append(" --opt-level ").Append(Levels[0]);
        }

        return text.Append(CheckAllocations ? " --check" : "").ToString();
    }

    /// <summary>What decides about the configurations, for a worker.</summary>
    public void Write(BinaryWriter writer)
    {
        writer.Write((byte)Engines);
        writer.Write(CheckAllocations);
        writer.Write(string.Join('\n', Levels));
        writer.Write(string.Join('\n', Targets));
    }

    /// <summary>What <see cref="Write"/> wrote.</summary>
    public static FuzzOptions Read(BinaryReader reader) => new()
    {
        Engines = (EngineChoice)reader.ReadByte(),
        CheckAllocations = reader.ReadBoolean(),
        Levels = reader.ReadString().Split('\n', StringSplitOptions.RemoveEmptyEntries),
        Targets = reader.ReadString().Split('\n', StringSplitOptions.RemoveEmptyEntries),
    };

    /// <summary>All combinations of targets, levels and engines.</summary>
    /// <param name="error">Why there are none; empty if there are.</param>
    public IReadOnlyList<FuzzConfiguration> Configurations(out string error)
    {
        List<FuzzConfiguration> configurations = [];
        error = "";
        foreach (string target in Targets.Count > 0 ? Targets : DefaultTargets())
        {
            foreach (string level in Levels)
            {
                string problem = Add(target, level, configurations);
                if (problem.Length != 0 && Targets.Count > 0)
                {
                    error = problem;
                    return [];
                }

                error = problem.Length == 0 ? error : problem;
            }
        }

        error = configurations.Count > 0 ? "" : error;
        return configurations;
    }

    private static string[] DefaultTargets() =>
        TargetTriple.Host.Architecture == TargetArchitecture.Arm64 ? [ToolContext.HostTarget()] : [ToolContext.HostTarget(), "aarch64"];

    private string Add(string targetText, string level, List<FuzzConfiguration> configurations)
    {
        string[] settings = [$"opt_level={level}", "enable_multi_ret_implicit_sret"];
        StringBuilder header = new();
        foreach (string setting in settings)
        {
            header.Append("set ").Append(setting).Append('\n');
        }

        header.Append("target ").Append(targetText).Append('\n');
        ToolOptions options = new() { Target = targetText, Settings = [.. settings, "enable_verifier=false"] };
        List<EngineKind> kinds = [];
        if (!ToolContext.TryGetTarget(options, TestPlan.InitialSettings(), out TargetSpec? spec, out string error)
            || (error = EngineTable.Choose(Engines, spec!.Triple, kinds)).Length != 0)
        {
            return error;
        }

        foreach (EngineKind kind in kinds)
        {
            if (new TargetCache().Find(spec!, forHost: kind == EngineKind.Native) is not Target target)
            {
                return $"there is no code generator for {spec!.Triple.ArchitectureName} yet";
            }

            if (kind == EngineKind.Native && !target.RunsOnHost(out error))
            {
                return error;
            }

            // A context of its own: one that changes targets starts afresh.
            EngineHost host = new(new CompileContext { CheckAllocations = CheckAllocations });
            string name = $"{EngineTable.NameOf(kind)} {spec.Triple.ArchitectureName} opt_level={level}";
            configurations.Add(new(name, header.ToString(), () => host.Create(kind, target)));
        }

        return "";
    }
}
