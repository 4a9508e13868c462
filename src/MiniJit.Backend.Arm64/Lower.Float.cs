using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    private VReg LowerFloatLogic(Inst inst) => Unsupported(inst);

    private VReg LowerFma(Inst inst) => Unsupported(inst);

    private VReg LowerFneg(Inst inst) => Unsupported(inst);

    private VReg LowerFcopysign(Inst inst) => Unsupported(inst);

    private VReg LowerFloatToFloat(Inst inst) => Unsupported(inst);

    private VReg LowerBitcast(Inst inst) => Unsupported(inst);

    private VReg LowerFloatBinary(Inst inst, A64Form form) => Unsupported(inst);

    private VReg LowerFloatUnary(Inst inst, A64Form form) => Unsupported(inst);

    private VReg LowerIntToFloat(Inst inst, bool signed) => Unsupported(inst);

    private VReg LowerFloatToInt(Inst inst, bool signed, bool saturating) => Unsupported(inst);
}
