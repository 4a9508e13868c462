// Exhaustive exploration of litmus tests: our own small ones here, the catalogue where it lies beside the repository.
using System;
using System.Collections.Generic;
using System.IO;
using MiniJit.Coherence.Litmus;
using MiniJit.IR;
using Xunit;

namespace MiniJit.Coherence.Tests;

public sealed class LitmusTests
{
    private static readonly System.Text.CompositeFormat s_publishTemplate = System.Text.CompositeFormat.Parse(PublishTemplate);

    // A publisher writes a NOP over a branch and raises a flag; a consumer that saw the flag runs the code: X9 is 1 if it ran the NOP.
    private const string PublishTemplate = """
        AArch64 publish
        CacheType={0}
        {{ 0:X0=NOP; 0:X1=P1:code; 0:X2=1; 0:X3=flag; 1:X3=flag; 1:X9=0; }}
         P0          | P1           ;
         STR W0,[X1] | LDAR W2,[X3] ;
         {1} | CBZ W2,end   ;
         {2} | {5}          ;
         {3} | code: B end  ;
         {4} | MOV W9,#1    ;
         STLR W2,[X3]| end:         ;
        exists (1:X2=1 /\ 1:X9=0)
        """;

    private const string Clean = "DC CVAU,X1", Barrier = "DSB ISH", Invalidate = "IC IVAU,X1", Nothing = "NOP", Sync = "ISB";

    [Theory]
    [InlineData("", Clean, Barrier, Invalidate, Barrier, Sync, Observation.Never)]
    [InlineData("", Nothing, Barrier, Invalidate, Barrier, Sync, Observation.Sometimes)]
    [InlineData("IDC", Nothing, Barrier, Invalidate, Barrier, Sync, Observation.Never)]
    [InlineData("", Clean, Barrier, Nothing, Barrier, Sync, Observation.Sometimes)]
    [InlineData("IDC DIC", Nothing, Barrier, Nothing, Nothing, Sync, Observation.Never)]
    [InlineData("", Clean, Nothing, Invalidate, Barrier, Sync, Observation.Sometimes)]
    [InlineData("", Clean, Barrier, Invalidate, Nothing, Sync, Observation.Sometimes)]
    [InlineData("IDC DIC", Clean, Barrier, Invalidate, Barrier, Nothing, Observation.Sometimes)]
    public void A_consumer_runs_stale_code_if_a_needed_step_is_missing(
        string caches, string first, string second, string third, string fourth, string consumer, object expected)
    {
        string text = string.Format(System.Globalization.CultureInfo.InvariantCulture, s_publishTemplate, caches, first, second, third, fourth, consumer);
        Assert.Equal((Observation)expected, Explore(text).Observation);
    }

    [Fact]
    public void An_undefined_instruction_enters_the_handler_and_returning_synchronises()
    {
        LitmusVerdict verdict = Explore("""
            AArch64 patched-in-the-handler
            { 0:X0=NOP; 0:X1=P0:here; }
             P0    | P0.F           ;
             here: | MSR ELR_EL1,X1 ;
             UDF #0| ADD W2,W2,#1   ;
                   | STR W0,[X1]    ;
                   | DC CVAU,X1     ;
                   | DSB ISH        ;
                   | IC IVAU,X1     ;
                   | DSB ISH        ;
                   | ERET           ;
            forall (0:X2=1)
            """);
        Assert.Equal("Required", verdict.Verdict);
    }

    [Fact]
    public void The_result_is_printed_as_herd_prints_it()
    {
        LitmusVerdict verdict = Explore("""
            AArch64 own-store
            { 0:X0=NOP; 0:X1=P0:here; 0:X9=0; }
             P0          ;
             STR W0,[X1] ;
             ISB         ;
             here: B end ;
             MOV W9,#1   ;
             end:        ;
            exists (0:X9=0)
            """);
        string expected = """
            Test own-store Allowed
            States 2
            0:X9=0;
            0:X9=1;
            Ok
            Witnesses
            Positive: 1 Negative: 1
            Condition exists (0:X9=0)
            Observation own-store Sometimes 1 1

            """;
        Assert.Equal(expected.ReplaceLineEndings("\n"), verdict.Text);
    }

    [Fact]
    public void An_unknown_instruction_is_named_with_its_place()
    {
        LitmusVerdict verdict = Explore("""
            AArch64 bad
            { }
             P0        ;
             FROB X1   ;
            exists (0:X1=0)
            """);
        Assert.Contains("test.litmus:4:2: error L001", verdict.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("litmus")]
    [InlineData("custom")]
    public void The_catalogue_has_the_verdicts_of_the_reference_model(string folder)
    {
        string root = Path.Combine(RepositoryRoot(), "..", "shared", "coherence", folder);
        Assert.SkipUnless(Directory.Exists(root), "the litmus tests are not beside the repository");
        List<string> wrong = [];
        int count = 0;
        string[] lines = File.ReadAllLines(Path.Combine(root, "table.tsv"));
        bool named = lines[0].StartsWith("name", StringComparison.Ordinal);
        foreach (string line in lines.AsSpan(1))
        {
            string[] cells = line.Split('\t');
            string file = named ? $"{cells[0]}.{(cells[1].Length == 0 ? "NONE" : cells[1])}.litmus" : cells[0];
            LitmusVerdict verdict = Explore(File.ReadAllText(Path.Combine(root, file)));
            count++;
            if (verdict.Verdict != cells[named ? 2 : 1])
            {
                wrong.Add($"{file}: {verdict.Verdict}{verdict.Problem}");
            }
        }

        Assert.Empty(wrong);
        Assert.True(count > 30);
    }

    private static LitmusVerdict Explore(string text) => LitmusVerdict.Of(new SourceText("test.litmus", text));

    private static string RepositoryRoot()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "MiniJit.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? AppContext.BaseDirectory;
    }
}
