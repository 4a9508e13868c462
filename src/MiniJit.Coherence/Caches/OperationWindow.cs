// What a core has executed and what has not taken effect yet: stores to lines, cleans and invalidations (simulator: the window W).
// Loads are not in here: they happen at once.
using System;
using System.Collections.Generic;

namespace MiniJit.Coherence.Caches;

internal enum PendingKind : byte
{
    Store,
    Clean,
    Invalidate,
}

/// <summary>An operation that has not taken effect.</summary>
internal struct PendingOperation
{
    public long Id;
    public PendingKind Kind;

    /// <summary>The cache line that is concerned, as the executing core knows it.</summary>
    public ulong Physical;
    public int Length;

    /// <summary>Stores: the line, and the version that becomes visible.</summary>
    public CodeLine? Line;
    public int Version;

    /// <summary>Invalidations: the cores on which it has not been applied.</summary>
    public ulong Cores;

    /// <summary>Virtual address, for the history.</summary>
    public ulong Address;

    /// <summary>Barriers executed before it: those that order everything, and those that order stores.</summary>
    public int FullBarriers, StoreBarriers;
}

internal sealed class OperationWindow
{
    private readonly List<PendingOperation> _operations = [];
    private long _nextId;

    public int Count => _operations.Count;

    public int FullBarriers { get; set; }

    public int StoreBarriers { get; set; }

    /// <summary>Barriers of any kind.</summary>
    public int Barriers { get; set; }

    public PendingOperation this[int index] => _operations[index];

    public long Add(PendingOperation operation)
    {
        operation.Id = _nextId++;
        operation.FullBarriers = FullBarriers;
        operation.StoreBarriers = StoreBarriers;
        _operations.Add(operation);
        return operation.Id;
    }

    public int IndexOf(long id)
    {
        for (int i = 0; i < _operations.Count; i++)
        {
            if (_operations[i].Id == id)
            {
                return i;
            }
        }

        return -1;
    }

    public void RemoveAt(int index) => _operations.RemoveAt(index);

    public void SetCores(int index, ulong cores)
    {
        PendingOperation operation = _operations[index];
        operation.Cores = cores;
        _operations[index] = operation;
    }

    /// <summary>The first operation that must take effect before another one; -1 if it is free to.</summary>
    public int FirstBefore(int index)
    {
        for (int i = 0; i < index; i++)
        {
            if (IsOrdered(_operations[i], _operations[index]))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Whether there is an operation that a later access must not overtake.</summary>
    public int FirstBeforeAccess(bool isStore)
    {
        for (int i = 0; i < _operations.Count; i++)
        {
            PendingOperation operation = _operations[i];
            if (operation.Kind != PendingKind.Invalidate
                && (operation.FullBarriers < FullBarriers
                    || (isStore && operation.Kind == PendingKind.Store && operation.StoreBarriers < StoreBarriers)))
            {
                return i;
            }
        }

        return -1;
    }

    public int First(PendingKind kind)
    {
        for (int i = 0; i < _operations.Count; i++)
        {
            if (_operations[i].Kind == kind)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Accesses and cleans of the same line are in order, and so is what DMB has put in order. IC is ordered by DSB alone.</summary>
    private static bool IsOrdered(in PendingOperation earlier, in PendingOperation later)
    {
        if (earlier.Kind == PendingKind.Invalidate || later.Kind == PendingKind.Invalidate)
        {
            return false;
        }

        bool sameLine = earlier.Physical < later.Physical + (ulong)later.Length && later.Physical < earlier.Physical + (ulong)earlier.Length;
        return sameLine || earlier.FullBarriers < later.FullBarriers
            || (earlier.Kind == PendingKind.Store && later.Kind == PendingKind.Store && earlier.StoreBarriers < later.StoreBarriers);
    }
}
