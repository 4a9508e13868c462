// The machine against qemu, case by case.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using MiniJit.Backend.Arm64;
using Xunit;

namespace MiniJit.Coherence.Tests.Fidelity;

internal static class Comparison
{
    private const int BatchLimit = 20_000, DifferencesShown = 3;

    /// <summary>Cases per form, size and lane; MINIJIT_FIDELITY_CASES overrides it.</summary>
    private static int CasesPerVariant =>
        int.TryParse(Environment.GetEnvironmentVariable("MINIJIT_FIDELITY_CASES"), CultureInfo.InvariantCulture, out int cases) ? cases : 1000;

    /// <summary>The forms from <paramref name="first"/> to <paramref name="last"/> that are compared.</summary>
    public static TheoryData<string> Forms(A64Form first, A64Form last)
    {
        TheoryData<string> forms = [];
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            if (row.Form >= first && row.Form <= last && Exclusions.ReasonFor(row.Form) == null)
            {
                forms.Add(row.Form.ToString());
            }
        }

        return forms;
    }

    /// <summary>Fails with the first differences, if there are any.</summary>
    public static void MachineAndQemuAgree(string form)
    {
        Assert.SkipUnless(Qemu.IsInstalled, "qemu-aarch64 is not installed");
        int cases = 0;
        foreach (FidelityBatch batch in new CaseGenerator(Enum.Parse<A64Form>(form), CasesPerVariant).Batches(BatchLimit))
        {
            Compare(batch);
            cases += batch.Cases.Count;
        }

        Assert.NotEqual(0, cases);
        TestContext.Current.SendDiagnosticMessage($"{form}: {cases} cases");
    }

    /// <summary>The hashes that qemu gives for all cases.</summary>
    public static ulong[] Judged(FidelityBatch batch)
    {
        int[] all = new int[batch.Cases.Count];
        for (int i = 0; i < all.Length; i++)
        {
            all[i] = i;
        }

        byte[]? hashes = Qemu.Run(GuestProgram.Build(batch, all, full: false), out string error);
        Assert.True(hashes != null, error);
        return MemoryMarshal.Cast<byte, ulong>(hashes).ToArray();
    }

    private static void Compare(FidelityBatch batch)
    {
        ulong[] judged = Judged(batch);
        using MachineRunner machine = new(batch);
        byte[] output = new byte[GuestProgram.ResultBytes];
        List<int> different = [];
        int failures = 0;
        for (int i = 0; i < judged.Length; i++)
        {
            if (!machine.TryRun(i, output, out string stop))
            {
                Assert.Fail($"the machine stopped, {stop}: {Describe(batch, i)}");
            }

            if (GuestProgram.Hash(output) != judged[i])
            {
                failures++;
                if (different.Count < DifferencesShown)
                {
                    different.Add(i);
                }
            }
        }

        if (failures > 0)
        {
            Assert.Fail($"{failures} of {judged.Length} cases differ\n{Explain(batch, [.. different], machine)}");
        }
    }

    private static string Explain(FidelityBatch batch, int[] cases, MachineRunner machine)
    {
        StringBuilder text = new();
        byte[]? full = Qemu.Run(GuestProgram.Build(batch, cases, full: true), out string error);
        Assert.True(full != null, error);
        byte[] output = new byte[GuestProgram.ResultBytes];
        for (int i = 0; i < cases.Length; i++)
        {
            machine.TryRun(cases[i], output, out _);
            ReadOnlySpan<ulong> ours = MemoryMarshal.Cast<byte, ulong>(output);
            ReadOnlySpan<ulong> theirs = MemoryMarshal.Cast<byte, ulong>(full.AsSpan(i * GuestProgram.ResultBytes, GuestProgram.ResultBytes));
            text.AppendLine(Describe(batch, cases[i]));
            for (int word = 0; word < ours.Length; word++)
            {
                if (ours[word] != theirs[word])
                {
                    string name = word < GuestState.Bytes / 8 ? GuestState.NameOf(word) : $"window+{(word * 8) - GuestState.Bytes}";
                    text.AppendLine(CultureInfo.InvariantCulture, $"    {name}: machine {ours[word]:x16}, qemu {theirs[word]:x16}");
                }
            }
        }

        return text.ToString();
    }

    private static string Describe(FidelityBatch batch, int index)
    {
        FidelityCase one = batch.Cases[index];
        A64Instruction instruction = one.Instruction;
        ulong[] words = batch.States[one.State].Words;
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{one.Word:x8} {instruction.Form} size {instruction.Size} lane {instruction.Lane} imm {instruction.Imm:x}");
        text.Append(CultureInfo.InvariantCulture, $" fpcr {words[GuestState.FloatControl]:x} fpsr {words[GuestState.FloatStatus]:x} nzcv {words[GuestState.Flags] >> 28:x}");
        foreach (int register in (ReadOnlySpan<int>)[instruction.Rd, instruction.Rn, instruction.Rm, instruction.Ra])
        {
            int vector = GuestState.Vectors + (2 * register);
            text.Append(CultureInfo.InvariantCulture, $"\n      x{register} {words[register]:x16} v{register} {words[vector + 1]:x16}_{words[vector]:x16}");
        }

        return text.ToString();
    }
}
