// The independent judges of encoder, decoder and disassembler, where they are installed: llvm-mc reads words, GNU as reads texts.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using Xunit;

namespace MiniJit.Backend.Arm64.Tests;

public partial class LlvmTests
{
    [Fact]
    public void Llvm_accepts_what_the_decoder_accepts()
    {
        Assert.SkipUnless(ArmTools.HasLlvm, "llvm-mc is not installed");
        List<uint> words = [];
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            words.AddRange(FormSamples.Candidates(row));
        }

        string[] texts = ArmTools.Disassemble(words);
        Report wrong = new();
        for (int i = 0; i < words.Count; i++)
        {
            bool ours = Decode.TryInstruction(words[i], out A64Instruction instruction);
            if (ours != (texts[i].Length != 0) && (ours || !IsLeftOut(words[i], texts[i])))
            {
                wrong.Add(ours ? instruction.Form.ToString() : texts[i].Split(' ')[0], $"{words[i]:x8} is '{Disassembler.Word(words[i])}', llvm-mc '{texts[i]}'");
            }
        }

        wrong.AssertEmpty();
    }

    [Fact]
    public void Words_with_a_mnemonic_of_the_table_decode()
    {
        Assert.SkipUnless(ArmTools.HasLlvm, "llvm-mc is not installed");
        HashSet<string> mnemonics = [.. FormSamples.All.Select(sample => sample.Text.Split(' ')[0])];
        Random random = new(6);
        List<uint> words = [];
        for (int i = 0; i < 100_000; i++)
        {
            words.Add((uint)random.NextInt64(1L << 32));
        }

        string[] texts = ArmTools.Disassemble(words);
        Report wrong = new();
        for (int i = 0; i < words.Count; i++)
        {
            bool ours = Decode.TryInstruction(words[i], out _);
            string mnemonic = texts[i].Split(' ')[0];
            if (ours ? texts[i].Length == 0 : mnemonics.Contains(mnemonic) && !IsLeftOut(words[i], texts[i]))
            {
                wrong.Add(mnemonic, $"{words[i]:x8} is '{Disassembler.Word(words[i])}', llvm-mc '{texts[i]}'");
            }
        }

        wrong.AssertEmpty();
    }

    [Fact]
    public void Llvm_writes_what_the_disassembler_writes()
    {
        Assert.SkipUnless(ArmTools.HasLlvm, "llvm-mc is not installed");
        List<FormSample> samples = FormSamples.All;
        string[] texts = ArmTools.Disassemble([.. samples.Select(sample => sample.Word)]);
        Report wrong = new();
        for (int i = 0; i < samples.Count; i++)
        {
            if (samples[i].Text != texts[i])
            {
                wrong.Add(samples[i].Instruction.Form.ToString(), $"{samples[i].Word:x8} '{samples[i].Text}', llvm-mc '{texts[i]}'");
            }
        }

        wrong.AssertEmpty();
    }

    [Fact]
    public void Names_of_system_registers_and_operations_are_those_of_llvm()
    {
        Assert.SkipUnless(ArmTools.HasLlvm, "llvm-mc is not installed");
        List<uint> words = [];
        uint mrs = InstructionTable.Row(A64Form.Mrs).Diagram.FixedBits, sys = InstructionTable.Row(A64Form.Sys).Diagram.FixedBits;
        for (uint number = 0; number < 1 << 15; number++)
        {
            words.Add(mrs | (number << 5));
            words.Add(sys | ((number & 0x3fff) << 5) | ((number >> 14) * 31));
        }

        string[] texts = ArmTools.Disassemble(words);
        int named = 0;
        for (int i = 0; i < words.Count; i++)
        {
            string ours = Disassembler.Word(words[i]);
            if (!GenericRegister().IsMatch(ours) && !ours.StartsWith("sys", StringComparison.Ordinal))
            {
                named++;
                Assert.Equal(texts[i], ours);
            }
        }

        Assert.True(named > 40);
    }

    [Fact]
    public void The_assembler_turns_the_text_into_the_word()
    {
        Assert.SkipUnless(ArmTools.HasGnu, "aarch64-linux-gnu-as is not installed");
        List<FormSample> samples = FormSamples.All.FindAll(sample => sample.Instruction.Form != A64Form.Adrp && !HasIgnoredBits(sample.Instruction));
        List<string> texts = samples.ConvertAll(
            sample => Disassembler.Instruction(sample.Instruction, distance => string.Create(CultureInfo.InvariantCulture, $".{distance:+0;-0}")));
        uint[] assembled = ArmTools.Assemble(texts);
        Assert.Equal(samples.Count, assembled.Length);
        Report wrong = new();
        for (int i = 0; i < samples.Count; i++)
        {
            if (assembled[i] != samples[i].Word)
            {
                wrong.Add(samples[i].Instruction.Form.ToString(), $"'{texts[i]}' is {samples[i].Word:x8}, as says {assembled[i]:x8}");
            }
        }

        wrong.AssertEmpty();
    }

    /// <summary>Bits that the architecture ignores and an assembler leaves zero.</summary>
    private static bool HasIgnoredBits(in A64Instruction instruction) => instruction.Form switch
    {
        A64Form.AndImm or A64Form.OrrImm or A64Form.EorImm or A64Form.AndsImm => instruction.Aux != 0,
        A64Form.DupGeneral => instruction.Imm != 0,
        A64Form.InsElement => instruction.Cond != 0,
        _ => false,
    };

    /// <summary>
    /// What llvm reads and the decoder refuses: half-precision arithmetic of Advanced SIMD, words whose should-be-one bits are zero
    /// (constrained unpredictable), and system registers outside op0 = 2 and 3.
    /// </summary>
    private static bool IsLeftOut(uint word, string text) =>
        HalfVector().IsMatch(text) || OtherSystemRegister().IsMatch(text)
        || Decode.TryInstruction(word | (31 << 10), out _) || Decode.TryInstruction(word | (31 << 16), out _) || Decode.TryInstruction(word | (31 << 10) | (31 << 16), out _);

    [GeneratedRegex(@"^(f\w+|[su]cvtf) (v\d+\.[48]h|h\d+, h\d+, (#|v\d+\.h))|^(fac|fcm|fabd|fmulx|frecp|frsqrt|fcvt|[su]cvtf)\w* h\d+, h\d+")]
    private static partial Regex HalfVector();

    [GeneratedRegex(@"^m(rs|sr).* S[01]_")]
    private static partial Regex OtherSystemRegister();

    [GeneratedRegex(@"\bS[23]_\d_C\d+_C\d+_\d\b")]
    private static partial Regex GenericRegister();

    /// <summary>Differences by key, with one example each.</summary>
    private sealed class Report
    {
        private readonly SortedDictionary<string, (int Count, string Example)> _wrong = [];

        public void Add(string key, string example) => _wrong[key] = (_wrong.GetValueOrDefault(key).Count + 1, example);

        public void AssertEmpty() => Assert.True(_wrong.Count == 0, string.Join('\n', _wrong.Select(pair => $"{pair.Key} x{pair.Value.Count}: {pair.Value.Example}")));
    }
}
