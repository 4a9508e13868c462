// A publication as a value: which steps, in which order, and why the others are left out. Chosen once per system,
// architecture, capability and scenario; run by an executor, here or on a simulated machine, and editable as data.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;

namespace MiniJit.Runtime.Publication;

/// <summary>What was at the addresses before; it decides what a core may remember of them.</summary>
internal enum PublicationScenario : byte
{
    /// <summary>Memory from which no code was ever executed.</summary>
    NewCode,

    /// <summary>Memory that held other code, since freed.</summary>
    ReusedMemory,
}

/// <summary>What this machine can do; probed once.</summary>
/// <param name="Views">How code memory is written.</param>
/// <param name="CoreSync">How other cores are made to forget what they fetched; <see cref="PublicationMeans.Default"/> if there is no way.</param>
/// <param name="DataCoherent">AArch64 CTR_EL0.IDC: data need not be cleaned for instruction fetch to see it.</param>
/// <param name="InstructionCoherent">AArch64 CTR_EL0.DIC: instruction caches need no invalidation.</param>
internal readonly record struct PublicationCapabilities(
    CodeViews Views, PublicationMeans CoreSync, bool DataCoherent = false, bool InstructionCoherent = false);

/// <summary>A step that a plan leaves out, and why it may.</summary>
internal readonly record struct OmittedStep(PublicationStepKind Kind, string Reason);

internal sealed class PublicationPlan
{
    private const string X64Fetch =
        "x86-64 instruction fetch snoops the data caches, so it sees a store as soon as any load does";

    private const string X64NewCode =
        "no core executed anything at these addresses, and x86-64 fetches an indirect branch's target after the load that gave it";

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
        string name = $"{system} {architecture}, {(scenario == PublicationScenario.NewCode ? "new code" : "reused memory")}, "
            + (capabilities.Views == CodeViews.Dual ? "two views" : "one view");
        List<PublicationStep> steps = [];
        List<OmittedStep> omitted = [];
        refusal = architecture switch
        {
            Architecture.X64 => ChooseX64(capabilities, scenario, steps, omitted),
            Architecture.Arm64 => ChooseArm64(system, capabilities, steps, omitted),
            _ => $"no publication plan is known for {architecture}",
        };
        plan = new(name, CollectionsMarshal.AsSpan(steps), CollectionsMarshal.AsSpan(omitted));
        return refusal.Length == 0;
    }

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

    // Intel SDM volume 3, 8.1.3 (handling self- and cross-modifying code) and 11.6 (self-modifying code).
    private static string ChooseX64(
        in PublicationCapabilities capabilities, PublicationScenario scenario, List<PublicationStep> steps, List<OmittedStep> omitted)
    {
        omitted.Add(new(PublicationStepKind.CleanDataLines, X64Fetch));
        omitted.Add(new(PublicationStepKind.InvalidateInstructionLines, X64Fetch));
        omitted.Add(new(PublicationStepKind.DataBarrier, "x86-64 keeps stores in order"));
        AddProtect(capabilities, steps, omitted);
        if (scenario == PublicationScenario.NewCode)
        {
            omitted.Add(new(PublicationStepKind.ContextSync, X64NewCode));
            omitted.Add(new(PublicationStepKind.SynchronizeCores, X64NewCode));
        }
        else
        {
            // Cross-modified code needs a serialising event on the core that executes it. Our own core is no exception:
            // it notices self-modification by linear address, and with two views we write through another one.
            omitted.Add(new(PublicationStepKind.ContextSync, "the synchronisation of all cores includes this one"));
            if (capabilities.CoreSync == PublicationMeans.Default)
            {
                return "this system offers no way to make other cores serialise, so memory that held code cannot hold other code";
            }

            steps.Add(new(PublicationStepKind.SynchronizeCores, capabilities.CoreSync));
        }

        steps.Add(new(PublicationStepKind.MakeReachable));
        return "";
    }

    // Arm ARM B2.3.6 and K13.5 (instruction and data cache maintenance, ordering of instruction fetches).
    private static string ChooseArm64(
        OperatingSystemKind system, in PublicationCapabilities capabilities, List<PublicationStep> steps, List<OmittedStep> omitted)
    {
        switch (system)
        {
            case OperatingSystemKind.Linux:
                AddLines(capabilities, steps, omitted);
                steps.Add(new(PublicationStepKind.ContextSync));
                break;
            case OperatingSystemKind.Windows:
                steps.Add(new(PublicationStepKind.FlushInstructionCache, PublicationMeans.WindowsFlush));
                omitted.Add(new(PublicationStepKind.CleanDataLines, "FlushInstructionCache cleans, invalidates and waits"));
                break;
            default:
                steps.Add(new(PublicationStepKind.FlushInstructionCache, PublicationMeans.DarwinInvalidate));
                omitted.Add(new(PublicationStepKind.CleanDataLines, "Apple's cores fetch what their data caches hold (IDC = 1)"));
                break;
        }

        AddProtect(capabilities, steps, omitted);
        if (capabilities.CoreSync == PublicationMeans.Default)
        {
            return "this system offers no way to synchronise the context of every core of the process";
        }

        steps.Add(new(PublicationStepKind.SynchronizeCores, capabilities.CoreSync));
        steps.Add(new(PublicationStepKind.MakeReachable));
        return "";
    }

    private static void AddLines(in PublicationCapabilities capabilities, List<PublicationStep> steps, List<OmittedStep> omitted)
    {
        if (capabilities.DataCoherent)
        {
            omitted.Add(new(PublicationStepKind.CleanDataLines, "CTR_EL0.IDC: instruction fetch sees what the data caches hold"));
        }
        else
        {
            steps.Add(new(PublicationStepKind.CleanDataLines));
        }

        // Also without cleaning: stores and IC IVAU are ordered by nothing else.
        steps.Add(new(PublicationStepKind.DataBarrier));
        if (capabilities.InstructionCoherent)
        {
            omitted.Add(new(PublicationStepKind.InvalidateInstructionLines, "CTR_EL0.DIC: instruction caches follow the data side"));
            return;
        }

        steps.Add(new(PublicationStepKind.InvalidateInstructionLines));
        steps.Add(new(PublicationStepKind.DataBarrier));
    }

    // After cache maintenance: cleaning needs write permission on some cores.
    private static void AddProtect(in PublicationCapabilities capabilities, List<PublicationStep> steps, List<OmittedStep> omitted)
    {
        if (capabilities.Views == CodeViews.Flip)
        {
            steps.Add(new(PublicationStepKind.ProtectExecute));
        }
        else
        {
            omitted.Add(new(PublicationStepKind.ProtectExecute, "the view that executes was never writable"));
        }
    }
}
