// What printers write into: one growable char array that is cleared and used again.
using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace MiniJit.IR;

/// <summary>A reusable text under construction.</summary>
internal sealed class TextBuffer
{
    private char[] _chars = new char[1024];
    private int _length;

    public int Length
    {
        get => _length;
        set
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, _length);
            _length = value;
        }
    }

    public ReadOnlySpan<char> Span => _chars.AsSpan(0, _length);

    public void Clear() => _length = 0;

    public TextBuffer Append(char c)
    {
        Grow(1);
        _chars[_length++] = c;
        return this;
    }

    public TextBuffer Append(string text) => Append(text.AsSpan());

    public TextBuffer Append(ReadOnlySpan<char> text)
    {
        Grow(text.Length);
        text.CopyTo(_chars.AsSpan(_length));
        _length += text.Length;
        return this;
    }

    public TextBuffer Append(char c, int count)
    {
        Grow(count);
        _chars.AsSpan(_length, count).Fill(c);
        _length += count;
        return this;
    }

    /// <summary>Appends in decimal or whatever <paramref name="format"/> says.</summary>
    public TextBuffer Append<T>(T value, [StringSyntax(StringSyntaxAttribute.NumericFormat)] string format = "")
        where T : struct, ISpanFormattable
    {
        const int LongestNumber = 64;
        Grow(LongestNumber);
        value.TryFormat(_chars.AsSpan(_length), out int written, format, CultureInfo.InvariantCulture);
        _length += written;
        return this;
    }

    /// <summary>Appends a name such as <c>v12</c>.</summary>
    public TextBuffer AppendEntity(string prefix, int index) => Append(prefix).Append(index);

    public override string ToString() => new(_chars, 0, _length);

    private void Grow(int count)
    {
        if (_length + count > _chars.Length)
        {
            Array.Resize(ref _chars, Math.Max(_chars.Length * 2, _length + count));
        }
    }
}
