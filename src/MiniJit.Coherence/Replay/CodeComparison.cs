// Two versions of a line, disassembled instruction by instruction.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using MiniJit.Backend.Arm64;

namespace MiniJit.Coherence.Replay;

internal static class CodeComparison
{
    /// <summary>Instructions on both sides of a difference that are shown, too.</summary>
    private const int Context = 2 * sizeof(uint);

    /// <summary>Compares two versions; what is the same in both is left out where it is far from a difference.</summary>
    /// <param name="address">Virtual address of the line.</param>
    /// <param name="old">The bytes that were executed.</param>
    /// <param name="newest">The bytes that should have been.</param>
    /// <param name="first">Offset of the first stale instruction that was executed, or -1.</param>
    public static List<ComparedInstruction> Of(ulong address, ReadOnlySpan<byte> old, ReadOnlySpan<byte> newest, int first)
    {
        List<ComparedInstruction> lines = [];
        for (int offset = 0; offset + 4 <= Math.Min(old.Length, newest.Length); offset += 4)
        {
            if (IsFar(old, newest, offset))
            {
                continue;
            }

            uint before = BinaryPrimitives.ReadUInt32LittleEndian(old[offset..]), after = BinaryPrimitives.ReadUInt32LittleEndian(newest[offset..]);
            ulong at = address + (ulong)offset;
            lines.Add(new(at, Text(before, at), Text(after, at), before != after, offset == first));
        }

        return lines;
    }

    private static bool IsFar(ReadOnlySpan<byte> old, ReadOnlySpan<byte> newest, int offset)
    {
        int from = Math.Max(0, offset - Context), to = Math.Min(Math.Min(old.Length, newest.Length), offset + Context + sizeof(uint));
        return old[from..to].SequenceEqual(newest[from..to]);
    }

    private static string Text(uint word, ulong address) => Decode.TryInstruction(word, out A64Instruction instruction)
        ? Disassembler.Instruction(instruction, address)
        : string.Create(CultureInfo.InvariantCulture, $".word 0x{word:x8}");
}
