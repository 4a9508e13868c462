// The linking half of a module: pending definitions, resolution, layout, relocation, stores.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using MiniJit.Codegen;
using MiniJit.IR;
using MiniJit.IR.Collections;
using MiniJit.Runtime.Memory;
using MiniJit.Runtime.Platform;
using MiniJit.Runtime.Publication;

namespace MiniJit.Runtime.Linking;

public sealed partial class JitModule
{
    private const int PlacementAttempts = 3;

    private readonly List<PendingData> _pendingData = [];
    private readonly Dictionary<ulong, ulong> _veneerOf = [];    // target address -> address of a veneer of this publication
    private readonly Dictionary<ExternalName, ulong> _slotOf = [];
    private JitBatch _pending = new();
    private Column<byte> _code;                                  // pending functions, laid out as they will be in memory
    private Column<byte> _contents;                              // pending data
    private Column<Relocation> _relocations;
    private Column<Piece> _pieces;                               // what has relocations, in order of definition

    private void AddPending(JitFunction function, CompiledCode code, int alignment)
    {
        Pad(ref _code, alignment, _heap.Machine.Filler);
        _pending.Add(function, alignment);
        _code.AddRange(code.Bytes.IsEmpty ? _heap.Machine.Filler : code.Bytes);      // functions have different addresses, empty ones too
        AddPiece(function.Name, function, null, function.Offset, code.Bytes.Length, code.Relocations);
    }

    private void AddPending(JitData data, ReadOnlySpan<byte> contents, ReadOnlySpan<Relocation> relocations)
    {
        _pendingData.Add(new(data, _contents.Count, contents.Length));
        AddPiece(data.Name, null, data, _contents.Count, contents.Length, relocations);
        _contents.AddRange(contents);
    }

    private void AddPiece(ExternalName owner, JitFunction? function, JitData? data, int start, int length, ReadOnlySpan<Relocation> relocations)
    {
        if (!relocations.IsEmpty)
        {
            _pieces.Add(new(owner, function, data, start, length, _relocations.Count, relocations.Length));
            _relocations.AddRange(relocations);
        }
    }

    private static void Pad(ref Column<byte> bytes, int alignment, ReadOnlySpan<byte> filler)
    {
        while (bytes.Count % alignment != 0)
        {
            bytes.Add(filler[bytes.Count % filler.Length]);
        }
    }

    private void ResolveAll(List<LinkError> errors)
    {
        foreach (ref readonly Piece piece in _pieces.Span)
        {
            ResolvePiece(piece, errors);
        }
    }

    private void ResolvePiece(in Piece piece, List<LinkError> errors)
    {
        ExternalName owner = piece.Owner;
        bool isData = piece.Data is not null;
        string kind = isData ? "data" : "function";
        foreach (ref readonly Relocation relocation in RelocationsOf(piece))
        {
            if (!_names.ContainsKey(relocation.Target))
            {
                if (_symbols.TryResolve(relocation.Target, out nint address))
                {
                    _names.Add(relocation.Target, new(null, null, (ulong)address, IsFromSource: true));
                }
                else
                {
                    string what = relocation.Kind is RelocationKind.X64CallPcRel4 or RelocationKind.Arm64Call ? "function" : "symbol";
                    errors.Add(new(LinkErrorKind.UndefinedSymbol, relocation.Target, owner,
                        $"Undeclared {what} {relocation.Target} is referenced by {owner}"));
                }
            }

            int size = Relocator.InfoOf(relocation.Kind).Size;
            if (relocation.Offset < 0 || relocation.Offset > piece.Length - size)
            {
                errors.Add(new(LinkErrorKind.MalformedRelocation, relocation.Target, owner,
                    $"The {relocation.Kind} relocation at offset {relocation.Offset} lies outside of {kind} {owner}"));
            }
            else if (relocation.Kind == RelocationKind.X64ElfTlsGd || (isData && relocation.Kind != RelocationKind.Abs8))
            {
                errors.Add(new(LinkErrorKind.UnsupportedRelocation, relocation.Target, owner,
                    $"The {relocation.Kind} relocation in {kind} {owner} is not supported"));
            }
        }
    }

    private bool LinkAndPublish(EntryReplacement[] replacements, List<LinkError> errors)
    {
        int veneers = CountVeneers(_arena?.Mapping ?? default);
        for (int attempt = 0; attempt < PlacementAttempts; attempt++)
        {
            if (!TryPlace(veneers, out Placement placement, errors))
            {
                return false;
            }

            // Which targets are far away depends on the arena, and that is known only now.
            int needed = CountVeneers(placement.Arena.Mapping);
            if (needed > veneers)
            {
                placement.Abandon(_heap);
                veneers = needed;
                continue;
            }

            if (TryRelocate(placement, errors) && TryStoreAndPublish(placement, replacements, errors))
            {
                ClearPending();
                return true;
            }

            placement.Abandon(_heap);
            return false;
        }

        errors.Add(new(LinkErrorKind.System, default, default, "No arena could be settled on: memory is too fragmented"));
        return false;
    }

    /// <summary>The number of different targets that some branch in the arena cannot reach.</summary>
    private int CountVeneers(in ArenaMapping arena)
    {
        if (arena.CodeSize == 0)
        {
            return 0;
        }

        _veneerOf.Clear();
        foreach (ref readonly Piece piece in _pieces.Span)
        {
            foreach (ref readonly Relocation relocation in RelocationsOf(piece))
            {
                long reach = Relocator.InfoOf(relocation.Kind).Reach;
                if (reach == 0 || IsPending(_names[relocation.Target].Function))
                {
                    continue;
                }

                // Both ends of the arena, with room for the addend and the instruction's length.
                ulong target = _names[relocation.Target].Address;
                long margin = Math.Abs(relocation.Addend) + 16;
                if (Distance(target, arena.Code) > reach - margin || Distance(target, arena.Code + (ulong)arena.CodeSize) > reach - margin)
                {
                    _veneerOf[target] = 0;
                }
            }
        }

        return _veneerOf.Count;
    }

    private bool IsPending(JitFunction? function) => function?.Batch == _pending;

    private Span<Relocation> RelocationsOf(in Piece piece) => _relocations.Slice(piece.FirstRelocation, piece.RelocationCount);

    private static long Distance(ulong a, ulong b) => Math.Abs((long)(a - b));

    private bool TryPlace(int veneers, out Placement placement, List<LinkError> errors)
    {
        int veneersAt = (int)RangeAllocator.RoundUp(_code.Count);
        CodeRequest code = _pending.Count == 0 ? default : new(veneersAt + (veneers * _heap.Machine.VeneerSize), _pending.Alignment, _pending);

        // Read-only data and the table of addresses share pages; writable data lies elsewhere.
        CollectSlots();
        long readOnly = _slotOf.Count * sizeof(ulong), writable = 0;
        foreach (PendingData pending in _pendingData)
        {
            ref long end = ref pending.Data.IsWritable ? ref writable : ref readOnly;
            end = AlignUp(end, pending.Data.Alignment) + Math.Max(pending.Data.Size, 1);
        }

        var dataRequests = new DataRequest[(readOnly > 0 ? 1 : 0) + (writable > 0 ? 1 : 0)];
        if (readOnly > 0)
        {
            dataRequests[0] = new(readOnly, _heap.Memory.PageSize, OwnsPages: true);
        }

        if (writable > 0)
        {
            dataRequests[^1] = new(writable, _heap.Memory.PageSize, OwnsPages: false);
        }

        var data = new DataBlock[dataRequests.Length];
        bool reserved = _heap.TryReserve(code, dataRequests, _arena, out CodeBlock? block, data, out SystemError error);
        placement = new(block, data, veneers > 0 || block is null ? veneersAt : block.Size, readOnly > 0, writable > 0);
        if (!reserved)
        {
            errors.Add(new(LinkErrorKind.System, default, default, $"No memory for {_pending.Count} functions: {error}"));
            return false;
        }

        Assign(placement);
        return true;
    }

    /// <summary>Tells the pending definitions and slots where they will be.</summary>
    private void Assign(in Placement placement)
    {
        if (placement.Code is { } block)
        {
            _pending.Place(block, placement.FunctionsEnd);
        }

        ulong readOnly = placement.ReadOnly?.Address ?? 0, writable = placement.Writable?.Address ?? 0;
        foreach (ExternalName name in _slotOf.Keys)
        {
            _slotOf[name] = readOnly;
            readOnly += sizeof(ulong);
        }

        foreach (PendingData pending in _pendingData)
        {
            ref ulong end = ref pending.Data.IsWritable ? ref writable : ref readOnly;
            ulong address = (ulong)AlignUp((long)end, pending.Data.Alignment);
            pending.Data.Place(address);
            end = address + (ulong)Math.Max(pending.Data.Size, 1);  // objects have different addresses, empty ones too
        }
    }

    private void CollectSlots()
    {
        _slotOf.Clear();
        foreach (ref readonly Relocation relocation in _relocations.Span)
        {
            if (Relocator.InfoOf(relocation.Kind).ThroughSlot)
            {
                _slotOf[relocation.Target] = 0;
            }
        }
    }

    private bool TryRelocate(in Placement placement, List<LinkError> errors)
    {
        ulong veneer = placement.Code?.Address + (ulong)placement.FunctionsEnd ?? 0;
        foreach (ulong target in _veneerOf.Keys)
        {
            _veneerOf[target] = veneer;
            veneer += (ulong)_heap.Machine.VeneerSize;
        }

        foreach (ref readonly Piece piece in _pieces.Span)
        {
            Span<byte> bytes = piece.Function is null ? _contents.Slice(piece.Start, piece.Length) : _code.Slice(piece.Start, piece.Length);
            RelocatePiece(piece, bytes, piece.Function?.PlacedAt ?? piece.Data!.PlacedAt, errors);
        }

        return errors.Count == 0;
    }

    private void RelocatePiece(in Piece piece, Span<byte> bytes, ulong address, List<LinkError> errors)
    {
        foreach (ref readonly Relocation relocation in RelocationsOf(piece))
        {
            RelocationInfo info = Relocator.InfoOf(relocation.Kind);
            ulong target = _names[relocation.Target].Address;
            ulong symbol = info.ThroughSlot ? _slotOf[relocation.Target]
                : info.Reach != 0 && _veneerOf.TryGetValue(target, out ulong veneer) ? veneer
                : target;
            RelocationOutcome outcome = Relocator.Apply(
                relocation.Kind, bytes[relocation.Offset..], address + (ulong)relocation.Offset, symbol, relocation.Addend);
            if (outcome != RelocationOutcome.Done)
            {
                errors.Add(new(
                    outcome == RelocationOutcome.OutOfReach ? LinkErrorKind.OutOfReach : LinkErrorKind.UnsupportedRelocation,
                    relocation.Target,
                    piece.Owner,
                    $"{relocation.Target} at 0x{target:x} is out of reach of the {relocation.Kind} relocation at {piece.Owner}+0x{relocation.Offset:x}"));
            }
        }
    }

    private bool TryStoreAndPublish(in Placement placement, EntryReplacement[] replacements, List<LinkError> errors)
    {
        ICodeMemory memory = _heap.Memory;
        ArenaMapping arena = placement.Arena.Mapping;
        if (placement.Code is { } code)
        {
            memory.Store(arena, code.Address, _code.Span);
            StoreVeneers(arena);
        }

        StoreData(placement);
        SystemError error = default;
        if (placement.ReadOnly is { } readOnly && !memory.TryProtect(arena, readOnly.Address, readOnly.Size, PageAccess.Read, out error))
        {
            errors.Add(new(LinkErrorKind.System, default, default, $"Read-only data cannot be protected: {error}"));
            return false;
        }

        error = _heap.Publish(placement.Code, new Reachability(_pending, _pendingData, replacements), replacements.Length > 0);
        if (!error.IsNone)
        {
            errors.Add(new(LinkErrorKind.System, default, default, $"The code cannot be published: {error}"));
            return false;
        }

        _arena = placement.Arena;
        _dataBlocks.AddRange(placement.Data);
        foreach (PendingData pending in _pendingData)
        {
            _data.Add(pending.Data);
        }

        if (placement.Code is not null)
        {
            _batches.Add(_pending);
            _pending = new();
        }

        return true;
    }

    private void StoreVeneers(in ArenaMapping arena)
    {
        Span<byte> veneer = stackalloc byte[_heap.Machine.VeneerSize];
        _heap.Machine.Veneer.CopyTo(veneer);
        foreach ((ulong target, ulong address) in _veneerOf)
        {
            MemoryMarshal.Write(veneer[_heap.Machine.Veneer.Length..], target);
            _heap.Memory.Store(arena, address, veneer);
        }
    }

    private void StoreData(in Placement placement)
    {
        ArenaMapping arena = placement.Arena.Mapping;
        foreach (DataBlock block in placement.Data)
        {
            // The memory may have held other data before.
            for (long offset = 0; offset < block.Size; offset += 1 << 30)
            {
                _heap.Memory.Fill(arena, block.Address + (ulong)offset, Math.Min(block.Size - offset, 1 << 30), [0]);
            }
        }

        Span<byte> slot = stackalloc byte[sizeof(ulong)];
        foreach ((ExternalName name, ulong address) in _slotOf)
        {
            ulong target = _names[name].Address;
            MemoryMarshal.Write(slot, target);
            _heap.Memory.Store(arena, address, slot);
        }

        foreach (PendingData pending in _pendingData)
        {
            _heap.Memory.Store(arena, pending.Data.PlacedAt, _contents.Slice(pending.Start, pending.Length));
        }
    }

    private void ClearPending()
    {
        _pendingData.Clear();
        _code.Clear();
        _contents.Clear();
        _relocations.Clear();
        _pieces.Clear();
        _veneerOf.Clear();
        _slotOf.Clear();
    }

    private static long AlignUp(long value, int alignment) => (value + alignment - 1) & -(long)alignment;

    /// <summary>A definition with relocations: its bytes, in the image of its kind, and the places in them.</summary>
    private readonly record struct Piece(
        ExternalName Owner, JitFunction? Function, JitData? Data, int Start, int Length, int FirstRelocation, int RelocationCount);

    private readonly record struct PendingData(JitData Data, int Start, int Length);

    /// <summary>Memory reserved for everything pending: functions in order, then veneers; read-only data, then writable data.</summary>
    private readonly record struct Placement(CodeBlock? Code, DataBlock[] Data, int FunctionsEnd, bool HasReadOnly, bool HasWritable)
    {
        public CodeArena Arena => Code?.Arena ?? Data[0].Arena;

        public DataBlock? ReadOnly => HasReadOnly ? Data[0] : null;

        public DataBlock? Writable => HasWritable ? Data[^1] : null;

        public void Abandon(CodeHeap heap) => heap.Abandon(Code, Data);
    }

    /// <summary>The last step: functions and data get their addresses, and from then on any thread may call.</summary>
    private sealed class Reachability(JitBatch functions, List<PendingData> data, EntryReplacement[] replacements) : IPublicationTarget
    {
        public void MakeReachable()
        {
            foreach (PendingData pending in data)
            {
                pending.Data.MakeReachable();
            }

            if (functions.Count > 0)
            {
                functions.MakeReachable();
            }

            foreach (EntryReplacement replacement in replacements)
            {
                replacement.Entry.Redirect(replacement.Function);
            }
        }
    }
}
