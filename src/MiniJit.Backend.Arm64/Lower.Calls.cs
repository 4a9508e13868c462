using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64LowerContext
{
    protected override void BeginFunction() => Fail($"unsupported: {settings} {isa} {libraryConvention}");

    protected override void EmitEntry(Block entry) => throw new NotSupportedException();

    private void LowerCall(Inst inst) => Unsupported(inst);

    private void LowerTailCall(Inst inst) => Unsupported(inst);

    private void LowerReturn(Inst inst) => Unsupported(inst);
}
