using System;
using System.Threading;
using MiniJit.Codegen;
using MiniJit.IR;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Memory;

namespace MiniJit.Runtime.Linking;

/// <summary>
/// A function of a module: first defined, callable once the module has been published, gone when it is freed.
/// Thread-safe.
/// </summary>
public sealed class JitFunction
{
    private readonly TrapSite[] _traps;
    private readonly SourceMapEntry[] _sourceMap;
    private readonly CallSite[] _callSites;
    private readonly JitBatch _batch;
    private bool _isFreed;

    /// <summary>A function that will be published in a batch, at an offset.</summary>
    internal JitFunction(ExternalName name, CompiledCode code, JitBatch batch, int offset)
    {
        Name = name;
        _batch = batch;
        Offset = offset;
        Size = code.Bytes.Length;
        CodeSize = code.CodeSize;
        FrameSize = code.FrameSize;
        _traps = code.Traps.ToArray();
        _sourceMap = code.SourceMap.ToArray();
        _callSites = code.CallSites.ToArray();
    }

    /// <summary>Its name in the module.</summary>
    public ExternalName Name { get; }

    /// <summary>Bytes of instructions and constants.</summary>
    public int Size { get; }

    /// <summary>Bytes of instructions.</summary>
    public int CodeSize { get; }

    /// <summary>Bytes of stack that one activation takes.</summary>
    public int FrameSize { get; }

    /// <summary>Whether it can be called.</summary>
    public bool IsPublished => _batch.Base != 0 && !Volatile.Read(ref _isFreed);

    /// <summary>
    /// The address of its first instruction, for calls from elsewhere. It is valid until the function is freed, and
    /// calls through it are not waited for.
    /// </summary>
    /// <exception cref="InvalidOperationException">The function is not published.</exception>
    public nint Address => _batch.Base is not 0 and nint start && !Volatile.Read(ref _isFreed)
        ? start + Offset
        : throw new InvalidOperationException($"{Name} is not published.");

    /// <summary>Offsets just behind each call.</summary>
    public ReadOnlySpan<CallSite> CallSites => _callSites;

    internal JitBatch Batch => _batch;

    /// <summary>Where it begins in its batch.</summary>
    internal int Offset { get; }

    /// <summary>Where its first instruction is, or will be if the publication succeeds.</summary>
    internal ulong PlacedAt => _batch.Block!.Address + (ulong)Offset;

    internal CodeBlock? Block => _batch.Block;

    /// <summary>The trap code announced at an offset, or none.</summary>
    public TrapCode TrapAt(int offset)
    {
        int low = 0, high = _traps.Length;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (_traps[middle].Offset < offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low < _traps.Length && _traps[low].Offset == offset ? _traps[low].Code : default;
    }

    /// <summary>The CLIF source location of the code at an offset, or null.</summary>
    public uint? SourceLocationAt(int offset)
    {
        int low = 0, high = _sourceMap.Length;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (_sourceMap[middle].Start <= offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low > 0 && offset < _sourceMap[low - 1].End ? _sourceMap[low - 1].Location : null;
    }

    /// <summary>Calls <c>code(this function, values)</c> in the host's convention; see <see cref="NativeInvoker"/>.</summary>
    internal unsafe TrapInfo InvokeThrough(nint code, void* values) => NativeInvoker.Invoke(code, this, values);

    internal void MakeUnreachable() => Volatile.Write(ref _isFreed, true);
}
