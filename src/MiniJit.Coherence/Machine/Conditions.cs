using System;

namespace MiniJit.Coherence.Machine;

/// <summary>Condition codes as truth tables over the four flags.</summary>
internal static class Conditions
{
    /// <summary>Bit <c>flags</c> of row <c>condition</c> tells whether the condition holds (Arm ARM C1.2.4; 15 means always, as 14 does).</summary>
    public static ReadOnlySpan<ushort> Truth =>
    [
        0xF0F0, 0x0F0F,         // eq: Z
        0xCCCC, 0x3333,         // cs: C
        0xFF00, 0x00FF,         // mi: N
        0xAAAA, 0x5555,         // vs: V
        0x0C0C, 0xF3F3,         // hi: C and not Z
        0xAA55, 0x55AA,         // ge: N = V
        0x0A05, 0xF5FA,         // gt: N = V and not Z
        0xFFFF, 0xFFFF,         // al
    ];

    public static bool Holds(int condition, ConditionFlags flags) => ((Truth[condition] >> (int)flags) & 1) != 0;
}
