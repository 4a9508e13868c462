using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    private void LowerBrif(Inst inst, int taken, int otherwise) => Unsupported(inst);

    private void LowerBrTable(Inst inst, ReadOnlySpan<int> targets) => Unsupported(inst);

    private void LowerCondTrap(Inst inst, bool ifZero) => Unsupported(inst);

    private VReg LowerIcmp(Inst inst) => Unsupported(inst);

    private VReg LowerFcmp(Inst inst) => Unsupported(inst);

    private VReg LowerSelect(Inst inst) => Unsupported(inst);

    private VReg LowerSelectSpectreGuard(Inst inst) => Unsupported(inst);

    private VReg LowerMinMax(Inst inst, Condition condition) => Unsupported(inst);

    private void LowerDebugtrap() => throw new NotSupportedException();
}
