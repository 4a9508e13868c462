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

    // By bits 31–21: where a bucket's candidates start, times 256, plus their number; or, if negative, the complement of the index in
    // s_low of the first of 64 such entries by bits 15–10.
    private static readonly int[] s_high = new int[1 << (32 - HighShift)];
    private static readonly List<int> s_low = [];
    private static readonly A64Form[] s_candidates = BuildIndex();

    /// <summary>Decodes <paramref name="word"/> if it has a row.</summary>
    public static bool TryInstruction(uint word, out A64Instruction instruction)
    {
        int bucket = s_high[word >> HighShift];
        if (bucket < 0)
        {
            bucket = s_low[~bucket + (int)((word >> LowShift) & ((1 << LowBits) - 1))];
        }

        foreach (A64Form form in s_candidates.AsSpan(bucket >> 8, bucket & 0xff))
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
        // How many rows match each value of the high bits, and where their list ends.
        int[] ends = new int[s_high.Length];
        ForEachBucket((bucket, _) => ends[bucket]++);
        int total = 0, capacity = 0;
        for (int bucket = 0; bucket < ends.Length; bucket++)
        {
            capacity += ends[bucket] > SplitAbove ? ends[bucket] << LowBits : ends[bucket];
            total += ends[bucket];
            ends[bucket] = total;
        }

        // The lists, each in the order of preference; filled from behind, so rows come back to front.
        A64Form[] matching = new A64Form[total], candidates = new A64Form[capacity];
        int[] starts = (int[])ends.Clone();
        ForEachBucket((bucket, form) =>
        {
            int at = --starts[bucket];
            for (; at + 1 < ends[bucket] && !Precedes(form, matching[at + 1]); at++)
            {
                matching[at] = matching[at + 1];
            }

            matching[at] = form;
        });

        int count = 0;
        for (int bucket = 0; bucket < ends.Length; bucket++)
        {
            ReadOnlySpan<A64Form> list = matching.AsSpan(starts[bucket]..ends[bucket]);
            if (list.Length <= SplitAbove)
            {
                s_high[bucket] = (count << 8) | list.Length;
                list.CopyTo(candidates.AsSpan(count));
                count += list.Length;
                continue;
            }

            s_high[bucket] = ~s_low.Count;
            for (uint low = 0; low < 1 << LowBits; low++)
            {
                int start = count;
                foreach (A64Form form in list)
                {
                    ref readonly FormFields fields = ref InstructionFields.Of(form);
                    if ((((low << LowShift) ^ fields.FixedBits) & fields.FixedMask & (((1u << LowBits) - 1) << LowShift)) == 0)
                    {
                        candidates[count++] = form;
                    }
                }

                s_low.Add((start << 8) | (count - start));
            }
        }

        return candidates.AsSpan(0, count).ToArray();
    }

    /// <summary>Calls <paramref name="action"/> for each value of the high bits that a row matches.</summary>
    private static void ForEachBucket(Action<uint, A64Form> action)
    {
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            uint wild = ~row.Diagram.FixedMask >> HighShift, bits = row.Diagram.FixedBits >> HighShift;
            uint subset = wild;
            action(bits | subset, row.Form);
            while (subset != 0)
            {
                subset = (subset - 1) & wild;
                action(bits | subset, row.Form);
            }
        }
    }

    /// <summary>More fixed bits first; otherwise rows stay in the order of the table.</summary>
    private static bool Precedes(A64Form x, A64Form y) =>
        BitOperations.PopCount(InstructionFields.Of(x).FixedMask) > BitOperations.PopCount(InstructionFields.Of(y).FixedMask);
}
