// A growable array that is cleared, not dropped: the storage of everything on the compile path. A struct, so that a
// column embedded in a class costs no second object; never copy one after it was filled.
using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace MiniJit.IR.Collections;

internal struct Column<T>
    where T : struct
{
    private T[] _items;
    private int _count;

    public readonly int Count => _count;

    public readonly ref T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            Debug.Assert((uint)index < (uint)_count);
            return ref _items[index];
        }
    }

    public readonly ref T Last => ref _items[_count - 1];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(T item)
    {
        T[] items = _items;
        int count = _count;
        if (items != null && (uint)count < (uint)items.Length)
        {
            items[count] = item;
            _count = count + 1;
            return;
        }

        AddSlow(item);
    }

    public T RemoveLast() => _items[--_count];

    /// <summary>Sets the length; new elements are <c>default</c>, kept ones stay.</summary>
    public void Resize(int count)
    {
        if (count > _count)
        {
            Reserve(count);
            Array.Clear(_items, _count, count - _count);
        }

        _count = count;
    }

    /// <summary>Sets the length and every element to <paramref name="value"/>.</summary>
    public void Fill(int count, T value)
    {
        Reserve(count);
        _count = count;
        _items.AsSpan(0, count).Fill(value);
    }

    public void AddRange(ReadOnlySpan<T> items)
    {
        Reserve(_count + items.Length);
        items.CopyTo(_items.AsSpan(_count));
        _count += items.Length;
    }

    public void Clear() => _count = 0;

    public readonly Span<T> Span => _items.AsSpan(0, _count);

    public readonly Span<T> Slice(int start, int length) => _items.AsSpan(0, _count).Slice(start, length);

    /// <summary>Makes room for <paramref name="count"/> elements without changing the length.</summary>
    public void Reserve(int count)
    {
        if (_items == null || _items.Length < count)
        {
            Array.Resize(ref _items!, Math.Max(count, Math.Max(16, (_items?.Length ?? 0) * 2)));
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AddSlow(T item)
    {
        Reserve(_count + 1);
        _items[_count++] = item;
    }
}
