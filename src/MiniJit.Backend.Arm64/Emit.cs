// Emission of single instructions (the driver is FunctionEmitter): a form of the table goes through one generic path, from the fields of
// the MachineInst and the registers it was given to an A64Instruction and its word; pseudo-instructions are expanded by the other parts:
// Emit.Frame.cs, Emit.Memory.cs, Emit.Constants.cs, Emit.Control.cs, Emit.Atomic.cs.
//
// x16, x17 and v31 are never allocated. x17 belongs to whatever computes an address, x16 to the pseudo-instruction being expanded.
using System;
using System.Diagnostics;
using MiniJit.Codegen;
using MiniJit.Codegen.Abi;
using MiniJit.Codegen.Emission;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using MiniJit.IR;
using MiniJit.IR.Collections;
using static MiniJit.Backend.Arm64.Registers;

namespace MiniJit.Backend.Arm64;

/// <summary>Emits functions, one after the other. Belongs to a compile context.</summary>
internal sealed partial class Arm64Emitter : FunctionEmitter
{
    private readonly BranchEncoder _branches;
    private readonly MachineBuffer _buffer;
    private readonly Arm64Settings _isa;
    private FrameLayout _frame;                                // valid during Emit
    private Column<bool> _isLandingPad;                        // by block: jump tables or exceptions lead here and use_bti wants to know

    /// <param name="isa">Code shape: landing pads, signed return addresses.</param>
    /// <param name="rangeShift">For tests: see <see cref="MachineBuffer"/>.</param>
    public Arm64Emitter(Arm64Settings isa, int rangeShift = 0)
        : this(isa, new BranchEncoder(), rangeShift)
    {
    }

    private Arm64Emitter(Arm64Settings isa, BranchEncoder branches, int rangeShift)
        : this(isa, branches, new MachineBuffer(branches, rangeShift))
    {
    }

    private Arm64Emitter(Arm64Settings isa, BranchEncoder branches, MachineBuffer buffer)
        : base(buffer) => (_isa, _branches, _buffer) = (isa, branches, buffer);

    /// <summary>Islands of the last function.</summary>
    public int IslandCount => _buffer.IslandCount;

    protected override int ActivationSize => _frame.FrameSize + (_frame.IsFrameless ? 0 : 16);

    protected override void Begin(in FrameLayout frame)
    {
        _frame = frame;
        PlanSaves();
        PlanBlocks();
    }

    protected override void BeginBlock(int block)
    {
        _buffer.Bind(new Label(block));
        if (_isa.UseBti && _isLandingPad[block])
        {
            _buffer.StartInstruction();
            PutHint(SystemHint.BtiJ);
        }
    }

    protected override void EmitInst(in MachineInst inst, ReadOnlySpan<Allocation> operands)
    {
        A64Form form = (A64Form)inst.Form;
        if (form < A64Form.FirstPseudo)
        {
            EmitForm(form, inst, operands);
        }
        else
        {
            EmitPseudo(form, inst, operands);
        }
    }

    /// <summary>Threads the blocks that only jump, except those that need a landing pad.</summary>
    private void PlanBlocks()
    {
        _isLandingPad.Fill(Code.Blocks.Count, false);
        for (int table = 0; _isa.UseBti && table < _buffer.Tables.Count; table++)
        {
            foreach (int block in _buffer.Tables.TargetsOf(table))
            {
                _isLandingPad[block] = true;
            }
        }

        foreach (TryItem item in _isa.UseBti ? Code.TryItems.Span : [])
        {
            if (item.Kind != ExceptionItemKind.Context)
            {
                _isLandingPad[item.Place] = true;
            }
        }

        int nextMove = 0;
        Span<AllocationMove> moves = Placement.Moves.Span;
        for (int i = 0; i < Code.Blocks.Count; i++)
        {
            ref readonly VCodeBlock block = ref Code.Blocks[i];
            int firstMove = nextMove;
            for (; nextMove < moves.Length && moves[nextMove].Point.Inst < block.EndInst; nextMove++)
            {
            }

            if (nextMove == firstMove && !_isLandingPad[i] && OnlyJumps(block))
            {
                _buffer.Thread(new Label(i), new Label(Code.Insts[block.EndInst - 1].Data));
            }
        }
    }

    private bool OnlyJumps(in VCodeBlock block)
    {
        if (Code.Insts[block.EndInst - 1].Form != (ushort)A64Form.Jump)
        {
            return false;
        }

        foreach (ref readonly MachineInst inst in Code.Insts.Slice(block.FirstInst, block.EndInst - 1 - block.FirstInst))
        {
            bool isCopy = (inst.Flags & MachineInstFlags.Move) != 0;
            if (inst.Form == (ushort)A64Form.Args)
            {
                continue;
            }

            if (!isCopy || Placement.Allocations[inst.FirstOperand] != Placement.Allocations[inst.FirstOperand + 1])
            {
                return false;
            }
        }

        return true;
    }

    // ---- forms of the table

    private void EmitForm(A64Form form, in MachineInst inst, ReadOnlySpan<Allocation> operands)
    {
        _buffer.StartInstruction();
        A64Instruction instruction = new(form, inst.Size) { Lane = inst.Scale, Cond = inst.Cond, Aux = inst.Aux, Imm = inst.Imm };
        if (inst.Data == 0)
        {
            FormOperands fields = inst.Size == 16 ? InstructionTable.OperandsOfUpperHalf(form) : InstructionTable.Operands(form);
            instruction.Rd = NumberOf(operands, fields.Rd);
            instruction.Rn = NumberOf(operands, fields.Rn);
            instruction.Rm = NumberOf(operands, fields.Rm);
            instruction.Ra = NumberOf(operands, fields.Ra);
        }
        else
        {
            SetRegisters(ref instruction, inst.Data, operands);
        }

        if (inst.Trap != 0)
        {
            _buffer.AddTrap(inst.Trap);
        }

        Put(instruction);
    }

    private static byte NumberOf(ReadOnlySpan<Allocation> operands, int index) => index < 0 ? (byte)0 : (byte)operands[index].Register.Encoding;

    /// <summary>The register fields where bit i of <paramref name="zeros"/> makes operand i of the row the zero register.</summary>
    private static void SetRegisters(ref A64Instruction instruction, int zeros, ReadOnlySpan<Allocation> operands)
    {
        OperandSpec[] row = InstructionTable.Row(instruction.Form).Operands;
        int next = 0;
        for (int pass = 0; pass < 2; pass++)
        {
            bool defs = pass == 0;
            for (int i = 0; i < row.Length; i++)
            {
                if (defs ? !row[i].IsDefined : !row[i].IsRead(instruction.Size))
                {
                    continue;
                }

                byte number = ((zeros >> i) & 1) != 0 ? (byte)31 : (byte)operands[next++].Register.Encoding;
                switch (row[i].Kind == A64OperandKind.AddressBase ? RegisterField.Rn : row[i].Field)
                {
                    case RegisterField.Rd:
                        instruction.Rd = number;
                        break;
                    case RegisterField.Rn:
                        instruction.Rn = number;
                        break;
                    case RegisterField.Rm:
                        instruction.Rm = number;
                        break;
                    default:
                        instruction.Ra = number;
                        break;
                }
            }
        }

        Debug.Assert(next == operands.Length);
    }

    // ---- single instructions for the pseudo-instructions

    private void Put(in A64Instruction instruction) => _buffer.Put4(Encode.Instruction(instruction));

    /// <summary>A form with up to three registers.</summary>
    private void Put(A64Form form, int size, PReg rd, PReg rn, PReg rm = default) =>
        Put(new A64Instruction(form, size) { Rd = (byte)rd.Encoding, Rn = (byte)rn.Encoding, Rm = (byte)rm.Encoding });

    /// <summary>The same with the form's immediate.</summary>
    private void PutImm(A64Form form, int size, PReg rd, PReg rn, long imm, int aux = 0) =>
        Put(new A64Instruction(form, size) { Rd = (byte)rd.Encoding, Rn = (byte)rn.Encoding, Imm = imm, Aux = (byte)aux });

    private void PutHint(SystemHint hint) => Put(new A64Instruction(A64Form.Hint, 0) { Imm = (long)hint });

    // ---- pseudo-instructions

    private void EmitPseudo(A64Form form, in MachineInst inst, ReadOnlySpan<Allocation> operands)
    {
        Label taken = new(inst.Data), otherwise = new((int)inst.Imm);
        switch (form)
        {
            case A64Form.Args:
                return;
            case A64Form.MoveInt:
                EmitMove(operands[0], operands[1], RegClass.Int, inst.Size);
                return;
            case A64Form.MoveFloat:
                EmitMove(operands[0], operands[1], RegClass.Float, inst.Size);
                return;
            case A64Form.Jump:
                _buffer.Jump(taken);
                return;
            case A64Form.Branch or A64Form.BranchZero or A64Form.BranchBit:
                _buffer.Branch(ConditionOf(form, inst, operands), taken, otherwise);
                return;
            case A64Form.BranchEither:
                _buffer.BranchEither(inst.Cond, inst.Aux, taken, otherwise);
                return;
        }

        _buffer.StartInstruction();
        switch (form)
        {
            case A64Form.Return:
                EmitReturn();
                break;
            case A64Form.ReadRegister:
                PutImm(A64Form.AddImm, 8, operands[0].Register, new PReg((byte)inst.Data), 0);
                break;
            case A64Form.WriteRegister:
                PutImm(A64Form.AddImm, 8, new PReg((byte)inst.Data), operands[0].Register, 0);
                break;
            case A64Form.LoadInt:
                LoadInt(operands[0].Register, inst.Imm, inst.Size);
                break;
            case A64Form.LoadFloat:
                LoadFloat(operands[0].Register, inst.Imm, inst.Size);
                break;
            case A64Form.LoadSymbolAddress:
                LoadSymbolAddress(operands[0].Register, inst.Data, inst.Imm, (SymbolAccess)inst.Aux);
                break;
            case A64Form.LoadAddress:
                AddImmediate(operands[0].Register, Sp, FrameOffset(inst));
                break;
            case A64Form.Load or A64Form.Store:
                LoadStore(inst, operands);
                break;
            case A64Form.LoadTableTarget:
                LoadTableTarget(operands[0].Register, operands[1].Register, inst.Data);
                break;
            case A64Form.JumpTable:
                Put(A64Form.Br, 0, default, operands[0].Register);
                break;
            case A64Form.CallSymbol or A64Form.CallIndirect:
                Call(form, inst, operands);
                break;
            case A64Form.TailCallSymbol or A64Form.TailCallIndirect:
                TailCall(form, inst, operands);
                break;
            case A64Form.StackSwitch:
                StackSwitch(operands[1].Register, operands[2].Register);
                break;
            case A64Form.Trap:
                _buffer.AddTrap(inst.Trap);
                _branches.EmitTrapStub(_buffer);
                break;
            case A64Form.TrapIf or A64Form.TrapIfZero:
                _branches.EmitBranch(_buffer, ConditionOf(form, inst, operands), _buffer.TrapLabel(inst.Trap));
                break;
            case A64Form.TrapIfEither:
                _branches.EmitBranch(_buffer, inst.Cond, _buffer.TrapLabel(inst.Trap));
                _branches.EmitBranch(_buffer, inst.Aux, _buffer.TrapLabel(inst.Trap));
                break;
            case A64Form.AtomicPairLoop or A64Form.AtomicPairCas:
                EmitAtomicPair(form, inst, operands);
                break;
            default:
                EmitAtomic(form, inst, operands);
                break;
        }
    }

    private static uint ConditionOf(A64Form form, in MachineInst inst, ReadOnlySpan<Allocation> operands) => form switch
    {
        A64Form.BranchZero or A64Form.TrapIfZero => BranchEncoder.OfRegister(operands[0].Register, inst.Size, inst.Cond != 0),
        A64Form.BranchBit => BranchEncoder.OfBit(operands[0].Register, inst.Aux, inst.Cond != 0),
        _ => BranchEncoder.OfFlags((Condition)inst.Cond),
    };
}

/// <summary>Operations of HINT.</summary>
internal enum SystemHint : byte
{
    Nop = 0,
    Csdb = 20,
    PaciaZ = 24,
    PaciaSp = 25,
    PacibZ = 26,
    PacibSp = 27,
    AutiaZ = 28,
    AutiaSp = 29,
    AutibZ = 30,
    AutibSp = 31,
    BtiC = 34,
    BtiJ = 36,
}
