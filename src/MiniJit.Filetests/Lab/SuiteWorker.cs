using System.Collections.Generic;
using MiniJit.Coherence.Machine;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Memory;

namespace MiniJit.Filetests.Lab;

/// <summary>A thread of the simulated test runner.</summary>
internal sealed class SuiteWorker(int number, Core core)
{
    public int Number { get; } = number;

    /// <summary>Where it runs.</summary>
    public Core Core { get; set; } = core;

    public required ulong StackTop { get; init; }

    /// <summary>Where arguments and results of its calls lie.</summary>
    public required ulong Values { get; init; }

    /// <summary>The file that it works on.</summary>
    public SuiteJob? Job { get; set; }

    /// <summary>What it executes, for itself or for another.</summary>
    public SuiteCall? Call { get; set; }

    /// <summary>Calls that others have given to it. It looks there before it does anything of its own, and learns of them without the kernel.</summary>
    public Queue<SuiteCall> Given { get; } = [];

    /// <summary>Whether a call of its own is with another worker.</summary>
    public bool IsWaiting { get; set; }

    /// <summary>Its registers while another worker has its core.</summary>
    public CoreState Saved;

    /// <summary>Whether its next step is instructions and nothing else.</summary>
    public bool IsAboutToCall => Call is not null || Given.Count > 0 || (!IsWaiting && Job is { } job && job.Next < job.File.Commands.Length);
}

/// <summary>A published file.</summary>
internal sealed class SuiteJob(int number, SuiteFile file, CodeHeap heap, JitModule module, JitFunction[] functions)
{
    /// <summary>Which of the run.</summary>
    public int Number { get; } = number;

    public SuiteFile File { get; } = file;

    public CodeHeap Heap { get; } = heap;

    public JitModule Module { get; } = module;

    /// <summary>In the order of <see cref="SuiteFile.Functions"/>.</summary>
    public JitFunction[] Functions { get; } = functions;

    /// <summary>The next command.</summary>
    public int Next { get; set; }

    public bool HasFailed { get; set; }

    /// <summary>Who executes the commands of the function that is tested now.</summary>
    public required SuiteWorker Executor { get; set; }
}

/// <summary>A command that is carried out.</summary>
internal sealed class SuiteCall(SuiteWorker owner, SuiteWorker executor, SuiteJob job, int index, long budget)
{
    /// <summary>Who published.</summary>
    public SuiteWorker Owner { get; } = owner;

    public SuiteWorker Executor { get; } = executor;

    public SuiteJob Job { get; } = job;

    /// <summary>Position of the command in its file.</summary>
    public int Index { get; } = index;

    public SuiteCommand Command => Job.File.Commands[Index];

    /// <summary>Instructions that it may still execute.</summary>
    public long Left { get; set; } = budget;

    public long Executed { get; set; }
}
