// Floats: only what is exact for every operand. Arithmetic may answer with any quiet NaN, so what differs in the sign or payload of
// a NaN result is the same; but x + 0, x · 1 and the like quiet a signalling NaN and normalise nothing else away, so they stay.
using MiniJit.IR;

namespace MiniJit.Codegen.Optimization;

internal sealed partial class Rules
{
    private Value FloatSign(Opcode opcode, Value x)
    {
        if (opcode == Opcode.Fneg)
        {
            // fneg (fneg x)                                   => x
            return Is(x, Opcode.Fneg, out Value z) ? Hit(Rule.FnegFneg, z) : default;
        }

        // fabs (fabs x)                                       => fabs x
        if (Is(x, Opcode.Fabs, out Value _)) { return Hit(Rule.FabsFabs, x); }

        // fabs (fneg x)                                       => fabs x
        // fabs (fcopysign x, y)                               => fabs x
        if (Is(x, Opcode.Fneg, out Value inner) || Is(x, Opcode.Fcopysign, out inner)) { return Hit(Rule.FabsSign, Unary(Opcode.Fabs, _dfg.TypeOf(inner), inner)); }

        return default;
    }

    private Value Fcopysign(IrType ty, Value x, Value y)
    {
        // fcopysign x, x                                      => x
        if (x == y) { return Hit(Rule.FcopysignSame, x); }

        // fcopysign (fneg x), y                               => fcopysign x, y
        // fcopysign (fabs x), y                               => fcopysign x, y
        if (Is(x, Opcode.Fneg, out Value z) || Is(x, Opcode.Fabs, out z)) { return Hit(Rule.FcopysignSign, Binary(Opcode.Fcopysign, ty, z, y)); }

        // fcopysign x, (fabs y)                               => fabs x
        if (Is(y, Opcode.Fabs, out Value _)) { return Hit(Rule.FcopysignFabs, Unary(Opcode.Fabs, ty, x)); }

        return default;
    }

    private Value Fadd(IrType ty, Value x, Value y)
    {
        // fadd x, (fneg y)                                    => fsub x, y
        if (Is(y, Opcode.Fneg, out Value z)) { return Hit(Rule.FaddFneg, Binary(Opcode.Fsub, ty, x, z)); }
        if (Is(x, Opcode.Fneg, out z)) { return Hit(Rule.FaddFneg, Binary(Opcode.Fsub, ty, y, z)); }
        return default;
    }

    private Value Fsub(IrType ty, Value x, Value y)
    {
        // fsub x, (fneg y)                                    => fadd x, y
        return Is(y, Opcode.Fneg, out Value z) ? Hit(Rule.FsubFneg, Binary(Opcode.Fadd, ty, x, z)) : default;
    }

    private Value Fmul(IrType ty, Value x, Value y)
    {
        // fmul (fneg x), (fneg y)                             => fmul x, y
        if (Is(x, Opcode.Fneg, out Value p) && Is(y, Opcode.Fneg, out Value q)) { return Hit(Rule.FmulFneg, Binary(Opcode.Fmul, ty, p, q)); }

        // fmul x, 2.0                                         => fadd x, x
        return IsFloatConst(y, ty, 2.0) ? Hit(Rule.FmulTwo, Binary(Opcode.Fadd, ty, x, x)) : default;
    }

    private Value Fdiv(IrType ty, Value x, Value y)
    {
        // fdiv (fneg x), (fneg y)                             => fdiv x, y
        if (Is(x, Opcode.Fneg, out Value p) && Is(y, Opcode.Fneg, out Value q)) { return Hit(Rule.FdivFneg, Binary(Opcode.Fdiv, ty, p, q)); }

        // fdiv x, 2^k                     [2^-k is normal]    => fmul x, 2^-k
        return TryExactReciprocal(y, out InstructionData reciprocal) ? Hit(Rule.FdivPowerOfTwo, Binary(Opcode.Fmul, ty, x, _graph.Intern(reciprocal))) : default;
    }

    private Value Fma(IrType ty, Value x, Value y, Value z)
    {
        // fma (fneg x), (fneg y), z                           => fma x, y, z
        return Is(x, Opcode.Fneg, out Value p) && Is(y, Opcode.Fneg, out Value q) ? Hit(Rule.FmaFneg, Make(InstructionData.Ternary(Opcode.Fma, ty, p, q, z))) : default;
    }

    private bool IsFloatConst(Value value, IrType ty, double expected) =>
        ty == IrType.F64 ? Is(value, Opcode.F64const, out InstructionData data) && data.FloatBits == System.BitConverter.DoubleToUInt64Bits(expected)
        : ty == IrType.F32 && Is(value, Opcode.F32const, out data) && data.FloatBits == System.BitConverter.SingleToUInt32Bits((float)expected);

    // A power of two has no fraction bits; its reciprocal has the mirrored exponent.
    private bool TryExactReciprocal(Value value, out InstructionData reciprocal)
    {
        if (Is(value, Opcode.F64const, out reciprocal))
        {
            ulong exponent = (reciprocal.FloatBits >> 52) & 0x7ff;
            ulong mirrored = (reciprocal.FloatBits & (1UL << 63)) | ((2046 - exponent) << 52);
            bool exact = (reciprocal.FloatBits & ((1UL << 52) - 1)) == 0 && exponent is > 0 and < 2046;
            reciprocal = InstructionData.UnaryImm(Opcode.F64const, reciprocal.Type, (long)mirrored);
            return exact;
        }

        if (Is(value, Opcode.F32const, out reciprocal))
        {
            uint bits = (uint)reciprocal.FloatBits, exponent = (bits >> 23) & 0xff;
            bool exact = (bits & ((1u << 23) - 1)) == 0 && exponent is > 0 and < 254;
            reciprocal = InstructionData.UnaryImm(Opcode.F32const, reciprocal.Type, (bits & (1u << 31)) | ((254 - exponent) << 23));
            return exact;
        }

        return false;
    }
}
