using System;
using System.Runtime.InteropServices;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.Fetch;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Machine;
using MiniJit.Coherence.Memory;
using MiniJit.Coherence.Replay;
using Xunit;

namespace MiniJit.Coherence.Tests.Stories;

/// <summary>
/// Core 0 writes a function three times and publishes it by a list of steps each time; then a core calls it. Steps: clean, ic, dsb, sync (all
/// cores), store (writes, if it is not the first step).
/// </summary>
internal sealed class PublicationExperiment(string machine, string steps) : ILabExperiment
{
    private const ulong Code = 0x10_0000;
    private const int DsbIsh = 0b1011;

    public int Cores => 3;

    public MachineType Machine { get; } = MachineType.Find(machine)!;

    public string Plan => steps;

    public int Runs { get; private set; }

    public LabFailure Run(ChoiceSource choices, ILabHistory? history)
    {
        Runs++;
        using Arm64Machine cores = LyingMachine.Create(Cores, new(Machine), choices, history);
        cores.Space.PermitsWritableCode = true;
        cores.Space.Map(Code, PhysicalMemory.PageSize, PagePermissions.Read | PagePermissions.Write | PagePermissions.Execute);
        for (uint generation = 1; generation <= 3; generation++)
        {
            Publish(cores, generation);
            history?.Name(Code, 64, $"%f{generation}");
            int reader = 1 + choices.Choose(ChoiceKind.Workload, -1, Cores - 1);
            history?.Add(new(0, reader, LabEventKind.Call, Code, 0, -1, -1, reader, 0, $"%f{generation}"));
            StopReason reason = cores.Cores[reader].Call(Code, [], 100);
            ulong result = cores.Cores[reader].State.General[0];
            LabFailure failure = reason != StopReason.Returned ? new("%f", "illegal instruction", $"{cores.Cores[reader].Exception}")
                : result != generation ? new("%f", "old result", $"{result} instead of {generation}")
                : default;
            ulong stopped = reason == StopReason.Exception ? cores.Cores[reader].Exception.ProgramCounter : 0;
            history?.Add(new(0, reader, LabEventKind.Outcome, stopped, 0, -1, -1, reader, failure.IsNone ? 0 : 1, failure.Detail ?? "as it should"));
            if (!failure.IsNone)
            {
                return failure;
            }
        }

        return default;
    }

    private void Publish(Arm64Machine cores, uint generation)
    {
        Core writer = cores.Cores[0];
        if (!steps.Contains("store", StringComparison.Ordinal))
        {
            Store(writer, generation);
        }

        foreach (string step in steps.Split(' '))
        {
            switch (step)
            {
                case "store":
                    Store(writer, generation);
                    break;
                case "clean" or "ic":
                    Assert.Equal(MemoryFaultKind.None, cores.Space.Translate(Code, PagePermissions.Read, out int frame, out _));
                    CacheOperation operation = step == "ic" ? CacheOperation.InvalidateInstructions : CacheOperation.CleanToUnification;
                    cores.Model.Maintain(writer, operation, Code, PhysicalAddress.Of(frame, 0));
                    break;
                case "dsb":
                    cores.Model.Barrier(writer, BarrierKind.Synchronization, DsbIsh);
                    break;
                case "sync":
                    foreach (Core core in cores.Cores)
                    {
                        cores.Model.Synchronize(core, ContextEvent.Interrupt);
                    }

                    break;
            }
        }
    }

    // mov w0, #generation ; ret
    private static void Store(Core writer, uint generation) =>
        Assert.True(writer.TryStore(Code, MemoryMarshal.AsBytes<uint>([0x5280_0000 | (generation << 5), 0xD65F_03C0])));
}
