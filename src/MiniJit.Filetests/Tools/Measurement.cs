// `bench` measures compilation, `time` measures compiled code; both on one thread, with one context that is used again and again, and
// with everything else done before the clock starts. Their JSON is one line.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Text;
using System.Text.Json;
using MiniJit.Codegen;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Running;
using MiniJit.IR;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Linking;

namespace MiniJit.Filetests.Tools;

/// <summary>The measuring commands.</summary>
internal static class Measurement
{
    // The run time compiles a method well only after it was called often, and in the background: until then it is not our code that is measured.
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(2.5);

    /// <summary>Parses and compiles all functions again and again. Functions that do not compile are left out and listed.</summary>
    public static int Bench(ToolContext context, IReadOnlyList<string> paths, ToolOptions options, int iterations, bool json)
    {
        if (!CompileTools.TryGetTarget(options, forHost: false, out Target? target, out string error))
        {
            return context.Usage(error);
        }

        List<SourceText> sources = [];
        List<string> missing = [];
        long sourceBytes = 0;
        foreach (string path in FileDiscovery.Find(new RunOptions { Paths = paths }, missing))
        {
            sources.Add(new(path, File.ReadAllText(path)));
            sourceBytes += new FileInfo(path).Length;
        }

        if (missing.Count > 0)
        {
            return context.Fail($"no such file or directory: {missing[0]}");
        }

        Parser parser = new();
        Function scratch = new(default);
        double[] parse = Measure(iterations, () => ParseAll(sources, parser, scratch));

        CompileContext compiler = new();
        BenchCorpus corpus = BenchCorpus.Read(sources, parser, compiler, target!);
        long allocated = 0;
        double[] compile = Measure(iterations, () =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            foreach (Function function in corpus.Functions)
            {
                compiler.Compile(function, target!);
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        });

        Report report = new();
        report.Add("functions", corpus.Functions.Count);
        report.Add("clif_insts", corpus.Instructions);
        report.Add("src_bytes", sourceBytes);
        report.Add("code_bytes", corpus.CodeBytes);
        report.Add("parse_s_min", parse[0]);
        report.Add("parse_s_median", parse[iterations / 2]);
        report.Add("compile_s_min", compile[0]);
        report.Add("compile_s_median", compile[iterations / 2]);
        report.Add("compile_ns_per_inst_min", Math.Round(compile[0] * 1e9 / Math.Max(1, corpus.Instructions), 1));
        report.Add("allocated_bytes_per_function", Math.Round((double)allocated / Math.Max(1, corpus.Functions.Count), 1));
        report.Add("skipped", corpus.Skipped);
        report.Write(context.Output, json);
        return ExitCode.Success;
    }

    /// <summary>Seconds of each of <paramref name="iterations"/> passes after a warm-up, sorted.</summary>
    private static double[] Measure(int iterations, Action pass)
    {
        long warmUp = Stopwatch.GetTimestamp();
        do
        {
            pass();
        }
        while (Stopwatch.GetElapsedTime(warmUp) < s_warmUp);

        double[] seconds = new double[iterations];
        for (int i = 0; i < iterations; i++)
        {
            long start = Stopwatch.GetTimestamp();
            pass();
            seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        Array.Sort(seconds);
        return seconds;
    }

    private static void ParseAll(List<SourceText> sources, Parser parser, Function scratch)
    {
        foreach (SourceText source in sources)
        {
            parser.Open(source);
            while (parser.ReadFunction(scratch))
            {
            }
        }
    }

    /// <summary>What is compiled in every pass.</summary>
    private sealed class BenchCorpus
    {
        public List<Function> Functions { get; } = [];

        public List<(string Function, string Reason)> Skipped { get; } = [];

        public long Instructions { get; private set; }

        public long CodeBytes { get; private set; }

        public static BenchCorpus Read(List<SourceText> sources, Parser parser, CompileContext compiler, Target target)
        {
            BenchCorpus corpus = new();
            foreach (SourceText source in sources)
            {
                foreach (ParsedFunction parsed in parser.Read(source).Functions)
                {
                    corpus.Add(parsed.Function, compiler, target);
                }
            }

            return corpus;
        }

        private void Add(Function function, CompileContext compiler, Target target)
        {
            if (compiler.Compile(function, target) is CompiledCode code)
            {
                Functions.Add(function);
                CodeBytes += code.Bytes.Length;
                Instructions += CountInstructions(function);
            }
            else
            {
                Skipped.Add((function.Name.ToString(), NativeEngine.Describe(compiler.Diagnostics)));
            }
        }
    }

    /// <summary>Compiles a file, calls one of its functions again and again, and times the calls.</summary>
    public static int Time(ToolContext context, string path, ToolOptions options, string name, IReadOnlyList<long> arguments, int repeat, bool json)
    {
        if (!CompileTools.TryGetTarget(options, forHost: true, out Target? target, out string error))
        {
            return context.Usage(error);
        }

        if (!target!.RunsOnHost(out string reason))
        {
            return context.Fail(reason);
        }

        if (context.Read(path, HostCaller.HostConvention) is not ParsedFile file)
        {
            return ExitCode.Failure;
        }

        CompileContext compiler = new();
        NativeHost host = new(compiler);
        using JitModule module = new(host.Heap);
        JitFunction? timed = null;
        Signature? signature = null;
        long codeBytes = 0;
        foreach (ParsedFunction parsed in file.Functions)
        {
            if (compiler.Compile(parsed.Function, target) is not CompiledCode code)
            {
                return context.Fail($"{parsed.Function.Name}: {NativeEngine.Describe(compiler.Diagnostics)}");
            }

            JitFunction compiled = module.Define(parsed.Function.Name, code);
            codeBytes += code.Bytes.Length;
            if (parsed.Function.Name.ToString().TrimStart('%') == name.TrimStart('%'))
            {
                (timed, signature) = (compiled, parsed.Function.Signature);
            }
        }

        if (timed is null || signature!.Params.Count != arguments.Count || signature.Returns.Count > 1)
        {
            return context.Fail(timed is null ? $"no function {name}" : $"{timed.Name} has the signature {signature}: give one --arg per parameter");
        }

        if (!module.TryPublish(out IReadOnlyList<LinkError> errors))
        {
            return context.Fail(errors[0].ToString());
        }

        if (!host.CallerFor(target).TryBind(timed, signature, out HostCallable callable, out string problem))
        {
            return context.Fail(problem);
        }

        UInt128[] values = new UInt128[Math.Max(1, callable.SlotCount)];
        if (!TryTimeCalls(callable, arguments, values, repeat, out double[] nanoseconds, out TrapInfo trap))
        {
            return context.Fail(trap.ToString());
        }

        Report report = new();
        report.Add("result", signature.Returns.Count == 0 ? "" : Result(signature.Returns[0].Type, values[0]));
        report.Add("ns_min", Math.Round(nanoseconds[0]));
        report.Add("ns_median", Math.Round(nanoseconds[repeat / 2]));
        report.Add("code_bytes", codeBytes);
        report.Write(context.Output, json);
        return ExitCode.Success;
    }

    /// <summary>The times of calls with the same arguments, sorted. Results are left in <paramref name="values"/>.</summary>
    private static bool TryTimeCalls(
        HostCallable callable, IReadOnlyList<long> arguments, UInt128[] values, int repeat, out double[] nanoseconds, out TrapInfo trap)
    {
        nanoseconds = new double[repeat];
        trap = default;
        for (int i = 0; i < repeat; i++)
        {
            for (int j = 0; j < arguments.Count; j++)
            {
                values[j] = (ulong)arguments[j];
            }

            long start = Stopwatch.GetTimestamp();
            trap = callable.Invoke(values);
            nanoseconds[i] = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
            if (trap.IsTrap)
            {
                return false;
            }
        }

        Array.Sort(nanoseconds);
        return true;
    }

    private static object Result(IrType type, UInt128 bits)
    {
        IR.Interpretation.DataValue value = new(type, bits & (UInt128.MaxValue >> (128 - type.Bits)));
        return type.IsInt && type.Bits <= 64 ? value.AsInt64 : value.ToString();
    }

    private static long CountInstructions(Function function)
    {
        long count = 0;
        for (Block block = function.Layout.EntryBlock; !block.IsNone; block = function.Layout.Next(block))
        {
            for (Inst inst = function.Layout.FirstInst(block); !inst.IsNone; inst = function.Layout.Next(inst))
            {
                count++;
            }
        }

        return count;
    }

    /// <summary>Names and values in order, as one line of JSON or as lines for people.</summary>
    private sealed class Report
    {
        private readonly List<(string Name, object Value)> _items = [];

        public void Add(string name, object value) => _items.Add((name, value));

        public void Write(TextWriter output, bool asJson)
        {
            if (!asJson)
            {
                foreach ((string name, object value) in _items)
                {
                    output.Write(FormattableString.Invariant($"{name,-30} {(value is List<(string, string)> list ? list.Count : value)}\n"));
                }

                return;
            }

            using MemoryStream stream = new();
            using (Utf8JsonWriter json = new(stream))
            {
                json.WriteStartObject();
                foreach ((string name, object value) in _items)
                {
                    json.WritePropertyName(name);
                    Write(json, value);
                }

                json.WriteEndObject();
            }

            output.Write(Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length));
            output.Write('\n');
        }

        private static void Write(Utf8JsonWriter json, object value)
        {
            switch (value)
            {
                case int number:
                    json.WriteNumberValue(number);
                    break;
                case long number:
                    json.WriteNumberValue(number);
                    break;
                case double number:
                    json.WriteNumberValue(number);
                    break;
                case List<(string Function, string Reason)> skipped:
                    json.WriteStartArray();
                    foreach ((string function, string reason) in skipped)
                    {
                        json.WriteStartObject();
                        json.WriteString("function", function);
                        json.WriteString("reason", reason);
                        json.WriteEndObject();
                    }

                    json.WriteEndArray();
                    break;
                default:
                    json.WriteStringValue(value.ToString());
                    break;
            }
        }
    }
}
