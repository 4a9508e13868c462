using System.Runtime.CompilerServices;
using MiniJit.IR;

namespace MiniJit.Codegen.Abi;

/// <summary>Where a prologue finds the stack limit: the VM context parameter, then a chain of loads (<c>stack_limit = gvN</c>).</summary>
internal struct StackLimit
{
    /// <summary>The longest chain of loads; a longer one is a compile error.</summary>
    public const int MaxLoads = 8;

    [InlineArray(MaxLoads)]
    private struct Offsets
    {
        private int _first;
    }

    private Offsets _offsets;

    /// <summary>Whether the function declares a limit.</summary>
    public bool IsDeclared;

    /// <summary>Where the VM context arrives.</summary>
    public AbiPart Context;

    /// <summary>Number of loads from the context to the limit.</summary>
    public int LoadCount;

    /// <summary>Offset of load <paramref name="index"/>, from the context outwards.</summary>
    public readonly int LoadOffset(int index) => _offsets[index];

    /// <summary>Finds the limit of a function.</summary>
    /// <returns>Why that is not possible, or null.</returns>
    public string? Find(Function function, AbiAssignment assignment)
    {
        this = default;
        GlobalValue global = function.StackLimit;
        if (global.IsNone)
        {
            return null;
        }

        while (function.GlobalValues[global.Index] is { Kind: GlobalValueKind.Load } load)
        {
            if (LoadCount == MaxLoads || load.Offset != (int)load.Offset || load.Type != IrType.I64)
            {
                return $"unsupported: stack limit {function.StackLimit} is not a short chain of i64 loads";
            }

            // The chain is walked from its end: keep the offsets in the order in which they are loaded.
            for (int i = LoadCount; i > 0; i--)
            {
                _offsets[i] = _offsets[i - 1];
            }

            _offsets[0] = (int)load.Offset;
            LoadCount++;
            global = load.Base;
        }

        if (function.GlobalValues[global.Index].Kind != GlobalValueKind.VMContext)
        {
            return $"unsupported: stack limit {function.StackLimit} does not start at the VM context";
        }

        for (int i = 0; i < function.Signature.Params.Count; i++)
        {
            if (function.Signature.Params[i].Purpose == ArgumentPurpose.VMContext)
            {
                IsDeclared = true;
                Context = assignment.Parts[assignment.Params[i].FirstPart];
                return null;
            }
        }

        return "the stack limit needs a vmctx parameter";
    }
}
