// Who looks at programs for a fuzzing run: a session in this process, or another process with a session in it. What the session's engines
// execute may destroy its process; then the answer says so, and the next question gets a new process.
using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Threading;
using MiniJit.Filetests.Running;

namespace MiniJit.Filetests.Fuzzing;

/// <summary>The answer to a question about programs.</summary>
/// <param name="Death">How the process ended while it looked for the answer; empty if it did not.</param>
/// <param name="Problems">The programs that have one, by seed.</param>
/// <param name="Statistics">What was done.</param>
internal sealed record FuzzAnswer(string Death, IReadOnlyList<(ulong Seed, FuzzProblem Problem)> Problems, FuzzStatistics Statistics)
{
    /// <summary>The process is gone.</summary>
    public static FuzzAnswer Died(string how) => new(how, [], default);
}

/// <summary>Looks at programs. Used by one thread at a time.</summary>
internal interface IFuzzWorker : IDisposable
{
    /// <summary>Looks at the programs of consecutive seeds.</summary>
    FuzzAnswer Run(ulong first, int count);

    /// <summary>Looks at a program that no seed makes.</summary>
    /// <param name="program">The program.</param>
    /// <param name="focus">The only configuration to look at; empty for all.</param>
    FuzzAnswer Probe(FuzzProgram program, string focus);
}

/// <summary>Looks at programs in this process.</summary>
internal sealed class FuzzSession(IReadOnlyList<FuzzConfiguration> configurations) : IFuzzWorker
{
    private readonly FuzzJudge _judge = new(configurations);
    private readonly FuzzGenerator _generator = new();

    public FuzzAnswer Run(ulong first, int count)
    {
        var programs = new FuzzProgram[count];
        for (int i = 0; i < count; i++)
        {
            programs[i] = _generator.Make(first + (ulong)i, count == 1 ? "" : $"_{i}");
        }

        return Answer(first, programs, "");
    }

    public FuzzAnswer Probe(FuzzProgram program, string focus) => Answer(0, [program], focus);

    public void Dispose()
    {
    }

    private FuzzAnswer Answer(ulong first, FuzzProgram[] programs, string focus)
    {
        FuzzStatistics before = _judge.Statistics;
        List<(int Program, FuzzProblem Problem)> found = [];
        _judge.Check(programs, found, focus);
        List<(ulong, FuzzProblem)> problems = [];
        foreach ((int program, FuzzProblem problem) in found)
        {
            problems.Add((first + (ulong)program, problem));
        }

        return new("", problems, _judge.Statistics.Since(before));
    }
}

/// <summary>Looks at programs in another process.</summary>
internal sealed class FuzzWorkerProcess(FuzzOptions options) : IFuzzWorker
{
    /// <summary>First argument of a process that is a worker; the second is the pipe for its answers.</summary>
    public const string Command = "@fuzz";

    private const byte RunQuestion = 1, ProbeQuestion = 2;

    private WorkerProcess? _process;

    public FuzzAnswer Run(ulong first, int count) => Ask(writer =>
    {
        writer.Write(RunQuestion);
        writer.Write(first);
        writer.Write(count);
    });

    public FuzzAnswer Probe(FuzzProgram program, string focus) => Ask(writer =>
    {
        writer.Write(ProbeQuestion);
        writer.Write(program.ToString());
        writer.Write(focus);
    });

    public void Dispose()
    {
        _process?.Kill();
        _process?.WaitForEnd();
        _process = null;
    }

    /// <summary>The worker's side: answers questions until there are no more.</summary>
    public static int Serve(Stream input, Stream output)
    {
        using BinaryReader reader = new(input, Encoding.UTF8);
        using BinaryWriter writer = new(output, Encoding.UTF8);
        using FuzzSession session = new(FuzzOptions.Read(reader).Configurations(out _));
        while (true)
        {
            byte question;
            try
            {
                question = reader.ReadByte();
            }
            catch (EndOfStreamException)
            {
                return 0;
            }

            Write(writer, question == RunQuestion
                ? session.Run(reader.ReadUInt64(), reader.ReadInt32())
                : session.Probe(FuzzProgram.Parse(reader.ReadString()), reader.ReadString()));
        }
    }

    private FuzzAnswer Ask(Action<BinaryWriter> question)
    {
        WorkerProcess process = _process ??= Start();
        bool timedOut = false;
        using Timer timer = new(
            _ =>
            {
                Volatile.Write(ref timedOut, true);
                process.Kill();
            },
            null,
            options.BatchTimeout,
            Timeout.InfiniteTimeSpan);
        try
        {
            using (BinaryWriter writer = new(process.Input, Encoding.UTF8, leaveOpen: true))
            {
                question(writer);
            }

            using BinaryReader reader = new(process.Output, Encoding.UTF8, leaveOpen: true);
            return Read(reader);
        }
        catch (IOException)
        {
            // Also EndOfStreamException: whatever broke off, the process is gone.
            string end = process.WaitForEnd(), errors = process.Errors.Trim();
            _process = null;
            return FuzzAnswer.Died(Volatile.Read(ref timedOut) ? $"took longer than {options.BatchTimeout.TotalSeconds} s" : errors.Length == 0 ? end : $"{end}\n{errors}");
        }
    }

    private WorkerProcess Start()
    {
        WorkerProcess process = WorkerProcess.Start(Command);
        using BinaryWriter writer = new(process.Input, Encoding.UTF8, leaveOpen: true);
        options.Write(writer);
        return process;
    }

    private static void Write(BinaryWriter writer, FuzzAnswer answer)
    {
        writer.Write(answer.Problems.Count);
        foreach ((ulong seed, FuzzProblem problem) in answer.Problems)
        {
            writer.Write(seed);
            writer.Write(problem.Configuration);
            writer.Write(problem.Call);
            writer.Write(problem.Text);
        }

        writer.Write(answer.Statistics.Programs);
        writer.Write(answer.Statistics.Functions);
        writer.Write(answer.Statistics.Returns);
        writer.Write(answer.Statistics.Traps);
        writer.Write(answer.Statistics.Unfinished);
        writer.Flush();
    }

    private static FuzzAnswer Read(BinaryReader reader)
    {
        var problems = new (ulong, FuzzProblem)[reader.ReadInt32()];
        for (int i = 0; i < problems.Length; i++)
        {
            problems[i] = (reader.ReadUInt64(), new(reader.ReadString(), reader.ReadInt32(), reader.ReadString()));
        }

        return new("", problems, new(reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64()));
    }
}
