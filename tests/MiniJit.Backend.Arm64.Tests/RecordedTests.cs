// What llvm-mc makes of the samples of every form, recorded, so that the encodings are checked where it is not installed. Encodings.txt
// has a line per form with the number of its samples and a hash of their words and texts, and below it some of them in full.
// MINIJIT_RECORD=1 in the environment writes it anew (in the source tree) from llvm's texts.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace MiniJit.Backend.Arm64.Tests;

public class RecordedTests
{
    private const int ShownPerForm = 6;

    [Fact]
    public void Texts_are_those_that_llvm_gave_when_they_were_recorded()
    {
        string path = Beside();
        List<FormSample> samples = FormSamples.All;
        if (Environment.GetEnvironmentVariable("MINIJIT_RECORD") == "1")
        {
            string[] theirs = ArmTools.Disassemble([.. samples.Select(sample => sample.Word)]);
            File.WriteAllText(path, Listing([.. samples.Select((sample, i) => sample with { Text = theirs[i] })]));
        }

        string[] expected = File.ReadAllText(path).Split('\n'), actual = Listing(samples).Split('\n');
        string[] wrong = [.. actual.Except(expected)];
        Assert.True(wrong.Length == 0, $"not as recorded (a form's line is a hash over all its samples):\n{string.Join('\n', wrong.Take(40))}");
        Assert.Equal(expected, actual);
    }

    private static string Listing(List<FormSample> samples)
    {
        StringBuilder text = new();
        foreach (IGrouping<A64Form, FormSample> form in samples.GroupBy(sample => sample.Instruction.Form))
        {
            List<string> lines = [.. form.Select(sample => string.Create(CultureInfo.InvariantCulture, $"{sample.Word:x8} {sample.Text}"))];
            string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))).AsSpan(0, 8));
            text.Append(CultureInfo.InvariantCulture, $"{form.Key} {lines.Count} {hash}\n");
            for (int i = 0; i < ShownPerForm; i++)
            {
                text.Append("  ").Append(lines[i * (lines.Count - 1) / (ShownPerForm - 1)]).Append('\n');
            }
        }

        return text.ToString();
    }

    private static string Beside([CallerFilePath] string source = "") => Path.Combine(Path.GetDirectoryName(source)!, "Encodings.txt");
}
