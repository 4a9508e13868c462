// Small programs for the machine, written as text: one instruction per line, "name:" for a label. The same assembler reads litmus tests.
using System;
using System.Collections.Generic;
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Litmus;
using MiniJit.IR;

namespace MiniJit.Coherence.Experiments;

internal static class GuestCode
{
    /// <summary>Assembles a program that is part of this one, so what cannot be assembled is a defect.</summary>
    public static uint[] Assemble(string text)
    {
        List<string> lines = [];
        Dictionary<string, int> labels = [];
        foreach (string raw in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string line = raw;
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon >= 0)
            {
                labels.Add(line[..colon].Trim(), lines.Count);
                line = line[(colon + 1)..].Trim();
            }

            if (line.Length > 0)
            {
                lines.Add(line);
            }
        }

        uint[] words = new uint[lines.Count];
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = LitmusAssembler.TryParse(lines[i], i, label => labels.GetValueOrDefault(label, -1), out A64Instruction instruction)
                ? Encode.Instruction(instruction)
                : throw new CompilerBugException("experiments", $"cannot assemble '{lines[i]}'");
        }

        return words;
    }
}
