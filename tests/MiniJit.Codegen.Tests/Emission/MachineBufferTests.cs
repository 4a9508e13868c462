using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using MiniJit.Codegen;
using MiniJit.Codegen.Emission;
using Xunit;

namespace MiniJit.Codegen.Tests.Emission;

public class MachineBufferTests
{
    private readonly CompiledCode _code = new();

    private static void Mark(MachineBuffer buffer, int id)
    {
        buffer.StartInstruction();
        buffer.Put4(ToyIsa.OpMark | (uint)id);
    }

    private static void Return(MachineBuffer buffer)
    {
        buffer.StartInstruction();
        buffer.Put4(ToyIsa.OpReturn);
    }

    private uint[] Finish(MachineBuffer buffer)
    {
        buffer.Finish(_code, []);
        uint[] words = new uint[_code.Bytes.Length / 4];
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = BinaryPrimitives.ReadUInt32LittleEndian(_code.Bytes[(i * 4)..]);
        }

        return words;
    }

    [Fact]
    public void A_jump_to_the_next_block_is_not_written()
    {
        MachineBuffer buffer = new(new ToyIsa());
        buffer.Reset(2);
        buffer.Jump(new Label(0));
        buffer.Bind(new Label(0));
        Mark(buffer, 1);
        buffer.Jump(new Label(1));
        buffer.Bind(new Label(1));
        Return(buffer);
        Assert.Equal([ToyIsa.OpMark | 1, ToyIsa.OpReturn], Finish(buffer));
        Assert.Equal([0, 4], _code.BlockOffsets.ToArray());
    }

    [Fact]
    public void A_branch_whose_taken_target_is_next_is_inverted()
    {
        MachineBuffer buffer = new(new ToyIsa());
        buffer.Reset(3);
        buffer.Bind(new Label(0));
        Mark(buffer, 1);
        buffer.Branch(4, new Label(1), new Label(2));
        buffer.Bind(new Label(1));
        Mark(buffer, 2);
        Return(buffer);
        buffer.Bind(new Label(2));
        Return(buffer);
        Assert.Equal([ToyIsa.OpMark | 1, ToyIsa.OpBranch | 5 | (3 << 5), ToyIsa.OpMark | 2, ToyIsa.OpReturn, ToyIsa.OpReturn], Finish(buffer));
    }

    [Fact]
    public void A_branch_with_two_equal_targets_is_a_jump()
    {
        MachineBuffer buffer = new(new ToyIsa());
        buffer.Reset(3);
        buffer.Thread(new Label(1), new Label(2));
        buffer.Bind(new Label(0));
        Mark(buffer, 1);
        buffer.Branch(4, new Label(1), new Label(2));
        buffer.Bind(new Label(2));
        Return(buffer);
        Assert.Equal([ToyIsa.OpMark | 1, ToyIsa.OpReturn], Finish(buffer));
    }

    [Fact]
    public void A_branch_on_either_condition_falls_through_to_both_sides()
    {
        foreach (int next in new[] { 1, 2 })
        {
            MachineBuffer buffer = new(new ToyIsa());
            buffer.Reset(3);
            buffer.Bind(new Label(0));
            Mark(buffer, 0);
            buffer.BranchEither(4, 6, new Label(1), new Label(2));
            foreach (int block in new[] { next, 3 - next })
            {
                buffer.Bind(new Label(block));
                Mark(buffer, block);
                Return(buffer);
            }

            Assert.Equal(7, Finish(buffer).Length);
            foreach ((uint flags, int expected) in new[] { (1u << 4 | 1 << 7, 1), (1u << 5 | 1 << 6, 1), (1u << 4 | 1 << 6, 1), (1u << 5 | 1 << 7, 2) })
            {
                Assert.Equal(["mark 0", $"mark {expected}", "return"], ToyIsa.Walk(_code.Bytes, 0, flags, 10));
            }
        }
    }

    [Fact]
    public void An_empty_endless_loop_keeps_its_jump()
    {
        MachineBuffer buffer = new(new ToyIsa());
        buffer.Reset(3);
        buffer.Thread(new Label(1), new Label(2));
        buffer.Thread(new Label(2), new Label(1));
        Assert.True(buffer.IsThreaded(new Label(1)));
        Assert.False(buffer.IsThreaded(new Label(2)));
        buffer.Bind(new Label(0));
        Mark(buffer, 1);
        buffer.Jump(new Label(1));
        buffer.Bind(new Label(2));
        buffer.Jump(new Label(1));
        Assert.Equal([ToyIsa.OpMark | 1, ToyIsa.OpJump], Finish(buffer));
        Assert.Equal("loop", ToyIsa.Walk(_code.Bytes, 0, 0, 10)[^1]);
    }

    [Fact]
    public void A_split_field_stores_the_low_bits_apart()
    {
        MachineBuffer buffer = new(new ToyIsa());
        buffer.Reset(2);
        buffer.Bind(new Label(0));
        buffer.StartInstruction();
        ToyIsa.EmitUse(buffer, ToyIsa.OpSplit, new Label(1), ToyIsa.Split21);
        buffer.Put1(1);
        buffer.Put1(2);
        buffer.Put1(3);
        buffer.Bind(new Label(1));
        buffer.StartInstruction();
        buffer.Put1(4);
        buffer.Finish(_code, []);
        Assert.Equal((3u << 29) | (1u << 5), BinaryPrimitives.ReadUInt32LittleEndian(_code.Bytes));
    }

    [Fact]
    public void Equal_constants_share_a_place_and_wide_ones_come_first()
    {
        MachineBuffer buffer = new(new ToyIsa());
        buffer.Reset(1);
        ConstantPool pool = new();
        buffer.Constants = pool;
        int narrow = pool.AddUInt32(7), wide = pool.Add(new byte[16], 16), again = pool.AddUInt32(7);
        Assert.Equal(narrow, again);
        buffer.Bind(new Label(0));
        foreach (int handle in new[] { narrow, wide, again })
        {
            buffer.StartInstruction();
            ToyIsa.EmitUse(buffer, ToyIsa.OpLiteral, buffer.ConstantLabel(handle, ToyIsa.Literal19), ToyIsa.Literal19);
        }

        Return(buffer);
        buffer.Finish(_code, []);
        Assert.Equal(16, _code.CodeSize);
        Assert.Equal(36, _code.Bytes.Length);
        Assert.Equal(["literal 7", "literal 0", "literal 7", "return"], ToyIsa.Walk(_code.Bytes, 0, 0, 10));
        Assert.Equal(16, _code.Alignment);
    }

    [Fact]
    public void Table_entries_count_from_the_start_of_the_table()
    {
        MachineBuffer buffer = new(new ToyIsa());
        buffer.Reset(3);
        JumpTables tables = new();
        buffer.Tables = tables;
        int table = tables.Begin();
        tables.AddTarget(2);
        tables.AddTarget(1);
        tables.AddTarget(2);
        buffer.Bind(new Label(0));
        buffer.StartInstruction();
        ToyIsa.EmitUse(buffer, ToyIsa.OpLiteral, buffer.TableLabel(table), ToyIsa.Literal19);
        for (int i = 1; i < 3; i++)
        {
            buffer.Bind(new Label(i));
            Return(buffer);
        }

        uint[] words = Finish(buffer);
        Assert.Equal([ToyIsa.OpLiteral | (3 << 5), ToyIsa.OpReturn, ToyIsa.OpReturn, unchecked((uint)-4), unchecked((uint)-8), unchecked((uint)-4)], words);
    }

    [Fact]
    public void Traps_of_one_code_and_source_share_a_stub_that_carries_the_source()
    {
        MachineBuffer buffer = new(new ToyIsa());
        buffer.Reset(1);
        buffer.Bind(new Label(0));
        foreach ((uint source, byte trap) in new (uint, byte)[] { (5, 9), (5, 9), (6, 9), (6, 8) })
        {
            buffer.SetSource(source);
            buffer.StartInstruction();
            ToyIsa.EmitUse(buffer, ToyIsa.OpBranch, buffer.TrapLabel(trap), ToyIsa.Branch19);
        }

        buffer.SetSource(0);
        Return(buffer);
        buffer.Finish(_code, []);
        Assert.Equal([(20, 9), (24, 9), (28, 8)], Array.ConvertAll(_code.Traps.ToArray(), t => (t.Offset, (int)t.Code.Raw)));
        Assert.Equal(
            [(0, 8, 4u), (8, 16, 5u), (20, 24, 4u), (24, 32, 5u)],
            Array.ConvertAll(_code.SourceMap.ToArray(), s => (s.Start, s.End, s.Location)));
    }

    [Fact]
    public void An_unbound_label_is_a_bug_of_the_compiler()
    {
        MachineBuffer buffer = new(new ToyIsa());
        buffer.Reset(2);
        buffer.Bind(new Label(0));
        Mark(buffer, 0);
        buffer.Jump(new Label(1));
        Assert.Throws<MiniJit.IR.CompilerBugException>(() => buffer.Finish(_code, []));
    }

    /// <summary>Random control flow with all reaches shrunk until islands appear everywhere, against a walk over the blocks.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(5)]
    public void Islands_keep_every_path_when_reaches_shrink(int rangeShift)
    {
        ToyIsa isa = new();
        MachineBuffer buffer = new(isa, rangeShift);
        int islands = 0;
        for (int seed = 0; seed < 20; seed++)
        {
            Random random = new(seed);
            int count = 2 + random.Next(80);
            ConstantPool pool = new();
            buffer.Reset(count);
            buffer.Constants = pool;
            ToyBlock[] blocks = new ToyBlock[count];
            for (int i = 0; i < count; i++)
            {
                blocks[i] = new ToyBlock(
                    random.Next(7), (uint)random.Next(16) | (random.Next(2) == 0 ? 16u : 0), (uint)random.Next(16), random.Next(count), random.Next(count),
                    random.Next(5) == 0 ? 0 : random.Next(random.Next(3) == 0 ? 400 : 12));
            }

            for (int i = 0; i < count; i++)
            {
                if (blocks[i].Kind <= 1 && blocks[i].Length == 0)
                {
                    buffer.Thread(new Label(i), new Label(blocks[i].Else));
                }
            }

            buffer.Jump(new Label(0));
            for (int i = 0; i < count; i++)
            {
                if (!buffer.IsThreaded(new Label(i)))
                {
                    EmitBlock(buffer, pool, i, blocks[i]);
                }
            }

            buffer.Finish(_code, []);
            foreach (uint flags in new[] { 0x5555u, 0xAAAAu, 0x6996u & 0xFFFF, 0x9966u })
            {
                uint consistent = Consistent(flags);
                List<string> expected = Reference(blocks, consistent);
                List<string> actual = ToyIsa.Walk(_code.Bytes, 0, consistent, expected.Count);
                Assert.Equal(expected, actual.ConvertAll(s => s.StartsWith("trap", StringComparison.Ordinal) ? "trap" : s));
            }

            islands += buffer.IslandCount;
        }

        Assert.True(islands > 0 || rangeShift < 4);
    }

    private sealed record ToyBlock(int Kind, uint Condition, uint Other, int Taken, int Else, int Length);

    // Complementary conditions differ in bit 0: exactly one of each pair holds.
    private static uint Consistent(uint flags)
    {
        uint even = flags & 0x5555;
        return even | ((~even & 0x5555) << 1);
    }

    private static void EmitBlock(MachineBuffer buffer, ConstantPool pool, int id, ToyBlock block)
    {
        buffer.Bind(new Label(id));
        for (int j = 0; j < block.Length; j++)
        {
            Mark(buffer, (id * 1000) + j);
            if (j % 7 == 3)
            {
                buffer.StartInstruction();
                ToyIsa.EmitUse(buffer, ToyIsa.OpLiteral, buffer.ConstantLabel(pool.AddUInt32((uint)(j * 3)), ToyIsa.Literal19), ToyIsa.Literal19);
            }
        }

        switch (block.Kind)
        {
            case 0 or 1:
                buffer.Jump(new Label(block.Else));
                break;
            case 2 or 3:
                buffer.Branch(block.Condition, new Label(block.Taken), new Label(block.Else));
                break;
            case 4:
                buffer.BranchEither(block.Condition, block.Other, new Label(block.Taken), new Label(block.Else));
                break;
            case 5:
                buffer.StartInstruction();
                ToyIsa.EmitUse(buffer, ToyIsa.OpBranch | block.Other, buffer.TrapLabel(1), ToyIsa.Branch19);
                buffer.Jump(new Label(block.Else));
                break;
            default:
                Return(buffer);
                break;
        }
    }

    private static List<string> Reference(ToyBlock[] blocks, uint flags)
    {
        List<string> seen = [];
        int at = 0;
        bool Holds(uint condition) => ((flags >> (int)(condition & 15)) & 1) != 0;
        for (int steps = 0; steps < 200; steps++)
        {
            ToyBlock block = blocks[at];
            for (int j = 0; j < block.Length; j++)
            {
                seen.Add($"mark {(at * 1000) + j}");
                if (j % 7 == 3)
                {
                    seen.Add($"literal {j * 3}");
                }
            }

            switch (block.Kind)
            {
                case 2 or 3:
                    at = Holds(block.Condition) ? block.Taken : block.Else;
                    break;
                case 4:
                    at = Holds(block.Condition) || Holds(block.Other) ? block.Taken : block.Else;
                    break;
                case 5 when Holds(block.Other):
                    seen.Add("trap");
                    return seen;
                case 6:
                    seen.Add("return");
                    return seen;
                default:
                    at = block.Else;
                    break;
            }
        }

        return seen;
    }

    [Fact]
    public void A_warm_buffer_allocates_nothing()
    {
        MachineBuffer buffer = new(new ToyIsa(), 4);
        ConstantPool pool = new();
        long before = 0;
        for (int round = 0; round < 10; round++)
        {
            before = GC.GetAllocatedBytesForCurrentThread();
            pool.Clear();
            buffer.Reset(40);
            buffer.Constants = pool;
            for (int i = 0; i < 40; i++)
            {
                buffer.Bind(new Label(i));
                for (int j = 0; j < 50; j++)
                {
                    Mark(buffer, j);
                }

                buffer.StartInstruction();
                ToyIsa.EmitUse(buffer, ToyIsa.OpLiteral, buffer.ConstantLabel(pool.AddUInt32((uint)i & 7), ToyIsa.Literal19), ToyIsa.Literal19);
                ToyIsa.EmitUse(buffer, ToyIsa.OpBranch, buffer.TrapLabel((byte)(1 + (i & 3))), ToyIsa.Branch19);
                buffer.Branch(18, new Label((i * 7) % 40), new Label((i * 13) % 40));
            }

            buffer.Finish(_code, []);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(buffer.IslandCount > 0);
    }
}
