// One reservation of the heap: a code half and a data half in reach of each other, committed granule by granule.
using System;
using MiniJit.Runtime.Platform;

namespace MiniJit.Runtime.Memory;

/// <summary>All members except <see cref="Mapping"/> and <see cref="Index"/> are used under the heap's lock.</summary>
internal sealed class CodeArena
{
    /// <summary>Memory is committed, and filled with trapping instructions, in steps of this many bytes.</summary>
    public const int CommitGranule = 64 * 1024;

    private readonly ICodeMemory _memory;
    private readonly MachineTraits _traits;
    private readonly ulong[] _committedCode, _committedData;
    private readonly CodeIndex _index;
    private ulong _neverUsed;

    public CodeArena(ICodeMemory memory, MachineTraits traits, in ArenaMapping mapping)
    {
        _memory = memory;
        _traits = traits;
        Mapping = mapping;
        Code = new(mapping.Code, mapping.CodeSize);
        Data = new(mapping.Data, mapping.DataSize);
        _committedCode = new ulong[mapping.CodeSize / CommitGranule / 64 + 1];
        _committedData = new ulong[mapping.DataSize / CommitGranule / 64 + 1];
        _index = new(mapping.Code, mapping.CodeSize);
        _neverUsed = mapping.Code;
    }

    public ArenaMapping Mapping { get; }

    /// <summary>Free ranges of the code half.</summary>
    public RangeAllocator Code { get; }

    /// <summary>Free ranges of the data half.</summary>
    public RangeAllocator Data { get; }

    public long CommittedBytes { get; private set; }

    /// <summary>Reachable functions by address; lock-free to read.</summary>
    public CodeIndex Index => _index;

    /// <summary>Commits what of a range is not committed yet. Fresh code memory is filled with trapping instructions.</summary>
    public bool TryCommit(ulong address, long size, out SystemError error)
    {
        bool isCode = Mapping.HoldsCode(address);
        ulong origin = isCode ? Mapping.Code : Mapping.Data;
        long half = isCode ? Mapping.CodeSize : Mapping.DataSize;
        ulong[] committed = isCode ? _committedCode : _committedData;
        int last = (int)((address - origin + (ulong)size - 1) / CommitGranule);
        for (int granule = (int)((address - origin) / CommitGranule); granule <= last; granule++)
        {
            if ((committed[granule >> 6] >> granule & 1) != 0)
            {
                continue;
            }

            // Neighbouring granules go in one call.
            int end = granule + 1;
            while (end <= last && (committed[end >> 6] >> end & 1) == 0)
            {
                end++;
            }

            ulong start = origin + (ulong)granule * CommitGranule;
            long length = Math.Min((long)(end - granule) * CommitGranule, half - (long)(start - origin));
            if (!_memory.TryCommit(Mapping, start, length, out error))
            {
                return false;
            }

            if (isCode)
            {
                _memory.Fill(Mapping, start, length, _traits.Filler);
            }

            CommittedBytes += length;
            for (; granule < end; granule++)
            {
                committed[granule >> 6] |= 1UL << granule;
            }
        }

        error = default;
        return true;
    }

    /// <summary>Whether code may have been executed in a range that was just taken, and notes that it will be.</summary>
    public bool NoteUse(ulong address, long size)
    {
        bool reused = address < _neverUsed;
        _neverUsed = Math.Max(_neverUsed, address + (ulong)size);
        return reused;
    }
}
