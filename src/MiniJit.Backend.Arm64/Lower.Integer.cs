// Lowering rules: integer arithmetic.
using System.Numerics;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    private VReg LowerIadd(Inst inst)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        int size = WideSize(type);
        if (Const(x, out _))
        {
            (x, y) = (y, x);
        }

        // iadd (stack_addr ss), k  [i64]                 => add d, sp, #(ss + k)
        bool isConstant = Const(y, out long constant);
        Inst slot = DefBy(x, Opcode.StackAddr);
        if (isConstant && !slot.IsNone && constant == (int)constant && StackDisp(slot, constant, out int disp))
        {
            return StackAddress(disp);
        }

        // iadd x, iconst k         [k or −k fits imm12]  => add d, x, #k  or  sub d, x, #−k
        // iadd x, iconst k         [two imm12]           => add d, x, #high, lsl 12; add d, d, #low
        if (isConstant && TryAddConstant(size, x, constant, out VReg sum))
        {
            return sum;
        }

        // iadd x, (imul a, b)                            => madd d, a, b, x
        if (TryFuseProduct(type, y, x, subtract: false, out sum) || TryFuseProduct(type, x, y, subtract: false, out sum))
        {
            return sum;
        }

        // iadd x, (uextend y)                            => add d, x, y, uxtw #k
        if (ExtendedOperand(y, out ExtendedValue extended))
        {
            return Binary(A64Form.AddExtended, size, Put(x), Put(extended));
        }

        if (ExtendedOperand(x, out extended))
        {
            return Binary(A64Form.AddExtended, size, Put(y), Put(extended));
        }

        // iadd x, (ishl y, k)                            => add d, x, y, lsl #k
        // iadd x, y                                      => add d, x, y
        if (!ShiftedOperand(y, rotates: false, out _) && ShiftedOperand(x, rotates: false, out _))
        {
            (x, y) = (y, x);
        }

        return Binary(A64Form.AddShifted, size, Put(x), PutShifted(y, rotates: false));
    }

    private VReg LowerIsub(Inst inst)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        int size = WideSize(type);

        // isub x, iconst k         [k or −k fits imm12]  => sub d, x, #k  or  add d, x, #−k
        if (Const(y, out long constant) && TryAddConstant(size, x, unchecked(-constant), out VReg difference))
        {
            return difference;
        }

        // isub x, (imul a, b)                            => msub d, a, b, x
        if (TryFuseProduct(type, y, x, subtract: true, out difference))
        {
            return difference;
        }

        // isub x, (uextend y)      [x is not 0]          => sub d, x, y, uxtw #k
        bool isNegation = Const(x, out constant) && constant == 0;
        if (!isNegation && ExtendedOperand(y, out ExtendedValue extended))
        {
            return Binary(A64Form.SubExtended, size, Put(x), Put(extended));
        }

        // isub x, (ishl y, k)                            => sub d, x, y, lsl #k
        // isub x, y                                      => sub d, x, y
        return Binary(A64Form.SubShifted, size, PutOrZero(x), PutShifted(y, rotates: false));
    }

    // ineg (imul a, b)                                   => mneg d, a, b
    // ineg (ishl x, k)                                   => neg d, x, lsl #k
    // ineg x                                             => neg d, x
    private VReg LowerIneg(Inst inst)
    {
        IrType type = Dfg[inst].Type;
        Value x = Arg(inst, 0);
        return TryFuseProduct(type, x, addend: default, subtract: true, out VReg product)
            ? product
            : Binary(A64Form.SubShifted, WideSize(type), Zero, PutShifted(x, rotates: false));
    }

    // iabs x                                             => cmp x, #0; cneg d, x, mi
    private VReg LowerIabs(Inst inst)
    {
        int size = WideSize(Dfg[inst].Type);
        VReg source = PutExtended(Arg(inst, 0), signed: true);
        CompareZero(size, source);
        return CondSelect(A64Form.Csneg, Condition.Pl, size, source, source);
    }

    private VReg LowerImul(Inst inst)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        int size = WideSize(type);
        if (Const(x, out _))
        {
            (x, y) = (y, x);
        }

        if (Const(y, out long factor) && IsShiftAndAdd(factor))
        {
            return MultiplyByShift(size, Put(x), factor);
        }

        // imul (ineg x), y                               => mneg d, x, y
        Inst negation = OnlyDefBy(y, Opcode.Ineg);
        if (!negation.IsNone)
        {
            (x, y) = (y, x);
        }
        else
        {
            negation = OnlyDefBy(x, Opcode.Ineg);
        }

        if (!negation.IsNone)
        {
            return Ternary(A64Form.Msub, size, Put(Arg(negation, 0)), Put(y), Zero);
        }

        // imul.i64 (uextend x), (uextend y)              => umull d, x, y
        // imul x, y                                      => mul d, x, y
        return Product(type, x, y, Zero, subtract: false);
    }

    /// <summary>x times 2^k, 2^k + 1, 2^k − 1 or 1 − 2^k.</summary>
    private VReg MultiplyByShift(int size, VReg x, long factor)
    {
        // imul x, 2^k                                    => lsl d, x, #k
        if (IsPow2(factor))
        {
            return ShiftLeft(size, x, BitOperations.TrailingZeroCount(factor));
        }

        // imul x, 2^k + 1                                => add d, x, x, lsl #k
        // imul x, 1 − 2^k                                => sub d, x, x, lsl #k
        // imul x, 2^k − 1                                => lsl t, x, #k; sub d, t, x
        if (IsPow2(factor - 1))
        {
            return Binary(A64Form.AddShifted, size, x, new ShiftedReg(x, Shift.Lsl, BitOperations.TrailingZeroCount(factor - 1)));
        }

        return IsPow2(1 - factor)
            ? Binary(A64Form.SubShifted, size, x, new ShiftedReg(x, Shift.Lsl, BitOperations.TrailingZeroCount(1 - factor)))
            : Binary(A64Form.SubShifted, size, ShiftLeft(size, x, BitOperations.TrailingZeroCount(factor + 1)), (ShiftedReg)x);
    }

    private VReg ShiftLeft(int size, VReg x, int amount) => BinaryImm(A64Form.Ubfm, size, x, -amount & ((size * 8) - 1), (size * 8) - 1 - amount);

    private VReg ShiftRight(int size, VReg x, int amount, bool signed) =>
        BinaryImm(signed ? A64Form.Sbfm : A64Form.Ubfm, size, x, amount, (size * 8) - 1);

    /// <summary>addend ± value, where the value is a product of nobody else's interest. No addend is zero.</summary>
    private bool TryFuseProduct(IrType type, Value value, Value addend, bool subtract, out VReg result)
    {
        // iadd x, (imul y, 2^k − 1)                      => sub t, x, y; add d, t, y, lsl #k
        if (!addend.IsNone && OnlyDefBy(value, Opcode.Imul) is { IsNone: false } multiply && Const(Arg(multiply, 1), out long factor) && IsPow2(factor + 1))
        {
            VReg source = Put(Arg(multiply, 0));
            ShiftedReg multiple = new(source, Shift.Lsl, BitOperations.TrailingZeroCount(factor + 1));
            (A64Form single, A64Form scaled) = subtract ? (A64Form.AddShifted, A64Form.SubShifted) : (A64Form.SubShifted, A64Form.AddShifted);
            result = Binary(scaled, WideSize(type), Binary(single, WideSize(type), PutOrZero(addend), (ShiftedReg)source), multiple);
            return true;
        }

        bool fuses = SinkableMul(value, out Value a, out Value b);
        result = fuses ? Product(type, a, b, addend.IsNone ? Zero : PutOrZero(addend), subtract) : default;
        return fuses;
    }

    /// <summary>addend ± x · y.</summary>
    private VReg Product(IrType type, Value x, Value y, VReg addend, bool subtract)
    {
        if (type == IrType.I64)
        {
            // … (imul (sextend x), (sextend y))          => smaddl d, x, y, …
            // … (imul (uextend x), (uextend y))          => umaddl d, x, y, …
            bool signed = WideningFactors(x, y, signed: true);
            if (signed || WideningFactors(x, y, signed: false))
            {
                A64Form form = signed ? (subtract ? A64Form.Smsubl : A64Form.Smaddl) : subtract ? A64Form.Umsubl : A64Form.Umaddl;
                return Ternary(form, 8, PutWideningFactor(x, signed), PutWideningFactor(y, signed), addend);
            }
        }

        return Ternary(subtract ? A64Form.Msub : A64Form.Madd, WideSize(type), Put(x), Put(y), addend);
    }

    /// <summary>x + constant in one instruction, or in two where the constant alone would take two.</summary>
    private bool TryAddConstant(int size, Value x, long constant, out VReg sum)
    {
        sum = default;
        long magnitude = constant;
        A64Form form = A64Form.AddImm;
        if (constant < 0)
        {
            (magnitude, form) = (unchecked(-constant), A64Form.SubImm);
        }

        if (Imm12.TryCreate(magnitude, out Imm12 imm))
        {
            sum = BinaryImm(form, size, Put(x), imm.Bits, imm.Shift12);
            return true;
        }

        if (magnitude is <= 0xffff or > 0xff_ffff)
        {
            return false;
        }

        sum = BinaryImm(form, size, BinaryImm(form, size, Put(x), magnitude >> 12, aux: 1), magnitude & 0xfff);
        return true;
    }

    // ---- high halves

    private VReg LowerMulHigh(Inst inst, bool signed)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);

        // umulhi.i64 x, y                                => umulh d, x, y
        if (type == IrType.I64)
        {
            return Binary(signed ? A64Form.Smulh : A64Form.Umulh, 8, Put(x), Put(y));
        }

        // umulhi.i32 x, y                                => umull t, x, y; lsr d, t, #32
        return ShiftRight(type == IrType.I32 ? 8 : 4, DoubleProduct(type, x, y, signed), type.Bits, signed);
    }

    /// <summary>The exact product of i8, i16 (in 32 bits) or i32 (in 64).</summary>
    private VReg DoubleProduct(IrType type, Value x, Value y, bool signed)
    {
        A64Form form = type != IrType.I32 ? A64Form.Madd : signed ? A64Form.Smaddl : A64Form.Umaddl;
        return Ternary(form, type == IrType.I32 ? 8 : 4, PutExtended(x, signed), PutExtended(y, signed), Zero);
    }

    // ---- division. The instructions do not trap: a quotient by zero is 0, −2^(B−1) / −1 is −2^(B−1), whose remainder is 0 as it should be.

    private VReg LowerDivision(Inst inst, bool signed, bool remainder)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        int size = WideSize(type);
        VReg dividend = PutExtended(x, signed), divisor = PutExtended(y, signed);
        bool isConstant = Const(y, out long constant);
        if (!isConstant || constant == 0)
        {
            TrapIfZero(size, divisor, TrapCode.IntegerDivisionByZero);
        }

        bool mayOverflow = signed && !remainder && (!isConstant || constant == -1);
        if (mayOverflow && type.Bytes >= 4)
        {
            // cmn y, #1; ccmp x, #1, #0, eq: y is −1 and x − 1 overflows.
            Emit(A64Form.AddsImm, size, Zero, [divisor]).Imm = 1;
            ref MachineInst compare = ref Emit(A64Form.CcmpImm, size, Zero, [dividend]);
            compare.Imm = 1;
            compare.Cond = (byte)Condition.Eq;
            TrapIf(Condition.Vs, TrapCode.IntegerOverflow);
        }

        VReg quotient = Binary(signed ? A64Form.Sdiv : A64Form.Udiv, size, dividend, divisor);
        if (mayOverflow && type.Bytes < 4)
        {
            // As 32-bit numbers these do not overflow; only then the quotient is 2^(B−1).
            Imm12.TryCreate(1L << (type.Bits - 1), out Imm12 overflown);
            Compare(size, quotient, overflown);
            TrapIf(Condition.Eq, TrapCode.IntegerOverflow);
        }

        // x rem y                                        => x − (x / y) · y
        return remainder ? Ternary(A64Form.Msub, size, quotient, divisor, dividend) : quotient;
    }

    // ---- overflow

    /// <summary>*add_overflow, *sub_overflow.</summary>
    private void LowerAddSubOverflow(Inst inst)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        Opcode opcode = Dfg[inst].Opcode;
        bool signed = opcode is Opcode.SaddOverflow or Opcode.SsubOverflow, subtract = opcode is Opcode.UsubOverflow or Opcode.SsubOverflow;
        if (type.Bytes < 4)
        {
            // Extended to 32 bits the result is exact.
            VReg first = PutExtended(x, signed), second = PutExtended(y, signed);
            SetNarrowOverflow(inst, type, signed, subtract, Binary(subtract ? A64Form.SubShifted : A64Form.AddShifted, 4, first, (ShiftedReg)second));
            return;
        }

        // uadd_overflow x, y                             => adds d, x, y; cset o, hs
        VReg result = AddSubFlags(type.Bytes, x, y, subtract);
        SetResult(inst, 0, result);
        SetResult(inst, 1, SetIf(signed ? Condition.Vs : subtract ? Condition.Lo : Condition.Hs));
    }

    /// <summary>
    /// x ± y with flags. A negative constant changes the instruction to its opposite: carry and overflow of x + (2^B − k) are those of x − k.
    /// </summary>
    private VReg AddSubFlags(int size, Value x, Value y, bool subtract)
    {
        if (Const(y, out long constant))
        {
            bool isNegated = constant < 0;
            if (Imm12.TryCreate(isNegated ? unchecked(-constant) : constant, out Imm12 imm))
            {
                return BinaryImm(subtract ^ isNegated ? A64Form.SubsImm : A64Form.AddsImm, size, Put(x), imm.Bits, imm.Shift12);
            }
        }

        return Binary(subtract ? A64Form.SubsShifted : A64Form.AddsShifted, size, Put(x), PutShifted(y, rotates: false));
    }

    /// <summary>Result and overflow of an i8 or i16 operation that was done exactly on 32 bits.</summary>
    private void SetNarrowOverflow(Inst inst, IrType type, bool signed, bool subtract, VReg exact)
    {
        SetResult(inst, 0, exact);
        if (signed)
        {
            // Overflown: not the same as its low bits, sign-extended.
            Compare(4, exact, new ExtendedReg(exact, ExtendOf(type.Bits, signed: true), 0));
            SetResult(inst, 1, SetIf(Condition.Ne));
            return;
        }

        // Carry: bit B of a sum. Borrow: the sign of a difference.
        SetResult(inst, 1, ShiftRight(4, exact, subtract ? 31 : type.Bits, signed: false));
    }

    /// <summary>*_overflow_cin, *_overflow_bin.</summary>
    private void LowerOverflowWithCarry(Inst inst)
    {
        Value x = Arg(inst, 0), y = Arg(inst, 1), carry = Arg(inst, 2);
        IrType type = TypeOf(x);
        Opcode opcode = Dfg[inst].Opcode;
        bool signed = opcode is Opcode.SaddOverflowCin or Opcode.SsubOverflowBin;
        bool subtract = opcode is Opcode.UsubOverflowBin or Opcode.SsubOverflowBin;
        VReg first = PutExtended(x, signed), second = PutExtended(y, signed);
        if (subtract)
        {
            // cmp wzr, b, lsl #24: the carry, which means "no borrow", is set if the byte is zero.
            Compare(4, Zero, new ShiftedReg(Put(carry), Shift.Lsl, 24));
        }
        else
        {
            // cmp c, #1: the carry is set if the byte is not zero.
            Imm12.TryCreate(1, out Imm12 one);
            Compare(4, PutExtended(carry, signed: false), one);
        }

        if (type.Bytes < 4)
        {
            SetNarrowOverflow(inst, type, signed, subtract, Binary(subtract ? A64Form.Sbc : A64Form.Adc, 4, first, second));
            return;
        }

        SetResult(inst, 0, Binary(subtract ? A64Form.Sbcs : A64Form.Adcs, type.Bytes, first, second));
        SetResult(inst, 1, SetIf(signed ? Condition.Vs : subtract ? Condition.Lo : Condition.Hs));
    }

    /// <summary>umul_overflow, smul_overflow: the upper half of the exact product is not what extends the lower half.</summary>
    private void LowerMulOverflow(Inst inst, bool signed)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        VReg first = PutExtended(x, signed), second = PutExtended(y, signed), product;
        if (type == IrType.I64)
        {
            product = Ternary(A64Form.Madd, 8, first, second, Zero);
            VReg high = Binary(signed ? A64Form.Smulh : A64Form.Umulh, 8, first, second);
            if (signed)
            {
                Compare(8, high, new ShiftedReg(product, Shift.Asr, 63));
            }
            else
            {
                CompareZero(8, high);
            }
        }
        else
        {
            bool isWord = type == IrType.I32;
            product = isWord
                ? Ternary(signed ? A64Form.Smaddl : A64Form.Umaddl, 8, first, second, Zero)
                : Ternary(A64Form.Madd, 4, first, second, Zero);
            Compare(isWord ? 8 : 4, product, new ExtendedReg(product, ExtendOf(type.Bits, signed), 0));
        }

        SetResult(inst, 0, product);
        SetResult(inst, 1, SetIf(Condition.Ne));
    }

    // uadd_overflow_trap x, y, code                      => adds d, x, y; b.hs trap
    private VReg LowerUaddOverflowTrap(Inst inst)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        VReg sum = AddSubFlags(type.Bytes, x, y, subtract: false);
        TrapIf(Condition.Hs, Dfg[inst].TrapCode);
        return sum;
    }

    // ---- halves

    // iconcat lo, hi                                     => bfi lo, hi, #B, #B
    private VReg LowerIconcat(Inst inst)
    {
        (IrType half, Value low, Value high) = BinaryArgs(inst);
        return InsertField(half == IrType.I32 ? 8 : 4, Put(low), new BitField(high, 0, half.Bits, half.Bits));
    }

    // isplit x                                           => x; ubfx x, #B/2, #B/2
    private void LowerIsplit(Inst inst)
    {
        Value x = Arg(inst, 0);
        IrType type = TypeOf(x);
        int half = type.Bits / 2;
        SetResult(inst, 0, Put(x));
        SetResult(inst, 1, ExtractField(WideSize(type), new BitField(x, half, 0, half)));
    }
}
