using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;
using MiniJit.Codegen;
using MiniJit.IR;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;
using Xunit;
using static MiniJit.Runtime.Tests.HandAssembled;

namespace MiniJit.Runtime.Tests;

public sealed unsafe class JitModuleTests : IDisposable
{
    private readonly CodeHeap _heap = new();

    public void Dispose() => _heap.Dispose();

    private static int Call(JitFunction function) => ((delegate* unmanaged<int>)function.Address)();

    [Fact]
    public void A_function_is_callable_once_published_and_not_before()
    {
        using JitModule module = new(_heap);
        JitFunction function = module.Define(Name("f"), Return(7));
        Assert.False(function.IsPublished);
        Assert.Throws<InvalidOperationException>(() => function.Address);
        module.Publish();
        Assert.Equal(7, Call(function));
    }

    [Fact]
    public void Functions_call_each_other_whatever_the_order_of_definition()
    {
        using JitModule module = new(_heap);
        // call g ; inc eax ; ret, with a red-zone-free aligned frame: sub rsp, 8 ; call ; add rsp, 8
        JitFunction f = module.Define(
            Name("f"), Code(0x48, 0x83, 0xEC, 8, 0xE8, 0, 0, 0, 0, 0x48, 0x83, 0xC4, 8, 0xFF, 0xC0, 0xC3).Reloc(5, RelocationKind.X64CallPcRel4, "g", -4));
        module.Define(Name("g"), Return(41));
        module.Publish();
        Assert.Equal(42, Call(f));

        JitFunction later = module.Define(Name("h"), Code(0xE9, 0, 0, 0, 0).Reloc(1, RelocationKind.X64CallPcRel4, "f", -4));
        module.Publish();
        Assert.Equal(42, Call(later));
    }

    [Fact]
    public void What_is_defined_is_found_by_name_until_it_is_freed()
    {
        using JitModule module = new(_heap);
        JitFunction f = module.Define(Name("f"), Return(7));
        JitData data = module.DefineZeroData(Name("d"), 8);
        module.Publish();
        Assert.True(module.TryGetFunction(Name("f"), out JitFunction? found));
        Assert.Same(f, found);
        Assert.True(module.TryGetData(Name("d"), out JitData? zeros));
        Assert.Same(data, zeros);
        Assert.False(module.TryGetFunction(Name("d"), out _));
        Assert.False(module.TryGetData(Name("f"), out _));
        module.Free(f);
        Assert.False(module.TryGetFunction(Name("f"), out _));
    }

    [Fact]
    public void Data_is_reached_by_relative_absolute_and_table_references()
    {
        using JitModule module = new(_heap);
        module.DefineData(Name("constant"), [1, 0, 0, 0, 2, 0, 0, 0]);
        JitData zeros = module.DefineZeroData(Name("zeros"), 8);
        JitData pointers = module.DefineData(
            Name("pointers"), new byte[16], relocations: [new(8, RelocationKind.Abs8, Name("constant"), 4), new(0, RelocationKind.Abs8, Name("relative"), 0)]);

        // mov eax, [rip+constant+4] ; ret
        JitFunction relative = module.Define(Name("relative"), Code(0x8B, 0x05, 0, 0, 0, 0, 0xC3).Reloc(2, RelocationKind.X64PcRel4, "constant", 0));
        // mov rax, imm64 zeros ; inc dword [rax] ; mov eax, [rax] ; ret
        JitFunction absolute = module.Define(
            Name("absolute"), Code(0x48, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0x00, 0x8B, 0x00, 0xC3).Reloc(2, RelocationKind.Abs8, "zeros"));
        // mov rax, [rip+slot of constant] ; mov eax, [rax] ; ret
        JitFunction table = module.Define(
            Name("table"), Code(0x48, 0x8B, 0x05, 0, 0, 0, 0, 0x8B, 0x00, 0xC3).Reloc(3, RelocationKind.X64GotPcRel4, "constant", -4));
        module.Publish();
        Assert.Equal(2, Call(relative));
        Assert.Equal(1, Call(absolute));
        Assert.Equal(2, Call(absolute));
        Assert.Equal(2, *(int*)zeros.Address);
        Assert.Equal(1, Call(table));
        Assert.Equal(relative.Address, *(nint*)pointers.Address);
        Assert.Equal(2, **(int**)(pointers.Address + 8));
    }

    [Fact]
    public void Read_only_data_cannot_be_written_by_compiled_code()
    {
        using JitModule module = new(_heap);
        JitFunction trampoline = module.Define(Name("trampoline"), BinaryTrampoline());
        JitData constant = module.DefineData(Name("constant"), [5, 0, 0, 0]);
        JitFunction store = module.Define(Name("store"), Code(0x89, 0x37, 0xC3).Trap(0, TrapCode.HeapOutOfBounds));   // mov [rdi], esi ; ret
        module.Publish();
        TrapInfo trap = store.Call(trampoline, constant.Address, 6, out _);
        Assert.Equal(TrapCode.HeapOutOfBounds, trap.Code);
        Assert.Equal(constant.Address, trap.FaultAddress);
        Assert.Equal(5, *(int*)constant.Address);
    }

    [Fact]
    public void Library_functions_and_library_calls_are_found_in_the_process()
    {
        using JitModule module = new(_heap);
        CompiledCode tail = Code(0xE9, 0, 0, 0, 0);
        tail.RelocationTable.Add(new(1, RelocationKind.X64CallPcRel4, ExternalName.Library(LibCall.CeilF64), -4));
        JitFunction ceil = module.Define(Name("my_ceil"), tail);
        JitFunction strlen = module.Define(Name("my_strlen"), Code(0xE9, 0, 0, 0, 0).Reloc(1, RelocationKind.X64CallPcRel4, "strlen", -4));
        module.Publish();
        Assert.Equal(3.0, ((delegate* unmanaged<double, double>)ceil.Address)(2.25));
        fixed (byte* text = "hello\0"u8)
        {
            Assert.Equal(5, ((delegate* unmanaged<byte*, nint>)strlen.Address)(text));
        }
    }

    [Fact]
    public void Every_library_routine_that_the_compiler_may_call_resolves()
    {
        foreach (LibCall call in Enum.GetValues<LibCall>())
        {
            bool exists = call switch
            {
                LibCall.ElfTlsGetAddr => !OperatingSystem.IsWindows(),
                LibCall.ElfTlsGetOffset => false,                        // s390x only
                _ => true,
            };
            bool found = ProcessSymbols.Instance.TryResolve(ExternalName.Library(call), out nint address);
            Assert.True(exists == found, call.ToString());
            Assert.Equal(found, address != 0);
        }

        foreach (string name in (string[])["malloc", "free", "printf", "memcpy", "fmaf", "nearbyint", "floorf", "truncf"])
        {
            Assert.True(ProcessSymbols.Instance.TryResolve(Name(name), out _), name);
        }
    }

    [Fact]
    public void The_shuffle_routine_agrees_with_the_instruction()
    {
        Assert.SkipUnless(System.Runtime.Intrinsics.X86.Ssse3.IsSupported, "needs SSSE3 to compare with");
        Assert.True(ProcessSymbols.Instance.TryResolve(ExternalName.Library(LibCall.X86Pshufb), out nint address));

        // movups xmm0, [rdi] ; movups xmm1, [rsi] ; push rdi ; call rdx ; pop rdi ; movups [rdi], xmm0 ; ret
        // Windows, where the arguments come in rcx, rdx and r8: the same with those.
        using JitModule module = new(_heap);
        JitFunction caller = module.Define(Name("caller"), OperatingSystem.IsWindows()
            ? Code(0x0F, 0x10, 0x01, 0x0F, 0x10, 0x0A, 0x51, 0x41, 0xFF, 0xD0, 0x59, 0x0F, 0x11, 0x01, 0xC3)
            : Code(0x0F, 0x10, 0x07, 0x0F, 0x10, 0x0E, 0x57, 0xFF, 0xD2, 0x5F, 0x0F, 0x11, 0x07, 0xC3));
        module.Publish();
        SplitMix64 random = new(3);
        for (int i = 0; i < 1000; i++)
        {
            UInt128 value = new(random.Next(), random.Next()), indices = new(random.Next(), random.Next());
            var expected = System.Runtime.Intrinsics.X86.Ssse3.Shuffle(
                System.Runtime.CompilerServices.Unsafe.BitCast<UInt128, System.Runtime.Intrinsics.Vector128<byte>>(value),
                System.Runtime.CompilerServices.Unsafe.BitCast<UInt128, System.Runtime.Intrinsics.Vector128<byte>>(indices));
            ((delegate* unmanaged<UInt128*, UInt128*, nint, void>)caller.Address)(&value, &indices, address);
            Assert.Equal(System.Runtime.CompilerServices.Unsafe.BitCast<System.Runtime.Intrinsics.Vector128<byte>, UInt128>(expected), value);
        }
    }

    [Fact]
    public void Undefined_and_duplicate_symbols_are_all_reported_as_values()
    {
        using JitModule module = new(_heap, NoSymbols.Instance);
        module.Define(Name("f"), Code(0xE9, 0, 0, 0, 0).Reloc(1, RelocationKind.X64CallPcRel4, "nowhere", -4));
        module.DefineData(Name("d"), new byte[8], relocations: [new(0, RelocationKind.Abs8, ExternalName.User(0, 9), 0)]);
        Assert.False(module.TryPublish(out IReadOnlyList<LinkError> errors));
        Assert.Equal(
            ["R001: Undeclared function %nowhere is referenced by %f", "R001: Undeclared symbol u0:9 is referenced by %d"],
            [errors[0].ToString(), errors[1].ToString()]);
        Assert.Equal(2, errors.Count);

        // The module is as it was: with the names supplied it can be published.
        JitFunction target = module.Define(Name("nowhere"), Return(3));
        module.Import(ExternalName.User(0, 9), 0x1234);
        module.Publish();
        Assert.Equal(3, Call(target));

        module.Define(Name("f"), Return(0));
        module.Import(Name("f"), 5);
        Assert.False(module.TryPublish(out errors));
        Assert.Equal(["R002: Duplicate definition of %f", "R002: Duplicate definition of %f"], [errors[0].ToString(), errors[1].ToString()]);
    }

    [Fact]
    public void Impossible_relocations_are_reported_as_values()
    {
        using JitModule module = new(_heap);
        module.Import(Name("far"), unchecked((nint)0x7000_0000_0000_0000));
        module.Define(Name("a"), Code(0x8B, 0x05, 0, 0, 0, 0, 0xC3).Reloc(2, RelocationKind.X64PcRel4, "far", -4));
        module.Define(Name("b"), Code(0xC3).Reloc(0, RelocationKind.X64PcRel4, "far", -4));
        module.DefineData(Name("c"), new byte[8], relocations: [new(0, RelocationKind.X64PcRel4, Name("far"), 0)]);
        Assert.False(module.TryPublish(out IReadOnlyList<LinkError> errors));
        Assert.Equal(
            [LinkErrorKind.MalformedRelocation, LinkErrorKind.UnsupportedRelocation],
            [errors[0].Kind, errors[1].Kind]);

        using JitModule other = new(_heap);
        other.Import(Name("far"), unchecked((nint)0x7000_0000_0000_0000));
        other.Define(Name("a"), Code(0x8B, 0x05, 0, 0, 0, 0, 0xC3).Reloc(2, RelocationKind.X64PcRel4, "far", -4));
        Assert.False(other.TryPublish(out errors));
        Assert.Equal(LinkErrorKind.OutOfReach, Assert.Single(errors).Kind);
        Assert.Contains("%far at 0x7000000000000000 is out of reach", errors[0].Message, StringComparison.Ordinal);
        Assert.Equal(0, _heap.Statistics.Used);
    }

    [Fact]
    public void Calls_beyond_two_gigabytes_go_through_veneers()
    {
        using CodeHeap far = CodeHeapTests.HostHeap(CodeViews.Dual, hint: 0x10_0000_0000);
        using JitModule there = new(far);
        JitFunction target = there.Define(Name("target"), Return(99));
        JitFunction other = there.Define(Name("other"), Return(98));
        there.Publish();

        using JitModule module = new(_heap);
        module.Import(Name("target"), target.Address);
        module.Import(Name("other"), other.Address);
        List<JitFunction> callers = [];
        for (int i = 0; i < 20; i++)
        {
            callers.Add(module.Define(
                Name($"f{i}"), Code(0xE9, 0, 0, 0, 0).Reloc(1, RelocationKind.X64CallPcRel4, i % 2 == 0 ? "target" : "other", -4)));
        }

        // The first publication finds out about the distance only after it has an arena; the second knows it before.
        module.Publish();
        JitFunction late = module.Define(Name("late"), Code(0xE9, 0, 0, 0, 0).Reloc(1, RelocationKind.X64CallPcRel4, "target", -4));
        module.Publish();
        Assert.True(Math.Abs(callers[0].Address - target.Address) > int.MaxValue);
        for (int i = 0; i < callers.Count; i++)
        {
            Assert.Equal(i % 2 == 0 ? 99 : 98, Call(callers[i]));
        }

        Assert.Equal(99, Call(late));
        module.Dispose();
        Assert.Equal(0, _heap.Statistics.Used);
    }

    [Fact]
    public void A_batch_of_a_thousand_functions_is_published_by_one_run_of_the_plan()
    {
        StepCounter counter = new();
        _heap.Executor.Observer = counter;
        using JitModule module = new(_heap);
        var functions = new JitFunction[1000];
        for (int i = 0; i < functions.Length; i++)
        {
            functions[i] = module.Define(ExternalName.User(0, (uint)i), Return(i));
        }

        module.Publish();
        Assert.Equal(1, counter.Reachable);
        for (int i = 0; i < functions.Length; i++)
        {
            Assert.Equal(i, Call(functions[i]));
        }

        Assert.Equal(1000, _heap.Statistics.Functions);
        module.Dispose();
        Assert.Equal(0, _heap.Statistics.Functions);
        Assert.Equal(0, _heap.Statistics.Used);
    }

    [Fact]
    public void Functions_are_freed_one_by_one_and_their_memory_is_used_again()
    {
        using JitModule module = new(_heap);
        JitFunction f = module.Define(Name("f"), Return(1));
        JitFunction g = module.Define(Name("g"), Return(2));
        module.Publish();
        nint old = f.Address;
        module.Free(f);
        Assert.False(f.IsPublished);
        Assert.Equal(2, Call(g));
        JitFunction again = module.Define(Name("f"), Return(3));
        module.Publish();
        Assert.Equal(old, again.Address);
        Assert.Equal(3, Call(again));
        Assert.Throws<InvalidOperationException>(() => module.Free(f));
    }

    [Theory]
    [InlineData(CodeViews.Dual)]
    [InlineData(CodeViews.Flip)]
    public void Functions_of_one_publication_may_be_freed_in_any_order(object views)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() && (CodeViews)views == CodeViews.Flip, "Windows has two views always");
        using CodeHeap heap = CodeHeapTests.HostHeap((CodeViews)views);
        JitModule module = new(heap);
        List<JitFunction> functions = [];
        for (int i = 0; i < 500; i++)
        {
            CompiledCode code = Return(i);
            code.Buffer.AddRange(new byte[i]);
            code.Alignment = 16 << (i % 3);
            functions.Add(module.Define(ExternalName.User(0, (uint)i), code));
        }

        module.Publish();
        SplitMix64 random = new(8);
        List<JitFunction> live = [.. functions];
        while (live.Count > 100)
        {
            int victim = random.Below(live.Count);
            nint address = live[victim].Address;
            module.Free(live[victim]);
            Assert.False(heap.TryFindFunction(address, out _, out _));
            live.RemoveAt(victim);
        }

        Assert.Equal(100, heap.Statistics.Functions);
        foreach (JitFunction function in live)
        {
            Assert.Equal(functions.IndexOf(function), Call(function));
            Assert.True(heap.TryFindFunction(function.Address + function.Size - 1, out JitFunction? found, out int offset));
            Assert.Same(function, found);
            Assert.Equal(function.Size - 1, offset);
        }

        module.Dispose();
        Assert.Equal(0, heap.Statistics.Functions);
        Assert.Equal(0, heap.Statistics.Used);
        Assert.All(functions, function => Assert.False(function.IsPublished));
    }

    [Fact]
    public void One_view_that_flips_links_and_runs_like_two()
    {
        using CodeHeap heap = CodeHeapTests.HostHeap(CodeViews.Flip);
        using JitModule module = new(heap);
        JitFunction f = module.Define(Name("f"), Code(0xE9, 0, 0, 0, 0).Reloc(1, RelocationKind.X64CallPcRel4, "g", -4));
        module.Define(Name("g"), Return(41));
        module.Publish();
        Assert.Equal(41, Call(f));
        for (int round = 0; round < 20; round++)
        {
            using JitModule other = new(heap);
            JitFunction function = other.Define(Name("f"), Return(round));
            other.Publish();
            Assert.Equal(round, Call(function));
        }

        Assert.Equal(41, Call(f));
    }

    [Fact]
    public void The_linker_runs_on_memory_that_is_not_this_process()
    {
        RecordingMemory memory = new();
        FakePort port = new();
        using CodeHeap heap = new(memory, MachineTraits.Arm64, port, OperatingSystemKind.Linux, HostQuiescence.Instance);
        using JitModule module = new(heap, NoSymbols.Instance);
        JitFunction f = module.Define(Name("f"), Code(0, 0, 0, 0x94, 0xC0, 0x03, 0x5F, 0xD6).Reloc(0, RelocationKind.Arm64Call, "far"));
        module.Import(Name("far"), unchecked((nint)0x7000_0000_0000));
        module.Publish();

        // f: bl veneer; the veneer, behind it: ldr x16, #8 ; br x16 ; .quad far
        byte[] bytes = new byte[32];
        ArenaMapping arena = new((ulong)f.Address, 32, 0, 0, (ulong)f.Address);
        memory.Load(arena, (ulong)f.Address, bytes);
        Assert.Equal(0x9400_0004u, BitConverter.ToUInt32(bytes));
        Assert.Equal(0x5800_0050u, BitConverter.ToUInt32(bytes, 16));
        Assert.Equal(0xD61F_0200u, BitConverter.ToUInt32(bytes, 20));
        Assert.Equal(0x7000_0000_0000u, BitConverter.ToUInt64(bytes, 24));
        Assert.Equal(
            "clean data lines|data barrier|invalidate instruction lines|data barrier|"
            + "synchronise own context|synchronise all cores (membarrier PRIVATE_EXPEDITED_SYNC_CORE)|",
            port.Log.ToString());
    }

    private sealed class StepCounter : IPublicationObserver
    {
        public int Reachable { get; private set; }

        public void StepDone(PublicationStep step, in CodeRange range, SystemError error, TimeSpan duration) =>
            Reachable += step.Kind == PublicationStepKind.MakeReachable ? 1 : 0;
    }

    private sealed class FakePort : IPublicationPort
    {
        public StringBuilder Log { get; } = new();

        public PublicationCapabilities Probe(CodeViews views) => new(views, PublicationMeans.MembarrierSyncCore);

        public SystemError Perform(PublicationStep step, in CodeRange range)
        {
            Log.Append(step).Append('|');
            return default;
        }
    }
}
