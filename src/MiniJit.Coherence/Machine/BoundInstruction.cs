using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.Machine;

/// <summary>A decoded instruction in host memory that does not move, with what executes it. One per distinct word.</summary>
internal unsafe struct BoundInstruction
{
    /// <summary>For <see cref="MicroOpcode.Bound"/>.</summary>
    public delegate*<ref CoreState, in A64Instruction, void> Operation;

    /// <summary>For <see cref="MicroOpcode.Structure"/>.</summary>
    public delegate*<ref CoreState, in A64Instruction, IDataAccess, bool> Structure;

    public A64Instruction Instruction;
    public uint Word;
}
