using System;
using System.Collections.Generic;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Fetch;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Memory;
using MiniJit.Coherence.Replay;
using MiniJit.Runtime.Publication;
using Xunit;

namespace MiniJit.Coherence.Tests.Stories;

public sealed class ExplainerTests
{
    /// <summary>Every rule, the machine on which it shows, and a history that breaks it.</summary>
    private static readonly (MissingEvent Missing, string Machine, Func<StoryHistory, StoryHistory> Story)[] s_stories =
    [
        (MissingEvent.Unknown, "none", s => s.Clean().CleanDone(2).Dsb().Invalidate().InvalidateDone(1, 2).Dsb().Fail()),
        (MissingEvent.StorePerformed, "idc", s => s.Begin().StoreDone(1).Overwrite().Invalidate().InvalidateDone(1, 1).Dsb().Fail()),
        (MissingEvent.Clean, "none", s => s.Begin().Overwrite().Dsb().Invalidate().InvalidateDone(1, 1).Dsb().Fail()),
        (MissingEvent.CleanOfLine, "none", s => s.Begin().Overwrite().Clean(64).Dsb().Invalidate().InvalidateDone(1, 1).Dsb().Fail()),
        (MissingEvent.CleanAfterStore, "none", s => s.Begin().Clean().CleanDone(1).Dsb().Overwrite().Invalidate().InvalidateDone(1, 1).Dsb().Fail()),
        (MissingEvent.CleanCompletion, "none", s => s.Begin().Overwrite().Clean().Invalidate().InvalidateDone(1, 1).Fail().CleanDone(2)),
        (MissingEvent.StoreCompletion, "idc", s => s.Begin().StoreDone(1).Overwrite().Invalidate().InvalidateDone(1, 1).StoreDone(2).Dsb().Fail()),
        (MissingEvent.Invalidation, "none", s => s.Begin().Overwrite().Clean().CleanDone(2).Dsb().Step(PublicationStepKind.MakeReachable).Fail()),
        (MissingEvent.InvalidationOfLine, "mixed-lines", s => s.Begin().Overwrite().Clean().CleanDone(2).Dsb().Invalidate(128).Invalidate(256).Dsb().Fail()),
        (MissingEvent.InvalidationAfterStore, "none", s => s.Begin().Invalidate().InvalidateDone(1, 1).Overwrite().Clean().CleanDone(2).Dsb().Fail()),
        (MissingEvent.InvalidationAfterClean, "none", s => s.Begin().Overwrite().Invalidate().InvalidateDone(1, 1).Dsb().Clean().CleanDone(2).Dsb().Fail()),
        (MissingEvent.InvalidationOnCore, "none", s => s.Begin().Overwrite().Clean().CleanDone(2).Dsb().Invalidate().InvalidateDone(0, 2).Dsb().Fail()),
        (MissingEvent.InvalidationCompletion, "none", s => s.Begin().Overwrite().Clean().CleanDone(2).Dsb().Invalidate().InvalidateDone(0, 2).Fail()),
        (MissingEvent.CoherentFetch, "dic-erratum", s => s.Begin().Overwrite().StoreDone(2).Dsb().Step(PublicationStepKind.MakeReachable).Fail()),
        (MissingEvent.ContextSynchronization, "idc-dic", s => s.Begin().Ahead(1).Overwrite().StoreDone(2).Dsb().Step(PublicationStepKind.MakeReachable).Fail(FetchOrigin.Queue)),
        (MissingEvent.ExecutablePage, "idc-dic",
            s => s.Begin().Page(PagePermissions.Read).Ahead(1).Overwrite().StoreDone(2).Dsb().Page(PagePermissions.Execute).Fail(FetchOrigin.Queue)),
    ];

    public static TheoryData<string> Rules => new(Enum.GetNames<MissingEvent>());

    [Theory]
    [MemberData(nameof(Rules))]
    public void Each_rule_is_found_where_it_was_broken(string rule)
    {
        MissingEvent missing = Enum.Parse<MissingEvent>(rule);
        (StoryHistory history, Explanation story) = Tell(missing);
        Assert.Equal(missing, story.Missing);
        Assert.Equal(1, history.History[story.Fetch].Core);
        Assert.Equal(LabEventKind.Outcome, history.History[story.Outcome].Kind);
        Assert.Equal(missing == MissingEvent.Unknown ? 0 : 1, CountMissing(story));
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void The_text_says_who_what_where_and_why(string rule)
    {
        MissingEvent missing = Enum.Parse<MissingEvent>(rule);
        (StoryHistory history, Explanation story) = Tell(missing);
        string text = ExplanationText.Of(history.History, story, history.Frame);
        Assert.StartsWith(story.Sentence, text, StringComparison.Ordinal);
        LabEvent fetch = history.History[story.Fetch];
        string[] claims = missing == MissingEvent.Unknown
            ? ["filetests/a.clif", "does not show"]
            :
            [
                "Core 1 executed what was left of %old at 0x4000004000 (%new), version 1 of the line instead of version 2, because ",
                "%new(): 1, expected 2", "filetests/a.clif", $"by core 1 at {fetch.Time}: version 1 of line 0x74000 (physical), 0x4000004000 (virtual)",
                "stored by core 0 at 100: version 1, of %old", "version 2, of %new", "missing here: " + MissingEventInfo.Of(missing).Event,
                MissingEventInfo.Of(missing).Why, "mov w0, #1", "mov w0, #2", "executed (version 1)", "should have been (version 2)",
                "Replay it with: minijit lab replay a.lab",
            ];
        foreach (string claim in claims)
        {
            Assert.Contains(claim, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_table_of_rules_is_in_the_order_of_its_enumeration()
    {
        Assert.Equal(Enum.GetValues<MissingEvent>().Length, MissingEventInfo.Table.Length);
        for (int i = 0; i < MissingEventInfo.Table.Length; i++)
        {
            Assert.Equal((MissingEvent)i, MissingEventInfo.Table[i].Missing);
        }
    }

    [Fact]
    public void Each_cache_operation_and_context_event_has_a_name()
    {
        Assert.Equal(["DC CVAU", "DC CVAC", "DC CIVAC", "IC IVAU", "IC of this core alone"], Array.ConvertAll(Enum.GetValues<CacheOperation>(), value => EventText.Operation((int)value)));
        Assert.Equal("ISB", EventText.Context((int)ContextEvent.Instruction));
        Assert.Equal("switch to another thread", EventText.Context((int)ContextEvent.Switch));
        Assert.Equal(5, Enum.GetValues<ContextEvent>().Length);
    }

    [Fact]
    public void The_first_changed_instruction_decides_which_store_should_have_been_seen()
    {
        // Version 3 changed another function that lies in the same line.
        StoryHistory history = new();
        history.Begin().Overwrite().Store(3, 0x5280_0040, 0xD65F_03C0, 0xD503_201F);
        history.Add(1, LabEventKind.Call, StoryHistory.Address, note: "%new").Fetch(1, 1, 3);
        Explanation story = history.Explain();
        Assert.Equal(2, history.History[story.Store].Version);
        Assert.True(story.Code[0] is { IsFirst: true, Differs: true });
        Assert.False(story.Code[1].Differs);
        Assert.True(story.Code[2] is { IsFirst: false, Differs: true, New: "nop" });
    }

    [Fact]
    public void Of_several_stale_lines_the_one_where_the_core_was_stopped_is_explained()
    {
        StoryHistory history = new();
        history.Begin().Overwrite();
        history.Add(1, LabEventKind.Call, StoryHistory.Address, note: "%new").Fetch(1, 1, 2);
        history.History.Remember(0x9000, 0, new byte[64]);
        history.History.Remember(0x9000, 1, [0x1F, 0x20, 0x03, 0xD5, .. new byte[60]]);
        history.Add(0, LabEventKind.Store, 0x50_0000, 0x9000, 1, 1, 4);
        history.Add(1, LabEventKind.Fetch, 0x50_0000, 0x9000, 0, 1);
        history.Add(1, LabEventKind.Outcome, 0x50_0000, detail: 1, note: "illegal instruction");
        Explanation story = history.Explain();
        Assert.Equal(0x9000ul, history.History[story.Fetch].Line);
        Assert.Equal(1, story.OtherStaleFetches);
        Assert.Contains("Core 1 executed the zeros of a fresh page at 0x500000", story.Sentence, StringComparison.Ordinal);
        Assert.Equal("udf #0", story.Code[0].Old);
    }

    [Fact]
    public void A_failure_without_stale_fetches_is_not_blamed_on_caches()
    {
        StoryHistory history = new();
        history.Begin().Add(1, LabEventKind.Outcome, detail: 1, note: "illegal instruction");
        Explanation story = history.Explain();
        Assert.Equal("No core executed stale instructions before this happened, so it is not a matter of coherence.", story.Sentence);
        Assert.Contains(story.Sentence, ExplanationText.Of(history.History, story, history.Frame), StringComparison.Ordinal);
    }

    [Fact]
    public void A_fault_that_was_fetched_ahead_is_explained_without_instructions()
    {
        StoryHistory history = new();
        history.Begin().Add(1, LabEventKind.FetchAhead, StoryHistory.Address & ~0xFFFul).Overwrite().Clean().CleanDone(2).Dsb().Invalidate().InvalidateDone(1, 2).Dsb();
        history.Add(1, LabEventKind.Fetch, StoryHistory.Address, StoryHistory.Line, -1, 2, (int)FetchOrigin.Queue);
        history.Add(1, LabEventKind.Outcome, StoryHistory.Address, detail: 2, note: "instruction abort");
        Explanation story = history.Explain();
        Assert.Equal(MissingEvent.ExecutablePage, story.Missing);
        Assert.StartsWith("Core 1 took an instruction abort at 0x4000004000 (%new), although the page was executable by then, because ", story.Sentence, StringComparison.Ordinal);
        Assert.True(story.FetchedAhead > 0);
        Assert.Empty(story.Code);
    }

    [Fact]
    public void What_was_freed_before_it_was_overwritten_keeps_its_name()
    {
        StoryHistory history = new();
        history.Begin().History.Name(StoryHistory.Address, 64, "");
        Explanation story = history.Overwrite().Fail().Explain();
        Assert.Equal("%old", story.OldName);
        Assert.Equal("%new", story.NewName);
    }

    [Fact]
    public void A_loop_that_missed_the_line_counts_more_than_what_the_system_did_before()
    {
        StoryHistory history = new() { Machine = MachineType.Find("mixed-lines")! };
        history.Begin().Invalidate().InvalidateDone(1, 1).Overwrite().Clean().CleanDone(2).Dsb().Invalidate(128).Dsb().Fail();
        Assert.Equal(MissingEvent.InvalidationOfLine, history.Explain().Missing);
    }

    [Fact]
    public void What_a_missing_synchronisation_hides_is_said_too()
    {
        StoryHistory history = new();
        Explanation story = history.Begin().Ahead(1).Overwrite().Fail(FetchOrigin.Queue).Explain();
        Assert.Equal(MissingEvent.ContextSynchronization, story.Missing);
        Assert.Equal([MissingEvent.Clean], story.AlsoMissing);
    }

    [Fact]
    public void The_step_that_was_taken_in_vain_is_named()
    {
        StoryHistory history = new() { Machine = MachineType.Find("mixed-lines")! };
        history.Begin().Overwrite().Clean().CleanDone(2).Dsb().Step(PublicationStepKind.InvalidateInstructionLines).Invalidate(128).Dsb().Fail();
        Assert.Contains("The plan has the step \"invalidate instruction lines\"", history.Explain().StepStory, StringComparison.Ordinal);
        history = new StoryHistory().Begin().Overwrite().Clean().CleanDone(2).Dsb().Step(PublicationStepKind.MakeReachable).Fail();
        Assert.Contains("the plan does not take it here", history.Explain().StepStory, StringComparison.Ordinal);
    }

    internal static (StoryHistory History, Explanation Story) Tell(MissingEvent missing)
    {
        (MissingEvent _, string machine, Func<StoryHistory, StoryHistory> write) = s_stories[(int)missing];
        StoryHistory history = new() { Machine = MachineType.Find(machine)! };
        write(missing == MissingEvent.Unknown ? history.Begin().Overwrite() : history);
        return (history, history.Explain());
    }

    private static int CountMissing(Explanation story)
    {
        int count = 0;
        foreach (ChainLink link in story.Chain)
        {
            count += link.IsMissing ? 1 : 0;
        }

        return count;
    }
}
