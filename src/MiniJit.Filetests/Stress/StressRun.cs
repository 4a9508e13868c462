// Publishers compile, publish, replace and free functions; executors call them all the time and look at every result. A version may be called from
// the moment its publication begins to let threads in until the next version's publication is over, so each result is checked against
// what was published before the call and what had been started after it. Freed memory is full of trapping instructions, so a call that went there is a trap.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using MiniJit.Codegen;
using MiniJit.IR;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;

namespace MiniJit.Filetests.Stress;

/// <summary>What to do.</summary>
internal sealed record StressOptions
{
    /// <summary>Threads that call.</summary>
    public int Executors { get; init; } = Environment.ProcessorCount;

    /// <summary>Threads that publish.</summary>
    public int Publishers { get; init; } = 1;

    /// <summary>When to stop, at the latest.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After how many calls to stop; 0: when the time is over.</summary>
    public long Calls { get; init; }

    public StressVariant Variant { get; init; } = StressVariant.All[0];

    public ulong Seed { get; init; } = 1;
}

/// <summary>What happened.</summary>
internal sealed record StressReport(
    long Calls,
    long Published,
    long Freed,
    IReadOnlyDictionary<string, int> Publications,
    long Wrong,
    IReadOnlyList<string> Failures,
    CodeHeapStatistics Before,
    CodeHeapStatistics Peak,
    CodeHeapStatistics After,
    TimeSpan Duration)
{
    /// <summary>Whether every call was answered by the right version and all memory came back.</summary>
    public bool IsGood => Wrong == 0 && Failures.Count == 0 && Before.Used == After.Used && Before.Functions == After.Functions;
}

internal sealed class StressRun : IPublicationObserver
{
    private const int EntryCount = 64, GroupSize = 8, MostFailures = 10;
    private const int TagBits = 32;                              // a tag is the entry's number, then the version's

    private readonly StressOptions _options;
    private readonly Target _target;
    private readonly CodeHeap _heap;
    private readonly JitEntry[] _entries = new JitEntry[EntryCount];
    private readonly HostCallable[] _callables = new HostCallable[EntryCount];
    private readonly long[] _started = new long[EntryCount], _published = new long[EntryCount];
    private readonly JitModule?[] _modules = new JitModule?[EntryCount / GroupSize];
    private readonly Dictionary<string, int> _publications = [];
    private readonly List<string> _failures = [];
    private long _calls, _functions, _freed, _wrong, _peak;
    private bool _stop;

    private StressRun(Target target, StressOptions options, CodeHeap heap)
    {
        _target = target;
        _options = options;
        _heap = heap;
    }

    public static StressReport Run(Target target, StressOptions options)
    {
        using CodeHeap heap = new(
            HostCodeMemory.Create(), MachineTraits.Host, HostPublicationPort.Host, HostPlatform.OperatingSystem,
            options.Variant.FreesAtOnce ? new Impatience() : HostQuiescence.Instance,
            edit: options.Variant.Edit);
        return new StressRun(target, options, heap).Run();
    }

    void IPublicationObserver.Begins(PublicationPlan plan)
    {
        lock (_publications)
        {
            _publications[plan.Name] = _publications.GetValueOrDefault(plan.Name) + 1;
        }
    }

    void IPublicationObserver.StepDone(PublicationStep step, in CodeRange range, SystemError error, TimeSpan duration)
    {
    }

    private StressReport Run()
    {
        CompileContext compiler = new();
        using HostCaller caller = new(_heap, Compile);
        Signature signature = StressFunction.MakeSignature(HostCaller.HostConvention);
        if (!caller.TryPrepare([signature], out string problem))
        {
            throw new InvalidOperationException(problem);
        }

        CodeHeapStatistics before = _heap.Statistics;
        _heap.Executor.Observer = this;
        JitModule entries = MakeEntries(caller, signature, compiler);
        long start = Stopwatch.GetTimestamp();
        List<Thread> threads = [];
        for (int i = 0; i < Math.Min(_options.Publishers, _modules.Length); i++)
        {
            int publisher = i;
            threads.Add(new(() => Publish(publisher)) { Name = $"publisher {i}" });
        }

        for (int i = 0; i < _options.Executors; i++)
        {
            int executor = i;
            threads.Add(new(() => Execute(executor)) { Name = $"executor {i}" });
        }

        threads.ForEach(static thread => thread.Start());
        while (!Volatile.Read(ref _stop) && Stopwatch.GetElapsedTime(start) < _options.Duration)
        {
            Thread.Sleep(10);
            _peak = Math.Max(_peak, _heap.Statistics.Used);
        }

        Volatile.Write(ref _stop, true);
        threads.ForEach(static thread => thread.Join());
        TimeSpan duration = Stopwatch.GetElapsedTime(start);
        CodeHeapStatistics peak = _heap.Statistics with { Used = _peak };
        foreach (JitModule? module in _modules)
        {
            module?.Dispose();
        }

        entries.Dispose();
        _heap.Collect();
        return new(_calls, _functions, _freed + EntryCount, _publications, _wrong, _failures, before, peak, _heap.Statistics, duration);

        bool Compile(Function function, out CompiledCode code, out string problem)
        {
            code = compiler.Compile(function, _target)!;
            problem = code is null ? compiler.Diagnostics.Items[0].ToString() : "";
            return code is not null;
        }
    }

    private JitModule MakeEntries(HostCaller caller, Signature signature, CompileContext compiler)
    {
        JitModule module = new(_heap);
        StressFunction builder = new();
        SplitMix64 random = new(_options.Seed);
        for (int i = 0; i < EntryCount; i++)
        {
            ExternalName first = ExternalName.User(1, (uint)i);
            module.Define(first, compiler.Compile(builder.Build(first, HostCaller.HostConvention, TagOf(i, 0), 0, ref random), _target)!);
            _entries[i] = module.DefineEntry(ExternalName.User(0, (uint)i), first);
        }

        Check(module.TryPublish(out IReadOnlyList<LinkError> errors), errors);
        for (int i = 0; i < EntryCount; i++)
        {
            if (!caller.TryBind(_entries[i].Function, signature, out _callables[i], out string problem))
            {
                throw new InvalidOperationException(problem);
            }
        }

        return module;
    }

    private void Publish(int publisher)
    {
        try
        {
            CompileContext compiler = new();
            StressFunction builder = new();
            SplitMix64 random = new(_options.Seed + 1000 + (ulong)publisher);
            int groups = (_modules.Length - publisher + _options.Publishers - 1) / _options.Publishers;
            while (!Volatile.Read(ref _stop))
            {
                ReplaceGroup(publisher + (random.Below(groups) * _options.Publishers), compiler, builder, ref random);
                if (random.OneIn(4))
                {
                    PublishForNobody(1 + random.Below(4), compiler, builder, ref random);
                }
            }
        }
        catch (Exception e) when (e is InvalidOperationException or CompilerBugException)
        {
            Fail(e.Message);
        }
    }

    /// <summary>New versions of all functions of a group in one publication; the old ones are freed.</summary>
    private void ReplaceGroup(int group, CompileContext compiler, StressFunction builder, ref SplitMix64 random)
    {
        JitModule module = new(_heap);
        Span<EntryReplacement> replacements = new EntryReplacement[GroupSize];
        for (int i = 0; i < GroupSize; i++)
        {
            int entry = (group * GroupSize) + i;
            ExternalName name = ExternalName.User(0, (uint)entry);
            long version = ++_started[entry];
            Function function = builder.Build(name, HostCaller.HostConvention, TagOf(entry, version), random.Below(StressFunction.MostFillers), ref random);
            replacements[i] = new(_entries[entry], module.Define(name, compiler.Compile(function, _target)!));
        }

        Interlocked.MemoryBarrier();                             // what was started is known before any of it can be called
        Check(module.TryPublish(replacements, out IReadOnlyList<LinkError> errors), errors);
        for (int i = 0; i < GroupSize; i++)
        {
            int entry = (group * GroupSize) + i;
            Volatile.Write(ref _published[entry], _started[entry]);
        }

        if (_modules[group] is { } old)
        {
            old.Dispose();
            Interlocked.Add(ref _freed, GroupSize);
        }

        _modules[group] = module;
        Interlocked.Add(ref _functions, GroupSize);
    }

    /// <summary>Functions that come and go, so that memory is cut up differently every time.</summary>
    private void PublishForNobody(int count, CompileContext compiler, StressFunction builder, ref SplitMix64 random)
    {
        using JitModule module = new(_heap);
        for (uint i = 0; i < count; i++)
        {
            ExternalName name = ExternalName.User(2, i);
            module.Define(name, compiler.Compile(builder.Build(name, HostCaller.HostConvention, 0, random.Below(StressFunction.MostFillers), ref random), _target)!);
        }

        Check(module.TryPublish(out IReadOnlyList<LinkError> errors), errors);
        Interlocked.Add(ref _functions, count);
        Interlocked.Add(ref _freed, count);
    }

    private void Execute(int executor)
    {
        const int Round = 1024, LongCall = 3000;
        SplitMix64 random = new(_options.Seed + 2000 + (ulong)executor);
        var values = new UInt128[2];
        while (!Volatile.Read(ref _stop))
        {
            for (int i = 0; i < Round; i++)
            {
                int entry = random.Below(EntryCount);
                ulong value = random.Next();
                ulong count = (ulong)(random.OneIn(256) ? LongCall : random.Below(8));
                values[0] = value;
                values[1] = count;
                long floor = Volatile.Read(ref _published[entry]);
                TrapInfo trap = _callables[entry].Invoke(values);
                long ceiling = Volatile.Read(ref _started[entry]);
                ulong tag = StressFunction.TagOf((ulong)values[0], value, count);
                long version = (long)(tag & ((1UL << TagBits) - 1));
                if (trap.IsTrap || tag >> TagBits != (ulong)entry || version < floor || version > ceiling)
                {
                    Interlocked.Increment(ref _wrong);
                    Fail(trap.IsTrap
                        ? $"function {entry}, version {floor} to {ceiling}: {trap}"
                        : $"function {entry}: the result is that of version {version} of function {tag >> TagBits}; versions {floor} to {ceiling} are possible");
                }
            }

            if (Interlocked.Add(ref _calls, Round) >= _options.Calls && _options.Calls > 0)
            {
                Volatile.Write(ref _stop, true);
            }
        }
    }

    private static ulong TagOf(int entry, long version) => (ulong)entry << TagBits | (ulong)version;

    private static void Check(bool published, IReadOnlyList<LinkError> errors)
    {
        if (!published)
        {
            throw new InvalidOperationException(errors[0].ToString());
        }
    }

    private void Fail(string message)
    {
        lock (_failures)
        {
            if (_failures.Count < MostFailures)
            {
                _failures.Add(message);
            }
        }
    }

    /// <summary>Waits for nobody: what the step "wait for threads in old code" is there to prevent.</summary>
    private sealed class Impatience : IQuiescence
    {
        public long Advance() => 0;

        public bool HaveLeft(long epoch) => true;
    }
}
