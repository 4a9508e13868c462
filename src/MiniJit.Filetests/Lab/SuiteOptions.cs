using System;
using System.Collections.Generic;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.Publication;
using MiniJit.Filetests.Stress;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Publication;

namespace MiniJit.Filetests.Lab;

/// <summary>On which machine, under which system and by which plan a suite is run. With an image and a source of choices, it is the whole run.</summary>
internal sealed record SuiteOptions
{
    /// <summary>Each has a stack of its own in the address space.</summary>
    public const int MostWorkers = 1024;

    /// <summary>Cores of the machine.</summary>
    public int Cores { get; init; } = 8;

    /// <summary>Threads that take files; 0: one per core. More of them share cores.</summary>
    public int Workers { get; init; }

    /// <summary>Which steps are performed.</summary>
    public StressVariant Plan { get; init; } = StressVariant.All[0];

    public MachineType Machine { get; init; } = MachineType.All[0];

    public LabMode Mode { get; init; } = LabMode.Adversarial;

    public SystemPolicy System { get; init; } = SystemPolicy.All[0];

    /// <summary>
    /// How code memory is written where the system leaves a choice. One view whose pages turn from writable to executable is what runtimes have that
    /// do not map memory twice.
    /// </summary>
    public CodeViews Views { get; init; } = CodeViews.Flip;

    /// <summary>
    /// Whether code memory stays with the process and is used again from file to file. Otherwise every file gets memory from the system and gives it back.
    /// </summary>
    public bool KeepsMemory { get; init; }

    /// <summary>Whether the first failure ends the run, as a crash ends a process.</summary>
    public bool StopsAtFailure { get; init; }

    /// <summary>Files are repeated until so many have been run; 0: each once.</summary>
    public int FileRuns { get; init; }

    /// <summary>How likely deviations are, for seeded choices.</summary>
    public LabTuning? Tuning { get; init; }

    /// <summary>What work of the host, which is not simulated, does to finite caches.</summary>
    public HostWork Work { get; init; } = new();

    public int WorkerCount => Workers > 0 ? Workers : Cores;

    /// <summary>The choices of a seed.</summary>
    public ChoiceSource ChoicesOf(ulong seed) => new SeededChoices(seed, Cores, Tuning ?? DefaultTuning(Mode));

    /// <summary>The system with what the plan leaves out of the system's own flush.</summary>
    public SystemPolicy EditedSystem => System with
    {
        Views = System.Views == CodeViews.PerThread ? System.Views : Views,
        FlushOmits = Plan.Dropped,
    };

    /// <summary>The command line that makes the same run, behind the paths.</summary>
    public string Describe(ulong seed) => FormattableString.Invariant(
        $"--cores {Cores}{(Workers > 0 ? $" --workers {Workers}" : "")} --plan {Plan.Name} --machine {Machine.Name} --mode {ModeName(Mode)} --system {System.Name}{(Views == CodeViews.Dual ? " --views two" : "")}{(KeepsMemory ? " --keep-memory" : "")} --seed {seed}");

    public static string ModeName(LabMode mode) => mode == LabMode.Adversarial ? "adversarial" : "realistic";

    /// <summary>In the adversarial mode calls go to other cores often; in the realistic one they seldom do.</summary>
    public static LabTuning DefaultTuning(LabMode mode) =>
        mode == LabMode.Adversarial ? LabTuning.Adversarial with { Workload = 0.3 } : LabTuning.Realistic with { Workload = 0.02, Preemption = 0.002 };
}

/// <summary>Cache lines that a worker touches in work of the host that is not simulated.</summary>
/// <param name="Compiling">Lines of data and of instructions before a file's code is written: parsing, compiling.</param>
/// <param name="Publishing">Lines between writing it and calling it: relocating, the system's calls, looking the function up.</param>
internal readonly record struct HostWork(int Compiling = 10_000, int Publishing = 10_000)
{
    public HostWork()
        : this(10_000)
    {
    }
}

/// <summary>How a command failed.</summary>
internal enum LabSymptom : byte
{
    IllegalInstruction,
    AccessFault,
    WrongResult,
    Hang,
}

/// <summary>A command that did not do what it should.</summary>
/// <param name="FileRun">Which of the run's files, in the order in which they were taken.</param>
/// <param name="File">The file.</param>
/// <param name="Command">Position of the command in it.</param>
/// <param name="Core">Where it was executed.</param>
/// <param name="Publisher">Core of the worker that published it, when it called.</param>
/// <param name="Symptom">What happened.</param>
/// <param name="ProgramCounter">Where the core was; 0 if it returned.</param>
/// <param name="Detail">In words.</param>
internal sealed record SuiteFailure(
    int FileRun, SuiteFile File, int Command, int Core, int Publisher, LabSymptom Symptom, ulong ProgramCounter, string Detail)
{
    public static string NameOf(LabSymptom symptom) => symptom switch
    {
        LabSymptom.IllegalInstruction => "illegal instruction",
        LabSymptom.AccessFault => "access fault",
        LabSymptom.WrongResult => "wrong result",
        _ => "hang",
    };

    public override string ToString() => FormattableString.Invariant(
        $"{File.Path}:{File.Commands[Command].Command.Span.Line}: {NameOf(Symptom)}: {File.Commands[Command].Command} on core {Core}, published on core {Publisher}: {Detail}");
}

/// <summary>What came of a run.</summary>
/// <param name="Failures">In the order in which they happened.</param>
/// <param name="FileRuns">Files that were published.</param>
/// <param name="FailedFileRuns">Those of which a command failed.</param>
/// <param name="Commands">Commands that were carried out.</param>
/// <param name="Instructions">Guest instructions, those of publications included.</param>
internal sealed record SuiteResult(IReadOnlyList<SuiteFailure> Failures, int FileRuns, int FailedFileRuns, long Commands, long Instructions)
{
    public bool IsGood => Failures.Count == 0;
}
