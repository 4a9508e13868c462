// Cores that share an address space, and the order in which they take turns. One host thread runs a machine; the same start gives the
// same run.
using System;
using MiniJit.Coherence.Fetch;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.Machine;

internal sealed class Arm64Machine : IDisposable
{
    /// <summary>The simulated clock: one instruction per tick.</summary>
    public const long InstructionsPerSecond = 1_000_000_000;

    private readonly PhysicalMemory _memory = new();
    private readonly Core[] _cores;

    /// <summary>A machine with coherent fetch.</summary>
    public Arm64Machine(int cores = 1)
        : this(cores, static memory => new CoherentModel(memory))
    {
    }

    /// <summary>A machine whose fetch side is somebody's model.</summary>
    public Arm64Machine(int cores, Func<PhysicalMemory, ICoherenceModel> model)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(cores, 1);
        Space = new(_memory);
        Model = model(_memory);
        Model.Attach(this);
        _cores = new Core[cores];
        for (int i = 0; i < cores; i++)
        {
            _cores[i] = new(this, i);
        }

        Space.TranslationsChanged += ForgetTranslations;
        Space.FrameExecutable += Model.FrameExecutable;
        Space.FrameUnexecutable += Model.FrameUnexecutable;
        Space.PageExecutable += Model.PageExecutable;
        Space.FrameReleased += Model.FrameReleased;
        _memory.Allocated += Model.FrameAllocated;
        _memory.ChooseFrame = Model.ChooseFrame;
    }

    public ReadOnlySpan<Core> Cores => _cores;

    public AddressSpace Space { get; }

    public ICoherenceModel Model { get; }

    public Translator Translator { get; } = new();

    /// <summary>What CNTVCT_EL0 counts: the instructions of the core that looks.</summary>
    public long Time(long retired) => retired;

    /// <summary>No core may store without being seen until it has asked again.</summary>
    public void ForgetWritable()
    {
        foreach (Core core in _cores)
        {
            core.ForgetWritable();
        }
    }

    /// <summary>No core may access memory directly until it has asked again.</summary>
    public void ForgetAccesses()
    {
        foreach (Core core in _cores)
        {
            core.ForgetTranslations();
        }
    }

    /// <summary>A core wrote to a frame on which others hold monitors.</summary>
    public void ClearMonitors(Core writer, PhysicalAddress address, int length)
    {
        bool held = false;
        foreach (Core core in _cores)
        {
            if (core != writer)
            {
                core.ClearMonitor(address, length);
                held |= core.MonitoredFrame == address.Frame;
            }
        }

        if (!held)
        {
            _memory[address.Frame].Watch &= ~FrameWatch.Monitor;
        }
    }

    /// <summary>A core's turn is over: what its monitor holds is watched while the others run.</summary>
    public void EndTurn(Core core)
    {
        int frame = core.MonitoredFrame;
        if (frame >= 0 && _cores.Length > 1 && (_memory[frame].Watch & FrameWatch.Monitor) == 0)
        {
            _memory[frame].Watch |= FrameWatch.Monitor;
            ForgetWritable();
        }

        Model.TurnEnded(core);
    }

    public void Dispose()
    {
        foreach (Core core in _cores)
        {
            core.Dispose();
        }

        (Model as IDisposable)?.Dispose();
        Translator.Dispose();
        _memory.Dispose();
    }

    private void ForgetTranslations()
    {
        foreach (Core core in _cores)
        {
            core.ForgetTranslations();
            core.ForgetFetches();
        }
    }
}
