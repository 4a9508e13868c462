using System;
using System.Collections.Generic;
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Machine;
using MiniJit.IR;
using Xunit;

namespace MiniJit.Coherence.Tests;

/// <summary>Two implementations of the same instructions: the dispatch loop's micro-ops and the integer unit.</summary>
public sealed unsafe class IntegerUnitTests
{
    private static readonly ulong[] s_values =
    [
        0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000, 0x7FFF_FFFF_FFFF_FFFF,
        0x8000_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF,
    ];

    public static IEnumerable<TheoryDataRow<string>> Forms()
    {
        for (A64Form form = A64Form.AddImm; form <= A64Form.Cls; form++)
        {
            yield return form.ToString();
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Micro_ops_and_integer_unit_agree(string name)
    {
        A64Form form = Enum.Parse<A64Form>(name);
        InstructionDiagram diagram = InstructionTable.Row(form).Diagram;
        using MachineFixture fixture = new();
        SplitMix64 random = new((ulong)form);
        int executed = 0;
        for (int i = 0; i < 40_000 && executed < 500; i++)
        {
            uint word = ((uint)random.Next() & ~diagram.FixedMask) | diagram.FixedBits;
            if (!Decode.TryInstruction(word, out A64Instruction instruction) || instruction.Form != form)
            {
                continue;
            }

            executed++;
            CoreState start = RandomState(random);
            CoreState expected = start;
            IntegerUnit.Bind(instruction)(ref expected, instruction);
            fixture.State = start;
            fixture.Load(word);
            CoreException end = fixture.RunToEnd();
            Assert.Equal((CoreExceptionKind.UndefinedInstruction, MachineFixture.Code + 4), (end.Kind, end.ProgramCounter));
            AssertSame(expected, fixture.State, word);
        }

        Assert.True(executed >= 100, $"only {executed} of the words are valid");
    }

    internal static CoreState RandomState(SplitMix64 random)
    {
        CoreState state = default;
        for (int register = 0; register < 32; register++)
        {
            state.General[register] = random.Chance(40) ? s_values[random.Below(s_values.Length)] : random.Next();
        }

        state.Flags = (ConditionFlags)random.Below(16);
        return state;
    }

    internal static void AssertSame(in CoreState expected, in CoreState actual, uint word)
    {
        for (int register = 0; register < 32; register++)
        {
            Assert.True(
                expected.General[register] == actual.General[register],
                $"{word:x8}: x{register} is {actual.General[register]:x}, not {expected.General[register]:x}");
        }

        Assert.True(expected.Flags == actual.Flags, $"{word:x8}: flags are {actual.Flags}, not {expected.Flags}");
    }
}
