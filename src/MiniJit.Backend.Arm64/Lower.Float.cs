// Lowering rules: float arithmetic, rounding, sign bits, logic on bit patterns.
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    // fadd x, y                                          => fadd d, x, y
    private VReg LowerFloatBinary(Inst inst, A64Form form)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        return Binary(form, type.Bytes, Put(x), Put(y));
    }

    // sqrt x                                             => fsqrt d, x
    private VReg LowerFloatUnary(Inst inst, A64Form form) => FloatUnary(form, Dfg[inst].Type.Bytes, Put(Arg(inst, 0)));

    private VReg FloatUnary(A64Form form, int size, VReg source) => Unary(form, size, source, RegClass.Float);

    // fma x, y, z                                        => fmadd d, x, y, z
    private VReg LowerFma(Inst inst)
    {
        Value x = Arg(inst, 0), y = Arg(inst, 1), z = Arg(inst, 2);

        // Negated factors and addends are other forms of the same instruction.
        bool negateProduct = TryStripNegation(ref x) ^ TryStripNegation(ref y), negateAddend = TryStripNegation(ref z);
        A64Form form = (negateProduct, negateAddend) switch
        {
            (false, false) => A64Form.Fmadd,
            (false, true) => A64Form.Fnmsub,
            (true, false) => A64Form.Fmsub,
            (true, true) => A64Form.Fnmadd,
        };
        return Ternary(form, Dfg[inst].Type.Bytes, Put(x), Put(y), Put(z));
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

    // fneg (fmul x, y)                                   => fnmul d, x, y
    // fneg x                                             => fneg d, x
    private VReg LowerFneg(Inst inst)
    {
        IrType type = Dfg[inst].Type;
        Inst product = OnlyDefBy(Arg(inst, 0), Opcode.Fmul);
        return product.IsNone
            ? FloatUnary(A64Form.Fneg, type.Bytes, Put(Arg(inst, 0)))
            : Binary(A64Form.Fnmul, type.Bytes, Put(Arg(product, 0)), Put(Arg(product, 1)));
    }

    private VReg LowerFcopysign(Inst inst) => Unsupported(inst);

    private VReg LowerFloatLogic(Inst inst) => Unsupported(inst);

    private VReg SelectFloatBits(IrType type, VReg c, VReg x, VReg y)
    {
        Fail($"unsupported: bitselect.{type} on {TargetName} with {c}, {x}, {y}");
        return NewFloat();
    }
}
