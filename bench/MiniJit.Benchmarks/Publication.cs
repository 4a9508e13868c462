using System;
using System.Threading;
using BenchmarkDotNet.Attributes;
using MiniJit.Backend.X64;
using MiniJit.Codegen;
using MiniJit.Codegen.Settings;
using MiniJit.IR;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Memory;

namespace MiniJit.Benchmarks;

/// <summary>What it costs to define, link, publish and free functions, alone and in batches.</summary>
public class Publication : IDisposable
{
    private readonly CodeHeap _heap = new();
    private readonly CompileContext _context = new();
    private CompiledCode _code = null!;
    private bool _stop;

    /// <summary>Functions published together.</summary>
    [Params(1, 16, 1024)]
    public int Batch { get; set; }

    /// <summary>Threads that are running, the publishing one included: each of them has to be interrupted.</summary>
    [Params(1, 2, 8)]
    public int Threads { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        for (int i = 1; i < Threads; i++)
        {
            Thread thread = new(() =>
            {
                while (!Volatile.Read(ref _stop))
                {
                }
            }) { IsBackground = true };
            thread.Start();
        }

        _code = _context.Compile(Corpus.Functions()[0], X64Target.Host(SharedSettings.Default))!;
    }

    [GlobalCleanup]
    public void Dispose()
    {
        Volatile.Write(ref _stop, true);
        _heap.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public bool PublishAndFree()
    {
        using JitModule module = new(_heap);
        for (uint i = 0; i < Batch; i++)
        {
            module.Define(ExternalName.User(0, i), _code);
        }

        return module.TryPublish(out _);
    }
}
