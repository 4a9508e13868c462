// Test files as the lab runs them: parsed and compiled once on the host, trampolines of their run commands included. Immutable afterwards, so any
// number of simulated machines publishes and executes the same code, on any number of host threads.
using System;
using System.Collections.Generic;
using System.IO;
using MiniJit.Codegen;
using MiniJit.Codegen.Settings;
using MiniJit.Filetests.Commands;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Files;
using MiniJit.Filetests.Subtests;
using MiniJit.IR;
using MiniJit.IR.Building;
using MiniJit.IR.Verification;
using MiniJit.Runtime.Invocation;

namespace MiniJit.Filetests.Lab;

/// <summary>A compiled function.</summary>
/// <param name="Name">In the file; of trampolines one that no file has.</param>
/// <param name="Code">A copy that belongs to the image.</param>
internal sealed record SuiteFunction(ExternalName Name, CompiledCode Code);

/// <summary>A run command, ready to be carried out.</summary>
internal sealed class SuiteCommand
{
    /// <summary>As written.</summary>
    public required RunCommand Command { get; init; }

    /// <summary>Positions of callee and trampoline in the file's functions.</summary>
    public required int Function { get; init; }

    /// <inheritdoc cref="Function"/>
    public required int Trampoline { get; init; }

    /// <summary>Arguments as the trampoline reads them.</summary>
    public required UInt128[] Arguments { get; init; }

    /// <summary>Types of the results.</summary>
    public required IrType[] Results { get; init; }

    /// <summary>Room for arguments and results.</summary>
    public int Slots => Math.Max(Arguments.Length, Results.Length);

    /// <summary>How many instructions it takes on a machine that tells the truth; 0 until somebody has found out.</summary>
    public long Instructions { get; set; }

    /// <summary>Whether what came back is what the command asks for.</summary>
    public bool Accepts(ReadOnlySpan<UInt128> values)
    {
        if (Command.Kind == RunCommandKind.Print)
        {
            return true;
        }

        bool equal = Command.Expected.Length == Results.Length;
        for (int i = 0; equal && i < Results.Length; i++)
        {
            equal = Command.Expected[i].Type == Results[i] && Command.Expected[i].Bits == Narrow(values[i], Results[i]);
        }

        return Command.Kind == RunCommandKind.Run && equal == (Command.Comparison == RunComparison.Equal);
    }

    /// <summary>The bits of a slot that belong to a value.</summary>
    public static UInt128 Narrow(UInt128 slot, IrType type) => slot & (UInt128.MaxValue >> (128 - type.Bits));
}

/// <summary>A test file.</summary>
/// <param name="Path">Where it was read.</param>
/// <param name="Functions">Its functions, then the trampolines.</param>
/// <param name="Commands">Its run commands in the order of the text.</param>
internal sealed record SuiteFile(string Path, SuiteFunction[] Functions, SuiteCommand[] Commands);

/// <summary>A file that is left out although it asks for runs on AArch64.</summary>
/// <param name="Path">The file.</param>
/// <param name="Reason">Why.</param>
/// <param name="IsWrong">Whether the file is wrong; otherwise it is no subject for the lab.</param>
internal sealed record SuiteOmission(string Path, string Reason, bool IsWrong);

/// <summary>What is run.</summary>
internal sealed class SuiteImage
{
    private SuiteImage(SuiteFile[] files, int skipped, IReadOnlyList<SuiteOmission> omissions)
    {
        Files = files;
        Skipped = skipped;
        Omissions = omissions;
        foreach (SuiteFile file in files)
        {
            Commands += file.Commands.Length;
            foreach (SuiteCommand command in file.Commands)
            {
                MostSlots = Math.Max(MostSlots, command.Slots);
            }
        }
    }

    public IReadOnlyList<SuiteFile> Files { get; }

    /// <summary>Files that have nothing to run for AArch64.</summary>
    public int Skipped { get; }

    /// <summary>Files that have something to run and are left out all the same.</summary>
    public IReadOnlyList<SuiteOmission> Omissions { get; }

    /// <summary>Whether one of them is wrong.</summary>
    public bool HasWrongFiles
    {
        get
        {
            foreach (SuiteOmission omission in Omissions)
            {
                if (omission.IsWrong)
                {
                    return true;
                }
            }

            return false;
        }
    }

    public int Commands { get; }

    /// <summary>Values that one call passes at most.</summary>
    public int MostSlots { get; }

    /// <summary>The image of some files.</summary>
    public static SuiteImage Of(IReadOnlyList<SuiteFile> files) => new([.. files], 0, []);

    /// <summary>The same with fewer commands: the first of each function, none of which takes long.</summary>
    /// <param name="perFunction">How many.</param>
    /// <param name="instructions">What counts as long.</param>
    public SuiteImage Shortened(int perFunction, long instructions)
    {
        List<SuiteFile> files = [];
        foreach (SuiteFile file in Files)
        {
            int[] counts = new int[file.Functions.Length];
            SuiteCommand[] commands = Array.FindAll(file.Commands, command => command.Instructions <= instructions && counts[command.Function]++ < perFunction);
            if (commands.Length > 0)
            {
                files.Add(file with { Commands = commands });
            }
        }

        return new([.. files], Skipped, Omissions);
    }

    /// <summary>Reads and compiles files. One that is wrong does not keep the others from being run.</summary>
    /// <param name="paths">Test files.</param>
    public static SuiteImage Load(IReadOnlyList<string> paths)
    {
        List<SuiteFile> files = [];
        List<SuiteOmission> omissions = [];
        SuiteCompiler compiler = new();
        foreach (string path in paths)
        {
            ParsedFile parsed;
            try
            {
                parsed = compiler.Parser.Read(new SourceText(path, File.ReadAllText(path)));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                omissions.Add(new(path, e.Message, IsWrong: true));
                continue;
            }

            Target? target = compiler.TargetOf(parsed, out string problem);
            SuiteFile? file = null;
            bool isGood = target is null ? problem.Length == 0 : compiler.TryCompile(path, parsed, target, out file, out problem);
            if (problem.Length != 0)
            {
                omissions.Add(new(path, problem, !isGood));
            }
            else if (file is { Commands.Length: > 0 })
            {
                files.Add(file);
            }
        }

        return new([.. files], paths.Count - files.Count - omissions.Count, omissions);
    }
}

/// <summary>Makes what an image consists of; used by one thread.</summary>
internal sealed class SuiteCompiler
{
    private readonly CompileContext _compiler = new();
    private readonly TargetCache _targets = new();
    private readonly Function _scratch = new(default);
    private readonly FunctionBuilder _builder;

    public SuiteCompiler() => _builder = new(_scratch);

    public Parser Parser { get; } = new();

    /// <summary>For what a file's run commands are compiled; null if not for AArch64, or if the file is no test file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="problem">What is wrong with a file that does not parse or whose tests make no sense; otherwise empty.</param>
    public Target? TargetOf(ParsedFile file, out string problem)
    {
        TestPlan plan = TestPlan.Create(file);
        bool isTest = file.HasErrors || (file.Functions.Count > 0 && file.Tests.Count > 0);
        problem = isTest && plan.Problem.Kind == OutcomeKind.Failed ? plan.Problem.Message : "";
        foreach (TestCase test in plan.Cases)
        {
            if (test.Subtest is RunSubtest && test.SkipReason.Length == 0 && test.Target is { } spec
                && spec.Triple.Architecture == TargetArchitecture.Arm64 && !spec.Shared.EnablePinnedReg)
            {
                return _targets.Find(spec, forHost: false);
            }
        }

        return null;
    }

    /// <summary>The target of a test that names one.</summary>
    public Target? TargetOf(TargetSpec spec) => _targets.Find(spec, forHost: false);

    /// <summary>Compiles a file's functions and the trampolines of its commands.</summary>
    /// <param name="path">Where it was read.</param>
    /// <param name="parsed">The file.</param>
    /// <param name="target">For what.</param>
    /// <param name="file">The compiled file.</param>
    /// <param name="problem">What is wrong; for a good file that has no commands because it needs more than its own functions, what it needs.</param>
    public bool TryCompile(string path, ParsedFile parsed, Target target, out SuiteFile? file, out string problem)
    {
        file = null;
        List<OwnedCommand> owned = [];
        Outcome outcome = RunCommands.Collect(parsed, owned);
        problem = outcome.Message;
        if (!outcome.IsPassed)
        {
            return false;
        }

        Verifier verifier = new();
        DiagnosticBag errors = new();
        List<SuiteFunction> functions = [];
        foreach (ParsedFunction function in parsed.Functions)
        {
            verifier.Verify(function, new() { PointerType = target.PointerType, PreserveFramePointers = target.Settings.PreserveFramePointers }, errors);
            if (errors.Items.Count > 0)
            {
                problem = errors.Items[0].ToString();
                return false;
            }

            if (!TryCompile(function.Function, target, functions, out problem))
            {
                return false;
            }
        }

        Dictionary<Signature, int> trampolines = [];
        var commands = new SuiteCommand[owned.Count];
        for (int i = 0; i < commands.Length; i++)
        {
            RunCommand command = owned[i].Command;
            Signature signature = parsed.Functions[owned[i].Owner].Function.Signature;
            if (!trampolines.TryGetValue(signature, out int trampoline))
            {
                if (!TrampolineBuilder.CanPass(signature, out problem))
                {
                    return false;
                }

                Signature own = new(signature.CallConv);
                own.CopyFrom(signature);
                _scratch.Clear();
                TrampolineBuilder.Build(_scratch, _builder, ExternalName.Symbol($"trampoline {own}"), own, CallConv.SystemV);
                trampoline = functions.Count;
                if (!TryCompile(_scratch, target, functions, out problem))
                {
                    return false;
                }

                trampolines.Add(own, trampoline);
            }

            var arguments = new UInt128[command.Arguments.Length];
            for (int argument = 0; argument < arguments.Length; argument++)
            {
                arguments[argument] = command.Arguments[argument].Bits;
            }

            var results = new IrType[signature.Returns.Count];
            for (int result = 0; result < results.Length; result++)
            {
                results[result] = signature.Returns[result].Type;
            }

            commands[i] = new() { Command = command, Function = owned[i].Owner, Trampoline = trampoline, Arguments = arguments, Results = results };
        }

        // What needs more than its own functions (throwing, for example) is no subject for the lab.
        problem = commands.Length > 0 && Missing(functions) is { } name ? $"it needs {name}, which is not in the file" : "";
        file = new(path, [.. functions], problem.Length == 0 ? commands : []);
        return true;
    }

    // A name that is used and not defined, if there is one.
    private static ExternalName? Missing(List<SuiteFunction> functions)
    {
        HashSet<ExternalName> names = [];
        foreach (SuiteFunction function in functions)
        {
            names.Add(function.Name);
        }

        foreach (SuiteFunction function in functions)
        {
            foreach (Relocation relocation in function.Code.Relocations)
            {
                if (!names.Contains(relocation.Target))
                {
                    return relocation.Target;
                }
            }
        }

        return null;
    }

    private bool TryCompile(Function function, Target target, List<SuiteFunction> functions, out string problem)
    {
        if (_compiler.Compile(function, target) is not CompiledCode code)
        {
            problem = $"{function.Name}: {NativeEngine.Describe(_compiler.Diagnostics)}";
            return false;
        }

        // The context compiles the next one into the same object.
        CompiledCode copy = new() { CodeSize = code.CodeSize, Alignment = code.Alignment, FrameSize = code.FrameSize };
        copy.Buffer.AddRange(code.Bytes);
        copy.RelocationTable.AddRange(code.Relocations);
        copy.TrapTable.AddRange(code.Traps);
        functions.Add(new(function.Name, copy));
        problem = "";
        return true;
    }
}
