// The memory of the machine, in frames. A frame may be mapped at several addresses (the two views of a code page), so what
// is known about its contents — that instructions were decoded from it, that a core watches it — belongs to the frame.
//
// Frames are host memory at fixed places: cores keep pointers to them in their translation caches, which is what makes a guest's
// load a handful of host instructions.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using MiniJit.Coherence.Fetch;

namespace MiniJit.Coherence.Memory;

/// <summary>Frame number and offset in one number.</summary>
internal readonly record struct PhysicalAddress(ulong Value)
{
    public int Frame => (int)(Value >> PhysicalMemory.PageBits);

    public int Offset => (int)(Value & (PhysicalMemory.PageSize - 1));

    public static PhysicalAddress Of(int frame, int offset) => new(((ulong)(uint)frame << PhysicalMemory.PageBits) | (uint)offset);
}

/// <summary>Why accesses to a frame are told to somebody; such frames are in no core's translation cache for writing, under Load for reading neither.</summary>
[Flags]
internal enum FrameWatch : byte
{
    None = 0,

    /// <summary>Instructions were fetched from it: the coherence model performs the stores.</summary>
    Code = 1,

    /// <summary>A core that is not running holds an exclusive monitor on it.</summary>
    Monitor = 2,

    /// <summary>Stores to it are not performed yet: the coherence model hears of loads that see them.</summary>
    Load = 4,
}

internal unsafe struct Frame
{
    public byte* Bytes;

    /// <summary>Number of pages that map it; 0 is free.</summary>
    public int Mappings;

    /// <summary>How many of them permit to execute.</summary>
    public int ExecutableMappings;

    public FrameWatch Watch;

    /// <summary>What the coherence model keeps about it.</summary>
    public CodeUnit? Code;

    /// <summary>Linux' PG_dcache_clean: the kernel has cleaned it for execution since it handed it out.</summary>
    public bool IsClean;
}

internal sealed unsafe class PhysicalMemory : IDisposable
{
    public const int PageBits = 12;
    public const int PageSize = 1 << PageBits;

    private const int FramesPerChunk = 256;

    private readonly List<nint> _chunks = [];
    private readonly List<int> _free = [];
    private Frame[] _frames = new Frame[FramesPerChunk];

    /// <summary>Frames ever used; the largest number plus one.</summary>
    public int Count { get; private set; }

    public ref Frame this[int frame] => ref _frames[frame];

    /// <summary>Asked which free frame is used again, see <see cref="ICoherenceModel.ChooseFrame"/>; without an answer, the one given back last.</summary>
    public Func<int, int>? ChooseFrame { get; set; }

    /// <summary>A frame is about to be cleared.</summary>
    public event Action<int>? Allocated;

    /// <summary>A zeroed frame with one mapping.</summary>
    public int Allocate()
    {
        int which = _free.Count == 0 ? -1 : ChooseFrame is null ? 0 : ChooseFrame(_free.Count);
        int frame;
        if (which >= 0)
        {
            frame = _free[^(which + 1)];
            _free.RemoveAt(_free.Count - 1 - which);
        }
        else
        {
            frame = Count++;
            if (frame % FramesPerChunk == 0)
            {
                _chunks.Add((nint)NativeMemory.AlignedAlloc(FramesPerChunk * PageSize, PageSize));
                Array.Resize(ref _frames, Math.Max(_frames.Length, Count + FramesPerChunk));
            }

            _frames[frame].Bytes = (byte*)_chunks[frame / FramesPerChunk] + ((frame % FramesPerChunk) * PageSize);
        }

        _frames[frame].Mappings = 1;
        Allocated?.Invoke(frame);
        NativeMemory.Clear(_frames[frame].Bytes, PageSize);
        return frame;
    }

    /// <summary>Takes one mapping away; with the last one the frame becomes free.</summary>
    public bool Release(int frame)
    {
        if (--_frames[frame].Mappings > 0)
        {
            return false;
        }

        _frames[frame].IsClean = false;
        _free.Add(frame);
        return true;
    }

    public void Dispose()
    {
        foreach (nint chunk in _chunks)
        {
            NativeMemory.AlignedFree((void*)chunk);
        }

        _chunks.Clear();
        _frames = [];
    }
}
