using System;

namespace MiniJit.IR;

/// <summary>Integer comparisons (language reference, section 5.1).</summary>
public enum IntCC : byte
{
    /// <summary>Equal.</summary>
    Equal,

    /// <summary>Not equal.</summary>
    NotEqual,

    /// <summary>Signed less than.</summary>
    SignedLessThan,

    /// <summary>Signed greater than or equal.</summary>
    SignedGreaterThanOrEqual,

    /// <summary>Signed greater than.</summary>
    SignedGreaterThan,

    /// <summary>Signed less than or equal.</summary>
    SignedLessThanOrEqual,

    /// <summary>Unsigned less than.</summary>
    UnsignedLessThan,

    /// <summary>Unsigned greater than or equal.</summary>
    UnsignedGreaterThanOrEqual,

    /// <summary>Unsigned greater than.</summary>
    UnsignedGreaterThan,

    /// <summary>Unsigned less than or equal.</summary>
    UnsignedLessThanOrEqual,
}

/// <summary>
/// Float comparisons (language reference, section 5.2). The value is the set of outcomes on which the comparison is
/// true: bit 0 equal, bit 1 less, bit 2 greater, bit 3 unordered; so the complement is the complement of the bits.
/// </summary>
public enum FloatCC : byte
{
    /// <summary>eq.</summary>
    Equal = 1,

    /// <summary>lt.</summary>
    LessThan = 2,

    /// <summary>le.</summary>
    LessThanOrEqual = 3,

    /// <summary>gt.</summary>
    GreaterThan = 4,

    /// <summary>ge.</summary>
    GreaterThanOrEqual = 5,

    /// <summary>one.</summary>
    OrderedNotEqual = 6,

    /// <summary>ord.</summary>
    Ordered = 7,

    /// <summary>uno.</summary>
    Unordered = 8,

    /// <summary>ueq.</summary>
    UnorderedOrEqual = 9,

    /// <summary>ult.</summary>
    UnorderedOrLessThan = 10,

    /// <summary>ule.</summary>
    UnorderedOrLessThanOrEqual = 11,

    /// <summary>ugt.</summary>
    UnorderedOrGreaterThan = 12,

    /// <summary>uge.</summary>
    UnorderedOrGreaterThanOrEqual = 13,

    /// <summary>ne.</summary>
    NotEqual = 14,
}

/// <summary>The operation of an atomic_rmw.</summary>
public enum AtomicRmwOp : byte
{
#pragma warning disable CS1591 // named as in CLIF
    Add, Sub, And, Nand, Or, Xor, Xchg, Umin, Umax, Smin, Smax,
#pragma warning restore CS1591
}

/// <summary>Names and algebra of the condition codes.</summary>
public static class ConditionCodes
{
    private static readonly string[] s_int = ["eq", "ne", "slt", "sge", "sgt", "sle", "ult", "uge", "ugt", "ule"];
    private static readonly string[] s_float = ["", "eq", "lt", "le", "gt", "ge", "one", "ord", "uno", "ueq", "ult", "ule", "ugt", "uge", "ne", ""];
    private static readonly string[] s_rmw = ["add", "sub", "and", "nand", "or", "xor", "xchg", "umin", "umax", "smin", "smax"];

    /// <summary>The condition's name in CLIF.</summary>
    public static string Text(this IntCC cc) => s_int[(int)cc];

    /// <summary>The condition's name in CLIF.</summary>
    public static string Text(this FloatCC cc) => s_float[(int)cc];

    /// <summary>The operation's name in CLIF.</summary>
    public static string Text(this AtomicRmwOp op) => s_rmw[(int)op];

    /// <summary>Reads an integer condition.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out IntCC cc)
    {
        int index = Find(s_int, text);
        cc = (IntCC)Math.Max(index, 0);
        return index >= 0;
    }

    /// <summary>Reads a float condition.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out FloatCC cc)
    {
        int index = text.IsEmpty ? -1 : Find(s_float, text);
        cc = (FloatCC)Math.Max(index, 0);
        return index >= 0;
    }

    /// <summary>Reads an atomic operation.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out AtomicRmwOp op)
    {
        int index = Find(s_rmw, text);
        op = (AtomicRmwOp)Math.Max(index, 0);
        return index >= 0;
    }

    /// <summary>True exactly when <paramref name="cc"/> is false. Complements are neighbours: eq/ne, slt/sge, …</summary>
    public static IntCC Complement(this IntCC cc) => (IntCC)((int)cc ^ 1);

    /// <summary>True exactly when <paramref name="cc"/> is false.</summary>
    public static FloatCC Complement(this FloatCC cc) => (FloatCC)(15 - (int)cc);

    /// <summary>The condition for exchanged operands.</summary>
    public static IntCC SwapOperands(this IntCC cc) => cc switch
    {
        IntCC.SignedLessThan => IntCC.SignedGreaterThan,
        IntCC.SignedGreaterThan => IntCC.SignedLessThan,
        IntCC.SignedLessThanOrEqual => IntCC.SignedGreaterThanOrEqual,
        IntCC.SignedGreaterThanOrEqual => IntCC.SignedLessThanOrEqual,
        IntCC.UnsignedLessThan => IntCC.UnsignedGreaterThan,
        IntCC.UnsignedGreaterThan => IntCC.UnsignedLessThan,
        IntCC.UnsignedLessThanOrEqual => IntCC.UnsignedGreaterThanOrEqual,
        IntCC.UnsignedGreaterThanOrEqual => IntCC.UnsignedLessThanOrEqual,
        _ => cc,
    };

    /// <summary>The condition for exchanged operands: the less and greater bits change places.</summary>
    public static FloatCC SwapOperands(this FloatCC cc) => (FloatCC)(((int)cc & 9) | (((int)cc & 2) << 1) | (((int)cc & 4) >> 1));

    /// <summary>Whether the condition reads its operands as signed numbers.</summary>
    public static bool IsSigned(this IntCC cc) => cc is >= IntCC.SignedLessThan and <= IntCC.SignedLessThanOrEqual;

    private static int Find(string[] names, ReadOnlySpan<char> text)
    {
        for (int i = 0; i < names.Length; i++)
        {
            if (text.SequenceEqual(names[i]))
            {
                return i;
            }
        }

        return -1;
    }
}
