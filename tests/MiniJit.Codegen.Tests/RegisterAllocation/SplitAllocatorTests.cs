using System;
using System.Collections.Generic;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using MiniJit.IR;
using Xunit;
using static MiniJit.Codegen.Tests.RegisterAllocation.TestMachine;

namespace MiniJit.Codegen.Tests.RegisterAllocation;

/// <summary>Each constraint kind and each corner on its own. Every allocation here also passes the checker.</summary>
public sealed class SplitAllocatorTests
{
    private static readonly MachineEnvironment s_four = With(4, 0);
    private static readonly MachineEnvironment s_twoAndTwo = With(2, 2);

    private static Allocation In(PReg register) => Allocation.Reg(register);

    [Fact]
    public void Values_that_fit_need_no_moves()
    {
        CodeBuilder code = new();
        VReg a = code.Int(), b = code.Int(), c = code.Int();
        code.Block();
        code.Op(Operand.Def(a)).Op(Operand.Def(b)).Op(Operand.Use(a), Operand.Use(b), Operand.Def(c)).Return(Operand.Use(c));

        AllocationResult result = Allocate(code.Build(), s_four);

        Assert.Equal(0, result.Moves.Count);
        Assert.Equal(0, result.SpillWords);
    }

    [Fact]
    public void A_value_from_a_fixed_def_to_a_fixed_use_stays_in_that_register()
    {
        CodeBuilder code = new();
        VReg a = code.Int();
        code.Block();
        code.Op(Operand.DefFixed(a, P2)).Return(Operand.UseFixed(a, P2));

        Assert.Equal(0, Allocate(code.Build(), s_four).Moves.Count);
    }

    [Fact]
    public void One_value_reaches_several_fixed_registers_of_one_call()
    {
        CodeBuilder code = new();
        VReg a = code.Int();
        code.Block();
        code.Op(Operand.Def(a)).Call(CallerSavedOf(s_four), Operand.UseFixed(a, P0), Operand.UseFixed(a, P1), Operand.UseFixed(a, P3)).Return();

        Assert.Equal(2, Allocate(code.Build(), s_four).Moves.Count);
    }

    [Fact]
    public void A_value_in_a_fixed_use_that_lives_over_the_call_moves_to_a_callee_saved_register()
    {
        CodeBuilder code = new();
        VReg a = code.Int();
        code.Block();
        code.Op(Operand.Def(a)).Call(CallerSavedOf(s_twoAndTwo), Operand.UseFixed(a, P0)).Return(Operand.Use(a));

        AllocationResult result = Allocate(code.Build(), s_twoAndTwo);

        Assert.Equal(1, result.Moves.Count);
        Assert.Equal(0, result.SpillWords);
    }

    [Fact]
    public void A_value_over_a_call_without_callee_saved_registers_is_stored_and_reloaded_once()
    {
        CodeBuilder code = new();
        VReg a = code.Int();
        code.Block();
        code.Op(Operand.Def(a)).Op(Operand.Use(a)).Call(CallerSavedOf(s_four)).Op(Operand.Use(a)).Op(Operand.Use(a)).Return(Operand.Use(a));

        AllocationResult result = Allocate(code.Build(), s_four);

        Assert.Equal(2, result.Moves.Count);
        Assert.Equal(1, result.SpillWords);
    }

    [Fact]
    public void A_value_over_two_calls_is_stored_only_once()
    {
        CodeBuilder code = new();
        VReg a = code.Int();
        RegSet all = CallerSavedOf(s_four);
        code.Block();
        code.Op(Operand.Def(a)).Call(all).Op(Operand.Use(a)).Call(all).Op(Operand.Use(a)).Return();

        AllocationResult result = Allocate(code.Build(), s_four);

        int stores = 0;
        foreach (AllocationMove move in result.Moves.Span)
        {
            stores += move.To.IsSlot ? 1 : 0;
        }

        Assert.Equal(1, stores);
        Assert.Equal(3, result.Moves.Count);
    }

    [Fact]
    public void An_any_use_reads_the_slot()
    {
        CodeBuilder code = new();
        VReg a = code.Int();
        code.Block();
        code.Op(Operand.Def(a)).Call(CallerSavedOf(s_four)).Return(Operand.UseAny(a));

        AllocationResult result = Allocate(code.Build(), s_four);

        Assert.True(result.Allocations[1].IsSlot);
        Assert.Equal(1, result.Moves.Count);
    }

    [Fact]
    public void A_reused_input_that_dies_shares_its_register_without_a_copy()
    {
        CodeBuilder code = new();
        VReg a = code.Int(), b = code.Int(), d = code.Int();
        code.Block();
        code.Op(Operand.Def(a)).Op(Operand.Def(b)).Op(Operand.Use(a), Operand.Use(b), Operand.DefReusing(d, 0)).Return(Operand.Use(d));

        Assert.Equal(0, Allocate(code.Build(), s_four).Moves.Count);
    }

    [Fact]
    public void A_reused_input_that_lives_on_is_copied()
    {
        CodeBuilder code = new();
        VReg a = code.Int(), d = code.Int();
        code.Block();
        code.Op(Operand.Def(a)).Op(Operand.Use(a), Operand.DefReusing(d, 0)).Return(Operand.Use(a), Operand.Use(d));

        Assert.Equal(1, Allocate(code.Build(), s_four).Moves.Count);
    }

    [Fact]
    public void A_reused_input_may_be_the_other_operand_too()
    {
        CodeBuilder code = new();
        VReg a = code.Int(), d = code.Int(), e = code.Int();
        code.Block();
        code.Op(Operand.Def(a)).Op(Operand.Use(a), Operand.Use(a), Operand.DefReusing(d, 0));
        code.Op(Operand.Use(d), Operand.UseLate(d), Operand.DefReusing(e, 0)).Return(Operand.Use(e), Operand.Use(d));

        Assert.Equal(1, Allocate(code.Build(), s_four).Moves.Count);
    }

    [Fact]
    public void A_def_that_reuses_a_fixed_input_is_in_that_register()
    {
        CodeBuilder code = new();
        VReg a = code.Int(), d = code.Int();
        code.Block();
        code.Op(Operand.Def(a)).Op(Operand.UseFixed(a, P1), Operand.DefReusing(d, 0)).Return(Operand.Use(a), Operand.Use(d));

        Assert.Equal(In(P1), Allocate(code.Build(), s_four).Allocations[2]);
    }

    [Fact]
    public void Early_defs_and_late_uses_share_with_nobody()
    {
        CodeBuilder code = new();
        VReg a = code.Int(), b = code.Int(), c = code.Int(), d = code.Int();
        code.Block();
        code.Op(Operand.Def(a)).Op(Operand.Def(b)).Op(Operand.Use(a), Operand.UseLate(b), Operand.DefEarly(c), Operand.Def(d)).Return(Operand.Use(c), Operand.Use(d));

        AllocationResult result = Allocate(code.Build(), With(3, 0));

        Assert.Equal(0, result.Moves.Count);
        Assert.Equal(result.Allocations[2], result.Allocations[5]);    // only the early use and the late def may share
    }

    [Fact]
    public void A_fixed_register_is_free_for_others_before_and_after()
    {
        CodeBuilder code = new();
        VReg a = code.Int(), b = code.Int(), q = code.Int(), r = code.Int();
        code.Block();
        code.Op(Operand.Def(a)).Op(Operand.Def(b));
        code.Op(Operand.UseFixed(a, P0), Operand.Use(b), Operand.DefFixed(q, P0), Operand.DefFixed(r, P1));
        code.Return(Operand.Use(q), Operand.Use(r));

        Assert.Equal(0, Allocate(code.Build(), With(2, 0)).SpillWords);
    }

    [Fact]
    public void Defs_and_parameters_without_uses_are_harmless()
    {
        CodeBuilder code = new();
        VReg a = code.Int(), dead = code.Int(), fixedDead = code.Int(), parameter = code.Int();
        code.Block();
        code.Op(Operand.Def(a), Operand.DefFixed(fixedDead, P0)).Op(Operand.Def(dead)).Jump(1, a);
        code.Block(0, false, parameter);
        code.Return();

        Assert.Equal(0, Allocate(code.Build(), s_four).Moves.Count);
    }

    [Fact]
    public void Loop_carried_values_are_coalesced()
    {
        CodeBuilder code = new();
        VReg start = code.Int(), i = code.Int(), next = code.Int();
        code.Block();
        code.Op(Operand.Def(start)).Jump(1, start);
        code.Block(1, false, i);
        code.Op(Operand.Use(i), Operand.DefReusing(next, 0)).Branch([2, 3]);
        code.Block(1);
        code.Jump(1, next);
        code.Block();
        code.Return(Operand.Use(next));

        Assert.Equal(0, Allocate(code.Build(), s_four).Moves.Count);
    }

    [Fact]
    public void Values_swapped_around_a_loop_go_through_the_scratch_register()
    {
        CodeBuilder code = new();
        VReg a = code.Int(), b = code.Int(), x = code.Int(), y = code.Int();
        code.Block();
        code.Op(Operand.Def(a)).Op(Operand.Def(b)).Jump(1, a, b);
        code.Block(1, false, x, y);
        code.Op(Operand.Use(x), Operand.Use(y)).Branch([2, 3]);
        code.Block(1);
        code.Jump(1, y, x);
        code.Block();
        code.Return();

        AllocationResult result = Allocate(code.Build(), s_four);

        Assert.Equal(3, result.Moves.Count);
        Assert.True(result.Written.Contains(IntScratch));
    }

    [Fact]
    public void A_value_not_used_in_a_loop_is_spilled_around_it_and_not_in_it()
    {
        CodeBuilder code = new();
        VReg kept = code.Int();
        VReg[] busy = code.Ints(4);
        code.Block();
        code.Op(Operand.Def(kept)).Op(Operand.Use(kept)).Op(Operand.Def(busy[0]), Operand.Def(busy[1]), Operand.Def(busy[2]), Operand.Def(busy[3])).Jump(1);
        code.Block(1);
        code.Op(Operand.Use(busy[0]), Operand.Use(busy[1]), Operand.Use(busy[2]), Operand.Use(busy[3])).Branch([2, 3]);
        code.Block(1);
        code.Jump(1);
        code.Block();
        code.Op(Operand.Use(kept)).Return();
        VCode built = code.Build();

        AllocationResult result = Allocate(built, s_four);

        Assert.Equal(2, result.Moves.Count);
        foreach (AllocationMove move in result.Moves.Span)
        {
            Assert.False(move.Point.Inst >= built.Blocks[1].FirstInst && move.Point.Inst < built.Blocks[2].EndInst);
        }
    }

    [Fact]
    public void Spilled_values_that_do_not_overlap_share_a_slot()
    {
        CodeBuilder code = new();
        RegSet all = CallerSavedOf(s_four);
        code.Block();
        for (int k = 0; k < 5; k++)
        {
            VReg v = code.Int();
            code.Op(Operand.Def(v)).Call(all).Op(Operand.Use(v));
        }

        code.Return();

        Assert.Equal(1, Allocate(code.Build(), s_four).SpillWords);
    }

    [Fact]
    public void Wide_float_slots_take_two_aligned_words()
    {
        CodeBuilder code = new() { FloatSpillWords = 2 };
        VReg i = code.Int(), f = code.Float(), g = code.Float();
        code.Block();
        code.Op(Operand.Def(i), Operand.Def(f), Operand.Def(g)).Call(CallerSavedOf(s_four)).Return(Operand.Use(i), Operand.Use(f), Operand.Use(g));

        Assert.Equal(5, Allocate(code.Build(), s_four).SpillWords);
    }

    [Fact]
    public void Hundreds_of_live_values_fit_two_registers()
    {
        CodeBuilder code = new();
        VReg[] values = code.Ints(300);
        code.Block();
        foreach (VReg v in values)
        {
            code.Op(Operand.Def(v));
        }

        for (int k = 1; k < values.Length; k++)
        {
            code.Op(Operand.Use(values[k - 1]), Operand.Use(values[k]));
        }

        code.Return();

        Assert.InRange(Allocate(code.Build(), With(2, 0)).SpillWords, 250, 300);
    }

    [Fact]
    public void A_callee_saved_register_is_not_worth_a_value_of_a_cold_block()
    {
        CodeBuilder code = new();
        VReg a = code.Int();
        code.Block();
        code.Branch([1, 2]);
        code.Block();
        code.Return();
        code.Block(0, isCold: true);
        code.Op(Operand.Def(a)).Call(CallerSavedOf(s_twoAndTwo)).Return(Operand.Use(a));

        AllocationResult result = Allocate(code.Build(), s_twoAndTwo);

        Assert.False(result.Written.Contains(P2) || result.Written.Contains(P3));
    }

    [Fact]
    public void A_warm_allocator_allocates_nothing()
    {
        List<VCode> codes = [];
        for (ulong seed = 0; seed < 40; seed++)
        {
            codes.Add(RealisticCode.Generate(seed, 600));
            codes.Add(RandomCode.Generate(new SplitMix64(seed), RealisticCode.Environment, 16, 30));
        }

        SplitAllocator allocator = new();
        AllocationResult result = new();
        for (int round = 0; round < 2; round++)
        {
            foreach (VCode code in codes)
            {
                allocator.Allocate(code, RealisticCode.Environment, result);
            }
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (VCode code in codes)
        {
            allocator.Allocate(code, RealisticCode.Environment, result);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
