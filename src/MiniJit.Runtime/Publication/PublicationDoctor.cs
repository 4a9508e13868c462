// Looks how this machine publishes code: what it can do, which plans follow from that, and what happens when they are carried out. What
// comes out is data; `minijit doctor` makes tables of it.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using MiniJit.Codegen;
using MiniJit.IR;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;

namespace MiniJit.Runtime.Publication;

/// <summary>A property of the machine.</summary>
internal readonly record struct DoctorFact(string Name, string Value);

/// <summary>A step as it was performed, or the preparations for it.</summary>
/// <param name="Step">The step, or what was done around the plan.</param>
/// <param name="Result">Whether it succeeded, in words.</param>
/// <param name="Duration">How long it took, its calls included.</param>
/// <param name="Calls">The system calls it consisted of.</param>
internal sealed record DoctorStep(string Step, string Result, TimeSpan Duration, IReadOnlyList<HostCallEvent> Calls);

/// <summary>One scenario.</summary>
/// <param name="Scenario">Which.</param>
/// <param name="Plan">Its plan; null if there is none.</param>
/// <param name="Refusal">Why there is no plan, or what went wrong when it was carried out.</param>
/// <param name="Steps">What was done.</param>
internal sealed record DoctorCase(PublicationScenario Scenario, PublicationPlan? Plan, string Refusal, IReadOnlyList<DoctorStep> Steps);

/// <summary>Everything.</summary>
internal sealed record DoctorReport(IReadOnlyList<DoctorFact> Facts, DoctorStep Probe, IReadOnlyList<DoctorCase> Cases)
{
    /// <summary>Whether code can be published in every scenario, and was.</summary>
    public bool IsSafe { get; } = AllSafe(Cases);

    private static bool AllSafe(IReadOnlyList<DoctorCase> cases)
    {
        foreach (DoctorCase scenario in cases)
        {
            if (scenario.Plan is null || scenario.Refusal.Length > 0)
            {
                return false;
            }
        }

        return true;
    }
}

internal sealed unsafe class PublicationDoctor : IHostCallObserver, IPublicationObserver
{
    private const int First = 42;

    private readonly List<HostCallEvent> _calls = [];
    private readonly List<DoctorStep> _steps = [];

    private PublicationDoctor()
    {
    }

    /// <summary>Examines the machine. Everything is done twice: the first time also shows how long the runtime takes to compile itself.</summary>
    public static DoctorReport Examine()
    {
        DoctorStep probe = new PublicationDoctor().Run().Probe;  // a process registers once: the second time there is nothing to see
        return new PublicationDoctor().Run() with { Probe = probe };
    }

    void IHostCallObserver.Called(in HostCallEvent call) => _calls.Add(call);

    void IPublicationObserver.Begins(PublicationPlan plan) => NoteRest("reserve memory and write");

    void IPublicationObserver.StepDone(PublicationStep step, in CodeRange range, SystemError error, TimeSpan duration) =>
        _steps.Add(new(step.ToString(), error.IsNone ? "done" : error.ToString(), duration, TakeCalls()));

    private DoctorReport Run()
    {
        LoggedHostCalls calls = new(HostCalls.Host, this);
        IPublicationPort port = HostPublicationPort.Create(calls);
        PublicationCapabilities capabilities = port.Probe(default);
        DoctorStep probe = new("probe", capabilities.CoreSync == PublicationMeans.Default ? "no way to synchronise cores" : "done", Sum(_calls), TakeCalls());
        HostCodeMemory memory = HostCodeMemory.Create(calls: calls);     // after the probe: it may publish code to find out what views are good for
        capabilities = capabilities with { Views = memory.Views };

        var cases = new DoctorCase[Enum.GetValues<PublicationScenario>().Length];
        for (int i = 0; i < cases.Length; i++)
        {
            bool exists = PublicationPlan.TryChoose(
                HostPlatform.OperatingSystem, RuntimeInformation.ProcessArchitecture, capabilities, (PublicationScenario)i, out PublicationPlan plan, out string refusal);
            cases[i] = new((PublicationScenario)i, exists ? plan : null, refusal, []);
        }

        // Without a plan for new code there is no heap.
        if (cases[0].Plan is not null)
        {
            using CodeHeap heap = new(memory, MachineTraits.Host, port, HostPlatform.OperatingSystem, HostQuiescence.Instance);
            heap.Executor.Observer = this;
            CarryOut(heap, cases);
        }

        return new(Facts(capabilities, port), probe, cases);
    }

    private void CarryOut(CodeHeap heap, DoctorCase[] cases)
    {
        _calls.Clear();
        JitModule first = new(heap);
        JitModule owner = first;
        JitFunction answer = first.Define(ExternalName.Symbol("first"), Answer(First));
        cases[0] = Finish(cases[0], first, [], answer, First);
        if (cases[1].Plan is not null)
        {
            first.Dispose();
            NoteRest("free the function");
            owner = new(heap);
            answer = owner.Define(ExternalName.Symbol("second"), Answer(First + 1));
            cases[1] = Finish(cases[1], owner, [], answer, First + 1);
        }

        if (cases[2].Plan is not null)
        {
            JitModule entries = new(heap), third = new(heap);
            entries.Import(ExternalName.Symbol("version"), answer.Address);
            CodeBlock old = answer.Block!;
            JitEntry entry = entries.DefineEntry(ExternalName.Symbol("entry"), ExternalName.Symbol("version"));
            bool published = entries.TryPublish(out IReadOnlyList<LinkError> errors);
            _calls.Clear();
            _steps.Clear();
            JitFunction next = third.Define(ExternalName.Symbol("third"), Answer(First + 2));
            cases[2] = published
                ? Finish(cases[2], third, [new(entry, next)], entry.Function, First + 2)
                : cases[2] with { Refusal = errors[0].ToString() };
            long start = Stopwatch.GetTimestamp();
            owner.Free(answer);
            bool isFreed = old.State == BlockState.Freed;
            _steps.Add(new(
                $"{new PublicationStep(PublicationStepKind.AwaitThreads)}, {new PublicationStep(PublicationStepKind.FillWithTraps)}",
                isFreed ? "done" : "threads are inside: later",
                Stopwatch.GetElapsedTime(start),
                TakeCalls()));
            cases[2] = cases[2] with { Steps = [.. cases[2].Steps, .. _steps] };
        }
    }

    private DoctorCase Finish(DoctorCase scenario, JitModule module, EntryReplacement[] replacements, JitFunction function, int expected)
    {
        bool published = module.TryPublish(replacements, out IReadOnlyList<LinkError> errors);
        string refusal = published ? "" : errors[0].ToString();
        if (published)
        {
            int result = ((delegate* unmanaged<int>)function.Address)();
            refusal = result == expected ? "" : $"the function returned {result} instead of {expected}";
            _steps.Add(new("call the function", result.ToString(CultureInfo.InvariantCulture), default, TakeCalls()));
        }

        DoctorStep[] steps = _steps.ToArray();
        _steps.Clear();
        return scenario with { Refusal = refusal, Steps = steps };
    }

    private void NoteRest(string what) => _steps.Add(new(what, "done", Sum(_calls), TakeCalls()));

    private HostCallEvent[] TakeCalls()
    {
        HostCallEvent[] calls = _calls.ToArray();
        _calls.Clear();
        return calls;
    }

    private static TimeSpan Sum(List<HostCallEvent> calls)
    {
        TimeSpan sum = default;
        foreach (HostCallEvent call in calls)
        {
            sum += call.Duration;
        }

        return sum;
    }

    private static DoctorFact[] Facts(in PublicationCapabilities capabilities, IPublicationPort port)
    {
        List<DoctorFact> facts =
        [
            new("system", RuntimeInformation.OSDescription),
            new("architecture", RuntimeInformation.ProcessArchitecture.ToString()),
            new("processors", Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture)),
            new("page", $"{Environment.SystemPageSize} bytes"),
            new("code memory", capabilities.Views switch
            {
                CodeViews.Dual => "two views: one to write, one to execute",
                CodeViews.Flip => "one view: writable first, executable afterwards",
                _ => "one view that each thread may either write or execute",
            }),
            new("synchronising cores", capabilities.CoreSync == PublicationMeans.Default
                ? "impossible"
                : PublicationStep.MeansTable[(int)capabilities.CoreSync]),
            new("because", capabilities.Because ?? "this architecture needs nothing of the kind"),
        ];
        if (port is LinuxPublicationPort linux && RuntimeInformation.ProcessArchitecture == Architecture.Arm64)
        {
            Arm64CacheType caches = linux.Caches;
            facts.Add(new("cache lines", $"{caches.DataLine} bytes of data, {caches.InstructionLine} of instructions (smallest of all cores)"));
            facts.Add(new("coherence", $"IDC = {(caches.DataCoherent ? 1 : 0)}, DIC = {(caches.InstructionCoherent ? 1 : 0)} (on all cores)"));
        }

        return [.. facts];
    }

    private static CompiledCode Answer(int value)
    {
        byte[] bytes = HostPublication.Answer(value);
        CompiledCode code = new() { CodeSize = bytes.Length };
        code.Buffer.AddRange(bytes);
        return code;
    }
}
