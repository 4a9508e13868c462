using System;
using System.Collections.Generic;
using System.Text;
using System.Text.RegularExpressions;
using Iced.Intel;
using MiniJit.Codegen;
using MiniJit.Codegen.Machine;
using Xunit;
using Decoder = Iced.Intel.Decoder;

namespace MiniJit.Backend.X64.Tests;

public partial class EncodingTests
{
    [Fact]
    public void Iced_reads_back_every_form_with_every_kind_of_operand()
    {
        StringBuilder wrong = new();
        int checkedCount = 0;
        EmitHarness harness = new();
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            List<Sample> samples = [.. FormSamples.Of(row.Form)];
            Assert.NotEmpty(samples);
            CompiledCode code = Emit(harness, samples);
            int next = 0;
            Decoder decoder = Decoder.Create(64, new ByteArrayCodeReader(code.Bytes[..code.CodeSize].ToArray()), ip: 0);
            decoder.Decode(out Instruction skipped);
            decoder.Decode(out skipped);
            IntelFormatter formatter = PlainFormatter();
            StringOutput output = new();
            foreach (Sample sample in samples)
            {
                decoder.Decode(out Instruction instruction);
                if (instruction.Mnemonic is Mnemonic.Xorps or Mnemonic.Vxorps && row.Has(FormTraits.BreakDependency))
                {
                    decoder.Decode(out instruction);
                }

                formatter.Format(instruction, output);
                string text = SizeWord().Replace(output.ToStringAndReset(), "");
                if (text != sample.Text)
                {
                    wrong.AppendLine($"{row.Form} size {sample.Size}: expected '{sample.Text}', decoded '{text}'");
                    if (instruction.IsInvalid)
                    {
                        break;
                    }
                }

                CheckMemorySize(row, sample, instruction, wrong);
                next++;
                checkedCount++;
            }
        }

        Assert.True(wrong.Length == 0, wrong.ToString(0, Math.Min(wrong.Length, 6000)));
        Assert.True(checkedCount > 10_000);
    }

    private static void CheckMemorySize(in InstructionRow row, Sample sample, in Instruction instruction, StringBuilder wrong)
    {
        if (sample.Mode == AddressMode.None || row.Has(FormTraits.Address))
        {
            return;
        }

        int expected = row.Form switch
        {
            X64Form.MovzxByte or X64Form.MovsxByte => 1,
            X64Form.MovzxWord or X64Form.MovsxWord => 2,
            X64Form.MovsxDword => 4,
            X64Form.Cvttss2si or X64Form.Cvtss2si or X64Form.Vcvttss2si or X64Form.Vcvtss2si => 4,
            X64Form.Cvttsd2si or X64Form.Cvtsd2si or X64Form.Vcvttsd2si or X64Form.Vcvtsd2si => 8,
            _ => sample.Size,
        };
        if (instruction.MemorySize.GetSize() != expected)
        {
            wrong.AppendLine($"{row.Form} size {sample.Size}: memory of {expected} bytes expected, decoded {instruction.MemorySize}");
        }
    }

    internal static CompiledCode Emit(EmitHarness harness, List<Sample> samples)
    {
        harness.Reset();
        harness.Block();
        foreach (Sample sample in samples)
        {
            ref MachineInst inst = ref harness.Add(sample.Form, sample.Size, sample.Registers);
            inst.Mode = (byte)sample.Mode;
            inst.Disp = sample.Disp;
            inst.Scale = (byte)sample.Scale;
            inst.Imm = sample.Imm;
            inst.Cond = (byte)sample.Cond;
        }

        harness.Add(X64Form.Ud2, 0);
        return harness.Emit();
    }

    private static IntelFormatter PlainFormatter() => new()
    {
        Options = { NumberBase = NumberBase.Decimal, SignedImmediateOperands = true, SpaceAfterOperandSeparator = true, UsePseudoOps = false },
    };

    [GeneratedRegex("(byte|dword|qword|xmmword|word|oword) ptr |(?<=\\[)(byte|word|dword|qword) ")]
    private static partial Regex SizeWord();
}
