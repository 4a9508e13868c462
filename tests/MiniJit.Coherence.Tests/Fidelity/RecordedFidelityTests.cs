// What qemu made of some cases of every form, recorded, so that the machine is checked where qemu is not installed. Recorded.txt has a line
// per form: its name, how many cases, a hash over words and states, and one over the results. MINIJIT_RECORD=1 in the environment writes it
// anew (in the source tree) from qemu's results.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Runtime.CompilerServices;
using MiniJit.Backend.Arm64;
using Xunit;

namespace MiniJit.Coherence.Tests.Fidelity;

public sealed class RecordedFidelityTests
{
    private const int CasesPerVariant = 10;

    [Fact]
    public void Machine_gives_what_qemu_gave_when_it_was_recorded()
    {
        string path = Beside();
        if (Environment.GetEnvironmentVariable("MINIJIT_RECORD") == "1")
        {
            File.WriteAllLines(path, Lines(Comparison.Judged));
        }

        HashSet<string> recorded = [.. File.ReadAllLines(path)];
        List<string> wrong = Lines(OnMachine);
        wrong.RemoveAll(recorded.Contains);
        Assert.True(wrong.Count == 0, $"not as recorded (form, cases, hash of the cases, hash of their results):\n{string.Join('\n', wrong)}");
    }

    private static List<string> Lines(Func<FidelityBatch, ulong[]> execute)
    {
        List<string> lines = [];
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            if (Exclusions.ReasonFor(row.Form) != null)
            {
                continue;
            }

            ulong cases = 0, results = 0;
            int count = 0;
            foreach (FidelityBatch batch in new CaseGenerator(row.Form, CasesPerVariant).Batches(int.MaxValue))
            {
                foreach (FidelityCase one in batch.Cases)
                {
                    cases = Mix(Mix(cases, one.Word), one.Prefix);
                    foreach (ulong word in batch.States[one.State].Words)
                    {
                        cases = Mix(cases, word);
                    }
                }

                foreach (ulong hash in execute(batch))
                {
                    results = Mix(results, hash);
                }

                count += batch.Cases.Count;
            }

            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{row.Form} {count} {cases:x16} {results:x16}"));
        }

        return lines;
    }

    private static ulong[] OnMachine(FidelityBatch batch)
    {
        using MachineRunner machine = new(batch);
        byte[] output = new byte[GuestProgram.ResultBytes];
        ulong[] hashes = new ulong[batch.Cases.Count];
        for (int i = 0; i < hashes.Length; i++)
        {
            Assert.True(machine.TryRun(i, output, out string stop), $"{batch.Cases[i].Instruction.Form} {batch.Cases[i].Word:x8}: {stop}");
            hashes[i] = GuestProgram.Hash(output);
        }

        return hashes;
    }

    private static ulong Mix(ulong hash, ulong value)
    {
        hash = (hash ^ value) * 0x9e37_79b9_7f4a_7c15;
        return hash ^ (hash >> 29);
    }

    private static string Beside([CallerFilePath] string source = "") => Path.Combine(Path.GetDirectoryName(source)!, "Recorded.txt");
}
