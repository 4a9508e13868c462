// Prologue and epilogue. The frame pointer chain is always kept: push rbp; mov rbp, rsp. A function whose tail calls pass
// more stack arguments than it receives first moves its return address down, so that the body sees an argument area of
// FrameLayout.ArgArea bytes above it, with its own arguments at the area's upper end.
using System;
using MiniJit.Codegen.Abi;
using MiniJit.Codegen.Emission;
using MiniJit.Codegen.Machine;
using MiniJit.IR;
using static MiniJit.Backend.X64.Registers;

namespace MiniJit.Backend.X64;

internal sealed partial class X64Emitter
{
    private const int UnrolledProbes = 4, LargeFrame = 32 << 10;

    protected override void EmitPrologue()
    {
        _buffer.StartInstruction();
        int growth = _frame.ArgArea - _frame.IncomingArgs;
        if (growth > 0)
        {
            Put(X64Form.MovRm, 8, R11, Rm.Memory(Rsp, 0));
            PutImm(X64Form.SubMi, 8, Rsp, growth);
            Put(X64Form.MovMr, 8, R11, Rm.Memory(Rsp, 0));
        }

        Put(X64Form.Push, 8, default, Rbp);
        Put(X64Form.MovRm, 8, Rbp, Rsp);
        CheckStackLimit();
        LowerStackPointer();
        SaveRegisters(restore: false);
    }

    //     mov r10, vmctx; mov r10, [r10 + offset] …
    //     cmp rsp, r10; jb trap                             (only where the sum below might wrap)
    //     add r10, size; cmp rsp, r10; jb trap
    private void CheckStackLimit()
    {
        int size = _frame.CheckedSize;
        if (!_frame.Limit.IsDeclared || size == 0)
        {
            return;
        }

        _buffer.StartInstruction();
        AbiPart context = _frame.Limit.Context;
        Put(X64Form.MovRm, 8, R10, context.InRegister ? Rm.Register(context.Register) : Rm.Memory(Rbp, 16 + _frame.ArgArea - _frame.IncomingArgs + context.Offset));
        for (int i = 0; i < _frame.Limit.LoadCount; i++)
        {
            _buffer.StartInstruction();
            Put(X64Form.MovRm, 8, R10, Rm.Memory(R10, _frame.Limit.LoadOffset(i)));
        }

        if (size >= LargeFrame)
        {
            TrapIfBelowLimit();
        }

        PutImm(X64Form.AddMi, 8, R10, size);
        TrapIfBelowLimit();
    }

    private void TrapIfBelowLimit()
    {
        _buffer.StartInstruction();
        Put(X64Form.CmpRm, 8, Rsp, R10);
        _branches.EmitBranch(_buffer, (byte)Condition.Below, _buffer.TrapLabel(TrapCode.StackOverflow.Raw));
    }

    private void LowerStackPointer()
    {
        int size = _frame.FrameSize;
        if (_frame.ProbeSymbol != 0 && size >= _frame.ProbeStep)
        {
            LoadInt(Rax, size, 4, keepFlags: false);           // the routine's only argument; it touches, and changes nothing
            CallNear(_frame.ProbeSymbol - 1);
        }
        else if (_frame.ProbeStep != 0)
        {
            size = ProbeInline(size);
        }

        if (size != 0)
        {
            _buffer.StartInstruction();
            PutImm(X64Form.SubMi, 8, Rsp, size);
        }
    }

    /// <summary>Touches every step of the frame; returns by how much rsp is still to be lowered.</summary>
    private int ProbeInline(int size)
    {
        int step = _frame.ProbeStep, count = size / step;
        if (count <= UnrolledProbes)
        {
            for (int i = 1; i <= count; i++)
            {
                _buffer.StartInstruction();
                PutImm(X64Form.MovMi, 4, Rm.Memory(Rsp, -i * step), 0);
            }

            return size;
        }

        //     lea r11, [rsp - count * step]
        // top: sub rsp, step; mov dword [rsp], 0; cmp rsp, r11; jne top
        _buffer.StartInstruction();
        Put(X64Form.Lea, 8, R11, Rm.Memory(Rsp, -count * step));
        Label top = _buffer.NewLabel();
        _buffer.BindHere(top);
        PutImm(X64Form.SubMi, 8, Rsp, step);
        PutImm(X64Form.MovMi, 4, Rm.Memory(Rsp, 0), 0);
        Put(X64Form.CmpRm, 8, Rsp, R11);
        BranchEncoder.EmitShortBranch(_buffer, Condition.NotEqual, top);
        return size - (count * step);
    }

    private void SaveRegisters(bool restore)
    {
        int offset = _frame.CalleeSavesOffset;
        bool aligned = false;
        for (RegSet rest = _frame.CalleeSaves; !rest.IsEmpty; rest = rest.WithoutFirst)
        {
            PReg register = rest.First;
            int size = register.Class == RegClass.Int ? 8 : _frame.FloatSaveSize;
            if (register.Class == RegClass.Float && !aligned)
            {
                offset = (offset + size - 1) & -size;
                aligned = true;
            }

            _buffer.StartInstruction();
            Put(MoveForm(register.Class, size, isStore: !restore, isCopy: false), size, register, OnFrame(offset));
            offset += size;
        }
    }

    private void LeaveFrame()
    {
        SaveRegisters(restore: true);
        _buffer.StartInstruction();
        if (_frame.FrameSize != 0)
        {
            Put(X64Form.MovRm, 8, Rsp, Rbp);
        }

        Put(X64Form.Pop, 8, default, Rbp);
    }

    // C3 | C2 iw
    private void EmitReturn()
    {
        LeaveFrame();
        int pop = _frame.StackArgsToPop;
        if (pop == 0)
        {
            _buffer.Put1(0xC3);
            return;
        }

        if (pop <= ushort.MaxValue)
        {
            _buffer.Put1(0xC2);
            _buffer.Put1((byte)pop);
            _buffer.Put1((byte)(pop >> 8));
            return;
        }

        // More than an immediate holds: take the return address along and jump to it.
        Put(X64Form.Pop, 8, default, R11);
        PutImm(X64Form.AddMi, 8, Rsp, pop);
        IndirectBranch(Rm.Register(R11), JumpDigit);
    }

    /// <summary>Upper bound of the size of the prologue.</summary>
    private int PrologueBound() => 192 + (UnrolledProbes * 12) + (SaveBound * _frame.CalleeSaves.Count);

    /// <summary>Upper bound of the size of an epilogue with its return or tail jump.</summary>
    private int EpilogueBound() => 48 + (SaveBound * _frame.CalleeSaves.Count);

    private const int SaveBound = 10;
}
