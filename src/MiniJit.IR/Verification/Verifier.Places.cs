// Errors of functions that came from a text get the places of their entities there.
namespace MiniJit.IR.Verification;

public sealed partial class Verifier
{
    /// <summary>Checks a function that was read from a text; errors carry their places in it and are sorted by them.</summary>
    /// <param name="function">The function, which is not changed.</param>
    /// <param name="options">What is known of the target.</param>
    /// <param name="diagnostics">Where errors are added.</param>
    /// <returns>Whether the function is valid.</returns>
    public bool Verify(ParsedFunction function, in VerifierOptions options, DiagnosticBag diagnostics)
    {
        _unplaced.Clear();
        if (Verify(function.Function, options, _unplaced))
        {
            return true;
        }

        foreach (Diagnostic item in _unplaced.Items)
        {
            diagnostics.Add(item with { Span = function.SpanOf(item.Entity) });
        }

        diagnostics.Sort();
        return false;
    }
}
