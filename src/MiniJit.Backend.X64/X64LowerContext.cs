// Instruction constructors and matchers of x86-64. A constructor emits one machine instruction of the table and returns its result;
// what it needs to know about operands comes from the form's row. The lowering rules are in Lower.<Family>.cs.
//
// Integers narrower than 64 bits live in the low bits of a register; the bits above are unspecified. Arithmetic on i8 and i16 is done on
// 32 bits (no partial-register writes), except where flags or low results of the narrow operation are wanted.
using System;
using System.Diagnostics;
using MiniJit.Codegen.Lowering;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.Settings;
using MiniJit.IR;

namespace MiniJit.Backend.X64;

/// <summary>Lowering for x86-64; one per compile context and target.</summary>
internal sealed partial class X64LowerContext(SharedSettings settings, X64Settings isa, CallConv libraryConvention)
    : LowerContext(settings, libraryConvention)
{
    private readonly bool _avx = isa.UseAvx;

    protected override string TargetName => "x86_64";

    // ---- one machine instruction of the table

    /// <summary>Emits a form whose r/m operand, if it has one, is a register.</summary>
    private ref MachineInst Emit(X64Form form, int size, ReadOnlySpan<VReg> registers)
    {
        Begin((ushort)form, size);
        ReadOnlySpan<OperandTemplate> templates = InstructionTable.Operands(form, memory: false);
        Debug.Assert(templates.Length == registers.Length);
        for (int i = 0; i < registers.Length; i++)
        {
            Use(templates[i].With(registers[i]));
        }

        return ref Current;
    }

    /// <summary>Emits a form whose r/m operand is in memory.</summary>
    private ref MachineInst Emit(X64Form form, int size, ReadOnlySpan<VReg> registers, in Mem memory)
    {
        Begin((ushort)form, size);
        ReadOnlySpan<OperandTemplate> templates = InstructionTable.Operands(form, memory: true);
        Debug.Assert(templates.Length == registers.Length);
        for (int i = 0; i < registers.Length; i++)
        {
            Use(templates[i].With(registers[i]));
        }

        AddAddress(memory);
        return ref Current;
    }

    /// <summary>Gives the current instruction its memory operand. Late registers are read until the end of the instruction.</summary>
    private void AddAddress(in Mem memory, bool late = false)
    {
        ref MachineInst inst = ref Current;
        inst.Mode = (byte)memory.Mode;
        inst.Scale = memory.Scale;
        inst.Disp = memory.Disp;
        inst.Data = memory.Data;
        inst.Trap = memory.Trap;
        if (!memory.Base.IsNone)
        {
            Use(late ? Operand.UseLate(memory.Base) : Operand.Use(memory.Base));
        }

        if (!memory.Index.IsNone)
        {
            Use(late ? Operand.UseLate(memory.Index) : Operand.Use(memory.Index));
        }
    }

    /// <summary>A pseudo-instruction with one def.</summary>
    private VReg Pseudo(X64Form form, int size, VReg result)
    {
        Begin((ushort)form, size);
        Use(Operand.Def(result));
        return result;
    }

    // ---- constructors by operand encoding

    /// <summary>Two-address operation: a op= b.</summary>
    private VReg Binary(X64Form form, int size, VReg a, RegMem b)
    {
        VReg result = NewReg(a.Class);
        if (b.IsMem)
        {
            Emit(form, size, [result, a], b.Mem);
        }
        else
        {
            Emit(form, size, [result, a, b.Reg]);
        }

        return result;
    }

    /// <summary>Two-address operation on an immediate or no second operand.</summary>
    private VReg Modify(X64Form form, int size, VReg a, long immediate = 0)
    {
        VReg result = NewInt();
        Emit(form, size, [result, a]).Imm = immediate;
        return result;
    }

    /// <summary>An integer operation that has register, memory and immediate forms.</summary>
    private VReg Alu(AluOp op, int size, VReg a, RegMemImm b) =>
        b.IsImm ? Modify(op.Immediate, size, a, b.Imm) : Binary(op.RegMem, size, a, b.RegMem);

    /// <summary>An operation from r/m to a register of the given class.</summary>
    private VReg Unary(X64Form form, int size, RegMem source, RegClass resultClass = RegClass.Int)
    {
        VReg result = NewReg(resultClass);
        if (source.IsMem)
        {
            Emit(form, size, [result], source.Mem);
        }
        else
        {
            Emit(form, size, [result, source.Reg]);
        }

        return result;
    }

    /// <summary>A comparison: sets flags only.</summary>
    private void Compare(int size, VReg a, RegMemImm b)
    {
        if (b.IsImm)
        {
            Emit(X64Form.CmpMi, size, [a]).Imm = b.Imm;
        }
        else if (b.RegMem.IsMem)
        {
            Emit(X64Form.CmpRm, size, [a], b.RegMem.Mem);
        }
        else
        {
            Emit(X64Form.CmpRm, size, [a, b.RegMem.Reg]);
        }
    }

    private void Test(int size, VReg a, VReg b) => Emit(X64Form.TestMr, size, [a, b]);

    private void TestImm(int size, VReg a, int immediate) => Emit(X64Form.TestMi, size, [a]).Imm = immediate;

    private VReg Lea(int size, in Mem memory)
    {
        VReg result = NewInt();
        Emit(X64Form.Lea, size, [result], memory);
        return result;
    }

    private VReg Setcc(Condition condition)
    {
        VReg result = NewInt();
        Emit(X64Form.Setcc, 1, [result]).Cond = (byte)condition;
        return result;
    }

    /// <summary>condition ? ifTrue : ifFalse, on the flags.</summary>
    private VReg Cmov(Condition condition, int size, VReg ifFalse, RegMem ifTrue)
    {
        VReg result = Binary(X64Form.Cmovcc, Math.Max(size, 4), ifFalse, ifTrue);
        Current.Cond = (byte)condition;
        return result;
    }

    /// <summary>An integer constant; keeps the flags if asked to.</summary>
    private VReg LoadInt(long value, int size = 8, bool keepFlags = false)
    {
        VReg result = Pseudo(X64Form.LoadInt, size <= 4 ? 4 : 8, NewInt());
        Current.Imm = size <= 4 ? (int)value : value;
        Current.Aux = keepFlags ? (byte)1 : (byte)0;
        return result;
    }

    private VReg LoadFloat(ulong bits, int size)
    {
        VReg result = Pseudo(X64Form.LoadFloat, size, NewFloat());
        Current.Imm = (long)bits;
        return result;
    }

    private void TrapIf(FlagTest test, TrapCode code)
    {
        Debug.Assert(test.Join != ConditionJoin.Both);
        Begin((ushort)(test.Join == ConditionJoin.Either ? X64Form.TrapIfEither : X64Form.TrapIf));
        Current.Cond = (byte)test.First;
        Current.Aux = (byte)test.Second;
        Current.Trap = code.Raw;
    }

    /// <summary>A float operation of two sources in its SSE or AVX form.</summary>
    private VReg FloatBinary(X64Form scalarSingle, IrType type, VReg a, RegMem b) => Vex2(FloatForm(scalarSingle, type), type.Bytes, a, b);

    private VReg Vex2(X64Form form, int size, VReg a, RegMem b)
    {
        VReg result = NewFloat();
        if (b.IsMem)
        {
            Emit(form, size, [result, a], b.Mem);
        }
        else
        {
            Emit(form, size, [result, a, b.Reg]);
        }

        return result;
    }

    /// <summary>Picks from a run of eight forms (Xss Xsd Xps Xpd and their AVX counterparts).</summary>
    private X64Form FloatForm(X64Form scalarSingle, IrType type) =>
        (X64Form)((int)scalarSingle + (type.LaneBits == 64 ? 1 : 0) + (type.IsVector ? 2 : 0) + (_avx ? 4 : 0));

    /// <summary>Picks the SSE form or the AVX form that follows it.</summary>
    private X64Form Sse(X64Form form) => _avx ? form + 1 : form;

    // ---- operands

    /// <summary>A constant that fits a sign-extended 32-bit immediate, a load to fold, or a register.</summary>
    private RegMemImm PutRegMemImm(Value value, int size) => Const32(value, out int constant) ? constant : PutRegMem(value, size);

    /// <summary>A load of exactly <paramref name="size"/> bytes folded in, a float constant, or a register.</summary>
    private RegMem PutRegMem(Value value, int size)
    {
        if (TypeOf(value).Bytes == size && size is 4 or 8 && SinkableLoad(value, out Inst load) && Dfg[load].Opcode == Opcode.Load && !Dfg.MemFlagsOf(load).IsBig)
        {
            return SinkLoad(load);
        }

        return FloatConstant(value, out Mem constant) ? constant : Put(value);
    }

    /// <summary>A float constant as a memory operand; +0 is cheaper in a register.</summary>
    private bool FloatConstant(Value value, out Mem memory)
    {
        memory = default;
        Inst inst = Def(value);
        if (inst.IsNone || Dfg[inst].Opcode is not (Opcode.F32const or Opcode.F64const) || Dfg[inst].FloatBits == 0)
        {
            return false;
        }

        ulong bits = Dfg[inst].FloatBits;
        int handle = Dfg[inst].Opcode == Opcode.F64const ? Constants.AddUInt64(bits) : Constants.AddUInt32((uint)bits);
        memory = new Mem(AddressMode.RipConstant, default, default, 0, 0, handle, 0);
        return true;
    }

    private Mem SinkLoad(Inst load)
    {
        Mem memory = Address(load, Arg(load, 0), Dfg[load].Offset);
        Sink(load);
        return memory;
    }

    /// <summary>The register of an integer value with the bits above its type set by zero- or sign-extension to 32 (or 64) bits.</summary>
    private VReg PutExtended(Value value, bool signed, int size = 4)
    {
        IrType type = TypeOf(value);
        if (type.Bytes >= size)
        {
            return Put(value);
        }

        if (Const(value, out long constant))
        {
            return LoadInt(signed ? constant : constant & (long)(ulong.MaxValue >> (64 - type.Bits)), size);
        }

        return !signed && IsZeroExtended(value) ? Put(value) : Extend(Put(value), type, signed, size);
    }

    private VReg Extend(RegMem source, IrType from, bool signed, int size) => from.Bytes switch
    {
        1 => Unary(signed ? X64Form.MovsxByte : X64Form.MovzxByte, signed ? size : 4, source),
        2 => Unary(signed ? X64Form.MovsxWord : X64Form.MovzxWord, signed ? size : 4, source),
        4 => signed ? Unary(X64Form.MovsxDword, 8, source) : Unary(X64Form.MovRm, 4, source),
        _ => throw new CompilerBugException("x64 lowering", $"extension from {from}"),
    };

    /// <summary>Operation size of an integer type: at least 32 bits.</summary>
    private static int WideSize(IrType type) => Math.Max(4, type.Bytes);
}

/// <summary>An arithmetic instruction in its three forms.</summary>
internal readonly record struct AluOp(X64Form RegMem, X64Form Immediate, X64Form MemReg)
{
    public static AluOp Add => new(X64Form.AddRm, X64Form.AddMi, X64Form.AddMr);

    public static AluOp Sub => new(X64Form.SubRm, X64Form.SubMi, X64Form.SubMr);

    public static AluOp And => new(X64Form.AndRm, X64Form.AndMi, X64Form.AndMr);

    public static AluOp Or => new(X64Form.OrRm, X64Form.OrMi, X64Form.OrMr);

    public static AluOp Xor => new(X64Form.XorRm, X64Form.XorMi, X64Form.XorMr);

    public static AluOp Adc => new(X64Form.AdcRm, X64Form.AdcMi, X64Form.AdcMr);

    public static AluOp Sbb => new(X64Form.SbbRm, X64Form.SbbMi, X64Form.SbbMr);
}
