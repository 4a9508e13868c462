// Machine code as text, for people and for tests: Intel syntax, branch targets as labels, relocations by symbol, traps
// as comments. Iced decodes. Not on the compile path, so it may allocate.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Iced.Intel;
using MiniJit.Codegen;
using MiniJit.Codegen.Emission;
using Decoder = Iced.Intel.Decoder;

namespace MiniJit.Backend.X64;

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

    /// <summary>The listing of <paramref name="code"/>, see <see cref="CodeListing"/>.</summary>
    public static List<string> Format(CompiledCode code, bool offsets = true) => CodeListing.Format(code, Decode(code), offsets);

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
            symbol = isCode && address <= (ulong)code.Bytes.Length ? new SymbolResult(address, CodeListing.LabelAt((int)address)) : default;
            return isCode && address <= (ulong)code.Bytes.Length;
        }

        public string CommentFor(in Instruction instruction)
        {
            StringBuilder comment = CodeListing.Notes(code, (int)instruction.IP, instruction.Length);
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
