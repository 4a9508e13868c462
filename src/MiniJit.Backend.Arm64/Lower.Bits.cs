using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    private VReg LowerShift(Inst inst) => Unsupported(inst);

    private VReg LowerClz(Inst inst) => Unsupported(inst);

    private VReg LowerCls(Inst inst) => Unsupported(inst);

    private VReg LowerCtz(Inst inst) => Unsupported(inst);

    private VReg LowerPopcnt(Inst inst) => Unsupported(inst);

    private VReg LowerBswap(Inst inst) => Unsupported(inst);

    private VReg LowerBitrev(Inst inst) => Unsupported(inst);

    private VReg LowerBmask(Inst inst) => Unsupported(inst);

    private VReg LowerRotate(Inst inst, bool left) => Unsupported(inst);

    private VReg LowerExtend(Inst inst, bool signed) => Unsupported(inst);
}
