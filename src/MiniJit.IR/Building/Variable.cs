using System.Globalization;

namespace MiniJit.IR.Building;

/// <summary>
/// A variable of the source program, which may be assigned any number of times; <see cref="FunctionBuilder"/> turns it into values and block
/// parameters. <c>default</c> is "none".
/// </summary>
public readonly record struct Variable : IEntity<Variable>
{
    private readonly uint _raw;

    private Variable(uint raw) => _raw = raw;

    /// <inheritdoc/>
    public int Index => (int)_raw - 1;

    /// <inheritdoc/>
    public bool IsNone => _raw == 0;

    /// <inheritdoc/>
    public static Variable FromIndex(int index) => new((uint)index + 1);

    /// <summary>For messages.</summary>
    public override string ToString() => IsNone ? "variable?" : string.Create(CultureInfo.InvariantCulture, $"variable{Index}");
}
