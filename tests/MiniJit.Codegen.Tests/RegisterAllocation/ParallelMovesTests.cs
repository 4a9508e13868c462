using System;
using System.Collections.Generic;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using MiniJit.IR;
using Xunit;

namespace MiniJit.Codegen.Tests.RegisterAllocation;

public sealed class ParallelMovesTests
{
    private const int SpillWords = 8;

    private static readonly MachineEnvironment s_machine = TestMachine.With(8, 0);

    private static Allocation R(int n) => Allocation.Reg(PReg.Int(n));

    private static Allocation S(int n) => Allocation.Slot(n);

    /// <summary>Orders the moves, executes them and compares with all of them at once.</summary>
    private static AllocationResult Resolve(params (Allocation From, Allocation To)[] moves)
    {
        AllocationResult result = new() { SpillWords = SpillWords };
        ParallelMoves resolver = new();
        resolver.Reset(SpillWords);
        Dictionary<Allocation, Allocation> places = [];
        foreach ((Allocation from, Allocation to) in moves)
        {
            resolver.Add(from, to, RegClass.Int);
        }

        resolver.Resolve(ProgPoint.Before(0), s_machine, 1, result);
        foreach (AllocationMove move in result.Moves.Span)
        {
            Assert.False(move.From.IsSlot && move.To.IsSlot);
            places[move.To] = places.GetValueOrDefault(move.From, move.From);
        }

        foreach ((Allocation from, Allocation to) in moves)
        {
            Assert.Equal(from, places.GetValueOrDefault(to, to));
        }

        foreach (Allocation place in places.Keys)
        {
            bool isTarget = Array.Exists(moves, m => m.To == place);
            Assert.True(isTarget || place == Allocation.Reg(TestMachine.IntScratch) || place.SlotIndex >= SpillWords);
        }

        return result;
    }

    [Fact]
    public void A_chain_is_written_from_its_end() => Assert.Equal(3, Resolve((R(0), R(1)), (R(1), R(2)), (R(2), R(3))).Moves.Count);

    [Fact]
    public void One_source_feeds_many_targets() => Assert.Equal(3, Resolve((R(0), R(1)), (R(0), R(2)), (R(0), S(0))).Moves.Count);

    [Fact]
    public void A_move_to_itself_is_nothing() => Assert.Equal(0, Resolve((R(0), R(0)), (S(1), S(1))).Moves.Count);

    [Fact]
    public void A_swap_takes_three_moves() => Assert.Equal(3, Resolve((R(0), R(1)), (R(1), R(0))).Moves.Count);

    [Fact]
    public void Two_cycles_and_a_tail_share_the_scratch_register() =>
        Assert.Equal(3 + 4 + 1, Resolve((R(0), R(1)), (R(1), R(0)), (R(2), R(3)), (R(3), R(4)), (R(4), R(2)), (R(0), R(5))).Moves.Count);

    [Fact]
    public void Slot_to_slot_goes_through_scratch() => Assert.Equal(2, Resolve((S(0), S(1))).Moves.Count);

    [Fact]
    public void Swapped_slots_park_a_value_in_a_slot_of_their_own()
    {
        AllocationResult result = Resolve((S(0), S(1)), (S(1), S(0)));
        Assert.Equal(SpillWords + 1, result.SpillWords);
    }

    [Fact]
    public void A_cycle_over_registers_and_slots_is_resolved() => Resolve((R(0), S(0)), (S(0), S(1)), (S(1), R(1)), (R(1), R(0)), (S(0), R(4)));

    [Fact]
    public void Random_groups_act_as_if_at_once()
    {
        SplitMix64 random = new(0x5eed);
        for (int k = 0; k < 5000; k++)
        {
            List<(Allocation, Allocation)> moves = [];
            int places = random.Between(2, 7);
            for (int target = 0; target < 2 * places; target++)
            {
                if (random.Chance(75))
                {
                    int source = random.Below(2 * places);
                    moves.Add((source < places ? R(source) : S(source - places), target < places ? R(target) : S(target - places)));
                }
            }

            Resolve([.. moves]);
        }
    }
}
