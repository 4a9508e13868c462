// Calls, tail calls, jump tables, symbols, nops, and the bounds of block sizes from which short branches are chosen.
using System;
using System.Diagnostics;
using MiniJit.Codegen;
using MiniJit.Codegen.Emission;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using static MiniJit.Backend.X64.Registers;

namespace MiniJit.Backend.X64;

internal sealed partial class X64Emitter
{
    private const int CallDigit = 2, JumpDigit = 4;

    private static readonly byte[][] s_nops =
    [
        [],
        [0x90],
        [0x66, 0x90],
        [0x0F, 0x1F, 0x00],
        [0x0F, 0x1F, 0x40, 0x00],
        [0x0F, 0x1F, 0x44, 0x00, 0x00],
        [0x66, 0x0F, 0x1F, 0x44, 0x00, 0x00],
        [0x0F, 0x1F, 0x80, 0x00, 0x00, 0x00, 0x00],
        [0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
        [0x66, 0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
    ];

    private static readonly InstructionRow
        s_callRm = new(X64Form.None, "call", OperandEncoding.UseM, RegisterFiles.GG, 8, 0xFF | EncodingBits.Slash2, ImmediateKind.NoImm, X64Features.None, FormTraits.Plain),
        s_jmpRm = new(X64Form.None, "jmp", OperandEncoding.UseM, RegisterFiles.GG, 8, 0xFF | EncodingBits.Slash4, ImmediateKind.NoImm, X64Features.None, FormTraits.Terminator);

    // FF /2 | FF /4
    private void IndirectBranch(in Rm target, int digit) =>
        Encode.Instruction(_buffer, digit == CallDigit ? s_callRm : s_jmpRm, 8, target, default);

    // E8 cd
    private void CallNear(int symbol)
    {
        _buffer.Put1(0xE8);
        _buffer.AddRelocation(_buffer.Offset, RelocationKind.X64CallPcRel4, symbol, -4);
        _buffer.Put4(0);
        _buffer.AddCallSite();
    }

    private void CallSymbol(in MachineInst inst)
    {
        CallNear(inst.Data);
        TakeBackPopped(inst.Imm);
    }

    private void CallIndirect(in MachineInst inst, ReadOnlySpan<Allocation> operands)
    {
        Rm target = inst.Mode switch
        {
            (byte)AddressMode.None => PlaceOf(operands[^1]),
            (byte)AddressMode.BaseIndex => Address(inst, operands[^2..]),
            (byte)AddressMode.Base or (byte)AddressMode.Index => Address(inst, operands[^1..]),
            _ => Address(inst, []),
        };
        if (inst.Trap != 0)
        {
            _buffer.AddTrap(inst.Trap);
        }

        IndirectBranch(target, CallDigit);
        _buffer.AddCallSite();
        TakeBackPopped(inst.Imm);
    }

    /// <summary>The frame keeps its outgoing area: what the callee popped is taken back.</summary>
    private void TakeBackPopped(long bytes)
    {
        if (bytes != 0)
        {
            PutImm(X64Form.SubMi, 8, Rsp, bytes);
        }
    }

    // The stack arguments are in place at the upper end of the argument area. The return address has to stand right
    // below them, which is where it is if they fill the area.
    private void TailCall(X64Form form, in MachineInst inst, ReadOnlySpan<Allocation> operands)
    {
        int unused = _frame.ArgArea - (int)inst.Imm;
        Debug.Assert(unused >= 0);
        if (unused == 0)
        {
            LeaveFrame();
        }
        else
        {
            SaveRegisters(restore: true);
            _buffer.StartInstruction();
            Put(X64Form.MovRm, 8, R11, Rm.Memory(Rbp, 8));
            Put(X64Form.Lea, 8, Rsp, Rm.Memory(Rbp, 8 + unused));
            Put(X64Form.MovRm, 8, Rbp, Rm.Memory(Rbp, 0));
            Put(X64Form.MovMr, 8, R11, Rm.Memory(Rsp, 0));
        }

        if (form == X64Form.TailCallIndirect)
        {
            IndirectBranch(Rm.Register(operands[^1].Register), JumpDigit);
            return;
        }

        _buffer.Put1(0xE9);
        _buffer.AddRelocation(_buffer.Offset, RelocationKind.X64CallPcRel4, inst.Data, -4);
        _buffer.Put4(0);
    }

    // A context is stack pointer, frame pointer and where to go on. Both may be the same, so each word is read before it is written:
    //     mov r11, [load]; mov [store], rsp; mov rsp, r11
    //     mov r11, [load + 8]; mov [store + 8], rbp; mov rbp, r11
    //     mov load, [load + 16]; lea r11, [back]; mov [store + 16], r11; jmp load
    // back:
    private void StackSwitch(PReg store, PReg load)
    {
        foreach ((PReg register, int offset) in (ReadOnlySpan<(PReg, int)>)[(Rsp, 0), (Rbp, 8)])
        {
            Put(X64Form.MovRm, 8, R11, Rm.Memory(load, offset));
            Put(X64Form.MovMr, 8, register, Rm.Memory(store, offset));
            Put(X64Form.MovRm, 8, register, R11);
        }

        Label back = _buffer.NewLabel();
        Put(X64Form.MovRm, 8, load, Rm.Memory(load, 16));
        Put(X64Form.Lea, 8, R11, Rm.OfLabel(back, 0));
        Put(X64Form.MovMr, 8, R11, Rm.Memory(store, 16));
        IndirectBranch(Rm.Register(load), JumpDigit);
        _buffer.BindHere(back);
    }

    // lea r11, [rip + table]; movsxd d, dword [r11 + index * 4]; add d, r11
    private void LoadTableTarget(PReg to, PReg index, int table)
    {
        Put(X64Form.Lea, 8, R11, Rm.OfLabel(_buffer.TableLabel(table), 0));
        Put(X64Form.MovsxDword, 8, to, Rm.Memory(R11, index, 2, 0));
        Put(X64Form.AddRm, 8, to, R11);
    }

    private void LoadSymbolAddress(PReg to, int symbol, long addend, SymbolAccess access)
    {
        switch (access)
        {
            case SymbolAccess.PcRelative:
                Put(X64Form.Lea, 8, to, Rm.OfSymbol(symbol, checked((int)addend)));
                break;
            case SymbolAccess.Absolute:
                PutImm(X64Form.MovRi64, 8, to, 0);
                _buffer.AddRelocation(_buffer.Offset - 8, RelocationKind.Abs8, symbol, addend);
                break;
            default:
                Debug.Assert(addend == 0);
                Put(X64Form.MovRm, 8, to, Rm.GotSlot(symbol));
                break;
        }
    }

    // data16 lea rdi, [rip + symbol@tlsgd]; data16 data16 rex.w call __tls_get_addr: the exact bytes linkers relax.
    private void ElfTlsGetAddr(in MachineInst inst)
    {
        _buffer.Put([0x66, 0x48, 0x8D, 0x3D]);
        _buffer.AddRelocation(_buffer.Offset, RelocationKind.X64ElfTlsGd, inst.Data, -4);
        _buffer.Put4(0);
        _buffer.Put([0x66, 0x66, 0x48]);
        CallNear((int)inst.Imm);
    }

    private void Nop(int bytes)
    {
        for (; bytes > 0; bytes -= 9)
        {
            _buffer.StartInstruction();
            _buffer.Put(s_nops[Math.Min(bytes, 9)]);
        }
    }

    // ---- bounds

    /// <summary>Threads the blocks that only jump and bounds the start of every block.</summary>
    private void PlanBlocks()
    {
        _branches.ClearBounds();
        int start = PrologueBound(), nextMove = 0;
        Span<AllocationMove> moves = Placement.Moves.Span;
        for (int i = 0; i < Code.Blocks.Count; i++)
        {
            ref readonly VCodeBlock block = ref Code.Blocks[i];
            _branches.AddBound(start);
            int moveCount = 0, size = 0;
            for (; nextMove < moves.Length && moves[nextMove].Point.Inst < block.EndInst; nextMove++)
            {
                moveCount++;
            }

            foreach (ref readonly MachineInst inst in Code.Insts.Slice(block.FirstInst, block.EndInst - block.FirstInst))
            {
                size += SizeBound(inst);
            }

            ref readonly MachineInst last = ref Code.Insts[block.EndInst - 1];
            if (last.Form == (ushort)X64Form.JmpLabel && size == BranchEncoder.MaxTerminatorSize && moveCount == 0)
            {
                _buffer.Thread(new Label(i), new Label(last.Data));
            }

            start += size + (moveCount * MoveBound) + _frame.BlockPadding;
        }
    }

    private const int MoveBound = 10, CallBound = 20;

    private int CopyBound(in MachineInst move)
    {
        Allocation from = Placement.Allocations[move.FirstOperand], to = Placement.Allocations[move.FirstOperand + 1];
        return from == to ? 0 : from.IsSlot && to.IsSlot ? 2 * MoveBound : MoveBound;
    }

    private int SizeBound(in MachineInst inst)
    {
        X64Form form = (X64Form)inst.Form;
        if (form < X64Form.Args)
        {
            ref readonly InstructionRow row = ref InstructionTable.Row(form);

            // Prefixes, REX or VEX, map and opcode; ModRM; SIB and displacement (a register may be a spill slot).
            bool isMemory = inst.Mode != 0, isSmall = inst.Mode <= (byte)AddressMode.Index && inst.Disp == (sbyte)inst.Disp && _frame.FrameSize < 128;
            int size = row.IsVex ? 5 : 4 + row.Map;
            size += isSmall ? 2 : 5;
            size += row.Immediate switch { ImmediateKind.NoImm => 1, ImmediateKind.Ib => 1, ImmediateKind.Iq => 8, _ => inst.Imm == (sbyte)inst.Imm && row.Immediate == ImmediateKind.IbOrIz ? 1 : 4 };
            size += row.Has(FormTraits.BreakDependency) || row.Operands == OperandEncoding.RXM ? 5 : 0;
            size += inst.Mode == (byte)AddressMode.Index ? 4 : 0;
            return isMemory ? size + 1 : size;
        }

        return form switch
        {
            X64Form.Args => 0,
            X64Form.MoveInt or X64Form.MoveFloat => CopyBound(inst),
            X64Form.LoadInt or X64Form.ReadRegister or X64Form.WriteRegister => MoveBound,
            X64Form.LoadFloat or X64Form.LoadSymbolAddress or X64Form.TrapIf or X64Form.SelectFloat => MoveBound,
            X64Form.JmpLabel or X64Form.JccLabel or X64Form.JccEitherLabel => BranchEncoder.MaxTerminatorSize,
            X64Form.CallSymbol or X64Form.CallIndirect => CallBound + ((inst.Flags & MachineInstFlags.Terminator) != 0 ? BranchEncoder.MaxTerminatorSize : 0),
            X64Form.LoadTableTarget or X64Form.JmpTable or X64Form.TrapIfEither => 20,
            X64Form.Ret or X64Form.TailCallSymbol or X64Form.TailCallIndirect => EpilogueBound(),
            X64Form.Nop => (int)inst.Imm,
            _ => MachineBuffer.InstructionRoom,
        };
    }
}
