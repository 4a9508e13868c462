using System;
using System.IO;
using System.Text.Json;
using MiniJit.Filetests.Tools;
using Xunit;

namespace MiniJit.Filetests.Tests.Lab;

/// <summary>What <c>minijit lab plans</c> and <c>minijit litmus</c> write.</summary>
public sealed class PlanToolsTests
{
    [Fact]
    public void A_plan_is_shown_with_its_steps_its_row_and_its_executions()
    {
        string text = Plans("Wasmtime 2026 (Linux)", PlanFormat.Text);
        Assert.Contains("  1. invalidate instruction lines\n  2. data barrier\n", text, StringComparison.Ordinal);
        Assert.Contains("Wasmtime 2026 (Linux)  | safe  safe  safe  safe  | !1    !1    safe  safe  | !2    !2    safe  safe  | !3    !3    safe  safe\n", text, StringComparison.Ordinal);
        Assert.Contains("!3  Wasmtime 2026 (Linux), other thread, machine none, and 1 more\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("!4", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_cell_of_the_table_is_one_line_of_json()
    {
        int safe = 0, cells = 0;
        foreach (string line in Plans("HotSpot", PlanFormat.Json).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            safe += document.RootElement.GetProperty("safe").GetBoolean() ? 1 : 0;
            cells++;
        }

        Assert.Equal((16, 16), (safe, cells));
    }

    [Fact]
    public void Markdown_has_a_column_per_scenario_and_machine()
    {
        string[] lines = Plans("MiniJit (Linux riscv64)", PlanFormat.Markdown).Split('\n');
        Assert.Equal(18, lines[0].Split('|').Length - 1);
        Assert.Equal("| MiniJit (Linux riscv64) | - | safe | - | - | - | safe | - | - | - | safe | - | - | - | safe | - | - |", lines[2]);
    }

    [Fact]
    public void A_plan_that_nobody_knows_is_an_error()
    {
        using StringWriter output = new(), errors = new();
        Assert.Equal(ExitCode.Usage, PlanTools.Run(new(output, errors), "Turbo Pascal", PlanFormat.Text));
        Assert.Equal("minijit: there is no plan whose name contains 'Turbo Pascal'\n", errors.ToString());
    }

    [Fact]
    public void Litmus_writes_witness_and_statistics_when_asked()
    {
        string path = Path.Combine(Path.GetTempPath(), $"minijit-{Guid.NewGuid():N}.litmus");
        File.WriteAllText(path, "AArch64 flag\n{ 0:X1=x; 0:X2=1; 1:X1=x; }\n P0 | P1 ;\n STR W2,[X1] | LDR W3,[X1] ;\nexists (1:X3=1)\n");
        try
        {
            using StringWriter output = new(), errors = new();
            Assert.Equal(0, LitmusTools.Run(new(output, errors), [path], new() { Witness = true, Stats = true }));
            Assert.EndsWith("Witness\n   1. P0 stores 1 to x\n   2. P1 loads x = 1\n\n", output.ToString(), StringComparison.Ordinal);
            Assert.Contains("thousand per second", errors.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static string Plans(string name, PlanFormat format)
    {
        using StringWriter output = new(), errors = new();
        Assert.Equal(0, PlanTools.Run(new(output, errors), name, format));
        Assert.Equal("", errors.ToString());
        return output.ToString();
    }
}
