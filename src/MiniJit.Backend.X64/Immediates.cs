// Immediates with a range: holding one proves that it can be encoded.
namespace MiniJit.Backend.X64;

/// <summary>A value that a sign-extended 32-bit immediate can express at a given operation size.</summary>
internal readonly struct Simm32
{
    private Simm32(int value) => Value = value;

    public int Value { get; }

    /// <summary>Whether an operation of <paramref name="size"/> bytes can have <paramref name="value"/> as its immediate; only the low bits count.</summary>
    public static bool TryCreate(long value, int size, out Simm32 immediate)
    {
        long normal = Normalize(value, size);
        immediate = new Simm32((int)normal);
        return normal == (int)normal;
    }

    /// <summary>The low <paramref name="size"/> bytes of <paramref name="value"/>, sign-extended.</summary>
    public static long Normalize(long value, int size) => size switch
    {
        1 => (sbyte)value,
        2 => (short)value,
        4 => (int)value,
        _ => value,
    };
}
