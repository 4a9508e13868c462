// Words of every form: each field on its own over its whole range (long ones at their edges), then all fields at random with a
// preference for edges, where aliases and reserved combinations are. Deterministic, so that recorded texts stay comparable.
using System;
using System.Collections.Generic;

namespace MiniJit.Backend.Arm64.Tests;

/// <summary>A word, what it decodes to and how we write it.</summary>
internal readonly record struct FormSample(uint Word, A64Instruction Instruction, string Text);

internal static class FormSamples
{
    // Registers that can be read and written, and maintenance.
    private static readonly int[] s_registers =
    [
        SystemNames.Register(3, 3, 4, 2, 0), SystemNames.Register(3, 3, 4, 4, 0), SystemNames.Register(3, 3, 4, 4, 1), SystemNames.Register(3, 3, 13, 0, 2),
        SystemNames.Register(3, 3, 13, 0, 3), SystemNames.Register(3, 3, 14, 0, 0),
    ];

    private static readonly int[] s_operations =
    [
        SystemNames.Operation(3, 7, 5, 1), SystemNames.Operation(3, 7, 10, 1), SystemNames.Operation(3, 7, 11, 1), SystemNames.Operation(3, 7, 4, 1),
        SystemNames.Operation(3, 7, 14, 1), SystemNames.Operation(3, 7, 12, 1), SystemNames.Operation(3, 11, 15, 7),
    ];

    private const int RandomWords = 120;

    private static readonly Lazy<List<FormSample>> s_all = new(FindAll);

    /// <summary>The words that decode, with our text; form after form.</summary>
    public static List<FormSample> All => s_all.Value;

    /// <summary>Words that match the diagram of <paramref name="row"/>, valid or not.</summary>
    public static List<uint> Candidates(InstructionRow row)
    {
        List<uint> words = [];
        List<FieldPlace> fields = [];
        for (DiagramField field = 0; field < DiagramField.Count; field++)
        {
            if (row.Diagram.Has(field))
            {
                fields.Add(row.Diagram[field]);
            }
        }

        uint plain = row.Diagram.FixedBits;
        for (int i = 0; i < fields.Count; i++)
        {
            plain |= fields[i].Insert(fields[i].Width == 15 ? (uint)s_registers[0] : (uint)(i + 1) & ((1u << fields[i].Width) - 1));
        }

        foreach (FieldPlace field in fields)
        {
            foreach (uint value in Values(field))
            {
                words.Add((plain & ~field.Mask) | field.Insert(value));
                if (field.Width is not (14 or 15) && row.Form is not (A64Form.Mrs or A64Form.Msr))
                {
                    words.Add(row.Diagram.FixedBits | field.Insert(value));
                }
            }
        }

        Random random = new((int)row.Diagram.FixedBits);
        for (int i = 0; i < RandomWords; i++)
        {
            uint word = row.Diagram.FixedBits;
            uint same = (uint)random.Next(32);
            foreach (FieldPlace field in fields)
            {
                uint mask = (1u << field.Width) - 1;
                if (field.Width is 14 or 15)
                {
                    word |= field.Insert((uint)(field.Width == 14 ? s_operations : s_registers)[random.Next(6)]);
                    continue;
                }

                word |= field.Insert(random.Next(6) switch
                {
                    0 => mask,
                    1 => 0,
                    2 => same & mask,
                    _ => (uint)random.NextInt64(mask + 1L),
                });
            }

            words.Add(word);
        }

        return words;
    }

    private static List<FormSample> FindAll()
    {
        List<FormSample> samples = [];
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            HashSet<uint> seen = [];
            foreach (uint word in Candidates(row))
            {
                if (seen.Add(word) && Decode.TryInstruction(word, out A64Instruction instruction) && instruction.Form == row.Form)
                {
                    samples.Add(new(word, instruction, Disassembler.Instruction(instruction)));
                }
            }
        }

        return samples;
    }

    private static IEnumerable<uint> Values(FieldPlace field)
    {
        uint mask = (1u << field.Width) - 1;
        if (field.Width is 14 or 15 && field.Shift == 5)               // imm14 too, which does not mind
        {
            foreach (int number in field.Width == 14 ? s_operations : s_registers)
            {
                yield return (uint)number;
            }
        }

        if (field.Width == 15)
        {
            yield break;                                                // of the others there is no end of names
        }

        for (uint i = 0; i <= Math.Min(mask, 127); i++)
        {
            yield return i;
        }

        for (int bit = 7; bit < field.Width; bit++)
        {
            yield return 1u << bit;
            yield return (1u << bit) - 1;
            yield return mask & ~(1u << bit);
            yield return mask - (uint)bit + 7;
        }
    }
}
