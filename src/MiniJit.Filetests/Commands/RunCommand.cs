using System;
using MiniJit.IR;
using MiniJit.IR.Interpretation;

namespace MiniJit.Filetests.Commands;

/// <summary>What a command asks of the call it describes.</summary>
internal enum RunCommandKind : byte
{
    /// <summary><c>run: %f(…) == …</c>, <c>!= …</c>, or a bare <c>run</c>.</summary>
    Run,

    /// <summary><c>print: %f(…)</c>: show the results.</summary>
    Print,

    /// <summary><c>trap: %f(…) == CODE</c>: the call must trap with this code (our extension).</summary>
    Trap,
}

/// <summary>How the results of a <c>run</c> are compared with what is written.</summary>
internal enum RunComparison : byte
{
    /// <summary>All equal, in type and bits.</summary>
    Equal,

    /// <summary>Not all equal.</summary>
    NotEqual,
}

/// <summary>A call and what must come of it. Immutable.</summary>
internal sealed class RunCommand
{
    /// <summary>What is asked.</summary>
    public required RunCommandKind Kind { get; init; }

    /// <summary>The function as written, percent sign included.</summary>
    public required string Callee { get; init; }

    /// <summary>Arguments, typed by the signature of the function the command belongs to.</summary>
    public DataValue[] Arguments { get; init; } = [];

    /// <summary>How results are compared.</summary>
    public RunComparison Comparison { get; init; }

    /// <summary>What results are compared with.</summary>
    public DataValue[] Expected { get; init; } = [];

    /// <summary>The code that a <see cref="RunCommandKind.Trap"/> waits for.</summary>
    public TrapCode Trap { get; init; }

    /// <summary>Where the command stands.</summary>
    public SourceSpan Span { get; init; }

    /// <summary>The call alone: <c>%f(1, 2)</c>.</summary>
    public string Invocation
    {
        get
        {
            TextBuffer text = new();
            text.Append(Callee);
            text.Append('(');
            for (int i = 0; i < Arguments.Length; i++)
            {
                text.Append(i == 0 ? "" : ", ");
                Arguments[i].AppendTo(text);
            }

            return text.Append(')').ToString();
        }
    }

    /// <summary>The command in canonical form.</summary>
    public override string ToString() => Kind switch
    {
        RunCommandKind.Print => $"print: {Invocation}",
        RunCommandKind.Trap => $"trap: {Invocation} == {Trap}",
        _ => $"run: {Invocation} {(Comparison == RunComparison.Equal ? "==" : "!=")} {DataValue.Format(Expected)}",
    };

    /// <summary>Whether results are what the command asks for: equal in type and bit pattern.</summary>
    public bool Accepts(ReadOnlySpan<DataValue> results) => Expected.AsSpan().SequenceEqual(results) == (Comparison == RunComparison.Equal);
}
