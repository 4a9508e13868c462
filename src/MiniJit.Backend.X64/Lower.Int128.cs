// Lowering rules: 128-bit integers, in two registers with the low half first. What is not here (division, float conversions)
// is reported as unsupported.
using MiniJit.Codegen.Lowering;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.X64;

internal sealed partial class X64LowerContext
{
    protected override bool LowerInt128(Inst inst)
    {
        switch (Dfg[inst].Opcode)
        {
            case Opcode.Iadd: SetResult(inst, 0, AddSub128(inst, AluOp.Add, AluOp.Adc)); return true;
            case Opcode.Isub: SetResult(inst, 0, AddSub128(inst, AluOp.Sub, AluOp.Sbb)); return true;
            case Opcode.Ineg: SetResult(inst, 0, Negate128(PutRegs(Arg(inst, 0)))); return true;
            case Opcode.Imul: SetResult(inst, 0, Mul128(inst)); return true;
            case Opcode.Umulhi or Opcode.Smulhi: SetResult(inst, 0, MulHigh128(inst)); return true;
            case Opcode.Smin: SetResult(inst, 0, MinMax128(inst, IntCC.SignedLessThan)); return true;
            case Opcode.Smax: SetResult(inst, 0, MinMax128(inst, IntCC.SignedGreaterThanOrEqual)); return true;
            case Opcode.Umin: SetResult(inst, 0, MinMax128(inst, IntCC.UnsignedLessThan)); return true;
            case Opcode.Umax: SetResult(inst, 0, MinMax128(inst, IntCC.UnsignedGreaterThanOrEqual)); return true;
            case Opcode.Band: SetResult(inst, 0, Logic128(inst, X64Form.AndRm)); return true;
            case Opcode.Bor: SetResult(inst, 0, Logic128(inst, X64Form.OrRm)); return true;
            case Opcode.Bxor: SetResult(inst, 0, Logic128(inst, X64Form.XorRm)); return true;
            case Opcode.Bnot: SetResult(inst, 0, EachHalf(inst, X64Form.Not)); return true;
            case Opcode.Bitselect: SetResult(inst, 0, Bitselect128(inst)); return true;
            case Opcode.Ishl or Opcode.Ushr or Opcode.Sshr: SetResult(inst, 0, Shift128(inst)); return true;
            case Opcode.Rotl or Opcode.Rotr: SetResult(inst, 0, Rotate128(inst)); return true;
            case Opcode.Bswap: SetResult(inst, 0, Swap(EachHalf(inst, X64Form.Bswap))); return true;
            case Opcode.Bitrev: SetResult(inst, 0, Bitrev128(inst)); return true;
            case Opcode.Popcnt: SetResult(inst, 0, Popcnt128(inst)); return true;
            case Opcode.Clz: SetResult(inst, 0, CountZeros128(inst, leading: true)); return true;
            case Opcode.Ctz: SetResult(inst, 0, CountZeros128(inst, leading: false)); return true;
            case Opcode.Cls: SetResult(inst, 0, CountSigns128(inst)); return true;
            case Opcode.Iabs: SetResult(inst, 0, Abs128(inst)); return true;
            case Opcode.Icmp: SetResult(inst, 0, SetFlag(EmitIcmp128(Dfg[inst].IntCC, Arg(inst, 0), Arg(inst, 1)))); return true;
            case Opcode.Uextend or Opcode.Sextend: SetResult(inst, 0, Extend128(Arg(inst, 0), signed: Dfg[inst].Opcode == Opcode.Sextend)); return true;
            case Opcode.Ireduce: SetResult(inst, 0, PutRegs(Arg(inst, 0)).Low); return true;
            case Opcode.Iconcat: SetResult(inst, 0, new ValueRegs(Put(Arg(inst, 0)), Put(Arg(inst, 1)))); return true;
            case Opcode.Isplit: Split128(inst); return true;
            case Opcode.Bmask: SetResult(inst, 0, Bmask128(inst)); return true;
            case Opcode.Select or Opcode.SelectSpectreGuard: SetResult(inst, 0, Select128(inst)); return true;
            case Opcode.Load when !Dfg.MemFlagsOf(inst).IsBig: SetResult(inst, 0, Load128(inst)); return true;
            case Opcode.Store when !Dfg.MemFlagsOf(inst).IsBig: Store128(inst); return true;
            case Opcode.Bitcast: return Bitcast128(inst);
            case Opcode.Trapz: LowerCondTrap(inst, ifZero: true); return true;
            case Opcode.Trapnz: LowerCondTrap(inst, ifZero: false); return true;
            case Opcode.UaddOverflow: Overflow128(inst, AluOp.Add, AluOp.Adc, Condition.Below); return true;
            case Opcode.SaddOverflow: Overflow128(inst, AluOp.Add, AluOp.Adc, Condition.Overflow); return true;
            case Opcode.UsubOverflow: Overflow128(inst, AluOp.Sub, AluOp.Sbb, Condition.Below); return true;
            case Opcode.SsubOverflow: Overflow128(inst, AluOp.Sub, AluOp.Sbb, Condition.Overflow); return true;
            case Opcode.UaddOverflowCin: OverflowWithCarry128(inst, AluOp.Adc, Condition.Below); return true;
            case Opcode.SaddOverflowCin: OverflowWithCarry128(inst, AluOp.Adc, Condition.Overflow); return true;
            case Opcode.UsubOverflowBin: OverflowWithCarry128(inst, AluOp.Sbb, Condition.Below); return true;
            case Opcode.SsubOverflowBin: OverflowWithCarry128(inst, AluOp.Sbb, Condition.Overflow); return true;
            case Opcode.AtomicLoad or Opcode.AtomicStore or Opcode.AtomicRmw or Opcode.AtomicCas: return LowerAtomic128(inst);
            default: return false;
        }
    }

    private static ValueRegs Swap(ValueRegs value) => new(value.High, value.Low);

    private ValueRegs EachHalf(Inst inst, X64Form form)
    {
        ValueRegs x = PutRegs(Arg(inst, 0));
        return new(Modify(form, 8, x.Low), Modify(form, 8, x.High));
    }

    private ValueRegs Bitrev128(Inst inst)
    {
        ValueRegs x = PutRegs(Arg(inst, 0));
        return new(ReverseBits(x.High, IrType.I64), ReverseBits(x.Low, IrType.I64));
    }

    /// <summary>An operand of an addition: a zero-extended 64-bit value has an immediate for its high half.</summary>
    private (RegMemImm Low, RegMemImm High) PutHalves(Value value)
    {
        Inst extension = DefBy(value, Opcode.Uextend);
        if (!extension.IsNone)
        {
            Value narrow = Arg(extension, 0);
            RegMemImm low = TypeOf(narrow) == IrType.I64 ? PutRegMemImm(narrow, 8) : PutExtended(narrow, signed: false, 8);
            return (low, 0);
        }

        ValueRegs registers = PutRegs(value);
        return (registers.Low, registers.High);
    }

    // iadd x, y                                         => add lo, lo; adc hi, hi
    private ValueRegs AddSub128(Inst inst, AluOp low, AluOp high)
    {
        Value x = Arg(inst, 0), y = Arg(inst, 1);
        if (low == AluOp.Add && !DefBy(x, Opcode.Uextend).IsNone && DefBy(y, Opcode.Uextend).IsNone)
        {
            (x, y) = (y, x);
        }

        ValueRegs first = PutRegs(x);
        (RegMemImm secondLow, RegMemImm secondHigh) = PutHalves(y);
        VReg sum = Alu(low, 8, first.Low, secondLow);
        return new(sum, Alu(high, 8, first.High, secondHigh));
    }

    private ValueRegs Negate128(ValueRegs value)
    {
        VReg zero = LoadInt(0);
        VReg low = Modify(X64Form.Neg, 8, value.Low);
        return new(low, Binary(X64Form.SbbRm, 8, zero, value.High));
    }

    // imul (uextend a), (uextend b)    [a, b: i64]      => mul b (rdx:rax = rax · b)
    // imul x, y                                         => lo·lo wide, plus the cross products in the high half
    private ValueRegs Mul128(Inst inst)
    {
        Value x = Arg(inst, 0), y = Arg(inst, 1);
        if (IsExtended64(x, Opcode.Uextend, out Value a) && IsExtended64(y, Opcode.Uextend, out Value b))
        {
            (VReg low, VReg high) = MulWide(X64Form.Mul, 8, Put(a), PutRegMem(b, 8));
            return new(low, high);
        }

        if (IsExtended64(x, Opcode.Sextend, out a) && IsExtended64(y, Opcode.Sextend, out b))
        {
            (VReg low, VReg high) = MulWide(X64Form.ImulWide, 8, Put(a), PutRegMem(b, 8));
            return new(low, high);
        }

        ValueRegs first = PutRegs(x), second = PutRegs(y);
        VReg cross = Binary(X64Form.ImulRm, 8, first.Low, second.High);
        cross = Binary(X64Form.AddRm, 8, cross, Binary(X64Form.ImulRm, 8, first.High, second.Low));
        (VReg product, VReg carry) = MulWide(X64Form.Mul, 8, first.Low, second.Low);
        return new(product, Binary(X64Form.AddRm, 8, carry, cross));
    }

    protected override ValueRegs AddWord128(ValueRegs x, VReg y)
    {
        VReg low = Alu(AluOp.Add, 8, x.Low, y);
        return new(low, Alu(AluOp.Adc, 8, x.High, 0));
    }

    protected override ValueRegs Subtract128(ValueRegs x, ValueRegs y)
    {
        VReg low = Binary(X64Form.SubRm, 8, x.Low, y.Low);
        return new(low, Binary(X64Form.SbbRm, 8, x.High, y.High));
    }

    protected override ValueRegs MulWide64(VReg x, VReg y)
    {
        (VReg low, VReg high) = MulWide(X64Form.Mul, 8, x, y);
        return new(low, high);
    }

    protected override VReg And64(VReg x, VReg y) => Binary(X64Form.AndRm, 8, x, y);

    protected override VReg SignMask64(VReg x) => Modify(X64Form.SarMi, 8, x, 63);

    private bool IsExtended64(Value value, Opcode extension, out Value narrow)
    {
        Inst inst = DefBy(value, extension);
        narrow = inst.IsNone ? default : Arg(inst, 0);
        return !inst.IsNone && TypeOf(narrow) == IrType.I64;
    }

    private ValueRegs Logic128(Inst inst, X64Form form)
    {
        ValueRegs x = PutRegs(Arg(inst, 0)), y = PutRegs(Arg(inst, 1));
        return new(Binary(form, 8, x.Low, y.Low), Binary(form, 8, x.High, y.High));
    }

    private ValueRegs Bitselect128(Inst inst)
    {
        ValueRegs c = PutRegs(Arg(inst, 0)), x = PutRegs(Arg(inst, 1)), y = PutRegs(Arg(inst, 2));
        return new(SelectBits(8, c.Low, x.Low, y.Low), SelectBits(8, c.High, x.High, y.High));
    }

    private ValueRegs Abs128(Inst inst)
    {
        ValueRegs x = PutRegs(Arg(inst, 0));
        VReg sign = Modify(X64Form.SarMi, 8, x.High, 63);
        VReg low = Binary(X64Form.XorRm, 8, x.Low, sign), high = Binary(X64Form.XorRm, 8, x.High, sign);
        VReg difference = Binary(X64Form.SubRm, 8, low, sign);
        return new(difference, Binary(X64Form.SbbRm, 8, high, sign));
    }

    // ---- shifts: shld and shrd move bits between the halves for amounts below 64; above, the halves change places.

    private ValueRegs Shift128(Inst inst)
    {
        Opcode opcode = Dfg[inst].Opcode;
        ValueRegs x = PutRegs(Arg(inst, 0));
        Value amount = Arg(inst, 1);
        if (Const(amount, out long constant))
        {
            return ShiftByConstant128(opcode, x, (int)constant & 127);
        }

        VReg count = PutRegs(amount).Low;
        VReg outside = opcode == Opcode.Sshr ? Modify(X64Form.SarMi, 8, x.High, 63) : LoadInt(0);
        (X64Form funnel, X64Form shift) = opcode switch
        {
            Opcode.Ishl => (X64Form.ShldCl, X64Form.ShlCl),
            Opcode.Ushr => (X64Form.ShrdCl, X64Form.ShrCl),
            _ => (X64Form.ShrdCl, X64Form.SarCl),
        };
        (VReg near, VReg far) = opcode == Opcode.Ishl ? (x.High, x.Low) : (x.Low, x.High);
        VReg mixed = NewInt();
        Emit(funnel, 8, [mixed, near, far, count]);
        VReg shifted = ByCl(shift, 8, far, count);
        TestImm(1, count, 64);
        VReg nearResult = Cmov(Condition.NotEqual, 8, mixed, shifted);
        VReg farResult = Cmov(Condition.NotEqual, 8, shifted, outside);
        return opcode == Opcode.Ishl ? new(farResult, nearResult) : new(nearResult, farResult);
    }

    private ValueRegs ShiftByConstant128(Opcode opcode, ValueRegs x, int count)
    {
        if (count == 0)
        {
            return x;
        }

        if (opcode == Opcode.Ishl)
        {
            return count >= 64
                ? new(LoadInt(0), count == 64 ? x.Low : Modify(X64Form.ShlMi, 8, x.Low, count - 64))
                : new(Modify(X64Form.ShlMi, 8, x.Low, count), Funnel(X64Form.ShldImm, x.High, x.Low, count));
        }

        X64Form shift = opcode == Opcode.Ushr ? X64Form.ShrMi : X64Form.SarMi;
        if (count < 64)
        {
            return new(Funnel(X64Form.ShrdImm, x.Low, x.High, count), Modify(shift, 8, x.High, count));
        }

        VReg high = opcode == Opcode.Ushr ? LoadInt(0) : Modify(X64Form.SarMi, 8, x.High, 63);
        return new(count == 64 ? x.High : Modify(shift, 8, x.High, count - 64), high);
    }

    private VReg Funnel(X64Form form, VReg into, VReg from, int count)
    {
        VReg result = NewInt();
        Emit(form, 8, [result, into, from]).Imm = count;
        return result;
    }

    // rotl x, n: bit 6 of n exchanges the halves, the rest is two funnel shifts.
    private ValueRegs Rotate128(Inst inst)
    {
        bool left = Dfg[inst].Opcode == Opcode.Rotl;
        ValueRegs x = PutRegs(Arg(inst, 0));
        VReg count = PutRegs(Arg(inst, 1)).Low;
        TestImm(1, count, 64);
        VReg low = Cmov(Condition.NotEqual, 8, x.Low, x.High), high = Cmov(Condition.NotEqual, 8, x.High, x.Low);
        VReg newLow = NewInt(), newHigh = NewInt();
        X64Form funnel = left ? X64Form.ShldCl : X64Form.ShrdCl;
        Emit(funnel, 8, [newLow, low, high, count]);
        Emit(funnel, 8, [newHigh, high, low, count]);
        return new(newLow, newHigh);
    }

    // ---- counts

    private ValueRegs Popcnt128(Inst inst)
    {
        ValueRegs x = PutRegs(Arg(inst, 0));
        VReg low = CountBits(x.Low, IrType.I64), high = CountBits(x.High, IrType.I64);
        return new(Binary(X64Form.AddRm, 8, low, high), LoadInt(0));
    }

    private ValueRegs CountZeros128(Inst inst, bool leading)
    {
        return CountZeros128(PutRegs(Arg(inst, 0)), leading);
    }

    // cls x                                             => clz (x ^ sign) − 1
    private ValueRegs CountSigns128(Inst inst)
    {
        ValueRegs x = PutRegs(Arg(inst, 0));
        VReg sign = Modify(X64Form.SarMi, 8, x.High, 63);
        ValueRegs magnitude = new(Binary(X64Form.XorRm, 8, x.Low, sign), Binary(X64Form.XorRm, 8, x.High, sign));
        ValueRegs zeros = CountZeros128(magnitude, leading: true);
        return new(Alu(AluOp.Sub, 8, zeros.Low, 1), zeros.High);
    }

    private ValueRegs CountZeros128(ValueRegs x, bool leading)
    {
        (VReg near, VReg far) = leading ? (x.High, x.Low) : (x.Low, x.High);
        VReg nearCount = leading ? LeadingZeros(near, IrType.I64) : TrailingZeros(near, IrType.I64);
        VReg farCount = leading ? LeadingZeros(far, IrType.I64) : TrailingZeros(far, IrType.I64);
        VReg beyond = Alu(AluOp.Add, 8, farCount, 64), zero = LoadInt(0);
        Test(8, near, near);
        return new(Cmov(Condition.Equal, 8, nearCount, beyond), zero);
    }

    // ---- comparison and selection

    private FlagTest EmitIcmp128(IntCC cc, Value x, Value y)
    {
        if (cc is IntCC.SignedGreaterThan or IntCC.SignedLessThanOrEqual or IntCC.UnsignedGreaterThan or IntCC.UnsignedLessThanOrEqual)
        {
            (x, y) = (y, x);
            cc = cc.SwapOperands();
        }

        ValueRegs first = PutRegs(x), second = PutRegs(y);
        if (cc is IntCC.Equal or IntCC.NotEqual)
        {
            VReg low = Binary(X64Form.XorRm, 8, first.Low, second.Low), high = Binary(X64Form.XorRm, 8, first.High, second.High);
            Binary(X64Form.OrRm, 8, low, high);
            return ConditionOf(cc);
        }

        // The borrow out of the whole difference orders the operands; only < and ≥ can be read off it.
        Compare(8, first.Low, second.Low);
        Binary(X64Form.SbbRm, 8, first.High, second.High);
        return ConditionOf(cc);
    }

    /// <summary>Flags of whether a 128-bit value is zero.</summary>
    private FlagTest TestNonZero128(Value value)
    {
        ValueRegs halves = PutRegs(value);
        Binary(X64Form.OrRm, 8, halves.Low, halves.High);
        return Condition.NotEqual;
    }

    private ValueRegs Select128(Inst inst)
    {
        ValueRegs ifTrue = PutRegs(Arg(inst, 1)), ifFalse = PutRegs(Arg(inst, 2));
        FlagTest test = EmitCondition(Arg(inst, 0));
        if (test.Join == ConditionJoin.Both)
        {
            (ifTrue, ifFalse) = (ifFalse, ifTrue);
            test = test.Negate();
        }

        ValueRegs selected = new(Cmov(test.First, 8, ifFalse.Low, ifTrue.Low), Cmov(test.First, 8, ifFalse.High, ifTrue.High));
        return test.Join == ConditionJoin.Either
            ? new(Cmov(test.Second, 8, selected.Low, ifTrue.Low), Cmov(test.Second, 8, selected.High, ifTrue.High))
            : selected;
    }

    // smin x, y                                         => cmp lo, lo; sbb hi, hi; cmovl lo; cmovl hi
    private ValueRegs MinMax128(Inst inst, IntCC cc)
    {
        Value x = Arg(inst, 0), y = Arg(inst, 1);
        ValueRegs first = PutRegs(x), second = PutRegs(y);
        Condition condition = EmitIcmp128(cc, x, y).First;
        return new(Cmov(condition, 8, second.Low, first.Low), Cmov(condition, 8, second.High, first.High));
    }

    private ValueRegs Bmask128(Inst inst)
    {
        Value condition = Arg(inst, 0);
        VReg source = Put(condition);
        if (IsInt128(TypeOf(condition)))
        {
            ValueRegs halves = PutRegs(condition);
            source = Binary(X64Form.OrRm, 8, halves.Low, halves.High);
        }

        VReg mask = Mask(source, TypeOf(condition));
        return IsInt128(Dfg[inst].Type) ? new ValueRegs(mask, mask) : new ValueRegs(mask);
    }

    // ---- conversions and memory

    private ValueRegs Extend128(Value narrow, bool signed)
    {
        VReg low = PutExtended(narrow, signed, 8);
        return new(low, signed ? Modify(X64Form.SarMi, 8, low, 63) : LoadInt(0));
    }

    private ValueRegs Load128(Inst inst)
    {
        Mem memory = Address(inst, Arg(inst, 0), Dfg[inst].Offset);
        VReg low = LoadFrom(IrType.I64, memory);
        return new(low, LoadFrom(IrType.I64, memory.Plus(8)));
    }

    // The upper half first: if the access leaves accessible memory, it traps before anything was written.
    private void Store128(Inst inst)
    {
        ValueRegs value = PutRegs(Arg(inst, 0));
        Mem memory = Address(inst, Arg(inst, 1), Dfg[inst].Offset);
        StoreTo(IrType.I64, value.High, memory.Plus(8));
        StoreTo(IrType.I64, value.Low, memory);
    }

    // ---- overflow

    private void Overflow128(Inst inst, AluOp low, AluOp high, Condition overflow)
    {
        ValueRegs x = PutRegs(Arg(inst, 0)), y = PutRegs(Arg(inst, 1));
        VReg lowResult = Binary(low.RegMem, 8, x.Low, y.Low);
        VReg highResult = Binary(high.RegMem, 8, x.High, y.High);
        VReg flag = Setcc(overflow);
        SetResult(inst, 0, new ValueRegs(lowResult, highResult));
        SetResult(inst, 1, flag);
    }

    private void OverflowWithCarry128(Inst inst, AluOp op, Condition overflow)
    {
        ValueRegs x = PutRegs(Arg(inst, 0)), y = PutRegs(Arg(inst, 1));
        Modify(X64Form.Neg, 1, Put(Arg(inst, 2)));
        VReg lowResult = Binary(op.RegMem, 8, x.Low, y.Low);
        VReg highResult = Binary(op.RegMem, 8, x.High, y.High);
        VReg flag = Setcc(overflow);
        SetResult(inst, 0, new ValueRegs(lowResult, highResult));
        SetResult(inst, 1, flag);
    }
}
