// Lowering rules: comparisons, selection, conditional traps and branches. A truth value is matched first (Truth) and emitted where it
// is wanted: as flags for selections, as cbz, tbz or flags for branches.
using System;
using System.Numerics;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    private enum TruthKind : byte
    {
        /// <summary>Any bit of Value is set.</summary>
        Value,

        /// <summary>Bit Bit of Value is set.</summary>
        Bit,

        /// <summary>Inst, an icmp, fcmp, band, vany_true or vall_true.</summary>
        Icmp,
        Fcmp,
        Band,
        Lanes,

        /// <summary>Both, or either, of the icmps that are the operands of Inst.</summary>
        BothIcmp,
        EitherIcmp,
    }

    /// <summary>What makes a value true.</summary>
    private readonly record struct TruthTest(TruthKind Kind, Value Value, Inst Inst, int Bit, bool IsNegated);

    private static Condition ConditionOf(IntCC cc) => cc switch
    {
        IntCC.Equal => Condition.Eq,
        IntCC.NotEqual => Condition.Ne,
        IntCC.SignedLessThan => Condition.Lt,
        IntCC.SignedGreaterThanOrEqual => Condition.Ge,
        IntCC.SignedGreaterThan => Condition.Gt,
        IntCC.SignedLessThanOrEqual => Condition.Le,
        IntCC.UnsignedLessThan => Condition.Lo,
        IntCC.UnsignedGreaterThanOrEqual => Condition.Hs,
        IntCC.UnsignedGreaterThan => Condition.Hi,
        _ => Condition.Ls,
    };

    /// <summary>The test behind a truth value (any scalar integer, true if not zero). Pure.</summary>
    private TruthTest Truth(Value value)
    {
        bool isNegated = false;
        for (; ; )
        {
            Inst inst = Def(value);
            if (inst.IsNone)
            {
                return new(TruthKind.Value, value, default, 0, isNegated);
            }

            switch (Dfg[inst].Opcode)
            {
                // uextend c: the extension does not change whether it is zero
                case Opcode.Uextend or Opcode.Sextend when IsWord(TypeOf(Arg(inst, 0))):
                    value = Arg(inst, 0);
                    continue;

                case Opcode.Icmp when IsWord(TypeOf(Arg(inst, 0))):
                    Value compared = Arg(inst, 0);
                    IntCC cc = Dfg[inst].IntCC;
                    bool isZero = Const(Arg(inst, 1), out long constant) && constant == 0;

                    // icmp ne c, 0  and  icmp eq c, 0
                    if (isZero && (cc is IntCC.Equal or IntCC.NotEqual))
                    {
                        isNegated ^= cc == IntCC.Equal;
                        value = compared;
                        continue;
                    }

                    // icmp slt x, 0, icmp sle x, −1 and their opposites: the sign
                    bool isSign = isZero ? cc is IntCC.SignedLessThan or IntCC.SignedGreaterThanOrEqual
                        : constant == -1 && (cc is IntCC.SignedLessThanOrEqual or IntCC.SignedGreaterThan);
                    if (isSign)
                    {
                        bool isPositive = cc is IntCC.SignedGreaterThanOrEqual or IntCC.SignedGreaterThan;
                        return new(TruthKind.Bit, compared, default, TypeOf(compared).Bits - 1, isNegated ^ isPositive);
                    }

                    return new(TruthKind.Icmp, value, inst, 0, isNegated);

                case Opcode.Icmp when IsInt128(TypeOf(Arg(inst, 0))):
                    return new(TruthKind.Icmp, value, inst, 0, isNegated);

                case Opcode.VanyTrue or Opcode.VallTrue when IsVector(TypeOf(Arg(inst, 0))):
                    return new(TruthKind.Lanes, value, inst, 0, isNegated);

                case Opcode.Fcmp when IsScalarFloat(TypeOf(Arg(inst, 0))):
                    return new(TruthKind.Fcmp, value, inst, 0, isNegated);

                case Opcode.Band or Opcode.Bor when HasOneUser(value) && IsIcmp(Arg(inst, 0)) && IsIcmp(Arg(inst, 1)):
                    return new(Dfg[inst].Opcode == Opcode.Band ? TruthKind.BothIcmp : TruthKind.EitherIcmp, value, inst, 0, isNegated);

                case Opcode.Band when HasOneUser(value) && IsWord(TypeOf(value)):
                    bool isMasked = Const(Arg(inst, 1), out long mask);
                    ulong bits = BitsOf(mask, TypeOf(value));

                    // band x, 2^k
                    if (isMasked && BitOperations.IsPow2(bits))
                    {
                        return new(TruthKind.Bit, Arg(inst, 0), default, BitOperations.TrailingZeroCount(bits), isNegated);
                    }

                    // What stands above a narrow type must not count.
                    return TypeOf(value).Bytes >= 4 || isMasked
                        ? new(TruthKind.Band, value, inst, 0, isNegated)
                        : new(TruthKind.Value, value, default, 0, isNegated);

                default:
                    return new(TruthKind.Value, value, default, 0, isNegated);
            }
        }
    }

    /// <summary>
    /// Emits the comparison behind a truth value and says which flags mean "true". The flags must be consumed before anything else that writes them is
    /// emitted: put other operands in registers first.
    /// </summary>
    private FlagTest EmitCondition(Value condition) => EmitCondition(Truth(condition));

    private FlagTest EmitCondition(TruthTest test)
    {
        FlagTest flags = Condition.Ne;
        switch (test.Kind)
        {
            case TruthKind.Icmp:
                flags = EmitIcmp(Dfg[test.Inst].IntCC, Arg(test.Inst, 0), Arg(test.Inst, 1));
                break;
            case TruthKind.BothIcmp or TruthKind.EitherIcmp:
                flags = EmitIcmpPair(Def(Arg(test.Inst, 0)), Def(Arg(test.Inst, 1)), test.Kind == TruthKind.BothIcmp);
                break;
            case TruthKind.Fcmp:
                flags = EmitFcmp(Dfg[test.Inst].FloatCC, Arg(test.Inst, 0), Arg(test.Inst, 1));
                break;
            case TruthKind.Bit:
                TestImm(test.Bit < 32 ? 4 : 8, Put(test.Value), 1ul << test.Bit);
                break;
            case TruthKind.Band:
                TestBand(test.Inst);
                break;
            case TruthKind.Lanes:
                CompareZero(8, PutLaneBits(Arg(test.Inst, 0), IsAllTrue(test)));
                flags = IsAllTrue(test) ? Condition.Eq : Condition.Ne;
                break;
            default:
                TestNonZero(test.Value);
                break;
        }

        return test.IsNegated ? flags.Negate() : flags;
    }

    private bool IsAllTrue(TruthTest test) => Dfg[test.Inst].Opcode == Opcode.VallTrue;

    // tst x, #mask
    private void TestImm(int size, VReg x, ulong mask) => Emit(A64Form.AndsImm, size, Zero, [x]).Imm = (long)mask;

    private void TestNonZero(Value value)
    {
        if (FillsRegister(value))
        {
            CompareZero(TruthSize(value), PutTruth(value));
        }
        else
        {
            TestImm(4, Put(value), (1ul << TypeOf(value).Bits) - 1);
        }
    }

    // tst x, #mask | tst x, y, lsl #k
    private void TestBand(Inst band)
    {
        (IrType type, Value x, Value y) = BinaryArgs(band);
        int size = WideSize(type);
        if (Const(y, out long mask) && BitmaskImm.TryCreate(BitsOf(mask, type), size, out BitmaskImm imm))
        {
            TestImm(size, Put(x), imm.Value);
            return;
        }

        VReg first = Put(x);
        ShiftedReg second = type.Bytes >= 4 ? PutShifted(y, rotates: true) : LoadInt((long)BitsOf(mask, type), 4);
        ref MachineInst inst = ref Emit(A64Form.Ands, size, Zero, [first, second.Reg]);
        inst.Aux = (byte)second.Shift;
        inst.Imm = second.Amount;
    }

    // ---- integer comparisons

    private FlagTest EmitIcmp(IntCC cc, Value x, Value y)
    {
        if (IsInt128(TypeOf(x)))
        {
            return EmitIcmp128(cc, x, y);
        }

        if (Const(x, out _) && !Const(y, out _))
        {
            (x, y) = (y, x);
            cc = cc.SwapOperands();
        }

        if (TypeOf(x).Bytes < 4)
        {
            return EmitNarrowIcmp(cc, x, y);
        }

        int size = TypeOf(x).Bytes;
        if (Const(y, out long constant))
        {
            // icmp slt x, k            [k − 1 is cheaper]    => sle x, k − 1                  (also the other inequalities)
            if (!IsCompareImm(constant))
            {
                PreferNeighbour(ref cc, ref constant, size);
            }

            return CompareConstant(cc, size, Put(x), constant);
        }

        // icmp cc (uextend x), y                            => cmp y, x, uxtw
        // icmp cc (ishl x, k), y                            => cmp y, x, lsl #k
        bool foldsFirst = ExtendedOperand(x, out _) || ShiftedOperand(x, rotates: false, out _);
        if (foldsFirst && !ExtendedOperand(y, out _) && !ShiftedOperand(y, rotates: false, out _))
        {
            (x, y) = (y, x);
            cc = cc.SwapOperands();
        }

        VReg first = Put(x);
        if (ExtendedOperand(y, out ExtendedValue extended))
        {
            Compare(size, first, Put(extended));
        }
        else
        {
            Compare(size, first, PutShifted(y, rotates: false));
        }

        return ConditionOf(cc);
    }

    // icmp cc.i8 x, y                                       => uxtb t, x; cmp t, y, uxtb       (sxtb if cc is signed)
    private FlagTest EmitNarrowIcmp(IntCC cc, Value x, Value y)
    {
        bool signed = IsSigned(cc);
        IrType type = TypeOf(x);
        VReg first = PutExtended(x, signed);
        if (Const(y, out long constant))
        {
            return CompareConstant(cc, 4, first, signed ? constant : (long)BitsOf(constant, type));
        }

        VReg second = Put(y);
        if (!signed && IsZeroExtended(y))
        {
            Compare(4, first, (ShiftedReg)second);
        }
        else
        {
            Compare(4, first, new ExtendedReg(second, ExtendOf(type.Bits, signed), 0));
        }

        return ConditionOf(cc);
    }

    private static bool IsCompareImm(long constant) => Imm12.TryCreate(constant, out _) || Imm12.TryCreate(unchecked(-constant), out _);

    private static void PreferNeighbour(ref IntCC cc, ref long constant, int size)
    {
        (IntCC other, int step) = cc switch
        {
            IntCC.SignedLessThan => (IntCC.SignedLessThanOrEqual, -1),
            IntCC.SignedGreaterThanOrEqual => (IntCC.SignedGreaterThan, -1),
            IntCC.UnsignedLessThan => (IntCC.UnsignedLessThanOrEqual, -1),
            IntCC.UnsignedGreaterThanOrEqual => (IntCC.UnsignedGreaterThan, -1),
            IntCC.SignedLessThanOrEqual => (IntCC.SignedLessThan, 1),
            IntCC.SignedGreaterThan => (IntCC.SignedGreaterThanOrEqual, 1),
            IntCC.UnsignedLessThanOrEqual => (IntCC.UnsignedLessThan, 1),
            IntCC.UnsignedGreaterThan => (IntCC.UnsignedGreaterThanOrEqual, 1),
            _ => (cc, 0),
        };

        // Not over the ends of the range: 0 and −1 are immediates and do not get here, so only the signed ends are left.
        long neighbour = unchecked(constant + step);
        bool wraps = size == 8 ? constant == long.MinValue || constant == long.MaxValue : constant is int.MinValue or int.MaxValue;
        if (!wraps && IsCompareImm(neighbour))
        {
            (cc, constant) = (other, neighbour);
        }
    }

    // cmp x, #k | cmn x, #−k | mov t, #k; cmp x, t
    private Condition CompareConstant(IntCC cc, int size, VReg x, long constant)
    {
        if (Imm12.TryCreate(constant, out Imm12 imm))
        {
            Compare(size, x, imm);
        }
        else if (Imm12.TryCreate(unchecked(-constant), out imm))
        {
            ref MachineInst inst = ref Emit(A64Form.AddsImm, size, Zero, [x]);
            inst.Imm = imm.Bits;
            inst.Aux = imm.Shift12;
        }
        else
        {
            Compare(size, x, (ShiftedReg)LoadInt(constant, size));
        }

        return ConditionOf(cc);
    }

    // ---- two comparisons

    /// <summary>A comparison that nobody else wants.</summary>
    private bool IsIcmp(Value value) => OnlyDefBy(value, Opcode.Icmp) is { IsNone: false } inst && IsWord(TypeOf(Arg(inst, 0)));

    // band (icmp c1 a, b), (icmp c2 x, y)                   => cmp a, b; ccmp x, y, #flags where c2 fails, c1
    // bor  (icmp c1 a, b), (icmp c2 x, y)                   => cmp a, b; ccmp x, y, #flags where c2 holds, !c1
    private Condition EmitIcmpPair(Inst first, Inst second, bool both)
    {
        Condition firstHolds = EmitIcmp(Dfg[first].IntCC, Arg(first, 0), Arg(first, 1)).First;
        (IrType type, Value x, Value y) = BinaryArgs(second);
        IntCC cc = Dfg[second].IntCC;
        Condition condition = ConditionOf(cc);
        int size = WideSize(type);
        bool signed = IsSigned(cc);
        VReg left = PutExtended(x, signed);
        bool isImmediate = Const(y, out long constant);
        constant = type.Bytes < 4 && !signed ? (long)BitsOf(constant, type) : constant;
        isImmediate &= constant is >= -31 and <= 31;
        ref MachineInst inst = ref isImmediate
            ? ref Emit(constant < 0 ? A64Form.CcmnImm : A64Form.CcmpImm, size, Zero, [left])
            : ref Emit(A64Form.CcmpReg, size, Zero, [left, PutExtended(y, signed)]);
        inst.Imm = isImmediate ? Math.Abs(constant) : 0;
        inst.Cond = (byte)(both ? firstHolds : firstHolds.Negate());
        inst.Aux = FlagsFor(both ? condition.Negate() : condition);
        return condition;
    }

    private static bool IsSigned(IntCC cc) =>
        cc is IntCC.SignedLessThan or IntCC.SignedLessThanOrEqual or IntCC.SignedGreaterThan or IntCC.SignedGreaterThanOrEqual;

    /// <summary>Flags (N 8, Z 4, C 2, V 1) under which a condition of integers holds.</summary>
    private static byte FlagsFor(Condition condition) => condition switch
    {
        Condition.Eq or Condition.Le => 4,
        Condition.Hs or Condition.Hi => 2,
        Condition.Lt => 8,
        _ => 0,                                                // ne, lo, ls, ge, gt
    };

    // ---- float comparisons

    // fcmp sets NZCV: less 1000, equal 0110, greater 0010, unordered 0011.
    private FlagTest EmitFcmp(FloatCC cc, Value x, Value y)
    {
        int size = TypeOf(x).Bytes;
        if (IsFloatZero(x) && !IsFloatZero(y))
        {
            (x, y) = (y, x);
            cc = cc.SwapOperands();
        }

        // fcmp x, 0.0                                       => fcmp x, #0.0
        if (IsFloatZero(y))
        {
            Emit(A64Form.FcmpZero, size, Zero, [Put(x)]);
        }
        else
        {
            VReg first = Put(x), second = Put(y);
            Emit(A64Form.Fcmp, size, Zero, [first, second]);
        }

        return cc switch
        {
            FloatCC.Equal => Condition.Eq,
            FloatCC.NotEqual => Condition.Ne,
            FloatCC.LessThan => Condition.Mi,
            FloatCC.LessThanOrEqual => Condition.Ls,
            FloatCC.GreaterThan => Condition.Gt,
            FloatCC.GreaterThanOrEqual => Condition.Ge,
            FloatCC.UnorderedOrLessThan => Condition.Lt,
            FloatCC.UnorderedOrLessThanOrEqual => Condition.Le,
            FloatCC.UnorderedOrGreaterThan => Condition.Hi,
            FloatCC.UnorderedOrGreaterThanOrEqual => Condition.Pl,
            FloatCC.OrderedNotEqual => new FlagTest(ConditionJoin.Either, Condition.Mi, Condition.Gt),
            FloatCC.UnorderedOrEqual => new FlagTest(ConditionJoin.Either, Condition.Eq, Condition.Vs),
            FloatCC.Ordered => Condition.Vc,
            _ => Condition.Vs,
        };
    }

    /// <summary>+0 or −0, which compare equal.</summary>
    private bool IsFloatZero(Value value)
    {
        Inst inst = Def(value);
        return !inst.IsNone && Dfg[inst].Opcode switch
        {
            Opcode.F32const => (Dfg[inst].FloatBits & int.MaxValue) == 0,
            Opcode.F64const => (Dfg[inst].FloatBits & long.MaxValue) == 0,
            _ => false,
        };
    }

    // ---- truth values

    // cset d, c  |  cset t, c1; csinc d, t, zr, !c2
    private VReg SetFlag(FlagTest test)
    {
        if (test.Join == ConditionJoin.Both)
        {
            // Both hold: 1 if the first holds, then 0 unless the second does.
            return CondSelect(A64Form.Csel, test.Second, 4, SetIf(test.First), Zero);
        }

        VReg first = SetIf(test.First);
        return test.Join == ConditionJoin.Either ? CondSelect(A64Form.Csinc, test.Second.Negate(), 4, first, Zero) : first;
    }

    /// <summary>All ones if true, else 0; 64 bits.</summary>
    private VReg SetMask(FlagTest test)
    {
        VReg first = CondSelect(A64Form.Csinv, test.First.Negate(), 8, Zero, Zero);
        return test.Join switch
        {
            ConditionJoin.Both => CondSelect(A64Form.Csel, test.Second, 8, first, Zero),
            ConditionJoin.Either => CondSelect(A64Form.Csinv, test.Second.Negate(), 8, first, Zero),
            _ => first,
        };
    }

    private VReg LowerIcmp(Inst inst) => SetFlag(EmitIcmp(Dfg[inst].IntCC, Arg(inst, 0), Arg(inst, 1)));

    private VReg LowerFcmp(Inst inst) => SetFlag(EmitFcmp(Dfg[inst].FloatCC, Arg(inst, 0), Arg(inst, 1)));

    // ---- selection

    private VReg LowerSelect(Inst inst)
    {
        Value condition = Arg(inst, 0), x = Arg(inst, 1), y = Arg(inst, 2);
        IrType type = TypeOf(x);
        int size = WideSize(type);

        // select c, 1, 0                                    => cset d, c                       (also 0, 1)
        // select c, −1, 0                                   => csetm d, c                      (also 0, −1)
        if (type.IsInt && Const(x, out long ifTrue) && Const(y, out long ifFalse) && ifTrue + ifFalse is 1 or -1 && ifTrue * ifFalse == 0)
        {
            FlagTest chosen = EmitCondition(condition);
            chosen = ifTrue == 0 ? chosen.Negate() : chosen;
            if (chosen.Join == ConditionJoin.One)
            {
                A64Form form = ifTrue + ifFalse == 1 ? A64Form.Csinc : A64Form.Csinv;
                return CondSelect(form, chosen.First.Negate(), size, Zero, Zero);
            }

            VReg flag = SetFlag(chosen);
            return ifTrue + ifFalse == 1 ? flag : Binary(A64Form.SubShifted, size, Zero, (ShiftedReg)flag);
        }

        // select c, x, (iadd y, 1)                          => cmp …; csinc d, x, y, c         (bnot: csinv, ineg: csneg)
        if (TryVariant(y, out A64Form variant, out Value source))
        {
            return SelectVariant(condition, isNegated: false, variant, x, source);
        }

        if (TryVariant(x, out variant, out source))
        {
            return SelectVariant(condition, isNegated: true, variant, y, source);
        }

        // select c, x, y                                    => cmp …; csel d, x, y, c
        VReg first = type.IsInt ? PutOrZero(x) : Put(x), second = type.IsInt ? PutOrZero(y) : Put(y);
        return SelectOnFlags(EmitCondition(condition), type, first, second);
    }

    /// <summary>What a conditional select does to its second operand: increment, complement, negate.</summary>
    private bool TryVariant(Value value, out A64Form form, out Value source)
    {
        (form, source) = (default, default);
        if (!IsWord(TypeOf(value)))
        {
            return false;
        }

        if (OnlyDefBy(value, Opcode.Iadd) is { IsNone: false } sum)
        {
            (form, source) = (A64Form.Csinc, Arg(sum, 0));
            return Const(Arg(sum, 1), out long step) && step == 1;
        }

        if (OnlyDefBy(value, Opcode.Bnot) is { IsNone: false } complement)
        {
            (form, source) = (A64Form.Csinv, Arg(complement, 0));
            return true;
        }

        // A product is better negated by the multiplication.
        if (OnlyDefBy(value, Opcode.Ineg) is { IsNone: false } negation && OnlyDefBy(Arg(negation, 0), Opcode.Imul).IsNone)
        {
            (form, source) = (A64Form.Csneg, Arg(negation, 0));
            return true;
        }

        return false;
    }

    /// <summary>The value as it is if the condition holds (does not, if negated), else the variant of source.</summary>
    private VReg SelectVariant(Value condition, bool isNegated, A64Form variant, Value value, Value source)
    {
        int size = WideSize(TypeOf(value));
        VReg plain = PutOrZero(value), changed = PutOrZero(source);
        FlagTest test = EmitCondition(condition);
        test = isNegated ? test.Negate() : test;
        VReg selected = CondSelect(variant, test.First, size, plain, changed);
        return test.Join switch
        {
            ConditionJoin.Either => CondSelect(A64Form.Csel, test.Second, size, plain, selected),
            ConditionJoin.Both => CondSelect(variant, test.Second, size, selected, changed),
            _ => selected,
        };
    }

    private VReg SelectOnFlags(FlagTest test, IrType type, VReg ifTrue, VReg ifFalse)
    {
        if (type.Bits == 128)
        {
            return SelectBits(SplatInt(IrType.I64X2, SetMask(test)), ifTrue, ifFalse);
        }

        if (test.Join == ConditionJoin.Both)
        {
            // Both conditions hold: neither negation does.
            (ifTrue, ifFalse) = (ifFalse, ifTrue);
            test = test.Negate();
        }

        A64Form form = type.IsInt ? A64Form.Csel : A64Form.Fcsel;
        VReg selected = CondSelect(form, test.First, WideSize(type), ifTrue, ifFalse);
        return test.Join == ConditionJoin.Either ? CondSelect(form, test.Second, WideSize(type), ifTrue, selected) : selected;
    }

    // select_spectre_guard c, x, y                          => cmp …; csel d, x, y, c; csdb
    private VReg LowerSelectSpectreGuard(Inst inst)
    {
        VReg first = Put(Arg(inst, 1)), second = Put(Arg(inst, 2));
        VReg selected = SelectOnFlags(EmitCondition(Arg(inst, 0)), TypeOf(Arg(inst, 1)), first, second);
        EmitSpeculationBarrier();
        return selected;
    }

    private void EmitSpeculationBarrier()
    {
        if (isa.UseCsdb)
        {
            Emit(A64Form.Hint, 0, Zero, []).Imm = (long)SystemHint.Csdb;
        }
    }

    // smin x, y                                             => cmp x, y; csel d, x, y, lt
    private VReg LowerMinMax(Inst inst, Condition condition)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        bool signed = condition is Condition.Lt or Condition.Gt or Condition.Le or Condition.Ge;
        int size = WideSize(type);
        VReg first = PutExtended(x, signed), second = PutExtended(y, signed);
        Compare(size, first, (ShiftedReg)second);
        return CondSelect(A64Form.Csel, condition, size, first, second);
    }

    // ---- traps

    private void LowerDebugtrap() => Emit(A64Form.Brk, 0, Zero, []);

    private void LowerCondTrap(Inst inst, bool ifZero)
    {
        Value condition = Arg(inst, 0);
        TruthTest truth = Truth(condition);
        truth = truth with { IsNegated = truth.IsNegated ^ ifZero };
        TrapCode code = Dfg[inst].TrapCode;

        // trapz x                                           => cbz x, trap
        if (truth.Kind == TruthKind.Value && FillsRegister(truth.Value))
        {
            TrapIfZero(TruthSize(truth.Value), PutTruth(truth.Value), code);
            Current.Cond = truth.IsNegated ? (byte)0 : (byte)1;
            return;
        }

        FlagTest test = EmitCondition(truth);
        if (test.Join == ConditionJoin.Both)
        {
            // Both must hold: trap if "either negation holds" is zero.
            TrapIfZero(4, SetFlag(test.Negate()), code);
            return;
        }

        TrapIf(test, code);
    }

    /// <summary>Whether cbz and cbnz see the value and nothing else.</summary>
    private bool FillsRegister(Value value) => TypeOf(value).Bytes >= 4 || IsZeroExtended(value);

    /// <summary>A register that is zero if and only if the value is.</summary>
    private VReg PutTruth(Value value) => IsInt128(TypeOf(value)) ? AnyBit128(value) : Put(value);

    private int TruthSize(Value value) => Math.Min(8, WideSize(TypeOf(value)));

    // ---- branches

    protected override void LowerBrif(Inst inst, int then, int otherwise)
    {
        TruthTest truth = Truth(Arg(inst, 0));
        switch (truth.Kind)
        {
            // brif x                                        => cbnz x, then; b else
            case TruthKind.Value when FillsRegister(truth.Value):
                VReg value = PutTruth(truth.Value);
                Begin((ushort)A64Form.BranchZero, TruthSize(truth.Value));
                Use(Operand.Use(value));
                break;

            // brif (vany_true x)                            => cbnz …, then; b else
            case TruthKind.Lanes:
                value = PutLaneBits(Arg(truth.Inst, 0), IsAllTrue(truth));
                Begin((ushort)A64Form.BranchZero, 8);
                Use(Operand.Use(value));
                truth = truth with { IsNegated = truth.IsNegated ^ IsAllTrue(truth) };
                break;

            // brif (band x, 2^k), brif (icmp slt x, 0)      => tbnz x, #k, then; b else
            case TruthKind.Bit:
                value = Put(truth.Value);
                Begin((ushort)A64Form.BranchBit);
                Use(Operand.Use(value));
                Current.Aux = (byte)truth.Bit;
                break;

            // brif (icmp cc x, y)                           => cmp x, y; b.cc then; b else
            default:
                FlagTest test = EmitCondition(truth);
                if (test.Join == ConditionJoin.Both)
                {
                    (then, otherwise) = (otherwise, then);
                    test = test.Negate();
                }

                Begin((ushort)(test.Join == ConditionJoin.Either ? A64Form.BranchEither : A64Form.Branch));
                Current.Cond = (byte)test.First;
                Current.Aux = (byte)test.Second;
                SetTargets(then, otherwise);
                return;
        }

        Current.Cond = truth.IsNegated ? (byte)0 : (byte)1;
        SetTargets(then, otherwise);
    }

    private void SetTargets(int then, int otherwise)
    {
        ref MachineInst branch = ref Current;
        branch.Flags = MachineInstFlags.Terminator;
        branch.Data = then;
        branch.Imm = otherwise;
    }

    // br_table x, default, [t0 …]                           => index = min(x, n); jump to table[index], whose last entry is the default
    protected override void LowerBrTable(Inst inst, ReadOnlySpan<int> targets)
    {
        int count = targets.Length - 1;
        if (count == 0)
        {
            EmitJump(targets[0]);
            return;
        }

        VReg limit = LoadInt(count, 4);
        VReg index = PutExtended(Arg(inst, 0), signed: false);
        CompareConstant(IntCC.UnsignedLessThan, 4, index, count);
        index = CondSelect(A64Form.Csel, Condition.Lo, 4, index, limit);
        EmitSpeculationBarrier();
        int table = AddJumpTable(targets);
        VReg address = Pseudo(A64Form.LoadTableTarget, 8, NewInt());
        Use(Operand.Use(index));
        Current.Data = table;
        Begin((ushort)A64Form.JumpTable);
        Use(Operand.Use(address));
        Current.Data = table;
        Current.Flags = MachineInstFlags.Terminator;
    }
}
