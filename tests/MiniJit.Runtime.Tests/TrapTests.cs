using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using MiniJit.Codegen;
using MiniJit.IR;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Memory;
using Xunit;
using static MiniJit.Runtime.Tests.HandAssembled;

namespace MiniJit.Runtime.Tests;

public sealed unsafe class TrapTests : IDisposable
{
    // Offsets: of an instruction behind a nop, and of what traps in the division.
    private static readonly int s_second = IsArm64 ? 4 : 1, s_divisionTrap = IsArm64 ? 12 : 5;

    [ThreadStatic]
    private static JitFunction? t_inner;

    [ThreadStatic]
    private static JitFunction? t_innerTrampoline;

    private readonly CodeHeap _heap = new();
    private readonly JitModule _module;
    private readonly JitFunction _trampoline, _add, _undefined, _divide, _load;

    public TrapTests()
    {
        _module = new(_heap);
        _trampoline = _module.Define(Name("trampoline"), BinaryTrampoline());
        _add = _module.Define(Name("add"), OfHost(
            Code(0x48, 0x8D, 0x04, 0x37, 0xC3),                                                                // lea rax, [rdi+rsi] ; ret
            Words(0x8B01_0000, 0xD65F_03C0)));                                                                 // add x0, x0, x1 ; ret
        _undefined = _module.Define(Name("undefined"), OfHost(
            Code(0x90, 0x0F, 0x0B).Trap(1, TrapCode.User(7)).Source(0, 1, 0x10).Source(1, 3, 0x11),            // nop ; ud2
            Words(0xD503_201F, 0x0000_0000).Trap(4, TrapCode.User(7)).Source(0, 4, 0x10).Source(4, 8, 0x11))); // nop ; udf #0
        _divide = _module.Define(Name("divide"), OfHost(
            Code(0x48, 0x89, 0xF8, 0x48, 0x99, 0x48, 0xF7, 0xFE, 0xC3)                                         // mov rax, rdi ; cqo ; idiv rsi ; ret
                .Trap(s_divisionTrap, TrapCode.IntegerDivisionByZero).Source(0, 9, 0x20),
            Words(0xB400_0061, 0x9AC1_0C00, 0xD65F_03C0, 0x0000_0000)                                          // cbz x1, +12 ; sdiv x0, x0, x1 ; ret ; udf #0
                .Trap(s_divisionTrap, TrapCode.IntegerDivisionByZero).Source(0, 16, 0x20)));
        _load = _module.Define(Name("load"), OfHost(
            Code(0x48, 0x8B, 0x07, 0xC3).Trap(0, TrapCode.HeapOutOfBounds),                                    // mov rax, [rdi] ; ret
            Words(0xF940_0000, 0xD65F_03C0).Trap(0, TrapCode.HeapOutOfBounds)));                               // ldr x0, [x0] ; ret
        _module.Publish();
    }

    public void Dispose()
    {
        _module.Dispose();
        _heap.Dispose();
    }

    [Fact]
    public void A_call_that_returns_has_its_result_and_no_trap()
    {
        Assert.False(_add.Call(_trampoline, 40, 2, out long sum).IsTrap);
        Assert.Equal(42, sum);
    }

    [Fact]
    public void An_undefined_instruction_is_its_trap_code_with_function_offset_and_source()
    {
        TrapInfo trap = _undefined.Call(_trampoline, 0, 0, out _);
        Assert.Equal(TrapKind.Trap, trap.Kind);
        Assert.Equal(TrapCode.User(7), trap.Code);
        Assert.Same(_undefined, trap.Function);
        Assert.Equal(s_second, trap.Offset);
        Assert.Equal(0x11u, trap.SourceLocation);
        Assert.Equal($"trap user7 in %undefined+0x{s_second:x} @0011", trap.ToString());
    }

    [Fact]
    public void A_division_fault_is_its_trap_code()
    {
        Assert.False(_divide.Call(_trampoline, -42, 6, out long quotient).IsTrap);
        Assert.Equal(-7, quotient);
        TrapInfo trap = _divide.Call(_trampoline, 1, 0, out _);
        Assert.Equal($"trap int_divz in %divide+0x{s_divisionTrap:x} @0020", trap.ToString());
    }

    [Theory]
    [InlineData(8L)]
    [InlineData(0x7000_0000_0000_0000L)]                         // not canonical: a general protection fault without an address; on AArch64 a tag that is ignored
    public void An_access_fault_is_its_trap_code(long address)
    {
        TrapInfo trap = _load.Call(_trampoline, address, 0, out _);
        Assert.Equal(TrapCode.HeapOutOfBounds, trap.Code);
        Assert.Equal(0, trap.Offset);
        Assert.Equal(address == 8 ? 8 : 0, trap.FaultAddress);
    }

    [Fact]
    public void A_fault_that_nobody_announced_is_reported_as_unexpected()
    {
        JitFunction store = _module.Define(Name("store"), OfHost(
            Code(0x90, 0x89, 0x37, 0xC3).Source(0, 4, 3),                                                      // nop ; mov [rdi], esi ; ret
            Words(0xD503_201F, 0xB900_0001, 0xD65F_03C0).Source(0, 12, 3)));                                   // nop ; str w1, [x0] ; ret
        JitFunction breakpoint = _module.Define(Name("breakpoint"), OfHost(
            Code(0x90, 0xCC),                                                                                  // nop ; int3
            Words(0xD503_201F, 0xD420_0000)));                                                                 // nop ; brk #0
        _module.Publish();
        TrapInfo trap = store.Call(_trampoline, 0x1230, 0, out _);
        Assert.Equal(TrapKind.UnexpectedFault, trap.Kind);
        Assert.Equal(0x1230, trap.FaultAddress);
        Assert.Equal(store.Address + s_second, trap.ProgramCounter);
        Assert.Equal($"unexpected {(OperatingSystem.IsWindows() ? "EXCEPTION_ACCESS_VIOLATION" : "SIGSEGV")} in %store+0x{s_second:x} @0003, pc 0x{store.Address + s_second:x}, address 0x1230", trap.ToString());

        trap = breakpoint.Call(_trampoline, 0, 0, out _);
        Assert.StartsWith($"unexpected {(OperatingSystem.IsWindows() ? "EXCEPTION_BREAKPOINT" : "SIGTRAP")} in %breakpoint+0x{s_second:x},", trap.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0x1230)]
    [InlineData(0x1231)]                                         // no address of an instruction on AArch64
    public void A_jump_to_nowhere_names_the_function_that_jumped(int address)
    {
        JitFunction wild = _module.Define(Name("wild"), OfHost(
            Code(0x53, 0xFF, 0xD7, 0x5B, 0xC3).Source(1, 3, 9),                                                // push rbx ; call rdi ; pop rbx ; ret
            Words(0xA9BF_7BFD, 0xD63F_0000, 0xA8C1_7BFD, 0xD65F_03C0).Source(4, 8, 9)));                       // stp x29, x30, [sp, #-16]! ; blr x0 ; ldp x29, x30, [sp], #16 ; ret
        _module.Publish();
        TrapInfo trap = wild.Call(_trampoline, address, 0, out _);
        Assert.Equal(TrapKind.UnexpectedFault, trap.Kind);
        Assert.Equal(address, trap.ProgramCounter);
        Assert.Same(wild, trap.Function);
        Assert.Equal(IsArm64 ? 8 : 3, trap.Offset);
        Assert.Equal(9u, trap.SourceLocation);
    }

    [Fact]
    public void A_jump_into_memory_of_freed_code_traps()
    {
        using JitModule other = new(_heap);
        JitFunction gone = other.Define(Name("gone"), Return(1));
        other.Publish();
        nint address = gone.Address;
        other.Free(gone);
        TrapInfo trap = _add.InvokeThrough(address, null);
        Assert.Equal(TrapKind.UnexpectedFault, trap.Kind);
        Assert.Null(trap.Function);
        Assert.Equal(address, trap.ProgramCounter);
    }

    [Theory]
    [InlineData("strlen")]
    [InlineData("strdup")]                                       // calls strlen
    public void A_fault_in_a_library_names_the_function_that_called_it(string routine)
    {
        Assert.SkipWhen(routine == "strdup" && OperatingSystem.IsWindows(), "Windows has no such routine");
        JitFunction copy = _module.Define(Name("copy"), OfHost(
            // mov rcx, rdi ; sub rsp, 40 ; call … ; add rsp, 40 ; ret          (room for what Windows' convention lets a callee overwrite)
            Code(0x48, 0x89, 0xF9, 0x48, 0x83, 0xEC, 40, 0xE8, 0, 0, 0, 0, 0x48, 0x83, 0xC4, 40, 0xC3).Reloc(8, RelocationKind.X64CallPcRel4, routine, -4),
            // stp x29, x30, [sp, #-16]! ; bl … ; ldp x29, x30, [sp], #16 ; ret
            Words(0xA9BF_7BFD, 0x9400_0000, 0xA8C1_7BFD, 0xD65F_03C0).Reloc(4, RelocationKind.Arm64Call, routine)));
        _module.Publish();
        TrapInfo trap = copy.Call(_trampoline, 16, 0, out _);
        Assert.Equal(TrapKind.UnexpectedFault, trap.Kind);
        Assert.Same(copy, trap.Function);
        Assert.Equal(IsArm64 ? 8 : 12, trap.Offset);
        Assert.Equal(16, trap.FaultAddress & ~15);
    }

    [Fact]
    public void Endless_recursion_is_a_stack_overflow_trap_again_and_again()
    {
        JitFunction deep = _module.Define(Name("deep"), OfHost(
            // push rbp ; mov rbp, rsp ; sub rsp, 256 ; call self ; leave ; ret
            Code(0x55, 0x48, 0x89, 0xE5, 0x48, 0x81, 0xEC, 0, 1, 0, 0, 0xE8, 0, 0, 0, 0, 0xC9, 0xC3).Reloc(12, RelocationKind.X64CallPcRel4, "deep", -4),
            // stp x29, x30, [sp, #-272]! ; mov x29, sp ; bl self ; ldp x29, x30, [sp], #272 ; ret
            Words(0xA9AF_7BFD, 0x9100_03FD, 0x9400_0000, 0xA8D1_7BFD, 0xD65F_03C0).Reloc(8, RelocationKind.Arm64Call, "deep")));
        _module.Publish();
        int overflows = 0;
        for (int size = 0; size < 3; size++)
        {
            Thread thread = new(
                () =>
                {
                    for (int i = 0; i < 10; i++)
                    {
                        overflows += deep.Call(_trampoline, 0, 0, out _).Code == TrapCode.StackOverflow ? 1 : 0;
                        overflows += _add.Call(_trampoline, 1, 2, out long sum).IsTrap || sum != 3 ? -100 : 0;
                    }
                },
                size << 20);                                     // default, 1 MiB, 2 MiB
            thread.Start();
            thread.Join();
        }

        Assert.Equal(30, overflows);
    }

    [Fact]
    public void A_stray_access_to_the_guard_of_the_stack_is_no_stack_overflow()
    {
        // Linux puts the guard below the stack; Windows counts the last page as stack and never lets it be touched.
        TrapInfo trap = default;
        Thread thread = new(() =>
        {
            _add.Call(_trampoline, 1, 2, out _);
            trap = _load.Call(_trampoline, (nint)ThreadRecord.Current.State->StackLow + (OperatingSystem.IsWindows() ? 64 : -64), 0, out _);
        });
        thread.Start();
        thread.Join();
        Assert.Equal(TrapCode.HeapOutOfBounds, trap.Code);
    }

    [Fact]
    public void Heaps_can_be_made_and_disposed_of_without_end()
    {
        for (int i = 0; i < 2000; i++)
        {
            using CodeHeap heap = new();
            using JitModule module = new(heap);
            JitFunction function = module.Define(Name("f"), Return(i));
            module.Publish();
            Assert.Equal(i, ((delegate* unmanaged<int>)function.Address)());
        }
    }

    [Fact]
    public void A_stack_probe_that_runs_out_of_stack_is_a_stack_overflow_trap()
    {
        Assert.SkipWhen(IsArm64, "there is no such routine: functions probe by themselves");

        // mov eax, edi ; sub rsp, 8 ; call probestack ; add rsp, 8 ; ret
        CompiledCode code = Code(0x89, 0xF8, 0x48, 0x83, 0xEC, 8, 0xE8, 0, 0, 0, 0, 0x48, 0x83, 0xC4, 8, 0xC3);
        code.RelocationTable.Add(new(7, RelocationKind.X64CallPcRel4, ExternalName.Library(LibCall.Probestack), -4));
        JitFunction probe = _module.Define(Name("probe"), code);
        _module.Publish();
        Assert.False(probe.Call(_trampoline, 100_000, 0, out long size).IsTrap);
        Assert.Equal(100_000, size);
        Assert.Equal(TrapCode.StackOverflow, probe.Call(_trampoline, 1 << 30, 0, out _).Code);
    }

    [Fact]
    public void Floating_point_modes_and_direction_survive_a_trap()
    {
        // Flush to zero, round towards zero.
        JitFunction upset = _module.Define(Name("upset"), OfHost(
            // std ; mov dword [rsp-8], 0x7F80 ; ldmxcsr [rsp-8] ; ud2
            Code(0xFD, 0xC7, 0x44, 0x24, 0xF8, 0x80, 0xFF, 0, 0, 0x0F, 0xAE, 0x54, 0x24, 0xF8, 0x0F, 0x0B).Trap(14, TrapCode.User(1)),
            // mov w0, #0x1C00000 ; msr fpcr, x0 ; udf #0
            Words(0x52A0_3800, 0xD51B_4400, 0x0000_0000).Trap(8, TrapCode.User(1))));
        _module.Publish();
        Assert.Equal(TrapCode.User(1), upset.Call(_trampoline, 0, 0, out _).Code);
        Assert.Equal(double.Epsilon, Identity(double.Epsilon) * 1.0);
        Assert.Equal(1.0 / 3.0, Identity(1.0) / 3.0);
        byte[] bytes = new byte[1000];
        bytes.AsSpan(0, 900).CopyTo(bytes.AsSpan(50));
        Assert.Equal(0, bytes[999]);
    }

    [Fact]
    public void Null_references_and_divisions_in_managed_code_are_exceptions_as_ever()
    {
        Assert.True(_undefined.Call(_trampoline, 0, 0, out _).IsTrap);
        Assert.Throws<NullReferenceException>(() => Length(null));
        Assert.Throws<DivideByZeroException>(() => Divide(1, 0));
    }

    [Fact]
    public void Calls_nest_through_the_host_and_a_trap_leaves_the_innermost()
    {
        JitFunction outer = _module.Define(Name("outer"), OfHost(
            // push rbx ; sub rsp, 32 ; mov rbx, rsi ; call rdi (the host) ; add rax, rbx ; add rsp, 32 ; pop rbx ; ret
            Code(0x53, 0x48, 0x83, 0xEC, 32, 0x48, 0x89, 0xF3, 0xFF, 0xD7, 0x48, 0x01, 0xD8, 0x48, 0x83, 0xC4, 32, 0x5B, 0xC3),
            // stp x29, x30, [sp, #-32]! ; str x19, [sp, #16] ; mov x19, x1 ; blr x0 (the host) ; add x0, x0, x19 ; ldr x19, [sp, #16] ; ldp x29, x30, [sp], #32 ; ret
            Words(0xA9BE_7BFD, 0xF900_0BF3, 0xAA01_03F3, 0xD63F_0000, 0x8B13_0000, 0xF940_0BF3, 0xA8C2_7BFD, 0xD65F_03C0)));
        _module.Publish();
        t_inner = _divide;
        t_innerTrampoline = _trampoline;
        delegate* unmanaged<long> callback = &CallBack;
        TrapInfo trap = outer.Call(_trampoline, (nint)callback, 1000, out long result);
        Assert.False(trap.IsTrap, trap.ToString());
        Assert.Equal(1254 + 1, result);                          // the inner trap's code and a caught null reference

        // After the inner trap the outer activation still catches its own.
        JitFunction afterwards = _module.Define(Name("afterwards"), OfHost(
            Code(0x53, 0x48, 0x83, 0xEC, 32, 0xFF, 0xD7, 0x0F, 0x0B).Trap(7, TrapCode.User(9)),                // push rbx ; sub rsp, 32 ; call rdi ; ud2
            Words(0xA9BF_7BFD, 0xD63F_0000, 0x0000_0000).Trap(8, TrapCode.User(9))));                          // stp x29, x30, [sp, #-16]! ; blr x0 ; udf #0
        _module.Publish();
        Assert.Equal(TrapCode.User(9), afterwards.Call(_trampoline, (nint)callback, 0, out _).Code);
    }

    /// <summary>The acceptance test: 64 threads × 10,000 mixed calls among garbage collections and null references.</summary>
    [Fact]
    public void Sixty_four_threads_trap_and_return_and_no_result_is_wrong()
    {
        const int Threads = 64, Calls = 10_000;
        int wrong = 0, finished = 0;
        bool stop = false;
        Thread noise = new(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                GC.Collect(0, GCCollectionMode.Forced, blocking: true);
                Thread.Sleep(1);
            }
        });
        noise.Start();
        var threads = new Thread[Threads];
        for (int t = 0; t < Threads; t++)
        {
            int seed = t;
            threads[t] = new(
                () =>
                {
                    SplitMix64 random = new((ulong)seed);
                    int bad = 0;
                    for (int i = 0; i < Calls; i++)
                    {
                        long a = (long)random.Next() >> 3, b = 1 + random.Below(1000), result;
                        bool good = random.Below(4) switch
                        {
                            0 => _undefined.Call(_trampoline, a, b, out _) is { } trap && trap.Code == TrapCode.User(7) && trap.Function == _undefined && trap.Offset == s_second,
                            1 => _divide.Call(_trampoline, a, 0, out _) is { } trap && trap.Code == TrapCode.IntegerDivisionByZero && trap.Offset == s_divisionTrap,
                            2 => _load.Call(_trampoline, b, 0, out _) is { } trap && trap.Code == TrapCode.HeapOutOfBounds && trap.FaultAddress == b,
                            _ => !_add.Call(_trampoline, a, b, out result).IsTrap && result == a + b && !_divide.Call(_trampoline, a, b, out result).IsTrap && result == a / b,
                        };
                        bad += good ? 0 : 1;
                        if (i % 500 == 0)
                        {
                            bad += CatchNullReference() ? 0 : 1;
                        }
                    }

                    Interlocked.Add(ref wrong, bad);
                    Interlocked.Increment(ref finished);
                },
                256 * 1024);
            threads[t].Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        Volatile.Write(ref stop, true);
        noise.Join();
        Assert.Equal(Threads, finished);
        Assert.Equal(0, wrong);
    }

    [Fact]
    public void Modules_are_freed_while_other_threads_run_their_own_and_nobody_enters_freed_code()
    {
        int wrong = 0, refused = 0;
        bool stop = false;
        JitFunction? current = null;
        JitModule? owner = null;
        void Replace(int value)
        {
            JitModule module = new(_heap);
            JitFunction function = module.Define(Name("f"), Return(value));
            module.Publish();
            Volatile.Write(ref current, function);
            owner?.Dispose();
            owner = module;
        }

        Replace(0);
        var threads = new Thread[4];
        for (int t = 0; t < threads.Length; t++)
        {
            threads[t] = new(() =>
            {
                while (!Volatile.Read(ref stop))
                {
                    try
                    {
                        TrapInfo trap = Volatile.Read(ref current)!.Call(_trampoline, 0, 0, out long result);
                        Interlocked.Add(ref wrong, trap.IsTrap || result is < 0 or >= 3000 ? 1 : 0);
                    }
                    catch (InvalidOperationException)
                    {
                        Interlocked.Increment(ref refused);      // freed between the read and the call: refused, not entered
                    }
                }
            });
            threads[t].Start();
        }

        for (int i = 1; i < 3000; i++)
        {
            Replace(i);
        }

        Volatile.Write(ref stop, true);
        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        owner!.Dispose();
        _module.Dispose();
        _heap.Collect();
        Assert.Equal(0, wrong);
        Assert.Equal(0, _heap.Statistics.Used);
    }

    [Fact]
    public void A_call_allocates_nothing()
    {
        for (int i = 0; i < 100; i++)
        {
            _add.Call(_trampoline, 1, 2, out _);
            _divide.Call(_trampoline, 1, 0, out _);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            _add.Call(_trampoline, 1, 2, out _);
            _divide.Call(_trampoline, 1, 0, out _);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [UnmanagedCallersOnly]
    private static long CallBack()
    {
        TrapInfo trap = t_inner!.Call(t_innerTrampoline!, 5, 0, out _);
        return trap.Code.Raw + (CatchNullReference() ? 1 : 0);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool CatchNullReference()
    {
        try
        {
            return Length(null) < 0;
        }
        catch (NullReferenceException)
        {
            return true;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Length(int[]? array) => array!.Length;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Divide(int a, int b) => a / b;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static double Identity(double value) => value;
}
