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

    // fcopysign x, y                                     => ushr t, y, #(B − 1); sli d = x, t, #(B − 1)
    private VReg LowerFcopysign(Inst inst)
    {
        (IrType type, Value x, Value y) = BinaryArgs(inst);
        bool isDouble = type == IrType.F64;
        VReg magnitude = Put(x), sign = NewFloat(), result = NewFloat();
        SetShift(ref Emit(isDouble ? A64Form.UshrScalar : A64Form.UshrVec, 8, sign, [Put(y)]), type);
        SetShift(ref Emit(isDouble ? A64Form.SliScalar : A64Form.SliVec, 8, result, [magnitude, sign]), type);
        return result;
    }

    private static void SetShift(ref MachineInst shift, IrType type)
    {
        shift.Scale = (byte)(type == IrType.F64 ? 3 : 2);
        shift.Imm = type.Bits - 1;
    }

    /// <summary>band, bor, bxor, bnot on bit patterns.</summary>
    private VReg LowerFloatLogic(Inst inst)
    {
        // bnot x                                         => mvn d.8b, x.8b
        if (Dfg[inst].Opcode == Opcode.Bnot)
        {
            return FloatUnary(A64Form.NotVec, 8, Put(Arg(inst, 0)));
        }

        (A64Form plain, A64Form complement) = Dfg[inst].Opcode switch
        {
            Opcode.Band => (A64Form.AndVec, A64Form.BicVec),
            Opcode.Bor => (A64Form.OrrVec, A64Form.OrnVec),
            _ => (A64Form.EorVec, A64Form.None),
        };
        (_, Value x, Value y) = BinaryArgs(inst);
        if (complement != A64Form.None)
        {
            // band x, (bnot y)                           => bic d.8b, x.8b, y.8b
            if (Complement(x, out _) && !Complement(y, out _))
            {
                (x, y) = (y, x);
            }

            if (Complement(y, out Value source))
            {
                return Binary(complement, 8, Put(x), Put(source));
            }
        }

        // band x, y                                      => and d.8b, x.8b, y.8b
        return Binary(plain, 8, Put(x), Put(y));
    }

    // bitselect c, x, y                                  => bsl d.8b = c.8b, x.8b, y.8b
    private VReg SelectFloatBits(VReg c, VReg x, VReg y)
    {
        VReg result = NewFloat();
        Emit(A64Form.BslVec, 8, result, [c, x, y]);
        return result;
    }
}
