// Lowering rules: 128-bit integers, in two registers with the low half first. What is not here (division, float conversions) is
// reported as unsupported.
using MiniJit.Codegen.Lowering;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    protected override bool LowerInt128(Inst inst)
    {
        switch (Dfg[inst].Opcode)
        {
            case Opcode.Iadd: SetResult(inst, 0, Add128(inst)); return true;
            case Opcode.Isub: SetResult(inst, 0, Subtract128(PutRegs(Arg(inst, 0)), PutHalves(Arg(inst, 1)))); return true;
            case Opcode.Ineg: SetResult(inst, 0, Subtract128(new(Zero, Zero), PutRegs(Arg(inst, 0)))); return true;
            case Opcode.Iabs: SetResult(inst, 0, Abs128(inst)); return true;
            case Opcode.Imul: SetResult(inst, 0, Mul128(inst)); return true;
            case Opcode.Umulhi or Opcode.Smulhi: SetResult(inst, 0, MulHigh128(inst)); return true;
            case Opcode.Smin: SetResult(inst, 0, MinMax128(inst, IntCC.SignedLessThan)); return true;
            case Opcode.Smax: SetResult(inst, 0, MinMax128(inst, IntCC.SignedGreaterThanOrEqual)); return true;
            case Opcode.Umin: SetResult(inst, 0, MinMax128(inst, IntCC.UnsignedLessThan)); return true;
            case Opcode.Umax: SetResult(inst, 0, MinMax128(inst, IntCC.UnsignedGreaterThanOrEqual)); return true;
            case Opcode.Band: SetResult(inst, 0, Logic128(inst, A64Form.And, A64Form.Bic)); return true;
            case Opcode.Bor: SetResult(inst, 0, Logic128(inst, A64Form.Orr, A64Form.Orn)); return true;
            case Opcode.Bxor: SetResult(inst, 0, Logic128(inst, A64Form.Eor, A64Form.Eon)); return true;
            case Opcode.Bnot: SetResult(inst, 0, Not128(PutRegs(Arg(inst, 0)))); return true;
            case Opcode.Bitselect: SetResult(inst, 0, Bitselect128(inst)); return true;
            case Opcode.Ishl or Opcode.Ushr or Opcode.Sshr: SetResult(inst, 0, Shift128(inst)); return true;
            case Opcode.Rotl or Opcode.Rotr: SetResult(inst, 0, Rotate128(inst)); return true;
            case Opcode.Bswap: SetResult(inst, 0, ExchangedHalves(inst, A64Form.RevX)); return true;
            case Opcode.Bitrev: SetResult(inst, 0, ExchangedHalves(inst, A64Form.Rbit)); return true;
            case Opcode.Popcnt: SetResult(inst, 0, Popcnt128(inst)); return true;
            case Opcode.Clz: SetResult(inst, 0, LeadingZeros128(PutRegs(Arg(inst, 0)))); return true;
            case Opcode.Ctz: SetResult(inst, 0, LeadingZeros128(ExchangedHalves(inst, A64Form.Rbit))); return true;
            case Opcode.Cls: SetResult(inst, 0, LeadingSigns128(inst)); return true;
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
            case Opcode.UaddOverflow: Overflow128(inst, A64Form.AddsShifted, A64Form.Adcs, Condition.Hs); return true;
            case Opcode.SaddOverflow: Overflow128(inst, A64Form.AddsShifted, A64Form.Adcs, Condition.Vs); return true;
            case Opcode.UsubOverflow: Overflow128(inst, A64Form.SubsShifted, A64Form.Sbcs, Condition.Lo); return true;
            case Opcode.SsubOverflow: Overflow128(inst, A64Form.SubsShifted, A64Form.Sbcs, Condition.Vs); return true;
            case Opcode.UaddOverflowCin: OverflowWithCarry128(inst, A64Form.Adcs, Condition.Hs); return true;
            case Opcode.SaddOverflowCin: OverflowWithCarry128(inst, A64Form.Adcs, Condition.Vs); return true;
            case Opcode.UsubOverflowBin: OverflowWithCarry128(inst, A64Form.Sbcs, Condition.Lo); return true;
            case Opcode.SsubOverflowBin: OverflowWithCarry128(inst, A64Form.Sbcs, Condition.Vs); return true;
            case Opcode.AtomicLoad or Opcode.AtomicStore or Opcode.AtomicRmw or Opcode.AtomicCas: return LowerAtomic128(inst);
            default: return false;
        }
    }

    /// <summary>The halves of an operand that an instruction reads at once; the upper half of a zero-extended value is the zero register.</summary>
    private ValueRegs PutHalves(Value value)
    {
        Inst extension = DefBy(value, Opcode.Uextend);
        return extension.IsNone ? PutRegs(value) : new(PutExtended(Arg(extension, 0), signed: false, 8), Zero);
    }

    // ---- sums, differences, products

    // iadd x, y                                         => adds lo, lo; adc hi, hi
    private ValueRegs Add128(Inst inst)
    {
        ValueRegs x = PutHalves(Arg(inst, 0)), y = PutHalves(Arg(inst, 1));
        VReg low = Binary(A64Form.AddsShifted, 8, x.Low, y.Low);
        return new(low, Binary(A64Form.Adc, 8, x.High, y.High));
    }

    // isub x, y                                         => subs lo, lo; sbc hi, hi
    protected override ValueRegs Subtract128(ValueRegs x, ValueRegs y)
    {
        VReg low = Binary(A64Form.SubsShifted, 8, x.Low, y.Low);
        return new(low, Binary(A64Form.Sbc, 8, x.High, y.High));
    }

    protected override ValueRegs AddWord128(ValueRegs x, VReg y)
    {
        VReg low = Binary(A64Form.AddsShifted, 8, x.Low, y);
        return new(low, Binary(A64Form.Adc, 8, x.High, Zero));
    }

    protected override ValueRegs MulWide64(VReg x, VReg y) => new(Multiply64(x, y), Binary(A64Form.Umulh, 8, x, y));

    protected override VReg And64(VReg x, VReg y) => Binary(A64Form.And, 8, x, y);

    protected override VReg SignMask64(VReg x) => ShiftRight(8, x, 63, signed: true);

    // imul (uextend a), (uextend b)    [a, b: i64]      => mul lo, a, b; umulh hi, a, b
    // imul x, y                                         => lo·lo, its upper half and the cross products in the high half
    private ValueRegs Mul128(Inst inst)
    {
        Value x = Arg(inst, 0), y = Arg(inst, 1);
        if (AreExtended64(x, y, Opcode.Uextend, out VReg a, out VReg b))
        {
            return new(Multiply64(a, b), Binary(A64Form.Umulh, 8, a, b));
        }

        if (AreExtended64(x, y, Opcode.Sextend, out a, out b))
        {
            return new(Multiply64(a, b), Binary(A64Form.Smulh, 8, a, b));
        }

        ValueRegs first = PutRegs(x), second = PutRegs(y);
        VReg high = Binary(A64Form.Umulh, 8, first.Low, second.Low);
        high = Ternary(A64Form.Madd, 8, first.Low, second.High, high);
        high = Ternary(A64Form.Madd, 8, first.High, second.Low, high);
        return new(Multiply64(first.Low, second.Low), high);
    }

    private VReg Multiply64(VReg a, VReg b) => Ternary(A64Form.Madd, 8, a, b, Zero);

    private bool AreExtended64(Value x, Value y, Opcode extension, out VReg a, out VReg b)
    {
        Inst first = DefBy(x, extension), second = DefBy(y, extension);
        bool are = !first.IsNone && !second.IsNone && TypeOf(Arg(first, 0)) == IrType.I64 && TypeOf(Arg(second, 0)) == IrType.I64;
        a = are ? Put(Arg(first, 0)) : default;
        b = are ? Put(Arg(second, 0)) : default;
        return are;
    }

    // iabs x                                            => (x ^ sign) − sign
    private ValueRegs Abs128(Inst inst)
    {
        ValueRegs x = PutRegs(Arg(inst, 0));
        VReg sign = ShiftRight(8, x.High, 63, signed: true);
        return Subtract128(XorSign(x), new(sign, sign));
    }

    /// <summary>x ^ (x &lt; 0 ? −1 : 0).</summary>
    private ValueRegs XorSign(ValueRegs x)
    {
        ShiftedReg sign = new(x.High, Shift.Asr, 63);
        return new(Binary(A64Form.Eor, 8, x.Low, sign), Binary(A64Form.Eor, 8, x.High, sign));
    }

    private ValueRegs MinMax128(Inst inst, IntCC cc)
    {
        Value x = Arg(inst, 0), y = Arg(inst, 1);
        ValueRegs first = PutRegs(x), second = PutRegs(y);
        return Csel128(EmitIcmp128(cc, x, y).First, first, second);
    }

    // ---- bits

    // band x, (bnot y)                                  => bic lo, lo; bic hi, hi
    // band x, y                                         => and lo, lo; and hi, hi
    private ValueRegs Logic128(Inst inst, A64Form plain, A64Form complementing)
    {
        Value x = Arg(inst, 0), y = Arg(inst, 1);
        (x, y) = DefBy(x, Opcode.Bnot).IsNone ? (x, y) : (y, x);
        Inst complement = DefBy(y, Opcode.Bnot);
        ValueRegs first = PutRegs(x), second = PutRegs(complement.IsNone ? y : Arg(complement, 0));
        return Logic128(complement.IsNone ? plain : complementing, first, second);
    }

    private ValueRegs Logic128(A64Form form, ValueRegs x, ValueRegs y) => new(Binary(form, 8, x.Low, y.Low), Binary(form, 8, x.High, y.High));

    // bnot x                                            => mvn lo; mvn hi
    private ValueRegs Not128(ValueRegs x) => Logic128(A64Form.Orn, new(Zero, Zero), x);

    // bitselect c, x, y                                 => (x & c) | (y & ~c)
    private ValueRegs Bitselect128(Inst inst)
    {
        ValueRegs c = PutRegs(Arg(inst, 0)), x = PutRegs(Arg(inst, 1)), y = PutRegs(Arg(inst, 2));
        return Logic128(A64Form.Orr, Logic128(A64Form.And, x, c), Logic128(A64Form.Bic, y, c));
    }

    /// <summary>bswap, bitrev: each half by itself, and the halves exchanged.</summary>
    private ValueRegs ExchangedHalves(Inst inst, A64Form form)
    {
        ValueRegs x = PutRegs(Arg(inst, 0));
        return new(Unary(form, 8, x.High), Unary(form, 8, x.Low));
    }

    // popcnt x                                          => cnt by byte, and their sum
    private ValueRegs Popcnt128(Inst inst)
    {
        Code.FloatSpillWords = 2;
        VReg bytes = Lanes(A64Form.CntVec, s_bits, Int128ToVector(PutRegs(Arg(inst, 0))));
        return new(VectorToInt(Lanes(A64Form.Addv, s_bits, bytes), 4), LoadInt(0));
    }

    // clz x                                             => clz hi + (clz lo if clz hi is 64, that is, clz hi >> 6)
    private ValueRegs LeadingZeros128(ValueRegs x)
    {
        VReg high = Unary(A64Form.Clz, 8, x.High), low = Unary(A64Form.Clz, 8, x.Low);
        return new(Ternary(A64Form.Madd, 8, low, ShiftRight(8, high, 6, signed: false), high), LoadInt(0));
    }

    // cls x                                             => clz (x ^ sign) − 1
    private ValueRegs LeadingSigns128(Inst inst)
    {
        ValueRegs zeros = LeadingZeros128(XorSign(PutRegs(Arg(inst, 0))));
        return new(BinaryImm(A64Form.SubImm, 8, zeros.Low, 1), zeros.High);
    }

    // ---- shifts

    // ishl x, n                                         => below 64: hi << n | lo >> 1 >> ~n, lo << n; from there on: lo << n, 0
    // ushr x, n                                         => the mirror image; sshr fills up with the sign
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
        bool left = opcode == Opcode.Ishl;
        (VReg near, VReg far) = left ? (x.High, x.Low) : (x.Low, x.High);
        VReg mixed = Funnel128(near, far, count, Not(count), left);
        VReg shifted = Binary(left ? A64Form.Lslv : opcode == Opcode.Ushr ? A64Form.Lsrv : A64Form.Asrv, 8, far, count);
        VReg outside = opcode == Opcode.Sshr ? ShiftRight(8, x.High, 63, signed: true) : Zero;
        TestBit6(count);
        VReg nearResult = CondSelect(A64Form.Csel, Condition.Ne, 8, shifted, mixed);
        VReg farResult = CondSelect(A64Form.Csel, Condition.Eq, 8, shifted, outside);
        return left ? new(farResult, nearResult) : new(nearResult, farResult);
    }

    private ValueRegs ShiftByConstant128(Opcode opcode, ValueRegs x, int count)
    {
        if (count == 0)
        {
            return x;
        }

        if (opcode == Opcode.Ishl)
        {
            return count < 64
                ? new(ShiftLeft(8, x.Low, count), Extract(8, x.High, x.Low, 64 - count))
                : new(LoadInt(0), count == 64 ? x.Low : ShiftLeft(8, x.Low, count - 64));
        }

        bool signed = opcode == Opcode.Sshr;
        if (count < 64)
        {
            return new(Extract(8, x.High, x.Low, count), ShiftRight(8, x.High, count, signed));
        }

        VReg high = signed ? ShiftRight(8, x.High, 63, signed: true) : LoadInt(0);
        return new(count == 64 ? x.High : ShiftRight(8, x.High, count - 64, signed), high);
    }

    // rotl x, k                                         => extr lo; extr hi
    // rotl x, n                                         => bit 6 of n exchanges the halves, the rest funnels from either into the other
    private ValueRegs Rotate128(Inst inst)
    {
        bool left = Dfg[inst].Opcode == Opcode.Rotl;
        ValueRegs x = PutRegs(Arg(inst, 0));
        if (Const(Arg(inst, 1), out long constant))
        {
            int right = (int)(left ? -constant : constant) & 127;
            (VReg from, VReg into) = right < 64 ? (x.High, x.Low) : (x.Low, x.High);
            return (right & 63) == 0 ? new(into, from) : new(Extract(8, from, into, right & 63), Extract(8, into, from, right & 63));
        }

        VReg count = PutRegs(Arg(inst, 1)).Low, complement = Not(count);
        TestBit6(count);
        VReg low = CondSelect(A64Form.Csel, Condition.Eq, 8, x.Low, x.High), high = CondSelect(A64Form.Csel, Condition.Eq, 8, x.High, x.Low);
        return new(Funnel128(low, high, count, complement, left), Funnel128(high, low, count, complement, left));
    }

    /// <summary>
    /// Shifts <paramref name="near"/> by the count modulo 64 and fills it from <paramref name="far"/>. The bits of far move the other way by
    /// 64 − count, in two steps, so that a count of 0 takes none.
    /// </summary>
    private VReg Funnel128(VReg near, VReg far, VReg count, VReg complement, bool left)
    {
        VReg moved = Binary(left ? A64Form.Lslv : A64Form.Lsrv, 8, near, count);
        VReg one = left ? ShiftRight(8, far, 1, signed: false) : ShiftLeft(8, far, 1);
        VReg filling = Binary(left ? A64Form.Lsrv : A64Form.Lslv, 8, one, complement);
        return Binary(A64Form.Orr, 8, moved, filling);
    }

    private VReg Not(VReg x) => Binary(A64Form.Orn, 8, Zero, x);

    private void TestBit6(VReg count) => Emit(A64Form.AndsImm, 8, Zero, [count]).Imm = 64;

    // ---- comparison and selection

    // icmp eq x, y                                      => cmp lo, lo; ccmp hi, hi
    // icmp slt x, y                                     => cmp lo, lo; sbcs hi, hi
    private FlagTest EmitIcmp128(IntCC cc, Value x, Value y)
    {
        if (cc is IntCC.SignedGreaterThan or IntCC.SignedLessThanOrEqual or IntCC.UnsignedGreaterThan or IntCC.UnsignedLessThanOrEqual)
        {
            (x, y) = (y, x);
            cc = cc.SwapOperands();
        }

        ValueRegs first = PutRegs(x), second = PutRegs(y);
        Compare(8, first.Low, (ShiftedReg)second.Low);
        if (cc is IntCC.Equal or IntCC.NotEqual)
        {
            Emit(A64Form.CcmpReg, 8, default, [first.High, second.High]).Cond = (byte)Condition.Eq;
            return cc == IntCC.Equal ? Condition.Eq : Condition.Ne;
        }

        // The borrow out of the whole difference orders the operands; only < and ≥ can be read off it.
        Emit(A64Form.Sbcs, 8, Zero, [first.High, second.High]);
        return cc switch
        {
            IntCC.SignedLessThan => Condition.Lt,
            IntCC.SignedGreaterThanOrEqual => Condition.Ge,
            IntCC.UnsignedLessThan => Condition.Lo,
            _ => Condition.Hs,
        };
    }

    /// <summary>A register that is zero exactly if a 128-bit value is.</summary>
    private VReg AnyBit128(Value value)
    {
        ValueRegs halves = PutRegs(value);
        return Binary(A64Form.Orr, 8, halves.Low, halves.High);
    }

    private ValueRegs Csel128(Condition condition, ValueRegs ifTrue, ValueRegs ifFalse) =>
        new(CondSelect(A64Form.Csel, condition, 8, ifTrue.Low, ifFalse.Low), CondSelect(A64Form.Csel, condition, 8, ifTrue.High, ifFalse.High));

    private ValueRegs Select128(Inst inst)
    {
        ValueRegs ifTrue = PutRegs(Arg(inst, 1)), ifFalse = PutRegs(Arg(inst, 2));
        FlagTest test = EmitCondition(Arg(inst, 0));
        if (test.Join == ConditionJoin.Both)
        {
            (ifTrue, ifFalse) = (ifFalse, ifTrue);
            test = test.Negate();
        }

        ValueRegs selected = Csel128(test.First, ifTrue, ifFalse);
        selected = test.Join == ConditionJoin.Either ? Csel128(test.Second, ifTrue, selected) : selected;
        if (Dfg[inst].Opcode == Opcode.SelectSpectreGuard)
        {
            EmitSpeculationBarrier();
        }

        return selected;
    }

    // bmask x                                           => cmp x, 0; csetm
    private ValueRegs Bmask128(Inst inst)
    {
        Value condition = Arg(inst, 0);
        bool isWide = IsInt128(TypeOf(condition));
        VReg source = isWide ? AnyBit128(condition) : PutExtended(condition, signed: false);
        CompareZero(isWide ? 8 : WideSize(TypeOf(condition)), source);
        VReg mask = CondSelect(A64Form.Csinv, Condition.Eq, 8, Zero, Zero);
        return IsInt128(Dfg[inst].Type) ? new ValueRegs(mask, mask) : new ValueRegs(mask);
    }

    // ---- conversions and memory

    private ValueRegs Extend128(Value narrow, bool signed)
    {
        VReg low = PutExtended(narrow, signed, 8);
        return new(low, signed ? ShiftRight(8, low, 63, signed: true) : LoadInt(0));
    }

    private ValueRegs Load128(Inst inst)
    {
        Mem memory = PairAddress(inst, Arg(inst, 0));
        VReg low = LoadFrom(MemoryAccess.LdrX, memory);
        return new(low, LoadFrom(MemoryAccess.LdrX, memory.Plus(8)));
    }

    /// <summary>The address of the lower half, from which that of the upper one differs by 8: no index.</summary>
    private Mem PairAddress(Inst access, Value address)
    {
        Mem memory = Address(access, address, Dfg[access].Offset, 8);
        return memory.Mode == AddressMode.BaseIndex ? Mem.At(Put(address), Dfg[access].Offset, memory.Trap) : memory;
    }

    // The upper half first: if the access leaves accessible memory, it traps before anything was written.
    private void Store128(Inst inst)
    {
        ValueRegs value = PutRegs(Arg(inst, 0));
        Mem memory = PairAddress(inst, Arg(inst, 1));
        StoreTo(MemoryAccess.StrX, value.High, memory.Plus(8));
        StoreTo(MemoryAccess.StrX, value.Low, memory);
    }

    // ---- overflow

    private void Overflow128(Inst inst, A64Form low, A64Form high, Condition overflow)
    {
        ValueRegs x = PutRegs(Arg(inst, 0)), y = PutRegs(Arg(inst, 1));
        VReg lowResult = Binary(low, 8, x.Low, y.Low), highResult = Binary(high, 8, x.High, y.High);
        SetSum(inst, new(lowResult, highResult), overflow);
    }

    // The carry flag is 1 for a carry into a sum, and 0 for a borrow from a difference.
    private void OverflowWithCarry128(Inst inst, A64Form form, Condition overflow)
    {
        ValueRegs x = PutRegs(Arg(inst, 0)), y = PutRegs(Arg(inst, 1));
        VReg carry = PutExtended(Arg(inst, 2), signed: false);
        if (form == A64Form.Adcs)
        {
            Emit(A64Form.SubsImm, 4, Zero, [carry]).Imm = 1;
        }
        else
        {
            Compare(4, Zero, (ShiftedReg)carry);
        }

        VReg lowResult = Binary(form, 8, x.Low, y.Low), highResult = Binary(form, 8, x.High, y.High);
        SetSum(inst, new(lowResult, highResult), overflow);
    }

    private void SetSum(Inst inst, ValueRegs sum, Condition overflow)
    {
        VReg flag = SetFlag(overflow);
        SetResult(inst, 0, sum);
        SetResult(inst, 1, flag);
    }
}
