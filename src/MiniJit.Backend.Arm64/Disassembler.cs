// Machine code as text, for people and for tests: Arm's syntax with the preferred aliases, from the same rows as the encoder. The
// spelling is llvm-mc's, which a test compares; names of rare system registers and maintenance operations differ (SystemNames has
// those that user code meets, the rest is spelt generically). Not on the compile path, so it may allocate.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.Numerics;
using System.Text;
using MiniJit.Codegen;
using MiniJit.Codegen.Emission;

namespace MiniJit.Backend.Arm64;

internal static partial class Disassembler
{
    private const string ElementLetters = "bhsdq";

    /// <summary>The text of an instruction at <paramref name="address"/>; targets are absolute.</summary>
    public static string Instruction(in A64Instruction instruction, ulong address)
    {
        ulong from = instruction.Form == A64Form.Adrp ? address & ~0xffful : address;
        Writer writer = new(distance => string.Create(CultureInfo.InvariantCulture, $"0x{from + (ulong)distance:x}"));
        return writer.Instruction(instruction);
    }

    /// <summary>The text of an instruction; targets are distances in bytes.</summary>
    public static string Instruction(in A64Instruction instruction) =>
        new Writer(distance => string.Create(CultureInfo.InvariantCulture, $"#{distance}")).Instruction(instruction);

    /// <summary>The text of an instruction; <paramref name="target"/> spells the target at a distance in bytes.</summary>
    public static string Instruction(in A64Instruction instruction, Func<long, string> target) => new Writer(target).Instruction(instruction);

    /// <summary>The text of a word, or <c>.word</c>.</summary>
    public static string Word(uint word) => Decode.TryInstruction(word, out A64Instruction instruction)
        ? Instruction(instruction)
        : string.Create(CultureInfo.InvariantCulture, $".word 0x{word:x8}");

    /// <summary>Decodes the instructions of <paramref name="code"/>; data behind them is left out, data between them are words.</summary>
    public static List<DisassembledLine> Lines(CompiledCode code)
    {
        List<DisassembledLine> lines = [];
        Annotations notes = new(code);
        for (int offset = 0; offset < code.CodeSize; offset += 4)
        {
            int at = offset;
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(code.Bytes[offset..]);
            bool decoded = Decode.TryInstruction(word, out A64Instruction instruction);
            string text = decoded ? new Writer(distance => notes.Target(at, distance)).Instruction(instruction) : Word(word);
            lines.Add(new(offset, 4, text, notes.CommentFor(offset, instruction)));
        }

        return lines;
    }

    /// <summary>The listing of <paramref name="code"/>, see <see cref="CodeListing"/>.</summary>
    public static IReadOnlyList<string> Format(CompiledCode code, bool offsets = true) => CodeListing.Format(code, Lines(code), offsets);

    /// <summary>Decodes bytes that stand alone.</summary>
    public static List<string> Format(ReadOnlySpan<byte> bytes)
    {
        List<string> text = [];
        for (int offset = 0; offset + 4 <= bytes.Length; offset += 4)
        {
            text.Add(Word(BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..])));
        }

        return text;
    }

    /// <summary>Builds the text of one instruction.</summary>
    private sealed class Writer(Func<long, string> target)
    {
        private readonly StringBuilder _text = new();
        private bool _hasOperand;

        public string Instruction(in A64Instruction i)
        {
            InstructionRow row = InstructionTable.Row(i.Form);
            switch (i.Form)
            {
                case A64Form.Hint when SystemNames.Hint(i.Imm) is string hint:
                    return hint;
                case A64Form.Sys:
                    return SystemInstruction(i);
            }

            if (FindAlias(i) is Alias alias)
            {
                _text.Append(alias.Mnemonic).Append(i.Form is >= A64Form.Ldadd and <= A64Form.Ldumin ? OrderingSuffix(i) : "");
                foreach (AliasOperand operand in alias.Operands)
                {
                    if (operand.Number != null)
                    {
                        Number(operand.Number(i));
                    }
                    else if (operand.IsInvertedCondition)
                    {
                        Separate().Append(((Condition)i.Cond).Negate().Name());
                    }
                    else
                    {
                        Operand(operand.Spec, i);
                    }
                }
            }
            else
            {
                _text.Append(Mnemonic(row, i));
                foreach (OperandSpec operand in row.Operands)
                {
                    Operand(operand, i);
                }
            }

            return _text.ToString();
        }

        private static string Mnemonic(InstructionRow row, in A64Instruction i)
        {
            switch (i.Form)
            {
                case A64Form.LoadStoreUnsigned or A64Form.LoadStorePost or A64Form.LoadStorePre or A64Form.LoadStoreRegister or A64Form.LoadLiteral:
                    return ((MemoryAccess)i.Aux).Row().Mnemonic;
                case A64Form.LoadStoreUnscaled:
                    string mnemonic = ((MemoryAccess)i.Aux).Row().Mnemonic;
                    return mnemonic.Insert(mnemonic[0] == 'p' ? 3 : 2, "u");
                case >= A64Form.PairOffset and <= A64Form.PairNoAllocate:
                    return (((MemoryAccess)i.Aux).Row().IsLoad ? "ld" : "st") + row.Mnemonic + ((MemoryAccess)i.Aux == MemoryAccess.LdrSW ? "sw" : "");
                case A64Form.Stxr or A64Form.Stlxr or A64Form.Ldxr or A64Form.Ldaxr or A64Form.Stlr or A64Form.Ldar:
                    return row.Mnemonic + LaneSuffix(i);
                case A64Form.Casp:
                    return row.Mnemonic + OrderingLetters(i);
                case >= A64Form.Cas and <= A64Form.Swp:
                    return row.Mnemonic + OrderingSuffix(i);
                case A64Form.BCond:
                    return "b." + ((Condition)i.Cond).Name();
            }

            return row.Has(FormTraits.UpperHalf) && i.Size == 16 ? row.Mnemonic + "2" : row.Mnemonic;
        }

        private static string OrderingSuffix(in A64Instruction i) => OrderingLetters(i) + LaneSuffix(i);

        private static string OrderingLetters(in A64Instruction i) => i.Aux switch
        {
            0 => "",
            1 => "l",
            2 => "a",
            _ => "al",
        };

        private static string LaneSuffix(in A64Instruction i) => i.Lane switch
        {
            0 => "b",
            1 => "h",
            _ => "",
        };

        private static string SystemInstruction(in A64Instruction i)
        {
            if (SystemNames.SystemOperation(i.Imm) is string operation)
            {
                bool needsAddress = !operation.StartsWith("ic iall", StringComparison.Ordinal);
                return needsAddress ? operation + ", " + General(i.Rd, 8, false) : i.Rd == 31 ? operation : Generic(i);
            }

            return Generic(i);

            static string Generic(in A64Instruction i)
            {
                int n = (int)i.Imm;
                string text = string.Create(CultureInfo.InvariantCulture, $"sys #{n >> 11}, c{(n >> 7) & 15}, c{(n >> 3) & 15}, #{n & 7}");
                return i.Rd == 31 ? text : text + ", " + General(i.Rd, 8, false);
            }
        }

        private StringBuilder Separate()
        {
            _text.Append(_hasOperand ? ", " : " ");
            _hasOperand = true;
            return _text;
        }

        private void Number(long value) => Separate().Append(CultureInfo.InvariantCulture, $"#{value}");

        private void Hex(ulong value) => Separate().Append(value == 0 ? "#0" : string.Create(CultureInfo.InvariantCulture, $"#0x{value:x}"));

        private void Operand(OperandSpec operand, in A64Instruction i)
        {
            switch (operand.Kind)
            {
                case A64OperandKind.Register:
                    RegisterOperand(operand, i);
                    break;

                case A64OperandKind.RegisterList:
                    List(operand, i);
                    break;

                case A64OperandKind.Imm12:
                    Number(i.Imm);
                    _text.Append(i.Aux == 0 ? "" : ", lsl #12");
                    break;

                case A64OperandKind.BitmaskImm:
                    Hex((ulong)i.Imm);
                    break;

                case A64OperandKind.Imm16Shifted:
                    Number(i.Imm);
                    if (i.Aux != 0)
                    {
                        _text.Append(CultureInfo.InvariantCulture, $", lsl #{16 * i.Aux}");
                    }

                    break;

                case A64OperandKind.Imm16 when i.Form != A64Form.Udf:
                    Hex((ulong)i.Imm);
                    break;

                case A64OperandKind.Bitfield:
                    Number(i.Imm);
                    Number(i.Aux);
                    break;

                case A64OperandKind.Shifted or A64OperandKind.Rotated:
                    if ((i.Imm | i.Aux) != 0)
                    {
                        Separate().Append(CultureInfo.InvariantCulture, $"{s_shifts[i.Aux]} #{i.Imm}");
                    }

                    break;

                case A64OperandKind.Extended:
                    Extended(i);
                    break;

                case A64OperandKind.Imm16 or A64OperandKind.ExtractLsb or A64OperandKind.Imm5 or A64OperandKind.HintNumber or A64OperandKind.FractionBits
                    or A64OperandKind.ShiftLeft or A64OperandKind.ShiftRight or A64OperandKind.ByteIndex:
                    Number(i.Imm);
                    break;

                case A64OperandKind.Nzcv or A64OperandKind.BitNumber:
                    Number(i.Aux);
                    break;

                case A64OperandKind.Condition when i.Form != A64Form.BCond:
                    Separate().Append(((Condition)i.Cond).Name());
                    break;

                case A64OperandKind.Condition:
                    break;

                case A64OperandKind.Label26 or A64OperandKind.Label19 or A64OperandKind.Label14 or A64OperandKind.PcRelative or A64OperandKind.PcRelativePage:
                    Separate().Append(target(i.Imm));
                    break;

                case A64OperandKind.BarrierOption when i.Form is A64Form.Dsb or A64Form.Dmb:
                    Separate().Append(SystemNames.Barrier(i.Imm));
                    break;

                case A64OperandKind.BarrierOption:
                    Number(i.Imm);
                    break;

                case A64OperandKind.SystemRegister:
                    Separate().Append(SystemNames.SystemRegister(i.Imm));
                    break;

                case A64OperandKind.AddressUnsigned or A64OperandKind.AddressUnscaled or A64OperandKind.AddressPair:
                    Address(i, i.Imm == 0 ? "]" : string.Create(CultureInfo.InvariantCulture, $", #{i.Imm}]"));
                    break;

                case A64OperandKind.AddressPost or A64OperandKind.AddressPairPost:
                    Address(i, string.Create(CultureInfo.InvariantCulture, $"], #{i.Imm}"));
                    break;

                case A64OperandKind.AddressPre or A64OperandKind.AddressPairPre:
                    Address(i, string.Create(CultureInfo.InvariantCulture, $", #{i.Imm}]!"));
                    break;

                case A64OperandKind.AddressBase:
                    Address(i, "]");
                    break;

                case A64OperandKind.AddressRegister:
                    Address(i, RegisterOffset(i));
                    break;

                case A64OperandKind.AddressPostBytes:
                    Address(i, string.Create(CultureInfo.InvariantCulture, $"], #{TransferredBytes(i)}"));
                    break;

                case A64OperandKind.AddressPostRegister:
                    Address(i, "], " + General(i.Rm, 8, false));
                    break;

                case A64OperandKind.FloatImm8:
                    Separate().Append('#').Append(BitConverter.UInt64BitsToDouble(FloatImm8.Expand((uint)i.Imm, 8)).ToString("F8", CultureInfo.InvariantCulture));
                    break;

                case A64OperandKind.FloatZero:
                    Separate().Append("#0.0");
                    break;

                case A64OperandKind.IntZero:
                    Number(0);
                    break;

                case A64OperandKind.ShiftByLane:
                    Number(8 << i.Lane);
                    break;

                case A64OperandKind.VectorMoveImm or A64OperandKind.VectorLogicalImm:
                    ShiftedByte(i);
                    break;

                case A64OperandKind.VectorFixedImm:
                    FixedVectorImm(i);
                    break;

                default:
                    throw new ArgumentOutOfRangeException(nameof(operand), operand.Kind, null);
            }
        }

        private void RegisterOperand(OperandSpec operand, in A64Instruction i)
        {
            byte number = Field(operand.Field, i);
            if (operand.Role == RegisterRole.ByAccess)
            {
                MemoryAccess access = (MemoryAccess)i.Aux;
                Separate().Append(access == MemoryAccess.Prfm ? SystemNames.Prefetch(number) : Register(number, access.Row().View, i));
                return;
            }

            bool isExtended = operand is { Field: RegisterField.Rm, View: RegisterView.General }
                && i.Form is >= A64Form.AddExtended and <= A64Form.SubsExtended && (i.Aux & 3) != 3;
            Separate().Append(isExtended ? General(number, 4, false) : Register(number, operand.View, i));
            if (i.Form == A64Form.Casp && operand.View == RegisterView.GeneralByLane)
            {
                Separate().Append(Register((byte)(number + 1), operand.View, i));
            }
        }

        private void List(OperandSpec operand, in A64Instruction i)
        {
            byte first = Field(operand.Field, i);
            bool isElement = operand.View == RegisterView.VectorElement;
            Separate().Append("{ ");
            for (int k = 0; k < operand.Count; k++)
            {
                byte number = (byte)((first + k) & 31);
                _text.Append(k == 0 ? "" : ", ").Append(isElement
                    ? string.Create(CultureInfo.InvariantCulture, $"v{number}.{ElementLetters[i.Lane]}")
                    : Register(number, operand.View, i));
            }

            _text.Append(" }");
            if (isElement)
            {
                _text.Append(CultureInfo.InvariantCulture, $"[{i.Imm}]");
            }
        }

        private void Extended(in A64Instruction i)
        {
            bool plain = i.Aux == (byte)(i.Size == 8 ? Extend.Uxtx : Extend.Uxtw);
            bool hasStackPointer = i.Rn == 31 || (i.Rd == 31 && i.Form is A64Form.AddExtended or A64Form.SubExtended);
            if (plain && hasStackPointer)
            {
                if (i.Imm != 0)
                {
                    Separate().Append(CultureInfo.InvariantCulture, $"lsl #{i.Imm}");
                }

                return;
            }

            Separate().Append(s_extends[i.Aux]);
            if (i.Imm != 0)
            {
                _text.Append(CultureInfo.InvariantCulture, $" #{i.Imm}");
            }
        }

        private void Address(in A64Instruction i, string rest) => Separate().Append('[').Append(General(i.Rn, 8, true)).Append(rest);

        private static string RegisterOffset(in A64Instruction i)
        {
            bool isLsl = i.Cond == (byte)Extend.Uxtx;
            int shift = BitOperations.Log2(((MemoryAccess)i.Aux).Row().Bytes);
            string index = General(i.Rm, (i.Cond & 1) != 0 ? 8 : 4, false), extend = isLsl ? "lsl" : s_extends[i.Cond];
            return (isLsl, i.Imm) switch
            {
                (true, 0) => $", {index}]",
                (_, 0) => $", {index}, {extend}]",
                _ => string.Create(CultureInfo.InvariantCulture, $", {index}, {extend} #{shift}]"),
            };
        }

        /// <summary>cmode 0xx: bytes of a word, 10x: bytes of a halfword, 110x: ones shifted in.</summary>
        private void ShiftedByte(in A64Instruction i)
        {
            Number(VectorImm.Compress(0, i.Aux, (ulong)i.Imm));
            (string kind, int amount) = (i.Aux >> 1) switch
            {
                < 4 => ("lsl", 8 * (i.Aux >> 1)),
                < 6 => ("lsl", 8 * ((i.Aux >> 1) & 1)),
                _ => ("msl", 8 << (i.Aux & 1)),
            };
            if (amount != 0)
            {
                Separate().Append(CultureInfo.InvariantCulture, $"{kind} #{amount}");
            }
        }

        private void FixedVectorImm(in A64Instruction i)
        {
            switch (i.Form)
            {
                case A64Form.MoviBytes:
                    Number((byte)i.Imm);
                    break;
                case A64Form.FmovSingles:
                    Separate().Append('#').Append(BitConverter.UInt32BitsToSingle((uint)i.Imm).ToString("F8", CultureInfo.InvariantCulture));
                    break;
                case A64Form.FmovDoubles:
                    Separate().Append('#').Append(BitConverter.Int64BitsToDouble(i.Imm).ToString("F8", CultureInfo.InvariantCulture));
                    break;
                default:
                    Separate().Append(i.Imm == 0 ? "#0000000000000000" : string.Create(CultureInfo.InvariantCulture, $"#0x{i.Imm:x14}"));   // C's %#016x
                    break;
            }
        }

        private static int TransferredBytes(in A64Instruction i)
        {
            OperandSpec list = InstructionTable.Row(i.Form).Operands[0];
            bool isWhole = list.View == RegisterView.Vector && i.Form is < A64Form.Ld1R or > A64Form.Ld4RPostReg;
            return list.Count * (isWhole ? i.Size : 1 << i.Lane);
        }

        private static byte Field(RegisterField field, in A64Instruction i) => field switch
        {
            RegisterField.Rd => i.Rd,
            RegisterField.Rn => i.Rn,
            RegisterField.Rm => i.Rm,
            _ => i.Ra,
        };

        private static string Register(byte number, RegisterView view, in A64Instruction i) => view switch
        {
            RegisterView.W => General(number, 4, false),
            RegisterView.X => General(number, 8, false),
            RegisterView.General => General(number, i.Size, false),
            RegisterView.GeneralSp => General(number, i.Size, true),
            RegisterView.XSp => General(number, 8, true),
            RegisterView.GeneralByLane => General(number, i.Lane == 3 ? 8 : 4, false),
            RegisterView.B => Scalar(number, 0),
            RegisterView.H => Scalar(number, 1),
            RegisterView.S => Scalar(number, 2),
            RegisterView.D => Scalar(number, 3),
            RegisterView.Q => Scalar(number, 4),
            RegisterView.HighHalf => Element(number, 3, 1),
            RegisterView.Float => Scalar(number, BitOperations.Log2(i.Size)),
            RegisterView.ScalarByLane => Scalar(number, i.Lane),
            RegisterView.ScalarByLaneWide => Scalar(number, i.Lane + 1),
            RegisterView.Vector => Vector(number, i.Size, i.Lane),
            RegisterView.VectorWide => Vector(number, 16, i.Lane + 1),
            RegisterView.VectorPairwise => Vector(number, i.Size, i.Lane + 1),
            RegisterView.VectorNarrow => Vector(number, i.Size, i.Lane - 1),
            RegisterView.VectorFull => Vector(number, 16, i.Lane),
            RegisterView.VectorBytes => Vector(number, i.Size, 0),
            RegisterView.VectorBytesFull => Vector(number, 16, 0),
            RegisterView.VectorElement => Element(number, i.Lane, i.Imm),
            RegisterView.VectorElementSource => Element(number, i.Lane, i.Aux),
            RegisterView.VectorBytesElement => string.Create(CultureInfo.InvariantCulture, $"v{number}.4b[{i.Imm}]"),
            RegisterView.VectorTwo => Vector(number, 2 << i.Lane, i.Lane),
            _ => throw new ArgumentOutOfRangeException(nameof(view), view, null),
        };

        private static string General(byte number, int size, bool isStackPointer) => (number, size, isStackPointer) switch
        {
            (31, 8, true) => "sp",
            (31, _, true) => "wsp",
            (31, 8, _) => "xzr",
            (31, _, _) => "wzr",
            (_, 8, _) => string.Create(CultureInfo.InvariantCulture, $"x{number}"),
            _ => string.Create(CultureInfo.InvariantCulture, $"w{number}"),
        };

        private static string Scalar(byte number, int lane) => string.Create(CultureInfo.InvariantCulture, $"{ElementLetters[lane]}{number}");

        private static string Vector(byte number, int bytes, int lane) =>
            string.Create(CultureInfo.InvariantCulture, $"v{number}.{bytes >> lane}{ElementLetters[lane]}");

        private static string Element(byte number, int lane, long index) =>
            string.Create(CultureInfo.InvariantCulture, $"v{number}.{ElementLetters[lane]}[{index}]");
    }

    private static readonly string[] s_shifts = ["lsl", "lsr", "asr", "ror"], s_extends = ["uxtb", "uxth", "uxtw", "uxtx", "sxtb", "sxth", "sxtw", "sxtx"];

    /// <summary>Looks up what the tables of the code say about an offset.</summary>
    private sealed class Annotations(CompiledCode code)
    {
        /// <summary>A symbol where a relocation will put one, a label inside the code, else the distance.</summary>
        public string Target(int offset, long distance)
        {
            foreach (Relocation relocation in code.Relocations)
            {
                if (relocation.Offset == offset)
                {
                    return relocation.Target.ToString();
                }
            }

            long target = offset + distance;
            return target >= 0 && target <= code.Bytes.Length ? CodeListing.LabelAt((int)target) : string.Create(CultureInfo.InvariantCulture, $"#{distance}");
        }

        public string CommentFor(int offset, in A64Instruction instruction)
        {
            StringBuilder comment = CodeListing.Notes(code, offset, 4);
            string literal = Literal(offset, instruction);
            return comment.Append(comment.Length == 0 || literal.Length == 0 ? "" : ", ").Append(literal).ToString();
        }

        /// <summary>The value of a float that is loaded from the constants behind the code.</summary>
        private string Literal(int offset, in A64Instruction instruction)
        {
            if (instruction.Form != A64Form.LoadLiteral)
            {
                return "";
            }

            long at = offset + instruction.Imm;
            MemoryAccess access = (MemoryAccess)instruction.Aux;
            if (at < code.CodeSize || at + access.Row().Bytes > code.Bytes.Length)
            {
                return "";
            }

            ReadOnlySpan<byte> bytes = code.Bytes[(int)at..];
            return access switch
            {
                MemoryAccess.LdrFS => BitConverter.ToSingle(bytes).ToString("R", CultureInfo.InvariantCulture),
                MemoryAccess.LdrFD => BitConverter.ToDouble(bytes).ToString("R", CultureInfo.InvariantCulture),
                MemoryAccess.LdrX => string.Create(CultureInfo.InvariantCulture, $"0x{BitConverter.ToUInt64(bytes):x}"),
                _ => "",
            };
        }
    }
}
