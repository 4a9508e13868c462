// dotnet run -c Release --project bench/MiniJit.Benchmarks -- --filter '*'
using BenchmarkDotNet.Running;

BenchmarkSwitcher.FromAssembly(typeof(MiniJit.Benchmarks.CompilePhases).Assembly).Run(args);
