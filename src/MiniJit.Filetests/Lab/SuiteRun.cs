// A test-suite on the machine: workers, each on a core, take files from a queue; a worker gets memory, writes the code with its own core, publishes
// it by the plan, carries out the run commands, and gives the memory back. Nothing here is simulated that the runtime has: heap, module, plan and
// port are its own, over the machine's memory and system.
//
// Who runs when is a matter of choices. A worker is, at any time, about to do host work (take a file, publish, free), about to call, in a call, or
// waiting for a call that it gave to another worker. One step of one worker is the unit of scheduling: a piece of host work, or a turn of
// instructions. While a worker publishes, the others may go on with their calls between any two system calls and between any two
// instructions of the cache routines, but nobody else publishes: publications are one after the other.
//
// Without choices (all 0) the workers take files in turn and every file is done from beginning to end before the next: a run with one core and
// one file at a time, in effect. What deviates from that is what was chosen.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.InteropServices;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.Fetch;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Machine;
using MiniJit.Coherence.Memory;
using MiniJit.Coherence.Publication;
using MiniJit.Filetests.Commands;
using MiniJit.Filetests.Engines;
using MiniJit.IR;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Publication;

namespace MiniJit.Filetests.Lab;

/// <summary>Hears of every command that was carried out.</summary>
internal delegate void CommandDone(SuiteCommand command, long instructions, SuiteFailure? failure);

internal sealed class SuiteRun : ICoreSharing, IDisposable
{
    private const ulong Stacks = 0x7F_0000_0000, StackSize = 1 << 20, StackStride = 2 * StackSize, Values = 0x7E_0000_0000;

    /// <summary>Bytes of code that an arena of a file can hold.</summary>
    private const long Reach = 1 << 20;

    /// <summary>Instructions of a turn that nobody cuts short, and of the longest one that is.</summary>
    private const int WholeTurn = 1 << 16, ShortTurns = 48;

    /// <summary>Instructions that a command may take beyond what it takes on a machine that tells the truth.</summary>
    private const long Patience = 50_000, UnknownBudget = 1L << 32;

    /// <summary>Turns after which an operation that is pending has most probably completed.</summary>
    private const int DrainingTurns = 4;

    /// <summary>Turns that others get at most between two calls of a publication.</summary>
    private const int MostTurns = 8;

    private readonly SuiteImage _image;
    private readonly SuiteOptions _options;
    private readonly ChoiceSource _choices;
    private readonly ILabHistory? _history;
    private readonly CommandDone? _done;
    private readonly Arm64Machine _machine;
    private readonly MachineSystem _system;
    private readonly MachineCodeMemory _memory;
    private readonly RememberingPort _port;
    private readonly CodeHeap? _kept;
    private readonly LyingModel? _caches;
    private readonly SuiteWorker[] _workers;
    private readonly SuiteWorker?[] _occupants;
    private readonly List<SuiteFailure> _failures = [];
    private readonly ulong _valuesStride;
    private readonly UInt128[] _values;
    private readonly int _fileRuns;
    private int _current, _taken, _failedFiles;
    private long _commands;
    private SuiteWorker? _publisher;

    private SuiteRun(SuiteImage image, SuiteOptions options, ChoiceSource choices, ILabHistory? history, CommandDone? done, bool isTruthful)
    {
        _image = image;
        _options = options;
        _choices = choices;
        _history = history = history is null ? null : new SequencedHistory(history);
        _done = done;
        _fileRuns = options.FileRuns > 0 ? options.FileRuns : image.Files.Count;
        _values = new UInt128[Math.Max(1, image.MostSlots)];
        _machine = isTruthful
            ? new(options.Cores)
            : LyingMachine.Create(options.Cores, new(options.Machine) { Mode = options.Mode }, choices, history);
        _caches = _machine.Model as LyingModel;
        _system = new(_machine, options.EditedSystem, history);
        _memory = new(_system);

        // What a process finds out about its system it finds out once.
        _port = new RememberingPort(MachineHeap.CreatePort(_system), _system);
        _kept = options.KeepsMemory ? CreateHeap() : null;
        _ = _port.Probe(_memory.Views);
        _system.RunOn(_machine.Cores[0]);
        _system.Sharing = this;

        _workers = new SuiteWorker[options.WorkerCount];
        _occupants = new SuiteWorker?[options.Cores];
        _valuesStride = ((ulong)_values.Length * 16 + PhysicalMemory.PageSize - 1) & ~(ulong)(PhysicalMemory.PageSize - 1);
        for (int i = 0; i < _workers.Length; i++)
        {
            Core core = _machine.Cores[i % options.Cores];
            SuiteWorker worker = _workers[i] = new(i, core) { StackTop = Stacks + ((ulong)i * StackStride) + StackSize, Values = Values + ((ulong)i * _valuesStride) };
            _machine.Space.Map(worker.StackTop - StackSize, StackSize, PagePermissions.Read | PagePermissions.Write);
            _machine.Space.Map(worker.Values, _valuesStride, PagePermissions.Read | PagePermissions.Write);
            _occupants[core.Number] ??= worker;
        }

        _machine.Model.Settle();
    }

    /// <summary>Runs a suite. The result follows from image, options and choices alone, and so does what the history hears.</summary>
    /// <param name="image">The files.</param>
    /// <param name="options">Machine, system, plan.</param>
    /// <param name="choices">The run's nondeterminism.</param>
    /// <param name="history">Who hears what happens to instructions; nobody if null.</param>
    /// <param name="done">Who hears of commands; nobody if null.</param>
    public static SuiteResult Run(SuiteImage image, SuiteOptions options, ChoiceSource choices, ILabHistory? history = null, CommandDone? done = null)
    {
        using SuiteRun run = new(image, options, choices, history, done, isTruthful: false);
        return run.Run();
    }

    /// <summary>
    /// Runs every file once on a machine that tells the truth and notes how many instructions each command takes. What fails there is the fault of the file or of the
    /// compiler, and no subject for the lab.
    /// </summary>
    public static SuiteResult Calibrate(SuiteImage image)
    {
        using SuiteRun run = new(image, new() { Cores = 1 }, new NoChoices(), null, (command, instructions, _) => command.Instructions = instructions, isTruthful: true);
        return run.Run();
    }

    public void Interleave()
    {
        if (_publisher is not { } publisher)
        {
            return;
        }

        publisher.Core = _system.Current;
        // Publishing takes less time than threads usually stay where they are: to be moved in the middle of it is for adversaries.
        if (_options.Cores > 1 && _options.Mode == LabMode.Adversarial && _choices.Choose(ChoiceKind.Migration, publisher.Core.Number, _options.Cores) is > 0 and int distance)
        {
            _system.MoveTo(_machine.Cores[(publisher.Core.Number + distance) % _options.Cores]);
            publisher.Core = _system.Current;
        }

        int current = _current;
        bool others = false;
        for (int turns = 0; turns < MostTurns && _choices.Choose(ChoiceKind.Turn, -1, _workers.Length) is > 0 and int offset; turns++)
        {
            SuiteWorker other = _workers[(publisher.Number + offset) % _workers.Length];
            if (other.IsAboutToCall)
            {
                others = true;
                Step(other);
            }
        }

        _current = current;
        if (others)
        {
            Occupy(publisher);
        }
    }

    public long NextTurn(Core core) => _choices.Choose(ChoiceKind.Preemption, core.Number, 1 + ShortTurns) is > 0 and int length ? length : WholeTurn;

    public void Dispose()
    {
        foreach (SuiteWorker worker in _workers)
        {
            worker.Job?.Module.Dispose();
        }

        _machine.Dispose();
    }

    private SuiteResult Run()
    {
        while (!(_options.StopsAtFailure && _failures.Count > 0) && TryPick(out SuiteWorker? worker))
        {
            Step(worker!);
        }

        long instructions = 0;
        foreach (Core core in _machine.Cores)
        {
            instructions += core.Retired;
        }

        return new(_failures, _taken, _failedFiles, _commands, instructions);
    }

    /// <summary>The one whose turn it was goes on, unless it is chosen otherwise or it cannot; then the next in order who can.</summary>
    private bool TryPick(out SuiteWorker? worker)
    {
        int first = _current + _choices.Choose(ChoiceKind.Turn, -1, _workers.Length);
        for (int i = 0; i < _workers.Length; i++)
        {
            int number = (first + i) % _workers.Length;
            worker = _workers[number];
            if (worker.IsAboutToCall || (!worker.IsWaiting && (worker.Job is not null || _taken < _fileRuns)))
            {
                _current = number;
                return true;
            }
        }

        worker = null;
        return false;
    }

    private void Step(SuiteWorker worker)
    {
        Occupy(worker);
        if (worker.Call is null && worker.Given.TryDequeue(out SuiteCall? given))
        {
            Begin(worker, given);
        }

        if (worker.Call is null)
        {
            if (worker.Job is not { } job)
            {
                HostWork(worker, Take);
                return;
            }

            if (job.Next == job.File.Commands.Length)
            {
                HostWork(worker, Free);
                _current = (worker.Number + 1) % _workers.Length;
                return;
            }

            SuiteCall call = NextCall(worker, job);
            if (call.Executor != worker)
            {
                worker.IsWaiting = true;
                if (_options.Mode == LabMode.Realistic && call.Executor is { Job: null, Call: null, Given.Count: 0 } asleep)
                {
                    // A thread without work sleeps, and is woken by the kernel. Only one that works looks for calls now and then.
                    _machine.Model.Synchronize(asleep.Core, ContextEvent.Switch);
                }

                call.Executor.Given.Enqueue(call);
                _current = call.Executor.Number;
                return;
            }

            Begin(worker, call);
        }

        Turn(worker, worker.Call!);
    }

    private void HostWork(SuiteWorker worker, Action<SuiteWorker> work)
    {
        _publisher = worker;
        _system.RunOn(worker.Core);
        work(worker);
        worker.Core = _system.Current;
        _publisher = null;
    }

    /// <summary>Everything from taking a file to its first call.</summary>
    private void Take(SuiteWorker worker)
    {
        int number = _taken++;
        SuiteFile file = _image.Files[number % _image.Files.Count];
        DoHostWork(worker.Core, _options.Work.Compiling);
        CodeHeap heap = _kept ?? CreateHeap();
        JitModule module = new(heap, NoSymbols.Instance);
        var functions = new JitFunction[file.Functions.Length];
        for (int i = 0; i < functions.Length; i++)
        {
            functions[i] = module.Define(file.Functions[i].Name, file.Functions[i].Code);
        }

        if (!module.TryPublish(out IReadOnlyList<LinkError> errors))
        {
            throw new CompilerBugException("lab", $"{file.Path}: {NativeEngine.Describe(errors)}");
        }

        DoHostWork(_system.Current, _options.Work.Publishing);
        worker.Job = new(number, file, heap, module, functions) { Executor = worker };
        if (_history is not null)
        {
            foreach (JitFunction function in functions)
            {
                _history.Name((ulong)function.Address, function.Size, function.Name.ToString());
            }
        }
    }

    /// <summary>What is not simulated, in finite caches: no store is in a buffer for so long, and lines come and go.</summary>
    private void DoHostWork(Core core, int lines)
    {
        if (_options.Mode == LabMode.Realistic)
        {
            for (int i = 0; i < DrainingTurns; i++)
            {
                _machine.EndTurn(core);
            }

            _caches?.Touch(core.Number, lines, lines);
        }
    }

    private void Free(SuiteWorker worker)
    {
        SuiteJob job = worker.Job!;
        if (_history is not null)
        {
            foreach (JitFunction function in job.Functions)
            {
                _history.Name((ulong)function.Address, function.Size, "");
            }
        }

        job.Module.Dispose();
        if (_kept is null)
        {
            job.Heap.Dispose();
        }

        worker.Job = null;
    }

    /// <summary>Who executes is decided for all commands of a function together.</summary>
    private SuiteCall NextCall(SuiteWorker worker, SuiteJob job)
    {
        SuiteCommand command = job.File.Commands[job.Next];
        if (job.Next == 0 || job.File.Commands[job.Next - 1].Function != command.Function)
        {
            int distance = _choices.Choose(ChoiceKind.Workload, worker.Core.Number, _workers.Length);
            job.Executor = _workers[(worker.Number + distance) % _workers.Length];
            if (_options.Cores > 1 && _choices.Choose(ChoiceKind.Migration, worker.Core.Number, _options.Cores) is > 0 and int cores)
            {
                Core core = _machine.Cores[(worker.Core.Number + cores) % _options.Cores];
                _system.Migrate(worker.Core, core);
                worker.Core = core;
                Occupy(worker);
            }
        }

        return new(worker, job.Executor, job, job.Next++, command.Instructions > 0 ? (2 * command.Instructions) + Patience : UnknownBudget);
    }

    private void Begin(SuiteWorker worker, SuiteCall call)
    {
        SuiteCommand command = call.Command;
        Core core = worker.Core;
        worker.Call = call;
        core.State = default;
        if (command.Arguments.Length > 0)
        {
            _ = core.TryStore(worker.Values, MemoryMarshal.AsBytes<UInt128>(command.Arguments));
        }

        ref CoreState state = ref core.State;
        state.General[CoreState.StackPointer] = worker.StackTop;
        state.General[0] = (ulong)call.Job.Functions[command.Function].Address;
        state.General[1] = worker.Values;
        state.General[30] = Core.ReturnAddress;
        state.Pc = (ulong)call.Job.Functions[command.Trampoline].Address;
        _history?.Add(new(0, core.Number, LabEventKind.Call, state.General[0], 0, -1, -1, core.Number, 0, call.Job.File.Functions[command.Function].Name.ToString()));
    }

    private void Turn(SuiteWorker worker, SuiteCall call)
    {
        Core core = worker.Core;
        long start = core.Retired;
        StopReason reason = core.RunExactly(Math.Min(call.Left, NextTurn(core)));
        long executed = core.Retired - start;
        call.Left -= Math.Max(1, executed);
        call.Executed += executed;
        _machine.EndTurn(core);
        if (reason != StopReason.TurnOver || call.Left <= 0)
        {
            End(worker, call, reason);
        }
    }

    private void End(SuiteWorker worker, SuiteCall call, StopReason reason)
    {
        _commands++;
        worker.Call = null;
        call.Owner.IsWaiting = false;
        SuiteFailure? failure = Judge(worker, call, reason);
        _history?.Add(new(
            0, worker.Core.Number, LabEventKind.Outcome, failure?.ProgramCounter ?? 0, 0, -1, -1, worker.Core.Number, failure is null ? 0 : 1 + (int)failure.Symptom, failure?.Detail ?? "as it should"));
        _done?.Invoke(call.Command, call.Executed, failure);
        if (failure is not null)
        {
            _failures.Add(failure);
            _failedFiles += call.Job.HasFailed ? 0 : 1;
            call.Job.HasFailed = true;
        }

        if (call.Owner != worker)
        {
            _current = call.Owner.Number;
        }
    }

    private SuiteFailure? Judge(SuiteWorker worker, SuiteCall call, StopReason reason)
    {
        SuiteCommand command = call.Command;
        Core core = worker.Core;
        switch (reason)
        {
            case StopReason.Returned:
                Span<UInt128> values = _values.AsSpan(0, command.Slots);
                _ = values.IsEmpty || core.TryLoad(worker.Values, MemoryMarshal.AsBytes(values));
                return command.Accepts(values) ? null : Fail(LabSymptom.WrongResult, 0, $"the result is {Format(command, values)}");
            case StopReason.TurnOver:
                return Fail(LabSymptom.Hang, core.State.Pc, $"still running after {call.Executed} instructions");
            case StopReason.SupervisorCall:
                return Fail(LabSymptom.IllegalInstruction, core.State.Pc - 4, $"a system call that nobody compiled");
            default:
                return JudgeException(call, core.Exception) is { } end ? Fail(end.Symptom, core.Exception.ProgramCounter, end.Detail) : null;
        }

        SuiteFailure Fail(LabSymptom symptom, ulong programCounter, string detail) =>
            new(call.Job.Number, call.Job.File, call.Index, core.Number, call.Owner.Core.Number, symptom, programCounter, detail);
    }

    private static (LabSymptom Symptom, string Detail)? JudgeException(SuiteCall call, in CoreException exception)
    {
        call.Job.Heap.TryFindFunction((nint)exception.ProgramCounter, out JitFunction? function, out int offset);
        TrapCode trap = function?.TrapAt(offset) ?? default;
        bool isIllegal = exception.Kind is CoreExceptionKind.UndefinedInstruction or CoreExceptionKind.Breakpoint;

        // A trap that was compiled there: UDF with a number, or an access that may fault. Zeros are no trap, wherever they are.
        bool isCompiled = !trap.IsNone && (!isIllegal || exception.Word != 0) && exception.Kind != CoreExceptionKind.InstructionAbort;
        RunCommand command = call.Command.Command;
        if (isCompiled && (command.Kind == RunCommandKind.Print || (command.Kind == RunCommandKind.Trap && command.Trap == trap)))
        {
            return null;
        }

        string place = function is null ? string.Create(CultureInfo.InvariantCulture, $"0x{exception.ProgramCounter:x}") : $"{function.Name}+0x{offset:x}";
        return isCompiled && isIllegal
            ? (LabSymptom.WrongResult, $"it traps with {trap} at {place}")
            : (isIllegal ? LabSymptom.IllegalInstruction : LabSymptom.AccessFault, string.Create(CultureInfo.InvariantCulture, $"{exception} at {place}"));
    }

    private static string Format(SuiteCommand command, ReadOnlySpan<UInt128> values)
    {
        var results = new IR.Interpretation.DataValue[command.Results.Length];
        for (int i = 0; i < results.Length; i++)
        {
            results[i] = new(command.Results[i], SuiteCommand.Narrow(values[i], command.Results[i]));
        }

        return IR.Interpretation.DataValue.Format(results);
    }

    /// <summary>A worker gets its core; if another one was there, the kernel switches threads.</summary>
    private void Occupy(SuiteWorker worker)
    {
        Core core = worker.Core;
        ref SuiteWorker? occupant = ref _occupants[core.Number];
        if (occupant == worker)
        {
            return;
        }

        if (occupant is { Call: not null } before && before.Core == core)
        {
            before.Saved = core.State;
        }

        _machine.Model.Barrier(core, BarrierKind.Synchronization, MachineSystem.InnerShareable);
        _machine.Model.Synchronize(core, ContextEvent.Switch);
        core.ClearMonitor();
        _history?.Add(new(0, core.Number, LabEventKind.Thread, 0, 0, -1, -1, core.Number, worker.Number, $"worker {worker.Number} gets core {core.Number}"));
        if (worker.Call is not null)
        {
            core.State = worker.Saved;
        }

        occupant = worker;
    }

    private CodeHeap CreateHeap() => MachineHeap.Create(_system, _options.Plan.Edit, Reach, _port, _memory);

    /// <summary>Probes once, and tells the history of steps.</summary>
    private sealed class RememberingPort(IPublicationPort port, MachineSystem system) : IPublicationPort
    {
        private PublicationCapabilities? _found;

        public PublicationCapabilities Probe(CodeViews views) => _found ??= port.Probe(views);

        public Runtime.Platform.SystemError Perform(PublicationStep step, in CodeRange range)
        {
            if (system.IsWatched)
            {
                system.Note(LabEventKind.Step, system.Current, range.Address, step.ToString());
            }

            return port.Perform(step, range);
        }
    }
}
