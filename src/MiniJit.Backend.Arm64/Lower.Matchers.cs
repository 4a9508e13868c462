// What arithmetic and logic fold into one instruction: a shifted or extended last operand, a product, a complement, a bit field. Matchers are
// pure; what they return is put into registers once the rule is certain.
//
// Folding an operand that others use too would compute it twice, so shifts, extensions and products are folded for their only user. A bit field
// takes the place of an instruction that is needed anyway, and asks nobody.
using System.Numerics;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

/// <summary>A value, shifted by a constant.</summary>
internal readonly record struct ShiftedValue(Value Source, Shift Shift, int Amount);

/// <summary>A value, extended and then shifted left by 0 to 4.</summary>
internal readonly record struct ExtendedValue(Value Source, Extend Extend, int Amount);

/// <summary>
/// Bits SourceLsb … SourceLsb + Width − 1 of Source, standing at bit TargetLsb of an otherwise zero word. One of the two positions is 0: that is
/// what UBFM and BFM can do.
/// </summary>
internal readonly record struct BitField(Value Source, int SourceLsb, int TargetLsb, int Width);

internal sealed partial class Arm64LowerContext
{
    private const int MaxExtendedShift = 4;

    private ShiftedReg Put(ShiftedValue value) => new(Put(value.Source), value.Shift, value.Amount);

    private ExtendedReg Put(ExtendedValue value) => new(Put(value.Source), value.Extend, value.Amount);

    /// <summary>The last operand of an add, sub or logical instruction (which rotates, too), shifted if it is a shift for this use only.</summary>
    private ShiftedReg PutShifted(Value value, bool rotates) =>
        ShiftedOperand(value, rotates, out ShiftedValue shifted) ? Put(shifted) : PutOrZero(value);

    private (IrType Type, Value X, Value Y) BinaryArgs(Inst inst) => (TypeOf(Arg(inst, 0)), Arg(inst, 0), Arg(inst, 1));

    /// <summary>The definition of the value, if it has this opcode and nobody else uses it.</summary>
    private Inst OnlyDefBy(Value value, Opcode opcode) => HasOneUser(value) ? DefBy(value, opcode) : default;

    /// <summary>The amount of a shift or rotation by a constant, modulo the width of the type.</summary>
    private bool ConstAmount(Inst shift, out int amount)
    {
        bool found = Const(Arg(shift, 1), out long constant);
        amount = (int)constant & (TypeOf(Arg(shift, 0)).Bits - 1);
        return found;
    }

    /// <summary>A value that is <paramref name="opcode"/> of x by a constant.</summary>
    private bool ShiftBy(Value value, Opcode opcode, out Value source, out int amount)
    {
        Inst shift = DefBy(value, opcode);
        amount = 0;
        source = default;
        if (shift.IsNone || !ConstAmount(shift, out amount))
        {
            return false;
        }

        source = Arg(shift, 0);
        return true;
    }

    /// <summary>A shift that an add, sub or logical instruction (then rotations too) does to its last operand.</summary>
    private bool ShiftedOperand(Value value, bool rotates, out ShiftedValue shifted)
    {
        shifted = default;

        // i8 and i16 are computed with in 32 bits: a shift of i32 that was reduced to them is as good as one of their own.
        Inst reduce = OnlyDefBy(value, Opcode.Ireduce);
        value = !reduce.IsNone && TypeOf(Arg(reduce, 0)) == IrType.I32 ? Arg(reduce, 0) : value;
        Inst inst = HasOneUser(value) ? Def(value) : default;
        if (inst.IsNone)
        {
            return false;
        }

        // Right shifts and rotations of i8 and i16 would bring in what stands above them.
        bool isWide = TypeOf(value).Bytes >= 4;
        Opcode opcode = Dfg[inst].Opcode;
        Shift shift = opcode switch
        {
            Opcode.Ushr => Shift.Lsr,
            Opcode.Sshr => Shift.Asr,
            Opcode.Rotr or Opcode.Rotl => Shift.Ror,
            _ => Shift.Lsl,
        };
        bool fits = opcode switch
        {
            Opcode.Ishl => true,
            Opcode.Ushr or Opcode.Sshr => isWide,
            Opcode.Rotr or Opcode.Rotl => isWide && rotates,
            _ => false,
        };
        if (!fits || !ConstAmount(inst, out int amount) || amount == 0)
        {
            return false;
        }

        shifted = new(Arg(inst, 0), shift, opcode == Opcode.Rotl ? TypeOf(value).Bits - amount : amount);
        return true;
    }

    /// <summary>An extension, perhaps shifted left, that an add or sub does to its last operand.</summary>
    private bool ExtendedOperand(Value value, out ExtendedValue extended)
    {
        extended = default;
        int amount = 0;
        if (HasOneUser(value) && ShiftBy(value, Opcode.Ishl, out Value inner, out int count) && count is >= 1 and <= MaxExtendedShift)
        {
            (value, amount) = (inner, count);
        }

        if (!HasOneUser(value) || !Extension(value, out Value source, out int bits, out bool signed) || (!signed && IsZeroExtended(source)))
        {
            return false;
        }

        extended = new(source, ExtendOf(bits, signed), amount);
        return true;
    }

    /// <summary>uextend or sextend, or a band that does the same: the low 8, 16 or 32 <paramref name="bits"/> of <paramref name="source"/>.</summary>
    private bool Extension(Value value, out Value source, out int bits, out bool signed)
    {
        Inst inst = Def(value);
        (source, bits, signed) = (default, 0, false);
        if (inst.IsNone)
        {
            return false;
        }

        switch (Dfg[inst].Opcode)
        {
            case Opcode.Uextend or Opcode.Sextend:
                source = Arg(inst, 0);
                bits = TypeOf(source).Bits;
                signed = Dfg[inst].Opcode == Opcode.Sextend;
                return true;
            case Opcode.Band when Const(Arg(inst, 1), out long mask) && mask is 0xff or 0xffff or 0xffff_ffff:
                source = Arg(inst, 0);
                bits = BitOperations.PopCount((ulong)mask);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Whether both are extensions of the same kind from up to 32 to 64 bits, or one is and the other is a constant that fits.</summary>
    private bool WideningFactors(Value x, Value y, bool signed)
    {
        Opcode opcode = signed ? Opcode.Sextend : Opcode.Uextend;
        return !DefBy(x, opcode).IsNone
            && (!DefBy(y, opcode).IsNone || (Const(y, out long constant) && constant == (signed ? (int)constant : (uint)constant)));
    }

    /// <summary>The 32 low bits of a factor that <see cref="WideningFactors"/> found.</summary>
    private VReg PutWideningFactor(Value value, bool signed) =>
        Const(value, out long constant) ? LoadInt(constant, 4) : PutExtended(Arg(Def(value), 0), signed);

    /// <summary>A product that is used once and better fused than made of shifts and sums.</summary>
    private bool SinkableMul(Value value, out Value x, out Value y)
    {
        Inst inst = OnlyDefBy(value, Opcode.Imul);
        (x, y) = (default, default);
        if (inst.IsNone || (Const(Arg(inst, 1), out long factor) && IsShiftAndAdd(factor)))
        {
            return false;
        }

        (x, y) = (Arg(inst, 0), Arg(inst, 1));
        return true;
    }

    /// <summary>2^k, 2^k + 1, 2^k − 1 or 1 − 2^k.</summary>
    private static bool IsShiftAndAdd(long factor) =>
        IsPow2(factor) || IsPow2(factor - 1) || IsPow2(factor + 1) || IsPow2(1 - factor);

    private static bool IsPow2(long value) => BitOperations.IsPow2((ulong)value);

    /// <summary>The operand of a bnot with one use.</summary>
    private bool Complement(Value value, out Value source)
    {
        Inst inst = OnlyDefBy(value, Opcode.Bnot);
        source = inst.IsNone ? default : Arg(inst, 0);
        return !inst.IsNone;
    }

    // ---- bit fields

    /// <summary>The bits of a constant within a type.</summary>
    private static ulong BitsOf(long constant, IrType type) => (ulong)constant & (ulong.MaxValue >> (64 - type.Bits));

    /// <summary>A run of ones: where it starts and how long it is.</summary>
    private static bool IsRun(ulong bits, out int lsb, out int width)
    {
        lsb = BitOperations.TrailingZeroCount(bits);
        width = BitOperations.PopCount(bits);
        return bits != 0 && (bits >> lsb) == ulong.MaxValue >> (64 - width);
    }

    /// <summary>A value with all bits but a field cleared, or the shift of one. A whole value is no field.</summary>
    private bool TryBitField(Value value, out BitField field)
    {
        field = default;
        Inst inst = Def(value);
        if (inst.IsNone)
        {
            return false;
        }

        switch (Dfg[inst].Opcode)
        {
            case Opcode.Band: return MaskedField(inst, out field);
            case Opcode.Ishl: return LeftField(inst, out field);
            case Opcode.Ushr: return RightField(inst, out field);
            case Opcode.Uextend:
                field = new(Arg(inst, 0), 0, 0, TypeOf(Arg(inst, 0)).Bits);
                return true;
            default: return false;
        }
    }

    private bool MaskedField(Inst band, out BitField field)
    {
        (IrType type, Value x, Value y) = BinaryArgs(band);
        field = default;
        if (!Const(y, out long mask))
        {
            return false;
        }

        ulong bits = BitsOf(mask, type);

        // band (ishl x, k), m      [m from bit k up is a run from k on]             => w bits of x, to bit k
        if (ShiftBy(x, Opcode.Ishl, out Value source, out int amount))
        {
            bool isRun = IsRun(bits >> amount << amount, out int lsb, out int length) && lsb == amount;
            field = new(source, 0, amount, length);
            return isRun;
        }

        if (!IsRun(bits, out int start, out int width) || start != 0)
        {
            return false;
        }

        // band (ushr x, k), 2^w−1                                                   => w bits of x, from bit k
        // band (sshr x, k), 2^w−1  [k + w ≤ bits]                                   => w bits of x, from bit k
        bool isUnsigned = ShiftBy(x, Opcode.Ushr, out source, out amount);
        if (isUnsigned || (ShiftBy(x, Opcode.Sshr, out source, out amount) && amount + width <= type.Bits))
        {
            field = new(source, amount, 0, System.Math.Min(width, type.Bits - amount));
            return true;
        }

        // band x, 2^w−1                                                             => w bits of x
        field = new(x, 0, 0, width);
        return true;
    }

    private bool LeftField(Inst shift, out BitField field)
    {
        Value x = Arg(shift, 0);
        int bits = TypeOf(x).Bits;
        if (!ConstAmount(shift, out int amount))
        {
            field = default;
            return false;
        }

        // ishl (band x, 2^w−1), k  and  ishl (uextend x), k                         => w bits of x, to bit k
        bool isMasked = Extension(x, out Value source, out int width, out bool signed) && !signed;
        if (!isMasked)
        {
            Inst band = DefBy(x, Opcode.Band);
            isMasked = !band.IsNone && Const(Arg(band, 1), out long mask) && IsRun(BitsOf(mask, TypeOf(x)), out int lsb, out width) && lsb == 0;
            source = isMasked ? Arg(band, 0) : x;
        }

        // ishl x, k                                                                 => bits − k bits of x, to bit k
        field = new(source, 0, amount, isMasked ? System.Math.Min(width, bits - amount) : bits - amount);
        return true;
    }

    private bool RightField(Inst shift, out BitField field)
    {
        Value x = Arg(shift, 0);
        IrType type = TypeOf(x);
        field = default;
        if (!ConstAmount(shift, out int amount))
        {
            return false;
        }

        // ushr (ishl x, a), b                                                       => x without its a upper bits, moved by a − b
        if (ShiftBy(x, Opcode.Ishl, out Value source, out int left))
        {
            int width = type.Bits - System.Math.Max(left, amount);
            field = new(source, System.Math.Max(amount - left, 0), System.Math.Max(left - amount, 0), width);
            return true;
        }

        // ushr (band x, m), k      [m >> k is 2^w−1]                                => w bits of x, from bit k
        Inst band = DefBy(x, Opcode.Band);
        if (!band.IsNone && Const(Arg(band, 1), out long mask) && IsRun(BitsOf(mask, type) >> amount, out int lsb, out int run) && lsb == 0)
        {
            field = new(Arg(band, 0), amount, 0, run);
            return true;
        }

        // ushr (uextend x), k      [k < bits of x]                                  => the bits of x from bit k
        Inst extend = DefBy(x, Opcode.Uextend);
        if (!extend.IsNone && amount < TypeOf(Arg(extend, 0)).Bits)
        {
            field = new(Arg(extend, 0), amount, 0, TypeOf(Arg(extend, 0)).Bits - amount);
            return true;
        }

        // ushr x, k                                                                 => bits − k bits of x, from bit k
        field = new(x, amount, 0, type.Bits - amount);
        return true;
    }

    /// <summary>band x, k where the zeros of k are one run, or a uextend: x with a field cleared.</summary>
    private bool ClearedField(Value value, out Value kept, out int lsb, out int width)
    {
        (kept, lsb, width) = (default, 0, 0);
        IrType type = TypeOf(value);
        Inst inst = OnlyDefBy(value, Opcode.Band);
        if (!inst.IsNone)
        {
            kept = Arg(inst, 0);
            return Const(Arg(inst, 1), out long mask) && IsRun(BitsOf(~mask, type), out lsb, out width);
        }

        inst = OnlyDefBy(value, Opcode.Uextend);
        if (inst.IsNone || IsZeroExtended(Arg(inst, 0)))
        {
            return false;
        }

        kept = Arg(inst, 0);
        lsb = TypeOf(kept).Bits;
        width = type.Bits - lsb;
        return true;
    }

    // ubfx, ubfiz, lsl, lsr, uxtb, uxth
    private VReg ExtractField(int size, in BitField field)
    {
        (int immr, int imms) = FieldImmediates(size, field);
        return BinaryImm(A64Form.Ubfm, size, Put(field.Source), immr, imms);
    }

    // bfi, bfxil
    private VReg InsertField(int size, VReg into, in BitField field)
    {
        (int immr, int imms) = FieldImmediates(size, field);
        VReg result = NewInt();
        ref MachineInst inst = ref Emit(A64Form.Bfm, size, result, [into, Put(field.Source)]);
        inst.Imm = immr;
        inst.Aux = (byte)imms;
        return result;
    }

    private static (int Immr, int Imms) FieldImmediates(int size, in BitField field)
    {
        int immr = field.TargetLsb == 0 ? field.SourceLsb : (size * 8) - field.TargetLsb;
        return (immr, field.SourceLsb + field.Width - 1);
    }

    // ---- what is known of bits above the type

    /// <summary>
    /// Whether the instruction that computes this value writes zeros above its type: every instruction on 32 bits clears the upper half, loads of i8 and i16
    /// extend, comparisons give 0 or 1, logical right shifts and bit counts come out small.
    /// </summary>
    private bool IsZeroExtended(Value value)
    {
        Inst inst = Def(value);
        if (inst.IsNone)
        {
            return false;
        }

        Opcode opcode = Dfg[inst].Opcode;
        if (opcode is Opcode.Load or Opcode.Icmp or Opcode.Fcmp or Opcode.Uextend or Opcode.Clz or Opcode.Cls or Opcode.Ctz or Opcode.AtomicLoad)
        {
            return TypeOf(value).IsInt;
        }

        return opcode switch
        {
            Opcode.Extractlane => TypeOf(value).IsInt,
            Opcode.VanyTrue or Opcode.VallTrue => true,
            Opcode.Ushr => TypeOf(value).Bytes < 4 ? Const(Arg(inst, 1), out _) : true,
            Opcode.Sshr => TypeOf(value) == IrType.I32 && DefBy(Arg(inst, 0), Opcode.Smulhi).IsNone,      // that one is shifted with 64 bits
            Opcode.Band when TypeOf(value).Bytes < 4 => IsNarrowMask(Arg(inst, 0), Arg(inst, 1)),
            Opcode.Iadd or Opcode.Isub or Opcode.Imul or Opcode.Band or Opcode.Bor or Opcode.Bxor or Opcode.Bnot or Opcode.Ineg or Opcode.Ishl
                or Opcode.Uload8 or Opcode.Uload16 or Opcode.Sload8 or Opcode.Sload16 => TypeOf(value) == IrType.I32,
            _ => false,
        };
    }

    /// <summary>Whether a band of i8 or i16 clears what stands above: its mask does, or one of its operands has zeros there.</summary>
    private bool IsNarrowMask(Value x, Value y)
    {
        if (Const(x, out long mask) || Const(y, out mask))
        {
            return BitmaskImm.TryCreate(BitsOf(mask, TypeOf(x)), 4, out _);
        }

        return IsComparison(x) || IsComparison(y);
    }

    private bool IsComparison(Value value) => !DefBy(value, Opcode.Icmp).IsNone || !DefBy(value, Opcode.Fcmp).IsNone;
}
