// The assemblers and disassemblers that other people wrote, as processes.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using Xunit;

namespace MiniJit.Backend.Arm64.Tests;

internal static class ArmTools
{
    private const string Llvm = "/usr/bin/llvm-mc", Features = "-mattr=+v8.5a,+lse,+dotprod,+fullfp16,+pauth,+crc,+aes,+i8mm,+spe";

    public static bool HasLlvm => File.Exists(Llvm);

    private const string Gnu = "/usr/bin/aarch64-linux-gnu-as", Architecture = "-march=armv8.5-a+fp16+dotprod+i8mm+aes+crc+profile";

    public static bool HasGnu => File.Exists(Gnu);

    /// <summary>The words of <paramref name="texts"/>.</summary>
    public static uint[] Assemble(IReadOnlyList<string> texts)
    {
        string stem = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            File.WriteAllText(stem + ".s", string.Join('\n', texts) + "\n");
            Run(Gnu, $"{Architecture} -o {stem}.o {stem}.s");
            Run("/usr/bin/aarch64-linux-gnu-objcopy", $"-O binary -j .text {stem}.o {stem}.bin");
            return MemoryMarshal.Cast<byte, uint>(File.ReadAllBytes(stem + ".bin")).ToArray();
        }
        finally
        {
            foreach (string extension in new[] { ".s", ".o", ".bin" })
            {
                File.Delete(stem + extension);
            }
        }
    }

    private static void Run(string tool, string arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(tool, arguments) { RedirectStandardError = true })!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors[..Math.Min(errors.Length, 6000)]);
    }

    /// <summary>Llvm's text of each word; empty if it is invalid.</summary>
    public static string[] Disassemble(IReadOnlyList<uint> words)
    {
        ProcessStartInfo start = new(Llvm, $"--disassemble --triple=aarch64 {Features}")
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
