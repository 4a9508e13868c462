using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    private VReg LowerLoad(Inst inst) => Unsupported(inst);

    private VReg LowerExtendingLoad(Inst inst, IrType type, bool signed) => Unsupported(inst);

    private void LowerStore(Inst inst, int bytes) => Unsupported(inst);

    private VReg LowerStackAddr(Inst inst) => Unsupported(inst);

    private VReg LowerSymbolValue(Inst inst) => Unsupported(inst);

    private VReg LowerFuncAddr(Inst inst) => Unsupported(inst);

    private VReg LowerGetReturnAddress() => throw new NotSupportedException();

    private VReg ReadRegister(PReg register) => throw new NotSupportedException();

    private void WriteRegister(PReg register, VReg value) => throw new NotSupportedException();
}
