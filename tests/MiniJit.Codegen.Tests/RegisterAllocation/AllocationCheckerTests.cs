using System;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using MiniJit.IR;
using Xunit;

namespace MiniJit.Codegen.Tests.RegisterAllocation;

/// <summary>A checker that accepts everything would pass all other tests: here right answers are made wrong.</summary>
public sealed class AllocationCheckerTests
{
    private static readonly MachineEnvironment s_machine = TestMachine.With(3, 1);

    private static (VCode Code, AllocationResult Result) Sample(ulong seed)
    {
        SplitMix64 random = new(seed);
        VCode code = RandomCode.Generate(random, s_machine, 10, 10);
        AllocationResult result = new();
        new SplitAllocator().Allocate(code, s_machine, result);
        Assert.Null(AllocationChecker.Check(code, s_machine, result));
        return (code, result);
    }

    private static void WithoutMove(AllocationResult result, int index)
    {
        AllocationMove[] kept = [.. result.Moves.Span[..index], .. result.Moves.Span[(index + 1)..]];
        result.Moves.Clear();
        result.Moves.AddRange(kept);
    }

    [Fact]
    public void Dropped_moves_are_found()
    {
        // Some moves are redundant in fact (a store that no path reloads), so most and not all.
        int dropped = 0, found = 0;
        for (ulong seed = 0; seed < 300; seed++)
        {
            (VCode code, AllocationResult result) = Sample(seed);
            if (result.Moves.Count > 0)
            {
                dropped++;
                WithoutMove(result, (int)(seed % (ulong)result.Moves.Count));
                found += AllocationChecker.Check(code, s_machine, result) != null ? 1 : 0;
            }
        }

        Assert.True(dropped > 200 && found > dropped * 4 / 5, $"{found} of {dropped}");
    }

    [Fact]
    public void Operands_in_the_wrong_register_are_found()
    {
        // A value may happen to be in the other register as well, as the copy for a fixed operand.
        int changed = 0, found = 0;
        for (ulong seed = 0; seed < 300; seed++)
        {
            (VCode code, AllocationResult result) = Sample(seed);
            for (int o = 0; o < code.Operands.Count; o++)
            {
                ref Allocation place = ref result.Allocations[o];
                if (code.Operands[o].Kind == OperandKind.Use && place.IsReg && code.Operands[o].Reg.Class == RegClass.Int && place.Register.Number < 4)
                {
                    place = Allocation.Reg(PReg.Int((place.Register.Number + 1) % 4));
                    changed++;
                    found += AllocationChecker.Check(code, s_machine, result) != null ? 1 : 0;
                    break;
                }
            }
        }

        Assert.True(changed > 200 && found > changed * 95 / 100, $"{found} of {changed}");
    }

    [Fact]
    public void Swapped_moves_that_depend_on_each_other_are_found()
    {
        int swapped = 0, found = 0;
        for (ulong seed = 0; seed < 2000; seed++)
        {
            (VCode code, AllocationResult result) = Sample(seed);
            for (int m = 0; m + 1 < result.Moves.Count; m++)
            {
                ref AllocationMove first = ref result.Moves[m], second = ref result.Moves[m + 1];
                if (first.Point == second.Point && (first.From == second.To || first.To == second.From))
                {
                    (first, second) = (second, first);
                    swapped++;
                    found += AllocationChecker.Check(code, s_machine, result) != null ? 1 : 0;
                    break;
                }
            }
        }

        Assert.True(swapped > 100 && found > swapped * 9 / 10, $"{found} of {swapped}");
    }

    [Fact]
    public void A_value_that_a_call_clobbers_is_found()
    {
        CodeBuilder builder = new();
        VReg a = builder.Int();
        builder.Block();
        builder.Op(Operand.Def(a)).Call(TestMachine.CallerSavedOf(s_machine)).Return(Operand.Use(a));
        AllocationResult result = new() { Written = new RegSet(ulong.MaxValue) };
        result.Allocations.Fill(2, Allocation.Reg(PReg.Int(0)));

        Assert.Contains("clobbers", AllocationChecker.Check(builder.Build(), s_machine, result), StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_that_only_one_path_provides_is_found()
    {
        CodeBuilder builder = new();
        VReg a = builder.Int();
        builder.Block();
        builder.Op(Operand.Def(a)).Branch([1, 2]);
        builder.Block();
        builder.Jump(3);
        builder.Block();
        builder.Jump(3);
        builder.Block();
        builder.Return(Operand.Use(a));
        AllocationResult result = new() { Written = new RegSet(ulong.MaxValue) };
        result.Allocations.Add(Allocation.Reg(PReg.Int(0)));
        result.Allocations.Add(Allocation.Reg(PReg.Int(1)));
        result.Moves.Add(new AllocationMove(ProgPoint.Before(2), Allocation.Reg(PReg.Int(0)), Allocation.Reg(PReg.Int(1)), RegClass.Int));

        Assert.Contains("some path", AllocationChecker.Check(builder.Build(), s_machine, result), StringComparison.Ordinal);
    }

    [Fact]
    public void An_early_def_over_an_early_use_is_found()
    {
        CodeBuilder builder = new();
        VReg a = builder.Int(), b = builder.Int();
        builder.Block();
        builder.Op(Operand.Def(a)).Op(Operand.Use(a), Operand.DefEarly(b)).Return(Operand.Use(b));
        AllocationResult result = new() { Written = new RegSet(ulong.MaxValue) };
        result.Allocations.Fill(4, Allocation.Reg(PReg.Int(0)));

        Assert.Contains("share", AllocationChecker.Check(builder.Build(), s_machine, result), StringComparison.Ordinal);
    }

    [Fact]
    public void A_move_over_what_an_arrival_brought_along_is_found()
    {
        CodeBuilder builder = new();
        VReg a = builder.Int(), b = builder.Int();
        builder.Block();
        builder.Op(Operand.Def(a)).TryCall(0, [1], TestMachine.CallerSavedOf(s_machine));
        builder.Block();
        builder.Op(1, RegSet.Empty, MachineInstFlags.Arrival, Operand.DefFixed(b, PReg.Int(0)) with { Pos = OperandPos.Early }).Return(Operand.Use(b));
        VCode code = builder.Build();
        Allocation register = Allocation.Reg(PReg.Int(0));
        AllocationResult result = new() { Written = new RegSet(ulong.MaxValue), SpillWords = 1 };
        result.Allocations.Fill(3, register);
        Assert.Null(VCodeValidator.Validate(code));
        Assert.Null(AllocationChecker.Check(code, s_machine, result));

        result.Moves.Add(new AllocationMove(ProgPoint.Before(2), Allocation.Slot(0), register, RegClass.Int));

        Assert.Contains("brought a value along", AllocationChecker.Check(code, s_machine, result), StringComparison.Ordinal);
    }

    [Fact]
    public void The_validator_finds_an_arrival_that_is_not_the_first_instruction()
    {
        CodeBuilder builder = new();
        VReg a = builder.Int(), b = builder.Int();
        builder.Block();
        builder.TryCall(0, [1], RegSet.Empty);
        builder.Block();
        builder.Op(Operand.Def(a)).Op(1, RegSet.Empty, MachineInstFlags.Arrival, Operand.DefFixed(b, PReg.Int(0)) with { Pos = OperandPos.Early }).Return();

        Assert.Contains("not the first", VCodeValidator.Validate(builder.Build()), StringComparison.Ordinal);
    }

    [Fact]
    public void The_validator_finds_an_arrival_in_no_particular_register()
    {
        CodeBuilder builder = new();
        VReg a = builder.Int();
        builder.Block();
        builder.TryCall(0, [1], RegSet.Empty);
        builder.Block();
        builder.Op(1, RegSet.Empty, MachineInstFlags.Arrival, Operand.DefEarly(a)).Return();

        Assert.Contains("not an early def in a fixed register", VCodeValidator.Validate(builder.Build()), StringComparison.Ordinal);
    }

    [Fact]
    public void The_validator_finds_a_use_that_its_def_does_not_dominate()
    {
        CodeBuilder builder = new();
        VReg a = builder.Int();
        builder.Block();
        builder.Branch([1, 2]);
        builder.Block();
        builder.Op(Operand.Def(a)).Jump(3);
        builder.Block();
        builder.Jump(3);
        builder.Block();
        builder.Return(Operand.Use(a));

        Assert.Contains("dominate", VCodeValidator.Validate(builder.Build()), StringComparison.Ordinal);
    }

    [Fact]
    public void The_validator_finds_a_critical_edge()
    {
        CodeBuilder builder = new();
        builder.Block();
        builder.Branch([1, 2]);
        builder.Block();
        builder.Jump(2);
        builder.Block();
        builder.Return();

        Assert.Contains("critical", VCodeValidator.Validate(builder.Build()), StringComparison.Ordinal);
    }

    [Fact]
    public void The_validator_finds_a_second_def()
    {
        CodeBuilder builder = new();
        VReg a = builder.Int();
        builder.Block();
        builder.Op(Operand.Def(a)).Op(Operand.Def(a)).Return();

        Assert.Contains("twice", VCodeValidator.Validate(builder.Build()), StringComparison.Ordinal);
    }
}
