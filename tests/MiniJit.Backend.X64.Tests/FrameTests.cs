// Frames, spills, calls and tail calls.
using System;
using System.Collections.Generic;
using MiniJit.Codegen;
using MiniJit.Codegen.Emission;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using MiniJit.IR;
using Xunit;
using static MiniJit.Backend.X64.Registers;

namespace MiniJit.Backend.X64.Tests;

public class FrameTests
{
    private readonly EmitHarness _harness = new();

    private List<string> Listing()
    {
        List<string> lines = [];
        foreach (DisassembledLine line in Disassembler.Decode(_harness.Emit()))
        {
            lines.Add(line.Comment.Length == 0 ? line.Text : line.Text + " ; " + line.Comment);
        }

        return lines;
    }

    [Fact]
    public void A_leaf_without_a_frame_only_links_the_frame_pointer()
    {
        _harness.Block();
        _harness.Add(X64Form.Ret, 0);
        Assert.Equal(["push rbp", "mov rbp, rsp", "pop rbp", "ret"], Listing());
        Assert.Equal(16, _harness.Output.FrameSize);
    }

    [Fact]
    public void Callee_saved_registers_are_stored_above_the_spill_slots()
    {
        _harness.Frame.OutgoingArgs = 8;
        _harness.Frame.StackSlotsSize = 20;
        _harness.Frame.SpillSize = 8;
        _harness.Frame.FloatSaveSize = 16;
        _harness.Frame.CalleeSaves = RegSet.Empty.With(Rbx).With(R12).With(R13).With(Xmm(6)).With(Xmm(7));
        _harness.Block();
        _harness.Move(ProgPoint.Before(0), Allocation.Reg(Rax), Allocation.Slot(0), RegClass.Int);
        _harness.Move(ProgPoint.Before(0), Allocation.Slot(0), Allocation.Reg(Xmm(1)), RegClass.Float);
        ref MachineInst lea = ref _harness.Add(X64Form.Lea, 8, Rcx);
        lea.Mode = (byte)AddressMode.StackSlot;
        lea.Disp = 4;
        _harness.Add(X64Form.Ret, 0);
        Assert.Equal(
        [
            "push rbp", "mov rbp, rsp", "sub rsp, 0x80",
            "mov [rbp-0x40], rbx", "mov [rbp-0x38], r12", "mov [rbp-0x30], r13", "movaps [rbp-0x20], xmm6", "movaps [rbp-0x10], xmm7",
            "mov [rbp-0x50], rax", "movsd xmm1, [rbp-0x50]", "lea rcx, [rbp-0x6c]",
            "mov rbx, [rbp-0x40]", "mov r12, [rbp-0x38]", "mov r13, [rbp-0x30]", "movaps xmm6, [rbp-0x20]", "movaps xmm7, [rbp-0x10]",
            "mov rsp, rbp", "pop rbp", "ret",
        ], Listing());
    }

    [Fact]
    public void Any_operands_may_be_spill_slots()
    {
        _harness.Frame.SpillSize = 16;
        _harness.Block();
        _harness.Add(X64Form.AddRm, 4, Rax, Rax, Rax);
        _harness.Add(X64Form.MovzxByte, 4, Rcx, Rax);
        _harness.Add(X64Form.MoveInt, 8, Rax, Rax);
        _harness.Allocation.Allocations[2] = Allocation.Slot(1);
        _harness.Allocation.Allocations[4] = Allocation.Slot(0);
        _harness.Allocation.Allocations[5] = Allocation.Slot(0);
        _harness.Allocation.Allocations[6] = Allocation.Slot(1);
        _harness.Add(X64Form.Ret, 0);
        Assert.Equal(
            ["push rbp", "mov rbp, rsp", "sub rsp, 0x10", "add eax, [rbp-8]", "movzx ecx, byte ptr [rbp-0x10]", "mov r11, [rbp-0x10]", "mov [rbp-8], r11", "mov rsp, rbp", "pop rbp", "ret"],
            Listing());
    }

    [Fact]
    public void Large_frames_are_probed_step_by_step()
    {
        _harness.Frame.StackSlotsSize = 2 * 4096;
        _harness.Frame.ProbeStep = 4096;
        _harness.Block();
        _harness.Add(X64Form.Ret, 0);
        Assert.Equal(
            ["push rbp", "mov rbp, rsp", "mov dword ptr [rsp-0x1000], 0", "mov dword ptr [rsp-0x2000], 0", "sub rsp, 0x2000", "mov rsp, rbp", "pop rbp", "ret"],
            Listing());

        _harness.Frame.StackSlotsSize = (100 * 4096) + 32;
        List<string> loop = Listing();
        Assert.Equal(
            ["lea r11, [rsp-0x64000]", "sub rsp, 0x1000", "mov dword ptr [rsp], 0", "cmp rsp, r11", "jne L000c", "sub rsp, 0x20"],
            loop[2..8]);
        using NativeCode native = new(_harness.Output);
        native.Call();
    }

    [Fact]
    public void Relocations_count_from_the_end_of_the_instruction()
    {
        _harness.Symbols.AddRange([ExternalName.Symbol("f"), ExternalName.Symbol("data")]);
        _harness.Block();
        _harness.Add(X64Form.CallSymbol, 0).Data = 0;
        ref MachineInst store = ref _harness.Add(X64Form.MovMi, 4);
        store.Mode = (byte)AddressMode.Symbol;
        store.Data = 1;
        store.Disp = 12;
        store.Imm = 7;
        foreach (SymbolAccess access in Enum.GetValues<SymbolAccess>())
        {
            ref MachineInst address = ref _harness.Add(X64Form.LoadSymbolAddress, 8, Rax);
            address.Data = 1;
            address.Imm = access == SymbolAccess.Got ? 0 : 16;
            address.Aux = (byte)access;
        }

        _harness.Add(X64Form.Ret, 0);
        CompiledCode code = _harness.Emit();
        ExternalName f = ExternalName.Symbol("f"), data = ExternalName.Symbol("data");
        Assert.Equal(
        [
            new Relocation(5, RelocationKind.X64CallPcRel4, f, -4),
            new Relocation(11, RelocationKind.X64PcRel4, data, 12 - 8),
            new Relocation(22, RelocationKind.X64PcRel4, data, 16 - 4),
            new Relocation(28, RelocationKind.Abs8, data, 16),
            new Relocation(39, RelocationKind.X64GotPcRel4, data, -4),
        ], code.Relocations.ToArray());
        Assert.Equal([new CallSite(9)], code.CallSites.ToArray());
    }

    [Fact]
    public void A_trap_is_recorded_at_the_instruction_that_faults()
    {
        _harness.Block();
        ref MachineInst load = ref _harness.Add(X64Form.Cvtsi2sd, 8, Xmm0, Rdi);
        load.Mode = (byte)AddressMode.Base;
        load.Trap = TrapCode.HeapOutOfBounds.Raw;
        _harness.Add(X64Form.Ud2, 0).Trap = 3;
        List<string> lines = Listing();
        Assert.Equal(["xorps xmm0, xmm0", "cvtsi2sd xmm0, qword ptr [rdi] ; trap: heap_oob", "ud2 ; trap: user3"], lines[2..]);
    }

    [Fact]
    public void A_tail_call_with_more_arguments_than_its_caller_has_moves_the_return_address()
    {
        // callee(a, b on the stack) = a - b, popping 16 bytes
        _harness.Frame.IncomingArgs = 16;
        _harness.Frame.CalleePopsArgs = true;
        _harness.Block();
        Arg(X64Form.MovRm, AddressMode.IncomingArg, 0, Rax);
        ref MachineInst sub = ref _harness.Add(X64Form.SubRm, 8, Rax, Rax);
        sub.Mode = (byte)AddressMode.IncomingArg;
        sub.Disp = 8;
        _harness.Add(X64Form.Ret, 0, Rax);
        Assert.Equal("ret 0x10", Listing()[^1]);
        using NativeCode callee = new(_harness.Output);

        // caller(callee, a, b) with no stack arguments and a frame of its own
        _harness.Reset();
        _harness.Frame.TailArgs = 16;
        _harness.Frame.CalleePopsArgs = true;
        _harness.Frame.SpillSize = 8;
        _harness.Frame.CalleeSaves = RegSet.Empty.With(Rbx);
        _harness.Block();
        _harness.Add(X64Form.MovRm, 8, Rbx, Rdi);
        Arg(X64Form.MovMr, AddressMode.TailArg, -16, Rsi);
        Arg(X64Form.MovMr, AddressMode.TailArg, -8, Rdx);
        _harness.Add(X64Form.MovRm, 8, Rax, Rbx);
        _harness.Add(X64Form.TailCallIndirect, 8, Rax).Imm = 16;
        using NativeCode caller = new(_harness.Emit());
        Assert.Equal(58, caller.Call(callee.Entry, 100, 42));

        // the same from a caller with more arguments than the callee: one passes 32 bytes on, the other 16 of them
        _harness.Reset();
        _harness.Frame.IncomingArgs = 32;
        _harness.Frame.CalleePopsArgs = true;
        _harness.Block();
        Arg(X64Form.MovRm, AddressMode.IncomingArg, 0, Rcx);
        Arg(X64Form.MovRm, AddressMode.IncomingArg, 24, Rdx);
        Arg(X64Form.MovMr, AddressMode.TailArg, -16, Rdx);
        Arg(X64Form.MovMr, AddressMode.TailArg, -8, Rcx);
        _harness.Add(X64Form.MovRm, 8, Rax, Rdi);
        _harness.Add(X64Form.TailCallIndirect, 8, Rax).Imm = 16;
        using NativeCode middle = new(_harness.Emit());

        _harness.Reset();
        _harness.Frame.OutgoingArgs = 32;
        _harness.Frame.CalleeSaves = RegSet.Empty.With(Rbx);
        _harness.Block();
        Arg(X64Form.MovMr, AddressMode.OutgoingArg, 0, Rdx);
        Arg(X64Form.MovMr, AddressMode.OutgoingArg, 24, Rdx);
        _harness.Add(X64Form.MovRm, 8, Rbx, Rdx);
        ref MachineInst add = ref _harness.Add(X64Form.AddMi, 8);
        add.Mode = (byte)AddressMode.OutgoingArg;
        add.Disp = 24;
        add.Imm = 1000;
        _harness.Add(X64Form.CallIndirect, 8, Rax, Rdi, Rsi).Imm = 32;
        _harness.Add(X64Form.AddRm, 8, Rax, Rax, Rbx);
        Arg(X64Form.MovMr, AddressMode.OutgoingArg, 0, Rax);
        _harness.Add(X64Form.Ret, 0, Rax);
        using NativeCode outer = new(_harness.Emit());
        Assert.Equal(1000 + 5, outer.Call(callee.Entry, middle.Entry, 5));
    }

    private void Arg(X64Form form, AddressMode mode, int disp, PReg register)
    {
        ref MachineInst inst = ref _harness.Add(form, 8, register);
        inst.Mode = (byte)mode;
        inst.Disp = disp;
    }

    [Fact]
    public void Emitting_again_allocates_nothing()
    {
        long allocated = 0;
        X64Emitter emitter = new();
        _harness.Frame.SpillSize = 64;
        for (int i = 0; i < 50; i++)
        {
            _harness.Block();
            _harness.Add(X64Form.AddRm, 8, Rax, Rax, Rcx);
            _harness.Add(X64Form.CvtToUintTrap, 8, Rax, Xmm0).Aux = 8;
            _harness.Add(X64Form.LoadFloat, 8, Xmm0).Imm = i * 12345;
            _harness.Move(ProgPoint.Before(_harness.Code.Insts.Count), Allocation.Reg(Rax), Allocation.Slot(3), RegClass.Int);
            ref MachineInst jcc = ref _harness.Add(X64Form.JccLabel, 0);
            jcc.Cond = 4;
            jcc.Data = i * 7 % 50;
            jcc.Imm = i * 11 % 50;
        }

        _harness.Frame.Compute();
        for (int i = 0; i < 20; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            _harness.Constants.Clear();
            emitter.Emit(_harness.Code, _harness.Allocation, _harness.Frame, _harness.Constants, _harness.Tables, [], _harness.Output);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, allocated);
    }
}
