using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using MiniJit.IR.Tests.Support;
using Xunit;

namespace MiniJit.IR.Tests.Opcodes;

public sealed class OpcodeTableTests
{
    [Fact]
    public void Rows_stand_in_the_order_of_the_enumeration()
    {
        Assert.Equal(Enum.GetValues<Opcode>(), OpcodeTable.Rows.ToArray().Select(row => row.Opcode));
        Assert.Equal(163, OpcodeTable.Rows.Length - 1);
    }

    [Fact]
    public void Every_mnemonic_finds_its_row()
    {
        foreach (OpcodeInfo info in OpcodeTable.Rows[1..])
        {
            Assert.True(OpcodeTable.TryFind(info.Name, out Opcode found));
            Assert.Equal(info.Opcode, found);
            Assert.Equal(info.Name.Replace("_", "", StringComparison.Ordinal), info.Opcode.ToString().ToLowerInvariant());
        }

        Assert.False(OpcodeTable.TryFind("invalid", out _));
    }

    [Fact]
    public void The_deciding_operand_has_the_controlling_type()
    {
        foreach (OpcodeInfo info in OpcodeTable.Rows[1..])
        {
            Assert.Equal(info.IsPolymorphic, !info.ControllingTypes.IsEmpty);
            if (info.Suffix.Kind == TypeSuffixKind.Optional)
            {
                Assert.Equal(TypeRule.Same, info.Operands[info.Suffix.DecidingOperand]);
            }

            if (info.Suffix.Kind == TypeSuffixKind.Mandatory)
            {
                Assert.Equal(TypeRule.Same, info.Results[0]);
            }
        }
    }

    [Fact]
    public void Hot_records_have_the_sizes_that_the_design_counts_on()
    {
        Assert.Equal(16, Unsafe.SizeOf<InstructionData>());
        Assert.Equal(8, Unsafe.SizeOf<ValueData>());
        Assert.Equal(1, Unsafe.SizeOf<IrType>());
        Assert.Equal(4, Unsafe.SizeOf<Value>());
        Assert.Equal(4, Unsafe.SizeOf<Block>());
        Assert.Equal(4, Unsafe.SizeOf<Inst>());
        Assert.Equal(4, Unsafe.SizeOf<BlockCall>());
        Assert.Equal(4, Unsafe.SizeOf<BlockArg>());
        Assert.Equal(4, Unsafe.SizeOf<MemFlags>());
        Assert.Equal(12, Unsafe.SizeOf<InstNode>());
    }

    [Fact]
    public void The_reference_page_is_generated_from_the_table()
    {
        string path = Repository.PathOf("docs", "opcodes.md");
        using StringWriter page = new();
        OpcodeReference.Write(page);
        if (Environment.GetEnvironmentVariable("MINIJIT_BLESS") == "1")
        {
            File.WriteAllText(path, page.ToString());
        }

        Assert.Equal(File.ReadAllText(path), page.ToString());
    }

    [Theory]
    [InlineData(Opcode.CallIndirect, "{i32, i64}")]
    [InlineData(Opcode.Istore32, "{i64}")]
    [InlineData(Opcode.Brif, "{i8..i128}")]
    [InlineData(Opcode.Select, "{i8..i128, f16..f128; 1..256 lanes}")]
    [InlineData(Opcode.Fadd, "{f16..f128; 1..256 lanes; dynamic}")]
    public void A_type_set_reads_well(Opcode opcode, string text) => Assert.Equal(text, opcode.Info().ControllingTypes.ToString());

    /// <summary>The language reference is no part of the sources; where it lies beside them, the table must say the same.</summary>
    [Fact]
    public void The_table_agrees_with_the_language_reference()
    {
        string? path = Repository.Shared("clif", "opcodes.tsv");
        Assert.SkipWhen(path is null, "the language reference (clif/opcodes.tsv) is not at hand");
        List<string[]> rows = [.. File.ReadLines(path!).Where(line => !line.StartsWith('#')).Skip(1).Select(line => line.Split('\t'))];
        Assert.Equal(rows.Select(row => row[0]), OpcodeTable.Rows[1..].ToArray().Select(info => info.Name));
        foreach (string[] row in rows.Where(row => row[1].StartsWith("UnaryIeee", StringComparison.Ordinal)))
        {
            row[8] = "ieee" + row[8][1..];                     // the reference names an immediate like its type
        }

        foreach ((string[] row, OpcodeInfo info) in rows.Zip(OpcodeTable.Rows[1..].ToArray()))
        {
            TypeSet set = info.ControllingTypes;
            string[] expected = [row[1], row[2], row[3], row[4], row[5], row[6], row[7], (row[8] + (row[9].Length == 0 ? "" : " -> " + row[9])).Trim()];
            string[] actual =
            [
                info.Format.ToString(),
                info.Suffix.Kind.ToString().ToLowerInvariant(),
                info.Suffix.DecidingOperand < 0 ? "" : $"{info.Suffix.DecidingOperand}",
                Range(set.MinLanes, set.MaxLanes, info.IsPolymorphic),
                Range(set.MinInt, set.MaxInt, info.IsPolymorphic),
                Range(set.MinFloat, set.MaxFloat, info.IsPolymorphic),
                Range(2, set.MaxDynamicLanes, info.IsPolymorphic),
                info.Shape.Trim(),
            ];
            Assert.Equal(expected, actual);
            Assert.Equal(Effects(row[10]), info.Traits & ~OpcodeTraits.Commutative);
        }
    }

    private static string Range(int low, int high, bool isPolymorphic) =>
        !isPolymorphic ? "" : high == 0 ? "-" : low == high ? $"{low}" : $"{low}..{high}";

    private static OpcodeTraits Effects(string words)
    {
        OpcodeTraits traits = default;
        foreach (string word in words.Split(", ", StringSplitOptions.RemoveEmptyEntries))
        {
            traits |= word switch
            {
                "branch" => OpcodeTraits.Branch | OpcodeTraits.Terminator,
                "return" => OpcodeTraits.Return | OpcodeTraits.Terminator,
                "terminator" => OpcodeTraits.Terminator,
                "call" => OpcodeTraits.Call,
                "load" => OpcodeTraits.ReadsMemory,
                "store" => OpcodeTraits.WritesMemory,
                "trap" => OpcodeTraits.CanTrap,
                "effect" => OpcodeTraits.OtherSideEffect,
                "idempotent" => OpcodeTraits.Idempotent,
                _ => throw new InvalidDataException(word),
            };
        }

        return traits;
    }
}
