using System;
using System.Globalization;
using MiniJit.Codegen;
using MiniJit.IR;
using MiniJit.Filetests.Fuzzing;
using Xunit;

namespace MiniJit.Fuzz.Tests;

/// <summary>
/// The interpreter and native code agree about random programs. <c>MINIJIT_FUZZ_COUNT</c> programs from seed <c>MINIJIT_FUZZ_SEED</c> on
/// make a longer or another run, or repeat one that failed.
/// </summary>
public sealed class DifferentialTests
{
    private const int DefaultPrograms = 1_000, DefaultPatterns = 1_000;

    [Fact]
    public void Random_programs_compute_natively_what_they_compute_in_the_interpreter()
    {
        using Differential differential = new();
        RandomPrograms generator = new(ScalarOperation.SupportedBy(differential.Baseline, new CompileContext()));
        Run(differential, DefaultPrograms, seed => generator.Make(seed));
        Assert.InRange(differential.Traps, 1, differential.Returns);
    }

    [Fact]
    public void Functions_made_of_what_the_optimizer_looks_for_compute_natively_what_they_compute_in_the_interpreter()
    {
        using Differential differential = new();
        RandomFunctions generator = new();
        Run(differential, DefaultPatterns, seed => new([generator.Make(seed)], ~seed));
        Assert.InRange(differential.Traps, 1, differential.Returns);
    }

    [Fact]
    public void The_operations_that_are_fuzzed_are_found_in_the_opcode_table()
    {
        using Differential differential = new();
        ScalarOperation[][] groups = ScalarOperation.SupportedBy(differential.Baseline, new CompileContext());
        int count = 0;
        foreach (ScalarOperation[] group in groups)
        {
            count += group.Length;
        }

        Assert.True(groups.Length >= 75 && count >= 500, $"{groups.Length} opcodes, {count} combinations of types");
    }

    private static void Run(Differential differential, int programs, Func<ulong, FuzzProgram> make)
    {
        ulong first = Number("MINIJIT_FUZZ_SEED", 0), count = Number("MINIJIT_FUZZ_COUNT", (ulong)programs);
        for (ulong seed = first; seed < first + count; seed++)
        {
            FuzzProgram program = make(seed);
            using Watchdog watchdog = new(seed);
            if (differential.FindProblem(program) is { } problem)
            {
                Console.Error.WriteLine($"seed {seed}: {problem}");
                differential.Focus = problem;
                FuzzProgram smallest = new Shrinker(candidate => differential.FindProblem(candidate) is not null).Shrink(program);
                Assert.Fail($"seed {seed}: {problem}\nsmallest: {differential.FindProblem(smallest)}\n{smallest}");
            }
        }
    }

    private static ulong Number(string variable, ulong standard) =>
        ulong.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number : standard;
}
