// What experiments do, from the first version of some code to its end.
namespace MiniJit.Coherence.Experiments;

internal static class Scripts
{
    /// <summary>What the two versions of a pair of instructions return, see <see cref="PatchHalves"/>; half of each returns the sum of their halves.</summary>
    public const int OldPair = 2, NewPair = 20;

    private static readonly uint[] s_old = Pair(OldPair), s_new = Pair(NewPair);

    /// <summary>
    /// New code in memory that never held any; other code in the same memory, after the first was overwritten with traps; one instruction of
    /// that exchanged. Each is published, then called by all, the writer included.
    /// </summary>
    public static void Life(ExperimentRun run)
    {
        for (int generation = 1; generation <= 3 && !run.HasEnded; generation++)
        {
            if (generation == 3)
            {
                run.Patch();
            }
            else
            {
                if (generation == 2)
                {
                    run.Free();
                }

                run.Write();
            }

            run.Publish();
            run.CallAsWriter();
            run.AwaitReaders();
        }
    }
    /// <summary>One instruction of code that has been called is exchanged, twice.</summary>
    public static void PatchInPlace(ExperimentRun run)
    {
        run.Write();
        for (int generation = 1; generation <= 3 && !run.HasEnded; generation++)
        {
            if (generation > 1)
            {
                run.Patch();
            }

            run.Publish();
            run.CallAsWriter();
            run.AwaitReaders();
        }
    }

    /// <summary>Code that has been called is overwritten with traps, so that whoever enters it is noticed.</summary>
    public static void Trap(ExperimentRun run)
    {
        run.Write();
        run.Publish();
        run.CallAsWriter();
        run.AwaitReaders();
        run.WriteTraps();
        run.Publish(reaches: false);
        run.ExpectTraps();
    }

    /// <summary>The writer publishes for itself, and then finds itself on another core.</summary>
    public static void Migration(ExperimentRun run) => PublishForItself(run, migrates: true);

    /// <summary>The writer publishes for itself, and stays where it is.</summary>
    public static void Stay(ExperimentRun run) => PublishForItself(run, migrates: false);

    private static void PublishForItself(ExperimentRun run, bool migrates)
    {
        for (int generation = 1; generation <= 2 && !run.HasEnded; generation++)
        {
            run.Write();
            run.Publish();
            if (migrates)
            {
                run.MigrateTo(1);
            }

            run.CallAsWriter();
            run.MigrateTo(0);
        }
    }

    /// <summary>Two instructions that belong together are exchanged one after the other, while others execute them.</summary>
    public static void PatchHalves(ExperimentRun run)
    {
        ulong cell = run.AddressOf(0);
        run.Store(cell, s_old);
        run.Publish(OldPair);
        run.AwaitReaders();
        run.Store(cell, [s_new[0]]);
        run.Store(cell + sizeof(uint), [s_new[1]]);
        run.Publish(NewPair);
        run.AwaitReaders();
    }

    /// <summary>The new pair is published elsewhere; then one branch, which Arm allows to change under those who execute it, leads there.</summary>
    public static void PatchBranch(ExperimentRun run)
    {
        ulong cell = run.AddressOf(0);
        run.Store(cell, [BranchOver, .. s_old]);
        run.Publish(OldPair);
        run.AwaitReaders();
        run.Store(run.AddressOf(1), s_new);
        run.Publish(reaches: false);
        run.Store(cell, [BranchOver - 1 + (TestFunction.Distance / sizeof(uint))]);
        run.Publish(NewPair);
        run.AwaitReaders();
    }

    /// <summary>b to the next instruction.</summary>
    private const uint BranchOver = 0x1400_0001;

    private static uint[] Pair(int result) => GuestCode.Assemble($"""
        MOV X9,#{result / 2}
        ADD X0,X9,#{result / 2}
        RET
        """);
}
