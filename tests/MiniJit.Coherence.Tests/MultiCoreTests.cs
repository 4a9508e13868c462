using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using MiniJit.Coherence.Machine;
using Xunit;

namespace MiniJit.Coherence.Tests;

public sealed class MultiCoreTests : IDisposable
{
    private readonly MachineFixture _fixture = new(4);

    public void Dispose() => _fixture.Dispose();

    // x0: address, x1: rounds
    private static readonly uint[] s_exclusiveIncrements =
    [
        0x885F_FC02,                                              // retry: ldaxr w2, [x0]
        0x1100_0442,                                              // add w2, w2, #1
        0x8803_FC02,                                              // stlxr w3, w2, [x0]
        0x35FF_FFA3,                                              // cbnz w3, retry
        0xF100_0421,                                              // subs x1, x1, #1
        0x54FF_FF61,                                              // b.ne retry
        0xD65F_03C0,                                              // ret
    ];

    private static readonly uint[] s_plainIncrements =
    [
        0xB940_0002,                                              // again: ldr w2, [x0]
        0x1100_0442,                                              // add w2, w2, #1
        0xB900_0002,                                              // str w2, [x0]
        0xF100_0421,                                              // subs x1, x1, #1
        0x54FF_FF81,                                              // b.ne again
        0xD65F_03C0,                                              // ret
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(1000)]
    public void Exclusive_increments_of_four_cores_are_all_counted_whatever_the_quantum(int quantum)
    {
        Assert.Equal(4 * 500u, Increment(s_exclusiveIncrements, quantum, 500));
    }

    [Fact]
    public void Plain_increments_get_lost_between_turns_and_the_same_ones_each_time()
    {
        uint first = Increment(s_plainIncrements, 4, 500);
        Assert.InRange(first, 1u, (4 * 500u) - 1);
        Assert.Equal(first, Increment(s_plainIncrements, 4, 500));
    }

    [Fact]
    public void A_store_of_another_core_into_the_granule_makes_a_store_exclusive_fail()
    {
        // ldxr w2, [x0] ; udf      then      stxr w3, w2, [x0] ; udf
        Core first = _fixture.Machine.Cores[0], second = _fixture.Machine.Cores[1];
        foreach ((ulong offset, ulong expected) in (ReadOnlySpan<(ulong, ulong)>)[(0, 1), (60, 1), (64, 0), (0x1000, 0)])
        {
            _fixture.Load(0x885F_7C02, 0xD503_201F, 0xD503_201F, 0x8803_7C02);
            first.State.General[0] = MachineFixture.Data;
            Assert.Equal(StopReason.TurnOver, first.Step());
            _fixture.Machine.EndTurn(first);
            Assert.True(second.TryStore(MachineFixture.Data + offset, [1]));
            Assert.Equal(StopReason.TurnOver, first.Step(3));
            Assert.Equal(MachineFixture.Code + 16, first.State.Pc);
            Assert.Equal(expected, first.State.General[3]);
        }
    }

    [Fact]
    public void A_waiting_core_gives_its_turn_away()
    {
        // wait: ldr w2, [x0] ; yield ; cbz w2, wait ; ret
        uint[] wait = [0xB940_0002, 0xD503_203F, 0x34FF_FFC2, 0xD65F_03C0];
        _fixture.Load([.. wait, .. s_exclusiveIncrements]);
        Core waiting = _fixture.Machine.Cores[0], working = _fixture.Machine.Cores[1];
        Start(waiting, MachineFixture.Code, MachineFixture.Data + 64, 0);
        Start(working, MachineFixture.Code + 16, MachineFixture.Data + 64, 1);
        RoundRobin scheduler = new(_fixture.Machine, new Supervisor(), 100);
        scheduler.Start(waiting);
        scheduler.Start(working);
        Assert.True(scheduler.Run(10_000));
        Assert.InRange(waiting.Retired, 4, 10);
    }

    private uint Increment(uint[] code, int quantum, ulong rounds)
    {
        _fixture.Load(code);
        Assert.True(_fixture.Core.TryStore(MachineFixture.Data, new byte[4]));
        Supervisor supervisor = new();
        RoundRobin scheduler = new(_fixture.Machine, supervisor, quantum);
        foreach (Core core in _fixture.Machine.Cores)
        {
            Start(core, MachineFixture.Code, MachineFixture.Data, rounds);
            scheduler.Start(core);
        }

        Assert.True(scheduler.Run(1_000_000));
        Assert.Equal([0, 1, 2, 3], supervisor.Returned.Order());
        byte[] counter = new byte[4];
        Assert.True(_fixture.Core.TryLoad(MachineFixture.Data, counter));
        return BinaryPrimitives.ReadUInt32LittleEndian(counter);
    }

    private static void Start(Core core, ulong code, ulong address, ulong rounds)
    {
        core.State = default;
        core.State.General[0] = address;
        core.State.General[1] = rounds;
        core.State.General[30] = Core.ReturnAddress;
        core.State.Pc = code;
    }

    private sealed class Supervisor : ICoreSupervisor
    {
        public List<int> Returned { get; } = [];

        public bool Stopped(Core core, StopReason reason)
        {
            Assert.Equal(StopReason.Returned, reason);
            Returned.Add(core.Number);
            return false;
        }
    }
}
