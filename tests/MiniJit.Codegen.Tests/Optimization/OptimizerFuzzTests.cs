using System;
using System.Text;
using MiniJit.Codegen.Optimization;
using MiniJit.IR;
using MiniJit.IR.Interpretation;
using MiniJit.IR.Verification;
using MiniJit.Filetests.Fuzzing;
using Xunit;

namespace MiniJit.Codegen.Tests.Optimization;

/// <summary>Random functions mean the same before and after, pass the verifier, and reach every rule.</summary>
public sealed class OptimizerFuzzTests
{
    private const int Functions = 20_000, ArgumentSets = 3;

    [Fact]
    public void Optimized_functions_compute_what_they_computed_and_every_rule_is_hit()
    {
        RandomFunctions generator = new();
        Optimizer optimizer = new();
        for (int i = 0; i < Functions; i++)
        {
            Check(generator, optimizer, (ulong)i);
        }

        StringBuilder missing = new();
        for (int rule = 0; rule < (int)Rule.Count; rule++)
        {
            if (optimizer.RuleHits[rule] == 0)
            {
                missing.Append((Rule)rule).Append(' ');
            }
        }

        Assert.Equal("", missing.ToString());
    }

    private static void Check(RandomFunctions generator, Optimizer optimizer, ulong seed)
    {
        Function function = generator.Make(seed);
        Function optimized = new(default);
        optimized.CopyFrom(function);
        optimizer.Run(optimized, new OptimizerOptions(Speed: seed % 8 != 7));
        DiagnosticBag diagnostics = new();
        if (!new Verifier().Verify(optimized, default, diagnostics))
        {
            Assert.Fail($"seed {seed}: {diagnostics}\n{Printer.Print(function)}\n{Printer.Print(optimized)}");
        }

        Interpreter before = new() { Fuel = 100_000 }, after = new() { Fuel = 200_000 };
        before.Add(function);
        after.Add(optimized);
        SplitMix64 random = new(~seed);
        for (int i = 0; i < ArgumentSets; i++)
        {
            DataValue[] args = RandomFunctions.Arguments(random);
            InterpreterResult expected = before.Invoke(function.Name, args), actual = after.Invoke(function.Name, args);
            if (!Same(expected, actual))
            {
                Assert.Fail($"seed {seed}: ({DataValue.Format(args)}) gave {expected}, now {actual}\n{Printer.Print(function)}\n{Printer.Print(optimized)}");
            }
        }
    }

    private static bool Same(InterpreterResult a, InterpreterResult b)
    {
        if (a.Kind != b.Kind || a.TrapCode != b.TrapCode || a.Values.Length != b.Values.Length || a.Kind > InterpreterResultKind.Trapped)
        {
            return false;
        }

        for (int i = 0; i < a.Values.Length; i++)
        {
            bool nan = a.Values[i].Type == IrType.F64 && double.IsNaN(a.Values[i].AsF64) && double.IsNaN(b.Values[i].AsF64);
            if (a.Values[i] != b.Values[i] && !nan)
            {
                return false;
            }
        }

        return true;
    }
}
