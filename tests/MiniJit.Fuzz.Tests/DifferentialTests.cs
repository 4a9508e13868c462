using System;
using System.Collections.Generic;
using System.Globalization;
using MiniJit.Backend.X64;
using MiniJit.Codegen;
using MiniJit.Codegen.Settings;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Fuzzing;
using MiniJit.IR;
using Xunit;

namespace MiniJit.Fuzz.Tests;

/// <summary>
/// The interpreter and native code agree about random programs, with and without 128-bit integers and instruction-set extensions, and every
/// register allocation passes the checker. <c>MINIJIT_FUZZ_COUNT</c> programs from seed <c>MINIJIT_FUZZ_SEED</c> on make a longer or another run, or
/// repeat one that failed.
/// </summary>
public sealed class DifferentialTests
{
    private const int DefaultPrograms = 1_000, BatchSize = 20;

    [Fact]
    public void Random_programs_compute_natively_what_they_compute_in_the_interpreter()
    {
        RandomPrograms generator = new(ScalarOperation.SupportedBy(Baseline("none"), new CompileContext()));
        Run(seed => generator.Make(seed, $"_{seed}"));
    }

    [Fact]
    public void Functions_made_of_what_the_optimizer_looks_for_compute_natively_what_they_compute_in_the_interpreter()
    {
        RandomFunctions generator = new();
        Run(seed => FuzzProgram.Create(~seed, generator.Make(seed, suffix: $"_{seed}")));
    }

    [Fact]
    public void The_operations_that_are_fuzzed_are_found_in_the_opcode_table()
    {
        ScalarOperation[][] groups = ScalarOperation.SupportedBy(Baseline("none"), new CompileContext());
        int count = 0;
        foreach (ScalarOperation[] group in groups)
        {
            count += group.Length;
        }

        Assert.True(groups.Length >= 75 && count >= 500, $"{groups.Length} opcodes, {count} combinations of types");
    }

    [Fact]
    public void Every_operation_on_scalars_of_up_to_64_bits_compiles()
    {
        List<ScalarOperation> supported = [];
        foreach (ScalarOperation[] group in ScalarOperation.SupportedBy(Baseline("none"), new CompileContext()))
        {
            supported.AddRange(group);
        }

        foreach (ScalarOperation[] group in ScalarOperation.UpTo64Bits())
        {
            foreach (ScalarOperation operation in group)
            {
                bool isSupported = supported.Exists(other =>
                    other.Opcode == operation.Opcode && other.Type == operation.Type && other.Operands.AsSpan().SequenceEqual(operation.Operands));
                Assert.True(isSupported, $"{operation.Opcode}.{operation.Type} on {string.Join(", ", operation.Operands)}");
            }
        }
    }

    private static void Run(Func<ulong, FuzzProgram> make)
    {
        FuzzJudge judge = new(Configurations());
        ulong first = Number("MINIJIT_FUZZ_SEED", 0), count = Number("MINIJIT_FUZZ_COUNT", DefaultPrograms);
        for (ulong seed = first; seed < first + count; seed += BatchSize)
        {
            List<FuzzProgram> programs = [];
            for (ulong i = seed; i < Math.Min(seed + BatchSize, first + count); i++)
            {
                programs.Add(make(i));
            }

            using Watchdog watchdog = new(seed);
            List<(int Program, FuzzProblem Problem)> problems = [];
            judge.Check(programs, problems);
            if (problems.Count > 0)
            {
                (int failing, FuzzProblem problem) = problems[0];
                FuzzProgram smallest = new Shrinker(candidate => judge.FindProblem(candidate, problem.Configuration) is not null).Shrink(programs[failing]);
                Assert.Fail($"seed {seed + (ulong)failing}: {problem.Text}\nsmallest: {judge.FindProblem(smallest)?.Text}\n{smallest}");
            }
        }

        Assert.InRange(judge.Statistics.Traps, 1, judge.Statistics.Returns);
    }

    private static List<FuzzConfiguration> Configurations()
    {
        List<FuzzConfiguration> configurations = [];
        foreach (string level in (ReadOnlySpan<string>)["none", "speed"])
        {
            Add($"opt_level={level} baseline", Baseline(level));
            Add($"opt_level={level} host", X64Target.Host(Baseline(level).Settings));
        }

        return configurations;

        void Add(string name, X64Target target)
        {
            EngineHost host = new(new CompileContext { CheckAllocations = true });
            configurations.Add(new(name, "", () => host.Create(EngineKind.Native, target)));
        }
    }

    private static X64Target Baseline(string level)
    {
        SettingsBuilder settings = SharedSettings.Default.ToBuilder();
        foreach (string word in (ReadOnlySpan<string>)["opt_level=" + level, "enable_llvm_abi_extensions", "enable_multi_ret_implicit_sret", "enable_verifier=false"])
        {
            Assert.True(settings.TryApply(word, out string error), error);
        }

        return new(TargetTriple.Host, new SharedSettings(settings), new(default(X64Features)));
    }

    private static ulong Number(string variable, ulong standard) =>
        ulong.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number : standard;
}
