// The independent judge of encoder, decoder and disassembler: llvm-mc, where it is installed.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace MiniJit.Backend.Arm64.Tests;

public partial class LlvmTests
{
    private const string Tool = "/usr/bin/llvm-mc";

    [Fact]
    public void Llvm_accepts_what_the_decoder_accepts()
    {
        Assert.SkipUnless(File.Exists(Tool), "llvm-mc is not installed");
        Random random = new(4);
        List<uint> words = [];
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            for (int i = 0; i < 200; i++)
            {
                words.Add(row.Diagram.FixedBits | ((uint)random.NextInt64(1L << 32) & ~row.Diagram.FixedMask));
            }
        }

        string[] texts = Disassemble(words);
        SortedDictionary<string, int> wrong = [];
        for (int i = 0; i < words.Count; i++)
        {
            bool ours = Decode.TryInstruction(words[i], out A64Instruction instruction);
            if (ours != (texts[i].Length != 0) && !IsHalfVector(texts[i]))
            {
                string key = InstructionTable.Rows[i / 200].Form + (ours ? " ours" : " llvm's: " + texts[i].Split(' ')[0]);
                wrong[key] = wrong.GetValueOrDefault(key) + 1;
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Select(pair => $"{pair.Key} x{pair.Value}")));
    }

    /// <summary>Half-precision arithmetic of Advanced SIMD, which the table leaves out, in classes where only an element size tells it.</summary>
    private static bool IsHalfVector(string text) => HalfVector().IsMatch(text);

    [GeneratedRegex(@"^(f\w+|[su]cvtf) (v\d+\.[48]h|h\d+, h\d+, #)")]
    private static partial Regex HalfVector();

    /// <summary>One text per word; empty if it is invalid.</summary>
    internal static string[] Disassemble(IReadOnlyList<uint> words)
    {
        const string Features = "-mattr=+v8.5a,+lse,+dotprod,+fullfp16,+pauth,+crc,+aes,+i8mm";
        ProcessStartInfo start = new(Tool, $"--disassemble --triple=aarch64 {Features}")
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        StringBuilder input = new();
        foreach (uint word in words)
        {
            input.Append(CultureInfo.InvariantCulture, $"0x{word & 255:x2} 0x{(word >> 8) & 255:x2} 0x{(word >> 16) & 255:x2} 0x{word >> 24:x2}\n");
        }

        process.StandardInput.Write(input);
        process.StandardInput.Close();
        bool[] invalid = new bool[words.Count];
        foreach (string line in errors.Result.Split('\n'))
        {
            if (line.Contains("invalid instruction encoding", StringComparison.Ordinal))
            {
                invalid[int.Parse(line.Split(':')[1], CultureInfo.InvariantCulture) - 1] = true;
            }
        }

        string[] texts = new string[words.Count];
        int index = 0;
        foreach (string line in output.Result.Split('\n'))
        {
            string text = line.Split("//")[0].Trim().Replace('\t', ' ');
            if (text.Length == 0 || text[0] == '.')
            {
                continue;
            }

            while (invalid[index])
            {
                texts[index++] = "";
            }

            texts[index++] = text;
        }

        while (index < texts.Length)
        {
            Assert.True(invalid[index]);
            texts[index++] = "";
        }

        return texts;
    }
}
