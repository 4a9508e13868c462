// What publication costs: per function, alone and in batches, with few and many threads running, step by step; and how that compares with the
// least that it can cost, which is copying the bytes, one change of protection and one synchronisation of the cores.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Threading;
using MiniJit.Codegen;
using MiniJit.IR;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;

namespace MiniJit.Filetests.Tools;

internal sealed class PublicationBench : IPublicationObserver
{
    private const int FunctionSize = 64, LeastCount = 1000, Rounds = 200;

    // As for compilation: before that it is not our code that is measured, but the run time's way of getting to it.
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(2);

    private static readonly int[] s_batches = [1, 16, 1024];

    private readonly Dictionary<string, TimeSpan> _steps = [];
    private readonly CompiledCode _code = MakeCode();

    public static int Run(ToolContext context)
    {
        PublicationBench bench = new();
        TextWriter output = context.Output;
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < s_warmUp)
        {
            bench.Measure(16);
            bench.MeasureLeast();
        }

        output.Write("medians\nfunctions  threads   ns per function: define, link, publish, free    publication only    its steps\n");
        int many = Environment.ProcessorCount * 4;
        foreach (int threads in (ReadOnlySpan<int>)[1, 2, many])
        {
            using Spinners spinners = new(threads - 1);
            foreach (int batch in s_batches)
            {
                (double all, double plan, string steps) = bench.Measure(batch);
                output.Write(string.Create(CultureInfo.InvariantCulture, $"{batch,9}  {threads,7}   {all,47:N0}    {plan,16:N0}    {steps}\n"));
            }
        }

        (double[] least, double[] published) = bench.MeasureLeast();
        output.Write($"\n{LeastCount} functions of {FunctionSize} bytes: publishing a module of them, against copying their bytes, one change of protection and one synchronisation of the cores\n");
        WriteRatio("median", Rounds / 2);
        WriteRatio("best", 0);
        return ExitCode.Success;

        void WriteRatio(string name, int place) => output.Write(string.Create(
            CultureInfo.InvariantCulture, $"{name,-8} {published[place],6:0.0} µs against {least[place]:0.0} µs: {published[place] / least[place]:0.00}\n"));
    }

    void IPublicationObserver.StepDone(PublicationStep step, in CodeRange range, SystemError error, TimeSpan duration) =>
        _steps[step.Info.Text] = _steps.GetValueOrDefault(step.Info.Text) + duration;

    /// <summary>Nanoseconds per function of everything, and of carrying out the plan, whose steps are listed with their shares.</summary>
    private (double All, double Plan, string Steps) Measure(int batch)
    {
        using CodeHeap heap = new();
        int rounds = Math.Max(20, 4096 / batch);
        var all = new double[rounds];
        for (int i = -rounds / 2; i < rounds; i++)
        {
            long start = Stopwatch.GetTimestamp();
            PublishAndFree(heap, batch);
            if (i >= 0)
            {
                all[i] = Stopwatch.GetElapsedTime(start).TotalNanoseconds / batch;
            }
        }

        _steps.Clear();
        heap.Executor.Observer = this;
        var plan = new double[rounds];
        TimeSpan sum = default;
        for (int i = 0; i < rounds; i++)
        {
            TimeSpan before = sum;
            PublishAndFree(heap, batch);
            sum = Sum(_steps);
            plan[i] = (sum - before).TotalNanoseconds / batch;
        }

        List<string> shares = [];
        foreach ((string step, TimeSpan duration) in _steps)
        {
            shares.Add(string.Create(CultureInfo.InvariantCulture, $"{step} {duration / sum:P0}"));
        }

        Array.Sort(all);
        Array.Sort(plan);
        return (all[rounds / 2], plan[rounds / 2], string.Join(", ", shares));
    }

    private JitModule Define(CodeHeap heap, int count)
    {
        JitModule module = new(heap, NoSymbols.Instance);
        for (uint i = 0; i < count; i++)
        {
            module.Define(ExternalName.User(0, i), _code);
        }

        return module;
    }

    private static TimeSpan Sum(Dictionary<string, TimeSpan> steps)
    {
        TimeSpan sum = default;
        foreach (TimeSpan duration in steps.Values)
        {
            sum += duration;
        }

        return sum;
    }

    private void PublishAndFree(CodeHeap heap, int batch)
    {
        using JitModule module = Define(heap, batch);
        if (!module.TryPublish(out IReadOnlyList<LinkError> errors))
        {
            throw new InvalidOperationException(errors[0].ToString());
        }
    }

    /// <summary>
    /// Microseconds, sorted: the least that it can cost, and what linking, storing and publishing a module costs, both in memory that held code
    /// before.
    /// </summary>
    private (double[] Least, double[] Published) MeasureLeast()
    {
        HostCodeMemory memory = HostCodeMemory.Create();
        IPublicationPort port = HostPublicationPort.Host;
        using CodeHeap heap = new(memory, MachineTraits.Host, port, HostPlatform.OperatingSystem, Runtime.Invocation.HostQuiescence.Instance);
        PublicationStep sync = new(PublicationStepKind.SynchronizeCores, port.Probe(memory.Views).CoreSync);
        byte[] bytes = new byte[LeastCount * FunctionSize];
        double[] least = new double[Rounds], published = new double[Rounds];

        // A page of its own for the change of protection.
        var page = new DataBlock[1];
        Check(heap.TryReserve(default, [new(memory.PageSize, 16, OwnsPages: true)], null, out _, page, out SystemError error), error);
        for (int i = -Rounds / 2; i < Rounds; i++)
        {
            Check(heap.TryReserve(new(bytes.Length, RangeAllocator.Granule), [], null, out CodeBlock? block, [], out error), error);
            ArenaMapping arena = block!.Arena.Mapping;
            long start = Stopwatch.GetTimestamp();
            memory.Store(arena, block.Address, bytes);
            memory.TryProtect(arena, page[0].Address, memory.PageSize, (i & 1) == 0 ? PageAccess.Read : PageAccess.ReadWrite, out _);
            port.Perform(sync, default);
            double leastTime = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            heap.Abandon(block, []);

            using JitModule module = Define(heap, LeastCount);
            start = Stopwatch.GetTimestamp();
            bool succeeded = module.TryPublish(out IReadOnlyList<LinkError> errors);
            double publishedTime = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            Check(succeeded, succeeded ? default : new(errors[0].ToString(), 0));
            if (i >= 0)
            {
                least[i] = leastTime;
                published[i] = publishedTime;
            }
        }

        Array.Sort(least);
        Array.Sort(published);
        return (least, published);
    }

    private static void Check(bool succeeded, SystemError error)
    {
        if (!succeeded)
        {
            throw error.ToException();
        }
    }

    private static CompiledCode MakeCode()
    {
        CompiledCode code = new() { CodeSize = FunctionSize };
        code.Buffer.AddRange(new byte[FunctionSize]);
        return code;
    }

    /// <summary>Threads that keep other cores busy.</summary>
    private sealed class Spinners : IDisposable
    {
        private readonly List<Thread> _threads = [];
        private bool _stop;

        public Spinners(int count)
        {
            for (int i = 0; i < count; i++)
            {
                Thread thread = new(() =>
                {
                    while (!Volatile.Read(ref _stop))
                    {
                    }
                }) { IsBackground = true };
                thread.Start();
                _threads.Add(thread);
            }
        }

        public void Dispose()
        {
            Volatile.Write(ref _stop, true);
            _threads.ForEach(static thread => thread.Join());
        }
    }
}
