// Branches, memory, system instructions, and what is fused.
using MiniJit.Backend.Arm64;

namespace MiniJit.Coherence.Machine;

internal sealed unsafe partial class Translator
{
    private static bool TryBranch(in A64Instruction i, in Unit unit, ref MicroOp op)
    {
        op.Imm = 0;
        switch (i.Form)
        {
            case A64Form.B or A64Form.Bl:
                op.Op = i.Form == A64Form.B ? MicroOpcode.B : MicroOpcode.Bl;
                op.Target = unit.DistanceTo(i.Imm);
                return true;
            case A64Form.BCond:
                op.Op = i.Cond >= 14 ? MicroOpcode.B : MicroOpcode.BEq.Plus(i.Cond);
                op.Target = unit.DistanceTo(i.Imm);
                return true;
            case A64Form.Cbz or A64Form.Cbnz:
                op.Op = Sized(i.Form == A64Form.Cbz ? MicroOpcode.Cbz64 : MicroOpcode.Cbnz64, i);
                op.Rn = Source(i.Rd);
                op.Target = unit.DistanceTo(i.Imm);
                return true;
            case A64Form.Tbz or A64Form.Tbnz:
                op.Op = i.Form == A64Form.Tbz ? MicroOpcode.Tbz : MicroOpcode.Tbnz;
                op.Rn = Source(i.Rd);
                op.Aux = i.Aux;
                op.Target = unit.DistanceTo(i.Imm);
                return true;
            case A64Form.Br or A64Form.Blr or A64Form.Ret:
                op.Op = MicroOpcode.Br.Plus(i.Form - A64Form.Br);
                op.Rn = Source(i.Rn);
                return true;
            case A64Form.Retaa or A64Form.Retab:
                // Without pointer authentication in use nothing was signed, so nothing is stripped.
                op.Op = MicroOpcode.Ret;
                op.Rn = 30;
                return true;
            default:
                return false;
        }
    }

    private static bool TryMemory(in A64Instruction i, ref MicroOp op)
    {
        TransferMode mode;
        bool isPair = false;
        switch (i.Form)
        {
            case A64Form.LoadStoreUnsigned or A64Form.LoadStoreUnscaled:
                mode = TransferMode.Offset;
                break;
            case A64Form.LoadStorePost:
                mode = TransferMode.Post;
                break;
            case A64Form.LoadStorePre:
                mode = TransferMode.Pre;
                break;
            case A64Form.LoadStoreRegister:
                mode = (Extend)i.Cond is Extend.Uxtx or Extend.Sxtx ? TransferMode.Register : TransferMode.Extended;
                break;
            case A64Form.PairOffset or A64Form.PairNoAllocate or A64Form.PairPost or A64Form.PairPre:
                isPair = true;
                mode = i.Form switch
                {
                    A64Form.PairPost => TransferMode.Post,
                    A64Form.PairPre => TransferMode.Pre,
                    _ => TransferMode.Offset,
                };
                break;
            case A64Form.LoadLiteral:
                return Literal(i, ref op);
            case >= A64Form.Stxr and <= A64Form.Swp:
                op.Op = MicroOpcode.Ordered;
                return true;
            default:
                if (VectorUnit.BindStructure(i) == null)
                {
                    return false;
                }

                op.Op = MicroOpcode.Structure;
                return true;
        }

        ref readonly MemoryAccessRow row = ref ((MemoryAccess)i.Aux).Row();
        if (row.Access == MemoryAccess.Prfm)
        {
            op.Op = MicroOpcode.Nop;
            return true;
        }

        if (!HotTransfer.TryFind(row.Access, isPair, mode, out op.Op))
        {
            op.Op = MicroOpcode.Transfer;
            return true;
        }

        op.Rn = i.Rn;
        op.Rm = Source(i.Rm);
        op.Rd = Transferred(i.Rd, row);
        op.Ra = Transferred(i.Ra, row);
        op.Imm = i.Imm;
        if (mode >= TransferMode.Register)
        {
            op.Aux = (byte)(i.Imm != 0 ? System.Numerics.BitOperations.Log2(row.Bytes) : 0);
            op.Imm = (Extend)i.Cond == Extend.Uxtw ? uint.MaxValue : -1;
        }

        return true;
    }

    private static byte Transferred(byte register, in MemoryAccessRow row) =>
        row.V != 0 ? register : row.IsLoad ? Target(register) : Source(register);

    private static bool Literal(in A64Instruction i, ref MicroOp op)
    {
        op.Rd = Target(i.Rd);
        op.Imm = i.Imm;
        op.Op = (MemoryAccess)i.Aux switch
        {
            MemoryAccess.LdrW => MicroOpcode.LiteralW,
            MemoryAccess.LdrX => MicroOpcode.LiteralX,
            MemoryAccess.Prfm => MicroOpcode.Nop,
            _ => MicroOpcode.Transfer,
        };
        return true;
    }

    private static bool TrySystem(in A64Instruction i, ref MicroOp op)
    {
        switch (i.Form)
        {
            case A64Form.Hint:
                // YIELD, WFE and WFI end the turn; landing pads, pointer authentication and the rest do nothing here.
                op.Op = i.Imm is >= 1 and <= 3 ? MicroOpcode.System : MicroOpcode.Nop;
                return true;
            case >= A64Form.Svc and <= A64Form.Sys:
                op.Op = i.Form is A64Form.Hlt or A64Form.Udf ? MicroOpcode.Undefined : MicroOpcode.System;
                return true;
            default:
                return false;
        }
    }

    /// <summary>Makes a flag-setting subtraction and the conditional branch behind it one micro-op.</summary>
    private static void Fuse(ref MicroOp op, uint next, in Unit unit)
    {
        MicroOpcode first = op.Op switch
        {
            MicroOpcode.SubsImm64 => MicroOpcode.SubsImm64Eq,
            MicroOpcode.SubsImm32 => MicroOpcode.SubsImm32Eq,
            MicroOpcode.Subs64 => MicroOpcode.Subs64Eq,
            MicroOpcode.Subs32 => MicroOpcode.Subs32Eq,
            _ => MicroOpcode.Decode,
        };
        if (first == MicroOpcode.Decode || !Backend.Arm64.Decode.TryInstruction(next, out A64Instruction branch) || branch.Form != A64Form.BCond)
        {
            return;
        }

        // In the order of the fused opcodes: eq ne cs cc hi ls ge lt gt le; mi, pl, vs, vc and al stay apart.
        int offset = branch.Cond switch
        {
            < 4 => branch.Cond,
            >= 8 and < 14 => branch.Cond - 4,
            _ => -1,
        };
        if (offset >= 0)
        {
            op.Op = first.Plus(offset);
            op.SmallImm = (int)op.Imm;
            op.Target = unit.Next.DistanceTo(branch.Imm) + MicroOp.Bytes;
        }
    }
}
