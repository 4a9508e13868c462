// Which core runs when: each in turn for a quantum of instructions, in the order of their numbers. The same machine gives the same run.
using System;

namespace MiniJit.Coherence.Machine;

/// <summary>Somebody who decides what happens when a core cannot go on by itself.</summary>
internal interface ICoreSupervisor
{
    /// <summary>A core stopped for a reason other than the end of its turn.</summary>
    /// <returns>Whether it runs on from its program counter; otherwise it is done.</returns>
    bool Stopped(Core core, StopReason reason);
}

/// <param name="machine">Whose cores.</param>
/// <param name="supervisor">Who handles what they cannot.</param>
/// <param name="quantum">Instructions per turn.</param>
internal sealed class RoundRobin(Arm64Machine machine, ICoreSupervisor supervisor, long quantum)
{
    private readonly bool[] _isRunning = new bool[machine.Cores.Length];
    private int _next;

    /// <summary>Cores that have something to do.</summary>
    public int Running { get; private set; }

    /// <summary>A core begins at its program counter.</summary>
    public void Start(Core core)
    {
        Running += _isRunning[core.Number] ? 0 : 1;
        _isRunning[core.Number] = true;
    }

    /// <summary>Runs until all cores are done, or have executed so many instructions together.</summary>
    /// <returns>Whether all are done.</returns>
    public bool Run(long instructions)
    {
        while (Running > 0 && instructions > 0)
        {
            Core core = machine.Cores[_next];
            if (_isRunning[_next])
            {
                long before = core.Retired;
                Turn(core, Math.Min(quantum, instructions));

                // A turn counts even if its core gave it away at once: waiting for nobody must end, too.
                instructions -= Math.Max(1, core.Retired - before);
            }

            _next = (_next + 1) % _isRunning.Length;
        }

        return Running == 0;
    }

    private void Turn(Core core, long length)
    {
        long end = core.Retired + length;
        while (core.Retired < end)
        {
            StopReason reason = core.RunExactly(end - core.Retired);
            if (reason == StopReason.TurnOver)
            {
                break;
            }

            if (!supervisor.Stopped(core, reason))
            {
                _isRunning[core.Number] = false;
                Running--;
                break;
            }
        }

        machine.EndTurn(core);
    }
}
