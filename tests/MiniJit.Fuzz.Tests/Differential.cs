// Runs programs in the interpreter and natively, once per configuration: optimization level × instruction-set extensions.
using System;
using System.Collections.Generic;
using System.Text;
using MiniJit.Backend.X64;
using MiniJit.Codegen;
using MiniJit.Codegen.Settings;
using MiniJit.IR;
using MiniJit.IR.Interpretation;
using MiniJit.IR.Verification;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Memory;
using MiniJit.Filetests.Fuzzing;

namespace MiniJit.Fuzz.Tests;

/// <summary>Tells whether all engines agree about a program. Used by one thread at a time.</summary>
internal sealed class Differential : IDisposable
{
    private const int Fuel = 200_000;

    private readonly CodeHeap _heap = new();
    private readonly List<Configuration> _configurations = [];
    private readonly Verifier _verifier = new();

    /// <summary>Prepares all configurations.</summary>
    public Differential()
    {
        foreach (string level in (ReadOnlySpan<string>)["none", "speed"])
        {
            SettingsBuilder settings = SharedSettings.Default.ToBuilder();
            Apply(settings, "opt_level=" + level);
            Apply(settings, "enable_llvm_abi_extensions");
            Apply(settings, "enable_multi_ret_implicit_sret");
            Apply(settings, "enable_verifier=false");
            SharedSettings shared = new(settings);
            Add("baseline", new(TargetTriple.Host, shared, new(default(X64Features))));
            Add("host", X64Target.Host(shared));

            void Add(string isa, X64Target target) => _configurations.Add(new($"opt_level={level} {isa}", target, _heap));
        }
    }

    /// <summary>How many calls of the programs trapped in the interpreter.</summary>
    public int Traps { get; private set; }

    /// <summary>How many calls returned.</summary>
    public int Returns { get; private set; }

    /// <summary>What the generators make has to compile for this one, the target with the fewest extensions.</summary>
    public Target Baseline => _configurations[0].Target;

    /// <summary>The only configuration to look at, if there is one: that of the last problem while it is shrunk.</summary>
    public string Focus { get; set; } = "";

    /// <summary>What is wrong with the program; null if nothing is. Begins with the name of the configuration.</summary>
    public string? FindProblem(FuzzProgram program, int calls = 4)
    {
        DiagnosticBag diagnostics = new();
        foreach (Function function in program.Functions)
        {
            if (!_verifier.Verify(function, new() { PointerType = IrType.I64 }, diagnostics))
            {
                return "the generator is wrong: " + Describe(diagnostics);
            }
        }

        Interpreter interpreter = new() { Fuel = Fuel };
        foreach (Function function in program.Functions)
        {
            interpreter.Add(function);
        }

        SplitMix64 random = new(program.ArgumentSeed);
        DataValue[][] arguments = new DataValue[calls][];
        InterpreterResult[] expected = new InterpreterResult[calls];
        for (int i = 0; i < calls; i++)
        {
            arguments[i] = RandomFunctions.Arguments(random, program.Entry.Signature.Params);
            expected[i] = interpreter.Invoke(program.Entry.Name, arguments[i]);
            Traps += expected[i].Kind == InterpreterResultKind.Trapped ? 1 : 0;
            Returns += expected[i].IsReturned ? 1 : 0;
        }

        foreach (Configuration configuration in _configurations)
        {
            bool isWanted = Focus.Length == 0 || Focus.StartsWith(configuration.Name, StringComparison.Ordinal);
            if (isWanted && Compare(program, configuration, arguments, expected) is { } problem)
            {
                return $"{configuration.Name}: {problem}";
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Configuration configuration in _configurations)
        {
            configuration.Caller.Dispose();
        }

        _heap.Dispose();
    }

    private string? Compare(FuzzProgram program, Configuration configuration, DataValue[][] arguments, InterpreterResult[] expected)
    {
        using JitModule module = new(_heap);
        JitFunction? entry = null;
        foreach (Function function in program.Functions)
        {
            CompiledCode? code;
            try
            {
                code = configuration.Compiler.Compile(function, configuration.Target);
            }
            catch (CompilerBugException bug)
            {
                return bug.Message;
            }

            if (code is null)
            {
                return Describe(configuration.Compiler.Diagnostics);
            }

            JitFunction defined = module.Define(function.Name, code);
            entry ??= defined;
        }

        if (!module.TryPublish(out IReadOnlyList<LinkError> errors))
        {
            return errors[0].ToString();
        }

        if (!configuration.Caller.TryBind(entry!, program.Entry.Signature, out HostCallable callable, out string problem))
        {
            return problem;
        }

        UInt128[] slots = new UInt128[Math.Max(1, callable.SlotCount)];
        for (int i = 0; i < arguments.Length; i++)
        {
            if (expected[i].Kind > InterpreterResultKind.Trapped)
            {
                if (expected[i].Kind == InterpreterResultKind.Unsupported)
                {
                    return expected[i].ToString();
                }

                continue;                                      // too long a run to follow
            }

            for (int j = 0; j < arguments[i].Length; j++)
            {
                slots[j] = arguments[i][j].Bits;
            }

            TrapInfo end = callable.Invoke(slots);
            if (Difference(program, expected[i], end, slots) is { } difference)
            {
                return $"({DataValue.Format(arguments[i])}) gives {expected[i]}, natively {difference}";
            }
        }

        return null;
    }

    private static string? Difference(FuzzProgram program, InterpreterResult expected, TrapInfo end, UInt128[] slots)
    {
        if (end.IsTrap)
        {
            return end.Kind == TrapKind.Trap && expected.Kind == InterpreterResultKind.Trapped && end.Code == expected.TrapCode ? null : end.ToString();
        }

        List<AbiParam> returns = program.Entry.Signature.Returns;
        DataValue[] actual = new DataValue[returns.Count];
        bool same = expected.IsReturned;
        for (int i = 0; i < actual.Length; i++)
        {
            IrType type = returns[i].Type;
            actual[i] = new(type, slots[i]);
            same = same && actual[i] == expected.Values[i];
        }

        return same ? null : DataValue.Format(actual);
    }

    private static void Apply(SettingsBuilder settings, string word)
    {
        if (!settings.TryApply(word, out string error))
        {
            throw new InvalidOperationException(error);
        }
    }

    private static string Describe(DiagnosticBag diagnostics)
    {
        StringBuilder text = new();
        foreach (Diagnostic diagnostic in diagnostics.Items)
        {
            text.Append(diagnostic.ToString()).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>One way to compile, with the trampolines that were compiled the same way.</summary>
    private sealed class Configuration
    {
        public Configuration(string name, Target target, CodeHeap heap)
        {
            Name = name;
            Target = target;
            Caller = new(heap, Compile);
        }

        public string Name { get; }

        public Target Target { get; }

        public CompileContext Compiler { get; } = new() { CheckAllocations = true };

        public HostCaller Caller { get; }

        private bool Compile(Function function, out CompiledCode code, out string problem)
        {
            CompiledCode? compiled = Compiler.Compile(function, Target);
            code = compiled!;
            problem = compiled is null ? Describe(Compiler.Diagnostics) : "";
            return compiled is not null;
        }
    }
}
