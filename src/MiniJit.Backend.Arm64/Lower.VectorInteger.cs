// Lowering rules: integer arithmetic and shifts by lane.
using System;
using MiniJit.Codegen.Lowering;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    // ---- sums and differences, also of products and of widened lanes.

    private VReg AddLanes(Inst inst, IrType type)
    {
        Value x = Arg(inst, 0), y = Arg(inst, 1);
        if (TryAddDot(x, y, out VReg dot))
        {
            return dot;
        }

        // iadd x, (imul y, z)          [one user]           => mla d = x, y, z, or smlal, umlal
        if (IsProduct(x, type, out LaneProduct product) || IsProduct(y, type, out product))
        {
            VReg addend = Put(product.Value == x ? y : x);
            return Accumulate(type, addend, product, A64Form.MlaVec, A64Form.SmlalVec, A64Form.UmlalVec);
        }

        // iadd x, (ushr y, k)          [one user, k ≠ 0]    => usra d = x, y, k, or ssra
        if (IsShiftRight(x, type, out Inst shift, out int count) || IsShiftRight(y, type, out shift, out count))
        {
            VReg addend = Put(Dfg.FirstResult(shift) == x ? y : x);
            A64Form form = Dfg[shift].Opcode == Opcode.Ushr ? A64Form.UsraVec : A64Form.SsraVec;
            return Lanes(form, type, addend, Put(Arg(shift, 0)), count);
        }

        // iadd (swiden_low x), (swiden_low y)               => saddl x, y
        // iadd x, (swiden_low y)                            => saddw x, y
        bool isWideX = IsWidened(x, out Widened wideX), isWideY = IsWidened(y, out Widened wideY);
        if (isWideX && isWideY && wideX.IsAlike(wideY))
        {
            return Long(wideX.Signed ? A64Form.SaddlVec : A64Form.UaddlVec, wideX, Put(wideX.Source), Put(wideY.Source));
        }

        if (isWideX || isWideY)
        {
            (Value other, Widened wide) = isWideY ? (x, wideY) : (y, wideX);
            return Long(wide.Signed ? A64Form.SaddwVec : A64Form.UaddwVec, wide, Put(other), Put(wide.Source));
        }

        // iadd x, y                                         => add x, y
        return Lanes(A64Form.AddVec, type, Put(x), Put(y));
    }

    private VReg SubtractLanes(Inst inst, IrType type)
    {
        Value x = Arg(inst, 0), y = Arg(inst, 1);

        // isub x, (imul y, z)          [one user]           => mls d = x, y, z, or smlsl, umlsl
        if (IsProduct(y, type, out LaneProduct product))
        {
            return Accumulate(type, Put(x), product, A64Form.MlsVec, A64Form.SmlslVec, A64Form.UmlslVec);
        }

        // isub (swiden_low x), (swiden_low y)               => ssubl x, y
        // isub x, (swiden_low y)                            => ssubw x, y
        if (IsWidened(y, out Widened wideY))
        {
            return IsWidened(x, out Widened wideX) && wideX.IsAlike(wideY)
                ? Long(wideX.Signed ? A64Form.SsublVec : A64Form.UsublVec, wideX, Put(wideX.Source), Put(wideY.Source))
                : Long(wideY.Signed ? A64Form.SsubwVec : A64Form.UsubwVec, wideY, Put(x), Put(wideY.Source));
        }

        // isub x, y                                         => sub x, y
        return Lanes(A64Form.SubVec, type, Put(x), Put(y));
    }

    /// <summary>Lanes of half of <paramref name="Source"/>, extended to twice their width.</summary>
    private readonly record struct Widened(Value Source, IrType From, bool Signed, bool High)
    {
        public bool IsAlike(Widened other) => Signed == other.Signed && High == other.High;

        /// <summary>The arrangement that names the half.</summary>
        public IrType Half => High ? From : From.LaneType.By(From.LaneCount / 2);
    }

    /// <summary>Whether the value is a widened half of a 128-bit vector. Using the source instead costs nothing.</summary>
    private bool IsWidened(Value value, out Widened widened)
    {
        Inst inst = Def(value);
        Opcode opcode = inst.IsNone ? Opcode.Nop : Dfg[inst].Opcode;
        if (opcode is not (Opcode.SwidenLow or Opcode.SwidenHigh or Opcode.UwidenLow or Opcode.UwidenHigh) || TypeOf(Arg(inst, 0)).Bits != 128)
        {
            widened = default;
            return false;
        }

        Value source = Arg(inst, 0);
        bool signed = opcode is Opcode.SwidenLow or Opcode.SwidenHigh, high = opcode is Opcode.SwidenHigh or Opcode.UwidenHigh;
        widened = new(source, TypeOf(source), signed, high);
        return true;
    }

    /// <summary>A form with wide and narrow operands, on the half that <paramref name="half"/> names.</summary>
    private VReg Long(A64Form form, Widened half, VReg a, VReg b) => Lanes(form, half.Half, a, b);

    // ---- products

    /// <summary>x · y, by lane or of widened lanes.</summary>
    private readonly record struct LaneProduct(Value Value, Value X, Value Y);

    /// <summary>Whether the value is a product with one user, and one instruction can add it to something.</summary>
    private bool IsProduct(Value value, IrType type, out LaneProduct product)
    {
        Inst inst = DefBy(value, Opcode.Imul);
        if (inst.IsNone || !HasOneUser(value))
        {
            product = default;
            return false;
        }

        product = new(value, Arg(inst, 0), Arg(inst, 1));
        return type.LaneBits <= 32 || IsWideProduct(product.X, product.Y, out _, out _);
    }

    private bool IsWideProduct(Value x, Value y, out Widened wideX, out Widened wideY)
    {
        wideY = default;
        return IsWidened(x, out wideX) && IsWidened(y, out wideY) && wideX.IsAlike(wideY);
    }

    private VReg Accumulate(IrType type, VReg sum, LaneProduct product, A64Form plain, A64Form signedLong, A64Form unsignedLong) =>
        IsWideProduct(product.X, product.Y, out Widened x, out Widened y)
            ? Lanes(x.Signed ? signedLong : unsignedLong, x.Half, sum, Put(x.Source), Put(y.Source))
            : Lanes(plain, type, sum, Put(product.X), Put(product.Y));

    // imul (swiden_low x), (swiden_low y)               => smull x, y
    // imul x, y                    [≤ 32 bits]          => mul x, y
    // imul x, y                                         => lo·lo + ((lo·hi + hi·lo) << 32)
    private VReg MultiplyLanes(Inst inst, IrType type)
    {
        Value x = Arg(inst, 0), y = Arg(inst, 1);
        if (IsWideProduct(x, y, out Widened wideX, out Widened wideY))
        {
            return Long(wideX.Signed ? A64Form.SmullVec : A64Form.UmullVec, wideX, Put(wideX.Source), Put(wideY.Source));
        }

        VReg first = Put(x), second = Put(y);
        return type.LaneBits <= 32 ? Lanes(A64Form.MulVec, type, first, second) : MultiplyDoublewords(first, second);
    }

    private VReg MultiplyDoublewords(VReg x, VReg y)
    {
        IrType words = IrType.I32X4, lowWords = IrType.I32.By(2);
        VReg cross = Lanes(A64Form.MulVec, words, Lanes(A64Form.Rev64Vec, words, y), x);
        VReg upper = Lanes(A64Form.ShlVec, IrType.I64X2, Lanes(A64Form.UaddlpVec, words, cross), 32);
        VReg lowX = Lanes(A64Form.XtnVec, lowWords, x), lowY = Lanes(A64Form.XtnVec, lowWords, y);
        return Lanes(A64Form.UmlalVec, lowWords, upper, lowX, lowY);
    }

    // umulhi x, y                  [64 bits]            => umulh of either half
    // umulhi x, y                                       => the upper halves of umull x, y and umull2 x, y
    // umulhi x, y                  [not 128 bits wide]  => those of umull x, y, narrowed
    private VReg MultiplyHigh(Inst inst, IrType type, A64Form multiplyLong, A64Form multiplyHigh)
    {
        VReg x = Put(Arg(inst, 0)), y = Put(Arg(inst, 1));
        if (type.LaneBits == 64)
        {
            ValueRegs first = VectorToInt128(x), second = VectorToInt128(y);
            return Int128ToVector(new(Binary(multiplyHigh, 8, first.Low, second.Low), Binary(multiplyHigh, 8, first.High, second.High)));
        }

        IrType lane = type.LaneType, half = lane.By(64 / lane.Bits);
        VReg low = Lanes(multiplyLong, half, x, y);
        return type.Bits == 128 ? Lanes(A64Form.Uzp2, type, low, Lanes(multiplyLong, type, x, y)) : Lanes(A64Form.ShrnVec, half, low, lane.Bits);
    }

    // ---- the rest of arithmetic

    // smin x, y                    [≤ 32 bits]          => smin x, y
    // smin x, y                                         => x > y ? y : x
    private VReg MinMaxLanes(Inst inst, IrType type, A64Form form, A64Form greater, bool least)
    {
        VReg x = Put(Arg(inst, 0)), y = Put(Arg(inst, 1));
        if (type.LaneBits <= 32)
        {
            return Lanes(form, type, x, y);
        }

        VReg isGreater = Lanes(greater, type, x, y);
        return least ? SelectBits(isGreater, y, x) : SelectBits(isGreater, x, y);
    }

    // avg_round x, y               [≤ 32 bits]          => urhadd x, y
    // avg_round x, y                                    => (x | y) − ((x ^ y) >> 1)
    private VReg AverageLanes(Inst inst, IrType type)
    {
        VReg x = Put(Arg(inst, 0)), y = Put(Arg(inst, 1));
        return type.LaneBits <= 32
            ? Lanes(A64Form.UrhaddVec, type, x, y)
            : Lanes(A64Form.SubVec, type, Lanes(A64Form.OrrVec, s_bits, x, y), Lanes(A64Form.UshrVec, type, Lanes(A64Form.EorVec, s_bits, x, y), 1));
    }

    // iadd_pairwise (swiden_low x), (swiden_high x)     => saddlp x
    // iadd_pairwise x, y                                => addp x, y
    private VReg AddPairs(Inst inst, IrType type)
    {
        if (IsPairSum(Dfg.FirstResult(inst), out Value source, out bool signed))
        {
            return Lanes(signed ? A64Form.SaddlpVec : A64Form.UaddlpVec, TypeOf(source), Put(source));
        }

        (VReg x, VReg y) = PutJoined(inst, type);
        return Lanes(A64Form.AddpVec, type, x, y);
    }

    /// <summary>
    /// The operands of an operation that takes lanes of both in turn. Those that do not fill their registers are put together, which makes
    /// both the same.
    /// </summary>
    private (VReg X, VReg Y) PutJoined(Inst inst, IrType type)
    {
        VReg x = Put(Arg(inst, 0)), y = Put(Arg(inst, 1));
        if (type.Bits >= 64)
        {
            return (x, y);
        }

        VReg joined = Lanes(A64Form.Zip1, IrType.Int(type.Bits).By(64 / type.Bits), x, y);
        return (joined, joined);
    }

    // popcnt x                                          => cnt x, and sums of pairs up to the lane's width
    private VReg CountLaneBits(IrType type, VReg x)
    {
        VReg count = Lanes(A64Form.CntVec, type.Bits == 128 ? IrType.I8X16 : IrType.I8.By(8), x);
        for (int bits = 8; bits < type.LaneBits; bits *= 2)
        {
            count = Lanes(A64Form.UaddlpVec, IrType.Int(bits).By(Math.Max(64, type.Bits) / bits), count);
        }

        return count;
    }

    // ---- shifts by one amount for all lanes. By a register, every lane of a vector gives its own amount, negative ones to the right.

    private VReg ShiftLanes(Inst inst, Opcode opcode, IrType type)
    {
        Value amount = Arg(inst, 1);
        VReg x = Put(Arg(inst, 0));

        // ishl x, k                                     => shl x, k
        // ushr x, k                    [k ≠ 0]          => ushr x, k, or sshr
        if (Const(amount, out long constant))
        {
            int count = (int)constant & (type.LaneBits - 1);
            return count == 0 ? x : Lanes(opcode switch { Opcode.Ishl => A64Form.ShlVec, Opcode.Ushr => A64Form.UshrVec, _ => A64Form.SshrVec }, type, x, count);
        }

        // ishl x, n                                     => ushl x, (dup n)
        // ushr x, n                                     => ushl x, (dup −n), or sshl
        VReg counts = BinaryImm(A64Form.AndImm, 4, PutRegs(amount).Low, type.LaneBits - 1);
        if (opcode != Opcode.Ishl)
        {
            counts = Binary(A64Form.SubShifted, 4, Zero, counts);
        }

        return Lanes(opcode == Opcode.Sshr ? A64Form.SshlVec : A64Form.UshlVec, type, x, SplatInt(type, counts));
    }

    // rotl x, k                                         => shl d = x, k; sri d, x, bits − k
    // rotl x, n                                         => (x << n) | (x >> (bits − n))
    private VReg RotateLanes(Inst inst, IrType type, bool left)
    {
        Value amount = Arg(inst, 1);
        VReg x = Put(Arg(inst, 0));
        int bits = type.LaneBits;
        if (Const(amount, out long constant))
        {
            int count = (int)(left ? constant : -constant) & (bits - 1);
            return count == 0 ? x : Lanes(A64Form.SriVec, type, Lanes(A64Form.ShlVec, type, x, count), x, bits - count);
        }

        VReg register = PutRegs(amount).Low;
        VReg up = BinaryImm(A64Form.AndImm, 4, left ? register : Binary(A64Form.SubShifted, 4, Zero, register), bits - 1);
        VReg down = BinaryImm(A64Form.SubImm, 4, up, bits);
        VReg shiftedUp = Lanes(A64Form.UshlVec, type, x, SplatInt(type, up)), shiftedDown = Lanes(A64Form.UshlVec, type, x, SplatInt(type, down));
        return Lanes(A64Form.OrrVec, s_bits, shiftedUp, shiftedDown);
    }

    /// <summary>Whether the value is a shift to the right by a constant other than 0, with one user.</summary>
    private bool IsShiftRight(Value value, IrType type, out Inst shift, out int count)
    {
        shift = Def(value);
        count = 0;
        if (shift.IsNone || Dfg[shift].Opcode is not (Opcode.Ushr or Opcode.Sshr) || !HasOneUser(value) || !Const(Arg(shift, 1), out long constant))
        {
            return false;
        }

        count = (int)constant & (type.LaneBits - 1);
        return count != 0;
    }
}
