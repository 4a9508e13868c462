using System;

namespace MiniJit.IR.Interpretation;

/// <summary>
/// A function as a flat array of steps over a frame of 64-bit words. The words of the parameters come first and in order, so a
/// call copies its arguments to the start of a new frame.
/// </summary>
internal sealed class DecodedFunction
{
    public required Function Function { get; init; }

    public required MicroOp[] Code { get; init; }

    /// <summary>The instruction that each step comes from.</summary>
    public required Inst[] Insts { get; init; }

    public required Edge[] Edges { get; init; }

    public required Move[] Moves { get; init; }

    public required OperationData[] Operations { get; init; }

    public required AccessData[] Accesses { get; init; }

    public required CallData[] Calls { get; init; }

    /// <summary>What each direct call reaches, found when it is first executed.</summary>
    public required CallTarget[] Targets { get; init; }

    /// <summary>Lists of words: arguments and returned values.</summary>
    public required int[][] WordLists { get; init; }

    public required string[] Messages { get; init; }

    public required int FrameWords { get; init; }

    public required int ParamWords { get; init; }

    public required int ReturnWords { get; init; }

    /// <summary>Bytes of stack memory: all slots.</summary>
    public required long StackBytes { get; init; }

    /// <summary>Number of instructions of the entry block.</summary>
    public required int EntryFuel { get; init; }

    /// <summary>Position of the vmctx parameter, or -1.</summary>
    public required int VMContext { get; init; }
}

/// <summary>What a callee's name stands for.</summary>
internal enum CallTargetKind : byte
{
    Unresolved,
    Function,
    Library,
    Missing,
}

/// <summary>A resolved callee: a function of the interpreter by number, or a library routine.</summary>
internal readonly record struct CallTarget(CallTargetKind Kind, int Index);
