using System;

namespace MiniJit.Coherence.Choices;

/// <summary>How far every stream of choices is.</summary>
internal sealed class ChoicePositions(int cores)
{
    private static readonly int s_kinds = Enum.GetValues<ChoiceKind>().Length;

    private readonly int[] _next = new int[s_kinds * (cores + 1)];

    public int Next(ChoiceKind kind, int core) => _next[((core + 1) * s_kinds) + (int)kind]++;
}
