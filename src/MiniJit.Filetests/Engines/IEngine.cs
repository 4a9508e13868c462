// Engines agree (architecture, decision 9): whatever executes functions, a run command is judged the same way.
using System;
using System.Collections.Generic;
using MiniJit.IR;
using MiniJit.IR.Interpretation;

namespace MiniJit.Filetests.Engines;

/// <summary>How a call ended.</summary>
internal enum CompletionKind : byte
{
    /// <summary>It returned.</summary>
    Returned,

    /// <summary>It trapped with a code.</summary>
    Trapped,

    /// <summary>It could not be carried out, or went wrong in a way that no program may.</summary>
    Failed,
}

/// <summary>What came back from a call.</summary>
/// <param name="Kind">How it ended.</param>
/// <param name="Results">The results, if it returned.</param>
/// <param name="Trap">The code, if it trapped.</param>
/// <param name="Detail">Where and why, if it did not return.</param>
internal readonly record struct Completion(CompletionKind Kind, DataValue[] Results, TrapCode Trap, string Detail)
{
    public static Completion Returned(DataValue[] results) => new(CompletionKind.Returned, results, default, "");

    public static Completion Trapped(TrapCode code, string detail) => new(CompletionKind.Trapped, [], code, detail);

    public static Completion Failed(string detail) => new(CompletionKind.Failed, [], default, detail);

    /// <summary>Whether two engines say the same: equal results, bit by bit, or traps with the same code.</summary>
    public bool Agrees(in Completion other) => Kind == other.Kind && Kind switch
    {
        CompletionKind.Returned => Results.AsSpan().SequenceEqual(other.Results),
        CompletionKind.Trapped => Trap == other.Trap,
        _ => true,
    };

    /// <summary>The results as run commands write them, or where and why there are none.</summary>
    public override string ToString() => Kind == CompletionKind.Returned ? DataValue.Format(Results) : Detail;
}

/// <summary>Executes functions that belong together: those of a file, say. Made for one test and used by one thread.</summary>
internal interface IEngine : IDisposable
{
    /// <summary>Makes functions callable.</summary>
    /// <param name="functions">The functions; each may call every other.</param>
    /// <param name="commands">The calls that will be made.</param>
    /// <returns>What kept them from it; empty if nothing did.</returns>
    string Load(IReadOnlyList<Function> functions, IReadOnlyList<OwnedCommand> commands);

    /// <summary>Calls a function.</summary>
    /// <param name="owner">Position in the loaded functions of the one that the command belongs to.</param>
    /// <param name="callee">The function's name as the command writes it; engines that call the owner ignore it.</param>
    /// <param name="arguments">One value per parameter.</param>
    Completion Invoke(int owner, string callee, ReadOnlySpan<DataValue> arguments);
}
