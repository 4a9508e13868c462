// Every transition of the model by itself: what it lets a core fetch, and what it does not.
using System;
using System.Collections.Generic;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.Fetch;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Machine;
using MiniJit.Coherence.Memory;
using Xunit;
using static MiniJit.Coherence.Tests.Lying.LyingFixture;

namespace MiniJit.Coherence.Tests.Lying;

public sealed class LyingModelTests
{
    private const int Writer = 0, Reader = 1, Old = 1, New = 2, Line = 64;

    [Fact]
    public void Without_deviations_every_fetch_sees_the_last_store()
    {
        using LyingFixture lab = Fixture("none");
        lab.Write(Writer, New);
        Assert.Equal(New, lab.Call(Reader));
        Assert.Equal(New, lab.Call(Writer));
    }

    [Theory]
    [InlineData("none", Old)]
    [InlineData("idc", Old)]
    [InlineData("idc-dic", New)]
    public void A_store_alone_is_seen_where_instruction_caches_follow(string type, int expected)
    {
        using LyingFixture lab = Fixture(type);
        lab.LieAsMuchAsPossible();
        lab.Write(Writer, New);
        lab.Barrier(Writer);
        lab.Synchronize(Reader);
        Assert.Equal(expected, lab.Call(Reader));
    }

    [Theory]
    [InlineData("none", Old)]
    [InlineData("idc", New)]
    public void An_invalidated_line_comes_from_the_point_of_unification(string type, int expected)
    {
        using LyingFixture lab = Fixture(type);
        lab.LieAsMuchAsPossible();
        lab.Write(Writer, New);
        lab.Barrier(Writer);
        lab.Invalidate(Writer);
        lab.Barrier(Writer);
        lab.Synchronize(Reader);
        Assert.Equal(expected, lab.Call(Reader));
    }

    [Fact]
    public void A_cleaned_line_may_still_be_in_instruction_caches()
    {
        using LyingFixture lab = Fixture("none");
        lab.LieAsMuchAsPossible();
        lab.Write(Writer, New);
        lab.Clean(Writer);
        lab.Barrier(Writer);
        Assert.Equal(Old, lab.Call(Reader));
        lab.Choices.Set(ChoiceKind.Version, 0);
        Assert.Equal(New, lab.Call(Reader));
        lab.LieAsMuchAsPossible();
        Assert.Equal(Old, lab.Call(Reader));                     // new and then old again: caches have several levels
    }

    [Fact]
    public void After_clean_and_invalidate_only_the_new_code_is_there()
    {
        using LyingFixture lab = Fixture("none");
        lab.LieAsMuchAsPossible();
        lab.Write(Writer, New);
        lab.Publish(Writer);
        Assert.Equal(New, lab.Call(Reader));
        Assert.Equal(New, lab.Call(Writer));
        Assert.Equal(0, lab.Model.StaleFetches);
    }

    [Fact]
    public void Invalidating_before_cleaning_brings_the_old_code_back()
    {
        using LyingFixture lab = Fixture("none");
        lab.LieAsMuchAsPossible();
        lab.Write(Writer, New);
        lab.Invalidate(Writer);
        lab.Barrier(Writer);
        lab.Clean(Writer);
        lab.Barrier(Writer);
        Assert.Equal(Old, lab.Call(Reader));
    }

    [Fact]
    public void A_line_that_another_core_wrote_can_be_cleaned_and_invalidated()
    {
        using LyingFixture lab = Fixture("none");
        lab.LieAsMuchAsPossible();
        lab.Write(Writer, New);
        lab.Publish(Reader);
        Assert.Equal(New, lab.Call(Reader));
    }

    // ---- operations that stay pending

    [Fact]
    public void A_pending_store_is_seen_by_loads_of_its_core_and_not_by_fetches()
    {
        using LyingFixture lab = Fixture("idc-dic");
        lab.Choices.Set(ChoiceKind.Delay, 1);
        lab.Write(Writer, New);
        Assert.Equal(Old, lab.Call(Writer));
        Assert.Equal(Old, lab.Call(Reader));
        Assert.Equal(Word(New), Load(lab, Writer));
        Assert.Equal(Old, lab.Call(Reader));
        lab.Barrier(Writer);
        Assert.Equal(New, lab.Call(Reader));
    }

    [Fact]
    public void Who_loads_what_another_core_stored_knows_that_it_is_performed()
    {
        using LyingFixture lab = Fixture("idc-dic");
        Load(lab, Reader);                                       // the translation is known before
        lab.Choices.Set(ChoiceKind.Delay, 1);
        lab.Write(Writer, New);
        Assert.Equal(Word(New), Load(lab, Reader));
        Assert.Equal(New, lab.Call(Reader));
    }

    [Theory]
    [InlineData(BarrierKind.Synchronization, Full, New)]
    [InlineData(BarrierKind.Synchronization, Stores, New)]
    [InlineData(BarrierKind.Synchronization, Loads, Old)]
    [InlineData(BarrierKind.Memory, Full, Old)]
    [InlineData(BarrierKind.Release, 0, New)]
    public void What_waits_for_pending_stores(object kind, int option, int expected)
    {
        using LyingFixture lab = Fixture("idc-dic");
        lab.Choices.Set(ChoiceKind.Delay, 1);
        lab.Write(Writer, New);
        lab.Barrier(Writer, (BarrierKind)kind, option);
        Assert.Equal(expected, lab.Call(Reader));
    }

    [Theory]
    [InlineData(Full, false, New)]
    [InlineData(Full, true, New)]
    [InlineData(Stores, false, Old)]
    [InlineData(Stores, true, New)]
    [InlineData(Loads, true, Old)]
    public void An_ordinary_access_does_not_overtake_what_a_memory_barrier_orders_before_it(int option, bool stores, int expected)
    {
        // str x1, [x2] or ldr x1, [x2]; ret
        using LyingFixture lab = Fixture("idc-dic");
        WriteWords(lab, 0x400, [stores ? 0xF900_0041u : 0xF940_0041, 0xD65F_03C0]);
        lab.Model.Settle();
        Core core = lab.Machine.Cores[Writer];
        Assert.Equal(StopReason.Returned, core.Call(Code + 0x400, [0, 0, Data], 10));
        lab.Choices.Set(ChoiceKind.Delay, 1);
        lab.Write(Writer, New);
        lab.Barrier(Writer, BarrierKind.Memory, option);
        Assert.Equal(Old, lab.Call(Reader));
        Assert.Equal(StopReason.Returned, core.Call(Code + 0x400, [0, 0, Data], 10));
        Assert.Equal(expected, lab.Call(Reader));
    }

    [Fact]
    public void An_invalidation_overtakes_a_clean_unless_DSB_stands_between_them()
    {
        foreach ((BarrierKind between, int expected) in (ReadOnlySpan<(BarrierKind, int)>)[(BarrierKind.Memory, Old), (BarrierKind.Synchronization, New)])
        {
            using LyingFixture lab = Fixture("none");
            lab.LieAsMuchAsPossible();
            lab.Write(Writer, New);
            lab.Choices.Set(ChoiceKind.Delay, 1);
            lab.Clean(Writer);
            lab.Barrier(Writer, between);
            lab.Choices.Set(ChoiceKind.Delay, 0);
            lab.Invalidate(Writer);
            lab.Barrier(Writer);
            Assert.Equal(expected, lab.Call(Reader));
        }
    }

    [Fact]
    public void An_invalidation_overtakes_a_store_where_no_clean_is_needed()
    {
        using LyingFixture lab = Fixture("idc");
        lab.LieAsMuchAsPossible();
        lab.Choices.Set(ChoiceKind.Delay, 1);
        lab.Write(Writer, New);
        lab.Choices.Set(ChoiceKind.Delay, 0);
        lab.Invalidate(Writer);
        lab.Barrier(Writer);
        Assert.Equal(Old, lab.Call(Reader));
    }

    [Fact]
    public void A_clean_comes_after_the_stores_to_its_line()
    {
        using LyingFixture lab = Fixture("none");
        lab.LieAsMuchAsPossible();
        lab.Choices.Set(ChoiceKind.Delay, 1);
        lab.Write(Writer, New);
        lab.Choices.Set(ChoiceKind.Delay, 0);
        lab.Clean(Writer);
        lab.Invalidate(Writer);
        Assert.Equal(New, lab.Call(Reader));
    }

    [Fact]
    public void A_store_behind_a_pending_clean_is_not_cleaned_by_it()
    {
        using LyingFixture lab = Fixture("none");
        lab.LieAsMuchAsPossible();
        lab.Write(Writer, Old + 5);
        lab.Choices.Set(ChoiceKind.Delay, 1);
        lab.Clean(Writer);
        lab.Write(Writer, New);
        lab.Barrier(Writer);
        lab.Choices.Set(ChoiceKind.Delay, 0);
        lab.Invalidate(Writer);
        Assert.Equal(Old + 5, lab.Call(Reader));
    }

    [Fact]
    public void An_invalidation_reaches_every_core_by_itself_and_DSB_waits_for_all()
    {
        using LyingFixture lab = Fixture("none", 3);
        lab.LieAsMuchAsPossible();
        lab.Write(Writer, New);
        lab.Clean(Writer);
        lab.Barrier(Writer);
        lab.Choices.Set(ChoiceKind.Delay, 1, core: Reader);
        lab.Invalidate(Writer);
        Assert.Equal(Old, lab.Call(Reader));
        Assert.Equal(New, lab.Call(2));
        lab.Barrier(Writer, BarrierKind.Release);
        Assert.Equal(Old, lab.Call(Reader));
        lab.Barrier(Writer);
        Assert.Equal(New, lab.Call(Reader));
    }

    [Fact]
    public void Pending_operations_complete_by_themselves_when_they_are_not_delayed_any_more()
    {
        using LyingFixture lab = Fixture("idc-dic");
        lab.Choices.Set(ChoiceKind.Delay, 1);
        lab.Write(Writer, New);
        lab.Machine.EndTurn(lab.Machine.Cores[Writer]);
        Assert.Equal(Old, lab.Call(Reader));
        lab.Choices.Set(ChoiceKind.Delay, 0);
        lab.Machine.EndTurn(lab.Machine.Cores[Writer]);
        Assert.Equal(New, lab.Call(Reader));
    }

    // ---- instructions fetched ahead

    [Theory]
    [InlineData("none")]
    [InlineData("idc")]
    [InlineData("idc-dic")]
    public void Fully_published_code_is_executed_late_by_cores_that_are_not_synchronised(string type)
    {
        using LyingFixture lab = Fixture(type);
        lab.Choices.Set(ChoiceKind.FetchAhead, 1);
        lab.Write(Writer, New);
        lab.Publish(Writer);
        Assert.Equal(Old, lab.Call(Reader));
        Assert.Equal(Old, lab.Call(Writer));
        lab.Synchronize(Reader);
        Assert.Equal(New, lab.Call(Reader));
        Assert.Equal(Old, lab.Call(Writer));
    }

    [Fact]
    public void What_was_fetched_ahead_is_used_up_after_as_many_instructions_as_the_queue_holds()
    {
        foreach ((int instructions, int expected) in (ReadOnlySpan<(int, int)>)[(8, Old), (200, New)])
        {
            using LyingFixture lab = Fixture("idc-dic");
            lab.Idle(Reader, instructions);
            lab.Model.Settle();
            lab.Choices.Set(ChoiceKind.FetchAhead, 1);
            lab.Write(Writer, New);
            lab.Publish(Writer);
            lab.Choices.Set(ChoiceKind.FetchAhead, 0);
            lab.Idle(Reader, instructions);
            Assert.Equal(expected, lab.Call(Reader));
        }
    }

    [Fact]
    public void Fetches_are_in_order()
    {
        // Both lines are patched, one after the other. Who executes the second patch has fetched it after the first was complete.
        foreach (bool callsSecond in (ReadOnlySpan<bool>)[false, true])
        {
            using LyingFixture lab = Fixture("none");
            lab.WriteLongAgo(Old, Line);
            lab.Choices.Set(ChoiceKind.FetchAhead, 1);
            lab.Write(Writer, New);
            lab.Publish(Writer);
            lab.Choices.Set(ChoiceKind.FetchAhead, 0);
            lab.Write(Writer, New, Line);
            lab.Publish(Writer, Line);
            if (callsSecond)
            {
                Assert.Equal(New, lab.Call(Reader, Line));
            }

            Assert.Equal(callsSecond ? New : Old, lab.Call(Reader));
        }
    }

    [Fact]
    public void A_page_that_was_not_executable_when_it_was_fetched_ahead_is_a_fault()
    {
        using LyingFixture lab = Fixture("idc-dic");
        lab.Machine.Space.Map(Code, PhysicalMemory.PageSize, PagePermissions.Read | PagePermissions.Write);
        Assert.True(lab.Machine.Cores[Writer].TryStore(Code, [0x40, 0, 0x80, 0xD2, 0xC0, 3, 0x5F, 0xD6]));
        lab.Choices.Set(ChoiceKind.FetchAhead, 1);
        lab.Machine.Space.TryProtect(Code, PhysicalMemory.PageSize, PagePermissions.Read | PagePermissions.Execute);
        lab.Synchronize(Writer);
        Assert.Equal(New, lab.Call(Writer));
        Assert.Equal(Aborted, lab.Call(Reader));
        Assert.Equal(New, lab.Call(Reader));                     // the exception was a context synchronisation
    }

    [Fact]
    public void Code_that_was_fetched_before_its_page_was_made_writable_is_executed_afterwards()
    {
        using LyingFixture lab = new("idc-dic");
        lab.Machine.Space.Unmap(View, PhysicalMemory.PageSize);
        lab.Machine.Space.Map(Code, PhysicalMemory.PageSize, PagePermissions.Read | PagePermissions.Write);
        foreach (int value in (ReadOnlySpan<int>)[Old, New])
        {
            lab.Machine.Space.TryProtect(Code, PhysicalMemory.PageSize, PagePermissions.Read | PagePermissions.Write);
            Assert.True(lab.Machine.Cores[Writer].TryStore(Code, [(byte)(value << 5), 0, 0x80, 0xD2, 0xC0, 3, 0x5F, 0xD6]));
            lab.Machine.Space.TryProtect(Code, PhysicalMemory.PageSize, PagePermissions.Read | PagePermissions.Execute);
            Assert.Equal(Old, lab.Call(Reader));
            lab.Choices.Set(ChoiceKind.FetchAhead, 1);
        }

        lab.Synchronize(Reader);
        Assert.Equal(New, lab.Call(Reader));
    }

    // ---- lines

    [Fact]
    public void A_core_invalidates_its_own_lines_whatever_the_issuer_thinks_how_long_they_are()
    {
        // Core 0 has instruction lines of 128 bytes and steps like that, core 1 has lines of 64 bytes.
        using LyingFixture lab = Fixture("mixed-lines");
        lab.WriteLongAgo(Old, Line);
        lab.LieAsMuchAsPossible();
        foreach (int offset in (ReadOnlySpan<int>)[0, Line])
        {
            lab.Write(Writer, New, offset);
            lab.Clean(Writer, offset);
        }

        lab.Barrier(Writer);
        lab.Invalidate(Writer);
        lab.Barrier(Writer);
        Assert.Equal((New, New), (lab.Call(0), lab.Call(0, Line)));
        Assert.Equal((New, Old), (lab.Call(1), lab.Call(1, Line)));
    }

    [Theory]
    [InlineData("none", 0x8444_C004)]
    [InlineData("idc-dic", 0xB444_C004)]
    [InlineData("dic-erratum", 0xB444_C004)]
    [InlineData("small-lines", 0x8442_C002)]
    public void The_cache_type_register_says_what_the_machine_claims(string type, ulong expected)
    {
        using LyingFixture lab = new(type);
        Assert.Equal(expected, lab.Model.CacheType(lab.Machine.Cores[0]));
    }

    [Fact]
    public void A_machine_with_the_erratum_does_not_keep_what_it_claims()
    {
        using LyingFixture lab = Fixture("dic-erratum");
        lab.LieAsMuchAsPossible();
        lab.Write(Writer, New);
        lab.Barrier(Writer);
        lab.Synchronize(Reader);
        Assert.Equal(Old, lab.Call(Reader));
    }

    // ---- frames

    [Theory]
    [InlineData(0, Undefined)]
    [InlineData(1, Old)]
    [InlineData(2, Old)]
    public void Caches_still_hold_what_a_frame_was_in_its_former_life(int age, int expected)
    {
        // Versions from the newest: the zeros that the system wrote, the old code, what it replaced.
        using LyingFixture lab = Fixture("none");
        lab.Choices.Set(ChoiceKind.Frame, 1);
        lab.Machine.Space.Unmap(Code, PhysicalMemory.PageSize);
        lab.Machine.Space.Unmap(View, PhysicalMemory.PageSize);
        lab.Machine.Space.Map(Code, PhysicalMemory.PageSize, PagePermissions.Read | PagePermissions.Execute);
        lab.Choices.Set(ChoiceKind.Version, age);
        Assert.Equal(expected, lab.Call(Reader));
    }

    [Theory]
    [InlineData(0, Undefined)]
    [InlineData(1, Old)]
    public void The_system_cleans_the_zeros_that_it_writes_or_does_not(int zeroing, int expected)
    {
        using LyingFixture lab = Fixture("none");
        lab.Choices.Set(ChoiceKind.Frame, 1);
        lab.Choices.Set(ChoiceKind.Zeroing, zeroing);
        lab.Machine.Space.Unmap(Code, PhysicalMemory.PageSize);
        lab.Machine.Space.Unmap(View, PhysicalMemory.PageSize);
        lab.Machine.Space.Map(Code, PhysicalMemory.PageSize, PagePermissions.Read | PagePermissions.Execute);
        lab.LieAsMuchAsPossible();
        Assert.NotEqual(0, lab.Call(Reader));
        lab.Invalidate(Writer);
        lab.Barrier(Writer);
        Assert.Equal(expected, lab.Call(Reader));
    }

    [Fact]
    public void A_frame_that_was_never_used_has_no_former_life()
    {
        using LyingFixture lab = Fixture("none");
        lab.LieAsMuchAsPossible();
        lab.Machine.Space.Unmap(Code, PhysicalMemory.PageSize);
        lab.Machine.Space.Unmap(View, PhysicalMemory.PageSize);
        lab.Machine.Space.Map(Code, PhysicalMemory.PageSize, PagePermissions.Read | PagePermissions.Execute);
        Assert.Equal(Undefined, lab.Call(Reader));
    }

    [Fact]
    public void What_was_written_before_a_page_was_executable_may_be_unseen()
    {
        using LyingFixture lab = Fixture("none");
        lab.LieAsMuchAsPossible();
        lab.Machine.Space.Map(Data, PhysicalMemory.PageSize, PagePermissions.Read | PagePermissions.Write);
        Assert.True(lab.Machine.Cores[Writer].TryStore(Data, [0x40, 0, 0x80, 0xD2, 0xC0, 3, 0x5F, 0xD6]));
        lab.Machine.Space.TryProtect(Data, PhysicalMemory.PageSize, PagePermissions.Read | PagePermissions.Execute);
        Core reader = lab.Machine.Cores[Reader];
        Assert.Equal(StopReason.Exception, reader.Call(Data, [], 10));
        Assert.Equal((CoreExceptionKind.UndefinedInstruction, 0u), (reader.Exception.Kind, reader.Exception.Word));
        lab.Choices.Set(ChoiceKind.Version, 0);
        Assert.Equal(StopReason.Returned, reader.Call(Data, [], 10));
    }

    // ---- finite caches

    [Fact]
    public void A_finite_data_cache_hides_a_store_until_it_evicts_the_line()
    {
        using LyingFixture lab = Fixture("none", mode: LabMode.Realistic);
        lab.Choices.Set(ChoiceKind.Eviction, 1 << 15);           // the median: 0.69 times the size
        lab.Write(Writer, New);
        Assert.Equal(Old, lab.Call(Reader));
        lab.Model.Touch(Writer, 0, 1024);
        lab.Invalidate(Writer);
        Assert.Equal(New, lab.Call(Reader));
    }

    [Fact]
    public void A_finite_instruction_cache_keeps_a_line_until_it_is_evicted_or_invalidated()
    {
        foreach (int touched in (ReadOnlySpan<int>)[0, 100, 1024])
        {
            using LyingFixture lab = Fixture("none", mode: LabMode.Realistic);
            lab.Choices.Set(ChoiceKind.Eviction, 1 << 15);
            Assert.Equal(Old, lab.Call(Reader));
            lab.Write(Writer, New);
            lab.Clean(Writer);
            lab.Model.Touch(Reader, touched, 0);
            Assert.Equal(touched == 1024 ? New : Old, lab.Call(Reader));
            lab.Invalidate(Writer);
            Assert.Equal(New, lab.Call(Reader));
        }
    }

    [Fact]
    public void The_prefetcher_brings_the_next_line_before_it_is_written()
    {
        foreach (bool prefetches in (ReadOnlySpan<bool>)[false, true])
        {
            using LyingFixture lab = Fixture("none", mode: LabMode.Realistic, sizes: new CacheSizes(1024, 1024, prefetches));
            lab.Choices.Set(ChoiceKind.Eviction, 1 << 15);
            Assert.Equal(Old, lab.Call(Reader));
            lab.Write(Writer, New, Line);
            lab.Clean(Writer, Line);
            Assert.Equal(prefetches ? Undefined : New, lab.Call(Reader, Line));
        }
    }

    [Fact]
    public void The_zeros_of_the_system_are_dirty_in_the_cache_of_the_core_that_asked_for_the_page()
    {
        foreach (int touched in (ReadOnlySpan<int>)[0, 1024])
        {
            using LyingFixture lab = Fixture("none", mode: LabMode.Realistic);
            lab.Choices.Set(ChoiceKind.Eviction, 1 << 15);
            lab.Choices.Set(ChoiceKind.Frame, 1);
            lab.Choices.Set(ChoiceKind.Zeroing, 1);
            lab.Barrier(Writer);
            lab.Machine.Space.Unmap(Code, PhysicalMemory.PageSize);
            lab.Machine.Space.Unmap(View, PhysicalMemory.PageSize);
            lab.Machine.Space.Map(Code, PhysicalMemory.PageSize, PagePermissions.Read | PagePermissions.Execute);
            Assert.True(lab.Machine.Space.TryGetFrame(Code, out _));
            lab.Model.Touch(Writer, 0, touched);
            Assert.Equal(touched == 0 ? Old : Undefined, lab.Call(Reader));
        }
    }

    [Fact]
    public void Finite_caches_that_evict_at_once_hide_nothing()
    {
        using LyingFixture lab = Fixture("none", mode: LabMode.Realistic);
        Assert.Equal(Old, lab.Call(Reader));
        lab.Write(Writer, New);
        Assert.Equal(New, lab.Call(Reader));
    }

    // ---- bookkeeping

    [Fact]
    public void Versions_that_nobody_can_see_are_freed()
    {
        using LyingFixture lab = Fixture("none");
        Assert.True(lab.Machine.Space.TryGetFrame(Code, out int frame));
        for (int i = 0; i < 1000; i++)
        {
            lab.Write(Writer, i);
            lab.Publish(Writer);
            Assert.Equal(i, lab.Call(Reader));
            Assert.Equal(1, lab.Model.VersionsAt(PhysicalAddress.Of(frame, 0)));
        }
    }

    [Fact]
    public void Versions_do_not_pile_up_where_nobody_invalidates()
    {
        using LyingFixture lab = Fixture("none");
        Assert.True(lab.Machine.Space.TryGetFrame(Code, out int frame));
        for (int i = 0; i < 1000; i++)
        {
            lab.Write(Writer, i);
            lab.Barrier(Writer);
            Assert.InRange(lab.Model.VersionsAt(PhysicalAddress.Of(frame, 0)), 2, 16);
        }
    }

    [Fact]
    public void Stores_that_nobody_saw_are_one_version()
    {
        using LyingFixture lab = Fixture("none");
        Assert.True(lab.Machine.Space.TryGetFrame(Code, out int frame));
        for (int i = 0; i < Line; i += 4)
        {
            Assert.True(lab.Machine.Cores[Writer].TryStore(View + (ulong)i, [1, 2, 3, (byte)i]));
        }

        Assert.Equal(2, lab.Model.VersionsAt(PhysicalAddress.Of(frame, 0)));
    }

    [Fact]
    public void The_history_tells_the_story_of_a_stale_fetch()
    {
        using LyingFixture lab = Fixture("none");
        lab.LieAsMuchAsPossible();
        int from = lab.History.Count;
        lab.Write(Writer, New);
        lab.Clean(Writer);
        lab.Barrier(Writer);
        Assert.Equal(Old, lab.Call(Reader));
        List<string> story = [];
        for (int i = from; i < lab.History.Count; i++)
        {
            LabEvent happened = lab.History[i];
            story.Add($"{happened.Core} {happened.Kind} {happened.Version}/{happened.Newest}");
        }

        Assert.Equal(["0 Store 2/2", "0 StoreDone 2/2", "0 Clean -1/2", "0 CleanDone 2/2", "0 Barrier -1/-1", "1 Fetch 1/2"], story);
        LabEvent fetch = lab.History[lab.History.Count - 1];
        Assert.Equal((byte)(Old << 5), lab.History.Bytes(fetch.Line, 1)[0]);
        Assert.Equal((byte)(New << 5), lab.History.Bytes(fetch.Line, 2)[0]);
    }

    private static LyingFixture Fixture(string type, int cores = 2, LabMode mode = LabMode.Adversarial, CacheSizes? sizes = null)
    {
        LyingFixture lab = new(type, cores, mode, sizes);
        lab.WriteLongAgo(Old);
        return lab;
    }

    private static void WriteWords(LyingFixture lab, int offset, ReadOnlySpan<uint> words) =>
        Assert.True(lab.Machine.Cores[Writer].TryStore(View + (ulong)offset, System.Runtime.InteropServices.MemoryMarshal.AsBytes(words)));

    private static uint Word(int value) => 0xD280_0000 | ((uint)value << 5);

    private static uint Load(LyingFixture lab, int core)
    {
        byte[] bytes = new byte[4];
        Assert.True(lab.Machine.Cores[core].TryLoad(View, bytes));
        return BitConverter.ToUInt32(bytes);
    }
}
