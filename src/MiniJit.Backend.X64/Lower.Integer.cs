// Lowering rules: integer arithmetic.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.X64;

internal sealed partial class X64LowerContext
{
    private VReg LowerIadd(Inst inst)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        int size = WideSize(type);

        // iadd (load), y           [x sinkable]         => add y, [x]
        if (SinkableLoad(x, out _) && !SinkableLoad(y, out _))
        {
            (x, y) = (y, x);
        }

        // iadd (stack_addr), …     [i64]                => lea d, [rsp + …]
        // iadd x, iconst k         [i32, i64]           => lea d, [x + k]
        // iadd x, (ishl y, k)      [k ≤ 3]              => lea d, [x + y << k]
        // iadd x, y                                     => lea d, [x + y]
        // lea keeps both sources alive where add would need a move; it is as fast but for three-part addresses.
        if (size >= 4 && type.Bytes >= 4 && !SinkableLoad(y, out _) && TryLea(type, x, y, out Mem address))
        {
            return Lea(size, address);
        }

        // iadd x, y                                     => add d, x, y
        return Alu(AluOp.Add, size, Put(x), PutRegMemImm(y, type.Bytes));
    }

    /// <summary>An address that stands for x + y and is worth a lea: it saves an instruction or a copy.</summary>
    private bool TryLea(IrType type, Value x, Value y, out Mem address)
    {
        address = default;
        if (Const32(y, out int constant))
        {
            if (type == IrType.I64 && !DefBy(x, Opcode.StackAddr).IsNone)
            {
                address = AddressOf(x, constant, 0);
                return true;
            }

            address = Mem.At(Put(x), constant);
            return !HasOneUse(x);
        }

        if (ScaledIndex(y, type, out Value index, out int scale))
        {
            address = Mem.Indexed(Put(x), Put(index), scale, 0);
            return true;
        }

        if (ScaledIndex(x, type, out index, out scale))
        {
            address = Mem.Indexed(Put(y), Put(index), scale, 0);
            return true;
        }

        if (HasOneUse(x) || HasOneUse(y))
        {
            return false;
        }

        address = Mem.Indexed(Put(x), Put(y), 0, 0);
        return true;
    }

    /// <summary>Recognises <c>ishl v, k</c> with 1 ≤ k ≤ 3, of the same type.</summary>
    private bool ScaledIndex(Value value, IrType type, out Value index, out int scale)
    {
        Inst shift = DefBy(value, Opcode.Ishl);
        if (!shift.IsNone && Const(Arg(shift, 1), out long amount) && amount is >= 1 and <= 3 && TypeOf(value) == type)
        {
            index = Arg(shift, 0);
            scale = (int)amount;
            return true;
        }

        (index, scale) = (default, 0);
        return false;
    }

    private VReg LowerIsub(Inst inst)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        int size = WideSize(type);

        // isub 0, y                                     => neg y
        if (Const(x, out long zero) && zero == 0)
        {
            return Modify(X64Form.Neg, size, Put(y));
        }

        // isub x, y                                     => sub d, x, y
        return Alu(AluOp.Sub, size, Put(x), PutRegMemImm(y, type.Bytes));
    }

    private VReg LowerImul(Inst inst)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        int size = WideSize(type);
        if (Const(x, out _) || SinkableLoad(x, out _))
        {
            (x, y) = (y, x);
        }

        if (Const32(y, out int constant))
        {
            // imul x, 3 | 5 | 9                         => lea d, [x + x << k]
            if (constant is 3 or 5 or 9 && type.Bytes >= 4)
            {
                VReg source = Put(x);
                return Lea(size, Mem.Indexed(source, source, constant == 3 ? 1 : constant == 5 ? 2 : 3, 0));
            }

            // imul x, iconst k     [k fits imm32]       => imul d, x, k
            VReg result = Unary(X64Form.ImulRmi, size, PutRegMem(x, type.Bytes));
            Current.Imm = constant;
            return result;
        }

        // imul x, y                                     => imul d, x, y
        return Binary(X64Form.ImulRm, size, Put(x), PutRegMem(y, type.Bytes));
    }

    /// <summary>band, bor, bxor on integers.</summary>
    private VReg LowerLogic(Inst inst, AluOp op)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        int size = WideSize(type);
        if (Const(x, out _) || (SinkableLoad(x, out _) && !SinkableLoad(y, out _)))
        {
            (x, y) = (y, x);
        }

        if (op == AluOp.And)
        {
            // band x, 0xff | 0xffff                     => movzx d, x
            if (type.Bytes >= 4 && Const(y, out long mask) && mask is 0xff or 0xffff)
            {
                return Extend(Put(x), mask == 0xff ? IrType.I8 : IrType.I16, signed: false, 4);
            }

            // band x, 0xffffffff                        => mov d32, x32
            if (type == IrType.I64 && Const(y, out mask) && mask == 0xffff_ffff)
            {
                return Extend(Put(x), IrType.I32, signed: false, 8);
            }

            // band.i64 x, k        [0 ≤ k < 2^31]       => and d32, x32, k
            if (type == IrType.I64 && Const(y, out mask) && mask is >= 0 and <= int.MaxValue)
            {
                return Alu(AluOp.And, 4, Put(x), (int)mask);
            }

            // band x, (bnot y)     [BMI1]               => andn d, y, x
            if (isa.UseBmi1 && type.Bytes >= 4)
            {
                Inst notX = DefBy(x, Opcode.Bnot), notY = DefBy(y, Opcode.Bnot);
                if (!notX.IsNone || !notY.IsNone)
                {
                    Value inverted = Arg(notY.IsNone ? notX : notY, 0), plain = notY.IsNone ? y : x;
                    VReg result = NewInt();
                    Emit(X64Form.Andn, size, [result, Put(inverted), Put(plain)]);
                    return result;
                }
            }
        }

        // band x, y                                     => and d, x, y
        return Alu(op, size, Put(x), PutRegMemImm(y, type.Bytes));
    }

    // bnot x                                            => not d, x
    private VReg LowerBnot(Inst inst) => Modify(X64Form.Not, WideSize(Dfg[inst].Type), Put(Arg(inst, 0)));

    // ineg x                                            => neg d, x
    private VReg LowerIneg(Inst inst) => Modify(X64Form.Neg, WideSize(Dfg[inst].Type), Put(Arg(inst, 0)));

    // iabs x                                            => neg d, x; cmovs d, x      (the negation is negative: x was positive)
    private VReg LowerIabs(Inst inst)
    {
        IrType type = Dfg[inst].Type;
        VReg source = Put(Arg(inst, 0));
        VReg negated = Modify(X64Form.Neg, type.Bytes, source);
        return Cmov(Condition.Sign, type.Bytes, negated, source);
    }

    // smin x, y                                         => cmp x, y; cmovg d, x, y
    private VReg LowerMinMax(Inst inst, Condition takeSecond)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        VReg first = Put(x), second = Put(y);
        Compare(type.Bytes, first, second);
        return Cmov(takeSecond, type.Bytes, first, second);
    }

    private VReg LowerMulHigh(Inst inst, bool signed)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        if (type.Bytes <= 4)
        {
            // Both extended to twice the width: the product is exact, its high half is the result.
            int size = type.Bytes == 4 ? 8 : 4;
            VReg product = Binary(X64Form.ImulRm, size, PutExtended(x, signed, size), PutExtended(y, signed, size));
            return Modify(signed ? X64Form.SarMi : X64Form.ShrMi, size, product, type.Bits);
        }

        // umulhi x, y                                   => mul y (rdx:rax = rax · y)
        return MulWide(signed ? X64Form.ImulWide : X64Form.Mul, 8, Put(x), PutRegMem(y, 8)).High;
    }

    private (VReg Low, VReg High) MulWide(X64Form form, int size, VReg x, RegMem y)
    {
        VReg low = NewInt(), high = NewInt();
        if (y.IsMem)
        {
            Emit(form, size, [low, high, x], y.Mem);
        }
        else
        {
            Emit(form, size, [low, high, x, y.Reg]);
        }

        return (low, high);
    }

    // ---- division

    private VReg LowerDivision(Inst inst, bool signed, bool remainder)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);

        // i8 and i16 divide as 32-bit numbers; only the quotient −2^(B−1) / −1 then needs a look of its own.
        int size = WideSize(type);
        VReg dividend = PutExtended(x, signed);
        bool isConstant = Const(y, out long divisorValue);
        VReg divisor = isConstant ? LoadInt(divisorValue & BitsOf(type, signed), size) : PutExtended(y, signed);
        bool mayBeMinusOne = signed && (!isConstant || divisorValue == -1);
        byte trap = isConstant && divisorValue != 0 ? (byte)0 : TrapCode.IntegerDivisionByZero.Raw;
        if (mayBeMinusOne && remainder)
        {
            // srem x, −1 is 0 and must not trap: x rem 1 is 0 as well.
            VReg one = LoadInt(1, size);
            Compare(size, divisor, -1);
            divisor = Cmov(Condition.Equal, size, divisor, one);
        }
        else if (mayBeMinusOne)
        {
            // The processor has one exception for both errors: test for zero first, then its exception means overflow.
            if (trap != 0)
            {
                Test(size, divisor, divisor);
                TrapIf(Condition.Equal, TrapCode.IntegerDivisionByZero);
            }

            trap = TrapCode.IntegerOverflow.Raw;
        }

        VReg upper = signed ? SignWord(size, dividend) : LoadInt(0, 4);
        VReg quotient = NewInt(), rest = NewInt();
        Emit(signed ? X64Form.Idiv : X64Form.Div, size, [quotient, rest, dividend, upper, divisor]).Trap = trap;
        if (mayBeMinusOne && !remainder && type.Bytes < 4)
        {
            Compare(4, quotient, 1 << (type.Bits - 1));
            TrapIf(Condition.Equal, TrapCode.IntegerOverflow);
        }

        return remainder ? rest : quotient;
    }

    private static long BitsOf(IrType type, bool signed) => signed || type.Bits == 64 ? -1 : (1L << type.Bits) - 1;

    // cdq, cqo: rdx = sign of rax
    private VReg SignWord(int size, VReg value)
    {
        VReg result = NewInt();
        Emit(X64Form.Cwd, size, [result, value]);
        return result;
    }

    // ---- overflow

    /// <summary>*add_overflow, *sub_overflow: the flag of the narrow operation is the result.</summary>
    private void LowerAddSubOverflow(Inst inst, AluOp op, Condition overflow)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        VReg result = Alu(op, type.Bytes, Put(x), PutRegMemImm(y, type.Bytes));
        VReg flag = Setcc(overflow);
        SetResult(inst, 0, result);
        SetResult(inst, 1, flag);
    }

    /// <summary>*_overflow_cin, *_overflow_bin: a non-zero carry in becomes the carry flag by negation.</summary>
    private void LowerOverflowWithCarry(Inst inst, AluOp op, Condition overflow)
    {
        Value x = Arg(inst, 0), y = Arg(inst, 1), carry = Arg(inst, 2);
        IrType type = TypeOf(x);
        VReg first = Put(x), second = Put(y);
        Modify(X64Form.Neg, 1, Put(carry));
        VReg result = Binary(op.RegMem, type.Bytes, first, second);
        VReg flag = Setcc(overflow);
        SetResult(inst, 0, result);
        SetResult(inst, 1, flag);
    }

    private void LowerMulOverflow(Inst inst, bool signed)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        VReg first = Put(x), second = Put(y), result;
        if (type == IrType.I8)
        {
            result = NewInt();
            Emit(signed ? X64Form.ImulByte : X64Form.MulByte, 1, [result, first, second]);
        }
        else
        {
            result = signed ? Binary(X64Form.ImulRm, type.Bytes, first, second) : MulWide(X64Form.Mul, type.Bytes, first, second).Low;
        }

        VReg flag = Setcc(Condition.Overflow);
        SetResult(inst, 0, result);
        SetResult(inst, 1, flag);
    }

    // uadd_overflow_trap x, y, code                     => add d, x, y; jc trap
    private VReg LowerUaddOverflowTrap(Inst inst)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        VReg result = Alu(AluOp.Add, type.Bytes, Put(x), PutRegMemImm(y, type.Bytes));
        TrapIf(Condition.Below, Dfg[inst].TrapCode);
        return result;
    }

    private (IrType Type, Value X, Value Y) BinaryArgs(Inst inst) => (TypeOf(Arg(inst, 0)), Arg(inst, 0), Arg(inst, 1));
}
