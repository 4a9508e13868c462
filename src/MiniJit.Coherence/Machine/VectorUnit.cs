// Advanced SIMD (Arm ARM C7): bound when an instruction is decoded, called each time that it is executed. Plain loads and stores of
// vector registers are the core's; the structure forms (ld1 … st4) are here.
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.Machine;

internal static unsafe class VectorUnit
{
    /// <summary>As <see cref="FloatUnit.Bind"/>.</summary>
    public static delegate*<ref CoreState, in A64Instruction, void> Bind(in A64Instruction instruction) => null;

    /// <summary>
    /// The operation of a structure load or store, null if there is none. It returns false if an access faulted; then it has changed no
    /// register, write-back included.
    /// </summary>
    public static delegate*<ref CoreState, in A64Instruction, IDataAccess, bool> BindStructure(in A64Instruction instruction) => null;
}
