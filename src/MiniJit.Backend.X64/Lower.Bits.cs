// Lowering rules: shifts, rotates, counts, reversals, extensions.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.X64;

internal sealed partial class X64LowerContext
{
    /// <summary>ishl, ushr, sshr.</summary>
    private VReg LowerShift(Inst inst, X64Form byImmediate, X64Form byCl, X64Form byRegister)
    {
        (IrType type, Value x, Value amount) = BinaryArgs(inst);
        int size = WideSize(type);
        VReg source = byImmediate == X64Form.ShlMi ? Put(x) : PutExtended(x, signed: byImmediate == X64Form.SarMi);

        // ishl x, iconst k                              => shl d, x, k mod B
        if (Const(amount, out long constant))
        {
            int count = (int)constant & (type.Bits - 1);

            // ishl x, 1 … 3    [x has other uses]       => lea d, [x << k]
            if (byImmediate == X64Form.ShlMi && count is >= 1 and <= 3 && type.Bytes >= 4 && !HasOneUse(x))
            {
                return Lea(size, new Mem(AddressMode.Index, default, source, (byte)count, 0, 0, 0));
            }

            return Modify(byImmediate, size, source, count);
        }

        VReg count32 = Put(amount);
        if (type.Bytes < 4)
        {
            // The processor takes the amount modulo 32, the language modulo B.
            count32 = Alu(AluOp.And, 4, count32, type.Bits - 1);
        }

        // ishl x, y                [BMI2]               => shlx d, x, y
        if (isa.UseBmi2)
        {
            VReg result = NewInt();
            Emit(byRegister, size, [result, source, count32]);
            return result;
        }

        // ishl x, y                                     => shl d, x, cl
        return ByCl(byCl, size, source, count32);
    }

    /// <summary>rotl, rotr: the byte and word forms rotate by the amount modulo their own width.</summary>
    private VReg LowerRotate(Inst inst, bool left)
    {
        (IrType type, Value x, Value amount) = BinaryArgs(inst);
        if (Const(amount, out long constant))
        {
            int count = (int)constant & (type.Bits - 1);
            if (isa.UseBmi2 && type.Bytes >= 4)
            {
                VReg result = Unary(X64Form.Rorx, type.Bytes, Put(x));
                Current.Imm = left ? (type.Bits - count) & (type.Bits - 1) : count;
                return result;
            }

            return Modify(left ? X64Form.RolMi : X64Form.RorMi, type.Bytes, Put(x), count);
        }

        return ByCl(left ? X64Form.RolCl : X64Form.RorCl, type.Bytes, Put(x), Put(amount));
    }

    private VReg ByCl(X64Form form, int size, VReg source, VReg count)
    {
        VReg result = NewInt();
        Emit(form, size, [result, source, count]);
        return result;
    }

    private VReg LowerClz(Inst inst)
    {
        IrType type = Dfg[inst].Type;
        return LeadingZeros(PutExtended(Arg(inst, 0), signed: false), type);
    }

    /// <summary>Leading zeros of a zero-extended value.</summary>
    private VReg LeadingZeros(VReg source, IrType type)
    {
        int size = WideSize(type);
        int excess = (size * 8) - type.Bits;
        if (isa.UseLzcnt)
        {
            VReg count = Unary(X64Form.Lzcnt, size, source);
            return excess == 0 ? count : Alu(AluOp.Sub, 4, count, excess);
        }

        // bsr leaves its destination alone when the source is zero: start from −1, then B − 1 − index counts B.
        VReg index = Binary(X64Form.Bsr, size, LoadInt(-1, size), source);
        return Alu(AluOp.Sub, size, LoadInt(type.Bits - 1, size), index);
    }

    // cls x                                             => clz (x ^ (x >>s 1) … ) − 1, of the value made non-negative
    private VReg LowerCls(Inst inst)
    {
        IrType type = Dfg[inst].Type;
        int size = WideSize(type);
        VReg source = PutExtended(Arg(inst, 0), signed: true);
        VReg sign = Modify(X64Form.SarMi, size, source, (size * 8) - 1);
        VReg magnitude = Binary(X64Form.XorRm, size, source, sign);
        return Alu(AluOp.Sub, size, LeadingZeros(magnitude, type), 1);
    }

    private VReg LowerCtz(Inst inst) => TrailingZeros(Put(Arg(inst, 0)), Dfg[inst].Type);

    private VReg TrailingZeros(VReg source, IrType type)
    {
        int size = WideSize(type);
        if (type.Bytes < 4)
        {
            // A sentinel bit just above the type makes zero count B.
            source = Alu(AluOp.Or, 4, source, 1 << type.Bits);
        }

        if (isa.UseBmi1)
        {
            return Unary(X64Form.Tzcnt, size, source);
        }

        return Binary(X64Form.Bsf, size, LoadInt(type.Bits, size), source);
    }

    private VReg LowerPopcnt(Inst inst) => CountBits(PutExtended(Arg(inst, 0), signed: false), Dfg[inst].Type);

    /// <summary>Number of one bits of a zero-extended value.</summary>
    private VReg CountBits(VReg x, IrType type)
    {
        int size = WideSize(type);
        if (isa.UsePopcnt)
        {
            return Unary(X64Form.Popcnt, size, x);
        }

        // Sums of 2, 4 and 8 neighbouring bits side by side, then all bytes by one multiplication (Hacker's Delight, 5-1).
        VReg pairs = Alu(AluOp.And, size, Modify(X64Form.ShrMi, size, x, 1), LoadInt(0x5555_5555_5555_5555, size));
        x = Binary(X64Form.SubRm, size, x, pairs);
        VReg mask = LoadInt(0x3333_3333_3333_3333, size);
        VReg high = Binary(X64Form.AndRm, size, Modify(X64Form.ShrMi, size, x, 2), mask);
        x = Binary(X64Form.AddRm, size, Binary(X64Form.AndRm, size, x, mask), high);
        x = Binary(X64Form.AddRm, size, x, Modify(X64Form.ShrMi, size, x, 4));
        x = Binary(X64Form.AndRm, size, x, LoadInt(0x0f0f_0f0f_0f0f_0f0f, size));
        x = Binary(X64Form.ImulRm, size, x, LoadInt(0x0101_0101_0101_0101, size));
        return Modify(X64Form.ShrMi, size, x, (size * 8) - 8);
    }

    private VReg LowerBswap(Inst inst)
    {
        IrType type = Dfg[inst].Type;
        VReg source = Put(Arg(inst, 0));
        return type == IrType.I16 ? Modify(X64Form.RolMi, 2, source, 8) : Modify(X64Form.Bswap, type.Bytes, source);
    }

    private VReg LowerBitrev(Inst inst) => ReverseBits(Put(Arg(inst, 0)), Dfg[inst].Type);

    private VReg ReverseBits(VReg x, IrType type)
    {
        int size = WideSize(type);
        x = SwapBits(size, x, 1, 0x5555_5555_5555_5555);
        x = SwapBits(size, x, 2, 0x3333_3333_3333_3333);
        x = SwapBits(size, x, 4, 0x0f0f_0f0f_0f0f_0f0f);
        return type.Bytes switch
        {
            1 => x,
            2 => Modify(X64Form.RolMi, 2, x, 8),
            _ => Modify(X64Form.Bswap, size, x),
        };
    }

    /// <summary>Exchanges neighbouring groups of <paramref name="width"/> bits: ((x &gt;&gt; w) &amp; m) | ((x &amp; m) &lt;&lt; w).</summary>
    private VReg SwapBits(int size, VReg x, int width, long mask)
    {
        VReg maskReg = LoadInt(mask, size);
        VReg high = Binary(X64Form.AndRm, size, Modify(X64Form.ShrMi, size, x, width), maskReg);
        VReg low = Modify(X64Form.ShlMi, size, Binary(X64Form.AndRm, size, x, maskReg), width);
        return Binary(X64Form.OrRm, size, high, low);
    }

    // ---- extensions

    private VReg LowerExtend(Inst inst, bool signed)
    {
        IrType type = Dfg[inst].Type;
        Value x = Arg(inst, 0);
        IrType from = TypeOf(x);

        // sextend (load.i8 …)      [one use]            => movsx d, [p]
        if (SinkableLoad(x, out Inst load) && Dfg[load].Opcode == Opcode.Load && !Dfg.MemFlagsOf(load).IsBig)
        {
            return Extend(SinkLoad(load), from, signed, type.Bytes);
        }

        // uextend x                [x is zero above its type already]                   => x
        if (!signed && IsZeroExtended(x))
        {
            return Put(x);
        }

        return Extend(Put(x), from, signed, WideSize(type));
    }

    /// <summary>
    /// Whether the instruction that computes this value writes zeros above its type: loads of i8 and i16 extend, and the processor clears the upper
    /// half for every 32-bit result.
    /// </summary>
    private bool IsZeroExtended(Value value)
    {
        Inst inst = Def(value);
        if (inst.IsNone || TypeOf(value) != IrType.I32)
        {
            return !inst.IsNone && Dfg[inst].Opcode == Opcode.Load;
        }

        return Dfg[inst].Opcode is Opcode.Iadd or Opcode.Isub or Opcode.Imul or Opcode.Band or Opcode.Bor or Opcode.Bxor
            or Opcode.Ishl or Opcode.Ushr or Opcode.Sshr or Opcode.Bnot or Opcode.Ineg or Opcode.Load or Opcode.Uload8 or Opcode.Uload16 or Opcode.Uextend;
    }

    // iconcat lo, hi           [up to i32]              => zext lo | hi << B
    private VReg LowerIconcat(Inst inst)
    {
        (IrType half, Value low, Value high) = BinaryArgs(inst);
        int size = half == IrType.I32 ? 8 : 4;
        VReg upper = Modify(X64Form.ShlMi, size, Put(high), half.Bits);
        VReg lower = half == IrType.I32 ? Extend(Put(low), half, signed: false, 8) : PutExtended(low, signed: false);
        return Binary(X64Form.OrRm, size, upper, lower);
    }

    // isplit x                 [up to i64]              => x; x >> B/2
    private void SplitWord(Inst inst)
    {
        Value x = Arg(inst, 0);
        VReg whole = Put(x);
        SetResult(inst, 0, whole);
        SetResult(inst, 1, Modify(X64Form.ShrMi, WideSize(TypeOf(x)), whole, TypeOf(x).Bits / 2));
    }

    private VReg LowerBmask(Inst inst) => Mask(Put(Arg(inst, 0)), TypeOf(Arg(inst, 0)));

    // bmask.T c                                         => neg c (carry = c ≠ 0); sbb d, d
    private VReg Mask(VReg source, IrType from)
    {
        VReg anything = LoadInt(0, 8);
        Modify(X64Form.Neg, Math.Min(from.Bytes, 8), source);
        return Binary(X64Form.SbbRm, 8, anything, anything);
    }
}
