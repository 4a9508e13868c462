using System.Collections.Generic;
using MiniJit.Filetests.Checking;
using MiniJit.IR;
using MiniJit.IR.Verification;

namespace MiniJit.Filetests.Subtests;

/// <summary>What the tests of one file share.</summary>
internal sealed class FileState(ParsedFile file)
{
    private readonly Dictionary<VerifierOptions, IReadOnlyList<Diagnostic>> _verified = [];

    /// <summary>The file.</summary>
    public ParsedFile File { get; } = file;

    /// <summary>Its functions.</summary>
    public IReadOnlyList<Function> Functions { get; } = FunctionsOf(file);

    /// <summary>New expectations.</summary>
    public List<Blessing> Blessings { get; } = [];

    /// <summary>The functions of a file without their places in it.</summary>
    public static Function[] FunctionsOf(ParsedFile file)
    {
        var functions = new Function[file.Functions.Count];
        for (int i = 0; i < functions.Length; i++)
        {
            functions[i] = file.Functions[i].Function;
        }

        return functions;
    }

    /// <summary>All verifier errors of the file. Most targets of a file ask the same, and get the same answer.</summary>
    public IReadOnlyList<Diagnostic> Verify(Verifier verifier, in VerifierOptions options)
    {
        if (!_verified.TryGetValue(options, out IReadOnlyList<Diagnostic>? errors))
        {
            DiagnosticBag diagnostics = new();
            foreach (ParsedFunction function in File.Functions)
            {
                verifier.Verify(function, options, diagnostics);
            }

            errors = diagnostics.Items;
            _verified.Add(options, errors);
        }

        return errors;
    }
}
