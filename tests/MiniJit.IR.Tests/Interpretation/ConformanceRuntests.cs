using System;
using System.Collections.Generic;
using System.IO;
using Xunit;

namespace MiniJit.IR.Tests.Interpretation;

/// <summary>The reference's run tests, where they are at hand.</summary>
public sealed class ConformanceRuntests
{
    private const string Folder = "conformance/runtests";

    [Fact]
    public void Every_interpreted_run_test_of_the_reference_holds()
    {
        List<string> failures = [];
        int directives = RunAll("\ntest interpret", byName: true, failures);
        Assert.True(failures.Count == 0, $"{failures.Count} of {directives} directives fail:\n" + string.Join('\n', failures));
        Assert.True(directives > 6000, $"only {directives} directives");
    }

    /// <summary>
    /// What the reference runs only natively holds here too, except for what is not interpreted, and for the bits of NaNs that its own
    /// file names say to differ between machines.
    /// </summary>
    [Fact]
    public void Every_native_run_test_of_the_reference_holds_or_is_not_supported_by_name()
    {
        List<string> failures = [];
        int directives = RunAll("\ntest run", byName: false, failures);
        int unsupported = failures.RemoveAll(failure => failure.Contains("not supported by the interpreter", StringComparison.Ordinal));
        failures.RemoveAll(failure => failure.Contains("nondeterministic", StringComparison.Ordinal));
        Assert.True(failures.Count == 0, $"{failures.Count} of {directives} directives fail:\n" + string.Join('\n', failures));
        Assert.True(unsupported < 10, $"{unsupported} of {directives} directives are not supported");
    }

    private static int RunAll(string testLine, bool byName, List<string> failures)
    {
        string? path = Shared.Find(Folder);
        Assert.SkipWhen(path is null, "no ../shared/" + Folder);

        int directives = 0;
        foreach (string file in Directory.GetFiles(path!, "*.clif"))
        {
            string text = File.ReadAllText(file);
            if (("\n" + text).Contains(testLine, StringComparison.Ordinal))
            {
                List<string> own = [];
                directives += RunDirectives.Run(text, byName, own);
                foreach (string failure in own)
                {
                    failures.Add($"{Path.GetFileName(file)}: {failure}");
                }
            }
        }

        return directives;
    }
}
