// Advanced SIMD (Arm ARM C7): an operation is bound when an instruction is decoded and called each time that it is executed. Plain loads
// and stores of vector registers are the core's; the structure forms (ld1 … st4) are here.
//
// A form is bound to a loop over lanes, made for the form's operation by type parameters; the families are in files of their own.
// Scalar forms are vector forms with one lane.
using MiniJit.Backend.Arm64;

namespace MiniJit.Coherence.Machine;

using unsafe Operation = delegate*<ref CoreState, in A64Instruction, void>;

internal static unsafe partial class VectorUnit
{
    /// <summary>As <see cref="FloatUnit.Bind"/>.</summary>
    public static delegate*<ref CoreState, in A64Instruction, void> Bind(in A64Instruction instruction)
    {
        Operation operation = BindWhole(instruction);
        operation = operation == null ? BindWide(instruction) : operation;
        operation = operation == null ? BindLanes(instruction) : operation;
        operation = operation == null ? BindMove(instruction) : operation;
        return operation == null ? BindFloat(instruction) : operation;
    }
}
