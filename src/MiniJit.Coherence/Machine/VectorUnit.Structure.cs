// ld1 … st4: structures of one to four elements, each into or out of a register of its own. An instruction is one access: the bytes are
// gathered before a store and distributed after a load, so that a fault leaves everything as it was.
using System;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.Intrinsics;
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Memory;
using MiniJit.Coherence.Vectors;

namespace MiniJit.Coherence.Machine;

using unsafe StructureOperation = delegate*<ref CoreState, in A64Instruction, IDataAccess, bool>;

internal static unsafe partial class VectorUnit
{
    /// <summary>What is transferred: whole registers one after the other, whole registers element by element, one lane of each, or one element into all lanes of each.</summary>
    private enum StructureKind : byte
    {
        Consecutive,
        Interleaved,
        Lane,
        Replicated,
    }

    /// <summary>One form as the loops see it.</summary>
    private readonly record struct Structure(StructureKind Kind, int Registers, bool IsLoad, bool WritesBack, bool ByRegister);

    private static readonly Structure[] s_structures = Structures();

    /// <summary>
    /// The operation of a structure load or store, null if there is none. It returns false if an access faulted; then it has changed no
    /// register, write-back included.
    /// </summary>
    public static StructureOperation BindStructure(in A64Instruction instruction) =>
        instruction.Form is < A64Form.Ld1x1 or > A64Form.Ld4RPostReg ? null
            : s_structures[instruction.Form - A64Form.Ld1x1].IsLoad ? &LoadStructure : &StoreStructure;

    private static bool LoadStructure(ref CoreState state, in A64Instruction instruction, IDataAccess memory)
    {
        Structure structure = s_structures[instruction.Form - A64Form.Ld1x1];
        Span<byte> bytes = stackalloc byte[64];
        bytes = bytes[..ByteCount(structure, instruction)];
        if (!memory.TryLoad(state.ReadXOrStackPointer(instruction.Rn), bytes))
        {
            return false;
        }

        int lane = instruction.Lane, registers = structure.Registers, at = 0;
        switch (structure.Kind)
        {
            case StructureKind.Lane:
                for (int r = 0; r < registers; r++, at += 1 << lane)
                {
                    Lanes.Write(ref state.V((instruction.Rd + r) & 31), (int)instruction.Imm, lane, ReadElement(bytes[at..], lane));
                }

                break;

            case StructureKind.Replicated:
                for (int r = 0; r < registers; r++, at += 1 << lane)
                {
                    Vector128<byte> all = Lanes.Broadcast(ReadElement(bytes[at..], lane), lane);
                    state.V((instruction.Rd + r) & 31) = Lanes.Truncate(all, instruction.Size);
                }

                break;

            case StructureKind.Consecutive:
                for (int r = 0; r < registers; r++, at += instruction.Size)
                {
                    ulong low = ReadElement(bytes[at..], 3), high = instruction.Size == 16 ? ReadElement(bytes[(at + 8)..], 3) : 0;
                    state.V((instruction.Rd + r) & 31) = Vector128.Create(low, high).AsByte();
                }

                break;

            default:
                for (int r = 0; r < registers; r++)
                {
                    Vector128<byte> register = default;
                    for (int i = 0; i < instruction.Size >> lane; i++)
                    {
                        Lanes.Write(ref register, i, lane, ReadElement(bytes[(((i * registers) + r) << lane)..], lane));
                    }

                    state.V((instruction.Rd + r) & 31) = register;
                }

                break;
        }

        WriteBack(ref state, instruction, structure, bytes.Length);
        return true;
    }

    private static bool StoreStructure(ref CoreState state, in A64Instruction instruction, IDataAccess memory)
    {
        Structure structure = s_structures[instruction.Form - A64Form.Ld1x1];
        Span<byte> bytes = stackalloc byte[64];
        bytes = bytes[..ByteCount(structure, instruction)];
        int lane = instruction.Lane, registers = structure.Registers;
        for (int r = 0; r < registers; r++)
        {
            Vector128<byte> register = state.V((instruction.Rd + r) & 31);
            switch (structure.Kind)
            {
                case StructureKind.Lane:
                    WriteElement(bytes[(r << lane)..], lane, Lanes.ReadUnsigned(register, (int)instruction.Imm, lane));
                    break;

                case StructureKind.Consecutive:
                    for (int i = 0; i < instruction.Size >> 3; i++)
                    {
                        WriteElement(bytes[((r * instruction.Size) + (8 * i))..], 3, Lanes.ReadUnsigned(register, i, 3));
                    }

                    break;

                default:
                    for (int i = 0; i < instruction.Size >> lane; i++)
                    {
                        WriteElement(bytes[(((i * registers) + r) << lane)..], lane, Lanes.ReadUnsigned(register, i, lane));
                    }

                    break;
            }
        }

        if (!memory.TryStore(state.ReadXOrStackPointer(instruction.Rn), bytes))
        {
            return false;
        }

        WriteBack(ref state, instruction, structure, bytes.Length);
        return true;
    }

    private static int ByteCount(Structure structure, in A64Instruction instruction) =>
        structure.Registers * (structure.Kind is StructureKind.Lane or StructureKind.Replicated ? 1 << instruction.Lane : instruction.Size);

    private static void WriteBack(ref CoreState state, in A64Instruction instruction, Structure structure, int bytes)
    {
        if (structure.WritesBack)
        {
            ulong distance = structure.ByRegister ? state.ReadX(instruction.Rm) : (ulong)bytes;
            state.WriteXOrStackPointer(instruction.Rn, state.ReadXOrStackPointer(instruction.Rn) + distance);
        }
    }

    private static ulong ReadElement(ReadOnlySpan<byte> bytes, int lane) => lane switch
    {
        0 => bytes[0],
        1 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        2 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        _ => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
    };

    private static void WriteElement(Span<byte> bytes, int lane, ulong value)
    {
        switch (lane)
        {
            case 0:
                bytes[0] = (byte)value;
                break;
            case 1:
                BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)value);
                break;
            case 2:
                BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)value);
                break;
            default:
                BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
                break;
        }
    }

    // From the rows: the list says how many registers and whether they are defined, the mnemonic which kind.
    private static Structure[] Structures()
    {
        Structure[] structures = new Structure[A64Form.Ld4RPostReg - A64Form.Ld1x1 + 1];
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            if (row.Form is < A64Form.Ld1x1 or > A64Form.Ld4RPostReg)
            {
                continue;
            }

            OperandSpec list = row.Operands[0];
            Debug.Assert(list.Kind == A64OperandKind.RegisterList);
            StructureKind kind = list.View == RegisterView.VectorElement ? StructureKind.Lane
                : row.Mnemonic[^1] == 'r' ? StructureKind.Replicated
                : row.Mnemonic[^1] == '1' ? StructureKind.Consecutive : StructureKind.Interleaved;
            A64OperandKind address = row.Operands[1].Kind;
            structures[row.Form - A64Form.Ld1x1] = new(
                kind, list.Count, list.Role != RegisterRole.Use, address != A64OperandKind.AddressBase, address == A64OperandKind.AddressPostRegister);
        }

        return structures;
    }
}
