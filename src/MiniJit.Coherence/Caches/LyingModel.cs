// The machine that lies: instruction fetch as the architecture allows it, and not better.
//
// Every line that instructions come from has versions (CodeLine), every core may have operations in flight (OperationWindow) and instructions
// fetched ahead (FetchQueue). Whatever the architecture leaves open is a choice (ChoiceSource); the choice 0 everywhere is the coherent
// machine. The model is the operational one of Exploration/FetchModel with data accesses in order, so everything that it does is
// an execution of that model: tests compare the two.
//
// Two policies share the state. The adversarial one picks any version of the interval that a cache could hold. The realistic one keeps what
// finite caches with random replacement hold: a line survives the fill of another with probability 1 - 1/C, so the fill
// count at which it goes is drawn once, from an exponential distribution, and no cache ways are simulated.
//
// Where one version is all that is possible the core keeps its decoded code and comes back no more, which is what makes code that nobody
// touches run as fast as on a coherent machine.
using System;
using System.Numerics;
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.Fetch;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Machine;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.Caches;

internal sealed unsafe partial class LyingModel : ICoherenceModel, IDisposable
{
    /// <summary>Cores are bits of a word.</summary>
    public const int MaxCores = 64;

    /// <summary>Versions of a line that are kept: caches that remember more than so many publications ago are no interesting ones.</summary>
    private const int MaxVersions = 16;

    private const int QueuedLines = 64;

    private readonly PhysicalMemory _memory;
    private readonly LyingOptions _options;
    private readonly ChoiceSource _choices;
    private readonly LinePool _pool;
    private readonly CacheTraits[] _traits;
    private readonly OperationWindow[] _windows;
    private readonly FetchQueue[] _queues;

    /// <summary>When each core's last turn ended, and after how many instructions.</summary>
    private readonly (long Time, long Retired)[] _turnEnds;
    private readonly FiniteCaches? _caches;
    private readonly int _lineBytes, _longestLine, _linesPerFrame;
    private readonly bool _hasCoherentCores;
    private Arm64Machine? _machine;
    private CodeFrame?[] _frames = [];
    private long _time;

    /// <summary>The core of the last event: the one for which the system works.</summary>
    private int _active;

    /// <summary>What is stored now was stored before the frame was executable.</summary>
    private bool _isDiscovering;

    public LyingModel(PhysicalMemory memory, int cores, LyingOptions options, ChoiceSource choices)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cores, MaxCores);
        (_memory, _options, _choices) = (memory, options, choices);
        _traits = new CacheTraits[cores];
        _windows = new OperationWindow[cores];
        _queues = new FetchQueue[cores];
        _turnEnds = new (long Time, long Retired)[cores];
        _lineBytes = PhysicalMemory.PageSize;
        for (int core = 0; core < cores; core++)
        {
            CacheTraits traits = _traits[core] = options.Type.RealOf(core);
            _windows[core] = new();
            _queues[core] = new(QueuedLines);
            _lineBytes = Math.Min(_lineBytes, Math.Min(traits.DataLine, traits.InstructionLine));
            _longestLine = Math.Max(_longestLine, Math.Max(traits.InstructionLine, traits.DataLine));
            _hasCoherentCores |= traits.InstructionCoherent;
        }

        _linesPerFrame = PhysicalMemory.PageSize / _lineBytes;
        UnitBits = BitOperations.Log2((uint)_lineBytes);
        _pool = new(_lineBytes);
        _caches = options.Mode == LabMode.Realistic ? new(cores, options.Sizes, choices) : null;
    }

    /// <summary>Who hears of what happens; nobody if null.</summary>
    public ILabHistory? History { get; set; }

    /// <inheritdoc/>
    public int UnitBits { get; }

    /// <summary>Fetches that returned something else than the newest performed version.</summary>
    public long StaleFetches { get; private set; }

    /// <inheritdoc/>
    public void Attach(Arm64Machine machine) => _machine = machine;

    /// <inheritdoc/>
    public ulong CacheType(Core core) => _options.Type.ClaimedBy(core.Number).Register;

    /// <inheritdoc/>
    public CodeUnit? Fetch(Core core, ulong address, PhysicalAddress physical, out bool mayKeep)
    {
        CodeFrame frame = Track(physical.Frame);
        int index = physical.Offset / _lineBytes, number = _active = core.Number;
        CodeLine line = LineOf(frame, index);
        if (line.Address != address)
        {
            line.HasAliases = line.Address != 0;
            line.Address = address;
        }

        FetchQueue queue = _queues[number];
        LineVersion? version = null;
        FetchOrigin origin = FetchOrigin.Cache;
        bool isQueued = queue.Count > 0 && queue.TryFind(line, address & HotState.PageMask, core.RetiredNow, out version);
        if (isQueued)
        {
            origin = FetchOrigin.Queue;
            if (version is null)
            {
                Happened(number, LabEventKind.Fetch, address, line, -1, number, (int)FetchOrigin.Queue, "fetched ahead when the page was not executable");
                mayKeep = false;
                StaleFetches++;
                return null;
            }
        }
        else
        {
            version = line[VersionInCache(number, line, frame, index)];
        }

        if (queue.Count > 0)
        {
            queue.DropBefore(Math.Max(version.PerformedAt, frame.ExecutableAt));
        }

        bool isSingle = _traits[number].InstructionCoherent || line.Low(number) == line.Performed;
        mayKeep = !isQueued && (isSingle || (_caches is not null && version.Number == line.Performed));
        if (mayKeep)
        {
            line.KeptBy |= 1ul << number;
        }

        line.NewestVersion.IsOpen = false;
        StaleFetches += version.Number < line.Performed ? 1 : 0;
        if (History is not null)
        {
            NoteFetch(number, address, line, version.Number, origin, isSingle);
        }

        return _pool.UnitOf(version);
    }

    /// <inheritdoc/>
    public void Synchronize(Core core, ContextEvent cause)
    {
        Happened(core.Number, LabEventKind.Synchronize, 0, null, -1, core.Number, (int)cause);
        switch (cause)
        {
            // The kernel's handler of the interrupt has a barrier of its own, and switching threads one that waits for maintenance, too.
            case ContextEvent.Interrupt:
                Drain(core.Number, PendingKind.Store);
                Drain(core.Number, PendingKind.Clean);
                break;
            case ContextEvent.Switch:
                DrainAll(core.Number, inOrder: true);
                break;
        }

        bool overtakes = cause == ContextEvent.Instruction && _queues[core.Number].Count > 0 && OvertakesLoad(core)
            && _choices.Choose(ChoiceKind.Delay, core.Number, 2) != 0;
        _queues[core.Number].DropBefore(overtakes ? _turnEnds[core.Number].Time : long.MaxValue);
    }

    /// <inheritdoc/>
    public void TurnEnded(Core core)
    {
        int number = core.Number;
        _turnEnds[number] = (_time, core.Retired);
        OperationWindow window = _windows[number];
        for (int i = window.Count - 1; i >= 0; i--)
        {
            i = Math.Min(i, window.Count - 1);
            if (i >= 0 && _choices.Choose(ChoiceKind.Delay, number, 2) == 0)
            {
                Complete(number, i);
            }
        }
    }

    /// <summary>Work of a core that the machine does not execute, such as compiling: what it does to finite caches.</summary>
    public void Touch(int core, int instructionLines, int dataLines) => _caches?.Touch(core, instructionLines, dataLines);

    /// <summary>How many versions of a line are kept.</summary>
    public int VersionsAt(PhysicalAddress physical) => Find(physical.Frame)?.Lines[physical.Offset / _lineBytes]?.Count ?? 1;

    public void Dispose() => _pool.Dispose();

    /// <summary>
    /// ISB does not wait for loads. Here loads happen at once, so what can be is the converse: that ISB, and the fetches behind it, were done before
    /// a load directly in front of it, at any time since the core executed what is in front of that. This is seen where a turn begins with the load.
    /// </summary>
    private bool OvertakesLoad(Core core)
    {
        ulong pc = core.State.Pc;
        if (core.RetiredNow - _turnEnds[core.Number].Retired != 2 || pc % PhysicalMemory.PageSize < 4 || !_machine!.Space.TryGetFrame(pc, out int frame))
        {
            return false;
        }

        uint* words = (uint*)(_memory[frame].Bytes + (pc % PhysicalMemory.PageSize));
        return Decode.TryInstruction(words[0], out A64Instruction sync) && sync.Form == A64Form.Isb
            && Decode.TryInstruction(words[-1], out A64Instruction load)
            && (load.Form == A64Form.Ldar
                || (load.Form is A64Form.LoadStoreUnsigned or A64Form.LoadStoreUnscaled && ((MemoryAccess)load.Aux).Row().IsLoad));
    }

    /// <summary>What the instruction cache returns, filling it first if need be.</summary>
    private int VersionInCache(int core, CodeLine line, CodeFrame frame, int index)
    {
        if (_traits[core].InstructionCoherent)
        {
            return line.Performed;
        }

        if (_caches is not null)
        {
            _caches.WriteBack(line);
            CodeLine? next = _caches.Prefetches && index + 1 < _linesPerFrame ? LineOf(frame, index + 1) : null;
            return _caches.Fetch(core, line, next);
        }

        int low = line.Low(core), performed = line.Performed;
        return low == performed ? performed : performed - _choices.Choose(ChoiceKind.Version, core, performed - low + 1);
    }

    private CodeLine LineOf(CodeFrame frame, int index) => frame.Lines[index] ?? NewLine(frame, index);

    private CodeLine NewLine(CodeFrame frame, int index)
    {
        CodeLine line = new(
            _pool, frame.Bytes + (index * _lineBytes), PhysicalAddress.Of(frame.Number, index * _lineBytes).Value, _traits.Length);
        line.NewestVersion.IsOpen = false;
        frame.Lines[index] = line;
        Remember(line);
        return line;
    }

    /// <summary>Cores that answer fetches of a line themselves do so no longer.</summary>
    private void ForgetKept(CodeLine line)
    {
        for (ulong kept = line.KeptBy; kept != 0; kept &= kept - 1)
        {
            Core core = _machine!.Cores[BitOperations.TrailingZeroCount(kept)];
            if (line.HasAliases)
            {
                core.ForgetFetches();
            }
            else
            {
                core.ForgetFetch(line.Address);
            }
        }

        line.KeptBy = 0;
    }

    /// <summary>Frees versions that nobody can see.</summary>
    private void Trim(CodeLine line)
    {
        if (line.Count == 1)
        {
            return;
        }

        int oldest = line.Unified;
        for (int core = 0; core < _traits.Length; core++)
        {
            oldest = Math.Min(oldest, _traits[core].InstructionCoherent ? line.Performed : line.Low(core));
        }

        line.Trim(oldest);
    }

    private void NoteFetch(int core, ulong address, CodeLine line, int version, FetchOrigin origin, bool isSingle)
    {
        line.Seen ??= new int[_traits.Length];
        if (line.Seen[core] != version + 1 || !isSingle || origin == FetchOrigin.Queue)
        {
            // What was never written since the machine began is no news.
            if (line.Newest > 0)
            {
                Happened(core, LabEventKind.Fetch, address, line, version, core, (int)origin);
            }

            line.Seen[core] = version + 1;
        }
    }

    private void Remember(CodeLine line) =>
        History?.Remember(line.Physical, line.Newest, new(line.Home, _lineBytes));

    private void Happened(
        int core, LabEventKind kind, ulong address, CodeLine? line, int version, int cause, int detail, string note = "")
    {
        _time++;
        History?.Add(new(_time, core, kind, address, line?.Physical ?? 0, version, line?.Newest ?? -1, cause, detail, note));
    }
}
