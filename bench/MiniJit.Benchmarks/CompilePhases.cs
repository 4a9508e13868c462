using System.Collections.Generic;
using BenchmarkDotNet.Attributes;
using MiniJit.Backend.X64;
using MiniJit.Codegen;
using MiniJit.Codegen.Settings;
using MiniJit.IR;
using MiniJit.IR.Verification;

namespace MiniJit.Benchmarks;

/// <summary>What a pass over the corpus costs, phase by phase; the allocation column must read 0 for all but parsing.</summary>
[MemoryDiagnoser]
public class CompilePhases
{
    private readonly Parser _parser = new();
    private readonly Function _scratch = new(default);
    private readonly Verifier _verifier = new();
    private readonly DiagnosticBag _diagnostics = new();
    private readonly CompileContext _context = new();
    private IReadOnlyList<SourceText> _sources = [];
    private IReadOnlyList<Function> _functions = [];
    private Target _none = null!, _speed = null!;

    [GlobalSetup]
    public void Setup()
    {
        _sources = Corpus.Sources();
        _functions = Corpus.Functions();
        _none = X64Target.Host(SharedSettings.Default);
        SettingsBuilder speed = SharedSettings.Default.ToBuilder();
        speed.TrySet("opt_level", "speed", out _);
        _speed = X64Target.Host(new SharedSettings(speed));
    }

    [Benchmark]
    public int Parse()
    {
        int functions = 0;
        foreach (SourceText source in _sources)
        {
            _parser.Open(source);
            while (_parser.ReadFunction(_scratch))
            {
                functions++;
            }
        }

        return functions;
    }

    [Benchmark]
    public bool Verify()
    {
        bool good = true;
        foreach (Function function in _functions)
        {
            good &= _verifier.Verify(function, new VerifierOptions { PointerType = IrType.I64 }, _diagnostics);
        }

        return good;
    }

    [Benchmark]
    public int CompileAtNone() => Compile(_none);

    [Benchmark]
    public int CompileAtSpeed() => Compile(_speed);

    private int Compile(Target target)
    {
        int bytes = 0;
        foreach (Function function in _functions)
        {
            bytes += _context.Compile(function, target)?.Bytes.Length ?? 0;
        }

        return bytes;
    }
}
