// Machine code as text, for people and for tests: Intel syntax, branch targets as labels, relocations by symbol, traps
// as comments. Iced decodes. Not on the compile path, so it may allocate.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Iced.Intel;
using MiniJit.Codegen;
using Decoder = Iced.Intel.Decoder;

namespace MiniJit.Backend.X64;

/// <summary>One decoded instruction.</summary>
/// <param name="Offset">From the start of the function.</param>
/// <param name="Length">In bytes.</param>
/// <param name="Text">Intel syntax; lower case.</param>
/// <param name="Comment">Trap codes, relocations and constants, or empty.</param>
internal readonly record struct DisassembledLine(int Offset, int Length, string Text, string Comment);

internal static class Disassembler
{
    /// <summary>Decodes the instructions of <paramref name="code"/>; data behind them is left out.</summary>
    public static List<DisassembledLine> Decode(CompiledCode code)
    {
        Annotations notes = new(code);
        Formatter formatter = CreateFormatter(notes);
        Decoder decoder = Decoder.Create(64, new ByteArrayCodeReader(code.Bytes[..code.CodeSize].ToArray()), ip: 0);
        List<DisassembledLine> lines = [];
        StringOutput output = new();
        while (decoder.IP < (ulong)code.CodeSize)
        {
            decoder.Decode(out Instruction instruction);
            notes.Current = instruction;
            formatter.Format(instruction, output);
            lines.Add(new DisassembledLine((int)instruction.IP, instruction.Length, output.ToStringAndReset(), notes.CommentFor(instruction)));
        }

        return lines;
    }

    /// <summary>The listing: a label line before each jump target, then one line per instruction.</summary>
    public static List<string> Format(CompiledCode code, bool offsets = true)
    {
        List<DisassembledLine> lines = Decode(code);
        Annotations notes = new(code);
        List<string> text = [];
        foreach (DisassembledLine line in lines)
        {
            if (notes.IsBlock(line.Offset))
            {
                text.Add(Annotations.LabelAt(line.Offset) + ":");
            }

            StringBuilder row = new("  ");
            if (offsets)
            {
                row.Append(CultureInfo.InvariantCulture, $"{line.Offset:x4}  ");
            }

            row.Append(line.Text);
            if (line.Comment.Length != 0)
            {
                row.Append(" ; ").Append(line.Comment);
            }

            text.Add(row.ToString());
        }

        return text;
    }

    /// <summary>Decodes bytes that stand alone.</summary>
    public static List<string> Format(ReadOnlySpan<byte> bytes)
    {
        Formatter formatter = CreateFormatter(null);
        Decoder decoder = Decoder.Create(64, new ByteArrayCodeReader(bytes.ToArray()), ip: 0);
        List<string> text = [];
        StringOutput output = new();
        while (decoder.IP < (ulong)bytes.Length)
        {
            decoder.Decode(out Instruction instruction);
            formatter.Format(instruction, output);
            text.Add(output.ToStringAndReset());
        }

        return text;
    }

    private static IntelFormatter CreateFormatter(ISymbolResolver? symbols) => new(symbols)
    {
        Options =
        {
            HexPrefix = "0x", HexSuffix = "", UppercaseHex = false, SpaceAfterOperandSeparator = true,
            RipRelativeAddresses = symbols == null, BranchLeadingZeros = false, SmallHexNumbersInDecimal = true,
            UsePseudoOps = true, ShowBranchSize = false,
        },
    };

    /// <summary>Looks up what the tables of the code say about an address or an instruction.</summary>
    private sealed class Annotations(CompiledCode code) : ISymbolResolver
    {
        public Instruction Current { get; set; }

        public static string LabelAt(int offset) => string.Create(CultureInfo.InvariantCulture, $"L{offset:x4}");

        public bool IsBlock(int offset) => code.BlockOffsets.BinarySearch(offset) >= 0;

        public bool TryGetSymbol(in Instruction instruction, int operand, int instructionOperand, ulong address, int addressSize, out SymbolResult symbol)
        {
            foreach (Relocation relocation in code.Relocations)
            {
                if (relocation.Offset > (int)instruction.IP && relocation.Offset < (int)instruction.NextIP)
                {
                    symbol = new SymbolResult(address, relocation.Target.ToString());
                    return true;
                }
            }

            bool isCode = instruction.Op0Kind is OpKind.NearBranch64 || instruction.IsIPRelativeMemoryOperand;
            symbol = isCode && address <= (ulong)code.Bytes.Length ? new SymbolResult(address, LabelAt((int)address)) : default;
            return isCode && address <= (ulong)code.Bytes.Length;
        }

        public string CommentFor(in Instruction instruction)
        {
            StringBuilder comment = new();
            foreach (TrapSite trap in code.Traps)
            {
                if (trap.Offset == (int)instruction.IP)
                {
                    comment.Append("trap: ").Append(trap.Code.ToString());
                }
            }

            foreach (Relocation relocation in code.Relocations)
            {
                if (relocation.Offset > (int)instruction.IP && relocation.Offset < (int)instruction.NextIP)
                {
                    comment.Append(comment.Length == 0 ? "" : ", ").Append(relocation.Kind.ToString()).Append(' ').Append(relocation.Target.ToString());
                    if (relocation.Addend != 0)
                    {
                        comment.Append(CultureInfo.InvariantCulture, $" {relocation.Addend:+0;-0}");
                    }
                }
            }

            if (instruction.IsIPRelativeMemoryOperand && (int)instruction.IPRelativeMemoryAddress >= code.CodeSize
                && (int)instruction.IPRelativeMemoryAddress + 8 <= code.Bytes.Length && instruction.MemorySize is MemorySize.Float32 or MemorySize.Float64)
            {
                ReadOnlySpan<byte> bytes = code.Bytes[(int)instruction.IPRelativeMemoryAddress..];
                comment.Append(comment.Length == 0 ? "" : ", ").Append(instruction.MemorySize == MemorySize.Float32
                    ? BitConverter.ToSingle(bytes).ToString("R", CultureInfo.InvariantCulture)
                    : BitConverter.ToDouble(bytes).ToString("R", CultureInfo.InvariantCulture));
            }

            return comment.ToString();
        }
    }
}
