// A64Instruction → 32 bits: the fixed bits, the register numbers under one mask, then the row's steps (InstructionFields). Nothing
// here can fail: operands hold what fits, which lowering ensures by the types of Immediates.cs and Debug builds assert.
using System;
using System.Diagnostics;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal static class Encode
{
    /// <summary>The word of an instruction that has a row.</summary>
    public static uint Instruction(in A64Instruction instruction)
    {
        Debug.Assert((instruction.Rd | instruction.Rn | instruction.Rm | instruction.Ra) < 32);
        ref readonly FormFields form = ref InstructionFields.Of(instruction.Form);
        uint registers = instruction.Rd | ((uint)instruction.Rn << 5) | ((uint)instruction.Ra << 10) | ((uint)instruction.Rm << 16);
        uint word = form.FixedBits | (registers & form.RegisterMask);
        foreach (ref readonly FieldStep step in InstructionFields.Steps(form))
        {
            word |= Field(step, instruction);
        }

        return word;
    }

    private static uint Field(in FieldStep step, in A64Instruction instruction)
    {
        long imm = instruction.Imm;
        switch (step.Kind)
        {
            case FieldStepKind.SizeFromSf:
                Debug.Assert(instruction.Size is 4 or 8);
                return step.A.Insert((uint)instruction.Size >> 3);

            case FieldStepKind.LaneFromSf:
                Debug.Assert(instruction.Lane is 2 or 3);
                return step.A.Insert(instruction.Lane & 1u);

            case FieldStepKind.Ftype:
                Debug.Assert(instruction.Size is 2 or 4 or 8);
                return step.A.Insert(instruction.Size == 2 ? 3 : (uint)instruction.Size >> 3);

            case FieldStepKind.Q:
                Debug.Assert(instruction.Size is 8 or 16);
                return step.A.Insert((uint)instruction.Size >> 4);

            case FieldStepKind.LaneFromSize:
                return step.A.Insert(instruction.Lane);

            case FieldStepKind.LaneFromSz:
                return step.A.Insert(instruction.Lane - 2u);

            case FieldStepKind.Access:
            {
                ref readonly MemoryAccessRow access = ref Access(instruction);
                return step.A.Insert(access.Size) | step.B.Insert(access.V) | step.C.Insert(access.Opc);
            }

            case FieldStepKind.LiteralAccess:
                return step.A.Insert(MemoryAccesses.LiteralOpc(Access(instruction))) | step.B.Insert(Access(instruction).V);

            case FieldStepKind.PairAccess:
            {
                ref readonly MemoryAccessRow access = ref Access(instruction);
                return step.A.Insert(MemoryAccesses.PairOpc(access)) | step.B.Insert(access.V) | step.C.Insert(access.IsLoad ? 1u : 0);
            }

            case FieldStepKind.Ordering:
                Debug.Assert(instruction.Aux < 4);
                return step.A.Insert((uint)instruction.Aux >> 1) | step.B.Insert(instruction.Aux & 1u);

            case FieldStepKind.Imm12:
                return step.A.Insert((uint)imm) | step.B.Insert(instruction.Aux);

            case FieldStepKind.BitmaskImm:
            {
                bool encodable = BitmaskImm.TryEncode((ulong)imm, instruction.Size, out uint fields);
                Debug.Assert(encodable);
                return step.A.Insert(fields >> 12) | step.B.Insert(((fields >> 6) & 0x3f) | instruction.Aux) | step.C.Insert(fields & 0x3f);
            }

            case FieldStepKind.Imm16Shifted:
                Debug.Assert(instruction.Aux < instruction.Size >> 1);
                return step.A.Insert((uint)imm) | step.B.Insert(instruction.Aux);

            case FieldStepKind.Bitfield:
                Debug.Assert((ulong)imm < 8u * instruction.Size && instruction.Aux < 8 * instruction.Size);
                return step.A.Insert((uint)instruction.Size >> 3) | step.B.Insert((uint)imm) | step.C.Insert(instruction.Aux);

            case FieldStepKind.ExtractLsb:
                Debug.Assert((ulong)imm < 8u * instruction.Size);
                return step.A.Insert((uint)instruction.Size >> 3) | step.B.Insert((uint)imm);

            case FieldStepKind.Shifted or FieldStepKind.Rotated:
                Debug.Assert((ulong)imm < 8u * instruction.Size && (instruction.Aux < 3 || step.Kind == FieldStepKind.Rotated));
                return step.A.Insert(instruction.Aux) | step.B.Insert((uint)imm);

            case FieldStepKind.Extended:
                Debug.Assert((ulong)imm <= 4);
                return step.A.Insert(instruction.Aux) | step.B.Insert((uint)imm);

            case FieldStepKind.Immediate:
                return step.A.Insert((uint)imm);

            case FieldStepKind.Nzcv:
                return step.A.Insert(instruction.Aux);

            case FieldStepKind.Condition:
                return step.A.Insert(instruction.Cond);

            case FieldStepKind.Label:
                Debug.Assert((imm & 3) == 0);
                return Signed(step.A, imm >> 2);

            case FieldStepKind.PcRelative:
                return step.A.Insert((uint)imm & 3) | Signed(step.B, imm >> 2);

            case FieldStepKind.PcRelativePage:
                Debug.Assert((imm & 0xfff) == 0);
                return step.A.Insert((uint)(imm >> 12) & 3) | Signed(step.B, imm >> 14);

            case FieldStepKind.BitNumber:
                return step.A.Insert((uint)instruction.Aux >> 5) | step.B.Insert(instruction.Aux & 31u);

            case FieldStepKind.OffsetScaled:
                Debug.Assert(ScaledOffset.TryCreate(imm, Access(instruction).Bytes, out _));
                return step.A.Insert((uint)imm / Access(instruction).Bytes);

            case FieldStepKind.OffsetUnscaled or FieldStepKind.OffsetWriteBack:
                return Signed(step.A, imm);

            case FieldStepKind.OffsetPair:
                Debug.Assert(PairOffset.TryCreate(imm, Access(instruction).Bytes, out _));
                return Signed(step.A, imm / Access(instruction).Bytes);

            case FieldStepKind.OffsetRegister:
                Debug.Assert((instruction.Cond & 2) != 0);
                return step.A.Insert(instruction.Cond) | step.B.Insert((uint)imm);

            case FieldStepKind.FractionBits:
                Debug.Assert(imm is > 0 and <= 64);
                return step.A.Insert(64 - (uint)imm);

            case FieldStepKind.LaneAndIndex:
                Debug.Assert((ulong)imm < 16u >> instruction.Lane);
                return step.A.Insert((uint)((2 * imm) + 1) << instruction.Lane);

            case FieldStepKind.SourceIndex:
                return step.A.Insert(((uint)instruction.Aux << instruction.Lane) | instruction.Cond);

            case FieldStepKind.ElementIndex:
            {
                Debug.Assert(instruction.Lane is 1 or 2 or 3 && (ulong)imm < 16u >> instruction.Lane && (instruction.Lane > 1 || instruction.Rm < 16));
                uint index = (uint)imm << (instruction.Lane - 1);      // H:L:M
                return step.A.Insert(index >> 2) | step.B.Insert((index >> 1) & 1) | ((index & 1) << 20);
            }

            case FieldStepKind.ShiftLeft:
                Debug.Assert((ulong)imm < 8u << instruction.Lane);
                return ShiftAmount(step, (8u << instruction.Lane) + (uint)imm);

            case FieldStepKind.ShiftRight:
                Debug.Assert(imm > 0 && imm <= 8 << instruction.Lane);
                return ShiftAmount(step, (16u << instruction.Lane) - (uint)imm);

            case FieldStepKind.ByteIndex:
                Debug.Assert((ulong)imm < instruction.Size);
                return step.A.Insert((uint)imm);

            case FieldStepKind.VectorMoveImm or FieldStepKind.VectorLogicalImm or FieldStepKind.VectorFixedImm:
            {
                uint fixedBits = InstructionFields.Of(instruction.Form).FixedBits;
                int op = (int)(fixedBits >> 29) & 1, cmode = step.B.Width != 0 ? instruction.Aux : (int)(fixedBits >> 12) & 15;
                uint imm8 = VectorImm.Compress(op, cmode, (ulong)imm);
                Debug.Assert(VectorImm.Expand(op, cmode, imm8) == (ulong)imm);
                return step.A.Insert(imm8 >> 5) | (step.B.Width != 0 ? step.B.Insert((uint)cmode) : 0) | step.C.Insert(imm8 & 31);
            }

            case FieldStepKind.StructureLane:
            {
                Debug.Assert((ulong)imm < 16u >> instruction.Lane);
                uint size = instruction.Lane == 3 ? 1u : 0, index = ((uint)imm << instruction.Lane) | size;   // Q:S:size
                return step.A.Insert(index >> 3) | step.B.Insert(Math.Min((uint)instruction.Lane, 2)) | step.C.Insert(index & 7);
            }

            default:
                throw new CompilerBugException("arm64", $"no field step {step.Kind}");
        }
    }

    private static ref readonly MemoryAccessRow Access(in A64Instruction instruction) => ref ((MemoryAccess)instruction.Aux).Row();

    private static uint ShiftAmount(in FieldStep step, uint amount) => step.A.Insert(amount >> 3) | step.B.Insert(amount & 7);

    private static uint Signed(FieldPlace place, long value)
    {
        Debug.Assert(value >> (place.Width - 1) is 0 or -1);
        return place.Insert((uint)value & ((1u << place.Width) - 1));
    }
}
