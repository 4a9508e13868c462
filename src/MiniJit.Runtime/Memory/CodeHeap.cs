// The heap that code lives in: arenas of address space, blocks inside of them, and the only way by which code becomes
// reachable.
//
// Invariants:
//   * no address is ever writable and executable, and memory that holds no live code traps when executed;
//   * everything reserved in one call lies in one arena, so PC-relative code and data reach each other;
//   * a block is written while Reserved only, becomes reachable in the last step of a publication plan, and is given
//     back when it is Retired and every thread that was inside of compiled code at that time has left it.
// One lock per heap; looking an address up takes none.
using System;
using System.Collections.Generic;
using System.Threading;
using MiniJit.IR;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;

namespace MiniJit.Runtime.Memory;

/// <summary>How many bytes a heap holds, and for what.</summary>
/// <param name="Reserved">Address space, code and data.</param>
/// <param name="Committed">Memory that is backed.</param>
/// <param name="Used">Memory taken by live or retired code and data.</param>
/// <param name="Free">Committed memory that is not used.</param>
/// <param name="Functions">Blocks of code that are published and not yet freed.</param>
public readonly record struct CodeHeapStatistics(long Reserved, long Committed, long Used, long Free, int Functions);

/// <summary>What a block of code needs.</summary>
internal readonly record struct CodeRequest(int Size, int Alignment);

/// <summary>What a block of data needs; one that owns its pages can be made read-only.</summary>
internal readonly record struct DataRequest(long Size, int Alignment, bool OwnsPages);

/// <summary>
/// Executable memory of this process. Thread-safe. Modules take memory from it and give it back; a heap that is not
/// disposed keeps its memory for the life of the process.
/// </summary>
public sealed class CodeHeap : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<CodeArena> _arenas = [];
    private readonly Queue<RetiredBatch> _retired = [];
    private readonly PublicationPlan _newCode;
    private readonly PublicationPlan? _reusedMemory;
    private readonly PublicationPlan? _replacedFunction;
    private readonly PublicationExecutor _executor;
    private readonly IQuiescence _quiescence;
    private readonly ulong _hint;
    private CodeArena[] _snapshot = [];                          // of _arenas, for readers without the lock
    private long _used;
    private int _functions;

    /// <summary>Creates an empty heap; address space is reserved when the first module needs it.</summary>
    /// <exception cref="PlatformNotSupportedException">The runtime cannot publish code on this system.</exception>
    public CodeHeap()
        : this(HostCodeMemory.Create(), MachineTraits.Host, HostPublicationPort.Create(), HostPlatform.OperatingSystem, HostQuiescence.Instance)
    {
    }

    internal CodeHeap(
        ICodeMemory memory,
        MachineTraits machine,
        IPublicationPort port,
        OperatingSystemKind system,
        IQuiescence quiescence,
        ulong hint = 0,
        Func<PublicationPlan, PublicationPlan>? edit = null)
    {
        Memory = memory;
        Machine = machine;
        _quiescence = quiescence;
        _hint = hint;
        PublicationCapabilities capabilities = port.Probe(memory.Views);
        _newCode = Choose(PublicationScenario.NewCode, out string refusal)
            ?? throw new PlatformNotSupportedException($"Code cannot be published safely: {refusal}.");
        _reusedMemory = Choose(PublicationScenario.ReusedMemory, out _);
        _replacedFunction = Choose(PublicationScenario.ReplacedFunction, out _);
        _executor = new(memory, port);

        PublicationPlan? Choose(PublicationScenario scenario, out string refusal) =>
            !PublicationPlan.TryChoose(system, machine.Architecture, capabilities, scenario, out PublicationPlan plan, out refusal) ? null
            : edit is null ? plan
            : edit(plan);
    }

    /// <summary>A snapshot of the heap's size.</summary>
    public CodeHeapStatistics Statistics
    {
        get
        {
            lock (_lock)
            {
                long reserved = 0, committed = 0;
                foreach (CodeArena arena in _arenas)
                {
                    reserved += arena.Mapping.CodeSize + arena.Mapping.DataSize;
                    committed += arena.CommittedBytes;
                }

                return new(reserved, committed, _used, committed - _used, _functions);
            }
        }
    }

    internal ICodeMemory Memory { get; }

    internal MachineTraits Machine { get; }

    internal PublicationExecutor Executor => _executor;

    /// <summary>The plans for memory that never held code, for memory that did, and for a function that is replaced, as text.</summary>
    public string DescribePublication() => $"{_newCode}{_reusedMemory}{_replacedFunction}";

    /// <summary>The function that holds an address, for reports about a program counter. Takes no lock and may be called at any time.</summary>
    /// <param name="address">Any address.</param>
    /// <param name="function">The function whose code or constants lie there.</param>
    /// <param name="offset">Where in the function.</param>
    public bool TryFindFunction(nint address, out JitFunction? function, out int offset)
    {
        function = Find((ulong)address) as JitFunction;
        offset = function is null ? 0 : (int)((ulong)address - ((IAddressRange)function).Start);
        return function is not null;
    }

    /// <summary>
    /// Gives all memory back to the system. No code of the heap may be running, and no address into it may be used
    /// afterwards.
    /// </summary>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (CodeArena arena in _arenas)
            {
                Memory.Release(arena.Mapping);
            }

            HostHeaps.Remove(this);
            _arenas.Clear();
            Volatile.Write(ref _snapshot, []);
            _retired.Clear();
            _used = 0;
            _functions = 0;
        }
    }

    /// <summary>Takes memory for everything at once, in one arena, or for nothing.</summary>
    internal bool TryReserve(
        ReadOnlySpan<CodeRequest> code,
        ReadOnlySpan<DataRequest> data,
        CodeArena? preferred,
        Span<CodeBlock> codeBlocks,
        Span<DataBlock> dataBlocks,
        out SystemError error)
    {
        lock (_lock)
        {
            CollectRetired();
            if (preferred is not null && TryReserveIn(preferred, code, data, codeBlocks, dataBlocks, out error))
            {
                return true;
            }

            for (int i = _arenas.Count - 1; i >= 0; i--)
            {
                if (_arenas[i] != preferred && TryReserveIn(_arenas[i], code, data, codeBlocks, dataBlocks, out error))
                {
                    return true;
                }
            }

            return TryAddArena(code, data, out CodeArena? arena, out error)
                && TryReserveIn(arena!, code, data, codeBlocks, dataBlocks, out error);
        }
    }

    /// <summary>Gives back blocks that were never published.</summary>
    internal void Abandon(ReadOnlySpan<CodeBlock> code, ReadOnlySpan<DataBlock> data)
    {
        lock (_lock)
        {
            foreach (CodeBlock block in code)
            {
                if (block.TryAdvance(BlockState.Reserved, BlockState.Freed))
                {
                    Free(block);
                }
            }

            foreach (DataBlock block in data)
            {
                Free(block);
            }
        }
    }

    /// <summary>
    /// Publishes blocks that are completely written: one run of the plan for all of them, whose last step enters the
    /// given ranges, which lie in the blocks and come in their order, in the index and lets <paramref name="target"/> hand out the entries.
    /// </summary>
    internal SystemError Publish(CodeBlock[] blocks, IAddressRange[] entries, IPublicationTarget target, bool replaces = false)
    {
        bool reused = false, ascending = true;
        int count = 0;
        Span<CodeRange> ranges = stackalloc CodeRange[8];
        CodeArena? arena = null;
        ulong start = 0, end = 0;
        foreach (CodeBlock block in blocks)
        {
            reused |= block.IsReused;
            ulong address = block.Extent?.Address ?? block.Address;
            ulong next = address + (ulong)(block.Extent?.Size ?? block.Size);

            ascending &= address >= end;

            // Neighbours, usually all of them, are maintained and protected as one range.
            if (block.Arena == arena && address >= start && address <= end)
            {
                end = Math.Max(end, next);
                continue;
            }

            if (arena is not null)
            {
                Add(ref ranges, ref count, new(arena.Mapping, start, (long)(end - start)));
            }

            (arena, start, end) = (block.Arena, address, next);
        }

        if (arena is not null)
        {
            Add(ref ranges, ref count, new(arena.Mapping, start, (long)(end - start)));
        }

        // Blocks over memory that held code exist only where there is a plan for them.
        PublicationPlan plan = (replaces ? _replacedFunction : null) ?? (reused ? _reusedMemory! : _newCode);
        return _executor.Run(plan, ranges[..count], new LastStep(this, blocks, entries, ascending, target));

        static void Add(ref Span<CodeRange> ranges, ref int count, in CodeRange range)
        {
            if (count == ranges.Length)
            {
                Span<CodeRange> larger = new CodeRange[2 * count];
                ranges.CopyTo(larger);
                ranges = larger;
            }

            ranges[count++] = range;
        }
    }

    /// <summary>
    /// Ends the life of published blocks and of data that only they use. Memory is given back once no thread is inside
    /// of code that could reach it: now, or during a later call on this heap.
    /// </summary>
    internal void Retire(CodeBlock[] code, IAddressRange[] entries, DataBlock[] data)
    {
        foreach (CodeBlock block in code)
        {
            block.TryAdvance(BlockState.Published, BlockState.Retired);
        }

        long epoch = _quiescence.Advance();
        lock (_lock)
        {
            _retired.Enqueue(new(epoch, code, entries, data));
            CollectRetired();
        }
    }

    /// <summary>Frees what was retired and is quiet by now.</summary>
    internal void Collect()
    {
        lock (_lock)
        {
            CollectRetired();
        }
    }

    /// <summary>The function that holds an address, without taking a lock.</summary>
    internal IAddressRange? Find(ulong address)
    {
        foreach (CodeArena arena in Volatile.Read(ref _snapshot))
        {
            if (arena.Mapping.HoldsCode(address))
            {
                return arena.Index.Find(address);
            }
        }

        return null;
    }

    private void CollectRetired()
    {
        while (_retired.TryPeek(out RetiredBatch? batch) && _quiescence.HaveLeft(batch.Epoch))
        {
            _retired.Dequeue();
            UpdateIndex(batch.Entries, isSorted: false, add: false);
            foreach (CodeBlock block in batch.Code)
            {
                if (block.TryAdvance(BlockState.Retired, BlockState.Freed))
                {
                    _functions--;
                    Free(block);
                }
            }

            foreach (DataBlock block in batch.Data)
            {
                Free(block);
            }
        }
    }

    /// <summary>Enters ranges in the index of their arena, or takes them out.</summary>
    private void UpdateIndex(IAddressRange[] entries, bool isSorted, bool add)
    {
        if (!isSorted)
        {
            Sort(entries);
        }

        for (int i = 0; i < entries.Length;)
        {
            CodeArena arena = FindArena(entries[i].Start);
            int first = i;
            i = arena.Mapping.HoldsCode(entries[^1].Start) ? entries.Length : i + 1;
            while (i < entries.Length && arena.Mapping.HoldsCode(entries[i].Start))
            {
                i++;
            }

            ReadOnlySpan<IAddressRange> ranges = new(entries, first, i - first);
            if (add)
            {
                arena.Index.AddAll(ranges);
            }
            else
            {
                arena.Index.RemoveAll(ranges);
            }
        }
    }

    private static void Sort(IAddressRange[] entries)
    {
        ulong previous = 0;
        foreach (IAddressRange entry in entries)
        {
            ulong start = entry.Start;
            if (start < previous)
            {
                Array.Sort(entries, static (a, b) => a.Start.CompareTo(b.Start));
                return;
            }

            previous = start;
        }
    }

    private CodeArena FindArena(ulong address)
    {
        foreach (CodeArena arena in _arenas)
        {
            if (arena.Mapping.HoldsCode(address))
            {
                return arena;
            }
        }

        throw new CompilerBugException("heap", $"0x{address:x} is in no arena");
    }

    private void Free(CodeBlock block)
    {
        ArenaMapping mapping = block.Arena.Mapping;
        if (block.Extent is null)
        {
            Memory.Fill(mapping, block.Address, block.Size, Machine.Filler);
            GiveBack(block.Arena, block.Address, block.Size);
        }
        else if (--block.Extent.LiveBlocks == 0 && Memory.TryProtect(mapping, block.Extent.Address, block.Extent.Size, PageAccess.ReadWrite, out _))
        {
            Memory.Fill(mapping, block.Extent.Address, block.Extent.Size, Machine.Filler);
            GiveBack(block.Arena, block.Extent.Address, block.Extent.Size);
        }
    }

    private void GiveBack(CodeArena arena, ulong address, long size)
    {
        // Without a plan for reused memory the addresses stay taken for good; they only trap.
        if (_reusedMemory is not null)
        {
            arena.Code.GiveBack(address, size);
            _used -= size;
        }
    }

    private void Free(DataBlock block)
    {
        if (block.IsFreed)
        {
            return;
        }

        block.IsFreed = true;
        if (!block.OwnsPages || Memory.TryProtect(block.Arena.Mapping, block.Address, block.Size, PageAccess.ReadWrite, out _))
        {
            block.Arena.Data.GiveBack(block.Address, block.Size);
            _used -= block.Size;
        }
    }

    private bool TryAddArena(ReadOnlySpan<CodeRequest> code, ReadOnlySpan<DataRequest> data, out CodeArena? arena, out SystemError error)
    {
        long codeSize = 0, dataSize = 0;
        foreach (CodeRequest request in code)
        {
            codeSize += request.Size + request.Alignment + RangeAllocator.Granule;
        }

        foreach (DataRequest request in data)
        {
            dataSize += request.Size + request.Alignment + Memory.PageSize;
        }

        codeSize = RoundUp(Math.Max(codeSize + Memory.PageSize, Machine.CodeReach), CodeArena.CommitGranule);
        dataSize = RoundUp(Math.Max(dataSize, Machine.CodeReach), CodeArena.CommitGranule);

        // Arenas that lie next to each other need fewer veneers between them.
        ulong hint = _arenas.Count == 0 ? _hint : _arenas[^1].Mapping.End;
        if (!Memory.TryReserve(codeSize, dataSize, hint, out ArenaMapping mapping, out error))
        {
            arena = null;
            return false;
        }

        arena = new(Memory, Machine, mapping);
        if (_arenas.Count == 0 && Memory is HostCodeMemory)
        {
            HostHeaps.Add(this);
        }

        _arenas.Add(arena);
        Volatile.Write(ref _snapshot, _arenas.ToArray());
        return true;
    }

    private bool TryReserveIn(
        CodeArena arena,
        ReadOnlySpan<CodeRequest> code,
        ReadOnlySpan<DataRequest> data,
        Span<CodeBlock> codeBlocks,
        Span<DataBlock> dataBlocks,
        out SystemError error)
    {
        error = default;
        int codeCount = 0, dataCount = 0;
        bool taken = code.Length == 0 || TryTakeTogether(arena, code, codeBlocks, ref codeCount, ref error)
            || (Memory.Views != CodeViews.Flip && TryTakeOneByOne(arena, code, codeBlocks, ref codeCount, ref error));
        while (taken && dataCount < data.Length)
        {
            DataRequest request = data[dataCount];
            long size = request.OwnsPages ? RoundUp(Math.Max(request.Size, 1), Memory.PageSize) : RangeAllocator.RoundUp(request.Size);
            taken = arena.Data.TryTake(size, request.OwnsPages ? Memory.PageSize : request.Alignment, out ulong address);
            if (taken)
            {
                dataBlocks[dataCount++] = new(arena, address, size, request.OwnsPages);
                _used += size;
                taken = arena.TryCommit(address, size, out error);
            }
        }

        if (!taken)
        {
            // Nothing was published, so the code half gets back untouched memory.
            for (int i = 0; i < codeCount; i++)
            {
                codeBlocks[i].TryAdvance(BlockState.Reserved, BlockState.Freed);
                Free(codeBlocks[i]);
            }

            for (int i = 0; i < dataCount; i++)
            {
                Free(dataBlocks[i]);
            }
        }

        return taken;
    }

    /// <summary>
    /// Takes one range for all blocks, in order, each directly behind the one before; they are given back one by one.
    /// Where pages change protection as a whole, the range consists of pages that it shares with nobody.
    /// </summary>
    private bool TryTakeTogether(CodeArena arena, ReadOnlySpan<CodeRequest> requests, Span<CodeBlock> blocks, ref int count, ref SystemError error)
    {
        bool wholePages = Memory.Views == CodeViews.Flip;
        long size = 0;
        int alignment = wholePages ? Memory.PageSize : RangeAllocator.Granule;
        foreach (CodeRequest request in requests)
        {
            size = RoundUp(size, request.Alignment) + RangeAllocator.RoundUp(request.Size);
            alignment = Math.Max(alignment, request.Alignment);
        }

        size = wholePages ? RoundUp(size, Memory.PageSize) : size;
        if (!TryTake(arena, size, alignment, out ulong address, out bool reused, ref error))
        {
            return false;
        }

        CodeExtent? extent = wholePages ? new(address, size, requests.Length) : null;
        ulong end = address + (ulong)size;
        for (int i = 0; i < requests.Length; i++)
        {
            // A block owns the padding behind it, so that every byte has an owner.
            ulong next = i + 1 == requests.Length
                ? end
                : (ulong)RoundUp((long)address + RangeAllocator.RoundUp(requests[i].Size), requests[i + 1].Alignment);
            blocks[count++] = new(arena, address, (int)(next - address), reused, extent);
            address = next;
        }

        return true;
    }

    private bool TryTakeOneByOne(CodeArena arena, ReadOnlySpan<CodeRequest> requests, Span<CodeBlock> blocks, ref int count, ref SystemError error)
    {
        foreach (CodeRequest request in requests)
        {
            long size = RangeAllocator.RoundUp(request.Size);
            if (!TryTake(arena, size, request.Alignment, out ulong address, out bool reused, ref error))
            {
                return false;
            }

            blocks[count++] = new(arena, address, (int)size, reused, null);
        }

        return true;
    }

    private bool TryTake(CodeArena arena, long size, int alignment, out ulong address, out bool reused, ref SystemError error)
    {
        reused = false;
        if (!arena.Code.TryTake(size, alignment, out address))
        {
            return false;
        }

        if (!arena.TryCommit(address, size, out error))
        {
            arena.Code.GiveBack(address, size);
            return false;
        }

        reused = arena.NoteUse(address, size);
        _used += size;
        return true;
    }

    private static long RoundUp(long value, long multiple) => (value + multiple - 1) / multiple * multiple;

    private sealed record RetiredBatch(long Epoch, CodeBlock[] Code, IAddressRange[] Entries, DataBlock[] Data);

    private sealed class LastStep(CodeHeap heap, CodeBlock[] blocks, IAddressRange[] entries, bool isSorted, IPublicationTarget target) : IPublicationTarget
    {
        public void MakeReachable()
        {
            lock (heap._lock)
            {
                heap.UpdateIndex(entries, isSorted, add: true);
                foreach (CodeBlock block in blocks)
                {
                    block.Publish();
                }

                heap._functions += blocks.Length;
            }

            target.MakeReachable();
        }
    }
}
