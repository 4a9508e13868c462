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
    public void A_witness_tells_which_version_was_fetched_and_executed()
    {
        string text = string.Format(
            System.Globalization.CultureInfo.InvariantCulture, s_publishTemplate, "IDC DIC", Barrier, Nothing, Nothing, Nothing, Nothing);
        LitmusVerdict verdict = LitmusVerdict.Of(new SourceText("test.litmus", text), wantsWitness: true);
        string[] expected =
        [
            "P1 fetches code in version 0 (b #8) ahead of time",
            "P0 stores nop to code: version 1",
            "P0 DSB ISH: waits for all before it",
            "P0 stores 1 to flag",
            "P1 loads flag = 1",
            "P1 executes the old instruction b #8 at code",
        ];
        Assert.Equal(expected, verdict.Witness);
    }

    [Fact]
    public void A_forbidden_outcome_has_no_witness()
    {
        string text = string.Format(
            System.Globalization.CultureInfo.InvariantCulture, s_publishTemplate, "", Clean, Barrier, Invalidate, Barrier, Sync);
        Assert.Empty(LitmusVerdict.Of(new SourceText("test.litmus", text), wantsWitness: true).Witness);
    }

    [Fact]
    public void What_shall_always_hold_is_refuted_by_a_witness()
    {
        LitmusVerdict verdict = LitmusVerdict.Of(new SourceText("test.litmus", """
            AArch64 always
            { 0:X1=x; 0:X2=1; 1:X1=x; }
             P0          | P1          ;
             STR W2,[X1] | LDR W3,[X1] ;
            forall (1:X3=0)
            """), wantsWitness: true);
        Assert.Equal(["P0 stores 1 to x", "P1 loads x = 1"], verdict.Witness);
    }

    [Fact]
    public void An_interrupt_of_every_core_is_as_good_as_its_isb()
    {
        string Publish(string last) => $$"""
            AArch64 interrupt
            { 0:X0=NOP; 0:X1=P1:code; 0:X2=1; 0:X3=flag; 1:X3=flag; 1:X9=0; }
             P0             | P1           ;
             STR W0,[X1]    | LDAR W2,[X3] ;
             DC CVAU,X1     | CBZ W2,end   ;
             DSB ISH        | code: B end  ;
             IC IVAU,X1     | MOV W9,#1    ;
             DSB ISH        | end:         ;
             {{last}} |              ;
             STLR W2,[X3]   |              ;
            exists (1:X2=1 /\ 1:X9=0)
            """;
        Assert.Equal(Observation.Never, Explore(Publish("SVC sync_cores")).Observation);
        Assert.Equal(Observation.Sometimes, Explore(Publish("ISB           ")).Observation);
    }

    [Fact]
    public void A_hundred_thousand_states_fit_into_a_few_megabytes()
    {
        System.Text.StringBuilder text = new("AArch64 large\n{ 0:X3=flag; 0:X2=1;");
        for (int line = 0; line < 3; line++)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $" 0:X{10 + line}=NOP; 0:X{20 + line}=P0:m{line};");
        }

        text.Append("""
             1:X3=flag; 1:X1=P0:m0; 2:X3=flag; 2:X1=P0:m0; 3:X3=flag; 3:X1=P0:m0; }
             P0            | P1            | P2            | P3           ;
             STR W10,[X20] | LDAR W2,[X3]  | LDAR W2,[X3]  | LDAR W2,[X3] ;
             STR W11,[X21] | CBZ W2,out    | CBZ W2,out    | CBZ W2,out   ;
             STR W12,[X22] | BLR X1        | BLR X1        | BLR X1       ;
             DSB ISH       | out: NOP      | out: NOP      | out: NOP     ;
             IC IVAU,X20   |               |               |              ;
             IC IVAU,X21   |               |               |              ;
             IC IVAU,X22   |               |               |              ;
             DSB ISH       |               |               |              ;
             STLR W2,[X3]  |               |               |              ;
             B end         |               |               |              ;
             m0: B s0      |               |               |              ;
             ADD W9,W9,#1  |               |               |              ;
             s0: NOP       |               |               |              ;
             m1: B s1      |               |               |              ;
             ADD W9,W9,#2  |               |               |              ;
             s1: NOP       |               |               |              ;
             m2: B s2      |               |               |              ;
             ADD W9,W9,#4  |               |               |              ;
             s2: NOP       |               |               |              ;
             last: RET     |               |               |              ;
             end: NOP      |               |               |              ;
            exists (1:X2=1)
            """);
        LitmusVerdict verdict = Explore(text.ToString());
        Assert.Equal("", verdict.Problem);
        Assert.InRange(verdict.States, 20_000, 500_000);
        Assert.True(verdict.Bytes < 100L * verdict.States, $"{verdict.Bytes} bytes for {verdict.States} states");
    }

    [Theory]
    [InlineData("fault(P0:here)", Observation.Always)]
    [InlineData("fault(P0:here,UndefinedInstruction)", Observation.Always)]
    [InlineData("fault(P0)", Observation.Always)]
    [InlineData("fault(P0:end)", Observation.Never)]
    [InlineData("~fault(P0:here) /\\ 0:X2=0", Observation.Never)]
    public void A_condition_may_ask_for_an_exception(string condition, object expected)
    {
        LitmusVerdict verdict = Explore($$"""
            AArch64 undefined
            { 0:X0=0; 0:X1=P0:here; 0:X2=0; }
             P0           ;
             STR W0,[X1]  ;
             DC CVAU,X1   ;
             DSB ISH      ;
             IC IVAU,X1   ;
             DSB ISH      ;
             ISB          ;
             here: B end  ;
             end: NOP     ;
            exists ({{condition}})
            """);
        Assert.Equal("", verdict.Problem);
        Assert.Equal((Observation)expected, verdict.Observation);
    }

    [Theory]
    [InlineData("ADD X30,X2,X3")]
    [InlineData("LDR X30,[X4]")]
    public void A_return_may_go_where_no_call_was(string target)
    {
        // The branch is fetched while its target waits for a load, and the target is no label of the initial state.
        LitmusVerdict verdict = Explore($$"""
            AArch64 computed
            { x=8; y=0; 0:X1=x; 0:X2=P0:here; 0:X4=y; 0:X9=0; }
             P0              ;
             ADD X5,X2,#8    ;
             STR X5,[X4]     ;
             BL sub          ;
             B end           ;
             sub: LDR X3,[X1];
             {{target}}      ;
             RET             ;
             here: MOV W9,#1 ;
             B end           ;
             MOV W9,#2       ;
             end: NOP        ;
            exists (0:X9=2)
            """);
        Assert.Equal(("", Observation.Always), (verdict.Problem, verdict.Observation));
    }

    [Fact]
    public void Page_tables_are_refused_by_name()
    {
        LitmusVerdict verdict = Explore("""
            AArch64 tables
            { [PTE(x)]=(oa:PA(x), valid:0); 0:X1=x; }
             P0          ;
             LDR W0,[X1] ;
            exists (0:X0=0)
            """);
        Assert.Contains("page tables are not modelled", verdict.Problem, StringComparison.Ordinal);
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
