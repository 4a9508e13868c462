// Constant folding of scalars of up to 64 bits: no allocation, no exceptions. A fold that fails leaves the instruction in
// place, so whatever traps, and whatever differs between machines, fails.
using System;

namespace MiniJit.IR.Interpretation;

internal static class ScalarSemantics
{
    /// <summary>Folds a unary or binary operation whose operands and result have one type (a shift amount may have another).</summary>
    /// <param name="opcode">Any opcode; those without such semantics do not fold.</param>
    /// <param name="type">A scalar of up to 64 bits, integer or float.</param>
    /// <param name="x">First operand, zero-extended.</param>
    /// <param name="y">Second operand, zero-extended; ignored by unary operations.</param>
    /// <param name="result">The result, zero-extended.</param>
    public static bool TryFold(Opcode opcode, IrType type, ulong x, ulong y, out ulong result)
    {
        if (type.IsInt && type.Bits <= 64 && IntSemantics.TryEvaluate(opcode, type.Bits, x, y, out result, out TrapCode trap))
        {
            return trap.IsNone;
        }

        return TryFold(Operation.Simple(opcode, type), x, y, 0, out result);
    }

    /// <summary>Folds icmp.</summary>
    public static bool Fold(IntCC cc, IrType type, ulong x, ulong y) => IntSemantics.Compare(cc, x, y, type.Bits);

    /// <summary>Folds fcmp of f16, f32, f64.</summary>
    public static bool Fold(FloatCC cc, IrType type, ulong x, ulong y) => FloatSemantics.Compare(cc, type, x, y);

    /// <summary>Folds a conversion: extension, reduction, bmask, float ↔ integer, float ↔ float, bitcast.</summary>
    /// <param name="opcode">The opcode.</param>
    /// <param name="to">Type of the result, a scalar of up to 64 bits.</param>
    /// <param name="from">Type of the operand, a scalar of up to 64 bits.</param>
    /// <param name="x">The operand, zero-extended.</param>
    /// <param name="result">The result, zero-extended.</param>
    public static bool TryConvert(Opcode opcode, IrType to, IrType from, ulong x, out ulong result) =>
        TryFold(new Operation(opcode, to, from), x, 0, 0, out result);

    /// <summary>Folds any operation with one result whose operands and result are scalars of up to 64 bits.</summary>
    public static bool TryFold(in Operation op, ulong x, ulong y, ulong z, out ulong result)
    {
        result = 0;
        if (!IsNarrowScalar(op.Type) || !IsNarrowScalar(op.Source) || !Semantics.SecondResult(op).IsNone)
        {
            return false;
        }

        ulong unused = 0;
        return Semantics.TryEvaluate(op, new(in x), new(in y), new(in z), new(ref result), new(ref unused), out TrapCode trap)
            && trap.IsNone
            && !(MakesNaNs(op.Opcode) && FloatFormat.Of(op.Type).IsNaN(result));
    }

    private static bool IsNarrowScalar(IrType type) => type.IsScalar && type.Bits <= 64;

    // The bits of a NaN that arithmetic makes or passes on are the machine's business.
    private static bool MakesNaNs(Opcode opcode) => opcode is Opcode.Fadd or Opcode.Fsub or Opcode.Fmul or Opcode.Fdiv or Opcode.Sqrt or Opcode.Fma
        or Opcode.Fmin or Opcode.Fmax or Opcode.Ceil or Opcode.Floor or Opcode.Trunc or Opcode.Nearest or Opcode.Fpromote or Opcode.Fdemote;
}
