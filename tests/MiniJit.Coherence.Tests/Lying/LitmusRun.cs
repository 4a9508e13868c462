// A litmus test as a program on the machine that lies: one core per thread, one run per seed.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Litmus;
using MiniJit.Coherence.Machine;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.Tests.Lying;

internal sealed class LitmusRun(LitmusTest test, LabMode mode = LabMode.Adversarial)
{
    private const int Budget = 2000;

    private static readonly LabTuning s_eager = LabTuning.Adversarial with { Preemption = 0.8, Turn = 0.5, FetchAhead = 0.5, Delay = 0.5 };

    private readonly MachineType _type = new(
        "litmus", [new CacheTraits(test.DataCoherent, test.InstructionCoherent, 16, 16)], [], QueueDepth: 24);

    /// <summary>Whether the test needs nothing but what user code has.</summary>
    public bool IsPossible => test.Handlers.All(static handler => handler.Count == 0)
        && !test.Words.Any(static word => Decode.TryInstruction(word, out A64Instruction i)
            && (i.Form == A64Form.Eret || (i.Form == A64Form.Svc) || (i.Form == A64Form.Sys && i.Rd == 31)));

    /// <summary>Runs once; null if the run does not end as a litmus test ends.</summary>
    public ulong[]? Outcome(ulong seed) => Outcome(new SeededChoices(seed, test.Threads.Count, s_eager));

    public ulong[]? Outcome(ChoiceSource choices, ILabHistory? history = null)
    {
        int threads = test.Threads.Count;
        using Arm64Machine machine = LyingMachine.Create(threads, new(_type) { Mode = mode }, choices, history);
        machine.Space.PermitsWritableCode = true;
        ulong codeSize = PageAlign((ulong)test.Words.Count * 4), dataSize = PageAlign(((ulong)test.Variables.Count + 1) * LitmusTest.DataStep);
        machine.Space.Map(LitmusTest.CodeBase, codeSize, PagePermissions.Read | PagePermissions.Write | PagePermissions.Execute);
        machine.Space.Map(LitmusTest.DataBase, dataSize, PagePermissions.Read | PagePermissions.Write);
        foreach (LitmusVariable variable in test.Variables)
        {
            Assert(machine.Cores[0].TryStore(variable.Address, BitConverter.GetBytes(variable.Value)));
        }

        ReadOnlySpan<byte> code = MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(test.Words));
        for (int i = 0; i < code.Length; i += 4)
        {
            Assert(machine.Cores[0].TryStore(LitmusTest.CodeBase + (ulong)i, code.Slice(i, 4)));
        }

        machine.Model.Settle();
        Supervisor supervisor = new(test);
        ChosenTurns turns = new(machine, supervisor, choices, 1000);
        for (int i = 0; i < threads; i++)
        {
            machine.Cores[i].State.Pc = LitmusTest.AddressOf(test.Threads[i].First);
            turns.Start(machine.Cores[i]);
        }

        foreach (LitmusRegister register in test.Registers)
        {
            machine.Cores[register.Thread].State.General[register.Register] = register.Value;
        }

        if (!turns.Run(Budget) || supervisor.WentWrong)
        {
            return null;
        }

        return [.. test.Places.Select(place => place.Thread >= 0 ? machine.Cores[place.Thread].State.General[place.Register] : Load(machine, place.Address))];
    }

    private static ulong Load(Arm64Machine machine, ulong address)
    {
        byte[] bytes = new byte[8];
        Assert(machine.Cores[0].TryLoad(address, bytes));
        return BitConverter.ToUInt64(bytes);
    }

    private static void Assert(bool holds) => Xunit.Assert.True(holds);

    private static ulong PageAlign(ulong size) => (size + PhysicalMemory.PageSize - 1) & ~(ulong)(PhysicalMemory.PageSize - 1);

    private sealed class Supervisor(LitmusTest test) : ICoreSupervisor
    {
        public bool WentWrong { get; private set; }

        public bool Stopped(Core core, StopReason reason)
        {
            WentWrong |= reason != StopReason.Exception
                || !test.Threads.Any(thread => core.State.Pc == LitmusTest.AddressOf(thread.First + thread.Count));
            return false;
        }
    }
}
