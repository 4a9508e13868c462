// A source file and positions in it. Offsets are what everybody stores; lines and columns are worked out only when a
// message is printed, so that reading a correct file never counts lines.
using System;
using MiniJit.IR.Collections;

namespace MiniJit.IR;

/// <summary>The text of a source file, and where its lines begin. Safe to share between threads.</summary>
public sealed class SourceText
{
    private int[]? _lineStarts;

    /// <summary>Names a text.</summary>
    /// <param name="path">The name that messages show.</param>
    /// <param name="text">The contents.</param>
    public SourceText(string path, string text)
    {
        Path = path;
        Text = text;
    }

    /// <summary>The name that messages show.</summary>
    public string Path { get; }

    /// <summary>The contents.</summary>
    public string Text { get; }

    private int[] LineStarts => _lineStarts ??= FindLines(Text);

    /// <summary>Line and column, both from 1, of the character at <paramref name="offset"/>.</summary>
    public (int Line, int Column) Locate(int offset)
    {
        int line = Array.BinarySearch(LineStarts, offset);
        line = line < 0 ? ~line - 1 : line;
        return (line + 1, offset - LineStarts[line] + 1);
    }

    /// <summary>The text of line <paramref name="line"/> (from 1) without its end.</summary>
    public ReadOnlySpan<char> Line(int line)
    {
        int start = LineStarts[line - 1];
        int end = line < LineStarts.Length ? LineStarts[line] : Text.Length;
        return Text.AsSpan(start, end - start).TrimEnd("\r\n");
    }

    private static int[] FindLines(string text)
    {
        Column<int> starts = default;
        starts.Add(0);
        for (int i = text.IndexOf('\n'); i >= 0; i = text.IndexOf('\n', i + 1))
        {
            starts.Add(i + 1);
        }

        return starts.Span.ToArray();
    }
}

/// <summary>A stretch of a source text; <c>default</c> is "nowhere".</summary>
/// <param name="Source">The text, or null.</param>
/// <param name="Start">Offset of its first character.</param>
/// <param name="Length">Characters.</param>
public readonly record struct SourceSpan(SourceText? Source, int Start, int Length)
{
    /// <summary>Line of the first character, from 1; 0 if nowhere.</summary>
    public int Line => Source?.Locate(Start).Line ?? 0;

    /// <summary>Column of the first character, from 1; 0 if nowhere.</summary>
    public int Column => Source?.Locate(Start).Column ?? 0;

    /// <summary>The text.</summary>
    public ReadOnlySpan<char> Text => Source is null ? default : Source.Text.AsSpan(Start, Length);
}
