// Versions come and go with every publication; what they are made of is used again.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using MiniJit.Coherence.Fetch;

namespace MiniJit.Coherence.Caches;

/// <param name="bytes">Length of a line.</param>
internal sealed unsafe class LinePool(int bytes) : IDisposable
{
    private readonly Stack<LineVersion> _versions = [];
    private readonly Stack<CodeUnit> _units = [];
    private readonly Stack<nint> _copies = [];
    private readonly List<CodeUnit> _allUnits = [];
    private readonly List<nint> _allCopies = [];

    public int LineBytes { get; } = bytes;

    public LineVersion Rent() => _versions.TryPop(out LineVersion? version) ? version : new();

    public void Return(LineVersion version)
    {
        if (version.Unit is { } unit)
        {
            _units.Push(unit);
            version.Unit = null;
        }

        if (version.Copy != null)
        {
            _copies.Push((nint)version.Copy);
            version.Copy = null;
        }

        _versions.Push(version);
    }

    public CodeUnit UnitOf(LineVersion version)
    {
        if (version.Unit is null)
        {
            if (_units.TryPop(out CodeUnit? unit))
            {
                unit.Restart(version.Words);
            }
            else
            {
                unit = new(version.Words, LineBytes / sizeof(uint));
                _allUnits.Add(unit);
            }

            version.Unit = unit;
        }

        return version.Unit;
    }

    /// <summary>The version stops being the newest: what the frame holds now is kept for it.</summary>
    public void Detach(LineVersion version)
    {
        if (!_copies.TryPop(out nint copy))
        {
            copy = (nint)NativeMemory.AlignedAlloc((nuint)LineBytes, 16);
            _allCopies.Add(copy);
        }

        new ReadOnlySpan<byte>(version.Words, LineBytes).CopyTo(new((void*)copy, LineBytes));
        version.Words = version.Copy = (uint*)copy;
        if (version.Unit is { } unit)
        {
            unit.Header->Words = version.Words;
        }
    }

    public void Dispose()
    {
        foreach (CodeUnit unit in _allUnits)
        {
            unit.Dispose();
        }

        foreach (nint copy in _allCopies)
        {
            NativeMemory.AlignedFree((void*)copy);
        }

        _allUnits.Clear();
        _allCopies.Clear();
    }
}
