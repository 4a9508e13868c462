using System;
using System.Diagnostics;
using System.IO;
using Xunit;

namespace MiniJit.Filetests.Tests;

/// <summary>The program as its users start it.</summary>
public sealed class CommandLineTests
{
    [Theory]
    [InlineData("there are values to choose from", "minijit: Argument 'foo' not recognized. Must be one of: 'full' ", "lab", "suite", ".", "--plan", "foo")]
    [InlineData("a number is asked for", "minijit: Cannot parse argument 'x' for option '--cores' as a number up to 2147483647.\nTry 'minijit lab suite --help'.", "lab", "suite", ".", "--cores", "x")]
    [InlineData("no core is no machine", "minijit: --cores is a number from 1 to 64", "lab", "suite", ".", "--cores", "0")]
    [InlineData("no run shows nothing", "minijit: --runs must be positive", "lab", "suite", ".", "--runs", "0")]
    [InlineData("threads cost memory", "minijit: --threads is a number up to 1024", "lab", "pr4997", "--threads", "1000000")]
    [InlineData("negative rates", "minijit: --runs must be positive", "lab", "scenario", "--all", "--runs", "-1")]
    [InlineData("nothing would be killed", "minijit: --seeds must be positive", "lab", "mutants", "--seeds", "0")]
    [InlineData("the table has all machines", "minijit: a machine and a report are about one mutant", "lab", "mutants", "--machine", "idc")]
    [InlineData("there is one output", "minijit: one of --table, --json and --markdown", "lab", "plans", "--json", "--markdown")]
    public void Command_lines_that_make_no_sense_are_refused_in_a_line(string why, string expected, params string[] arguments)
    {
        (int exit, string errors) = Run(arguments);
        Assert.True(exit == 2, $"{why}: exit code {exit}");
        Assert.StartsWith(expected, errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_does_not_exist_is_named_in_words()
    {
        string missing = Path.Combine(AppContext.BaseDirectory, "missing.clif");
        (int exit, string errors) = Run("cat", missing);
        Assert.Equal(1, exit);
        Assert.StartsWith("minijit: Could not find file", errors, StringComparison.Ordinal);
        Assert.Contains(missing, errors, StringComparison.Ordinal);
    }

    private static (int Exit, string Errors) Run(params string[] arguments)
    {
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "minijit.exe" : "minijit"), arguments)
        {
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        string errors = process.StandardError.ReadToEnd().ReplaceLineEndings("\n");
        process.WaitForExit();
        return (process.ExitCode, errors);
    }
}
