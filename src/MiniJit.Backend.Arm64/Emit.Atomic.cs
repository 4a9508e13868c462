using System;
using MiniJit.Codegen.Machine;
using MiniJit.Codegen.RegisterAllocation;
using MiniJit.IR;

namespace MiniJit.Backend.Arm64;

internal sealed partial class Arm64Emitter
{
    private void EmitAtomic(A64Form form, in MachineInst inst, ReadOnlySpan<Allocation> operands) =>
        throw new CompilerBugException("emit", $"no expansion of {form} with {inst.OperandCount} operands in {operands.Length} places");
}
