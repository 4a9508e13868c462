// Moves between registers and spill slots, and constants.
using System;
using System.Diagnostics;
using MiniJit.Codegen.Emission;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using static MiniJit.Backend.X64.Registers;

namespace MiniJit.Backend.X64;

internal sealed partial class X64Emitter
{
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

        PReg register = to.IsReg ? to.Register : from.Register;
        Rm other = PlaceOf(to.IsReg ? from : to);
        Put(MoveForm(regClass, size, isStore: to.IsSlot, other.IsRegister), size, register, other);
    }

    // Slots of 16 bytes are 16-byte aligned. Between registers, movaps is the shortest and copies everything.
    private static X64Form MoveForm(RegClass regClass, int size, bool isStore, bool isCopy) => (regClass, size) switch
    {
        (RegClass.Int, _) => isStore ? X64Form.MovMr : X64Form.MovRm,
        (_, 16) => isStore ? X64Form.MovapsStore : X64Form.Movaps,
        _ when isCopy => X64Form.Movaps,
        (_, 8) => isStore ? X64Form.MovsdStore : X64Form.Movsd,
        _ => isStore ? X64Form.MovssStore : X64Form.Movss,
    };

    // j!cond over; movaps a, b. There is no conditional move between xmm registers.
    private void SelectFloat(ReadOnlySpan<Allocation> operands, Condition condition)
    {
        Label over = _buffer.NewLabel();
        BranchEncoder.EmitShortBranch(_buffer, condition.Negate(), over);
        Put(X64Form.Movaps, 16, operands[0].Register, operands[2].Register);
        _buffer.BindHere(over);
    }

    // xor r32,r32 | mov r32, imm32 (zero-extends) | mov r64, simm32 | mov r64, imm64
    private void LoadInt(PReg to, long value, int size, bool keepFlags)
    {
        if (size < 8)
        {
            value &= (1L << (size * 8)) - 1;
        }

        if (value == 0 && !keepFlags)
        {
            Put(X64Form.XorRm, 4, to, to);
        }
        else if ((ulong)value <= uint.MaxValue)
        {
            PutImm(X64Form.MovRi32, 4, to, value);
        }
        else
        {
            PutImm(value == (int)value ? X64Form.MovRiSx : X64Form.MovRi64, 8, to, value);
        }
    }

    private void LoadFloat(PReg to, long bits, int size)
    {
        Debug.Assert(size is 4 or 8);
        if (bits == 0)
        {
            Put(X64Form.Xorps, 16, to, to);
            return;
        }

        Put(size == 4 ? X64Form.Movss : X64Form.Movsd, size, to, FloatConstant(bits, size));
    }

    private Rm FloatConstant(long bits, int size)
    {
        int handle = size == 4 ? _buffer.Constants.AddUInt32((uint)bits) : _buffer.Constants.AddUInt64((ulong)bits);
        return Rm.OfLabel(_buffer.ConstantLabel(handle, BranchEncoder.Relative32), 0);
    }
}
