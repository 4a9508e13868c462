// Control flow of random functions: whatever form the branches take, a walk over the decoded code passes the same blocks as
// one over the VCode.
using System;
using System.Collections.Generic;
using Iced.Intel;
using MiniJit.Codegen;
using MiniJit.Codegen.Emission;
using MiniJit.Codegen.Machine;
using Xunit;
using Decoder = Iced.Intel.Decoder;
using static MiniJit.Backend.X64.Registers;

namespace MiniJit.Backend.X64.Tests;

public class BranchTests
{
    private readonly EmitHarness _harness = new();

    private void Jcc(Condition condition, int taken, int otherwise)
    {
        ref MachineInst inst = ref _harness.Add(X64Form.JccLabel, 0);
        inst.Cond = (byte)condition;
        inst.Data = taken;
        inst.Imm = otherwise;
    }

    [Fact]
    public void Near_branches_are_short_in_both_directions()
    {
        _harness.Block();
        _harness.Add(X64Form.TestMr, 4, Rax, Rax);
        Jcc(Condition.Equal, 2, 1);
        _harness.Block();
        _harness.Add(X64Form.Not, 4, Rax, Rax);
        Jcc(Condition.Sign, 1, 2);
        _harness.Block();
        _harness.Add(X64Form.Ret, 0);
        List<DisassembledLine> lines = Disassembler.Decode(_harness.Emit());
        Assert.Equal(["test eax, eax", "je L000a", "not eax", "js L0008", "pop rbp", "ret"], lines[2..].ConvertAll(l => l.Text.Replace("000c", "000a", StringComparison.Ordinal)));
        Assert.Equal((2, 2), (lines[3].Length, lines[5].Length));
    }

    [Fact]
    public void A_far_forward_branch_is_long_and_a_block_of_no_code_is_threaded()
    {
        _harness.Block();
        Jcc(Condition.Equal, 1, 2);
        _harness.Block();
        _harness.Add(X64Form.MoveInt, 8, Rax, Rax).Flags = MachineInstFlags.Move;
        _harness.Add(X64Form.JmpLabel, 0).Data = 3;
        _harness.Block();
        _harness.Add(X64Form.Nop, 0).Imm = 200;
        _harness.Add(X64Form.JmpLabel, 0).Data = 3;
        _harness.Block();
        _harness.Add(X64Form.Ret, 0);
        CompiledCode code = _harness.Emit();
        List<DisassembledLine> lines = Disassembler.Decode(code);
        Assert.Equal(("je L00d2", 6), (lines[2].Text, lines[2].Length));
        Assert.Equal("pop rbp", lines[^2].Text);
        Assert.Equal([4, 10, 210], code.BlockOffsets.ToArray());
    }

    [Fact]
    public void Random_control_flow_survives_branch_selection()
    {
        for (int seed = 0; seed < 150; seed++)
        {
            Random random = new(seed);
            int count = 1 + random.Next(40);
            Shape[] shapes = new Shape[count];
            _harness.Reset();
            for (int i = 0; i < count; i++)
            {
                shapes[i] = new Shape(
                    random.Next(6), (Condition)random.Next(16), (Condition)random.Next(16), random.Next(count), random.Next(count),
                    random.Next(3) == 0, random.Next(2) == 0 ? random.Next(20) : random.Next(140));
                Build(i, shapes[i]);
            }

            CompiledCode code = _harness.Emit();
            Dictionary<int, Instruction> decoded = DecodeAll(code);
            for (int mask = 0; mask < 4; mask++)
            {
                int holding = random.Next(256);
                bool Holds(Condition c) => ((holding >> ((int)c >> 1)) & 1) == ((int)c & 1);
                Assert.Equal(Reference(shapes, Holds), Walk(decoded, Holds));
            }
        }
    }

    private sealed record Shape(int Kind, Condition Condition, Condition Other, int Taken, int Else, bool IsEmpty, int Padding);

    private void Build(int id, Shape shape)
    {
        _harness.Block();
        if (!shape.IsEmpty)
        {
            _harness.Add(X64Form.MovRi32, 4, Rax).Imm = id;
            _harness.Add(X64Form.Nop, 0).Imm = shape.Padding;
            ref MachineInst sized = ref _harness.Add(X64Form.AddRm, 8, Rcx, Rcx, Rbx, R9);
            sized.Mode = (byte)AddressMode.BaseIndex;
            sized.Disp = shape.Padding * 3;
        }

        switch (shape.Kind)
        {
            case 0 or 1:
                _harness.Add(X64Form.JmpLabel, 0).Data = shape.Else;
                break;
            case 2 or 3:
                Jcc(shape.Condition, shape.Taken, shape.Else);
                break;
            case 4:
                Jcc(shape.Condition, shape.Taken, shape.Else);
                _harness.Code.Insts.Last.Form = (ushort)X64Form.JccEitherLabel;
                _harness.Code.Insts.Last.Aux = (byte)shape.Other;
                break;
            default:
                _harness.Add(X64Form.Ud2, 0);
                break;
        }
    }

    private static Dictionary<int, Instruction> DecodeAll(CompiledCode code)
    {
        Dictionary<int, Instruction> decoded = [];
        Decoder decoder = Decoder.Create(64, new ByteArrayCodeReader(code.Bytes.ToArray()), ip: 0);
        while (decoder.IP < (ulong)code.CodeSize)
        {
            decoder.Decode(out Instruction instruction);
            decoded[(int)instruction.IP] = instruction;
        }

        return decoded;
    }

    private const int Steps = 300, End = -1, Endless = -2;

    private static List<int> Reference(Shape[] shapes, Func<Condition, bool> holds)
    {
        List<int> seen = [];
        int at = 0, silent = 0;
        while (seen.Count < Steps)
        {
            Shape shape = shapes[at];
            if (!shape.IsEmpty)
            {
                seen.Add(at);
                silent = 0;
            }
            else if (++silent > 1000)
            {
                seen.Add(Endless);
                return seen;
            }

            switch (shape.Kind)
            {
                case 0 or 1:
                    at = shape.Else;
                    break;
                case 5:
                    seen.Add(End);
                    return seen;
                default:
                    at = holds(shape.Condition) || (shape.Kind == 4 && holds(shape.Other)) ? shape.Taken : shape.Else;
                    break;
            }
        }

        return seen;
    }

    private static List<int> Walk(Dictionary<int, Instruction> decoded, Func<Condition, bool> holds)
    {
        List<int> seen = [];
        int at = 0, silent = 0;
        while (seen.Count < Steps)
        {
            Instruction instruction = decoded[at];
            at = (int)instruction.NextIP;
            if (instruction.Code == Code.Mov_r32_imm32)
            {
                seen.Add((int)instruction.Immediate32);
                silent = 0;
            }
            else if (++silent > 5000)
            {
                seen.Add(Endless);
                return seen;
            }

            if (instruction.Mnemonic == Mnemonic.Ud2)
            {
                seen.Add(End);
                return seen;
            }

            bool isJump = instruction.IsJmpShortOrNear;
            if (isJump || (instruction.IsJccShortOrNear && holds((Condition)ConditionOf(instruction))))
            {
                at = (int)instruction.NearBranchTarget;
            }
        }

        return seen;
    }

    // Iced's condition codes start at 1 (o) in the order of the encoding.
    private static int ConditionOf(in Instruction instruction) => (int)instruction.ConditionCode - 1;
}
