// Random instruction words of a form. Words are drawn by filling the diagram's fields, so every valid combination can appear; what decides
// how a form behaves (operation size, lane, the access of a transfer) makes a variant, and every variant gets its share of cases.
//
// What an instruction needs to run is put into its state: the address of the window into base registers, of a landing place into the
// targets of branches.
using System;
using System.Collections.Generic;
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Machine;
using MiniJit.IR;

namespace MiniJit.Coherence.Tests.Fidelity;

internal sealed class CaseGenerator(A64Form form, int casesPerVariant)
{
    private const int SharedStates = 256;

    private readonly InstructionRow _row = InstructionTable.Row(form);
    private readonly SplitMix64 _random = new(SeedOf(form));

    /// <summary>Batches of at most <paramref name="limit"/> cases.</summary>
    public IEnumerable<FidelityBatch> Batches(int limit)
    {
        FidelityBatch batch = NewBatch();
        foreach (A64Instruction instruction in Words())
        {
            if (TryCase(instruction, batch, out FidelityCase one))
            {
                batch.Cases.Add(one);
                if (batch.Cases.Count == limit)
                {
                    yield return batch;
                    batch = NewBatch();
                }
            }
        }

        if (batch.Cases.Count > 0)
        {
            yield return batch;
        }
    }

    // By name, so that a form keeps its cases when others are added.
    private static ulong SeedOf(A64Form form)
    {
        ulong seed = 0;
        foreach (char c in form.ToString())
        {
            seed = (seed * 31) + c;
        }

        return seed;
    }

    private FidelityBatch NewBatch()
    {
        FidelityBatch batch = new();
        for (int i = 0; i < SharedStates; i++)
        {
            batch.States.Add(EdgeValues.State(_random));
        }

        return batch;
    }

    private IEnumerable<A64Instruction> Words()
    {
        Dictionary<int, int> counts = [];
        int draws = 0, sinceUseful = 0, full = 0;
        int patience = Math.Max(2000, 20 * casesPerVariant);
        while (sinceUseful < patience && draws < 200 * patience)
        {
            draws++;
            sinceUseful++;
            if (!Decode.TryInstruction(Draw(), out A64Instruction instruction) || instruction.Form != form
                || Exclusions.ReasonFor(instruction) != null)
            {
                continue;
            }

            int variant = Variant(instruction), count = counts.GetValueOrDefault(variant);
            if (count < casesPerVariant)
            {
                counts[variant] = count + 1;
                full += count + 1 == casesPerVariant ? 1 : 0;
                sinceUseful = 0;
                yield return instruction;
            }
            else if (full == counts.Count && draws > patience)
            {
                yield break;
            }
        }
    }

    private int Variant(in A64Instruction instruction) =>
        instruction.Size | (instruction.Lane << 8) | (Uses(A64OperandKind.Register, RegisterRole.ByAccess) ? instruction.Aux << 16 : 0);

    private uint Draw()
    {
        uint word = _row.Diagram.FixedBits;
        for (DiagramField field = 0; field < DiagramField.Count; field++)
        {
            FieldPlace place = _row.Diagram[field];
            if (place.Width == 0)
            {
                continue;
            }

            uint ones = (1u << place.Width) - 1;
            uint value = field switch
            {
                <= DiagramField.Ra when place.Width == 5 => Register(),
                DiagramField.SysReg => (uint)Exclusions.SystemRegisters[_random.Below(Exclusions.SystemRegisters.Length)],
                DiagramField.SysOp => (uint)Exclusions.SystemOperations[_random.Below(Exclusions.SystemOperations.Length)],
                _ => _random.Below(8) switch
                {
                    0 when place.Width > 2 => 0,
                    1 when place.Width > 2 => ones,
                    _ => (uint)_random.Next() & ones,
                },
            };
            word |= place.Insert(value);
        }

        return word;
    }

    // Equal registers are more frequent than chance has them.
    private uint Register() => _random.OneIn(4) ? (uint)_random.Between(30, 33) % 32 : (uint)_random.Below(32);

    private bool TryCase(A64Instruction instruction, FidelityBatch batch, out FidelityCase one)
    {
        int shared = _random.Below(SharedStates), index = batch.Cases.Count;
        ulong slot = GuestProgram.SlotAddress(index), pc = slot + GuestProgram.WordOffset;
        one = default;
        GuestState? own = null;
        foreach (OperandSpec operand in _row.Operands)
        {
            switch (operand.Kind)
            {
                case A64OperandKind.Label26 or A64OperandKind.Label19 or A64OperandKind.Label14 when Uses(A64OperandKind.Register, RegisterRole.ByAccess):
                    instruction.Imm = (long)((WindowTarget(1) & ~3UL) - pc);
                    break;
                case A64OperandKind.Label26 or A64OperandKind.Label19 or A64OperandKind.Label14:
                    instruction.Imm = (long)(LandingPlace(index) - pc);
                    break;
                case A64OperandKind.AddressUnsigned or A64OperandKind.AddressUnscaled or A64OperandKind.AddressPre
                    or A64OperandKind.AddressPair or A64OperandKind.AddressPairPre:
                    own ??= batch.States[shared].Copy();
                    if (!TrySet(own, instruction.Rn, WindowTarget(1) - (ulong)instruction.Imm))
                    {
                        return false;
                    }

                    break;
                case A64OperandKind.AddressPost or A64OperandKind.AddressPairPost:
                    own ??= batch.States[shared].Copy();
                    if (!TrySet(own, instruction.Rn, WindowTarget(1)))
                    {
                        return false;
                    }

                    break;
                case A64OperandKind.AddressBase or A64OperandKind.AddressPostBytes or A64OperandKind.AddressPostRegister:
                    own ??= batch.States[shared].Copy();
                    if (!TrySet(own, instruction.Rn, WindowTarget(AlignmentOf(instruction))))
                    {
                        return false;
                    }

                    break;
                case A64OperandKind.AddressRegister:
                    own ??= batch.States[shared].Copy();
                    if (instruction.Rn == instruction.Rm || !TrySet(own, instruction.Rn, WindowTarget(1) - RegisterOffset(own, instruction)))
                    {
                        return false;
                    }

                    break;
            }
        }

        if (form == A64Form.Msr && instruction.Rd != 31)
        {
            own = batch.States[shared].Copy();
            if (!TrySet(own, instruction.Rd, own.Words[instruction.Rd] & ~Exclusions.UndefinedBits((SystemRegister)instruction.Imm)))
            {
                return false;
            }
        }

        if (form == A64Form.Sys)
        {
            own = batch.States[shared].Copy();
            if (instruction.Rd == 31 || !TrySet(own, instruction.Rd, WindowTarget(1)))
            {
                return false;
            }
        }

        if (form is A64Form.Br or A64Form.Blr or A64Form.Ret)
        {
            own = batch.States[shared].Copy();
            if (instruction.Rn == 31 || !TrySet(own, instruction.Rn, LandingPlace(index)))
            {
                return false;
            }
        }

        if (own != null)
        {
            batch.States.Add(own);
            shared = batch.States.Count - 1;
        }

        one = new(instruction, Encode.Instruction(instruction), Prefix(instruction), shared);
        return true;
    }

    private bool Uses(A64OperandKind kind, RegisterRole role)
    {
        foreach (OperandSpec operand in _row.Operands)
        {
            if (operand.Kind == kind && operand.Role == role)
            {
                return true;
            }
        }

        return false;
    }

    // In the middle of the window: 64 bytes on both sides are enough for the largest access.
    private ulong WindowTarget(int alignment) =>
        (GuestProgram.Window + 128 + (ulong)_random.Below(GuestProgram.WindowBytes - 256)) & ~(ulong)(alignment - 1);

    /// <summary>Where a branch lands that is taken: in the own slot or in one near it.</summary>
    private ulong LandingPlace(int index) =>
        GuestProgram.SlotAddress(Math.Max(0, index - _random.Below(_random.OneIn(2) ? 1000 : 1))) + GuestProgram.Taken;

    private static int AlignmentOf(in A64Instruction instruction) => InstructionTable.Row(instruction.Form).Mnemonic switch
    {
        "stxp" or "stlxp" or "ldxp" or "ldaxp" or "casp" => 2 << instruction.Lane,
        ['l', 'd', >= '1' and <= '4', ..] or ['s', 't', >= '1' and <= '4', ..] => 1,
        _ => 1 << instruction.Lane,
    };

    private static bool TrySet(GuestState state, int register, ulong address)
    {
        if (register is 28 or 29)
        {
            return false;
        }

        // As a base the stack pointer must be aligned; the window has room for what that moves.
        state.Words[register] = register == GuestState.StackPointer ? address & ~15UL : address;
        return true;
    }

    private static ulong RegisterOffset(GuestState state, in A64Instruction instruction)
    {
        ulong index = instruction.Rm == 31 ? 0
            : instruction.Rm == 28 || instruction.Rm == 29 ? throw new InvalidOperationException()
            : state.Words[instruction.Rm];
        index = (Extend)instruction.Cond switch
        {
            Extend.Uxtw => (uint)index,
            Extend.Sxtw => (ulong)(int)index,
            _ => index,
        };
        int bytes = ((MemoryAccess)instruction.Aux).Row().Bytes;
        return instruction.Imm == 1 ? index << System.Numerics.BitOperations.Log2((uint)bytes) : index;
    }

    /// <summary>In half of the cases a store-exclusive finds its monitor open.</summary>
    private uint Prefix(in A64Instruction instruction)
    {
        A64Form load = instruction.Form switch
        {
            A64Form.Stxr or A64Form.Stlxr => A64Form.Ldxr,
            A64Form.Stxp or A64Form.Stlxp => A64Form.Ldxp,
            _ => A64Form.None,
        };
        if (load == A64Form.None || _random.OneIn(2))
        {
            return GuestProgram.Nop;
        }

        // Two registers that the instruction does not name.
        byte first = Free(instruction, 0), second = Free(instruction, first + 1);
        return Encode.Instruction(new A64Instruction(load, instruction.Size) { Rd = first, Ra = second, Rn = instruction.Rn, Lane = instruction.Lane });
    }

    private static byte Free(in A64Instruction instruction, int from)
    {
        while (from == instruction.Rd || from == instruction.Rn || from == instruction.Rm || from == instruction.Ra)
        {
            from++;
        }

        return (byte)from;
    }
}
