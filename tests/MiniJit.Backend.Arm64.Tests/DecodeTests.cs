using System;
using Xunit;

namespace MiniJit.Backend.Arm64.Tests;

public class DecodeTests
{
    [Fact]
    public void Encoding_what_was_decoded_gives_the_word_back()
    {
        Random random = new(2);
        int accepted = 0;
        for (int i = 0; i < 2_000_000; i++)
        {
            uint word = (uint)random.NextInt64(1L << 32);
            if (Decode.TryInstruction(word, out A64Instruction instruction))
            {
                accepted++;
                uint again = Encode.Instruction(instruction);
                Assert.True(again == word, $"{instruction.Form}: {word:x8} became {again:x8}");
            }
        }

        Assert.True(accepted > 400_000, $"only {accepted} were accepted");
    }

    [Fact]
    public void Encoding_and_decoding_allocate_nothing()
    {
        Decode.TryInstruction(0x91000400, out A64Instruction instruction);
        Encode.Instruction(instruction);
        long before = GC.GetAllocatedBytesForCurrentThread();
        uint sum = 0;
        for (uint word = 0x9100_0000; word < 0x9100_1000; word++)
        {
            Decode.TryInstruction(word, out instruction);
            sum += Encode.Instruction(instruction);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.NotEqual(0u, sum);
    }

    [Fact]
    public void Every_row_is_reached()
    {
        Random random = new(3);
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            int hits = 0;
            for (int i = 0; i < 2000; i++)
            {
                uint word = row.Diagram.FixedBits | ((uint)random.NextInt64(1L << 32) & ~row.Diagram.FixedMask);
                if (Decode.TryInstruction(word, out A64Instruction instruction))
                {
                    Assert.Equal(word, Encode.Instruction(instruction));
                    hits += instruction.Form == row.Form ? 1 : 0;
                }
            }

            Assert.True(hits > 0, row.Form.ToString());
        }
    }
}
