// Calls, tail calls, jump tables.
using System;
using System.Diagnostics;
using MiniJit.Codegen;
using MiniJit.Codegen.Emission;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using static MiniJit.Backend.Arm64.Registers;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64Emitter
{
    private const uint AdrWord = 0x1000_0000;

    // bl symbol | blr target
    private void Call(A64Form form, in MachineInst inst, ReadOnlySpan<Allocation> operands)
    {
        if (form == A64Form.CallIndirect)
        {
            Put(A64Form.Blr, 0, default, operands[^1].Register);
        }
        else
        {
            _buffer.AddRelocation(_buffer.Offset, RelocationKind.Arm64Call, inst.Data, 0);
            Put(new A64Instruction(A64Form.Bl, 0));
        }

        _buffer.AddCallSite();
        if (inst.Imm != 0)
        {
            AddImmediate(Sp, Sp, -inst.Imm);                   // the frame keeps its outgoing area: what the callee popped is taken back
        }
    }

    // The stack arguments are in place at the upper end of the argument area, and the callee expects sp right below them.
    private void TailCall(A64Form form, in MachineInst inst, ReadOnlySpan<Allocation> operands)
    {
        int unused = _frame.ArgArea - (int)inst.Imm;
        Debug.Assert(unused >= 0);
        LeaveFrame();
        if (unused != 0)
        {
            AddImmediate(Sp, Sp, unused);
        }

        AuthenticateReturnAddress();
        if (form == A64Form.TailCallSymbol)
        {
            _buffer.AddRelocation(_buffer.Offset, RelocationKind.Arm64Call, inst.Data, 0);
            Put(new A64Instruction(A64Form.B, 0));
            return;
        }

        PReg target = operands[^1].Register;
        if (_isa.UseBti)
        {
            // A landing pad for calls admits a jump only if it goes through x16 or x17.
            CopyRegister(IntScratch, target, 8);
            target = IntScratch;
        }

        Put(A64Form.Br, 0, default, target);
    }

    // A context is stack pointer, frame pointer and where to go on. Both may be the same, so each word is read before it is written:
    //     ldr x16, [load]; mov x17, sp; str x17, [store]; mov sp, x16
    //     ldr x16, [load, #8]; str fp, [store, #8]; mov fp, x16
    //     ldr x16, [load, #16]; adr x17, back; str x17, [store, #16]; br x16
    // back:
    private void StackSwitch(PReg store, PReg load)
    {
        Access(MemoryAccess.LdrX, IntScratch, load, 0);
        PutImm(A64Form.AddImm, 8, AddressScratch, Sp, 0);
        Access(MemoryAccess.StrX, AddressScratch, store, 0);
        PutImm(A64Form.AddImm, 8, Sp, IntScratch, 0);
        Access(MemoryAccess.LdrX, IntScratch, load, 8);
        Access(MemoryAccess.StrX, Fp, store, 8);
        CopyRegister(Fp, IntScratch, 8);
        Label back = _buffer.NewLabel();
        Access(MemoryAccess.LdrX, IntScratch, load, 16);
        BranchEncoder.Put(_buffer, AdrWord | (uint)AddressScratch.Encoding, back, BranchEncoder.Address21);
        Access(MemoryAccess.StrX, AddressScratch, store, 16);
        Put(A64Form.Br, 0, default, IntScratch);
        _buffer.BindHere(back);
        if (_isa.UseBti)
        {
            PutHint(SystemHint.BtiJ);
        }
    }

    // adr x16, table; ldrsw d, [x16, index, lsl #2]; add d, x16, d
    private void LoadTableTarget(PReg to, PReg index, int table)
    {
        BranchEncoder.Put(_buffer, AdrWord | (uint)IntScratch.Encoding, _buffer.TableLabel(table), BranchEncoder.Address21);
        AccessIndexed(MemoryAccess.LdrSW, to, IntScratch, index, Extend.Uxtx, scaled: true, trap: 0);
        Put(A64Form.AddShifted, 8, to, IntScratch, to);
    }
}
