using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    private VReg LowerIadd(Inst inst) => Unsupported(inst);

    private VReg LowerIsub(Inst inst) => Unsupported(inst);

    private VReg LowerIneg(Inst inst) => Unsupported(inst);

    private VReg LowerIabs(Inst inst) => Unsupported(inst);

    private VReg LowerImul(Inst inst) => Unsupported(inst);

    private VReg LowerUaddOverflowTrap(Inst inst) => Unsupported(inst);

    private VReg LowerLogic(Inst inst) => Unsupported(inst);

    private VReg LowerBnot(Inst inst) => Unsupported(inst);

    private VReg LowerBitselect(Inst inst) => Unsupported(inst);

    private VReg LowerIconcat(Inst inst) => Unsupported(inst);

    private VReg LowerMulHigh(Inst inst, bool signed) => Unsupported(inst);

    private VReg LowerDivision(Inst inst, bool signed, bool remainder) => Unsupported(inst);

    private void LowerAddSubOverflow(Inst inst) => Unsupported(inst);

    private void LowerMulOverflow(Inst inst, bool signed) => Unsupported(inst);

    private void LowerOverflowWithCarry(Inst inst) => Unsupported(inst);

    private void LowerIsplit(Inst inst) => Unsupported(inst);
}
