// Lowering rules: float arithmetic, rounding, conversions, bit casts.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.X64;

internal sealed partial class X64LowerContext
{
    // fadd x, y                                         => addsd d, x, y
    private VReg LowerFloatBinary(Inst inst, X64Form scalarSingle)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        return FloatBinary(scalarSingle, type, Put(x), PutRegMem(y, type.Bytes));
    }

    // sqrt x                                            => sqrtsd d, x
    private VReg LowerSqrt(Inst inst)
    {
        IrType type = Dfg[inst].Type;
        return Unary(FloatForm(X64Form.Sqrtss, type), type.Bytes, PutRegMem(Arg(inst, 0), type.Bytes), RegClass.Float);
    }

    // fma x, y, z              [FMA]                    => vfmadd213 d = x, y, z     (d = y · d + z)
    // fma x, y, z                                       => call fma
    private VReg LowerFma(Inst inst)
    {
        IrType type = Dfg[inst].Type;
        Value x = Arg(inst, 0), y = Arg(inst, 1), z = Arg(inst, 2);
        if (!isa.UseFma)
        {
            return CallLibrary(type == IrType.F64 ? LibCall.FmaF64 : LibCall.FmaF32, type, [x, y, z]);
        }

        // Negated factors and addends are other forms of the same instruction.
        bool negateProduct = TryStripNegation(ref x) ^ TryStripNegation(ref y), negateAddend = TryStripNegation(ref z);
        X64Form form = (negateProduct, negateAddend) switch
        {
            (false, false) => X64Form.Vfmadd213ss,
            (false, true) => X64Form.Vfmsub213ss,
            (true, false) => X64Form.Vfnmadd213ss,
            (true, true) => X64Form.Vfnmsub213ss,
        };
        form = (X64Form)((int)form + (type.LaneBits == 64 ? 1 : 0) + (type.IsVector ? 2 : 0));
        VReg result = NewFloat();
        VReg first = Put(x), second = Put(y);
        RegMem addend = type.IsVector ? PutVector(z) : PutRegMem(z, type.Bytes);
        if (addend.IsMem)
        {
            Emit(form, type.Bytes, [result, first, second], addend.Mem);
        }
        else
        {
            Emit(form, type.Bytes, [result, first, second, addend.Reg]);
        }

        return result;
    }

    private bool TryStripNegation(ref Value value)
    {
        Inst negation = DefBy(value, Opcode.Fneg);
        if (negation.IsNone)
        {
            return false;
        }

        value = Arg(negation, 0);
        return true;
    }

    // ceil x                   [SSE4.1]                 => roundsd d, x, mode
    // ceil x                                            => call ceil
    private VReg LowerRounding(Inst inst, int mode, LibCall single)
    {
        IrType type = Dfg[inst].Type;
        if (!isa.UseSse41)
        {
            return CallLibrary(type == IrType.F64 ? single + 1 : single, type, [Arg(inst, 0)]);
        }

        VReg result = Unary(Sse(type == IrType.F64 ? X64Form.Roundsd : X64Form.Roundss), type.Bytes, PutRegMem(Arg(inst, 0), type.Bytes), RegClass.Float);
        Current.Imm = mode;
        return result;
    }

    /// <summary>
    /// fmin, fmax. minsd returns its second operand when the operands are equal zeros or unordered, so it is asked both ways round: or-ing the answers
    /// keeps −0 (for max, and-ing keeps +0). Where the operands are unordered the sum takes over: the first NaN, quieted.
    /// </summary>
    private VReg LowerFloatMinMax(Inst inst, X64Form scalarSingle, X64Form join)
    {
        (IrType type, Value a, Value b) = BinaryArgs(inst);
        VReg x = Put(a), y = Put(b);
        VReg extreme = Vex2(Sse(join), 16, FloatBinary(scalarSingle, type, x, y), FloatBinary(scalarSingle, type, y, x));
        VReg sum = FloatBinary(X64Form.Addss, type, x, y);
        VReg unordered = FloatBinary(X64Form.Cmpss, type, x, y);
        Current.Imm = 3;                                       // UNORD
        VReg nan = Vex2(Sse(X64Form.Andps), 16, sum, unordered);
        return Vex2(Sse(X64Form.Orps), 16, nan, Vex2(Sse(X64Form.Andnps), 16, unordered, extreme));
    }

    // ---- sign bits

    private static ulong SignBit(IrType type) => type == IrType.F64 ? 1ul << 63 : 1ul << 31;

    // fneg x                                            => xorps d, x, sign
    private VReg LowerFneg(Inst inst)
    {
        IrType type = Dfg[inst].Type;
        return Vex2(Sse(X64Form.Xorps), 16, Put(Arg(inst, 0)), LoadFloat(SignBit(type), type.Bytes));
    }

    // fabs x                                            => andps d, x, ~sign
    private VReg LowerFabs(Inst inst)
    {
        IrType type = Dfg[inst].Type;
        return Vex2(Sse(X64Form.Andps), 16, Put(Arg(inst, 0)), LoadFloat(SignBit(type) - 1, type.Bytes));
    }

    // fcopysign x, y                                    => (~sign & x) | (sign & y)
    private VReg LowerFcopysign(Inst inst)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        VReg sign = LoadFloat(SignBit(type), type.Bytes);
        VReg magnitude = Vex2(Sse(X64Form.Andnps), 16, sign, Put(x));
        return Vex2(Sse(X64Form.Orps), 16, magnitude, Vex2(Sse(X64Form.Andps), 16, Put(y), sign));
    }

    /// <summary>band, bor, bxor on float bit patterns.</summary>
    private VReg LowerFloatLogic(Inst inst, X64Form form) => Vex2(Sse(form), 16, Put(Arg(inst, 0)), Put(Arg(inst, 1)));

    // bnot x                                            => xorps d, x, ones
    private VReg LowerFloatNot(Inst inst)
    {
        IrType type = Dfg[inst].Type;
        return Vex2(Sse(X64Form.Xorps), 16, Put(Arg(inst, 0)), LoadFloat(ulong.MaxValue >> (64 - type.Bits), type.Bytes));
    }

    // ---- conversions

    private VReg LowerFloatToFloat(Inst inst, X64Form form)
    {
        IrType from = TypeOf(Arg(inst, 0)), to = Dfg[inst].Type;
        if (!IsScalarFloat(from) || !IsScalarFloat(to))
        {
            return Unsupported(inst);
        }

        return Unary(Sse(form), from.Bytes, PutRegMem(Arg(inst, 0), from.Bytes), RegClass.Float);
    }

    private VReg LowerIntToFloat(Inst inst, bool signed)
    {
        IrType to = Dfg[inst].Type;
        Value x = Arg(inst, 0);
        IrType from = TypeOf(x);
        if (!IsWord(from) || !IsScalarFloat(to))
        {
            return Unsupported(inst);
        }

        if (!signed && from == IrType.I64)
        {
            VReg wide = Put(x), result = NewFloat();
            Begin((ushort)X64Form.CvtUint64ToFloat, to.Bytes);
            Use(Operand.Def(result));
            Use(Operand.Use(wide));
            return result;
        }

        // An unsigned number of up to 32 bits is a signed one of 64.
        int size = signed ? WideSize(from) : from == IrType.I32 ? 8 : 4;
        VReg source = from == IrType.I32 && !signed ? Extend(Put(x), from, signed: false, 8) : PutExtended(x, signed, size);
        return Unary(Sse(to == IrType.F64 ? X64Form.Cvtsi2sd : X64Form.Cvtsi2ss), size, source, RegClass.Float);
    }

    private VReg LowerFloatToInt(Inst inst, X64Form form)
    {
        IrType to = Dfg[inst].Type;
        IrType from = TypeOf(Arg(inst, 0));
        if (!IsWord(to) || !IsScalarFloat(from))
        {
            return Unsupported(inst);
        }

        VReg source = Put(Arg(inst, 0));
        VReg wide = NewInt();
        Begin((ushort)form, WideSize(to));
        Use(Operand.Def(wide));
        Use(Operand.Use(source));
        Current.Aux = (byte)from.Bytes;
        return to.Bytes >= 4 ? wide : NarrowConversion(form, to, wide);
    }

    /// <summary>The 32-bit conversion is right where it fits the narrow type; beyond, it traps or is clamped.</summary>
    private VReg NarrowConversion(X64Form form, IrType to, VReg wide)
    {
        bool signed = form is X64Form.CvtToSintTrap or X64Form.CvtToSintSat;
        int largest = signed ? (1 << (to.Bits - 1)) - 1 : (1 << to.Bits) - 1;
        if (form is X64Form.CvtToSintTrap or X64Form.CvtToUintTrap)
        {
            VReg narrow = Extend(wide, to, signed, 4);
            Compare(4, narrow, wide);
            TrapIf(Condition.NotEqual, TrapCode.IntegerOverflow);
            return wide;
        }

        VReg limit = LoadInt(largest, 4);
        Compare(4, wide, limit);
        VReg clamped = Cmov(signed ? Condition.Greater : Condition.Above, 4, wide, limit);
        if (!signed)
        {
            return clamped;
        }

        VReg smallest = LoadInt(-largest - 1, 4);
        Compare(4, clamped, smallest);
        return Cmov(Condition.Less, 4, clamped, smallest);
    }

    // ---- bitcast

    private VReg LowerBitcast(Inst inst)
    {
        Value x = Arg(inst, 0);
        IrType from = TypeOf(x), to = TypeOf(Dfg.FirstResult(inst));
        if (from == IrType.I128 || to == IrType.I128)
        {
            return Unsupported(inst);
        }

        VReg source = Put(x);
        return (from.IsInt, to.IsInt) switch
        {
            (true, false) when from.Bytes >= 4 => Unary(Sse(from.Bytes == 8 ? X64Form.MovqToXmm : X64Form.MovdToXmm), from.Bytes, source, RegClass.Float),
            (false, true) when to.Bytes >= 4 => Unary(Sse(to.Bytes == 8 ? X64Form.MovqFromXmm : X64Form.MovdFromXmm), to.Bytes, source),
            (true, false) => Unary(Sse(X64Form.MovdToXmm), 4, source, RegClass.Float),
            (false, true) => Unary(Sse(X64Form.MovdFromXmm), 4, source),
            _ => source,
        };
    }
}
