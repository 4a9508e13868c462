// Constant folding with the interpreter's semantics: what it cannot or must not decide (traps, NaNs) stays in place.
using MiniJit.IR;
using MiniJit.IR.Interpretation;

namespace MiniJit.Codegen.Optimization;

internal sealed partial class Rules
{
    /// <summary>The constant that a single-result instruction with constant operands computes, or none.</summary>
    private Value Fold(in InstructionData data)
    {
        // op k1, k2, k3                                       => k
        if (!TryConstant(data.Arg0, out IrType source, out ulong x))
        {
            return default;
        }

        int operands = data.Opcode.Info().Operands.Length;
        ulong y = 0, z = 0;
        if (operands == 0 || (operands > 1 && !TryConstant(data.Arg1, out _, out y)) || (operands > 2 && !TryConstant(data.Arg2, out _, out z)))
        {
            return default;
        }

        if (data.Opcode is Opcode.Select or Opcode.SelectSpectreGuard)
        {
            return default;                                    // a rule decides, without a new constant
        }

        IrType type = ResultType(data);
        byte condition = data.Opcode is Opcode.Icmp or Opcode.Fcmp ? (byte)data.Aux : (byte)0;
        TrapCode trap = data.Format == InstructionFormat.IntAddTrap ? data.TrapCode : default;      // with its code, a trap shows itself
        if (!IsFoldable(type) || !ScalarSemantics.TryFold(new Operation(data.Opcode, type, source, condition, Trap: trap), x, y, z, out ulong result))
        {
            return default;
        }

        return Hit(Rule.Fold, ConstantOf(type, result));
    }

    private static IrType ResultType(in InstructionData data)
    {
        System.ReadOnlySpan<TypeRule> results = data.Opcode.Info().Results;
        return results.Length == 1 ? TypeRules.Resolve(results[0], data.Type) : default;
    }

    private static bool IsFoldable(IrType type) => IsSmallInt(type) || type == IrType.F32 || type == IrType.F64;

    private Value ConstantOf(IrType type, ulong bits) =>
        type.IsInt ? Iconst(type, (long)bits)
        : _graph.Intern(InstructionData.UnaryImm(type == IrType.F32 ? Opcode.F32const : Opcode.F64const, default, (long)bits));

    /// <summary>The bits, zero-extended, of a scalar constant of up to 64 bits.</summary>
    private bool TryConstant(Value value, out IrType type, out ulong bits)
    {
        Inst def = value.IsNone ? default : _dfg.DefInst(value);
        type = default;
        bits = 0;
        if (def.IsNone)
        {
            return false;
        }

        ref InstructionData data = ref _dfg[def];
        switch (data.Opcode)
        {
            case Opcode.Iconst:
                type = data.Type;
                bits = Unsigned(data.Imm, type.Bits);
                return true;
            case Opcode.F32const:
                type = IrType.F32;
                bits = data.FloatBits;
                return true;
            case Opcode.F64const:
                type = IrType.F64;
                bits = data.FloatBits;
                return true;
            default:
                return false;
        }
    }

    /// <summary>
    /// Values for both results of arithmetic with overflow, or of isplit; none if no rule matches.
    /// </summary>
    public bool TrySimplifyPair(in InstructionData data, out Value first, out Value second)
    {
        first = second = default;
        IrType ty = data.Type;
        Value x = data.Arg0, y = data.Arg1;
        if (data.Opcode == Opcode.Isplit)
        {
            // isplit (iconcat x, y)                           => x, y
            if (Is(x, Opcode.Iconcat, out first, out second))
            {
                Hit(Rule.IsplitIconcat, first);
                return true;
            }

            // isplit (uextend x)          [x is half as wide] => x, 0
            if (Is(x, Opcode.Uextend, out first) && _dfg.TypeOf(first) == ty.HalfWidth())
            {
                second = Hit(Rule.IsplitUextend, Iconst(ty.HalfWidth(), 0));
                return true;
            }

            return false;
        }

        if (!IsSmallInt(ty) || data.Opcode is not (Opcode.UaddOverflow or Opcode.SaddOverflow or Opcode.UsubOverflow or Opcode.SsubOverflow
            or Opcode.UmulOverflow or Opcode.SmulOverflow))
        {
            return false;
        }

        bool constantX = IsConst(x, out long kx), constantY = IsConst(y, out long ky);
        bool multiplies = data.Opcode is Opcode.UmulOverflow or Opcode.SmulOverflow;
        bool subtracts = data.Opcode is Opcode.UsubOverflow or Opcode.SsubOverflow;
        if (constantX && constantY)
        {
            // op k1, k2                                       => k, 0 or 1
            Semantics.TryEvaluate(
                Operation.Simple(data.Opcode, ty),
                DataValue.Int(ty, kx),
                DataValue.Int(ty, ky),
                default,
                out DataValue result,
                out DataValue overflow,
                out _);
            first = Hit(Rule.OverflowFold, Iconst(ty, (long)result.LowBits));
            second = Bool(overflow.IsNonZero);
            return true;
        }

        if (constantX && !subtracts)
        {
            (x, y, ky, constantY) = (y, x, kx, true);
        }

        // uadd_overflow x, 0                                  => x, 0
        // umul_overflow x, 1                                  => x, 0
        if (constantY && ky == (multiplies ? 1 : 0))
        {
            first = Hit(Rule.OverflowNeutral, x);
            second = Bool(false);
            return true;
        }

        // umul_overflow x, 0                                  => 0, 0
        if (constantY && multiplies && ky == 0)
        {
            first = Hit(Rule.OverflowZero, y);
            second = Bool(false);
            return true;
        }

        // usub_overflow x, x                                  => 0, 0
        if (subtracts && x == y)
        {
            first = Hit(Rule.OverflowSame, Iconst(ty, 0));
            second = Bool(false);
            return true;
        }

        return false;
    }
}
