// Instruction constructors of AArch64. A constructor emits one machine instruction of the table and returns its result; what the allocator
// must know about its operands is in the form's row. The lowering rules are in Lower.<Family>.cs.
//
// Integers narrower than 64 bits live in the low bits of a register; the bits above are unspecified. Arithmetic on i8 and i16 is done on
// 32 bits. The fields of a MachineInst are those of the A64Instruction of the same name; Scale is its Lane. The zero register is no virtual
// register: bit i of Data says that operand i of the form's row is the zero register and that the allocator sees no such operand.
using System;
using System.Diagnostics;
using MiniJit.Codegen.Lowering;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.Settings;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

/// <summary>Lowering for AArch64; one per compile context and target.</summary>
internal sealed partial class Arm64LowerContext(SharedSettings settings, Arm64Settings isa, CallConv libraryConvention)
    : LowerContext(settings, libraryConvention)
{
    protected override string TargetName => "aarch64";

    // ---- one machine instruction of the table

    /// <summary>
    /// Emits a form: the def first, then the uses in assembly order. A tied destination takes its old value as the first use. No register (none)
    /// means the zero register, for the result that nobody wants its value.
    /// </summary>
    private ref MachineInst Emit(A64Form form, int size, VReg result, ReadOnlySpan<VReg> uses)
    {
        Begin((ushort)form, size);
        OperandSpec[] operands = InstructionTable.Row(form).Operands;
        int zeros = 0, next = 0;
        for (int i = 0; i < operands.Length; i++)
        {
            if (!operands[i].IsDefined)
            {
                continue;
            }

            zeros |= result.IsNone ? 1 << i : 0;
            if (!result.IsNone)
            {
                Use(operands[i].IsTied(size) ? Operand.DefReusing(result, 1) : Operand.Def(result));
            }
        }

        for (int i = 0; i < operands.Length; i++)
        {
            if (!operands[i].IsRead(size))
            {
                continue;
            }

            VReg use = uses[next++];
            zeros |= use.IsNone ? 1 << i : 0;
            if (!use.IsNone)
            {
                Use(Operand.Use(use));
            }
        }

        Debug.Assert(next == uses.Length);
        Current.Data = zeros;
        return ref Current;
    }

    /// <summary>What <see cref="Emit"/> takes for the zero register.</summary>
    private static VReg Zero => default;

    private static RegClass ClassOf(VReg register) => register.IsNone ? RegClass.Int : register.Class;

    /// <summary>d = op a.</summary>
    private VReg Unary(A64Form form, int size, VReg a, RegClass resultClass = RegClass.Int)
    {
        VReg result = NewReg(resultClass);
        Emit(form, size, result, [a]);
        return result;
    }

    /// <summary>d = a op b, no shift.</summary>
    private VReg Binary(A64Form form, int size, VReg a, VReg b)
    {
        VReg result = NewReg(ClassOf(a));
        Emit(form, size, result, [a, b]);
        return result;
    }

    /// <summary>d = a op (b shifted): forms with <see cref="A64OperandKind.Shifted"/> or <see cref="A64OperandKind.Rotated"/>.</summary>
    private VReg Binary(A64Form form, int size, VReg a, ShiftedReg b)
    {
        VReg result = NewInt();
        ref MachineInst inst = ref Emit(form, size, result, [a, b.Reg]);
        inst.Aux = (byte)b.Shift;
        inst.Imm = b.Amount;
        return result;
    }

    /// <summary>d = a op (b extended).</summary>
    private VReg Binary(A64Form form, int size, VReg a, ExtendedReg b)
    {
        VReg result = NewInt();
        ref MachineInst inst = ref Emit(form, size, result, [a, b.Reg]);
        inst.Aux = (byte)b.Extend;
        inst.Imm = b.Amount;
        return result;
    }

    /// <summary>d = a op immediate, with the fields of the form's immediate operand.</summary>
    private VReg BinaryImm(A64Form form, int size, VReg a, long imm, int aux = 0)
    {
        VReg result = NewInt();
        ref MachineInst inst = ref Emit(form, size, result, [a]);
        inst.Imm = imm;
        inst.Aux = (byte)aux;
        return result;
    }

    /// <summary>d = op(a, b, c).</summary>
    private VReg Ternary(A64Form form, int size, VReg a, VReg b, VReg c)
    {
        VReg result = NewReg(ClassOf(a));
        Emit(form, size, result, [a, b, c]);
        return result;
    }

    /// <summary>condition ? ifTrue : ifFalse (or its increment, inversion, negation), on the flags.</summary>
    private VReg CondSelect(A64Form form, Condition condition, int size, VReg ifTrue, VReg ifFalse)
    {
        VReg result = NewReg(ClassOf(ifTrue));
        Emit(form, size, result, [ifTrue, ifFalse]).Cond = (byte)condition;
        return result;
    }

    /// <summary>1 if the condition holds, else 0.</summary>
    private VReg SetIf(Condition condition) => CondSelect(A64Form.Csinc, condition.Negate(), 4, Zero, Zero);

    // cmp a, #imm
    private void Compare(int size, VReg a, Imm12 imm)
    {
        ref MachineInst inst = ref Emit(A64Form.SubsImm, size, Zero, [a]);
        inst.Imm = imm.Bits;
        inst.Aux = imm.Shift12;
    }

    private void CompareZero(int size, VReg a) => Compare(size, a, default(Imm12));

    // cmp a, b, lsl #k
    private void Compare(int size, VReg a, ShiftedReg b)
    {
        ref MachineInst inst = ref Emit(A64Form.SubsShifted, size, Zero, [a, b.Reg]);
        inst.Aux = (byte)b.Shift;
        inst.Imm = b.Amount;
    }

    // cmp a, b, sxtb #k
    private void Compare(int size, VReg a, ExtendedReg b)
    {
        ref MachineInst inst = ref Emit(A64Form.SubsExtended, size, Zero, [a, b.Reg]);
        inst.Aux = (byte)b.Extend;
        inst.Imm = b.Amount;
    }

    /// <summary>A pseudo-instruction with one def.</summary>
    private VReg Pseudo(A64Form form, int size, VReg result)
    {
        Begin((ushort)form, size);
        Use(Operand.Def(result));
        return result;
    }

    /// <summary>An integer constant. Keeps the flags.</summary>
    private VReg LoadInt(long value, int size = 8)
    {
        VReg result = Pseudo(A64Form.LoadInt, size <= 4 ? 4 : 8, NewInt());
        Current.Imm = size <= 4 ? (uint)value : value;
        return result;
    }

    private VReg LoadFloat(ulong bits, int size)
    {
        VReg result = Pseudo(A64Form.LoadFloat, size, NewFloat());
        Current.Imm = (long)bits;
        return result;
    }

    /// <summary>Loads what the access transfers.</summary>
    private VReg LoadFrom(MemoryAccess access, in Mem memory)
    {
        VReg result = NewReg(access.Row().Class);
        Pseudo(A64Form.Load, access.Row().Bytes, result);
        AddAddress(access, memory);
        return result;
    }

    /// <summary>Stores a register, or zero if there is none.</summary>
    private void StoreTo(MemoryAccess access, VReg value, in Mem memory)
    {
        Begin((ushort)A64Form.Store, access.Row().Bytes);
        if (!value.IsNone)
        {
            Use(Operand.Use(value));
        }

        AddAddress(access, memory);
    }

    private void AddAddress(MemoryAccess access, in Mem memory)
    {
        ref MachineInst inst = ref Current;
        inst.Aux = (byte)access;
        inst.Mode = (byte)memory.Mode;
        inst.Scale = memory.Scale;
        inst.Cond = (byte)memory.Extend;
        inst.Disp = memory.Disp;
        inst.Data = memory.Data;
        inst.Trap = memory.Trap;
        if (!memory.Base.IsNone)
        {
            Use(Operand.Use(memory.Base));
        }

        if (!memory.Index.IsNone)
        {
            Use(Operand.Use(memory.Index));
        }
    }

    private void TrapIf(FlagTest test, TrapCode code)
    {
        Debug.Assert(test.Join != ConditionJoin.Both);
        Begin((ushort)(test.Join == ConditionJoin.Either ? A64Form.TrapIfEither : A64Form.TrapIf));
        Current.Cond = (byte)test.First;
        Current.Aux = (byte)test.Second;
        Current.Trap = code.Raw;
    }

    /// <summary>Traps if the register is zero.</summary>
    private void TrapIfZero(int size, VReg value, TrapCode code)
    {
        Begin((ushort)A64Form.TrapIfZero, size);
        Use(Operand.Use(value));
        Current.Trap = code.Raw;
    }

    // ---- operands

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

    /// <summary>The register of a value, or the zero register for the constant 0.</summary>
    private VReg PutOrZero(Value value) => Const(value, out long constant) && constant == 0 ? Zero : Put(value);

    // uxtb, uxth, sxtb, sxth, sxtw: bit-field moves from bit 0. uextend.i64 of i32: mov w.
    private VReg Extend(VReg source, IrType from, bool signed, int size) => !signed && from == IrType.I32
        ? Binary(A64Form.Orr, 4, Zero, (ShiftedReg)source)
        : BinaryImm(signed ? A64Form.Sbfm : A64Form.Ubfm, signed ? size : 4, source, 0, from.Bits - 1);

    /// <summary>The extension of an operand from 8, 16 or 32 bits.</summary>
    private static Extend ExtendOf(int bits, bool signed) => bits switch
    {
        8 => signed ? Arm64.Extend.Sxtb : Arm64.Extend.Uxtb,
        16 => signed ? Arm64.Extend.Sxth : Arm64.Extend.Uxth,
        _ => signed ? Arm64.Extend.Sxtw : Arm64.Extend.Uxtw,
    };

    /// <summary>Operation size of an integer type: 4 or 8.</summary>
    private static int WideSize(IrType type) => Math.Max(4, type.Bytes);
}
