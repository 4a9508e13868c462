using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MiniJit.IR;

/// <summary>
/// One instruction in 16 bytes. <see cref="InstructionFormat"/> documents what the fields mean; create one with the factory of
/// its format and read it with the accessors, which assert that the format has the field.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
public struct InstructionData
{
    internal InstructionData(Opcode opcode, IrType type, ushort aux, uint a, uint b, uint c)
    {
        Opcode = opcode;
        Type = type;
        Aux = aux;
        A = a;
        B = b;
        C = c;
    }

    /// <summary>The opcode.</summary>
    public Opcode Opcode;

    /// <summary>The controlling type; none for a monomorphic opcode.</summary>
    public IrType Type;

    internal ushort Aux;
    internal uint A, B, C;

    /// <summary>The opcode's operand layout.</summary>
    public readonly InstructionFormat Format => Opcode.Info().Format;

    internal readonly long Imm64 => (long)(B | ((ulong)C << 32));

    /// <summary>Immediate of an iconst, sign-extended from its type.</summary>
    public readonly long Imm
    {
        get
        {
            Debug.Assert(Format == InstructionFormat.UnaryImm);
            return Imm64;
        }
    }

    /// <summary>Bits of an f16const, f32const or f64const.</summary>
    public readonly ulong FloatBits
    {
        get
        {
            Debug.Assert(Format is InstructionFormat.UnaryIeee16 or InstructionFormat.UnaryIeee32 or InstructionFormat.UnaryIeee64);
            return (ulong)Imm64;
        }
    }

    /// <summary>First value operand.</summary>
    public readonly Value Arg0 => new(A);

    /// <summary>Second value operand.</summary>
    public readonly Value Arg1 => new(B);

    /// <summary>Third value operand.</summary>
    public readonly Value Arg2 => new(C);

    /// <summary>Lane number or other small immediate.</summary>
    public readonly byte Imm8
    {
        get
        {
            Debug.Assert(Format is InstructionFormat.BinaryImm8 or InstructionFormat.TernaryImm8);
            return (byte)Aux;
        }
    }

    /// <summary>Condition of an icmp.</summary>
    public readonly IntCC IntCC
    {
        get
        {
            Debug.Assert(Format == InstructionFormat.IntCompare);
            return (IntCC)Aux;
        }
    }

    /// <summary>Condition of an fcmp.</summary>
    public readonly FloatCC FloatCC
    {
        get
        {
            Debug.Assert(Format == InstructionFormat.FloatCompare);
            return (FloatCC)Aux;
        }
    }

    /// <summary>Operation of an atomic_rmw.</summary>
    public readonly AtomicRmwOp RmwOp
    {
        get
        {
            Debug.Assert(Format == InstructionFormat.AtomicRmw);
            return (AtomicRmwOp)C;
        }
    }

    /// <summary>Trap code of trap, trapz, trapnz, uadd_overflow_trap.</summary>
    public readonly TrapCode TrapCode
    {
        get
        {
            Debug.Assert(Format is InstructionFormat.Trap or InstructionFormat.CondTrap or InstructionFormat.IntAddTrap);
            return TrapCode.FromRaw((byte)Aux);
        }
    }

    /// <summary>Byte offset of a load, store or stack_addr.</summary>
    public readonly int Offset
    {
        get
        {
            Debug.Assert(Format is InstructionFormat.Load or InstructionFormat.Store or InstructionFormat.StackAddr);
            return (int)C;
        }
    }

    /// <summary>Whether the format carries memory flags (<see cref="DataFlowGraph.MemFlagsOf(Inst)"/>).</summary>
    public readonly bool HasMemFlags => Format is InstructionFormat.Load or InstructionFormat.Store or InstructionFormat.LoadNoOffset
        or InstructionFormat.StoreNoOffset or InstructionFormat.AtomicRmw or InstructionFormat.AtomicCas;

    /// <summary>Entity operand of a UnaryConst.</summary>
    public readonly Constant Constant => new(B);

    /// <summary>Entity operand of a UnaryGlobalValue.</summary>
    public readonly GlobalValue GlobalValue => new(B);

    /// <summary>Callee of Call, TryCall, FuncAddr.</summary>
    public readonly FuncRef FuncRef => new(B);

    /// <summary>Signature of CallIndirect.</summary>
    public readonly SigRef SigRef => new(B);

    /// <summary>Table of TryCall, TryCallIndirect.</summary>
    public readonly ExceptionTable ExceptionTable => new(C);

    /// <summary>Slot of StackAddr.</summary>
    public readonly StackSlot StackSlot => new(B);

    /// <summary>Slot of DynamicStackAddr.</summary>
    public readonly DynamicStackSlot DynamicStackSlot => new(B);

    /// <summary>Table of BranchTable.</summary>
    public readonly JumpTable JumpTable => new(B);

    /// <summary>Mask of Shuffle.</summary>
    public readonly Immediate Mask => new(C);

    /// <summary>Destination of Jump; "then" destination of Brif.</summary>
    public readonly BlockCall Destination => new(B);

    /// <summary>"Else" destination of Brif.</summary>
    public readonly BlockCall ElseDestination => new(C);

    /// <summary>Block of ExceptionHandlerAddress.</summary>
    public readonly Block HandlerBlock => new(B);

    /// <summary>Edge index of ExceptionHandlerAddress.</summary>
    public readonly int HandlerIndex => (int)C;

    // One factory per shape of the record; formats that share a shape share a factory.

    internal static InstructionData NullAry(Opcode opcode, IrType type) => new(opcode, type, 0, 0, 0, 0);

    internal static InstructionData Unary(Opcode opcode, IrType type, Value x) => new(opcode, type, 0, x.Raw, 0, 0);

    internal static InstructionData UnaryImm(Opcode opcode, IrType type, long imm) => new(opcode, type, 0, 0, (uint)imm, (uint)(imm >> 32));

    internal static InstructionData UnaryEntity(Opcode opcode, IrType type, uint entity, int offset = 0) => new(opcode, type, 0, 0, entity, (uint)offset);

    internal static InstructionData Binary(Opcode opcode, IrType type, Value x, Value y) => new(opcode, type, 0, x.Raw, y.Raw, 0);

    internal static InstructionData BinaryImm8(Opcode opcode, IrType type, Value x, byte imm) => new(opcode, type, imm, x.Raw, 0, 0);

    internal static InstructionData Ternary(Opcode opcode, IrType type, Value x, Value y, Value z) => new(opcode, type, 0, x.Raw, y.Raw, z.Raw);

    internal static InstructionData TernaryImm8(Opcode opcode, IrType type, Value x, Value y, byte imm) => new(opcode, type, imm, x.Raw, y.Raw, 0);

    internal static InstructionData MultiAry(Opcode opcode, uint list) => new(opcode, default, 0, list, 0, 0);

    internal static InstructionData Shuffle(Opcode opcode, Value x, Value y, Immediate mask) => new(opcode, default, 0, x.Raw, y.Raw, mask.Raw);

    internal static InstructionData IntCompare(Opcode opcode, IrType type, IntCC cc, Value x, Value y) => new(opcode, type, (ushort)cc, x.Raw, y.Raw, 0);

    internal static InstructionData FloatCompare(Opcode opcode, IrType type, FloatCC cc, Value x, Value y) => new(opcode, type, (ushort)cc, x.Raw, y.Raw, 0);

    internal static InstructionData Jump(BlockCall target) => new(Opcode.Jump, default, 0, 0, target.Raw, 0);

    internal static InstructionData Brif(IrType type, Value c, BlockCall then, BlockCall otherwise) => new(Opcode.Brif, type, 0, c.Raw, then.Raw, otherwise.Raw);

    internal static InstructionData BranchTable(Value x, JumpTable table) => new(Opcode.BrTable, default, 0, x.Raw, table.Raw, 0);

    internal static InstructionData Call(Opcode opcode, IrType type, uint list, uint callee, ExceptionTable table = default) => new(opcode, type, 0, list, callee, table.Raw);

    internal static InstructionData Load(Opcode opcode, IrType type, ushort flags, Value p, int offset) => new(opcode, type, flags, p.Raw, 0, (uint)offset);

    internal static InstructionData Store(Opcode opcode, IrType type, ushort flags, Value x, Value p, int offset) => new(opcode, type, flags, x.Raw, p.Raw, (uint)offset);

    internal static InstructionData AtomicRmw(IrType type, ushort flags, AtomicRmwOp op, Value p, Value x) => new(Opcode.AtomicRmw, type, flags, p.Raw, x.Raw, (uint)op);

    internal static InstructionData AtomicCas(IrType type, ushort flags, Value p, Value e, Value x) => new(Opcode.AtomicCas, type, flags, p.Raw, e.Raw, x.Raw);

    internal static InstructionData Trap(Opcode opcode, IrType type, TrapCode code, Value x = default, Value y = default) => new(opcode, type, code.Raw, x.Raw, y.Raw, 0);
}
