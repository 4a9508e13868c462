// The registers of AArch64 and its condition codes, under the numbers that the encodings use.
using MiniJit.Codegen.Machine;

namespace MiniJit.Backend.Arm64;

/// <summary>
/// Physical registers. Never allocatable: x16 and x17 (scratch of allocator and emission, and of linkers' veneers), x18 (the platform's),
/// fp, lr, and number 31, which is the stack pointer or the zero register by instruction; v31 is the float scratch.
/// </summary>
internal static class Registers
{
    public static PReg Fp => PReg.Int(29);

    public static PReg Lr => PReg.Int(30);

    /// <summary>Number 31 where the instruction means the stack pointer.</summary>
    public static PReg Sp => PReg.Int(31);

    /// <summary>Number 31 where the instruction means zero.</summary>
    public static PReg Zr => PReg.Int(31);

    /// <summary>Scratch within one pseudo-instruction and for the allocator's moves.</summary>
    public static PReg IntScratch => PReg.Int(16);

    /// <summary>Scratch of emission only: addresses out of reach, constants, loops.</summary>
    public static PReg AddressScratch => PReg.Int(17);

    /// <summary>Scratch of the float class.</summary>
    public static PReg FloatScratch => PReg.Float(31);

    /// <summary>Where <c>enable_pinned_reg</c> keeps its value.</summary>
    public static PReg Pinned => PReg.Int(21);

    public static PReg X(int number) => PReg.Int(number);

    public static PReg V(int number) => PReg.Float(number);
}

/// <summary>Condition codes as the cond field; the negation of a code differs in bit 0.</summary>
internal enum Condition : byte
{
    Eq = 0,
    Ne = 1,
    Hs = 2,
    Lo = 3,
    Mi = 4,
    Pl = 5,
    Vs = 6,
    Vc = 7,
    Hi = 8,
    Ls = 9,
    Ge = 10,
    Lt = 11,
    Gt = 12,
    Le = 13,
    Al = 14,
    Nv = 15,
}

internal static class Conditions
{
    private static readonly string[] s_names =
        ["eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "al", "nv"];

    public static Condition Negate(this Condition condition) => condition ^ (Condition)1;

    public static string Name(this Condition condition) => s_names[(int)condition];
}
