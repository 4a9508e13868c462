using System;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.InteropServices;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;
using Xunit;

namespace MiniJit.Runtime.Tests;

/// <summary>What Linux answers, in every order that it may, and what becomes of it.</summary>
public sealed class LinuxPublicationTests
{
    private const string SyncCore = "membarrier(PRIVATE_EXPEDITED_SYNC_CORE)", Register = "membarrier(REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)";
    private const string Global = "membarrier(GLOBAL)", Move = "sched_setaffinity to one processor", SetAffinity = "sched_setaffinity", GetAffinity = "sched_getaffinity";

    private static readonly string[] s_all = [SyncCore, Register, Global, Move];

    // Answers to SYNC_CORE (one after the other, the last for ever), REGISTER, GLOBAL and to moving to a processor
    //     -> the way that worked, or the call that failed and its errno; and how many calls of each kind were made.
    // 1 EPERM, 12 ENOMEM, 14 EFAULT, 22 EINVAL, 38 ENOSYS.
    [Theory]
    [InlineData("0", "0", "0", "0", "MembarrierSyncCore", "1 0 0 0")]
    [InlineData("1 0", "0", "0", "0", "MembarrierSyncCore", "2 1 0 0")]            // not registered: registered once, tried again
    [InlineData("1", "0", "0", "0", "MembarrierGlobal", "2 1 1 0")]                // EPERM for ever although registered: a filter
    [InlineData("1", "1", "0", "0", "MembarrierGlobal", "1 1 1 0")]                // the registration is filtered as well
    [InlineData("1 22", "0", "0", "0", "MembarrierGlobal", "2 1 1 0")]
    [InlineData("1 12", "0", "0", "0", "MembarrierGlobal", "2 1 1 0")]
    [InlineData("1 38", "0", "0", "0", "VisitProcessors", "2 1 0 2")]
    [InlineData("1 14", "0", "0", "0", SyncCore + " 14", "2 1 0 0")]
    [InlineData("1 0", "12 0", "0", "0", "MembarrierSyncCore", "2 2 0 0")]         // no memory for the registration, the first time
    [InlineData("1", "12", "0", "0", "MembarrierGlobal", "1 2 1 0")]
    [InlineData("1", "22", "0", "0", "MembarrierGlobal", "1 1 1 0")]
    [InlineData("1", "38", "0", "0", "VisitProcessors", "1 1 0 2")]
    [InlineData("1", "14", "0", "0", Register + " 14", "1 1 0 0")]
    [InlineData("12 0", "0", "0", "0", "MembarrierSyncCore", "2 0 0 0")]           // no memory for the set of cores, the first time
    [InlineData("12", "0", "0", "0", "MembarrierGlobal", "2 0 1 0")]
    [InlineData("12 1", "0", "0", "0", "MembarrierGlobal", "2 0 1 0")]
    [InlineData("12 14", "0", "0", "0", SyncCore + " 14", "2 0 0 0")]
    [InlineData("22", "0", "0", "0", "MembarrierGlobal", "1 0 1 0")]               // before Linux 4.16
    [InlineData("22", "0", "22", "0", "VisitProcessors", "1 0 1 2")]               // and nohz_full
    [InlineData("22", "0", "1", "0", "VisitProcessors", "1 0 1 2")]
    [InlineData("22", "0", "38", "0", "VisitProcessors", "1 0 1 2")]
    [InlineData("22", "0", "14", "0", Global + " 14", "1 0 1 0")]
    [InlineData("22", "0", "12", "0", Global + " 12", "1 0 1 0")]
    [InlineData("38", "0", "0", "0", "VisitProcessors", "1 0 0 2")]                // no membarrier: GLOBAL is not asked for
    [InlineData("38", "0", "0", "0 22", Move + " 22", "1 0 0 2")]                  // a processor went away in the middle
    [InlineData("38", "0", "0", "1", Move + " 1", "1 0 0 1")]
    [InlineData("14", "0", "0", "0", SyncCore + " 14", "1 0 0 0")]                 // an answer that nobody expects
    public void Every_answer_of_the_kernel_is_dealt_with(string syncCore, string register, string global, string move, string outcome, string counts)
    {
        FakeSystem kernel = new FakeSystem().Answer(SyncCore, Numbers(syncCore)).Answer(Register, Numbers(register)).Answer(Global, Numbers(global)).Answer(Move, Numbers(move));
        SystemError error = new LinuxCoreSync(kernel).Synchronize(PublicationMeans.MembarrierSyncCore, out PublicationMeans used);
        Assert.Equal(outcome, error.IsNone ? used.ToString() : $"{error.Call.Split(" (after")[0]} {error.Code}");
        Assert.Equal(counts, string.Join(' ', Array.ConvertAll(s_all, name => kernel.Calls.FindAll(call => call.StartsWith(name[..^1], StringComparison.Ordinal)).Count)));

        // Probing goes the same way and says why.
        kernel = new FakeSystem().Answer(SyncCore, Numbers(syncCore)).Answer(Register, Numbers(register)).Answer(Global, Numbers(global)).Answer(Move, Numbers(move));
        PublicationCapabilities capabilities = new LinuxPublicationPort(kernel, Architecture.X64).Probe(CodeViews.Dual);
        Assert.Equal(error.IsNone ? used : PublicationMeans.Default, capabilities.CoreSync);
        Assert.NotNull(capabilities.Because);
        if (!error.IsNone)
        {
            Assert.Contains(outcome.Split(' ')[0], capabilities.Because, StringComparison.Ordinal);
            Assert.False(PublicationPlan.TryChoose(OperatingSystemKind.Linux, Architecture.Arm64, capabilities, PublicationScenario.NewCode, out _, out string refusal));
            Assert.Contains(capabilities.Because, refusal, StringComparison.Ordinal);
        }
    }

    /// <summary>The rows above are the interesting orders; this is every number there is, for every call.</summary>
    [Fact]
    public void No_error_number_is_taken_for_success()
    {
        foreach (string call in s_all)
        {
            for (int number = 1; number < 134; number++)
            {
                FakeSystem kernel = new();
                foreach (string other in s_all)
                {
                    kernel.Answer(other, other == call ? number : other == Register ? 0 : 1);
                }

                SystemError error = new LinuxCoreSync(kernel).Synchronize(PublicationMeans.MembarrierSyncCore, out PublicationMeans used);
                Assert.False(error.IsNone, $"{call}: {number}, then {used}");
                Assert.False(string.IsNullOrEmpty(error.Call));
            }
        }
    }

    [Theory]
    [InlineData(SetAffinity, 1)]
    [InlineData(GetAffinity, 22)]
    public void A_sandbox_that_forbids_moving_too_is_refused_with_every_call_by_name(string call, int number)
    {
        FakeSystem kernel = new FakeSystem().Answer(SyncCore, 38).Answer(call, number);
        SystemError error = new LinuxCoreSync(kernel).Synchronize(PublicationMeans.MembarrierSyncCore, out _);
        Assert.Equal(number, error.Code);
        Assert.StartsWith(call, error.Call, StringComparison.Ordinal);
        Assert.Contains(SyncCore, error.Call, StringComparison.Ordinal);
    }

    [Fact]
    public void Visiting_goes_to_every_processor_and_back()
    {
        FakeSystem kernel = new() { CacheTypes = new ulong[5] };
        List<int> visited = [];
        Assert.True(ProcessorVisit.Run(kernel, () => { visited.Add(kernel.Processor); return default; }).IsNone);
        Assert.Equal([0, 1, 2, 3, 4], visited);
        Assert.Equal("sched_setaffinity(0, 1024)", kernel.Calls[^1]);

        kernel = new() { CacheTypes = new ulong[5] };
        Assert.Equal(7, ProcessorVisit.Run(kernel, () => kernel.Processor == 2 ? new("seen", 7) : default).Code);
        Assert.Equal("sched_setaffinity(0, 1024)", kernel.Calls[^1]);
    }

    /// <summary>Words of 4 bytes: 64-byte lines are 4; IDC is bit 28, DIC bit 29.</summary>
    [Theory]
    [InlineData("0x00040004 0x00040004", 64, 64, false, false)]
    [InlineData("0x10040004 0x10040004", 64, 64, true, false)]
    [InlineData("0x30040004 0x30040004", 64, 64, true, true)]
    [InlineData("0x30040004 0x00040004", 64, 64, false, false)]          // one core that needs it is enough
    [InlineData("0x00050005 0x00040004", 64, 64, false, false)]          // Exynos 8890: 128-byte lines on the big cores
    [InlineData("0x00040005 0x00050003", 64, 32, false, false)]
    [InlineData("0x00020002", 16, 16, false, false)]
    public void Cache_lines_are_the_smallest_of_all_cores(string registers, int data, int instruction, bool idc, bool dic)
    {
        FakeSystem kernel = new() { CacheTypes = Array.ConvertAll(registers.Split(' '), text => ulong.Parse(text[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)) };
        LinuxPublicationPort port = new(kernel, Architecture.Arm64);
        PublicationCapabilities capabilities = port.Probe(CodeViews.Dual);
        Assert.Equal((idc, dic), (capabilities.DataCoherent, capabilities.InstructionCoherent));
        Assert.Equal(new Arm64CacheType(data, instruction, idc, dic), port.Caches);

        ArenaMapping arena = new(0x10000, 0x1000, 0x11000, 0x1000, 0x90000);
        kernel.Calls.Clear();
        Assert.True(port.Perform(new(PublicationStepKind.CleanDataLines), new(arena, 0x10040, 100)).IsNone);
        Assert.True(port.Perform(new(PublicationStepKind.InvalidateInstructionLines), new(arena, 0x10040, 100)).IsNone);
        Assert.Equal(["mrs ctr_el0()", $"dc cvau(0x90040, 0x900a4, {data})", "mrs ctr_el0()", $"ic ivau(0x10040, 0x100a4, {instruction})"], kernel.Calls);
    }

    [Fact]
    public void Nothing_is_assumed_of_cores_that_cannot_be_asked()
    {
        FakeSystem kernel = new FakeSystem { CacheTypes = [0x3005_0005, 0x3005_0005] }.Answer(Move, 0, 1);
        LinuxPublicationPort port = new(kernel, Architecture.Arm64);
        PublicationCapabilities capabilities = port.Probe(CodeViews.Dual);
        Assert.Equal(Arm64CacheType.Unknown, port.Caches);
        Assert.False(capabilities.DataCoherent || capabilities.InstructionCoherent);
    }

    /// <summary>A core that came after the start with smaller lines still counts when it publishes.</summary>
    [Fact]
    public void A_core_that_came_later_is_asked_when_it_publishes()
    {
        FakeSystem kernel = new() { CacheTypes = [0x0005_0005, 0x0005_0005] };
        LinuxPublicationPort port = new(kernel, Architecture.Arm64);
        port.Probe(CodeViews.Dual);
        kernel.CacheTypes[kernel.Processor] = 0x0004_0004;
        kernel.Calls.Clear();
        port.Perform(new(PublicationStepKind.InvalidateInstructionLines), new(new(0, 0x1000, 0x1000, 0x1000, 0), 0, 128));
        Assert.Equal("ic ivau(0x0, 0x80, 64)", kernel.Calls[^1]);
    }

    [Fact]
    public void RiscV_asks_for_all_harts()
    {
        FakeSystem kernel = new();
        LinuxPublicationPort port = new(kernel, Architecture.RiscV64);
        PublicationCapabilities capabilities = port.Probe(CodeViews.Flip);
        Assert.True(PublicationPlan.TryChoose(OperatingSystemKind.Linux, Architecture.RiscV64, capabilities, PublicationScenario.NewCode, out PublicationPlan plan, out _));
        ArenaMapping arena = new(0x10000, 0x1000, 0x11000, 0x1000, 0x10000);
        Assert.True(new PublicationExecutor(new RecordingMemory(CodeViews.Flip), port).Run(plan, [new(arena, 0x10000, 0x40)], new Reached()).IsNone);
        Assert.Equal(["riscv_flush_icache(0x10000, 0x10040, 0x0)"], kernel.Calls);

        kernel.Answer("riscv_flush_icache", 22);
        Reached reached = new();
        SystemError error = new PublicationExecutor(new RecordingMemory(CodeViews.Flip), port).Run(plan, [new(arena, 0x10000, 0x40)], reached);
        Assert.Equal(("riscv_flush_icache", 22, false), (error.Call, error.Code, reached.IsReached));
    }

    /// <summary>The whole plan against the kernel: each call fails once with each number, and the code is reachable if and only if all succeeded.</summary>
    [Theory]
    [InlineData(CodeViews.Dual)]
    [InlineData(CodeViews.Flip)]
    public void Code_is_reachable_only_if_every_step_succeeded(object views)
    {
        PublicationCapabilities capabilities = new((CodeViews)views, PublicationMeans.MembarrierSyncCore);
        Assert.True(PublicationPlan.TryChoose(OperatingSystemKind.Linux, Architecture.Arm64, capabilities, PublicationScenario.ReusedMemory, out PublicationPlan plan, out _));
        ArenaMapping arena = new(0x10000, 0x1000, 0x11000, 0x1000, 0x10000);
        string[] calls = ["mrs ctr_el0", "dc cvau", "dsb ish", "ic ivau", "isb", SyncCore];
        foreach (string failing in calls)
        {
            foreach (int number in (ReadOnlySpan<int>)[14, 95])
            {
                Reached reached = new();
                FakeSystem kernel = new FakeSystem().Answer(failing, number);
                SystemError error = new PublicationExecutor(new RecordingMemory((CodeViews)views), new LinuxPublicationPort(kernel, Architecture.Arm64))
                    .Run(plan, [new(arena, 0x10000, 64)], reached);
                Assert.Equal((failing, number, false), (error.Call, error.Code, reached.IsReached));
            }
        }

        Reached good = new();
        FakeSystem log = new();
        LinuxPublicationPort port = new(log, Architecture.Arm64);
        port.Probe((CodeViews)views);
        log.Calls.Clear();
        Assert.True(new PublicationExecutor(new RecordingMemory((CodeViews)views), port).Run(plan, [new(arena, 0x10000, 64)], good).IsNone);
        Assert.True(good.IsReached);
        log.Calls.RemoveAll(call => call.StartsWith("mrs", StringComparison.Ordinal));
        Assert.Equal(
            ["dc cvau(0x10000, 0x10040, 64)", "dsb ish()", "ic ivau(0x10000, 0x10040, 64)", "dsb ish()", "isb()", "membarrier(PRIVATE_EXPEDITED_SYNC_CORE, 0, 0)"],
            log.Calls);
    }

    [Fact]
    public void Memory_that_cannot_be_made_executable_keeps_its_code_unreachable()
    {
        FakeSystem kernel = new FakeSystem { Memory = 0x10000 }.Answer("mprotect(R-X)", 13);
        PublicationPlan plan = new("test", [new(PublicationStepKind.ProtectExecute), new(PublicationStepKind.MakeReachable)]);
        Reached reached = new();
        SystemError error = new PublicationExecutor(new LinuxCodeMemory(CodeViews.Flip, kernel), new LinuxPublicationPort(kernel, Architecture.X64))
            .Run(plan, [new(new(0x10000, 0x1000, 0x11000, 0x1000, 0x10000), 0x10010, 64)], reached);
        Assert.Equal(("mprotect(R-X)", 13, false), (error.Call, error.Code, reached.IsReached));
        Assert.Equal(["mprotect(0x10000, 0x1000, R-X)"], kernel.Calls);
    }

    [Theory]
    [InlineData("mmap(PROT_NONE)")]
    [InlineData("memfd_create")]
    [InlineData("ftruncate")]
    [InlineData("mmap(R-X)")]
    [InlineData("mprotect(PROT_NONE)")]
    [InlineData("mmap(RW-)")]
    public void Reserving_memory_fails_with_the_name_of_the_call_and_leaves_nothing(string failing)
    {
        FakeSystem kernel = new FakeSystem { Memory = 0x10000 }.Answer(failing, 12);
        Assert.False(new LinuxCodeMemory(CodeViews.Dual, kernel).TryReserve(0x10000, 0x10000, 0, out _, out SystemError error));
        Assert.Equal((failing, 12), (error.Call, error.Code));
        Assert.Equal(failing == "mmap(PROT_NONE)" ? 0 : 1, kernel.Calls.FindAll(call => call.StartsWith("munmap", StringComparison.Ordinal)).Count);
        Assert.Equal(failing is "mmap(PROT_NONE)" or "memfd_create" ? 0 : 1, kernel.Calls.FindAll(call => call.StartsWith("close", StringComparison.Ordinal)).Count);
    }

    /// <summary>Touching a page that the system does not have is a signal; asking for it is an answer.</summary>
    [Theory]
    [InlineData(12, false)]                                      // ENOMEM
    [InlineData(14, false)]                                      // EFAULT: a touch would have been SIGBUS
    [InlineData(1, false)]
    [InlineData(22, true)]                                       // EINVAL: before Linux 5.14
    public void Memory_is_asked_for_before_it_is_touched(int number, bool goesOn)
    {
        FakeSystem kernel = new FakeSystem { Memory = 0x10000 }.Answer("madvise", number);
        ArenaMapping arena = new(0x10000, 0x10000, 0x20000, 0x10000, 0x50000);
        Assert.Equal(goesOn, new LinuxCodeMemory(CodeViews.Dual, kernel).TryCommit(arena, 0x11000, 0x1000, out SystemError error));
        Assert.Equal(goesOn ? default : new("madvise", number), error);
        Assert.Equal(goesOn ? ["madvise(0x51000, 0x1000, 23)", "mprotect(0x11000, 0x1000, R-X)"] : ["madvise(0x51000, 0x1000, 23)"], kernel.Calls);
    }

    /// <summary>exec forgets a registration, and whoever restores a process from a checkpoint may.</summary>
    [Fact]
    public void A_registration_that_got_lost_is_made_again_by_the_next_publication()
    {
        FakeSystem kernel = new FakeSystem().Answer(SyncCore, 1, 0, 0, 1, 0);
        LinuxPublicationPort port = new(kernel, Architecture.X64);
        Assert.Equal(PublicationMeans.MembarrierSyncCore, port.Probe(CodeViews.Dual).CoreSync);
        PublicationStep step = new(PublicationStepKind.SynchronizeCores, PublicationMeans.MembarrierSyncCore);
        Assert.True(port.Perform(step, default).IsNone);
        kernel.Calls.Clear();
        Assert.True(port.Perform(step, default).IsNone);
        const string Sync = "membarrier(PRIVATE_EXPEDITED_SYNC_CORE, 0, 0)";
        Assert.Equal([Sync, "membarrier(REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0)", Sync], kernel.Calls);
    }

    [Fact]
    public void Cache_routines_that_cannot_be_made_executable_leave_no_page_behind()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture != Architecture.Arm64, "the routines of an AArch64 process are there already");
        byte[] page = GC.AllocateArray<byte>(4096, pinned: true);
        nint address = Marshal.UnsafeAddrOfPinnedArrayElement(page, 0);
        FakeSystem kernel = new FakeSystem { Memory = address }.Answer("mprotect(R-X)", 13);
        Assert.False(Arm64CacheRoutines.TryGet(kernel, out _, out int error));
        Assert.Equal(13, error);
        Assert.StartsWith($"munmap(0x{address:x}, ", kernel.Calls[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(PublicationMeans.MembarrierSyncCore)]
    [InlineData(PublicationMeans.MembarrierGlobal)]
    [InlineData(PublicationMeans.VisitProcessors)]
    public void This_kernel_synchronises_cores_in_every_way(object means)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "membarrier is a Linux system call");
        List<string> calls = [];
        LoggedHostCalls kernel = new(HostCalls.Host, new Log(calls));
        SystemError error = new LinuxCoreSync(kernel).Synchronize((PublicationMeans)means, out PublicationMeans used);
        Assert.True(error.IsNone, error.ToString());
        Assert.Equal((PublicationMeans)means, used);
        Assert.Contains((PublicationMeans)means switch
        {
            PublicationMeans.MembarrierSyncCore => "membarrier(PRIVATE_EXPEDITED_SYNC_CORE, 0, 0)",
            PublicationMeans.MembarrierGlobal => "membarrier(GLOBAL, 0, 0)",
            _ => $"sched_setaffinity to one processor({Environment.ProcessorCount - 1})",
        }, calls);
    }

    [Fact]
    public void A_step_of_another_system_is_an_error_with_its_name()
    {
        SystemError error = new LinuxPublicationPort(new FakeSystem(), Architecture.X64).Perform(new(PublicationStepKind.CleanDataLines), default);
        Assert.Contains("clean data lines", error.ToString(), StringComparison.Ordinal);
        error = new WindowsPublicationPort(new FakeSystem()).Perform(new(PublicationStepKind.SynchronizeCores, PublicationMeans.MembarrierGlobal), default);
        Assert.Contains("membarrier GLOBAL", error.ToString(), StringComparison.Ordinal);
    }

    private static int[] Numbers(string text) => Array.ConvertAll(text.Split(' '), word => int.Parse(word, CultureInfo.InvariantCulture));

    private sealed class Log(List<string> calls) : IHostCallObserver
    {
        public void Called(in HostCallEvent call) => calls.Add(call.Call);
    }
}

/// <summary>Remembers whether the last step was reached.</summary>
internal sealed class Reached : IPublicationTarget
{
    public bool IsReached { get; private set; }

    public void MakeReachable() => IsReached = true;
}
