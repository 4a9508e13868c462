// The README's example of embedding, as a test: what stands between the markers is what the README shows.
using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using MiniJit.Backend.X64;
using MiniJit.Codegen;
using MiniJit.Codegen.Settings;
using MiniJit.IR;
using MiniJit.IR.Building;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Memory;
using Xunit;

namespace MiniJit.Filetests.Tests;

public sealed class EmbeddingExample
{
    [Fact]
    public void The_example_of_the_readme_divides_and_reports_a_trap()
    {
        List<string> output = [];

        // <example>
        // function %div(i64, i64) -> i64, built by hand; Parser.Parse reads text.
        Function function = new(ExternalName.Symbol("div"), CallConv.SystemV);
        function.Signature.Params.AddRange([new(IrType.I64), new(IrType.I64)]);
        function.Signature.Returns.Add(new(IrType.I64));
        FunctionBuilder build = new(function);
        Block entry = build.CreateEntry();
        build.SwitchTo(entry);
        build.Return(build.Sdiv(build.Param(entry, 0), build.Param(entry, 1)));
        build.Finish();

        // One context per thread; targets are immutable and shared.
        Target target = X64Target.Host(SharedSettings.Default);
        CompileContext context = new();
        bool Compile(Function f, out CompiledCode code, out string problem)
        {
            code = context.Compile(f, target)!;
            problem = code is null ? context.Diagnostics.Items[0].ToString() : "";
            return code is not null;
        }

        Assert.True(Compile(function, out CompiledCode compiled, out _));

        // Link, publish, call. A trap is a value.
        using CodeHeap heap = new();
        using JitModule module = new(heap);
        JitFunction div = module.Define(function.Name, compiled);
        Assert.True(module.TryPublish(out _));
        using HostCaller caller = new(heap, Compile);
        Assert.True(caller.TryBind(div, function.Signature, out HostCallable call, out _));

        UInt128[] values = [42, 6];
        call.Invoke(values);
        output.Add($"{values[0]}");                            // 7
        values = [42, 0];
        TrapInfo end = call.Invoke(values);
        output.Add($"{end.Code} in {end.Function!.Name}");     // int_divz in %div
        // </example>

        Assert.Equal(["7", "int_divz in %div"], output);
    }

    [Fact]
    public void The_readme_shows_the_example_as_it_is_tested()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "MiniJit.sln")))
        {
            root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException($"no MiniJit.sln above {AppContext.BaseDirectory}");
        }

        StringBuilder example = new();
        bool inside = false;
        foreach (string line in File.ReadAllLines(Path.Combine(root, "tests", "MiniJit.Filetests.Tests", "EmbeddingExample.cs")))
        {
            inside &= line.Trim() != "// </example>";
            if (inside)
            {
                example.Append(line.Length >= 8 ? line[8..] : line).Append('\n');
            }

            inside |= line.Trim() == "// <example>";
        }

        Assert.Contains("```csharp\n" + example.ToString() + "```", File.ReadAllText(Path.Combine(root, "README.md")), StringComparison.Ordinal);
    }
}
