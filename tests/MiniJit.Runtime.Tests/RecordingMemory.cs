using System;
using System.Buffers.Binary;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;

namespace MiniJit.Runtime.Tests;

/// <summary>Code memory that is an array: addresses that are no pointers of this process.</summary>
internal sealed class RecordingMemory(CodeViews views = CodeViews.Dual) : ICodeMemory
{
    private const ulong Origin = 0x4000_0000;

    private byte[] _bytes = [];

    public CodeViews Views => views;

    public int PageSize => 4096;

    public int Stores { get; private set; }

    public bool TryReserve(long codeSize, long dataSize, ulong hint, out ArenaMapping arena, out SystemError error)
    {
        error = new("only one arena", 12);
        arena = new(Origin, codeSize, Origin + (ulong)codeSize, dataSize, Origin);
        if (_bytes.Length != 0)
        {
            return false;
        }

        _bytes = new byte[codeSize + dataSize];
        error = default;
        return true;
    }

    public bool TryCommit(in ArenaMapping arena, ulong address, long size, out SystemError error)
    {
        error = default;
        return true;
    }

    public bool TryProtect(in ArenaMapping arena, ulong address, long size, PageAccess access, out SystemError error)
    {
        error = default;
        return true;
    }

    public void Store(in ArenaMapping arena, ulong address, ReadOnlySpan<byte> bytes)
    {
        Stores++;
        bytes.CopyTo(_bytes.AsSpan((int)(address - Origin)));
    }

    public void StoreRelease(in ArenaMapping arena, ulong address, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan((int)(address - Origin)), value);

    public void Fill(in ArenaMapping arena, ulong address, long length, ReadOnlySpan<byte> pattern)
    {
        for (int i = 0; i < length; i++)
        {
            _bytes[(int)(address - Origin) + i] = pattern[i % pattern.Length];
        }
    }

    public void Load(in ArenaMapping arena, ulong address, Span<byte> bytes) =>
        _bytes.AsSpan((int)(address - Origin), bytes.Length).CopyTo(bytes);

    public void Release(in ArenaMapping arena) => _bytes = [];
}
