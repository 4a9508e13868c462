using System;
using System.Collections.Generic;
using System.IO;
using MiniJit.IR.Interpretation;
using Xunit;

namespace MiniJit.IR.Tests.Interpretation;

/// <summary>The reference's table of edge cases: every row whose opcode is a function of values.</summary>
public sealed class SemanticsChecksTests
{
    private const string Table = "clif/semantics-checks.tsv";

    [Fact]
    public void Every_row_of_the_reference_table_holds()
    {
        string? path = Shared.Find(Table);
        Assert.SkipWhen(path is null, "no ../shared/" + Table);

        List<string> failures = [];
        int checkedRows = 0, elsewhere = 0;
        foreach (string line in File.ReadLines(path!))
        {
            string[] cells = line.Split('\t');
            if (line.StartsWith('#') || cells[0] == "opcode")
            {
                continue;
            }

            if (!TryEvaluate(cells, out string actual))
            {
                elsewhere++;
                continue;
            }

            checkedRows++;
            if (!Matches(cells[4], actual))
            {
                failures.Add($"{line} => {actual}");
            }
        }

        Assert.Empty(failures);
        Assert.True(checkedRows > 280, $"only {checkedRows} rows checked, {elsewhere} left to the interpreter's tests");
    }

    // Memory, branches and traps are statements of a function, not functions of values; see InterpreterTests.
    private static bool TryEvaluate(string[] cells, out string actual)
    {
        actual = "";
        string[] words = cells[0].Split([' '], 2);
        string[] mnemonic = words[0].Split('.');
        if (!OpcodeTable.TryFind(mnemonic[0], out Opcode opcode) || cells[1].Contains("memory", StringComparison.Ordinal)
            || opcode.Info().Has(OpcodeTraits.Terminator) || opcode.Info().Has(OpcodeTraits.ReadsMemory) || opcode.Info().Has(OpcodeTraits.WritesMemory)
            || opcode is Opcode.Trapz or Opcode.Trapnz)
        {
            return false;
        }

        List<string> types = ValueText.Split(cells[1]), texts = ValueText.Split(cells[2]);
        DataValue[] args = new DataValue[3];
        for (int i = 0; i < types.Count; i++)
        {
            args[i] = ValueText.Parse(Type(types[i]), texts[i]);
        }

        IrType source = args[opcode is Opcode.Select ? 1 : 0].Type;
        IrType result = mnemonic.Length > 1 ? Type(mnemonic[1]) : cells[3] == "-" ? source : Type(cells[3].Split(',')[0]);
        string extra = texts.Count > types.Count ? texts[^1] : "";
        Operation op = new(opcode, result, source);
        op = opcode switch
        {
            Opcode.Icmp => op with { Immediate = ConditionCodes.TryParse(words[1], out IntCC cc) ? (byte)cc : throw new FormatException(words[1]) },
            Opcode.Fcmp => op with { Immediate = ConditionCodes.TryParse(words[1], out FloatCC cc) ? (byte)cc : throw new FormatException(words[1]) },
            Opcode.Extractlane or Opcode.Insertlane => op with { Immediate = byte.Parse(extra, null) },
            Opcode.Shuffle => op with { Mask = ValueText.Parse(IrType.I8X16, extra).Bits },
            Opcode.UaddOverflowTrap => op with { Trap = TrapCode.TryParse(extra, out TrapCode code) ? code : throw new FormatException(extra) },
            _ => op,
        };
        if (!Semantics.TryEvaluate(op, args[0], args[1], args[2], out DataValue first, out DataValue second, out TrapCode trap))
        {
            actual = "no semantics";
            return true;
        }

        actual = !trap.IsNone ? $"trap {trap}" : second.Type.IsNone ? first.ToString() : $"{first}; {second}";
        if (trap.IsNone && !cells[4].StartsWith("trap", StringComparison.Ordinal) && !cells[4].Contains('*', StringComparison.Ordinal))
        {
            // Compare values, not spellings: the table writes vectors by lanes.
            List<string> expected = ValueText.Split(cells[4], ';');
            bool same = first == ValueText.Parse(first.Type, expected[0])
                && (second.Type.IsNone ? expected.Count == 1 : second == ValueText.Parse(second.Type, expected[1]));
            actual = same ? cells[4] : actual;
        }

        return true;
    }

    private static bool Matches(string expected, string actual) =>
        expected == actual || (expected == "NaN*" && actual is "+NaN" or "-NaN");

    private static IrType Type(string text) => IrType.TryParse(text, out IrType type) ? type : throw new FormatException(text);
}
