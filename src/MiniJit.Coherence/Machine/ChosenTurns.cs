// Which core runs when, by choice. Choices of 0 give turns of a quantum each, in the order of the cores' numbers.
using System;
using MiniJit.Coherence.Choices;

namespace MiniJit.Coherence.Machine;

/// <param name="machine">Whose cores.</param>
/// <param name="supervisor">Who handles what they cannot.</param>
/// <param name="choices">Who decides.</param>
/// <param name="quantum">Instructions per turn, unless it is cut short.</param>
internal sealed class ChosenTurns(Arm64Machine machine, ICoreSupervisor supervisor, ChoiceSource choices, long quantum)
{
    /// <summary>Turns that are cut short have fewer instructions than this, exactly.</summary>
    private const int Short = 32;

    private readonly bool[] _isRunning = new bool[machine.Cores.Length];
    private int _last = -1;

    /// <summary>Cores that have something to do.</summary>
    public int Running { get; private set; }

    /// <summary>A core begins at its program counter.</summary>
    public void Start(Core core)
    {
        Running += _isRunning[core.Number] ? 0 : 1;
        _isRunning[core.Number] = true;
    }

    /// <summary>A core has nothing to do any more.</summary>
    public void Stop(Core core)
    {
        Running -= _isRunning[core.Number] ? 1 : 0;
        _isRunning[core.Number] = false;
    }

    /// <summary>Runs until all cores are done, or have executed so many instructions together.</summary>
    /// <returns>Whether all are done.</returns>
    public bool Run(long instructions)
    {
        while (Running > 0 && instructions > 0)
        {
            instructions -= Turn(instructions);
        }

        return Running == 0;
    }

    /// <summary>One core runs.</summary>
    /// <param name="most">How many instructions it may execute.</param>
    /// <returns>How many it did; at least 1, so that waiting for nobody ends, too.</returns>
    public long Turn(long most)
    {
        int skipped = Running > 1 ? choices.Choose(ChoiceKind.Turn, -1, Running) : 0;
        do
        {
            _last = (_last + 1) % _isRunning.Length;
            skipped -= _isRunning[_last] ? 1 : 0;
        }
        while (skipped >= 0);

        Core core = machine.Cores[_last];
        int cut = Running > 1 ? choices.Choose(ChoiceKind.Preemption, core.Number, Short) : 0;
        long before = core.Retired, end = before + Math.Min(most, cut == 0 ? quantum : cut);
        while (core.Retired < end)
        {
            StopReason reason = core.RunExactly(end - core.Retired);
            if (reason == StopReason.TurnOver)
            {
                break;
            }

            if (!supervisor.Stopped(core, reason))
            {
                Stop(core);
                break;
            }
        }

        machine.EndTurn(core);
        return Math.Max(1, core.Retired - before);
    }
}
