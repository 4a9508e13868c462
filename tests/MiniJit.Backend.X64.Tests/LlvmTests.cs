// A second judge of the encodings: the disassembler of llvm-mc, where it is installed.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Text;
using System.Text.RegularExpressions;
using MiniJit.Codegen.Emission;
using Xunit;

namespace MiniJit.Backend.X64.Tests;

public partial class LlvmTests
{
    private const string Assembler = "/usr/bin/llvm-mc";

    [Fact]
    public void Llvm_reads_back_every_form()
    {
        Assert.SkipUnless(File.Exists(Assembler), "llvm-mc is not installed");
        EmitHarness harness = new();
        StringBuilder input = new(), wrong = new();
        List<Sample> samples = [];
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            List<Sample> ofForm = [.. FormSamples.Of(row.Form)];
            var code = EncodingTests.Emit(harness, ofForm);
            List<DisassembledLine> lines = Disassembler.Decode(code);
            int line = 2;
            foreach (Sample sample in ofForm)
            {
                if (row.Has(FormTraits.BreakDependency) && lines[line].Text.Contains("xorps", StringComparison.Ordinal))
                {
                    line++;
                }

                foreach (byte b in code.Bytes.Slice(lines[line].Offset, lines[line].Length))
                {
                    input.Append(CultureInfo.InvariantCulture, $"0x{b:x2} ");
                }

                input.Append('\n');
                samples.Add(sample);
                line++;
            }
        }

        string[] output = Disassemble(input.ToString());
        Assert.Equal(samples.Count, output.Length);
        for (int i = 0; i < output.Length; i++)
        {
            string text = Normalize(output[i]), expected = Expected(samples[i]);
            if (text != expected && text != Unsigned(samples[i], expected))
            {
                wrong.AppendLine($"{samples[i].Form}: expected '{expected}', llvm-mc says '{text}'");
            }
        }

        Assert.True(wrong.Length == 0, wrong.ToString(0, Math.Min(wrong.Length, 6000)));
    }

    private static string[] Disassemble(string input)
    {
        ProcessStartInfo start = new(Assembler, "--disassemble --output-asm-variant=1 --triple=x86_64")
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        _ = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        List<string> lines = [];
        foreach (string line in output.Result.Split('\n'))
        {
            string text = line.Split('#')[0].Trim().Replace('\t', ' ');
            if (text.Length != 0 && text[0] != '.')
            {
                lines.Add(text);
            }
        }

        // A lock prefix is printed on a line of its own.
        for (int i = lines.Count - 2; i >= 0; i--)
        {
            if (lines[i] == "lock")
            {
                lines[i] += " " + lines[i + 1];
                lines.RemoveAt(i + 1);
            }
        }

        return [.. lines];
    }

    // [rcx + 4*rdx + 8] to [rcx+rdx*4+8]; names that differ from the manual's.
    private static string Normalize(string text)
    {
        text = SizeWord().Replace(text, "");
        text = Bracket().Replace(text, m => "[" + ScaledIndex().Replace(m.Groups[1].Value.Replace(" ", "", StringComparison.Ordinal), "$2*$1") + "]");
        return text.Replace("movabs ", "mov ", StringComparison.Ordinal);
    }

    // llvm prints some negative immediates without their sign.
    private static string Unsigned(Sample sample, string expected)
    {
        ulong bits = sample.Size >= 8 ? (ulong)sample.Imm : (ulong)sample.Imm & ((1ul << (sample.Size * 8)) - 1);
        return expected[..(expected.LastIndexOf(' ') + 1)] + bits.ToString(CultureInfo.InvariantCulture);
    }

    private static string Expected(Sample sample)
    {
        string text = sample.Text;
        if (sample.Form is X64Form.Blendvps or X64Form.Blendvpd or X64Form.Pblendvb)
        {
            text += ", xmm0";
        }

        // Comparison predicates are part of llvm's mnemonic: the sampled one is 5.
        string mnemonic = sample.Mnemonic;
        if (CompareMnemonic().IsMatch(mnemonic))
        {
            text = mnemonic.Insert(mnemonic.Length - 2, "nlt") + text[mnemonic.Length..^3];
        }

        return text;
    }

    [GeneratedRegex("(byte|dword|qword|xmmword|word) ptr ")]
    private static partial Regex SizeWord();

    [GeneratedRegex("\\[([^]]*)\\]")]
    private static partial Regex Bracket();

    [GeneratedRegex("([1248])\\*(\\w+)")]
    private static partial Regex ScaledIndex();

    [GeneratedRegex("^v?cmp[sp][sd]$")]
    private static partial Regex CompareMnemonic();
}
