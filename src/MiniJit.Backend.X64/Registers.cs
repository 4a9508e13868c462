// The registers of x86-64 and its condition codes, under the numbers that the encodings use.
using MiniJit.Codegen.Machine;

namespace MiniJit.Backend.X64;

/// <summary>Physical registers. rsp and rbp are never allocatable; r11 and xmm15 are scratch of allocator and emission.</summary>
internal static class Registers
{
    public static PReg Rax => PReg.Int(0);

    public static PReg Rcx => PReg.Int(1);

    public static PReg Rdx => PReg.Int(2);

    public static PReg Rbx => PReg.Int(3);

    public static PReg Rsp => PReg.Int(4);

    public static PReg Rbp => PReg.Int(5);

    public static PReg Rsi => PReg.Int(6);

    public static PReg Rdi => PReg.Int(7);

    public static PReg R8 => PReg.Int(8);

    public static PReg R9 => PReg.Int(9);

    public static PReg R10 => PReg.Int(10);

    public static PReg R11 => PReg.Int(11);

    public static PReg R12 => PReg.Int(12);

    public static PReg R13 => PReg.Int(13);

    public static PReg R14 => PReg.Int(14);

    public static PReg R15 => PReg.Int(15);

    public static PReg Xmm0 => PReg.Float(0);

    public static PReg Xmm15 => PReg.Float(15);

    /// <summary>Scratch within one pseudo-instruction and for the allocator's moves.</summary>
    public static PReg IntScratch => R11;

    /// <summary>The same for the float class.</summary>
    public static PReg FloatScratch => Xmm15;

    /// <summary>Where <c>enable_pinned_reg</c> keeps its value.</summary>
    public static PReg Pinned => R15;

    public static PReg Xmm(int number) => PReg.Float(number);
}

/// <summary>Condition codes as the low four bits of Jcc, SETcc and CMOVcc; the negation of a code differs in bit 0.</summary>
internal enum Condition : byte
{
    Overflow = 0,
    NotOverflow = 1,
    Below = 2,
    AboveEqual = 3,
    Equal = 4,
    NotEqual = 5,
    BelowEqual = 6,
    Above = 7,
    Sign = 8,
    NotSign = 9,
    Parity = 10,
    NotParity = 11,
    Less = 12,
    GreaterEqual = 13,
    LessEqual = 14,
    Greater = 15,
}

internal static class Conditions
{
    private static readonly string[] s_names =
        ["o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"];

    public static Condition Negate(this Condition condition) => condition ^ (Condition)1;

    public static string Name(this Condition condition) => s_names[(int)condition];
}
