// Permutations, copies between elements and general registers, immediates, reversals.
using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Vectors;

namespace MiniJit.Coherence.Machine;

using unsafe Operation = delegate*<ref CoreState, in A64Instruction, void>;

internal static unsafe partial class VectorUnit
{
    private static Operation BindMove(in A64Instruction instruction) => instruction.Form switch
    {
        A64Form.Zip1 => &Zip1,
        A64Form.Zip2 => &Zip2,
        A64Form.Uzp1 => &Uzp1,
        A64Form.Uzp2 => &Uzp2,
        A64Form.Trn1 => &Trn1,
        A64Form.Trn2 => &Trn2,
        A64Form.Ext => &Extract,
        A64Form.Tbl1 => &Table1,
        A64Form.Tbl2 => &Table2,
        A64Form.Tbl3 => &Table3,
        A64Form.Tbl4 => &Table4,
        A64Form.Tbx1 => &TableInsert1,
        A64Form.Tbx2 => &TableInsert2,
        A64Form.Tbx3 => &TableInsert3,
        A64Form.Tbx4 => &TableInsert4,
        A64Form.DupElement => &DuplicateElement,
        A64Form.DupScalar => &CopyElementToScalar,
        A64Form.DupGeneral => &DuplicateGeneral,
        A64Form.SmovW => &MoveSignedToWord,
        A64Form.SmovX => &MoveSigned,
        A64Form.UmovW or A64Form.UmovX => &MoveUnsigned,
        A64Form.InsGeneral => &InsertGeneral,
        A64Form.InsElement => &InsertElement,
        A64Form.MoviVec or A64Form.MoviBytes or A64Form.MoviScalar or A64Form.FmovSingles => &MoveImmediate,
        A64Form.MoviDouble or A64Form.FmovDoubles => &MoveImmediateFull,
        A64Form.MvniVec => &MoveNotImmediate,
        A64Form.OrrImmVec => &OrImmediate,
        A64Form.BicImmVec => &ClearImmediate,
        A64Form.Rev64Vec => &Reverse64,
        A64Form.Rev32Vec => &Reverse32,
        A64Form.Rev16Vec => &Reverse16,
        A64Form.RbitVec => &ReverseBits,
        _ => null,
    };

    private static void Zip1(ref CoreState state, in A64Instruction instruction) => Zip(ref state, instruction, 0);

    private static void Zip2(ref CoreState state, in A64Instruction instruction) => Zip(ref state, instruction, 1);

    private static void Zip(ref CoreState state, in A64Instruction instruction, int part)
    {
        int lane = instruction.Lane, half = instruction.Size >> (lane + 1);
        Vector128<byte> n = state.V(instruction.Rn), m = state.V(instruction.Rm), result = default;
        for (int i = 0; i < half; i++)
        {
            Lanes.Write(ref result, 2 * i, lane, Lanes.ReadUnsigned(n, (part * half) + i, lane));
            Lanes.Write(ref result, (2 * i) + 1, lane, Lanes.ReadUnsigned(m, (part * half) + i, lane));
        }

        state.V(instruction.Rd) = result;
    }

    private static void Uzp1(ref CoreState state, in A64Instruction instruction) => Unzip(ref state, instruction, 0);

    private static void Uzp2(ref CoreState state, in A64Instruction instruction) => Unzip(ref state, instruction, 1);

    private static void Unzip(ref CoreState state, in A64Instruction instruction, int part)
    {
        int lane = instruction.Lane, half = instruction.Size >> (lane + 1);
        Vector128<byte> n = state.V(instruction.Rn), m = state.V(instruction.Rm), result = default;
        for (int i = 0; i < half; i++)
        {
            Lanes.Write(ref result, i, lane, Lanes.ReadUnsigned(n, (2 * i) + part, lane));
            Lanes.Write(ref result, half + i, lane, Lanes.ReadUnsigned(m, (2 * i) + part, lane));
        }

        state.V(instruction.Rd) = result;
    }

    private static void Trn1(ref CoreState state, in A64Instruction instruction) => Transpose(ref state, instruction, 0);

    private static void Trn2(ref CoreState state, in A64Instruction instruction) => Transpose(ref state, instruction, 1);

    private static void Transpose(ref CoreState state, in A64Instruction instruction, int part)
    {
        int lane = instruction.Lane;
        Vector128<byte> n = state.V(instruction.Rn), m = state.V(instruction.Rm), result = default;
        for (int i = 0; i < instruction.Size >> lane; i += 2)
        {
            Lanes.Write(ref result, i, lane, Lanes.ReadUnsigned(n, i + part, lane));
            Lanes.Write(ref result, i + 1, lane, Lanes.ReadUnsigned(m, i + part, lane));
        }

        state.V(instruction.Rd) = result;
    }

    /// <summary>Bytes of n, from the immediate on, then of m.</summary>
    private static void Extract(ref CoreState state, in A64Instruction instruction)
    {
        int size = instruction.Size, first = (int)instruction.Imm;
        Vector128<byte> n = state.V(instruction.Rn), m = state.V(instruction.Rm), result = default;
        for (int i = 0; i < size; i++)
        {
            int from = first + i;
            Lanes.Write(ref result, i, 0, from < size ? Lanes.ReadUnsigned(n, from, 0) : Lanes.ReadUnsigned(m, from - size, 0));
        }

        state.V(instruction.Rd) = result;
    }

    private static void Table1(ref CoreState state, in A64Instruction instruction) => Table(ref state, instruction, 1, default);

    private static void Table2(ref CoreState state, in A64Instruction instruction) => Table(ref state, instruction, 2, default);

    private static void Table3(ref CoreState state, in A64Instruction instruction) => Table(ref state, instruction, 3, default);

    private static void Table4(ref CoreState state, in A64Instruction instruction) => Table(ref state, instruction, 4, default);

    private static void TableInsert1(ref CoreState state, in A64Instruction instruction) => Table(ref state, instruction, 1, state.V(instruction.Rd));

    private static void TableInsert2(ref CoreState state, in A64Instruction instruction) => Table(ref state, instruction, 2, state.V(instruction.Rd));

    private static void TableInsert3(ref CoreState state, in A64Instruction instruction) => Table(ref state, instruction, 3, state.V(instruction.Rd));

    private static void TableInsert4(ref CoreState state, in A64Instruction instruction) => Table(ref state, instruction, 4, state.V(instruction.Rd));

    /// <summary>An index beyond the table leaves what <paramref name="result"/> has there.</summary>
    private static void Table(ref CoreState state, in A64Instruction instruction, int registers, Vector128<byte> result)
    {
        Vector128<byte> indices = state.V(instruction.Rm);
        for (int i = 0; i < instruction.Size; i++)
        {
            int index = (int)Lanes.ReadUnsigned(indices, i, 0);
            if (index < 16 * registers)
            {
                Lanes.Write(ref result, i, 0, Lanes.ReadUnsigned(state.V((instruction.Rn + (index >> 4)) & 31), index & 15, 0));
            }
        }

        state.V(instruction.Rd) = Lanes.Truncate(result, instruction.Size);
    }

    private static void DuplicateElement(ref CoreState state, in A64Instruction instruction)
    {
        ulong value = Lanes.ReadUnsigned(state.V(instruction.Rn), (int)instruction.Imm, instruction.Lane);
        state.V(instruction.Rd) = Lanes.Truncate(Lanes.Broadcast(value, instruction.Lane), instruction.Size);
    }

    private static void CopyElementToScalar(ref CoreState state, in A64Instruction instruction)
    {
        ulong value = Lanes.ReadUnsigned(state.V(instruction.Rn), (int)instruction.Imm, instruction.Lane);
        state.V(instruction.Rd) = Vector128.CreateScalar(value).AsByte();
    }

    private static void DuplicateGeneral(ref CoreState state, in A64Instruction instruction) =>
        state.V(instruction.Rd) = Lanes.Truncate(Lanes.Broadcast(state.ReadX(instruction.Rn), instruction.Lane), instruction.Size);

    private static void MoveSignedToWord(ref CoreState state, in A64Instruction instruction) =>
        state.WriteX(instruction.Rd, (uint)Lanes.ReadSigned(state.V(instruction.Rn), (int)instruction.Imm, instruction.Lane));

    private static void MoveSigned(ref CoreState state, in A64Instruction instruction) =>
        state.WriteX(instruction.Rd, (ulong)Lanes.ReadSigned(state.V(instruction.Rn), (int)instruction.Imm, instruction.Lane));

    private static void MoveUnsigned(ref CoreState state, in A64Instruction instruction) =>
        state.WriteX(instruction.Rd, Lanes.ReadUnsigned(state.V(instruction.Rn), (int)instruction.Imm, instruction.Lane));

    private static void InsertGeneral(ref CoreState state, in A64Instruction instruction) =>
        Lanes.Write(ref state.V(instruction.Rd), (int)instruction.Imm, instruction.Lane, state.ReadX(instruction.Rn));

    private static void InsertElement(ref CoreState state, in A64Instruction instruction)
    {
        ulong value = Lanes.ReadUnsigned(state.V(instruction.Rn), instruction.Aux, instruction.Lane);
        Lanes.Write(ref state.V(instruction.Rd), (int)instruction.Imm, instruction.Lane, value);
    }

    private static void MoveImmediate(ref CoreState state, in A64Instruction instruction) =>
        state.V(instruction.Rd) = Lanes.Truncate(Vector128.Create(instruction.Imm).AsByte(), instruction.Size);

    private static void MoveImmediateFull(ref CoreState state, in A64Instruction instruction) =>
        state.V(instruction.Rd) = Vector128.Create(instruction.Imm).AsByte();

    private static void MoveNotImmediate(ref CoreState state, in A64Instruction instruction) =>
        state.V(instruction.Rd) = Lanes.Truncate(Vector128.Create(~instruction.Imm).AsByte(), instruction.Size);

    private static void OrImmediate(ref CoreState state, in A64Instruction instruction) =>
        state.V(instruction.Rd) = Lanes.Truncate(state.V(instruction.Rd) | Vector128.Create(instruction.Imm).AsByte(), instruction.Size);

    private static void ClearImmediate(ref CoreState state, in A64Instruction instruction) =>
        state.V(instruction.Rd) = Lanes.Truncate(state.V(instruction.Rd) & Vector128.Create(~instruction.Imm).AsByte(), instruction.Size);

    private static void Reverse64(ref CoreState state, in A64Instruction instruction) => Reverse(ref state, instruction, 3);

    private static void Reverse32(ref CoreState state, in A64Instruction instruction) => Reverse(ref state, instruction, 2);

    private static void Reverse16(ref CoreState state, in A64Instruction instruction) => Reverse(ref state, instruction, 1);

    /// <summary>Reverses the lanes within groups of 2^<paramref name="group"/> bytes.</summary>
    private static void Reverse(ref CoreState state, in A64Instruction instruction, int group)
    {
        int lane = instruction.Lane, last = (1 << (group - lane)) - 1;
        Vector128<byte> n = state.V(instruction.Rn), result = default;
        for (int i = 0; i < instruction.Size >> lane; i++)
        {
            Lanes.Write(ref result, i ^ last, lane, Lanes.ReadUnsigned(n, i, lane));
        }

        state.V(instruction.Rd) = result;
    }

    private static void ReverseBits(ref CoreState state, in A64Instruction instruction)
    {
        Vector128<byte> x = state.V(instruction.Rn);
        x = ((x & Vector128.Create((byte)0x55)) << 1) | ((x >> 1) & Vector128.Create((byte)0x55));
        x = ((x & Vector128.Create((byte)0x33)) << 2) | ((x >> 2) & Vector128.Create((byte)0x33));
        x = (x << 4) | (x >> 4);
        state.V(instruction.Rd) = Lanes.Truncate(x, instruction.Size);
    }
}
