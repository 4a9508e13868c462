// The heap that code lives in: arenas of address space, blocks inside of them, and the only way by which code becomes
// reachable.
//
// Invariants:
//   * no address is ever writable and executable, and memory that holds no live code traps when executed;
//   * everything reserved in one call lies in one arena, so PC-relative code and data reach each other, and its code in one block;
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
/// <param name="Functions">Functions that are published and not yet freed.</param>
public readonly record struct CodeHeapStatistics(long Reserved, long Committed, long Used, long Free, int Functions);

/// <summary>What a block of code needs; none if its size is 0.</summary>
internal readonly record struct CodeRequest(int Size, int Alignment, JitBatch? Batch = null);

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
    private readonly List<(ulong Start, ulong End)> _freed = [];     // of one piece
    private readonly PublicationPlan _newCode;
    private readonly PublicationPlan? _reusedMemory;
    private readonly PublicationPlan? _replacedFunction;
    private readonly PublicationExecutor _executor;
    private readonly IQuiescence _quiescence;
    private readonly ulong _hint;
    private CodeArena[] _snapshot = [];                          // of _arenas, for readers without the lock
    private long _used;
    private int _functions;
    private bool _isDisposed;

    /// <summary>Creates an empty heap; address space is reserved when the first module needs it.</summary>
    /// <exception cref="PlatformNotSupportedException">The runtime cannot publish code on this system.</exception>
    public CodeHeap()
        : this(HostCodeMemory.Create(), MachineTraits.Host, HostPublicationPort.Host, HostPlatform.OperatingSystem, HostQuiescence.Instance)
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
        function = Find((ulong)address);
        offset = function is null ? 0 : (int)((ulong)address - function.PlacedAt);
        return function is not null;
    }

    /// <summary>
    /// Gives all memory back to the system. No code of the heap may be running, and no address into it may be used
    /// afterwards. Its modules may still be disposed of, which does nothing then.
    /// </summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
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
        in CodeRequest code, ReadOnlySpan<DataRequest> data, CodeArena? preferred, out CodeBlock? codeBlock, Span<DataBlock> dataBlocks, out SystemError error)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            CollectRetired();
            if (preferred is not null && TryReserveIn(preferred, code, data, out codeBlock, dataBlocks, out error))
            {
                return true;
            }

            for (int i = _arenas.Count - 1; i >= 0; i--)
            {
                if (_arenas[i] != preferred && TryReserveIn(_arenas[i], code, data, out codeBlock, dataBlocks, out error))
                {
                    return true;
                }
            }

            codeBlock = null;
            return TryAddArena(code, data, out CodeArena? arena, out error)
                && TryReserveIn(arena!, code, data, out codeBlock, dataBlocks, out error);
        }
    }

    /// <summary>Gives back what was never published.</summary>
    internal void Abandon(CodeBlock? code, ReadOnlySpan<DataBlock> data)
    {
        lock (_lock)
        {
            if (!_isDisposed)
            {
                GiveBackUnpublished(code, data);
            }
        }
    }

    /// <summary>
    /// Publishes a block that is completely written: one run of the plan, whose last step enters the block in the index and lets
    /// <paramref name="target"/> hand out the addresses. Without a block the plan has nothing to do but that.
    /// </summary>
    internal SystemError Publish(CodeBlock? block, IPublicationTarget target, bool replaces = false)
    {
        // Blocks over memory that held code exist only where there is a plan for them. Where there is none for replacing, the new version is new
        // code, and the memory of the old one is given to nobody.
        PublicationPlan plan = (replaces ? _replacedFunction : null) ?? (block is { IsReused: true } ? _reusedMemory! : _newCode);
        return _executor.Run(plan, block is null ? [] : [block.Range], new LastStep(this, block, target));
    }

    /// <summary>
    /// Ends the life of published code and of data that only it uses. Memory is given back once no thread is inside
    /// of code that could reach it: now, or during a later call on this heap.
    /// </summary>
    internal void Retire(CodePiece[] code, DataBlock[] data)
    {
        long epoch = _quiescence.Advance();
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            foreach (CodePiece piece in code)
            {
                if (piece.IsWhole && piece.Block.State == BlockState.Published)
                {
                    piece.Block.State = BlockState.Retired;
                }
            }

            _retired.Enqueue(new(epoch, code, data));
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
    internal JitFunction? Find(ulong address)
    {
        foreach (CodeArena arena in Volatile.Read(ref _snapshot))
        {
            if (arena.Mapping.HoldsCode(address))
            {
                CodeBlock? block = arena.Index.Find(address);
                return block?.Batch?.FunctionAt((int)(address - block.Address));
            }
        }

        return null;
    }

    private void CollectRetired()
    {
        while (_retired.TryPeek(out RetiredBatch? batch) && _quiescence.HaveLeft(batch.Epoch))
        {
            _retired.Dequeue();
            foreach (CodePiece piece in batch.Code)
            {
                Free(piece);
            }

            foreach (DataBlock block in batch.Data)
            {
                Free(block);
            }
        }
    }

    /// <summary>Frees what is left of a piece: all of it, unless it is a block of which functions were freed before.</summary>
    private void Free(in CodePiece piece)
    {
        CodeBlock block = piece.Block;
        if (block.State == BlockState.Freed)
        {
            return;                                              // its functions were freed one by one
        }

        int functions = piece.IsWhole ? block.LiveFunctions : 1;
        block.LiveFunctions -= functions;
        _functions -= functions;
        _freed.Clear();
        block.Arena.Index.Remove(piece, _freed);
        foreach ((ulong start, ulong end) in _freed)
        {
            block.LiveBytes -= (int)(end - start);
            if (Memory.Views != CodeViews.Flip)
            {
                FillAndGiveBack(block.Arena, start, (long)(end - start));
            }
        }

        if (block.LiveBytes == 0)
        {
            block.State = BlockState.Freed;
            if (Memory.Views == CodeViews.Flip)
            {
                GiveBackPages(block);
            }
        }
    }

    /// <summary>
    /// Pages that change protection as a whole are given back together. Those that cannot be made writable can neither be filled nor
    /// given to others: they stay taken.
    /// </summary>
    private void GiveBackPages(CodeBlock block)
    {
        if (Memory.TryProtect(block.Arena.Mapping, block.Address, block.Size, PageAccess.ReadWrite, out _))
        {
            FillAndGiveBack(block.Arena, block.Address, block.Size);
        }
    }

    private void FillAndGiveBack(CodeArena arena, ulong address, long size)
    {
        Memory.Fill(arena.Mapping, address, size, Machine.Filler);

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

        // Here, too, pages that cannot be made writable again stay taken.
        block.IsFreed = true;
        if (!block.OwnsPages || Memory.TryProtect(block.Arena.Mapping, block.Address, block.Size, PageAccess.ReadWrite, out _))
        {
            block.Arena.Data.GiveBack(block.Address, block.Size);
            _used -= block.Size;
        }
    }

    private void GiveBackUnpublished(CodeBlock? code, ReadOnlySpan<DataBlock> data)
    {
        if (code is not null)
        {
            code.State = BlockState.Freed;
            if (Memory.Views == CodeViews.Flip)
            {
                GiveBackPages(code);                             // the step that failed may have come after their protection
            }
            else
            {
                FillAndGiveBack(code.Arena, code.Address, code.Size);
            }
        }

        foreach (DataBlock block in data)
        {
            Free(block);
        }
    }

    private bool TryAddArena(in CodeRequest code, ReadOnlySpan<DataRequest> data, out CodeArena? arena, out SystemError error)
    {
        long codeSize = code.Size + code.Alignment + RangeAllocator.Granule, dataSize = 0;
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
        CodeArena arena, in CodeRequest code, ReadOnlySpan<DataRequest> data, out CodeBlock? codeBlock, Span<DataBlock> dataBlocks, out SystemError error)
    {
        int count = 0;
        bool taken = TryTakeCode(arena, code, out codeBlock, out error);
        while (taken && count < data.Length)
        {
            DataRequest request = data[count];
            long size = request.OwnsPages ? RoundUp(Math.Max(request.Size, 1), Memory.PageSize) : RangeAllocator.RoundUp(request.Size);
            taken = arena.Data.TryTake(size, request.OwnsPages ? Memory.PageSize : request.Alignment, out ulong address);
            if (taken)
            {
                dataBlocks[count++] = new(arena, address, size, request.OwnsPages);
                _used += size;
                taken = arena.TryCommit(address, size, out error);
            }
        }

        if (!taken)
        {
            GiveBackUnpublished(codeBlock, dataBlocks[..count]);
            codeBlock = null;
        }

        return taken;
    }

    private bool TryTakeCode(CodeArena arena, in CodeRequest request, out CodeBlock? block, out SystemError error)
    {
        block = null;
        error = default;
        if (request.Size == 0)
        {
            return true;
        }

        // Where pages change protection as a whole, a block shares them with nobody.
        bool wholePages = Memory.Views == CodeViews.Flip;
        long size = wholePages ? RoundUp(request.Size, Memory.PageSize) : RangeAllocator.RoundUp(request.Size);
        if (!arena.Code.TryTake(size, wholePages ? Math.Max(request.Alignment, Memory.PageSize) : request.Alignment, out ulong address))
        {
            return false;
        }

        if (!arena.TryCommit(address, size, out error))
        {
            arena.Code.GiveBack(address, size);
            return false;
        }

        block = new(arena, address, (int)size, arena.NoteUse(address, size), request.Batch);
        _used += size;
        return true;
    }

    private static long RoundUp(long value, long multiple) => (value + multiple - 1) / multiple * multiple;

    private sealed record RetiredBatch(long Epoch, CodePiece[] Code, DataBlock[] Data);

    private sealed class LastStep(CodeHeap heap, CodeBlock? block, IPublicationTarget target) : IPublicationTarget
    {
        public void MakeReachable()
        {
            if (block is not null)
            {
                lock (heap._lock)
                {
                    block.Arena.Index.Add(block);
                    block.State = BlockState.Published;
                    heap._functions += block.LiveFunctions;
                }
            }

            target.MakeReachable();
        }
    }
}
