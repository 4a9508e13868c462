// Loads, stores, moves between registers and spill slots: which of the addressing modes reaches.
using System;
using MiniJit.Codegen;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using MiniJit.IR;
using static MiniJit.Backend.Arm64.Registers;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64Emitter
{
    private void LoadStore(in MachineInst inst, ReadOnlySpan<Allocation> operands)
    {
        MemoryAccess access = (MemoryAccess)inst.Aux;
        AddressMode mode = (AddressMode)inst.Mode;
        int addressRegisters = mode == AddressMode.Base ? 1 : mode == AddressMode.BaseIndex ? 2 : 0;
        ReadOnlySpan<Allocation> address = operands[^addressRegisters..];
        PReg register = operands.Length > addressRegisters ? operands[0].Register : Zr;
        switch (mode)
        {
            case AddressMode.Base:
                Access(access, register, address[0].Register, inst.Disp, inst.Trap);
                break;
            case AddressMode.BaseIndex:
                AccessIndexed(access, register, address[0].Register, address[1].Register, (Extend)inst.Cond, inst.Scale != 0, inst.Trap);
                break;
            case AddressMode.Constant:
                LoadLiteral(access, register, inst.Data);
                break;
            default:
                AccessFrame(access, register, FrameOffset(inst), inst.Trap);
                break;
        }
    }

    /// <summary>Where a memory operand in the frame lies, from the stack pointer of the function's body.</summary>
    private int FrameOffset(in MachineInst inst) => inst.Disp + (AddressMode)inst.Mode switch
    {
        AddressMode.StackSlot => _frame.StackSlotsOffset,
        AddressMode.SpillSlot => _frame.SpillOffset + (8 * inst.Data),
        AddressMode.IncomingArg => _frame.FrameSize + 16 + _frame.ArgArea - _frame.IncomingArgs,
        AddressMode.OutgoingArg => 0,
        AddressMode.TailArg => _frame.FrameSize + 16 + _frame.ArgArea,
        AddressMode.FramePointer => _frame.FrameSize,
        _ => throw new CompilerBugException("emit", $"addressing mode {inst.Mode}"),
    };

    /// <summary>An access at an offset from sp; through fp where only that reaches.</summary>
    private void AccessFrame(MemoryAccess access, PReg register, int offset, byte trap = 0)
    {
        int fromFp = offset - _frame.FrameSize;
        bool viaFp = !_frame.IsFrameless && !IsInReach(access, offset) && IsInReach(access, fromFp);
        Access(access, register, viaFp ? Fp : Sp, viaFp ? fromFp : offset, trap);
    }

    private static bool IsInReach(MemoryAccess access, int offset) =>
        ScaledOffset.TryCreate(offset, access.Row().Bytes, out _) || UnscaledOffset.TryCreate(offset, out _);

    // ldr t, [base, #scaled] | ldur t, [base, #simm9] | add x17, base, #high; ldr t, [x17, #low] | mov x17, #offset; ldr t, [base, x17]
    private void Access(MemoryAccess access, PReg register, PReg address, int offset, byte trap = 0)
    {
        int bytes = access.Row().Bytes;
        A64Form form = A64Form.LoadStoreUnsigned;
        if (!ScaledOffset.TryCreate(offset, bytes, out _))
        {
            if (UnscaledOffset.TryCreate(offset, out _))
            {
                form = A64Form.LoadStoreUnscaled;
            }
            else
            {
                int low = offset & 0xfff, high = offset - low;
                if (!ScaledOffset.TryCreate(low, bytes, out _) || !Imm12.TryCreate(Math.Abs((long)high), out _))
                {
                    LoadInt(AddressScratch, offset, 8);
                    AccessIndexed(access, register, address, AddressScratch, Extend.Uxtx, scaled: false, trap);
                    return;
                }

                AddImmediate(AddressScratch, address, high);
                (address, offset) = (AddressScratch, low);
            }
        }

        AddTrap(trap);
        PutImm(form, 0, register, address, offset, (int)access);
    }

    private void AccessIndexed(MemoryAccess access, PReg register, PReg address, PReg index, Extend extend, bool scaled, byte trap)
    {
        AddTrap(trap);
        Put(new A64Instruction(A64Form.LoadStoreRegister, 0)
        {
            Rd = (byte)register.Encoding, Rn = (byte)address.Encoding, Rm = (byte)index.Encoding, Cond = (byte)extend, Aux = (byte)access, Imm = scaled ? 1 : 0,
        });
    }

    private void AddTrap(byte trap)
    {
        if (trap != 0)
        {
            _buffer.AddTrap(trap);
        }
    }

    // ---- moves

    protected override void EmitMove(Allocation from, Allocation to, RegClass regClass, int size)
    {
        if (from == to)
        {
            return;
        }

        _buffer.StartInstruction();
        if (from.IsSlot && to.IsSlot)
        {
            // Only Move pseudo-instructions with two Any operands get here; the allocator's own moves never do.
            Allocation scratch = Allocation.Reg(regClass == RegClass.Int ? IntScratch : FloatScratch);
            EmitMove(from, scratch, regClass, size);
            EmitMove(scratch, to, regClass, size);
            return;
        }

        if (from.IsReg && to.IsReg)
        {
            CopyRegister(to.Register, from.Register, size);
            return;
        }

        MemoryAccess access = (regClass, to.IsReg) switch
        {
            (RegClass.Int, true) => MemoryAccess.LdrX,
            (RegClass.Int, false) => MemoryAccess.StrX,
            (_, true) => size == 16 ? MemoryAccess.LdrFQ : MemoryAccess.LdrFD,
            _ => size == 16 ? MemoryAccess.StrFQ : MemoryAccess.StrFD,
        };
        Allocation slot = to.IsReg ? from : to;
        AccessFrame(access, to.IsReg ? to.Register : from.Register, _frame.SpillOffset + (8 * slot.SlotIndex));
    }

    // mov xd, xm | fmov dd, dn | mov vd.16b, vn.16b
    private void CopyRegister(PReg to, PReg from, int size)
    {
        if (to.Class == RegClass.Int)
        {
            Put(A64Form.Orr, 8, to, Zr, from);
            return;
        }

        if (size > 8)
        {
            Put(A64Form.OrrVec, 16, to, from, from);
            return;
        }

        Put(A64Form.FmovReg, 8, to, from);
    }
}
