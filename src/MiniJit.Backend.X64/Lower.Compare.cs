// Lowering rules: comparisons, selection, conditional traps and branches. A comparison is emitted where its flags are wanted, so
// compare-and-branch, compare-and-select and compare-and-trap are one matcher: EmitCondition.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.X64;

internal sealed partial class X64LowerContext
{
    private static Condition ConditionOf(IntCC cc) => cc switch
    {
        IntCC.Equal => Condition.Equal,
        IntCC.NotEqual => Condition.NotEqual,
        IntCC.SignedLessThan => Condition.Less,
        IntCC.SignedGreaterThanOrEqual => Condition.GreaterEqual,
        IntCC.SignedGreaterThan => Condition.Greater,
        IntCC.SignedLessThanOrEqual => Condition.LessEqual,
        IntCC.UnsignedLessThan => Condition.Below,
        IntCC.UnsignedGreaterThanOrEqual => Condition.AboveEqual,
        IntCC.UnsignedGreaterThan => Condition.Above,
        _ => Condition.BelowEqual,
    };

    /// <summary>
    /// Emits the comparison behind a truth value (any scalar integer, true if not zero) and says which flags mean "true".
    /// The flags must be consumed before anything else that writes them is emitted: put other operands in registers first.
    /// </summary>
    private FlagTest EmitCondition(Value condition)
    {
        Inst inst = Def(condition);
        if (!inst.IsNone)
        {
            switch (Dfg[inst].Opcode)
            {
                // icmp cc x, y
                case Opcode.Icmp when IsWord(TypeOf(Arg(inst, 0))):
                    return EmitIcmp(Dfg[inst].IntCC, Arg(inst, 0), Arg(inst, 1));

                case Opcode.Icmp when IsInt128(TypeOf(Arg(inst, 0))):
                    return EmitIcmp128(Dfg[inst].IntCC, Arg(inst, 0), Arg(inst, 1));

                // fcmp cc x, y
                case Opcode.Fcmp when IsScalarFloat(TypeOf(Arg(inst, 0))):
                    return EmitFcmp(Dfg[inst].FloatCC, Arg(inst, 0), Arg(inst, 1));

                // vany_true x, vall_true x
                case Opcode.VanyTrue when IsVector(TypeOf(Arg(inst, 0))):
                    return EmitAnyTrue(Arg(inst, 0));

                case Opcode.VallTrue when IsVector(TypeOf(Arg(inst, 0))):
                    return EmitAllTrue(Arg(inst, 0));

                // uextend c: the extension does not change whether it is zero
                case Opcode.Uextend or Opcode.Sextend when IsWord(TypeOf(Arg(inst, 0))):
                    return EmitCondition(Arg(inst, 0));

                // band x, y                             => test x, y
                case Opcode.Band when HasOneUse(condition) && IsWord(TypeOf(condition)):
                    EmitTest(inst);
                    return Condition.NotEqual;
            }
        }

        if (IsInt128(TypeOf(condition)))
        {
            return TestNonZero128(condition);
        }

        VReg value = Put(condition);
        Test(TypeOf(condition).Bytes, value, value);
        return Condition.NotEqual;
    }

    private FlagTest EmitIcmp(IntCC cc, Value x, Value y)
    {
        int size = TypeOf(x).Bytes;
        if ((Const(x, out _) && !Const(y, out _)) || (SinkableLoad(x, out _) && !SinkableLoad(y, out _) && !Const(y, out _)))
        {
            (x, y) = (y, x);
            cc = cc.SwapOperands();
        }

        if (Const(y, out long zero) && zero == 0)
        {
            if (cc is IntCC.Equal or IntCC.NotEqual)
            {
                // icmp eq (icmp …), 0                   => the inner comparison, negated
                Inst inner = Def(x);
                if (!inner.IsNone && Dfg[inner].Opcode is Opcode.Icmp or Opcode.Fcmp && TypeOf(x) == IrType.I8)
                {
                    FlagTest test = EmitCondition(x);
                    return cc == IntCC.Equal ? test.Negate() : test;
                }

                // icmp eq (band x, y), 0                => test x, y
                inner = DefBy(x, Opcode.Band);
                if (!inner.IsNone && HasOneUse(x))
                {
                    EmitTest(inner);
                    return ConditionOf(cc);
                }
            }

            // icmp cc x, 0                              => test x, x
            if (!SinkableLoad(x, out _))
            {
                VReg value = Put(x);
                Test(size, value, value);
                return ConditionOf(cc);
            }
        }

        // icmp cc (load), iconst k                      => cmp [p], k
        if (Const32(y, out int constant) && size >= 4 && PutRegMem(x, size) is { IsMem: true } memory)
        {
            Emit(X64Form.CmpMi, size, [], memory.Mem).Imm = constant;
            return ConditionOf(cc);
        }

        // icmp cc x, y                                  => cmp x, y
        Compare(size, Put(x), PutRegMemImm(y, size));
        return ConditionOf(cc);
    }

    /// <summary>test x, y for <c>band x, y</c>.</summary>
    private void EmitTest(Inst band)
    {
        (IrType type, Value x, Value y) = BinaryArgs(band);
        if (Const32(y, out int constant))
        {
            TestImm(type.Bytes, Put(x), constant);
        }
        else
        {
            VReg first = Put(x), second = Put(y);
            Test(type.Bytes, first, second);
        }
    }

    // ucomis sets CF, ZF and PF: unordered 111, less 100, equal 010, greater 000. "Less" is therefore asked with exchanged operands.
    private FlagTest EmitFcmp(FloatCC cc, Value x, Value y)
    {
        if (cc is FloatCC.LessThan or FloatCC.LessThanOrEqual or FloatCC.UnorderedOrGreaterThan or FloatCC.UnorderedOrGreaterThanOrEqual)
        {
            (x, y) = (y, x);
            cc = cc.SwapOperands();
        }

        IrType type = TypeOf(x);
        X64Form form = Sse(type == IrType.F64 ? X64Form.Ucomisd : X64Form.Ucomiss);
        VReg first = Put(x);
        RegMem second = PutRegMem(y, type.Bytes);
        if (second.IsMem)
        {
            Emit(form, type.Bytes, [first], second.Mem);
        }
        else
        {
            Emit(form, type.Bytes, [first, second.Reg]);
        }

        return cc switch
        {
            FloatCC.Equal => new FlagTest(ConditionJoin.Both, Condition.Equal, Condition.NotParity),
            FloatCC.NotEqual => new FlagTest(ConditionJoin.Either, Condition.NotEqual, Condition.Parity),
            FloatCC.GreaterThan => Condition.Above,
            FloatCC.GreaterThanOrEqual => Condition.AboveEqual,
            FloatCC.UnorderedOrLessThan => Condition.Below,
            FloatCC.UnorderedOrLessThanOrEqual => Condition.BelowEqual,
            FloatCC.OrderedNotEqual => Condition.NotEqual,
            FloatCC.UnorderedOrEqual => Condition.Equal,
            FloatCC.Ordered => Condition.NotParity,
            _ => Condition.Parity,
        };
    }

    /// <summary>0 or 1 from flags.</summary>
    private VReg SetFlag(FlagTest test)
    {
        VReg first = Setcc(test.First);
        return test.Join switch
        {
            ConditionJoin.Either => Binary(X64Form.OrRm, 4, first, Setcc(test.Second)),
            ConditionJoin.Both => Binary(X64Form.AndRm, 4, first, Setcc(test.Second)),
            _ => first,
        };
    }

    private VReg LowerIcmp(Inst inst) => SetFlag(EmitIcmp(Dfg[inst].IntCC, Arg(inst, 0), Arg(inst, 1)));

    private VReg LowerFcmp(Inst inst) => SetFlag(EmitFcmp(Dfg[inst].FloatCC, Arg(inst, 0), Arg(inst, 1)));

    // select c, x, y                                    => cmp …; cmovcc d, y, x
    private VReg LowerSelect(Inst inst)
    {
        Value condition = Arg(inst, 0), x = Arg(inst, 1), y = Arg(inst, 2);
        IrType type = TypeOf(x);
        VReg ifTrue = Put(x), ifFalse = Put(y);
        FlagTest test = EmitCondition(condition);
        if (test.Join == ConditionJoin.Both)
        {
            // Both conditions hold: neither negation does.
            (ifTrue, ifFalse) = (ifFalse, ifTrue);
            test = test.Negate();
        }

        VReg selected = SelectOnFlags(test.First, type, ifFalse, ifTrue);
        return test.Join == ConditionJoin.Either ? SelectOnFlags(test.Second, type, selected, ifTrue) : selected;
    }

    private VReg SelectOnFlags(Condition condition, IrType type, VReg ifFalse, VReg ifTrue)
    {
        if (type.IsInt)
        {
            return Cmov(condition, type.Bytes, ifFalse, ifTrue);
        }

        VReg result = NewFloat();
        Begin((ushort)X64Form.SelectFloat, type.Bytes);
        Use(Operand.DefReusing(result, 1));
        Use(Operand.Use(ifFalse));
        Use(Operand.Use(ifTrue));
        Current.Cond = (byte)condition;
        return result;
    }

    // bitselect c, x, y                                 => (c & x) | (~c & y)
    private VReg LowerBitselect(Inst inst)
    {
        VReg c = Put(Arg(inst, 0)), x = Put(Arg(inst, 1)), y = Put(Arg(inst, 2));
        IrType type = Dfg[inst].Type;
        return type.IsInt
            ? SelectBits(WideSize(type), c, x, y)
            : Vex2(Sse(X64Form.Orps), 16, Vex2(Sse(X64Form.Andps), 16, x, c), Vex2(Sse(X64Form.Andnps), 16, c, y));
    }

    private VReg SelectBits(int size, VReg c, VReg x, VReg y)
    {
        VReg chosen = Binary(X64Form.AndRm, size, x, c);
        VReg rest = Binary(X64Form.AndRm, size, y, Modify(X64Form.Not, size, c));
        return Binary(X64Form.OrRm, size, chosen, rest);
    }

    // ---- conditional traps

    private void LowerCondTrap(Inst inst, bool ifZero)
    {
        FlagTest test = EmitCondition(Arg(inst, 0));
        test = ifZero ? test.Negate() : test;
        TrapCode code = Dfg[inst].TrapCode;
        if (test.Join == ConditionJoin.Both)
        {
            // Both must hold: trap if a byte that says so is not zero.
            VReg flag = SetFlag(test);
            Test(1, flag, flag);
            test = Condition.NotEqual;
        }

        TrapIf(test, code);
    }

    // ---- branches

    protected override void LowerBrif(Inst inst, int then, int otherwise)
    {
        FlagTest test = EmitCondition(Arg(inst, 0));
        if (test.Join == ConditionJoin.Both)
        {
            (then, otherwise) = (otherwise, then);
            test = test.Negate();
        }

        Begin((ushort)(test.Join == ConditionJoin.Either ? X64Form.JccEitherLabel : X64Form.JccLabel));
        ref MachineInst branch = ref Current;
        branch.Flags = MachineInstFlags.Terminator;
        branch.Cond = (byte)test.First;
        branch.Aux = (byte)test.Second;
        branch.Data = then;
        branch.Imm = otherwise;
    }

    // br_table x, default, [t0 …]                       => index = min(x, n); jump to table[index], whose last entry is the default
    protected override void LowerBrTable(Inst inst, ReadOnlySpan<int> targets)
    {
        int count = targets.Length - 1;
        if (count == 0)
        {
            EmitJump(targets[0]);
            return;
        }

        VReg limit = LoadInt(count, 4);
        VReg index = PutExtended(Arg(inst, 0), signed: false, 8);
        Compare(4, index, count);
        index = Cmov(Condition.AboveEqual, 4, index, limit);
        int table = AddJumpTable(targets);
        VReg address = NewInt();
        Begin((ushort)X64Form.LoadTableTarget, 8);
        Use(Operand.DefEarly(address));
        Use(Operand.Use(index));
        Current.Data = table;
        Begin((ushort)X64Form.JmpTable);
        Use(Operand.Use(address));
        Current.Data = table;
        Current.Flags = MachineInstFlags.Terminator;
    }
}
