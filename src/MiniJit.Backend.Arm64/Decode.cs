// 32 bits → A64Instruction, by the same rows and steps as the encoder. Words that are unallocated, or whose row we do not have, are
// refused; for every word that is accepted, encoding the result gives the word back.
//
// Rows are found by bits 31–21 and then, where many share those (Advanced SIMD), by bits 15–10. Within a bucket the rows with more fixed
// bits come first, and a row that refuses a word passes it on: some classes live in what another one reserves (modified
// immediates in shifts by immediate).
using System;
using System.Collections.Generic;
using System.Numerics;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal static class Decode
{
    private const int HighShift = 21, LowShift = 10, LowBits = 6, SplitAbove = 6;

    /// <summary>Bucket by bits 31–21: start and count in <see cref="s_candidates"/>; a negative start is the complement of one in <see cref="s_low"/>.</summary>
    private static readonly (int Start, int Count)[] s_high = new (int, int)[1 << (32 - HighShift)];
    private static readonly List<(int Start, int Count)> s_low = [];
    private static readonly A64Form[] s_candidates = BuildIndex();

    /// <summary>Decodes <paramref name="word"/> if it has a row.</summary>
    public static bool TryInstruction(uint word, out A64Instruction instruction)
    {
        (int start, int count) = s_high[word >> HighShift];
        if (start < 0)
        {
            (start, count) = s_low[~start + (int)((word >> LowShift) & ((1 << LowBits) - 1))];
        }

        foreach (A64Form form in s_candidates.AsSpan(start, count))
        {
            ref readonly FormFields fields = ref InstructionFields.Of(form);
            if ((word & fields.FixedMask) == fields.FixedBits && TryForm(form, fields, word, out instruction))
            {
                return true;
            }
        }

        instruction = default;
        return false;
    }

    private static bool TryForm(A64Form form, in FormFields fields, uint word, out A64Instruction instruction)
    {
        uint registers = word & fields.RegisterMask;
        instruction = new A64Instruction(form, 0)
        {
            Lane = fields.ImpliedLane, Rd = (byte)(registers & 31), Rn = (byte)((registers >> 5) & 31), Ra = (byte)((registers >> 10) & 31), Rm = (byte)((registers >> 16) & 31),
        };
        foreach (ref readonly FieldStep step in InstructionFields.Steps(fields))
        {
            if (!TryField(step, word, ref instruction))
            {
                return false;
            }
        }

        return (fields.Lanes == 0 || ((fields.Lanes >> instruction.Lane) & 1) != 0) && instruction.Size >> instruction.Lane >= fields.LeastLanes
            && !IsReserved(instruction);
    }

    private static bool TryField(in FieldStep step, uint word, ref A64Instruction instruction)
    {
        uint a = step.A.Extract(word), b = step.B.Extract(word), c = step.C.Extract(word);
        switch (step.Kind)
        {
            case FieldStepKind.SizeFromSf:
                instruction.Size = (byte)(4 << (int)a);
                return true;

            case FieldStepKind.LaneFromSf:
                instruction.Lane = (byte)(2 + a);
                return true;

            case FieldStepKind.Ftype:
                instruction.Size = a == 3 ? (byte)2 : (byte)(4 << (int)a);
                return a != 2;

            case FieldStepKind.Q:
                instruction.Size = (byte)(8 << (int)a);
                return true;

            case FieldStepKind.LaneFromSize:
                instruction.Lane = (byte)a;
                return true;

            case FieldStepKind.LaneFromSz:
                instruction.Lane = (byte)(2 + a);
                return true;

            case FieldStepKind.Access:
                return MemoryAccesses.TryFind(a, b, c, out instruction.Aux);

            case FieldStepKind.LiteralAccess:
                return MemoryAccesses.TryFindLiteral(a, b, out instruction.Aux);

            case FieldStepKind.PairAccess:
                return MemoryAccesses.TryFindPair(a, b, c, out instruction.Aux);

            case FieldStepKind.Ordering:
                instruction.Aux = (byte)((a << 1) | b);
                return true;

            case FieldStepKind.Imm12:
                instruction.Imm = a;
                instruction.Aux = (byte)b;
                return true;

            case FieldStepKind.BitmaskImm:
            {
                bool valid = BitmaskImm.TryDecode(a, b, c, instruction.Size, out ulong pattern, out uint ignored);
                instruction.Imm = (long)pattern;
                instruction.Aux = (byte)ignored;
                return valid;
            }

            case FieldStepKind.Imm16Shifted:
                instruction.Imm = a;
                instruction.Aux = (byte)b;
                return b < instruction.Size >> 1;

            case FieldStepKind.Bitfield:
                instruction.Imm = b;
                instruction.Aux = (byte)c;
                return a == instruction.Size >> 3 && b < 8 * instruction.Size && c < 8 * instruction.Size;

            case FieldStepKind.ExtractLsb:
                instruction.Imm = b;
                return a == instruction.Size >> 3 && b < 8 * instruction.Size;

            case FieldStepKind.Shifted or FieldStepKind.Rotated:
                instruction.Aux = (byte)a;
                instruction.Imm = b;
                return b < 8 * instruction.Size && (a < 3 || step.Kind == FieldStepKind.Rotated);

            case FieldStepKind.Extended:
                instruction.Aux = (byte)a;
                instruction.Imm = b;
                return b <= 4;

            case FieldStepKind.Immediate:
                instruction.Imm = a;
                return true;

            case FieldStepKind.Nzcv:
                instruction.Aux = (byte)a;
                return true;

            case FieldStepKind.Condition:
                instruction.Cond = (byte)a;
                return true;

            case FieldStepKind.Label:
                instruction.Imm = Signed(step.A, a) << 2;
                return true;

            case FieldStepKind.PcRelative:
                instruction.Imm = (Signed(step.B, b) << 2) | a;
                return true;

            case FieldStepKind.PcRelativePage:
                instruction.Imm = ((Signed(step.B, b) << 2) | a) << 12;
                return true;

            case FieldStepKind.BitNumber:
                instruction.Aux = (byte)((a << 5) | b);
                instruction.Size = (byte)(4 << (int)a);
                return true;

            case FieldStepKind.OffsetScaled:
                instruction.Imm = a * ((MemoryAccess)instruction.Aux).Row().Bytes;
                return true;

            case FieldStepKind.OffsetUnscaled:
                instruction.Imm = Signed(step.A, a);
                return true;

            case FieldStepKind.OffsetWriteBack:
                instruction.Imm = Signed(step.A, a);
                return (MemoryAccess)instruction.Aux != MemoryAccess.Prfm;

            case FieldStepKind.OffsetPair:
                instruction.Imm = Signed(step.A, a) * ((MemoryAccess)instruction.Aux).Row().Bytes;
                return true;

            case FieldStepKind.OffsetRegister:
                instruction.Cond = (byte)a;
                instruction.Imm = b;
                return (a & 2) != 0;

            case FieldStepKind.FractionBits:
                instruction.Imm = 64 - a;
                return instruction.Imm <= 8 << instruction.Lane;

            case FieldStepKind.LaneAndIndex:
                instruction.Lane = (byte)BitOperations.TrailingZeroCount(a);
                instruction.Imm = a >> (instruction.Lane + 1);
                return (a & 15) != 0;

            case FieldStepKind.SourceIndex:
                instruction.Aux = (byte)(a >> instruction.Lane);
                instruction.Cond = (byte)(a & ((1u << instruction.Lane) - 1));
                return true;

            case FieldStepKind.ElementIndex:
            {
                uint index = (a << 2) | (b << 1) | (instruction.Lane == 1 ? (uint)instruction.Rm >> 4 : 0);   // H:L:M
                instruction.Rm &= instruction.Lane == 1 ? (byte)15 : (byte)31;
                instruction.Imm = index >> (instruction.Lane - 1);
                return instruction.Lane != 0 && instruction.Imm << (instruction.Lane - 1) == index;
            }

            case FieldStepKind.ShiftLeft or FieldStepKind.ShiftRight:
            {
                uint amount = (a << 3) | b;
                instruction.Lane = (byte)BitOperations.Log2(a | 1);
                instruction.Imm = step.Kind == FieldStepKind.ShiftLeft ? amount - (8u << instruction.Lane) : (16u << instruction.Lane) - amount;
                return a != 0;
            }

            case FieldStepKind.ByteIndex:
                instruction.Imm = a;
                return a < instruction.Size;

            case FieldStepKind.VectorMoveImm or FieldStepKind.VectorLogicalImm or FieldStepKind.VectorFixedImm:
            {
                int op = (int)(word >> 29) & 1, cmode = (int)(word >> 12) & 15;
                instruction.Aux = (byte)cmode;
                instruction.Imm = (long)VectorImm.Expand(op, cmode, (a << 5) | c);
                if (step.Kind == FieldStepKind.VectorFixedImm)
                {
                    return true;
                }

                instruction.Lane = cmode >> 2 == 2 ? (byte)1 : (byte)2;
                return step.Kind == FieldStepKind.VectorMoveImm ? cmode is 12 or 13 || (cmode < 12 && (cmode & 1) == 0) : cmode < 12 && (cmode & 1) != 0;
            }

            case FieldStepKind.StructureLane:
            {
                uint index = (a << 3) | c;                             // Q:S:size
                instruction.Lane = (byte)(b == 2 && (c & 1) != 0 ? 3 : b);
                instruction.Imm = index >> instruction.Lane;
                uint size = instruction.Lane == 3 ? 1u : 0;
                return b < 3 && (((uint)instruction.Imm << instruction.Lane) | size) == index;
            }

            default:
                throw new CompilerBugException("arm64", $"no field step {step.Kind}");
        }
    }

    /// <summary>Reserved combinations of fields that are each valid.</summary>
    private static bool IsReserved(in A64Instruction instruction) => instruction.Form switch
    {
        A64Form.Casp => ((instruction.Rd | instruction.Rm) & 1) != 0,
        A64Form.PairNoAllocate => (MemoryAccess)instruction.Aux == MemoryAccess.LdrSW,
        A64Form.FcvtToHalf => instruction.Size == 2,
        A64Form.FcvtToSingle => instruction.Size == 4,
        A64Form.FcvtToDouble => instruction.Size == 8,
        A64Form.FmovToInt or A64Form.FmovFromInt => instruction.Size != 2 && instruction.Size != 1 << instruction.Lane,
        _ => false,
    };

    private static long Signed(FieldPlace place, uint value) => (int)(value << (32 - place.Width)) >> (32 - place.Width);

    private static A64Form[] BuildIndex()
    {
        List<A64Form>[] buckets = new List<A64Form>[s_high.Length];
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            uint wild = ~row.Diagram.FixedMask >> HighShift, bits = row.Diagram.FixedBits >> HighShift;
            for (uint subset = wild; ; subset = (subset - 1) & wild)
            {
                (buckets[bits | subset] ??= []).Add(row.Form);
                if (subset == 0)
                {
                    break;
                }
            }
        }

        List<A64Form> candidates = [];
        for (int high = 0; high < buckets.Length; high++)
        {
            List<A64Form>? bucket = buckets[high];
            if (bucket == null)
            {
                continue;
            }

            bucket.Sort((x, y) => Compare(x, y));
            if (bucket.Count <= SplitAbove)
            {
                s_high[high] = (candidates.Count, bucket.Count);
                candidates.AddRange(bucket);
                continue;
            }

            s_high[high] = (~s_low.Count, 0);
            for (uint low = 0; low < 1 << LowBits; low++)
            {
                int start = candidates.Count;
                foreach (A64Form form in bucket)
                {
                    ref readonly FormFields fields = ref InstructionFields.Of(form);
                    uint key = low << LowShift, mask = fields.FixedMask & (((1u << LowBits) - 1) << LowShift);
                    if ((key & mask) == (fields.FixedBits & mask))
                    {
                        candidates.Add(form);
                    }
                }

                s_low.Add((start, candidates.Count - start));
            }
        }

        return [.. candidates];
    }

    /// <summary>More fixed bits first, then the order of the table.</summary>
    private static int Compare(A64Form x, A64Form y)
    {
        int byBits = BitOperations.PopCount(InstructionFields.Of(y).FixedMask) - BitOperations.PopCount(InstructionFields.Of(x).FixedMask);
        return byBits != 0 ? byBits : x - y;
    }
}
