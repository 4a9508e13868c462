// Scalar floating point (Arm ARM A1.5 and the pseudocode of J1.1): bound when an instruction is decoded, called each time that it is executed.
using MiniJit.Backend.Arm64;

namespace MiniJit.Coherence.Machine;

internal static unsafe class FloatUnit
{
    /// <summary>
    /// The operation that executes <paramref name="instruction"/>, chosen by form, size and lane so that nothing is decided again when it
    /// runs; null if the unit does not have it. It advances no program counter.
    /// </summary>
    public static delegate*<ref CoreState, in A64Instruction, void> Bind(in A64Instruction instruction) => null;
}
