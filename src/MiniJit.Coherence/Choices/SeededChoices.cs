// Choices from a seed. Every (kind, core) has a stream of its own: SplitMix64, whose state is a counter (Steele, Lea and Flood, "Fast
// splittable pseudorandom number generators", 2014), begun at a hash of seed, kind and core.
using System;

namespace MiniJit.Coherence.Choices;

internal sealed class SeededChoices : ChoiceSource
{
    private const ulong Step = 0x9E37_79B9_7F4A_7C15;

    private static readonly int s_kinds = Enum.GetValues<ChoiceKind>().Length;

    private readonly ulong[] _states;
    private readonly ulong[] _thresholds = new ulong[s_kinds];

    /// <param name="seed">Any number; neighbours have nothing to do with each other.</param>
    /// <param name="cores">Cores of the machine.</param>
    /// <param name="tuning">How likely deviations are.</param>
    public SeededChoices(ulong seed, int cores, LabTuning tuning)
    {
        _states = new ulong[s_kinds * (cores + 1)];
        for (int i = 0; i < _states.Length; i++)
        {
            _states[i] = Mix(Mix(seed) ^ (Step * (ulong)(i + 1)));
        }

        for (int kind = 0; kind < s_kinds; kind++)
        {
            double probability = tuning[(ChoiceKind)kind];
            _thresholds[kind] = probability < 0 ? ulong.MaxValue : probability >= 1 ? uint.MaxValue + 1ul : (ulong)(probability * uint.MaxValue);
        }
    }

    /// <inheritdoc/>
    public override int Choose(ChoiceKind kind, int core, int count)
    {
        if (count <= 1)
        {
            return 0;
        }

        // The upper half says whether to deviate, the lower half how.
        ulong random = Mix(_states[((core + 1) * s_kinds) + (int)kind] += Step), threshold = _thresholds[(int)kind];
        uint which = (uint)random;
        return threshold == ulong.MaxValue
            ? (int)(((ulong)which * (uint)count) >> 32)
            : random >> 32 >= threshold ? 0 : 1 + (int)(((ulong)which * (uint)(count - 1)) >> 32);
    }

    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58_476D_1CE4_E5B9;
        x = (x ^ (x >> 27)) * 0x94D0_49BB_1331_11EB;
        return x ^ (x >> 31);
    }
}
