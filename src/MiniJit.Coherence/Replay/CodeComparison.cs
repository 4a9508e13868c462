// Two versions of a line, disassembled instruction by instruction.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using MiniJit.Backend.Arm64;

namespace MiniJit.Coherence.Replay;

internal static class CodeComparison
{
    /// <summary>Compares two versions.</summary>
    /// <param name="address">Virtual address of the line.</param>
    /// <param name="old">The bytes that were executed.</param>
    /// <param name="newest">The bytes that should have been.</param>
    /// <param name="first">Offset of the first stale instruction that was executed, or -1.</param>
    public static List<ComparedInstruction> Of(ulong address, ReadOnlySpan<byte> old, ReadOnlySpan<byte> newest, int first)
    {
        List<ComparedInstruction> lines = [];
        for (int offset = 0; offset + 4 <= Math.Min(old.Length, newest.Length); offset += 4)
        {
            uint before = BinaryPrimitives.ReadUInt32LittleEndian(old[offset..]), after = BinaryPrimitives.ReadUInt32LittleEndian(newest[offset..]);
            ulong at = address + (ulong)offset;
            lines.Add(new(at, Text(before, at), Text(after, at), before != after, offset == first));
        }

        return lines;
    }

    private static string Text(uint word, ulong address) => Decode.TryInstruction(word, out A64Instruction instruction)
        ? Disassembler.Instruction(instruction, address)
        : string.Create(CultureInfo.InvariantCulture, $".word 0x{word:x8}");
}
