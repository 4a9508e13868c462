// Bad input is a value (conventions, section 9). Every part of the compiler reports through this one type; the letter of
// an id tells the part: P parser, V verifier, C codegen, R runtime. Ids are stable: never reuse one.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace MiniJit.IR;

/// <summary>What is wrong with an input, and where.</summary>
/// <param name="Span">Where in the text; nowhere for a function that did not come from one.</param>
/// <param name="Id">Stable identifier, a letter and three digits.</param>
/// <param name="Message">What is wrong and what was expected; no capital, no full stop.</param>
/// <param name="Entity">The entity that it is about, if the reporter knows one.</param>
public readonly record struct Diagnostic(SourceSpan Span, string Id, string Message, EntityRef Entity = default)
{
    private const int MaxExcerpt = 160;                        // of a longer line, the part around the error is shown

    /// <summary>One line: place, id, message.</summary>
    public override string ToString()
    {
        string place = Span.Source is null
            ? Entity.IsNone ? "" : $"{Entity}: "
            : string.Create(CultureInfo.InvariantCulture, $"{Span.Source.Path}:{Span.Line}:{Span.Column}: ");
        return $"{place}error {Id}: {Message}";
    }

    /// <summary>The line of <see cref="ToString"/>, then the source line and a caret line below what is wrong.</summary>
    public string Format()
    {
        StringBuilder text = new(ToString());
        if (Span.Source is not null)
        {
            text.Append('\n');
            AppendExcerpt(text, Span.Source);
        }

        return text.ToString();
    }

    private void AppendExcerpt(StringBuilder text, SourceText source)
    {
        (int line, int column) = source.Locate(Span.Start);
        ReadOnlySpan<char> shown = source.Line(line);
        int at = Math.Min(column - 1, shown.Length);
        if (shown.Length > MaxExcerpt)
        {
            int from = Math.Clamp(at - (MaxExcerpt / 2), 0, shown.Length - MaxExcerpt);
            shown = shown.Slice(from, MaxExcerpt);
            at -= from;
        }

        text.Append(shown).Append('\n');
        foreach (char c in shown[..at])
        {
            text.Append(c == '\t' ? '\t' : ' ');               // tabs keep the caret below its character
        }

        text.Append('^').Append('~', Math.Max(0, Math.Min(Span.Length, shown.Length - at) - 1));
    }
}

/// <summary>Collects diagnostics, so that one run reports everything that is wrong. Reused; used by one thread at a time.</summary>
public sealed class DiagnosticBag
{
    private readonly List<Diagnostic> _items = [];

    /// <summary>How many there are.</summary>
    public int Count => _items.Count;

    /// <summary>Whether there are none.</summary>
    public bool IsEmpty => _items.Count == 0;

    /// <summary>All, in order of report or, after <see cref="Sort"/>, of place.</summary>
    public IReadOnlyList<Diagnostic> Items => _items;

    /// <summary>Reports.</summary>
    public void Add(Diagnostic diagnostic) => _items.Add(diagnostic);

    /// <summary>Forgets all.</summary>
    public void Clear() => _items.Clear();

    /// <summary>Orders by place in the text; of several at one place the first reported stays first.</summary>
    public void Sort()
    {
        // Insertion sort: stable, and reporters go through a text in order, so that it has next to nothing to do.
        for (int i = 1; i < _items.Count; i++)
        {
            Diagnostic moving = _items[i];
            int j = i;
            for (; j > 0 && _items[j - 1].Span.Start > moving.Span.Start; j--)
            {
                _items[j] = _items[j - 1];
            }

            _items[j] = moving;
        }
    }

    /// <summary>All, formatted with excerpts, one after the other.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        foreach (Diagnostic item in _items)
        {
            text.Append(item.Format()).Append('\n');
        }

        return text.ToString();
    }
}
