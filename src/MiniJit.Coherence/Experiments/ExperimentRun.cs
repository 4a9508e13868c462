// One run of an experiment. The publishing thread is the host's program: its stores, cache routines and calls are executed by a simulated
// core, and wherever it could be interrupted — between any two of those instructions, between the steps of the plan — the other cores may get
// turns, as the choices say. So the runtime's own executor, port and plans run here as they are, and a run is its choices.
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
using MiniJit.IR;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;

namespace MiniJit.Coherence.Experiments;

internal sealed class ExperimentRun : IDisposable, IPublicationTarget
{
    private const ulong ReaderCode = 0x10_0000, FirstRoutine = 0x20_0000;
    private const long CodeSize = 4 * PhysicalMemory.PageSize, DataSize = PhysicalMemory.PageSize;

    /// <summary>Where things lie in the page of data: what was published, eight zero bytes, and a line per core for what it got.</summary>
    private const ulong Sequence = 0, Entries = 8, Zero = 64, Answers = 128, AnswerSize = 64;

    /// <summary>
    /// Instructions of a reader's turn that nothing cuts short: of one that interrupts the writer, which leaves it most of what it has fetched ahead,
    /// and of one for which the writer waits. Then those of the writer's, and turns until a call counts as hanging.
    /// </summary>
    private const int Interruption = 16, Quantum = 64, Burst = 8, TurnLimit = 400;

    private readonly Experiment _experiment;
    private readonly ChoiceSource _choices;
    private readonly ILabHistory? _history;
    private readonly PublicationExecutor _executor;
    private readonly PublicationCapabilities _capabilities;
    private readonly List<ulong> _results = [0];               // of each call, by generation
    private readonly int[] _versions;                          // of each function: what its words are, and what its last word is
    private readonly int[] _endings;
    private readonly List<CodeRange> _written = [];
    private readonly ulong[] _noted;                           // by core: the last publication whose call was told to the history
    private ulong _sequence, _nextRoutine = FirstRoutine;
    private int _version;
    private bool _isPaused, _isAwaiting, _isWritable = true;

    public ExperimentRun(Experiment experiment, MachineType type, ChoiceSource choices, ILabHistory? history)
    {
        _experiment = experiment;
        _choices = choices;
        history = _history = history is null ? null : new CallHistory(history, this);
        _versions = new int[experiment.Functions];
        _noted = new ulong[experiment.Cores];
        _endings = new int[experiment.Functions];
        Machine = LyingMachine.Create(experiment.Cores, new(type), choices, history);
        System = new(Machine, experiment.Routines.Length == 0 ? Arm64CacheRoutines.Words : experiment.Routines, experiment.System, history) { Caller = CallInTurns };
        Memory = new MachineCodeMemory(System);
        IPublicationPort port = experiment.Architecture == Architecture.Arm64
            ? MachineHeap.CreatePort(System)
            : new LinuxPublicationPort(System, experiment.Architecture);
        _isPaused = true;
        _capabilities = port.Probe(Memory.Views);
        System.MoveTo(Machine.Cores[0]);
        port = experiment.EditPort?.Invoke(port, this) ?? port;
        _executor = new(Memory, new InterruptedPort(port, this));
        if (!Memory.TryReserve(CodeSize, DataSize, 0, out ArenaMapping arena, out _) || !Memory.TryCommit(arena, arena.Code, CodeSize, out _)
            || !Memory.TryCommit(arena, arena.Data, DataSize, out _))
        {
            throw new CompilerBugException("experiments", "a machine has no memory for code");
        }

        Arena = arena;
        StartReaders();
        Machine.Model.Settle();
        _isPaused = false;
    }

    public Arm64Machine Machine { get; }

    public MachineSystem System { get; }

    public ICodeMemory Memory { get; }

    public ArenaMapping Arena { get; }

    /// <summary>The core that the publishing thread is on.</summary>
    public Core Writer => System.Current;

    public ExperimentOutcome Outcome { get; private set; }

    public bool HasEnded => Outcome.IsFailure;

    /// <summary>How often something was published.</summary>
    public int Published => (int)_sequence;

    /// <summary>Runs an experiment on a machine.</summary>
    public static ExperimentOutcome Run(Experiment experiment, MachineType type, ChoiceSource choices, ILabHistory? history = null)
    {
        using ExperimentRun run = new(experiment, type, choices, history);
        experiment.Script(run);
        return run.Outcome;
    }

    // ---- what scripts do

    /// <summary>Writes the next version of all functions.</summary>
    public void Write()
    {
        Span<uint> words = stackalloc uint[TestFunction.Length];
        _version++;
        for (int i = 0; i < _versions.Length; i++)
        {
            _versions[i] = _endings[i] = _version;
            TestFunction.Write(words, _version);
            Name(i);
            Store(AddressOf(i), words);
        }
    }

    /// <summary>Exchanges the last instruction of each function.</summary>
    public void Patch()
    {
        _version++;
        for (int i = 0; i < _endings.Length; i++)
        {
            _endings[i] = _version;
            Name(i);
            Store(AddressOf(i) + ((TestFunction.Length - 1) * sizeof(uint)), [TestFunction.Ending(_version)]);
        }
    }

    /// <summary>Overwrites the functions with traps, as freed memory is.</summary>
    public void Free()
    {
        Span<uint> words = stackalloc uint[TestFunction.Length];
        words.Clear();
        for (int i = 0; i < _versions.Length; i++)
        {
            Store(AddressOf(i), words);
        }

        _written.Clear();
    }

    /// <summary>Publishes what was written since the last time, by the plan.</summary>
    /// <param name="result">What callers get from then on; if not given, what the functions return.</param>
    /// <param name="reaches">Whether callers learn of it.</param>
    public void Publish(ulong? result = null, bool reaches = true)
    {
        if (HasEnded)
        {
            return;
        }

        PublicationScenario scenario = _sequence == 0 ? PublicationScenario.NewCode : PublicationScenario.ReusedMemory;
        if (!PublicationPlan.TryChoose(_experiment.System.Kind, _experiment.Architecture, _capabilities, scenario, out PublicationPlan plan, out string refusal))
        {
            End(new(OutcomeKind.Refused, Writer.Number, Published + 1, refusal));
            return;
        }

        if (_experiment.EditPlan is not null && Published + 1 >= _experiment.EditsFrom)
        {
            plan = _experiment.EditPlan(plan);
        }

        if (reaches)
        {
            _results.Add(result ?? TestFunction.Result(_versions[0], _endings[0]));
        }
        else
        {
            plan = plan.Without(PublicationStepKind.MakeReachable, 0);
        }

        SystemError error = _executor.Run(plan, CollectionsMarshal.AsSpan(_written), this);
        _written.Clear();
        _isWritable = false;
        if (!error.IsNone)
        {
            End(new(OutcomeKind.Refused, Writer.Number, Published + 1, error.ToString()));
        }

        // A plan that visits the cores leaves the thread where another one wants to run.
        if (Writer != Machine.Cores[0])
        {
            MigrateTo(0);
        }
    }

    /// <summary>The last step of a plan.</summary>
    public void MakeReachable()
    {
        NoteStep(new(PublicationStepKind.MakeReachable), 0);

        // Twice the same function if there is only one.
        for (int i = 0; i < 2; i++)
        {
            Memory.StoreRelease(Arena, Arena.Data + Entries + (8 * (ulong)i), AddressOf(Math.Min(i, _versions.Length - 1)));
        }

        Memory.StoreRelease(Arena, Arena.Data + Sequence, ++_sequence);
        Pause();
    }

    /// <summary>The publishing thread calls what it has published.</summary>
    public void CallAsWriter()
    {
        if (HasEnded)
        {
            return;
        }

        CoreState before = Writer.State;
        for (int i = 0; i < 2 && !HasEnded; i++)
        {
            Writer.State.General[TestFunction.ZeroPointer] = Arena.Data + Zero;
            ulong address = AddressOf(Math.Min(i, _versions.Length - 1));
            NoteCall(Writer, address);
            StopReason reason = CallInTurns(Writer, address, [0], Quantum * TurnLimit);
            if (reason == StopReason.Returned)
            {
                Check(Writer, Writer.State.General[0]);
            }
            else
            {
                End(Stopped(Writer, reason));
            }
        }

        Writer.State = before;
    }

    /// <summary>Overwrites the first instruction of each function with a trap.</summary>
    public void WriteTraps()
    {
        for (int i = 0; i < _versions.Length; i++)
        {
            Store(AddressOf(i), [0]);
        }
    }

    /// <summary>The publishing thread calls what must trap.</summary>
    public void ExpectTraps()
    {
        CoreState before = Writer.State;
        for (int i = 0; i < _versions.Length && !HasEnded; i++)
        {
            NoteCall(Writer, AddressOf(i));
            StopReason reason = CallInTurns(Writer, AddressOf(i), [0], Quantum * TurnLimit);
            if (reason != StopReason.Exception || Writer.Exception.ProgramCounter != AddressOf(i))
            {
                End(new(OutcomeKind.MissedTrap, Writer.Number, Published));
            }
        }

        Writer.State = before;
    }

    /// <summary>Lets the others run until each has called what was published last.</summary>
    public void AwaitReaders()
    {
        _isAwaiting = true;
        for (int turn = 0; !HasEnded && HasReaders && !AllAnswered(); turn++)
        {
            if (turn > TurnLimit * Machine.Cores.Length)
            {
                End(new(OutcomeKind.Hang, -1, Published));
                return;
            }

            Turn(1 + ((turn + _choices.Choose(ChoiceKind.Turn, -1, Machine.Cores.Length - 1)) % (Machine.Cores.Length - 1)), Quantum);
        }

        _isAwaiting = false;
    }

    /// <summary>What a machine has that user code has not: lines of a range are invalidated on this core alone (IC IALLU, or fence.i of RISC-V).</summary>
    public void InvalidateHere(in CodeRange range)
    {
        for (ulong at = range.Address & ~(ulong)(Arm64CacheType.SmallestLine - 1); at < range.Address + (ulong)range.Size; at += Arm64CacheType.SmallestLine)
        {
            _ = Machine.Space.TryGetFrame(at, out int frame);
            Machine.Model.Maintain(Writer, CacheOperation.InvalidateHere, at, PhysicalAddress.Of(frame, (int)(at % PhysicalMemory.PageSize)));
        }
    }

    /// <summary>Waits until all that the publishing thread's core has begun is done (DSB, or what another architecture has for it).</summary>
    public void WaitForStores() => Machine.Model.Barrier(Writer, BarrierKind.Synchronization, MachineSystem.InnerShareable);

    /// <summary>The publishing thread goes on on another core.</summary>
    public void MigrateTo(int core) => System.MoveTo(Machine.Cores[core]);

    /// <summary>The others may get a turn here.</summary>
    public void Pause()
    {
        if (HasEnded || _isPaused || !HasReaders)
        {
            return;
        }

        int core = _choices.Choose(ChoiceKind.Turn, -1, Machine.Cores.Length);
        if (core != 0)
        {
            Turn(core, Interruption);
        }
    }

    /// <summary>Places code for the publishing thread, which is there from the start.</summary>
    public ulong AddRoutine(string code)
    {
        ulong address = _nextRoutine;
        GuestMemory.LoadCode(Machine, address, GuestCode.Assemble(code + "\nRET"));
        _nextRoutine += PhysicalMemory.PageSize;
        return address;
    }

    /// <summary>The publishing thread executes such code.</summary>
    public void Execute(ulong routine, params ReadOnlySpan<ulong> arguments)
    {
        CoreState before = Writer.State;
        StopReason reason = CallInTurns(Writer, routine, arguments, Quantum * TurnLimit);
        if (reason != StopReason.Returned)
        {
            End(Stopped(Writer, reason));
        }

        Writer.State = before;
    }

    public void End(ExperimentOutcome outcome)
    {
        if (!HasEnded)
        {
            Outcome = outcome;
            Note(LabEventKind.Outcome, outcome.Core, outcome.Address, outcome.ToString(), 1);
        }
    }

    /// <summary>Tells the history that a step of the plan begins.</summary>
    public void NoteStep(PublicationStep step, ulong address) => Note(LabEventKind.Step, Writer.Number, address, step.Info.Text);

    /// <summary>Tells it that a core begins to call a function.</summary>
    public void NoteCall(Core core, ulong address)
    {
        if (_history is not null)
        {
            Note(LabEventKind.Call, core.Number, address, NameOf(FunctionAt(address)));
        }
    }

    /// <summary>The function that begins at an address, or -1.</summary>
    public int FunctionAt(ulong address)
    {
        for (int i = 0; i < _versions.Length; i++)
        {
            if (address == AddressOf(i))
            {
                return i;
            }
        }

        return -1;
    }

    public void Dispose() => Machine.Dispose();

    /// <summary>Where a function begins.</summary>
    public ulong AddressOf(int function) => Arena.Code + TestFunction.Offset + (ulong)(function * TestFunction.Distance);

    // ---- cores

    private bool HasReaders => _experiment.Readers != ReaderKind.None && Machine.Cores.Length > 1;

    private static readonly uint[][] s_readers =                 // by ReaderKind
    [
        [],
        Reader("", ""),
        Reader("SVC #0", ""),
        Reader("", "ISB"),
        GuestCode.Assemble($"""
            call: LDAR X20,[X19]
            CBZ X20,call
            LDR X22,[X19,#8]
            MOV X0,#0
            BLR X22
            CMP X0,#{Scripts.OldPair}
            B.EQ good
            CMP X0,#{Scripts.NewPair}
            B.EQ good
            BRK #0
            good: STR X0,[X24,#8]
            STR X0,[X24,#16]
            STLR X20,[X24]
            B call
            """),
    ];

    private static uint[] Reader(string inLoop, string beforeCall) => GuestCode.Assemble($"""
        wait: {inLoop}
        LDAR X20,[X19]
        CMP X20,X21
        B.EQ wait
        {beforeCall}
        MOV X21,X20
        LDR X22,[X19,#8]
        LDR X23,[X19,#16]
        MOV X0,#0
        BLR X22
        STR X0,[X24,#8]
        MOV X0,#0
        BLR X23
        STR X0,[X24,#16]
        STLR X21,[X24]
        B wait
        """);

    private void StartReaders()
    {
        if (!HasReaders)
        {
            return;
        }

        GuestMemory.LoadCode(Machine, ReaderCode, s_readers[(int)_experiment.Readers]);
        for (int i = 1; i < Machine.Cores.Length; i++)
        {
            ref CoreState state = ref Machine.Cores[i].State;
            state = default;
            state.Pc = ReaderCode;
            state.General[19] = Arena.Data + Sequence;
            state.General[24] = AnswersOf(i);
            state.General[TestFunction.ZeroPointer] = Arena.Data + Zero;
        }
    }

    private ulong AnswersOf(int core) => Arena.Data + Answers + ((ulong)core * AnswerSize);

    /// <summary>A reader goes on for some instructions.</summary>
    private void Turn(int number, int quantum)
    {
        Core core = Machine.Cores[number];
        if (core == Writer)
        {
            return;
        }

        int length = _choices.Choose(ChoiceKind.Preemption, number, quantum);
        long end = core.Retired + (length == 0 ? quantum : length);
        while (core.Retired < end && !HasEnded)
        {
            // A turn that nothing cuts short ends at a branch; it is the quicker way to execute.
            long left = end - core.Retired;
            StopReason reason = length == 0 ? core.Run(left) : core.Step((int)left);
            if (reason == StopReason.SupervisorCall)
            {
                Machine.Model.Synchronize(core, ContextEvent.ExceptionReturn);
            }
            else if (reason != StopReason.TurnOver)
            {
                End(Stopped(core, reason));
            }
        }

        // Who calls all the time may get either version until the new one is published.
        if (!HasEnded && (_isAwaiting || _experiment.Readers != ReaderKind.Incessant) && HasAnswered(number))
        {
            Check(core, GuestMemory.Read(Machine, AnswersOf(number) + 8));
            Check(core, GuestMemory.Read(Machine, AnswersOf(number) + 16));
        }
    }

    /// <summary>Executes a routine or a function of the publishing thread, with interruptions.</summary>
    private StopReason CallInTurns(Core core, ulong address, ReadOnlySpan<ulong> arguments, long instructions)
    {
        if (_isPaused)
        {
            return core.Call(address, arguments, instructions);
        }

        ref CoreState state = ref core.State;
        for (int i = 0; i < arguments.Length; i++)
        {
            state.General[i] = arguments[i];
        }

        state.General[30] = Core.ReturnAddress;
        state.Pc = address;
        StopReason reason = StopReason.TurnOver;
        for (long end = core.Retired + instructions; reason == StopReason.TurnOver && core.Retired < end;)
        {
            Pause();
            int length = _choices.Choose(ChoiceKind.Preemption, core.Number, Burst);
            reason = length == 0 ? core.Run(Burst) : core.Step(length);
        }

        return reason;
    }

    private bool AllAnswered()
    {
        for (int i = 1; i < Machine.Cores.Length; i++)
        {
            if (!HasAnswered(i))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a reader has called what was published last.</summary>
    private bool HasAnswered(int core) => _sequence > 0 && GuestMemory.Read(Machine, AnswersOf(core)) == _sequence;

    private void Check(Core core, ulong result)
    {
        int published = (int)_sequence, version = _results.LastIndexOf(result);
        if (version != published)
        {
            End(new(version < 0 ? OutcomeKind.MixedResult : OutcomeKind.OldResult, core.Number, published, $"{result} instead of {_results[published]}"));
        }
        else if (core == Writer || _noted[core.Number] != _sequence)
        {
            _noted[core.Number] = _sequence;
            Note(LabEventKind.Outcome, core.Number, 0, "as it should be");
        }
    }

    private ExperimentOutcome Stopped(Core core, StopReason reason) => new(
        reason switch
        {
            StopReason.Exception when core.Exception.Kind is CoreExceptionKind.UndefinedInstruction => OutcomeKind.IllegalInstruction,
            StopReason.Exception when core.Exception.Kind is CoreExceptionKind.Breakpoint => OutcomeKind.MixedResult,
            StopReason.Exception => OutcomeKind.AccessFault,
            StopReason.TurnOver => OutcomeKind.Hang,
            _ => OutcomeKind.MixedResult,
        },
        core.Number, (int)_sequence, reason == StopReason.Exception ? core.Exception.ToString() : "", core.State.Pc);

    // ---- history

    private void Note(LabEventKind kind, int core, ulong address, string text, int detail = 0) =>
        _history?.Add(new(0, core, kind, address, 0, -1, -1, core, detail, text));

    private void Name(int function) =>
        _history?.Name(AddressOf(function), TestFunction.Length * sizeof(uint), NameOf(function));

    // %f of version 2; %f of version 2.3 after its last instruction was exchanged for that of version 3.
    private string NameOf(int function)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{(function == 0 ? "%f" : "%g")} v{_versions[function]}");
        return _versions[function] == _endings[function] ? name : string.Create(CultureInfo.InvariantCulture, $"{name}.{_endings[function]}");
    }

    // ---- memory

    /// <summary>Writes instructions; the next publication is of them, too.</summary>
    public void Store(ulong address, ReadOnlySpan<uint> words)
    {
        if (Memory.Views == CodeViews.Flip && !_isWritable)
        {
            _isWritable = true;
            _ = Memory.TryProtect(Arena, Arena.Code, CodeSize, PageAccess.ReadWrite, out _);
        }

        Memory.Store(Arena, address, MemoryMarshal.AsBytes(words));
        _written.Add(new(Arena, address, words.Length * sizeof(uint)));
        Pause();
    }
}
