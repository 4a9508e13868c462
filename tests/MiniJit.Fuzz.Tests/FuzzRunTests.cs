using System;
using System.Collections.Generic;
using System.IO;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Fuzzing;
using MiniJit.IR;
using MiniJit.IR.Interpretation;
using Xunit;

namespace MiniJit.Fuzz.Tests;

/// <summary>What <c>minijit fuzz</c> does about defects that were put there.</summary>
public sealed class FuzzRunTests
{
    private const string Header = "set opt_level=speed\ntarget x86_64\n";

    private static readonly FuzzOptions s_options = new() { Seed = 1000, Count = 400, Jobs = 2 };

    [Fact]
    public void A_miscompiled_instruction_is_found_and_reduced_to_little_more_than_itself()
    {
        FuzzFailure failure = Find(Opcode.Umulhi);
        Assert.Contains("on wrong about Umulhi", failure.Problem.Text, StringComparison.Ordinal);
        Assert.Equal("wrong about Umulhi", failure.Remaining.Configuration);
        Function smallest = Assert.Single(failure.Smallest.Functions);
        Assert.Single(Blocks(smallest));
        Assert.Contains(Opcode.Umulhi, Opcodes(smallest));
        Assert.InRange(Opcodes(smallest).Count, 2, 10);
    }

    [Fact]
    public void The_reduced_program_is_a_test_file_whose_command_fails_on_the_wrong_engine_alone()
    {
        FuzzFailure failure = Find(Opcode.Popcnt);
        string text = FuzzRun.TestFile(failure, Header, "minijit fuzz --seed 1 --count 1");
        ParsedFile file = Parser.Parse(text);
        Assert.False(file.HasErrors, file.Diagnostics.ToString());
        Assert.Equal(2, file.Tests.Count);
        Assert.Equal(2, file.Settings.Count);

        List<OwnedCommand> commands = [];
        Assert.True(RunCommands.Collect(file, commands).IsPassed);
        OwnedCommand command = Assert.Single(commands);
        Function[] functions = [.. failure.Smallest.Functions];
        Array.Reverse(functions);
        using InterpreterEngine right = new();
        using WrongEngine wrong = new(Opcode.Popcnt);
        right.Load(functions, commands);
        wrong.Load(functions, commands);
        Assert.Equal("", RunCommands.Execute(right, command, out _));
        Assert.StartsWith("Failed test: ", RunCommands.Execute(wrong, command, out _), StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_seed_gives_the_same_failure()
    {
        FuzzFailure first = Find(Opcode.Rotl), second = Find(Opcode.Rotl, s_options with { Seed = first.Seed, Count = 1 });
        Assert.Equal(first.Problem.Call, second.Problem.Call);
        Assert.Equal(first.Smallest.ToString(), second.Smallest.ToString());
    }

    [Fact]
    public void A_program_that_kills_its_process_is_found_among_those_that_ran_with_it_and_reduced()
    {
        FuzzFailure? failure = new FuzzRun(s_options, () => new MortalWorker(Opcode.Sqrt)).Run();
        Assert.NotNull(failure);
        Assert.Equal("the process was killed by SIGSEGV", failure.Problem.Text);
        Assert.True(MortalWorker.Kills(Opcode.Sqrt, new FuzzGenerator().Make(failure.Seed)));
        Assert.InRange(Opcodes(Assert.Single(failure.Smallest.Functions)).Count, 2, 12);
    }

    [Fact]
    public void Engines_that_agree_are_not_complained_about_and_everything_is_counted()
    {
        FuzzRun run = new(s_options, () => new FuzzSession([new("interpreter", Header, () => new InterpreterEngine())]));
        Assert.Null(run.Run());
        Assert.Equal(s_options.Count, run.Statistics.Programs);
        Assert.Equal(s_options.Count * FuzzProgram.CallCount, run.Statistics.Returns + run.Statistics.Traps + run.Statistics.Unfinished);
        Assert.InRange(run.Statistics.Traps, 1, run.Statistics.Returns);
    }

    [Fact]
    public void A_run_ends_when_its_time_is_up()
    {
        FuzzOptions options = s_options with { Count = long.MaxValue / 2, Limit = TimeSpan.FromMilliseconds(200) };
        FuzzRun run = new(options, () => new FuzzSession([]));
        Assert.Null(run.Run());
        Assert.InRange(run.Statistics.Programs, 1, 1_000_000);
    }

    // What is random about functions reaches every opcode that has to do with scalars, but for those of this list.
    [Fact]
    public void Every_opcode_on_scalars_occurs()
    {
        HashSet<Opcode> missing = [];
        foreach (OpcodeInfo info in OpcodeTable.Rows)
        {
            missing.Add(info.Opcode);
        }

        FuzzGenerator generator = new();
        for (ulong seed = 0; seed < 3000; seed++)
        {
            foreach (Function function in generator.Make(seed).Functions)
            {
                missing.ExceptWith(Opcodes(function));
            }
        }

        missing.RemoveWhere(opcode => IsLeftOut(opcode.Info()));
        Assert.True(missing.Count == 0, string.Join(" ", missing));
    }

    private static bool IsLeftOut(OpcodeInfo info) =>
        info.Name.StartsWith("x86_", StringComparison.Ordinal)
        || info.Opcode is Opcode.Invalid
        or Opcode.Iconcat or Opcode.Isplit                                                        // 128 bits
        or Opcode.F16const or Opcode.F128const
        or Opcode.StackSwitch or Opcode.TryCall or Opcode.TryCallIndirect or Opcode.GetExceptionHandlerAddress
        or Opcode.GetFramePointer or Opcode.GetStackPointer or Opcode.GetReturnAddress            // not the same anywhere
        or Opcode.GetPinnedReg or Opcode.SetPinnedReg
        or Opcode.SymbolValue or Opcode.TlsValue                            // nothing is defined
        or Opcode.Debugtrap or Opcode.SequencePoint or Opcode.Nop
        or Opcode.Swizzle or Opcode.Shuffle or Opcode.Blendv or Opcode.VhighBits or Opcode.Fvdemote or Opcode.FvpromoteLow    // vectors
        or (>= Opcode.Uload8x8 and <= Opcode.Sload32x2) or Opcode.DynamicStackAddr or Opcode.ExtractVector
        || !IsScalar(info);

    // Opcodes that no scalar type satisfies are about vectors.
    private static bool IsScalar(OpcodeInfo info)
    {
        bool isScalar = !info.IsPolymorphic;
        foreach (IrType type in ScalarOperation.Types(wide: false))
        {
            isScalar |= info.IsPolymorphic && info.AllowsControlling(type);
        }

        return isScalar;
    }

    private static FuzzFailure Find(Opcode wrong, FuzzOptions? options = null)
    {
        FuzzConfiguration configuration = new($"wrong about {wrong}", Header, () => new WrongEngine(wrong));
        FuzzFailure? failure = new FuzzRun(options ?? s_options, () => new FuzzSession([configuration])).Run();
        Assert.NotNull(failure);
        return failure;
    }

    private static List<Opcode> Opcodes(Function function)
    {
        List<Opcode> opcodes = [];
        foreach (Block block in Blocks(function))
        {
            for (Inst inst = function.Layout.FirstInst(block); !inst.IsNone; inst = function.Layout.Next(inst))
            {
                opcodes.Add(function.Dfg[inst].Opcode);
            }
        }

        return opcodes;
    }

    private static List<Block> Blocks(Function function)
    {
        List<Block> blocks = [];
        for (Block block = function.Layout.EntryBlock; !block.IsNone; block = function.Layout.Next(block))
        {
            blocks.Add(block);
        }

        return blocks;
    }

    /// <summary>Interprets, but takes <c>bnot</c> of the result of one opcode.</summary>
    private sealed class WrongEngine(Opcode opcode) : IEngine
    {
        private readonly InterpreterEngine _interpreter = new();

        public string Load(IReadOnlyList<Function> functions, IReadOnlyList<OwnedCommand> commands)
        {
            List<Function> copies = [];
            foreach (Function function in functions)
            {
                Function copy = new(default);
                copy.CopyFrom(function);
                foreach (Block block in Blocks(copy))
                {
                    for (Inst inst = copy.Layout.FirstInst(block); !inst.IsNone; inst = copy.Layout.Next(inst))
                    {
                        if (copy.Dfg[inst].Opcode == opcode)
                        {
                            inst = Spoil(copy, inst);
                        }
                    }
                }

                copies.Add(copy);
            }

            return _interpreter.Load(copies, commands);
        }

        public Completion Invoke(int owner, string callee, ReadOnlySpan<DataValue> arguments) => _interpreter.Invoke(owner, callee, arguments);

        public void Dispose() => _interpreter.Dispose();

        private static Inst Spoil(Function function, Inst inst)
        {
            DataFlowGraph dfg = function.Dfg;
            Value result = dfg.FirstResult(inst);
            IrType type = dfg.TypeOf(result);
            dfg.ClearResults(inst);
            Value right = dfg.AppendResult(inst, type);
            Inst not = dfg.MakeInst(InstructionData.Unary(Opcode.Bnot, type, right));
            function.Layout.InsertBefore(not, function.Layout.Next(inst));
            dfg.AttachResult(not, result, type);
            return not;
        }
    }

    /// <summary>Dies of programs with one opcode.</summary>
    private sealed class MortalWorker(Opcode opcode) : IFuzzWorker
    {
        private readonly FuzzGenerator _generator = new();

        public static bool Kills(Opcode opcode, FuzzProgram program)
        {
            bool kills = false;
            foreach (Function function in program.Functions)
            {
                kills |= Opcodes(function).Contains(opcode);
            }

            return kills;
        }

        public FuzzAnswer Run(ulong first, int count)
        {
            bool dies = false;
            for (int i = 0; i < count; i++)
            {
                dies |= Kills(opcode, _generator.Make(first + (ulong)i));
            }

            return dies ? FuzzAnswer.Died("was killed by SIGSEGV") : new("", [], default);
        }

        public FuzzAnswer Probe(FuzzProgram program, string focus) =>
            Kills(opcode, program) ? FuzzAnswer.Died("was killed by SIGSEGV") : new("", [], default);

        public void Dispose()
        {
        }
    }
}
