using System;
using System.Collections.Generic;
using System.Threading;
using MiniJit.Runtime.Memory;

namespace MiniJit.Runtime.Linking;

/// <summary>
/// The functions of one publication: side by side in one block of code memory, in order of definition. What they have in common is kept here and
/// once, so that publishing costs nothing per function: one store makes all of them callable.
/// </summary>
internal sealed class JitBatch
{
    private readonly List<JitFunction> _functions = [];
    private nint _base;                                          // 0 as long as nobody may call
    private int _end;

    public int Count => _functions.Count;

    /// <summary>Alignment of the block, so that every function has its own.</summary>
    public int Alignment { get; private set; } = RangeAllocator.Granule;

    /// <summary>Where the functions are, or will be if the publication succeeds.</summary>
    public CodeBlock? Block { get; private set; }

    /// <summary>The address that function offsets count from; 0 if they cannot be called.</summary>
    public nint Base => Volatile.Read(ref _base);

    public void Add(JitFunction function, int alignment)
    {
        _functions.Add(function);
        Alignment = Math.Max(Alignment, alignment);
    }

    /// <param name="block">The memory.</param>
    /// <param name="end">Where in it the functions end and veneers begin.</param>
    public void Place(CodeBlock block, int end) => (Block, _end) = (block, end);

    public void MakeReachable() => Volatile.Write(ref _base, (nint)Block!.Address);

    public void MakeUnreachable() => Volatile.Write(ref _base, 0);

    /// <summary>The function whose code or constants lie at an offset. Takes no lock: a batch does not change once it is published.</summary>
    public JitFunction? FunctionAt(int offset)
    {
        int count = CountUpTo(offset);
        return count > 0 && offset - _functions[count - 1].Offset < _functions[count - 1].Size ? _functions[count - 1] : null;
    }

    /// <summary>A function's part of the block, with the padding behind it, so that every byte belongs to somebody.</summary>
    public CodePiece PieceOf(JitFunction function)
    {
        int next = CountUpTo(function.Offset);
        return new(Block!, function.Offset, (next < _functions.Count ? _functions[next].Offset : _end) - function.Offset);
    }

    /// <summary>How many functions begin at an offset or before it.</summary>
    private int CountUpTo(int offset)
    {
        int low = 0, high = _functions.Count;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (_functions[middle].Offset <= offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
