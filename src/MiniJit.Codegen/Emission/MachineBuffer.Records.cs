// What the buffer writes down besides bytes: traps, relocations, call sites, block starts and the source map. All are
// added in order of offset, so none needs sorting.
using System;
using MiniJit.IR;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.Emission;

internal sealed partial class MachineBuffer
{
    private Column<TrapSite> _traps;
    private Column<SymbolUse> _relocations;
    private Column<CallSite> _calls;
    private Column<ExceptionHandler> _handlers;                // of a handler, the offset is its label until the end
    private Column<int> _blockOffsets;
    private Column<SourceMapEntry> _sourceMap;
    private uint _sourceLoc;                                   // as in VCode.SourceLocs: 0 none, else location + 1
    private int _sourceStart;

    private struct SymbolUse
    {
        public int Offset, Symbol;
        public RelocationKind Kind;
        public long Addend;
    }

    /// <summary>Alignment that the code needs at least.</summary>
    public int Alignment { get; set; } = 16;

    /// <summary>From the next byte on, code belongs to this location (0 none, else location + 1).</summary>
    public void SetSource(uint sourceLoc)
    {
        if (sourceLoc != _sourceLoc)
        {
            CloseSourceRange();
            _sourceLoc = sourceLoc;
        }
    }

    /// <summary>The instruction that starts at the next byte may trap with <paramref name="code"/>.</summary>
    public void AddTrap(byte code)
    {
        if (_traps.Count == 0 || _traps.Last.Offset != _count)
        {
            _traps.Add(new TrapSite(_count, TrapCode.FromRaw(code)));
        }
    }

    /// <summary>The bytes at <paramref name="offset"/> are to be filled in by the linker; symbols are indices of <see cref="Finish"/>'s list.</summary>
    public void AddRelocation(int offset, RelocationKind kind, int symbol, long addend) =>
        _relocations.Add(new SymbolUse { Offset = offset, Kind = kind, Symbol = symbol, Addend = addend });

    /// <summary>A call ends at the next byte.</summary>
    public void AddCallSite() => _calls.Add(new CallSite(_count));

    /// <summary>Adds a handler to the exception table of the last call.</summary>
    public void AddHandler(ExceptionItemKind kind, uint tag, Label label) => AddHandler(new ExceptionHandler(kind, tag, label.Index));

    /// <summary>Adds a context, whose value lies at an offset from the stack pointer, to the exception table of the last call.</summary>
    public void AddContext(int offset) => AddHandler(new ExceptionHandler(ExceptionItemKind.Context, 0, offset));

    private void AddHandler(ExceptionHandler handler)
    {
        ref CallSite call = ref _calls.Last;
        call = call with { FirstHandler = call.HandlerCount == 0 ? _handlers.Count : call.FirstHandler, HandlerCount = call.HandlerCount + 1 };
        _handlers.Add(handler);
    }

    private void ResetRecords()
    {
        _traps.Clear();
        _relocations.Clear();
        _calls.Clear();
        _handlers.Clear();
        _blockOffsets.Clear();
        _sourceMap.Clear();
        _sourceLoc = 0;
        _sourceStart = 0;
        Alignment = 16;
    }

    private void CloseSourceRange()
    {
        if (_sourceLoc != 0 && _count > _sourceStart)
        {
            if (_sourceMap.Count != 0 && _sourceMap.Last.End == _sourceStart && _sourceMap.Last.Location == _sourceLoc - 1)
            {
                _sourceMap.Last = _sourceMap.Last with { End = _count };
            }
            else
            {
                _sourceMap.Add(new SourceMapEntry(_sourceStart, _count, _sourceLoc - 1));
            }
        }

        _sourceStart = _count;
    }

    private void FinishRecords(CompiledCode output, ReadOnlySpan<ExternalName> symbols)
    {
        CloseSourceRange();
        output.CodeSize = _codeSize;
        int alignment = Alignment;
        for (int i = 0; i < _constantLabels.Count; i++)
        {
            if (_constantLabels[i] != 0)
            {
                alignment = Math.Max(alignment, Constants.AlignmentOf(i));
            }
        }

        output.Alignment = alignment;
        Copy(ref output.TrapTable, in _traps);
        output.RelocationTable.Clear();
        foreach (ref readonly SymbolUse use in _relocations.Span)
        {
            output.RelocationTable.Add(new Relocation(use.Offset, use.Kind, symbols[use.Symbol], use.Addend));
        }

        Copy(ref output.CallSiteTable, in _calls);
        output.HandlerTable.Clear();
        foreach (ExceptionHandler handler in _handlers.Span)
        {
            bool isContext = handler.Kind == ExceptionItemKind.Context;
            output.HandlerTable.Add(isContext ? handler : handler with { Offset = OffsetOf(new Label(handler.Offset)) });
        }

        Copy(ref output.BlockOffsetTable, in _blockOffsets);
        Copy(ref output.SourceMapTable, in _sourceMap);
    }

    private static void Copy<T>(ref Column<T> to, in Column<T> from)
        where T : struct
    {
        to.Clear();
        to.AddRange(from.Span);
    }
}
