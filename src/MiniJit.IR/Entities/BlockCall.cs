using System.Globalization;

namespace MiniJit.IR;

/// <summary>A branch target with its arguments, stored in the function's list pool (<see cref="DataFlowGraph.BlockOf"/>, <see cref="DataFlowGraph.BlockArgs"/>).</summary>
public readonly record struct BlockCall
{
    internal readonly uint Raw;

    internal BlockCall(uint raw) => Raw = raw;

    /// <summary>Whether this is "no block call".</summary>
    public bool IsNone => Raw == 0;
}

/// <summary>What an argument of a block call stands for.</summary>
public enum BlockArgKind : byte
{
    /// <summary>An ordinary value.</summary>
    Value,

    /// <summary><c>retN</c>: result N of the try_call whose normal edge this is.</summary>
    TryCallRet,

    /// <summary><c>exnN</c>: word N of the exception payload.</summary>
    TryCallExn,
}

/// <summary>An argument of a block call. An ordinary value has the value's own raw form.</summary>
public readonly record struct BlockArg
{
    private const int KindShift = 30;
    internal readonly uint Raw;

    internal BlockArg(uint raw) => Raw = raw;

    private BlockArg(BlockArgKind kind, uint payload) => Raw = ((uint)kind << KindShift) | payload;

    /// <summary>What it stands for.</summary>
    public BlockArgKind Kind => (BlockArgKind)(Raw >> KindShift);

    /// <summary>Whether it is an ordinary value.</summary>
    public bool IsValue => Raw >> KindShift == 0;

    /// <summary>The value, if it is one.</summary>
    public Value Value => new(Raw);

    /// <summary>N of <c>retN</c> or <c>exnN</c>.</summary>
    public int Index => (int)(Raw & ((1u << KindShift) - 1));

    /// <summary>An ordinary value.</summary>
    public static BlockArg Of(Value value) => new(value.Raw);

    /// <summary><c>retN</c>, N below 2^30.</summary>
    public static BlockArg Ret(int index) => new(BlockArgKind.TryCallRet, (uint)index);

    /// <summary><c>exnN</c>, N below 2^30.</summary>
    public static BlockArg Exn(int index) => new(BlockArgKind.TryCallExn, (uint)index);

    /// <summary>As CLIF writes it.</summary>
    public override string ToString() => Kind switch
    {
        BlockArgKind.TryCallRet => string.Create(CultureInfo.InvariantCulture, $"ret{Index}"),
        BlockArgKind.TryCallExn => string.Create(CultureInfo.InvariantCulture, $"exn{Index}"),
        _ => Value.ToString(),
    };
}
