// Jump tables of one function as lowering builds them: lists of block indices. The machine buffer turns each into
// 32-bit offsets from the table's start, placed behind the code.
using System;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.Emission;

internal sealed class JumpTables
{
    private Column<int> _targets;
    private Column<(int Start, int Count)> _tables;

    public int Count => _tables.Count;

    public ReadOnlySpan<int> TargetsOf(int table) => _targets.Slice(_tables[table].Start, _tables[table].Count);

    public void Clear()
    {
        _targets.Clear();
        _tables.Clear();
    }

    /// <summary>Starts a table; its entries are the blocks added until the next one starts.</summary>
    public int Begin()
    {
        _tables.Add((_targets.Count, 0));
        return _tables.Count - 1;
    }

    public void AddTarget(int block)
    {
        _targets.Add(block);
        _tables.Last.Count++;
    }
}
