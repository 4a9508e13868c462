// Lowering rules: comparison and shifts of integers by lane.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.X64;

internal sealed partial class X64LowerContext
{
    // ---- comparison. There are instructions for "equal" and for "greater" of signed numbers.

    private VReg CompareLanes(IntCC cc, IrType type, Value first, Value second)
    {
        if (cc is IntCC.Equal or IntCC.NotEqual)
        {
            VReg equal = EqualLanes(type, Put(first), PutVector(second));
            return cc == IntCC.Equal ? equal : Complement(equal);
        }

        if (cc is IntCC.SignedLessThan or IntCC.SignedLessThanOrEqual or IntCC.UnsignedLessThan or IntCC.UnsignedLessThanOrEqual)
        {
            (first, second) = (second, first);
            cc = cc.SwapOperands();
        }

        VReg x = Put(first), y = Put(second);
        return cc switch
        {
            IntCC.SignedGreaterThan => Greater(type, x, y, signed: true),
            IntCC.UnsignedGreaterThan => Greater(type, x, y, signed: false),
            IntCC.SignedGreaterThanOrEqual => GreaterOrEqual(type, x, y, Opcode.Smax),
            _ => GreaterOrEqual(type, x, y, Opcode.Umax),
        };
    }

    // x == y                   [64 bits before SSE4.1]  => both dwords are equal
    private VReg EqualLanes(IrType type, VReg x, RegMem y)
    {
        if (type.LaneBits <= 32 || Has(X64Form.Pcmpeqq))
        {
            return Packed(LaneForm(X64Form.Pcmpeqb, type), x, y);
        }

        VReg equal = Packed(X64Form.Pcmpeqd, x, y);
        return Packed(X64Form.Pand, equal, PackedUnary(X64Form.Pshufd, equal, 0xB1));
    }

    // x >=u y                  [16 bits]                => (y ∸ x) == 0
    // x >= y                   [there is a maximum]     => max(x, y) == x
    // x >= y                                            => ~(y > x)
    private VReg GreaterOrEqual(IrType type, VReg x, VReg y, Opcode maximum)
    {
        X64Form form = MinMaxForm(maximum, type.LaneBits);
        if (form != X64Form.None && Has(form))
        {
            return EqualLanes(type, Packed(form, x, y), x);
        }

        return form == X64Form.Pmaxuw
            ? Packed(X64Form.Pcmpeqw, Packed(X64Form.Psubusw, y, x), ZeroVector())
            : Complement(Greater(type, y, x, maximum == Opcode.Smax));
    }

    private VReg Greater(IrType type, VReg x, VReg y, bool signed)
    {
        if (!signed)
        {
            // Flipping the top bit maps the order of unsigned numbers to that of signed ones.
            Mem bias = SplatConstant(type, 1ul << (type.LaneBits - 1));
            x = Packed(X64Form.Pxor, x, bias);
            y = Packed(X64Form.Pxor, y, bias);
        }

        if (type.LaneBits <= 32 || Has(X64Form.Pcmpgtq))
        {
            return Packed(LaneForm(X64Form.Pcmpgtb, type), x, y);
        }

        // The upper dwords decide; where they are equal, the upper dword of y − x is all ones if the lower one of x is greater.
        VReg borrow = Packed(X64Form.Pand, Packed(X64Form.Pcmpeqd, x, y), Packed(X64Form.Psubq, y, x));
        return PackedUnary(X64Form.Pshufd, Packed(X64Form.Por, borrow, Packed(X64Form.Pcmpgtd, x, y)), 0xF5);
    }

    // ---- shifts by one amount for all lanes

    /// <summary>A shift amount below the lane width: a constant, or the low qword of a register.</summary>
    private readonly record struct LaneCount(VReg Register, int Constant)
    {
        public bool IsConstant => Register.IsNone;
    }

    private VReg ShiftImmediate(X64Form immediateForm, VReg x, int count)
    {
        VReg result = NewFloat();
        Emit(Sse(immediateForm), 16, [result, x]).Imm = count;
        return result;
    }

    private VReg ShiftBy(Opcode opcode, int laneBits, VReg x, LaneCount count)
    {
        (X64Form variable, X64Form immediate) = (opcode, laneBits) switch
        {
            (Opcode.Ishl, 16) => (X64Form.Psllw, X64Form.PsllwImm),
            (Opcode.Ishl, 32) => (X64Form.Pslld, X64Form.PslldImm),
            (Opcode.Ishl, _) => (X64Form.Psllq, X64Form.PsllqImm),
            (Opcode.Ushr, 16) => (X64Form.Psrlw, X64Form.PsrlwImm),
            (Opcode.Ushr, 32) => (X64Form.Psrld, X64Form.PsrldImm),
            (Opcode.Ushr, _) => (X64Form.Psrlq, X64Form.PsrlqImm),
            (_, 16) => (X64Form.Psraw, X64Form.PsrawImm),
            _ => (X64Form.Psrad, X64Form.PsradImm),
        };
        return count.IsConstant ? ShiftImmediate(immediate, x, count.Constant) : Packed(variable, x, count.Register);
    }

    private VReg ShiftLanes(Inst inst, Opcode opcode, IrType type)
    {
        VReg x = Put(Arg(inst, 0));
        Value amount = Arg(inst, 1);

        // A byte is shifted arithmetically in the upper half of a word, which takes it down by 8 as well.
        int bias = opcode == Opcode.Sshr && type.LaneBits == 8 ? 8 : 0;
        LaneCount count;
        if (Const(amount, out long constant))
        {
            count = new(default, ((int)constant & (type.LaneBits - 1)) + bias);
        }
        else
        {
            VReg bits = Alu(AluOp.And, 4, PutRegs(amount).Low, type.LaneBits - 1);
            count = new(IntToVector(bias == 0 ? bits : Alu(AluOp.Add, 4, bits, bias), 4), 0);
        }

        return (opcode, type.LaneBits) switch
        {
            (Opcode.Sshr, 8) => Packed(
                X64Form.Packsswb,
                ShiftBy(Opcode.Sshr, 16, Packed(X64Form.Punpcklbw, x, x), count),
                ShiftBy(Opcode.Sshr, 16, Packed(X64Form.Punpckhbw, x, x), count)),
            (_, 8) => ShiftBytes(opcode, x, count),
            (Opcode.Sshr, 64) => ShiftQwordsRight(x, count),
            _ => ShiftBy(opcode, type.LaneBits, x, count),
        };
    }

    // ishl, ushr x             [i8x16, constant]        => psllw x; pand with the bits that stayed in their byte
    // ishl x, n                [i8x16]                  => ((x << n) & 00FF) | ((x & FF00) << n), by words
    // ushr x, n                [i8x16]                  => ((x >> n) & FF00) | ((x & 00FF) >> n)
    private VReg ShiftBytes(Opcode opcode, VReg x, LaneCount count)
    {
        bool left = opcode == Opcode.Ishl;
        if (count.IsConstant)
        {
            Mem staying = SplatConstant(IrType.I8X16, left ? 0xFFu << count.Constant : 0xFFu >> count.Constant);
            return Packed(X64Form.Pand, ShiftBy(opcode, 16, x, count), staying);
        }

        Mem low = SplatConstant(IrType.I16X8, 0x00FF), high = SplatConstant(IrType.I16X8, 0xFF00);
        VReg whole = Packed(X64Form.Pand, ShiftBy(opcode, 16, x, count), left ? low : high);
        VReg cleared = ShiftBy(opcode, 16, Packed(X64Form.Pand, x, left ? high : low), count);
        return Packed(X64Form.Por, whole, cleared);
    }

    // sshr x, n                [i64x2]                  => ((x >>u n) ^ s) − s, where s = 2⁶³ >>u n
    private VReg ShiftQwordsRight(VReg x, LaneCount count)
    {
        VReg sign = count.IsConstant
            ? LoadVector(SplatConstant(IrType.I64X2, 1ul << (63 - count.Constant)))
            : ShiftBy(Opcode.Ushr, 64, LoadVector(SplatConstant(IrType.I64X2, 1ul << 63)), count);
        return Packed(X64Form.Psubq, Packed(X64Form.Pxor, ShiftBy(Opcode.Ushr, 64, x, count), sign), sign);
    }
}
