// Prologue and epilogue. A function that needs no stack and calls nothing has none. Otherwise the linkage record comes first
// (stp fp, lr, [sp, #-16]!; mov fp, sp), then the stack pointer goes down once by the size of the frame, and the saved registers lie at the
// top of that, as pairs. A function whose tail calls pass more stack arguments than it receives lowers the stack pointer before the
// record, so that the body sees an argument area of FrameLayout.ArgArea bytes above it, with its own arguments at the area's upper end.
//
// Probes are inline, whatever probestack_strategy says: there is no routine for them.
//
// Signing. In the tail convention the stack pointer at the return is not that of the entry: there the modifier is zero.
using MiniJit.Codegen.Abi;
using MiniJit.Codegen.Emission;
using MiniJit.Codegen.Machine;
using MiniJit.IR;
using static MiniJit.Backend.Arm64.Registers;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64Emitter
{
    // The last is what a post-indexed load adds to the stack pointer at most.
    private const int UnrolledProbes = 3, LargeFrame = 32 << 10, MaxIndexedFrame = 240;

    /// <summary>Registers of one class saved together: <see cref="Second"/> is the zero register if there is only one.</summary>
    private readonly record struct SavedPair(PReg First, PReg Second, bool IsSingle, int Offset);

    private readonly SavedPair[] _saves = new SavedPair[32];
    private int _saveCount;
    private bool _savesOpenFrame;                              // the first save also lowers the stack pointer

    private bool SignsReturnAddress => _isa.SignReturnAddressAll || (_isa.SignReturnAddress && !_frame.IsFrameless);

    // ---- prologue

    private void PlanSaves()
    {
        _saveCount = 0;
        int offset = _frame.CalleeSavesOffset;
        bool aligned = false;
        for (RegSet rest = _frame.CalleeSaves; !rest.IsEmpty;)
        {
            PReg first = rest.First;
            rest = rest.WithoutFirst;
            int bytes = SaveBytes(first);
            if (first.Class == RegClass.Float && !aligned)
            {
                offset = (offset + bytes - 1) & -bytes;
                aligned = true;
            }

            bool isSingle = rest.IsEmpty || rest.First.Class != first.Class;
            _saves[_saveCount++] = new(first, isSingle ? Zr : rest.First, isSingle, offset);
            rest = isSingle ? rest : rest.WithoutFirst;
            offset += isSingle ? bytes : 2 * bytes;
        }

        bool isProbed = _frame.ProbeStep != 0 && _frame.FrameSize >= _frame.ProbeStep;
        _savesOpenFrame = _saveCount != 0 && _frame.CalleeSavesOffset == 0 && _frame.FrameSize <= MaxIndexedFrame && !isProbed;
    }

    private int SaveBytes(PReg register) => register.Class == RegClass.Int ? 8 : _frame.FloatSaveSize;

    protected override void EmitPrologue()
    {
        _buffer.StartInstruction();
        bool isSigned = SignsReturnAddress, zeroModifier = _frame.CalleePopsArgs;
        if (_isa.UseBti && (!isSigned || zeroModifier))
        {
            PutHint(SystemHint.BtiC);                          // paciasp and pacibsp are landing pads themselves
        }

        if (isSigned)
        {
            PutHint(PointerAuthentication(SystemHint.PaciaZ));
        }

        if (_frame.IsFrameless)
        {
            CheckStackLimit();
            return;
        }

        int growth = _frame.ArgArea - _frame.IncomingArgs;
        if (growth > 0)
        {
            AddImmediate(Sp, Sp, -growth);
        }

        PutPair(A64Form.PairPre, MemoryAccess.StrX, Fp, Lr, Sp, -16);
        PutImm(A64Form.AddImm, 8, Fp, Sp, 0);
        CheckStackLimit();
        LowerStackPointer();
        SaveRegisters();
    }

    // The four forms of a key's operation follow each other: a zero, a sp, b zero, b sp.
    private SystemHint PointerAuthentication(SystemHint withZero) =>
        (SystemHint)((int)withZero + (_isa.SignReturnAddressWithBKey ? 2 : 0) + (_frame.CalleePopsArgs ? 0 : 1));

    //     mov x16, vmctx; ldr x16, [x16, #offset] …
    //     cmp sp, x16; b.lo trap                            (only where the sum below might wrap)
    //     add x16, x16, #size; cmp sp, x16; b.lo trap
    private void CheckStackLimit()
    {
        int size = _frame.CheckedSize;
        if (!_frame.Limit.IsDeclared || size == 0)
        {
            return;
        }

        _buffer.StartInstruction();
        AbiPart context = _frame.Limit.Context;
        if (context.InRegister)
        {
            CopyRegister(IntScratch, context.Register, 8);
        }
        else
        {
            Access(MemoryAccess.LdrX, IntScratch, Fp, 16 + _frame.ArgArea - _frame.IncomingArgs + context.Offset);
        }

        for (int i = 0; i < _frame.Limit.LoadCount; i++)
        {
            _buffer.StartInstruction();
            Access(MemoryAccess.LdrX, IntScratch, IntScratch, _frame.Limit.LoadOffset(i));
        }

        if (size >= LargeFrame)
        {
            TrapIfBelowLimit();
        }

        AddImmediate(IntScratch, IntScratch, size);
        TrapIfBelowLimit();
    }

    private void TrapIfBelowLimit()
    {
        _buffer.StartInstruction();
        CompareSp(IntScratch);
        _branches.EmitBranch(_buffer, BranchEncoder.OfFlags(Condition.Lo), _buffer.TrapLabel(TrapCode.StackOverflow.Raw));
    }

    // cmp sp, x
    private void CompareSp(PReg other) => Put(new A64Instruction(A64Form.SubsExtended, 8)
    {
        Rd = (byte)Zr.Encoding, Rn = (byte)Sp.Encoding, Rm = (byte)other.Encoding, Aux = (byte)Extend.Uxtx,
    });

    private void LowerStackPointer()
    {
        if (_savesOpenFrame)
        {
            return;
        }

        int size = _frame.FrameSize;
        if (_frame.ProbeStep != 0 && size >= _frame.ProbeStep)
        {
            size = ProbeInline(size);
        }

        if (size != 0)
        {
            _buffer.StartInstruction();
            AddImmediate(Sp, Sp, -size);
        }
    }

    /// <summary>Lowers sp through whole steps and touches each; returns by how much it is still to be lowered.</summary>
    private int ProbeInline(int size)
    {
        int step = _frame.ProbeStep, count = size / step;
        if (count <= UnrolledProbes)
        {
            for (int i = 0; i < count; i++)
            {
                _buffer.StartInstruction();
                ProbeStep(step);
            }

            return size - (count * step);
        }

        //     sub x16, sp, #count * step
        // top: sub sp, sp, #step; str wzr, [sp]; cmp sp, x16; b.ne top
        _buffer.StartInstruction();
        AddImmediate(IntScratch, Sp, -(long)count * step);
        Label top = _buffer.NewLabel();
        _buffer.BindHere(top);
        ProbeStep(step);
        CompareSp(IntScratch);
        _branches.EmitBranch(_buffer, BranchEncoder.OfFlags(Condition.Ne), top);
        return size - (count * step);
    }

    private void ProbeStep(int step)
    {
        AddImmediate(Sp, Sp, -step);
        Access(MemoryAccess.StrW, Zr, Sp, 0);
    }

    private void SaveRegisters()
    {
        for (int i = 0; i < _saveCount; i++)
        {
            _buffer.StartInstruction();
            SaveOrRestore(_saves[i], isStore: true, opensFrame: i == 0 && _savesOpenFrame);
        }
    }

    private void SaveOrRestore(in SavedPair pair, bool isStore, bool opensFrame)
    {
        int bytes = SaveBytes(pair.First);
        MemoryAccess access = bytes == 16 ? MemoryAccess.StrFQ : pair.First.Class == RegClass.Int ? MemoryAccess.StrX : MemoryAccess.StrFD;
        access = isStore ? access : (MemoryAccess)((int)access + 1);   // each load follows its store
        if (pair.IsSingle)
        {
            if (opensFrame)
            {
                A64Form form = isStore ? A64Form.LoadStorePre : A64Form.LoadStorePost;
                PutImm(form, 0, pair.First, Sp, isStore ? -_frame.FrameSize : _frame.FrameSize, (int)access);
                return;
            }

            AccessFrame(access, pair.First, pair.Offset);
            return;
        }

        if (opensFrame)
        {
            A64Form form = isStore ? A64Form.PairPre : A64Form.PairPost;
            PutPair(form, access, pair.First, pair.Second, Sp, isStore ? -_frame.FrameSize : _frame.FrameSize);
            return;
        }

        if (PairOffset.TryCreate(pair.Offset, bytes, out _))
        {
            PutPair(A64Form.PairOffset, access, pair.First, pair.Second, Sp, pair.Offset);
        }
        else if (PairOffset.TryCreate(pair.Offset - _frame.FrameSize, bytes, out _))
        {
            PutPair(A64Form.PairOffset, access, pair.First, pair.Second, Fp, pair.Offset - _frame.FrameSize);
        }
        else
        {
            AddImmediate(AddressScratch, Sp, pair.Offset);
            PutPair(A64Form.PairOffset, access, pair.First, pair.Second, AddressScratch, 0);
        }
    }

    private void PutPair(A64Form form, MemoryAccess access, PReg first, PReg second, PReg address, int offset) => Put(new A64Instruction(form, 0)
    {
        Rd = (byte)first.Encoding, Ra = (byte)second.Encoding, Rn = (byte)address.Encoding, Imm = offset, Aux = (byte)access,
    });

    // ---- epilogue

    /// <summary>Restores registers and puts the stack pointer at the start of the argument area.</summary>
    private void LeaveFrame()
    {
        if (_frame.IsFrameless)
        {
            return;
        }

        for (int i = _saveCount - 1; i >= 0; i--)
        {
            _buffer.StartInstruction();
            SaveOrRestore(_saves[i], isStore: false, opensFrame: i == 0 && _savesOpenFrame);
        }

        _buffer.StartInstruction();
        if (_frame.FrameSize != 0 && !_savesOpenFrame)
        {
            if (Imm12.TryCreate(_frame.FrameSize, out _))
            {
                AddImmediate(Sp, Sp, _frame.FrameSize);
            }
            else
            {
                PutImm(A64Form.AddImm, 8, Sp, Fp, 0);
            }
        }

        PutPair(A64Form.PairPost, MemoryAccess.LdrX, Fp, Lr, Sp, 16);
    }

    private void AuthenticateReturnAddress()
    {
        if (SignsReturnAddress)
        {
            PutHint(PointerAuthentication(SystemHint.AutiaZ));
        }
    }

    // ret | retaa
    private void EmitReturn()
    {
        LeaveFrame();
        if (_frame.StackArgsToPop != 0)
        {
            AddImmediate(Sp, Sp, _frame.StackArgsToPop);
        }

        if (SignsReturnAddress && _isa.HasPauth && !_frame.CalleePopsArgs)
        {
            Put(new A64Instruction(_isa.SignReturnAddressWithBKey ? A64Form.Retab : A64Form.Retaa, 0));
            return;
        }

        AuthenticateReturnAddress();
        Put(A64Form.Ret, 0, default, Lr);
    }
}
