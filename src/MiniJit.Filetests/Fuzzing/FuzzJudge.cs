// Runs programs in the interpreter and on other engines, and compares. Many programs at a time: they are compiled, linked and published
// together, so that what that costs is shared.
using System;
using System.Collections.Generic;
using MiniJit.Codegen;
using MiniJit.Filetests.Commands;
using MiniJit.Filetests.Engines;
using MiniJit.IR;
using MiniJit.IR.Interpretation;
using MiniJit.IR.Verification;

namespace MiniJit.Filetests.Fuzzing;

/// <summary>A way to execute programs.</summary>
/// <param name="Name">Engine, target and optimization level, for messages.</param>
/// <param name="Header">The <c>set</c> and <c>target</c> lines of a test file that does the same.</param>
/// <param name="CreateEngine">Makes an engine for one batch.</param>
internal sealed record FuzzConfiguration(string Name, string Header, Func<IEngine> CreateEngine);

/// <summary>What is wrong with a program.</summary>
/// <param name="Configuration">Name of the configuration that differs; empty if the program itself is wrong.</param>
/// <param name="Call">Which of the program's calls shows it; −1 if none was made.</param>
/// <param name="Text">The whole story.</param>
internal sealed record FuzzProblem(string Configuration, int Call, string Text);

/// <summary>What was done.</summary>
internal record struct FuzzStatistics(long Programs, long Functions, long Returns, long Traps, long Unfinished)
{
    public void Add(in FuzzStatistics other)
    {
        Programs += other.Programs;
        Functions += other.Functions;
        Returns += other.Returns;
        Traps += other.Traps;
        Unfinished += other.Unfinished;
    }

    public readonly FuzzStatistics Since(in FuzzStatistics before) => new(
        Programs - before.Programs, Functions - before.Functions, Returns - before.Returns, Traps - before.Traps, Unfinished - before.Unfinished);
}

/// <summary>Tells whether all configurations agree with the interpreter. Used by one thread at a time.</summary>
internal sealed class FuzzJudge(IReadOnlyList<FuzzConfiguration> configurations)
{
    private const int Fuel = 200_000;

    private readonly Verifier _verifier = new();
    private FuzzStatistics _statistics;

    /// <summary>What was done so far.</summary>
    public FuzzStatistics Statistics => _statistics;

    /// <summary>What the interpreter makes of a call.</summary>
    public static InterpreterResult Interpret(FuzzProgram program, int call)
    {
        Interpreter interpreter = new() { Fuel = Fuel };
        foreach (Function function in program.Functions)
        {
            interpreter.Add(function);
        }

        return interpreter.Invoke(program.Entry.Name, program.Calls[call]);
    }

    /// <summary>What is wrong with one program; null if nothing is.</summary>
    /// <param name="program">The program.</param>
    /// <param name="focus">The only configuration to look at; empty for all.</param>
    public FuzzProblem? FindProblem(FuzzProgram program, string focus = "")
    {
        List<(int, FuzzProblem)> problems = [];
        Check([program], problems, focus);
        return problems.Count == 0 ? null : problems[0].Item2;
    }

    /// <summary>Looks at several programs whose functions have different names.</summary>
    /// <param name="programs">The programs.</param>
    /// <param name="problems">Receives the number of each program that has a problem, and the first one it has.</param>
    /// <param name="focus">The only configuration to look at; empty for all.</param>
    public void Check(IReadOnlyList<FuzzProgram> programs, List<(int Program, FuzzProblem Problem)> problems, string focus = "")
    {
        Batch batch = new(programs);
        for (int i = 0; i < programs.Count; i++)
        {
            batch.Problems[i] = Verify(programs[i]);
        }

        Interpret(batch);
        foreach (FuzzConfiguration configuration in configurations)
        {
            if (focus.Length == 0 || focus == configuration.Name)
            {
                Check(configuration, batch, 0, programs.Count);
            }
        }

        for (int i = 0; i < programs.Count; i++)
        {
            if (batch.Problems[i] is { } problem)
            {
                problems.Add((i, problem));
            }
        }
    }

    private FuzzProblem? Verify(FuzzProgram program)
    {
        DiagnosticBag diagnostics = new();
        foreach (Function function in program.Functions)
        {
            _verifier.Verify(function, new() { PointerType = IrType.I64 }, diagnostics);
        }

        return diagnostics.IsEmpty ? null : new("", -1, $"the program is not valid: {NativeEngine.Describe(diagnostics)}");
    }

    private void Interpret(Batch batch)
    {
        Interpreter interpreter = new() { Fuel = Fuel };
        for (int i = 0; i < batch.Programs.Count; i++)
        {
            FuzzProgram program = batch.Programs[i];
            _statistics.Programs++;
            _statistics.Functions += program.Functions.Count;
            foreach (Function function in program.Functions)
            {
                interpreter.Add(function);
            }

            batch.Expected[i] = new InterpreterResult[program.Calls.Count];
            for (int call = 0; call < program.Calls.Count && batch.Problems[i] is null; call++)
            {
                InterpreterResult result = interpreter.Invoke(program.Entry.Name, program.Calls[call]);
                batch.Expected[i][call] = result;
                switch (result.Kind)
                {
                    case InterpreterResultKind.Returned:
                        _statistics.Returns++;
                        break;
                    case InterpreterResultKind.Trapped:
                        _statistics.Traps++;
                        break;
                    case InterpreterResultKind.OutOfFuel:
                        _statistics.Unfinished++;              // too long a run to follow
                        break;
                    default:
                        batch.Problems[i] = new("", call, result.ToString());
                        break;
                }
            }
        }
    }

    // The programs from `first` on that have no problem yet. If they cannot be loaded together, each is loaded alone.
    private static void Check(FuzzConfiguration configuration, Batch batch, int first, int count)
    {
        List<Function> functions = [];
        List<OwnedCommand> commands = [];
        List<(int Program, int Call)> calls = [];
        for (int i = first; i < first + count; i++)
        {
            if (batch.Problems[i] is null)
            {
                batch.AddCalls(i, functions.Count, commands, calls);
                functions.AddRange(batch.Programs[i].Functions);
            }
        }

        if (functions.Count == 0)
        {
            return;
        }

        using IEngine engine = configuration.CreateEngine();
        string problem = Load(engine, functions, commands);
        if (problem.Length == 0)
        {
            for (int i = 0; i < calls.Count; i++)
            {
                (int program, int call) = calls[i];
                Completion completion = engine.Invoke(commands[i].Owner, commands[i].Command.Callee, commands[i].Command.Arguments);
                if (batch.Problems[program] is null && !Agrees(batch.Expected[program][call], completion))
                {
                    string actual = completion.Kind == CompletionKind.Returned ? DataValue.Format(completion.Results) : completion.Detail;
                    batch.Problems[program] = new(configuration.Name, call,
                        $"{commands[i].Command.Invocation} gives {batch.Expected[program][call]} in the interpreter, {actual} on {configuration.Name}");
                }
            }
        }
        else if (count == 1)
        {
            batch.Problems[first] = new(configuration.Name, -1, $"{configuration.Name}: {problem}");
        }
        else
        {
            for (int i = first; i < first + count; i++)
            {
                Check(configuration, batch, i, 1);
            }
        }
    }

    // A defect of the compiler is what we are looking for, whatever shape it takes.
    private static string Load(IEngine engine, List<Function> functions, List<OwnedCommand> commands)
    {
        try
        {
            return engine.Load(functions, commands);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return e is CompilerBugException ? e.Message : $"internal error: {e}";
        }
    }

    private static bool Agrees(InterpreterResult expected, in Completion actual) => actual.Kind switch
    {
        CompletionKind.Returned => expected.IsReturned && expected.Values.AsSpan().SequenceEqual(actual.Results),
        CompletionKind.Trapped => expected.Kind == InterpreterResultKind.Trapped && expected.TrapCode == actual.Trap,
        _ => false,
    };

    /// <summary>Programs with what is known about them.</summary>
    private sealed class Batch(IReadOnlyList<FuzzProgram> programs)
    {
        public IReadOnlyList<FuzzProgram> Programs => programs;

        public InterpreterResult[][] Expected { get; } = new InterpreterResult[programs.Count][];

        public FuzzProblem?[] Problems { get; } = new FuzzProblem?[programs.Count];

        public void AddCalls(int program, int owner, List<OwnedCommand> commands, List<(int, int)> calls)
        {
            for (int call = 0; call < programs[program].Calls.Count; call++)
            {
                if (Expected[program][call].Kind <= InterpreterResultKind.Trapped)
                {
                    commands.Add(new(owner, programs[program].Command(call)));
                    calls.Add((program, call));
                }
            }
        }
    }
}
