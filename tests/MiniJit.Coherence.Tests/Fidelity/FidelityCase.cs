using System.Collections.Generic;
using MiniJit.Backend.Arm64;

namespace MiniJit.Coherence.Tests.Fidelity;

/// <summary>One instruction word from one state.</summary>
/// <param name="Instruction">What <paramref name="Word"/> decodes to.</param>
/// <param name="Word">The instruction.</param>
/// <param name="Prefix">Executed just before: a load-exclusive for its store; nop elsewhere.</param>
/// <param name="State">Index into <see cref="FidelityBatch.States"/>.</param>
internal readonly record struct FidelityCase(A64Instruction Instruction, uint Word, uint Prefix, int State);

/// <summary>What one guest program executes.</summary>
internal sealed class FidelityBatch
{
    public List<GuestState> States { get; } = [];

    public List<FidelityCase> Cases { get; } = [];
}
