using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    private void LowerFence() => throw new NotSupportedException();

    private void LowerAtomicStore(Inst inst) => Unsupported(inst);

    private VReg LowerAtomicLoad(Inst inst) => Unsupported(inst);

    private VReg LowerAtomicRmw(Inst inst) => Unsupported(inst);

    private VReg LowerAtomicCas(Inst inst) => Unsupported(inst);
}
