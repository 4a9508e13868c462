using System;
using System.Threading;
using MiniJit.IR;

namespace MiniJit.Runtime.Linking;

/// <summary>A data object of a module, in reach of the module's code. It has an address once the module has been published.</summary>
public sealed class JitData
{
    private nint _address;

    internal JitData(ExternalName name, long size, int alignment, bool isWritable)
    {
        Name = name;
        Size = size;
        Alignment = alignment;
        IsWritable = isWritable;
    }

    /// <summary>Its name in the module.</summary>
    public ExternalName Name { get; }

    /// <summary>Bytes.</summary>
    public long Size { get; }

    /// <summary>Alignment of its address, a power of two.</summary>
    public int Alignment { get; }

    /// <summary>Whether code and host may write to it; a read-only object faults.</summary>
    public bool IsWritable { get; }

    /// <summary>Where it lies. It is valid until the module is disposed of.</summary>
    /// <exception cref="InvalidOperationException">The module is not published.</exception>
    public nint Address => Volatile.Read(ref _address) is not 0 and nint address
        ? address
        : throw new InvalidOperationException($"{Name} is not published.");

    internal ulong PlacedAt { get; private set; }

    internal void Place(ulong address) => PlacedAt = address;

    internal void MakeReachable() => Volatile.Write(ref _address, (nint)PlacedAt);

    internal void MakeUnreachable() => Volatile.Write(ref _address, 0);
}
