using System;
using System.Globalization;

namespace MiniJit.IR;

/// <summary>
/// Why execution was aborted. <c>default</c> is "no trap code". User codes are 1 to 250, the five named codes 251 to 255
/// (language reference, section 5.4).
/// </summary>
public readonly record struct TrapCode
{
    private const byte MaxUser = 250;

    private TrapCode(byte raw) => Raw = raw;

    /// <summary>The byte that is stored in trap tables; 0 is "none".</summary>
    public byte Raw { get; }

    /// <summary>Whether this is "no trap code".</summary>
    public bool IsNone => Raw == 0;

    /// <summary>The stack limit was crossed.</summary>
    public static TrapCode StackOverflow => new(251);

    /// <summary>An integer result does not fit its type.</summary>
    public static TrapCode IntegerOverflow => new(252);

    /// <summary>A memory access outside of accessible memory.</summary>
    public static TrapCode HeapOutOfBounds => new(253);

    /// <summary>Integer division by zero.</summary>
    public static TrapCode IntegerDivisionByZero => new(254);

    /// <summary>A NaN was converted to an integer.</summary>
    public static TrapCode BadConversionToInteger => new(255);

    /// <summary>The user code <paramref name="number"/>, 1 to 250.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is not a user code.</exception>
    public static TrapCode User(int number)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, MaxUser);
        return new((byte)number);
    }

    /// <summary>The code with this raw byte; 0 gives "none".</summary>
    public static TrapCode FromRaw(byte raw) => new(raw);

    /// <summary>Reads a code's name as it stands in CLIF (<c>int_ovf</c>, <c>user12</c>).</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TrapCode code)
    {
        code = text switch
        {
            "stk_ovf" => StackOverflow,
            "int_ovf" => IntegerOverflow,
            "heap_oob" => HeapOutOfBounds,
            "int_divz" => IntegerDivisionByZero,
            "bad_toint" => BadConversionToInteger,
            _ => default,
        };
        if (code.IsNone && text.StartsWith("user") && text.Length is > 4 and <= 7 && text[4] != '0'
            && byte.TryParse(text[4..], NumberStyles.None, CultureInfo.InvariantCulture, out byte number) && number is >= 1 and <= MaxUser)
        {
            code = new(number);
        }

        return !code.IsNone;
    }

    /// <summary>The code's name in CLIF.</summary>
    public override string ToString() => Raw switch
    {
        0 => "none",
        251 => "stk_ovf",
        252 => "int_ovf",
        253 => "heap_oob",
        254 => "int_divz",
        255 => "bad_toint",
        _ => string.Create(CultureInfo.InvariantCulture, $"user{Raw}"),
    };
}
