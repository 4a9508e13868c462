using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;
using MiniJit.Codegen;
using MiniJit.IR;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;
using Xunit;
using static MiniJit.Runtime.Tests.HandAssembled;

namespace MiniJit.Runtime.Tests;

/// <summary>Functions that are replaced while threads call them.</summary>
public sealed unsafe class JitEntryTests : IDisposable
{
    private readonly CodeHeap _heap = new();
    private readonly JitModule _trampolines, _entries;
    private readonly JitFunction _trampoline;
    private readonly JitEntry _entry;

    public JitEntryTests()
    {
        _trampolines = new(_heap);
        _trampoline = _trampolines.Define(Name("trampoline"), BinaryTrampoline());
        _trampolines.Publish();
        _entries = new(_heap);
        _entries.Define(Name("first"), Return(1));
        _entry = _entries.DefineEntry(Name("f"), Name("first"));
        _entries.Publish();
    }

    private static bool CanRun => !OperatingSystem.IsMacOS() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    public void Dispose() => _heap.Dispose();

    [Fact]
    public void An_entry_keeps_its_address_and_changes_what_is_behind_it()
    {
        Assert.SkipUnless(CanRun, "executes x86-64 code");
        nint address = _entry.Function.Address;
        Assert.Equal(1, Call());
        Assert.Equal("%first", _entry.Target!.Name.ToString());
        for (int version = 2; version < 6; version++)
        {
            Replace(version, out _);
            Assert.Equal(version, Call());
            Assert.Equal(address, _entry.Function.Address);
        }
    }

    [Fact]
    public void Compiled_code_calls_the_current_version()
    {
        Assert.SkipUnless(CanRun, "executes x86-64 code");
        using JitModule module = new(_heap);
        module.Import(Name("f"), _entry.Function.Address);
        JitFunction caller = module.Define(Name("caller"), Code(0xE8, 0, 0, 0, 0, 0xC3).Reloc(1, RelocationKind.X64CallPcRel4, "f", -4));
        module.Publish();
        Replace(17, out _);
        Assert.False(caller.Call(_trampoline, 0, 0, out long result).IsTrap);
        Assert.Equal(17, result);
    }

    [Fact]
    public void A_batch_of_replacements_synchronises_the_cores_once_and_swaps_last()
    {
        StepRecorder recorder = new();
        _heap.Executor.Observer = recorder;
        using JitModule module = new(_heap);
        var replacements = new EntryReplacement[100];
        using JitModule entries = new(_heap);
        entries.Define(Name("first"), Return(1));
        for (int i = 0; i < replacements.Length; i++)
        {
            replacements[i] = new(entries.DefineEntry(Name($"f{i}"), Name("first")), module.Define(Name($"v{i}"), Return(i)));
        }

        entries.Publish();
        recorder.Steps.Clear();
        Assert.True(module.TryPublish(replacements, out _));
        Assert.Equal([.. CodeHeapTests.FlushSteps, PublicationStepKind.SynchronizeCores, PublicationStepKind.MakeReachable], recorder.Steps);
        foreach (EntryReplacement replacement in replacements)
        {
            Assert.Same(replacement.Function, replacement.Entry.Target);
        }
    }

    [Fact]
    public void The_old_version_lives_until_the_thread_inside_has_left_and_traps_afterwards()
    {
        Assert.SkipUnless(CanRun, "executes x86-64 code");
        using JitModule module = new(_heap);

        // rdi and rsi are addresses of flags: sets [rsi], waits for [rdi].
        JitFunction waiting = module.Define(Name("waiting"), Code(
            0xC7, 0x06, 1, 0, 0, 0,                    // mov dword [rsi], 1
            0xF3, 0x90,                                // pause
            0x83, 0x3F, 0x00,                          // cmp dword [rdi], 0
            0x74, 0xF9,                                // jz -7
            0xB8, 77, 0, 0, 0, 0xC3));                 // mov eax, 77 ; ret
        Assert.True(module.TryPublish([new(_entry, waiting)], out _));
        CodeBlock block = waiting.Block!;
        int* flags = (int*)NativeMemory.AllocZeroed(8);
        long result = 0;
        Thread inside = new(() => _entry.Function.Call(_trampoline, (nint)flags, (nint)(flags + 1), out result));
        inside.Start();
        SpinWait.SpinUntil(() => Volatile.Read(ref flags[1]) != 0);

        Replace(2, out JitFunction? old);
        Assert.Same(waiting, old);
        module.Free(waiting);
        Assert.Equal(2, Call());
        _heap.Collect();
        Assert.Equal(BlockState.Retired, block.State);

        Volatile.Write(ref flags[0], 1);
        inside.Join();
        Assert.Equal(77, result);
        _heap.Collect();
        Assert.Equal(BlockState.Freed, block.State);
        byte[] bytes = new byte[block.Size];
        _heap.Memory.Load(block.Arena.Mapping, block.Address, bytes);
        Assert.Equal(-1, bytes.AsSpan().IndexOfAnyExcept((byte)0xCC));
        NativeMemory.Free(flags);
    }

    [Fact]
    public void A_publication_that_fails_replaces_nothing()
    {
        using JitModule module = new(_heap);
        JitFunction broken = module.Define(Name("broken"), Code(0xE8, 0, 0, 0, 0, 0xC3).Reloc(1, RelocationKind.X64CallPcRel4, "nobody_has_this_name", -4));
        Assert.False(module.TryPublish([new(_entry, broken)], out IReadOnlyList<LinkError> errors));
        Assert.Single(errors);
        Assert.Equal("%first", _entry.Target!.Name.ToString());
    }

    [Fact]
    public void Only_what_is_about_to_be_published_can_take_the_place_of_something()
    {
        using JitModule module = new(_heap);
        JitFunction second = module.Define(Name("second"), Return(2));
        module.Publish();
        Assert.Throws<InvalidOperationException>(() => module.TryPublish([new(_entry, second)], out _));
        Assert.Same(_entry.Target, _entry.Redirect(second));
        Assert.Same(second, _entry.Target);
    }

    [Fact]
    public void Entries_of_AArch64_load_the_address_from_their_slot()
    {
        RecordingMemory memory = new();
        using CodeHeap heap = new(memory, MachineTraits.Arm64, new LinuxPublicationPort(new FakeSystem(), Architecture.Arm64), OperatingSystemKind.Linux, Runtime.Invocation.HostQuiescence.Instance);
        using JitModule module = new(heap);
        JitFunction first = module.Define(Name("first"), Code(0, 0, 0, 0));
        JitFunction second = module.Define(Name("second"), Code(0, 0, 0, 0));
        JitEntry entry = module.DefineEntry(Name("f"), Name("first"));
        module.Publish();

        // bti c ; adrp x16 ; add x16, x16, #lo12 ; ldr x16, [x16] ; br x16
        byte[] code = new byte[20];
        ArenaMapping arena = first.Block!.Arena.Mapping;
        memory.Load(arena, (ulong)entry.Function.Address, code);
        ReadOnlySpan<uint> words = MemoryMarshal.Cast<byte, uint>(code);
        Assert.Equal([0xD503245F, 0x90000010, 0x91000210, 0xF9400210, 0xD61F0200], new[] { words[0], words[1] & 0x9F00001F, words[2] & 0xFFC003FF, words[3], words[4] });
        long pages = (long)((words[1] >> 5 & 0x7FFFF) << 2 | (words[1] >> 29 & 3));
        ulong slot = (((ulong)entry.Function.Address >> 12) + (ulong)pages << 12) + (words[2] >> 10 & 0xFFF);
        Assert.Equal((ulong)first.Address, Read());
        entry.Redirect(second);
        Assert.Equal((ulong)second.Address, Read());

        ulong Read()
        {
            byte[] bytes = new byte[8];
            memory.Load(arena, slot, bytes);
            return BitConverter.ToUInt64(bytes);
        }
    }

    /// <summary>Publishers replace and free while others call; a call of freed code would trap, a stale one return an old version.</summary>
    [Fact]
    public void Replaced_versions_are_never_called_once_they_are_gone()
    {
        Assert.SkipUnless(CanRun, "executes x86-64 code");
        long used = _heap.Statistics.Used;
        int wrong = 0;
        int published = 1;
        bool stop = false;
        var callers = new Thread[3];
        for (int i = 0; i < callers.Length; i++)
        {
            callers[i] = new(() =>
            {
                while (!Volatile.Read(ref stop))
                {
                    int floor = Volatile.Read(ref published);
                    bool trapped = _entry.Function.Call(_trampoline, 0, 0, out long version).IsTrap;
                    if (trapped || version < floor || version > Volatile.Read(ref published) + 1)
                    {
                        Interlocked.Increment(ref wrong);
                    }
                }
            });
            callers[i].Start();
        }

        JitModule? owner = null;
        for (int version = 2; version < 2000; version++)
        {
            JitModule module = new(_heap);
            JitFunction next = module.Define(Name("next"), Return(version));
            JitFunction before = _entry.Target!;
            Assert.True(module.TryPublish([new(_entry, next)], out _));
            Volatile.Write(ref published, version);
            owner?.Free(before);
            owner = module;
        }

        Volatile.Write(ref stop, true);
        foreach (Thread caller in callers)
        {
            caller.Join();
        }

        Assert.Equal(0, wrong);
        _heap.Collect();
        Assert.InRange(_heap.Statistics.Used, used, used + 64);
    }

    private void Replace(int version, out JitFunction? old)
    {
        JitModule module = new(_heap);
        JitFunction next = module.Define(Name($"v{version}"), Return(version));
        old = _entry.Target;
        Assert.True(module.TryPublish([new(_entry, next)], out _));
    }

    private long Call()
    {
        Assert.False(_entry.Function.Call(_trampoline, 0, 0, out long result).IsTrap);
        return result;
    }

    private sealed class StepRecorder : IPublicationObserver
    {
        public List<PublicationStepKind> Steps { get; } = [];

        public void StepDone(PublicationStep step, in CodeRange range, SystemError error, TimeSpan duration) => Steps.Add(step.Kind);
    }
}
