// A publication as a value: which steps, in which order, and why the others are left out. Chosen once per system,
// architecture, capability and scenario; run by an executor, here or on a simulated machine, and editable as data.
// docs/publication.md explains every choice that is made here.
using System;
using System.Runtime.InteropServices;
using System.Text;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;

namespace MiniJit.Runtime.Publication;

/// <summary>What was at the addresses before, and who may be executing; it decides what a core may remember.</summary>
internal enum PublicationScenario : byte
{
    /// <summary>Memory from which no code was ever executed.</summary>
    NewCode,

    /// <summary>Memory that held other code, since freed.</summary>
    ReusedMemory,

    /// <summary>New code anywhere for a function that threads are executing: its entry is swapped, and its old code freed when nobody is inside.</summary>
    ReplacedFunction,
}

/// <summary>What this machine can do; probed once.</summary>
/// <param name="Views">How code memory is written.</param>
/// <param name="CoreSync">How other cores are made to forget what they fetched; <see cref="PublicationMeans.Default"/> if there is no way.</param>
/// <param name="DataCoherent">AArch64 CTR_EL0.IDC: data need not be cleaned for instruction fetch to see it.</param>
/// <param name="InstructionCoherent">AArch64 CTR_EL0.DIC: instruction caches need no invalidation.</param>
/// <param name="Because">What the machine answered that made <paramref name="CoreSync"/> what it is; may be null.</param>
internal readonly record struct PublicationCapabilities(
    CodeViews Views, PublicationMeans CoreSync, bool DataCoherent = false, bool InstructionCoherent = false, string? Because = null);

/// <summary>A step that a plan leaves out, and why it may.</summary>
internal readonly record struct OmittedStep(PublicationStepKind Kind, string Reason);

internal sealed class PublicationPlan
{
    private readonly PublicationStep[] _steps;
    private readonly OmittedStep[] _omitted;

    public PublicationPlan(string name, ReadOnlySpan<PublicationStep> steps, ReadOnlySpan<OmittedStep> omitted = default)
    {
        Name = name;
        _steps = steps.ToArray();
        _omitted = omitted.ToArray();
    }

    /// <summary>System, architecture and scenario.</summary>
    public string Name { get; }

    public ReadOnlySpan<PublicationStep> Steps => _steps;

    public ReadOnlySpan<OmittedStep> Omitted => _omitted;

    /// <summary>The plan for a machine, or the reason why code cannot be published safely on it.</summary>
    public static bool TryChoose(
        OperatingSystemKind system,
        Architecture architecture,
        in PublicationCapabilities capabilities,
        PublicationScenario scenario,
        out PublicationPlan plan,
        out string refusal)
    {
        string name = $"{system} {architecture}, {NameOf(scenario)}, {NameOf(capabilities.Views)}";
        PlanBuilder builder = new(system, capabilities, scenario);
        refusal = (system, architecture) switch
        {
            (_, Architecture.X64) => builder.Coherent(CoherentFetch.X64),
            (OperatingSystemKind.Linux, Architecture.S390x) => builder.Coherent(CoherentFetch.S390x),
            (_, Architecture.Arm64) => builder.Arm64(),
            (OperatingSystemKind.Linux, Architecture.RiscV64) => builder.RiscV(),
            _ => $"no publication plan is known for {architecture} on {system}",
        };
        plan = builder.Finish(name);
        return refusal.Length == 0;
    }

    /// <summary>The same plan with a step left out: for the lab and for tests that show what the step is good for.</summary>
    public PublicationPlan Without(PublicationStepKind kind) =>
        new($"{Name}, without: {new PublicationStep(kind)}", Array.FindAll(_steps, step => step.Kind != kind), _omitted);

    /// <summary>The plan as a numbered list, followed by what is left out and why.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        text.Append(Name).Append('\n');
        int number = 0;
        foreach (PublicationStep step in _steps)
        {
            text.Append("  ").Append(++number).Append(". ").Append(step.ToString()).Append(": ").Append(step.Info.Why).Append('\n');
        }

        foreach (OmittedStep step in _omitted)
        {
            text.Append("  -  ").Append(new PublicationStep(step.Kind).Info.Text).Append(" is left out: ").Append(step.Reason).Append('\n');
        }

        return text.ToString();
    }

    public static string NameOf(PublicationScenario scenario) => scenario switch
    {
        PublicationScenario.NewCode => "new code",
        PublicationScenario.ReusedMemory => "reused memory",
        _ => "replaced function",
    };

    private static string NameOf(CodeViews views) => views switch
    {
        CodeViews.Dual => "two views",
        CodeViews.Flip => "one view",
        _ => "one view per thread",
    };
}
