// The experiment that the lab was built for. In October 2022 Cranelift's file tests crashed on a Windows machine with many AArch64 cores (wasmtime pull request 4997):
// nearly always when the whole suite ran on all cores, sometimes when it ran on one, never when a test ran alone. Code was written to fresh
// pages, the pages were made executable, and that was all.
//
// Here the suite runs on machines with finite caches, by the plan of before, by the plan of the fix with one step left out, and by the whole plan. The
// parameters of the caches are invented, and plausible; what they give is an order of magnitude and, above all, an order:
//
//   L1 caches        1,024 lines each (64 KiB), random replacement, next-line prefetch of instructions, refilled from the point of unification
//   work of the host 11,000 lines touched while a file is compiled, and 10,500 between writing its code and calling it (relocation, system calls, looking
//                    functions up): a written line stays in the data cache for so long with probability exp(-10500/1024)
//   migration        a thread is moved to another core with 0.3 % before the commands of a function; our files have some 50 functions
//   other threads    2 % of the functions are called by another thread that works; it learns of them without entering the kernel
//   fetch ahead      a core has run ahead into a page while it was written or not yet executable with 2 %, and forgets that within 32 instructions
//   pages            half of them were used before, and half of those that the system clears stay in its data cache
//   one core         eight threads share it and are preempted
//   size             the suite of 2022 had some 1,200 files, so ours are repeated until there are as many
using System;
using System.Collections.Generic;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.Publication;
using MiniJit.Filetests.Stress;

namespace MiniJit.Filetests.Lab;

/// <summary>How files are run.</summary>
/// <param name="Name">In tables.</param>
/// <param name="Cores">Of the machine.</param>
/// <param name="Workers">Threads.</param>
/// <param name="IsAlone">Each file by itself instead of the suite.</param>
internal sealed record Pr4997Setting(string Name, int Cores, int Workers, bool IsAlone = false);

/// <summary>One plan in one setting.</summary>
/// <param name="Failed">Runs with a crash or a wrong result.</param>
/// <param name="FileRuns">Files that were published.</param>
/// <param name="Symptoms">First failures by <see cref="LabSymptom"/>.</param>
internal sealed record Pr4997Cell(Proportion Failed, long FileRuns, int[] Symptoms);

/// <summary>One plan.</summary>
/// <param name="Variant">The plan.</param>
/// <param name="Text">What it is in the history of the fix.</param>
internal sealed record Pr4997Plan(StressVariant Variant, string Text);

internal sealed class Pr4997(SuiteImage image, int threads)
{
    public const int SuiteFiles = 1200;

    /// <summary>Of each function so many commands are carried out, and none that takes longer: a stale line shows when it is executed for the first time.</summary>
    public const int CommandsPerFunction = 2, LongCommand = 5_000;

    private const int SuiteRuns = 20, RunsAlone = 8, FullRuns = 84, LargeRuns = 8;

    private static readonly Pr4997Setting[] s_settings =
    [
        new("each file alone", 8, 8, IsAlone: true),
        new("suite on 1 core", 1, 8),
        new("suite on 8 cores", 8, 8),
        new("suite on 64 cores", 64, 64),
    ];

    private static readonly Pr4997Plan[] s_plans =
    [
        new(StressVariant.Find("nothing")!, "before the fix"),
        new(StressVariant.Find("no-clean")!, "the fix without cleaning"),
        new(StressVariant.Find("no-invalidate")!, "the fix without invalidating"),
        new(StressVariant.Find("no-core-sync")!, "the fix without synchronising other cores"),
        new(StressVariant.Find("full")!, "the fix"),
    ];

    public static IReadOnlyList<Pr4997Setting> Settings => s_settings;

    public static IReadOnlyList<Pr4997Plan> Plans => s_plans;

    /// <summary>The machine and its probabilities, see above.</summary>
    public static SuiteOptions OptionsOf(Pr4997Plan plan, Pr4997Setting setting) => new()
    {
        Cores = setting.Cores,
        Workers = setting.Workers,
        Plan = plan.Variant,
        Mode = LabMode.Realistic,
        System = SystemPolicy.Find("windows")!,
        Work = new(11_000, 10_500),
        Tuning = LabTuning.Realistic with { Migration = 0.003, Workload = 0.02, FetchAhead = 0.02, Preemption = 0.002 },
        StopsAtFailure = true,
        FileRuns = setting.IsAlone ? 1 : SuiteFiles,
    };

    /// <summary>Runs a cell of the table from fixed seeds.</summary>
    public Pr4997Cell Run(Pr4997Plan plan, Pr4997Setting setting)
    {
        SuiteOptions options = OptionsOf(plan, setting);
        int[] symptoms = new int[Enum.GetValues<LabSymptom>().Length];
        long files = 0;
        int failed = 0, runs = 0;
        if (setting.IsAlone)
        {
            foreach (SuiteFile file in image.Files)
            {
                SuiteTool.RunAll(SuiteImage.Of([file]), options, 1, RunsAlone, threads, Count);
            }
        }
        else
        {
            bool isFull = plan.Variant.IsFull;
            SuiteTool.RunAll(image, options, 1, setting.Cores == 64 ? LargeRuns : !isFull ? SuiteRuns : setting.Cores == 8 ? FullRuns : LargeRuns, threads, Count);
        }

        return new(new(failed, runs), files, symptoms);

        void Count(int run, SuiteResult result)
        {
            runs++;
            files += result.FileRuns;
            if (!result.IsGood)
            {
                failed++;
                symptoms[(int)result.Failures[0].Symptom]++;
            }
        }
    }
}
