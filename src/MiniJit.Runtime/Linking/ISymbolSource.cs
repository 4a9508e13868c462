using MiniJit.IR;

namespace MiniJit.Runtime.Linking;

/// <summary>Where a module looks for names that neither it nor its explicit imports define. Thread-safe.</summary>
public interface ISymbolSource
{
    /// <summary>Finds a function or object by name.</summary>
    bool TryResolve(ExternalName name, out nint address);
}

/// <summary>Knows no names: a module that uses it sees only what it is given.</summary>
public sealed class NoSymbols : ISymbolSource
{
    /// <summary>The only instance.</summary>
    public static NoSymbols Instance { get; } = new();

    /// <inheritdoc/>
    public bool TryResolve(ExternalName name, out nint address)
    {
        address = 0;
        return false;
    }
}
