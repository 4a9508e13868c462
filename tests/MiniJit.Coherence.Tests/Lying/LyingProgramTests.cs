using System.Collections.Generic;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.Machine;
using Xunit;

namespace MiniJit.Coherence.Tests.Lying;

/// <summary>Code that nobody changes is executed as on a coherent machine, whatever the lines and the choices.</summary>
public sealed class LyingProgramTests
{
    // x0: n; recursive Fibonacci numbers, 17 instructions across several lines of any length.
    private static readonly uint[] s_fibonacci =
    [
        0xF100_081F,                                              // cmp x0, #2
        0x5400_01C3,                                              // b.lo out
        0xA9BE_7BFD,                                              // stp x29, x30, [sp, #-32]!
        0xA901_53F3,                                              // stp x19, x20, [sp, #16]
        0xAA00_03F3,                                              // mov x19, x0
        0xD100_0400,                                              // sub x0, x0, #1
        0x97FF_FFFA,                                              // bl fibonacci
        0xAA00_03F4,                                              // mov x20, x0
        0xD100_0A60,                                              // sub x0, x19, #2
        0x97FF_FFF7,                                              // bl fibonacci
        0x8B14_0000,                                              // add x0, x0, x20
        0xA941_53F3,                                              // ldp x19, x20, [sp, #16]
        0xA8C2_7BFD,                                              // ldp x29, x30, [sp], #32
        0xD65F_03C0,                                              // ret
        0xD503_201F,                                              // nop
        0xD65F_03C0,                                              // out: ret
    ];

    [Theory]
    [InlineData("none", false)]
    [InlineData("small-lines", false)]
    [InlineData("large-lines", false)]
    [InlineData("mixed-lines", false)]
    [InlineData("idc-dic", false)]
    [InlineData("none", true)]
    public void Settled_code_runs_as_it_stands(string type, bool isRealistic)
    {
        MachineType machineType = MachineType.Find(type)!;
        LyingOptions options = new(machineType) { Mode = isRealistic ? LabMode.Realistic : LabMode.Adversarial };
        using Arm64Machine machine = LyingMachine.Create(3, options, new SeededChoices(7, 3, LabTuning.Adversarial));
        machine.Space.Map(MachineFixture.Code, 0x1000, Memory.PagePermissions.Read | Memory.PagePermissions.Execute);
        machine.Space.MapAlias(0x9_0000, MachineFixture.Code, 0x1000, Memory.PagePermissions.Read | Memory.PagePermissions.Write);
        machine.Space.Map(MachineFixture.Data, 0x3000, Memory.PagePermissions.Read | Memory.PagePermissions.Write);
        Assert.True(machine.Cores[0].TryStore(0x9_0000, System.Runtime.InteropServices.MemoryMarshal.AsBytes<uint>(s_fibonacci)));
        machine.Model.Settle();
        List<ulong> results = [];
        ChosenTurns turns = new(machine, new Collector(results), new SeededChoices(8, 3, LabTuning.Adversarial), 500);
        foreach (Core core in machine.Cores)
        {
            core.State.General[0] = 15;
            core.State.General[30] = Core.ReturnAddress;
            core.State.General[CoreState.StackPointer] = MachineFixture.Data + 0x1000 + ((ulong)core.Number * 0x1000);
            core.State.Pc = MachineFixture.Code;
            turns.Start(core);
        }

        Assert.True(turns.Run(1_000_000));
        Assert.Equal([610, 610, 610], results);
        Assert.Equal(0, LyingMachine.ModelOf(machine).StaleFetches);
    }

    private sealed class Collector(List<ulong> results) : ICoreSupervisor
    {
        public bool Stopped(Core core, StopReason reason)
        {
            Assert.Equal(StopReason.Returned, reason);
            results.Add(core.State.General[0]);
            return false;
        }
    }
}
