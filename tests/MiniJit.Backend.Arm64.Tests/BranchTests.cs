// Control flow of random functions with branches whose reach is shrunk until islands and veneers are everywhere: a walk over the decoded
// code passes the same blocks, and loads the same literals, as one over the VCode.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using MiniJit.Codegen;
using MiniJit.Codegen.Machine;
using Xunit;
using static MiniJit.Backend.Arm64.Registers;

namespace MiniJit.Backend.Arm64.Tests;

public class BranchTests
{
    private const int Steps = 300;

    private enum Ending
    {
        Jump,
        Branch,
        BranchEither,
        BranchZero,
        BranchBit,
        Trap,
    }

    private sealed record Shape(Ending Ending, Condition Condition, Condition Other, int Bit, int Taken, int Else, int Padding, bool HasLiteral);

    [Theory]
    [InlineData(0, false)]
    [InlineData(4, false)]
    [InlineData(5, false)]
    [InlineData(5, true)]
    public void Random_control_flow_survives_short_reaches(int rangeShift, bool padsBlocks)
    {
        EmitHarness harness = new(default, rangeShift);
        int islands = 0;
        for (int seed = 0; seed < 50; seed++)
        {
            Random random = new(seed);
            Shape[] shapes = new Shape[1 + random.Next(60)];
            harness.Reset();
            harness.Frame.BlockPadding = padsBlocks ? 512 : 0;
            for (int i = 0; i < shapes.Length; i++)
            {
                shapes[i] = new(
                    (Ending)random.Next(6), (Condition)random.Next(14), (Condition)random.Next(14), random.Next(64), random.Next(shapes.Length),
                    random.Next(shapes.Length), random.Next(2) == 0 ? 0 : random.Next(60), random.Next(3) == 0);
                Build(harness, i, shapes[i]);
            }

            CompiledCode code = harness.Emit();
            islands += harness.IslandCount;
            for (int world = 0; world < 4; world++)
            {
                uint key = (uint)random.Next();
                List<long> expected = Reference(shapes, key), actual = Walk(code, key);
                Assert.True(expected.ToArray().AsSpan().SequenceEqual(actual.ToArray()), $"seed {seed}");
            }
        }

        Assert.Equal(rangeShift == 0, islands == 0);
    }

    /// <summary>Whether a condition holds in a world: arbitrary, but opposite conditions never agree.</summary>
    private static bool Holds(uint condition, uint key)
    {
        uint hash = ((condition >> 1) ^ key) * 0x9E3779B1;
        return ((hash >> 17) & 1) != (condition & 1);
    }

    private static void Build(EmitHarness harness, int id, Shape shape)
    {
        harness.Block();
        harness.Add(A64Form.Movz, 4, X(0)).Imm = id;
        if (shape.HasLiteral)
        {
            harness.Add(A64Form.LoadFloat, 8, V(1)).Imm = LiteralOf(id);
        }

        for (int i = 0; i < shape.Padding; i++)
        {
            harness.Add(A64Form.MoveInt, 8, X(1), X(2));
        }

        // Traps that nobody takes: their stubs go to the islands too.
        harness.Add(A64Form.TrapIfZero, 8, X(30)).Trap = (byte)(1 + (id % 7));
        ref MachineInst end = ref AddEnding(harness, shape);
        end.Cond = (byte)shape.Condition;
        end.Data = shape.Taken;
        end.Imm = shape.Else;
        switch (shape.Ending)
        {
            case Ending.Jump:
                end.Data = shape.Else;
                break;
            case Ending.BranchEither:
                end.Aux = (byte)shape.Other;
                break;
            case Ending.BranchZero or Ending.BranchBit:
                end.Cond &= 1;
                end.Aux = (byte)shape.Bit;
                break;
        }
    }

    private static ref MachineInst AddEnding(EmitHarness harness, Shape shape)
    {
        switch (shape.Ending)
        {
            case Ending.Jump: return ref harness.Add(A64Form.Jump, 0);
            case Ending.Branch: return ref harness.Add(A64Form.Branch, 0);
            case Ending.BranchEither: return ref harness.Add(A64Form.BranchEither, 0);
            case Ending.BranchZero: return ref harness.Add(A64Form.BranchZero, 8, X(3));
            case Ending.BranchBit: return ref harness.Add(A64Form.BranchBit, 0, X(4));
            default: return ref harness.Add(A64Form.Trap, 0);
        }
    }

    private static long LiteralOf(int id) => 0x4012_3456_0000_0000 + id;

    private static List<long> Reference(Shape[] shapes, uint key)
    {
        List<long> seen = [];
        int at = 0;
        while (seen.Count < Steps)
        {
            Shape shape = shapes[at];
            seen.Add(at);
            if (shape.HasLiteral && seen.Count < Steps)
            {
                seen.Add(LiteralOf(at));
            }

            bool nonZero = ((int)shape.Condition & 1) != 0;
            bool taken = shape.Ending switch
            {
                Ending.Branch => Holds(BranchEncoder.OfFlags(shape.Condition), key),
                Ending.BranchEither => Holds(BranchEncoder.OfFlags(shape.Condition), key) || Holds(BranchEncoder.OfFlags(shape.Other), key),
                Ending.BranchZero => Holds(BranchEncoder.OfRegister(X(3), 8, nonZero), key),
                Ending.BranchBit => Holds(BranchEncoder.OfBit(X(4), shape.Bit, nonZero), key),
                _ => false,
            };
            if (shape.Ending == Ending.Trap)
            {
                break;
            }

            at = taken ? shape.Taken : shape.Else;
        }

        return seen;
    }

    private static List<long> Walk(CompiledCode code, uint key)
    {
        List<long> seen = [];
        int at = 0;
        while (seen.Count < Steps)
        {
            Assert.True(Decode.TryInstruction(BinaryPrimitives.ReadUInt32LittleEndian(code.Bytes[at..]), out A64Instruction inst));
            int target = at + (int)inst.Imm;
            at += 4;
            switch (inst.Form)
            {
                case A64Form.Movz:
                    seen.Add(inst.Imm);
                    break;
                case A64Form.LoadLiteral:
                    seen.Add(BinaryPrimitives.ReadInt64LittleEndian(code.Bytes[target..]));
                    break;
                case A64Form.B:
                    at = target;
                    break;
                case A64Form.BCond:
                    at = Holds(BranchEncoder.OfFlags((Condition)inst.Cond), key) ? target : at;
                    break;
                case A64Form.Cbz or A64Form.Cbnz when inst.Rd == 3:
                    at = Holds(BranchEncoder.OfRegister(X(3), inst.Size, inst.Form == A64Form.Cbnz), key) ? target : at;
                    break;
                case A64Form.Cbz:
                    Assert.Equal(0xc11fu, EndOf(code, target));    // x30 is never zero, but the stub must be there
                    break;
                case A64Form.Tbz or A64Form.Tbnz:
                    at = Holds(BranchEncoder.OfBit(X(inst.Rd), inst.Aux, inst.Form == A64Form.Tbnz), key) ? target : at;
                    break;
                case A64Form.Orr:
                    break;
                case A64Form.Udf:
                    return seen;
                default:
                    Assert.Fail($"{Disassembler.Instruction(inst)} at {at - 4}");
                    break;
            }
        }

        return seen;
    }

    /// <summary>Follows veneers.</summary>
    private static uint EndOf(CompiledCode code, int at)
    {
        for (; ; )
        {
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(code.Bytes[at..]);
            if (!Decode.TryInstruction(word, out A64Instruction inst) || inst.Form != A64Form.B)
            {
                return word;
            }

            at += (int)inst.Imm;
        }
    }
}
