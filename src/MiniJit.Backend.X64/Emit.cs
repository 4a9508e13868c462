// Emission of single instructions (the driver is FunctionEmitter): a form of the table goes through one generic path (fields by its
// FieldMap, r/m by its Mode), pseudo-instructions are expanded by the other parts: Emit.Frame.cs, Emit.Moves.cs, Emit.Control.cs,
// Emit.Convert.cs, Emit.Atomic.cs.
//
// r11 and xmm15 are never allocated and belong to a pseudo-instruction while it is expanded.
using System;
using System.Diagnostics;
using MiniJit.Codegen;
using MiniJit.Codegen.Abi;
using MiniJit.Codegen.Emission;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using MiniJit.IR;
using MiniJit.IR.Collections;
using static MiniJit.Backend.X64.Registers;

namespace MiniJit.Backend.X64;

/// <summary>Emits functions, one after the other. Belongs to a compile context.</summary>
internal sealed partial class X64Emitter : FunctionEmitter
{
    private readonly BranchEncoder _branches;
    private readonly MachineBuffer _buffer;
    private FrameLayout _frame;                                // valid during Emit

    public X64Emitter()
        : this(new BranchEncoder())
    {
    }

    private X64Emitter(BranchEncoder branches)
        : this(branches, new MachineBuffer(branches))
    {
    }

    private X64Emitter(BranchEncoder branches, MachineBuffer buffer)
        : base(buffer) => (_branches, _buffer) = (branches, buffer);

    protected override int ActivationSize => _frame.FrameSize + 16;

    protected override void Begin(in FrameLayout frame)
    {
        _frame = frame;
        PlanBlocks();
    }

    protected override void BeginBlock(int block)
    {
        _branches.NextBlock = block;
        _buffer.Bind(new Label(block));
    }

    protected override void EmitInst(in MachineInst inst, ReadOnlySpan<Allocation> operands)
    {
        X64Form form = (X64Form)inst.Form;
        if (form < X64Form.Args)
        {
            EmitForm(InstructionTable.Row(form), inst, operands);
        }
        else
        {
            EmitPseudo(form, inst, operands);
        }
    }

    // ---- forms of the table

    private void EmitForm(in InstructionRow row, in MachineInst inst, ReadOnlySpan<Allocation> operands)
    {
        OperandEncodingRow encoding = row.Operands.Row();
        bool memory = inst.Mode != (byte)AddressMode.None;
        FieldMap map = memory ? encoding.MemoryFields : encoding.RegisterFields;
        Debug.Assert(memory ? encoding.HasMemoryMode : encoding.HasRegisterMode);
        Debug.Assert(!IsBrokenReuse(row, memory, operands));

        _buffer.StartInstruction();
        EncodedFields fields = new()
        {
            Reg = map.Reg < 0 ? 0 : operands[map.Reg].Register.Encoding,
            Vvvv = map.Vvvv < 0 ? 0 : operands[map.Vvvv].Register.Encoding,
            Is4 = map.Is4 < 0 ? 0 : operands[map.Is4].Register.Encoding,
            Condition = inst.Cond,
            Imm = inst.Imm,
        };
        Rm rm = memory ? Address(inst, operands[map.Count..]) : map.Rm < 0 ? default : PlaceOf(operands[map.Rm]);
        if (row.Has(FormTraits.BreakDependency) || row.Operands == OperandEncoding.RXM)
        {
            BreakDependency(row, ref fields, rm);
        }

        if (inst.Trap != 0)
        {
            _buffer.AddTrap(inst.Trap);
        }

        Encode.Instruction(_buffer, row, inst.Size, rm, fields);
    }

    // A scalar operation that keeps the upper part of its destination would wait for whatever wrote that last.
    private void BreakDependency(in InstructionRow row, ref EncodedFields fields, in Rm rm)
    {
        bool fromXmm = rm.IsRegister && row.RmFile == RegClass.Float;
        if (fromXmm && (row.IsVex || rm.Base == fields.Reg))
        {
            fields.Vvvv = rm.Base;
            return;
        }

        PReg destination = Xmm(fields.Reg);
        if (row.IsVex)
        {
            Put(X64Form.Vxorps, 16, destination, destination, destination);
        }
        else
        {
            Put(X64Form.Xorps, 16, destination, destination);
        }

        fields.Vvvv = fields.Reg;
    }

    private static bool IsBrokenReuse(in InstructionRow row, bool memory, ReadOnlySpan<Allocation> operands)
    {
        ReadOnlySpan<OperandTemplate> templates = InstructionTable.Operands(row.Form, memory);
        for (int i = 0; i < templates.Length; i++)
        {
            Constraint constraint = templates[i].Constraint;
            if (constraint.Kind == ConstraintKind.Reuse && operands[i] != operands[constraint.ReusedInput])
            {
                return true;
            }
        }

        return false;
    }

    private Rm Address(in MachineInst inst, ReadOnlySpan<Allocation> registers) => (AddressMode)inst.Mode switch
    {
        AddressMode.Base => Rm.Memory(registers[0].Register, inst.Disp),
        AddressMode.BaseIndex => Rm.Memory(registers[0].Register, registers[1].Register, inst.Scale, inst.Disp),
        AddressMode.Index => Rm.Indexed(registers[0].Register, inst.Scale, inst.Disp),
        AddressMode.RipLabel => Rm.OfLabel(new Label(inst.Data), inst.Disp),
        AddressMode.RipConstant => Rm.OfLabel(_buffer.ConstantLabel(inst.Data, BranchEncoder.Relative32), inst.Disp),
        AddressMode.Symbol => Rm.OfSymbol(inst.Data, inst.Disp),
        AddressMode.StackSlot => OnFrame(_frame.StackSlotsOffset + inst.Disp),
        AddressMode.StackSlotIndex =>
            Rm.Memory(Rsp, registers[0].Register, inst.Scale, _frame.StackSlotsOffset + inst.Disp),
        AddressMode.SpillSlot => OnFrame(_frame.SpillOffset + (8 * inst.Data) + inst.Disp),
        AddressMode.IncomingArg => Rm.Memory(Rbp, 16 + _frame.ArgArea - _frame.IncomingArgs + inst.Disp),
        AddressMode.OutgoingArg => Rm.Memory(Rsp, inst.Disp),
        AddressMode.TailArg => Rm.Memory(Rbp, 16 + _frame.ArgArea + inst.Disp),
        AddressMode.FramePointer => Rm.Memory(Rbp, inst.Disp),
        _ => throw new CompilerBugException("emit", $"addressing mode {inst.Mode}"),
    };

    private Rm PlaceOf(Allocation place) =>
        place.IsReg ? Rm.Register(place.Register) : OnFrame(_frame.SpillOffset + (8 * place.SlotIndex));

    /// <summary>A place in the frame by its offset from rsp; through rbp where that takes a shorter displacement, and never a SIB.</summary>
    private Rm OnFrame(int offset)
    {
        int fromRbp = offset - _frame.FrameSize;
        bool viaRsp = offset == (sbyte)offset && fromRbp != (sbyte)fromRbp;
        return viaRsp ? Rm.Memory(Rsp, offset) : Rm.Memory(Rbp, fromRbp);
    }

    // ---- single instructions for the pseudo-instructions

    /// <summary>reg, reg forms; for one-register forms <paramref name="rm"/> is that register.</summary>
    private void Put(X64Form form, int size, PReg reg, PReg rm) => Put(form, size, reg, Rm.Register(rm));

    /// <summary>Three-register forms.</summary>
    private void Put(X64Form form, int size, PReg reg, PReg vvvv, PReg rm) =>
        Encode.Instruction(_buffer, InstructionTable.Row(form), size, Rm.Register(rm), new EncodedFields { Reg = reg.Encoding, Vvvv = vvvv.Encoding });

    private void Put(X64Form form, int size, PReg reg, in Rm rm) =>
        Encode.Instruction(_buffer, InstructionTable.Row(form), size, rm, new EncodedFields { Reg = reg.Encoding });

    private void PutImm(X64Form form, int size, PReg rm, long imm) => PutImm(form, size, Rm.Register(rm), imm);

    private void PutImm(X64Form form, int size, in Rm rm, long imm) =>
        Encode.Instruction(_buffer, InstructionTable.Row(form), size, rm, new EncodedFields { Imm = imm });

    // ---- pseudo-instructions

    private void EmitPseudo(X64Form form, in MachineInst inst, ReadOnlySpan<Allocation> operands)
    {
        switch (form)
        {
            case X64Form.Args:
                return;
            case X64Form.MoveInt:
                EmitMove(operands[0], operands[1], RegClass.Int, inst.Size);
                return;
            case X64Form.MoveFloat:
                EmitMove(operands[0], operands[1], RegClass.Float, inst.Size);
                return;
            case X64Form.JmpLabel:
                _buffer.Jump(new Label(inst.Data));
                return;
            case X64Form.JccLabel:
                _buffer.Branch(inst.Cond, new Label(inst.Data), new Label((int)inst.Imm));
                return;
            case X64Form.JccEitherLabel:
                _buffer.BranchEither(inst.Cond, inst.Aux, new Label(inst.Data), new Label((int)inst.Imm));
                return;
        }

        _buffer.StartInstruction();
        switch (form)
        {
            case X64Form.Ret:
                EmitReturn();
                break;
            case X64Form.ReadRegister:
                Put(X64Form.MovRm, 8, operands[0].Register, new PReg((byte)inst.Data));
                break;
            case X64Form.WriteRegister:
                Put(X64Form.MovRm, 8, new PReg((byte)inst.Data), operands[0].Register);
                break;
            case X64Form.LoadInt:
                LoadInt(operands[0].Register, inst.Imm, inst.Size, keepFlags: inst.Aux != 0);
                break;
            case X64Form.LoadFloat:
                LoadFloat(operands[0].Register, inst.Imm, inst.Size);
                break;
            case X64Form.LoadSymbolAddress:
                LoadSymbolAddress(operands[0].Register, inst.Data, inst.Imm, (SymbolAccess)inst.Aux);
                break;
            case X64Form.LoadTableTarget:
                LoadTableTarget(operands[0].Register, operands[1].Register, inst.Data);
                break;
            case X64Form.JmpTable:
                IndirectBranch(Rm.Register(operands[0].Register), JumpDigit);
                break;
            case X64Form.CallSymbol:
                CallSymbol(inst);
                break;
            case X64Form.CallIndirect:
                CallIndirect(inst, operands);
                break;
            case X64Form.TailCallSymbol or X64Form.TailCallIndirect:
                TailCall(form, inst, operands);
                break;
            case X64Form.StackSwitch:
                StackSwitch(operands[1].Register, operands[2].Register);
                break;
            case X64Form.SelectFloat:
                SelectFloat(operands, (Condition)inst.Cond);
                break;
            case X64Form.TrapIf:
                _branches.EmitBranch(_buffer, inst.Cond, _buffer.TrapLabel(inst.Trap));
                break;
            case X64Form.TrapIfEither:
                _branches.EmitBranch(_buffer, inst.Cond, _buffer.TrapLabel(inst.Trap));
                _branches.EmitBranch(_buffer, inst.Aux, _buffer.TrapLabel(inst.Trap));
                break;
            case X64Form.CvtUint64ToFloat:
                CvtUint64ToFloat(operands[0].Register, operands[1].Register, inst.Size);
                break;
            case X64Form.CvtToSintTrap or X64Form.CvtToSintSat:
                CvtToSint(operands[0].Register, operands[1].Register, inst, traps: form == X64Form.CvtToSintTrap);
                break;
            case X64Form.CvtToUintTrap or X64Form.CvtToUintSat:
                CvtToUint(operands[0].Register, operands[1].Register, inst, traps: form == X64Form.CvtToUintTrap);
                break;
            case X64Form.AtomicRmwLoop:
                AtomicRmwLoop(inst, operands);
                break;
            case X64Form.AtomicPairLoop:
                AtomicPairLoop(inst, operands);
                break;
            case X64Form.ElfTlsGetAddr:
                ElfTlsGetAddr(inst);
                break;
            case X64Form.Nop:
                Nop((int)inst.Imm);
                break;
            default:
                throw new CompilerBugException("emit", $"no expansion of {form}");
        }
    }
}
