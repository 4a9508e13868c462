// Lowering rules: logic, shifts, rotates, counts, reversals, extensions.
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    // ---- logic

    /// <summary>band, bor, bxor on integers.</summary>
    private VReg LowerLogic(Inst inst)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        int size = WideSize(type);
        Opcode opcode = Dfg[inst].Opcode;
        if (Const(x, out _))
        {
            (x, y) = (y, x);
        }

        (A64Form plain, A64Form immediate, A64Form complement) = opcode switch
        {
            Opcode.Band => (A64Form.And, A64Form.AndImm, A64Form.Bic),
            Opcode.Bor => (A64Form.Orr, A64Form.OrrImm, A64Form.Orn),
            _ => (A64Form.Eor, A64Form.EorImm, A64Form.Eon),
        };
        if (Const(y, out long constant))
        {
            // band (ushr x, k), 2^w−1                    => ubfx d, x, #k, #w
            // band (ishl x, k), (2^w−1) << k             => ubfiz d, x, #k, #w
            if (opcode == Opcode.Band && MaskedField(inst, out BitField field) && field.SourceLsb + field.TargetLsb != 0)
            {
                return ExtractField(size, field);
            }

            // band x, iconst k     [k is a bitmask]      => and d, x, #k
            if (LogicalImmediate(constant, type, out BitmaskImm imm))
            {
                return BinaryImm(immediate, size, Put(x), (long)imm.Value);
            }

            return Binary(plain, size, Put(x), (ShiftedReg)Put(y));
        }

        if (opcode == Opcode.Bor && TryMergeFields(type, x, y, out VReg merged))
        {
            return merged;
        }

        // band x, (bnot y)                               => bic d, x, y              (bor: orn, bxor: eon)
        if (Complement(x, out _) && !Complement(y, out _))
        {
            (x, y) = (y, x);
        }

        bool isComplement = Complement(y, out Value source);
        if (isComplement)
        {
            return Binary(complement, size, Put(x), PutShifted(source, rotates: true));
        }

        // band x, (rotr y, k)                            => and d, x, y, ror #k
        // band x, y                                      => and d, x, y
        if (!ShiftedOperand(y, rotates: true, out _) && ShiftedOperand(x, rotates: true, out _))
        {
            (x, y) = (y, x);
        }

        return Binary(plain, size, Put(x), PutShifted(y, rotates: true));
    }

    /// <summary>A constant as a logical immediate. The bits above i8 and i16 are free: they may be zeros, ones, or the constant again.</summary>
    private static bool LogicalImmediate(long constant, IrType type, out BitmaskImm imm)
    {
        ulong bits = BitsOf(constant, type);
        if (BitmaskImm.TryCreate(bits, WideSize(type), out imm))
        {
            return true;
        }

        ulong repeated = type.Bytes switch
        {
            1 => bits * 0x0101_0101,
            2 => bits * 0x0001_0001,
            _ => bits,
        };
        return type.Bytes < 4 && (BitmaskImm.TryCreate((uint)constant, 4, out imm) || BitmaskImm.TryCreate(repeated, 4, out imm));
    }

    /// <summary>Unions of fields that do not overlap.</summary>
    private bool TryMergeFields(IrType type, Value x, Value y, out VReg merged)
    {
        // bor (ishl x, k), (ushr y, bits − k)            => extr d, x, y, #(bits − k)
        if (type.Bytes >= 4 && (TryExtract(type, x, y, out merged) || TryExtract(type, y, x, out merged)))
        {
            return true;
        }

        // bor (band x, ~m), (field of y at m)            => bfi d = x, y, #lsb, #width  or  bfxil
        return TryInsert(type, x, y, out merged) || TryInsert(type, y, x, out merged);
    }

    private bool TryExtract(IrType type, Value x, Value y, out VReg merged)
    {
        merged = default;
        if (!HasOneUser(x) || !HasOneUser(y) || !ShiftBy(x, Opcode.Ishl, out Value high, out int left)
            || !ShiftBy(y, Opcode.Ushr, out Value low, out int right) || left + right != type.Bits)
        {
            return false;
        }

        merged = Extract(type.Bytes, Put(high), Put(low), right);
        return true;
    }

    // extr d, x, y, #lsb; with x = y it is ror d, x, #lsb
    private VReg Extract(int size, VReg high, VReg low, int lsb)
    {
        VReg result = Binary(A64Form.Extr, size, high, low);
        Current.Imm = lsb;
        return result;
    }

    private bool TryInsert(IrType type, Value into, Value from, out VReg merged)
    {
        merged = default;
        if (!ClearedField(into, out Value kept, out int lsb, out int width) || !HasOneUser(from) || !TryBitField(from, out BitField field)
            || field.TargetLsb != lsb || field.Width != width)
        {
            return false;
        }

        merged = InsertField(WideSize(type), Put(kept), field);
        return true;
    }

    // bnot (bxor x, y)                                   => eon d, x, y
    // bnot (ishl x, k)                                   => mvn d, x, lsl #k
    // bnot x                                             => mvn d, x
    private VReg LowerBnot(Inst inst)
    {
        Value x = Arg(inst, 0);
        int size = WideSize(Dfg[inst].Type);
        Inst xor = OnlyDefBy(x, Opcode.Bxor);
        return !xor.IsNone && !Const(Arg(xor, 1), out _)
            ? Binary(A64Form.Eon, size, Put(Arg(xor, 0)), PutShifted(Arg(xor, 1), rotates: true))
            : Binary(A64Form.Orn, size, Zero, PutShifted(x, rotates: true));
    }

    // bitselect c, x, y                                  => (c & x) | (y & ~c)
    private VReg LowerBitselect(Inst inst)
    {
        IrType type = Dfg[inst].Type;
        VReg c = Put(Arg(inst, 0)), x = Put(Arg(inst, 1)), y = Put(Arg(inst, 2));
        if (!type.IsInt)
        {
            return SelectFloatBits(c, x, y);
        }

        int size = WideSize(type);
        VReg chosen = Binary(A64Form.And, size, x, (ShiftedReg)c);
        VReg rest = Binary(A64Form.Bic, size, y, (ShiftedReg)c);
        return Binary(A64Form.Orr, size, chosen, (ShiftedReg)rest);
    }

    // ---- shifts

    /// <summary>ishl, ushr, sshr.</summary>
    private VReg LowerShift(Inst inst)
    {
        (IrType type, Value x, Value amount) = BinaryArgs(inst);
        int size = WideSize(type);
        Opcode opcode = Dfg[inst].Opcode;
        bool signed = opcode == Opcode.Sshr;
        if (ConstAmount(inst, out int count))
        {
            return signed ? SignedShiftRight(type, x, count) : ShiftByConstant(inst, type, x, count);
        }

        // ishl x, y                                      => lsl d, x, y              (amounts modulo 32 and 64 are the instruction's own)
        VReg source = opcode == Opcode.Ishl ? Put(x) : PutExtended(x, signed);
        A64Form form = opcode switch
        {
            Opcode.Ishl => A64Form.Lslv,
            Opcode.Ushr => A64Form.Lsrv,
            _ => A64Form.Asrv,
        };
        VReg amountReg = Put(StripAmount(amount, type.Bits));
        return Binary(form, size, source, type.Bytes >= 4 ? amountReg : MaskAmount(amountReg, type));
    }

    private VReg MaskAmount(VReg amount, IrType type) => BinaryImm(A64Form.AndImm, 4, amount, type.Bits - 1);

    private VReg ShiftByConstant(Inst inst, IrType type, Value x, int count)
    {
        // ishl (sextend x), k                            => sbfiz d, x, #k, #width
        Inst extend = DefBy(x, Opcode.Sextend);
        if (Dfg[inst].Opcode == Opcode.Ishl && !extend.IsNone && count != 0)
        {
            Value narrow = Arg(extend, 0);
            int size = WideSize(type), width = System.Math.Min(TypeOf(narrow).Bits, type.Bits - count);
            return BinaryImm(A64Form.Sbfm, size, Put(narrow), (size * 8) - count, width - 1);
        }

        // ushr (umulhi.i32 x, y), k                      => umull t, x, y; lsr d, t, #(32 + k)
        if (Dfg[inst].Opcode == Opcode.Ushr && TryShiftHighHalf(type, x, count, signed: false, out VReg high))
        {
            return high;
        }

        // ishl x, k                                      => lsl d, x, #k
        // ishl (uextend x), k                            => ubfiz d, x, #k, #width
        // ushr x, k                                      => lsr d, x, #k             (i8, i16: ubfx)
        // ushr (ishl x, a), b                            => ubfx  or  ubfiz
        BitField field;
        _ = Dfg[inst].Opcode == Opcode.Ishl ? LeftField(inst, out field) : RightField(inst, out field);
        return ExtractField(WideSize(type), field);
    }

    private VReg SignedShiftRight(IrType type, Value x, int count)
    {
        int size = WideSize(type);

        // sshr (smulhi.i32 x, y), k                      => smull t, x, y; asr d, t, #(32 + k)
        if (TryShiftHighHalf(type, x, count, signed: true, out VReg high))
        {
            return high;
        }

        // sshr (ishl x, a), b                            => sbfx  or  sbfiz
        if (ShiftBy(x, Opcode.Ishl, out Value source, out int left))
        {
            return BinaryImm(A64Form.Sbfm, size, Put(source), (count - left) & ((size * 8) - 1), type.Bits - 1 - left);
        }

        // sshr (sextend x), k      [k < bits of x]       => sbfx d, x, #k, #(bits − k)
        Inst extend = DefBy(x, Opcode.Sextend);
        if (!extend.IsNone && count < TypeOf(Arg(extend, 0)).Bits)
        {
            Value narrow = Arg(extend, 0);
            return BinaryImm(A64Form.Sbfm, size, Put(narrow), count, TypeOf(narrow).Bits - 1);
        }

        // sshr x, k                                      => asr d, x, #k             (i8, i16: sbfx)
        return BinaryImm(A64Form.Sbfm, size, Put(x), count, type.Bits - 1);
    }

    /// <summary>A high half that was shifted down anyway is shifted once: what divisions by constants become.</summary>
    private bool TryShiftHighHalf(IrType type, Value x, int count, bool signed, out VReg shifted)
    {
        Inst multiply = type == IrType.I64 ? default : OnlyDefBy(x, signed ? Opcode.Smulhi : Opcode.Umulhi);
        shifted = multiply.IsNone
            ? default
            : ShiftRight(type == IrType.I32 ? 8 : 4, DoubleProduct(type, Arg(multiply, 0), Arg(multiply, 1), signed), type.Bits + count, signed);
        return !multiply.IsNone;
    }

    /// <summary>The amount without what does not change it modulo <paramref name="bits"/>: masks of the low bits, extensions, reductions.</summary>
    private Value StripAmount(Value amount, int bits)
    {
        while (true)
        {
            Inst inst = Def(amount);
            if (inst.IsNone)
            {
                return amount;
            }

            bool isRedundant = Dfg[inst].Opcode switch
            {
                Opcode.Band => Const(Arg(inst, 1), out long mask) && ((int)mask & (bits - 1)) == bits - 1,
                Opcode.Uextend or Opcode.Sextend => true,
                Opcode.Ireduce => TypeOf(Arg(inst, 0)).Bits <= 64,
                _ => false,
            };
            if (!isRedundant)
            {
                return amount;
            }

            amount = Arg(inst, 0);
        }
    }

    /// <summary>rotl, rotr. Only rotations right exist.</summary>
    private VReg LowerRotate(Inst inst, bool left)
    {
        (IrType type, Value x, Value amount) = BinaryArgs(inst);
        VReg source = Put(x);
        if (ConstAmount(inst, out int count))
        {
            count = left ? -count & (type.Bits - 1) : count;

            // rotr x, k                                  => ror d, x, #k
            // rotr.i16 x, k                              => x:x; lsr d, x:x, #k
            return type.Bytes >= 4
                ? Extract(type.Bytes, source, source, count)
                : ShiftRight(4, Repeat(source, type.Bits), count, signed: false);
        }

        // rotl x, y                                      => neg t, y; ror d, x, t
        int size = WideSize(type);
        VReg amountReg = Put(StripAmount(amount, type.Bits));
        amountReg = left ? Binary(A64Form.SubShifted, 4, Zero, (ShiftedReg)amountReg) : amountReg;

        // rotr.i8 x, y                                   => x:x:x:x; ror d, x:x:x:x, y
        source = type.Bytes == 1 ? Repeat(source, 8) : source;
        source = type.Bytes < 4 ? Repeat(source, 16) : source;
        return Binary(A64Form.Rorv, size, source, amountReg);
    }

    // bfi d = x, x, #bits, #bits
    private VReg Repeat(VReg x, int bits)
    {
        VReg result = NewInt();
        ref MachineInst inst = ref Emit(A64Form.Bfm, 4, result, [x, x]);
        inst.Imm = 32 - bits;
        inst.Aux = (byte)(bits - 1);
        return result;
    }

    // ---- counts and reversals

    // clz x                                              => clz d, x                 (i8: uxtb; clz; sub #24)
    private VReg LowerClz(Inst inst) => CountNarrow(A64Form.Clz, Dfg[inst].Type, PutExtended(Arg(inst, 0), signed: false));

    // cls x                                              => cls d, x                 (i8: sxtb; cls; sub #24)
    private VReg LowerCls(Inst inst) => CountNarrow(A64Form.Cls, Dfg[inst].Type, PutExtended(Arg(inst, 0), signed: true));

    private VReg CountNarrow(A64Form form, IrType type, VReg extended)
    {
        int size = WideSize(type), excess = (size * 8) - type.Bits;
        VReg count = Unary(form, size, extended);
        return excess == 0 ? count : BinaryImm(A64Form.SubImm, 4, count, excess);
    }

    // ctz x                                              => rbit t, x; clz d, t
    private VReg LowerCtz(Inst inst)
    {
        IrType type = Dfg[inst].Type;
        int size = WideSize(type);
        VReg reversed = Unary(A64Form.Rbit, size, Put(Arg(inst, 0)));
        if (type.Bytes < 4)
        {
            // A sentinel bit just above the type, here just below it, makes zero count B.
            reversed = BinaryImm(A64Form.OrrImm, 4, reversed, 1L << (31 - type.Bits));
        }

        return Unary(A64Form.Clz, size, reversed);
    }

    // popcnt x                                           => fmov v, x; cnt v.8b; addv b, v.8b; fmov d, v
    private VReg LowerPopcnt(Inst inst)
    {
        IrType type = Dfg[inst].Type;
        int size = WideSize(type);
        VReg bytes = Convert(A64Form.FmovFromInt, size, size, Put(Arg(inst, 0)), NewFloat());
        bytes = FloatUnary(A64Form.CntVec, 8, bytes);

        // i8 is one byte, i16 the sum of two: what is counted above them does not matter.
        VReg sum = type.Bytes switch
        {
            1 => bytes,
            2 => FloatUnary(A64Form.UaddlpVec, 8, bytes),
            _ => FloatUnary(A64Form.Addv, 8, bytes),
        };
        return Convert(A64Form.FmovToInt, 4, 4, sum, NewInt());
    }

    // bswap x                                            => rev d, x                 (i16: rev16)
    private VReg LowerBswap(Inst inst)
    {
        IrType type = Dfg[inst].Type;
        A64Form form = type.Bytes switch
        {
            2 => A64Form.Rev16,
            4 => A64Form.RevW,
            _ => A64Form.RevX,
        };
        return Unary(form, WideSize(type), Put(Arg(inst, 0)));
    }

    // bitrev x                                           => rbit d, x                (i8, i16: then down from the top)
    private VReg LowerBitrev(Inst inst)
    {
        IrType type = Dfg[inst].Type;
        int size = WideSize(type);
        VReg reversed = Unary(A64Form.Rbit, size, Put(Arg(inst, 0)));
        return type.Bytes >= 4 ? reversed : ShiftRight(4, reversed, 32 - type.Bits, signed: false);
    }

    // ---- extensions

    private VReg LowerExtend(Inst inst, bool signed)
    {
        IrType type = Dfg[inst].Type;
        Value x = Arg(inst, 0);
        IrType from = TypeOf(x);

        // uextend x                [zero above its type] => x
        if (!signed && IsZeroExtended(x))
        {
            return Put(x);
        }

        // sextend (extractlane x, n)                     => smov d, x[n]
        Inst extraction = DefBy(x, Opcode.Extractlane);
        if (signed && !extraction.IsNone)
        {
            return ExtractSignedLane(type, TypeOf(Arg(extraction, 0)), Put(Arg(extraction, 0)), Dfg[extraction].Imm8);
        }

        // sextend (load.i8 p)      [one use]             => ldrsb d, [p]
        if (signed && SinkableLoad(x, out Inst load) && Dfg[load].Opcode == Opcode.Load && !IsSwapped(load, from.Bytes))
        {
            Mem memory = Address(load, Arg(load, 0), Dfg[load].Offset, from.Bytes);
            Sink(load);
            return LoadFrom(SignedAccess(from, WideSize(type)), memory);
        }

        // sextend (ireduce (ushr x, k))                  => sbfx d, x, #k, #bits
        Inst reduce = DefBy(x, Opcode.Ireduce);
        if (!reduce.IsNone && IsWord(TypeOf(Arg(reduce, 0))))
        {
            Value wide = Arg(reduce, 0);
            if ((ShiftBy(wide, Opcode.Ushr, out Value source, out int amount) || ShiftBy(wide, Opcode.Sshr, out source, out amount))
                && amount + from.Bits <= TypeOf(wide).Bits)
            {
                int size = System.Math.Max(WideSize(type), WideSize(TypeOf(wide)));
                return BinaryImm(signed ? A64Form.Sbfm : A64Form.Ubfm, size, Put(source), amount, amount + from.Bits - 1);
            }
        }

        // sextend x                                      => sxtb, sxth, sxtw
        // uextend x                                      => uxtb, uxth, mov w
        return Extend(Put(x), from, signed, WideSize(type));
    }

    // bmask.T c                                          => cmp …; csetm d, c
    private VReg LowerBmask(Inst inst) => SetMask(EmitCondition(Arg(inst, 0)));
}
