using System;
using System.Runtime.InteropServices;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;
using Xunit;

namespace MiniJit.Runtime.Tests;

/// <summary>Windows and macOS, as far as it goes without them: which calls are made, in which order, and what their failures become.</summary>
public sealed unsafe class OtherSystemsTests
{
    [Fact]
    public void The_table_of_calls_is_in_enum_order()
    {
        HostCall[] calls = Enum.GetValues<HostCall>();
        Assert.Equal(calls.Length, HostCallInfo.Table.Length);
        foreach (HostCall call in calls)
        {
            Assert.Equal(call, HostCallInfo.Of(call).Call);
        }
    }

    [Fact]
    public void Windows_on_Arm_flushes_then_interrupts_then_lets_threads_in()
    {
        FakeSystem windows = new();
        Assert.True(Publish(OperatingSystemKind.Windows, Architecture.Arm64, new RecordingMemory(), new WindowsPublicationPort(windows), PublicationScenario.NewCode, out Reached reached).IsNone);
        Assert.True(reached.IsReached);
        Assert.Equal(["FlushInstructionCache(0x10000, 0x40)", "FlushInstructionCache(0x10100, 0x20)", "FlushProcessWriteBuffers()"], windows.Calls);

        windows = new FakeSystem().Answer("FlushInstructionCache", 0, 87);
        SystemError error = Publish(OperatingSystemKind.Windows, Architecture.Arm64, new RecordingMemory(), new WindowsPublicationPort(windows), PublicationScenario.NewCode, out reached);
        Assert.Equal(("FlushInstructionCache", 87, false), (error.Call, error.Code, reached.IsReached));
        Assert.DoesNotContain("FlushProcessWriteBuffers()", windows.Calls);
    }

    [Fact]
    public void Windows_on_Intel_tells_a_possible_translator()
    {
        FakeSystem windows = new();
        Assert.True(Publish(OperatingSystemKind.Windows, Architecture.X64, new RecordingMemory(), new WindowsPublicationPort(windows), PublicationScenario.NewCode, out _).IsNone);
        Assert.Equal(["FlushInstructionCache(0x10000, 0x40)", "FlushInstructionCache(0x10100, 0x20)"], windows.Calls);
    }

    [Fact]
    public void MacOS_invalidates_and_stops_every_thread()
    {
        FakeSystem mac = new();
        Assert.True(Publish(OperatingSystemKind.MacOS, Architecture.Arm64, new RecordingMemory(CodeViews.PerThread), new MacPublicationPort(mac), PublicationScenario.NewCode, out Reached reached).IsNone);
        Assert.True(reached.IsReached);
        const string Stop = "thread_get_register_pointer_values of each thread()";
        Assert.Equal([Stop, "sys_icache_invalidate(0x10000, 0x40)", "sys_icache_invalidate(0x10100, 0x20)", Stop], mac.Calls);

        MacPublicationPort refused = new(new FakeSystem().Answer(Stop[..^2], 5));
        PublicationCapabilities capabilities = refused.Probe(CodeViews.PerThread);
        Assert.Equal(PublicationMeans.Default, capabilities.CoreSync);
        Assert.False(PublicationPlan.TryChoose(OperatingSystemKind.MacOS, Architecture.Arm64, capabilities, PublicationScenario.NewCode, out _, out string refusal));
        Assert.Contains(Stop[..^2], refusal, StringComparison.Ordinal);

        mac = new FakeSystem().Answer(Stop[..^2], 0, 5);
        SystemError error = Publish(OperatingSystemKind.MacOS, Architecture.Arm64, new RecordingMemory(CodeViews.PerThread), new MacPublicationPort(mac), PublicationScenario.NewCode, out reached);
        Assert.Equal((Stop[..^2], 5, false), (error.Call, error.Code, reached.IsReached));
    }

    [Fact]
    public void MacOS_code_memory_is_writable_for_the_thread_that_writes_and_only_then()
    {
        byte[] backing = GC.AllocateArray<byte>(0x4000, pinned: true);
        fixed (byte* memory = backing)
        {
            FakeSystem mac = new() { Memory = (nint)memory };
            MacCodeMemory code = new(mac);
            Assert.True(code.TryReserve(0x2000, 0x2000, 0, out ArenaMapping arena, out SystemError error), error.ToString());
            Assert.Equal(
                [$"mmap(0x0, 0x4000, RWX, 0x{MacCalls.MapPrivate | MacCalls.MapAnonymous | MacCalls.MapJit:x}, -1, 0x0)",
                 $"mmap(0x{arena.Data:x}, 0x2000, RW-, 0x{MacCalls.MapPrivate | MacCalls.MapAnonymous | MacCalls.MapFixed:x}, -1, 0x0)"],
                mac.Calls);

            mac.Calls.Clear();
            Assert.True(code.TryCommit(arena, arena.Code, 0x1000, out _));
            code.Fill(arena, arena.Code, 0x1000, [0, 0, 0, 0]);
            code.Store(arena, arena.Code, [1, 2, 3]);
            Assert.True(code.TryProtect(arena, arena.Code, 0x1000, PageAccess.ReadExecute, out _));
            const string Write = "pthread_jit_write_protect_np(0)", Execute = "pthread_jit_write_protect_np(1)";
            Assert.Equal([Write, Execute, Write, Execute], mac.Calls);
            Assert.Equal([1, 2, 3, 0], backing[..4]);
            code.Release(arena);
        }
    }

    [Theory]
    [InlineData("mmap(RWX)", 0)]
    [InlineData("mmap(RW-)", 1)]
    public void MacOS_memory_that_is_refused_is_an_error_with_the_name_of_the_call(string failing, int unmapped)
    {
        FakeSystem mac = new FakeSystem { Memory = 0x10000 }.Answer(failing, 13);
        Assert.False(new MacCodeMemory(mac).TryReserve(0x2000, 0x2000, 0, out _, out SystemError error));
        Assert.Equal((failing, 13), (error.Call, error.Code));
        Assert.Equal(unmapped, mac.Calls.FindAll(call => call.StartsWith("munmap", StringComparison.Ordinal)).Count);
    }

    private static SystemError Publish(
        OperatingSystemKind system, Architecture architecture, ICodeMemory memory, IPublicationPort port, PublicationScenario scenario, out Reached reached)
    {
        Assert.True(PublicationPlan.TryChoose(system, architecture, port.Probe(memory.Views), scenario, out PublicationPlan plan, out string refusal), refusal);
        reached = new();
        ArenaMapping arena = new(0x10000, 0x1000, 0x11000, 0x1000, 0x50000);
        return new PublicationExecutor(memory, port).Run(plan, [new(arena, 0x10000, 0x40), new(arena, 0x10100, 0x20)], reached);
    }
}
